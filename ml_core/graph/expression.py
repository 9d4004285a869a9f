"""Python expressions from data: the only way parameters reach generated code."""

from __future__ import annotations

from typing import Any

# Keyword arguments that torch already has as defaults are left out of the code: a person would not write them.
Default = tuple[Any, Any]


class Code(str):
    """Text that is an expression already: a variable or an inner call that the generator wrote itself."""

    __slots__ = ()


def literal(value: Any) -> str:
    """A Python literal of plain data.

    Raises:
        TypeError: The value is none of bool, int, float, str, None or a flat tuple of these.
    """
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(literal(item) for item in value) + ("," if len(value) == 1 else "") + ")"
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, str):
        # repr uses single quotes; generated code uses double quotes throughout, as formatters do.
        text = repr(value)
        return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text and "\\'" not in text else text
    raise TypeError(f"{type(value).__name__} cannot become a literal.")


def compact(value: Any) -> Any:
    """Equal sizes along all axes become one number, as people write kernel sizes."""
    if isinstance(value, tuple) and value and all(item == value[0] for item in value):
        return value[0]
    return value


def call(function: str, *args: Any, **options: Default) -> Code:
    """Text of a call. Positional values are always written; ``name=(value, default)`` only where they differ."""
    parts = [literal(arg) for arg in args]
    parts += [
        f"{name}={literal(compact(value))}" for name, (value, default) in options.items() if not _same(value, default)
    ]
    return Code(f"{function}({', '.join(parts)})")


def _same(value: Any, default: Any) -> bool:
    value = compact(value)
    return type(value) is type(default) and bool(value == default)
