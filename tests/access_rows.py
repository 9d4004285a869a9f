"""What the rows of the access matrix are made of; the table and the domains fill them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

NOTHING = "00000000-0000-0000-0000-000000000007"
Body = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """What the four roles get.

    Attributes:
        statuses: For anonymous, stranger, owner, administrator.
        body: Makes the values to send from the world.
        form: `json` or `multipart`.
        query: Goes behind the path.
    """

    statuses: tuple[int, int, int, int]
    body: Body | None = None
    form: str = "json"
    query: str = ""


def row(*statuses: int, body: Body | dict[str, Any] | None = None, form: str = "json", query: str = "") -> Row:
    """A row; a plain dictionary is sent as it is."""
    made = (lambda world: body) if isinstance(body, dict) else body
    return Row(statuses, made, form, query)  # type: ignore[arg-type]


def thing(*names: str, **more: Any) -> Body:
    """Ids of Alice's things under the names of fields: `thing("dataset", architecture="spare")`."""

    def make(world: Any) -> dict[str, Any]:
        named = {name: str(world.things[name].pk) for name in names}
        return named | {
            key: str(world.things[value].pk) if isinstance(value, str) and value in world.things else value
            for key, value in more.items()
        }

    return make


OPEN = (200, 200, 200, 200)  # everybody
MEMBERS = (401, 200, 200, 200)  # everybody who is logged in; lists show what is theirs
OWNED = (401, 404, 200, 200)  # the owner and administrators


@dataclass(frozen=True)
class Page:
    """What the four roles get for a page: when they look at it, and when they send an empty form."""

    get: tuple[int, ...]
    post: tuple[int, ...]


SIGN_IN = 302
NO_FORM = (302, 405, 405, 405)  # the page has no form of its own
SHOWN = (SIGN_IN, 200, 200, 200)
MINE = (SIGN_IN, 404, 200, 200)
DONE = (SIGN_IN, 404, 302, 302)  # the form of an owner works and leads on
LIST = Page(SHOWN, NO_FORM)
THING = Page(MINE, NO_FORM)
ACTION = Page(NO_FORM, DONE)
