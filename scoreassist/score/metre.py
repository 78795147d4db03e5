"""Time signatures as hierarchies of beats, from which note values, beams and model inputs follow."""

from __future__ import annotations

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
