"""How likely a network finds Bach, cell by cell, exactly.

Figures are of the cells that a task hides: negative log-probability in nats by the chain rule in the order in
which cells are drawn, given the known ones. Held frames and rests count as ordinary cells, pieces are read whole
and untransposed, as in published work on the JSB Chorales (Huang et al., *Music Transformer*, ICLR 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN, cell_log_prob
from scoreassist.networks.batches import Cells, cells, collate_padded

BATCH = 16


@dataclass(frozen=True)
class PieceScore:
    """What a network thinks of one piece's cells, the true past given.

    Attributes
    ----------
    pitch, articulation : float arrays (voices, ticks)
        Log-probabilities in nats, 0 where nothing is to be predicted.
    guessed : bool array (voices, ticks)
        Whether the true pitch is the likeliest; meaningless where nothing is to be predicted.
    """

    pitch: np.ndarray
    articulation: np.ndarray
    guessed: np.ndarray


def score_pieces(
    network: AnticipationRNN,
    grids: Sequence[Grid],
    known: Iterable[np.ndarray],
    *,
    bare: bool = False,
    batch: int = BATCH,
) -> list[PieceScore]:
    """Log-probabilities of whole pieces, from their first tick to their last, untransposed.

    Parameters
    ----------
    network : AnticipationRNN
    grids : sequence of Grid
    known : bool array (4, ticks) for each grid
        Cells given; all others count.
    bare : bool
        Without metre, key, fermatas and repeated notes.
    batch : int
        Most pieces that are read at once.

    Notes
    -----
    Only pieces of one length are read together: what stands after the end is then the same for all, and as it is
    when cells are drawn. The constraint LSTM comes from there, and hears how far the end is padded.
    """
    items = [cells(g, k, bare=bare, rows=network.config.rows) for g, k in zip(grids, known, strict=True)]
    scores: dict[int, PieceScore] = {}
    network.eval()
    for rows in _of_one_length(items, batch):
        with torch.inference_mode():
            together = collate_padded([items[i] for i in rows], bare=bare)
            logits, again = network(together)
            pitch, articulation = cell_log_prob(together, logits, again)
            guessed = logits.argmax(-1) == together.token
        for row, i in enumerate(rows):
            ticks = items[i].ticks
            scores[i] = PieceScore(*(x[row, :, :ticks].numpy() for x in (pitch, articulation, guessed)))
    return [scores[i] for i in range(len(items))]


def _of_one_length(items: Sequence[Cells], most: int) -> Iterator[list[int]]:
    """Indices of items of the same number of ticks, so many at once."""
    by_length: dict[int, list[int]] = {}
    for index, item in enumerate(items):
        by_length.setdefault(item.ticks, []).append(index)
    for indices in by_length.values():
        for at in range(0, len(indices), most):
            yield indices[at : at + most]


def piece_log_probs(
    network: AnticipationRNN,
    grids: Sequence[Grid],
    known: Iterable[np.ndarray],
    *,
    bare: bool = False,
    batch: int = BATCH,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The log-probabilities of `score_pieces` alone: (pitch, articulation) for each piece."""
    return [(s.pitch, s.articulation) for s in score_pieces(network, grids, known, bare=bare, batch=batch)]


def piece_nll(scores: Sequence[np.ndarray], counted: Sequence[np.ndarray]) -> np.ndarray:
    """Mean negative log-probability over each piece's counted cells: float (pieces with any,), nats.

    Parameters
    ----------
    scores : float array (voices, ticks) of log-probabilities for each piece
    counted : bool array (voices, ticks) for each piece
    """
    return np.array([-float(s[c].mean()) for s, c in zip(scores, counted, strict=True) if c.any()])


def nll(results: Sequence[tuple[np.ndarray, np.ndarray]], counted: Sequence[np.ndarray]) -> dict[str, float]:
    """Mean negative log-probability over the counted cells, in nats; pieces without such cells do not count.

    Returns
    -------
    dict
        ``nll_cell`` (mean over cells), ``nll_piece`` (mean over pieces), both of pitches alone;
        ``nll_articulation`` (mean over the same cells of what the articulation adds).
    """
    sizes = np.array([int(c.sum()) for c in counted if c.any()])
    pitch = piece_nll([p for p, _ in results], counted)
    articulation = piece_nll([a for _, a in results], counted)
    return {
        "nll_cell": float((pitch * sizes).sum() / sizes.sum()),
        "nll_piece": float(pitch.mean()),
        "nll_articulation": float((articulation * sizes).sum() / sizes.sum()),
    }
