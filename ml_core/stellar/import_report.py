"""The report of an import: what was kept, what was not, and why."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from ml_core.stellar.catalogue import CatalogueReport
from ml_core.stellar.import_check import CheckedStar
from ml_core.stellar.spectra.subclass import CLASSES, UNKNOWN, label_of

#: Sentences about findings in files; ``{count}`` is the number of stars.
_MESSAGES: Final = {
    "subclass_differs": ("warning", "{count} spectra name another subclass than the catalogue, which counts."),
    "other_fiber": ("warning", "{count} spectra name another plate, MJD or fibre inside than in their file names."),
    "other_position": ("warning", "{count} spectra were taken more than 3 arcsec from the catalogue's position."),
    "spectrum_repaired": ("info", "{count} spectra have pixels that were left out or facts that are missing."),
    "image_repaired": ("info", "{count} pictures have another size or mode and are brought to 128 x 128 RGB."),
    "spectrum.not_fits": ("warning", "{count} spectra are not FITS files: web pages, archives or something else."),
    "spectrum.truncated": ("warning", "{count} spectra are cut short."),
    "spectrum.unknown_format": ("warning", "{count} spectra have a layout that is not known."),
    "spectrum.no_good_pixels": ("warning", "{count} spectra have no usable pixel."),
    "spectrum.no_coverage": ("warning", "{count} spectra cover less than half of 4000-9000 Å."),
}  # fmt: skip
_SHOWN: Final = 20
MEASUREMENTS: Final = ("name", "subclass", "spectrum", "image", "sn", "sn_group", "coverage", "z", "spectrum_subclass",
                       "image_flags", "reason")  # fmt: skip


def survey_report(catalogue: CatalogueReport, stars: Sequence[CheckedStar], ignored: dict[str, int]) -> dict[str, Any]:
    """Content of ``report.json``.

    Args:
        catalogue: What was found in the catalogue.
        stars: Each star that was kept, in its order.
        ignored: Files that belong to no star, by kind.
    """
    left_out = {star.name: reason for star in stars if (reason := reason_of(star))}
    complete = [star for star in stars if star.name not in left_out]
    counts = Counter(star.subclass for star in complete)
    return {
        "catalogue": catalogue.as_dict(),
        "stars": len(stars),
        "complete": len(complete),
        "with_spectrum": sum(star.spectrum for star in stars),
        "with_image": sum(star.image for star in stars),
        "sn_groups": dict(sorted(Counter(star.group for star in stars if star.group).items())),
        "classes": {name: counts[name] for name in CLASSES},
        "image_flags": dict(sorted(Counter(flag for star in stars for flag in star.image_flags).items())),
        "stars_left_out": left_out,
        "findings": catalogue.findings + _file_findings(stars) + _ignored_findings(ignored),
    }


def reason_of(star: CheckedStar) -> str:
    """Why a star does not train on both modalities, or empty."""
    reasons = list(star.reasons)
    if label_of(star.subclass) == UNKNOWN:
        reasons.insert(0, f'The subclass "{star.subclass}" is none of M0..M4.')
    return " ".join(reasons)


def measurements_csv(stars: Sequence[CheckedStar]) -> bytes:
    """Content of ``measurements.csv``: one row a star."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MEASUREMENTS)
    for star in stars:
        numbers = ["" if math.isnan(value) else f"{value:.6g}" for value in (star.sn, star.coverage, star.z)]
        writer.writerow([star.name, star.subclass, int(star.spectrum), int(star.image), numbers[0], star.group,
                         numbers[1], numbers[2], star.spectrum_subclass, " ".join(star.image_flags),
                         reason_of(star)])  # fmt: skip
    return text.getvalue().encode()


def _file_findings(stars: Sequence[CheckedStar]) -> list[dict[str, Any]]:
    found: dict[str, list[str]] = {}
    for star in stars:
        for code in star.findings:
            found.setdefault(code, []).append(star.name)
    entries = []
    for code, names in found.items():
        kind = "spectra" if code.startswith("spectrum.") else "pictures"
        severity, message = _MESSAGES.get(code, ("warning", f"{{count}} {kind} cannot be used ({code})."))
        entries.append({"code": code, "severity": severity, "count": len(names),
                        "message": message.format(count=f"{len(names):,}"), "names": names[:_SHOWN]})  # fmt: skip
    return entries


def _ignored_findings(ignored: dict[str, int]) -> list[dict[str, Any]]:
    return [{"code": f"unused_{kind}", "severity": "info", "count": count,
             "message": f"{count:,} {kind} belong to no star of the catalogue and were not taken."}
            for kind, count in ignored.items() if count]  # fmt: skip
