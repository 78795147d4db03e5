"""Accompaniments without a network: the nearest training measures, the measure before, and a rule.

Each is a function of a roll, of which it reads the melody and what is known from it (`grid.melody_mask`), and of
the training rolls; it returns the strikes that it writes, bool (88, ticks), none of them in a known cell. What can
be chosen was chosen on the ``valid`` rags by F1 of pitch and tick; the choices are the defaults below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scoreassist.grid.roll import LOWEST_KEY, MEASURE_TICKS, Roll, shifted
from scoreassist.grid.vocabulary import REST_PITCH

BEYOND = -2  # pitch of the melody before a piece and after it
AROUND = 8  # ticks before a measure and after it that are compared too
OCTAVE = 12

Baseline = Callable[[Roll, Sequence[Roll]], np.ndarray]


@dataclass(frozen=True)
class Distance:
    """How far apart two measures of melodies are: a weighted sum of what they do not share.

    Attributes
    ----------
    pitch : float
        Of each tick of the measure with another pitch.
    strike : float
        Of each tick at which one is struck and the other is not.
    around : float
        Of each tick with another pitch class in the measures before and after.
    content : float
        Of each tick whose pitch class is not found in the other measure, wherever it stands there.
    key : float
        Of each fifth between the key signatures.
    semitone : float
        Of each semitone by which the training measure is transposed, at most eleven.
    """

    pitch: float
    strike: float
    around: float
    content: float
    key: float
    semitone: float


NEAREST = Distance(pitch=0.5, strike=0.75, around=0.25, content=0.5, key=2, semitone=0.2)
VOTERS = Distance(pitch=1, strike=0.25, around=0.25, content=0.5, key=2, semitone=0.3)
VOTES, MAJORITY = 100, 0.175  # measures that are asked, and the share of them that a strike needs
WAYS = np.array(sorted(range(1 - OCTAVE, OCTAVE), key=abs))  # semitones, the least first: they win ties


@dataclass(frozen=True)
class Manner:
    """How the rule writes.

    Attributes
    ----------
    ticks : int
        How long a chord stays: a measure or half of one.
    bass : int
        The lowest note (MIDI) of the octaves on the beats; the root lies in the octave from it on.
    chord : int
        The lowest note of the chords off the beats.
    bass_ticks, chord_ticks : tuple of int
        Sixteenths of a measure.
    """

    ticks: int = 8
    bass: int = 38
    chord: int = 53
    bass_ticks: tuple[int, ...] = (0, 4)
    chord_ticks: tuple[int, ...] = (2, 6)


MANNER = Manner()

# Tonic, subdominant and dominant seventh of a major key: pitch classes from the tonic, the root first.
CHORDS = ((0, 4, 7), (5, 9, 0), (7, 11, 2, 5))


def retrieval(roll: Roll, train: Sequence[Roll], distance: Distance = NEAREST) -> np.ndarray:
    """What goes with the measure of the training rags whose melody is nearest, in any transposition."""
    library = _Library(train)
    return library.copied(roll, library.nearest(roll, distance, 1), 0)


def vote(
    roll: Roll,
    train: Sequence[Roll],
    distance: Distance = VOTERS,
    votes: int = VOTES,
    majority: float = MAJORITY,
) -> np.ndarray:
    """What many of the training measures with the nearest melodies have in common, in any transposition.

    Stronger than any one measure by F1, and no music: nobody wrote the chords that it makes.
    """
    library = _Library(train)
    return library.copied(roll, library.nearest(roll, distance, votes), majority)


def previous_measure(roll: Roll, train: Sequence[Roll] = ()) -> np.ndarray:
    """The true accompaniment of the measure before; the first measure is empty.

    It reads what the others are not given, and so knows more than they can.
    """
    truth, struck = roll.accompaniment(), np.zeros_like(roll.struck)
    rows = list(bars(roll))
    for (first, last), (start, stop) in pairwise(rows):
        # By places in the measure: one that a repeat cuts in two begins within it.
        for tick in range(start, stop):
            before = first + (roll.place[tick] - roll.place[first])
            if first <= before < last:
                struck[:, tick] = truth[:, before]
    return np.asarray(struck & ~roll.known)


def rule(roll: Roll, train: Sequence[Roll] = (), manner: Manner = MANNER) -> np.ndarray:
    """Octaves in the bass on the beats and chords off them, I, IV or V7 as fits the melody best.

    The key is the major one of the signature. Of chords that hold as many sixteenths of the melody, the tonic goes
    first, then the dominant.
    """
    struck = np.zeros_like(roll.struck)
    for start, stop in bars(roll):
        for first in range(start, stop, manner.ticks):
            last = min(first + manner.ticks, stop)
            tonic = 7 * int(roll.fifths[first]) % 12
            root, *others = _fitting(roll.melody[first:last], tonic)
            bass = manner.bass + (root - manner.bass) % 12
            chord = [manner.chord + (pitch_class - manner.chord) % 12 for pitch_class in (root, *others)]
            for tick in range(first, last):
                if roll.place[tick] in manner.bass_ticks:
                    struck[np.array([bass, bass + 12]) - LOWEST_KEY, tick] = True
                if roll.place[tick] in manner.chord_ticks:
                    struck[np.array(chord) - LOWEST_KEY, tick] = True
    return np.asarray(struck & ~roll.known)


BASELINES: dict[str, Baseline] = {
    "retrieval": retrieval,
    "vote": vote,
    "previous_measure": previous_measure,
    "rule": rule,
}


def bars(roll: Roll) -> list[tuple[int, int]]:
    """First tick and end of each measure; those that a repeat cuts in two count as two."""
    starts = np.flatnonzero((roll.place == 0) | (np.diff(roll.measure, prepend=-1) != 0)).tolist()
    return list(zip(starts, [*starts[1:], roll.ticks], strict=True))


class _Library:
    """The measures of the training rags, with their melodies and what goes with these.

    Parameters
    ----------
    rolls : sequence of Roll
    """

    def __init__(self, rolls: Sequence[Roll]) -> None:
        self.melodies = _Melodies.of(rolls)
        self.accompaniments = [
            accompaniment[:, start:stop]
            for roll, accompaniment in ((roll, roll.accompaniment()) for roll in rolls)
            for start, stop in bars(roll)
        ]

    def nearest(self, roll: Roll, weights: Distance, count: int) -> np.ndarray:
        """Which measures are nearest to those of a roll: ints (measures, count), index * ways + way."""
        own = _Melodies.of([roll])
        rows = np.stack([own.distances(self.melodies, int(way), weights) for way in WAYS], axis=-1)
        flat = rows.reshape(len(rows), -1)
        return np.argsort(flat, axis=1, kind="stable")[:, :count]

    def copied(self, roll: Roll, chosen: np.ndarray, majority: float) -> np.ndarray:
        """Strikes that more than a share of the chosen measures have, where they are not known."""
        struck = np.zeros_like(roll.struck)
        for (start, stop), row in zip(bars(roll), chosen, strict=True):
            counts = np.zeros((len(struck), stop - start))
            for index, way in zip(*np.divmod(row, len(WAYS)), strict=True):
                cells = self.accompaniments[index][:, : stop - start]
                counts[:, : cells.shape[1]] += shifted(cells, int(WAYS[way]))
            struck[:, start:stop] = counts > majority * len(row)
        return np.asarray(struck & ~roll.known)


@dataclass(frozen=True)
class _Melodies:
    """Melodies measure by measure. Axes are (measure, tick), `AROUND` ticks on each side included.

    Attributes
    ----------
    pitch, struck : arrays (n, 24)
    fifths : int array (n,)
    """

    pitch: np.ndarray
    struck: np.ndarray
    fifths: np.ndarray

    @classmethod
    def of(cls, rolls: Sequence[Roll]) -> _Melodies:
        """The measures of some rolls, one roll after the other."""
        around = np.arange(-AROUND, MEASURE_TICKS + AROUND)
        pitch, struck, fifths = [], [], []
        for roll in rolls:
            starts = np.array([start for start, _ in bars(roll)])
            ticks = starts[:, None] + around
            inside = (ticks >= 0) & (ticks < roll.ticks)
            ticks = ticks.clip(0, roll.ticks - 1)
            pitch.append(np.where(inside, roll.melody[ticks], BEYOND))
            struck.append(inside & roll.melody_struck[ticks])
            fifths.append(roll.fifths[starts])
        return cls(np.concatenate(pitch).astype(np.int16), np.concatenate(struck), np.concatenate(fifths))

    def distances(self, others: _Melodies, semitones: int, weights: Distance) -> np.ndarray:
        """Of all these measures from all those, transposed: array (n, others)."""
        middle = slice(AROUND, AROUND + MEASURE_TICKS)
        moved = np.where(others.pitch >= 0, others.pitch + semitones, others.pitch)
        total = weights.pitch * _unlike(self.pitch[:, middle], moved[:, middle])
        total += weights.strike * _unlike(self.struck[:, middle], others.struck[:, middle])
        if weights.around:
            total += weights.around * _unlike(_classes(_outside(self.pitch)), _classes(_outside(moved)))
        ours, theirs = _contents(self.pitch[:, middle]), _contents(moved[:, middle])
        total += weights.content * (MEASURE_TICKS - np.minimum(ours[:, None], theirs).sum(axis=2))
        total += weights.key * _fifths_apart(self.fifths[:, None], others.fifths + 7 * semitones)
        return np.asarray(total + weights.semitone * abs(semitones), dtype=np.float32)


def _outside(cells: np.ndarray) -> np.ndarray:
    """The ticks before and after the measures."""
    return np.concatenate([cells[:, :AROUND], cells[:, AROUND + MEASURE_TICKS :]], axis=1)


def _classes(pitch: np.ndarray) -> np.ndarray:
    """Pitch classes; what is none stays as it is."""
    return np.where(pitch >= 0, pitch % OCTAVE, pitch)


def _contents(pitch: np.ndarray) -> np.ndarray:
    """How many ticks have each pitch class: array (n, 12)."""
    return np.asarray((_classes(pitch)[:, :, None] == np.arange(OCTAVE)).sum(axis=1))


def _unlike(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """How many ticks differ: array (n, m) of arrays (n, ticks) and (m, ticks)."""
    return np.asarray((ours[:, None] != theirs).sum(axis=2), dtype=np.float32)


def _fifths_apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    steps = (one - other) % 12
    return np.asarray(np.minimum(steps, OCTAVE - steps))


def _fitting(melody: np.ndarray, tonic: int) -> tuple[int, ...]:
    """Pitch classes of the chord of `CHORDS` that holds most of a melody, the root first."""
    classes = (melody[melody != REST_PITCH] - tonic) % 12
    counts = [int(np.isin(classes, chord).sum()) for chord in CHORDS]
    first = max((0, 2, 1), key=lambda index: counts[index])  # of equals the first of these
    return tuple((tonic + step) % 12 for step in CHORDS[first])
