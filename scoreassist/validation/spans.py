"""Rules of what has two ends: ties, beams, slurs, tuplets, wedges, brackets and lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lxml import etree

from scoreassist.validation.finding import Finding, Page
from scoreassist.validation.reading import PartReading, Placed

# What it is called, where it stands in its note or direction, and which of its types begin and end it.
SPANS = (
    ("slur", "notations/slur", ("start",), ("stop",)),
    ("tuplet", "notations/tuplet", ("start",), ("stop",)),
    ("glissando", "notations/glissando", ("start",), ("stop",)),
    ("slide", "notations/slide", ("start",), ("stop",)),
    ("wedge", "direction-type/wedge", ("crescendo", "diminuendo"), ("stop",)),
    ("bracket", "direction-type/bracket", ("start",), ("stop",)),
    ("dashes", "direction-type/dashes", ("start",), ("stop",)),
    ("octave-shift", "direction-type/octave-shift", ("up", "down"), ("stop",)),
)


@dataclass(frozen=True)
class End:
    """One end of a span, and its moment in the part."""

    element: etree._Element
    holder: Placed
    begins: bool

    @property
    def when(self) -> tuple[int, Fraction]:
        """Index of the measure, and quarters from its start."""
        return self.holder.measure, self.holder.onset


def spans(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """Slurs, tuplets, wedges, brackets and lines have both ends.

    Ends of the same number belong together: those of one voice first, then those of the part, as programs number
    them in either way.
    """
    for part in parts:
        for name, path, starts, stops in SPANS:
            ends: dict[str, list[End]] = {}
            for measure in part.measures:
                for placed in measure.children:
                    for element in placed.element.iterfind(path):
                        kind = element.get("type")
                        if kind in starts or kind in stops:
                            end = End(element, placed, kind in starts)
                            ends.setdefault(element.get("number") or "1", []).append(end)
            for number, row in ends.items():
                for end in _loose(row):
                    which = f"<{name}> number {number}" if len(ends) > 1 else f"<{name}>"
                    fate = "begins here and never ends" if end.begins else "ends here and begins nowhere"
                    yield page.finding(end.element, name, f"the {which} {fate}")


def _loose(ends: list[End]) -> list[End]:
    """Ends without their other end."""
    voices: dict[str, list[End]] = {}
    for end in ends:
        voices.setdefault(end.holder.voice, []).append(end)
    left = [end for row in voices.values() for end in _unmatched(row)]
    left.sort(key=lambda end: (end.when, end.begins))
    return _unmatched(left)


def _unmatched(ends: list[End]) -> list[End]:
    """Ends in their order that are neither a start with a later stop nor a stop with an earlier start."""
    open_ends: list[End] = []
    left = []
    for end in ends:
        if end.begins:
            open_ends.append(end)
        elif open_ends:
            open_ends.pop()
        else:
            left.append(end)
    return left + open_ends


def beams(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """Each beam of a voice begins, goes on and ends."""
    for part in parts:
        open_beams: dict[tuple[str, bool, str], etree._Element] = {}
        for note in part.notes():
            for beam in note.element.findall("beam") if not note.chord else ():
                level, kind = beam.get("number") or "1", (beam.text or "").strip()
                key = (note.voice, note.grace, level)
                if kind == "begin":
                    if key in open_beams:
                        yield page.finding(open_beams[key], "beam", f"beam {level} begins here and never ends")
                    open_beams[key] = beam
                elif kind in ("continue", "end"):
                    if key not in open_beams:
                        does = "ends" if kind == "end" else "goes on"
                        yield page.finding(beam, "beam", f"beam {level} {does} here and begins nowhere")
                    elif kind == "end":
                        del open_beams[key]
        for (_, _, level), beam in open_beams.items():
            yield page.finding(beam, "beam", f"beam {level} begins here and never ends")


def ties(page: Page, parts: list[PartReading]) -> Iterator[Finding]:
    """A tie joins a note to the next one of its pitch.

    Only where the music jumps, at repeats, endings and signs, a tie may lead elsewhere than to the next note.
    """
    for part in parts:
        onsets = _onsets(part)
        reached: dict[Fraction, list[Placed]] = {}
        for note in part.notes():
            if note.pitch is not None and _tie(note, "stop") is not None:
                reached.setdefault(onsets[note.measure] + note.onset, []).append(note)
        leaving = [note for note in part.notes() if note.pitch is not None and _tie(note, "start") is not None]
        lost = [note for note in leaving if not _join(note, reached.get(onsets[note.measure] + note.end, []))]
        for note in lost:
            wrong = _other_pitch(note, reached.get(onsets[note.measure] + note.end, []))
            if wrong is not None:
                message = f"the tie joins {note.name} to {wrong.name}, another pitch"
            elif _jumps(part, note.measure, note.measure + 1):
                continue
            else:
                message = f"the tie from {note.name} ends nowhere"
            yield page.finding(_tie(note, "start"), "tie", message)
        for note in (note for row in reached.values() for note in row):
            if not _jumps(part, note.measure - 1, note.measure):
                yield page.finding(_tie(note, "stop"), "tie", f"the tie into {note.name} comes from nowhere")


def _tie(note: Placed, kind: str) -> Any:
    """One end of a tie: as it sounds, or where nothing says that, as it looks; one that rings on leads nowhere."""
    if kind == "start" and note.element.find("notations/tied[@type='let-ring']") is not None:
        return None
    if note.element.find("tie") is None and note.element.get("print-object") != "no":
        return note.element.find(f"notations/tied[@type='{kind}']")
    return note.element.find(f"tie[@type='{kind}']")


def _join(note: Placed, there: list[Placed]) -> bool:
    """Take the note that a tie leads to out of those that wait for one; of several, that of the same voice."""
    same = [other for other in there if other is not note and other.pitch == note.pitch]
    if same:
        there.remove(min(same, key=lambda other: (other.voice != note.voice, other.staff != note.staff)))
    return bool(same)


def _other_pitch(note: Placed, there: list[Placed]) -> Placed | None:
    """The note of the same voice, left over, that a tie leads to in spite of its pitch; it waits no more."""
    wrong = next((other for other in there if other.voice == note.voice and other is not note), None)
    if wrong is not None:
        there.remove(wrong)
    return wrong


# Signs at which music jumps.
_JUMPS = (
    "barline/repeat",
    "barline/ending",
    "direction/direction-type/segno",
    "direction/direction-type/coda",
    "direction/sound[@dacapo]",
    "direction/sound[@dalsegno]",
    "direction/sound[@tocoda]",
    "direction/sound[@fine]",
)


def _jumps(part: PartReading, *indices: int) -> bool:
    """Whether one of some measures has a sign at which music jumps."""
    near = [part.measures[index].element for index in indices if 0 <= index < len(part.measures)]
    return any(measure.find(sign) is not None for measure in near for sign in _JUMPS)


def _onsets(part: PartReading) -> list[Fraction]:
    """Quarters from the start of the part to each measure."""
    onsets, now = [], Fraction(0)
    for measure in part.measures:
        onsets.append(now)
        now += measure.length
    return onsets
