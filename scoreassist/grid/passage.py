"""From regions to cells that a model must choose."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from scoreassist.grid.holes import (
    FREE,
    HOLD,
    STRIKE,
    asked_to_sing,
    indivisible,
    keep_whole,
    leave_odd_measures,
    own_end,
    region_ticks,
    strike_after_jumps,
    strike_syllables,
)
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid, encode, left_out
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.regions import Region
from scoreassist.score.singers import Choir
from scoreassist.score.timeline import Timeline
from scoreassist.writing.lyrics import Moment


@dataclass(frozen=True)
class Passage:
    """A score's choir as a grid with holes.

    Attributes
    ----------
    timeline : Timeline
    choir : Choir
    grid : Grid
        `known` is False in the holes, and where a voice is missing altogether.
    fill : bool array (4, ticks)
        Holes that are to be written.
    rest : bool array (4, ticks)
        Holes that must be silent, because every given voice is.
    rhythm : int array (4, ticks)
        `STRIKE` where a syllable begins, `HOLD` or `STRIKE` where a slash notehead keeps its rhythm, else `FREE`.
    kept : bool array (4, ticks)
        What regions cover and no hole could open: a note that reaches over their edge, a measure off the grid.
    """

    timeline: Timeline
    choir: Choir
    grid: Grid
    fill: np.ndarray
    rest: np.ndarray
    rhythm: np.ndarray
    kept: np.ndarray

    def segments(self, voice: int) -> Iterator[tuple[int, int, int]]:
        """Stretches to write: (measure, first tick, end), ticks counted from the measure's start."""
        for measure in self.timeline.measures:
            first, end = self.grid.measure_ticks(measure.index)
            row = np.concatenate([[False], self.fill[voice, first:end], [False]])
            edges = np.flatnonzero(row[1:] != row[:-1])
            for a, b in zip(edges[::2], edges[1::2], strict=True):
                yield measure.index, int(a), int(b)

    def stretches(self, cells: np.ndarray, by: str) -> list[Region]:
        """Cells, bool (4, ticks), as regions."""
        regions = []
        for voice, row in enumerate(cells):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]]).astype(int)))
            for first, end in zip(edges[::2], edges[1::2], strict=True):
                regions.append(Region(voice, self._moment(int(first)), self._moment(int(end)), by))
        return regions

    def _moment(self, tick: int) -> Fraction:
        """When a tick begins, in quarters from the start of the score."""
        if tick == self.grid.ticks:
            return self.timeline.measures[-1].onset + self.timeline.measures[-1].length
        measure = self.timeline.measures[int(self.grid.measure[tick])]
        return measure.onset + Fraction(tick - self.grid.measure_ticks(measure.index)[0], TICKS_PER_QUARTER)

    def with_syllables(self, moments: Collection[Moment]) -> Passage:
        """The same, all voices beginning a note at moments."""
        rhythm = self.rhythm.copy()
        for tick in map(self._tick, moments):
            cells = self.fill[:, tick : tick + 1] & (rhythm[:, tick : tick + 1] == FREE)
            rhythm[:, tick : tick + 1][cells] = STRIKE
        return replace(self, rhythm=rhythm)

    def held_on_syllables(
        self, filled: Grid, sung: Mapping[int, Collection[tuple[Moment, Moment]]], leader: int | None
    ) -> Grid:
        """New notes that only repeat the one before on the same syllable, held instead.

        Parameters
        ----------
        filled : Grid
        sung : by voice
            Beginning and end of each syllable.
        leader : int or None
            The voice whose words the others share: where it repeats a note without a new syllable, so may they.
        """
        within = np.zeros_like(self.fill)
        for voice, syllables in sung.items():
            for begin, end in syllables:
                within[voice, self._tick(begin) + 1 : self._tick(end)] = True
        within[:, 1:] &= self.fill[:, 1:] & self.fill[:, :-1] & (self.rhythm[:, 1:] != STRIKE)
        repeated = np.zeros_like(filled.struck)
        same = (filled.pitch[:, 1:] == filled.pitch[:, :-1]) & (filled.pitch[:, 1:] != REST_PITCH)
        repeated[:, 1:] = filled.struck[:, 1:] & same
        if leader is not None:
            within[np.arange(len(within)) != leader] &= ~repeated[leader]
        return replace(filled, struck=filled.struck & ~(repeated & within))

    def _tick(self, moment: Moment) -> int:
        return self.grid.measure_ticks(moment[0])[0] + math.floor(moment[1] * TICKS_PER_QUARTER)


def build_passage(timeline: Timeline, choir: Choir, regions: list[Region]) -> Passage:
    """Put a choir on a grid and open the holes that regions ask for.

    A note that reaches beyond a region, itself or through its ties, is kept whole; so are notes and rests that
    begin or end between sixteenths, unless a region covers all that share a sixteenth with them. Notes that take
    the place of others begin where a syllable of those does, which they get.

    Raises
    ------
    UnsupportedError
        Somebody has marked a measure that does not last a whole number of sixteenths, or changes its divisions.
    """
    grid = encode(timeline, choir)
    fill = np.zeros_like(grid.known)
    rhythm = np.full(grid.known.shape, FREE)
    for region in regions:
        for tick, stop in region_ticks(timeline, grid, region):
            if grid.measure[tick] >= len(choir.singers[region.voice].part.measures):
                break  # the part has no such measure to write into
            stop = min(stop, own_end(timeline, grid, choir.singers[region.voice], tick))
            fill[region.voice, tick:stop] = True
            if region.by == "slashes":
                rhythm[region.voice, tick:stop] = HOLD
                rhythm[region.voice, tick] = STRIKE
    fill[:, left_out(timeline, choir)] = False
    asked = fill.copy()
    for voice, singer in choir.singers.items():
        keep_whole(fill[voice], list(indivisible(grid, singer)))
        marked = any(region.voice == voice and region.by != "empty" for region in regions)
        leave_odd_measures(timeline, grid, singer, fill[voice], marked)
        strike_syllables(grid, singer, fill[voice], rhythm[voice])
    strike_after_jumps(timeline, grid, fill, rhythm)
    known = grid.known & ~fill
    silent = known & (grid.pitch == REST_PITCH)
    everyone_rests = known.any(axis=0) & (silent == known).all(axis=0)
    rest = ~known & everyone_rests & ~asked_to_sing(timeline, grid, regions, everyone_rests)
    return Passage(timeline, choir, replace(grid, known=known), fill, rest, rhythm, asked & ~fill)
