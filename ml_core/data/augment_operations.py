"""The augmentation operations, each declared once as typed data.

From a declaration come the form (title, help, bounds, defaults), the check of a configuration, the torchvision object
and the same call as Python text: `Call` renders the last two, so they cannot drift apart. Nothing here imports torch
before an object is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ml_core.errors import ConfigError

Size = tuple[int, int]
Probability = Annotated[float, Field(ge=0.0, le=1.0, title="Probability", description="Share of the images.")]


@dataclass(frozen=True)
class Symbol:
    """A name inside ``torchvision.transforms.v2`` used as an argument, such as ``InterpolationMode.BILINEAR``."""

    path: str


@dataclass(frozen=True)
class Call:
    """One torchvision call, ``v2.<name>(**arguments)``, with numbers, tuples, Symbols or lists of Calls."""

    name: str
    arguments: Mapping[str, Any]

    def source(self, indent: int = 0) -> str:
        """The call as a Python expression; one argument a line where it would pass 100 columns after ``indent``."""
        arguments = [f"{key}={_source(value)}" for key, value in self.arguments.items()]
        line = f"v2.{self.name}({', '.join(arguments)})"
        if len(line) + indent < 100:
            return line
        margin = " " * indent
        return f"v2.{self.name}(\n" + "".join(f"{margin}    {text},\n" for text in arguments) + f"{margin})"

    def build(self) -> Any:
        """The torchvision object. Imports torch."""
        from torchvision.transforms import v2

        return getattr(v2, self.name)(**{key: _value(value) for key, value in self.arguments.items()})


def _source(value: Any) -> str:
    if isinstance(value, Call):
        return value.source()
    if isinstance(value, Symbol):
        return f"v2.{value.path}"
    return f"[{', '.join(_source(item) for item in value)}]" if isinstance(value, list) else repr(value)


def _value(value: Any) -> Any:
    if isinstance(value, Call):
        return value.build()
    if isinstance(value, Symbol):
        from torchvision.transforms import v2

        found: Any = v2
        for part in value.path.split("."):
            found = getattr(found, part)
        return found
    return [_value(item) for item in value] if isinstance(value, list) else value


BILINEAR: Final = Symbol("InterpolationMode.BILINEAR")


class Operation(BaseModel):
    """What all operations share. A subclass names its torchvision call in ``call``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: ClassVar[str]
    summary: ClassVar[str]

    def call(self, size: Size | None) -> Call:
        """The torchvision call; ``size`` is the (height, width) that the network takes."""
        raise NotImplementedError


class RandomHorizontalFlip(Operation):
    title = "Flip left and right"
    summary = "Mirrors the image. Not for text or digits, where the mirror image means something else."
    op: Literal["RandomHorizontalFlip"] = "RandomHorizontalFlip"
    p: Probability = 0.5

    def call(self, size: Size | None) -> Call:
        return Call("RandomHorizontalFlip", {"p": self.p})


class RandomVerticalFlip(Operation):
    title = "Flip up and down"
    summary = "Turns the image upside down. For views from above and through a microscope."
    op: Literal["RandomVerticalFlip"] = "RandomVerticalFlip"
    p: Probability = 0.5

    def call(self, size: Size | None) -> Call:
        return Call("RandomVerticalFlip", {"p": self.p})


class RandomRotation(Operation):
    title = "Rotate"
    summary = "Turns the image about its centre by a random angle; the corners are filled with black."
    op: Literal["RandomRotation"] = "RandomRotation"
    degrees: float = Field(15.0, ge=0.0, le=180.0, description="Largest angle to either side, in degrees.")

    def call(self, size: Size | None) -> Call:
        return Call("RandomRotation", {"degrees": self.degrees, "interpolation": BILINEAR})


class RandomResizedCrop(Operation):
    title = "Random crop, resized"
    summary = "Cuts a random part and scales it to the size that the network takes. The strongest single operation."
    op: Literal["RandomResizedCrop"] = "RandomResizedCrop"
    scale: tuple[
        Annotated[float, Field(gt=0.0, le=1.0)],
        Annotated[float, Field(gt=0.0, le=1.0)],
    ] = Field((0.6, 1.0), description="Smallest and largest share of the area that is kept.")
    ratio: tuple[
        Annotated[float, Field(ge=0.1, le=10.0)],
        Annotated[float, Field(ge=0.1, le=10.0)],
    ] = Field((0.75, 1.3333), description="Smallest and largest width divided by height of the part.")

    @model_validator(mode="after")
    def _in_order(self) -> RandomResizedCrop:
        for name, (low, high) in (("scale", self.scale), ("ratio", self.ratio)):
            if low > high:
                raise ValueError(f"{name}: the first value must not be larger than the second")
        return self

    def call(self, size: Size | None) -> Call:
        if size is None:
            raise ConfigError("RandomResizedCrop needs the size that the network takes.", code="augment.size_missing",
                              hint="Give a size, or remove this operation.", where="RandomResizedCrop")  # fmt: skip
        return Call("RandomResizedCrop", {"size": size, "scale": self.scale, "ratio": self.ratio, "antialias": True})


class ColorJitter(Operation):
    title = "Colour jitter"
    summary = "Changes brightness, contrast, saturation and hue at random. Zero leaves one as it is."
    op: Literal["ColorJitter"] = "ColorJitter"
    brightness: float = Field(0.2, ge=0.0, le=1.0, description="0.2: a factor from 0.8 to 1.2.")
    contrast: float = Field(0.2, ge=0.0, le=1.0, description="0.2: a factor from 0.8 to 1.2.")
    saturation: float = Field(0.2, ge=0.0, le=1.0, description="0.2: a factor from 0.8 to 1.2.")
    hue: float = Field(0.0, ge=0.0, le=0.5, description="Largest shift around the colour circle; 0.5 is half of it.")

    def call(self, size: Size | None) -> Call:
        names = ("brightness", "contrast", "saturation", "hue")
        return Call("ColorJitter", {name: getattr(self, name) for name in names})


class GaussianBlur(Operation):
    title = "Blur"
    summary = "Makes the image unsharp, as a camera out of focus does."
    op: Literal["GaussianBlur"] = "GaussianBlur"
    kernel_size: int = Field(5, ge=3, le=31, multiple_of=1, description="Width of the blur in pixels, an odd number.")
    sigma: tuple[
        Annotated[float, Field(gt=0.0, le=10.0)],
        Annotated[float, Field(gt=0.0, le=10.0)],
    ] = Field((0.1, 2.0), description="Smallest and largest strength in pixels.")
    p: Probability = 0.5

    @model_validator(mode="after")
    def _odd_and_in_order(self) -> GaussianBlur:
        if self.kernel_size % 2 == 0:
            raise ValueError("kernel_size: must be an odd number")
        if self.sigma[0] > self.sigma[1]:
            raise ValueError("sigma: the first value must not be larger than the second")
        return self

    def call(self, size: Size | None) -> Call:
        blur = Call("GaussianBlur", {"kernel_size": self.kernel_size, "sigma": self.sigma})
        return Call("RandomApply", {"transforms": [blur], "p": self.p})


class RandomGrayscale(Operation):
    title = "Drop the colour"
    summary = "Turns some images grey, so that the network learns shapes beside colours."
    op: Literal["RandomGrayscale"] = "RandomGrayscale"
    p: Probability = 0.1

    def call(self, size: Size | None) -> Call:
        return Call("RandomGrayscale", {"p": self.p})


class RandomErasing(Operation):
    title = "Erase a rectangle"
    summary = "Paints a random rectangle black, so that no single spot decides alone."
    op: Literal["RandomErasing"] = "RandomErasing"
    p: Probability = 0.25
    scale: tuple[
        Annotated[float, Field(gt=0.0, le=1.0)],
        Annotated[float, Field(gt=0.0, le=1.0)],
    ] = Field((0.02, 0.2), description="Smallest and largest share of the area that is erased.")

    @model_validator(mode="after")
    def _in_order(self) -> RandomErasing:
        if self.scale[0] > self.scale[1]:
            raise ValueError("scale: the first value must not be larger than the second")
        return self

    def call(self, size: Size | None) -> Call:
        return Call("RandomErasing", {"p": self.p, "scale": self.scale})


class RandomPerspective(Operation):
    title = "Perspective"
    summary = "Looks at the image from the side; the rest is filled with black."
    op: Literal["RandomPerspective"] = "RandomPerspective"
    distortion_scale: float = Field(0.3, ge=0.0, le=1.0, description="How far the corners move; 0 is not at all.")
    p: Probability = 0.5

    def call(self, size: Size | None) -> Call:
        arguments = {"distortion_scale": self.distortion_scale, "p": self.p, "interpolation": BILINEAR}
        return Call("RandomPerspective", arguments)


class RandomAffine(Operation):
    title = "Shift, scale, shear"
    summary = "Moves, scales, turns and slants the image; the rest is filled with black."
    op: Literal["RandomAffine"] = "RandomAffine"
    degrees: float = Field(0.0, ge=0.0, le=180.0, description="Largest angle to either side, in degrees.")
    translate: tuple[
        Annotated[float, Field(ge=0.0, le=1.0)],
        Annotated[float, Field(ge=0.0, le=1.0)],
    ] = Field((0.1, 0.1), description="Largest shift across and down, as a share of width and height.")
    scale: tuple[
        Annotated[float, Field(gt=0.0, le=10.0)],
        Annotated[float, Field(gt=0.0, le=10.0)],
    ] = Field((0.9, 1.1), description="Smallest and largest factor.")
    shear: float = Field(0.0, ge=0.0, le=60.0, description="Largest slant to either side, in degrees.")

    @model_validator(mode="after")
    def _in_order(self) -> RandomAffine:
        if self.scale[0] > self.scale[1]:
            raise ValueError("scale: the first value must not be larger than the second")
        return self

    def call(self, size: Size | None) -> Call:
        names = ("degrees", "translate", "scale", "shear")
        return Call("RandomAffine", {name: getattr(self, name) for name in names} | {"interpolation": BILINEAR})


class RandomAutocontrast(Operation):
    title = "Stretch the contrast"
    summary = "Makes the darkest pixel black and the brightest one white."
    op: Literal["RandomAutocontrast"] = "RandomAutocontrast"
    p: Probability = 0.2

    def call(self, size: Size | None) -> Call:
        return Call("RandomAutocontrast", {"p": self.p})


class RandAugment(Operation):
    title = "RandAugment"
    summary = "Picks operations at random, all at one strength: one knob instead of many (arxiv.org/abs/1909.13719)."
    op: Literal["RandAugment"] = "RandAugment"
    num_ops: int = Field(2, ge=1, le=8, description="Operations one after another.")
    magnitude: int = Field(9, ge=0, le=30, description="Strength; 0 is none.")

    def call(self, size: Size | None) -> Call:
        arguments = {"num_ops": self.num_ops, "magnitude": self.magnitude, "interpolation": BILINEAR}
        return Call("RandAugment", arguments)


AugmentOp = Annotated[
    RandomHorizontalFlip | RandomVerticalFlip | RandomRotation | RandomResizedCrop | ColorJitter | GaussianBlur
    | RandomGrayscale | RandomErasing | RandomPerspective | RandomAffine | RandomAutocontrast | RandAugment,
    Field(discriminator="op"),
]  # fmt: skip
MAX_OPERATIONS: Final = 20
AugmentOps = Annotated[list[AugmentOp], Field(max_length=MAX_OPERATIONS)]

OPERATIONS: Final[tuple[type[Operation], ...]] = get_args(get_args(AugmentOp)[0])
