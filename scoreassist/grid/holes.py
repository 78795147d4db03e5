"""What a hole may cover, and what it may not: whole notes, whole tuplets, measures that the grid can hold."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from lxml import etree

from scoreassist.errors import UnsupportedError
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.regions import Region
from scoreassist.score.singers import Singer
from scoreassist.score.timeline import Measure, PartMeasure, Timeline
from scoreassist.score.tuplets import tuplet_spans
from scoreassist.writing.lyrics import syllables_of

FREE, HOLD, STRIKE = -1, 0, 1


def own_end(timeline: Timeline, grid: Grid, singer: Singer, tick: int) -> int:
    """The end of a singer's measure: where its part is full by its metre, whatever other parts go on to do."""
    index = int(grid.measure[tick])
    first, end = grid.measure_ticks(index)
    row = singer.part.measures[index]
    full = row.start.metre is not None and row.length == row.start.metre.length < timeline.measures[index].length
    return first + math.ceil(row.length * TICKS_PER_QUARTER) if full else end


def strike_syllables(grid: Grid, singer: Singer, fill: np.ndarray, rhythm: np.ndarray) -> None:
    """Let new notes begin where the notes that they replace begin a syllable: fill and rhythm (ticks,)."""
    for index, events in enumerate(singer.measures):
        first, _ = grid.measure_ticks(index)
        for event in events:
            tick = first + math.floor(event.offset * TICKS_PER_QUARTER)
            sung = any(syllables_of(note.element) for note in singer.stem(index, event))
            if sung and fill[tick : tick + 1].any() and rhythm[tick] == FREE:
                rhythm[tick] = STRIKE


def strike_after_jumps(timeline: Timeline, grid: Grid, fill: np.ndarray, rhythm: np.ndarray) -> None:
    """Let no note be tied from an ending, or over a repeat, into what does not always follow: (4, ticks)."""
    for measure in timeline.measures[1:]:
        rows = [p.measures[measure.index - 1 : measure.index + 1] for p in timeline.parts]
        if any(len(row) == 2 and jumps(row[0].element, row[1].element) for row in rows):
            tick, _ = grid.measure_ticks(measure.index)
            free = fill[:, tick : tick + 1] & (rhythm[:, tick : tick + 1] == FREE)
            rhythm[:, tick : tick + 1][free] = STRIKE


def jumps(before: etree._Element, behind: etree._Element) -> bool:
    """Whether the music jumps at the barline between two measures."""
    ends = any(
        barline.find("repeat[@direction='backward']") is not None
        or any(ending.get("type") in ("stop", "discontinue") for ending in barline.iterfind("ending"))
        for barline in before.iterfind("barline")
    )
    return ends or behind.find("barline/repeat[@direction='forward']") is not None


def asked_to_sing(timeline: Timeline, grid: Grid, regions: list[Region], everyone_rests: np.ndarray) -> np.ndarray:
    """Cells of marked regions in measures where all given voices rest throughout: bool (4, ticks).

    Whoever marks such a measure wants notes there; one that is merely empty is a general pause.
    """
    asked = np.zeros_like(grid.known)
    for region in regions:
        if region.by != "empty":
            for tick, stop in region_ticks(timeline, grid, region):
                first, end = grid.measure_ticks(int(grid.measure[tick]))
                asked[region.voice, tick:stop] = everyone_rests[first:end].all()
    return asked


def region_ticks(timeline: Timeline, grid: Grid, region: Region) -> Iterator[tuple[int, int]]:
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


def indivisible(grid: Grid, singer: Singer) -> Iterator[tuple[int, int]]:
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
            stem = singer.stem(index, event)
            if chain is not None and tied and any(note.tied_from for note in stem) and start <= chain[1]:
                start = chain[0]
            elif chain is not None:
                yield chain
            chain, tied = (start, stop), any(note.tied_to for note in stem)
    if chain is not None:
        yield chain


def keep_whole(fill: np.ndarray, spans: list[tuple[int, int]]) -> None:
    """Take spans that are covered in part out of one voice's holes, until there are none: bool (ticks,)."""
    cut = True
    while cut:
        cut = False
        for start, stop in spans:
            if fill[start:stop].any() and not fill[start:stop].all():
                fill[start:stop] = False
                cut = True


def off_the_sixteenths(measure: Measure) -> str | None:
    """What is wrong with a measure whose length the grid cannot hold."""
    if (measure.length * TICKS_PER_QUARTER).denominator == 1:
        return None
    return f"lasts {measure.length} quarters, which is not a whole number of sixteenths"


def changing_divisions(row: PartMeasure) -> str | None:
    """What is wrong with a measure that cannot be written into, since its durations change their meaning."""
    same = all(then.divisions == row.start.divisions for _, then in row.changes)
    return None if same else "changes its divisions half way"


def leave_odd_measures(timeline: Timeline, grid: Grid, singer: Singer, fill: np.ndarray, marked: bool) -> None:
    """Take measures that the grid cannot hold out of a singer's holes, bool (ticks,); refuse what is marked."""
    for measure in timeline.measures:
        first, end = grid.measure_ticks(measure.index)
        if not fill[first:end].any():
            continue
        what = off_the_sixteenths(measure) or changing_divisions(singer.part.measures[measure.index])
        if what is None:
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
