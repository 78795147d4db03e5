"""Where new notes may begin, as the user wants it."""

from __future__ import annotations

import math

import numpy as np

from scoreassist.errors import RequestError
from scoreassist.grid.holes import FREE, HOLD, STRIKE
from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import LEVEL_UNKNOWN
from scoreassist.score.metre import BEAT, TICKS_PER_QUARTER
from scoreassist.score.singers import VOICES
from scoreassist.wishes.parsing import rhythm_leader
from scoreassist.wishes.table import Wishes

# Ticks between two beginnings, in simple and in compound time.
UNITS = {"half": (8, 12), "quarter": (4, 6), "eighth": (2, 2)}
NO_LIMIT = 1 << 16


def rhythm_of(wishes: Wishes, passage: Passage) -> np.ndarray:
    """The passage's rhythm with what the wishes add to it: `FREE`, `HOLD` or `STRIKE`, int (4, ticks).

    What was not free stays. A note is held over from a new note only: the first cell of a hole, and that behind a
    rest, are free to begin one.

    Raises
    ------
    RequestError
        The singer whose rhythm the others are to have is not there, or is to be filled too.
    """
    leader = rhythm_leader(wishes.rhythm)
    rhythm = passage.rhythm.copy()
    free = ~passage.grid.known & ~passage.rest & (rhythm == FREE)
    if leader is not None:
        begins = _begins_with(passage, leader)
        held = _sings(passage, leader) & ~begins
        rhythm[free & begins] = STRIKE
    elif wishes.rhythm in UNITS:
        held = ~_on_units(passage, wishes.rhythm)
    else:
        return rhythm
    rhythm[free & held & may_hold(passage)] = HOLD
    return rhythm


def may_hold(passage: Passage) -> np.ndarray:
    """Hidden cells behind hidden cells, neither of which must rest: bool (4, ticks)."""
    hidden = ~passage.grid.known & ~passage.rest
    return np.asarray(hidden & np.pad(hidden[:, :-1], ((0, 0), (1, 0))))


def _sings(passage: Passage, voice: int) -> np.ndarray:
    return np.asarray(passage.grid.known[voice] & (passage.grid.pitch[voice] != REST_PITCH))


def _begins_with(passage: Passage, leader: int) -> np.ndarray:
    """Where a given singer begins a note: bool (ticks,)."""
    others = np.delete(passage.fill, leader, axis=0).any(axis=0)
    lacking = np.flatnonzero(others & ~passage.grid.known[leader])
    if len(lacking):
        name = VOICES[leader]
        measure = passage.timeline.measures[int(passage.grid.measure[lacking[0]])]
        there = leader in passage.choir.singers
        what = f"the {name} is to be filled too" if there else f"there is no {name}"
        raise RequestError(
            f"--rhythm as:{name} is asked, but {what}; name a voice that is given",
            source=passage.timeline.score.name,
            measure=measure.number,
        )
    return np.asarray(_sings(passage, leader) & passage.grid.struck[leader])


def _on_units(passage: Passage, name: str) -> np.ndarray:
    """Ticks on which a value begins, counted from where the full measure would begin: bool (ticks,)."""
    grid = passage.grid
    found = np.zeros(grid.ticks, dtype=bool)
    for measure in passage.timeline.measures:
        first, end = grid.measure_ticks(measure.index)
        if first < end:
            missing = math.floor(measure.pickup * TICKS_PER_QUARTER)
            unit = UNITS[name][int(grid.compound[first])]
            found[first:end] = (np.arange(end - first) + missing) % unit == 0
    return found


def most_notes(wishes: Wishes, passage: Passage, rhythm: np.ndarray) -> np.ndarray:
    """How many new notes may begin in a voice in the measure of each cell: int (4, ticks).

    At least one, and those that the given rhythm asks for.

    Raises
    ------
    RequestError
        The rhythm of another singer has more notes than the density allows.
    """
    grid = passage.grid
    most = np.full(grid.pitch.shape, NO_LIMIT)
    if wishes.density is None:
        return most
    hidden = ~grid.known & ~passage.rest
    leader = rhythm_leader(wishes.rhythm)
    for measure in passage.timeline.measures:
        cells = slice(*grid.measure_ticks(measure.index))
        for voice in np.flatnonzero(hidden[:, cells].any(axis=1)).tolist():
            allowed = max(math.floor(wishes.density * _beats(passage, voice, cells) + 1e-9), 1)
            begin = hidden[voice, cells] & (rhythm[voice, cells] == STRIKE)
            asked = int((begin & (passage.rhythm[voice, cells] == STRIKE)).sum())
            if leader is not None and begin.sum() > max(allowed, asked):
                raise RequestError(
                    f"--density {wishes.density:g} and --rhythm {wishes.rhythm} contradict each other: the"
                    f" {VOICES[leader]} begins {begin.sum()} notes; leave one out",
                    source=passage.timeline.score.name,
                    measure=measure.number,
                )
            most[voice, cells] = max(allowed, asked)
    return most


def _beats(passage: Passage, voice: int, cells: slice) -> float:
    """Beats that the hidden cells of a voice last, in one measure."""
    grid = passage.grid
    hidden = ~grid.known[voice, cells] & ~passage.rest[voice, cells]
    level = grid.level[cells]
    beats = int((level <= BEAT).sum())
    if (level == LEVEL_UNKNOWN).all() or beats == 0:
        return float(hidden.sum()) / TICKS_PER_QUARTER
    return float(hidden.sum()) * beats / len(level)
