"""`manage.py messages`: bring the translation files up to date with the sources and say what is missing."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cvstudio.common.i18n import catalogue, sources

LANGUAGE = "zh_Hans"


class Command(BaseCommand):
    """Update, or with --check only look."""

    help = "Update locale/*/LC_MESSAGES/*.po from the sources; --check fails when a translation is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to write."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Both files: what the server says and what the browser says."""
        gaps: list[str] = []
        for domain, find in (("django", sources.server_messages), ("djangojs", sources.browser_messages)):
            path = catalogue.path_of(settings.LOCALE_PATHS[0], LANGUAGE, domain)
            messages = find(settings.BASE_DIR)
            file = catalogue.opened(path, LANGUAGE)
            if not options["check"]:
                added, dropped = catalogue.update(file, messages)
                path.parent.mkdir(parents=True, exist_ok=True)
                file.save(str(path))
                self.stdout.write(f"{path.name}: {len(file)} entries, {added} new, {dropped} gone.")
            gaps += catalogue.faults(file, messages)
        for line in gaps:
            self.stdout.write(line)
        if gaps and options["check"]:
            raise CommandError(f"{len(gaps)} translations are missing. Run `make messages` and fill them in.")
