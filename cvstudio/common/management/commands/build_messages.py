"""`manage.py build_messages`: compile translations with polib; gettext is not needed at run time."""

from __future__ import annotations

from typing import Any

import polib
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Compile every .po file that is newer than its .mo file."""

    help = "Compile translations."

    def handle(self, *args: Any, **options: Any) -> None:
        """Compile what changed."""
        for folder in settings.LOCALE_PATHS:
            for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
                compiled = source.with_suffix(".mo")
                if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
                    continue
                polib.pofile(str(source)).save_as_mofile(str(compiled))
                if options["verbosity"] > 0:
                    self.stdout.write(f"Compiled {source.relative_to(folder)}.")
