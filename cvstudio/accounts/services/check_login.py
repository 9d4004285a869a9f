"""Who is it?"""

from __future__ import annotations

from django.contrib.auth import authenticate

from cvstudio.accounts.errors import LoginError
from cvstudio.accounts.models import User
from cvstudio.accounts.services.count_attempt import count_login


def check_login(login: str, password: str, *, address: str) -> User:
    """The person with this user name or e-mail address and this password.

    Raises:
        ThrottledError: Too many attempts from this address or on this account.
        LoginError: They do not belong together, or the account is not active.
    """
    count_login(address, login)
    user = authenticate(None, username=login, password=password)
    if not isinstance(user, User):
        raise LoginError(
            "The name or the password is wrong, or the account is not active.",
            hint="Check both. An administrator can set a new password.",
        )
    return user
