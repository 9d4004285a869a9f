"""Where SDSS keeps a spectrum, and whether what came is that spectrum."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ml_core.errors import ConfigError, FormatError
from ml_core.stellar.catalogue import StarObject
from ml_core.stellar.spectra.names import specobjid_parts
from ml_core.stellar.spectra.sdss import read_spectrum
from ml_core.stellar.vo.errors import ServiceError, TransientError

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_RUN2D = re.compile(r"v?[0-9][0-9_]{0,15}")


def reductions(star: StarObject, known: Sequence[str]) -> list[str]:
    """Reductions in the order in which a star's spectrum is looked for; that of its specObjID comes first.

    Bits 10 to 23 of a specObjID hold run2d: 26, 103 and 104 as they are, v5_m_p as 10000 * (5 - 5) + 100 m + p
    (SDSS DR16 schema, ``fSpecidFromSDSS``).
    """
    order = list(known)
    if specobjid_parts(star.name) == (star.plate, star.mjd, star.fiber):
        number = int(star.name) >> 10 & 0x3FFF
        major, rest = divmod(number, 10_000)
        named = str(number) if number in (26, 103, 104) else f"v{major + 5}_{rest // 100}_{rest % 100}"
        order = [named] + [other for other in order if other != named]
    return order


def spectrum_address(base: str, path: str, star: StarObject, run2d: str) -> str:
    """The address of a spectrum.

    Args:
        base: Address of the archive.
        path: Below it, with ``{survey}`` (sdss, or eboss for the reductions v5), ``{run2d}``, ``{plate}``, ``{mjd}``,
            ``{fiber}`` and ``{file}``.
        star: Whose spectrum.
        run2d: The reduction.

    Raises:
        ConfigError: The path has another placeholder, or the reduction is no name of one.
    """
    if not _RUN2D.fullmatch(run2d):
        raise ConfigError(f'"{run2d[:40]}" is no reduction.', hint="Such as 26 or v5_13_0.", where="run2d")
    values = {
        "survey": "eboss" if run2d.startswith("v") else "sdss", "run2d": run2d, "plate": f"{star.plate:04d}",
        "mjd": f"{star.mjd:05d}", "fiber": f"{star.fiber:04d}", "file": star.spectrum_file,
    }  # fmt: skip
    unknown = set(_PLACEHOLDER.findall(path)) - set(values)
    if unknown:
        raise ConfigError(f'The path names "{min(unknown)}", which is unknown.', hint=f"Known: {', '.join(values)}.",
                          where="path")  # fmt: skip
    return f"{base.rstrip('/')}/{_PLACEHOLDER.sub(lambda match: values[match.group(1)], path).lstrip('/')}"


def check_spectrum(path: Path, star: StarObject) -> None:
    """Read a file that came, and compare whose spectrum it says to be.

    Raises:
        TransientError: It is cut off.
        ServiceError: It is no spectrum, or that of another star.
    """
    try:
        spectrum = read_spectrum(path)
    except FormatError as error:
        kind = TransientError if "truncated" in error.code else ServiceError
        raise kind(f"The service sent no spectrum: {error.message}", code="vo.no_spectrum",
                   where=star.spectrum_file) from error  # fmt: skip
    said = (spectrum.plate, spectrum.mjd, spectrum.fiber)
    asked = (star.plate, star.mjd, star.fiber)
    if any(value not in (None, 0, wanted) for value, wanted in zip(said, asked, strict=True)):
        raise ServiceError(
            f"The service sent plate {said[0]}, MJD {said[1]}, fibre {said[2]} instead.", code="vo.other_spectrum",
            where=star.spectrum_file,
        )  # fmt: skip
