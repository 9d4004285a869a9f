"""Chooses cube and mask among their readings: what a person said, else the evidence."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from ml_core.errors import FormatError
from ml_core.hsi.formats.axis_order import check_order
from ml_core.hsi.formats.candidates import CERTAIN, Candidate, Found, shape_text
from ml_core.hsi.formats.masks import looks_like_mask, squeezed


@dataclass(frozen=True)
class Choice:
    """What a person decided; empty means: by evidence.

    Attributes:
        cube_file: Name of the file of the cube, as an `Inspection` shows it, or its path.
        cube_key: Name of the array of the cube.
        axis_order: Its axes in the file's order, such as ``BHW``.
        mask_file: Name of the file of the mask, or its path.
        mask_key: Name of the array of the mask.
        mask_order: ``HW`` or ``WH``.
        use_mask: Off: the scene gets no mask.
    """

    cube_file: str = ""
    cube_key: str = ""
    axis_order: str = ""
    mask_file: str = ""
    mask_key: str = ""
    mask_order: str = ""
    use_mask: bool = True


def choose_cube(cubes: list[Candidate], found: list[Found], choice: Choice) -> tuple[Candidate, tuple[str, ...]]:
    """The cube, and the arrays between which nothing decides.

    Raises:
        FormatError: ``hsi.no_cube``, ``hsi.key_unknown`` or ``hsi.axis_order``.
    """
    fitting = _matching(cubes, choice.cube_file, choice.cube_key)
    if not fitting:
        raise _no_cube(found, choice)
    best = fitting[0]
    close = [item for item in fitting if item.score >= max(CERTAIN, best.score - 0.05)]
    is_open = len(close) > 1 and not choice.cube_key and not choice.cube_file
    rivals = tuple(_shown(item.found) for item in close[:6]) if is_open else ()
    if choice.axis_order:
        order = check_order(choice.axis_order)
        chosen = (f"The order of the axes was chosen: {order}.",)
        best = Candidate(best.found, "cube", order, 1.0, chosen, alternatives=best.alternatives)
    return best, rivals


def is_named(found: Found, file: str) -> bool:
    """Whether ``file`` means the file of an array: its name as shown, or the path of one of its parts."""
    return file == found.file or file in map(str, found.source.parts)


def _matching(candidates: list[Candidate], file: str, key: str) -> list[Candidate]:
    return [
        item for item in candidates
        if (not file or is_named(item.found, file)) and (not key or item.found.stored.key == key)
    ]  # fmt: skip


def _shown(found: Found) -> str:
    return f'"{found.stored.key}" in {found.file}' if found.stored.key else found.file


def _no_cube(found: list[Found], choice: Choice) -> FormatError:
    listed = ", ".join(
        f'"{item.stored.key or item.file}" ({item.stored.refusal.rstrip(".") or shape_text(item.stored.shape)})'
        for item in found[:8]
    )  # fmt: skip
    where = choice.cube_key or choice.cube_file
    if where:
        return FormatError(f'"{Path(where).name[:80]}" is no array that can be a cube. There are: {listed or "none"}.',
                           code="hsi.key_unknown", where="cube_key",
                           hint="Choose an array of numbers with three axes.")  # fmt: skip
    return FormatError(f"No array can be a cube. There are: {listed or 'none'}.", code="hsi.no_cube",
                       hint="A cube is an array of real numbers with three axes: rows, columns and bands.")  # fmt: skip


def nearest_masks(masks: list[Candidate], cube: Candidate) -> list[Candidate]:
    """Masks of about equal score in the order in which they belong to the cube: same file, then most alike in name."""

    def distance(mask: Candidate) -> tuple[float, bool, float]:
        name, wanted = (item.found.source.path.stem.lower() for item in (mask, cube))
        likeness = difflib.SequenceMatcher(None, name, wanted).ratio()
        return -round(mask.score, 1), mask.found.source is not cube.found.source, -likeness

    return sorted(masks, key=distance)


def choose_mask(
    masks: list[Candidate], others: list[Found], size: tuple[int, int], choice: Choice
) -> tuple[Candidate | None, list[str]]:
    """The mask of a scene of ``size`` (rows, columns), and sentences about what was left out.

    Raises:
        FormatError: ``hsi.mask_shape`` or ``hsi.key_unknown``: the mask that a person chose cannot be taken.
    """
    if not choice.use_mask:
        return None, []
    chosen = bool(choice.mask_file or choice.mask_key)
    fitting = _matching(masks, choice.mask_file, choice.mask_key)
    if chosen and not fitting:
        raise _no_mask(others, size, choice)
    if not chosen:
        fitting = [item for item in fitting if item.score >= CERTAIN]
    notes = [
        f'"{item.stored.key or item.file}" ({shape_text(item.stored.shape)}) looks like a mask but has another size '
        f"than the scene ({shape_text(size)}), so it was left out."
        for item in others if sorted(squeezed(item.stored.shape)) != sorted(size) and looks_like_mask(item)
    ]  # fmt: skip
    if not fitting:
        return None, notes
    best = fitting[0]
    if choice.mask_order:
        order = check_order(choice.mask_order, "HW")
        turned = squeezed(best.found.stored.shape) if order == "HW" else squeezed(best.found.stored.shape)[::-1]
        if turned != size:
            raise _no_mask(others, size, choice)
        best = Candidate(best.found, "mask", order, 1.0, (f"The order was chosen: {order}.",), best.warnings)
    return best, notes


def _no_mask(others: list[Found], size: tuple[int, int], choice: Choice) -> FormatError:
    where = choice.mask_key or choice.mask_file
    for item in others:
        if where == item.stored.key or is_named(item, where):
            return FormatError(
                f'The mask "{Path(where).name[:80]}" has the shape {shape_text(item.stored.shape)}, the scene has '
                f"{shape_text(size)}.", code="hsi.mask_shape", where="mask_key",
                hint="Give the mask of this very scene, cut in the same way, or import without a mask.",
            )  # fmt: skip
    return FormatError(f'There is no array "{Path(where).name[:80]}" for the mask.', code="hsi.key_unknown",
                       where="mask_key", hint="Choose one of the arrays, or import without a mask.")  # fmt: skip
