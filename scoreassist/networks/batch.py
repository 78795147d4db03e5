"""What networks read: grids as tensors.

Shapes: B batch, V voices, T ticks.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from scoreassist.grid.vocabulary import UNKNOWN

# Metadata classes.
LEVELS = 8  # 0-4 metrical strength, 5 unknown, 6 after the end of the piece, 7 a beat of unknown strength
LEVEL_END, LEVEL_BEAT = 6, 7
KEYS = 13  # tonic of the key signature as a pitch class on the line of fifths; 12 unknown
FERMATAS = 3  # no, yes, unknown

# How long a note has been held, in ticks, as buckets: 0 is silence or unknown.
HOLD_EDGES = (1, 2, 3, 4, 6, 8, 12)
HOLDS = len(HOLD_EDGES) + 1

# How far ahead something is given, in ticks, as buckets: 0 is nowhere.
AHEAD_EDGES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
AHEADS = len(AHEAD_EDGES) + 1

HELD, STRUCK, HIDDEN = 0, 1, 2  # articulation of another voice at this tick, as a head sees it


@dataclass
class Batch:
    """Grids as the network reads them.

    Attributes
    ----------
    token : long (B, V, T)
        Pitch tokens, `UNKNOWN` where nothing is there to be learned.
    struck : long (B, V, T)
        `HELD` or `STRUCK`.
    known : bool (B, V, T)
        Cells given as constraints.
    previous : long (B, V, T)
        Token of the tick before; at the first tick of a piece `REST`.
    earlier : long (B, V, T)
        The last pitch that was different from `previous`, or `UNKNOWN`.
    hold : long (B, V, T)
        Bucket of how long `previous` has been held.
    echo, line : long (B, V, T)
    echo_match : long (B, T)
    line_match : long (B, V, T)
    profile : float (B, T, PROFILE)
        What is remembered of all ticks before; see `scoreassist.networks.memory`.
    coming, coming_in, change, change_in : long (B, V, T)
        What is known of the ticks after; see `scoreassist.networks.batches.ahead`.
    level, key, fermata : long (B, T)
    """

    token: Tensor
    struck: Tensor
    known: Tensor
    previous: Tensor
    earlier: Tensor
    hold: Tensor
    echo: Tensor
    echo_match: Tensor
    line: Tensor
    line_match: Tensor
    profile: Tensor
    level: Tensor
    key: Tensor
    fermata: Tensor
    coming: Tensor
    coming_in: Tensor
    change: Tensor
    change_in: Tensor

    def deafened(self) -> Batch:
        """The same, with nothing known of the ticks after."""
        nothing, nowhere = torch.full_like(self.coming, UNKNOWN), torch.zeros_like(self.coming)
        return replace(self, coming=nothing, change=nothing, coming_in=nowhere, change_in=nowhere)

    def cut(self, ticks: int) -> Batch:
        """The first ticks."""
        parts = {f.name: getattr(self, f.name) for f in fields(self)}
        profile = parts.pop("profile")
        return Batch(**{name: part[..., :ticks] for name, part in parts.items()}, profile=profile[:, :ticks])


def by_tick(cells: Tensor) -> Tensor:
    """(B, V, T) to (B * T, V)."""
    return cells.transpose(1, 2).flatten(0, 1)
