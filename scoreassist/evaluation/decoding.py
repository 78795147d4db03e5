"""Greedy decoding: the likeliest token cell by cell, fed back; how much of it is what Bach wrote.

Hidden cells are decoded tick by tick in the network's order of voices, each given the cells decoded before it and
the known ones; no rule of voice leading and no settled ending helps. *Token error* is the share of hidden cells
whose pitch differs from Bach's, *frame error* the share of ticks with hidden cells in which any differs;
so BachBot is measured (Liang, *BachBot*, Cambridge 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scoreassist.grid.holes import FREE
from scoreassist.grid.vocabulary import REST_PITCH, tokens
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn.filler import AnticipationFiller
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
from scoreassist.networks.filler import Task
from scoreassist.sampling import SamplingOptions

GREEDY = SamplingOptions(candidates=1, rules=(), greedy=True)


def decode(network: AnticipationRNN, grid: Grid, known: np.ndarray, *, bare: bool = False) -> Grid:
    """Fill the cells that are not known with what the network finds likeliest, one after the other.

    Parameters
    ----------
    network : AnticipationRNN
    grid : Grid
        Only its known cells are read, and its metre, keys and fermatas.
    known : bool array (4, ticks)
    bare : bool
        Without metre, key, fermatas and repeated notes.
    """
    known = known & grid.known
    holes = replace(grid, pitch=np.where(known, grid.pitch, REST_PITCH), struck=grid.struck & known, known=known)
    task = Task(holes, np.zeros_like(known), np.full(known.shape, FREE))
    return AnticipationFiller(network, unaided=True, bare=bare).fill(task, GREEDY).grid


def wrong_cells(decoded: Grid, truth: Grid, hidden: np.ndarray) -> np.ndarray:
    """Hidden cells, bool (4, ticks), at which a decoded grid has not the true pitch."""
    return np.asarray(hidden & (tokens(decoded.pitch) != tokens(truth.pitch)))


def errors(wrong: Sequence[np.ndarray], hidden: Sequence[np.ndarray]) -> dict[str, float]:
    """Token and frame error over all pieces.

    Parameters
    ----------
    wrong, hidden : bool array (voices, ticks) for each piece

    Returns
    -------
    dict
        ``token_error`` (share of hidden cells), ``frame_error`` (share of ticks that have hidden cells).
    """
    cells = sum(int(h.sum()) for h in hidden)
    frames = sum(int(h.any(axis=0).sum()) for h in hidden)
    return {
        "token_error": sum(int(w.sum()) for w in wrong) / max(cells, 1),
        "frame_error": sum(int(w.any(axis=0).sum()) for w in wrong) / max(frames, 1),
    }
