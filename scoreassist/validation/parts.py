"""Rules of parts: who is in the part list, how many measures, names, divisions, staves."""

from __future__ import annotations

from collections.abc import Iterator

from scoreassist.validation.finding import Finding, Page
from scoreassist.validation.reading import PartReading

# Elements whose `id` names another element; every other `id` is a name of its own.
REFERENCES = {
    "part": "score-part",
    "instrument": "score-instrument",
    "instrument-change": "score-instrument",
    "instrument-link": "score-instrument",
    "midi-device": "score-instrument",
    "midi-instrument": "score-instrument",
    "play": "score-instrument",
}


def part_list(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """Each part is in the part list and each row of the part list has a part, once."""
    rows = page.root.findall("part-list/score-part")
    listed, there = {row.get("id") for row in rows}, {part.element.get("id") for part in parts}
    seen: set[str | None] = set()
    for part in parts:
        part_id = part.element.get("id")
        if part_id not in listed and part_id is not None:
            yield page.finding(
                part.element, "part-list", f'<part id="{part_id}"> has no <score-part> in the part list'
            )
        if part_id in seen:
            yield page.finding(part.element, "part-list", f'<part id="{part_id}"> stands a second time')
        seen.add(part_id)
    for row in rows:
        if row.get("id") not in there and row.get("id") is not None:
            yield page.finding(row, "part-list", f'<score-part id="{row.get("id")}"> has no <part>')


def measure_counts(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """All parts have as many measures as most of them."""
    parts = [part for part in parts if part.controlling]
    counts = [len(part.measures) for part in parts]
    if not counts:
        return
    usual = max(counts, key=lambda count: (counts.count(count), count))
    other = next(part for part in parts if len(part.measures) == usual)
    for part, count in zip(parts, counts, strict=True):
        if count != usual:
            yield page.finding(
                part.element,
                "measure-count",
                f"has {count} {'measure' if count == 1 else 'measures'}, part {other.id} has {usual}",
            )


def identities(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """No id is given twice."""
    first: dict[str, int] = {}
    for element in page.root.iter("*"):
        name = element.get("id")
        if name is None or element.tag in REFERENCES:
            continue
        if name in first:
            message = f"the id '{name}' of <{element.tag}> is given a second time, first in line {first[name]}"
            yield page.finding(element, "id", message)
        first.setdefault(name, page.lines[element])


def references(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """What speaks of an instrument speaks of one that the part list has."""
    there = {e.get("id") for e in page.root.iterfind("part-list/score-part/score-instrument")}
    for element in page.root.iter(*(tag for tag in REFERENCES if tag != "part")):
        name = element.get("id")
        if name is not None and name not in there:
            yield page.finding(
                element, "id", f"<{element.tag}> speaks of '{name}', which is no <score-instrument>"
            )


def divisions(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """Divisions are said before the first duration of a part."""
    for part in parts:
        if (duration := part.untimed) is not None:
            message = "the first duration comes before any <divisions>, which say how long it is"
            yield page.finding(duration, "divisions", message)


def chords(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """A further note of a chord has a first one."""
    for part in parts:
        for measure in part.measures:
            before = None
            for placed in measure.children:
                is_note = placed.element.tag == "note"
                if is_note and placed.chord and (before is None or before.rest):
                    what = "a rest" if before is not None else "no note"
                    message = f"{placed.name} is marked as a further note of a chord, but {what} stands before it"
                    yield page.finding(placed.element, "chord", message)
                if is_note and not placed.chord:
                    before = placed
                elif placed.element.tag in ("backup", "forward"):
                    before = None


def staves(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """No note stands on a staff that its part does not have."""
    for part in parts:
        said = [e.text or "" for e in part.element.iterfind("measure/attributes/staves")]
        there = max([1, *(int(text) for text in said if text.strip().isdecimal())])
        for note in part.notes():
            if note.staff > there:
                count = "1 staff" if there == 1 else f"{there} staves"
                message = f"{note.name} stands on staff {note.staff}, and the part has {count}"
                yield page.finding(note.element, "staff", message)
                break
