"""Template tags of the components. `docs/ui.md` shows each with a line of use."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_info, gettext

from cvstudio.common.api_calls import as_curl, as_python
from cvstudio.common.navigation import all_sections, current_section
from cvstudio.common.quantities import duration_text, scaled_bytes, short_number
from cvstudio.common.shelves import SHOWN, shelved
from cvstudio.common.state_looks import look_of
from cvstudio.common.wording import ago, stage_words, unit_word, words

register = template.Library()
for _wording in (ago, stage_words, unit_word, words):
    register.filter(_wording)

THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "compact")


@register.simple_tag(name="icon")
def draw_icon(name: str, size: str = "", label: str = "", turn: bool = False) -> SafeString:
    """Draw an icon of the sprite; decorative unless it gets a `label`.

    Args:
        name: Symbol in `static/icons.svg`.
        size: "" (18 px), "s" (15 px) or "l" (28 px).
        label: What a screen reader says.
        turn: True for the slowly turning sign of work in progress.
    """
    classes = " ".join(["icon", *([f"icon-{size}"] if size else []), *(["icon-turn"] if turn else [])])
    sprite = static("icons.svg")
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>', classes, label, sprite, name
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', classes, sprite, name
    )


@register.inclusion_tag("components/state.html")
def state_badge(state: str, extra: str = "") -> dict[str, Any]:
    """Show a run state as icon, colour and word."""
    return {"state": state, "look": look_of(state), "extra": extra}


@register.filter
def state_look(state: str) -> Any:
    """Return the label, tone, icon and meaning of a state."""
    return look_of(state)


@register.filter
def state_tone(state: str) -> str:
    """Return the tone of a state: running, ok, warning, failed or neutral."""
    return look_of(state).tone


@register.inclusion_tag("components/badge.html")
def badge(text: str, tone: str = "neutral", icon: str = "") -> dict[str, Any]:
    """Show a word on a tinted ground; `tone` is running, ok, warning, failed, accent or neutral."""
    return {"text": text, "tone": tone, "icon": icon}


@register.inclusion_tag("components/breadcrumbs.html")
def breadcrumbs(*parts: Any) -> dict[str, Any]:
    """Show the way here: `{% breadcrumbs title url title url title %}`; the last one needs no address."""
    crumbs = [(parts[i], parts[i + 1] if i + 1 < len(parts) else "") for i in range(0, len(parts), 2)]
    return {"crumbs": crumbs}


@register.inclusion_tag("components/progress.html")
def progress(value: dict[str, Any] | None, state: str = "running", thin: bool = False) -> dict[str, Any]:
    """Show done / total, rate and time left of a progress event's data."""
    value = value or {}
    done, total = value.get("done"), value.get("total")
    known = isinstance(done, int | float) and isinstance(total, int | float) and total > 0
    return {
        "value": value,
        "known": known,
        "done": done,
        "total": total,
        "percent": min(100.0, 100.0 * done / total) if known else None,  # type: ignore[operator]
        "tone": look_of(state).tone,
        "active": state in ("starting", "running", "pausing", "stopping"),
        "thin": thin,
    }


@register.inclusion_tag("components/copy_button.html")
def copy_button(value: Any, label: str = "") -> dict[str, Any]:
    """Show a button that copies `value`."""
    return {"value": value, "label": label or gettext("Copy")}


@register.inclusion_tag("components/api_call.html", takes_context=True)
def api_call(context: dict[str, Any], method: str, path: str, body: Any = None) -> dict[str, Any]:
    """Show "copy as curl / Python" for an API call."""
    request: HttpRequest | None = context.get("request")
    url = request.build_absolute_uri(path) if request else path
    return {"method": method, "path": path, "curl": as_curl(method, url, body), "python": as_python(method, url, body)}


@register.simple_block_tag(takes_context=True)
def card(context: Any, content: str, title: str = "", flush: bool = False, level: int = 2) -> SafeString:
    """Wrap content in a card: `{% card title=... %}...{% endcard %}`."""
    head = format_html('<div class="card-head"><h{0}>{1}</h{0}></div>', int(level), title) if title else ""
    return format_html('<section class="card{}">{}{}</section>', " card-flush" if flush else "", head, content)


@register.simple_block_tag(takes_context=True)
def empty_state(context: Any, content: str, title: str, icon: str = "folder") -> SafeString:
    """Say what belongs here and bring the reader on: `{% empty_state "No runs yet" %}<p>..</p>{% endempty_state %}`."""
    return format_html('<div class="empty">{}<h2>{}</h2>{}</div>', draw_icon(icon, "l"), title, content)


@register.simple_block_tag(takes_context=True)
def alert(context: Any, content: str, tone: str = "info", title: str = "") -> SafeString:
    """Say what is wrong or worth knowing; `tone` is info, ok, warning, failed or running."""
    names = {"info": "info", "ok": "check-circle", "warning": "warning", "failed": "error", "running": "turning"}
    head = format_html("<strong>{}</strong>", title) if title else ""
    role = mark_safe(' role="alert"') if tone == "failed" else ""
    return format_html(
        '<div class="alert alert-{}"{}>{}<div class="alert-body">{}{}</div></div>',
        tone, role, draw_icon(names.get(tone, "info")), head, content,
    )  # fmt: skip


@register.simple_block_tag(takes_context=True)
def dialog(context: Any, content: str, id: str, title: str, wide: bool = False) -> SafeString:
    """Make a modal dialog, opened by any `<button data-opens="ID">`."""
    return format_html(
        '<dialog class="dialog{}" id="{}" aria-labelledby="{}-title"><div class="dialog-head">'
        '<h2 id="{}-title">{}</h2><button type="button" class="button button-quiet button-icon" data-closes '
        'aria-label="{}">{}</button></div>{}</dialog>',
        " dialog-wide" if wide else "", id, id, id, title, gettext("Close"), draw_icon("close"), content,
    )  # fmt: skip


@register.simple_block_tag(takes_context=True)
def fact(context: Any, content: str, label: str, copy: Any = "") -> SafeString:
    """Add a row to `<dl class="facts">`; `copy` adds a copy button for that value."""
    button = ""
    if copy not in ("", None):
        button = render_to_string("components/copy_button.html", copy_button(copy))
    return format_html("<div><dt>{}</dt><dd>{}{}</dd></div>", label, mark_safe(content.strip()), button)  # noqa: S308 - rendered template


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """Return this page's query string with changes; None or "" removes a key. The filter stays in the address."""
    request: HttpRequest | None = context.get("request")
    values = request.GET.copy() if request else QueryDict(mutable=True)
    for key, value in changes.items():
        if value in (None, ""):
            values.pop(key, None)
        else:
            values[key] = str(value)
    return f"?{values.urlencode()}" if values else "?"


@register.inclusion_tag("components/sort_header.html", takes_context=True)
def sort_header(context: dict[str, Any], field: str, title: str, numeric: bool = False) -> dict[str, Any]:
    """Make a table header that sorts on the server through `?sort=field` and `?sort=-field`."""
    current = context["request"].GET.get("sort", context.get("sort", ""))
    direction = {"": "", field: "ascending", f"-{field}": "descending"}.get(current, "")
    target = field if direction == "descending" else f"-{field}"
    return {
        "title": title,
        "numeric": numeric,
        "direction": direction,
        "url": query(context, sort=target, cursor=None, page=None),
    }


@register.filter
def filesize(value: Any) -> str:
    """Format bytes with binary units: 1.4 MiB."""
    return scaled_bytes(value)


@register.filter
def duration(value: Any) -> str:
    """Format seconds or a timedelta: 42 s, 3 min 20 s, 2 h 05 min, 3 d 4 h."""
    return duration_text(value.total_seconds() if isinstance(value, timedelta) else value)


@register.filter
def compact(value: Any) -> str:
    """Format a large count: 11.7 M."""
    return short_number(value)


@register.filter
def metric(value: Any) -> str:
    """Format a measured number with four significant digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value) if value not in (None, "") else "–"
    if isinstance(value, int):
        return f"{value:,}"  # so in English and in Chinese
    if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e6):
        return f"{value:.3e}"
    return f"{value:.4g}"


@register.filter
def percent(value: Any) -> str:
    """Format a fraction as a percentage: 0.9342 becomes 93.4 %."""
    return f"{100 * value:.1f} %" if isinstance(value, int | float) else "–"


@register.filter
def pretty_json(value: Any) -> str:
    """Format a value as indented JSON, keys sorted so that two of them compare line by line."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str)


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """Look a key up in a mapping; None when absent."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag
def sections() -> list[Any]:
    """Return the sections of the top bar."""
    return all_sections()


@register.simple_tag(takes_context=True)
def section_here(context: dict[str, Any]) -> Any:
    """Return the section of this page, or None."""
    request = context.get("request")
    return current_section(request.path) if request else None


@register.simple_tag(takes_context=True)
def column_links(context: dict[str, Any], section: Any) -> list[dict[str, Any]]:
    """Return the links of a section's left column, the current one marked."""
    request = context.get("request")
    if not section or not request:
        return []
    here = request.get_full_path()
    links = section.column(request)
    exact = [link.url for link in links if link.url == here]
    chosen = exact[0] if exact else next((link.url for link in links if link.url == request.path), "")
    return [{"title": link.title, "url": link.url, "icon": link.icon, "here": link.url == chosen} for link in links]


def _choice(context: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    request = context.get("request")
    value = request.COOKIES.get(name, "") if request else ""
    return value if value in allowed else allowed[0]


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """Return auto, light or dark from the cookie, so that the first paint is already right."""
    return _choice(context, "theme", THEMES)


@register.simple_tag(takes_context=True)
def density(context: dict[str, Any]) -> str:
    """Return comfortable or compact from the cookie."""
    return _choice(context, "density", DENSITIES)


@register.simple_tag
def languages() -> list[dict[str, str]]:
    """Return the languages of the site, each named in itself."""
    return [{"code": code, "name": get_language_info(code)["name_local"]} for code, _name in settings.LANGUAGES]


@register.simple_tag
def page_script(path: str) -> SafeString:
    """Load an ES module of `static/`."""
    return format_html('<script type="module" src="{}"></script>', static(path))


@register.simple_tag
def page_styles(*paths: str) -> SafeString:
    """Link stylesheets of `static/`."""
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(path),) for path in paths))


@register.inclusion_tag("components/shelved.html", takes_context=True)
def shelved_things(context: dict[str, Any], list_name: str, text: str = "") -> dict[str, Any]:
    """Things of the domains that belong to a list of the platform, newest first."""
    return {"rows": shelved(list_name, context["request"].user, text), "most": SHOWN}
