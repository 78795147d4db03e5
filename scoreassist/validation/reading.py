"""The notes of a part in time, as they are written: mistakes are kept, not mended.

Onsets and durations are quarters from the start of the measure, as Fractions. What has no usable number lasts 0;
the schema complains of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from lxml import etree

from scoreassist.score.timeline import STEPS, decimal

ZERO = Fraction(0)
_IN_A_VOICE = ("note", "forward", "direction")
_SIGNS = {"-2": "♭♭", "-1": "♭", "1": "♯", "2": "♯♯"}


@dataclass(slots=True)
class Placed:
    """A child of a measure at its moment.

    Attributes
    ----------
    element : lxml.etree._Element
    measure : int
        Index.
    onset, duration : Fraction
        Of a direction, the onset is where it stands, its `<offset>` added.
    voice : str
    staff : int
    divisions : Fraction
        Units of `<duration>` in a quarter, as they are here.
    grace, chord, rest : bool
        What kind of note it is; `chord` is a further note of one.
    before_start : Fraction
        How far a `<backup>` leads in front of the measure.
    """

    element: etree._Element
    measure: int
    onset: Fraction
    duration: Fraction
    voice: str
    staff: int
    divisions: Fraction
    grace: bool = False
    chord: bool = False
    rest: bool = False
    before_start: Fraction = ZERO

    @property
    def end(self) -> Fraction:
        """Moment at which it ends."""
        return self.onset + self.duration

    @property
    def pitch(self) -> Fraction | None:
        """Written pitch in semitones, as MIDI counts them; None for rests and what has no usable pitch."""
        pitch = self.element.find("pitch")
        if pitch is None:
            return None
        try:
            step = STEPS[(pitch.findtext("step") or "").strip()]
            return step + decimal(pitch.findtext("alter")) + 12 * (int(pitch.findtext("octave") or "") + 1)
        except (KeyError, ValueError):
            return None

    @property
    def name(self) -> str:
        """``F♯5``, ``the rest``, ``the note``."""
        if self.rest:
            return "the rest"
        pitch = self.element.find("pitch")
        if pitch is None:
            return "the note"
        alter = (pitch.findtext("alter") or "").strip()
        return f"{pitch.findtext('step')}{_SIGNS.get(alter, '')}{pitch.findtext('octave')}"


@dataclass(slots=True)
class MeasureReading:
    """One measure of a part: what stands in it, how long it lasts, how long its time signature wants it."""

    element: etree._Element
    children: list[Placed]
    length: Fraction
    wanted: Fraction | None

    @property
    def controlling(self) -> bool:
        """Whether its barlines are those of the other parts, too."""
        return self.element.get("non-controlling") != "yes"

    def notes(self) -> Iterator[Placed]:
        """Its notes and rests in document order."""
        return (child for child in self.children if child.element.tag == "note")


@dataclass(slots=True)
class PartReading:
    """One part in time."""

    element: etree._Element
    id: str
    measures: list[MeasureReading] = field(default_factory=list)

    @property
    def untimed(self) -> etree._Element | None:
        """The first duration, where no divisions before it say how long it is."""
        for element in self.element.iter("divisions", "duration"):
            parent = element.getparent()
            if element.tag == "divisions":
                break
            if parent is not None and parent.tag != "figured-bass":
                return element
        return None

    @property
    def controlling(self) -> bool:
        """Whether its measures stand beside those of the other parts, one by one; not so in two metres at once."""
        return all(measure.controlling for measure in self.measures)

    def notes(self) -> Iterator[Placed]:
        """All notes and rests in document order."""
        return (note for measure in self.measures for note in measure.notes())


def read_parts(root: etree._Element) -> list[PartReading]:
    """All parts of a score in time."""
    return [_Reader(part).read() for part in root.findall("part")]


class _Reader:
    """Walks one part, carrying divisions and time signature along."""

    def __init__(self, part: etree._Element) -> None:
        self.part = part
        self.divisions = Fraction(1)
        self.wanted: Fraction | None = None
        self.other: Fraction | None = None

    def read(self) -> PartReading:
        """The whole part."""
        reading = PartReading(self.part, self.part.get("id") or "")
        for index, measure in enumerate(self.part.findall("measure")):
            reading.measures.append(self._measure(index, measure))
        return reading

    def _measure(self, index: int, measure: etree._Element) -> MeasureReading:
        cursor = last = length = ZERO
        children = []
        for element in measure.iterchildren("*"):
            placed = self._place(index, element, cursor)
            duration = _number(element.findtext("duration")) / self.divisions
            if element.tag == "attributes":
                self._attributes(element)
            elif element.tag == "note" and not placed.grace:
                placed.duration = duration
                if placed.chord:
                    placed.onset = last
                else:
                    last, cursor = cursor, cursor + duration
            elif element.tag == "forward":
                placed.duration = duration
                cursor += duration
            elif element.tag == "backup":
                cursor -= duration
                placed.before_start, cursor = max(-cursor, ZERO), max(cursor, ZERO)
            elif element.tag == "direction":
                placed.onset += _number(element.findtext("offset"), signed=True) / self.divisions
            length = max(length, cursor)
            children.append(placed)
        return MeasureReading(measure, children, length, self.other if length == self.other else self.wanted)

    def _place(self, index: int, element: etree._Element, cursor: Fraction) -> Placed:
        texts = {child.tag: child.text for child in element} if element.tag in _IN_A_VOICE else {}
        staff = (texts.get("staff") or "").strip()
        return Placed(
            element,
            index,
            cursor,
            ZERO,
            (texts.get("voice") or "").strip() or "1",
            int(staff) if staff.isdecimal() else 1,
            self.divisions,
            grace="grace" in texts,
            chord="chord" in texts,
            rest="rest" in texts,
        )

    def _attributes(self, element: etree._Element) -> None:
        self.divisions = _number(element.findtext("divisions")) or self.divisions
        for time in element.findall("time")[:1]:
            self.wanted = _measure_length(time)
            interchangeable = time.find("interchangeable")
            self.other = None if interchangeable is None else _measure_length(interchangeable)


def _number(text: str | None, *, signed: bool = False) -> Fraction:
    try:
        number = decimal(text)
    except ValueError:
        return ZERO
    return number if signed or number > 0 else ZERO


def _measure_length(time: etree._Element) -> Fraction | None:
    """Quarters that a time signature gives a measure; None if it gives none."""
    total = ZERO
    try:
        for beats, beat_type in zip(time.findall("beats"), time.findall("beat-type"), strict=True):
            total += sum(map(decimal, (beats.text or "").split("+"))) * 4 / decimal(beat_type.text)
    except (ValueError, ZeroDivisionError):
        return None
    return total or None
