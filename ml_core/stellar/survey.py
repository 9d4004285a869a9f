"""A survey on disk, in the layout of the specification, and which of its stars can be used.

    objects.csv                              the catalogue (or objects.vot, objects.fits, objects.ecsv)
    spectra/M0/spec-pppp-mmmmm-ffff.fits     filed under the subclass
    images/M0/{name}_image.jpg
    report.json                              what an import said, where there was one
    screening.json                           pictures that a person rejected, where one looked

Files are found by their names wherever they lie below ``spectra`` and ``images``: a star whose subclass was corrected
keeps its files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from ml_core.errors import FormatError
from ml_core.run.files import write_json_atomic
from ml_core.stellar.catalogue import CatalogueReport, StarObject, read_catalogue
from ml_core.stellar.images.reading import image_file

if TYPE_CHECKING:
    from ml_core.stellar.survey_arrays import Arrays, Progress

Modality = Literal["both", "spectrum", "image", "any"]

CATALOGUE_FILES: Final = ("objects.csv", "objects.vot", "objects.xml", "objects.fits", "objects.ecsv")
SPECTRA_FOLDER: Final = "spectra"
IMAGES_FOLDER: Final = "images"
REPORT_FILE: Final = "report.json"
SCREENING_FILE: Final = "screening.json"
REJECTED: Final = "The picture was rejected in the screening."
_DEPTH: Final = 3


@dataclass(frozen=True)
class Survey:
    """Stars and their files.

    Attributes:
        folder: Where it lies.
        objects: Stars of the catalogue in its order.
        report: What was found while reading the catalogue.
        spectra: Path of each spectrum by the star's name, where there is one.
        images: Path of each picture by the star's name.
        told: Reasons that an import gave for stars whose files it did not take.
    """

    folder: Path
    objects: tuple[StarObject, ...]
    report: CatalogueReport
    spectra: dict[str, Path]
    images: dict[str, Path]
    told: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> tuple[str, ...]:
        """Names of the stars with a class, a spectrum and a picture."""
        return tuple(name for name, reason in self._reasons("both", True) if not reason)

    @property
    def left_out(self) -> dict[str, str]:
        """Why each other star does not train, by its name."""
        return self.left_out_of("both")

    def left_out_of(self, modality: Modality, *, labelled: bool = True) -> dict[str, str]:
        """Why stars are left out when one modality is enough, or when no class is needed."""
        return {name: reason for name, reason in self._reasons(modality, labelled) if reason}

    def usable(self, modality: Modality, *, labelled: bool = True) -> list[StarObject]:
        """Stars that have the files of a modality; ``any`` takes those with at least one."""
        reasons = self._reasons(modality, labelled)
        return [star for star, (_, reason) in zip(self.objects, reasons, strict=True) if not reason]

    def arrays(
        self, cache_dir: Path, modality: Modality = "both", *, labelled: bool = True, progress: Progress | None = None
    ) -> Arrays:
        """All usable stars as arrays mapped from files in ``cache_dir``; see `survey_arrays.load_arrays`."""
        from ml_core.stellar.survey_arrays import load_arrays

        return load_arrays(self, cache_dir, modality, labelled=labelled, progress=progress)

    def _reasons(self, modality: Modality, labelled: bool) -> Iterator[tuple[str, str]]:
        for star in self.objects:
            yield star.name, self._reason(star, modality, labelled)

    def _reason(self, star: StarObject, modality: Modality, labelled: bool) -> str:
        if labelled and star.label < 0:
            return (
                f'The subclass "{star.subclass}" is none of M0..M4.' if star.subclass else "The star has no subclass."
            )
        lacks = []
        if star.name not in self.spectra:
            lacks.append(f"the spectrum {star.spectrum_file} is missing")
        if star.name not in self.images:
            lacks.append(f"the picture {image_file(star.name)} is missing")
        wanted = {"both": lacks, "any": lacks if len(lacks) == 2 else [],
                  "spectrum": [lack for lack in lacks if "spectrum" in lack],
                  "image": [lack for lack in lacks if "picture" in lack]}[modality]  # fmt: skip
        if not wanted:
            return ""
        if star.name in self.told:
            return self.told[star.name]
        sentence = " and ".join(wanted) + "."
        return sentence[0].upper() + sentence[1:]


def open_survey(folder: Path | str) -> Survey:
    """Read the catalogue of a survey and look which files are there; no spectrum or picture is opened.

    Raises:
        FormatError: ``survey.missing``, ``survey.no_catalogue``, or as `read_catalogue`.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FormatError("The survey's folder does not exist.", code="survey.missing", hint="Check the path.",
                          where=folder.name)  # fmt: skip
    catalogue_path = find_catalogue(folder)
    if catalogue_path is None:
        raise FormatError("The folder has no catalogue.", code="survey.no_catalogue",
                          hint="Put objects.csv into it, beside spectra and images.", where=folder.name)  # fmt: skip
    catalogue = read_catalogue(catalogue_path)
    spectra, images = file_index(folder / SPECTRA_FOLDER), file_index(folder / IMAGES_FOLDER)
    rejected = read_rejected(folder)
    return Survey(
        folder, catalogue.objects, catalogue.report,
        {star.name: spectra[star.spectrum_file] for star in catalogue.objects if star.spectrum_file in spectra},
        {star.name: found for star in catalogue.objects
         if star.name not in rejected and (found := images.get(image_file(star.name)))},
        {**_told(folder), **dict.fromkeys(rejected, REJECTED)},
    )  # fmt: skip


def read_rejected(folder: Path) -> set[str]:
    """Names of the stars whose pictures a person rejected."""
    names = _read_json(folder / SCREENING_FILE).get("rejected")
    return {str(name) for name in names} if isinstance(names, list) else set()


def write_rejected(folder: Path, names: Iterable[str]) -> None:
    """Keep the decisions of a screening. Pictures stay where they are; they are not used."""
    write_json_atomic(folder / SCREENING_FILE, {"rejected": sorted(set(names))})


def find_catalogue(folder: Path) -> Path | None:
    """The catalogue of a survey's folder, or None."""
    return next((folder / name for name in CATALOGUE_FILES if (folder / name).is_file()), None)


def file_index(folder: Path, depth: int = _DEPTH) -> dict[str, Path]:
    """Files below a folder by name; of equal names the first in the order of folders counts. Links to folders are not
    followed."""
    found: dict[str, Path] = {}
    if not folder.is_dir() or depth < 1:
        return found
    folders = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            elif not entry.name.startswith("."):
                found.setdefault(entry.name, Path(entry.path))
    for inner in folders:
        for name, path in file_index(inner, depth - 1).items():
            found.setdefault(name, path)
    return found


def _told(folder: Path) -> dict[str, str]:
    """Reasons in the report of an import; a report that cannot be read tells nothing."""
    reasons = _read_json(folder / REPORT_FILE).get("stars_left_out")
    return {str(name): str(reason) for name, reason in reasons.items()} if isinstance(reasons, dict) else {}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
