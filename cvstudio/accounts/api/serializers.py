"""Forms of the account endpoints."""

from __future__ import annotations

from rest_framework import serializers

from cvstudio.accounts.models import User


class UserSerializer(serializers.ModelSerializer[User]):
    """A person as they see themselves."""

    class Meta:
        model = User
        fields = ["id", "username", "email", "first_name", "last_name", "is_staff", "date_joined", "last_login"]
        read_only_fields = fields


class RegisterSerializer(serializers.Serializer[object]):
    """A new account."""

    username = serializers.CharField(max_length=150)
    email = serializers.EmailField(required=False, default="", allow_blank=True, max_length=254)
    password = serializers.CharField(max_length=256, trim_whitespace=False, write_only=True)


class LoginSerializer(serializers.Serializer[object]):
    """User name or e-mail address, and the password."""

    username = serializers.CharField(max_length=254, help_text="User name or e-mail address.")
    password = serializers.CharField(max_length=256, trim_whitespace=False, write_only=True)


class RefreshSerializer(serializers.Serializer[object]):
    """A refresh token that has not been used."""

    refresh = serializers.CharField(max_length=4096)


class TokenPairSerializer(serializers.Serializer[object]):
    """What a program keeps."""

    access = serializers.CharField()
    refresh = serializers.CharField()
    token_type = serializers.CharField(help_text="bearer")
    expires_in = serializers.IntegerField(help_text="Seconds until the access token ends.")


class SessionSerializer(TokenPairSerializer):
    """Tokens and whose they are."""

    user = UserSerializer()


class NotificationsSerializer(serializers.Serializer[object]):
    """What the pages speak up about."""

    run_completed = serializers.BooleanField(default=True)
    run_failed = serializers.BooleanField(default=True)
    sound = serializers.BooleanField(default=False)


class PreferencesSerializer(serializers.Serializer[object]):
    """A person's settings. What a PUT leaves out goes back to its default."""

    language = serializers.ChoiceField(
        ["en", "zh-hans"], default="", allow_blank=True, help_text="Empty: as the browser says."
    )
    theme = serializers.ChoiceField(["auto", "light", "dark"], default="auto")
    density = serializers.ChoiceField(["comfortable", "compact"], default="comfortable")
    page_size = serializers.ChoiceField([25, 50, 100, 200], default=50, help_text="Rows of tables on pages.")
    notifications = NotificationsSerializer(required=False)
