"""Long pieces are revised in parts, each with what is around it.

Shapes: N candidates, V voices, T ticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.networks.filler import Candidates

# Pieces up to this many ticks are revised as a whole, longer ones in parts, each with what is around it.
LONGEST_WHOLE, PART, CONTEXT = 1024, 512, 256


@dataclass(frozen=True)
class Stretch:
    """Part of a long piece that is revised by itself.

    Attributes
    ----------
    first, end : int
        Ticks that are looked at.
    free : bool array (V, T)
        Cells of the piece that may change.
    """

    first: int
    end: int
    free: np.ndarray


def stretches(draft: Candidates) -> Iterator[Stretch]:
    """The whole of a piece, or of a long one parts of it, so that time grows with its length and no faster.

    Notes that reach over the edge of a part stay.
    """
    ticks = draft.drawn.shape[1]
    if ticks <= LONGEST_WHOLE:
        yield Stretch(0, ticks, draft.drawn)
        return
    with_holes = np.flatnonzero(draft.drawn.any(axis=0))
    begins = draft.struck.all(0) | (draft.pitch == REST_PITCH).all(0)
    for at in range(int(with_holes[0]), int(with_holes[-1]) + 1, PART):
        inside = np.zeros_like(draft.drawn)
        inside[:, at : at + PART] = True
        for row, onsets in zip(inside, begins, strict=True):
            after = np.flatnonzero(onsets[at:])
            row[at : at + int(after[0]) if after.size else ticks] = at == 0
            if at + PART < ticks and not onsets[at + PART]:
                before = np.flatnonzero(onsets[: at + PART])
                row[int(before[-1]) if before.size else 0 :] = False
        free = draft.drawn & inside
        if free.any():
            yield Stretch(max(at - CONTEXT, 0), min(at + PART + CONTEXT, ticks), free)


def around(draft: Candidates, stretch: Stretch) -> Candidates:
    """What of the candidates is looked at; all that may not change is given."""
    span = slice(stretch.first, stretch.end)
    task, grid = draft.task, draft.task.grid
    if span == slice(0, grid.ticks):
        return draft
    given = replace(grid, pitch=draft.pitch[0], struck=draft.struck[0], known=~stretch.free)
    return replace(
        draft,
        task=replace(task, grid=given).cut(stretch.first, stretch.end),
        pitch=draft.pitch[..., span],
        struck=draft.struck[..., span],
        log_prob=draft.log_prob[..., span],
        drawn=stretch.free[:, span],
    )


def pasted(whole: Candidates, part: Candidates, stretch: Stretch) -> Candidates:
    """The candidates with the free cells of a stretch as they are in another."""
    arrays = {}
    for name in ("pitch", "struck", "log_prob"):
        array = getattr(whole, name).copy()
        inside = array[..., stretch.first : stretch.end]
        free = stretch.free[:, stretch.first : stretch.end]
        array[..., stretch.first : stretch.end] = np.where(free, getattr(part, name), inside)
        arrays[name] = array
    return replace(whole, **arrays)
