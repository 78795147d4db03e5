"""What the heads of an Anticipation-RNN see at a tick."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from scoreassist.grid.vocabulary import UNKNOWN
from scoreassist.networks.batch import HIDDEN, Batch, by_tick

AGREEMENTS = 3  # what is seen of a tick and its echo: nothing seen, agree, differ


@dataclass
class View:
    """What heads see at a tick, besides what the recurrent layers say; N rows, V voices.

    Attributes
    ----------
    now, shown : long (N, V)
        Tokens of this tick (`UNKNOWN` where not drawn yet) and articulations (`HIDDEN`).
    previous, earlier, hold : long (N, V)
        As in `Batch`.
    echo, line, line_match : long (N, V)
    echo_match : long (N,)
    profile : float (N, PROFILE)
        What is remembered; see `scoreassist.networks.memory`.
    coming, coming_in, change, change_in : long (N, V)
        What is known of the ticks after, as in `Batch`.
    level, key : long (N,)
    """

    now: Tensor
    shown: Tensor
    previous: Tensor
    earlier: Tensor
    hold: Tensor
    echo: Tensor
    echo_match: Tensor
    line: Tensor
    line_match: Tensor
    profile: Tensor
    coming: Tensor
    coming_in: Tensor
    change: Tensor
    change_in: Tensor
    level: Tensor
    key: Tensor


def views(batch: Batch) -> View:
    """All ticks of a batch as rows, of each tick nothing shown but what is known."""
    known = by_tick(batch.known)
    return View(
        now=torch.where(known, by_tick(batch.token), UNKNOWN),
        shown=torch.where(known, by_tick(batch.struck), HIDDEN),
        previous=by_tick(batch.previous),
        earlier=by_tick(batch.earlier),
        hold=by_tick(batch.hold),
        echo=by_tick(batch.echo),
        echo_match=batch.echo_match.flatten(),
        line=by_tick(batch.line),
        line_match=by_tick(batch.line_match),
        profile=batch.profile.flatten(0, 1),
        coming=by_tick(batch.coming),
        coming_in=by_tick(batch.coming_in),
        change=by_tick(batch.change),
        change_in=by_tick(batch.change_in),
        level=batch.level.flatten(),
        key=batch.key.flatten(),
    )
