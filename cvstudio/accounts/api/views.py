"""Account endpoints: parse, call one service, render."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cvstudio.accounts.api import serializers
from cvstudio.accounts.current import current_user
from cvstudio.accounts.models import User
from cvstudio.accounts.preferences import Preferences
from cvstudio.accounts.services.check_login import check_login
from cvstudio.accounts.services.issue_tokens import issue_tokens, refresh_tokens
from cvstudio.accounts.services.register_account import register_account
from cvstudio.accounts.services.set_preferences import set_preferences
from cvstudio.common.client_address import client_address


class OpenView(APIView):
    """For people who have no token yet. A stale token in the header must not stand in their way."""

    authentication_classes: list[Any] = []
    permission_classes = [AllowAny]


def session_of(user: User) -> dict[str, Any]:
    """Tokens and the person, as the serializer wants them."""
    return {**asdict(issue_tokens(user)), "user": user}


def parsed(serializer: Any) -> dict[str, Any]:
    """The valid form, or a validation error."""
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class RegisterView(OpenView):
    """Make an account."""

    @extend_schema(request=serializers.RegisterSerializer, responses={201: serializers.SessionSerializer}, auth=[])
    def post(self, request: Request) -> Response:
        """Register. Answers 403 when this studio is closed to newcomers."""
        form = parsed(serializers.RegisterSerializer(data=request.data))
        user = register_account(**form, address=client_address(request.META))
        return Response(serializers.SessionSerializer(session_of(user)).data, status.HTTP_201_CREATED)


class LoginView(OpenView):
    """Log in."""

    @extend_schema(request=serializers.LoginSerializer, responses=serializers.SessionSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Trade name and password for tokens."""
        form = parsed(serializers.LoginSerializer(data=request.data))
        user = check_login(form["username"], form["password"], address=client_address(request.META))
        return Response(serializers.SessionSerializer(session_of(user)).data)


class RefreshView(OpenView):
    """Get the next tokens."""

    @extend_schema(request=serializers.RefreshSerializer, responses=serializers.TokenPairSerializer, auth=[])
    def post(self, request: Request) -> Response:
        """Trade a refresh token for the next pair. A refresh token works once."""
        form = parsed(serializers.RefreshSerializer(data=request.data))
        return Response(serializers.TokenPairSerializer(asdict(refresh_tokens(form["refresh"]))).data)


class MeView(APIView):
    """Who am I?"""

    @extend_schema(responses=serializers.UserSerializer)
    def get(self, request: Request) -> Response:
        """The person whom the token or session belongs to."""
        return Response(serializers.UserSerializer(current_user(request)).data)


class ConfigView(APIView):
    """Personal settings."""

    @extend_schema(responses=serializers.PreferencesSerializer)
    def get(self, request: Request) -> Response:
        """The settings, with defaults filled in."""
        return Response(Preferences.of(current_user(request).preferences).model_dump())

    @extend_schema(request=serializers.PreferencesSerializer, responses=serializers.PreferencesSerializer)
    def put(self, request: Request) -> Response:
        """Replace the settings."""
        form = parsed(serializers.PreferencesSerializer(data=request.data))
        return Response(set_preferences(current_user(request), form).model_dump())
