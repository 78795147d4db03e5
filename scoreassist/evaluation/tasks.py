"""What is measured on: the chorales, or the melodies of rags, of a split; and which of their cells are given.

A *task* says what is given; every other cell is hidden, and counted. Axes are (voice, tick).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scoreassist.corpus import Piece, chorales, jsb_sixteenths, ragtime
from scoreassist.errors import RequestError
from scoreassist.grid.voices import Grid
from scoreassist.networks.melodies import melody_grid

VOICES = ("soprano", "alto", "tenor", "bass")

TASKS = {
    "free": "nothing given",
    "harmonize": "soprano given",
    "bass": "bass given",
    "inner": "soprano and bass given",
    "region": "all given but two measures in all voices",
    "cells": "a random half of the cells given",
}

# For networks that see both sides: the mean over all orders in which a piece's cells may come.
ANY_ORDER = "any-order"

# Tasks that give whole voices, and which.
GIVEN_VOICES: dict[str, tuple[int, ...]] = {"free": (), "harmonize": (0,), "bass": (3,), "inner": (0, 3)}

REGION_TICKS = 32  # two measures of common time
CELLS_GIVEN = 0.5

SPLITS = ("valid", "test")

# The corpus of melodies of rags, as `scoreassist.recipes` names it; all others are chorales.
MELODIES = "ragtime-melodies"

# A chorale with orchestral interludes, four times as long as any other and three quarters silence.
LONGEST_TICKS = 1000


@dataclass(frozen=True)
class Exam:
    """Pieces, and what of each is given.

    Attributes
    ----------
    data : str
        Where the pieces come from.
    bare : bool
        Whether pitches are all that is known of them.
    rows : tuple of int
        The voices that are read and written; V of them.
    grids : list of Grid
        The whole truth, in four voices, or in one.
    known : list of bool arrays of their shapes
        Cells given.
    hidden : list of bool arrays (V, ticks)
        Cells that count; one of which the corpus knows nothing is neither given nor hidden.
    unseen : list of bool
        For each piece, whether its tune is in no training chorale; False where nobody knows.
    """

    data: str
    bare: bool
    rows: tuple[int, ...]
    grids: list[Grid]
    known: list[np.ndarray]
    hidden: list[np.ndarray]
    unseen: list[bool]


def split_pieces(split: str, limit: int | None = None) -> list[Piece]:
    """The chorales of a split that figures are of, or the first few of them.

    Raises
    ------
    RequestError
        There is no such split, or the limit leaves nothing.
    """
    _check_split(split, limit)
    return [piece for piece in chorales(split) if piece.grid.ticks < LONGEST_TICKS][:limit]


def melody_grids(split: str, limit: int | None = None) -> list[Grid]:
    """The melodies of a split's rags, or of the first few of them, as grids of one voice.

    Raises
    ------
    InputError
        The corpus has not been built.
    """
    rolls = [piece.roll for piece in ragtime(split)[:limit]]
    return [melody_grid(roll.melody, roll.melody_struck, roll.place, roll.fifths, roll.measure) for roll in rolls]


def count_pieces(
    split: str, *, jsb16: str | Path | None = None, limit: int | None = None, corpus: str | None = None
) -> int:
    """How many pieces an exam has; parameters and errors as `set_exam` has them."""
    _check_split(split, limit)
    if corpus == MELODIES and jsb16 is None:
        return len(ragtime(split)[:limit])
    return len(split_pieces(split, limit) if jsb16 is None else jsb_sixteenths(jsb16, split)[:limit])


def set_exam(
    task: str,
    split: str,
    *,
    rows: tuple[int, ...] = tuple(range(len(VOICES))),
    jsb16: str | Path | None = None,
    seed: int = 0,
    limit: int | None = None,
    corpus: str | None = None,
) -> Exam:
    """Hide a task's cells in a split's pieces.

    Parameters
    ----------
    task : a key of `TASKS`
    split : ``valid`` or ``test``
    rows : tuple of int
        The voices that a network writes; the others are neither given nor hidden.
    jsb16 : path, optional
        A ``Jsb16thSeparated.json``, to use instead of music21's chorales.
    seed : int
        Of the random masks: the same seed hides the same cells.
    limit : int, optional
        Only so many pieces.
    corpus : str, optional
        `MELODIES` for the melodies of rags; default the chorales.

    Raises
    ------
    RequestError
        There is no such task or split, or the task leaves a network of these voices nothing to do.
    """
    _check_split(split, limit)
    if not set(GIVEN_VOICES.get(task, ())) < set(rows):
        raise RequestError(f"the task '{task}' leaves a network of {len(rows)} voice(s) nothing to do; try free")
    if jsb16 is not None:
        grids = jsb_sixteenths(jsb16, split)[:limit]
        unseen = [False] * len(grids)
    elif corpus == MELODIES:
        grids = melody_grids(split, limit)
        unseen = [False] * len(grids)
    else:
        pieces = split_pieces(split, limit)
        grids, unseen = [piece.grid for piece in pieces], [not piece.tune_in_train for piece in pieces]
    rng = np.random.default_rng(seed)
    known = [known_cells(task, grid, rng) for grid in grids]
    hidden = [(grid.known & ~given)[list(rows)] for grid, given in zip(grids, known, strict=True)]
    data = "melodies of Joplin's rags" if corpus == MELODIES else "music21 chorales"
    data = data if jsb16 is None else "Jsb16thSeparated"
    return Exam(data, jsb16 is not None, rows, grids, known, hidden, unseen)


def known_cells(task: str, grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """Cells that a task gives: bool (4, ticks).

    Raises
    ------
    RequestError
        There is no such task.
    """
    known = np.zeros_like(grid.known)
    if task in GIVEN_VOICES:
        known[list(GIVEN_VOICES[task])] = True
    elif task == "region":
        known[:] = True
        length = min(REGION_TICKS, grid.ticks)
        start = int(rng.integers(0, grid.ticks - length + 1))
        known[:, start : start + length] = False
    elif task == "cells":
        known = rng.random(known.shape) < CELLS_GIVEN
    else:
        raise RequestError(f"there is no task '{task}'; the tasks are {', '.join(TASKS)}")
    return np.asarray(known & grid.known)


def _check_split(split: str, limit: int | None) -> None:
    if split not in SPLITS:
        raise RequestError(f"there is no split '{split}'; use {' or '.join(SPLITS)}")
    if limit is not None and limit < 1:
        raise RequestError("a limit below 1 leaves nothing to measure; try --limit 10")
