"""Looks into the files of a scene and says what is what: the cube, the mask, the order of axes, with evidence.

Nothing is decided by names alone, and every decision can be corrected by a `Choice`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.axis_order import check_order
from ml_core.hsi.formats.candidates import CERTAIN, Candidate, Found, shape_text
from ml_core.hsi.formats.cubes import cube_candidate
from ml_core.hsi.formats.masks import is_plane, looks_like_mask, mask_candidate, squeezed
from ml_core.hsi.formats.scene_file import FileFacts, SceneFile, is_scene_file, open_file
from ml_core.hsi.formats.wavelengths import as_nanometres

_WAVELENGTH_KEYS: Final = re.compile(r"wave|lambda|^wl|_wl|^nm$|spectral_axis", re.IGNORECASE)
_MAX_FILES: Final = 200


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


@dataclass(frozen=True)
class Inspection:
    """What the files of a scene hold.

    Attributes:
        files: The files that were understood.
        cubes: Readings as cube, best first.
        masks: Readings as mask of the chosen cube, best first.
        cube: The chosen cube.
        mask: The chosen mask, or None.
        facts: What the files tell about the chosen cube.
        notes: Sentences about what was left out, and why.
        rivals: Names of the arrays between which nothing decides; empty when the cube is clear.
    """

    files: tuple[SceneFile, ...]
    names: tuple[str, ...]
    cubes: tuple[Candidate, ...]
    masks: tuple[Candidate, ...]
    cube: Candidate
    mask: Candidate | None
    facts: FileFacts
    notes: tuple[str, ...] = field(default=())
    rivals: tuple[str, ...] = field(default=())

    @property
    def size(self) -> tuple[int, int, int]:
        """Rows, columns, bands of the chosen cube."""
        return cube_size(self.cube)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What works but is likely not meant."""
        several = (f"Several arrays could be the cube: {', '.join(self.rivals)}.",) if self.rivals else ()
        return (*several, *self.facts.warnings, *self.cube.warnings)

    def refuse_ambiguous(self) -> None:
        """Raise where a person must say which array is the cube.

        Raises:
            FormatError: ``hsi.ambiguous``.
        """
        if self.rivals:
            raise FormatError(self.warnings[0], code="hsi.ambiguous", where="cube_key",
                              hint="Say which one is meant, or import each scene by itself.")  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """JSON for pages and the API."""
        wavelengths = self.facts.wavelengths
        return {
            "files": [_file_dict(name, source) for name, source in zip(self.names, self.files, strict=True)],
            "cubes": [candidate.as_dict() for candidate in self.cubes],
            "masks": [candidate.as_dict() for candidate in self.masks],
            "cube": self.cube.as_dict(),
            "mask": self.mask.as_dict() if self.mask else None,
            "chosen": {"cube": _place(self.cube), "mask": _place(self.mask) if self.mask else None,
                       "axis_order": self.cube.axis_order},
            "shape": list(self.size),
            "certain": self.cube.score >= CERTAIN and not self.cube.warnings and not self.rivals,
            "name": self.facts.name,
            "sensor": self.facts.sensor,
            "wavelengths": None if wavelengths is None else [float(value) for value in wavelengths],
            "bad_bands": [] if self.facts.bad_bands is None else np.flatnonzero(self.facts.bad_bands).tolist(),
            "has_georeference": self.facts.georeference is not None,
            "evidence": list(self.facts.evidence),
            "warnings": [*self.warnings, *(self.mask.warnings if self.mask else ())],
            "notes": list(self.notes),
            "findings": self._findings(),
        }  # fmt: skip

    def _findings(self) -> list[dict[str, Any]]:
        mask = self.mask.warnings if self.mask else ()
        sentences = [("hsi.inspection", "warning", text) for text in self.warnings]
        sentences += [("hsi.mask", "warning", text) for text in mask]
        sentences += [("hsi.left_out", "info", text) for text in self.notes]
        return [{"code": code, "severity": severity, "message": text, "hint": ""} for code, severity, text in sentences]


def _place(candidate: Candidate) -> dict[str, str]:
    return {"file": candidate.found.file, "key": candidate.found.stored.key}


def cube_size(cube: Candidate) -> tuple[int, int, int]:
    """Rows, columns, bands."""
    height, width, bands = (cube.found.stored.shape[cube.axis_order.index(letter)] for letter in "HWB")
    return height, width, bands


def _file_dict(name: str, source: SceneFile) -> dict[str, Any]:
    arrays = [
        {"key": stored.key, "shape": list(stored.shape), "dtype": str(stored.dtype), "refusal": stored.refusal}
        for stored in source.arrays
    ]
    return {
        "file": name, "name": name, "size": sum(part.stat().st_size for part in source.parts),
        "format": source.format, "arrays": arrays, "evidence": list(source.facts.evidence),
        "warnings": list(source.facts.warnings),
    }  # fmt: skip


def inspect_scene(paths: Path | Sequence[Path], choice: Choice | None = None) -> Inspection:
    """Find cube and mask in one or several files, or in a folder.

    Args:
        paths: Files of one scene. An ENVI header and its data file count as one.
        choice: What a person decided.

    Raises:
        FormatError: Nothing can be read, there is no cube, or a choice cannot be.
        UnsafeFileError: A file could do harm.
    """
    choice = choice or Choice()
    files = _open_all([paths] if isinstance(paths, Path) else list(paths))
    names = _names([source.path for source in files], paths)
    found = [Found(name, source, stored) for name, source in zip(names, files, strict=True) for stored in source.arrays]
    spectra = {len(values): values for item in found if (values := _wavelengths(item)) is not None}
    lengths = set(spectra) | {len(f.facts.wavelengths) for f in files if f.facts.wavelengths is not None}
    planes = [squeezed(item.stored.shape) for item in found if looks_like_mask(item)]
    cubes = _sorted(cube_candidate(item, found, planes, lengths) for item in found)
    cube, rivals = _choose_cube(cubes, found, choice)
    height, width, bands = cube_size(cube)
    others = [item for item in found if item.stored is not cube.found.stored]
    masks = _sorted(mask_candidate(item, (height, width)) for item in others)
    mask, notes = _choose_mask(masks, others, (height, width), choice)
    facts = _facts(cube, files, spectra.get(bands), bands)
    return Inspection(tuple(files), tuple(names), tuple(cubes), tuple(masks), cube, mask, facts, tuple(notes), rivals)


def _open_all(paths: list[Path]) -> list[SceneFile]:
    listed = [inner for path in paths for inner in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    listed = (
        [path for path in listed if path.is_file() and not path.name.startswith(".")] if len(listed) > 1 else listed
    )
    if len(listed) > _MAX_FILES:
        raise FormatError(f"There are {len(listed):,} files; one scene has few.", code="hsi.many_files",
                          hint="Import one scene at a time.")  # fmt: skip
    several = len(listed) > 1
    opened: dict[Path, SceneFile] = {}
    # Headers first: the data file of an ENVI pair is then known to belong to its header.
    for path in sorted(listed, key=lambda item: item.suffix.lower() != ".hdr"):
        known = {part for source in opened.values() for part in source.parts}
        if path in known or (several and not is_scene_file(path)):
            continue
        opened[path] = open_file(path)
    if not opened:
        raise FormatError(
            "None of the files is in a format that can be read.", code="hsi.unknown_format",
            hint="Bring .npz, .npy, .mat (version 5 or 7.3), ENVI (.hdr with its data file) or GeoTIFF.",
        )  # fmt: skip
    return sorted(opened.values(), key=lambda source: source.path)


def _names(paths: list[Path], given: Path | Sequence[Path]) -> list[str]:
    """Names for people and choices: relative to the given folder, else to the folder that all files share."""
    roots = [given] if isinstance(given, Path) else list(given)
    if len(roots) == 1 and roots[0].is_dir():
        return [path.relative_to(roots[0]).as_posix() for path in paths]
    if len(paths) == 1:
        return [paths[0].name]
    common = Path(os.path.commonpath([path.parent.absolute() for path in paths]))
    return [path.absolute().relative_to(common).as_posix() for path in paths]


def _sorted(candidates: Iterable[Candidate | None]) -> list[Candidate]:
    return sorted((item for item in candidates if item is not None), key=lambda item: -item.score)


def _choose_cube(cubes: list[Candidate], found: list[Found], choice: Choice) -> tuple[Candidate, tuple[str, ...]]:
    """The cube, and the arrays between which nothing decides."""
    fitting = _matching(cubes, choice.cube_file, choice.cube_key)
    if not fitting:
        raise _no_cube(cubes, found, choice)
    best = fitting[0]
    close = [item for item in fitting if item.score >= max(CERTAIN, best.score - 0.05)]
    is_open = len(close) > 1 and not choice.cube_key and not choice.cube_file
    rivals = tuple(f'"{item.found.stored.key or item.found.file}"' for item in close[:6]) if is_open else ()
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


def _no_cube(cubes: list[Candidate], found: list[Found], choice: Choice) -> FormatError:
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


def _choose_mask(
    masks: list[Candidate], others: list[Found], size: tuple[int, int], choice: Choice
) -> tuple[Candidate | None, list[str]]:
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
        and _is_unfolded_mask(item, size)
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


def _is_unfolded_mask(item: Found, size: tuple[int, int]) -> bool:
    return is_plane(item.stored.shape) and item.stored.nbytes > 0 and min(size) > 1


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


def _wavelengths(item: Found) -> NDArray[np.float64] | None:
    """A strictly rising list of positive numbers under a fitting name, in nanometres."""
    stored = item.stored
    if stored.refusal or len(squeezed(stored.shape)) != 1 or not _WAVELENGTH_KEYS.search(stored.key):
        return None
    return as_nanometres(np.asarray(stored.open(), np.float64).reshape(-1))


def _facts(cube: Candidate, files: list[SceneFile], listed: NDArray[np.float64] | None, bands: int) -> FileFacts:
    facts = cube.found.source.facts
    wavelengths = facts.wavelengths if facts.wavelengths is not None else listed
    bad = facts.bad_bands
    warnings = list(facts.warnings)
    if wavelengths is not None and len(wavelengths) != bands:
        warnings.append(f"The file lists {len(wavelengths)} wavelengths for {bands} bands, so they were left out.")
        wavelengths = None
    if bad is not None and len(bad) != bands:
        warnings.append(f"The list of bad bands has {len(bad)} entries for {bands} bands, so it was left out.")
        bad = None
    return FileFacts(facts.name or cube.found.source.path.stem, facts.sensor, wavelengths, bad, facts.georeference,
                     facts.nodata, facts.evidence, tuple(warnings))  # fmt: skip
