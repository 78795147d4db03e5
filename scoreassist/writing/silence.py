"""A silent part beside a given one: the same measures, keys, times and barlines, at sounding pitch."""

from __future__ import annotations

import copy
from fractions import Fraction
from math import lcm

from lxml import etree

from scoreassist.score.events import Part, PartMeasure
from scoreassist.score.part_reader import moments, transposition
from scoreassist.score.timeline import Measure, Timeline

Clef = tuple[str, int, int]
"""Sign, line and octave change."""

# What one staff of a system says for all of them.
_ONCE = ("segno", "coda", "fermata", "footnote", "level")


def silent_part(timeline: Timeline, model: Part, part_id: str, clef: Clef, above: bool) -> etree._Element:
    """A `<part>` without notes.

    Parameters
    ----------
    timeline : Timeline
    model : Part
        Whose neighbour it becomes.
    part_id : str
    clef : Clef
    above : bool
        Whether it stands above its model. Endings are drawn once for each part that has them, and the upper one
        is enough; so are breaks of lines and pages, which are read from the top part.
    """
    return _SilentPart(timeline, model, clef, above).write(part_id)


class _SilentPart:
    """Writes a part beside its model, carrying key and transposition along."""

    def __init__(self, timeline: Timeline, model: Part, clef: Clef, above: bool) -> None:
        self.measures, self.model, self.clef, self.above = timeline.measures, model, clef, above
        # A part that ends early stands beside one that goes on.
        longest = max(timeline.parts, key=lambda part: len(part.measures))
        self.rows = model.measures + longest.measures[len(model.measures) :]
        self.divisions = _divisions(model.measures[0].start.divisions, timeline.measures)
        self.shift = 0
        self.fifths: int | None = None

    def write(self, part_id: str) -> etree._Element:
        part = etree.Element("part", id=part_id)
        part.text = self.model.element.text
        for row, measure in zip(self.rows, self.measures, strict=True):
            element = self._measure(row, measure, first=not len(part))
            element.tail = row.element.tail
            part.append(element)
        return part

    def _measure(self, row: PartMeasure, measure: Measure, *, first: bool) -> etree._Element:
        new = etree.Element("measure")
        new.text = row.element.text
        for name in ("number", "implicit", "non-controlling", "text"):
            if (value := row.element.get(name)) is not None:
                new.set(name, value)
        start, later = self._attributes(row, first)
        if self.above and (broken := _break(row.element)) is not None:
            new.append(broken)
        if len(start):
            new.append(start)
        new.extend(self._barlines(row.element, "left"))
        new.extend(self._rests(later, measure.length))
        new.extend(self._barlines(row.element, "right"))
        for child in new:
            child.tail = new.text
        if len(new):
            new[-1].tail = row.element[-1].tail if len(row.element) else new.text
        return new

    def _attributes(
        self, row: PartMeasure, first: bool
    ) -> tuple[etree._Element, list[tuple[Fraction, etree._Element]]]:
        """Keys and times from the start of a measure, and those that begin within it, by their moment."""
        start = etree.Element("attributes")
        if first:
            etree.SubElement(start, "divisions").text = str(self.divisions)
        later: list[tuple[Fraction, etree._Element]] = []
        for offset, child in moments(row):
            if child.tag != "attributes":
                continue
            into = start if offset == 0 else etree.Element("attributes")
            self._take_over(child, into)
            if offset and len(into):
                later.append((offset, into))
        if first:
            start.append(_clef(self.clef))
        return start, sorted(later, key=lambda moment: moment[0])

    def _take_over(self, old: etree._Element, new: etree._Element) -> None:
        """Key and time of one `<attributes>`, in another; where a part only changes its transposition, the key."""
        before = self.shift
        for child in old.findall("transpose"):
            if child.get("number") in (None, "1"):
                self.shift = transposition(child)[1]
        for tag in ("key", "time"):
            taken = [_copy(e) for e in old.findall(tag) if e.get("number") in (None, "1")]
            if tag == "key":
                taken = self._at_sounding_pitch(taken, before)
            for element in taken:
                if (known := new.find(tag)) is not None:
                    new.remove(known)
                new.append(element)
        new[:] = sorted(new, key=lambda e: ("divisions", "key", "time", "clef").index(str(e.tag)))

    def _at_sounding_pitch(self, keys: list[etree._Element], shift_before: int) -> list[etree._Element]:
        for key in keys:
            fifths = key.find("fifths")
            if fifths is None:
                continue
            self.fifths = int(fifths.text or 0)
            if self.shift:
                fifths.text = str(_within_seven(self.fifths + self.shift))
                for cancel in key.findall("cancel"):
                    key.remove(cancel)
        if not keys and self.shift != shift_before and self.fifths is not None:
            key = etree.Element("key")
            etree.SubElement(key, "fifths").text = str(_within_seven(self.fifths + self.shift))
            return [key]
        return keys

    def _rests(self, changes: list[tuple[Fraction, etree._Element]], length: Fraction) -> list[etree._Element]:
        """Rests between the signs that stand within a measure; none where there are no such signs."""
        result, at = [], Fraction(0)
        for offset, attributes in changes:
            offset = min(offset, length)
            if offset > at:
                result.append(self._rest(offset - at))
            result.append(attributes)
            at = offset
        if changes and at < length:
            result.append(self._rest(length - at))
        return result

    def _rest(self, length: Fraction) -> etree._Element:
        note = etree.Element("note")
        etree.SubElement(note, "rest")
        etree.SubElement(note, "duration").text = str(int(length * self.divisions))
        etree.SubElement(note, "voice").text = "1"
        return note

    def _barlines(self, measure: etree._Element, location: str) -> list[etree._Element]:
        return [
            barline
            for old in measure.findall("barline")
            if old.get("location", "right") == location and len(barline := self._barline(old))
        ]

    def _barline(self, old: etree._Element) -> etree._Element:
        barline = _copy(old)
        for tag in _ONCE if self.above else (*_ONCE, "ending"):
            for element in barline.findall(tag):
                barline.remove(element)
        return barline


def _divisions(divisions: int, measures: list[Measure]) -> int:
    """The model's divisions, or finer ones in which every measure is a whole number."""
    return divisions * lcm(*((measure.length * divisions).denominator for measure in measures))


def _copy(element: etree._Element) -> etree._Element:
    """An element for another staff, without its number there and its id."""
    new = copy.deepcopy(element)
    for name in ("number", "id"):
        new.attrib.pop(name, "")
    new.tail = None
    return new


def _break(measure: etree._Element) -> etree._Element | None:
    """The breaks of line and page at a measure, without distances, which are those of another staff."""
    for old in measure.findall("print"):
        breaks = {name: str(old.get(name)) for name in ("new-system", "new-page") if old.get(name) is not None}
        if breaks:
            return etree.Element("print", breaks)
    return None


def _within_seven(fifths: int) -> int:
    """The key signature of at most seven accidentals that sounds the same."""
    return fifths - 12 if fifths > 7 else fifths + 12 if fifths < -7 else fifths


def _clef(clef: Clef) -> etree._Element:
    sign, line, octave = clef
    element = etree.Element("clef")
    etree.SubElement(element, "sign").text = sign
    etree.SubElement(element, "line").text = str(line)
    if octave:
        etree.SubElement(element, "clef-octave-change").text = str(octave)
    return element
