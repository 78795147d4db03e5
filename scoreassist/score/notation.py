"""How a copyist writes durations: note values that show the beat, and beams that follow it.

Rules as in Gould, *Behind Bars* (2011), "Grouping notes": a value may not hide a beat stronger than the one it
starts on, except the plain syncopations short-long-short and quarter-half-quarter.
"""

from __future__ import annotations

from itertools import pairwise

from scoreassist.score.metre import BEAT, EIGHTH, HALF_MEASURE, SIXTEENTH, Metre, strengths

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
}


def split(start: int, ticks: int, metre: Metre, measure_ticks: int, pickup: int, rest: bool) -> list[int]:
    """Cut a duration into note values that show the beat.

    Parameters
    ----------
    start, ticks : int
        Onset within the measure and length, in sixteenths.
    metre : Metre
    measure_ticks, pickup : int
        Length of the measure, and what is missing of it in front, in sixteenths.
    rest : bool
        Rests are never syncopated.

    Returns
    -------
    list of int
        Lengths in sixteenths, each a key of `VALUES`; ties join them.
    """
    end = start + ticks
    levels = strengths(metre, max(measure_ticks, end), pickup)
    place = start + pickup
    if ticks in VALUES and not rest and _is_syncopation(place, ticks, levels[start:end], metre):
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
            if stop > end or not _shows_beat(at + pickup, value, levels[at:stop], metre, rest):
                continue
            cost = (count + 1, weakness + (levels[stop] if stop < end else 0), [*shortness, -value])
            if stop not in best or cost < best[stop][0]:
                best[stop] = (cost, [*values, value])
    return best[end][1]


def _shows_beat(place: int, ticks: int, levels: tuple[int, ...], metre: Metre, rest: bool) -> bool:
    """Whether a value hides no beat stronger than the one that it starts on.

    `place` counts from the start of the full measure; `levels` are the strengths of the ticks covered.
    """
    if any(level < levels[0] for level in levels):
        # A dotted eighth behind a sixteenth: it fills its beat.
        return ticks == 3 and not rest and levels[0] == SIXTEENTH and min(levels) == EIGHTH
    dotted = VALUES[ticks][1] > 0
    in_three = rest and len(metre.beat_starts()) % 3 == 0
    if not metre.compound:
        beat = 16 // min(metre.beat_type, 4)
        return not (rest and dotted and ticks > 3) and not (in_three and ticks > beat)
    beat = 3 * 16 // metre.beat_type
    if ticks >= beat:
        return levels[0] <= BEAT and ticks % beat == 0 and not (in_three and ticks > beat)
    inside = place % beat
    if rest:
        return not dotted and inside % ticks == 0
    return all(level > BEAT for level in levels[1:]) and (inside % 2 == 0 or ticks == 1)


def _is_syncopation(place: int, ticks: int, levels: tuple[int, ...], metre: Metre) -> bool:
    """Whether a value that hides a stronger beat is one of those that are written all the same."""
    if metre.compound:  # sixteenth-eighth-sixteenth; a beat, two beats, a beat in 12/8
        beat = 3 * 16 // metre.beat_type
        return (ticks == 2 and min(levels) == EIGHTH) or (ticks == 2 * beat and place % beat == 0)
    even = _is_even(metre)
    if ticks == 12:  # a quarter and a dotted half in 4/4
        return even and metre.length == 4 and place == 4
    centre = levels[ticks // 2]
    if levels[0] == EIGHTH and centre <= HALF_MEASURE:
        return False
    if not even and centre <= (HALF_MEASURE if metre.beat_type <= 4 else BEAT):
        return False
    # Half of a value, the value, half of a value: the stronger beat is its centre, and one level up.
    hidden = [i for i, level in enumerate(levels) if level < levels[0]]
    return VALUES[ticks][1] == 0 and hidden == [ticks // 2] and centre == levels[0] - 1


def _is_even(metre: Metre) -> bool:
    """Whether all beats are equally long, and so are the halves of the measure."""
    starts = metre.beat_starts()
    sizes = {after - before for before, after in pairwise((*starts, metre.length))}
    return len(sizes) == 1 and metre.half_measure() in (None, metre.length / 2)


def beams(notes: list[tuple[int, int]], metre: Metre, measure_ticks: int, pickup: int) -> list[list[str]]:
    """Beams of one voice's notes in a measure, by beat.

    Parameters
    ----------
    notes : list of (onset, ticks)
        Sounding notes in order, in sixteenths; rests are left out.
    metre, measure_ticks, pickup
        As in `split`.

    Returns
    -------
    list of list of str
        For each note its MusicXML beam values, from beam 1 on: ``begin``, ``continue``, ``end``,
        ``forward hook``, ``backward hook``; empty without beam.
    """
    levels = strengths(metre, measure_ticks, pickup)
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
        if not joined or (onset < len(levels) and levels[onset] <= BEAT):
            close()
        group.append(index)
    close()
    return result


def _second_beam(before: bool, behind: bool, onset: int, first: bool, last: bool) -> str:
    if before and behind:
        return "continue"
    if before:
        return "end"
    if behind:
        return "begin"
    return "forward hook" if first or (onset % 2 == 0 and not last) else "backward hook"
