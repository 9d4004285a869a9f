"""The heads on the spectrum, each on cues of its own. Unlike members err differently, and their average less."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from ml_core.stellar.classifier.head import TypeEstimate, TypeHead
from ml_core.stellar.classifier.settings import MemberKind, StarClassifierSettings


class Cues(NamedTuple):
    """What members may look at.

    Attributes:
        components: (N, 2 K) tokens of the front end.
        bands: (N, 2 B) broad bands and their errors.
    """

    components: Tensor
    bands: Tensor


class SpectrumMember(nn.Module):
    """One head and what it sees.

    ``components`` reads all tokens with a perceptron; ``components_warped`` is the same, trained on spectra whose
    calibration and band depth vary; ``linear_warped`` has a linear mean; ``bands`` sees broad bands alone, linearly.
    """

    def __init__(self, kind: MemberKind, settings: StarClassifierSettings, bands: int) -> None:
        super().__init__()
        self.kind = kind
        self.warped = kind.endswith("_warped")
        inputs = bands if kind == "bands" else 2 * settings.components
        self.head = TypeHead(inputs, settings.hidden, linear=kind in ("bands", "linear_warped"))

    def forward(self, cues: Cues) -> TypeEstimate:
        """A distribution over the type per star."""
        estimate: TypeEstimate = self.head(self._seen(cues))
        return estimate

    def standardise(self, cues: Cues) -> None:
        """Take centre and scale of the inputs from training stars."""
        self.head.standardise(self._seen(cues))

    def _seen(self, cues: Cues) -> Tensor:
        return cues.bands if self.kind == "bands" else cues.components
