"""How `bach-melody` is trained: the model of the paper, chorale tunes in one voice.

Hadjeres & Nielsen, *Interactive Music Generation with Positional Constraints using Anticipation-RNNs*, arXiv
1709.06404, sections 3 and 4, with the sizes and options of the authors' released code. The tunes to validate on
are in no chorale that is trained on; the released code splits windows of the same tunes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from scoreassist.corpus import Piece, chorales
from scoreassist.evaluation import LONGEST_TICKS, nll, piece_log_probs
from scoreassist.networks.anticipation_rnn.network import AnticipationConfig, AnticipationRNN, cell_log_prob
from scoreassist.networks.batch import Batch
from scoreassist.recipes.chorale import LICENCE
from scoreassist.recipes.recipe import Recipe
from scoreassist.recipes.windows import Mask, WindowOptions, Windows

DATA = (
    "sopranos of the Bach chorales of music21's corpus, train and extra rows of corpora/bach-chorales/split.json"
)
SOPRANO = (0,)
TWO_OCTAVES = 24

# Metre, key and fermata are embedded in two dimensions each.
PAPER = AnticipationConfig(
    rows=SOPRANO,
    order=SOPRANO,
    embedding=20,
    metadata=6,
    token_units=256,
    token_layers=2,
    constraint_units=256,
    constraint_layers=2,
    head_units=256,
    dropout=0.2,
    local_dropout=0.0,
    tables=False,
    relations=False,
    echo=False,
    ahead=False,
)


@dataclass(frozen=True)
class MelodyOptions(WindowOptions):
    """Training of `bach-melody`.

    Attributes
    ----------
    given : float
        A batch gives each cell with a chance drawn from 0 to this.
    """

    given: float = 0.5


def pieces(limit: int | None = None) -> tuple[list[Piece], list[Piece]]:
    """Chorales to train on, and chorales whose tune is in none of them."""
    valid = [p for p in chorales("valid") if not p.tune_in_train and p.grid.ticks < LONGEST_TICKS]
    return chorales("train", "extra")[:limit], valid[:limit]


def windows(trained: list[Piece], options: MelodyOptions) -> Windows:
    """Batches of the sopranos, in all transpositions within their range."""

    def masks(rng: np.random.Generator) -> Mask:
        share = rng.uniform(0, options.given)
        return lambda voices, ticks: np.asarray(rng.random((voices, ticks)) < share)

    return Windows([piece.grid for piece in trained], options, masks, rows=SOPRANO, largest=TWO_OCTAVES)


def loss(network: AnticipationRNN, batch: Batch, options: MelodyOptions) -> Tensor:
    """Mean negative log-probability of all cells, in nats a cell.

    Those given count too, as in the paper, where nothing but this makes the network obey them.
    """
    logits, again = network(batch)
    everything = replace(batch, known=torch.zeros_like(batch.known))
    pitch, articulation = cell_log_prob(everything, logits, again)
    count = (batch.token < logits.shape[-1]).sum().clamp(min=1)
    total: Tensor = -(pitch.sum() + articulation.sum()) / count
    return total


def validation(valid: list[Piece]) -> Callable[[AnticipationRNN], dict[str, float]]:
    """Likelihood of whole tunes of which nothing is given, and of which a random half is."""
    grids = [piece.grid for piece in valid]
    rng = np.random.default_rng(0)
    nothing = [np.zeros_like(grid.known) for grid in grids]
    half = [rng.random(grid.known.shape) < 0.5 for grid in grids]

    def hidden(known: list[np.ndarray]) -> list[np.ndarray]:
        return [(grid.known & ~k)[list(SOPRANO)] for grid, k in zip(grids, known, strict=True)]

    def validate(network: AnticipationRNN) -> dict[str, float]:
        free = nll(piece_log_probs(network, grids, nothing), hidden(nothing))
        given = nll(piece_log_probs(network, grids, half), hidden(half))
        return {
            "nll": free["nll_cell"],
            "nll_half_given": given["nll_cell"],
            "nll_articulation": free["nll_articulation"],
        }

    return validate


RECIPE = Recipe(
    sizes=PAPER,
    # The released code takes 256 windows a step at a rate of 1e-4 throughout (`--set batch=256 --set
    # learning_rate=1e-4 --set final_rate=1`), which stands far behind after as much time; see the model's card.
    options=MelodyOptions(
        steps=1200,
        batch=64,
        window=80,
        learning_rate=1e-3,
        final_rate=0.02,
        weight_decay=0.0,
        betas=(0.9, 0.999),
        clip=float("inf"),
        warmup=0,
        average=0.0,
        bare=0.0,
        unkeyed=0.5,
        unmarked=0.5,
        validate_every=100,
    ),
    pieces=pieces,
    windows=windows,
    loss=loss,
    validation=validation,
    curves={"nll": "valid, all cells hidden", "nll_half_given": "valid, half of the cells given"},
    data=DATA,
    licence=LICENCE,
)
