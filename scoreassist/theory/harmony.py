"""Chords as sets of pitch classes, in a table over all 4096 sets."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

OTHER, SUBSET, SEVENTH, TRIAD = range(4)

# Pitch classes above the root. Diminished triads count as triads, as in BWV harmony they stand for chords.
TRIADS = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8))
THIRDS = (3, 4, 8, 9)  # and sixths
CONSONANT, AUGMENTED = TRIADS[:2], TRIADS[3]
SEVENTHS = ((0, 4, 7, 10), (0, 3, 7, 10), (0, 4, 7, 11), (0, 3, 6, 10), (0, 3, 6, 9), (0, 3, 7, 11))


@lru_cache(maxsize=1)
def chord_classes() -> np.ndarray:
    """Class of every pitch-class set, indexed by its bit mask (bit 0 is C).

    Returns
    -------
    int array (4096,)
        `TRIAD` or `SEVENTH` for a complete chord, `SUBSET` for a part of one, else `OTHER`.
    """
    classes = np.full(4096, OTHER, dtype=np.int64)
    for shapes, label in ((SEVENTHS, SEVENTH), (TRIADS, TRIAD)):
        for shape in shapes:
            for root in range(12):
                bits = [1 << ((root + step) % 12) for step in shape]
                for chosen in range(1, 2 ** len(bits) - 1):
                    part = sum(bit for i, bit in enumerate(bits) if chosen >> i & 1)
                    classes[part] = max(classes[part], SUBSET)
                classes[sum(bits)] = max(classes[sum(bits)], label)
    classes[0] = SUBSET
    return classes


@lru_cache(maxsize=1)
def consonant_parts() -> np.ndarray:
    """Whether a pitch-class set is a consonant triad or a part of one, by its bit mask: bool array (4096,).

    Diminished and augmented triads are none: nobody rests on them.
    """
    found = np.zeros(4096, dtype=bool)
    for shape in CONSONANT:
        for root in range(12):
            bits = [1 << ((root + step) % 12) for step in shape]
            for chosen in range(8):
                found[sum(bit for i, bit in enumerate(bits) if chosen >> i & 1)] = True
    return found


@lru_cache(maxsize=1)
def altered_table() -> np.ndarray:
    """Bits of the pitch classes that are another pitch class's chromatic alteration, by key: int (12, 12).

    The key is that of a signature, modulo 12; of its twelve notes on the line of fifths, from five below its major
    tonic to six above, those that are seven apart share a letter.
    """
    table = np.zeros((12, 12), dtype=np.int64)
    for fifths in range(12):
        for low in range(fifths - 5, fifths):
            one, other = low * 7 % 12, (low + 7) * 7 % 12
            table[fifths, one] |= 1 << other
            table[fifths, other] |= 1 << one
    return table


@lru_cache(maxsize=1)
def hollow() -> np.ndarray:
    """Sets of pitch classes without a third: bare fifths, octaves and the like; bool (4096,), by bit mask."""
    table = np.zeros(4096, dtype=bool)
    for one in range(12):
        table[1 << one] = True
        for other in range(one):
            table[1 << one | 1 << other] = one - other not in THIRDS
    return table


@lru_cache(maxsize=1)
def chord_worth() -> np.ndarray:
    """What speaks for a pitch-class set on a beat, indexed by its bit mask: -1 a clash, 1 a whole chord, else 0.

    An augmented triad is no chord to look for, though it is none to avoid.
    """
    classes = chord_classes()
    worth = np.where(classes == OTHER, -1, np.where(classes >= SEVENTH, 1, 0))
    for root in range(12):
        worth[sum(1 << ((root + step) % 12) for step in AUGMENTED)] = 0
    return np.asarray(worth)


def chord_class(pitch: np.ndarray) -> np.ndarray:
    """Class of what sounds at each tick.

    Parameters
    ----------
    pitch : int array (voices, ticks)
        MIDI numbers, negative for silence.

    Returns
    -------
    int array (ticks,)
    """
    bits = np.where(pitch >= 0, 1 << (pitch % 12), 0)
    return chord_classes()[np.bitwise_or.reduce(bits, axis=0)]
