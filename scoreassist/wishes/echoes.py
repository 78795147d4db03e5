"""Measures that are to be like others: which cells echo which."""

from __future__ import annotations

import numpy as np

from scoreassist.errors import RequestError
from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import BEAT
from scoreassist.wishes.parsing import Echo

Stretch = tuple[int, int, int]
"""First tick and end of what is echoed, and first tick of the echo."""

NOTHING = REST_PITCH - 1  # where nothing is echoed


def stretches(asked: tuple[Echo, ...], passage: Passage) -> tuple[Stretch, ...]:
    """Beats that echo others: those on which no given voice sings something else than it does there.

    A beat with another given note gets other harmony, or a parallel sequence would be needed.

    Raises
    ------
    RequestError
        The measures are not there, overlap, stand in the wrong order, or differ in length, metre or all that is
        given; or a measure is to echo two others.
    """
    found: list[Stretch] = []
    echoes: dict[int, Echo] = {}  # by measure that is an echo
    for echo in asked:
        source, target = _measures(echo, passage)
        alike: list[Stretch] = []
        for one, other in zip(source, target, strict=True):
            if other in echoes:
                raise RequestError(
                    f"{_text(echoes[other])} and {_text(echo)} contradict each other; leave one out",
                    source=passage.timeline.score.name,
                )
            echoes[other] = echo
            alike += _beats_alike(passage.grid, one, other)
        if not alike:
            raise RequestError(
                f"{_text(echo)}: what is given differs on every beat; echo other measures, or leave it out",
                source=passage.timeline.score.name,
            )
        found += alike
    return tuple(_joined(found))


def _text(echo: Echo) -> str:
    first, last, target = echo
    return f"--like M{first}-{last}@{target}"


def _measures(echo: Echo, passage: Passage) -> tuple[range, range]:
    """Indices of the measures that are echoed, and of those that echo them."""
    first, last, target = echo
    measures = passage.timeline.measures

    def at(number: str, which: int) -> int:
        rows = [m.index for m in measures if m.number == number]
        if not rows:
            numbers = f"{measures[0].number} to {measures[-1].number}"
            raise wrong(f"there is no measure '{number}'; measures are numbered {numbers}")
        return rows[which]

    def wrong(what: str) -> RequestError:
        return RequestError(f"{_text(echo)}: {what}", source=passage.timeline.score.name)

    source = range(at(first, 0), at(last, -1) + 1)
    begin = at(target, 0)
    if not source:
        raise wrong("the measures run backwards; name the first one first")
    if begin < source.stop:
        raise wrong("an echo comes after what it echoes; name a later measure behind the @")
    if begin + len(source) > len(measures):
        raise wrong(
            f"there are only {len(measures) - begin} measures from {target} on, and {len(source)} are needed"
        )
    for index in source:
        one, other = measures[index], measures[begin + index - source.start]
        if (one.length, one.metre, one.pickup) != (other.length, other.metre, other.pickup):
            raise wrong(f"measures {one.number} and {other.number} differ in length or metre; echo fewer measures")
    if passage.fill[:, slice(*_ticks(passage.grid, range(begin, begin + len(source))))].any():
        return source, range(begin, begin + len(source))
    raise wrong("nothing is to be written in the measures that are to be like them")


def _ticks(grid: Grid, measures: range) -> tuple[int, int]:
    return grid.measure_ticks(measures[0])[0], grid.measure_ticks(measures[-1])[1]


def _beats_alike(grid: Grid, source: int, target: int) -> list[Stretch]:
    """The beats of a measure on which what is given twice is the same."""
    first, end = grid.measure_ticks(source)
    begin, _ = grid.measure_ticks(target)
    starts = [t for t in range(first, end) if grid.level[t] <= BEAT or t == first]
    shift = begin - first
    found = []
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        here, there = slice(start, stop), slice(start + shift, stop + shift)
        both = grid.known[:, here] & grid.known[:, there]
        if not (both & (grid.pitch[:, here] != grid.pitch[:, there])).any():
            found.append((start, stop, start + shift))
    return found


def _joined(pieces: list[Stretch]) -> list[Stretch]:
    """Stretches that follow one another, as one."""
    found: list[Stretch] = []
    for first, end, target in pieces:
        if found and found[-1][1] == first and found[-1][2] + first - found[-1][0] == target:
            found[-1] = found[-1][0], end, found[-1][2]
        else:
            found.append((first, end, target))
    return found


def echoed(
    pieces: tuple[Stretch, ...], pitch: np.ndarray, struck: np.ndarray, known: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What every cell would have if it were as the one that it echoes.

    Parameters
    ----------
    pieces : stretches
    pitch : int array (4, ticks)
    struck, known : bool array (4, ticks)

    Returns
    -------
    pitch : int array (4, ticks)
        MIDI number, `REST_PITCH`; `NOTHING` where a cell echoes nothing known.
    struck : bool array (4, ticks)
        Of those cells.
    """
    echo, begins = np.full(pitch.shape, NOTHING), np.zeros(pitch.shape, dtype=bool)
    for first, end, target in pieces:
        source, there = slice(first, end), slice(target, target + end - first)
        echo[:, there] = np.where(known[:, source], pitch[:, source], NOTHING)
        begins[:, there] = known[:, source] & struck[:, source]
    return echo, begins
