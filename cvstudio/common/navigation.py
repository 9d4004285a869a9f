"""The sections of the top bar and the links of the left column.

An app registers its own section in `AppConfig.ready()`; a domain does the same with `domain=True` and appears
after the platform's own sections. The pages never name one another: they read this registry.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils.functional import Promise

Text = str | Promise


@dataclass(frozen=True)
class Link:
    """One entry of a left column.

    Attributes:
        title: What the reader sees.
        url: Address, with its query where it is a filter.
        icon: Name in `static/icons.svg`.
    """

    title: Text
    url: str
    icon: str = "chevron-right"


@dataclass(frozen=True)
class Section:
    """One entry of the top bar with the links of its left column.

    Attributes:
        key: Unique name, also used to mark the current section.
        title: What the reader sees.
        url: Prefix of every address of the section.
        icon: Name in `static/icons.svg`.
        order: Place from the left.
        domain: True for stellar, hyperspectral and other domains.
        links: Left column, or a function of the request returning it.
        summary: One sentence for the overview's doors.
        prefixes: Further address prefixes that belong to the section.
    """

    key: str
    title: Text
    url: str
    icon: str
    order: int = 100
    domain: bool = False
    links: tuple[Link, ...] | Callable[[HttpRequest], tuple[Link, ...]] = ()
    summary: Text = ""
    prefixes: tuple[str, ...] = field(default=())

    def contains(self, path: str) -> bool:
        """Tell whether an address lies inside this section."""
        return path.startswith((self.url, *self.prefixes))

    def column(self, request: HttpRequest) -> tuple[Link, ...]:
        """Return the links of the left column for this request."""
        return self.links(request) if callable(self.links) else self.links


_sections: dict[str, Section] = {}


def register_section(section: Section) -> None:
    """Add a section, or replace the one with the same key (so that reloading an app is harmless)."""
    _sections[section.key] = section


def all_sections() -> list[Section]:
    """Return the sections in the order of the bar: the platform's own first, then the domains."""
    return sorted(_sections.values(), key=lambda section: (section.domain, section.order, section.key))


def current_section(path: str) -> Section | None:
    """Return the section an address belongs to; the longest prefix wins."""
    matching = [section for section in _sections.values() if section.contains(path)]
    return max(matching, key=lambda section: len(section.url), default=None)
