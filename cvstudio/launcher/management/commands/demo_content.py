"""`manage.py demo_content`: what a newcomer finds: a sample data set and starter architectures."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cvstudio.launcher.demo import session
from cvstudio.launcher.demo.steps import Demo
from ml_core.errors import CodedError

STARTERS = {"lenet": "LeNet for digits", "mlp": "MLP for digits", "small_resnet": "Small ResNet for digits"}


class Command(BaseCommand):
    """Called by the launcher in an empty database, while the studio runs."""

    help = "Make a sample data set and starter architectures in the running studio."

    def handle(self, *args: Any, **options: Any) -> None:
        """Through the API, like everybody."""
        address = session.running_address()
        if not address:
            raise CommandError("The studio does not run. Start it with: python manage.py runserver")
        demo = Demo(session.client_for(address), self.stdout.write)
        try:
            demo.dataset()
            for template, name in STARTERS.items():
                demo.architecture(template, name)
        except CodedError as error:
            raise CommandError(f"{error.message} {error.hint}") from error
