"""The bass notes that wishes ask for, settled beforehand, so that a network that anticipates leads into them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scoreassist.grid.holes import HOLD, STRIKE
from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH

BASS = 3
CENTRE = 47  # B2; a bass line lies around it
OCTAVE = 12

# What a choice costs, in semitones of motion.
FAR_FROM_CENTRE = 0.25  # for each semitone
PARALLEL, WIDE, SEVENTH = 40.0, 30.0, 6.0
NEAR = 16  # ticks; notes further apart make no line

Pin = tuple[int, int, int, int]
"""Voice, first tick, end, MIDI number."""


@dataclass(frozen=True)
class Need:
    """A pitch class that must be in the bass from one tick to another; the weightier of two at one moment counts.

    Attributes
    ----------
    first, end : int
    pitch_class : int
    weight : int
    """

    first: int
    end: int
    pitch_class: int
    weight: int = 0


def settle_bass(
    needs: Iterable[Need],
    passage: Passage,
    rhythm: np.ndarray,
    ranges: Sequence[tuple[int, int]],
    max_leap: int | None,
) -> tuple[Pin, ...]:
    """Choose the octave of each bass note that is needed, together, by the shortest way.

    Parameters
    ----------
    needs : iterable of Need
    passage : Passage
    rhythm : int array (4, ticks)
        Required articulations.
    ranges : lowest and highest note of each voice
    max_leap : int, optional
        Semitones.

    Returns
    -------
    tuple of pins
        Of new cells only; none where no octave lies in the range and below what is given.
    """
    free = [need for piece in _in_turn(needs) for need in _new_cells(piece, passage, rhythm)]
    choices = [(need, octaves) for need in free if (octaves := _octaves(need, passage, ranges[BASS]))]
    chosen = _shortest(choices, passage, max_leap)
    return tuple(
        (BASS, *span, midi)
        for (need, _), midi in zip(choices, chosen, strict=True)
        for span in _strokes(need, rhythm[BASS])
    )


def _in_turn(needs: Iterable[Need]) -> list[Need]:
    """Needs in order of time, each until the next one at most."""
    best: dict[int, Need] = {}
    for need in needs:
        if need.first not in best or best[need.first].weight < need.weight:
            best[need.first] = need
    rows = [best[first] for first in sorted(best)]
    ends = [after.first for after in rows[1:]] + [rows[-1].end] if rows else []
    return [
        Need(need.first, min(need.end, end), need.pitch_class, need.weight)
        for need, end in zip(rows, ends, strict=True)
    ]


def _new_cells(need: Need, passage: Passage, rhythm: np.ndarray) -> list[Need]:
    """The part of a need that is to be written, from its beginning on, if a note may begin there."""
    hidden = ~passage.grid.known[BASS] & ~passage.rest[BASS]
    if not hidden[need.first] or rhythm[BASS, need.first] == HOLD:
        return []
    end = need.first
    while end < need.end and hidden[end]:
        end += 1
    return [Need(need.first, end, need.pitch_class, need.weight)]


def _strokes(need: Need, rhythm: np.ndarray) -> list[tuple[int, int]]:
    """A need's notes: more than one where the rhythm asks for it."""
    strikes = [t for t in range(need.first + 1, need.end) if rhythm[t] == STRIKE]
    edges = [need.first, *strikes, need.end]
    return list(pairwise(edges))


def _octaves(need: Need, passage: Passage, limits: tuple[int, int]) -> list[int]:
    """Notes of a pitch class in the range, not above a given voice while they sound."""
    grid, cells = passage.grid, slice(need.first, need.end)
    given = grid.known[:BASS, cells] & (grid.pitch[:BASS, cells] != REST_PITCH)
    lowest = int(grid.pitch[:BASS, cells][given].min(initial=127))
    low, high = limits[0], min(limits[1], lowest)
    return [midi for midi in range(low, high + 1) if midi % OCTAVE == need.pitch_class]


def _shortest(choices: list[tuple[Need, list[int]]], passage: Passage, max_leap: int | None) -> list[int]:
    """One octave of each, so that they cost least together (Viterbi)."""
    best: list[dict[int, tuple[float, list[int]]]] = []
    for place, (need, octaves) in enumerate(choices):
        row = {}
        for midi in octaves:
            own = FAR_FROM_CENTRE * abs(midi - CENTRE)
            if place == 0:
                row[midi] = own, [midi]
                continue
            before = choices[place - 1][0]
            row[midi] = min(
                (cost + own + _step(passage, before, need, past, midi, max_leap), [*way, midi])
                for past, (cost, way) in best[-1].items()
            )
        best.append(row)
    return min(best[-1].values())[1] if best else []


def _step(passage: Passage, before: Need, need: Need, past: int, midi: int, max_leap: int | None) -> float:
    """What it costs to go from one bass note to the next."""
    if need.first - before.end > NEAR:
        return 0.0
    size = abs(midi - past)
    cost = float(size)
    if size > OCTAVE or (max_leap is not None and size > max_leap):
        cost += WIDE
    elif size in (OCTAVE - 2, OCTAVE - 1):
        cost += SEVENTH
    grid, last = passage.grid, before.end - 1
    for voice in range(BASS):
        if grid.known[voice, [last, need.first]].all():
            old, new = int(grid.pitch[voice, last]), int(grid.pitch[voice, need.first])
            kept = (old - past) % OCTAVE == (new - midi) % OCTAVE and (new - midi) % OCTAVE in (0, 7)
            if min(old, new) >= 0 and kept and (new - old) * (midi - past) > 0:
                cost += PARALLEL
    return cost
