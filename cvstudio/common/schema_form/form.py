"""The parts of a form made from a schema, and how its posted text becomes typed values again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Field:
    """One field.

    Attributes:
        key: Dotted path in the configuration, such as ``fit.learning_rate``.
        kind: integer, number, boolean, choice, text, lines, list or json.
        label: What the reader sees.
        help: One sentence on what it does.
        value: The typed value shown now.
        default: The typed default; None when there is none.
        unit: Unit of a number.
        minimum: Least value; ``above`` is the same for an open bound.
        maximum: Greatest value; ``below`` is the same for an open bound.
        step: Step of a whole number, or "any".
        choices: Pairs of value and label.
        item_kind: Kind of the items of a list.
        nullable: Empty means None.
        required: There is no default.
        advanced: Folded away until asked for.
        group: Heading.
        fault: What is wrong with the value, beside the field.
        typed: The text that was typed, shown again when it is no valid value.
    """

    key: str
    kind: str
    label: str
    help: str = ""
    value: Any = None
    default: Any = None
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    choices: list[tuple[Any, str]] = field(default_factory=list)
    item_kind: str = "text"
    nullable: bool = False
    required: bool = False
    advanced: bool = False
    group: str = ""
    placeholder: str = ""
    fault: str = ""
    prefix: str = ""

    @property
    def name(self) -> str:
        """Name of the input."""
        return f"{self.prefix}.{self.key}" if self.prefix else self.key

    @property
    def id(self) -> str:
        """Id of the input."""
        return "f-" + self.name.replace(".", "-")

    @property
    def step(self) -> str:
        """Step of the number input: whole numbers move by one, others freely."""
        return "1" if self.kind == "integer" else "any"

    @property
    def text(self) -> str:
        """The value as the input shows it."""
        return as_text(self.kind, self.value)

    @property
    def default_text(self) -> str:
        """The default as the input would show it."""
        return as_text(self.kind, self.default)

    @property
    def bounds(self) -> str:
        """The allowed range, written with its signs; empty when there is none."""
        parts = [
            f"≥ {self.minimum:g}" if self.minimum is not None else "",
            f"> {self.above:g}" if self.above is not None else "",
            f"≤ {self.maximum:g}" if self.maximum is not None else "",
            f"< {self.below:g}" if self.below is not None else "",
        ]
        return ", ".join(part for part in parts if part)

    def read(self, posted: Mapping[str, Any]) -> Any:
        """Turn the posted text into a value; text that is no number stays text, so that the check names it.

        Raises:
            KeyError: The field is empty and has a default, or was not posted: the configuration's default holds.
        """
        if self.kind == "boolean":
            return self.name in posted
        raw = posted.get(self.name)
        if raw is None:
            raise KeyError(self.name)
        raw = str(raw).strip() if self.kind != "lines" else str(raw)
        if raw == "":
            if self.nullable:
                return None
            if self.kind in ("text", "lines") and not self.required:
                return ""
            if self.kind == "list":
                return []
            raise KeyError(self.name)
        return from_text(self, raw)


@dataclass
class Group:
    """Fields under one heading; the advanced ones come folded below the others."""

    title: str
    fields: list[Field] = field(default_factory=list)

    @property
    def plain(self) -> list[Field]:
        """Fields that everybody sees."""
        return [item for item in self.fields if not item.advanced]

    @property
    def advanced(self) -> list[Field]:
        """Fields behind the fold."""
        return [item for item in self.fields if item.advanced]

    @property
    def opens(self) -> bool:
        """Whether the fold must be open: a fault or a changed value must not hide."""
        return any(item.fault or item.value != item.default for item in self.advanced)


@dataclass(frozen=True)
class Preset:
    """A named set of values, such as "CPU, 3 minutes".

    Attributes:
        key: Unique name.
        title: What the reader sees.
        summary: For whom it is, in one short sentence.
        values: Dotted keys and their values; the others go back to their defaults.
    """

    key: str
    title: Any
    summary: Any = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class SchemaForm:
    """A form: its groups in the order of the schema, and its presets."""

    groups: list[Group]
    prefix: str = ""
    presets: list[Preset] = field(default_factory=list)
    other_faults: list[str] = field(default_factory=list)

    @property
    def fields(self) -> list[Field]:
        """All fields in order."""
        return [item for group in self.groups for item in group.fields]

    def values(self, posted: Mapping[str, Any]) -> dict[str, Any]:
        """Read a submitted form into a nested dict with the types of the schema."""
        values: dict[str, Any] = {}
        for item in self.fields:
            try:
                value = item.read(posted)
            except KeyError:
                continue
            place = values
            *parents, last = item.key.split(".")
            for parent in parents:
                place = place.setdefault(parent, {})
            place[last] = value
        return values

    def preset_texts(self) -> dict[str, dict[str, str]]:
        """The presets as texts of inputs, for the script that fills them in."""
        by_key = {item.key: item for item in self.fields}
        return {
            preset.key: {
                by_key[key].name: as_text(by_key[key].kind, value)
                for key, value in preset.values.items()
                if key in by_key
            }
            for preset in self.presets
        }


def as_text(kind: str, value: Any) -> str:
    """Write a typed value as the text of an input."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if kind == "boolean":
        return "true" if value else ""
    if kind == "list" and isinstance(value, list | tuple):
        return ", ".join(as_text("text", item) for item in value)
    if kind == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    if isinstance(value, float):
        return repr(value) if value != int(value) or abs(value) >= 1e15 else f"{value:g}"
    return str(value)


def from_text(item: Field, raw: str) -> Any:
    """Read the text of an input; text that does not fit is returned as it is."""
    if item.kind == "choice":
        return next((value for value, _label in item.choices if str(value) == raw), raw)
    if item.kind == "list":
        return [_scalar(item.item_kind, part.strip()) for part in raw.split(",") if part.strip()]
    if item.kind == "json":
        try:
            return json.loads(raw)
        except ValueError:
            return raw
    return _scalar(item.kind, raw)


def _scalar(kind: str, raw: str) -> Any:
    if kind in ("integer", "number"):
        try:
            return int(raw)
        except ValueError:
            pass
        if kind == "number":
            try:
                return float(raw)
            except ValueError:
                pass
    return raw
