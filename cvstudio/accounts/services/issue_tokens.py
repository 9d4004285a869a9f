"""Tokens for programs: a short access token and a refresh token that works once."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from cvstudio.accounts.errors import RefreshTokenError
from cvstudio.accounts.models import User


@dataclass(frozen=True)
class TokenPair:
    """What a program keeps.

    Attributes:
        access: Goes into `Authorization: Bearer`.
        refresh: Buys the next pair, once.
        expires_in: Seconds until the access token ends.
    """

    access: str
    refresh: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - the kind of token, word for word


def issue_tokens(user: User) -> TokenPair:
    """A new pair for an active person."""
    # What has expired need not be denied any more: the deny-list holds no more rows than tokens that still count.
    OutstandingToken.objects.filter(user=user, expires_at__lt=timezone.now()).delete()
    refresh = RefreshToken.for_user(user)
    lifetime = refresh.access_token.lifetime
    return TokenPair(str(refresh.access_token), str(refresh), int(lifetime.total_seconds() if lifetime else 0))


def refresh_tokens(raw: str) -> TokenPair:
    """Trade a refresh token for the next pair; the old one is denied from then on.

    Of two trades with the same token at the same time one wins: the deny-list has one row per token.

    Raises:
        RefreshTokenError: Not a token of ours, expired, used already, revoked, or of an inactive person.
    """
    try:
        token = RefreshToken(raw)  # type: ignore[arg-type]
    except TokenError as error:
        raise refused() from error
    user = User.objects.filter(pk=str(token.payload.get(api_settings.USER_ID_CLAIM)), is_active=True).first()
    if user is None or token.payload.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(user.password):
        raise refused()
    with transaction.atomic():
        outstanding, _ = OutstandingToken.objects.get_or_create(
            jti=token.payload[api_settings.JTI_CLAIM],
            defaults={"user": user, "token": raw, "expires_at": token.current_time + token.lifetime},
        )
        _, denied_now = BlacklistedToken.objects.get_or_create(token=outstanding)
        if not denied_now:
            raise refused()
        return issue_tokens(user)


def refused() -> RefreshTokenError:
    """One sentence for every reason: a thief learns nothing from it."""
    return RefreshTokenError(
        "The refresh token is invalid, expired or used already.", hint="Log in again at /api/v1/auth/login."
    )
