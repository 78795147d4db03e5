"""The piano roll: which of 88 keys sound at each sixteenth, struck and held apart.

Sun (2015) thresholds a roll of zeros and ones; what is struck and what is held is kept apart here, for a chord
that is struck four times is no long one. The *melody* is the top line of the right hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.timeline import Event, Measure, Part, Timeline

LOWEST_KEY, KEYS = 21, 88  # A0 to C8
MEASURE_TICKS = 8  # a measure of 2/4
RIGHT, LEFT = 0, 1  # the hands, and the upper and lower staff


@dataclass(frozen=True, slots=True)
class Roll:
    """A piece for piano on the grid of sixteenths. Axes are (key, tick); key 0 is A0, MIDI 21.

    Attributes
    ----------
    sounding, struck : bool arrays (88, ticks)
        What sounds, and what of it begins at that tick.
    right : bool array (88, ticks)
        What sounds in the right hand (the upper staff).
    known : bool array (88, ticks)
        Cells that are given, sounding or not; the others are to be filled.
    melody : int array (ticks,)
        MIDI numbers of the melody, `REST_PITCH` where it rests or is not known.
    melody_struck : bool array (ticks,)
    place : int array (ticks,)
        Sixteenths since the start of the 2/4 measure, 0 to 7.
    fifths : int array (ticks,)
        Key signature at sounding pitch, sharps positive.
    measure : int array (ticks,)
        Index of the measure in the score.
    """

    sounding: np.ndarray
    struck: np.ndarray
    right: np.ndarray
    known: np.ndarray
    melody: np.ndarray
    melody_struck: np.ndarray
    place: np.ndarray
    fifths: np.ndarray
    measure: np.ndarray

    @property
    def ticks(self) -> int:
        """How many sixteenths the piece lasts."""
        return int(self.place.size)

    def cut(self, start: int, stop: int) -> Roll:
        """The ticks from `start` to `stop`; a note that began before is held on, not struck."""
        return Roll(**{f.name: getattr(self, f.name)[..., start:stop] for f in fields(self)})

    def moved(self, semitones: int) -> Roll:
        """The same music higher; notes that leave the keyboard are lost."""
        moved = {
            name: shifted(getattr(self, name), semitones) for name in ("sounding", "struck", "right", "known")
        }
        melody = np.where(self.melody == REST_PITCH, REST_PITCH, self.melody + semitones)
        fifths = (self.fifths + 7 * semitones + 6) % 12 - 6
        return replace(self, melody=melody, fifths=fifths, **moved)

    def accompaniment(self) -> np.ndarray:
        """Strikes of all but the melody, bool (88, ticks)."""
        struck = self.struck.copy()
        ticks = np.flatnonzero(self.melody != REST_PITCH)
        struck[self.melody[ticks] - LOWEST_KEY, ticks] = False
        return struck


@dataclass(frozen=True, slots=True, order=True)
class RollNote:
    """A note of a roll: onset and length in ticks, and pitch (MIDI)."""

    onset: int
    midi: int
    ticks: int


def notes_of_roll(struck: np.ndarray, sounding: np.ndarray) -> list[RollNote]:
    """Notes by onset and pitch; what sounds without having been struck goes on from before the first tick.

    Parameters
    ----------
    struck, sounding : bool arrays (88, ticks)
    """
    notes: list[RollNote] = []
    for key in np.flatnonzero(sounding.any(axis=1)):
        row = sounding[key]
        begins = row & (struck[key] | ~np.concatenate([[False], row[:-1]]))
        ends = np.flatnonzero(np.concatenate([begins | ~row, [True]]))
        notes += [
            RollNote(int(onset), int(key) + LOWEST_KEY, int(ends[ends > onset][0] - onset))
            for onset in np.flatnonzero(begins)
        ]
    return sorted(notes)


def read_roll(timeline: Timeline, staves: Sequence[tuple[Part, int]]) -> Roll:
    """The roll of a piano, or of a lone melody, in 2/4 or in 4/4 read as two measures of 2/4.

    Everything counts as known. Notes finer than a sixteenth stand in the tick in which they begin; grace notes,
    cues and notes beyond the keyboard are left out.

    Parameters
    ----------
    timeline : Timeline
    staves : sequence of (part, number of the staff in it)
        The right hand, then the left one if there is one. Editions have them in one part or in two.
    """
    starts = [int(measure.onset * TICKS_PER_QUARTER) for measure in timeline.measures]
    last = timeline.measures[-1]
    ticks = int((last.onset + last.length) * TICKS_PER_QUARTER)
    struck, sounding, right = np.zeros((3, KEYS, ticks), dtype=bool)
    for hand, (part, staff) in enumerate(staves):
        for event in part.events():
            if event.staff != staff or event.kind != "note" or event.midi is None:
                continue
            if not 0 <= (key := event.midi - LOWEST_KEY) < KEYS:
                continue
            start, end = _extent(event, timeline.measures[event.measure])
            struck[key, start] |= not event.tied_from
            sounding[key, start:end] = True
            right[key, start:end] |= hand == RIGHT
    place, fifths, index = np.zeros((3, ticks), dtype=np.int64)
    for measure, start, stop in zip(timeline.measures, starts, [*starts[1:], ticks], strict=True):
        pickup = int(measure.pickup * TICKS_PER_QUARTER)
        place[start:stop] = (np.arange(stop - start) + pickup) % MEASURE_TICKS
        fifths[start:stop] = measure.concert_fifths
        index[start:stop] = measure.index
    melody, melody_struck = top_line(struck, right)
    known = np.ones_like(struck)
    return Roll(sounding, struck, right, known, melody, melody_struck, place, fifths, index)


def top_line(struck: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pitch (MIDI, `REST_PITCH`) and strikes of the highest note of the right hand, arrays (ticks,)."""
    top = KEYS - 1 - np.argmax(right[::-1], axis=0)
    sounds = right.any(axis=0)
    melody = np.where(sounds, top + LOWEST_KEY, REST_PITCH)
    begins = np.concatenate([[True], melody[1:] != melody[:-1]]) | struck[top, np.arange(top.size)]
    return melody, sounds & begins


def _extent(event: Event, measure: Measure) -> tuple[int, int]:
    """First tick and end of a note; one that is finer than the grid lasts a tick."""
    start = int((measure.onset + event.offset) * TICKS_PER_QUARTER)
    end = int(-(-(measure.onset + event.end) * TICKS_PER_QUARTER // 1))
    stops = int((measure.onset + measure.length) * TICKS_PER_QUARTER)
    return min(start, stops - 1), max(min(end, stops), start + 1)


def shifted(cells: np.ndarray, semitones: int) -> np.ndarray:
    """Cells (..., 88, ticks) some keys higher; what leaves the keyboard is lost."""
    moved = np.zeros_like(cells)
    low, high = max(semitones, 0), KEYS + min(semitones, 0)
    moved[..., low:high, :] = cells[..., low - semitones : high - semitones, :]
    return moved
