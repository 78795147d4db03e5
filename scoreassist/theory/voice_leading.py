"""Rules of voice leading, counted over grids as REFERENCE figures of Bach's chorales are.

Voices are ordered soprano, alto, tenor, bass. A *frame* is one tick; a parallel is counted between adjacent
frames in which both voices move the same way and keep the interval class.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

FIFTH, OCTAVE = 7, 0

# Ranges that a choir sings (MIDI, inclusive), soprano to bass, as textbooks of harmony give them:
# C4-A5, G3-D5, C3-A4, E2-E4.
CHOIR_RANGES = ((60, 81), (55, 74), (48, 69), (40, 64))

# Widest distance between neighbours: an octave between upper voices, two octaves and a third above the bass.
SPACING = (12, 12, 28)

# Leaps in a voice, in semitones, that are hard to sing: a tritone and sevenths. Steps are up to a whole tone.
LEAPS = (6, 10, 11)
STEP = 2

# Between the sixth and the raised seventh degree of minor keys, above the tonic, lies an augmented second.
SIXTH, SEVENTH = 8, 11


def parallels(pitch: np.ndarray, interval: int) -> np.ndarray:
    """Ticks at which some pair of voices arrives in parallel.

    Parameters
    ----------
    pitch : int array (voices, ticks)
        Negative for silence.
    interval : int
        `FIFTH` or `OCTAVE` (unisons included).

    Returns
    -------
    int array (ticks,)
        Number of pairs.
    """
    count = np.zeros(pitch.shape[1], dtype=np.int64)
    for upper, lower in combinations(range(pitch.shape[0]), 2):
        u0, u1, l0, l1 = pitch[upper, :-1], pitch[upper, 1:], pitch[lower, :-1], pitch[lower, 1:]
        sounding = (u0 >= 0) & (u1 >= 0) & (l0 >= 0) & (l1 >= 0)
        same_way = np.sign(u1 - u0) * np.sign(l1 - l0) > 0
        kept = (np.abs(u0 - l0) % 12 == interval) & (np.abs(u1 - l1) % 12 == interval)
        count[1:] += sounding & same_way & kept
    return count


def crossings(pitch: np.ndarray) -> np.ndarray:
    """Number of neighbouring pairs, at each tick, of which the lower voice sounds above the upper: (ticks,)."""
    upper, lower = pitch[:-1], pitch[1:]
    return np.asarray(((upper >= 0) & (lower >= 0) & (lower > upper)).sum(axis=0))


def wide_spacings(pitch: np.ndarray) -> np.ndarray:
    """Number of neighbouring upper pairs, at each tick, more than an octave apart: (ticks,)."""
    upper, lower = pitch[:2], pitch[1:3]
    return np.asarray(((upper >= 0) & (lower >= 0) & (upper - lower > 12)).sum(axis=0))


def onsets(pitch: np.ndarray, struck: np.ndarray) -> int:
    """Number of ticks at which at least one voice begins a note."""
    return int(((pitch >= 0) & struck).any(axis=0).sum())
