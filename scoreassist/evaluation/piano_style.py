"""What a piano teacher would count in a roll: foreign notes, wide grips, how dense it is.

Key and chord are estimated in the plainest way, the same for Joplin and for a model. The *key* of four measures
of 2/4 is the major or harmonic minor scale that holds most of what sounds in them, of equals the signature's. The
*chord* of a beat is the triad, dominant, minor or diminished seventh chord that holds most of what sounds in it,
of equals one with fewer notes. Each sixteenth of each sounding key counts once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scoreassist.grid.roll import KEYS, LOWEST_KEY, MEASURE_TICKS, Roll
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.theory.hands import FINGERS, SPAN

KEY_TICKS = 4 * MEASURE_TICKS

MAJOR, HARMONIC_MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)
CHORD_SHAPES = ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8), (0, 4, 7, 10), (0, 3, 7, 10), (0, 3, 6, 9))


def _rows(shapes: Sequence[Sequence[int]]) -> np.ndarray:
    """Pitch classes of shapes on all roots: bool (shapes * 12, 12)."""
    rows = [[(step + root) % 12 for step in shape] for shape in shapes for root in range(12)]
    return np.array([[pitch_class in row for pitch_class in range(12)] for row in rows])


KEYS_OF_MUSIC, CHORDS = _rows((MAJOR, HARMONIC_MINOR)), _rows(CHORD_SHAPES)


def piano_style(roll: Roll) -> dict[str, float]:
    """Figures of a piece.

    Returns
    -------
    dict
        ``foreign_notes``, per cent of the notes that are neither in the key nor in the chord, estimated as said
        above; ``wide_grips``, per cent of the ticks at which a hand strikes and has more than five notes or
        more than a ninth, what it holds included; ``notes_per_beat``; ``left_onsets_per_beat``, ticks of a beat at
        which the left hand strikes. A beat is a quarter.
    """
    beats = max(roll.ticks / TICKS_PER_QUARTER, 1)
    left = roll.sounding & ~roll.right
    return {
        "foreign_notes": foreign_notes(roll),
        "wide_grips": wide_grips(roll),
        "notes_per_beat": float(roll.struck.sum() / beats),
        "left_onsets_per_beat": float((roll.struck & left).any(axis=0).sum() / beats),
    }


def foreign_notes(roll: Roll) -> float:
    """Notes that are neither in the estimated key nor in the estimated chord, per cent."""
    foreign = 0
    for start in range(0, roll.ticks, KEY_TICKS):
        stop = min(start + KEY_TICKS, roll.ticks)
        key = estimated_key(roll, start, stop)
        for first in _beats(roll, start, stop):
            last = min(first + TICKS_PER_QUARTER - int(roll.place[first]) % TICKS_PER_QUARTER, stop)
            inside = key | estimated_chord(roll, first, last)
            foreign += int(_struck_classes(roll, first, last)[~inside].sum())
    return 100 * foreign / max(int(roll.struck.sum()), 1)


def estimated_key(roll: Roll, start: int, stop: int) -> np.ndarray:
    """Pitch classes, bool (12,), of the key of some ticks."""
    held = KEYS_OF_MUSIC @ _sounding_classes(roll, start, stop)
    tonic = 7 * int(roll.fifths[start]) % 12
    signed = [tonic, 12 + (tonic + 9) % 12]  # the major and the minor key of the signature
    best = np.flatnonzero(held == held.max())
    return np.asarray(KEYS_OF_MUSIC[next((key for key in signed if key in best), best[0])])


def estimated_chord(roll: Roll, start: int, stop: int) -> np.ndarray:
    """Pitch classes, bool (12,), of the chord of some ticks."""
    held = CHORDS @ _sounding_classes(roll, start, stop)
    return np.asarray(CHORDS[int(held.argmax())])  # triads stand before chords of four notes


def wide_grips(roll: Roll) -> float:
    """Ticks at which a hand strikes more than it can hold, per cent of those at which it strikes."""
    struck = wide = 0
    for hand in (roll.right, roll.sounding & ~roll.right):
        for tick in np.flatnonzero((roll.struck & hand).any(axis=0)):
            keys = np.flatnonzero(hand[:, tick])
            struck += 1
            wide += bool(keys[-1] - keys[0] > SPAN or keys.size > FINGERS)
    return 100 * wide / max(struck, 1)


def mean_and_range(rows: Sequence[dict[str, float]]) -> dict[str, dict[str, float]]:
    """``mean``, ``least`` and ``most`` over pieces of each figure."""
    return {
        name: {
            "mean": float(np.mean([row[name] for row in rows])),
            "least": min(row[name] for row in rows),
            "most": max(row[name] for row in rows),
        }
        for name in (rows[0] if rows else {})
    }


def _beats(roll: Roll, start: int, stop: int) -> list[int]:
    """First ticks of the beats of a stretch; a stretch may begin within one."""
    return [tick for tick in range(start, stop) if tick == start or roll.place[tick] % TICKS_PER_QUARTER == 0]


def _classes(cells: np.ndarray) -> np.ndarray:
    """How many cells (88, ticks) each pitch class has, C first: int (12,)."""
    counts = np.zeros(12, dtype=np.int64)
    np.add.at(counts, (np.arange(KEYS) + LOWEST_KEY) % 12, cells.sum(axis=1))
    return counts


def _sounding_classes(roll: Roll, start: int, stop: int) -> np.ndarray:
    return _classes(roll.sounding[:, start:stop])


def _struck_classes(roll: Roll, start: int, stop: int) -> np.ndarray:
    return _classes(roll.struck[:, start:stop])
