"""Holes in any score: two measures of one line, emptied as an editor empties them.

`judge.dig` does so for parts of one line; here a part may have several, on several staves.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import judge
from lxml import etree

from scoreassist.score.singers import Choir

HOLE_MEASURES = 2


@dataclass(frozen=True)
class Hole:
    """Two measures of one singer: the line in the file, first and last index, and their printed numbers."""

    voice: str
    line: judge.Line
    first: int
    last: int
    numbers: tuple[str, str]


def choose_hole(choir: Choir, root: etree._Element, seed: str) -> Hole | None:
    """A place at random where a singer has notes in neighbouring measures whose numbers are their own."""
    draw = random.Random(seed)
    lines = judge.lines(root)
    singers = sorted(choir.singers.items())
    for _, singer in draw.sample(singers, len(singers)):
        if any(event.staff != singer.staff for event in singer.notes()):
            continue  # on two staves: for the judge, two lines
        line = (singer.part.id, singer.staff, singer.number)
        numbers = [m.get("number") or "" for m in singer.part.element.findall("measure")]
        places = list(_places(numbers, lines[line])) if line in lines else []
        if places:
            first, last = draw.choice(places)
            return Hole(singer.name, line, first, last, (numbers[first], numbers[last]))
    return None


def _places(numbers: list[str], rows: list[list[judge.Sound]]) -> Iterator[tuple[int, int]]:
    sings = [any(sound.midi is not None and sound.duration for sound in row) for row in rows]
    wide = min(HOLE_MEASURES, len(rows))
    for first in range(len(rows) - wide + 1):
        last = first + wide - 1
        ends = (numbers[first], numbers[last])
        if all(sings[first : last + 1]) and all(numbers.count(n) == 1 and n.isalnum() for n in ends):
            yield first, last


def dig(root: etree._Element, hole: Hole) -> None:
    """Empty some measures of one line: rests as long as its notes, ties to what is outside cut."""
    part_id = hole.line[0]
    part = next(part for part in root.findall("part") if part.get("id") == part_id)
    row = judge.lines(root)[hole.line][hole.first : hole.last + 1]
    heads = [sound.element for sounds in row for sound in sounds if sound.element.tag == "note"]
    inside = [*heads, *(note for head in heads for note in _rest_of_chord(head) if note not in heads)]
    _cut_ties(root, part_id, {id(element) for element in inside})
    for measure in part.findall("measure")[hole.first : hole.last + 1]:
        own = [child for child in measure if any(child is element for element in inside)]
        if _in_one_piece(measure, own):
            _replace_by_one_rest(measure, own)
        else:
            for note in own:
                _silence(note)


def _rest_of_chord(note: etree._Element) -> Iterator[etree._Element]:
    """The further notes of a chord, which some programs give no voice."""
    for following in note.itersiblings("*"):
        if following.tag != "note" or following.find("chord") is None:
            return
        yield following


def _cut_ties(root: etree._Element, part_id: str, inside: set[int]) -> None:
    """Take away the ends of ties whose other end is about to go."""
    ends: dict[tuple[Fraction, str], list[etree._Element]] = {}
    starts: dict[tuple[Fraction, str], list[etree._Element]] = {}
    onset, rows = Fraction(0), [row for line, row in judge.lines(root).items() if line[0] == part_id]
    for index, length in enumerate(judge.lengths(root)[: len(rows[0])]):
        for sound in (sound for row in rows for sound in row[index] if sound.midi is not None):
            if sound.tied_to:
                ends.setdefault((onset + sound.end, sound.written), []).append(sound.element)
            if sound.tied_from:
                starts.setdefault((onset + sound.onset, sound.written), []).append(sound.element)
        onset += length
    for place in ends.keys() & starts.keys():
        for first in ends[place]:
            for second in starts[place]:
                if id(first) in inside and id(second) not in inside:
                    _cut(second, "stop")
                if id(second) in inside and id(first) not in inside:
                    _cut(first, "start")


def _cut(note: etree._Element, kind: str) -> None:
    for end in note.findall(f"tie[@type='{kind}']") + note.findall(f"notations/tied[@type='{kind}']"):
        parent = end.getparent()
        assert parent is not None
        parent.remove(end)
        if parent.tag == "notations" and len(parent) == 0:
            note.remove(parent)


def _in_one_piece(measure: etree._Element, own: list[etree._Element]) -> bool:
    """Whether nothing that moves in time stands between the first and the last of some notes."""
    if not own:
        return False
    between = list(measure)[measure.index(own[0]) : measure.index(own[-1])]
    moves = ("note", "backup", "forward", "attributes")
    return all(child.tag not in moves or any(child is note for note in own) for child in between)


def _replace_by_one_rest(measure: etree._Element, own: list[etree._Element]) -> None:
    lengths = [Fraction(e.findtext("duration") or 0) for e in own if e.find("chord") is None]
    rest = etree.Element("note")
    etree.SubElement(rest, "rest")
    etree.SubElement(rest, "duration").text = str(sum(lengths))
    for tag in ("voice", "staff"):
        if (child := own[0].find(tag)) is not None:
            etree.SubElement(rest, tag).text = child.text
    rest.tail = own[0].tail
    measure.insert(measure.index(own[0]), rest)
    for note in own:
        measure.remove(note)


def _silence(note: etree._Element) -> None:
    """Make a rest of a note; grace notes and further notes of a chord go."""
    if note.find("grace") is not None or note.find("chord") is not None:
        parent = note.getparent()
        assert parent is not None
        parent.remove(note)
        return
    for child in list(note):
        if child.tag in ("pitch", "unpitched"):
            note.replace(child, etree.Element("rest"))
        elif child.tag not in ("rest", "duration", "voice", "staff", "type", "dot", "time-modification"):
            note.remove(child)
