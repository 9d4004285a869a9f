"""Parameters of operators: declared once, read strictly, shown to the editor as JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["int", "float", "bool", "choice", "size", "ints"]


class ParamFault(Exception):
    """A parameter's value is of the wrong type or out of bounds."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an operator.

    Attributes:
        kind: ``size`` is one integer per spatial axis (a single integer stands for all of them);
            ``ints`` is a list of integers; ``choice`` is one of ``choices``.
        default: None together with ``required`` means that the user has to choose.
        minimum: Smallest allowed number (or list item).
        maximum: Largest allowed number (or list item).
        below: Exclusive upper bound of a float.
        choices: Allowed texts of a ``choice``.
        axes: Number of axes of a ``size``, or (fewest, most) items of ``ints``.
        nullable: Whether null is allowed; ``help`` says what it stands for.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    below: float | None = None
    choices: tuple[str, ...] = ()
    axes: int | tuple[int, int] = 1
    nullable: bool = False
    required: bool = False

    def read(self, value: Any) -> Any:
        """The value in its Python form.

        Raises:
            ParamFault: With the bound that was missed.
        """
        if value is None:
            if self.nullable:
                return None
            raise ParamFault(f"must be {self.expected()}, but is null")
        reader = getattr(self, f"_read_{self.kind}")
        return reader(value)

    def expected(self) -> str:
        """What a value has to be, as words: ``an integer from 1 to 64``."""
        bounds = self._bounds()
        if self.kind == "int":
            return f"an integer{bounds}"
        if self.kind == "float":
            return f"a number{bounds}"
        if self.kind == "bool":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        if self.kind == "size":
            return f"an integer{bounds}" + (f", or a list of {self.axes} of them" if self._axes() > 1 else "")
        low, high = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        return f"a list of {low} to {high} integers{bounds}"

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the value, with ``description`` and ``default``."""
        number: dict[str, Any] = {"type": "number" if self.kind == "float" else "integer"}
        for key, bound in (("minimum", self.minimum), ("maximum", self.maximum), ("exclusiveMaximum", self.below)):
            if bound is not None:
                number[key] = bound
        schema: dict[str, Any]
        if self.kind in ("int", "float"):
            schema = number
        elif self.kind == "bool":
            schema = {"type": "boolean"}
        elif self.kind == "choice":
            schema = {"type": "string", "enum": list(self.choices)}
        elif self.kind == "size":
            count = self._axes()
            several = {"type": "array", "items": number, "minItems": count, "maxItems": count}
            schema = {"anyOf": [number, several]} if count > 1 else number
        else:
            low, high = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
            schema = {"type": "array", "items": number, "minItems": low, "maxItems": high}
        if self.nullable:
            schema = {"anyOf": [schema, {"type": "null"}]}
        schema = {**schema, "description": self.help}
        if not self.required:
            schema["default"] = self.default
        return schema

    def as_dict(self) -> dict[str, Any]:
        """The parameter for the editor: flat fields beside the full schema."""
        return {
            "name": self.name,
            "kind": self.kind,
            "help": self.help,
            "default": self.default,
            "required": self.required,
            "nullable": self.nullable,
            "minimum": self.minimum,
            "maximum": self.maximum if self.maximum is not None else self.below,
            "choices": list(self.choices),
            "axes": list(self.axes) if isinstance(self.axes, tuple) else self.axes,
            "schema": self.schema(),
        }

    def _axes(self) -> int:
        return self.axes if isinstance(self.axes, int) else self.axes[1]

    def _bounds(self) -> str:
        if self.below is not None:
            return f" from {self.minimum:g} to below {self.below:g}"
        if self.minimum is not None and self.maximum is not None:
            return f" from {self.minimum:,.12g} to {self.maximum:,.12g}"
        if self.minimum is not None:
            return f" of at least {self.minimum:g}"
        return ""

    def _fault(self, value: Any) -> ParamFault:
        text = repr(value)
        return ParamFault(f"must be {self.expected()}, but is {text if len(text) <= 60 else text[:57] + '...'}")

    def _in_bounds(self, number: float) -> bool:
        return (
            (self.minimum is None or number >= self.minimum)
            and (self.maximum is None or number <= self.maximum)
            and (self.below is None or number < self.below)
        )

    def _read_int(self, value: Any) -> int:
        # 3.0 is how some JSON writers spell 3; true is not a number although Python counts it as one.
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise self._fault(value)
        if not self._in_bounds(value):
            raise self._fault(value)
        return int(value)

    def _read_float(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not self._in_bounds(value):
            raise self._fault(value)
        return float(value)

    def _read_bool(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._fault(value)
        return value

    def _read_choice(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise self._fault(value)
        return value

    def _read_size(self, value: Any) -> tuple[int, ...]:
        items = value if isinstance(value, list | tuple) else [value] * self._axes()
        if len(items) != self._axes():
            raise self._fault(value)
        try:
            return tuple(self._read_int(item) for item in items)
        except ParamFault:
            raise self._fault(value) from None

    def _read_ints(self, value: Any) -> tuple[int, ...]:
        low, high = self.axes if isinstance(self.axes, tuple) else (self.axes, self.axes)
        if not isinstance(value, list | tuple) or not low <= len(value) <= high:
            raise self._fault(value)
        try:
            return tuple(self._read_int(item) for item in value)
        except ParamFault:
            raise self._fault(value) from None


class Params(Mapping[str, Any]):
    """The read parameters of one node, with typed access for the operator's rules."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def size(self, name: str) -> tuple[int, ...]:
        """One integer per spatial axis."""
        value: tuple[int, ...] = self._values[name]
        return value

    def ints(self, name: str) -> tuple[int, ...]:
        """A list of integers."""
        value: tuple[int, ...] = self._values[name]
        return value

    def int(self, name: str) -> int:
        """An integer parameter."""
        value: int = self._values[name]
        return value

    def float(self, name: str) -> float:
        """A number parameter."""
        value: float = self._values[name]
        return value

    def bool(self, name: str) -> bool:
        """A yes-or-no parameter."""
        value: bool = self._values[name]
        return value

    def text(self, name: str) -> str:
        """A chosen text."""
        value: str = self._values[name]
        return value


def integer(name: str, default: int | None, low: int, high: int, text: str, *, nullable: bool = False) -> Param:
    """Declare an integer parameter; without default it is required unless ``nullable``."""
    required = default is None and not nullable
    return Param(name, "int", default, text, low, high, nullable=nullable, required=required)


def number(name: str, default: float, low: float, high: float, text: str) -> Param:
    """Declare a number parameter with inclusive bounds."""
    return Param(name, "float", default, text, low, high)


def fraction(name: str, default: float, text: str) -> Param:
    """Declare a number from 0 to below 1."""
    return Param(name, "float", default, text, 0.0, None, 1.0)


def flag(name: str, default: bool, text: str) -> Param:
    """Declare a yes-or-no parameter."""
    return Param(name, "bool", default, text)


def choice(name: str, default: str | None, choices: tuple[str, ...], text: str, *, nullable: bool = False) -> Param:
    """Declare a parameter with a closed list of texts."""
    return Param(name, "choice", default, text, choices=choices, nullable=nullable)


def size(name: str, axes: int, default: int | None, low: int, high: int, text: str, *, nullable: bool = False) -> Param:
    """Declare one integer per spatial axis."""
    return Param(name, "size", default, text, low, high, axes=axes, nullable=nullable)


def integers(name: str, default: list[int] | None, count: tuple[int, int], low: int, high: int, text: str) -> Param:
    """Declare a list of integers; ``count`` is (fewest, most) items."""
    return Param(name, "ints", default, text, low, high, axes=count, required=default is None)
