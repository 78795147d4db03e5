"""How `ragtime-melody` is trained: the top line of Joplin's rags, any of whose cells may be given.

The network of `bach-chorale` with one voice: rags return to what they have said, so that echoes are worth much,
and intervals let one key teach the others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scoreassist.corpus import RagPiece, ragtime
from scoreassist.corpus.ragtime import LICENCE
from scoreassist.evaluation import nll, piece_log_probs
from scoreassist.grid.vocabulary import HIGHEST, LOWEST
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn.network import AnticipationConfig, AnticipationRNN
from scoreassist.networks.melodies import melody_grid
from scoreassist.recipes.chorale import ChoraleOptions, loss
from scoreassist.recipes.recipe import Recipe
from scoreassist.recipes.windows import LARGEST_TRANSPOSITION, Mask, WindowOptions, Windows, allowed_transpositions

DATA = "top line of the right hand of Scott Joplin's rags in 2/4, train rows of corpora/ragtime/split.json"
MELODY = (0,)
LONGEST_HOLE = 96  # ticks: twelve measures

SIZES = AnticipationConfig(
    rows=MELODY,
    order=MELODY,
    token_units=256,
    token_layers=1,
    constraint_units=128,
    constraint_layers=1,
    head_units=160,
    dropout=0.5,
    local_dropout=0.3,
    tables=False,
)


def grid_of(piece: RagPiece) -> Grid:
    """The melody of a rag, as printed, as a grid of one voice."""
    roll = piece.roll
    return melody_grid(roll.melody, roll.melody_struck, roll.place, roll.fifths, roll.measure)


def pieces(limit: int | None = None) -> tuple[list[RagPiece], list[RagPiece]]:
    """Rags to train on, and to validate on."""
    return ragtime("train")[:limit], ragtime("valid")[:limit]


class MelodyWindows(Windows):
    """Windows of melodies, in all transpositions within the vocabulary."""

    def __init__(
        self, grids: list[Grid], options: WindowOptions, masks: Callable[[np.random.Generator], Mask]
    ) -> None:
        super().__init__(grids, options, masks, rows=MELODY)
        everything = [(LOWEST, HIGHEST)]
        self.shifts = [allowed_transpositions(g.pitch, everything, LARGEST_TRANSPOSITION) for g in grids]


def windows(trained: list[RagPiece], options: ChoraleOptions) -> Windows:
    """Batches of the melodies."""
    return MelodyWindows([grid_of(piece) for piece in trained], options, masks)


def masks(rng: np.random.Generator) -> Mask:
    """Another random mask for each window."""
    return lambda voices, ticks: random_mask(rng, voices, ticks)


def random_mask(rng: np.random.Generator, voices: int, ticks: int) -> np.ndarray:
    """Which cells are known: nothing, all but a hole, some spans, or, most often, scattered cells.

    With few pieces a network learns what comes next by heart before it listens to what is given later, unless much
    is.

    Returns
    -------
    bool array (voices, ticks)
    """
    known = np.zeros((voices, ticks), dtype=bool)
    kind = rng.random()
    if kind < 0.25:
        return known
    if kind < 0.45:
        hole = int(rng.integers(8, LONGEST_HOLE + 1))
        start = int(rng.integers(-hole // 2, max(ticks - hole // 2, 1)))
        known[:] = True
        known[:, max(start, 0) : max(start + hole, 0)] = False
        return known
    if kind < 0.6:
        for _ in range(int(rng.integers(1, 13))):
            start = int(rng.integers(ticks))
            known[:, start : start + int(rng.integers(1, 9))] = True
        return known
    return np.asarray(rng.random((voices, ticks)) < rng.uniform(0, 0.9))


def validation(valid: list[RagPiece]) -> Callable[[AnticipationRNN], dict[str, float]]:
    """Likelihood of whole melodies of which nothing is given, and of which a random half is."""
    grids = [grid_of(piece) for piece in valid]
    rng = np.random.default_rng(0)
    nothing = [np.zeros_like(grid.known) for grid in grids]
    half = [rng.random(grid.known.shape) < 0.5 for grid in grids]

    def figures(network: AnticipationRNN, known: list[np.ndarray]) -> dict[str, float]:
        hidden = [grid.known & ~k for grid, k in zip(grids, known, strict=True)]
        return nll(piece_log_probs(network, grids, known), hidden)

    def validate(network: AnticipationRNN) -> dict[str, float]:
        free, given = figures(network, nothing), figures(network, half)
        return {
            "nll": free["nll_cell"] + free["nll_articulation"],
            "nll_pitch": free["nll_cell"],
            "nll_half_given": given["nll_cell"] + given["nll_articulation"],
        }

    return validate


RECIPE = Recipe(
    sizes=SIZES,
    options=ChoraleOptions(
        steps=1000, batch=32, window=128, weight_decay=0.3, bare=0.0, unkeyed=0.1, unmarked=0.0, validate_every=100
    ),
    pieces=pieces,
    windows=windows,
    loss=loss,
    validation=validation,
    curves={"nll": "valid, all cells hidden", "nll_half_given": "valid, half of the cells given"},
    data=DATA,
    licence=LICENCE,
)
