"""Every metric that is reported anywhere.

Figures are of the cells that a task hides: negative log-probability in nats, exact by the chain rule in the
order in which cells are drawn, given the known ones. Held frames and rests count as ordinary cells, pieces are
read whole and untransposed, as in published work on the JSB Chorales.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scoreassist.corpus import chorales, jsb_sixteenths
from scoreassist.errors import RequestError
from scoreassist.grid.holes import FREE
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn import AnticipationRNN
from scoreassist.networks.batches import cells, collate_padded
from scoreassist.networks.filler import Filler, Task
from scoreassist.sampling import SamplingOptions
from scoreassist.score.metre import BEAT
from scoreassist.theory.harmony import SEVENTH, SUBSET, TRIAD, chord_class
from scoreassist.theory.voice_leading import FIFTH, OCTAVE, crossings, onsets, parallels, wide_spacings


def piece_log_probs(
    network: AnticipationRNN,
    grids: list[Grid],
    known: Iterable[np.ndarray],
    *,
    bare: bool = False,
    batch: int = 16,
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Log-probabilities of whole pieces, from their first tick to their last, untransposed.

    Parameters
    ----------
    network : AnticipationRNN
    grids : list of Grid
    known : bool array (4, ticks) for each grid
        Cells given; all others count.
    bare : bool
        Without metre, key, fermatas and repeated notes.

    Returns
    -------
    list of (pitch, articulation)
        Arrays (4, ticks) in nats, 0 where nothing is to be predicted.
    """
    items = [cells(g, k, bare=bare) for g, k in zip(grids, known, strict=True)]
    results: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros(0), np.zeros(0))] * len(items)
    order = sorted(range(len(items)), key=lambda i: items[i].ticks)
    network.eval()
    for at in range(0, len(order), batch):
        rows = order[at : at + batch]
        with torch.inference_mode():
            pitch, again = network.log_prob(collate_padded([items[i] for i in rows], bare=bare))
        for row, i in enumerate(rows):
            ticks = items[i].ticks
            results[i] = (pitch[row, :, :ticks].numpy(), again[row, :, :ticks].numpy())
    return results


def nll(results: list[tuple[np.ndarray, np.ndarray]], counted: list[np.ndarray]) -> dict[str, float]:
    """Mean negative log-probability over the counted cells, in nats.

    Returns
    -------
    dict
        ``nll_cell`` (mean over cells), ``nll_piece`` (mean over pieces), both of pitches alone;
        ``nll_articulation`` (mean over the same cells of what the articulation adds).
    """
    pitch = [-p[c].sum() for (p, _), c in zip(results, counted, strict=True)]
    again = [-a[c].sum() for (_, a), c in zip(results, counted, strict=True)]
    sizes = [max(int(c.sum()), 1) for c in counted]
    return {
        "nll_cell": float(sum(pitch) / sum(sizes)),
        "nll_piece": float(np.mean([p / n for p, n in zip(pitch, sizes, strict=True)])),
        "nll_articulation": float(sum(again) / sum(sizes)),
    }


TASKS = {
    "free": "nothing given",
    "harmonize": "soprano given",
    "bass": "bass given",
    "inner": "soprano and bass given",
    "region": "all given but two measures in all voices",
    "cells": "a random half of the cells given",
}

# A chorale with orchestral interludes, four times as long as any other and three quarters silence.
LONGEST_TICKS = 1000


def known_cells(task: str, grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """Cells that a task gives: bool (4, ticks).

    Raises
    ------
    RequestError
        There is no such task.
    """
    known = np.zeros_like(grid.known)
    if task == "harmonize":
        known[0] = True
    elif task == "bass":
        known[3] = True
    elif task == "inner":
        known[[0, 3]] = True
    elif task == "region":
        known[:] = True
        length = min(32, grid.ticks)
        start = int(rng.integers(0, grid.ticks - length + 1))
        known[:, start : start + length] = False
    elif task == "cells":
        known = rng.random(known.shape) < 0.5
    elif task != "free":
        raise RequestError(f"there is no task '{task}'; the tasks are {', '.join(TASKS)}")
    return np.asarray(known & grid.known)


def evaluate(
    network: AnticipationRNN,
    task: str,
    split: str,
    *,
    jsb16: str | Path | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Likelihood of a split's chorales under a network.

    Parameters
    ----------
    network : AnticipationRNN
    task : a key of `TASKS`
    split : ``valid`` or ``test``
    jsb16 : path, optional
        A ``Jsb16thSeparated.json``: measure on its pitches alone, without metre, key, fermatas and repeated
        notes, as published work does. Default: music21's chorales with all that is known of them.
    seed : int
        Of the random masks.

    Returns
    -------
    dict
        ``task, split, data, nll_cell, nll_piece, nll_articulation, cells, pieces, per_voice``, and
        ``unseen_tunes``: the same of chorales whose tune is in no training chorale (None with `jsb16`).
    """
    if split not in ("valid", "test"):
        raise RequestError(f"there is no split '{split}'; use valid or test")
    if jsb16 is not None:
        grids, unseen, data = jsb_sixteenths(jsb16, split), None, "Jsb16thSeparated"
    else:
        pieces = [p for p in chorales(split) if p.grid.ticks < LONGEST_TICKS]
        grids = [p.grid for p in pieces]
        unseen, data = [not p.tune_in_train for p in pieces], "music21 chorales"
    rng = np.random.default_rng(seed)
    known = [known_cells(task, grid, rng) for grid in grids]
    hidden = [grid.known & ~k for grid, k in zip(grids, known, strict=True)]
    results = piece_log_probs(network, grids, known, bare=jsb16 is not None)
    report = {"task": task, "split": split, "data": data, **_figures(results, hidden)}
    report["per_voice"] = {}
    for voice, name in enumerate(("soprano", "alto", "tenor", "bass")):
        only = [np.where(np.arange(4)[:, None] == voice, h, False) for h in hidden]
        if any(h.any() for h in only):
            report["per_voice"][name] = round(nll(results, only)["nll_cell"], 4)
    report["unseen_tunes"] = None
    if unseen is not None and any(unseen):
        chosen = [i for i, new in enumerate(unseen) if new]
        report["unseen_tunes"] = _figures([results[i] for i in chosen], [hidden[i] for i in chosen])
    return report


def musicianship(grids: list[Grid]) -> dict[str, float]:
    """What a strict teacher would count in four-part harmony.

    Returns
    -------
    dict
        ``triad``, ``triad_or_seventh``, ``chord_or_part`` (shares of beats, in per cent); ``parallel_fifths``,
        ``parallel_octaves`` (per 1000 onsets); ``crossing``, ``spacing`` (share of ticks, in per cent);
        ``onsets_per_beat`` (notes begun in a quarter, a voice).
    """
    kinds = np.concatenate([chord_class(g.pitch)[g.level <= BEAT] for g in grids])
    moments = sum(onsets(g.pitch, g.struck) for g in grids)
    ticks = sum(g.ticks for g in grids)
    begun = sum(int((g.struck & (g.pitch >= 0)).sum()) for g in grids)
    return {
        "triad": round(100 * float((kinds == TRIAD).mean()), 1),
        "triad_or_seventh": round(100 * float((kinds >= SEVENTH).mean()), 1),
        "chord_or_part": round(100 * float((kinds >= SUBSET).mean()), 1),
        "parallel_fifths": round(1000 * sum(int(parallels(g.pitch, FIFTH).sum()) for g in grids) / moments, 2),
        "parallel_octaves": round(1000 * sum(int(parallels(g.pitch, OCTAVE).sum()) for g in grids) / moments, 2),
        "crossing": round(100 * sum(int((crossings(g.pitch) > 0).sum()) for g in grids) / ticks, 2),
        "spacing": round(100 * sum(int((wide_spacings(g.pitch) > 0).sum()) for g in grids) / ticks, 2),
        "onsets_per_beat": round(begun / ticks, 2),  # four voices, four ticks a beat
    }


def samples(filler: Filler, split: str, options: SamplingOptions) -> dict[str, Any]:
    """Harmonize a split's sopranos and count what `musicianship` counts, beside the same in Bach.

    Returns
    -------
    dict
        ``task, split, pieces, bach, samples, gave_way, seconds`` (median of a piece).
    """
    pieces = [p for p in chorales(split) if p.grid.ticks < LONGEST_TICKS]
    filled, seconds, gave_way = [], [], 0
    for piece in pieces:
        known = np.zeros_like(piece.grid.known)
        known[0] = piece.grid.known[0]
        rest = np.zeros_like(known)
        rest[1:] = piece.grid.pitch[0] == REST_PITCH
        task = Task(replace(piece.grid, known=known), rest, np.full(known.shape, FREE))
        began = time.perf_counter()
        filling = filler.fill(task, options)
        seconds.append(time.perf_counter() - began)
        filled.append(filling.grid)
        gave_way += sum(filling.gave_way.values())
    return {
        "task": "samples",
        "split": split,
        "pieces": len(pieces),
        "bach": musicianship([piece.grid for piece in pieces]),
        "samples": musicianship(filled),
        "gave_way": gave_way,
        "seconds": round(float(np.median(seconds)), 2),
    }


def _figures(results: list[tuple[np.ndarray, np.ndarray]], hidden: list[np.ndarray]) -> dict[str, Any]:
    figures = {key: round(value, 4) for key, value in nll(results, hidden).items()}
    return figures | {"cells": int(sum(h.sum() for h in hidden)), "pieces": len(hidden)}
