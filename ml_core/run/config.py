"""Recipe configurations: typed, bounded, described; forms, API checks and the command line all come from them."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ml_core.errors import ConfigError

ConfigType = TypeVar("ConfigType", bound=BaseModel)

_MAX_YAML_BYTES = 1 << 20
_MAX_YAML_DEPTH = 20
_BOUNDS = {
    "greater_than_equal": ("ge", "must be at least {}"),
    "greater_than": ("gt", "must be greater than {}"),
    "less_than_equal": ("le", "must be at most {}"),
    "less_than": ("lt", "must be less than {}"),
    "multiple_of": ("multiple_of", "must be a multiple of {}"),
    "string_too_short": ("min_length", "must have at least {} characters"),
    "string_too_long": ("max_length", "must have at most {} characters"),
    "too_short": ("min_length", "must have at least {} items"),
    "too_long": ("max_length", "must have at most {} items"),
}


class RecipeConfig(BaseModel):
    """Base of every recipe's configuration. Unknown keys are faults, numbers may stand where text is asked for."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def keep_defaults_of_groups(cls, values: Any) -> Any:
        """One setting of a group keeps the recipe's own defaults of its others: ``fit.epochs=5`` its batch size."""
        if not isinstance(values, dict):
            return values
        merged = dict(values)
        for name, field in cls.model_fields.items():
            if isinstance(field.default, BaseModel) and isinstance(values.get(name), dict):
                merged[name] = {**field.default.model_dump(exclude_unset=True), **values[name]}
        return merged


def option(
    default: Any = ...,
    *,
    description: str,
    group: str = "",
    unit: str = "",
    advanced: bool = False,
    may_change: bool = False,
    **constraints: Any,
) -> Any:
    """A configuration field with what a form needs to show it.

    Args:
        default: The default value; leave out where the user must choose.
        description: One sentence for the form and the documentation.
        group: Heading under which the form shows it.
        unit: Unit of the number, such as ``s`` or ``MiB``.
        advanced: Hidden behind "more options".
        may_change: A resumed run may use another value, because the result does not depend on it
            (where the data lie, which device, how many threads).
        constraints: Whatever ``pydantic.Field`` takes: ``ge``, ``le``, ``min_length``...
    """
    extra: dict[str, Any] = {"group": group, "advanced": advanced}
    if unit:
        extra["unit"] = unit
    if may_change:
        extra["may_change"] = True
    return Field(default, description=description, json_schema_extra=extra, **constraints)


@dataclass(frozen=True)
class ConfigFault:
    """One wrong key or value. ``key`` is dotted, ``message`` a sentence, ``hint`` the cure."""

    key: str
    message: str
    hint: str


def parse_config(config: type[ConfigType], values: dict[str, Any]) -> ConfigType:
    """Check ``values`` against ``config``.

    Raises:
        ConfigError: All faults in one; ``where`` is the first wrong key.
    """
    try:
        return config.model_validate(values)
    except ValidationError as error:
        faults = [_explain(config, detail) for detail in error.errors(include_url=False)]
        raise ConfigError(
            " ".join(fault.message for fault in faults),
            hint=" ".join(fault.hint for fault in faults if fault.hint),
            where=faults[0].key,
        ) from error


def find_faults(config: type[BaseModel], values: dict[str, Any]) -> list[ConfigFault]:
    """Every fault by itself, for a form that marks each field. Empty when ``values`` are good."""
    try:
        config.model_validate(values)
    except ValidationError as error:
        return [_explain(config, detail) for detail in error.errors(include_url=False)]
    return []


def load_config(config: type[ConfigType], path: Path | None = None, sets: Iterable[str] = ()) -> ConfigType:
    """Read a configuration from a YAML (or JSON) file, then apply ``a.b=c`` settings on top.

    Raises:
        ConfigError: The file is not readable YAML, or a key or value is wrong.
    """
    values = read_yaml(path) if path else {}
    for setting in sets:
        _apply(values, setting)
    return parse_config(config, values)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML or JSON mapping from a file, limited in size and depth."""
    try:
        if path.stat().st_size > _MAX_YAML_BYTES:
            raise ConfigError("The configuration file is larger than 1 MiB.", where=path.name)
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The configuration file cannot be read: {error.strerror}.", hint="Check the path.", where=str(path)
        ) from error
    values = _parse_yaml(text, where=path.name)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError("The configuration file must hold keys and values.", where=path.name)
    return values


def _parse_yaml(text: str, where: str) -> Any:
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):  # aliases allow a small file to expand without bound
                raise ConfigError("YAML aliases are not allowed.", hint="Write the value out.", where=where)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_YAML_DEPTH:
                raise ConfigError(f"The configuration is nested deeper than {_MAX_YAML_DEPTH} levels.", where=where)
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        raise ConfigError(
            f"The configuration is not valid YAML: {getattr(error, 'problem', None) or 'cannot be parsed'}.",
            hint="Check the indentation and the colons near this line.",
            where=place,
        ) from error


def _apply(values: dict[str, Any], setting: str) -> None:
    key, separator, text = setting.partition("=")
    parts = key.strip().split(".")
    if not separator or not all(parts):
        raise ConfigError(f'"{setting}" is not a setting.', hint="Write it as key=value, such as fit.epochs=5.")
    target = values
    for depth, part in enumerate(parts[:-1], start=1):
        target = target.setdefault(part, {})
        if not isinstance(target, dict):
            raise ConfigError(f'"{".".join(parts[:depth])}" is a value, so it has no part "{parts[depth]}".', where=key)
    # YAML 1.1 reads on/off/yes/no as booleans, which is wrong for text fields; pydantic reads them where fitting.
    is_word = text.strip().lower() in {"on", "off", "yes", "no", "y", "n"}
    target[parts[-1]] = text.strip() if is_word else _parse_yaml(text, where=key)


def _explain(config: type[BaseModel], detail: ErrorDetails) -> ConfigFault:
    path = [str(part) for part in detail["loc"]]
    key = ".".join(path) or "(whole configuration)"
    kind, context, given = detail["type"], detail.get("ctx", {}), detail.get("input")
    if kind == "extra_forbidden":
        names = _names_beside(config, path)
        close = difflib.get_close_matches(path[-1], names, n=1, cutoff=0.5)
        hint = f'Did you mean "{".".join([*path[:-1], close[0]])}"?' if close else f"Valid here: {', '.join(names)}."
        return ConfigFault(key, f'"{key}" is not a known key.', hint)
    if kind == "missing":
        return ConfigFault(key, f'"{key}" is required.', f"Give a value for {key}.")
    if kind in ("literal_error", "enum"):
        choices = [choice.strip("' ") for choice in str(context.get("expected", "")).replace(" or ", ", ").split(",")]
        choices = [choice for choice in choices if choice]
        close = difflib.get_close_matches(str(given), choices, n=1, cutoff=0.4)
        nearest = f' The nearest is "{close[0]}".' if close else ""
        return ConfigFault(
            key,
            f'"{key}" is {_shown(given)} but must be one of: {", ".join(choices)}.',
            f"Choose one of these.{nearest}",
        )
    if kind in _BOUNDS:
        name, phrase = _BOUNDS[kind]
        return ConfigFault(
            key, f'"{key}" is {_shown(given)} but {phrase.format(context.get(name))}.', f"Change the value of {key}."
        )
    message = detail["msg"].removeprefix("Value error, ").rstrip(".")
    return ConfigFault(key, f'"{key}" is {_shown(given)}: {message}.', f"Change the value of {key}.")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _names_beside(config: type[BaseModel], path: list[str]) -> list[str]:
    """Names of the fields that are valid where the last part of ``path`` stands."""
    models: list[type[BaseModel]] = [config]
    for part in path[:-1]:
        inner = [
            model for known in models for model in _models_in(getattr(known.model_fields.get(part), "annotation", None))
        ]
        models = inner or models  # list positions and union tags are not fields
    return sorted({name for model in models for name in model.model_fields})


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def differing_keys(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    """Dotted keys under which two plain configurations differ."""
    keys: list[str] = []
    for name in sorted(set(old) | set(new)):
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            keys += differing_keys(before, after, f"{prefix}{name}.")
        elif before != after:
            keys.append(f"{prefix}{name}")
    return keys


def keys_that_may_change(config: type[BaseModel], prefix: str = "") -> set[str]:
    """Dotted keys declared with ``option(may_change=True)``."""
    keys: set[str] = set()
    for name, field in config.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("may_change"):
            keys.add(f"{prefix}{name}")
        for model in _models_in(field.annotation):
            keys |= keys_that_may_change(model, f"{prefix}{name}.")
    return keys
