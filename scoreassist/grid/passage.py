"""From regions to cells that a model must choose, and from filled cells back to notes to be written."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from scoreassist.errors import UnsupportedError
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid, encode, left_out
from scoreassist.score.lyrics import syllables_of
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.pen import STEP_NAMES, NewNote
from scoreassist.score.regions import Region
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import STEPS, Event, Timeline
from scoreassist.score.tuplets import tuplet_spans

FREE, HOLD, STRIKE = -1, 0, 1

Moment = tuple[int, Fraction]
"""Measure index, offset in quarters."""


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
        for tick, stop in _ticks(timeline, grid, region):
            if grid.measure[tick] >= len(choir.singers[region.voice].part.measures):
                break  # the part has no such measure to write into
            stop = min(stop, _own_end(timeline, grid, choir.singers[region.voice], tick))
            fill[region.voice, tick:stop] = True
            if region.by == "slashes":
                rhythm[region.voice, tick:stop] = HOLD
                rhythm[region.voice, tick] = STRIKE
    fill[:, left_out(timeline, choir)] = False
    asked = fill.copy()
    for voice, singer in choir.singers.items():
        _keep_whole(fill[voice], list(_indivisible(grid, singer)))
        marked = any(region.voice == voice and region.by != "empty" for region in regions)
        _leave_odd_measures(timeline, grid, singer, fill[voice], marked)
        _strike_syllables(grid, singer, fill[voice], rhythm[voice])
    known = grid.known & ~fill
    silent = known & (grid.pitch == REST_PITCH)
    everyone_rests = known.any(axis=0) & (silent == known).all(axis=0)
    rest = ~known & everyone_rests & ~_asked_to_sing(timeline, grid, regions, everyone_rests)
    return Passage(timeline, choir, replace(grid, known=known), fill, rest, rhythm, asked & ~fill)


def _own_end(timeline: Timeline, grid: Grid, singer: Singer, tick: int) -> int:
    """The end of a singer's measure: where its part is full by its metre, whatever other parts go on to do."""
    index = int(grid.measure[tick])
    first, end = grid.measure_ticks(index)
    row = singer.part.measures[index]
    full = row.start.metre is not None and row.length == row.start.metre.length < timeline.measures[index].length
    return first + math.ceil(row.length * TICKS_PER_QUARTER) if full else end


def _strike_syllables(grid: Grid, singer: Singer, fill: np.ndarray, rhythm: np.ndarray) -> None:
    """Let new notes begin where the notes that they replace begin a syllable: fill and rhythm (ticks,)."""
    for index, events in enumerate(singer.measures):
        first, _ = grid.measure_ticks(index)
        for event in events:
            tick = first + math.floor(event.offset * TICKS_PER_QUARTER)
            if syllables_of(event.element) and fill[tick : tick + 1].any() and rhythm[tick] == FREE:
                rhythm[tick] = STRIKE


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


def _ticks(timeline: Timeline, grid: Grid, region: Region) -> Iterator[tuple[int, int]]:
    """First tick and end of a region's share in each measure, rounded inwards."""
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
        tick = first + math.ceil(begin * TICKS_PER_QUARTER)
        whole = finish == measure.length
        stop = end if whole else first + math.floor(finish * TICKS_PER_QUARTER)
        if stop > tick:
            yield tick, min(stop, end)


def _indivisible(grid: Grid, singer: Singer) -> Iterator[tuple[int, int]]:
    """First tick and end, rounded outwards, of what no hole may cut.

    Notes with their ties, tuplets, rests off the grid.
    """
    chain: tuple[int, int] | None = None
    tied = False
    for index, events in enumerate(singer.measures):
        first, end = grid.measure_ticks(index)
        for begin, finish in tuplet_spans(events):
            yield first + math.floor(begin * TICKS_PER_QUARTER), first + math.ceil(finish * TICKS_PER_QUARTER)
        for event in events:
            begin, finish = event.offset * TICKS_PER_QUARTER, event.end * TICKS_PER_QUARTER
            start, stop = first + math.floor(begin), min(first + math.ceil(finish), end)
            if event.kind != "note":
                tied = False
                if begin.denominator != 1 or finish.denominator != 1:
                    yield start, stop
                continue
            if chain is not None and tied and event.tied_from and start <= chain[1]:
                start = chain[0]
            elif chain is not None:
                yield chain
            chain, tied = (start, stop), event.tied_to
    if chain is not None:
        yield chain


def _keep_whole(fill: np.ndarray, spans: list[tuple[int, int]]) -> None:
    """Take spans that are covered in part out of one voice's holes, until there are none: bool (ticks,)."""
    cut = True
    while cut:
        cut = False
        for start, stop in spans:
            if fill[start:stop].any() and not fill[start:stop].all():
                fill[start:stop] = False
                cut = True


def _leave_odd_measures(timeline: Timeline, grid: Grid, singer: Singer, fill: np.ndarray, marked: bool) -> None:
    """Take measures that the grid cannot hold out of a singer's holes, bool (ticks,); refuse what is marked."""
    for measure in timeline.measures:
        first, end = grid.measure_ticks(measure.index)
        if not fill[first:end].any():
            continue
        row = singer.part.measures[measure.index]
        if (measure.length * TICKS_PER_QUARTER).denominator != 1:
            what = f"lasts {measure.length} quarters, which is not a whole number of sixteenths"
        elif row.start.divisions != row.end.divisions:
            what = "changes its divisions half way"
        else:
            continue
        if not marked:
            fill[first:end] = False
            continue
        raise UnsupportedError(
            f"{what}; leave it out with --measures, or export again from a notation program",
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
                    attributes = singer.part.measures[index].at(event.offset)
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
        return pitch[tick] != pitch[tick - 1] or bool(struck[tick] and pitch[tick] != REST_PITCH)

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
