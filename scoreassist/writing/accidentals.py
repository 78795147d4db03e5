"""Printed accidentals: those that new notes need, and those that a kind copyist adds.

An accidental holds for its step and octave on its staff until the barline or the next key signature; a tie
carries it over, for its own note. New notes get courtesy accidentals as in Gould, *Behind Bars* (2011),
"Accidentals": where the measure before, or another octave, leaves doubt. They are written as plain accidentals:
`cautionary="yes"` would put them in parentheses in some programs, and Gould's default has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby

from lxml import etree

from scoreassist.score.timeline import Part, PartMeasure
from scoreassist.writing.pen import STEP_NAMES, Placed
from scoreassist.writing.stems import insert_child, is_there

ACCIDENTALS: dict[float, str] = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}

Line = tuple[str, str]
"""Step and octave: a line or space of a staff."""


def write_accidentals(part: Part, staff: int, new: dict[int, list[Placed]]) -> None:
    """Accidentals of the new notes of a staff, by key signature and what stood before.

    A given note gets one only where it read right before, and would not any more.

    Parameters
    ----------
    part : Part
        Its events are those that were read; some may have been taken out since.
    staff : int
    new : by measure index
        What was written in each measure.
    """
    for index in sorted(new):
        measure = part.measures[index]
        was = _given(measure, staff)
        left = [note for note in was if is_there(note.element)]
        now = left + _new(new[index])
        own = {note.element for note in _new(new[index])}
        before = _last_of(part, staff, index - 1, new)
        read_right = {r.note.element for r in _readings(measure, staff, was) if r.alter == r.note.alter}
        for reading in _readings(measure, staff, now, before):
            note = reading.note
            wrong = reading.alter != note.alter and (note.element in own or note.element in read_right)
            if note.alter in ACCIDENTALS and (wrong or (reading.doubtful and note.element in own)):
                _print(note)


def _last_of(part: Part, staff: int, index: int, new: dict[int, list[Placed]]) -> dict[Line, _Heard]:
    """What was last heard on each line of the staff in a measure."""
    if index < 0:
        return {}
    measure = part.measures[index]
    left = [note for note in _given(measure, staff) if is_there(note.element)]
    reader = _Reader(measure, staff)
    for _ in reader.read(left + _new(new.get(index, []))):
        pass
    return reader.heard


@dataclass(frozen=True, slots=True)
class _Note:
    """A note as it stands on the page; `moment` puts grace notes one by one before what they lead to."""

    element: etree._Element
    moment: tuple[Fraction, int]
    line: Line
    alter: float
    tied_from: bool

    @property
    def printed(self) -> bool:
        return self.element.find("accidental") is not None


def _given(measure: PartMeasure, staff: int) -> list[_Note]:
    events = [event for event in measure.events if event.staff == staff]
    graces = sum(event.kind == "grace" for event in events)
    moments: list[tuple[Fraction, int]] = []
    for event in events:
        if event.kind == "grace" and event.element.find("chord") is None:
            graces -= 1
        moments.append((event.offset, -1 - graces if event.kind == "grace" else 0))
    return list(_notes((event.element, moment) for event, moment in zip(events, moments, strict=True)))


def _new(placed: list[Placed]) -> list[_Note]:
    return list(_notes((element, (item.offset, 0)) for item in placed for element in item.elements))


def _notes(rows: Iterable[tuple[etree._Element, tuple[Fraction, int]]]) -> Iterator[_Note]:
    for element, moment in rows:
        step, octave = element.findtext("pitch/step"), element.findtext("pitch/octave")
        if step is not None and octave is not None:
            alter = float(element.findtext("pitch/alter") or 0)
            tied_from = element.find("tie[@type='stop']") is not None
            yield _Note(element, moment, (step.strip(), octave.strip()), alter, tied_from)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A note, and the alteration that the page makes of it without an accidental of its own.

    Attributes
    ----------
    note : _Note
    alter : int or None
        None where the page says two things at once.
    doubtful : bool
        Whether it reads right by the rule, but a reader would look twice.
    """

    note: _Note
    alter: float | None
    doubtful: bool


@dataclass(frozen=True, slots=True)
class _Heard:
    """The last note of a line of the staff: when, and its alteration, if that is not the key's."""

    moment: tuple[Fraction, int]
    altered: float | None


def _readings(
    measure: PartMeasure, staff: int, notes: list[_Note], before: dict[Line, _Heard] | None = None
) -> Iterator[_Reading]:
    return _Reader(measure, staff, before or {}).read(notes)


@dataclass(slots=True)
class _Reader:
    """Reads one staff's measure from left to right.

    Attributes
    ----------
    measure : PartMeasure
    staff : int
    before : by line
        What was last heard on it in the measure before.
    shown : by line
        What accidentals have set; None where two at the same moment differ.
    heard : by line
        The last note on it in this measure.
    """

    measure: PartMeasure
    staff: int
    before: dict[Line, _Heard] = field(default_factory=dict)
    shown: dict[Line, float | None] = field(default_factory=dict)
    heard: dict[Line, _Heard] = field(default_factory=dict)

    def read(self, notes: list[_Note]) -> Iterator[_Reading]:
        """Each note with its reading.

        What is read here is said before the accidental that the reader may print thereupon, which counts for all
        that follows.
        """
        key: int | None = None
        for moment, group in groupby(sorted(notes, key=lambda note: note.moment), key=lambda note: note.moment):
            now = self.measure.at(moment[0]).fifths_on(self.staff)
            if key is not None and now != key:  # a new signature ends what held, as a barline does
                self.shown, self.before, self.heard = {}, {**self.before, **self.heard}, {}
            key = now
            yield from self._chord(list(group), now)

    def _chord(self, chord: list[_Note], fifths: int) -> Iterator[_Reading]:
        """Notes struck, or held by a tie, at the same moment."""
        struck = [note for note in chord if note.printed or not note.tied_from]
        alters: dict[Line, set[float]] = {}
        for note in struck:
            alters.setdefault(note.line, set()).add(note.alter)
        doubtful = {note.line for note in struck if self._is_doubtful(note, chord, fifths)}
        for note in chord:
            if note not in struck:
                yield _Reading(note, note.alter, False)
                continue
            clash = len(alters[note.line]) > 1
            read = None if clash else self.shown.get(note.line, in_key(note.line[0], fifths))
            yield _Reading(note, read, note.line in doubtful and not note.printed)
            doubtful.discard(note.line)
            if note.printed:
                self.shown[note.line] = None if clash else note.alter
        # Of two at once on a line it is the one that is struck, then the one out of key, that is remembered.
        for note in sorted(chord, key=lambda note: (note in struck, note.alter != in_key(note.line[0], fifths))):
            altered = note.alter if note.alter != in_key(note.line[0], fifths) else None
            self.heard[note.line] = _Heard(note.moment, altered)

    def _is_doubtful(self, note: _Note, chord: list[_Note], fifths: int) -> bool:
        """Whether a note that follows the key comes where one that did not is still in the ear.

        That is the last one on its own line, be it in the measure before, or one held by a tie; or one in another
        octave since.
        """
        natural = in_key(note.line[0], fifths)
        if note.alter != natural:
            return False
        last = self.heard.get(note.line)
        before = last or self.before.get(note.line)
        if before is not None and before.altered not in (None, note.alter):
            return True
        if any(other.line == note.line and other.tied_from and other.alter != note.alter for other in chord):
            return True
        octaves = [
            heard.moment
            for line, heard in self.heard.items()
            if _octaves(line, note) and heard.altered is not None
        ]
        octaves += [other.moment for other in chord if _octaves(other.line, note) and other.alter != natural]
        return any(last is None or last.moment < moment for moment in octaves)


def _octaves(line: Line, note: _Note) -> bool:
    """Whether a line has the step of a note in another octave."""
    return line[0] == note.line[0] and line[1] != note.line[1]


def in_key(step: str, fifths: int) -> int:
    """Alteration of a step in a key signature: 1 for F in G major; the eighth sharp is a second one on F."""
    place = STEP_NAMES.index(step) if step in STEP_NAMES else 0
    # Sharps come from the front of the line of fifths, flats from its back.
    return (fifths - place + 6) // 7 if fifths >= 0 else -((place - fifths) // 7)


def _print(note: _Note) -> None:
    if not note.printed:
        accidental = etree.Element("accidental")
        accidental.text = ACCIDENTALS[note.alter]
        insert_child(note.element, accidental)
