"""How well each chord agrees with what sounds: notes outside it cost as much as it is odd that they are outside.

Time is cut into frames of an eighth, each measure anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoreassist.grid.voices import Grid
from scoreassist.theory.chords import CHORDS, NAMES, QUALITIES, members

FRAME = 2  # ticks

# Cost in nats of a note outside the chord, for an eighth: by how it is reached and left (Kostka & Payne, *Tonal
# Harmony*, ch. 11 and 12). A step on both sides makes it passing or neighbour, a held or repeated note that falls
# by a step is suspended, a note that the chord to come repeats is an anticipation.
PASSING, SUSPENDED, ANTICIPATED, REACHED_BY_STEP, LEFT_BY_STEP, LEAPT = 0.6, 1.3, 1.3, 1.6, 2.0, 2.0
PEDAL = 1.6  # held on, and not left by step
ACCENTED = 0.8  # more, where a note that is not suspended begins on a beat
BASS_TOO = 2.0  # times, in the lowest voice

# Cost of a chord whose root, third, fifth, seventh nobody sings, and the share of it by the number of voices.
MISSING = (1.0, 1.3, 0.1, 1.8)
COMPLETE = 0.2  # gain of a chord all of whose notes sound
FEWER = (0.0, 0.1, 0.4, 1.0, 1.0)

# Cost of root, third, fifth, seventh in the bass.
TRIAD_BASS = (0.0, 0.2, 1.5)
SEVENTH_BASS = (0.0, 0.0, 0.8, 0.1)
DIMINISHED_BASS = (0.6, 0.0, 0.6)


@dataclass(frozen=True)
class Frames:
    """A grid cut into eighths.

    Attributes
    ----------
    first : int array (frames,)
        First tick of each.
    ticks : int
        Of the grid.
    level : int array (frames,)
        Metrical strength of its first tick.
    """

    first: np.ndarray
    ticks: int
    level: np.ndarray

    def of_ticks(self) -> np.ndarray:
        """The frame of each tick: int array (ticks,)."""
        return np.searchsorted(self.first, np.arange(self.ticks), side="right") - 1


def cut(grid: Grid) -> Frames:
    """Frames of a grid; each measure begins with one."""
    starts = np.flatnonzero(np.diff(grid.measure, prepend=-1))
    within = np.arange(grid.ticks) - starts[np.searchsorted(starts, np.arange(grid.ticks), side="right") - 1]
    first = np.flatnonzero(within % FRAME == 0)
    return Frames(first, grid.ticks, grid.level[first])


def sounding(grid: Grid) -> np.ndarray:
    """Pitches that are known to sound, -1 elsewhere: int array (voices, ticks)."""
    return np.where(grid.known & (grid.pitch >= 0), grid.pitch, -1)


@dataclass(frozen=True)
class Line:
    """The notes of a voice; repetitions of a pitch are notes of their own.

    Attributes
    ----------
    begin, end : int array (notes,)
        Ticks.
    pitch : int array (notes,)
    before, after : int array (notes,)
        Semitones from the note before, to the note after; `FAR` where there is none.
    """

    begin: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    before: np.ndarray
    after: np.ndarray


FAR = 99


def line(pitch: np.ndarray, struck: np.ndarray) -> Line:
    """The notes of one voice: pitches (ticks,), -1 where silent, and where they are struck (ticks,)."""
    new = struck | (np.diff(pitch, prepend=-2) != 0)
    begin = np.flatnonzero(new)
    end = np.append(begin[1:], len(pitch))
    heights = pitch[begin]
    step = np.diff(heights)
    step = np.where((heights[1:] < 0) | (heights[:-1] < 0), FAR, step)
    kept = heights >= 0
    before, after = np.concatenate([[FAR], step]), np.concatenate([step, [FAR]])
    return Line(begin[kept], end[kept], heights[kept], before[kept], after[kept])


def oddness(grid: Grid) -> np.ndarray:
    """What it costs that a cell is outside the chord, for an eighth: array (voices, ticks), 0 in silence."""
    cost = np.zeros(grid.pitch.shape)
    pitch = sounding(grid)
    for voice, row in enumerate(pitch):
        notes = line(row, grid.struck[voice])
        reached, left = np.abs(notes.before), np.abs(notes.after)
        step_in, step_out = (reached > 0) & (reached <= 2), (left > 0) & (left <= 2)
        falls = (notes.after < 0) & step_out
        kinds = [
            (falls & (reached == 0), SUSPENDED),
            (step_in & step_out, PASSING),
            (step_in & (left == 0), ANTICIPATED),
            (step_out, LEFT_BY_STEP),
            (step_in, REACHED_BY_STEP),
        ]
        first = np.select([k for k, _ in kinds], [c for _, c in kinds], LEAPT)
        accented = (grid.level[notes.begin] <= 2) & (reached != 0)
        first = first + np.where(accented, ACCENTED, 0.0)
        later = np.where(step_out, SUSPENDED, PEDAL)  # held into another chord
        for begin, end, one, other in zip(notes.begin, notes.end, first, later, strict=True):
            cost[voice, begin : begin + FRAME] = one
            cost[voice, begin + FRAME : end] = other
    cost[pitch < 0] = 0
    return cost


def chord_costs(grid: Grid, frames: Frames) -> np.ndarray:
    """What each chord costs in each frame, in nats: array (frames, chords)."""
    pitch = sounding(grid)
    cells = pitch >= 0
    frame_of = frames.of_ticks()
    count = len(frames.first)
    odd = oddness(grid) / FRAME
    lowest = np.where(cells, pitch, 999).min(axis=0)
    bass = cells & (pitch == lowest)
    outside, heard, low = np.zeros((count, 12)), np.zeros((count, 12)), np.zeros((count, 12))
    voices, ticks = np.nonzero(cells)
    places = frame_of[ticks], pitch[voices, ticks] % 12
    np.add.at(outside, places, (odd * np.where(bass, BASS_TOO, 1.0))[voices, ticks])
    np.add.at(heard, places, 1.0)
    singing = cells.sum(axis=0)
    used = np.flatnonzero(singing)
    np.add.at(low, (frame_of[used], lowest[used] % 12), 1 / FRAME)
    of = members()
    cost: np.ndarray = outside @ (of == 0).T
    share = np.array(FEWER)[np.bincount(frame_of, weights=singing, minlength=count).astype(int) // FRAME]
    complete = np.ones(cost.shape, dtype=bool)
    for member, weight in enumerate(MISSING, 1):
        rows = (of == member).any(axis=1)
        place = (of == member).argmax(axis=1)
        lacking = rows & (heard[:, place] == 0)
        complete &= ~lacking
        cost += weight * share[:, None] * lacking
    cost -= COMPLETE * complete
    cost += low @ _bass_costs().T * (share[:, None] > FEWER[1])
    return cost


def _bass_costs() -> np.ndarray:
    """Cost of each pitch class as the bass of each chord, array (chords, 12); those outside it cost as such."""
    table = np.zeros((CHORDS, 12))
    for place, name in enumerate(NAMES):
        steps = QUALITIES[name].steps
        costs = SEVENTH_BASS if len(steps) == 4 else DIMINISHED_BASS if name == "diminished" else TRIAD_BASS
        for root in range(12):
            for step, cost in zip(steps, costs, strict=True):
                table[12 * place + root, (root + step) % 12] = cost
    return table
