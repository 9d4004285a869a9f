"""Stage 2: BERT over tokens of many sensors, with the surroundings of a place as its sentence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal, Self, overload

import torch
from torch import Tensor, nn
from torch.nn import functional

from ml_core.errors import CodedError
from ml_core.hsi.encoder.batch import Prediction, Windows
from ml_core.hsi.encoder.bert_source import BertSize, bert_from_config, new_bert, pretrained_bert
from ml_core.hsi.encoder.density import DensityHead
from ml_core.hsi.encoder.embedding import (
    FactorisedDecoder,
    FactorisedEmbedding,
    RelativeBias,
    sine_positions,
    spectral_factor,
)
from ml_core.hsi.encoder.masking import draw_mask
from ml_core.hsi.tokenizer import storage
from ml_core.weights.errors import WeightMismatchError

STEM = "encoder"
IGNORED = -100  # the label of tokens that were not masked
_DOMAIN_DROPOUT = 0.3
_KEPT_CONFIG = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
    "hidden_dropout_prob", "attention_probs_dropout_prob", "max_position_embeddings", "type_vocab_size",
    "layer_norm_eps", "initializer_range",
)  # fmt: skip


class HSIEncoderBERT(nn.Module):
    """Masked language model of joint tokens.

    Args:
        joint_vocab_size: K_s * K_x.
        num_domains: Sensors or scenes that training knows.
        bert_model_name_or_path: Name at the hub or local folder of a pretrained BERT.
        load_pretrained_lm: Take that BERT; otherwise a new one of ``size``.
        mask_ratio: Share of tokens that `mask_tokens` hides.
        max_seq_len: Longest sequence.
        spectral_codes: K_s; the most even split of the joint vocabulary when not given.
        coordinates: Coordinates of a pixel that are read and predicted beside its token.
        size: Of a new BERT.
        dropout: Of a new BERT, and of the input.
        tokenizer_fingerprint: Whose tokens these are; a model with another tokenizer is refused.

    Raises:
        BertUnavailableError: The pretrained BERT cannot be had.
    """

    def __init__(
        self,
        joint_vocab_size: int,
        num_domains: int,
        bert_model_name_or_path: str,
        load_pretrained_lm: bool,
        mask_ratio: float,
        max_seq_len: int,
        *,
        spectral_codes: int | None = None,
        coordinates: int = 12,
        size: BertSize | None = None,
        dropout: float = 0.1,
        tokenizer_fingerprint: str = "",
        _bert_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        spectral_codes = spectral_codes or spectral_factor(joint_vocab_size)
        if _bert_config is not None:
            self.encoder = bert_from_config({**_bert_config, "vocab_size": 1, "tie_word_embeddings": False})
        elif load_pretrained_lm:
            self.encoder = pretrained_bert(bert_model_name_or_path, max_seq_len)
        else:
            self.encoder = new_bert(size or BertSize(), max_seq_len, dropout)
        config = self.encoder.config
        hidden: int = config.hidden_size
        self.joint_vocab_size, self.mask_token_id = joint_vocab_size, joint_vocab_size
        self.spectral_codes, self.spatial_codes = spectral_codes, joint_vocab_size // spectral_codes
        self.num_domains, self.hidden_size, self.coordinates = num_domains, hidden, coordinates
        self.mask_ratio, self.max_seq_len = mask_ratio, max_seq_len
        self.tokenizer_fingerprint = tokenizer_fingerprint
        self._dropout_share = dropout
        self.token_embedding = FactorisedEmbedding(joint_vocab_size, hidden, spectral_codes)
        self.coordinate_embedding = nn.Linear(coordinates, hidden)
        self.domain_embedding = nn.Embedding(num_domains, hidden)
        self.position_embedding = nn.Embedding(max_seq_len, hidden)
        self.stride_embedding = nn.Linear(1, hidden)
        self.dropout = nn.Dropout(dropout)
        self.relative_bias = RelativeBias(math.isqrt(max_seq_len), config.num_attention_heads, learned=False)
        self.density_bias = RelativeBias(math.isqrt(max_seq_len), 2, learned=True)
        self.density = DensityHead(hidden, coordinates)
        nn.init.normal_(self.domain_embedding.weight, std=0.02)
        nn.init.zeros_(self.stride_embedding.weight)
        self.position_embedding.weight.data.copy_(0.1 * sine_positions(max_seq_len, hidden))
        self._replace_vocabulary(hidden)

    def _replace_vocabulary(self, hidden: int) -> None:
        """Words make room for joint tokens; what remains of the words takes no part in training."""
        predictions: Any = self.encoder.cls.predictions
        predictions.decoder = FactorisedDecoder(hidden, self.spectral_codes, self.spatial_codes)
        predictions.bias.requires_grad_(False)
        self.encoder.bert.embeddings.word_embeddings.weight.requires_grad_(False)
        self.encoder.config.vocab_size = self.joint_vocab_size

    def mask_tokens(
        self, joint_ids: Tensor, mask_ratio: float | None = None, strategy: str = "structured"
    ) -> tuple[Tensor, Tensor]:
        """Hide tokens.

        Args:
            joint_ids: (batch, T).
            mask_ratio: Share to hide; the model's own when not given.
            strategy: ``structured`` hides blocks of neighbours, ``random`` single tokens.

        Returns:
            ``masked_input_ids`` (batch, T), and ``labels`` (batch, T): the id where hidden, -100 elsewhere.
        """
        ratio = self.mask_ratio if mask_ratio is None else mask_ratio
        masked = draw_mask(joint_ids.shape[0], joint_ids.shape[1], ratio, strategy, joint_ids.device)
        return joint_ids.masked_fill(masked, self.mask_token_id), joint_ids.masked_fill(~masked, IGNORED)

    @overload
    def forward(self, tokens: Tensor, domain_ids: Tensor, pretrain: Literal[True] = True) -> tuple[Tensor, ...]: ...

    @overload
    def forward(self, tokens: Tensor, domain_ids: Tensor, pretrain: Literal[False]) -> Tensor: ...

    def forward(self, tokens: Tensor, domain_ids: Tensor, pretrain: bool = True) -> tuple[Tensor, ...] | Tensor:
        """Encode sequences.

        Args:
            tokens: (batch, T) joint ids.
            domain_ids: (batch,); a number that training did not know counts as an average domain.
            pretrain: Hide tokens and predict them.

        Returns:
            ``loss``, ``logits`` (batch, T, joint_vocab_size), ``hidden_states`` (batch, T, hidden_size); without
            ``pretrain`` the hidden states alone.
        """
        if not pretrain:
            return self.encode(tokens, domain_ids)
        masked_ids, labels = self.mask_tokens(tokens)
        hidden = self.encode(masked_ids, domain_ids)
        log_spectral, log_spatial = self.log_probabilities(hidden)
        chosen = labels != IGNORED
        k, m = self.token_embedding.halves(labels[chosen])
        loss = functional.nll_loss(log_spectral[chosen], k) + functional.nll_loss(log_spatial[chosen], m)
        logits = (log_spatial.unsqueeze(-1) + log_spectral.unsqueeze(-2)).flatten(-2)
        return loss, logits, hidden

    def encode(self, tokens: Tensor, domain_ids: Tensor) -> Tensor:
        """Last hidden states (batch, T, hidden_size) of joint ids, of which some may be the mask."""
        length = tokens.shape[1]
        if length > self.max_seq_len:
            raise CodedError(
                f"The sequence has {length} tokens, the encoder takes {self.max_seq_len}.",
                code="hsi.sequence_too_long",
                hint="Use smaller patches, or train an encoder with a larger max_seq_len.",
                where="max_seq_len",
            )
        embedded = self._embed(self.token_embedding(tokens), domain_ids)
        side = math.isqrt(length)
        bias = self.relative_bias(side) if side * side == length else None
        states: Tensor = self.encoder.bert(inputs_embeds=embedded, attention_mask=bias).last_hidden_state
        return states

    def log_probabilities(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """log p(k) (..., K_s) and log p(m) (..., K_x) from last hidden states. log p(joint id) is their sum."""
        predictions: Any = self.encoder.cls.predictions
        found: tuple[Tensor, Tensor] = predictions.decoder.log_probabilities(predictions.transform(hidden))
        return found

    def predict(self, windows: Windows, *, with_ids: bool = True) -> Prediction:
        """What the surroundings say about the hidden places of windows.

        The last layer is computed at these places alone.

        Args:
            windows: See `Windows`.
            with_ids: Also predict ids; without, both log-probabilities are empty.
        """
        side, hidden = math.isqrt(windows.spectral.shape[1]), windows.hidden
        tokens = self.token_embedding.of_halves(
            windows.spectral.masked_fill(hidden, self.spectral_codes),
            windows.spatial.masked_fill(hidden, self.spatial_codes),
        )
        seen = windows.coordinates.masked_fill(hidden.unsqueeze(-1), 0.0)
        tokens = tokens + self.coordinate_embedding(seen) * ~hidden.unsqueeze(-1)
        tokens = tokens + self.stride_embedding(windows.stride.log2()[:, None, None])
        states = self.encoder.bert.embeddings(inputs_embeds=self._embed(tokens, windows.domain_ids))
        bias = self.relative_bias(side)
        layers = self.encoder.bert.encoder.layer
        for layer in layers[:-1]:
            states = layer(states, bias)
        places = self._last_layer(layers[-1], states, windows.places, bias)
        predictions: Any = self.encoder.cls.predictions
        transformed = predictions.transform(places)
        distance_bias = self.density_bias(side)[0][:, windows.places]
        density = self.density(transformed, states, seen, hidden, distance_bias)
        if not with_ids:
            empty = transformed.new_zeros(0)
            return Prediction(density, empty, empty)
        return Prediction(density, *predictions.decoder.log_probabilities(transformed))

    def _last_layer(self, layer: nn.Module, states: Tensor, places: Tensor, bias: Tensor) -> Tensor:
        """A BERT layer at some places: (batch, Q, hidden_size)."""
        attention: Any = layer.attention
        own = attention.self
        wanted = states.gather(1, places.unsqueeze(-1).expand(-1, -1, states.shape[-1]))
        heads = (-1, own.num_attention_heads, own.attention_head_size)
        query = own.query(wanted).unflatten(-1, heads[1:]).transpose(1, 2)
        key = own.key(states).unflatten(-1, heads[1:]).transpose(1, 2)
        value = own.value(states).unflatten(-1, heads[1:]).transpose(1, 2)
        place_bias = bias[0][:, places].transpose(0, 1).to(query.dtype)
        dropout = own.dropout.p if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, place_bias, dropout_p=dropout)
        out: Tensor = layer.feed_forward_chunk(attention.output(mixed.transpose(1, 2).flatten(2), wanted))  # type: ignore[operator]
        return out

    def _embed(self, tokens: Tensor, domain_ids: Tensor) -> Tensor:
        positions = self.position_embedding(torch.arange(tokens.shape[1], device=tokens.device)).unsqueeze(0)
        embedded: Tensor = self.dropout(tokens + self._domains(domain_ids).unsqueeze(1) + positions)
        return embedded

    def _domains(self, domain_ids: Tensor) -> Tensor:
        """(batch, hidden_size). In training some domains are forgotten, so that the average one means something."""
        unknown = (domain_ids < 0) | (domain_ids >= self.num_domains)
        if self.training:
            unknown = unknown | (torch.rand(domain_ids.shape, device=domain_ids.device) < _DOMAIN_DROPOUT)
        known = self.domain_embedding(domain_ids.clamp(0, self.num_domains - 1))
        neutral = self.domain_embedding.weight.mean(0)
        return torch.where(unknown.unsqueeze(-1), neutral, known)

    def fingerprint(self) -> str:
        """SHA-256 of the weights."""
        return storage.fingerprint(self.state_dict())

    def save_pretrained(self, folder: str | Path) -> None:
        """Leave ``encoder.safetensors`` and ``encoder.json``."""
        facts = {
            "joint_vocab_size": self.joint_vocab_size,
            "spectral_codes": self.spectral_codes,
            "num_domains": self.num_domains,
            "mask_ratio": self.mask_ratio,
            "max_seq_len": self.max_seq_len,
            "coordinates": self.coordinates,
            "dropout": self._dropout_share,
            "tokenizer_fingerprint": self.tokenizer_fingerprint,
            "bert": {key: getattr(self.encoder.config, key) for key in _KEPT_CONFIG},
            "fingerprint": self.fingerprint(),
        }
        storage.write_network(Path(folder), STEM, self, facts)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """The encoder of a folder, in evaluation mode; nothing else is loaded.

        Raises:
            WeightFileError: A file is missing or damaged.
            WeightMismatchError: The tensors do not fit the description.
        """
        facts = storage.read_facts(Path(folder), STEM)
        try:
            encoder = cls(
                facts["joint_vocab_size"],
                facts["num_domains"],
                "",
                False,
                facts["mask_ratio"],
                facts["max_seq_len"],
                spectral_codes=facts["spectral_codes"],
                coordinates=facts["coordinates"],
                dropout=facts["dropout"],
                tokenizer_fingerprint=facts["tokenizer_fingerprint"],
                _bert_config={key: facts["bert"][key] for key in _KEPT_CONFIG},
            )
        except (KeyError, TypeError, ValueError) as error:
            raise WeightMismatchError(
                "encoder.json does not describe an encoder.", hint="Export the weight again.", where=f"{STEM}.json"
            ) from error
        storage.load_state(encoder, storage.read_tensors(Path(folder) / f"{STEM}.safetensors"), STEM)
        return encoder.eval()
