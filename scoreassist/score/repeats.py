"""The order in which measures are played: repeats and their endings."""

from __future__ import annotations

import re

from lxml import etree

from scoreassist.score.timeline import Timeline

MOST_TURNS = 8  # how often a passage is played at most, whatever its barlines ask for


def played_order(timeline: Timeline) -> list[int]:
    """Indices of the measures as they are played, every repeat taken.

    A backward repeat goes back to the last forward one, to where the last endings end, or to the beginning; of
    several endings each is played in its turn. Jumps in words (da capo, dal segno) are not followed.
    """
    rows = [_Barlines(measures) for measures in _measures(timeline)]
    endings = _endings(rows)
    order: list[int] = []
    start, turn, index = 0, 1, 0
    while index < len(rows):
        row, (ending, group) = rows[index], endings[index]
        before = endings[index - 1][1] if index else None
        if index > start and (row.forward or (before is not None and before is not group)):
            start, turn = index, 1
        played = not ending or turn in ending
        if played:
            order.append(index)
        turns = group.turns if group is not None else range(1, row.times + 1)
        if played and row.times > 0 and turn < MOST_TURNS and turn + 1 in turns:
            index, turn = start, turn + 1
            continue
        if played and row.times:
            start, turn = index + 1, 1
        index += 1
    return order


class _Group:
    """Endings of one passage, side by side.

    Attributes
    ----------
    endings : list of set of int
        The turns of each.
    """

    def __init__(self) -> None:
        self.endings: list[frozenset[int]] = []

    @property
    def turns(self) -> frozenset[int]:
        """Turns in which the passage is played; the last has no bracket if there is but one."""
        turns = frozenset[int]().union(*self.endings)
        return turns | {max(turns) + 1} if len(self.endings) == 1 else turns


def _endings(rows: list[_Barlines]) -> list[tuple[frozenset[int], _Group | None]]:
    """The turns in which each measure is played, if it lies in an ending, and the group of that ending."""
    found: list[tuple[frozenset[int], _Group | None]] = []
    ending: frozenset[int] = frozenset()  # of the measure before, if it goes on
    group: _Group | None = None
    for row in rows:
        if row.forward:
            ending, group = frozenset(), None
        if row.ending:
            if group is None or any(row.ending & other for other in group.endings):
                group = _Group()
            group.endings.append(row.ending)
        ending = row.ending or ending
        if not ending:
            group = None
        found.append((ending, group))
        if row.ends or row.times:
            ending = frozenset()
    return found


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
        times = [_number(text) for text in backward if re.fullmatch(r"\d+", text)]
        self.times = max(times, default=2 * bool(backward))
        numbers = [re.findall(r"\d+", mark.get("number", "")) for mark in marks if mark.get("type") == "start"]
        self.ending = frozenset(_number(text) for found in numbers for text in found)
        self.ends = any(mark.get("type") in ("stop", "discontinue") for mark in marks)


def _number(digits: str) -> int:
    """A number of turns; of a longer one its first digits, for no more than `MOST_TURNS` are played."""
    return int(digits[:9])
