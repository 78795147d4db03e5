"""What every model can do: fill the hidden cells of a grid. A chain of fillers is a filler."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.sampling import SamplingOptions
from scoreassist.sampling.options import groups
from scoreassist.score.metre import BEAT
from scoreassist.theory.analysis import local_keys
from scoreassist.theory.cadence import tonic
from scoreassist.theory.harmony import OTHER, chord_class
from scoreassist.theory.passages import Corpus
from scoreassist.theory.resolution import NO_TONIC
from scoreassist.wishes.demands import MIDI, Demands


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
    demands : Demands, optional
        What the user wishes of hidden cells.
    settled : bool array (4, ticks), optional
        Known cells that are not given but were settled beforehand: what follows may hold them on.
    corpus : Corpus, optional
        From which no more is to be copied than the demands say.
    """

    grid: Grid
    rest: np.ndarray
    rhythm: np.ndarray
    demands: Demands | None = None
    corpus: Corpus | None = None
    settled: np.ndarray | None = None

    @property
    def hidden(self) -> np.ndarray:
        """Cells to be chosen, bool (4, ticks)."""
        return ~self.grid.known

    @property
    def given(self) -> np.ndarray:
        """Cells that are given, and not merely settled: bool (4, ticks)."""
        return self.grid.known if self.settled is None else self.grid.known & ~self.settled

    def only(self, rows: tuple[int, ...]) -> Task:
        """Some of the voices."""
        voices = list(rows)
        settled = None if self.settled is None else self.settled[voices]
        return replace(
            self, grid=self.grid.only(rows), rest=self.rest[voices], rhythm=self.rhythm[voices], settled=settled
        )

    def cut(self, first: int, end: int) -> Task:
        """The ticks from `first` to `end`."""
        span = slice(first, end)
        demands = self.demands.cut(first, end) if self.demands is not None else None
        return replace(
            self,
            grid=self.grid.cut(first, end),
            rest=self.rest[:, span],
            rhythm=self.rhythm[:, span],
            demands=demands,
            settled=None if self.settled is None else self.settled[:, span],
        )


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

    def best(self, answers: int = 1) -> list[int]:
        """The best candidate of each of as many groups, the best of all first; no two the same, if possible."""
        indices = list(range(len(self)))
        rank = {index: place for place, index in enumerate(self.ranked())}
        chosen: list[int] = []
        for group in groups(len(self), answers):
            by_rank = sorted(indices[group], key=rank.__getitem__)
            new = (i for i in by_rank if not any((self.pitch[i] == self.pitch[j]).all() for j in chosen))
            chosen.append(next(new, by_rank[0]))
        return sorted(chosen, key=rank.__getitem__)

    def ranked(self) -> list[int]:
        """From the candidate for which the fewest rules gave way, and the most consonant and likely one, on."""
        grid = self.task.grid
        broken = sum(self.gave_way.values(), np.zeros(len(self), dtype=np.int64))
        likely = self.log_prob.sum((1, 2)) / max(int(self.drawn.sum()), 1)
        beats = (grid.level <= BEAT) & self.drawn.any(axis=0)
        clash = [
            float((chord_class(pitch)[beats] == OTHER).mean()) if beats.any() else 0.0 for pitch in self.pitch
        ]
        return sorted(range(len(self)), key=lambda i: (broken[i], clash[i] - likely[i], i))

    def only(self, chosen: list[int]) -> Candidates:
        """Some of them."""
        return replace(
            self,
            pitch=self.pitch[chosen],
            struck=self.struck[chosen],
            log_prob=self.log_prob[chosen],
            gave_way={name: counts[chosen] for name, counts in self.gave_way.items()},
        )

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

    def answers(self, task: Task, options: SamplingOptions) -> list[Filling]:
        """As many fillings as the options say, the best first."""
        ...


def tonics_of(task: Task) -> np.ndarray:
    """Pitch class of the tonic at each tick, for a draft: as the user wishes, or as all that is known says.

    Returns
    -------
    int array (ticks,)
        `NO_TONIC` where nothing says it.
    """
    if task.demands is not None and task.demands.tonic is not None:
        return np.full(task.grid.ticks, task.demands.tonic)
    key = tonic(task.grid)
    return np.full(task.grid.ticks, NO_TONIC if key is None else key[0])


def keys_heard(grid: Grid, pitch: np.ndarray) -> np.ndarray:
    """Pitch class of the tonic in force at each tick of a grid with these notes: int (4, ticks) to (ticks,)."""
    if (grid.fifths == NO_KEY).any():
        return np.full(grid.ticks, NO_TONIC)
    return local_keys(replace(grid, pitch=pitch, known=np.ones_like(grid.known)))[0]


def free_bass(task: Task) -> np.ndarray | None:
    """MIDI numbers that the user lets the bass have, to be settled at the end: bool (ticks, 128); None for all.

    Where leaps or the number of notes are limited, or another key is wished for, nothing can be settled.
    """
    demands = task.demands
    if demands is None:
        return None
    bass = [mask[-1] for mask in demands.pitch.values()]
    allowed = np.logical_and.reduce([np.ones((task.grid.ticks, MIDI), dtype=bool), *bass])
    if demands.max_leap is not None or demands.density is not None:
        allowed[:] = False
    if demands.tonic is not None:
        allowed &= np.arange(MIDI) % 12 == demands.tonic
    return np.asarray(allowed)


def answer_spans(
    filler: Filler, task: Task, spans: Iterable[tuple[int, int]], options: SamplingOptions
) -> list[Filling]:
    """Several fillings of some stretches of a grid, each for itself; what is hidden elsewhere stays unknown.

    Parameters
    ----------
    filler : Filler
    task : Task
    spans : iterable of (first tick, end)
    options : SamplingOptions
    """
    empty = Filling(task.grid, np.zeros(task.grid.pitch.shape), np.zeros_like(task.grid.known))
    wholes = [empty] * options.answers
    for first, end in spans:
        parts = filler.answers(task.cut(first, end), options)
        wholes = [_pasted(whole, part, first, end) for whole, part in zip(wholes, parts, strict=True)]
    return wholes


def _pasted(whole: Filling, part: Filling, first: int, end: int) -> Filling:
    """A filling with a stretch of it from another one."""
    old, span = whole.grid, slice(first, end)
    arrays = {name: getattr(old, name).copy() for name in ("pitch", "struck", "known")}
    arrays["pitch"][:, span], arrays["struck"][:, span] = part.grid.pitch, part.grid.struck
    arrays["known"][:, span] = True
    log_prob, drawn = whole.log_prob.copy(), whole.drawn.copy()
    log_prob[:, span], drawn[:, span] = part.log_prob, part.drawn
    gave_way = {name: whole.gave_way.get(name, 0) + part.gave_way.get(name, 0) for name in part.gave_way}
    shift = max(whole.transposition, part.transposition, key=abs)
    return Filling(replace(old, **arrays), log_prob, drawn, whole.gave_way | gave_way, shift)
