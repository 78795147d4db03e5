"""What every model can do: fill the hidden cells of a grid. A chain of fillers is a filler."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from scoreassist.grid.voices import Grid
from scoreassist.sampling import SamplingOptions
from scoreassist.score.metre import BEAT
from scoreassist.theory.harmony import OTHER, chord_class


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

    def only(self, rows: tuple[int, ...]) -> Task:
        """Some of the voices."""
        voices = list(rows)
        return Task(self.grid.only(rows), self.rest[voices], self.rhythm[voices])

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


@dataclass(frozen=True)
class Candidates:
    """Several fillings of one task, N in number.

    Attributes
    ----------
    task : Task
    pitch, struck : int and bool arrays (N, 4, ticks)
        As in `Grid`; every cell known, those of the task as they were.
    log_prob : float array (N, 4, ticks)
    drawn : bool array (4, ticks)
    gave_way : dict of str to int array (N,)
    transposition : int
        As in `Filling`.
    """

    task: Task
    pitch: np.ndarray
    struck: np.ndarray
    log_prob: np.ndarray
    drawn: np.ndarray
    gave_way: dict[str, np.ndarray] = field(default_factory=dict)
    transposition: int = 0

    def __len__(self) -> int:
        return len(self.pitch)

    def best(self) -> int:
        """The candidate for which the fewest rules gave way, then the most consonant and likely one."""
        grid = self.task.grid
        broken = sum(self.gave_way.values(), np.zeros(len(self), dtype=np.int64))
        likely = self.log_prob.sum((1, 2)) / max(int(self.drawn.sum()), 1)
        beats = (grid.level <= BEAT) & self.drawn.any(axis=0)
        clash = [
            float((chord_class(pitch)[beats] == OTHER).mean()) if beats.any() else 0.0 for pitch in self.pitch
        ]
        return min(range(len(self)), key=lambda i: (broken[i], clash[i] - likely[i], i))

    def filling(self, index: int) -> Filling:
        """One of them."""
        grid = self.task.grid
        whole = replace(grid, pitch=self.pitch[index], struck=self.struck[index], known=np.ones_like(grid.known))
        gave_way = {name: int(counts[index]) for name, counts in self.gave_way.items() if int(counts[index])}
        return Filling(whole, self.log_prob[index], self.drawn, gave_way, self.transposition)


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
