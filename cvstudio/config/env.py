"""Typed readers of environment variables and of the `.env` file beside `manage.py`.

Every variable is read through one of these functions, which also note its name: a test proves that
`.env.example` lists exactly the names that the code reads.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent

_read_names: set[str] = set()


def read_names() -> frozenset[str]:
    """Names of all variables that were asked for so far."""
    return frozenset(_read_names)


def text(name: str, default: str = "") -> str:
    """The variable as it stands, or the default when it is unset or empty."""
    _read_names.add(name)
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    """A truth value. Anything but true/false, yes/no, on/off, 1/0 is refused rather than guessed."""
    value = text(name, "true" if default else "false").lower()
    if value in {"true", "yes", "on", "1"}:
        return True
    if value in {"false", "no", "off", "0"}:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number of at least `minimum`."""
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from error
    if number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}.")
    return number


def names(name: str, default: str = "") -> list[str]:
    """A list separated by commas; blanks around the parts are dropped."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """One of a few words; another word is refused with the list."""
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def folder(name: str, default: str) -> Path:
    """An absolute folder; a relative one is taken from the folder of `manage.py`."""
    return (BASE_DIR / Path(text(name, default)).expanduser()).resolve()


def load_env_file(path: Path) -> None:
    """Put `NAME=value` lines into the environment; what the environment already has wins.

    Raises:
        ImproperlyConfigured: A line is neither blank, a comment nor an assignment.
    """
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, separator, value = stripped.partition("=")
        if not separator or not name.strip().isidentifier():
            raise ImproperlyConfigured(f"{path.name} line {number} is not NAME=value.")
        os.environ.setdefault(name.strip(), value.strip().strip("'\""))


def env_file() -> Path | None:
    """The file with settings: `CVSTUDIO_ENV_FILE`, else `.env` beside `manage.py`, when it exists."""
    named = text("CVSTUDIO_ENV_FILE", str(BASE_DIR / ".env"))
    path = Path(named)
    return path if path.is_file() else None


def write_development_env(path: Path) -> None:
    """Make a `.env` for work on this machine: development mode, stated, with a random secret key."""
    path.write_text(
        "# Made at first start. Development mode: see .env.example for every setting and its meaning.\n"
        f"CVSTUDIO_ENV=dev\nSECRET_KEY={secrets.token_urlsafe(64)}\n",
        encoding="utf-8",
    )
    path.chmod(0o600)


def prepare_environment(argv: list[str]) -> None:
    """Before `runserver` or `setup` in a fresh clone, make the `.env` that states development mode.

    Nothing is made when the environment already says which mode it is: a production machine that
    forgot its secret key must be told so, not given one.
    """
    command = argv[1] if len(argv) > 1 else ""
    if command not in {"runserver", "setup"} or text("CVSTUDIO_ENV") or text("SECRET_KEY"):
        return
    path = Path(text("CVSTUDIO_ENV_FILE", str(BASE_DIR / ".env")))
    if not path.exists():
        write_development_env(path)
        sys.stdout.write(f"Made {path} with CVSTUDIO_ENV=dev and a random SECRET_KEY.\n")
