"""DeepHear with a likelihood: a code for each eighth, an encoder that may see a part of the roll, a decoder.

The idea is Sun's (2015): all that a roll says goes through a narrow code, and a melody is harmonized by looking
for a code whose roll agrees with it (Briot & Pachet, *Music Generation by Deep Learning: Challenges and
Directions*, on input manipulation). What is new is the likelihood: cells are off, held or struck, the code is a
Gaussian for each eighth, and the same encoder that reads a whole roll (the posterior) reads one of which only the
melody is known (the prior), as in Ivanov, Figurnov & Vetrov, *Variational Autoencoder with Arbitrary Conditioning*
(2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scoreassist.grid.roll import KEYS, MEASURE_TICKS
from scoreassist.networks.deephear.cells import HELD, OFF, STATES, STRUCK, Rolls

PITCH_CLASSES = 12
LOWEST_PITCH_CLASS = 9  # key 0 is an A


@dataclass(frozen=True)
class DeepHearConfig:
    """Sizes of the network.

    Attributes
    ----------
    code : int
        Numbers a span.
    span : int
        Ticks that a code is for: an eighth has two, in which a rag strikes one chord as a rule.
    tick_units : int
        What a tick is embedded in.
    units, decoder_units : int
        Of each direction of the recurrent layers over spans, in the encoder and in the decoder, which is run at
        each step of the descent.
    layers : int
        Of those in the encoder, and in the decoder.
    dropout : float
    input_dropout : float
        Share of the ticks that the encoder does not see in training.
    """

    code: int = 32
    span: int = 2
    tick_units: int = 128
    units: int = 256
    decoder_units: int = 128
    layers: int = 2
    dropout: float = 0.4
    input_dropout: float = 0.1


@dataclass(frozen=True)
class Code:
    """Gaussian codes of a batch, one a span: mean and logarithm of the deviation, (n, spans, code) each."""

    mean: Tensor
    log_deviation: Tensor

    def at(self, noise: Tensor | float) -> Tensor:
        """The code that lies some deviations from the mean."""
        return self.mean + noise * self.log_deviation.exp()

    def divergence(self, other: Code) -> Tensor:
        """Kullback-Leibler divergence from another code to this one, nats (n, spans, code)."""
        ratio = 2 * (self.log_deviation - other.log_deviation)
        way = ((self.mean - other.mean) / other.log_deviation.exp()) ** 2
        return 0.5 * (ratio.exp() + way - 1 - ratio)


def pitch_class_matrix() -> Tensor:
    """Which pitch class each key has, (88, 12) zeros and ones."""
    return F.one_hot((torch.arange(KEYS) + LOWEST_PITCH_CLASS) % PITCH_CLASSES, PITCH_CLASSES).float()


class DeepHear(nn.Module):
    """Encoder and decoder of rolls of whole measures."""

    classes: Tensor

    def __init__(self, config: DeepHearConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("classes", pitch_class_matrix(), persistent=False)
        inputs = 4 * KEYS + 2 * PITCH_CLASSES
        self.embed = nn.Linear(inputs, config.tick_units)
        self.place = nn.Embedding(MEASURE_TICKS, config.tick_units)
        span = config.span * config.tick_units
        both = 2 * config.units
        self.span_in = nn.Linear(span, both)
        self.encoder = self._recurrent(config.units)
        self.code = nn.Linear(2 * both, 2 * config.code)
        both = 2 * config.decoder_units
        self.span_place = nn.Embedding(MEASURE_TICKS // config.span, both)
        self.code_in = nn.Linear(config.code, both)
        self.decoder = self._recurrent(config.decoder_units)
        self.span_out = nn.Linear(2 * both, span)
        self.place_out = nn.Embedding(MEASURE_TICKS, config.tick_units)
        self.tick_out = nn.Linear(config.tick_units, config.tick_units)
        self.keys_out = nn.Linear(config.tick_units, KEYS * STATES)
        self.classes_out = nn.Linear(config.tick_units, PITCH_CLASSES * STATES)
        self.dropout = nn.Dropout(config.dropout)

    def _recurrent(self, units: int) -> nn.LSTM:
        """Layers over spans, in both directions, as wide as what they read."""
        config = self.config
        return nn.LSTM(
            2 * units, units, config.layers, batch_first=True, bidirectional=True, dropout=config.dropout
        )

    def encode(self, rolls: Rolls) -> Code:
        """The code that the known cells of rolls let expect."""
        known = rolls.known
        if self.training and self.config.input_dropout:
            seen = torch.rand(rolls.place.shape, device=known.device) >= self.config.input_dropout
            known = known & seen[..., None]
        dtype = self.embed.weight.dtype
        struck = ((rolls.state == STRUCK) & known).to(dtype)
        held = ((rolls.state == HELD) & known).to(dtype)
        off = ((rolls.state == OFF) & known).to(dtype)
        hidden = (~known).to(dtype)
        read = torch.cat([struck, held, off, hidden, struck @ self.classes, held @ self.classes], dim=-1)
        tick = F.gelu(self.embed(read) + self.place(rolls.place))
        span = F.gelu(self.span_in(self.dropout(tick.unflatten(1, (-1, self.config.span)).flatten(2))))
        states, _ = self.encoder(self.dropout(span))
        both = self.code(self.dropout(torch.cat([states, span], dim=-1)))
        mean, log_deviation = both.float().chunk(2, dim=-1)
        return Code(mean, log_deviation.clamp(-5, 2))

    def decode(self, code: Tensor, place: Tensor) -> Tensor:
        """Logits of the states of all cells, (n, ticks, 88, 3), from codes (n, spans, code)."""
        first = place[:, :: self.config.span] // self.config.span
        span = F.gelu(self.code_in(code) + self.span_place(first))
        states, _ = self.decoder(self.dropout(span))
        out = self.span_out(self.dropout(torch.cat([states, span], dim=-1)))
        ticks = out.unflatten(-1, (self.config.span, -1)).flatten(1, 2)
        tick = F.gelu(self.tick_out(self.dropout(F.gelu(ticks + self.place_out(place)))))
        keys = self.keys_out(tick).unflatten(-1, (KEYS, STATES))
        classes = self.classes_out(tick).unflatten(-1, (PITCH_CLASSES, STATES))
        shared = torch.einsum("kc,ntcs->ntks", self.classes.to(classes.dtype), classes)
        logits: Tensor = (keys + shared).float()
        return logits


def negative_log_likelihood(logits: Tensor, state: Tensor) -> Tensor:
    """Nats of each cell, (n, ticks, 88)."""
    nats: Tensor = F.cross_entropy(logits.flatten(0, 2), state.flatten(), reduction="none").view_as(state)
    return nats
