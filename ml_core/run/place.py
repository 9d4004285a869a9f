"""Where in code that a run wrote for itself an error arose: line, call, and what the call was given."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

MAX_FRAMES = 8
MAX_TEXT = 300


def place_of(error: BaseException, folder: Path) -> dict[str, Any] | None:
    """The calls in files of ``folder`` that an error, or what caused it, came through.

    Returns:
        ``reason`` (first line of the error) and ``calls``, the outermost first, each with ``file``, ``line``, the
        source ``text`` of the expression, and ``got``, the arrays that the called function received; None when the
        error did not come through the folder.
    """
    root, found = folder.resolve(), None
    for link in _chain(error):
        calls = [_call(step, root) for step in _steps(link.__traceback__) if _is_inside(step, root)]
        if calls:  # the deepest cause that passed there knows most
            reason = next(iter(str(link).splitlines()), "")[:MAX_TEXT]
            found = {"reason": reason or type(link).__name__, "calls": calls[-MAX_FRAMES:]}
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _steps(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_inside(step: TracebackType, root: Path) -> bool:
    return Path(step.tb_frame.f_code.co_filename).is_relative_to(root)


def _call(step: TracebackType, root: Path) -> dict[str, Any]:
    path = Path(step.tb_frame.f_code.co_filename)
    position = next(islice(step.tb_frame.f_code.co_positions(), step.tb_lasti // 2, None))
    line = position[0] or step.tb_lineno
    inner = step.tb_next.tb_frame if step.tb_next else None
    return {
        "file": path.relative_to(root).as_posix(),
        "line": line,
        "text": _source(path, position),
        "got": _arrays(inner) if inner else [],
    }


def _source(path: Path, position: tuple[int | None, int | None, int | None, int | None]) -> str:
    """The text of an expression; the columns count bytes, as Python keeps them."""
    first, last, start, end = position
    if first is None or last is None or start is None or end is None:
        return ""
    try:
        lines = path.read_bytes().splitlines()[first - 1 : last]
    except OSError:
        return ""
    if not lines:
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return " ".join(line.decode("utf-8", "replace").strip() for line in lines)[:MAX_TEXT]


def _arrays(frame: FrameType) -> list[dict[str, Any]]:
    """Shape and type of the arrays among the arguments of a call. Looks at attributes only: no import of torch."""
    names = inspect.getargvalues(frame)
    values: list[Any] = [names.locals.get(name) for name in names.args]
    if names.varargs:
        values.extend(names.locals.get(names.varargs, ()))
    return [
        {"shape": [int(size) for size in value.shape], "dtype": str(value.dtype).removeprefix("torch.")}
        for value in values
        if hasattr(value, "shape") and hasattr(value, "dtype")
    ]
