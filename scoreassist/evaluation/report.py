"""Every figure of a likelihood task, put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scoreassist.errors import RequestError
from scoreassist.evaluation.any_order import any_order
from scoreassist.evaluation.comparison import paired
from scoreassist.evaluation.decoding import decode, errors, wrong_cells
from scoreassist.evaluation.likelihood import PieceScore, nll, piece_nll, score_pieces
from scoreassist.evaluation.tasks import ANY_ORDER, GIVEN_VOICES, TASKS, VOICES, Exam, set_exam
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
from scoreassist.networks.revision.network import RevisionNetwork

DIGITS = 4


@dataclass(frozen=True)
class _Answers:
    """What a network answered in an exam; lists have one item a piece, arrays are (voices, ticks)."""

    hidden: Sequence[np.ndarray]
    scores: Sequence[PieceScore]
    wrong: Sequence[np.ndarray] | None  # of greedy decoding, where there was time for it

    def of_pieces(self, chosen: Sequence[int]) -> _Answers:
        """The same of some pieces alone."""
        wrong = None if self.wrong is None else [self.wrong[i] for i in chosen]
        return _Answers([self.hidden[i] for i in chosen], [self.scores[i] for i in chosen], wrong)

    def of_voice(self, row: int) -> _Answers:
        """The same of one voice's cells alone."""
        hidden = [h & (np.arange(len(h))[:, None] == row) for h in self.hidden]
        wrong = None if self.wrong is None else [w & h for w, h in zip(self.wrong, hidden, strict=True)]
        return _Answers(hidden, self.scores, wrong)

    def figures(self, *, bare: bool) -> dict[str, Any]:
        """All figures of these cells."""
        cells = sum(int(h.sum()) for h in self.hidden)
        likelihood = nll([(s.pitch, s.articulation) for s in self.scores], self.hidden)
        guessed = sum(int((s.guessed & h).sum()) for s, h in zip(self.scores, self.hidden, strict=True))
        figures: dict[str, Any] = likelihood | {"accuracy": guessed / max(cells, 1)}
        figures |= {"token_error": None, "frame_error": None}
        if self.wrong is not None:
            figures |= errors(self.wrong, self.hidden)
        if bare:
            figures["nll_articulation"] = None  # such data does not say what is struck again
        return _rounded(figures) | {"cells": cells, "pieces": sum(bool(h.any()) for h in self.hidden)}


def tasks_of(network: AnticipationRNN | RevisionNetwork) -> tuple[str, ...]:
    """The tasks that a network can be measured on: by its class, and by the voices that it writes."""
    if isinstance(network, RevisionNetwork):
        return (ANY_ORDER,)
    rows = set(network.config.rows)
    return tuple(task for task in TASKS if set(GIVEN_VOICES.get(task, ())) < rows)


def check_request(
    network: AnticipationRNN | RevisionNetwork,
    task: str,
    against: Mapping[str, AnticipationRNN | RevisionNetwork],
) -> None:
    """Refuse what `evaluate` cannot measure, before any work.

    Raises
    ------
    RequestError
        There is no such task for this network, or a network cannot be compared with it.
    """
    if task not in tasks_of(network):
        raise RequestError(f"there is no task '{task}' for this network; it has {', '.join(tasks_of(network))}")
    if isinstance(network, RevisionNetwork):
        if against:
            raise RequestError(f"the task '{task}' compares with no other model; leave the comparison out")
        return
    for name, other in against.items():
        if isinstance(other, RevisionNetwork):
            raise RequestError(
                f"'{name}' only revises, and has no task '{task}'; compare with a model that has it"
            )
        if other.config.rows != network.config.rows:
            raise RequestError(f"'{name}' does not write the same voices; compare with a model that does")


def evaluate(
    network: AnticipationRNN | RevisionNetwork,
    task: str,
    split: str,
    *,
    jsb16: str | Path | None = None,
    seed: int = 0,
    limit: int | None = None,
    greedy: bool = False,
    against: Mapping[str, AnticipationRNN] | None = None,
    corpus: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Every figure of a split's chorales, or of the melodies of its rags, under a network.

    Parameters
    ----------
    network : AnticipationRNN or RevisionNetwork
    task : one of `tasks_of` the network
    split : ``valid`` or ``test``
    jsb16 : path, optional
        A ``Jsb16thSeparated.json``: measure on its pitches alone, without metre, key, fermatas and repeated
        notes, as published work does. Default: music21's chorales with all that is known of them.
    seed : int
        Of the random masks.
    limit : int, optional
        Only so many pieces, for a quick look.
    greedy : bool
        Decode greedily too, which takes longer than all else.
    against : networks by name, optional
        To compare with, on the same pieces and masks.
    corpus : str, optional
        ``ragtime-melodies`` for those; default the chorales.
    progress : function of the number of pieces decoded, in any order read, optional

    Returns
    -------
    dict
        ``task, split, data, seed``; ``nll_cell, nll_piece`` (nats, pitches alone), ``nll_articulation`` (nats that
        held or struck again adds; None with `jsb16`), ``accuracy`` (share of cells whose true pitch is the
        likeliest, given the true past), ``token_error, frame_error`` (of greedy decoding, None without),
        ``cells, pieces``; ``per_voice``, the same by the name of the voice; ``unseen_tunes``, the same of
        chorales whose tune is in no training chorale (None if there are none or nobody knows). With `against` also
        ``against``, a list: ``name, nll_cell, nll_piece`` of each other network and `paired`'s figures of the
        likelihoods of pieces.

    Raises
    ------
    RequestError
        There is no such split, or no such task for this network, or a network cannot be compared with it.
    """
    check_request(network, task, against or {})
    if isinstance(network, RevisionNetwork):
        return any_order(network, split, jsb16=jsb16, seed=seed, limit=limit, progress=progress)
    exam = set_exam(task, split, rows=network.config.rows, jsb16=jsb16, seed=seed, limit=limit, corpus=corpus)
    answers = _answer(network, exam, greedy=greedy, progress=progress)
    report: dict[str, Any] = {"task": task, "split": split, "data": exam.data, "seed": seed}
    report |= answers.figures(bare=exam.bare)
    report["per_voice"] = {
        VOICES[voice]: answers.of_voice(row).figures(bare=exam.bare)
        for row, voice in enumerate(exam.rows)
        if any(h[row].any() for h in exam.hidden)
    }
    unseen = [i for i, new in enumerate(exam.unseen) if new and exam.hidden[i].any()]
    report["unseen_tunes"] = answers.of_pieces(unseen).figures(bare=exam.bare) if unseen else None
    if against:
        report["against"] = [_compared(name, other, exam, answers) for name, other in against.items()]
    return report


def _answer(
    network: AnticipationRNN, exam: Exam, *, greedy: bool, progress: Callable[[int], None] | None = None
) -> _Answers:
    scores = score_pieces(network, exam.grids, exam.known, bare=exam.bare)
    if not greedy:
        return _Answers(exam.hidden, scores, None)
    wrong = []
    for grid, known, hidden in zip(exam.grids, exam.known, exam.hidden, strict=True):
        decoded = decode(network, grid, known, bare=exam.bare)
        missed = wrong_cells(decoded, grid, grid.known & ~known)
        wrong.append(missed[list(exam.rows)] & hidden)
        if progress is not None:
            progress(1)
    return _Answers(exam.hidden, scores, wrong)


def _compared(name: str, other: AnticipationRNN, exam: Exam, ours: _Answers) -> dict[str, Any]:
    """Figures of another network in the same exam, and the paired comparison."""
    theirs = _answer(other, exam, greedy=False)
    by_piece = [piece_nll([s.pitch for s in answers.scores], exam.hidden) for answers in (ours, theirs)]
    figures = theirs.figures(bare=exam.bare)
    row = {key: figures[key] for key in ("nll_cell", "nll_piece", "accuracy")} | paired(*by_piece)
    return {"name": name} | _rounded(row)


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {key: round(value, DIGITS) if isinstance(value, float) else value for key, value in figures.items()}
