"""What a strict teacher says of each tick of a finished passage: faults that must not be added, and merits.

The same rules as in `scoreassist.sampling.RULES`, which act while cells are drawn; here all voices are there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.networks.filler import Task, keys_heard, tonics_of
from scoreassist.sampling import RULES, SamplingOptions
from scoreassist.sampling.rules import AVOID, CLASH, FOREIGN, NO_ROOT, NO_TRIAD, WHOLE_CHORD
from scoreassist.score.metre import BEAT
from scoreassist.theory.cadence import ending, final_chord, first_chord
from scoreassist.theory.harmony import altered_table, chord_worth, consonant_parts, hollow
from scoreassist.theory.resolution import LEADING_RISES, NO_TONIC, SEVENTH_FALLS, bits, doubled_leading, unresolved
from scoreassist.theory.voice_leading import (
    FIFTH,
    LEAPS,
    OCTAVE,
    SEVENTH,
    SIXTH,
    SPACING,
    STEP,
    crossings,
    parallels,
)

NO_LIMIT = 10**6
UNREST = 4.0  # times that a phrase which does not come to rest counts
GRAVE = 8  # times that a broken rule which forbids counts


@dataclass(frozen=True)
class Terms:
    """What the rules know of each tick.

    Attributes
    ----------
    level : int array (ticks,)
    arrival : bool array (ticks,)
        Whether a phrase comes to rest here.
    chord : bool array (ticks, 12)
        Pitch classes of the tonic triad where the piece begins or ends on it; all where it does not.
    root : int array (ticks,)
        Of that triad; negative where there is none.
    tonic : int array (C, ticks)
        Pitch class; see `scoreassist.theory.resolution`. Of one candidate or of each; grids are as many, or a
        multiple, those of the first candidate first.
    measure : int array (ticks,)
        Its index.
    allowance : int array (4, ticks)
        How many notes each voice may begin in the measure.
    ranges : int array (4, 2)
    fifths : int array (ticks,), optional
        Key signature.
    max_leap, max_repeats : int
    old : int array (4, ticks), optional
        MIDI numbers from which a variation departs.
    """

    level: np.ndarray
    arrival: np.ndarray
    chord: np.ndarray
    root: np.ndarray
    tonic: np.ndarray
    measure: np.ndarray
    allowance: np.ndarray
    ranges: np.ndarray
    fifths: np.ndarray | None = None
    max_leap: int = NO_LIMIT
    max_repeats: int = NO_LIMIT
    old: np.ndarray | None = None

    def repeated(self, grids: int) -> Terms:
        """For some grids of the same task, one after the other with a tick of silence behind each."""
        last = int(self.measure[-1]) + 1

        def again(array: np.ndarray, fill: int | bool) -> np.ndarray:
            padded = np.pad(array, ((0, 1), *((0, 0),) * (array.ndim - 1)), constant_values=fill)
            return np.tile(padded, (grids, *(1,) * (array.ndim - 1)))

        apart = np.repeat(np.arange(grids), len(self.measure) + 1) * (last + 1)
        return replace(
            self,
            level=again(self.level, BEAT + 1),
            arrival=again(self.arrival, False),
            chord=again(self.chord, True),
            root=again(self.root, -1),
            tonic=np.pad(self.tonic, ((0, 0), (0, 1))).repeat(grids // len(self.tonic), axis=0).ravel(),
            measure=again(self.measure, last) + apart,
            allowance=again(self.allowance.T, NO_LIMIT).T,
            fifths=None if self.fifths is None else again(self.fifths, NO_KEY),
            old=None if self.old is None else again(self.old.T, REST_PITCH).T,
        )


def terms_of(grid: Grid, task: Task, options: SamplingOptions, draft: np.ndarray | None = None) -> Terms:
    """What the rules know of a task.

    Parameters
    ----------
    grid : Grid
        Settled and transposed.
    task : Task
    options : SamplingOptions
    draft : int array (C, 4, ticks), optional
        MIDI numbers of candidates, transposed as well, in which keys are heard.
    """
    chord, root = np.ones((grid.ticks, 12), dtype=bool), np.full(grid.ticks, -1)
    last = (ending(grid, task.rest) or (grid.ticks, 0))[0]
    first = first_chord(grid, task.rest) or (0, 0, ())
    for start, stop, triad in ((last, grid.ticks, final_chord(grid, task.rest)), first):
        if triad:
            chord[start:stop], root[start:stop] = np.isin(np.arange(12), triad), triad[0]
    demands = task.demands
    most = np.full((len(grid.pitch), grid.ticks), NO_LIMIT)
    if demands is not None and demands.density is not None:
        most = demands.most_notes
    limits = {name: getattr(demands, name, None) for name in ("max_leap", "max_repeats")}
    asked = {name: value for name, value in limits.items() if value is not None}
    if draft is None:
        tonic = tonics_of(replace(task, grid=grid))[None]
    else:  # whatever key is wished for, what is written is judged in the keys that are heard
        tonic = np.array([keys_heard(grid, pitch) for pitch in draft])
    ranges = np.array(options.ranges)
    old = None if demands is None else demands.old
    return Terms(
        grid.level, grid.fermata, chord, root, tonic, grid.measure, most, ranges, grid.fifths, **asked, old=old
    )


def faults(
    pitch: np.ndarray, terms: Terms, rules: Collection[str], struck: np.ndarray | None = None
) -> np.ndarray:
    """How often rules are broken at each tick.

    Parameters
    ----------
    pitch : int array (N, 4, ticks)
        MIDI numbers, `REST_PITCH` for silence.
    terms : Terms
    rules : names of rules; only those of `FAULTS` count
    struck : bool array (N, 4, ticks), optional
        Where notes begin; default wherever the pitch changes.

    Returns
    -------
    float array (N, ticks)
    """
    return _summed(pitch, struck, [(FAULTS[rule], 1.0) for rule in rules if rule in FAULTS], terms)


def gravity(
    pitch: np.ndarray, terms: Terms, forbidding: Collection[str], avoiding: Collection[str], struck: np.ndarray
) -> np.ndarray:
    """How bad each tick is: faults against rules that forbid, the firmer the worse, then against others.

    Parameters
    ----------
    pitch, terms, struck
        As of `faults`.
    forbidding, avoiding : names of rules

    Returns
    -------
    float array (N, ticks)
    """
    counts = [(FAULTS[rule], float(GRAVE * RULES[rule].firmness)) for rule in forbidding if rule in FAULTS]
    counts += [(FAULTS[rule], UNREST if rule == "arrival" else 1.0) for rule in avoiding if rule in FAULTS]
    return _summed(pitch, struck, counts, terms)


def merits(
    pitch: np.ndarray, terms: Terms, options: SamplingOptions, struck: np.ndarray | None = None
) -> np.ndarray:
    """What the rules that weigh say of each tick, in nats: float array (N, ticks). Parameters as of `faults`."""
    acting = options.acting(AVOID)
    counts = [(FAULTS[name], rule.penalty) for name, rule in acting if name in FAULTS and not rule.weighs]
    counts += [(MERITS[name], 1.0) for name, _ in acting if name in MERITS]
    return _summed(pitch, struck, counts, terms)


@dataclass(frozen=True)
class Notes:
    """Grids one after the other: pitch and struck, (4, ticks of all)."""

    pitch: np.ndarray
    struck: np.ndarray


Count = Callable[[Notes, Terms], np.ndarray]  # to array (ticks of all grids,)


def _summed(
    pitch: np.ndarray, struck: np.ndarray | None, counts: list[tuple[Count, float]], terms: Terms
) -> np.ndarray:
    """Weighted sum of some counts; grids are laid one after the other, with a tick of silence between."""
    grids, voices, ticks = pitch.shape
    if struck is None:
        struck = np.ones(pitch.shape, dtype=bool)
        struck[..., 1:] = pitch[..., 1:] != pitch[..., :-1]

    def line(cells: np.ndarray, fill: int | bool) -> np.ndarray:
        apart = np.pad(cells, ((0, 0), (0, 0), (0, 1)), constant_values=fill)
        return apart.transpose(1, 0, 2).reshape(voices, -1)

    notes, everywhere = Notes(line(pitch, REST_PITCH), line(struck, False)), terms.repeated(grids)
    total = np.zeros(notes.pitch.shape[1])
    for count, weight in counts:
        total = total + weight * count(notes, everywhere)
    return total.reshape(grids, ticks + 1)[:, :ticks]


def _parallels(notes: Notes, terms: Terms) -> np.ndarray:
    return np.asarray(parallels(notes.pitch, FIFTH) + parallels(notes.pitch, OCTAVE))


def _crossing(notes: Notes, terms: Terms) -> np.ndarray:
    return crossings(notes.pitch)


def _range(notes: Notes, terms: Terms) -> np.ndarray:
    low, high = terms.ranges.T[:, :, None]
    pitch = notes.pitch
    return np.asarray(((pitch != REST_PITCH) & ((pitch < low) | (pitch > high))).sum(0))


def _spacing(notes: Notes, terms: Terms) -> np.ndarray:
    upper, lower = notes.pitch[:-1], notes.pitch[1:]
    both = (upper != REST_PITCH) & (lower != REST_PITCH)
    return np.asarray((both & (upper - lower > np.array(SPACING)[:, None])).sum(0))


def _overlap(notes: Notes, terms: Terms) -> np.ndarray:
    """A voice goes beyond where its neighbour has just been."""
    now, before = notes.pitch[:, 1:], notes.pitch[:, :-1]
    sounds = (now[1:] != REST_PITCH) & (before[:-1] != REST_PITCH)
    above = sounds & (now[1:] > before[:-1]) & (now[1:] != before[1:])
    sounds = (now[:-1] != REST_PITCH) & (before[1:] != REST_PITCH)
    below = sounds & (now[:-1] < before[1:]) & (now[:-1] != before[:-1])
    return np.pad(above.sum(0) + below.sum(0), (1, 0))


def _steps(pitch: np.ndarray) -> np.ndarray:
    """By how much each voice moves: (4, ticks), 0 at the first tick and beside silence."""
    now, before = pitch[:, 1:], pitch[:, :-1]
    both = (now != REST_PITCH) & (before != REST_PITCH)
    return np.pad(np.where(both, now - before, 0), ((0, 0), (1, 0)))


def _hidden(notes: Notes, terms: Terms) -> np.ndarray:
    """Outer voices reach a fifth or an octave in the same direction, the upper one by a leap."""
    upper, lower = notes.pitch[0], notes.pitch[-1]
    up, down = _steps(notes.pitch[[0, -1]])
    apart = np.abs(upper - lower) % 12
    was = np.pad(apart[:-1], (1, 0), constant_values=1)
    reached = ((apart == FIFTH) | (apart == OCTAVE)) & (apart != was)
    return np.asarray((np.sign(up) * np.sign(down) > 0) & (np.abs(up) > STEP) & reached)


def _sevenths(notes: Notes, terms: Terms) -> np.ndarray:
    return np.asarray(unresolved(notes.pitch, terms.level, terms.tonic)[SEVENTH_FALLS].sum(0))


def _leading_tones(notes: Notes, terms: Terms) -> np.ndarray:
    return np.asarray(unresolved(notes.pitch, terms.level, terms.tonic)[LEADING_RISES].sum(0))


def _doubled_leading(notes: Notes, terms: Terms) -> np.ndarray:
    return doubled_leading(notes.pitch, terms.level, terms.tonic)


def _leaps(notes: Notes, terms: Terms) -> np.ndarray:
    step = np.abs(_steps(notes.pitch))
    degree = (notes.pitch - terms.tonic) % 12
    was = np.pad(degree[:, :-1], ((0, 0), (1, 0)))
    second = (step == SEVENTH - SIXTH) & (np.minimum(degree, was) == SIXTH) & (np.maximum(degree, was) == SEVENTH)
    return np.asarray((np.isin(step, LEAPS) | (step > 12) | (second & (terms.tonic < NO_TONIC))).sum(0))


def _wide(notes: Notes, terms: Terms) -> np.ndarray:
    return np.asarray((np.abs(_steps(notes.pitch)) > terms.max_leap).sum(0))


def _repeats(notes: Notes, terms: Terms) -> np.ndarray:
    """A note belongs to more strokes in a row than there may be."""
    pitch = notes.pitch
    moved = np.ones(pitch.shape, dtype=bool)
    moved[:, 1:] = pitch[:, 1:] != pitch[:, :-1]
    again = notes.struck & ~moved & (pitch != REST_PITCH)
    total = again.cumsum(1)
    before = np.maximum.accumulate(np.where(moved, total, 0), axis=1)
    last = np.pad(moved[:, 1:], ((0, 0), (0, 1)), constant_values=True)
    after = np.minimum.accumulate(np.where(last, total, total.max() + 1)[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((again & (after - before > terms.max_repeats)).sum(0))


def _density(notes: Notes, terms: Terms) -> np.ndarray:
    """A note begins where its voice begins more in the measure than it may."""
    begins = notes.struck & (notes.pitch != REST_PITCH)
    total = np.pad(begins.cumsum(1), ((0, 0), (1, 0)))
    first, end = (np.searchsorted(terms.measure, terms.measure, side) for side in ("left", "right"))
    return np.asarray((begins & (total[:, end] - total[:, first] > terms.allowance)).sum(0))


def _incomplete(notes: Notes, terms: Terms) -> np.ndarray:
    """All voices sound on a beat, and there is no third."""
    bare = hollow()[bits(notes.pitch)] & (notes.pitch != REST_PITCH).all(0)
    return np.asarray(bare & (terms.level <= BEAT))


def _cross_relations(notes: Notes, terms: Terms) -> np.ndarray:
    """Voices that begin to sound beside a chromatic alteration of their note."""
    if terms.fifths is None:
        return np.zeros(notes.pitch.shape[1])
    heard = bits(notes.pitch)
    altered = altered_table()[terms.fifths % 12]  # (ticks, 12)
    rows = np.take_along_axis(altered, (notes.pitch % 12).T, axis=1).T
    bad = (notes.pitch != REST_PITCH) & (rows & heard > 0) & (terms.fifths != NO_KEY)
    found = bad.any(0)
    return np.asarray(found & ~np.pad(found[:-1], (1, 0)))


def _variety(notes: Notes, terms: Terms) -> np.ndarray:
    """On a beat a voice has what it had before."""
    same = notes.pitch == (REST_PITCH if terms.old is None else terms.old)
    return np.asarray((same & (notes.pitch != REST_PITCH) & (terms.level <= BEAT)).sum(0))


def _chords(notes: Notes, terms: Terms) -> np.ndarray:
    kind = chord_worth()[bits(notes.pitch)]
    worth = np.where(kind < 0, CLASH, np.where(kind > 0, WHOLE_CHORD, 0.0))
    return np.where(terms.level <= BEAT, worth, 0.0)


def _unrest(notes: Notes, terms: Terms) -> np.ndarray:
    """A phrase arrives at what is no consonant triad."""
    arrives = terms.arrival & ~np.pad(terms.arrival[:-1], (1, 0))
    leaves = terms.arrival & ~np.pad(terms.arrival[1:], (0, 1))
    return np.asarray((arrives | leaves) & ~consonant_parts()[bits(notes.pitch)])


def _arrival(notes: Notes, terms: Terms) -> np.ndarray:
    pitch = notes.pitch
    sounding = pitch != REST_PITCH
    ticks = np.arange(pitch.shape[1])
    foreign = (sounding & ~terms.chord[ticks, pitch % 12]).sum(0)
    at = terms.arrival | ~terms.chord.all(1)
    inverted = (terms.root >= 0) & sounding[-1] & (pitch[-1] % 12 != terms.root)
    return np.asarray(
        FOREIGN * foreign + NO_ROOT * inverted + np.where(at & ~consonant_parts()[bits(pitch)], NO_TRIAD, 0.0)
    )


FAULTS: dict[str, Count] = {
    "max-leap": _wide,
    "max-repeats": _repeats,
    "density": _density,
    "crossing": _crossing,
    "parallels": _parallels,
    "range": _range,
    "spacing": _spacing,
    "overlap": _overlap,
    "hidden": _hidden,
    "seventh": _sevenths,
    "leading-tone": _leading_tones,
    "doubled-leading-tone": _doubled_leading,
    "incomplete-chord": _incomplete,
    "cross-relation": _cross_relations,
    "leaps": _leaps,
    "arrival": _unrest,
    "variety": _variety,
}
MERITS: dict[str, Count] = {"chords": _chords, "arrival": _arrival}
assert set(FAULTS) | set(MERITS) <= set(RULES)
