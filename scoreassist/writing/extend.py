"""More measures at the end of a score: empty ones, in which the piece can go on.

The final barline moves to the new end; all else stays where it is. Where an upbeat has made the last measure
shorter than its metre, it is completed first, and the new end is as short as the old one was.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from lxml import etree

from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import Score
from scoreassist.score.events import Attributes, Part
from scoreassist.score.hands import at_home, free_voice
from scoreassist.score.metre import COMMON_TIME, TICKS_PER_QUARTER, Metre
from scoreassist.score.timeline import Measure, Timeline
from scoreassist.writing.blank import MEASURES, measure_rests, time_signature
from scoreassist.writing.ending import final_barline, jump, running_styles, take_final_barline
from scoreassist.writing.space import Space

_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class _New:
    """A measure to be written.

    Attributes
    ----------
    number : str
    length : Fraction
        Quarters.
    short : bool
        Whether it lasts less than its metre says, so that parts of another metre last as long.
    implicit : bool
        Whether its number is not printed: of one that completes another.
    """

    number: str
    length: Fraction
    short: bool = False
    implicit: bool = False


def extend(score: Score, timeline: Timeline, measures: int) -> tuple[str, str]:
    """Append empty measures to every part.

    Each voice that a staff has at its end gets a rest over the full measure. Key, metre, clefs and transposition
    that hold at the end hold on. Repeats and endings stay where they are. A part that ends before the others
    gets the measures that it lacks, too.

    Parameters
    ----------
    score : Score
        It is changed.
    timeline : Timeline
        Of this score; it must be read again afterwards.
    measures : int
        Full ones, 1 to 512.

    Returns
    -------
    first, last : str
        Numbers of the first and the last new measure. The first is one such as ``X1`` where it completes a measure
        that an upbeat has left short.

    Raises
    ------
    RequestError
        So many measures cannot be written.
    UnsupportedError
        The last measure says *Fine*, or sends back to the beginning or to a sign: nobody would play what follows.

    Examples
    --------
    >>> from scoreassist.score.timeline import read_timeline
    >>> from scoreassist.writing.blank import blank_score
    >>> score = blank_score(4)
    >>> extend(score, read_timeline(score), 8)
    ('5', '12')
    """
    low, high = MEASURES
    if not isinstance(measures, int) or isinstance(measures, bool) or not low <= measures <= high:
        raise RequestError(
            f"{measures} measures cannot be appended; ask for {low} to {high}", source=timeline.score.name
        )
    _refuse_jumps(timeline)
    longest = max(timeline.parts, key=lambda part: len(part.measures))
    metre = _metre_at_the_end(timeline)
    new = _plan(timeline, metre, measures)
    for part in timeline.parts:
        _PartExtension(part, longest, timeline.measures, new, metre).write()
    return new[0].number, new[-1].number


def _refuse_jumps(timeline: Timeline) -> None:
    last = timeline.measures[-1]
    for part in timeline.parts:
        for row in part.measures[last.index :]:
            if (word := jump(row.element)) is not None:
                raise UnsupportedError(
                    f"'{word}' makes the piece end elsewhere or here, and nobody would play what follows;"
                    " take it out in a notation program",
                    source=timeline.score.name,
                    part=part.id,
                    measure=last.number,
                )


def _metre_at_the_end(timeline: Timeline) -> Metre | None:
    """The metre of most parts that reach the end and say what theirs is."""
    count = len(timeline.measures)
    metres = [part.measures[-1].end.metre for part in timeline.parts if len(part.measures) == count]
    said = [metre for metre in metres if metre is not COMMON_TIME] or metres  # the default is one object
    return Counter(said).most_common(1)[0][0]


def _plan(timeline: Timeline, metre: Metre | None, count: int) -> list[_New]:
    """Numbers and lengths of the new measures: the rest of the last one, full ones, and the new end."""
    last = timeline.measures[-1]
    full = metre.length if metre is not None else last.length or COMMON_TIME.length
    reached = last.pickup + last.length  # how far into its measure the music has come
    same_metre = metre is not None and last.metre == metre
    on_the_grid = (reached * TICKS_PER_QUARTER).denominator == 1
    short = same_metre and on_the_grid and 0 < reached < full
    numbers = [measure.number for measure in timeline.measures]
    plan = [_New(_free_name(numbers), full - reached, short=True, implicit=True)] if short else []
    first = _next_number(numbers, count)
    plan += [_New(str(number), full) for number in range(first, first + count)]
    if short:
        plan[-1] = _New(plan[-1].number, reached, short=True)
    return plan


def _next_number(numbers: Sequence[str], count: int) -> int:
    """What comes after the last number; after the highest one, where the next ones are taken."""
    counted = [int(match.group()) for number in numbers if (match := _NUMBER.match(number))]
    if not counted:
        return len(numbers) + 1
    follows = counted[-1] + 1
    taken = {str(number) for number in range(follows, follows + count)}.intersection(numbers)
    return max(counted) + 1 if taken else follows


def _free_name(numbers: Sequence[str]) -> str:
    """A name such as notation programs give to measures that do not count."""
    return next(name for place in range(1, len(numbers) + 2) if (name := f"X{place}") not in numbers)


class _PartExtension:
    """Writes the new measures of one part, as the rest of it is written."""

    def __init__(
        self,
        part: Part,
        longest: Part,
        measures: Sequence[Measure],
        new: Sequence[_New],
        metre: Metre | None,
    ) -> None:
        self.part, self.longest = part, longest
        self.end = part.measures[-1].end
        self.lacking = measures[len(part.measures) :]
        self.new = [
            *(_New(m.number, m.length, implicit=_is_implicit(longest, m)) for m in self.lacking),
            *(replace(row, length=self._own_length(row, metre)) for row in new),
        ]
        self.divisions = self.end.divisions * lcm(
            *((row.length * self.end.divisions).denominator for row in self.new)
        )
        self.voices = _voices_at_the_end(part)
        self.space = Space.of(part)

    def _own_length(self, new: _New, metre: Metre | None) -> Fraction:
        """Where parts have different metres at a time, a full measure lasts as long as the own one says."""
        own = self.end.metre
        if new.short or self.lacking or own is None or own is COMMON_TIME or own == metre:
            return new.length
        return own.length

    def write(self) -> None:
        """Append the measures that the part lacks, and the new ones; move the final barline."""
        old = self.part.measures[-1].element
        added = [self._measure(row) for row in self.new]
        for measure, then in zip(added, self.lacking, strict=False):
            self._follow(measure, then)
        if self.divisions != self.end.divisions:  # the part's own are too coarse for the length of a measure
            divisions = etree.Element("divisions")
            divisions.text = str(self.divisions)
            _attributes_of(added[0]).insert(0, divisions)
        _stop_signs(self.part, added[0])
        bar = take_final_barline(old)
        if bar is None:
            bar = final_barline()
            self.space.within(bar)
        for measure in added:
            self.space.lay_out(measure)
        self.space.append(added[-1], bar)
        self._append(old, added)

    def _measure(self, new: _New) -> etree._Element:
        measure = etree.Element("measure", number=new.number)
        if new.implicit:
            measure.set("implicit", "yes")
        measure.extend(measure_rests(self.voices, int(new.length * self.divisions)))
        return measure

    def _follow(self, measure: etree._Element, then: Measure) -> None:
        """Give a measure that the part lacked the keys, times and repeats that others have there."""
        before, row = (self.longest.measures[index] for index in (then.index - 1, then.index))
        for sign in self._changes(before.start, row.start):
            _attributes_of(measure).append(sign)
        for bar in row.element.iterfind("barline[repeat]"):
            new = copy.deepcopy(bar)
            new.attrib.pop("id", "")
            measure.insert(0 if bar.get("location") == "left" else len(measure), new)

    def _changes(self, before: Attributes, now: Attributes) -> Iterator[etree._Element]:
        if now.concert_fifths != before.concert_fifths and self.end.pitched:
            fifths = now.concert_fifths - self.end.transpose_fifths
            key = etree.Element("key")
            etree.SubElement(key, "fifths").text = str(fifths if abs(fifths) <= 7 else (fifths + 6) % 12 - 6)
            yield key
        if now.metre != before.metre and now.metre is not None:
            yield time_signature(now.metre)

    def _append(self, old: etree._Element, added: Sequence[etree._Element]) -> None:
        """Put measures behind the last one, each on a line of its own if the others are."""
        parent, before = self.part.element, old.getprevious()
        line = parent.text if before is None else before.tail
        end, old.tail = old.tail, line
        place = parent.index(old)
        for step, measure in enumerate(added, 1):
            measure.tail = line
            parent.insert(place + step, measure)
        added[-1].tail = end


def _is_implicit(part: Part, measure: Measure) -> bool:
    return part.measures[measure.index].element.get("implicit") == "yes"


def _attributes_of(measure: etree._Element) -> etree._Element:
    """The `<attributes>` at the start of a measure; new ones where there are none."""
    if measure[0].tag != "attributes":
        measure.insert(0, etree.Element("attributes"))
    return measure[0]


def _voices_at_the_end(part: Part) -> list[list[str]]:
    """Numbers of the voices that each staff has in the last measure in which it has any."""
    voices: list[list[str]] = []
    rows = at_home(part).measures
    for staff in range(1, part.staves + 1):
        for row in reversed(rows):
            lines = [e for e in row.events if e.staff == staff and e.kind not in ("grace", "cue")]
            printed = [event for event in lines if not event.hidden] or lines
            if printed:
                voices.append(sorted({event.voice for event in printed}, key=lambda v: (len(v), v)))
                break
        else:
            voices.append([free_voice(part, staff)])
    return voices


def _stop_signs(part: Part, first: etree._Element) -> None:
    """End signs of repetition and slashes, which would go on over the new measures."""
    for (tag, staff), running in running_styles(part).items():
        if running:
            attributes = _attributes_of(first)
            style = etree.SubElement(attributes, "measure-style", {"number": staff} if staff else {})
            etree.SubElement(style, tag, type="stop")
