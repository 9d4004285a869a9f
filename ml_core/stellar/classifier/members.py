"""The heads on the spectrum, each on cues of its own. Unlike members err differently, and their average less."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from ml_core.stellar.classifier.bands import BANDS, WIDE_BANDS
from ml_core.stellar.classifier.head import TypeEstimate, TypeHead
from ml_core.stellar.classifier.settings import MemberKind, StarClassifierSettings


class Cues(NamedTuple):
    """What members may look at.

    Attributes:
        components: (N, 2 K) tokens of the front end.
        bands: (N, 2 x 12) broad bands and their errors.
        wide_bands: (N, 2 x 4) likewise.
    """

    components: Tensor
    bands: Tensor
    wide_bands: Tensor

    def rows(self, index: slice) -> Cues:
        """Some of the stars."""
        return Cues(*(values[index] for values in self))


class SpectrumMember(nn.Module):
    """One head and what it sees.

    ``components`` reads all tokens with a perceptron; ``components_warped`` is the same, trained on spectra whose
    calibration and band depth vary; ``linear_warped`` has a linear mean; ``bands`` and ``wide_bands`` see twelve or
    four broad bands alone, linearly, trained on spectra that vary most.
    """

    def __init__(self, kind: MemberKind, settings: StarClassifierSettings) -> None:
        super().__init__()
        self.kind = kind
        self.plain = kind == "components"
        self.linear = kind in ("linear_warped", "bands", "wide_bands")
        inputs = {"bands": 2 * BANDS, "wide_bands": 2 * WIDE_BANDS}.get(kind, 2 * settings.components)
        self.head = TypeHead(inputs, settings.hidden, linear=self.linear)

    def forward(self, cues: Cues) -> TypeEstimate:
        """A distribution over the type per star."""
        estimate: TypeEstimate = self.head(self._seen(cues))
        return estimate

    def standardise(self, cues: Cues) -> None:
        """Take centre and scale of the inputs from training stars."""
        self.head.standardise(self._seen(cues))

    def _seen(self, cues: Cues) -> Tensor:
        if self.kind == "bands":
            return cues.bands
        return cues.wide_bands if self.kind == "wide_bands" else cues.components
