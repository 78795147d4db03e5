"""How `bach-revision` is trained: on the windows of `bach-chorale`, under masks of any shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from scoreassist.corpus import Piece
from scoreassist.grid.vocabulary import UNKNOWN
from scoreassist.networks.batch import Batch
from scoreassist.networks.batches import collate
from scoreassist.networks.revision.any_order import any_order_nll, random_cells
from scoreassist.networks.revision.network import RevisionConfig, RevisionNetwork, hidden_cells
from scoreassist.recipes.chorale import DATA, LICENCE, pieces
from scoreassist.recipes.recipe import Recipe
from scoreassist.recipes.windows import WindowOptions, Windows

LONGEST_SPAN = 24  # ticks
VALIDATED = 3  # every third piece is looked at while training


@dataclass(frozen=True)
class RevisionOptions(WindowOptions):
    """Training of `bach-revision`.

    Attributes
    ----------
    orderless : float
        Share of windows whose hidden cells are a random set of random size, each predicted by itself (Coconet's
        objective). In the others spans, passages and voices are hidden, to be predicted one after the other.
    """

    steps: int = 2600
    average: float = 0.998
    validate_every: int = 200
    orderless: float = 0.45


@dataclass(frozen=True)
class Masked:
    """A batch, and in which of its windows the heads are shown earlier hidden cells: bool (B,)."""

    batch: Batch
    causal: Tensor


class MaskedWindows:
    """Batches of random windows with random cells hidden, the same for the same seed and step."""

    def __init__(self, trained: list[Piece], options: RevisionOptions) -> None:
        self.options = options
        self.windows = Windows([piece.grid for piece in trained], options, _everything)

    def __call__(self, step: int) -> Masked:
        """The batch of a step."""
        rng = np.random.default_rng((self.options.seed, step, 1))
        items, causal = [], []
        for item in self.windows.windows(step):
            orderless = bool(rng.random() < self.options.orderless)
            hide = scattered if orderless else together
            items.append(replace(item, known=item.known & ~hide(rng, item.token, item.struck)))
            causal.append(not orderless)
        return Masked(collate(items), torch.tensor(causal))


def _everything(rng: np.random.Generator) -> Callable[[int, int], np.ndarray]:
    return lambda voices, ticks: np.ones((voices, ticks), dtype=bool)


def scattered(rng: np.random.Generator, token: np.ndarray, struck: np.ndarray) -> np.ndarray:
    """Cells to hide: a random set of random size, uniform over sizes."""
    there = token != UNKNOWN
    return random_cells(rng, there, int(rng.integers(1, there.sum() + 1)))


def together(rng: np.random.Generator, token: np.ndarray, struck: np.ndarray) -> np.ndarray:
    """Cells to hide that belong together: passages at regular distances, spans of a voice, voices, a region.

    Parameters
    ----------
    rng : numpy Generator
    token, struck : arrays (voices, ticks)

    Returns
    -------
    bool array (voices, ticks)
    """
    voices, ticks = token.shape
    hidden = np.zeros((voices, ticks), dtype=bool)
    kind = rng.random()
    if kind < 0.4:
        length, distance = int(rng.integers(2, 17)), int(rng.integers(4, 25))
        at = (np.arange(ticks) + int(rng.integers(64))) % (length + distance)
        hidden[some_voices(rng, voices)] = at < length
    elif kind < 0.7:
        for _ in range(int(rng.integers(1, 25))):
            voice, start = int(rng.integers(voices)), int(rng.integers(ticks))
            hidden[voice, start : start + int(rng.integers(1, LONGEST_SPAN + 1))] = True
    elif kind < 0.85:
        hidden[some_voices(rng, voices)] = True
    else:
        start, length = int(rng.integers(ticks)), int(rng.integers(8, 65))
        hidden[:, start : start + length] = True
        if rng.random() < 0.5:
            hidden[0] = False
    if rng.random() < 0.6:
        hidden = whole_notes(hidden, token, struck)
    return hidden


def some_voices(rng: np.random.Generator, voices: int) -> np.ndarray:
    """The lower voices, any voices, or one: bool (voices,)."""
    chosen = np.zeros(voices, dtype=bool)
    kind = rng.random()
    if kind < 0.4:
        chosen[1:] = True
    elif kind < 0.7:
        chosen[int(rng.integers(voices))] = True
    else:
        chosen = rng.random(voices) < 0.6
    return chosen


def whole_notes(hidden: np.ndarray, token: np.ndarray, struck: np.ndarray) -> np.ndarray:
    """Hide the rest of every note of which something is hidden: bool (voices, ticks)."""
    begins = struck.astype(bool)
    begins[:, 0] = True
    begins[:, 1:] |= token[:, 1:] != token[:, :-1]
    note = np.cumsum(begins, axis=1) - 1  # index of each cell's note in its voice
    grown = np.zeros_like(hidden)
    for voice in range(len(hidden)):
        touched = np.bincount(note[voice], weights=hidden[voice]) > 0
        grown[voice] = touched[note[voice]]
    return grown


def loss(network: RevisionNetwork, masked: Masked, options: RevisionOptions) -> Tensor:
    """Mean over windows of the mean negative log-probability of their hidden cells, in nats, with articulation.

    For sets of uniformly random size this is the mean over all orders of a window's cells (orderless NADE).
    """
    pitch, articulation = network.log_prob(masked.batch, masked.causal)
    count = hidden_cells(masked.batch).sum((1, 2))
    total: Tensor = -((pitch + articulation).sum((1, 2)) / count.clamp(min=1)).sum()
    return total / (count > 0).sum().clamp(min=1)


def validation(valid: list[Piece]) -> Callable[[RevisionNetwork], dict[str, float]]:
    """Likelihood in any order, with metre, key and fermatas, and of pitches alone."""
    grids = [piece.grid for piece in valid[::VALIDATED]]

    def validate(network: RevisionNetwork) -> dict[str, float]:
        full = any_order_nll(network, grids, draws=4)
        bare = any_order_nll(network, grids, bare=True, draws=4)
        return {
            "nll": full["nll_cell"],
            "nll_bare": bare["nll_cell"],
            "nll_articulation": full["nll_articulation"],
        }

    return validate


RECIPE = Recipe(
    sizes=RevisionConfig(),
    options=RevisionOptions(),
    pieces=pieces,
    windows=MaskedWindows,
    loss=loss,
    validation=validation,
    curves={"nll": "valid, any order", "nll_bare": "valid, any order, pitches alone"},
    data=DATA,
    licence=LICENCE,
)
