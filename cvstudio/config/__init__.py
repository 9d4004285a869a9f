"""The Django project: settings, URLs, the ASGI and Celery applications, and system checks."""

from cvstudio.config.celery import app as celery_app

__all__ = ["celery_app"]
