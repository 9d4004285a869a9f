"""A person makes an account."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cvstudio.accounts.errors import AccountError, RegistrationClosedError
from cvstudio.accounts.models import User
from cvstudio.accounts.services.count_attempt import count_attempt


def register_account(username: str, email: str, password: str, *, address: str) -> User:
    """Make an ordinary account. Rights are given by administrators only.

    Raises:
        RegistrationClosedError: `REGISTRATION_OPEN` is false.
        ThrottledError: Too many accounts from this address.
        AccountError: A field is not acceptable; `where` names it.
    """
    if not settings.REGISTRATION_OPEN:
        raise RegistrationClosedError(
            "This studio does not let people register themselves.", hint="Ask an administrator for an account."
        )
    count_attempt("register", address)
    user = User(username=username, email=email.strip())
    check_new_account(user, password)
    user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:  # somebody else took the name a moment ago
        raise AccountError("This user name is taken.", where="username", hint="Choose another one.") from error
    return user


def check_new_account(user: User, password: str) -> None:
    """Refuse names, addresses and passwords that will not do."""
    if "@" in user.username:  # else one could register another person's address as a name
        raise AccountError("A user name has no @.", where="username", hint="Put the address into email.")
    check_password_strength(password, user)
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        where, sentence = first_sentence(error)
        raise AccountError(sentence, where=where, hint="Choose another value.") from error


def check_password_strength(password: str, user: User) -> None:
    """Refuse passwords that are short, common or like the name.

    Raises:
        AccountError: With the first reason.
    """
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise AccountError(error.messages[0], where="password", hint="Choose a longer password.") from error


def first_sentence(error: ValidationError) -> tuple[str, str]:
    """Field and text of the first fault. Constraints over several fields name the field in their text."""
    field, messages = next(iter(error.message_dict.items()))
    sentence = messages[0]
    if field == "__all__":
        field = "email" if "mail" in sentence else "username"
    return field, sentence
