"""Notes that want to go somewhere: sevenths, which fall by a step, and leading tones, which rise by a semitone.

Which note of a chord is its seventh or its leading tone is a table over all sets of pitch classes (bit 0 is C). A
note takes its obligation on at a beat and has it until it moves. (Aldwell & Schachter, *Harmony and Voice
Leading*, on leading to I and on V7; Piston, *Harmony*, on the dominant seventh.)
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from scoreassist.score.metre import BEAT

NO_TONIC = 12  # where the key is not known
NOWHERE = -1  # no pitch class of the set is obliged
SEVENTH_FALLS, LEADING_RISES = 1, 2
OBLIGATIONS = (SEVENTH_FALLS, LEADING_RISES)

# Above the root: sevenths whose root is the only one possible, and the dominant seventh without its fifth.
_SEVENTHS = ((0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6, 10), (0, 4, 10))
_DOMINANTS = ((0, 4, 7, 10), (0, 4, 10))

# Above the tonic: what may sound in a dominant, and what of it must beside the leading tone.
_LEADING, _DOMINANT, _BESIDE = 11, (7, 11, 2, 5, 8), (7, 2, 5)
_DIMINISHED, _ITS_SEVENTH = (11, 2, 5, 8), 8

SEVENTH_STEPS = (-1, -2)
# Up to the tonic; or down the scale in passing, or by a semitone into the seventh of the next chord.
LEADING_STEPS = (1, -1, -2)
INNER_STEPS = (-3, -4)  # of a leading tone that an inner voice lets fall to the fifth of the tonic, as Bach does


def bits(pitch: np.ndarray) -> np.ndarray:
    """Sets of pitch classes as bit masks: int (V, ...) to (...), negative pitches being silent."""
    return np.asarray(np.bitwise_or.reduce(np.where(pitch >= 0, 1 << (pitch % 12), 0), axis=0))


def _mask(classes: tuple[int, ...], root: int) -> int:
    return sum(1 << ((root + step) % 12) for step in classes)


@lru_cache(maxsize=1)
def seventh_table() -> np.ndarray:
    """Pitch class of the seventh, by tonic (`NO_TONIC` last) and set; `NOWHERE` if none: int (13, 4096)."""
    table = np.full((13, 4096), NOWHERE, dtype=np.int64)
    for root in range(12):
        for shape in _SEVENTHS:
            table[:, _mask(shape, root)] = (root + shape[-1]) % 12
        table[root, _mask(_DIMINISHED, root)] = (root + _ITS_SEVENTH) % 12
    return table


@lru_cache(maxsize=1)
def leading_table() -> np.ndarray:
    """Pitch class of the leading tone, by tonic (`NO_TONIC` last) and set; `NOWHERE` if none: int (13, 4096).

    It is the third of any dominant seventh, and the seventh degree in what can be a dominant of the tonic.
    """
    table = np.full((13, 4096), NOWHERE, dtype=np.int64)
    every = np.arange(4096)
    for root in range(12):
        for shape in _DOMINANTS:
            table[:, _mask(shape, root)] = (root + 4) % 12
    for tonic in range(12):
        leading = (tonic + _LEADING) % 12
        inside = every & ~_mask(_DOMINANT, tonic) == 0
        found = inside & (every >> leading & 1 == 1) & (every & _mask(_BESIDE, tonic) > 0)
        table[tonic, found] = leading
    return table


@lru_cache(maxsize=1)
def doubled_table() -> np.ndarray:
    """Pitch class that no other voice should take too, by tonic and set of what sounds already: int (13, 4096).

    It is the leading tone of the set, or of any dominant that the set can become; `NOWHERE` if there is none.
    """
    table = leading_table().copy()
    every = np.arange(4096)
    for tonic in range(12):
        leading = (tonic + _LEADING) % 12
        inside = every & ~_mask(_DOMINANT, tonic) == 0
        table[tonic, inside & (every >> leading & 1 == 1)] = leading
    return table


def obligations(pitch: np.ndarray, level: np.ndarray, tonic: np.ndarray) -> np.ndarray:
    """What each sounding note has taken on at a beat and still has to do.

    Parameters
    ----------
    pitch : int array (V, ticks)
        MIDI numbers, negative for silence.
    level : int array (ticks,)
        Metrical strength; see `Grid.level`.
    tonic : int array (ticks,)
        Pitch class, `NO_TONIC` where it is not known.

    Returns
    -------
    int array (V, ticks)
        `SEVENTH_FALLS`, `LEADING_RISES`, or 0.
    """
    sets = bits(pitch)
    on_beat = level <= BEAT
    classes = np.where(pitch >= 0, pitch % 12, -2)
    taken = np.where(classes == seventh_table()[tonic, sets], SEVENTH_FALLS, 0)
    taken = np.where(classes == leading_table()[tonic, sets], LEADING_RISES, taken) * on_beat
    # The last beat on which the note had one, since it began.
    at = np.arange(pitch.shape[1])
    begins = np.ones_like(pitch, dtype=bool)
    begins[:, 1:] = pitch[:, 1:] != pitch[:, :-1]
    began = np.maximum.accumulate(np.where(begins, at, 0), axis=1)
    last = np.maximum.accumulate(np.where(taken > 0, at, -1), axis=1)
    held = np.take_along_axis(taken, np.maximum(last, 0), 1)
    return np.where(last >= began, held, 0)


def unresolved(pitch: np.ndarray, level: np.ndarray, tonic: np.ndarray) -> dict[int, np.ndarray]:
    """Where a seventh or a leading tone goes elsewhere, by obligation: bool (V, ticks), True at the wrong note.

    While the chord goes on, or if another voice takes the note over, it is free. Parameters as of `obligations`.
    """
    owed = obligations(pitch, level, tonic)
    sets = bits(pitch)
    step = np.zeros_like(pitch)
    step[:, 1:] = np.where((pitch[:, 1:] >= 0) & (pitch[:, :-1] >= 0), pitch[:, 1:] - pitch[:, :-1], 0)
    owed = np.pad(owed[:, :-1], ((0, 0), (1, 0)))
    left = np.pad(pitch[:, :-1] % 12, ((0, 0), (1, 0)))
    goes_on = np.pad(sets[1:] & ~sets[:-1] == 0, (1, 0))
    falls = (owed == SEVENTH_FALLS) & (step != 0) & ~np.isin(step, SEVENTH_STEPS)
    falls &= ~goes_on & (seventh_table()[tonic, sets] != left)
    rises = (owed == LEADING_RISES) & (step != 0) & ~np.isin(step, LEADING_STEPS)
    rises[1:-1] &= ~np.isin(step[1:-1], INNER_STEPS)
    rises &= ~goes_on & (leading_table()[tonic, sets] != left)
    return {SEVENTH_FALLS: falls, LEADING_RISES: rises}


def doubled_leading(pitch: np.ndarray, level: np.ndarray, tonic: np.ndarray) -> np.ndarray:
    """Beats on which more than one voice has the leading tone: bool (ticks,). Parameters as of `obligations`."""
    leading = leading_table()[tonic, bits(pitch)]
    voices = ((pitch >= 0) & (pitch % 12 == leading)).sum(0)
    return np.asarray((voices > 1) & (level <= BEAT))
