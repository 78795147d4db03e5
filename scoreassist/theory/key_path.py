"""The likeliest path through keys and their chords (Viterbi).

A state is a degree of a key. What sounds costs what `chord_fit` says; a degree costs what the table of `chords`
says, less where it is the goal of the one before. A new key costs more the farther it lies, and less behind the
end of a phrase; it is entered through a chord that both keys have (a pivot: Schoenberg, *Structural Functions of
Harmony*, ch. 3), or by a leap, which costs more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.theory.chord_fit import Frames, chord_costs, sounding
from scoreassist.theory.chords import CHORDS, Degree, chord_index, degrees

KEYS = 24  # tonic, + 12 where minor

# Costs in nats, those of the table of chords too; chosen on the analysed chorales that are not of the test split.
CHANGE = (0.2, 0.3, 0.4, 1.8, 2.5, 1.0)  # of the chord, by metrical level
KEY_CHANGE, KEY_DISTANCE, LEAP, PHRASE = 2.5, 0.6, 2.0, 1.0
SIGNATURE = 0.06  # for each fifth between a key and the signature, and eighth
START = 0.5  # for each of these fifths, at the beginning
OPENING = 1.2  # gain of a tonic in the first frame
CLOSING = (2.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # in the last, by the fifths between its key and the signature
PICARDY = 4.0  # gain of minor's major tonic there, where its key is near the signature
GOAL = {"I": 0.3, "i": 0.3, "V": 0.6}  # gain of a triad at the end of a phrase, and of a dominant that goes there
CADENCE = {
    ("V", "I"): 1.0,
    ("V", "i"): 1.0,
    ("vii", "I"): 0.8,
    ("vii", "i"): 0.8,
    ("V", "vi"): 1.2,
    ("V", "VI"): 1.2,
}

# Gain of a degree behind another (Piston, *Harmony*, table of usual root progressions).
PROGRESSIONS = {
    ("V", "I"): 1.0, ("V", "i"): 1.0, ("vii", "I"): 0.8, ("vii", "i"): 1.6, ("V", "vi"): 0.8, ("V", "VI"): 0.8,
    ("ii", "V"): 1.4, ("IV", "V"): 0.4, ("iv", "V"): 0.6, ("ii", "vii"): 0.5, ("IV", "I"): 0.5, ("iv", "i"): 0.5,
    ("iv", "I"): 0.5,
    ("vi", "ii"): 0.6, ("VI", "ii"): 0.6, ("vi", "IV"): 0.4, ("VI", "iv"): 0.4, ("IV", "vii"): 1.4,
    ("iv", "vii"): 0.4, ("I", "V"): 0.3, ("i", "V"): 0.3, ("VII", "III"): 1.5, ("iii", "vi"): 1.0,
    ("III", "VI"): 0.2, ("v", "iv"): 1.5, ("IV", "ii"): 0.1, ("Ger", "V"): 2.0, ("Ger", "I"): 0.8,
    ("Ger", "i"): 1.0, ("N", "V"): 2.4, ("N", "vii"): 1.0,
}  # fmt: skip
BACKWARDS = 0.8  # of a dominant to what prepares it
APPLIED_RESOLVED, APPLIED_ASTRAY = 1.6, 2.0
SAME_ROOT, SAME_DOMINANT = 1.3, 2.5


@dataclass(frozen=True)
class States:
    """The degrees of all keys; the axes are (key, degree), the shorter mode is filled up with what costs infinity.

    Attributes
    ----------
    chord : int array (keys, degrees)
        Row of `chords.members`; `CHORDS` where there is no degree.
    cost : array (keys, degrees)
    follow : array (2, degrees, degrees)
        Cost of the second degree behind the first, in major and minor; infinite for itself.
    close : array (2, degrees, degrees)
        The same at the end of a phrase.
    goal, tonic, picardy : array (keys, degrees)
        Gain at the end of a phrase; 1 for the triads of the tonic; 1 for the major one of a minor key.
    key_change : array (keys, keys)
        Infinite for itself.
    signature : int array (keys,)
        Of each key, in fifths.
    """

    chord: np.ndarray
    cost: np.ndarray
    follow: np.ndarray
    close: np.ndarray
    goal: np.ndarray
    tonic: np.ndarray
    picardy: np.ndarray
    key_change: np.ndarray
    signature: np.ndarray


@lru_cache(maxsize=1)
def states() -> States:
    """The states of the path."""
    width = max(len(degrees(minor)) for minor in (False, True))
    chord = np.full((KEYS, width), CHORDS)
    cost, (goal, tonic, picardy) = np.full((KEYS, width), np.inf), np.zeros((3, KEYS, width))
    follow, close = np.full((2, 2, width, width), np.inf)
    for minor in (0, 1):
        table = degrees(bool(minor))
        rows, own = slice(12 * minor, 12 * minor + 12), len(table)
        chord[rows, :own] = [[chord_index(key + d.root, d.quality) for d in table] for key in range(12)]
        cost[rows, :own] = [d.cost for d in table]
        goal[rows, :own] = [GOAL.get(d.numeral, 0.0) if d.is_triad and not d.of else 0.0 for d in table]
        tonic[rows, :own] = [d.root == 0 and d.is_triad for d in table]
        picardy[rows, :own] = [minor and d.numeral == "I" for d in table]
        follow[minor, :own, :own] = [[_following(one, other) for other in table] for one in table]
        close[minor, :own, :own] = follow[minor, :own, :own] - [
            [_closing(one, other) for other in table] for one in table
        ]
    major = np.arange(12) * 7 % 12
    signature = np.concatenate([major, major - 3])
    key_change = KEY_CHANGE + KEY_DISTANCE * fifths_between(signature[:, None], signature)
    np.fill_diagonal(key_change, np.inf)
    return States(chord, cost, follow, close, goal, tonic, picardy, key_change, signature)


def fifths_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Steps between two signatures, the short way round the circle of fifths."""
    distance: np.ndarray = np.abs((one - other + 6) % 12 - 6)
    return distance


def _following(one: Degree, other: Degree) -> float:
    """Cost of a degree behind another."""
    if one == other:
        return np.inf
    cost = other.cost
    if one.root == other.root:
        gets_seventh = one.numeral == "V" and one.is_triad and not other.is_triad
        return cost - SAME_DOMINANT if gets_seventh else max(cost - SAME_ROOT, 0.0)
    if one.of:
        resolved = other.numeral == one.of and not other.of
        return cost - APPLIED_RESOLVED if resolved else cost + (0 if other.of == one.of else APPLIED_ASTRAY)
    if other.of:
        return cost
    if one.numeral == "V" and other.numeral in ("IV", "iv", "ii"):
        cost += BACKWARDS
    return cost - PROGRESSIONS.get((one.numeral, other.numeral), 0.0)


def _closing(one: Degree, other: Degree) -> float:
    """Gain of a degree behind another at the end of a phrase."""
    plain = other.is_triad and not one.of and not other.of
    return CADENCE.get((one.numeral, other.numeral), 0.0) if plain else 0.0


def _emission(grid: Grid, frames: Frames, ends: np.ndarray) -> np.ndarray:
    """What every state costs in every frame: array (frames, keys, degrees)."""
    table = states()
    fit = np.pad(chord_costs(grid, frames), ((0, 0), (0, 1)), constant_values=np.inf)
    signature = grid.fifths[frames.first][:, None]
    away = np.where(signature == NO_KEY, 0, fifths_between(signature, table.signature))
    cost = fit[:, table.chord] + (SIGNATURE * away)[:, :, None]
    ended = ends[frames.first]
    cost[ended & ~np.roll(ended, 1)] -= table.goal
    heard = np.flatnonzero(
        np.isin(np.arange(len(frames.first)), frames.of_ticks()[(sounding(grid) >= 0).any(axis=0)])
    )
    first, last = (heard[0], heard[-1]) if len(heard) else (0, -1)  # upbeats and last measures may be silent
    cost[first] += START * away[first][:, None] - OPENING * table.tonic
    closing = np.where(_phrygian(grid)[np.arange(KEYS) % 12], 0.0, np.array(CLOSING)[away[last]])[:, None]
    cost[last] -= closing * table.tonic + (closing > 0) * PICARDY * table.picardy
    return cost


def _phrygian(grid: Grid) -> np.ndarray:
    """Whether each pitch class has its second degree lowered for a third of the time or more: bool array (12,).

    Who ends on the final of the Phrygian mode is heard to end on a dominant.
    """
    pitch = sounding(grid)
    heard = np.bincount(pitch[pitch >= 0] % 12, minlength=12)
    phrygian: np.ndarray = 2 * np.roll(heard, -1) > np.roll(heard, -2)
    return phrygian


def _pivots(best: np.ndarray, key_change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each state as what it was in another key: its cost, and which state that was: arrays (keys, degrees)."""
    table = states()
    keys, width = best.shape
    by_chord = np.full((keys, CHORDS + 1), np.inf)
    place = np.zeros((keys, CHORDS + 1), dtype=np.int64)
    np.put_along_axis(by_chord, table.chord, best, axis=1)
    np.put_along_axis(place, table.chord, np.arange(keys * width).reshape(keys, width), axis=1)
    ways = by_chord[:, None] + key_change[:, :, None]  # (from key, to key, chord)
    old = ways.argmin(axis=0)
    cost = np.take_along_axis(ways, old[None], axis=0)[0]
    origin = np.take_along_axis(place, old, axis=0)
    return np.take_along_axis(cost, table.chord, axis=1), np.take_along_axis(origin, table.chord, axis=1)


def _step(
    best: np.ndarray, change: float, follow: np.ndarray, key_change: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cost of being in each state one frame on, and the state before: arrays (keys, degrees).

    Parameters
    ----------
    best : array (keys, degrees)
        Cost of each state so far.
    change : float
        Of a new chord at this moment.
    follow : array (2, degrees, degrees)
    key_change : array (keys, keys)
    """
    table = states()
    keys, width = best.shape
    here = np.arange(keys * width).reshape(keys, width)
    pivot, pivot_from = _pivots(best, key_change)
    before, before_from = np.minimum(best, pivot), np.where(pivot < best, pivot_from, here)
    moves = (before.reshape(2, 12, width, 1) + follow[:, None]).reshape(keys, width, width)
    chosen = moves.argmin(axis=1)
    moved = np.take_along_axis(moves, chosen[:, None], axis=1)[:, 0] + change
    leaps = best.min(axis=1)[:, None] + key_change + LEAP
    leap_from = here[np.arange(keys), best.argmin(axis=1)][leaps.argmin(axis=0)]
    leapt = leaps.min(axis=0)[:, None] + table.cost + change
    ways = np.stack([best, moved, leapt])
    origins = np.stack(
        [here, np.take_along_axis(before_from, chosen, axis=1), np.broadcast_to(leap_from[:, None], here.shape)]
    )
    which = ways.argmin(axis=0)[None]
    return np.take_along_axis(ways, which, axis=0)[0], np.take_along_axis(origins, which, axis=0)[0]


def likeliest_path(grid: Grid, frames: Frames, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Key and degree of every frame.

    Parameters
    ----------
    grid : Grid
    frames : Frames
    ends : bool array (ticks,)
        Where the last notes of phrases sound.

    Returns
    -------
    key, degree : int array (frames,)
        Tonic, + 12 where minor; place in `chords.degrees` of that mode.
    """
    table = states()
    cost = _emission(grid, frames, ends)
    ended = ends[frames.first]
    count, keys, width = cost.shape
    back = np.zeros((count, keys * width), dtype=np.int64)
    best = cost[0] + table.cost
    for frame in range(1, count):
        relief = PHRASE if ended[frame - 1] and not ended[frame] else 0.0
        follow = table.close if ended[frame] and not ended[frame - 1] else table.follow
        best, origin = _step(best, CHANGE[frames.level[frame]], follow, table.key_change - relief)
        best += cost[frame]
        back[frame] = origin.ravel()
    path = np.zeros(count, dtype=np.int64)
    path[-1] = int(best.argmin())
    for frame in range(count - 1, 0, -1):
        path[frame - 1] = back[frame, path[frame]]
    return path // width, path % width
