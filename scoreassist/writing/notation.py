"""How a copyist writes durations: note values that show the beat, and beams that follow it.

Rules as in Gould, *Behind Bars* (2011), "Grouping notes": a value may not hide a beat stronger than the one it
starts on, except the plain syncopations short-long-short and quarter-half-quarter. Beams follow the beat, a
quarter or a dotted value, as in most editions of vocal music: four eighths of 4/4 are two pairs.
"""

from __future__ import annotations

from scoreassist.score.metre import TICKS_PER_QUARTER, Group, Hierarchy, Metre, hierarchy

# Note values by length in sixteenths: type and dots.
VALUES: dict[int, tuple[str, int]] = {
    1: ("16th", 0),
    2: ("eighth", 0),
    3: ("eighth", 1),
    4: ("quarter", 0),
    6: ("quarter", 1),
    8: ("half", 0),
    12: ("half", 1),
    16: ("whole", 0),
    24: ("whole", 1),
    32: ("breve", 0),
    48: ("breve", 1),
}


def split(start: int, ticks: int, metre: Metre, pickup: int, rest: bool) -> list[int]:
    """Cut a duration into note values that show the beat.

    Parameters
    ----------
    start, ticks : int
        Onset within the measure and length, in sixteenths.
    metre : Metre
    pickup : int
        What the measure lacks in front, in sixteenths.
    rest : bool
        Rests are never syncopated.

    Returns
    -------
    list of int
        Lengths in sixteenths, each a key of `VALUES`; ties join them.
    """
    end = start + ticks
    shape = hierarchy(metre)

    def fits(at: int, value: int, *, alone: bool = False) -> bool:
        return _fits(shape, (at + pickup) % shape.ticks, value, rest=rest, alone=alone)

    if ticks in VALUES and fits(start, ticks, alone=True):
        return [ticks]
    # By where they have come: the values with the lowest cost. The fewest are best; then those cut at the
    # strongest places; then those that begin with long ones.
    best: dict[int, tuple[tuple[int, int, list[int]], list[int]]] = {start: ((0, 0, []), [])}
    for at in range(start, end):
        if at not in best:
            continue
        (count, weakness, shortness), values = best[at]
        for value in VALUES:
            stop = at + value
            if stop > end or not fits(at, value):
                continue
            weak = shape.levels[(stop + pickup) % shape.ticks] if stop < end else 0
            cost = (count + 1, weakness + weak, [*shortness, -value])
            if stop not in best or cost < best[stop][0]:
                best[stop] = (cost, [*values, value])
    return best[end][1]


def _fits(shape: Hierarchy, place: int, ticks: int, *, rest: bool, alone: bool) -> bool:
    """Whether a value may stand at a place of the full measure; `alone` if nothing is tied to it."""
    levels = [shape.levels[(place + tick) % shape.ticks] for tick in range(ticks)]
    hidden = [tick for tick, level in enumerate(levels) if tick and level < levels[0]]
    group = shape.group_at(place)
    if place == 0 and ticks == shape.ticks:
        return True
    if place + ticks > group.end:
        return _joins_groups(shape, place, place + ticks, rest) and (not hidden or (alone and not rest))
    if rest:
        return not hidden and _is_plain_rest(shape, group, place - group.start, ticks)
    return (
        not hidden
        or _is_syncopation(levels, hidden, alone)
        or (alone and _is_long_second_beat(shape, place, ticks))
    )


def _joins_groups(shape: Hierarchy, start: int, end: int, rest: bool) -> bool:
    """Whether a value lasts two or more groups of one length; groups of different lengths are always shown."""
    inside = [group for group in shape.groups if start <= group.start < end]
    if not inside or (inside[0].start, inside[-1].end) != (start, end):
        return False
    # A rest shows each beat of three.
    alike = shape.groups if rest else inside
    return len({group.ticks for group in alike}) == 1 and not (rest and len(shape.groups) % 3 == 0)


def _is_plain_rest(shape: Hierarchy, group: Group, place: int, ticks: int) -> bool:
    """Whether a rest shows the units of its group; `place` counts from the start of that."""
    if shape.compound:  # it begins a dotted beat, or is one; a smaller one does not end what is dotted
        return ticks == group.ticks or (VALUES[ticks][1] == 0 and place % ticks == 0)
    if group.units == 3 and ticks > shape.unit:
        return False
    return VALUES[ticks][1] == 0 or (ticks == 3 and shape.unit > 3)


def _is_syncopation(levels: list[int], hidden: list[int], alone: bool) -> bool:
    """Whether a value that hides a stronger place is one of those that are written all the same."""
    ticks = len(levels)
    # Only what is one level up is hidden: never the middle of the measure by a value that begins off the beat.
    if any(levels[tick] != levels[0] - 1 for tick in hidden):
        return False
    if ticks == 3:  # a dotted eighth behind a sixteenth, which fills its beat
        return hidden == [1]
    # Half of a value, the value, half of a value: what is hidden is its centre.
    return alone and VALUES[ticks][1] == 0 and hidden == [ticks // 2]


def _is_long_second_beat(shape: Hierarchy, place: int, ticks: int) -> bool:
    """Whether a value lasts from beat 2 of four to the end: a quarter and a dotted half in 4/4."""
    return shape.ticks in (16, 32) and len(shape.groups) == 1 and (place, ticks) == (shape.ticks // 4, 3 * place)


def beams(notes: list[tuple[int, int]], metre: Metre, pickup: int) -> list[list[str]]:
    """Beams of one voice's notes in a measure, by beat.

    Parameters
    ----------
    notes : list of (onset, ticks)
        Sounding notes in order, in sixteenths; rests are left out.
    metre, pickup
        As in `split`.

    Returns
    -------
    list of list of str
        For each note its MusicXML beam values, from beam 1 on: ``begin``, ``continue``, ``end``,
        ``forward hook``, ``backward hook``; empty without beam.
    """
    shape = hierarchy(metre)
    result: list[list[str]] = [[] for _ in notes]
    group: list[int] = []

    def close() -> None:
        if len(group) > 1:
            for place, index in enumerate(group):
                first, last = place == 0, place == len(group) - 1
                result[index].append("begin" if first else "end" if last else "continue")
                if notes[index][1] == 1:
                    before = not first and notes[group[place - 1]][1] == 1
                    behind = not last and notes[group[place + 1]][1] == 1
                    result[index].append(_second_beam(before, behind, notes[index][0], first, last))
        group.clear()

    for index, (onset, ticks) in enumerate(notes):
        if ticks > 3:
            close()
            continue
        joined = group and notes[group[-1]][0] + notes[group[-1]][1] == onset
        if not joined or _begins_beam(shape, (onset + pickup) % shape.ticks):
            close()
        group.append(index)
    close()
    return result


def _begins_beam(shape: Hierarchy, place: int) -> bool:
    """Whether a beam may not reach a place of the full measure from before: a beat, but no less than a quarter."""
    group = shape.group_at(place)
    if shape.compound and shape.unit < TICKS_PER_QUARTER:
        return place == group.start
    return (place - group.start) % TICKS_PER_QUARTER == 0


def _second_beam(before: bool, behind: bool, onset: int, first: bool, last: bool) -> str:
    if before and behind:
        return "continue"
    if before:
        return "end"
    if behind:
        return "begin"
    return "forward hook" if first or (onset % 2 == 0 and not last) else "backward hook"
