"""How a copyist writes durations: note values that show the beat, and beams that follow it.

Rules as in Gould, *Behind Bars* (2011), "Grouping notes": a value may not hide a beat stronger than the one it
starts on, except the plain syncopations short-long-short and quarter-half-quarter.
"""

from __future__ import annotations

from scoreassist.score.metre import BEAT, HALF_MEASURE, SIXTEENTH, Metre, strengths

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
    levels = strengths(metre, max(measure_ticks, start + ticks), pickup)
    if ticks in VALUES and _shows_beat(start, ticks, levels, metre, rest):
        return [ticks]
    inside = range(start + 1, start + ticks)
    if not inside:
        return [ticks]
    strongest = min(levels[i] for i in inside)
    cuts = [i for i in inside if levels[i] == strongest]
    # Prefer the cut that leaves a plain value on both sides, else the first.
    cut = next((i for i in cuts if i - start in VALUES and start + ticks - i in VALUES), cuts[0])
    left = split(start, cut - start, metre, measure_ticks, pickup, rest)
    return left + split(cut, start + ticks - cut, metre, measure_ticks, pickup, rest)


def _shows_beat(start: int, ticks: int, levels: tuple[int, ...], metre: Metre, rest: bool) -> bool:
    if metre.compound:
        beat = 3 * 16 // metre.beat_type
        if ticks > beat:
            return levels[start] <= BEAT and ticks % beat == 0
        if ticks == beat:
            return levels[start] <= BEAT
        return all(levels[i] > BEAT for i in range(start + 1, start + ticks)) and (not rest or ticks in (1, 2, 4))
    inside = [levels[i] for i in range(start + 1, start + ticks)]
    if not inside or min(inside) >= levels[start]:
        dotted = VALUES[ticks][1] > 0
        return not (rest and dotted and ticks > 3)
    if rest:
        return False
    if ticks == 12 and levels[start] == BEAT and start + ticks == len(levels):
        return True  # a dotted half on the second beat of 4/4
    centre = start + ticks // 2
    plain = VALUES[ticks][1] == 0
    only_centre = all(levels[i] >= levels[start] for i in range(start + 1, start + ticks) if i != centre)
    one_up = levels[centre] == levels[start] - 1
    if levels[start] == SIXTEENTH - 1 and levels[centre] <= HALF_MEASURE:
        return False
    return plain and ticks % 2 == 0 and only_centre and one_up


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
                    result[index].append(_second_beam(before, behind, notes[index][0], first))
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


def _second_beam(before: bool, behind: bool, onset: int, first: bool) -> str:
    if before and behind:
        return "continue"
    if before:
        return "end"
    if behind:
        return "begin"
    return "forward hook" if first or onset % 2 == 0 else "backward hook"
