"""Looks into the files of a scene and says what is what: the cube, the mask, the order of axes, with evidence.

Nothing is decided by names alone, and every decision can be corrected by a `Choice`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml_core.errors import FormatError
from ml_core.hsi.formats.candidates import CERTAIN, Candidate, Found, cube_size
from ml_core.hsi.formats.choosing import Choice, choose_cube, choose_mask, nearest_masks
from ml_core.hsi.formats.cubes import cube_candidate
from ml_core.hsi.formats.gathering import file_names, open_files
from ml_core.hsi.formats.masks import looks_like_mask, mask_candidate, squeezed
from ml_core.hsi.formats.scene_file import FileFacts, SceneFile
from ml_core.hsi.formats.wavelengths import as_nanometres

_WAVELENGTH_KEYS: Final = re.compile(r"wave|lambda|^wl|_wl|^nm$|spectral_axis", re.IGNORECASE)


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
    files = open_files([paths] if isinstance(paths, Path) else list(paths))
    names = file_names([source.path for source in files], paths)
    found = [Found(name, source, stored) for name, source in zip(names, files, strict=True) for stored in source.arrays]
    spectra = {len(values): values for item in found if (values := _wavelengths(item)) is not None}
    lengths = set(spectra) | {len(f.facts.wavelengths) for f in files if f.facts.wavelengths is not None}
    planes = [squeezed(item.stored.shape) for item in found if looks_like_mask(item)]
    cubes = _sorted(cube_candidate(item, found, planes, lengths) for item in found)
    cube, rivals = choose_cube(cubes, found, choice)
    height, width, bands = cube_size(cube)
    others = [item for item in found if item.stored is not cube.found.stored]
    masks = nearest_masks(_sorted(mask_candidate(item, (height, width)) for item in others), cube)
    mask, notes = choose_mask(masks, others, (height, width), choice)
    facts = _facts(cube, files, spectra.get(bands), bands)
    return Inspection(tuple(files), tuple(names), tuple(cubes), tuple(masks), cube, mask, facts, tuple(notes), rivals)


def _sorted(candidates: Iterable[Candidate | None]) -> list[Candidate]:
    return sorted((item for item in candidates if item is not None), key=lambda item: -item.score)


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
