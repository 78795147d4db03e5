"""From regions to cells that a model must choose, and from filled cells back to notes to be written."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from scoreassist.errors import UnsupportedError
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid, encode
from scoreassist.score.marks import Region
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import STEPS, Event, Timeline
from scoreassist.score.writing import STEP_NAMES, NewNote

FREE, HOLD, STRIKE = -1, 0, 1


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
        `HOLD` or `STRIKE` where a slash notehead keeps its rhythm, else `FREE`.
    """

    timeline: Timeline
    choir: Choir
    grid: Grid
    fill: np.ndarray
    rest: np.ndarray
    rhythm: np.ndarray

    def segments(self, voice: int) -> Iterator[tuple[int, int, int]]:
        """Stretches to write: (measure, first tick, end), ticks counted from the measure's start."""
        for measure in self.timeline.measures:
            first, end = self.grid.measure_ticks(measure.index)
            row = np.concatenate([[False], self.fill[voice, first:end], [False]])
            edges = np.flatnonzero(row[1:] != row[:-1])
            for a, b in zip(edges[::2], edges[1::2], strict=True):
                yield measure.index, int(a), int(b)


def build_passage(timeline: Timeline, choir: Choir, regions: list[Region]) -> Passage:
    """Put a choir on a grid and open the holes that regions ask for.

    A note that reaches beyond a region, itself or through its ties, is kept whole.

    Raises
    ------
    UnsupportedError
        A hole lies in a measure that does not last a whole number of sixteenths.
    """
    grid = encode(timeline, choir)
    fill = np.zeros_like(grid.known)
    rhythm = np.full(grid.known.shape, FREE)
    for region in regions:
        for tick, stop in _ticks(timeline, grid, region):
            fill[region.voice, tick:stop] = True
            if region.by == "slashes":
                rhythm[region.voice, tick:stop] = HOLD
                rhythm[region.voice, tick] = STRIKE
    for voice, singer in choir.singers.items():
        for onset, end in _straddling(timeline, singer, [r for r in regions if r.voice == voice]):
            region = Region(voice, onset, end, "")
            for tick, stop in _ticks(timeline, grid, region, outward=True):
                fill[voice, tick:stop] = False
        _refuse_odd_measures(timeline, grid, singer, fill[voice])
    known = grid.known & ~fill
    silent = known & (grid.pitch == REST_PITCH)
    everyone_rests = known.any(axis=0) & (silent == known).all(axis=0)
    rest = ~known & everyone_rests & ~_asked_to_sing(timeline, grid, regions, everyone_rests)
    return Passage(timeline, choir, replace(grid, known=known), fill, rest, rhythm)


def _asked_to_sing(
    timeline: Timeline, grid: Grid, regions: list[Region], everyone_rests: np.ndarray
) -> np.ndarray:
    """Cells of marked regions in measures where all given voices rest throughout: bool (4, ticks).

    Whoever marks such a measure wants notes there; one that is merely empty is a general pause.
    """
    asked = np.zeros_like(grid.known)
    for region in regions:
        if region.by != "empty":
            for tick, stop in _ticks(timeline, grid, region):
                first, end = grid.measure_ticks(int(grid.measure[tick]))
                asked[region.voice, tick:stop] = everyone_rests[first:end].all()
    return asked


def _ticks(timeline: Timeline, grid: Grid, region: Region, *, outward: bool = False) -> Iterator[tuple[int, int]]:
    """First tick and end of a region's share in each measure, rounded inwards (or outwards)."""
    lower, upper = (math.floor, math.ceil) if outward else (math.ceil, math.floor)
    measures = timeline.measures
    at = max(bisect_right(measures, region.start, key=lambda m: m.onset) - 1, 0)
    for measure in measures[at:]:
        if measure.onset >= region.end:
            break
        begin = max(region.start - measure.onset, Fraction(0))
        finish = min(region.end - measure.onset, measure.length)
        if finish <= begin:
            continue
        first, end = grid.measure_ticks(measure.index)
        tick = first + lower(begin * TICKS_PER_QUARTER)
        whole = finish == measure.length
        stop = end if whole else first + upper(finish * TICKS_PER_QUARTER)
        if stop > tick:
            yield tick, min(stop, end)


def _straddling(timeline: Timeline, singer: Singer, regions: list[Region]) -> Iterator[tuple[Fraction, Fraction]]:
    """Onset and end of notes (ties joined) that lie partly inside and partly outside the regions."""
    edges = _edges(regions)
    if not edges:
        return
    chains: list[tuple[Fraction, Fraction]] = []
    joined = False
    for index, events in enumerate(singer.measures):
        onset = timeline.measures[index].onset
        for event in events:
            if event.kind != "note":
                joined = False
                continue
            start, end = onset + event.offset, onset + event.end
            if joined and event.tied_from and chains and chains[-1][1] == start:
                chains[-1] = (chains[-1][0], end)
            else:
                chains.append((start, end))
            joined = event.tied_to
    for start, end in chains:
        if bisect_right(edges, start) < bisect_left(edges, end):
            yield start, end


def _edges(regions: list[Region]) -> list[Fraction]:
    """Where regions of one voice begin and end, in order; where one begins as another ends is no edge."""
    edges: list[Fraction] = []
    for region in sorted(regions, key=lambda r: (r.start, r.end)):
        if edges and region.start <= edges[-1]:
            edges[-1] = max(edges[-1], region.end)
        else:
            edges += [region.start, region.end]
    return edges


def _refuse_odd_measures(timeline: Timeline, grid: Grid, singer: Singer, fill: np.ndarray) -> None:
    for measure in timeline.measures:
        first, end = grid.measure_ticks(measure.index)
        if fill[first:end].any() and (measure.length * TICKS_PER_QUARTER).denominator != 1:
            raise UnsupportedError(
                f"lasts {measure.length} quarters, which is not a whole number of sixteenths; leave it out"
                " with --measures, or correct its length",
                source=timeline.score.name,
                part=singer.part.id,
                measure=measure.number,
            )


def given_spellings(passage: Passage) -> dict[tuple[int, int], int]:
    """Spelling, at sounding pitch, of every given note: (voice, first tick) to place on the line of fifths."""
    spellings = {}
    for voice, singer in passage.choir.singers.items():
        for index, events in enumerate(singer.measures):
            first, _ = passage.grid.measure_ticks(index)
            for event in events:
                tick = first + math.floor(event.offset * TICKS_PER_QUARTER)
                if event.kind == "note" and passage.grid.known[voice, min(tick, passage.grid.ticks - 1)]:
                    place = _written_fifth(event)
                    attributes = singer.part.measures[index].start
                    spellings[voice, tick] = place + attributes.transpose_fifths
    return spellings


def _written_fifth(event: Event) -> int:
    step = event.element.findtext("pitch/step") or "C"
    alter = round(float(event.element.findtext("pitch/alter") or 0))
    return (STEP_NAMES.index(step) if step in STEPS else 1) - 1 + 7 * alter


def notes_of(
    passage: Passage, filled: Grid, spelling: np.ndarray, voice: int, segment: tuple[int, int, int]
) -> list[NewNote]:
    """The notes and rests that a filled stretch of one measure stands for."""
    index, start, end = segment
    first, measure_end = filled.measure_ticks(index)
    pitch, struck, fill = filled.pitch[voice], filled.struck[voice], passage.fill[voice]
    singer = passage.choir.singers[voice]

    def begins(tick: int) -> bool:
        return bool(struck[tick]) or pitch[tick] != pitch[tick - 1]

    notes = []
    tick = first + start
    while tick < first + end:
        stop = tick + 1
        while stop < first + end and not begins(stop):
            stop += 1
        midi = int(pitch[tick])
        if midi == REST_PITCH:
            notes.append(NewNote(tick - first, stop - tick))
        else:
            goes_on = stop == measure_end and stop < filled.ticks and fill[stop] and not begins(stop)
            came_from = tick == first and tick > 0 and fill[tick - 1] and not begins(tick)
            notes.append(
                NewNote(
                    tick - first,
                    stop - tick,
                    midi,
                    int(spelling[voice, tick]),
                    bool(came_from),
                    bool(goes_on),
                    _fermata(filled.fermata, tick, stop, singer),
                )
            )
        tick = stop
    return notes


def _fermata(fermata: np.ndarray, start: int, end: int, singer: Singer) -> str | None:
    """The fermata of a new note under the end of a given one; in closed score only the outer voices."""
    ends = [t for t in range(start, end) if fermata[t] and (t + 1 == len(fermata) or not fermata[t + 1])]
    inner = (singer.upper is True and singer.voice == 2) or (singer.upper is False and singer.voice == 1)
    if not ends or inner:
        return None
    return "inverted" if singer.upper is False else "upright"
