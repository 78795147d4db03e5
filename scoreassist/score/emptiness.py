"""Measures in which somebody is missing: a singer has nothing but rest while others sing."""

from __future__ import annotations

from scoreassist.score.regions import Region
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.staves import DIVISI
from scoreassist.score.timeline import Event, Measure, Part, Timeline


def empty_measures(timeline: Timeline, choir: Choir, *, divisi: bool) -> list[Region]:
    """Measures in which a singer has nothing but rest; one that is empty for all is a general pause.

    Parameters
    ----------
    timeline : Timeline
    choir : Choir
    divisi : bool
        Whether a voice that only joins in here and there is missing where it has not even a rest.
    """
    regions = []
    joining = set() if divisi else _divisi(choir)
    repeats = {part.id: _repeats(part) for part in timeline.parts}
    for measure in timeline.measures:
        empty = [
            voice
            for voice, singer in choir.singers.items()
            if _is_empty(singer, measure) and measure.index not in repeats[singer.part.id]
        ]
        if len(empty) < len(choir.singers):
            end = measure.onset + measure.length
            regions += [
                Region(voice, measure.onset, end, "empty")
                for voice in empty
                if voice not in joining or choir.singers[voice].measures[measure.index]
            ]
    return regions


def _divisi(choir: Choir) -> set[int]:
    """Singers whose voice only joins another one of their staff here and there."""
    sings = {voice: sum(map(_has_note, singer.measures)) for voice, singer in choir.singers.items()}
    return {
        voice
        for voice, singer in choir.singers.items()
        for beside, other in choir.singers.items()
        if (other.part.id, other.staff) == (singer.part.id, singer.staff) and sings[voice] < DIVISI * sings[beside]
    }


def _has_note(events: list[Event]) -> bool:
    return any(event.kind == "note" for event in events)


def _is_empty(singer: Singer, measure: Measure) -> bool:
    if measure.index >= len(singer.measures):
        return False  # the part has no such measure to write into
    return all(event.kind == "rest" for event in singer.measures[measure.index])


def _repeats(part: Part) -> set[int]:
    """Measures in which a sign says that those before are played again; they are not empty, whatever they hold."""
    inside, repeated = False, set()
    for index, row in enumerate(part.measures):
        for sign in row.element.iterfind("attributes/measure-style/measure-repeat"):
            inside = sign.get("type") == "start"
        if inside:
            repeated.add(index)
    return repeated
