"""Settings of the recipes that make and examine collections. Free of torch: forms and API checks are made from them."""

from __future__ import annotations

from ml_core.run.config import RecipeConfig, option

DATA = "Data"


class SampleConfig(RecipeConfig):
    """Draw a collection to begin with."""

    images: str = option(description="Folder that the images are written to.", group=DATA, min_length=1)
    version: str = option(description="Folder of the data set version to make.", group=DATA, min_length=1)
    per_character: int = option(24, description="Images of each character.", group=DATA, ge=2, le=1000)
    height: int = option(192, description="Height of an image.", group=DATA, unit="px", ge=64, le=1024)
    seed: int = option(0, description="Decides what is drawn.", group=DATA, ge=0, le=2**31 - 1)


class ExtendConfig(RecipeConfig):
    """Make the next version of a collection, with further images in it."""

    known: str = option(description="The collection as it is: folder of characters, or data set version.", group=DATA,
                        min_length=1)  # fmt: skip
    additions: str = option(description="JSON file with images to add and their characters.", group=DATA, min_length=1)
    changes: str = option("", description="JSON file with corrections to make before.", group=DATA)
    images: str = option(description="Folder that the images are laid out in.", group=DATA, min_length=1)
    version: str = option(description="Folder of the data set version to make.", group=DATA, min_length=1)
    share: bool = option(False, description="Share files by hard links instead of copying them.", group=DATA)
    seed: int = option(0, description="Decides the splits.", group=DATA, ge=0, le=2**31 - 1)


class HealthConfig(RecipeConfig):
    """Look for copies, lying names and labels in doubt."""

    known: str = option(description="Folder with one folder of images for each character.", group=DATA, min_length=1)
    doubts: bool = option(True, description="Judge labels too, which takes most of the time.", group=DATA)
    seed: int = option(0, description="Decides what learns from what when labels are judged.", group=DATA, ge=0,
                       le=2**31 - 1)  # fmt: skip
    threads: int = option(0, ge=0, le=64, description="Threads; 0 chooses.", group="Machine", advanced=True,
                          may_change=True)  # fmt: skip
