"""Figures of piano rolls: accompaniments under a given melody, windows rebuilt, notes copied, melodies kept.

The task: of a held-out rag only the melody is given, the top line of the right hand; all else is to be written.
What is compared are strikes (key and tick) of all but the melody; sums are taken over pieces before they are
divided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoreassist.grid.melody_mask import melody_mask
from scoreassist.grid.roll import KEYS, LOWEST_KEY, Roll, RollNote, shifted
from scoreassist.grid.vocabulary import REST_PITCH

WINDOW_TICKS, HOP_TICKS = 64, 16  # eight measures, two measures: Sun (2015)

# Transpositions in which a training window may have been copied: none, for a network that reads pieces in their
# own keys; any, by at most an octave, for one that reads all in one key.
UNMOVED, ALL_KEYS = range(1), range(-12, 13)


@dataclass(frozen=True, slots=True)
class Hits:
    """Strikes that were to be written and those that were.

    Attributes
    ----------
    right, true, written : int
    """

    right: int
    true: int
    written: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 where there was nothing to write and nothing was."""
        total = self.true + self.written
        return 2 * self.right / total if total else 1.0

    def __add__(self, other: Hits) -> Hits:
        return Hits(self.right + other.right, self.true + other.true, self.written + other.written)


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of rolls. Axes are (window, key, tick).

    Attributes
    ----------
    sounding, struck : bool arrays (n, 88, 64)
    fifths : int array (n,)
        Key signature at the first tick.
    """

    sounding: np.ndarray
    struck: np.ndarray
    fifths: np.ndarray


def given_melody(roll: Roll) -> Roll:
    """The roll with only its melody known; what is not known still stands there, for those who mark."""
    return replace(roll, known=melody_mask(roll.melody))


def hits(truth: np.ndarray, written: np.ndarray) -> Hits:
    """Count strikes, bool arrays (keys, ticks)."""
    return Hits(int((truth & written).sum()), int(truth.sum()), int(written.sum()))


def accompaniment_hits(roll: Roll, struck: np.ndarray) -> tuple[Hits, Hits]:
    """How far an accompaniment is the composer's: by pitch, and by pitch class.

    Parameters
    ----------
    roll : Roll
        The rag as it is.
    struck : bool array (88, ticks)
        What was written; strikes of the melody do not count, nor does what is known from it.

    Returns
    -------
    by_pitch, by_pitch_class : Hits
        The second compares the sets of pitch classes that are struck at each tick.
    """
    truth = roll.accompaniment()
    written = struck & ~melody_mask(roll.melody)
    return hits(truth, written), hits(pitch_classes(truth), pitch_classes(written))


def pitch_classes(cells: np.ndarray) -> np.ndarray:
    """Pitch classes (12, ticks), C first, of cells (88, ticks)."""
    classes = np.zeros((12, cells.shape[1]), dtype=bool)
    for key in range(KEYS):
        classes[(key + LOWEST_KEY) % 12] |= cells[key]
    return classes


def windows(rolls: Iterable[Roll]) -> Windows:
    """Windows of eight measures, one every two measures; what is shorter is filled up with silence.

    They begin with a measure: a pickup is preceded by silence.
    """
    sounding, struck, fifths = [], [], []
    for roll in rolls:
        front = int(roll.place[0])
        back = max(WINDOW_TICKS - front - roll.ticks, 0)
        whole = [np.pad(cells, ((0, 0), (front, back))) for cells in (roll.sounding, roll.struck)]
        for start in range(0, whole[0].shape[1] - WINDOW_TICKS + 1, HOP_TICKS):
            sounding.append(whole[0][:, start : start + WINDOW_TICKS])
            struck.append(whole[1][:, start : start + WINDOW_TICKS])
            fifths.append(roll.fifths[max(start - front, 0)])
    return Windows(np.array(sounding), np.array(struck), np.array(fifths))


def wrong_cells(sounding: np.ndarray, rebuilt: np.ndarray) -> float:
    """Mean number of cells of a window that sound in one roll and not in the other.

    Parameters
    ----------
    sounding, rebuilt : bool arrays (n, 88, 64)
    """
    return float((sounding ^ rebuilt).sum(axis=(1, 2)).mean())


def copied_share(cells: np.ndarray, train: np.ndarray, semitones: Sequence[int] = UNMOVED) -> float:
    """Mean share of the cells of a window that are in the training window which has most of them.

    A cell is there if it is the same key at the same tick. Sun (2015): 59.6 % of cells that sound.

    Parameters
    ----------
    cells : bool array (n, 88, ticks)
        What sounds, or what is struck; windows without any do not count.
    train : bool array (m, 88, ticks)
    semitones : sequence of int
        Transpositions in which the windows are compared with the training ones.

    Returns
    -------
    float
        0 to 1; nan where no window has notes.
    """
    notes = cells.sum(axis=(1, 2))
    library = train.reshape(len(train), -1).astype(np.float32)
    most = np.zeros(len(cells))
    for way in semitones:
        moved = shifted(cells, way).reshape(len(cells), -1).astype(np.float32)
        most = np.maximum(most, (moved @ library.T).max(axis=1, initial=0))
    sounds = notes > 0
    return float((most[sounds] / notes[sounds]).mean()) if sounds.any() else float("nan")


def melody_notes(roll: Roll) -> list[RollNote]:
    """The notes of a roll's melody, in order of time."""
    sounds = roll.melody != REST_PITCH
    begins = np.flatnonzero(roll.melody_struck | (sounds & (np.diff(roll.melody, prepend=REST_PITCH) != 0)))
    ends = np.flatnonzero(~sounds | roll.melody_struck | (np.diff(roll.melody, prepend=REST_PITCH) != 0))
    ends = np.append(ends, roll.ticks)
    return [
        RollNote(int(tick), int(roll.melody[tick]), int(ends[np.searchsorted(ends, tick, "right")] - tick))
        for tick in begins
        if sounds[tick]
    ]


def melody_kept(given: Sequence[RollNote], found: Iterable[RollNote]) -> float:
    """Share of a melody's notes that are found note for note: pitch, onset and length.

    Parameters
    ----------
    given : sequence of RollNote
        Of the melody that was to be kept.
    found : RollNotes
        Of the right hand that came out.
    """
    there = set(found)
    return sum(note in there for note in given) / max(len(given), 1)


def mean_hits(rows: Iterable[tuple[Hits, Hits]]) -> dict[str, float]:
    """``f1`` and ``f1_pitch_class`` of pieces together."""
    by_pitch, by_class = Hits(0, 0, 0), Hits(0, 0, 0)
    for pitch, pitch_class in rows:
        by_pitch, by_class = by_pitch + pitch, by_class + pitch_class
    return {"f1": by_pitch.f1, "f1_pitch_class": by_class.f1}


Accompany = Callable[[Roll], np.ndarray]
"""Writes strikes, bool (88, ticks), to the melody of a roll."""


def accompanied(rolls: Iterable[Roll], accompany: Accompany) -> dict[str, float]:
    """``f1`` and ``f1_pitch_class`` of what is written to the melodies of some rags."""
    return mean_hits(accompaniment_hits(roll, accompany(given_melody(roll))) for roll in rolls)
