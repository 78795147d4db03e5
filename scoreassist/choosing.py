"""From a passage and wishes to filled grids: what is settled beforehand, what the model is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scoreassist.grid.passage import Passage
from scoreassist.grid.voices import Grid
from scoreassist.grid.windows import windows
from scoreassist.networks.store import load_filler
from scoreassist.theory.passages import bach_passages
from scoreassist.wishes.demands import Demands

if TYPE_CHECKING:
    from scoreassist.networks.filler import Filler, Filling, Task
    from scoreassist.result import FillOptions
    from scoreassist.sampling import SamplingOptions

PER_ANSWER = 2  # candidates that compete for an answer, at least


def choose(passage: Passage, demands: Demands, options: FillOptions) -> list[Filling]:
    """Fill a passage, as often as answers are asked for; the best comes first."""
    from scoreassist.networks.filler import Task, answer_spans
    from scoreassist.sampling import SamplingOptions

    sampling = SamplingOptions(
        seed=options.seed,
        temperature=options.temperature,
        candidates=max(options.candidates, PER_ANSWER * options.answers if options.answers > 1 else 1),
        answers=options.answers,
        ranges=demands.ranges,
        strengths=demands.strengths,
        passes=options.passes,
    )
    corpus = bach_passages() if demands.max_copy is not None else None
    grid = _prepared(passage, demands)
    settled = grid.known & ~passage.grid.known
    task = Task(grid, passage.rest, demands.rhythm, demands, corpus, settled)
    filler = load_filler(options.model)
    found = answer_spans(filler, task, windows(passage), sampling)
    if demands.echoes:
        found = [_echoed(filler, task, passage, filling, sampling) for filling in found]
    # Where phrases were found to end is for the model to know, and not to be written.
    return [replace(filling, grid=replace(filling.grid, fermata=passage.grid.fermata)) for filling in found]


def _prepared(passage: Passage, demands: Demands) -> Grid:
    """The grid with what is settled beforehand, and with the ends of phrases where the score marks none."""
    grid = passage.grid
    pitch, struck, known = grid.pitch.copy(), grid.struck.copy(), grid.known.copy()
    for voice, first, end, midi in demands.pins:
        pitch[voice, first:end], struck[voice, first:end], known[voice, first:end] = midi, False, True
        struck[voice, first] = True
    fermata = grid.fermata if grid.fermata.any() else demands.arrivals
    return replace(grid, pitch=pitch, struck=struck, known=known, fermata=fermata)


def _echoed(filler: Filler, task: Task, passage: Passage, draft: Filling, options: SamplingOptions) -> Filling:
    """The same with measures that echo others: these stay as they were written, all else is written anew.

    What echoes an echo comes in a turn of its own. The cells of an echo are settled beforehand, so that what leads
    there is written for them, unless they are what the given voices do not allow.
    """
    from scoreassist.networks.filler import answer_spans

    assert task.demands is not None
    echoes = task.demands.echoes
    filling, stays = draft, np.zeros_like(task.grid.known)
    written = np.ones(task.grid.ticks, dtype=bool)
    for first, end, target in echoes:
        written[target : target + end - first] = False
    left = list(echoes)
    while left:
        ready = [echo for echo in left if written[echo[0] : echo[1]].all()] or left
        for first, end, _ in ready:
            stays[:, first:end] |= filling.grid.known[:, first:end]
        grid = replace(
            task.grid,
            pitch=np.where(stays, filling.grid.pitch, task.grid.pitch),
            struck=np.where(stays, filling.grid.struck, task.grid.struck),
            known=task.grid.known | stays,
        )
        demands = replace(task.demands, echoes=tuple(e for e in echoes if e not in left or e in ready)).echoing(
            grid
        )
        again = replace(task, grid=grid, demands=demands, rhythm=demands.rhythm)
        new = answer_spans(filler, again, windows(passage), replace(options, answers=1))[0]
        log_prob, drawn = (np.where(stays, getattr(filling, n), getattr(new, n)) for n in ("log_prob", "drawn"))
        filling = replace(new, log_prob=log_prob, drawn=drawn)
        for first, end, target in ready:
            written[target : target + end - first] = True
        left = [echo for echo in left if echo not in ready]
    return filling
