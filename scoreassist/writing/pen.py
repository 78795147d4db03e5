"""New notes, and the elements that they are written as: values, ties, stems, beams."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import accumulate, pairwise

from lxml import etree

from scoreassist.score.metre import COMMON_TIME, TICKS_PER_QUARTER
from scoreassist.score.singers import Singer
from scoreassist.score.timeline import Attributes, Measure, PartMeasure
from scoreassist.writing.notation import VALUES, beams, split
from scoreassist.writing.stems import STEMLESS, insert_child

STEP_NAMES = "FCGDAEB"  # on the line of fifths, from -1


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note or rest to write.

    Attributes
    ----------
    onset, ticks : int
        Within the measure, in sixteenths.
    midi : int or None
        Sounding pitch; None for a rest.
    fifth : int
        Spelling at sounding pitch on the line of fifths (C 0, G 1, F -1, F sharp 6).
    tied_from, tied_to : bool
        Whether it goes on from the measure before, into the next one.
    fermata : str or None
        ``upright`` or ``inverted``.
    chord : tuple of (midi, fifth)
        Further heads of the same stem, from the lowest up.
    """

    onset: int
    ticks: int
    midi: int | None = None
    fifth: int = 0
    tied_from: bool = False
    tied_to: bool = False
    fermata: str | None = None
    chord: tuple[tuple[int, int], ...] = ()


def spelled(fifth: int) -> tuple[str, int]:
    """Step and alteration of a place on the line of fifths: 6 is F sharp."""
    return STEP_NAMES[(fifth + 1) % 7], (fifth + 1) // 7


@dataclass(slots=True)
class Placed:
    """A new note's element and where it stands in the measure, in quarters; further heads of its chord."""

    element: etree._Element
    offset: Fraction
    note: NewNote
    heads: list[etree._Element] = field(default_factory=list)

    @property
    def elements(self) -> list[etree._Element]:
        """All heads of the stem, in the order in which they are written."""
        return [self.element, *self.heads]


class Pen:
    """Makes the elements of one singer's new notes in one measure.

    Parameters
    ----------
    singer, part_measure, measure
    divisions : int
        At the start of the measure, as they are now.

    Attributes
    ----------
    moves : set of elements
        The moves of the cursor that were made.
    """

    def __init__(self, singer: Singer, part_measure: PartMeasure, measure: Measure, divisions: int) -> None:
        self.singer, self.part_measure, self.measure = singer, part_measure, measure
        self.divisions = divisions
        self.moves: set[etree._Element] = set()

    def elements(self, notes: list[NewNote], silent: Collection[NewNote] = ()) -> list[Placed]:
        """Notes as tied values, beamed; those that are `silent` as time that goes by."""
        placed = [
            Placed(
                self._note(piece) if note not in silent else self.pause(_quarters(piece.ticks)),
                _quarters(piece.onset),
                piece,
                [self._head(piece, *head) for head in piece.chord],
            )
            for note in notes
            for piece in self._pieces(note)
        ]
        self._beam([item for item in placed if item.note.midi is not None])
        return placed

    def silence(self) -> list[etree._Element]:
        """Rests for the whole measure."""
        ticks = self.measure.length * TICKS_PER_QUARTER
        if ticks.denominator == 1:
            return [placed.element for placed in self.elements([NewNote(0, int(ticks))])]
        rest = etree.Element("note")  # off the grid
        etree.SubElement(rest, "rest", measure="yes")
        _text(rest, "duration", self._units(self.measure.length))
        _text(rest, "voice", self.singer.number)
        self._staff(rest)
        return [rest]

    def move(self, tag: str, quarters: Fraction) -> etree._Element:
        """A `<backup>` or a `<forward>`, which moves the cursor and belongs to nobody."""
        element = etree.Element(tag)
        _text(element, "duration", self._units(quarters))
        self.moves.add(element)
        return element

    def pause(self, quarters: Fraction) -> etree._Element:
        """A `<forward>` in which the singer has nothing."""
        element = self.move("forward", quarters)
        _text(element, "voice", self.singer.number)
        self._staff(element)
        return element

    def _units(self, quarters: Fraction) -> str:
        """A length in divisions, which have been made fine enough for it."""
        units = quarters * self.divisions
        if units.denominator != 1:
            raise AssertionError(f"{quarters} quarters cannot be written with {self.divisions} divisions")
        return str(units)

    def _pieces(self, note: NewNote) -> list[NewNote]:
        values = note_values(note, self.measure)
        onsets = accumulate(values[:-1], initial=note.onset)
        last = len(values) - 1
        return [
            replace(
                note,
                onset=onset,
                ticks=ticks,
                tied_from=note.tied_from or index > 0,
                tied_to=note.tied_to or index < last,
                fermata=note.fermata if index == last else None,
            )
            for index, (onset, ticks) in enumerate(zip(onsets, values, strict=True))
        ]

    def _note(self, note: NewNote) -> etree._Element:
        """Children in the order of the schema."""
        element = etree.Element("note")
        ties = [
            kind
            for kind, on in (("stop", note.tied_from), ("start", note.tied_to))
            if on and note.midi is not None
        ]
        if note.midi is None:
            rest = etree.SubElement(element, "rest")
            if _is_measure_rest(note, self.measure):
                rest.set("measure", "yes")
        else:
            self._pitch(element, note)
        _text(element, "duration", self._units(_quarters(note.ticks)))
        for kind in ties:
            etree.SubElement(element, "tie", type=kind)
        _text(element, "voice", self.singer.number)
        if not _is_measure_rest(note, self.measure):
            self._value(element, note)
        self._staff(element)
        if ties or note.fermata:
            notations = etree.SubElement(element, "notations")
            for kind in ties:
                etree.SubElement(notations, "tied", type=kind)
            if note.fermata:
                etree.SubElement(notations, "fermata", type=note.fermata)
        return element

    def _head(self, note: NewNote, midi: int, fifth: int) -> etree._Element:
        """One more note on the stem of another; signs of the stem are the first note's."""
        element = self._note(replace(note, midi=midi, fifth=fifth, chord=(), fermata=None))
        element.insert(0, etree.Element("chord"))
        return element

    def _pitch(self, element: etree._Element, note: NewNote) -> None:
        step, alter, octave = written_pitch(note, self.part_measure.at(_quarters(note.onset)))
        pitch = etree.SubElement(element, "pitch")
        _text(pitch, "step", step)
        if alter:
            _text(pitch, "alter", str(alter))
        _text(pitch, "octave", str(octave))

    def _value(self, element: etree._Element, note: NewNote) -> None:
        kind, dots = VALUES[note.ticks]
        _text(element, "type", kind)
        for _ in range(dots):
            etree.SubElement(element, "dot")
        if self.singer.upper is not None and note.midi is not None and kind not in STEMLESS:
            _text(element, "stem", "up" if self.singer.upper else "down")

    def _staff(self, element: etree._Element) -> None:
        if self.singer.part.staves > 1:
            _text(element, "staff", str(self.singer.staff))

    def _beam(self, sounding: list[Placed]) -> None:
        pickup = int(self.measure.pickup * TICKS_PER_QUARTER)
        notes = [(item.note.onset, item.note.ticks) for item in sounding]
        for item, levels in zip(sounding, beams(notes, self.measure.metre or COMMON_TIME, pickup), strict=True):
            for number, value in enumerate(levels, 1):
                beam = etree.Element("beam", number=str(number))
                beam.text = value
                insert_child(item.element, beam)


def note_values(note: NewNote, measure: Measure) -> list[int]:
    """Lengths of the tied values in which a note is written, in sixteenths; a new key signature cuts it."""
    if _is_measure_rest(note, measure):
        return [note.ticks]
    pickup = int(measure.pickup * TICKS_PER_QUARTER)
    end = note.onset + note.ticks
    cuts = [int(tick) for offset, _ in measure.keys if (tick := offset * TICKS_PER_QUARTER).denominator == 1]
    edges = [note.onset, *(tick for tick in cuts if note.onset < tick < end), end]
    metre, rest = measure.metre or COMMON_TIME, note.midi is None
    return [value for start, stop in pairwise(edges) for value in split(start, stop - start, metre, pickup, rest)]


def _is_measure_rest(note: NewNote, measure: Measure) -> bool:
    """Whether a rest is written as one of the full measure: not in a pickup, nor in a part of a split measure."""
    whole = measure.metre is None or measure.length >= measure.metre.length
    return note.midi is None and note.onset == 0 and _quarters(note.ticks) == measure.length and whole


def written_pitch(note: NewNote, attributes: Attributes) -> tuple[str, int, int]:
    """Step, alteration and octave as written, for a part that may transpose."""
    assert note.midi is not None
    step, alter = spelled(note.fifth - attributes.transpose_fifths)
    natural = note.midi - attributes.transpose - alter
    return step, alter, natural // 12 - 1


def _quarters(ticks: int) -> Fraction:
    return Fraction(ticks, TICKS_PER_QUARTER)


def _text(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, tag).text = text
