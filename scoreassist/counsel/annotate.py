"""Findings written into the score: a few letters above the notes that they are about, which are coloured."""

from __future__ import annotations

from fractions import Fraction

from lxml import etree

from scoreassist.counsel.check import MEASURE_LENGTH, Finding, Music, Report
from scoreassist.files.document import Score
from scoreassist.score.events import Event
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.writing.stems import head_of

COLOUR = "#C00000"

# What is written above the staff for each rule.
LABELS = {
    "parallel-fifths": "||5",
    "parallel-octaves": "||8",
    "hidden-fifths": "(||5)",
    "hidden-octaves": "(||8)",
    "voice-crossing": "crossing",
    "overlap": "overlap",
    "spacing": "spacing",
    "range": "range",
    "leap": "leap",
    "unresolved-seventh": "7th?",
    "unresolved-leading-tone": "leading tone?",
    "doubled-leading-tone": "2 leading tones",
    "incomplete-chord": "no 3rd",
    "unprepared-dissonance": "dissonance",
    "cross-relation": "cross-relation",
    MEASURE_LENGTH: "length?",
}


def annotated(music: Music, report: Report) -> Score:
    """Write findings into a score, which is edited; nothing but new words and colours differs.

    Parameters
    ----------
    music : Music
        As `scoreassist.counsel.check.read` gave it.
    report : Report
        What was found in it.
    """
    texts: dict[etree._Element, list[str]] = {}
    for finding in report.findings:
        events = _events(music, finding)
        for event in events:
            event.element.set("color", COLOUR)
        begin = _tick_of(music, finding)
        place = next((event for event in events if event.offset == begin), events[0] if events else None)
        element = place.element if place is not None else _first_note(finding.element)
        if element is not None:
            texts.setdefault(head_of(element), []).append(label(finding))
    several = {part.element for part in music.timeline.parts if part.staves > 1}
    for element, words in texts.items():
        _write_above(element, ", ".join(dict.fromkeys(words)), in_staff=_measure(element).getparent() in several)
    return music.timeline.score


def label(finding: Finding) -> str:
    """``||5 S–B``."""
    if finding.rule == MEASURE_LENGTH:
        return LABELS[finding.rule]
    who = "–".join(name[0] for name in finding.voices)
    return f"{LABELS[finding.rule]} {who}" if len(finding.voices) < 4 else LABELS[finding.rule]


def _events(music: Music, finding: Finding) -> list[Event]:
    """What sounds where a finding begins, of its voices, from the top."""
    index, offset = int(music.grid.measure[finding.tick]), _tick_of(music, finding)
    end = offset + Fraction(1, TICKS_PER_QUARTER)
    rows = [music.choir.singers[voice].measures for voice, _ in finding.cells if voice in music.choir.singers]
    sounding = [
        [event for event in row[index] if event.kind == "note" and event.offset < end and event.end > offset]
        for row in rows
        if index < len(row)
    ]
    # Of notes finer than a sixteenth, the grid has the one that covers most of it.
    return [max(events, key=lambda e: min(e.end, end) - max(e.offset, offset)) for events in sounding if events]


def _tick_of(music: Music, finding: Finding) -> Fraction:
    """Quarters from the start of the measure."""
    first, _ = music.grid.measure_ticks(int(music.grid.measure[finding.tick]))
    return Fraction(finding.tick - first, TICKS_PER_QUARTER)


def _measure(element: etree._Element) -> etree._Element:
    return element if element.tag == "measure" else next(element.iterancestors("measure"))


def _first_note(measure: etree._Element | None) -> etree._Element | None:
    return None if measure is None else measure.find("note")


def _write_above(note: etree._Element, text: str, *, in_staff: bool) -> None:
    """Words in front of a note, in its voice and, of a part of several staves, on its staff."""
    direction = etree.Element("direction", placement="above")
    kind = etree.SubElement(direction, "direction-type")
    words = etree.SubElement(kind, "words", color=COLOUR)
    words.set("font-size", "8")
    words.text = text
    for tag in ("voice", "staff") if in_staff else ("voice",):
        if (value := note.findtext(tag)) is not None:
            etree.SubElement(direction, tag).text = value
    measure = note.getparent()
    assert measure is not None
    before = note.getprevious()
    direction.tail = before.tail if before is not None else measure.text
    measure.insert(measure.index(note), direction)
