"""What every model can do: fill the hidden cells of a grid. A chain of fillers is a filler."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
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
        Articulation that hidden cells must have: `scoreassist.grid.holes.HOLD`, `STRIKE` or `FREE`.
    """

    grid: Grid
    rest: np.ndarray
    rhythm: np.ndarray

    @property
    def hidden(self) -> np.ndarray:
        """Cells to be chosen, bool (4, ticks)."""
        return ~self.grid.known

    def cut(self, first: int, end: int) -> Task:
        """The ticks from `first` to `end`."""
        return Task(self.grid.cut(first, end), self.rest[:, first:end], self.rhythm[:, first:end])


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


def fill_spans(filler: Filler, task: Task, spans: Iterable[tuple[int, int]], options: SamplingOptions) -> Filling:
    """Fill some stretches of a grid, each for itself; what is hidden elsewhere stays unknown.

    Parameters
    ----------
    filler : Filler
    task : Task
    spans : iterable of (first tick, end)
    options : SamplingOptions
    """
    whole = Filling(task.grid, np.zeros(task.grid.pitch.shape), np.zeros_like(task.grid.known))
    for first, end in spans:
        part = filler.fill(task.cut(first, end), options)
        old = whole.grid
        grid = replace(old, pitch=old.pitch.copy(), struck=old.struck.copy(), known=old.known.copy())
        grid.pitch[:, first:end], grid.struck[:, first:end] = part.grid.pitch, part.grid.struck
        grid.known[:, first:end] = True
        whole.log_prob[:, first:end], whole.drawn[:, first:end] = part.log_prob, part.drawn
        gave_way = {name: whole.gave_way.get(name, 0) + part.gave_way.get(name, 0) for name in part.gave_way}
        shift = max(whole.transposition, part.transposition, key=abs)
        whole = replace(whole, grid=grid, gave_way=whole.gave_way | gave_way, transposition=shift)
    return whole
