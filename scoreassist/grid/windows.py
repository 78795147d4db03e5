"""What of a long score a model has to look at: its holes, and some measures around each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scoreassist.grid.passage import Passage
from scoreassist.grid.voices import Grid

# Measures before and after a hole that are looked at with it.
BEFORE, AFTER = 4, 2


def windows(passage: Passage) -> Iterator[tuple[int, int]]:
    """First tick and end of each stretch that a model has to fill.

    A voice that the score lacks is sampled as well, so that what is written fits into four-part harmony. It is
    needed near the holes only; where all else is known, the whole score is one stretch.
    """
    spans = list(_spans(passage))
    inside = np.zeros(passage.grid.ticks, dtype=bool)
    for first, end in spans:
        inside[first:end] = True
    if passage.grid.known[:, ~inside].all():
        spans = [(0, passage.grid.ticks)]
    yield from spans


def _spans(passage: Passage) -> Iterator[tuple[int, int]]:
    """Measures around the holes, from tick to tick, joined where they meet."""
    grid = passage.grid
    last_measure = int(grid.measure[-1])
    span: tuple[int, int] | None = None
    for index in np.unique(grid.measure[passage.fill.any(axis=0)]).tolist():
        after = min(index + AFTER, last_measure)
        while after < last_measure and not _begins(grid, index + 1, after):
            after += 1
        first, end = grid.measure_ticks(max(index - BEFORE, 0))[0], grid.measure_ticks(after)[1]
        if span is not None and first <= span[1]:
            span = span[0], max(end, span[1])
            continue
        if span is not None:
            yield span
        span = first, end
    if span is not None:
        yield span


def _begins(grid: Grid, first: int, last: int) -> bool:
    """Whether a given note begins in some measures; until then the last one sounds, which is no end of a piece."""
    start, stop = grid.measure_ticks(first)[0], grid.measure_ticks(last)[1]
    return bool((grid.known & grid.struck)[:, start:stop].any())
