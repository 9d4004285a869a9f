"""What an import of a scene is asked to do."""

from __future__ import annotations

from typing import Literal

from ml_core.run.config import RecipeConfig, option


class ImportSceneConfig(RecipeConfig):
    """Files of one scene, what a person decided about them, and where the scene goes."""

    source: str = option("", description="File of the scene, a folder with its files, or a zip archive of them.",
                         group="Data")  # fmt: skip
    sample: Literal["", "simulated"] = option("", description="Make a simulated scene instead.", group="Data",
                                              advanced=True)  # fmt: skip
    target: str = option(description="Scene folder to make; it must not exist yet.", group="Data")
    files: str = option("", description="Folder that an archive is unpacked to. Empty: a temporary one.", group="Data",
                        advanced=True)  # fmt: skip
    mask: str = option("", description="File of the mask, where it lies in another one.", group="Data")
    use_mask: bool = option(True, description="Keep the mask of anomalies, for scores only.", group="Data")
    cube_file: str = option("", description="Name of the cube's file. Empty: by evidence.", group="Choice",
                            advanced=True)  # fmt: skip
    cube_key: str = option("", description="Name of the cube's array. Empty: by evidence.", group="Choice")
    axis_order: str = option(
        "", max_length=3, description="The cube's axes in the file's order, such as BHW. Empty: by evidence.",
        group="Choice",
    )  # fmt: skip
    mask_file: str = option("", description="Name of the mask's file. Empty: by evidence.", group="Choice",
                            advanced=True)  # fmt: skip
    mask_key: str = option("", description="Name of the mask's array. Empty: by evidence.", group="Choice")
    mask_order: str = option("", max_length=2, description="The mask's axes: HW or WH. Empty: by evidence.",
                             group="Choice", advanced=True)  # fmt: skip
    name: str = option("", max_length=200, description="Name of the scene. Empty: what the file says.", group="Facts")
    sensor: str = option("", max_length=200, description="Name of the sensor. Empty: what the file says.",
                         group="Facts")  # fmt: skip
    domain_id: int = option(0, ge=0, le=100_000, description="Number of the sensor for the domain embedding.",
                            group="Facts")  # fmt: skip
    wavelengths: list[float] = option([], description="Wavelengths of the bands. Empty: what the file says.",
                                      unit="nm", group="Facts", max_length=100_000)  # fmt: skip
    bad_bands: list[int] = option([], description="Indices of bands to leave out, besides those of the file.",
                                  group="Facts", max_length=100_000)  # fmt: skip
    copy_cube: Literal["copy", "in_place"] = option(
        "copy", description="Copy the cube into the scene, or map it where it lies.", group="Care"
    )
    compare: list[str] = option([], description="Folders of other scenes; an equal one is reported.", group="Care",
                                advanced=True, max_length=10_000)  # fmt: skip
    reserve_gb: float = option(0.5, ge=0.0, le=10_000.0, unit="GB", group="Care", advanced=True, may_change=True,
                               description="Free disk space that must remain.")  # fmt: skip
    max_unpacked_gb: float = option(64.0, gt=0.0, le=10_000.0, unit="GB", group="Care", advanced=True,
                                    description="Larger archives are refused.")  # fmt: skip
    seed: int = option(0, ge=0, le=2**31 - 1, description="Decides a simulated scene.", group="Data", advanced=True)
