"""How far two bodies of music lie apart: distributions of melodic intervals, durations and chord types.

The distance is Jensen and Shannon's: the square root of the divergence of Lin (*Divergence measures based on the
Shannon entropy*, IEEE Trans. Inf. Theory 37, 1991, section 4) in bits, a metric (Endres & Schindelin, *A new
metric for probability distributions*, 2003): 0 for equal distributions, 1 for such as share nothing. It is never
quite 0 between samples of one distribution, and falls as they grow: compare what was counted on as many pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from scoreassist.grid.voices import Grid
from scoreassist.score.metre import BEAT

WIDEST = 13  # semitones; wider leaps count as this
LONGEST = 17  # ticks; whatever lasts longer than a whole note of common time counts as this


def distances(grids: Sequence[Grid], reference: Sequence[Grid], voices: Sequence[int]) -> dict[str, float]:
    """Distances between two bodies of music.

    Parameters
    ----------
    grids, reference : sequences of Grid
    voices : sequence of int
        Of which melodic intervals and durations count; the mean over voices is returned.

    Returns
    -------
    dict
        ``interval_distance``, ``duration_distance``, ``chord_distance``.
    """

    def by_voice(histogram: Callable[[Sequence[Grid], int], np.ndarray]) -> float:
        return float(np.mean([jensen_shannon(histogram(grids, v), histogram(reference, v)) for v in voices]))

    return {
        "interval_distance": by_voice(intervals),
        "duration_distance": by_voice(durations),
        "chord_distance": jensen_shannon(chord_types(grids), chord_types(reference)),
    }


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> float:
    """Jensen–Shannon distance of two histograms of the same bins; see the module's docstring.

    Returns
    -------
    float
        0 to 1; nan where either is empty.
    """
    if not one.sum() or not other.sum():
        return float("nan")
    p, q = one / one.sum(), other / other.sum()
    middle = (p + q) / 2

    def divergence(a: np.ndarray) -> float:
        some = a > 0
        return float((a[some] * np.log2(a[some] / middle[some])).sum())

    return float(np.sqrt(max(0.0, (divergence(p) + divergence(q)) / 2)))


def begins(grid: Grid) -> np.ndarray:
    """Cells at which a note begins, bool (voices, ticks): struck, or other than the tick before."""
    changed = np.ones_like(grid.struck)
    changed[:, 1:] = grid.pitch[:, 1:] != grid.pitch[:, :-1]
    return np.asarray((grid.pitch >= 0) & (grid.struck | changed))


def intervals(grids: Sequence[Grid], voice: int) -> np.ndarray:
    """How often each melodic interval occurs between neighbouring notes of a voice: int (2 * WIDEST + 1,)."""
    found = [np.zeros(0, dtype=np.int64)]
    for grid in grids:
        starts = np.flatnonzero(begins(grid)[voice] | (grid.pitch[voice] < 0))
        line = grid.pitch[voice][starts]
        both = (line[:-1] >= 0) & (line[1:] >= 0)
        found.append(np.diff(line)[both].clip(-WIDEST, WIDEST) + WIDEST)
    return np.bincount(np.concatenate(found), minlength=2 * WIDEST + 1)


def durations(grids: Sequence[Grid], voice: int) -> np.ndarray:
    """How often each duration in ticks occurs in a voice: int (LONGEST + 1,)."""
    found = [np.zeros(0, dtype=np.int64)]
    for grid in grids:
        first = begins(grid)[voice]
        edges = np.append(np.flatnonzero(first | (grid.pitch[voice] < 0)), grid.ticks)
        found.append(np.diff(edges)[first[edges[:-1]]].clip(max=LONGEST))
    return np.bincount(np.concatenate(found), minlength=LONGEST + 1)


def chord_types(grids: Sequence[Grid]) -> np.ndarray:
    """How often each type of chord sounds on a beat: int (4096,).

    A type is a set of pitch classes in any transposition (Forte's set classes, inversions kept apart, so that
    major and minor are two), indexed by the least of its twelve bit masks. Silence does not count.
    """
    kinds = [np.zeros(0, dtype=np.int64)]
    for grid in grids:
        bits = np.where(grid.pitch >= 0, 1 << (grid.pitch % 12), 0)
        masks = np.bitwise_or.reduce(bits, axis=0)[grid.level <= BEAT]
        kinds.append(_set_classes()[masks[masks > 0]])
    return np.bincount(np.concatenate(kinds), minlength=4096)


@lru_cache(maxsize=1)
def _set_classes() -> np.ndarray:
    """The least of the twelve transpositions of each pitch-class set, as bit masks: int (4096,)."""
    masks = np.arange(4096)
    turned = [(masks << shift | masks >> 12 - shift) & 4095 for shift in range(12)]
    return np.asarray(np.minimum.reduce(turned))
