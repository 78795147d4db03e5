"""The voice × tick grid: a score's four voices in sixteenths, what is known of them, and metre.

Axes are (voice, tick): voices are soprano, alto, tenor, bass; a tick is a sixteenth. Every measure begins on a
tick of its own; one that does not last a whole number of sixteenths gets a tick for the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import accumulate

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

    def only(self, rows: tuple[int, ...]) -> Grid:
        """Some of the voices."""
        voices = list(rows)
        return replace(self, pitch=self.pitch[voices], struck=self.struck[voices], known=self.known[voices])

    def cut(self, first: int, end: int) -> Grid:
        """The ticks from `first` to `end`."""
        return Grid(**{f.name: getattr(self, f.name)[..., first:end] for f in fields(self)})

    def played(self, measures: list[int]) -> Grid:
        """The measures of these indices one after the other, numbered anew."""
        spans = [np.arange(*self.measure_ticks(index)) for index in measures]
        ticks = np.concatenate(spans) if spans else np.arange(0)
        arrays = {f.name: getattr(self, f.name)[..., ticks] for f in fields(self)}
        number = np.repeat(np.arange(len(spans)), [len(span) for span in spans])
        return replace(Grid(**arrays), measure=number)

    def measure_ticks(self, index: int) -> tuple[int, int]:
        """First tick of a measure, and the first after it."""
        first, end = np.searchsorted(self.measure, [index, index + 1])
        return int(first), int(end)


def encode(timeline: Timeline, choir: Choir) -> Grid:
    """Put a choir on a grid; every cell of a measure in which a singer has notes or rests is known.

    A note finer than a sixteenth is represented by the note that sounds longest within the tick. Cue notes are
    somebody else's: to the singer they are silence.
    """
    lengths = [_ticks(m.length) for m in timeline.measures]
    starts = [0, *accumulate(lengths)]
    ticks = starts[-1]
    pitch = np.full((4, ticks), REST_PITCH, dtype=np.int64)
    struck = np.zeros((4, ticks), dtype=bool)
    known = np.zeros((4, ticks), dtype=bool)
    fermata = np.zeros(ticks, dtype=bool)
    for voice, singer in choir.singers.items():
        for events, start, length in zip(singer.measures, starts, lengths, strict=False):
            for first, stop, event, begins in _spans(events, length):
                cells = slice(start + first, start + stop)
                if event.kind == "note" and event.midi is not None:
                    pitch[voice, cells] = event.midi
                struck[voice, start + first] = begins
                known[voice, cells] = True
                if event.fermata:
                    fermata[cells] = True
            if any(event.kind == "note" for event in events):
                known[voice, start : start + length] = True  # what a voice leaves out of a measure is silence
    return Grid(pitch, struck, known, fermata, *_signatures(timeline, lengths))


def _signatures(timeline: Timeline, lengths: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Metrical strength, key, measure, and whether beats are dotted, of every tick."""
    level: list[int] = []
    fifths: list[int] = []
    for item, length in zip(timeline.measures, lengths, strict=True):
        level += strengths(item.metre or COMMON_TIME, length, int(item.pickup * TICKS_PER_QUARTER))
        keys = [item.concert_fifths] * length
        for when, key in item.keys:
            begin = min(_ticks(when), length)
            keys[begin:] = [key] * (length - begin)
        fifths += keys
    compound = [item.metre is not None and item.metre.compound for item in timeline.measures]
    return (
        np.array(level, dtype=np.int64),
        np.array(fifths, dtype=np.int64),
        np.repeat(np.arange(len(lengths)), lengths),
        np.repeat(np.array(compound, dtype=bool), lengths),
    )


def left_out(timeline: Timeline, choir: Choir) -> np.ndarray:
    """Ticks at which no singer has written anything, in measures where some has: bool (ticks,).

    Such is the end of a last measure that programs fill up to its full length with a `<forward>`.
    """
    rows = []
    for measure in timeline.measures:
        length = _ticks(measure.length)
        here = [s.measures[measure.index] for s in choir.singers.values() if measure.index < len(s.measures)]
        row = np.full(length, any(here))
        for events in here:
            for first, stop, _, _ in _spans(events, length):
                row[first:stop] = False
        rows.append(row)
    return np.concatenate(rows)


def _ticks(quarters: Fraction) -> int:
    """Sixteenths in a duration, rounded up."""
    return -(-quarters.numerator * TICKS_PER_QUARTER // quarters.denominator)


def _spans(events: list[Event], ticks: int) -> list[tuple[int, int, Event, bool]]:
    """What stands in a measure's ticks: first tick, end, the event, and whether it begins there."""
    spans = []
    at = 0
    for event in events:
        offset, duration = event.offset, event.duration
        first, left = divmod(offset.numerator * TICKS_PER_QUARTER, offset.denominator)
        length, over = divmod(duration.numerator * TICKS_PER_QUARTER, duration.denominator)
        if left or over or first < at:  # off the grid, or two at once
            return _spans_off_grid(events, ticks)
        at = first + length
        if first < ticks and length:
            spans.append((first, min(at, ticks), event, not _goes_on(event)))
    return spans


def _goes_on(event: Event) -> bool:
    """Whether a note is the end of a tie, and not struck."""
    return event.tied_from and event.kind == "note"


def _spans_off_grid(events: list[Event], ticks: int) -> list[tuple[int, int, Event, bool]]:
    """As `_spans`, where events do not follow one another on the grid: each tick is what covers most of it."""
    tick_length = Fraction(1, TICKS_PER_QUARTER)
    best: dict[int, tuple[Fraction, Event]] = {}
    for event in events:
        first = math.floor(event.offset * TICKS_PER_QUARTER)
        for tick in range(first, min(_ticks(event.end), ticks)):
            begin = max(event.offset, tick * tick_length)
            overlap = min(event.end, (tick + 1) * tick_length) - begin
            if tick not in best or overlap > best[tick][0]:
                best[tick] = (overlap, event)
    spans: list[tuple[int, int, Event, bool]] = []
    before: Event | None = None
    for tick in sorted(best):
        event = best[tick][1]
        begins = event is not before and not _goes_on(event)
        if event is before and spans[-1][1] == tick:
            spans[-1] = (spans[-1][0], tick + 1, event, spans[-1][3])
        else:
            spans.append((tick, tick + 1, event, begins))
        before = event
    return spans
