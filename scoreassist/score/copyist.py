"""All new notes of a fill, written into a score: notes, then accidentals, then stems."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.parts import refine_divisions
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.stems import is_there, loose_slurs, remove_notation, set_stem
from scoreassist.score.timeline import Event, Measure, Part, Timeline
from scoreassist.score.writing import MeasureWriter, NewNote, Placed, note_values, write_accidentals

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
    factors = {part.id: _factor(part, timeline, choir, notes) for part in timeline.parts}
    singers = [choir.singers[voice] for voice in sorted({voice for voice, _ in notes})]
    loose_before = [slur for singer in singers for slur in loose_slurs(singer)]
    written: list[Placed] = []
    on_staff: dict[tuple[str, int, int], list[Placed]] = {}
    for voice, index in sorted(notes):
        singer = choir.singers[voice]
        row = singer.part.measures[index]
        partner = _partner(choir, singer)
        writer = MeasureWriter(
            singer,
            row,
            timeline.measures[index],
            singer.measures[index],
            row.start.divisions * factors[singer.part.id],
            {event.element for event in _kept(partner, index, notes)},
            partner,
        )
        stretches = notes[voice, index]
        if singer.part.id in added and singer.upper is not False:
            stretches = [_with_rests_between(stretches, timeline.measures[index])]
        for start, end, stretch in stretches:
            placed = writer.write(start, end, stretch)
            written += placed
            on_staff.setdefault((singer.part.id, singer.staff, index), []).extend(placed)
        if partner is not None and on_staff[singer.part.id, singer.staff, index]:
            _turn_stems(singer, partner, index, notes)
    parts = {part.id: part for part in timeline.parts}
    for (part_id, staff, index), placed in on_staff.items():
        row = parts[part_id].measures[index]
        write_accidentals(row, staff, _still_there(row.events, staff), placed)
    for singer in singers:
        for slur in loose_slurs(singer):
            if slur not in loose_before:
                remove_notation(slur)  # its other end went with the notes that were replaced
    for part in timeline.parts:
        _open_multiple_rests(part, {key[2] for key, placed in on_staff.items() if placed and key[0] == part.id})
    for part_id in added:
        _rest_where_silent(parts[part_id], timeline, factors[part_id])
    return [placed.element for placed in written]


def _factor(part: Part, timeline: Timeline, choir: Choir, notes: dict[tuple[int, int], list[Stretch]]) -> int:
    """By how much a part's divisions are refined, so that its new notes can be written; 1 if not at all."""
    for (voice, index), stretches in notes.items():
        singer = choir.singers[voice]
        if singer.part is not part:
            continue
        divisions = part.measures[index].start.divisions
        grain = TICKS_PER_QUARTER // gcd(divisions, TICKS_PER_QUARTER)
        new = [note for _, _, stretch in stretches for note in stretch]
        values = [value for note in new for value in (note.onset, *note_values(note, timeline.measures[index]))]
        if any(value % grain for value in values):
            return refine_divisions(part)
    return 1


def _still_there(events: list[Event], staff: int) -> list[Event]:
    return [e for e in events if e.staff == staff and is_there(e.element)]


def _partner(choir: Choir, singer: Singer) -> Singer | None:
    """The other singer of a staff."""
    if singer.upper is None:
        return None
    return next(
        (
            other
            for other in choir.singers.values()
            if other is not singer and other.part is singer.part and other.staff == singer.staff
        ),
        None,
    )


def _kept(singer: Singer | None, index: int, notes: dict[tuple[int, int], list[Stretch]]) -> list[Event]:
    """Notes and rests of a measure that a singer goes on singing."""
    if singer is None:
        return []
    holes = [
        (Fraction(start, TICKS_PER_QUARTER), Fraction(end, TICKS_PER_QUARTER))
        for start, end, _ in notes.get((singer.voice, index), [])
    ]
    return [
        event
        for event in singer.measures[index]
        if not any(event.offset < end and event.end > start for start, end in holes)
    ]


def _with_rests_between(stretches: list[Stretch], measure: Measure) -> Stretch:
    """One stretch over a whole measure that is otherwise silent."""
    ticks = int(measure.length * TICKS_PER_QUARTER)
    written, at = [], 0
    for start, end, stretch in [*stretches, (ticks, ticks, [])]:
        if start > at:
            written.append(NewNote(at, start - at))
        written += stretch
        at = end
    return 0, ticks, written


def _turn_stems(singer: Singer, partner: Singer, index: int, notes: dict[tuple[int, int], list[Stretch]]) -> None:
    """Where a second voice has joined a staff, the given voice's stems point away from it."""
    shared = {(event.offset, event.voice) for event in _kept(singer, index, notes)}
    for event in partner.measures[index]:
        if event.kind == "note" and is_there(event.element) and (event.offset, event.voice) not in shared:
            set_stem(event.element, "down" if singer.upper else "up")


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
        note.tail = part.element.text if place == len(row.element) else row.element.text
        row.element.insert(place, note)


def _left_barline(element: etree._Element) -> bool:
    return element.tag == "barline" and element.get("location") == "left"


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
