"""Where every note of a document stands in time, as exact fractions of a quarter.

Parts come in the order of the part list, which is that of the page. Measures of all parts are lined up by their
order; a part may end early, but one that leaves out a measure in the middle is refused. A measure lasts as long
as the longest part makes it last; where no part holds anything, as long as its time signature says. Its key and
metre are those of most parts: a horn that is written without a signature does not speak for the choir.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from lxml import etree

from scoreassist.errors import UnsupportedError
from scoreassist.files.document import Score
from scoreassist.score.events import Attributes, Event, Part, PartMeasure
from scoreassist.score.metre import COMMON_TIME, Metre
from scoreassist.score.part_reader import STEPS, ZERO, decimal, read_part

__all__ = [
    "STEPS",
    "ZERO",
    "Attributes",
    "Event",
    "Measure",
    "Part",
    "PartMeasure",
    "Timeline",
    "decimal",
    "read_part",
    "read_timeline",
]

LONGEST_SCORE = 65536  # quarters

# What music21 calls a part that has no name.
_NO_NAME = re.compile(r"P?[0-9a-f]{32}")

_T = TypeVar("_T")


@dataclass(slots=True)
class Measure:
    """One measure of the whole score.

    Attributes
    ----------
    index : int
    number : str
        As printed.
    onset, length : Fraction
        Quarters.
    metre : Metre or None
    concert_fifths : int
    pickup : Fraction
        Quarters of the metre's full measure that are missing in front.
    keys : tuple of (offset, concert fifths)
        Key signatures that begin after the start of the measure; offsets in quarters.
    """

    index: int
    number: str
    onset: Fraction
    length: Fraction
    metre: Metre | None
    concert_fifths: int
    pickup: Fraction = ZERO
    keys: tuple[tuple[Fraction, int], ...] = ()

    @property
    def short(self) -> bool:
        """Whether it lasts less than its metre says."""
        return self.metre is not None and self.length < self.metre.length


@dataclass(slots=True)
class Timeline:
    """The whole score in time."""

    score: Score
    parts: list[Part]
    measures: list[Measure] = field(default_factory=list)


def read_timeline(score: Score) -> Timeline:
    """Find the onset of every note of a score.

    Raises
    ------
    UnsupportedError
        A duration, a divisions or a pitch is not a number, a measure or the score goes on without end, or a part
        leaves out measures in the middle.
    """
    listed = score.root.findall("part-list/score-part")
    names = {row.get("id"): _part_name(row) for row in listed}
    place = {row.get("id"): i for i, row in reversed(list(enumerate(listed)))}
    parts: list[Part] = []
    for element in score.root.findall("part"):
        part_id = element.get("id") or f"part {len(parts) + 1}"
        if element.find("measure") is not None:
            parts.append(read_part(score.name, element, part_id, names.get(part_id, "")))
    parts.sort(key=lambda part: place.get(part.id, len(listed)))
    _check_numbers(score.name, parts)
    timeline = Timeline(score, parts, _line_up(parts))
    last = timeline.measures[-1]
    if last.onset + last.length > LONGEST_SCORE:
        raise UnsupportedError(
            f"lasts more than {LONGEST_SCORE} quarters; split it into movements", source=score.name
        )
    return timeline


def _part_name(score_part: etree._Element) -> str:
    display = score_part.find("part-name-display")
    if display is not None and (text := "".join(map(str, display.itertext())).strip()):
        return " ".join(text.split())
    name = " ".join((score_part.findtext("part-name") or "").split())
    return "" if _NO_NAME.fullmatch(name) else name


def _check_numbers(source: str, parts: list[Part]) -> None:
    """Refuse a part that has fewer measures than the longest one and counts them otherwise."""
    longest = max(parts, key=lambda part: len(part.measures))
    for part in parts:
        if len(part.measures) == len(longest.measures):
            continue
        for own, other in zip(part.measures, longest.measures, strict=False):
            numbers = own.element.get("number"), other.element.get("number")
            if all(numbers) and numbers[0] != numbers[1]:
                raise UnsupportedError(
                    f"stands where part {longest.id} has its measure {numbers[1]}, and the part is shorter;"
                    " add the measures that it lacks, empty, in a notation program and export again",
                    source=source,
                    part=part.id,
                    measure=numbers[0],
                )


def _line_up(parts: list[Part]) -> list[Measure]:
    measures: list[Measure] = []
    rows: list[list[PartMeasure]] = []
    onset = ZERO
    for index in range(max(len(part.measures) for part in parts)):
        row = [part.measures[index] for part in parts if index < len(part.measures)]
        pitched = [m for m in row if m.start.pitched] or row
        key = _most([m.start.concert_fifths for m in pitched])
        lead = next(m for m in pitched if m.start.concert_fifths == key)
        length = max(m.length for m in row)
        metre = _metre(row, length)
        if length == 0 and metre is not None:
            length = metre.length
        number = row[0].element.get("number") or ""
        measures.append(Measure(index, number, onset, length, metre, key, keys=_keys(lead)))
        rows.append(row)
        onset += length
    _find_upbeats(measures, [row[0].element for row in rows])
    return measures


def _most(values: list[_T]) -> _T:
    """The value that most have; of equally many the first."""
    first = values[0]
    if all(value == first for value in values):
        return first
    return Counter(values).most_common(1)[0][0]


def _metre(row: list[PartMeasure], length: Fraction) -> Metre | None:
    """The metre of a measure; of an interchangeable pair the one that it fills."""
    said = [m for m in row if m.start.metre is not COMMON_TIME] or row  # the default is one object
    metre, other = _most([(m.start.metre, m.start.other_metre) for m in said])
    if other is not None and metre is not None and length == other.length:
        return other
    return metre


def _keys(lead: PartMeasure) -> tuple[tuple[Fraction, int], ...]:
    """Key signatures that begin within a measure."""
    keys, now = [], lead.start.concert_fifths
    for offset, attributes in lead.changes:
        if attributes.concert_fifths != now:
            now = attributes.concert_fifths
            keys.append((offset, now))
    return tuple(keys)


def _find_upbeats(measures: list[Measure], elements: list[etree._Element]) -> None:
    """Say what is missing in front of short measures.

    That is so for the first one, for the pieces into which repeats split a measure, and for a short measure with
    which a new section begins. Any other lacks its end.
    """
    index = 0
    while index < len(measures):
        measure = measures[index]
        if not measure.short:
            index += 1
            continue
        pieces = _pieces(measures, elements, index)
        assert measure.metre is not None
        if len(pieces) > 1 and (index or _is_split(elements)):
            place = ZERO
            for piece in pieces:
                piece.pickup = place
                place += piece.length
            index += len(pieces)
            continue
        if index == 0 or _begins_section(elements, index, last=index + 1 == len(measures)):
            measure.pickup = measure.metre.length - measure.length
        index += 1


def _pieces(measures: list[Measure], elements: list[etree._Element], index: int) -> list[Measure]:
    """Short measures from this one on that together are a full one; only itself if there are none."""
    first = measures[index]
    assert first.metre is not None
    total, stop = first.length, index + 1
    while total < first.metre.length and stop < len(measures):
        piece = measures[stop]
        if not piece.short or piece.metre != first.metre or _begins_ending(elements[stop]):
            break
        total += piece.length
        stop += 1
    return measures[index:stop] if total == first.metre.length else [first]


def _is_split(elements: list[etree._Element]) -> bool:
    """Whether the first measure of all goes on in the second, which has no number of its own, then."""
    return elements[0].get("implicit") != "yes" and elements[1].get("implicit") == "yes"


def _begins_section(elements: list[etree._Element], index: int, *, last: bool) -> bool:
    """Whether a measure behind a repeat sign or double bar begins anew, as the first one does."""
    if last or _begins_ending(elements[index]):
        return False
    behind = [b for b in elements[index - 1].iterfind("barline") if b.get("location") != "left"]
    before = [b for b in elements[index].iterfind("barline") if b.get("location") == "left"]
    return any(
        bar.find("repeat") is not None or (bar.findtext("bar-style") or "").startswith(("light-", "heavy"))
        for bar in behind[-1:] + before
    )


def _begins_ending(element: etree._Element) -> bool:
    return element.find("barline/ending[@type='start']") is not None
