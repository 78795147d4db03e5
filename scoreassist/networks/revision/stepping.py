"""The heads of a `RevisionNetwork` for drawing: everything that depends on the weights alone is a table.

A draw is a few rows, so what counts is the number of operations and not their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

from scoreassist.grid.vocabulary import INPUTS, PITCHES, REST, VOCABULARY
from scoreassist.networks.anticipation_rnn.tables import motion_class
from scoreassist.networks.revision.network import (
    ARTICULATIONS,
    INTERVALS,
    MOTION_ROWS,
    MOTIONS,
    Head,
    RevisionNetwork,
)
from scoreassist.networks.revision.surroundings import AFTER_1, BEFORE_1, Surroundings


@dataclass
class _Tables:
    """One voice's head.

    Attributes
    ----------
    local : float (rows, U + PITCHES)
        What each token of each place adds to the hidden layer, and to the logits of pitches.
    start : long (places,)
        First row of each place.
    bias, out_bias, out : float (U,), (outputs,), (U, outputs)
        Outputs: tokens, intervals, striking again.
    motion : float (rows, 12 * MOTIONS)
        Of both directions of time.
    others : long (V - 1,)
    """

    local: Tensor
    start: Tensor
    bias: Tensor
    out: Tensor
    out_bias: Tensor
    motion: Tensor
    motion_start: Tensor
    others: Tensor


class QuickHeads:
    """Computes what `RevisionNetwork.head` computes, from tables.

    Parameters
    ----------
    network : RevisionNetwork
        Its weights as they are now.
    """

    def __init__(self, network: RevisionNetwork) -> None:
        self.network = network
        self.voices = network.config.voices
        with torch.no_grad():
            self.tables = [self._build(voice) for voice in range(self.voices)]
        motion = cast(Head, network.heads[0]).behind
        self.after, self.own = motion.after, motion.own

    def _build(self, voice: int) -> _Tables:
        network, head = self.network, cast(Head, self.network.heads[voice])
        cell, interval, held, far = (x.weight for x in (network.cell, network.interval, network.held, network.far))
        articulation = torch.eye(ARTICULATIONS)
        # In the order of the inputs of `head.local`, and then in that of the columns of `__call__`.
        v = self.voices
        inputs = [cell] * head.places + [interval] * head.places + [held] * (2 * v) + [far] * (2 * v)
        inputs += [articulation] * (3 * v) + [network.strength.weight]
        parts, at = [], 0
        for table in inputs:
            parts.append(table @ head.local.weight[:, at : at + table.shape[1]].T)
            at += table.shape[1]
        tokens, intervals = parts[: head.places], parts[head.places : 2 * head.places]
        marks = parts[2 * head.places : 2 * head.places + 7 * v]
        near_held, near_far, struck = marks[: 2 * v], marks[2 * v : 4 * v], marks[4 * v :]
        columns = tokens + intervals + struck[: 2 * v] + near_held + near_far + struck[2 * v :] + parts[-1:]
        terms = head.table.rows().view(head.places, INPUTS, PITCHES)
        nothing = [torch.zeros(len(column), PITCHES) for column in columns[head.places :]]
        wide = [torch.cat(pair, 1) for pair in zip(columns, [*terms, *nothing], strict=True)]
        sizes = torch.tensor([0] + [len(column) for column in columns[:-1]])
        outputs = (head.pitch, head.interval, head.again)
        others = [other for other in range(v) if other != voice]
        rows = torch.tensor(others) * MOTION_ROWS
        return _Tables(
            torch.cat(wide),
            sizes.cumsum(0),
            head.local.bias.detach(),
            torch.cat([layer.weight for layer in outputs]).T.contiguous(),
            torch.cat([layer.bias for layer in outputs]),
            torch.cat([head.behind.weight, head.ahead.weight]),
            torch.stack([rows, rows + v * MOTION_ROWS]),
            torch.tensor(others),
        )

    def __call__(
        self,
        voice: int,
        share: Tensor,
        around: Surroundings,
        now: Tensor,
        struck: Tensor,
        echo: Tensor,
        strength: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Logits of one voice's cells; as `RevisionNetwork.head`, but the voice's own cell must be hidden."""
        t = self.tables[voice]
        tokens = torch.cat([around.cells.flatten(1), now, echo], 1)
        reference = self.network.reference(around, voice)
        between = self.network.relative[reference.unsqueeze(1), tokens]
        index = torch.cat([tokens, between, around.marks.flatten(1), struck, strength.unsqueeze(1)], 1)
        local = F.embedding_bag(index + t.start, t.local, mode="sum")
        units = share.shape[1]
        hidden = torch.relu(share + t.bias + local[:, :units])
        out = torch.addmm(t.out_bias, hidden, t.out)
        relative = out[:, VOCABULARY : VOCABULARY + INTERVALS].gather(1, self.network.placed[reference])
        terms = local[:, units:] + self._motion(t, voice, around, now)
        terms = terms + relative * (reference < REST).unsqueeze(1)
        logits = out[:, :VOCABULARY].clone()
        logits[:, :PITCHES] += terms
        return logits, out[:, -1]

    def _motion(self, t: _Tables, voice: int, around: Surroundings, now: Tensor) -> Tensor:
        """Terms of motion in both directions of time: (N, PITCHES)."""
        there = around.cells[:, [BEFORE_1, AFTER_1]]  # (N, 2, V)
        mine, their, seen = there[:, :, voice : voice + 1], there[:, :, t.others], now[:, None, t.others]
        told = (seen < REST) & (their < REST) & (mine < REST)
        row = ((their - mine) % 12) * MOTIONS + motion_class(seen - their) + 1
        row = row * told + t.motion_start
        column = self.after[now[:, t.others]].unsqueeze(1) + self.own[mine]
        return F.embedding(row, t.motion).gather(3, column).sum((1, 2))
