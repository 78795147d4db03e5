"""Sopranos of a split harmonized, and what a teacher would say, beside what Bach wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scoreassist.corpus import Piece, chorales
from scoreassist.evaluation.distributions import distances
from scoreassist.evaluation.musicianship import final_chords, musicianship
from scoreassist.evaluation.tasks import split_pieces
from scoreassist.grid.holes import FREE
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.networks.filler import Filler, Filling, Task
from scoreassist.sampling import SamplingOptions

SOPRANO, OTHERS = 0, (1, 2, 3)

# The network alone: others are silent where the soprano is, and nothing else is ruled.
UNRULED = ("rests",)


def samples(
    filler: Filler,
    split: str,
    options: SamplingOptions,
    *,
    limit: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Harmonize a split's sopranos and count what a teacher would, beside the same in Bach.

    Parameters
    ----------
    filler : Filler
    split : ``valid`` or ``test``
    options : SamplingOptions
    limit : int, optional
        Only so many pieces, for a quick look.
    progress : function of the number of pieces harmonized, optional

    Returns
    -------
    dict
        ``task, split, data, seed, temperature, candidates, passes, rules, pieces``; ``bach`` and ``samples``,
        each with the figures of `musicianship`, `final_chords` and `distances`: of the samples from Bach's
        settings of the same tunes, and of these from the training chorales, which is how far Bach is from himself;
        ``gave_way``
        (how often a rule left no note), ``seconds`` and ``seconds_slowest`` (median and slowest piece).
    """
    pieces = split_pieces(split, limit)
    filled, seconds, gave_way = [], [], 0
    for piece in pieces:
        began = time.perf_counter()
        filling = harmonized(filler, piece, options)
        seconds.append(time.perf_counter() - began)
        filled.append(filling.grid)
        gave_way += sum(filling.gave_way.values())
        if progress is not None:
            progress(1)
    bach = [piece.grid for piece in pieces]
    return {
        "task": "samples",
        "split": split,
        "data": "music21 chorales",
        "seed": options.seed,
        "temperature": options.temperature,
        "candidates": options.candidates,
        "passes": options.passes,
        "rules": list(options.rules),
        "pieces": len(pieces),
        "bach": teacher(bach, bach, [piece.grid for piece in chorales("train")]),
        "samples": teacher(filled, bach, bach),
        "gave_way": gave_way,
        "seconds": round(float(np.median(seconds)), 3),
        "seconds_slowest": round(max(seconds), 3),
    }


def harmonized(filler: Filler, piece: Piece, options: SamplingOptions) -> Filling:
    """A chorale with its soprano kept, and everything else written anew; silent where the soprano is."""
    known = np.zeros_like(piece.grid.known)
    known[SOPRANO] = piece.grid.known[SOPRANO]
    rest = np.zeros_like(known)
    rest[list(OTHERS)] = piece.grid.pitch[SOPRANO] == REST_PITCH
    holes = replace(
        piece.grid,
        pitch=np.where(known, piece.grid.pitch, REST_PITCH),
        struck=piece.grid.struck & known,
        known=known,
    )
    return filler.fill(Task(holes, rest, np.full(known.shape, FREE)), options)


def teacher(grids: Sequence[Grid], bach: Sequence[Grid], reference: Sequence[Grid]) -> dict[str, float]:
    """All figures of finished pieces.

    Parameters
    ----------
    grids : sequence of Grid
    bach : sequence of Grid
        Bach's settings of the same tunes, in the same order; for how they end.
    reference : sequence of Grid
        The music from which `distances` are measured.
    """
    figures = musicianship(grids) | final_chords(grids, bach)
    rounded = {name: round(value, 2) for name, value in figures.items()}
    return rounded | {name: round(value, 4) for name, value in distances(grids, reference, OTHERS).items()}
