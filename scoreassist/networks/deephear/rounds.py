"""In which order the ticks of a hole are settled: what carries the harmony first, what fills it up last.

Cells of different ticks are drawn independently of one another given the code, and a code that leaves the harmony
open leaves chords that do not agree. What a round has settled is therefore given to the next, as in Ghazvininejad
et al., *Mask-Predict* (2019), in the order in which an arranger would write: downbeats, second beats, off-beats,
the rest.
"""

from __future__ import annotations

import numpy as np

from scoreassist.grid.roll import MEASURE_TICKS

# By round: which of two measures, and which sixteenths of them.
ROUNDS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((0,), (0,)),
    ((1,), (0,)),
    ((0, 1), (4,)),
    ((0, 1), (2, 6)),
    ((0, 1), (1, 3, 5, 7)),
)


def rounds_of(measure: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The round in which each tick is settled, int array (ticks,).

    Parameters
    ----------
    measure, place : int arrays (ticks,)
        As `Roll` has them; measures of 2/4.
    """
    table = np.zeros((2, MEASURE_TICKS), dtype=np.int64)
    for number, (measures, places) in enumerate(ROUNDS):
        table[np.ix_(measures, places)] = number
    return np.asarray(table[measure % 2, place])
