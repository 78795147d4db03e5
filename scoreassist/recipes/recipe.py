"""What a recipe is: everything that makes a shipped model, apart from the training loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
