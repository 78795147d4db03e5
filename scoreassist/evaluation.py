"""Every metric that is reported anywhere."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn import AnticipationRNN
from scoreassist.networks.batches import cells, collate_padded


def piece_log_probs(
    network: AnticipationRNN,
    grids: list[Grid],
    known: Iterable[np.ndarray],
    *,
    bare: bool = False,
    batch: int = 16,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Log-probabilities of whole pieces, from their first tick to their last, untransposed.

    Parameters
    ----------
    network : AnticipationRNN
    grids : list of Grid
    known : bool array (4, ticks) for each grid
        Cells given; all others count.
    bare : bool
        Without metre, key, fermatas and repeated notes.

    Returns
    -------
    list of (pitch, articulation)
        Arrays (4, ticks) in nats, 0 where nothing is to be predicted.
    """
    items = [cells(g, k, bare=bare) for g, k in zip(grids, known, strict=True)]
    results: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0), np.zeros(0))] * len(items)
    order = sorted(range(len(items)), key=lambda i: items[i].ticks)
    network.eval()
    for at in range(0, len(order), batch):
        rows = order[at : at + batch]
        with torch.inference_mode():
            pitch, again = network.log_prob(collate_padded([items[i] for i in rows], bare=bare))
        for row, i in enumerate(rows):
            ticks = items[i].ticks
            results[i] = (pitch[row, :, :ticks].numpy(), again[row, :, :ticks].numpy())
    return results


def nll(results: list[tuple[np.ndarray, np.ndarray]], counted: list[np.ndarray]) -> dict[str, float]:
    """Mean negative log-probability over the counted cells, in nats.

    Returns
    -------
    dict
        ``nll_cell`` (mean over cells), ``nll_piece`` (mean over pieces), both of pitches alone;
        ``nll_articulation`` (mean over the same cells of what the articulation adds).
    """
    pitch = [-p[c].sum() for (p, _), c in zip(results, counted, strict=True)]
    again = [-a[c].sum() for (_, a), c in zip(results, counted, strict=True)]
    sizes = [max(int(c.sum()), 1) for c in counted]
    return {
        "nll_cell": float(sum(pitch) / sum(sizes)),
        "nll_piece": float(np.mean([p / n for p, n in zip(pitch, sizes, strict=True)])),
        "nll_articulation": float(sum(again) / sum(sizes)),
    }
