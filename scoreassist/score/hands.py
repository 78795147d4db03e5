"""The two hands of a pianist, as lines that marks, flags and the copyist treat as they treat singers."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from fractions import Fraction

from scoreassist.errors import RequestError
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Event, Part, Timeline

HANDS = ("Right hand", "Left hand")
RIGHT_HAND, LEFT_HAND = range(2)


def find_hands(timeline: Timeline) -> Choir:
    """The hands of a score for piano: both staves of a part, or two parts with a staff each; or a lone melody.

    Everything on a staff belongs to its hand, whatever its voice number, but for what `at_home` finds; the voice
    that has most of it is the one in which new notes are written.

    Returns
    -------
    Choir
        `RIGHT_HAND`, and `LEFT_HAND` if there is a staff for it.

    Raises
    ------
    RequestError
        The score is not for piano.
    """
    staves = piano_staves(timeline)
    singers = {hand: _hand(hand, part, staff) for hand, (part, staff) in enumerate(staves)}
    return Choir(singers, "open")


def piano_staves(timeline: Timeline) -> list[tuple[Part, int]]:
    """Part and staff of the right hand, and of the left one if there is one.

    Raises
    ------
    RequestError
        There are several parts, and none has two staves; or one has more.
    """
    name = timeline.score.name
    pairs = [part for part in timeline.parts if part.staves == 2]
    if len(pairs) == 1:
        return [(pairs[0], 1), (pairs[0], 2)]
    if not pairs and len(timeline.parts) <= 2 and all(part.staves == 1 for part in timeline.parts):
        return [(part, 1) for part in timeline.parts]
    many = next((part for part in timeline.parts if part.staves > 2), None)
    if many is not None and not pairs:
        raise RequestError(
            f"has {many.staves} staves, and a piano has two; leave the two of the piano, or one melody",
            source=name,
            part=many.id,
        )
    what = "no part with two staves" if not pairs else f"{len(pairs)} parts with two staves"
    raise RequestError(
        f"has {len(timeline.parts)} parts and {what}; leave one melody, or one part for piano", source=name
    )


def at_home(part: Part) -> Part:
    """The part as hands play it: notes that cross to the other staff stand on the staff of their voice.

    That is the one on which the voice has most of its notes. Where a number stands for two voices at a time, one
    on each staff, every note stays where it is.
    """
    homes = _homes(part)
    if not homes:
        return part
    rows = [
        replace(row, events=[replace(event, staff=homes.get(event.voice, event.staff)) for event in row.events])
        for row in part.measures
    ]
    return replace(part, measures=rows)


def _homes(part: Part) -> dict[str, int]:
    """The staff of each voice that crosses from one staff to another, by its number."""
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    several = set()
    for row in part.measures:
        ends: dict[str, dict[int, Fraction]] = defaultdict(dict)
        for event in sorted(row.events, key=lambda event: event.offset):
            if event.kind not in ("note", "rest"):
                continue
            counts[event.voice][event.staff] += event.kind == "note"
            if event.chord:
                continue
            own = ends[event.voice]
            if any(end > event.offset for staff, end in own.items() if staff != event.staff):
                several.add(event.voice)
            own[event.staff] = max(own.get(event.staff, event.end), event.end)
    return {
        voice: staves.most_common(1)[0][0]
        for voice, staves in counts.items()
        if len(staves) > 1 and voice not in several
    }


def _hand(hand: int, part: Part, staff: int) -> Singer:
    rows = [_line(measure.events, staff) for measure in at_home(part).measures]
    voices = Counter(event.voice for row in rows for event in row if event.kind == "note")
    voices = voices or Counter(event.voice for row in rows for event in row)
    number = voices.most_common(1)[0][0] if voices else free_voice(part, staff)
    return Singer(hand, part, staff, number, None, rows, HANDS[hand])


def _line(events: list[Event], staff: int) -> list[Event]:
    """Notes and rests of a staff in order of time, one of each chord."""
    own = [event for event in events if event.staff == staff and event.kind != "grace" and not event.chord]
    return sorted(own, key=lambda event: event.offset)


def free_voice(part: Part, staff: int) -> str:
    """A voice number that a part does not use yet: 1 for the first staff, 5 for the second, or the next one."""
    taken = {event.voice for event in part.events()}
    number = 4 * (staff - 1) + 1
    while str(number) in taken:
        number += 1
    return str(number)
