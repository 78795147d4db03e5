"""How `bach-chorale` is trained: four voices, any of whose cells may be given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scoreassist.corpus import Piece, chorales
from scoreassist.evaluation import LONGEST_TICKS, nll, piece_log_probs
from scoreassist.networks.anticipation_rnn.network import AnticipationConfig, AnticipationRNN, cell_log_prob
from scoreassist.networks.batch import Batch
from scoreassist.recipes.recipe import Recipe
from scoreassist.recipes.windows import Mask, WindowOptions, Windows

DATA = "Bach chorales of music21's corpus, train and extra rows of corpora/bach-chorales/split.json"
LICENCE = "weights: MIT; the chorales are in the public domain, their encoding is part of music21's corpus"


@dataclass(frozen=True)
class ChoraleOptions(WindowOptions):
    """Training of `bach-chorale`.

    Attributes
    ----------
    past_dropout : float
        Share of past cells hidden from the token LSTM.
    smoothing : float
        Label smoothing of the pitch.
    played : bool
        Read chorales with repeats also as they are played, so that it is learned what returns.
    """

    past_dropout: float = 0.25
    smoothing: float = 0.0
    played: bool = True


def pieces(limit: int | None = None) -> tuple[list[Piece], list[Piece]]:
    """Chorales to train on, and to validate on."""
    valid = [piece for piece in chorales("valid")[:limit] if piece.grid.ticks < LONGEST_TICKS]
    return chorales("train", "extra")[:limit], valid


def windows(trained: list[Piece], options: ChoraleOptions) -> Windows:
    """Batches of the chorales."""
    grids = [piece.grid for piece in trained]
    if options.played:
        played = [piece.grid.played(piece.order) for piece in trained]
        grids += [again for again, once in zip(played, grids, strict=True) if again.ticks > once.ticks]
    return Windows(grids, options, masks)


def masks(rng: np.random.Generator) -> Mask:
    """Another random mask for each window."""
    return lambda voices, ticks: random_mask(rng, voices, ticks)


def random_mask(rng: np.random.Generator, voices: int, ticks: int) -> np.ndarray:
    """Which cells are known: nothing, whole voices, all but a region, or scattered spans and cells.

    Returns
    -------
    bool array (voices, ticks)
    """
    known = np.zeros((voices, ticks), dtype=bool)
    kind = rng.random()
    if kind < 0.35:
        return known
    if kind < 0.60:
        known[_given_voices(rng, voices)] = True
        return known
    if kind < 0.80:
        known[:] = True
        span = int(rng.integers(8, 65))
        start = int(rng.integers(-span // 2, max(ticks - span // 2, 1)))
        hidden = rng.random(voices) < (1.0 if rng.random() < 0.5 else 0.5)
        known[hidden, max(start, 0) : max(start + span, 0)] = False
        return known
    share = rng.uniform(0, 0.5)
    if rng.random() < 0.5:
        return np.asarray(rng.random((voices, ticks)) < share)
    for _ in range(int(rng.integers(1, 9))):
        voice, start = int(rng.integers(voices)), int(rng.integers(ticks))
        known[voice, start : start + int(rng.integers(1, 33))] = True
    return known


def _given_voices(rng: np.random.Generator, voices: int) -> np.ndarray:
    """The soprano, the bass, both, or any."""
    choice = rng.random()
    if choice < 0.7:
        given = np.zeros(voices, dtype=bool)
        given[[0] if choice < 0.45 else [-1] if choice < 0.6 else [0, -1]] = True
        return given
    return np.asarray(rng.random(voices) < 0.5)


def loss(network: AnticipationRNN, batch: Batch, options: ChoraleOptions) -> Tensor:
    """Mean negative log-probability of the hidden cells, articulation included, in nats a cell."""
    logits, again = network(batch, options.past_dropout)
    pitch, articulation = cell_log_prob(batch, logits, again)
    hidden = (~batch.known & (batch.token < logits.shape[-1])).float()
    count = hidden.sum().clamp(min=1)
    total: Tensor = -(pitch.sum() + articulation.sum()) / count
    if options.smoothing:
        uniform = -(torch.log_softmax(logits, -1).mean(-1) * hidden).sum() / count
        total = (1 - options.smoothing) * total + options.smoothing * uniform
    return total


def validation(valid: list[Piece]) -> Callable[[AnticipationRNN], dict[str, float]]:
    """Likelihood of whole chorales of which nothing is given, and of their pitches alone."""
    grids = [piece.grid for piece in valid]
    nothing = [np.zeros_like(grid.known) for grid in grids]
    counted = [grid.known for grid in grids]

    def validate(network: AnticipationRNN) -> dict[str, float]:
        full = nll(piece_log_probs(network, grids, nothing), counted)
        bare = nll(piece_log_probs(network, grids, nothing, bare=True), counted)
        return {
            "nll": full["nll_cell"],
            "nll_bare": bare["nll_cell"],
            "nll_articulation": full["nll_articulation"],
        }

    return validate


RECIPE = Recipe(
    sizes=AnticipationConfig(),
    options=ChoraleOptions(steps=3000, weight_decay=0.3, validate_every=250),
    pieces=pieces,
    windows=windows,
    loss=loss,
    validation=validation,
    curves={"nll": "valid, all cells hidden", "nll_bare": "valid, pitches alone"},
    data=DATA,
    licence=LICENCE,
    reviser="bach-revision",
)
