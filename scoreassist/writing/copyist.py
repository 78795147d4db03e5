"""All new notes of a fill, written into a score: notes, then accidentals, then stems."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import gcd

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Event, Measure, Part, Timeline
from scoreassist.writing.accidentals import write_accidentals
from scoreassist.writing.divisions import off_the_grid, refine_divisions
from scoreassist.writing.lyrics import Written, keep_text, slur_kept_text, sung_on, text_of
from scoreassist.writing.measures import MeasureWriter
from scoreassist.writing.pairs import joined, remove_loose_ends
from scoreassist.writing.pen import NewNote, Pen, Placed, note_values
from scoreassist.writing.stems import append_notation, is_there, remove, set_stem

Stretch = tuple[int, int, list[NewNote]]


def write_notes(
    timeline: Timeline,
    choir: Choir,
    notes: dict[tuple[int, int], list[Stretch]],
    added: list[str],
    beside: Mapping[tuple[int, int], list[Placed]] | None = None,
) -> dict[tuple[int, int], list[Placed]]:
    """Write notes into the score of a timeline; they get the words of those that they replace.

    Parameters
    ----------
    timeline : Timeline
    choir : Choir
    notes : by (voice, measure index)
        Stretches of (first tick, end, notes).
    added : list of part ids
        New parts, whose silent measures get full-measure rests.
    beside : by (voice, measure index), optional
        What has been put on given stems before, and gets its accidentals together with the new notes.

    Returns
    -------
    dict of (voice, measure index) to list of Placed
        The new notes and rests.
    """
    factors = {part.id: _factor(part, timeline, choir, notes) for part in timeline.parts}
    singers = [choir.singers[voice] for voice in sorted({voice for voice, _ in notes})]
    filled = {singer.part.id: singer.part for singer in singers}
    chains = {part_id: joined(part) for part_id, part in filled.items()}
    texts = {singer.voice: text_of(singer) for singer in singers}
    sung = {s.voice: (texts[s.voice], sung_on(s, texts[s.voice])) for s in singers if texts[s.voice]}
    written: Written = {}
    on_staff: dict[tuple[str, int], dict[int, list[Placed]]] = {}
    for (voice, index), heads in (beside or {}).items():
        singer = choir.singers[voice]
        on_staff.setdefault((singer.part.id, singer.staff), {}).setdefault(index, []).extend(heads)
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
            replaced = _in_hole(singer, index, start, end)
            placed = writer.write(start, end, stretch)
            keep_text(replaced, placed)
            _keep_signs(replaced, placed)
            written.setdefault((voice, index), []).extend(placed)
            on_staff.setdefault((singer.part.id, singer.staff), {}).setdefault(index, []).extend(placed)
        if partner is not None and on_staff[singer.part.id, singer.staff][index]:
            _turn_stems(singer, partner, index, notes)
    parts = {part.id: part for part in timeline.parts}
    for (part_id, staff), placed_in in on_staff.items():
        write_accidentals(parts[part_id], staff, placed_in)
    for part_id, part in filled.items():
        remove_loose_ends(part, chains[part_id])
    slur_kept_text(choir, sung, written)
    for part in timeline.parts:
        rows = [row for (part_id, _), row in on_staff.items() if part_id == part.id]
        _open_styles(part, {index for row in rows for index, placed in row.items() if placed})
    for part_id in added:
        singer = min((s for s in choir.singers.values() if s.part.id == part_id), key=lambda s: s.voice)
        _rest_where_silent(singer, timeline, factors[part_id])
    return written


def _keep_signs(replaced: list[Event], placed: list[Placed]) -> None:
    """Articulations, slurs and dynamics of slash noteheads, which stand for the notes that take their place."""
    for event in replaced:
        notations = event.element.find("notations")
        note = next((p.element for p in placed if p.offset == event.offset and p.note.midi is not None), None)
        if notations is None or note is None or event.element.findtext("notehead") != "slash":
            continue
        for sign in list(notations):
            if sign.tag not in ("tied", "tuplet") and note.find(f"notations/{sign.tag}") is None:
                append_notation(note, sign)


def _in_hole(singer: Singer, index: int, start: int, end: int) -> list[Event]:
    """What stands between two ticks of a singer's measure, all notes of chords."""
    begin, finish = Fraction(start, TICKS_PER_QUARTER), Fraction(end, TICKS_PER_QUARTER)
    inside = (event for event in singer.measures[index] if begin <= event.offset < finish)
    return [note for event in inside for note in singer.stem(index, event)]


def _factor(part: Part, timeline: Timeline, choir: Choir, notes: dict[tuple[int, int], list[Stretch]]) -> int:
    """By how much a part's divisions are refined, so that its new notes can be written; 1 if not at all."""
    needs, coarse = [], False
    for (voice, index), stretches in notes.items():
        singer = choir.singers[voice]
        if singer.part is not part:
            continue
        needs.append(off_the_grid(part.measures[index], timeline.measures[index].length))
        divisions = part.measures[index].start.divisions
        grain = TICKS_PER_QUARTER // gcd(divisions, TICKS_PER_QUARTER)
        new = [note for _, _, stretch in stretches for note in stretch]
        values = [value for note in new for value in (note.onset, *note_values(note, timeline.measures[index]))]
        coarse = coarse or any(value % grain for value in values)
    return refine_divisions(part, needs) if coarse or any(need > 1 for need in needs) else 1


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


def _open_styles(part: Part, indices: set[int]) -> None:
    """Take back signs that would hide the notes which measures now hold: long rests, slashes, repeats."""
    begun: dict[str, tuple[int, etree._Element]] = {}
    for index, row in enumerate(part.measures):
        for style in row.element.findall("attributes/measure-style"):
            sign = next(iter(style), None)
            if sign is None:
                continue
            count = (sign.text or "").strip()
            if sign.tag == "multiple-rest":
                if count.isdecimal() and any(index <= filled < index + int(count) for filled in indices):
                    _remove_style(style)
            elif sign.get("type") == "start":
                begun[str(sign.tag)] = (index, style)
            elif sign.tag in begun:
                first, start = begun.pop(str(sign.tag))
                if any(first <= filled < index for filled in indices):
                    _remove_style(start)
                    _remove_style(style)
    for first, start in begun.values():
        if any(filled >= first for filled in indices):
            _remove_style(start)


def _remove_style(style: etree._Element) -> None:
    attributes = style.getparent()
    assert attributes is not None
    remove(style)
    if len(attributes) == 0:
        remove(attributes)


def _rest_where_silent(singer: Singer, timeline: Timeline, factor: int) -> None:
    """Rests in the silent measures of a new part, from its upper singer."""
    for row, measure in zip(singer.part.measures, timeline.measures, strict=False):
        if row.element.find("note") is not None:
            continue
        pen = Pen(singer, row, measure, row.start.divisions * factor)
        place = sum(1 for child in row.element if child.tag in ("print", "attributes") or _left_barline(child))
        for step, element in enumerate(pen.silence()):
            element.tail = singer.part.element.text if place == len(row.element) else row.element.text
            row.element.insert(place + step, element)


def _left_barline(element: etree._Element) -> bool:
    return element.tag == "barline" and element.get("location") == "left"
