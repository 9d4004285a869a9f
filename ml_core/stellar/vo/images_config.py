"""What a download of images is asked to do."""

from __future__ import annotations

from typing import Literal

from ml_core.run.config import option
from ml_core.stellar.vo.service_config import DownloadConfig

SIA1_ADDRESS = "https://archive.cefca.es/catalogues/vo/siap/jplus-dr3"
SIA2_ADDRESS = "https://archive.cefca.es/catalogues/vo/siap2/jplus-dr3/query"


class DownloadImagesConfig(DownloadConfig):
    """The stars of a survey, the image service, and how cut-outs are made. The defaults are those of J-PLUS DR3."""

    protocol: Literal["sia1", "sia2"] = option("sia1", description="Version of Simple Image Access.", group="Service")
    service: str = option("", max_length=2000, group="Service",
                          description="Address of the service. Empty: that of J-PLUS DR3.")  # fmt: skip
    search_size: float = option(1.0, gt=0, le=10, unit="deg", group="Service", advanced=True,
                                description="Widest box that the service answers.")  # fmt: skip
    search_reach: float = option(
        0.7, ge=0, le=10, unit="deg", group="Service", advanced=True,
        description="Half the width of the images: how far a star may be from the centre of one.",
    )  # fmt: skip
    i_names: list[str] = option([], description="Further names of the band i.", group="Service", advanced=True,
                                max_length=50)  # fmt: skip
    r_names: list[str] = option([], description="Further names of the band r.", group="Service", advanced=True,
                                max_length=50)  # fmt: skip
    g_names: list[str] = option([], description="Further names of the band g.", group="Service", advanced=True,
                                max_length=50)  # fmt: skip
    cutouts: Literal["when_offered", "never"] = option(
        "when_offered", group="Service", may_change=True,
        description="Let the service cut the stars out, or fetch whole images and cut here.",
    )  # fmt: skip
    cutout_address: str = option(
        "{base}/get_fits_cutout?id={id}&filter={filter}&ra={ra}&dec={dec}&width={width}&height={height}",
        max_length=2000, group="Service", advanced=True,
        description="Address of a cut-out, with names of columns or of parameters of the image's address in braces.",
    )  # fmt: skip
    pixel_scale: float = option(0.55, gt=0, le=60, unit="arcsec/px", group="Cut-out",
                                description="Pixel scale of the cut-outs; other images are resampled.")  # fmt: skip
    min_coverage: float = option(0.5, ge=0, le=1, group="Cut-out",
                                 description="Smallest part of a cut-out that must hold data.")  # fmt: skip
    keep_fits: bool = option(False, description="Keep the three bands as FITS beside the composite.",
                             group="Cut-out")  # fmt: skip

    @property
    def address(self) -> str:
        """Of the service that is asked."""
        return self.service or (SIA2_ADDRESS if self.protocol == "sia2" else SIA1_ADDRESS)
