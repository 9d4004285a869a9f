"""Have the infer worker classify one star: uploaded files, or a star of a survey with what its answer rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cvstudio.inference.limits import limits
from cvstudio.inference.services.check_rate import check_rate
from cvstudio.inference.serving.client import Ask, predict_remotely
from cvstudio.weights.models import WeightVersion
from stellar.errors import StellarError
from stellar.models import Star
from stellar.selectors import CLASSIFIER
from stellar.storage import image_path, spectrum_path

if TYPE_CHECKING:
    from cvstudio.accounts.models import User


@dataclass(frozen=True)
class StarFiles:
    """What is known of one star.

    Attributes:
        spectrum: Bytes of the file; None without one.
        spectrum_name: Its name, which tells the format where the content does not.
        image: Bytes of the picture; None without one.
        image_name: Its name.
        magnitudes: By band.
    """

    spectrum: bytes | None = None
    spectrum_name: str = ""
    image: bytes | None = None
    image_name: str = ""
    magnitudes: dict[str, float] = field(default_factory=dict)


def classify_files(user: User, version: WeightVersion, files: StarFiles, *, attribution: bool = True) -> dict[str, Any]:
    """The worker's answer with the time that it took. Nothing is kept.

    Args:
        user: Who asks.
        version: A classifier that the person may see.
        files: A spectrum, a picture, or at least two magnitudes.
        attribution: Whether to say which parts of the spectrum and the picture decided.

    Raises:
        StellarError: There is nothing to look at, or a file is too large.
        QuotaError: Too many predictions this minute.
        UnavailableError: Nobody can answer now.
        WorkerSideError: The worker refused a file or the weight; ``where`` says which.
    """
    if not (files.spectrum or files.image or len(files.magnitudes) > 1):
        raise StellarError("There is neither a spectrum nor an image, and no colour.", where="spectrum",
                           code="stellar.nothing_to_classify",
                           hint="Choose a FITS spectrum, an image, or both.")  # fmt: skip
    for where, content in (("spectrum", files.spectrum), ("image", files.image)):
        if content is not None and len(content) > limits().max_image_bytes:
            raise StellarError(f"The file is larger than the {limits().max_image_bytes:,} bytes that are taken.",
                               code="stellar.file_too_large", where=where,
                               hint="Send the spectrum of one star, or a smaller image.")  # fmt: skip
    check_rate(user.pk)
    from ml_core.stellar.predict.request import StarRequest, pack_star

    packed = pack_star(StarRequest(
        spectrum=files.spectrum or None, spectrum_name=files.spectrum_name, image=files.image or None,
        image_name=files.image_name, magnitudes=files.magnitudes, attribution=attribution,
    ))  # fmt: skip
    ask = Ask(weight=str(version.id), folder=version.folder, task=CLASSIFIER, size_bytes=version.size_bytes, top_k=5)
    answer = predict_remotely(ask, packed)
    return {"classifier": str(version.id), **answer.result, "timing_ms": answer.timing_ms}


def classify_star(user: User, version: WeightVersion, star: Star) -> dict[str, Any]:
    """The same for a star of a survey, by its files as they are now.

    Raises:
        FilesMissingError: A file is gone.
        CodedError: As `classify_files`.
    """
    magnitudes = {band: getattr(star, f"{band}_mag") for band in "griz"}
    files = StarFiles(
        spectrum=spectrum_path(star).read_bytes() if star.spectrum_file else None,
        spectrum_name=spectrum_path(star).name if star.spectrum_file else "",
        image=image_path(star).read_bytes() if star.image_file else None,
        image_name=image_path(star).name if star.image_file else "",
        magnitudes={band: value for band, value in magnitudes.items() if value is not None},
    )
    return {"star": str(star.id), **classify_files(user, version, files)}
