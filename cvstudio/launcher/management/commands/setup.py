"""`manage.py setup`: folders, tables, translations, and in development the demo account."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from cvstudio.launcher import first_start


class Command(BaseCommand):
    """Prepare this installation. Safe to repeat."""

    help = "Make folders and tables, compile translations, gather static files (production)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what is missing."""
        first_start.make_folders()
        first_start.migrate(self.stdout.write)
        first_start.prepare_files()
        self.stdout.write("Ready. Start with: python manage.py runserver")
