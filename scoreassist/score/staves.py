"""Staves as a singer sees them: the lines of notes that each holds, its clef and its range.

A line is a voice of one staff. A voice that stands on one staff and, for some notes of a measure, on another one
is one line all the same, of the staff where it is at home: it is the voice that sings, not the staff. A line of
which nothing is printed is there for playback and sung by nobody; in any other one hidden notes are sung (editors
hide the second of two unisons), and hidden rests are rests. Where a staff has hidden rests alone, they are the
line that somebody has yet to write.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from scoreassist.score.timeline import Attributes, Event, Part, Timeline

# Clefs of staves that nobody sings from.
_UNSUNG = ("percussion", "TAB", "jianpu")

# A second voice, or chords, in less than this share of the measures are no second singer, but divisi of the first.
DIVISI = Fraction(1, 4)

_Line = tuple[int, str]
"""Staff and voice number, as they are written."""


@dataclass(slots=True)
class Staff:
    """One staff and the voices that write on it.

    Attributes
    ----------
    part : Part
    number : int
    attributes : Attributes
        With its first clef.
    rows : list of list of Event
        Notes, rests, cue notes and claps of its lines, measure by measure.
    voices : list of str
        Voice numbers of its lines.
    pitches : list of int
        MIDI numbers of all notes.
    chords : bool
        Whether some notes share a stem.
    """

    part: Part
    number: int
    attributes: Attributes
    rows: list[list[Event]]
    voices: list[str]
    pitches: list[int]
    chords: bool

    @property
    def low(self) -> bool:
        """Whether the staff is a low one by its clef, or without clef by its range."""
        clef = self.attributes.clef(self.number)
        if clef is not None:
            return clef[0] == "F" and clef[2] <= 0
        return bool(self.pitches) and statistics.median(self.pitches) < 55

    @property
    def voice(self) -> int:
        """Which one voice the staff's single line is most like, by clef and range."""
        clef = self.attributes.clef(self.number)
        if clef is not None and clef[0] == "G" and clef[2] == -1:
            return 2
        if clef is not None and clef[0] == "C":
            return 2 if clef[1] == 4 else (1 if clef[1] == 3 else 0)
        if self.low:
            return 2 if self.pitches and statistics.median(self.pitches) > 57 else 3
        return 0

    @property
    def lyrics(self) -> bool:
        """Whether any of its notes has words."""
        return any(e.element.find("lyric") is not None for row in self.rows for e in row if e.kind == "note")

    @property
    def singers(self) -> int:
        """How many sing from it, two at most."""
        return 2 if len(self.voices) > 1 or (self.chords and not self.divided) else 1

    @property
    def divided(self) -> bool:
        """Whether the chords of its one voice are so few that they are divisi."""
        sung = [row for row in self.rows if any(e.kind == "note" for e in row)]
        return len(self.voices) < 2 and sum(any(e.chord for e in row) for row in sung) < DIVISI * len(sung)


def read_staves(timeline: Timeline) -> list[Staff]:
    """Staves that could be sung, from the top; percussion and tablature left out."""
    return [
        _staff(part, number, rows)
        for part in timeline.parts
        for number, rows in enumerate(_rows(part), 1)
        if not _is_unsung(part, number, rows)
    ]


def _rows(part: Part) -> list[list[list[Event]]]:
    """Each staff's events, measure by measure; those of a voice on tour at the staff where it is at home."""
    homes = _homes(part) if part.staves > 1 else {}
    rows: list[list[list[Event]]] = [[[] for _ in part.measures] for _ in range(part.staves)]
    for index, measure in enumerate(part.measures):
        for event in measure.events:
            if event.kind == "grace":
                continue
            home = homes.get((event.staff, event.voice), event.staff) if homes else event.staff
            if home <= part.staves:
                rows[home - 1][index].append(event)
    return rows


def _homes(part: Part) -> dict[_Line, int]:
    """Staves at which voices are at home that cross over to another one.

    A voice crosses if one measure has it on two staves, one after the other, and no measure has it on two at once;
    else its number is used for one line on each staff. Home is where it has most of its time.
    """
    time: dict[str, dict[int, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    crossing: set[str] = set()
    apart: set[str] = set()
    for measure in part.measures:
        spans: dict[str, list[Event]] = defaultdict(list)
        for event in measure.events:
            if not event.chord and event.kind in ("note", "rest", "cue"):
                spans[event.voice].append(event)
        for voice, events in spans.items():
            for event in events:
                time[voice][event.staff] += event.duration
            if len({event.staff for event in events}) > 1:
                (apart if _overlap(events) else crossing).add(voice)
    return {
        (staff, voice): max(time[voice], key=lambda s: time[voice][s])
        for voice in crossing - apart
        for staff in time[voice]
    }


def _overlap(events: list[Event]) -> bool:
    """Whether any two events, in order of their onsets, sound together."""
    end = Fraction(0)
    for event in sorted(events, key=lambda e: e.offset):
        if event.offset < end:
            return True
        end = event.end
    return False


def _is_unsung(part: Part, number: int, rows: list[list[Event]]) -> bool:
    clef = _attributes(part, number).clef(number)
    if clef is not None and clef[0] in _UNSUNG:
        return True
    notes = [event for row in rows for event in row if event.kind in ("note", "unpitched")]
    pitched = [event for event in notes if event.kind == "note"]
    if len(pitched) * 2 <= len(notes):
        return bool(notes)  # drums; who sings may clap for a moment
    return all(event.hidden for event in pitched)


def _attributes(part: Part, number: int) -> Attributes:
    return next((m.start for m in part.measures if m.start.clef(number)), part.measures[0].start)


def _staff(part: Part, number: int, rows: list[list[Event]]) -> Staff:
    events = [event for row in rows for event in row]
    voices = _lines(events)
    if len(voices) < len({event.voice for event in events}):
        rows = [[event for event in row if event.voice in voices] for row in rows]
        events = [event for row in rows for event in row]
    notes = [event for event in events if event.kind == "note"]
    return Staff(
        part,
        number,
        _attributes(part, number),
        rows,
        sorted(voices, key=_voice_order),
        [event.midi for event in notes if event.midi is not None],
        any(event.chord for event in notes),
    )


def _lines(events: list[Event]) -> set[str]:
    """Voice numbers of which something is printed; where there are none, those that have nothing but rests."""
    own = [event for event in events if event.kind != "cue"]
    printed = {event.voice for event in own if not event.hidden}
    return printed or {event.voice for event in own} - {event.voice for event in own if event.kind != "rest"}


def _voice_order(number: str) -> tuple[int, str]:
    return (int(number), "") if number.isascii() and number.isdigit() and len(number) < 9 else (10**9, number)
