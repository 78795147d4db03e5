"""The order in which measures are played: repeats and their endings."""

from __future__ import annotations

import re

from lxml import etree

from scoreassist.score.timeline import Timeline


def played_order(timeline: Timeline) -> list[int]:
    """Indices of the measures as they are played, every repeat taken.

    A backward repeat goes back to the last forward one, or to the beginning; of several endings each is
    played in its turn. Jumps in words (da capo, dal segno) are not followed.
    """
    rows = [_Barlines(measures) for measures in _measures(timeline)]
    order: list[int] = []
    start, turn, index = 0, 1, 0
    ending: frozenset[int] = frozenset()  # the turns in which the ending that is open is played
    while index < len(rows):
        row = rows[index]
        if row.forward and index > start:
            start, turn = index, 1
        ending = row.ending or ending
        played = not ending or turn in ending
        if played:
            order.append(index)
        turns = range(1, row.times + 1) if not ending else ending.union(*(r.ending for r in rows[index + 1 :]))
        again = played and row.times > 0 and turn + 1 in turns
        if row.ends or again:
            ending = frozenset()
        if again:
            index, turn = start, turn + 1
            continue
        if played and row.times:
            start, turn = index + 1, 1
        index += 1
    return order


def _measures(timeline: Timeline) -> list[list[etree._Element]]:
    """The elements of each measure, of all parts."""
    count = len(timeline.measures)
    return [[p.measures[i].element for p in timeline.parts if i < len(p.measures)] for i in range(count)]


class _Barlines:
    """What the barlines of a measure say about the order of playing.

    Attributes
    ----------
    forward : bool
    times : int
        How often a backward repeat lets the passage be played in all; 0 where there is none.
    ending : set of int
        Turns in which the ending that begins here is played.
    ends : bool
        Whether an ending ends here.
    """

    def __init__(self, measures: list[etree._Element]) -> None:
        repeats = [repeat for measure in measures for repeat in measure.iterfind("barline/repeat")]
        marks = [mark for measure in measures for mark in measure.iterfind("barline/ending")]
        self.forward = any(repeat.get("direction") == "forward" for repeat in repeats)
        backward = [r.get("times", "2") for r in repeats if r.get("direction") == "backward"]
        self.times = max((int(times) for times in backward if times.isdigit()), default=2 * bool(backward))
        numbers = [re.findall(r"\d+", mark.get("number", "")) for mark in marks if mark.get("type") == "start"]
        self.ending = frozenset(int(number) for found in numbers for number in found)
        self.ends = any(mark.get("type") in ("stop", "discontinue") for mark in marks)
