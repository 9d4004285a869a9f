"""What a download of spectra is asked to do."""

from __future__ import annotations

from ml_core.run.config import option
from ml_core.stellar.vo.service_config import DownloadConfig


class DownloadSpectraConfig(DownloadConfig):
    """The stars of a survey and where SDSS keeps their spectra. The defaults are those of DR16."""

    base: str = option("https://data.sdss.org/sas/dr16", max_length=2000, group="Service",
                       description="Address of the archive of a data release.")  # fmt: skip
    path: str = option(
        "{survey}/spectro/redux/{run2d}/spectra/lite/{plate}/{file}", max_length=2000, group="Service", advanced=True,
        description="Where a spectrum lies below the base; survey is sdss or eboss, after the reduction.",
    )  # fmt: skip
    run2d: list[str] = option(
        ["26", "103", "104", "v5_13_0"], min_length=1, max_length=20, group="Service",
        description="Reductions to try; the one that a star's specObjID names is tried first.",
    )  # fmt: skip
