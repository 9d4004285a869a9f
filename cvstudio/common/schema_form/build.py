"""Reads the JSON schema of a pydantic model into a form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext

from cvstudio.common.schema_form.form import Field, Group, Preset, SchemaForm

_KINDS = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "text"}
_MISSING = object()
SYMBOLS = ("s", "ms", "B", "KiB", "MiB", "GiB", "px")
"""Units that names of settings end with; the form shows them behind the field instead."""


def build_form(
    schema: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    faults: dict[str, str] | list[Any] | None = None,
    *,
    prefix: str = "",
    presets: Iterable[Preset] = (),
    leave_out: Iterable[str] = (),
    translate: Callable[[str], str] = gettext,
) -> SchemaForm:
    """Make a form.

    Args:
        schema: ``Config.model_json_schema()``.
        values: Nested values to show instead of the defaults.
        faults: What is wrong, by dotted key; or objects with ``key`` and ``message`` as `find_faults` returns.
        prefix: Put before the names of all inputs.
        presets: Offered above the fields.
        leave_out: Dotted keys (of fields or of whole parts) that the page sets by itself.
        translate: Looks the recipe's own English up in the catalogue.
    """
    fields = list(_walk(schema, schema.get("$defs", {}), (), frozenset(leave_out), ""))
    for item in fields:
        _translate(item, translate)
    faulty = _as_mapping(faults)
    for item in fields:
        item.prefix = prefix
        item.value = _look_up(values or {}, item.key, item.default)
        item.fault = faulty.pop(item.key, "")
    groups: dict[str, Group] = {}
    for item in fields:
        groups.setdefault(item.group, Group(item.group)).fields.append(item)
    # A group stands where its first field for everybody stands; groups of advanced fields alone come last.
    places = {item.group: place for place, item in reversed(list(enumerate(fields))) if not item.advanced}
    ordered = sorted(groups.values(), key=lambda group: places.get(group.title, len(fields)))
    return SchemaForm(ordered, prefix, list(presets), list(faulty.values()))


def _as_mapping(faults: dict[str, str] | list[Any] | None) -> dict[str, str]:
    if faults is None:
        return {}
    if isinstance(faults, dict):
        return dict(faults)
    return {fault.key: " ".join(part for part in (fault.message, fault.hint) if part) for fault in faults}


def _look_up(values: Mapping[str, Any], key: str, default: Any) -> Any:
    place: Any = values
    for part in key.split("."):
        if not isinstance(place, Mapping) or part not in place:
            return default
        place = place[part]
    return place


def _walk(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], path: tuple[str, ...], out: frozenset[str], heading: str
) -> Iterable[Field]:
    required = set(schema.get("required", ()))
    defaults = schema.get("default", {})
    for name, raw in schema.get("properties", {}).items():
        here = (*path, name)
        key = ".".join(here)
        spec, nullable = _resolve(raw, definitions)
        if key in out or spec.get("hidden"):
            continue
        if spec.get("properties") and not nullable:
            inner = {**spec, "default": raw.get("default", spec.get("default", {}))}
            yield from _walk(inner, definitions, here, out, spec.get("group") or _heading(spec, name))
            continue
        inherited = defaults.get(name, _MISSING) if isinstance(defaults, Mapping) else _MISSING
        default = inherited if inherited is not _MISSING else spec.get("default")
        yield _field(key, name, spec, nullable, default, name in required and inherited is _MISSING, heading)


def _field(
    key: str, name: str, spec: Mapping[str, Any], nullable: bool, default: Any, required: bool, heading: str
) -> Field:
    kind, choices, item_kind = _kind(spec)
    return Field(
        key=key,
        kind=kind,
        label=_label(spec, name),
        help=spec.get("description", ""),
        default=default,
        unit=spec.get("unit", ""),
        minimum=spec.get("minimum"),
        maximum=spec.get("maximum"),
        above=spec.get("exclusiveMinimum"),
        below=spec.get("exclusiveMaximum"),
        choices=choices,
        item_kind=item_kind,
        nullable=nullable,
        required=required,
        advanced=bool(spec.get("advanced")),
        group=spec.get("group") or heading,
        placeholder=spec.get("placeholder", ""),
    )


def _resolve(raw: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Follow references and take "or null" off; what stands beside a reference wins over what it refers to."""
    spec = dict(raw)
    nullable = False
    for _depth in range(8):
        options = spec.get("anyOf") or spec.get("oneOf")
        if options:
            real = [option for option in options if option.get("type") != "null"]
            nullable = nullable or len(real) < len(options)
            spec = {key: value for key, value in spec.items() if key not in ("anyOf", "oneOf")}
            if len(real) == 1:
                spec = {**real[0], **spec}
                continue
            return {**spec, "type": "object"}, nullable
        if "$ref" in spec:
            target = definitions.get(str(spec.pop("$ref")).rsplit("/", 1)[-1], {})
            spec = {**target, **spec}
            continue
        if len(spec.get("allOf", ())) == 1:
            spec = {**spec.pop("allOf")[0], **spec}
            continue
        break
    return spec, nullable


def _kind(spec: Mapping[str, Any]) -> tuple[str, list[tuple[Any, str]], str]:
    if "enum" in spec:
        return "choice", [(value, str(value)) for value in spec["enum"]], "text"
    if "const" in spec:
        return "choice", [(spec["const"], str(spec["const"]))], "text"
    kind = spec.get("type")
    if kind == "array":
        item = spec.get("items", {}) if isinstance(spec.get("items"), Mapping) else {}
        if item.get("type") in _KINDS and item["type"] != "boolean":
            return "list", [], _KINDS[item["type"]]
        if not item and spec.get("prefixItems"):
            first = spec["prefixItems"][0].get("type", "string")
            return "list", [], _KINDS.get(first, "text")
        return "json", [], "text"
    if kind == "string" and spec.get("multiline"):
        return "lines", [], "text"
    return _KINDS.get(str(kind), "json"), [], "text"


def _label(spec: Mapping[str, Any], name: str) -> str:
    """The title a person wrote, else the name as words in sentence case (pydantic's own title is Title Case)."""
    words = name.replace("_", " ")
    written = str(spec.get("title", ""))
    unit = f" {spec['unit']}".lower() if spec.get("unit") in SYMBOLS else ""
    if unit and words.endswith(unit) and written.lower() == words:
        words = words.removesuffix(unit)  # the unit stands beside the field already
        written = ""
    if written and written.lower() != words.lower() and "properties" not in spec and "enum" not in spec:
        return written
    return words[:1].upper() + words[1:]


def _heading(spec: Mapping[str, Any], name: str) -> str:
    words = name.replace("_", " ")
    written = str(spec.get("title", ""))
    return words[:1].upper() + words[1:] if not written or written.endswith("Config") else written


def _translate(item: Field, translate: Callable[[str], str]) -> None:
    """Translate what people read; an empty text is left alone, because it stands for the catalogue's header."""
    for name in ("label", "help", "unit", "group", "placeholder"):
        if text := getattr(item, name):
            setattr(item, name, translate(text))
