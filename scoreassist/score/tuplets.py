"""Which notes of a voice make one tuplet: a hole takes all of them or none."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from lxml import etree

from scoreassist.score.timeline import Event, decimal

# Quarters.
_VALUES = {"breve": 8, "whole": 4, "half": 2, "quarter": 1} | {
    name: Fraction(1, 2**power) for power, name in enumerate(("eighth", "16th", "32nd", "64th", "128th"), 1)
}


def tuplet_spans(events: list[Event]) -> Iterator[tuple[Fraction, Fraction]]:
    """Where the tuplets of one voice's measure begin and end, in quarters.

    Brackets say so, `<tuplet>`; where there are none, the first notes that fill the time of as many of the
    shortest as the tuplet has normal notes: three eighths, or a quarter and an eighth, in the time of two.

    Parameters
    ----------
    events : list of Event
        Notes and rests, in order of time.
    """
    begin: Fraction | None = None
    depth, unit = 0, Fraction(0)
    at = Fraction(0)
    for event in events:
        ratio = _ratio(event.element)
        if event.chord or event.duration == 0:
            continue
        if begin is not None and (ratio is None or event.offset != at):
            yield begin, at  # incomplete, or its bracket is not closed
            begin, depth = None, 0
        at = event.end
        if ratio is None:
            continue
        brackets = [tuplet.get("type") for tuplet in event.element.iterfind("notations/tuplet")]
        if begin is None:
            begin, unit = event.offset, ratio * _value(event.element, event.duration / ratio)
        depth += brackets.count("start")
        bracketed = depth > 0
        depth -= brackets.count("stop")
        unit = min(unit, ratio * _value(event.element, event.duration / ratio))
        full = _normal_notes(event.element) * unit / ratio
        if (bracketed and depth <= 0) or (not bracketed and (at - begin) % full == 0):
            yield begin, at
            begin, depth = None, 0
    if begin is not None:
        yield begin, at


def _ratio(note: etree._Element) -> Fraction | None:
    """Sounding duration of a written one; None outside of tuplets."""
    actual = note.findtext("time-modification/actual-notes")
    try:
        ratio = _normal_notes(note) / decimal(actual) if actual else Fraction(0)
        return ratio if ratio > 0 else None
    except (ValueError, ZeroDivisionError):
        return None


def _normal_notes(note: etree._Element) -> Fraction:
    return decimal(note.findtext("time-modification/normal-notes"))


def _value(note: etree._Element, otherwise: Fraction) -> Fraction:
    """The written value that the tuplet counts, in quarters, without dots."""
    kind = note.findtext("time-modification/normal-type") or note.findtext("type") or ""
    return Fraction(_VALUES.get(kind.strip(), otherwise))
