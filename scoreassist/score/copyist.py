"""All new notes of a fill, written into a score: notes, then accidentals, then stems."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.parts import refine_divisions
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Event, Part, Timeline
from scoreassist.score.writing import MeasureWriter, NewNote, Placed, set_stem, write_accidentals

Stretch = tuple[int, int, list[NewNote]]


def write_notes(
    timeline: Timeline, choir: Choir, notes: dict[tuple[int, int], list[Stretch]], added: list[str]
) -> list[etree._Element]:
    """Write notes into the score of a timeline.

    Parameters
    ----------
    timeline : Timeline
    choir : Choir
    notes : by (voice, measure index)
        Stretches of (first tick, end, notes).
    added : list of part ids
        New parts, whose silent measures get full-measure rests.

    Returns
    -------
    list of elements
        The new notes.
    """
    factors = {part.id: _factor(part, choir, notes) for part in timeline.parts}
    written: list[Placed] = []
    on_staff: dict[tuple[str, int, int], list[Placed]] = {}
    for voice, index in sorted(notes):
        singer = choir.singers[voice]
        row = singer.part.measures[index]
        writer = MeasureWriter(
            singer,
            row,
            timeline.measures[index],
            singer.measures[index],
            row.start.divisions * factors[singer.part.id],
        )
        for start, end, stretch in notes[voice, index]:
            placed = writer.write(start, end, stretch)
            written += placed
            on_staff.setdefault((singer.part.id, singer.staff, index), []).extend(placed)
        if on_staff[singer.part.id, singer.staff, index]:
            _turn_stems(choir, singer, index)
    parts = {part.id: part for part in timeline.parts}
    for (part_id, staff, index), placed in on_staff.items():
        row = parts[part_id].measures[index]
        write_accidentals(row, staff, _still_there(row.events, staff), placed)
    for part in timeline.parts:
        _open_multiple_rests(part, {key[2] for key, placed in on_staff.items() if placed and key[0] == part.id})
    for part_id in added:
        _rest_where_silent(parts[part_id], timeline, factors[part_id])
    return [placed.element for placed in written]


def _factor(part: Part, choir: Choir, notes: dict[tuple[int, int], list[Stretch]]) -> int:
    """By how much a part's divisions are refined, so that its new notes can be written; 1 if not at all."""
    for (voice, index), stretches in notes.items():
        singer = choir.singers[voice]
        if singer.part is not part:
            continue
        divisions = part.measures[index].start.divisions
        grain = TICKS_PER_QUARTER // gcd(divisions, TICKS_PER_QUARTER)
        if any(n.onset % grain or n.ticks % grain for _, _, stretch in stretches for n in stretch):
            return refine_divisions(part)
    return 1


def _still_there(events: list[Event], staff: int) -> list[Event]:
    return [e for e in events if e.staff == staff and e.element.getparent() is not None]


def _turn_stems(choir: Choir, singer: Singer, index: int) -> None:
    """Where a second voice has joined a staff, the given voice's stems point away from it."""
    if singer.upper is None:
        return
    for partner in choir.singers.values():
        if partner is singer or partner.part is not singer.part or partner.staff != singer.staff:
            continue
        own = {id(e.element) for e in singer.measures[index]}
        for event in partner.measures[index]:
            if event.kind == "note" and event.element.getparent() is not None and id(event.element) not in own:
                set_stem(event.element, "down" if singer.upper else "up")


def _rest_where_silent(part: Part, timeline: Timeline, factor: int) -> None:
    for row, measure in zip(part.measures, timeline.measures, strict=False):
        if row.element.find("note") is not None:
            continue
        divisions = row.start.divisions * factor
        note = etree.Element("note")
        etree.SubElement(note, "rest").set("measure", "yes")
        duration = measure.length * divisions
        etree.SubElement(note, "duration").text = str(_plain(duration))
        etree.SubElement(note, "voice").text = "1"
        place = sum(1 for child in row.element if child.tag in ("attributes",) or _left_barline(child))
        row.element.insert(place, note)


def _open_multiple_rests(part: Part, indices: set[int]) -> None:
    """Take back signs for several measures of rest over measures that now hold notes, which would hide them."""
    for index, row in enumerate(part.measures):
        for style in row.element.findall("attributes/measure-style"):
            count = (style.findtext("multiple-rest") or "").strip()
            if not count.isdigit() or not indices & set(range(index, index + int(count))):
                continue
            attributes = style.getparent()
            assert attributes is not None
            attributes.remove(style)
            if len(attributes) == 0:
                row.element.remove(attributes)


def _left_barline(element: etree._Element) -> bool:
    return element.tag == "barline" and element.get("location") == "left"


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
