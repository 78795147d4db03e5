"""Grids to the arrays that a recurrent network reads, with everything that can be known of the past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from scoreassist.grid.vocabulary import REST, REST_PITCH, UNKNOWN, tokens
from scoreassist.grid.voices import LEVEL_UNKNOWN, NO_KEY, Grid
from scoreassist.networks.anticipation_rnn import HOLD_EDGES, LEVEL_END, Batch

FERMATA_UNKNOWN = 2
KEY_UNKNOWN = 12
END_TICKS = 4  # ticks after the end, so that the constraint LSTM sees it coming


@dataclass(frozen=True)
class Cells:
    """One grid as network inputs; arrays (voices, ticks) and (ticks,), as in `Batch`."""

    token: np.ndarray
    struck: np.ndarray
    known: np.ndarray
    previous: np.ndarray
    earlier: np.ndarray
    hold: np.ndarray
    level: np.ndarray
    key: np.ndarray
    fermata: np.ndarray

    @property
    def ticks(self) -> int:
        """Number of ticks."""
        return int(self.level.shape[0])


def hold_bucket(ticks: np.ndarray) -> np.ndarray:
    """Bucket of a time held in ticks; 0 for none."""
    return np.searchsorted(np.array(HOLD_EDGES), ticks, side="right")


def past(token: np.ndarray, struck: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is known of each voice's past at each tick.

    Parameters
    ----------
    token : int array (voices, ticks)
    struck : bool array (voices, ticks)

    Returns
    -------
    previous, earlier, length : int arrays (voices, ticks)
        Token before; last token different from that; ticks that it has been held.
    """
    voices, ticks = token.shape
    previous = np.full((voices, ticks), REST, dtype=np.int64)
    earlier = np.full((voices, ticks), UNKNOWN, dtype=np.int64)
    length = np.zeros((voices, ticks), dtype=np.int64)
    for t in range(1, ticks):
        now = token[:, t - 1]
        begins = struck[:, t - 1] | (now != previous[:, t - 1])
        previous[:, t] = now
        earlier[:, t] = np.where(now != previous[:, t - 1], previous[:, t - 1], earlier[:, t - 1])
        length[:, t] = np.where(now >= REST, 0, np.where(begins, 1, length[:, t - 1] + 1))
    return previous, earlier, length


def cells(grid: Grid, known: np.ndarray, *, bare: bool = False) -> Cells:
    """Network inputs of a grid.

    Parameters
    ----------
    grid : Grid
        Cells that its own `known` marks False are `UNKNOWN` to the network too.
    known : bool array (4, ticks)
        Cells given as constraints.
    bare : bool
        Leave out metre, key, fermatas, the end of the piece, and repeated notes.
    """
    token = tokens(grid.pitch, grid.known)
    struck = grid.struck
    if bare:
        struck = np.ones_like(struck)
        struck[:, 1:] = token[:, 1:] != token[:, :-1]
    struck = struck & (grid.pitch != REST_PITCH)
    previous, earlier, length = past(token, struck)
    if bare:
        level = np.full(grid.ticks, LEVEL_UNKNOWN)
        key = np.full(grid.ticks, KEY_UNKNOWN)
        fermata = np.full(grid.ticks, FERMATA_UNKNOWN)
    else:
        level = grid.level
        key = np.where(grid.fifths == NO_KEY, KEY_UNKNOWN, grid.fifths % 12)
        fermata = grid.fermata.astype(np.int64)
        if not grid.fermata.any():
            fermata = np.full(grid.ticks, FERMATA_UNKNOWN)
    return Cells(
        token,
        struck.astype(np.int64),
        known & grid.known,
        previous,
        earlier,
        hold_bucket(length),
        level,
        key,
        fermata,
    )


def end_padded(item: Cells, ticks: int, *, bare: bool = False) -> Cells:
    """The same cells with `ticks` more after the end, where nothing is to be learned."""

    def pad(array: np.ndarray, value: int) -> np.ndarray:
        return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, ticks)], constant_values=value)

    return Cells(
        pad(item.token, UNKNOWN),
        pad(item.struck, 0),
        pad(item.known, 0),
        pad(item.previous, UNKNOWN),
        pad(item.earlier, UNKNOWN),
        pad(item.hold, 0),
        pad(item.level, LEVEL_UNKNOWN if bare else LEVEL_END),
        pad(item.key, KEY_UNKNOWN),
        pad(item.fermata, FERMATA_UNKNOWN),
    )


def collate(items: list[Cells]) -> Batch:
    """Cells of equal length as one `Batch`."""

    def stack(name: str) -> torch.Tensor:
        return torch.from_numpy(np.stack([getattr(item, name) for item in items]))

    return Batch(*(stack(name) for name in Batch.__dataclass_fields__))


def collate_padded(items: list[Cells], *, bare: bool = False) -> Batch:
    """Cells of any lengths as one `Batch`, each padded after its end to the longest (and at least `END_TICKS`)."""
    longest = max(item.ticks for item in items) + (0 if bare else END_TICKS)
    return collate([end_padded(item, longest - item.ticks, bare=bare) for item in items])
