"""What a recipe is: everything that makes a shipped model, apart from the training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SPLITS = ("train", "valid")


@dataclass(frozen=True)
class Recipe:
    """How a model is trained, from its data to its card.

    Attributes
    ----------
    sizes : dataclass
        The network's configuration; its network is named by the row of `scoreassist.recipes.RECIPES`.
    options : TrainingOptions
        Or a subclass with settings of the recipe's own.
    pieces : function of a limit (None for all)
        Pieces to train on and pieces to validate on: two lists.
    windows : function of pieces and options, giving a function of the step that draws its batch
    loss : function of network, batch and options, giving a scalar in nats
    validation : function of pieces, giving a function of a network that returns figures, ``nll`` among them
    curves : dict of str to str
        Figures of the history that the card's picture shows, and what they are called there.
    data, licence : str
        As `scoreassist models` shows them.
    reviser : str, optional
        The model that revises what this one drafts.
    prepare : function of a fresh network, the pieces to train on and options, optional
        Gives the network its first weights before the training loop begins.
    chosen_on : str
        The split whose ``nll`` decides which weights are shipped, and that the other figures are of, unless their
        names begin with a split.
    axis, loss_label : str
        What the card's picture says of its ordinate and of the training loss.
    """

    sizes: Any
    options: Any
    pieces: Callable[[int | None], tuple[list[Any], list[Any]]]
    windows: Callable[[list[Any], Any], Callable[[int], Any]]
    loss: Callable[[Any, Any, Any], Any]
    validation: Callable[[list[Any]], Callable[[Any], dict[str, float]]]
    curves: dict[str, str]
    data: str
    licence: str
    reviser: str | None = None
    prepare: Callable[[Any, list[Any], Any], None] | None = None
    chosen_on: str = "valid"
    axis: str = "nats per cell"
    loss_label: str = "training loss, all masks"

    def figure(self, key: str) -> str:
        """The name of a figure of the validation, with its split."""
        return key if key.partition(" ")[0] in SPLITS else f"{self.chosen_on} {key}"
