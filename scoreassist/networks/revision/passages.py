"""Which passages of a draft are worth writing anew: the least likely first, whole notes, not too near one another.

Shapes: N candidates, V voices, T ticks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoreassist.grid.holes import HOLD

LENGTH = 8  # ticks of a passage, before its notes are made whole
STEP = 4  # passages begin on quarters
REACH = 4  # ticks by which a passage may grow on each side to hold whole notes
APART = 2  # ticks between passages, so that neither hears what the other is about to change
WEARINESS = 0.5  # nats a cell by which a passage that has been looked at already counts as likelier


@dataclass(frozen=True)
class Passages:
    """Passages of N candidates, W in number.

    Attributes
    ----------
    candidate, first, end : int arrays (W,)
        Those of one candidate do not overlap.
    hidden : bool array (N, V, T)
        Cells to be drawn anew.
    """

    candidate: np.ndarray
    first: np.ndarray
    end: np.ndarray
    hidden: np.ndarray

    def only(self, chosen: np.ndarray) -> Passages:
        """Some of them: bool (W,)."""
        hidden = self.hidden.copy()
        for row in np.flatnonzero(~chosen):
            hidden[self.candidate[row], :, self.first[row] : self.end[row]] = False
        return Passages(self.candidate[chosen], self.first[chosen], self.end[chosen], hidden)


def least_likely(
    log_prob: np.ndarray,
    looked_at: np.ndarray,
    begins: np.ndarray,
    free: np.ndarray,
    rhythm: np.ndarray,
    offset: int,
) -> Passages:
    """Choose passages, candidate by candidate, until none has room.

    Parameters
    ----------
    log_prob : float array (N, V, T)
        Of the cells as they are, in nats.
    looked_at : int array (N, T)
        How often each tick has been in a passage.
    begins : bool array (N, V, T)
        Where notes begin.
    free : bool array (V, T)
        Cells that may change.
    rhythm : int array (V, T)
        Required articulation; notes that must be held are never cut.
    offset : int
        The tick from which quarters are counted.
    """
    count, _, ticks = log_prob.shape
    starts = np.arange(offset % STEP - STEP, ticks, STEP)
    spans = [(max(start, 0), min(start + LENGTH, ticks)) for start in starts]
    spans = [(a, b) for a, b in spans if a < b and free[:, a:b].any()]
    rows: list[tuple[int, int, int]] = []
    hidden = np.zeros(log_prob.shape, dtype=bool)
    size = np.array([free[:, a:b].sum() for a, b in spans])
    for candidate in range(count):
        worth = np.array([log_prob[candidate, :, a:b].sum() for a, b in spans]) / np.maximum(size, 1)
        worth = worth + WEARINESS * np.array([looked_at[candidate, a:b].mean() for a, b in spans])
        taken = np.zeros(ticks + 2 * APART, dtype=bool)
        ends = _ends(begins[candidate], free, rhythm)
        for index in np.argsort(worth, kind="stable").tolist():
            cells = _whole(spans[index], ends, free)
            columns = np.flatnonzero(cells.any(0))
            first, end = int(columns[0]), int(columns[-1]) + 1
            if taken[first : end + 2 * APART].any():
                continue
            taken[first + APART : end + APART] = True
            hidden[candidate] |= cells
            rows.append((candidate, first, end))
    candidate_, first_, end_ = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Passages(candidate_, first_, end_, hidden)


def _ends(begins: np.ndarray, free: np.ndarray, rhythm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First tick and end of each cell's note, as far as it is free, and where a note must go on: (V, T) each."""
    ticks = begins.shape[1]
    edge = begins.copy()
    edge[:, 0] = True
    edge[:, 1:] |= free[:, 1:] != free[:, :-1]
    at = np.arange(ticks)
    first = np.maximum.accumulate(np.where(edge, at, 0), axis=1)
    later = np.where(np.roll(edge, -1, axis=1), at + 1, ticks)
    later[:, -1] = ticks
    end = np.minimum.accumulate(later[:, ::-1], axis=1)[:, ::-1]
    return first, end, free & (rhythm == HOLD)


def _whole(
    span: tuple[int, int], notes: tuple[np.ndarray, np.ndarray, np.ndarray], free: np.ndarray
) -> np.ndarray:
    """Free cells of a passage with its notes made whole, as far as `REACH` allows: bool (V, T)."""
    note_first, note_end, goes_on = notes
    cells = np.zeros(free.shape, dtype=bool)
    for voice in range(len(free)):
        a, b = span
        begin, stop = int(note_first[voice, a]), int(note_end[voice, b - 1])
        if free[voice, a] and a - begin <= REACH:
            a = begin
        if free[voice, b - 1] and stop - b <= REACH:
            b = stop
        while b < free.shape[1] and goes_on[voice, b]:
            b += 1
        cells[voice, a:b] = True
    return np.asarray(cells & free)
