"""Rules of time: what a measure lasts, what a voice fills, how long a note is and says it is."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from scoreassist.validation.finding import Finding, Page
from scoreassist.validation.reading import ZERO, MeasureReading, PartReading, Placed

TYPES = {
    "maxima": Fraction(32),
    "long": Fraction(16),
    "breve": Fraction(8),
    "whole": Fraction(4),
    "half": Fraction(2),
    "quarter": Fraction(1),
    "eighth": Fraction(1, 2),
    **{
        name: Fraction(4, int(name.rstrip("ndth"))) for name in ("16th", "32nd", "64th", "128th", "256th", "512th")
    },
    "1024th": Fraction(4, 1024),
}


FINE = TYPES["64th"]


def beyond_start(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """No backup leads in front of its measure."""
    for part in parts:
        for measure in part.measures:
            for placed in measure.children:
                if placed.before_start:
                    message = f"the <backup> leads {quarters(placed.before_start)} in front of the measure"
                    yield page.finding(placed.element, "backup", message)


def lengths(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """No measure is longer than its time signature, and a shorter one has a reason."""
    for part in parts:
        for index, measure in enumerate(part.measures):
            if measure.wanted is None or not measure.length:
                continue
            what = f"lasts {quarters(measure.length)}, the time signature says {quarters(measure.wanted)}"
            if measure.length - measure.wanted > _rounding(measure):
                if measure.element.get("implicit") != "yes":
                    yield page.finding(measure.element, "measure-length", what)
            elif measure.wanted - measure.length > _rounding(measure):
                longest = all(_length(other, index) <= measure.length for other in parts)
                if longest and not _may_be_short(part, index):
                    yield page.finding(measure.element, "measure-length", what)


def _may_be_short(part: PartReading, index: int) -> bool:
    """Whether a measure is an upbeat, or a part of one that a double bar or a repeat has split."""
    measure = part.measures[index]
    assert measure.wanted is not None
    if measure.element.get("implicit") == "yes" or index == 0 or measure.element.find("barline") is not None:
        return True
    beside = [m for m in part.measures[max(index - 1, 0) : index + 2] if m is not measure]
    return any(m.length < measure.wanted for m in beside) or index == len(part.measures) - 1


def disagreements(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """A measure lasts as long in each part as in the longest."""
    parts = [part for part in parts if part.controlling]
    for index in range(max((len(part.measures) for part in parts), default=0)):
        longest = max(parts, key=lambda part: _length(part, index))
        whole = _length(longest, index)
        for part in parts:
            length = _length(part, index)
            if length and whole - length > _rounding(part.measures[index]):
                message = f"lasts {quarters(length)}, in part {longest.id} {quarters(whole)}"
                yield page.finding(part.measures[index].element, "measure-length", message)


def overlaps(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """No note of a voice begins before the one in front of it has ended."""
    for part in parts:
        for measure in part.measures:
            ends: dict[tuple[str, int], Placed] = {}
            for note in sorted(measure.notes(), key=lambda note: note.onset):
                if note.chord or note.grace:
                    continue
                last = ends.get((note.voice, note.staff))
                if last is not None and last.end - note.onset > _unit(note):
                    message = (
                        f"{note.name} begins {quarters(note.onset)} after the start, {last.name} of the same voice"
                        f" {note.voice} lasts until {quarters(last.end)}"
                    )
                    yield page.finding(note.element, "overlap", message)
                if last is None or note.end > last.end:
                    ends[note.voice, note.staff] = note


def values(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """A note lasts as long as its type, dots and tuplet say."""
    for part in parts:
        for measure in part.measures:
            for note in measure.notes():
                said = _value(note)
                if said is None or note.grace or note.element.find("duration") is None:
                    continue
                off = abs(said - note.duration)
                if off and off >= _slack(note, said) and not _has_its_reason(note, measure, said):
                    message = (
                        f"{note.name} is written as {_spoken(note)}, {quarters(said)} long,"
                        f" and its duration is {quarters(note.duration)}"
                    )
                    yield page.finding(note.element, "duration", message)


def _value(note: Placed) -> Fraction | None:
    """Quarters that type, dots and time modification say."""
    kind = TYPES.get((note.element.findtext("type") or "").strip())
    if kind is None:
        return None
    value = kind * (2 - Fraction(1, 2 ** len(note.element.findall("dot"))))
    actual, normal = (
        (note.element.findtext(f"time-modification/{tag}-notes") or "1").strip() for tag in ("actual", "normal")
    )
    if not (actual.isdecimal() and normal.isdecimal() and int(actual)):
        return None
    return value * int(normal) / int(actual)


def _slack(note: Placed, said: Fraction) -> Fraction:
    """By how much a duration may be rounded: in tuplets, and of values too fine for most divisions."""
    rounded = note.element.find("time-modification") is not None or said < FINE
    return _unit(note) if rounded else ZERO


def _has_its_reason(note: Placed, measure: MeasureReading, said: Fraction) -> bool:
    """Whole rests over a measure of any length, and the two notes of a tremolo, which share one value."""
    if note.rest and (note.element.findtext("type") or "").strip() in ("whole", "breve"):
        return note.duration in (measure.wanted, measure.length)
    tremolo = note.element.find("notations/ornaments/tremolo")
    return tremolo is not None and tremolo.get("type") in ("start", "stop") and said == 2 * note.duration


def _spoken(note: Placed) -> str:
    dots = len(note.element.findall("dot"))
    dotted = {0: "", 1: "dotted ", 2: "double-dotted "}.get(dots, f"{dots} times dotted ")
    kind = (note.element.findtext("type") or "").strip()
    article = "an" if not dotted and kind[:1] == "e" else "a"
    parts = [note.element.findtext(f"time-modification/{tag}-notes") for tag in ("actual", "normal")]
    tuplet = f" in {parts[0]}:{parts[1]}" if all(parts) else ""
    return f"{article} {dotted}{kind}{tuplet}"


def _length(part: PartReading, index: int) -> Fraction:
    return part.measures[index].length if index < len(part.measures) else ZERO


def _unit(note: Placed) -> Fraction:
    """The smallest step of the part: durations that are no whole number of it are rounded."""
    return 1 / note.divisions


def _rounding(measure: MeasureReading) -> Fraction:
    """How much rounded durations can add up to: half a step for each note of a tuplet."""
    tuplets = [note for note in measure.notes() if note.element.find("time-modification") is not None]
    return len(tuplets) / (2 * tuplets[0].divisions) if tuplets else ZERO


def quarters(length: Fraction) -> str:
    """``1/2 quarter``, ``3 1/2 quarters``."""
    whole, rest = divmod(length, 1)
    number = " ".join(str(part) for part in (whole, rest) if part) or "0"
    return f"{number} quarter" if 0 < length <= 1 else f"{number} quarters"
