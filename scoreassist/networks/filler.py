"""What every model can do: fill the hidden cells of a grid. A chain of fillers is a filler."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from scoreassist.grid.voices import Grid
from scoreassist.sampling import SamplingOptions


@dataclass(frozen=True)
class Task:
    """A grid with holes.

    Attributes
    ----------
    grid : Grid
        Its `known` says which cells are given; all others are to be chosen.
    rest : bool array (4, ticks)
        Hidden cells that must be silent.
    rhythm : int array (4, ticks)
        Articulation that hidden cells must have: `scoreassist.grid.passage.HOLD`, `STRIKE` or `FREE`.
    """

    grid: Grid
    rest: np.ndarray
    rhythm: np.ndarray

    @property
    def hidden(self) -> np.ndarray:
        """Cells to be chosen, bool (4, ticks)."""
        return ~self.grid.known


@dataclass(frozen=True)
class Filling:
    """A filled grid.

    Attributes
    ----------
    grid : Grid
        Every cell known; the cells that were known before are unchanged.
    log_prob : float array (4, ticks)
        Nats, of each chosen cell (pitch and articulation) under the model; 0 elsewhere.
    drawn : bool array (4, ticks)
        Cells that were drawn; those that were settled beforehand are not.
    gave_way : dict of str to int
        Rules that left no note to choose, and how often they gave way.
    transposition : int
        Semitones by which the grid was moved to where the model is at home; already undone.
    """

    grid: Grid
    log_prob: np.ndarray
    drawn: np.ndarray
    gave_way: dict[str, int] = field(default_factory=dict)
    transposition: int = 0


class Filler(Protocol):
    """Anything that fills grids."""

    def fill(self, task: Task, options: SamplingOptions) -> Filling:
        """Choose every hidden cell; known cells come back unchanged."""
        ...
