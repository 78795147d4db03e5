"""A variation writes whole stretches anew, and no more than it was asked to."""

from __future__ import annotations

import numpy as np
import pytest
from shorthand import Staff
from wishing import to_complete

from scoreassist.grid.passage import Passage
from scoreassist.grid.varying import LONGEST, stretches, to_vary

QUARTERS = " | ".join(["c5:q d5:q e5:q f5:q"] * 4)
HALVES = " | ".join(["c4:h g4:h"] * 4)


def whole() -> Passage:
    return to_complete(
        Staff(QUARTERS, name="Soprano"), Staff(HALVES, name="Alto"), measures="1-4", of=["Soprano", "Alto"]
    )


def test_stretches_begin_where_all_voices_move():
    passage = whole()
    assert stretches(passage.fill, passage.grid.struck)[:3] == [(0, 8), (8, 16), (16, 24)]


def test_what_never_moves_together_is_cut_where_some_voice_moves():
    fill, struck = np.ones((2, 32), dtype=bool), np.zeros((2, 32), dtype=bool)
    struck[:, 0] = True
    struck[0, ::4] = True
    spans = stretches(fill, struck)
    assert spans[0][0] == 0
    assert spans[-1][1] == 32
    assert all(end - first <= LONGEST for first, end in spans)
    assert [end for _, end in spans[:-1]] == [first for first, _ in spans[1:]]


@pytest.mark.parametrize("near", [0.0, 0.25, 0.6, 1.0])
def test_a_share_of_the_cells_stays(near):
    passage = whole()
    chosen = to_vary(passage, near, seed=1)
    assert (chosen <= passage.fill).all()
    share = 1 - chosen.sum() / passage.fill.sum()
    assert near <= share <= near + 0.15


def test_another_seed_chooses_other_stretches():
    passage = whole()
    first, again, other = (to_vary(passage, 0.5, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_seed_below_zero_is_another_seed():
    passage = whole()
    assert any((to_vary(passage, 0.5, seed) != to_vary(passage, 0.5, -seed)).any() for seed in (1, 2, 3))
