"""What of a passage a variation writes anew: whole stretches between moments at which all voices move."""

from __future__ import annotations

import numpy as np

from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH

LONGEST = 8  # ticks; a stretch is cut where some voice moves, if all together do not


def to_vary(passage: Passage, near: float, seed: int) -> np.ndarray:
    """Cells to write anew: as many as may be, if a share of the cells is to stay. What is silent stays so.

    Parameters
    ----------
    passage : Passage
        Its holes are what may vary.
    near : float
        From 0 (all is written anew) to 1 (nothing).
    seed : int
        Of the choice among the stretches.

    Returns
    -------
    bool array (4, ticks)
    """
    fill = passage.fill & ~passage.rest & (passage.grid.pitch != REST_PITCH)
    chosen = np.zeros_like(fill)
    most = (1 - near) * fill.sum() + 1e-9
    spans = stretches(fill, passage.grid.struck)
    for place in np.random.default_rng(seed % 2**64).permutation(len(spans)):
        first, end = spans[place]
        if chosen.sum() + fill[:, first:end].sum() <= most:
            chosen[:, first:end] = fill[:, first:end]
    return np.asarray(chosen)


def stretches(fill: np.ndarray, struck: np.ndarray) -> list[tuple[int, int]]:
    """First tick and end of stretches that no note of any voice reaches over, where such are short enough.

    Parameters
    ----------
    fill, struck : bool arrays (4, ticks)
    """
    begins = struck | ~fill
    together = np.flatnonzero(begins.all(0) & fill.any(0))
    inside = np.append(fill.any(0), False)
    spans = []
    for at, after in zip(together, [*together[1:], fill.shape[1]], strict=True):
        stop = int(at) + int(np.argmin(inside[at : after + 1])) if not inside[at : after + 1].all() else int(after)
        first = int(at)
        while stop - first > LONGEST:
            moves = np.flatnonzero((struck & fill).any(0)[first + 1 : stop]) + first + 1
            cut = next((int(move) for move in moves if move - first >= LONGEST // 2), stop)
            spans.append((first, cut))
            first = cut
        if stop > first:
            spans.append((first, stop))
    return spans
