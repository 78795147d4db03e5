"""What a strict teacher says of each tick of a finished passage: faults that must not be added, and merits.

The same rules as in `scoreassist.sampling.RULES`, which act while cells are drawn; here all voices are there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.sampling import CLASH, FOREIGN, NO_TRIAD, OVERLAP, WHOLE_CHORD
from scoreassist.score.metre import BEAT
from scoreassist.theory.harmony import OTHER, SEVENTH, chord_classes, triad_parts
from scoreassist.theory.voice_leading import FIFTH, OCTAVE, SPACING, crossings, parallels


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
    ranges : int array (4, 2)
    """

    level: np.ndarray
    arrival: np.ndarray
    chord: np.ndarray
    ranges: np.ndarray


def faults(pitch: np.ndarray, terms: Terms, rules: tuple[str, ...]) -> np.ndarray:
    """How often the rules that forbid are broken at each tick.

    Parameters
    ----------
    pitch : int array (N, 4, ticks)
        MIDI numbers, `REST_PITCH` for silence.
    terms : Terms
    rules : names of rules; only those of `FAULTS` count

    Returns
    -------
    int array (N, ticks)
    """
    return _summed(pitch, [FAULTS[rule] for rule in rules if rule in FAULTS], terms)


def merits(pitch: np.ndarray, terms: Terms, rules: tuple[str, ...]) -> np.ndarray:
    """What the rules that weigh say of each tick, in nats: float array (N, ticks)."""
    return _summed(pitch, [MERITS[rule] for rule in rules if rule in MERITS], terms)


Count = Callable[
    [np.ndarray, Terms], np.ndarray
]  # int array (4, ticks of all grids) to array (ticks of all grids,)


def _summed(pitch: np.ndarray, counts: list[Count], terms: Terms) -> np.ndarray:
    """Sum of some counts; grids are laid one after the other, with a tick of silence between."""
    grids, voices, ticks = pitch.shape
    apart = np.pad(pitch, ((0, 0), (0, 0), (0, 1)), constant_values=REST_PITCH)
    line = apart.transpose(1, 0, 2).reshape(voices, -1)

    def again(array: np.ndarray, fill: int | bool) -> np.ndarray:
        padded = np.pad(array, ((0, 1), *((0, 0),) * (array.ndim - 1)), constant_values=fill)
        return np.tile(padded, (grids, *(1,) * (array.ndim - 1)))

    everywhere = Terms(
        again(terms.level, BEAT + 1), again(terms.arrival, False), again(terms.chord, True), terms.ranges
    )
    total = np.zeros(line.shape[1])
    for count in counts:
        total = total + count(line, everywhere)
    return total.reshape(grids, ticks + 1)[:, :ticks]


def _parallels(pitch: np.ndarray, terms: Terms) -> np.ndarray:
    return np.asarray(parallels(pitch, FIFTH) + parallels(pitch, OCTAVE))


def _crossing(pitch: np.ndarray, terms: Terms) -> np.ndarray:
    return crossings(pitch)


def _range(pitch: np.ndarray, terms: Terms) -> np.ndarray:
    low, high = terms.ranges.T[:, :, None]
    return np.asarray(((pitch != REST_PITCH) & ((pitch < low) | (pitch > high))).sum(0))


def _spacing(pitch: np.ndarray, terms: Terms) -> np.ndarray:
    upper, lower = pitch[:-1], pitch[1:]
    both = (upper != REST_PITCH) & (lower != REST_PITCH)
    return np.asarray((both & (upper - lower > np.array(SPACING)[:, None])).sum(0))


def _overlap(pitch: np.ndarray, terms: Terms) -> np.ndarray:
    """A voice goes beyond where its neighbour has just been."""
    now, before = pitch[:, 1:], pitch[:, :-1]
    sounds = (now[1:] != REST_PITCH) & (before[:-1] != REST_PITCH)
    above = sounds & (now[1:] > before[:-1]) & (now[1:] != before[1:])
    sounds = (now[:-1] != REST_PITCH) & (before[1:] != REST_PITCH)
    below = sounds & (now[:-1] < before[1:]) & (now[:-1] != before[:-1])
    return np.pad(OVERLAP * (above.sum(0) + below.sum(0)), (1, 0))


def _chords(pitch: np.ndarray, terms: Terms) -> np.ndarray:
    kind = chord_classes()[_classes(pitch)]
    worth = np.where(kind == OTHER, CLASH, np.where(kind >= SEVENTH, WHOLE_CHORD, 0.0))
    return np.where(terms.level <= BEAT, worth, 0.0)


def _arrival(pitch: np.ndarray, terms: Terms) -> np.ndarray:
    sounding = pitch != REST_PITCH
    ticks = np.arange(pitch.shape[1])
    foreign = (sounding & ~terms.chord[ticks, pitch % 12]).sum(0)
    at = terms.arrival | ~terms.chord.all(1)
    return np.asarray(FOREIGN * foreign + np.where(at & ~triad_parts()[_classes(pitch)], NO_TRIAD, 0.0))


def _classes(pitch: np.ndarray) -> np.ndarray:
    """Pitch-class sets as bit masks: (ticks,)."""
    return np.asarray(np.bitwise_or.reduce(np.where(pitch != REST_PITCH, 1 << (pitch % 12), 0), axis=0))


FAULTS: dict[str, Count] = {
    "crossing": _crossing,
    "parallels": _parallels,
    "range": _range,
    "spacing": _spacing,
}
MERITS: dict[str, Count] = {"overlap": _overlap, "chords": _chords, "arrival": _arrival}
