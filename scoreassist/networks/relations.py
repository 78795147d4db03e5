"""Pitches as intervals: the same music in another key, or at another height, looks the same.

With a hundred thousand ticks to learn from, what is learned of one key should hold in all of them (Huang et al.,
*Music Transformer*, ICLR 2019, section 4, find the same of relations of pitch). So a network reads pitches also as
intervals from a reference, and writes part of its logits over intervals from it.

Shapes: N rows, V voices.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from scoreassist.grid.vocabulary import INPUTS, LOWEST, PITCHES, REST, UNKNOWN
from scoreassist.networks.memory import HALF_LIVES

FARTHEST_READ, FARTHEST_WRITTEN = 36, 24  # semitones
INTERVALS = 2 * FARTHEST_READ + 3  # those read, silence, and unknown
LEAPS = 2 * FARTHEST_WRITTEN + 1  # those written
CLASSES = 13  # pitch classes above the reference, and unknown


class Relations(nn.Module):
    """Tables that turn tokens into intervals and logits over intervals into logits over pitches. No weights."""

    interval: Tensor
    leap: Tensor
    tonic: Tensor
    turn: Tensor

    def __init__(self) -> None:
        super().__init__()
        token = torch.arange(INPUTS)
        reference = token.unsqueeze(1)
        far = FARTHEST_READ
        sounding = (token < REST) & (reference < REST)
        interval = torch.where(sounding, (token - reference).clamp(-far, far) + far, 2 * far + 2)
        interval = torch.where(token == REST, 2 * far + 1, interval)
        leap = torch.arange(PITCHES) - reference + FARTHEST_WRITTEN
        leap = torch.where((reference < REST) & (leap >= 0) & (leap < LEAPS), leap, LEAPS)
        root = torch.where(token < REST, (token + LOWEST) % 12, 0).unsqueeze(1)
        key = torch.arange(CLASSES)
        tonic = torch.where((key < 12) & (reference < REST), (7 * key - root) % 12, 12)
        turn = (torch.arange(12) + root) % 12
        turn = torch.cat([turn + 12 * i for i in range(len(HALF_LIVES))], 1)
        for name, table in (("interval", interval), ("leap", leap), ("tonic", tonic), ("turn", turn)):
            self.register_buffer(name, table, persistent=False)

    def seen(self, tokens: Tensor, reference: Tensor) -> Tensor:
        """Tokens (N, places) as indices of intervals from a reference (N,)."""
        return self.interval[reference.unsqueeze(1), tokens]

    def turned(self, profile: Tensor, reference: Tensor) -> Tensor:
        """Profiles (N, PROFILE) that begin at the reference's (N,) pitch class instead of C."""
        return profile.gather(1, self.turn[reference])

    def placed(self, logits: Tensor, reference: Tensor) -> Tensor:
        """Logits over intervals (N, LEAPS) as logits over pitches (N, PITCHES); 0 out of reach."""
        padded = torch.nn.functional.pad(logits, (0, 1))
        return padded.gather(1, self.leap[reference])


def first_sounding(*tokens: Tensor) -> Tensor:
    """Of several tensors of tokens the first that is a pitch, cell by cell; `UNKNOWN` if none is."""
    chosen = torch.full_like(tokens[0], UNKNOWN)
    for token in reversed(tokens):
        chosen = torch.where(token < REST, token, chosen)
    return chosen
