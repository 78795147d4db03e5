"""Likelihood of whole pieces in any order, as Coconet reports it (Huang et al., ISMIR 2017).

The chain rule holds for every order of a piece's N cells. Its mean over all orders is the mean over sizes n = 1 to
N, uniformly, of the mean negative log-probability of a cell among n hidden ones, the other N - n shown. So it is
estimated from random sets of some sizes, without N runs of the network. Where little is shown, each cell more
tells much: there the sizes lie densely, the square root of what is shown being evenly spread, and weigh less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from scoreassist.grid.voices import Grid
from scoreassist.networks.batches import cells, collate_padded
from scoreassist.networks.revision.network import RevisionNetwork, hidden_cells


@dataclass(frozen=True)
class PieceFigures:
    """Mean negative log-probabilities of each piece's cells over random orders, in nats.

    Attributes
    ----------
    pitch, articulation : float arrays (pieces,)
        Meaningless where a piece has no cells.
    cells : int array (pieces,)
    draws : int
        Sets of hidden cells a piece.
    """

    pitch: np.ndarray
    articulation: np.ndarray
    cells: np.ndarray
    draws: int

    def means(self, chosen: Sequence[int] | None = None) -> dict[str, float]:
        """The figures of `any_order_nll` over all pieces, or some of them; those without cells do not count."""
        rows = np.arange(len(self.cells)) if chosen is None else np.asarray(chosen)
        rows = rows[self.cells[rows] > 0]
        sizes = self.cells[rows]
        return {
            "nll_cell": float(np.average(self.pitch[rows], weights=sizes)),
            "nll_piece": float(np.mean(self.pitch[rows])),
            "nll_articulation": float(np.average(self.articulation[rows], weights=sizes)),
            "cells": int(sizes.sum()),
            "pieces": len(rows),
            "draws": self.draws,
        }


def any_order_nll(
    network: RevisionNetwork, grids: list[Grid], *, bare: bool = False, seed: int = 0, draws: int = 8
) -> dict[str, float]:
    """Mean negative log-probability of a cell, over cells and random orders.

    Parameters
    ----------
    network : RevisionNetwork
    grids : list of Grid
    bare : bool
        Pitches alone: without metre, key, fermatas and repeated notes, as published work has it.
    seed : int
        Of the sets of hidden cells.
    draws : int
        Sets a piece, each of another size.

    Returns
    -------
    dict
        ``nll_cell`` (mean over cells) and ``nll_piece`` (mean over pieces) in nats, of pitches;
        ``nll_articulation`` (mean over cells) of held or struck, 0 if `bare`; ``cells, pieces, draws``.
    """
    return any_order_pieces(network, grids, bare=bare, seed=seed, draws=draws).means()


def any_order_pieces(
    network: RevisionNetwork,
    grids: Sequence[Grid],
    *,
    bare: bool = False,
    seed: int = 0,
    draws: int = 8,
    progress: Callable[[int], None] | None = None,
) -> PieceFigures:
    """The same piece by piece; parameters as `any_order_nll` has them.

    Parameters
    ----------
    progress : function of the number of pieces read, optional
    """
    network.eval()
    pitch, articulation, sizes = [], [], []
    shown = 1 - (np.arange(draws) + 0.5) / draws  # the square root of the share of cells shown
    weight = 2 * shown / draws  # of a share of cells; they sum to one
    for index, grid in enumerate(grids):
        rng = np.random.default_rng((seed, index))
        count = int(grid.known.sum())
        item = cells(grid, grid.known, bare=bare)
        counts = np.ceil((1 - shown**2) * count).astype(int)
        sets = [replace(item, known=grid.known & ~random_cells(rng, grid.known, n)) for n in counts]
        batch = collate_padded(sets, bare=bare)
        with torch.inference_mode():
            log_prob = network.log_prob(batch)
        hidden = hidden_cells(batch).sum((1, 2))
        means = [(-part.sum((1, 2)) / hidden).numpy() for part in log_prob]
        pitch.append(float(means[0] @ weight))
        articulation.append(float(means[1] @ weight))
        sizes.append(count)
        if progress is not None:
            progress(1)
    return PieceFigures(np.array(pitch), np.array(articulation), np.array(sizes, dtype=int), draws)


def random_cells(rng: np.random.Generator, there: np.ndarray, count: int) -> np.ndarray:
    """So many cells, of those that are there: bool array."""
    chosen = np.zeros(there.size, dtype=bool)
    chosen[rng.permutation(np.flatnonzero(there))[:count]] = True
    return chosen.reshape(there.shape)
