"""What DeepHear reads: rolls as tensors, all of them in one key.

A roll is moved so that the tonic of its key signature is C: what is learned in one key holds in all, exactly, and
27 rags say as much as they can. Sun (2015) reads each piece in its own key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scoreassist.grid.roll import KEYS, MEASURE_TICKS, Roll
from scoreassist.grid.vocabulary import REST_PITCH

OFF, HELD, STRUCK = 0, 1, 2  # what a cell can be
STATES = 3


@dataclass(frozen=True)
class Rolls:
    """A batch of rolls. Axes are (piece, tick, key).

    Attributes
    ----------
    state : int64 (n, ticks, 88)
        What is given: `OFF`, `HELD` or `STRUCK`; without meaning where nothing is.
    known : bool (n, ticks, 88)
        Cells that are given.
    place : int64 (n, ticks)
        Sixteenths since the start of the 2/4 measure.
    """

    state: Tensor
    known: Tensor
    place: Tensor


def home(fifths: np.ndarray) -> np.ndarray:
    """Semitones, -6 to 5, by which music in a key is moved to have its tonic on C."""
    return np.asarray((-7 * fifths + 6) % 12 - 6)


def shifted(cells: np.ndarray, semitones: np.ndarray, *, edge: bool = False) -> np.ndarray:
    """Cells (88, ticks) moved by so many semitones at each tick; those that leave the keyboard are lost.

    What comes in at its other end is False, or with `edge` as the last key.
    """
    rows = np.arange(KEYS)[:, None] - semitones[None]
    inside = (rows >= 0) & (rows < KEYS)
    return np.asarray(np.take_along_axis(cells, rows.clip(0, KEYS - 1), axis=0) & (inside | edge))


def arrays(roll: Roll, octaves: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """State (ticks, 88), known (ticks, 88) and place (ticks,) of a roll, moved home and by octaves."""
    way = home(roll.fifths) + 12 * octaves
    struck, sounding = shifted(roll.struck, way), shifted(roll.sounding, way)
    state = np.where(struck & sounding, STRUCK, np.where(sounding, HELD, OFF)).astype(np.int64)
    return state.T, shifted(roll.known, way, edge=True).T, roll.place


def stack(rolls: Sequence[Roll], octaves: Sequence[int] | int = 0) -> Rolls:
    """A batch of rolls of equal length, each moved by octaves."""
    ways = [octaves] * len(rolls) if isinstance(octaves, int) else octaves
    rows = [arrays(roll, way) for roll, way in zip(rolls, ways, strict=True)]
    state, known, place = (torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True))
    return Rolls(state, known, place)


def repeated(rolls: Rolls, times: int) -> Rolls:
    """A batch of one roll, as many times."""
    return Rolls(*(cells.expand(times, *cells.shape[1:]) for cells in (rolls.state, rolls.known, rolls.place)))


def padded(roll: Roll, ticks: int = 0) -> tuple[Roll, int]:
    """A roll of whole measures, at least so long, and how many ticks of silence were put in front.

    The silence in front of a pickup, and after the end, counts as known.
    """
    front = int(roll.place[0])
    length = max(-(-(front + roll.ticks) // MEASURE_TICKS) * MEASURE_TICKS, ticks)
    around = (front, length - front - roll.ticks)

    def extend(values: np.ndarray, fill: int | bool | None) -> np.ndarray:
        width = [(0, 0)] * (values.ndim - 1) + [around]
        if fill is None:
            return np.pad(values, width, mode="edge")
        return np.pad(values, width, constant_values=fill)

    longer = Roll(
        sounding=extend(roll.sounding, False),
        struck=extend(roll.struck, False),
        right=extend(roll.right, False),
        known=extend(roll.known, True),
        melody=extend(roll.melody, REST_PITCH),
        melody_struck=extend(roll.melody_struck, False),
        place=np.arange(length) % MEASURE_TICKS,
        fifths=extend(roll.fifths, None),
        measure=extend(roll.measure, None),
    )
    return longer, front
