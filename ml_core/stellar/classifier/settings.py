"""What the classifier is made of and how it learns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

MemberKind = Literal["components", "components_warped", "linear_warped", "bands", "wide_bands"]

#: The plain members are the best on stars like those of the training, the others hold where stars are of another kind.
MEMBERS: Final[tuple[MemberKind, ...]] = ("components", "components", "components_warped", "bands", "wide_bands")


@dataclass(frozen=True)
class StarClassifierSettings:
    """Settings of `StarClassifier`; all of them fit into JSON.

    Attributes:
        components: Principal components of the front end.
        members: Heads on the spectrum whose answers are averaged; see `SpectrumMember`.
        hidden: Width of the heads.
        calibration: Augmentation of all members but the plain ones: smooth error of the flux calibration, as a part
            of the flux. The members on bands take twice as much.
        depth: Likewise: deviation of the logarithm of a factor on the depth of all molecular bands.
        modality_dropout: Share of magnitudes hidden in training. Spectrum and picture need none: each has heads of
            its own.
        image_stars: Stars of a batch whose pictures are learnt from; pictures need fewer passes than spectra and
            cost more.
        sic_weight: Weight of the contrast between spectrum and picture; 0 turns it off.
        sic_temperature: See `SICLoss`.
        augment: Re-noised and warped spectra, turned pictures, hidden magnitudes.
    """

    components: int = 12
    members: tuple[MemberKind, ...] = MEMBERS
    hidden: int = 64
    calibration: float = 0.03
    depth: float = 0.15
    modality_dropout: float = 0.15
    image_stars: int = 64
    sic_weight: float = 0.1
    sic_temperature: float = 0.07
    augment: bool = True
