"""What of each wish is not kept in a finished grid, judged from its notes alone.

Only new notes count: what is given is the user's own. A motion counts if one of its two notes is new.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from scoreassist.grid.holes import FREE, HOLD, STRIKE
from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.theory.counterpoint import faults
from scoreassist.theory.faults import runs
from scoreassist.wishes.demands import Demands
from scoreassist.wishes.echoes import NOTHING, echoed
from scoreassist.wishes.parsing import DEFAULT_STRENGTHS, FORBID
from scoreassist.wishes.rhythms import may_hold, rhythm_of
from scoreassist.wishes.table import Wishes

# What `check` calls a fault against each rule.
FAULTS: dict[str, tuple[str, ...]] = {
    "parallels": ("parallel-fifths", "parallel-octaves"),
    "hidden": ("hidden-fifths", "hidden-octaves"),
    "crossing": ("voice-crossing",),
    "overlap": ("overlap",),
    "spacing": ("spacing",),
    "leading-tone": ("unresolved-leading-tone",),
    "seventh": ("unresolved-seventh",),
    "doubled-leading-tone": ("doubled-leading-tone",),
    "leaps": ("leap",),
    "cross-relation": ("cross-relation",),
    "incomplete-chord": ("incomplete-chord",),
}


@dataclass(frozen=True, order=True)
class Broken:
    """A stretch of new notes that do not keep a wish.

    Attributes
    ----------
    wish : str
        A key of `WISHES`.
    voice : int
    tick, end : int
    """

    wish: str
    voice: int
    tick: int
    end: int


@dataclass(frozen=True)
class Outcome:
    """What the judges look at; arrays are (4, ticks).

    Attributes
    ----------
    demands : Demands
    wishes : Wishes
    passage : Passage
    pitch : int array
        Of what sounds in the score; voices that it lacks are silent.
    begins : bool array
        Where a note begins.
    new : bool array
        Cells that were written.
    grid : Grid
    copied : bool array (ticks,)
        Ticks that lie in quotations of the corpus that are too long.
    tonics : int array (ticks,) or None
    """

    demands: Demands
    wishes: Wishes
    passage: Passage
    pitch: np.ndarray
    begins: np.ndarray
    new: np.ndarray
    grid: Grid
    copied: np.ndarray
    tonics: np.ndarray | None

    @property
    def notes(self) -> np.ndarray:
        """New cells that sound."""
        return np.asarray(self.new & (self.pitch != REST_PITCH))

    @property
    def none(self) -> np.ndarray:
        """No cell."""
        return np.zeros_like(self.new)

    @property
    def before(self) -> np.ndarray:
        """The pitch of the tick before."""
        return np.pad(self.pitch[:, :-1], ((0, 0), (1, 0)), constant_values=REST_PITCH)

    def allowed(self, wish: str) -> np.ndarray:
        """Whether each cell's pitch is one that a wish allows; silence always is."""
        mask = self.demands.pitch.get(wish)
        if mask is None:
            return ~self.none
        chosen = np.take_along_axis(mask, np.maximum(self.pitch, 0)[..., None], axis=2)[..., 0]
        return np.asarray(chosen | (self.pitch == REST_PITCH))


def _nothing(outcome: Outcome) -> np.ndarray:
    """A key asks for nothing itself: tonality and cadences are meant in it."""
    return outcome.none


def _foreign(wish: str) -> Callable[[Outcome], np.ndarray]:
    def judge(outcome: Outcome) -> np.ndarray:
        return np.asarray(outcome.notes & ~outcome.allowed(wish))

    return judge


def _cadences(outcome: Outcome) -> np.ndarray:
    """Another note than the cadence's, or silence."""
    mask = outcome.demands.pitch.get("cadences")
    if mask is None:
        return outcome.none
    silent = (outcome.pitch == REST_PITCH) & ~mask.all(axis=2)
    return np.asarray(outcome.new & (~outcome.allowed("cadences") | silent))


def _rhythm(outcome: Outcome) -> np.ndarray:
    """A note begins where none should, or none where one should."""
    # Where a syllable or a slash asks for something else, that goes first, and is said.
    free = replace(outcome.passage, rhythm=np.full_like(outcome.passage.rhythm, FREE))
    asked = rhythm_of(outcome.wishes, free)
    wrong = ((asked == HOLD) & outcome.begins) | ((asked == STRIKE) & ~outcome.begins)
    return np.asarray(outcome.new & wrong)


def _repeats(outcome: Outcome) -> np.ndarray:
    """A new note is struck again too often."""
    found, most = outcome.none, outcome.wishes.max_repeats
    if most is None:
        return found
    for voice, row in enumerate(outcome.pitch):
        last, times = REST_PITCH, 0
        for tick in np.flatnonzero(outcome.begins[voice] | (row == REST_PITCH)).tolist():
            times = times + 1 if row[tick] == last != REST_PITCH else 0
            last = row[tick]
            found[voice, tick] = times > most
    return np.asarray(found & outcome.notes)


def _density(outcome: Outcome) -> np.ndarray:
    """More new notes begin in a measure than may."""
    begins = outcome.begins & outcome.notes
    found = outcome.none
    for first, end in _measures(outcome.grid):
        cells = slice(first, end)
        found[:, cells] = np.cumsum(begins[:, cells], axis=1) > outcome.demands.most_notes[:, cells]
    return np.asarray(found & begins)


def _measures(grid: Grid) -> list[tuple[int, int]]:
    """First tick and end of every measure."""
    edges = [0, *(np.flatnonzero(np.diff(grid.measure)) + 1).tolist(), grid.ticks]
    return list(pairwise(edges))


def _ranges(outcome: Outcome) -> np.ndarray:
    return _outside(outcome, {voice for voice, _, _ in outcome.wishes.ranges})


def _choir(outcome: Outcome) -> np.ndarray:
    """Outside of the choir's ranges, where no other range is asked."""
    rest = set(range(len(outcome.pitch))) - {voice for voice, _, _ in outcome.wishes.ranges}
    return _outside(outcome, rest if outcome.wishes.choir else set())


def _outside(outcome: Outcome, voices: set[int]) -> np.ndarray:
    found = outcome.none
    for voice in voices:
        low, high = outcome.wishes.voice_ranges[voice]
        found[voice] = (outcome.pitch[voice] < low) | (outcome.pitch[voice] > high)
    return np.asarray(found & outcome.notes)


def _leaps(outcome: Outcome) -> np.ndarray:
    """A leap into a new note or out of one that is too wide."""
    if outcome.wishes.max_leap is None:
        return outcome.none
    both = (outcome.pitch != REST_PITCH) & (outcome.before != REST_PITCH)
    wide = both & (abs(outcome.pitch - outcome.before) > outcome.wishes.max_leap)
    return np.asarray(wide & (outcome.new | _moved(outcome.new)))


def _moved(cells: np.ndarray) -> np.ndarray:
    """The cells one tick later."""
    return np.pad(cells[:, :-1], ((0, 0), (1, 0)))


def _rules(outcome: Outcome) -> np.ndarray:
    asked = {rule for rule, strength in outcome.wishes.rules if strength == FORBID}
    return _faulty(outcome, asked)


def _strict(outcome: Outcome) -> np.ndarray:
    return _faulty(outcome, set(DEFAULT_STRENGTHS) if outcome.wishes.strict else set())


def _faulty(outcome: Outcome, rules: set[str]) -> np.ndarray:
    """Faults against some rules that a new note takes part in, at the new notes' cells."""
    found = outcome.none
    names = [name for rule in rules for name in FAULTS[rule]]
    if not names:
        return found
    part = outcome.new | _moved(outcome.new)
    for fault in faults(outcome.grid, rules=names, tonics=outcome.tonics):
        voices = [voice for voice in fault.voices if part[voice, fault.tick : fault.end].any()]
        for voice in voices[:1]:
            found[voice, fault.tick] = True
    return found


def _like(outcome: Outcome) -> np.ndarray:
    """Another pitch than what is echoed, or another rhythm where nothing else asks for it."""
    pitch, struck = echoed(outcome.demands.echoes, outcome.pitch, outcome.begins, outcome.grid.known)
    compared = outcome.new & (pitch != NOTHING)
    other_pitch = outcome.pitch != pitch
    free = may_hold(outcome.passage) & (outcome.passage.rhythm == FREE) & (outcome.pitch != REST_PITCH)
    other_rhythm = free & (outcome.begins != struck) & (rhythm_of(outcome.wishes, outcome.passage) == FREE)
    return np.asarray(compared & (other_pitch | other_rhythm))


def _near(outcome: Outcome) -> np.ndarray:
    """Too little is as it was."""
    if outcome.wishes.near is None or not outcome.new.any():
        return outcome.none
    other = outcome.new & (outcome.pitch != outcome.passage.grid.pitch)
    kept = 1 - other.sum() / outcome.new.sum()
    return np.asarray(other) if kept < outcome.wishes.near else outcome.none


def _copies(outcome: Outcome) -> np.ndarray:
    return np.asarray(outcome.new & outcome.copied)


# One judge for each row of `WISHES`: cells, bool (4, ticks).
JUDGES: dict[str, Callable[[Outcome], np.ndarray]] = {
    "key": _nothing,
    "tonality": _foreign("tonality"),
    "chords": _foreign("chords"),
    "rhythm": _rhythm,
    "max_repeats": _repeats,
    "density": _density,
    "ranges": _ranges,
    "choir": _choir,
    "max_leap": _leaps,
    "rules": _rules,
    "strict": _strict,
    "cadences": _cadences,
    "like": _like,
    "near": _near,
    "max_copy": _copies,
}


def broken(
    demands: Demands,
    wishes: Wishes,
    passage: Passage,
    filled: Grid,
    *,
    copied: np.ndarray | None = None,
    tonics: np.ndarray | None = None,
) -> list[Broken]:
    """What of each wish a filled grid does not keep.

    Parameters
    ----------
    demands : Demands
        Of the wishes, for the passage as it stands (not transposed, not cut).
    wishes : Wishes
    passage : Passage
    filled : Grid
        At sounding pitch.
    copied : bool array (ticks,), optional
        Ticks in quotations of the corpus longer than `max_copy`; see `scoreassist.theory.likeness`.
    tonics : int array (ticks,), optional
        Pitch class of the tonic in force, by which leading tones are judged; default found in the music.

    Returns
    -------
    list of Broken
        By wish in the order of the table, voice and tick; cells that follow one another are one.
    """
    sings = passage.grid.known | passage.fill
    pitch = np.where(sings, filled.pitch, REST_PITCH)
    outcome = Outcome(
        demands=demands,
        wishes=wishes,
        passage=passage,
        pitch=pitch,
        begins=(pitch != REST_PITCH)
        & (filled.struck | (pitch != np.pad(pitch[:, :-1], ((0, 0), (1, 0)), constant_values=REST_PITCH))),
        new=passage.fill & ~passage.rest,
        grid=replace(filled, known=sings),
        copied=np.zeros(filled.ticks, dtype=bool) if copied is None else copied,
        tonics=tonics,
    )
    return [
        Broken(wish, voice, tick, end)
        for wish, judge in JUDGES.items()
        for voice, row in enumerate(judge(outcome))
        for tick, end in runs(row)
    ]
