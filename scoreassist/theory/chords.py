"""The chords of a key: a table of degrees for major and minor, with the numerals and figures that name them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Quality:
    """A kind of chord.

    Attributes
    ----------
    steps : tuple of int
        Semitones above the root: root, third, fifth, and seventh if there is one.
    kind : str
        Its name in MusicXML's `<kind>`.
    sign : str
        What a numeral carries: ``o``, ``ø``, ``+``.
    lower : bool
        Whether its numeral has small letters.
    """

    steps: tuple[int, ...]
    kind: str
    sign: str = ""
    lower: bool = False


QUALITIES = {
    "major": Quality((0, 4, 7), "major"),
    "minor": Quality((0, 3, 7), "minor", lower=True),
    "diminished": Quality((0, 3, 6), "diminished", "o", lower=True),
    "augmented": Quality((0, 4, 8), "augmented", "+"),
    "dominant seventh": Quality((0, 4, 7, 10), "dominant"),
    "major seventh": Quality((0, 4, 7, 11), "major-seventh"),
    "minor seventh": Quality((0, 3, 7, 10), "minor-seventh", lower=True),
    "half-diminished seventh": Quality((0, 3, 6, 10), "half-diminished", "ø", lower=True),
    "diminished seventh": Quality((0, 3, 6, 9), "diminished-seventh", "o", lower=True),
}
NAMES = tuple(QUALITIES)
CHORDS = 12 * len(NAMES)

# Figures by the chord tone in the bass; what is implied is left out, as in the usual notation.
TRIAD_FIGURES = ("", "6", "64")
SEVENTH_FIGURES = ("7", "65", "43", "42")

# The German sixth is counted from its bass, which is no root: it sounds as a dominant seventh on the sixth degree.
AUGMENTED_SIXTH = "Ger"
AUGMENTED_FIGURES = ("Ger65", "Ger43", "Ger42", "Ger7")


@dataclass(frozen=True)
class Degree:
    """A chord of a key.

    Attributes
    ----------
    numeral : str
        Without sign and figure: ``V``, ``ii``, ``bVI``.
    root : int
        Semitones above the tonic.
    quality : str
        A key of `QUALITIES`.
    of : str
        The degree that it is applied to: ``V`` of ``V7/V``.
    cost : float
        How much speaks against it, in nats.
    """

    numeral: str
    root: int
    quality: str
    cost: float
    of: str = ""

    @property
    def steps(self) -> tuple[int, ...]:
        """Semitones of its notes above the root."""
        return QUALITIES[self.quality].steps

    @property
    def fifths(self) -> int:
        """Root above the tonic on the line of fifths."""
        return (_FIFTHS[TONICIZED[self.of]] + _APPLIED_FIFTHS[self.numeral]) if self.of else _FIFTHS[self.root]

    def member_fifths(self, member: int) -> int:
        """Root, third, fifth or seventh above the root on the line of fifths."""
        return _MEMBER_FIFTHS[self.steps[member]]

    @property
    def is_triad(self) -> bool:
        """Whether it has no seventh."""
        return len(self.steps) == 3

    def name(self, inversion: int) -> str:
        """As it is written: ``V65/V``, ``viio7``, ``iiø65``, ``I64``."""
        quality = QUALITIES[self.quality]
        figures = SEVENTH_FIGURES if len(quality.steps) == 4 else TRIAD_FIGURES
        applied = f"/{self.of}" if self.of else ""
        if self.numeral == AUGMENTED_SIXTH:
            return AUGMENTED_FIGURES[inversion]
        return f"{self.numeral}{quality.sign}{figures[inversion]}{applied}"


@dataclass(frozen=True)
class Chord:
    """A chord in time.

    Attributes
    ----------
    first, end : int
        Ticks.
    tonic : int
        Pitch class of the key.
    minor : bool
    degree : Degree
    inversion : int
        Place of the bass among root, third, fifth, seventh.
    """

    first: int
    end: int
    tonic: int
    minor: bool
    degree: Degree
    inversion: int

    @property
    def root(self) -> int:
        """Its pitch class."""
        return (self.tonic + self.degree.root) % 12

    @property
    def quality(self) -> str:
        """A key of `QUALITIES`."""
        return self.degree.quality

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """Root, third, fifth, and seventh if it has one."""
        return tuple((self.root + step) % 12 for step in self.degree.steps)

    @property
    def bass(self) -> int:
        """Pitch class of the lowest note that belongs to it."""
        return self.pitch_classes[self.inversion]

    @property
    def numeral(self) -> str:
        """``V65/V``, ``viio7``, ``iiø65``, ``I64``."""
        return self.degree.name(self.inversion)

    @property
    def figure(self) -> str:
        """Of its inversion: ``65``; empty for a triad in root position."""
        return (TRIAD_FIGURES if self.degree.is_triad else SEVENTH_FIGURES)[self.inversion]


# Steps on the line of fifths: from the tonic to a root so many semitones above it, from a root to the notes of its
# chord, and from a degree to the roots of its dominants.
_FIFTHS = {0: 0, 1: -5, 2: 2, 3: -3, 4: 4, 5: -1, 6: 6, 7: 1, 8: -4, 9: 3, 10: -2, 11: 5}
_MEMBER_FIFTHS = {0: 0, 3: -3, 4: 4, 6: -6, 7: 1, 8: 8, 9: -9, 10: -2, 11: 5}
_APPLIED_FIFTHS = {"V": 1, "vii": 5}

# Numeral, semitones above the tonic, triad, its cost; seventh chord, its cost. Costs are in nats, in the order in
# which textbooks introduce chords (Kostka & Payne, *Tonal Harmony*, ch. 7 and 21; Piston, *Harmony*): primary
# triads, then the others, then sevenths, then what is borrowed.
_MAJOR = (
    ("I", 0, "major", 0.3, "major seventh", 4.5),
    ("ii", 2, "minor", 2.2, "minor seventh", 2.2),
    ("iii", 4, "minor", 4.4, "minor seventh", 5.5),
    ("IV", 5, "major", 1.5, "major seventh", 4.0),
    ("V", 7, "major", 0.7, "dominant seventh", 1.2),
    ("vi", 9, "minor", 2.0, "minor seventh", 4.2),
    ("vii", 11, "diminished", 2.2, "half-diminished seventh", 4.0),
)
_MINOR = (
    ("i", 0, "minor", 0.3, "minor seventh", 4.5),
    ("ii", 2, "diminished", 2.8, "half-diminished seventh", 2.2),
    ("III", 3, "major", 2.8, "major seventh", 5.5),
    ("iv", 5, "minor", 2.4, "minor seventh", 3.2),
    ("V", 7, "major", 0.7, "dominant seventh", 1.2),
    ("VI", 8, "major", 2.4, "major seventh", 4.5),
    ("vii", 11, "diminished", 2.2, "diminished seventh", 3.0),
    ("v", 7, "minor", 3.2, "minor seventh", 5.5),
    ("VII", 10, "major", 3.4, "dominant seventh", 4.5),
    ("IV", 5, "major", 3.6, "dominant seventh", 5.5),
    ("ii", 2, "minor", 4.8, "minor seventh", 5.5),
    ("III", 3, "augmented", 5.5, "", 0.0),
    ("I", 0, "major", 3.0, "", 0.0),
)
# From the parallel key, and beyond.
_MAJOR_BORROWED = (
    ("iv", 5, "minor", 5.0, "", 0.0),
    ("ii", 2, "", 0.0, "half-diminished seventh", 5.0),
    ("vii", 11, "", 0.0, "diminished seventh", 4.5),
    ("i", 0, "minor", 5.5, "", 0.0),
    ("bVI", 8, "major", 6.5, "", 0.0),
    ("bIII", 3, "major", 7.0, "", 0.0),
    ("bVII", 10, "major", 5.5, "", 0.0),
    ("N", 1, "major", 7.0, "", 0.0),
    (AUGMENTED_SIXTH, 8, "", 0.0, "dominant seventh", 6.5),
)
_MINOR_BORROWED = (
    ("vi", 9, "diminished", 5.5, "half-diminished seventh", 5.5),
    ("N", 1, "major", 6.0, "", 0.0),
    (AUGMENTED_SIXTH, 8, "", 0.0, "dominant seventh", 6.0),
)
# Degrees that have a dominant of their own: semitones above the tonic.
TONICIZED = {"ii": 2, "iii": 4, "IV": 5, "V": 7, "vi": 9, "III": 3, "iv": 5, "VI": 8, "VII": 10}
_TONICIZED_IN = (("ii", "iii", "IV", "V", "vi"), ("III", "iv", "V", "VI", "VII"))

# Dominants of a degree: numeral, semitones above it, quality, cost.
_APPLIED = (
    ("V", 7, "major", 3.6),
    ("V", 7, "dominant seventh", 3.4),
    ("vii", 11, "diminished", 4.2),
    ("vii", 11, "diminished seventh", 4.6),
    ("vii", 11, "half-diminished seventh", 5.2),
)


@lru_cache(maxsize=2)
def degrees(minor: bool) -> tuple[Degree, ...]:
    """The chords of a major or minor key; no two of them sound alike, so that a chord has one name in a key."""
    rows = [
        Degree(numeral, root, quality, cost)
        for numeral, root, triad, light, seventh, heavy in (
            _MINOR + _MINOR_BORROWED if minor else _MAJOR + _MAJOR_BORROWED
        )
        for quality, cost in ((triad, light), (seventh, heavy))
        if quality
    ]
    rows += [
        Degree(numeral, (TONICIZED[of] + above) % 12, quality, cost, of)
        for of in _TONICIZED_IN[minor]
        for numeral, above, quality, cost in _APPLIED
        if not (quality == "half-diminished seventh" and of.islower())
    ]
    first: dict[tuple[int, str], Degree] = {}
    for row in rows:
        first.setdefault((row.root, row.quality), row)
    return tuple(first.values())


@lru_cache(maxsize=1)
def members() -> np.ndarray:
    """What each pitch class is to each chord: int array (chords, 12), 0 none, 1 root, 2 third, 3 fifth, 4 seventh.

    A chord's index is its root + 12 × the place of its quality in `NAMES`.
    """
    table = np.zeros((CHORDS, 12), dtype=np.int64)
    for place, quality in enumerate(QUALITIES.values()):
        for root in range(12):
            for member, step in enumerate(quality.steps, 1):
                table[12 * place + root, (root + step) % 12] = member
    return table


def chord_index(root: int, quality: str) -> int:
    """Row of a chord in `members`."""
    return root % 12 + 12 * NAMES.index(quality)
