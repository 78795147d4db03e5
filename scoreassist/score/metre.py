"""Time signatures as hierarchies of beats, from which note values, beams and model inputs follow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

TICKS_PER_QUARTER = 4

# Strength levels of a tick: the smaller the stronger.
DOWNBEAT, HALF_MEASURE, BEAT, EIGHTH, SIXTEENTH = range(5)

# Usual grouping of beats where the signature does not say; units are the signature's own beats.
_USUAL_GROUPS = {5: (3, 2), 7: (2, 2, 3), 8: (3, 3, 2), 10: (3, 3, 2, 2), 11: (3, 3, 3, 2)}


@dataclass(frozen=True, slots=True)
class Metre:
    """A time signature.

    Attributes
    ----------
    groups : tuple of int
        Numerators as written: ``(4,)`` for 4/4, ``(3, 2)`` for 3+2/8.
    beat_type : int
        Denominator.
    """

    groups: tuple[int, ...] = (4,)
    beat_type: int = 4

    @property
    def beats(self) -> int:
        """The numerator, added up."""
        return sum(self.groups)

    @property
    def length(self) -> Fraction:
        """Length of a full measure in quarters."""
        return Fraction(4 * self.beats, self.beat_type)

    @property
    def compound(self) -> bool:
        """Whether beats are dotted: 6/8, 9/8, 12/8, 6/16, and 3/8, which is beamed as one beat."""
        return len(self.groups) == 1 and self.beats % 3 == 0 and self.beat_type >= 8

    def beat_starts(self) -> tuple[Fraction, ...]:
        """Onsets of the beats (the pulse a conductor gives) within a measure, in quarters."""
        unit = Fraction(4, self.beat_type)
        if self.compound:
            sizes = [3] * (self.beats // 3)
        elif len(self.groups) > 1 and self.beat_type >= 8:
            sizes = list(self.groups)
        elif self.beat_type >= 8 and self.beats in _USUAL_GROUPS:
            sizes = list(_USUAL_GROUPS[self.beats])
        elif self.beat_type >= 8 and self.beats % 2 == 0:
            sizes = [2] * (self.beats // 2)
        else:
            sizes = [1] * self.beats
        starts, at = [], Fraction(0)
        for size in sizes:
            starts.append(at)
            at += size * unit
        return tuple(starts)

    def half_measure(self) -> Fraction | None:
        """Onset of the secondary strong beat in quarters: beat 3 of 4/4, beat 4 of 5/4 and 6/4; None in 3/4."""
        starts = self.beat_starts()
        if len(self.groups) > 1:
            return starts[self.groups[0]] if self.beat_type <= 4 else None
        if len(starts) in (4, 8):
            return starts[len(starts) // 2]
        if len(self.groups) == 1 and self.beats in (5, 6, 7) and self.beat_type <= 4:
            return starts[3]
        return None

    def __str__(self) -> str:
        return f"{'+'.join(map(str, self.groups))}/{self.beat_type}"


COMMON_TIME = Metre()


@lru_cache(maxsize=256)
def strengths(metre: Metre, ticks: int, offset: int = 0) -> tuple[int, ...]:
    """Metrical strength of each tick of a measure.

    Parameters
    ----------
    metre : Metre
    ticks : int
        Length of the measure as it stands, in sixteenths; may be more or less than the metre's.
    offset : int
        Ticks of the full measure that are missing in front (a pickup).

    Returns
    -------
    tuple of int
        One level a tick, `DOWNBEAT` (strongest) to `SIXTEENTH`.
    """
    full = max(int(metre.length * TICKS_PER_QUARTER), 1)
    beats = {start * TICKS_PER_QUARTER for start in metre.beat_starts()}
    half = metre.half_measure()
    levels = []
    for tick in range(offset, offset + ticks):
        place = tick % full
        if place == 0:
            level = DOWNBEAT
        elif (half is not None and place == half * TICKS_PER_QUARTER) or (metre.beat_type <= 2 and place in beats):
            level = HALF_MEASURE
        elif place in beats or (metre.beat_type <= 2 and place % 4 == 0):
            level = BEAT
        elif place % 2 == 0:
            level = EIGHTH
        else:
            level = SIXTEENTH
        levels.append(level)
    return tuple(levels)


# How so many units divide: first where they are eighths or shorter, then where they are quarters or longer.
_PARTS: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {
    2: ((1, 1), (1, 1)),
    3: ((1, 1, 1), (1, 1, 1)),
    4: ((2, 2), (2, 2)),
    5: ((3, 2), (3, 2)),
    6: ((3, 3), (3, 3)),
    7: ((2, 2, 3), (3, 4)),
    8: ((3, 3, 2), (4, 4)),
    10: ((3, 3, 2, 2), (5, 5)),
    11: ((3, 3, 3, 2), (4, 4, 3)),
    12: ((6, 6), (6, 6)),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Units of a metre that belong together, such as three eighths of 6/8; `start` and `end` in sixteenths."""

    start: int
    end: int
    units: int

    @property
    def ticks(self) -> int:
        """Length in sixteenths."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """How a full measure divides, again and again, as note values and beams show it.

    Attributes
    ----------
    levels : tuple of int
        How deep each sixteenth lies: 0 for the downbeat, 1 for what begins a part of the measure, 2 for what
        begins a part of such a part.
    groups : tuple of Group
        Two and three units, or a whole measure of 2/4, 3/4, 4/4.
    unit : int
        What the denominator says, in sixteenths, at least one.
    compound : bool
        Whether groups are the beats, so that a group of three is a dotted value.
    """

    levels: tuple[int, ...]
    groups: tuple[Group, ...]
    unit: int
    compound: bool

    @property
    def ticks(self) -> int:
        """Length of the measure in sixteenths."""
        return len(self.levels)

    def group_at(self, place: int) -> Group:
        """The group that a sixteenth of the measure lies in."""
        return next(group for group in self.groups if place < group.end)


@lru_cache(maxsize=256)
def hierarchy(metre: Metre) -> Hierarchy:
    """The parts, groups, units and their halves of a metre."""
    unit = Fraction(4 * TICKS_PER_QUARTER, metre.beat_type)
    ticks = max(math.ceil(metre.length * TICKS_PER_QUARTER), 1)
    short = unit < TICKS_PER_QUARTER
    simple = len(metre.groups) == 1 and metre.beats in ((1, 2, 4) if short else (1, 2, 3, 4, 8))
    depth = {Fraction(0): 0}
    groups: list[Group] = []

    def divide(start: Fraction, units: int, unit: Fraction, level: int, whole: bool) -> None:
        """Mark where the parts of so many units begin; `whole` until they are a group."""
        depth.setdefault(start, level)
        parts = _parts(units, short)
        if whole and (simple or units <= 3 or (units == 4 and not short)):
            groups.append(Group(math.ceil(start), math.ceil(start + units * unit), units))
            whole = False
        if units == 1:
            if unit <= 1:
                return
            parts, unit = (1, 1), unit / 2
        for part in parts:
            divide(start, part, unit, level + 1, whole)
            start += part * unit

    if len(metre.groups) == 1:
        divide(Fraction(0), metre.beats, unit, 0, True)
    else:
        start = Fraction(0)
        for group in metre.groups:
            divide(start, group, unit, 1, True)
            start += group * unit
    levels = tuple(depth.get(Fraction(tick), max(depth.values())) for tick in range(ticks))
    compound = not simple and (short or (len(metre.groups) == 1 and metre.beats % 3 == 0))
    return Hierarchy(levels, tuple(groups), max(int(unit), 1), compound)


def _parts(units: int, short: bool) -> tuple[int, ...]:
    if units in _PARTS:
        return _PARTS[units][0 if short else 1]
    if units % 3 == 0:
        return (3,) * (units // 3)
    return (2,) * (units // 2) if units % 2 == 0 else (1,) * units
