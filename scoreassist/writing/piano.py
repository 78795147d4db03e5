"""What piano writing needs besides: heads on given stems, and a staff for the left hand below a lone melody."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from lxml import etree

from scoreassist.errors import UnsupportedError
from scoreassist.score.hands import LEFT_HAND, RIGHT_HAND, find_hands, free_voice
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Event, Part, Timeline, read_part
from scoreassist.writing.divisions import off_the_grid, refine_divisions
from scoreassist.writing.measures import MeasureWriter
from scoreassist.writing.pen import NewNote, Placed, written_pitch
from scoreassist.writing.stems import chord_of, insert_child, remove

# Children of `<attributes>` in the order of the schema (MusicXML 4.0).
ATTRIBUTES_ORDER = (
    *("footnote", "level", "divisions", "key", "time", "staves", "part-symbol", "instruments", "clef"),
    *("staff-details", "transpose", "for-part", "directive", "measure-style"),
)

# What the heads of a chord have in common.
_OF_THE_CHORD = ("duration", "instrument", "voice", "type", "dot", "time-modification", "stem", "staff")


def join_stem(part: Part, chain: Sequence[Event], heads: Sequence[NewNote]) -> list[tuple[int, Placed]]:
    """Put heads on the stem of a given note, and on those of the notes that it is tied to.

    The given notes do not change. A head lasts as long as they do: its own length says how many of the tied
    notes it is joined to.

    Parameters
    ----------
    part : Part
    chain : sequence of Event
        The given note, and those to which ties lead from it.
    heads : sequence of NewNote
        From the lowest up; `ticks` is how many notes of the chain each is joined to.

    Returns
    -------
    list of (measure index, Placed)
    """
    placed = []
    for place, event in enumerate(chain):
        row = part.measures[event.measure]
        stem = chord_of(row.events, event.element)
        last = stem[-1]
        for head in (head for head in heads if head.ticks > place):
            ties = [kind for kind, on in (("stop", place > 0), ("start", head.ticks > place + 1)) if on]
            note = _head(stem[0], head, written_pitch(head, row.at(event.offset)), ties)
            _insert_behind(last, note)
            last = note
            placed.append((event.measure, Placed(note, event.offset, head)))
    return placed


def _head(given: etree._Element, head: NewNote, pitch: tuple[str, int, int], ties: list[str]) -> etree._Element:
    note = etree.Element("note")
    etree.SubElement(note, "chord")
    written = etree.SubElement(note, "pitch")
    for tag, value in zip(("step", "alter", "octave"), pitch, strict=True):
        if value or tag != "alter":
            etree.SubElement(written, tag).text = str(value)
    for child in given:
        if child.tag in _OF_THE_CHORD:
            note.append(_bare(child))
            if child.tag == "duration":
                for kind in ties:
                    etree.SubElement(note, "tie", type=kind)
    if ties:
        notations = etree.SubElement(note, "notations")
        for kind in ties:
            etree.SubElement(notations, "tied", type=kind)
    return note


def _bare(child: etree._Element) -> etree._Element:
    """A copy of what chords share, without an id and without what is drawn by hand."""
    new = copy.deepcopy(child)
    for name in set(new.attrib) - ({"id"} if child.tag == "instrument" else set()):
        del new.attrib[name]
    new.tail = None
    return new


def _insert_behind(last: etree._Element, note: etree._Element) -> None:
    """Put a note behind another one, on a line of its own."""
    parent = last.getparent()
    assert parent is not None
    note.tail = last.tail
    if last.getnext() is None:
        last.tail = parent.text
    parent.insert(parent.index(last) + 1, note)


def add_left_hand(timeline: Timeline) -> Choir:
    """Give the part of a lone melody a second staff, with a bass clef and rests; returns both hands.

    The notes of the melody stay as they are, but for the number of their staff.

    Parameters
    ----------
    timeline : Timeline
        Of one part with one staff; its score is changed, and the part is read again.

    Raises
    ------
    UnsupportedError
        The part transposes: the left hand would be read at the melody's transposition too.
    RequestError
        The score is neither a melody nor for piano.
    """
    hands = find_hands(timeline)
    if LEFT_HAND in hands.singers:
        return hands
    part = hands.singers[RIGHT_HAND].part
    if any(then.transpose for row in part.measures for then in (row.start, row.end, *(a for _, a in row.changes))):
        raise UnsupportedError(
            "is for a transposing instrument, and a left hand below it would be read transposed too;"
            " write the melody at sounding pitch, for piano",
            source=timeline.score.name,
            part=part.id,
        )
    rows = list(zip(part.measures, timeline.measures, strict=False))
    factor = refine_divisions(part, [off_the_grid(row, measure.length) for row, measure in rows])
    number = free_voice(part, 2)
    part.staves = 2
    hand = Singer(LEFT_HAND, part, 2, number, None)
    for row, measure in rows:
        MeasureWriter(hand, row, measure, [], row.start.divisions * factor).rest()
    _say_staves(part)
    _number_given(part)
    read = read_part(timeline.score.name, part.element, part.id, part.name)
    timeline.parts[timeline.parts.index(part)] = read
    return find_hands(timeline)


def _number_given(part: Part) -> None:
    """Say of each note that had one staff only that it stands on the first; some readers want it said of all."""
    for note in part.element.iter("note"):
        if note.find("staff") is None:
            staff = etree.Element("staff")
            staff.text = "1"
            insert_child(note, staff)
            if staff.getnext() is None and (before := staff.getprevious()) is not None:
                before.tail = note.text


def _say_staves(part: Part) -> None:
    """Two staves, and a bass clef on the second, in the first `<attributes>` of a part."""
    first = part.measures[0].element
    attributes = next((child for child in first if child.tag in ("attributes", "note")), None)
    if attributes is None or attributes.tag == "note":
        attributes = etree.Element("attributes")
        attributes.text, attributes.tail = first.text, first.text
        first.insert(sum(1 for child in first if child.tag == "print"), attributes)
    for staves in attributes.findall("staves"):
        remove(staves)
    staves = etree.Element("staves")
    staves.text = "2"
    clef = etree.Element("clef", number="2")
    for tag, text in (("sign", "F"), ("line", "4")):
        etree.SubElement(clef, tag).text = text
    for child in (staves, clef):
        _insert_attribute(attributes, child)


def _insert_attribute(attributes: etree._Element, child: etree._Element) -> None:
    """Put a child into `<attributes>` where the schema wants it, behind its like, on a line of its own."""
    rank = ATTRIBUTES_ORDER.index(str(child.tag))
    # Comments and processing instructions have no rank: they stay with what stands before them.
    ranks = [
        ATTRIBUTES_ORDER.index(o.tag) if o.tag in ATTRIBUTES_ORDER else len(ATTRIBUTES_ORDER) for o in attributes
    ]
    place = max((index + 1 for index, other in enumerate(ranks) if other <= rank), default=0)
    if place == len(attributes) and place:
        child.tail, attributes[-1].tail = attributes[-1].tail, attributes.text
    else:
        child.tail = attributes.text
    attributes.insert(place, child)
