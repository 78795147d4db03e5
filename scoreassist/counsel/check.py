"""A strict teacher's reading of a score: rule, measure, beat, voices, what and why."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
from lxml import etree

from scoreassist.errors import UnsupportedError
from scoreassist.files.document import open_score
from scoreassist.grid.notes import written_fifth
from scoreassist.grid.voices import Grid, encode
from scoreassist.score.metre import BEAT, TICKS_PER_QUARTER
from scoreassist.score.singers import VOICES, Choir, find_choir
from scoreassist.score.timeline import Measure, Timeline, read_timeline
from scoreassist.theory import counterpoint
from scoreassist.theory.counterpoint import chosen_rules, faults
from scoreassist.theory.spelling import spell
from scoreassist.theory.voice_leading import onsets
from scoreassist.validation.finding import Finding as PageFinding
from scoreassist.validation.finding import Page
from scoreassist.validation.measures import disagreements, lengths
from scoreassist.validation.reading import read_parts

__all__ = ["MEASURE_LENGTH", "RULES", "Finding", "Report", "as_text", "check", "report_of", "spellings_of"]

MEASURE_LENGTH = "measure-length"
KEYBOARD = 0.1  # share of stems with chords from which on a part is no singers'

# Every rule and what it means; the last one asks the document, all others the grid.
RULES: dict[str, str] = {name: rule.meaning for name, rule in counterpoint.RULES.items()} | {
    MEASURE_LENGTH: "a measure lasts longer or shorter than its time signature or another part says"
}


@dataclass(frozen=True)
class Finding:
    """One thing that a strict teacher would mark.

    Attributes
    ----------
    rule : str
        A key of `RULES`.
    measure : str
        As printed.
    beat : float
        As the time signature counts them, from 1; half way to the next is 1.5.
    voices : tuple of str
        Names of singers, from the top; of a measure that does not add up, the part.
    message : str
        What is wrong, and why.
    tick, end : int
        Where it is heard, in sixteenths from the start.
    cells : tuple of (voice, tick)
        Where the notes that it is about begin.
    element : lxml.etree._Element or None
        Of a measure that does not add up.
    """

    rule: str
    measure: str
    beat: float
    voices: tuple[str, ...]
    message: str
    tick: int
    end: int
    cells: tuple[tuple[int, int], ...] = ()
    element: etree._Element | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        *others, last = self.voices
        who = f"{', '.join(others)} and {last}" if others else last
        return f"measure {self.measure}, beat {self.beat:g}, {who}: {self.rule}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        beat = int(self.beat) if self.beat == int(self.beat) else self.beat
        return {
            "rule": self.rule,
            "measure": self.measure,
            "beat": beat,
            "voices": list(self.voices),
            "message": self.message,
        }


@dataclass(frozen=True)
class Report:
    """What was found, and in how much music.

    Attributes
    ----------
    findings : list of Finding
        In order of time.
    rules : list of str
        Those that were asked.
    onsets : int
        Ticks at which some voice begins a note.
    frames : int
        Ticks.
    chords : int
        Beats on which every voice that sings at all sounds.
    """

    findings: list[Finding]
    rules: list[str]
    onsets: int
    frames: int
    chords: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Findings by rule, of every rule that was asked."""
        counts = dict.fromkeys(self.rules, 0)
        for finding in self.findings:
            counts[finding.rule] += 1
        return counts

    def ticks(self, rule: str) -> int:
        """In how many frames a rule is broken."""
        return len({t for f in self.findings if f.rule == rule for t in range(f.tick, f.end)})

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        return {
            "findings": [finding.as_json() for finding in self.findings],
            "counts": self.counts,
            "onsets": self.onsets,
            "frames": self.frames,
        }


def check(source: Any, *, rules: Collection[str] | None = None, name: str | None = None) -> Report:
    """Read a score as a strict teacher does, as it is printed: repeats once.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
    rules : collection of str, optional
        Keys of `RULES`; default all.
    name : str, optional
        What error messages call the file.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        The score cannot be read, or nobody sings.
    RequestError
        Its lines cannot be told apart, or there is no such rule.

    Examples
    --------
    >>> import scoreassist
    >>> check("examples/amazing-grace.musicxml").findings
    []
    """
    return report_on(read(source, name, for_choir=True), rules=rules)


@dataclass(frozen=True)
class Music:
    """A score that has been read: its lines in time, and on a grid."""

    timeline: Timeline
    choir: Choir
    grid: Grid


def read(source: Any, name: str | None = None, *, for_choir: bool = False) -> Music:
    """Find the choir of a score; parameters and errors as of `check`.

    With `for_choir`, what is written for a keyboard is refused.
    """
    score = open_score(source, name)
    timeline = read_timeline(score)
    choir = find_choir(timeline).written()
    if not any(singer.notes() for singer in choir.singers.values()):
        raise UnsupportedError("has no sung note; write at least one voice", source=score.name)
    for part in timeline.parts if for_choir else ():
        if _is_for_keyboard(part.element):
            raise UnsupportedError(
                "has chords of three notes and more on a staff, as for a keyboard; check reads a choir's voices",
                source=score.name,
                part=part.id,
            )
    return Music(timeline, choir, encode(timeline, choir))


def _is_for_keyboard(part: etree._Element) -> bool:
    """Whether more than a tenth of the stems of a part carry three notes or more: no two singers share such."""
    stems: list[int] = []
    for note in part.iterfind("measure/note"):
        if note.find("chord") is not None and stems:
            stems[-1] += 1
        elif note.find("pitch") is not None:
            stems.append(1)
    return sum(size > 2 for size in stems) > KEYBOARD * len(stems)


def report_on(music: Music, *, rules: Collection[str] | None = None) -> Report:
    """What a strict teacher would mark in a score that has been read, the lengths of its measures among it."""
    chosen = chosen_rules(rules, RULES)
    report = report_of(music.grid, music.timeline, music.choir, rules=chosen)
    if MEASURE_LENGTH not in chosen:
        return report
    found = [*report.findings, *_measure_lengths(music)]
    return replace(report, findings=sorted(found, key=lambda finding: finding.tick))


def report_of(
    grid: Grid,
    timeline: Timeline,
    choir: Choir,
    *,
    rules: Collection[str] | None = None,
    tonics: np.ndarray | None = None,
) -> Report:
    """What a strict teacher would mark in a grid: as `check`, of a document that need not be written yet.

    Whether measures add up is the document's matter, and not asked here.

    Parameters
    ----------
    grid : Grid
        At sounding pitch, its cells those of the timeline. Notes that are not in the score are spelled here.
    timeline : Timeline
    choir : Choir
    rules : collection of str, optional
        Keys of `RULES`; default all.
    tonics : int array (ticks,), optional
        See `scoreassist.theory.counterpoint.faults`.
    """
    chosen = chosen_rules(rules, RULES)
    asked = [rule for rule in chosen if rule != MEASURE_LENGTH]
    found = faults(grid, fifth_lines=spellings_of(grid, timeline, choir), tonics=tonics, rules=asked)
    findings = []
    for fault in found:
        measure, beat = place_of(grid, timeline, fault.tick)
        voices = tuple(_name(choir, voice) for voice in fault.voices)
        cells = tuple((voice, _onset(grid, voice, fault.tick)) for voice in fault.voices)
        findings.append(
            Finding(fault.rule, measure.number, beat, voices, fault.message, fault.tick, fault.end, cells)
        )
    pitch = np.where(grid.known, grid.pitch, -1)
    return Report(findings, chosen, onsets(pitch, grid.struck), grid.ticks, chords(grid))


def chords(grid: Grid) -> int:
    """Beats on which every voice that sings at all sounds: what is counted per chord is divided by them."""
    sounding = grid.known & (grid.pitch >= 0)
    singing = sounding[sounding.any(axis=1)]
    return int((singing.all(axis=0) & (grid.level <= BEAT)).sum()) if singing.size else 0


def spellings_of(grid: Grid, timeline: Timeline, choir: Choir) -> np.ndarray:
    """How every cell of a grid is spelled at sounding pitch; what the score does not have is guessed.

    Returns
    -------
    int array (4, ticks)
        Place on the line of fifths, 0 in silence.
    """
    spelling = np.zeros(grid.pitch.shape, dtype=np.int64)
    written = np.zeros(grid.pitch.shape, dtype=bool)
    starts = np.searchsorted(grid.measure, np.arange(len(timeline.measures) + 1))
    for voice, singer in choir.singers.items():
        for index, events in enumerate(singer.measures):
            first, end = int(starts[index]), int(starts[index + 1])
            for event in events:
                if event.kind == "note":
                    begin = first + math.floor(event.offset * TICKS_PER_QUARTER)
                    cells = slice(begin, min(first + math.ceil(event.end * TICKS_PER_QUARTER), end))
                    there = singer.part.measures[index].at(event.offset).transpose_fifths
                    spelling[voice, cells] = written_fifth(event) + there
                    written[voice, cells] = True
    sounding = grid.known & (grid.pitch >= 0)
    right = written & ((grid.pitch - 7 * spelling) % 12 == 0)
    if not (sounding & ~right).any():
        return np.where(sounding, spelling, 0)
    given = {
        (int(voice), int(tick)): int(spelling[voice, tick]) for voice, tick in np.argwhere(right & grid.struck)
    }
    guess = spell(np.where(sounding, grid.pitch, -1), grid.fifths, given)
    return np.where(right, spelling, guess) * sounding


def as_text(report: Report, name: str) -> str:
    """Findings for people, a line each."""
    return "\n".join(f"{name}, {finding}" for finding in report.findings)


def _name(choir: Choir, voice: int) -> str:
    return choir.singers[voice].name if voice in choir.singers else VOICES[voice]


def _onset(grid: Grid, voice: int, tick: int) -> int:
    """Where the note that sounds in a cell begins."""
    row, struck = grid.pitch[voice], grid.struck[voice]
    while tick > 0 and not struck[tick] and row[tick - 1] == row[tick]:
        tick -= 1
    return tick


def place_of(grid: Grid, timeline: Timeline, tick: int) -> tuple[Measure, float]:
    """The measure of a tick, and its beat in the time signature's own beats."""
    index = int(grid.measure[tick])
    measure = timeline.measures[index]
    first, _ = grid.measure_ticks(index)
    unit = Fraction(4, measure.metre.beat_type if measure.metre else 4)
    beat = (measure.pickup + Fraction(tick - first, TICKS_PER_QUARTER)) / unit + 1
    return measure, round(float(beat), 3)


class _Elements(Page):
    """A page that remembers which elements something was found at; nobody asks for their lines here."""

    def __init__(self, root: etree._Element) -> None:
        super().__init__(root, defaultdict(int))
        object.__setattr__(self, "found", [])

    def finding(self, element: etree._Element, rule: str, message: str, kind: str = "music") -> PageFinding:
        """Something that is wrong with an element."""
        self.found.append((element, message))  # type: ignore[attr-defined]
        return super().finding(element, rule, message, kind)


def _measure_lengths(music: Music) -> list[Finding]:
    """Measures that do not add up, as `validate` finds them."""
    timeline, choir, grid = music.timeline, music.choir, music.grid
    page = _Elements(timeline.score.root)
    parts = [part for part in read_parts(page.root) if part.untimed is None]
    for rule in (lengths, disagreements):
        list(rule(page, parts))
    rows = {row.element: (part, index) for part in timeline.parts for index, row in enumerate(part.measures)}
    findings = []
    for element, message in page.found:  # type: ignore[attr-defined]
        part, index = rows[element]
        singers = [singer.name for _, singer in sorted(choir.singers.items()) if singer.part is part]
        first, end = grid.measure_ticks(index)
        _, beat = place_of(grid, timeline, min(first, grid.ticks - 1))
        voices = tuple(singers) or (part.name or part.id,)
        number = timeline.measures[index].number
        text = f"the measure {message}; add what is missing, or take out what is too much"
        findings.append(Finding(MEASURE_LENGTH, number, beat, voices, text, first, end, element=element))
    return findings
