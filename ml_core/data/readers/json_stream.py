"""Reads a JSON document whose arrays are larger than memory should be: element after element.

The text is read in pieces; each element is parsed by the standard library's scanner, which is as fast as parsing the
whole. Memory holds one piece and one element.
"""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from ml_core.errors import FormatError

_PIECE: Final = 1 << 20
_MAX_VALUE: Final = 64 << 20  # characters of one element, or of one value that is not streamed
_MAX_REST: Final = 8 << 20  # characters of all values together that are kept
_OF_NUMBERS: Final = "0123456789.eE+-"
_SPACE: Final = " \t\r\n"

Handler = Callable[[Any], None]


def read_document(
    path: Path, handlers: Mapping[str, Handler], on_bytes: Callable[[int], None] | None = None
) -> dict[str, Any]:
    """Hand each element of the named arrays to its handler, in the order of the file.

    Args:
        path: A UTF-8 file that holds one object.
        handlers: For keys of that object whose value is an array.
        on_bytes: Called with the number of bytes read so far, about once a megabyte; may raise in order to cancel.

    Returns:
        The values of all other keys, without very large ones. Not-a-number and infinite numbers become NaN.

    Raises:
        FormatError: ``json.damaged``, ``json.not_object`` or ``json.too_large``; ``where`` is the file's name and,
            where it is known, the character.
    """
    with path.open("rb") as stream:
        return _Document(stream, path.name, handlers, on_bytes).read()


class _Document:
    """The text that is in memory, and the place in it."""

    def __init__(
        self, stream: BinaryIO, name: str, handlers: Mapping[str, Handler], on_bytes: Callable[[int], None] | None
    ) -> None:
        self._stream, self._name, self._handlers, self._on_bytes = stream, name, handlers, on_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._scan = json.JSONDecoder(parse_constant=lambda _: math.nan).raw_decode
        self._text, self._at, self._before, self._bytes, self._ended = "", 0, 0, 0, False

    def read(self) -> dict[str, Any]:
        """Go through the object."""
        rest: dict[str, Any] = {}
        room = _MAX_REST
        if self._next() != "{":
            raise FormatError("The JSON file does not hold an object.", code="json.not_object",
                              hint="Bring the file that the tool exported as COCO.", where=self._name)  # fmt: skip
        self._at += 1
        if self._next() == "}":
            return rest
        while True:
            key = self._value()
            if not isinstance(key, str):
                raise self._damaged()
            self._expect(":")
            handler = self._handlers.get(key)
            if handler is not None and self._next() == "[":
                self._elements(handler)
            elif self._next():
                start = self._before + self._at
                value = self._value()
                size = self._before + self._at - start
                if size <= room:
                    room -= size
                    rest[key] = value
            if self._next() == "}":
                return rest
            self._expect(",")
            self._next()

    def _elements(self, handler: Handler) -> None:
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return
        while True:
            handler(self._value())
            if self._next() == "]":
                self._at += 1
                return
            self._expect(",")
            self._next()

    def _value(self) -> Any:
        """The value at the place; more text is read until it is whole."""
        piece = _PIECE
        while True:
            try:
                value, end = self._scan(self._text, self._at)
                # A number near the end of the text may go on in the next piece: "1.5e" was read as 1.5.
                if self._ended or (end < len(self._text) and self._text[end] not in _OF_NUMBERS):
                    self._at = end
                    return value
            except ValueError as error:
                if self._ended:
                    raise self._damaged() from error
            except RecursionError as error:
                raise self._damaged() from error
            if len(self._text) - self._at > _MAX_VALUE:
                raise FormatError("One value in the JSON file is too large.", code="json.too_large",
                                  hint="Check that it is a COCO file.", where=self._name)  # fmt: skip
            self._more(piece)
            piece *= 2

    def _next(self) -> str:
        """The next character that is no space, which stays; empty at the end."""
        while True:
            text, at, end = self._text, self._at, len(self._text)
            while at < end and text[at] in _SPACE:
                at += 1
            self._at = at
            if at < end:
                return text[at]
            if self._ended:
                raise self._damaged()
            self._more(_PIECE)

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise self._damaged()
        self._at += 1
        self._next()

    def _more(self, size: int) -> None:
        data = self._stream.read(size)
        self._ended = not data
        self._before += self._at
        try:
            self._text = self._text[self._at :] + self._decoder.decode(data, self._ended)
        except UnicodeDecodeError as error:
            raise FormatError("The JSON file is not UTF-8 text.", code="json.damaged",
                              hint="Save it as UTF-8.", where=self._name) from error  # fmt: skip
        self._at = 0
        self._bytes += len(data)
        if self._on_bytes is not None:
            self._on_bytes(self._bytes)

    def _damaged(self) -> FormatError:
        return FormatError("The JSON file is damaged or cut short.", code="json.damaged",
                           hint="Copy or export it again.",
                           where=f"{self._name}: character {self._before + self._at:,}")  # fmt: skip
