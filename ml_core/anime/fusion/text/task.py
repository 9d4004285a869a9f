"""Teaches an encoder whom a text is about, from texts that are changed anew every time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ml_core.anime.fusion.text.changes import misspell, say_nothing, shorten
from ml_core.anime.fusion.text.choose import TextEncoder
from ml_core.anime.fusion.text.words import split_words
from ml_core.engine.task import Gather, ParameterGroup, Step, Task

_MISSING: Final = 0.2  # how much less a character fits for each word that none of its texts has
_NOTHING_SHARE: Final = 0.15  # of the texts say nothing about anybody, and shall be answered so
_FEWEST_SAMPLES: Final = 512
_VIEWS: Final = 8  # of each text in an epoch
_BERT_RATE: Final = 0.01  # of the learning rate, for a BERT that is not kept as it is


class TextClassifier(nn.Module):
    """An encoder with a layer that says which of the described characters a text is about.

    Args:
        encoder: Texts to features.
        described: Number of characters.
    """

    def __init__(self, encoder: TextEncoder, described: int) -> None:
        super().__init__()
        self.encoder, self.described = encoder, described
        self.norm = nn.LayerNorm(encoder.width)
        self.head = nn.Linear(encoder.width, described)

    def forward(self, tokens: dict[str, Tensor]) -> Tensor:
        """Logits (N, described)."""
        logits: Tensor = self.head(self.norm(self.encoder(tokens)))
        return logits

    @torch.no_grad()
    def log_probabilities(self, texts: Sequence[str]) -> Tensor:
        """(N, described) float64. A text without a word says nothing: all are as probable."""
        if not texts:
            return torch.zeros(0, self.described, dtype=torch.float64)
        was_training = self.training
        self.eval()
        device = self.head.weight.device
        tokens = {name: tensor.to(device) for name, tensor in self.encoder.tokenise(texts).items()}
        logits = self(tokens).double().cpu()
        self.train(was_training)
        has_words = torch.tensor([any(sign.isalnum() for sign in text) for text in texts])
        return torch.where(has_words[:, None], logits, 0.0).log_softmax(1)

    def evidence(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(N, described) logarithms of how much more probable a text makes each character; 0 says nothing."""
        found: NDArray[np.float64] = self.log_probabilities(texts).numpy() + np.log(self.described)
        return found


class TextData:
    """A batch is (tokens, targets): what the encoder reads, and (N, described) distributions.

    A target is spread over all characters that a shortened text fits, by the words that they lack: "red hair" is about
    everybody with red hair, whoever's text it was cut from.

    Args:
        encoder: What makes tokens.
        texts: Of each described character.
        seed: Of the changes; they follow from it, the epoch and the position alone.
    """

    prefers_workers = False

    def __init__(self, encoder: TextEncoder, texts: Sequence[Sequence[str]], seed: int) -> None:
        self._encoder, self._seed, self._described = encoder, seed, len(texts)
        self._texts = [list(own) for own in texts]
        self._words = [{word for text in own for word in split_words(text)} for own in texts]

    def __len__(self) -> int:
        return max(_FEWEST_SAMPLES, _VIEWS * sum(len(own) for own in self._texts))

    def batch(self, indices: Sequence[int], epoch: int) -> tuple[dict[str, Tensor], Tensor]:
        """See the class."""
        targets = torch.full((len(indices), self._described), 1 / self._described)
        texts = []
        for row, index in enumerate(indices):
            rng = np.random.default_rng([self._seed, epoch, index])
            if rng.random() < _NOTHING_SHARE:
                texts.append(say_nothing(rng))
                continue
            label = index % self._described  # all characters equally often
            own = self._texts[label]
            text = shorten(own[int(rng.integers(len(own)))], rng)
            targets[row] = self._fitting(text)
            texts.append(misspell(text, rng))
        return self._encoder.tokenise(texts), targets

    def _fitting(self, text: str) -> Tensor:
        words = set(split_words(text))
        missing = torch.tensor([len(words - known) for known in self._words])
        return torch.nn.functional.normalize(_MISSING ** (missing - missing.min()).float(), p=1, dim=0)

    def item_name(self, index: int) -> str:
        """The position."""
        return f"text {index}"


class TextTask(Task):
    """Cross entropy; see the module's text."""

    unit = "texts"

    def __init__(self, classifier: TextClassifier) -> None:
        self.model: nn.Module = classifier
        self._classifier = classifier

    def parameter_groups(self) -> dict[str, list[ParameterGroup]]:
        """A BERT that learns does so slowly; a frozen one not at all."""
        encoder = [p for p in self._classifier.encoder.parameters() if p.requires_grad]
        rest = [*self._classifier.norm.parameters(), *self._classifier.head.parameters()]
        slow = _BERT_RATE if self._classifier.encoder.kind == "bert" else 1.0
        groups = [ParameterGroup(encoder, rate_factor=slow)] if encoder else []
        return {"main": [*groups, ParameterGroup(rest)]}

    def training_step(self, batch: Any) -> Step:
        """Loss of a batch of `TextData`."""
        tokens, targets = batch
        logits = self.model(tokens).float()
        return Step(-(targets * logits.log_softmax(1)).sum(1).mean(), len(targets))

    def begin_validation(self) -> None:
        """There is none: the texts to judge by take no part in training."""

    def validation_step(self, batch: Any) -> None:
        """There is none."""

    def end_validation(self, gather: Gather) -> dict[str, float]:
        """There is none."""
        return {}
