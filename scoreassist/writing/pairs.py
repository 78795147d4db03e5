"""Slurs and whatever else joins two notes: of each, both ends stay or neither."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from scoreassist.score.timeline import Part
from scoreassist.writing.stems import line_of, remove_notation

# Notations that begin on one note and end on another.
_PAIRED = ("slur", "glissando", "slide", "tuplet", "tremolo", "wavy-line")


@dataclass(frozen=True, slots=True)
class _Sign:
    """One end of what joins two notes, or a place on its way."""

    element: etree._Element
    moment: tuple[int, Fraction]
    place: tuple[str, ...]  # tag, number, staff, voice

    @property
    def kind(self) -> str:
        return self.element.get("type", "")


def joined(part: Part) -> list[list[etree._Element]]:
    """Slurs, and whatever else joins two notes: both ends of each, and what stands on the way between them.

    Voices and staves may use the same numbers at the same time. An end belongs to a beginning in its own voice;
    if there is none, to one in another voice of its staff, and at last to one on another staff.
    """
    signs, found = _paired_signs(part), []
    for same in (4, 3, 2):
        chains, signs = _chains(signs, same)
        found += chains
    return found


def _paired_signs(part: Part) -> list[_Sign]:
    signs = []
    for event in part.events():
        for sign in event.element.iterfind("notations//*[@type]"):
            if sign.tag in _PAIRED:
                place = str(sign.tag), sign.get("number") or "1", *line_of(event.element)
                signs.append(_Sign(sign, (event.measure, event.offset), place))
    return sorted(signs, key=_in_time)


def _in_time(sign: _Sign) -> tuple[tuple[int, Fraction], bool]:
    return sign.moment, sign.kind != "stop"


def _chains(signs: list[_Sign], same: int) -> tuple[list[list[etree._Element]], list[_Sign]]:
    """What is joined among signs, in order of time, that agree in so much of their place; and the signs left."""
    open_: dict[tuple[str, ...], list[_Sign]] = {}
    chains, left = [], []
    for sign in signs:
        place = sign.place[:same]
        if sign.kind == "start":
            left += open_.pop(place, [])
            open_[place] = [sign]
        elif place not in open_:
            left.append(sign)
        else:
            open_[place].append(sign)
            if sign.kind == "stop":
                chains.append([each.element for each in open_.pop(place)])
    left += [sign for chain in open_.values() for sign in chain]
    return chains, sorted(left, key=_in_time)


def remove_loose_ends(part: Part, chains: list[list[etree._Element]]) -> None:
    """Where one end of what was `joined` went with its note, the other goes too."""
    for chain in chains:
        there = [sign for sign in chain if any(above is part.element for above in sign.iterancestors("part"))]
        if chain[0] not in there or chain[-1] not in there:
            for sign in there:
                remove_notation(sign)
