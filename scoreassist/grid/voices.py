"""The voice × tick grid: a score's four voices in sixteenths, what is known of them, and metre.

Axes are (voice, tick): voices are soprano, alto, tenor, bass; a tick is a sixteenth. Every measure begins on a
tick of its own; one that does not last a whole number of sixteenths gets a tick for the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.score.metre import COMMON_TIME, TICKS_PER_QUARTER, strengths
from scoreassist.score.singers import Choir
from scoreassist.score.timeline import Event, Timeline

NO_KEY = 99
LEVEL_UNKNOWN = 5


@dataclass(frozen=True)
class Grid:
    """Four voices in time; every array's last axis is the tick.

    Attributes
    ----------
    pitch : int array (4, ticks)
        Sounding MIDI number, `REST_PITCH` for silence; meaningless where not known.
    struck : bool array (4, ticks)
        Whether a note begins here, rather than going on from the tick before; True at rests' first tick.
    known : bool array (4, ticks)
    fermata : bool array (ticks,)
        Whether any voice's note that sounds here has a fermata.
    level : int array (ticks,)
        Metrical strength, 0 downbeat to 4 sixteenth; `LEVEL_UNKNOWN` where the score says nothing.
    fifths : int array (ticks,)
        Key signature at sounding pitch, `NO_KEY` where unknown.
    measure : int array (ticks,)
        Index of the measure.
    compound : bool array (ticks,)
        Whether beats are dotted (6/8, 9/8, 12/8).
    """

    pitch: np.ndarray
    struck: np.ndarray
    known: np.ndarray
    fermata: np.ndarray
    level: np.ndarray
    fifths: np.ndarray
    measure: np.ndarray
    compound: np.ndarray

    @property
    def ticks(self) -> int:
        """Length in sixteenths."""
        return int(self.pitch.shape[1])

    def transposed(self, semitones: int) -> Grid:
        """The same music higher (or lower) by some semitones."""
        if semitones == 0:
            return self
        fifths = np.where(self.fifths == NO_KEY, NO_KEY, self.fifths + 7 * semitones)
        pitch = np.where(self.pitch == REST_PITCH, REST_PITCH, self.pitch + semitones)
        return replace(self, pitch=pitch, fifths=fifths)

    def measure_ticks(self, index: int) -> tuple[int, int]:
        """First tick of a measure, and the first after it."""
        first, end = np.searchsorted(self.measure, [index, index + 1])
        return int(first), int(end)


def encode(timeline: Timeline, choir: Choir) -> Grid:
    """Put a choir on a grid; every cell of a measure in which a singer has notes or rests is known.

    A note finer than a sixteenth is represented by the note that sounds longest within the tick.
    """
    lengths = [math.ceil(m.length * TICKS_PER_QUARTER) for m in timeline.measures]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(int)
    ticks = int(starts[-1])
    pitch = np.full((4, ticks), REST_PITCH, dtype=np.int64)
    struck = np.zeros((4, ticks), dtype=bool)
    known = np.zeros((4, ticks), dtype=bool)
    fermata = np.zeros(ticks, dtype=bool)
    level = np.empty(ticks, dtype=np.int64)
    fifths = np.empty(ticks, dtype=np.int64)
    compound = np.zeros(ticks, dtype=bool)
    measure = np.repeat(np.arange(len(lengths)), lengths)
    for item, start, length in zip(timeline.measures, starts, lengths, strict=False):
        span = slice(start, start + length)
        offset = int(item.pickup * TICKS_PER_QUARTER)
        level[span] = strengths(item.metre or COMMON_TIME, length, offset)
        fifths[span] = item.concert_fifths
        for when, key in item.keys:
            fifths[start + math.ceil(when * TICKS_PER_QUARTER) : start + length] = key
        compound[span] = item.metre is not None and item.metre.compound
    for voice, singer in choir.singers.items():
        for index, events in enumerate(singer.measures):
            start, length = int(starts[index]), lengths[index]
            for tick, event, begins in _covering(events, length):
                cell = start + tick
                pitch[voice, cell] = REST_PITCH if event.midi is None else event.midi
                struck[voice, cell] = begins
                known[voice, cell] = True
                fermata[cell] |= event.fermata
            if any(event.kind == "note" for event in events):
                known[voice, start : start + length] = True  # what a voice leaves out of a measure is silence
    return Grid(pitch, struck, known, fermata, level, fifths, measure, compound)


def left_out(timeline: Timeline, choir: Choir) -> np.ndarray:
    """Ticks at which no singer has written anything, in measures where some has: bool (ticks,).

    Such is the end of a last measure that programs fill up to its full length with a `<forward>`.
    """
    rows = []
    for measure in timeline.measures:
        length = math.ceil(measure.length * TICKS_PER_QUARTER)
        here = [s.measures[measure.index] for s in choir.singers.values() if measure.index < len(s.measures)]
        row = np.full(length, any(here))
        for events in here:
            row[[tick for tick, _, _ in _covering(events, length)]] = False
        rows.append(row)
    return np.concatenate(rows)


def _covering(events: list[Event], ticks: int) -> list[tuple[int, Event, bool]]:
    """For each tick of a measure that is covered: the event that covers most of it, and whether it begins."""
    tick_length = Fraction(1, TICKS_PER_QUARTER)
    best: dict[int, tuple[Fraction, Event]] = {}
    for event in events:
        first = math.floor(event.offset * TICKS_PER_QUARTER)
        last = min(math.ceil(event.end * TICKS_PER_QUARTER), ticks)
        for tick in range(first, last):
            left = max(event.offset, tick * tick_length)
            overlap = min(event.end, (tick + 1) * tick_length) - left
            if tick not in best or overlap > best[tick][0]:
                best[tick] = (overlap, event)
    covered = []
    before: Event | None = None
    for tick in sorted(best):
        event = best[tick][1]
        begins = event is not before
        if begins and event.kind == "note" and event.tied_from:
            begins = False
        covered.append((tick, event, begins))
        before = event
    return covered
