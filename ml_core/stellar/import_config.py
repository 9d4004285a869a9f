"""What an import of a survey is asked to do."""

from __future__ import annotations

from typing import Literal

from ml_core.run.config import RecipeConfig, option


class ImportSurveyConfig(RecipeConfig):
    """Catalogue, spectra and images of one survey, and where they go."""

    source: str = option(
        "", description="Folder or zip archive with objects.csv, spectra and images; or a catalogue alone.",
        group="Data",
    )  # fmt: skip
    catalogue: str = option("", description="Catalogue: CSV, VOTable, FITS table or ECSV. Empty: that of the source.",
                            group="Data")  # fmt: skip
    spectra: str = option("", description="Folder or zip archive of spec-pppp-mmmmm-ffff.fits files.", group="Data")
    images: str = option("", description="Folder or zip archive of {name}_image.jpg files.", group="Data")
    sample: Literal["", "simulated"] = option("", description="Make a simulated survey instead.", group="Data",
                                              advanced=True)  # fmt: skip
    stars: int = option(100, ge=5, le=100_000, description="Stars of a simulated survey.", group="Data", advanced=True)
    seed: int = option(0, ge=0, le=2**31 - 1, description="Decides a simulated survey.", group="Data", advanced=True)
    target: str = option(description="Survey folder to make; it must not exist yet.", group="Data")
    files: Literal["copy", "link"] = option(
        "copy", description="Copy spectra and images, or link to them where they lie.", group="Care"
    )
    reserve_gb: float = option(0.5, ge=0.0, le=10_000.0, unit="GB", group="Care", advanced=True, may_change=True,
                               description="Free disk space that must remain.")  # fmt: skip
    max_unpacked_gb: float = option(64.0, gt=0.0, le=10_000.0, unit="GB", group="Care", advanced=True,
                                    description="Larger archives are refused.")  # fmt: skip
