"""How each shipped model is trained: a file each, and a row each in `RECIPES`.

Listing the rows imports no torch; a recipe is read when something is trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from scoreassist.errors import RequestError
from scoreassist.recipes.recipe import Recipe


@dataclass(frozen=True)
class Row:
    """A model that can be trained.

    Attributes
    ----------
    network : a key of `scoreassist.networks.store.NETWORKS`
    corpus : str
        As ``--corpus`` names it; a network and a corpus name a row.
    module : str
        With the constant `RECIPE`.
    summary : str
        What the model does, in a line.
    """

    network: str
    corpus: str
    module: str
    summary: str


# By the name of the model; the first row of a network has its default corpus.
RECIPES: dict[str, Row] = {
    "bach-chorale": Row(
        "anticipation-rnn",
        "bach-chorales",
        "scoreassist.recipes.chorale",
        "four-part harmony in the manner of Bach's chorales",
    ),
    "bach-melody": Row(
        "anticipation-rnn",
        "bach-sopranos",
        "scoreassist.recipes.melody",
        "chorale tunes, one voice: the model of the paper",
    ),
    "bach-revision": Row(
        "revision",
        "bach-chorales",
        "scoreassist.recipes.revision",
        "revises four-part harmony, seeing what comes before and after",
    ),
    "deephear": Row(
        "deephear",
        "ragtime",
        "scoreassist.recipes.deephear",
        "ragtime for piano: what goes with a melody, by gradient descent on a code",
    ),
    "deephear-2015": Row(
        "deephear-2015",
        "ragtime",
        "scoreassist.recipes.deephear_2015",
        "DeepHear as published, to compare with: ragtime for piano, by gradient descent on a code",
    ),
    "ragtime-melody": Row(
        "anticipation-rnn",
        "ragtime-melodies",
        "scoreassist.recipes.ragtime_melody",
        "ragtime melodies, one voice: the top line of a pianist's right hand",
    ),
}


def networks() -> list[str]:
    """Networks for which there are recipes."""
    return list(dict.fromkeys(row.network for row in RECIPES.values()))


def recipe_name(network: str, corpus: str | None = None) -> str:
    """The model that a network trained on a corpus is; without a corpus the network's first.

    Raises
    ------
    RequestError
        There is no such recipe.
    """
    rows = {row.corpus: name for name, row in RECIPES.items() if row.network == network}
    if not rows:
        raise RequestError(f"there is no recipe for '{network}'; there are some for {', '.join(networks())}")
    if corpus is None:
        return next(iter(rows.values()))
    if corpus not in rows:
        raise RequestError(f"{network} is not trained on '{corpus}'; it is on {', '.join(rows)}")
    return rows[corpus]


def load_recipe(name: str) -> Recipe:
    """The recipe of a model; torch is imported here.

    Raises
    ------
    RequestError
        There is no such recipe.
    """
    if name not in RECIPES:
        raise RequestError(f"there is no recipe for '{name}'; the recipes are {', '.join(RECIPES)}")
    recipe: Recipe = import_module(RECIPES[name].module).RECIPE
    return recipe
