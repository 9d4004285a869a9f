"""Periodic work of the accounts."""

from __future__ import annotations

from celery import shared_task
from django.core.management import call_command


@shared_task(name="accounts.forget_expired_tokens")
def forget_expired_tokens() -> None:
    """Drop rows of the deny-list whose tokens have expired anyway, and sessions that ended."""
    call_command("flushexpiredtokens", verbosity=0)
    call_command("clearsessions", verbosity=0)
