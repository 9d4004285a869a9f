"""Finds translatable strings in Python, templates and JavaScript, without gettext installed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

from cvstudio.common.schema_form.words import recipe_words

SKIPPED = {"tests", "migrations", "node_modules", "vendor", "__pycache__"}
PLAIN = {"gettext", "gettext_lazy", "gettext_noop", "_"}
PLURAL = {"ngettext", "ngettext_lazy"}
CONTEXT = {"pgettext", "pgettext_lazy"}
TEMPLATE_CALL = re.compile(
    r"\b(?P<name>n?p?gettext|_)\((?P<args>(?:[^()'\"]|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")*)\)", re.S
)
JS_CALL = re.compile(r"\b(?P<name>n?p?gettext)\(\s*(?P<args>(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^()])*)", re.S)
LITERAL = re.compile(r"[uU]?(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')", re.S)


@dataclass(frozen=True)
class Message:
    """One translatable string.

    Attributes:
        text: What the source says.
        plural: The plural form, or empty.
        context: The disambiguating context, or empty.
        place: `path:line` where it stands.
    """

    text: str
    plural: str
    context: str
    place: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one entry of a translation file."""
        return self.text, self.plural, self.context


def files(root: Path, folders: list[str], suffix: str) -> Iterator[Path]:
    """Source files below some folders of the project, without tests, migrations and third-party code."""
    for folder in folders:
        for path in sorted((root / folder).rglob(f"*{suffix}")):
            if not SKIPPED & set(path.relative_to(root).parts):
                yield path


def in_python(text: str, place: str) -> Iterator[Message]:
    """Messages of a Python module, from its syntax."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        literals = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        yield from message(name, literals, f"{place}:{node.lineno}")


def in_template(text: str, place: str) -> Iterator[Message]:
    """Messages of a Django template. Django itself rewrites the tags as gettext calls."""
    code = templatize(text, origin=place)
    for match in TEMPLATE_CALL.finditer(code):
        line = code.count("\n", 0, match.start()) + 1
        yield from message(match["name"], literals_of(match["args"]), f"{place}:{line}")


def in_javascript(text: str, place: str) -> Iterator[Message]:
    """Messages of a JavaScript module: gettext("...") with plain quotes."""
    for match in JS_CALL.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield from message(match["name"], literals_of(match["args"]), f"{place}:{line}")


def literals_of(arguments: str) -> list[str]:
    """The string literals of a call; JavaScript and Python agree on the escapes that occur."""
    return [str(ast.literal_eval(match[1].replace("\n", "\\n"))) for match in LITERAL.finditer(arguments)]


def message(name: str, literals: list[str], place: str) -> Iterator[Message]:
    """The message of one call, when its strings are literal."""
    if name in PLAIN and literals and literals[0]:
        yield Message(literals[0], "", "", place)
    elif name in PLURAL and len(literals) >= 2:
        yield Message(literals[0], literals[1], "", place)
    elif name in CONTEXT and len(literals) >= 2:
        yield Message(literals[1], "", literals[0], place)


def server_messages(root: Path) -> list[Message]:
    """Everything that Python, templates and the settings of recipes say."""
    packages = ["cvstudio", "stellar", "hsi", "anime"]
    found: list[Message] = []
    for path in files(root, packages, ".py"):
        found += in_python(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())
    for path in files(root, ["templates", *packages], ".html"):
        found += in_template(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())
    found += [Message(text, "", "", f"recipe {name}:0") for text, name in recipe_words()]
    return found


def browser_messages(root: Path) -> list[Message]:
    """Everything that JavaScript says."""
    found: list[Message] = []
    for path in files(root, ["static"], ".js"):
        found += in_javascript(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())
    return found
