"""The notes that a hand is given, on the grid, and the events that they are written as."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scoreassist.grid.roll import RollNote
from scoreassist.score.events import Event
from scoreassist.score.hands import at_home
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Singer
from scoreassist.score.timeline import Timeline
from scoreassist.score.tuplets import tuplet_spans


@dataclass(frozen=True, slots=True)
class GivenNote:
    """A note of the score.

    Attributes
    ----------
    note : RollNote
    chain : tuple of Event
        The note, and those to which ties lead from it.
    """

    note: RollNote
    chain: tuple[Event, ...]


def given_notes(timeline: Timeline, singer: Singer) -> list[GivenNote]:
    """All notes of a hand in order of time, tied ones joined; finer ones last the tick in which they begin."""
    found: list[GivenNote] = []
    tied: dict[int, int] = {}  # by pitch: place of the note that goes on
    events = (
        event
        for row in at_home(singer.part).measures
        for event in sorted(row.events, key=lambda event: event.offset)
        if event.kind == "note" and event.staff == singer.staff and event.midi is not None
    )
    for event in events:
        assert event.midi is not None
        onset = timeline.measures[event.measure].onset
        start = int((onset + event.offset) * TICKS_PER_QUARTER)
        end = max(int(-(-(onset + event.end) * TICKS_PER_QUARTER // 1)), start + 1)
        place = tied.pop(event.midi, None) if event.tied_from else None
        if place is not None and found[place].note.onset + found[place].note.ticks == start:
            before = found[place]
            note = replace(before.note, ticks=end - before.note.onset)
            found[place] = GivenNote(note, (*before.chain, event))
        else:
            place = len(found)
            found.append(GivenNote(RollNote(start, event.midi, end - start), (event,)))
        if event.tied_to:
            tied[event.midi] = place
    return found


def undivided(timeline: Timeline, singer: Singer) -> list[tuple[int, int]]:
    """First tick and end of what no hole may cut: notes with their ties, and tuplets."""
    spans = [(row.note.onset, row.note.onset + row.note.ticks) for row in given_notes(timeline, singer)]
    for measure, events in zip(timeline.measures, singer.measures, strict=False):
        first = measure.onset * TICKS_PER_QUARTER
        for begin, end in tuplet_spans(events):
            stop = -int(-(first + end * TICKS_PER_QUARTER) // 1)
            spans.append((int(first + begin * TICKS_PER_QUARTER), stop))
    return spans
