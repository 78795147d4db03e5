"""What is written over the staves: words and lines, where they stand, and whom they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from lxml import etree

from scoreassist.score.events import Part
from scoreassist.score.part_reader import moments
from scoreassist.score.singers import Singer
from scoreassist.score.timeline import Timeline, decimal

_WORD = re.compile(r"(harmoni[sz]e|complete|keep|end)(\s+all)?[.:!]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a direction stands.

    Attributes
    ----------
    part : Part
    staff : int or None
        None in a part of one staff, and where the direction does not say.
    voice : str or None
        Number of the voice that it is attached to.
    at : Fraction
        Quarters from the start of the score.
    """

    part: Part
    staff: int | None
    voice: str | None
    at: Fraction

    def over(self, singer: Singer) -> bool:
        """Whether it is for a singer: by staff; what is attached to the lower voice is not for the upper one."""
        others = singer.upper is True and self.voice not in (None, singer.number)
        return self.part is singer.part and self.staff in (None, singer.staff) and not others

    def meets(self, other: Place) -> bool:
        """Whether both stand over the same staff."""
        return self.part is other.part and (self.staff == other.staff or None in (self.staff, other.staff))

    def named(self, timeline: Timeline) -> str:
        """``part P1, measure 5``."""
        number = next((m.number for m in reversed(timeline.measures) if m.onset <= self.at), "")
        return f"part {self.part.id}, measure {number}"


@dataclass(frozen=True, slots=True)
class Text:
    """A `<words>` or `<rehearsal>`."""

    place: Place
    sign: etree._Element

    @property
    def text(self) -> str:
        """What it says, blanks made one."""
        return " ".join((self.sign.text or "").split())


@dataclass(frozen=True, slots=True)
class Word:
    """A text that marks: ``harmonize``, ``complete``, ``keep`` or ``end``, for its staff or for everyone."""

    place: Place
    sign: etree._Element
    verb: str
    everyone: bool

    @property
    def at(self) -> Fraction:
        """Quarters from the start of the score."""
        return self.place.at


@dataclass(slots=True)
class Bracket:
    """A `<bracket>` line; `end` is None if it never ends, `start` if it never begins."""

    place: Place
    start: Fraction | None
    end: Fraction | None = None
    signs: list[etree._Element] = field(default_factory=list)


def read_texts(timeline: Timeline) -> list[Text]:
    """All texts over the staves, in order of time."""
    found = [
        Text(place, sign)
        for part in timeline.parts
        for place, direction in _directions(timeline, part)
        for sign in direction.iterfind("direction-type/*")
        if sign.tag in ("words", "rehearsal")
    ]
    return sorted(found, key=lambda text: text.place.at)


def as_word(text: Text) -> Word | None:
    """What a text marks, None if it is just a text."""
    match = _WORD.fullmatch(text.text)
    if match is None:
        return None
    verb = match.group(1).lower().replace("harmonise", "harmonize")
    return Word(text.place, text.sign, verb, bool(match.group(2)))


def read_brackets(timeline: Timeline) -> list[Bracket]:
    """All `<bracket>` lines, matched by part and number."""
    brackets = []
    for part in timeline.parts:
        begun: dict[str, Bracket] = {}
        for place, direction in _directions(timeline, part):
            for sign in direction.iterfind("direction-type/bracket"):
                number, kind = sign.get("number") or "1", sign.get("type")
                if kind == "start" or number not in begun:
                    begun[number] = Bracket(place, place.at if kind == "start" else None)
                    brackets.append(begun[number])
                begun[number].signs.append(sign)
                if kind == "stop":
                    begun.pop(number).end = place.at
    return brackets


def _directions(timeline: Timeline, part: Part) -> Iterator[tuple[Place, etree._Element]]:
    for measure, row in zip(timeline.measures, part.measures, strict=False):
        if row.element.find("direction") is None:
            continue
        for cursor, child in moments(row):
            if child.tag == "direction":
                offset = max(cursor + _offset(child) / row.at(cursor).divisions, Fraction(0))
                voice = (child.findtext("voice") or "").strip() or None
                yield Place(part, _staff(child, part), voice, measure.onset + offset), child


def _offset(direction: etree._Element) -> Fraction:
    try:
        return decimal(direction.findtext("offset"))
    except ValueError:
        return Fraction(0)


def _staff(direction: etree._Element, part: Part) -> int | None:
    text = (direction.findtext("staff") or "").strip()
    return int(text) if part.staves > 1 and text.isdecimal() else None
