"""What a part is made of: notes in time, measures, and the attributes in force at every moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from scoreassist.score.metre import COMMON_TIME, Metre


@dataclass(frozen=True, slots=True)
class Attributes:
    """What `<attributes>` have set for a part at some moment.

    Attributes
    ----------
    divisions : int
        Units of `<duration>` in a quarter.
    fifths : int
        Written key signature, sharps positive; of the first staff where staves differ.
    metre : Metre or None
        None without time signature (senza misura).
    clefs : tuple of (staff, sign, line, octave change)
    transpose : int
        Semitones from written to sounding pitch.
    transpose_fifths : int
        The same transposition on the line of fifths (B flat clarinet: -2).
    staff_fifths : tuple of (staff, fifths)
        Key signatures of staves that have one of their own.
    other_metre : Metre or None
        The other signature of an interchangeable pair (2/4 and 3/4 by turns).
    """

    divisions: int = 1
    fifths: int = 0
    metre: Metre | None = COMMON_TIME
    clefs: tuple[tuple[int, str, int, int], ...] = ()
    transpose: int = 0
    transpose_fifths: int = 0
    staff_fifths: tuple[tuple[int, int], ...] = ()
    other_metre: Metre | None = None

    def clef(self, staff: int) -> tuple[str, int, int] | None:
        """Sign, line and octave change of a staff's clef, None if it has none."""
        for number, sign, line, octave in self.clefs:
            if number == staff:
                return sign, line, octave
        return None

    @property
    def pitched(self) -> bool:
        """Whether a key signature means anything: not where all clefs are for percussion."""
        return not self.clefs or any(sign != "percussion" for _, sign, _, _ in self.clefs)

    def fifths_on(self, staff: int) -> int:
        """Written key signature of a staff."""
        return dict(self.staff_fifths).get(staff, self.fifths)

    @property
    def concert_fifths(self) -> int:
        """Key signature at sounding pitch."""
        return self.fifths + self.transpose_fifths


@dataclass(slots=True)
class Event:
    """One `<note>` in time.

    Attributes
    ----------
    element : lxml.etree._Element
    kind : str
        ``note``, ``rest``, ``grace``, ``cue`` or ``unpitched``.
    measure : int
        Index of the measure.
    offset, duration : Fraction
        Quarters from the start of the measure; duration 0 for grace notes.
    voice : str
    staff : int
    midi : int or None
        Sounding pitch.
    chord : bool
        Whether the note shares its onset with the one before it.
    tied_from, tied_to : bool
        Whether a tie ends, begins here.
    fermata : bool
    hidden : bool
        Whether it is not printed: heard, but not read.
    """

    element: etree._Element
    kind: str
    measure: int
    offset: Fraction
    duration: Fraction
    voice: str
    staff: int
    midi: int | None = None
    chord: bool = False
    tied_from: bool = False
    tied_to: bool = False
    fermata: bool = False
    hidden: bool = False

    @property
    def end(self) -> Fraction:
        """Offset of the end within the measure, in quarters."""
        return self.offset + self.duration


@dataclass(slots=True)
class PartMeasure:
    """One `<measure>` of one part: its element, its notes, and the attributes in force at its start and end.

    Attributes
    ----------
    changes : tuple of (offset, Attributes)
        What is set after the start of the measure, in order of time; offsets in quarters.
    """

    element: etree._Element
    events: list[Event]
    length: Fraction
    start: Attributes
    end: Attributes
    changes: tuple[tuple[Fraction, Attributes], ...] = ()

    def at(self, offset: Fraction) -> Attributes:
        """The attributes in force at a moment, in quarters from the start of the measure."""
        return next((then for when, then in reversed(self.changes) if when <= offset), self.start)


@dataclass(slots=True)
class Part:
    """One `<part>`: id, printed name, number of staves, measures."""

    element: etree._Element
    id: str
    name: str
    staves: int
    measures: list[PartMeasure]

    def events(self) -> Iterator[Event]:
        """All notes in document order."""
        for measure in self.measures:
            yield from measure.events
