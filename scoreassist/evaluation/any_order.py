"""Likelihood in any order, of networks that see both sides; see `scoreassist.networks.revision.any_order`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scoreassist.evaluation.tasks import ANY_ORDER, set_exam
from scoreassist.networks.revision.any_order import PieceFigures, any_order_pieces
from scoreassist.networks.revision.network import RevisionNetwork

DIGITS = 4


def any_order(
    network: RevisionNetwork,
    split: str,
    *,
    jsb16: str | Path | None,
    seed: int,
    limit: int | None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """A report as `scoreassist.evaluation.evaluate` gives it, of the mean over all orders of a piece's cells.

    Returns
    -------
    dict
        The keys of any other task, of which ``accuracy, token_error, frame_error`` are None and ``per_voice`` is
        empty; and ``draws``, the random sets of hidden cells a piece.
    """
    exam = set_exam("free", split, jsb16=jsb16, seed=seed, limit=limit)
    report: dict[str, Any] = {"task": ANY_ORDER, "split": split, "data": exam.data, "seed": seed}
    pieces = any_order_pieces(network, exam.grids, bare=exam.bare, seed=seed, progress=progress)
    report |= _figures(pieces, None, bare=exam.bare)
    unseen = [index for index, new in enumerate(exam.unseen) if new]
    report["per_voice"] = {}
    report["unseen_tunes"] = _figures(pieces, unseen, bare=exam.bare) if unseen else None
    return report


def _figures(pieces: PieceFigures, chosen: Sequence[int] | None, *, bare: bool) -> dict[str, Any]:
    found = pieces.means(chosen)
    figures = {name: round(found[name], DIGITS) for name in ("nll_cell", "nll_piece")}
    return figures | {
        "nll_articulation": None if bare else round(found["nll_articulation"], DIGITS),
        "accuracy": None,
        "token_error": None,
        "frame_error": None,
        "cells": int(found["cells"]),
        "pieces": int(found["pieces"]),
        "draws": int(found["draws"]),
    }
