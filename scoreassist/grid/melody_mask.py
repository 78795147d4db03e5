"""What is known of a piano roll once its melody is: nothing sounds above it, and nothing rubs against it."""

from __future__ import annotations

import numpy as np

from scoreassist.grid.roll import KEYS, LOWEST_KEY
from scoreassist.grid.vocabulary import REST_PITCH

WHOLE_TONE = 2  # semitones
ABOVE_ALL = LOWEST_KEY + KEYS


def melody_mask(melody: np.ndarray, width: int = WHOLE_TONE) -> np.ndarray:
    """Cells that are known where a melody is given: the melody's own, those above it and those close below it.

    Of a sounding melody every cell is known from `width` semitones below it upwards (Sun 2015: the top note and
    all above it, and two semitones on each side of a melody note). The paper says nothing of rests. Here the
    melody goes on as a lid: where it rests, cells are known from the lower one of the notes before and after the
    rest upwards, without the margin, since nothing sounds there to rub against. A rest at the start or the end
    has one such note. Where there is no melody at all nothing is known.

    Parameters
    ----------
    melody : int array (ticks,)
        MIDI numbers, `REST_PITCH` where it rests. Take whole melodies: a rest at the edge of a window has two
        neighbours.
    width : int
        Semitones below the melody that belong to it.

    Returns
    -------
    bool array (88, ticks)
        Key 0 is A0, as in `Roll`. Which of these cells sound is the melody's to say: its own do, the others not.

    Examples
    --------
    >>> known = melody_mask(np.array([72, REST_PITCH, 76]))
    >>> (np.argmax(known, axis=0) + LOWEST_KEY).tolist()  # the lowest key that is known
    [70, 72, 74]
    """
    melody = np.asarray(melody)
    lid = np.where(melody == REST_PITCH, _lower_neighbour(melody), melody - width)
    return np.asarray((np.arange(KEYS) + LOWEST_KEY)[:, None] >= lid)


def _lower_neighbour(melody: np.ndarray) -> np.ndarray:
    """The lower one of the notes before and after each tick: int array (ticks,)."""
    return np.asarray(np.minimum(_last_note(melody), _last_note(melody[::-1])[::-1]))


def _last_note(melody: np.ndarray) -> np.ndarray:
    """The last pitch that has sounded at each tick, `ABOVE_ALL` before the first one."""
    ticks = np.arange(melody.size)
    last = np.maximum.accumulate(np.where(melody == REST_PITCH, -1, ticks))
    return np.where(last < 0, ABOVE_ALL, melody[last])
