"""Fetch pictures or spectra of a survey's stars from an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from cvstudio.runs.services.create_run import create_run
from cvstudio.runs.states import ENDED
from ml_core.stellar.vo.images_config import SIA1_ADDRESS, SIA2_ADDRESS, DownloadImagesConfig
from ml_core.stellar.vo.service_config import DownloadConfig
from ml_core.stellar.vo.spectra_config import DownloadSpectraConfig
from stellar.errors import BusyError, NotAllowedError, StellarError
from stellar.models import Download, Survey
from stellar.selectors import require_ready
from stellar.services.choose_stars import MOST_NAMED
from stellar.storage import survey_folder

if TYPE_CHECKING:
    from cvstudio.accounts.models import User

RECIPES: Final = {Download.Kind.IMAGES: "stellar.download_images", Download.Kind.SPECTRA: "stellar.download_spectra"}
CONFIGS: Final[dict[str, type[DownloadConfig]]] = {
    Download.Kind.IMAGES: DownloadImagesConfig, Download.Kind.SPECTRA: DownloadSpectraConfig,
}  # fmt: skip
OF_THE_APP: Final = ("survey", "target", "names")
"""The app itself says what these are."""
#: Where a worker connects to. Everybody may take what stands here; an administrator anything.
ADDRESSES: Final[dict[str, tuple[Any, ...]]] = {
    "trusted_hosts": ([],), "service": ("", SIA1_ADDRESS, SIA2_ADDRESS),
    "cutout_address": (DownloadImagesConfig.model_fields["cutout_address"].default,),
    "base": (DownloadSpectraConfig.model_fields["base"].default,),
    "path": (DownloadSpectraConfig.model_fields["path"].default,),
}  # fmt: skip


def start_download(
    user: User, survey: Survey, kind: str, *, settings: dict[str, Any] | None = None, names: list[str] | None = None
) -> Download:
    """Start one run.

    Args:
        user: Who asks, and whose download it is.
        survey: The caller has checked that the person may see it.
        kind: ``images`` or ``spectra``.
        settings: Of the recipe: service, manners and limits.
        names: Only these stars; all when left out.

    Raises:
        StellarError: There is no such kind, or a setting is not for people to choose.
        NotAllowedError: Only an administrator may let workers connect to another service.
        NotReadyError: The survey has not been imported.
        BusyError: The same is being downloaded already.
        ConfigError: A setting is unknown or out of its bounds.
        QuotaError: Too many runs of this person wait already.
    """
    require_ready(survey)
    if kind not in RECIPES:
        raise StellarError(f'"{kind[:20]}" cannot be downloaded.', code="stellar.kind", where="kind",
                           hint="images or spectra.")  # fmt: skip
    changes = settings or {}
    check_settings(user, changes)
    if names and len(names) > MOST_NAMED:
        raise StellarError(f"At most {MOST_NAMED:,} stars are chosen for one download.", code="stellar.too_many",
                           hint="Download for all stars, or choose fewer.", where="filter")  # fmt: skip
    _refuse_second(survey, kind)
    config = {**changes, "survey": str(survey_folder(survey)), "names": names or []}
    chosen = Download.Kind(kind)
    name = f"Download {chosen.value} · {survey.name}"[:200]
    with transaction.atomic():
        run = create_run(owner=user, recipe=RECIPES[chosen], config=config, name=name)
        return Download.objects.create(owner=user, survey=survey, kind=chosen, run=run, settings=changes)


def check_settings(user: User, settings: dict[str, Any]) -> None:
    """Let settings pass that lead no worker to a place of a person's choice.

    Raises:
        StellarError: A setting is not for people to choose.
        NotAllowedError: Only an administrator may set it.
    """
    taken = [name for name in OF_THE_APP if name in settings]
    if taken:
        raise StellarError(f'"{taken[0]}" is not set here.', code="stellar.setting", where=f"settings.{taken[0]}",
                           hint="Choose the survey, and the stars, instead.")  # fmt: skip
    for name, known in ADDRESSES.items():
        if name in settings and settings[name] not in known and not user.is_staff:
            raise NotAllowedError("Only an administrator may let the studio connect to another service.",
                                  where=f"settings.{name}", hint="Leave it out to take the default.")  # fmt: skip


def _refuse_second(survey: Survey, kind: str) -> None:
    """Two runs that file into the same folder would fetch everything twice."""
    before = Download.objects.filter(survey=survey, kind=kind, run__isnull=False).exclude(run__state__in=ENDED).first()
    if before is not None:
        raise BusyError("This is being downloaded already.", where=str(before.id),
                        hint="Wait for it, or stop it first.")  # fmt: skip
