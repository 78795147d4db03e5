"""What stands around each cell of a grid with holes: neighbours in time, runs, and where the same was heard.

Everything here is computed from what is shown, never from what is hidden, on both sides of a cell.

Shapes: B grids, V voices, T ticks. A token is `UNKNOWN` and an articulation `HIDDEN` where nothing is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from scoreassist.grid.vocabulary import INPUTS, REST, UNKNOWN
from scoreassist.networks.batch import HIDDEN, HOLD_EDGES, STRUCK

# Rows of `Surroundings.cells`.
CELLS = BEFORE_2, BEFORE_1, AFTER_1, AFTER_2, NEAR_BEFORE, NEAR_AFTER, EARLIER, LATER = tuple(range(8))
# Rows of `Surroundings.marks`.
STRUCK_BEFORE, STRUCK_AFTER, HELD_BEFORE, HELD_AFTER, FAR_BEFORE, FAR_AFTER = range(6)

# An echo agrees in so many more cells than it differs, within so many ticks on each side; strength as buckets.
ECHO_REACH = 8
ECHO_NEAREST = 12  # ticks; what is nearer is the same chord held
ECHO_EDGES = (8, 16, 28, 40, 52)
ECHOES = len(ECHO_EDGES) + 1
DISAGREEMENT = 3.0  # one cell that differs outweighs so many that agree

_HOLD_EDGES = torch.tensor(HOLD_EDGES)
_ECHO_EDGES = torch.tensor(ECHO_EDGES, dtype=torch.float32)


@dataclass
class Surroundings:
    """What is shown around each cell.

    Attributes
    ----------
    cells : long (B, T, 8, V)
        Tokens two ticks and one tick before and after; the nearest shown before and after; and the last one before
        and first one after that differs from the nearest.
    marks : long (B, T, 6, V)
        Articulation one tick before and after; how long the note before has been held, and the note after will be;
        how far away the nearest shown cells are (buckets of `HOLD_EDGES`).
    """

    cells: Tensor
    marks: Tensor

    def at(self, rows: Tensor, ticks: Tensor) -> Surroundings:
        """Those of some cells: (N, 8, V) and (N, 6, V)."""
        return Surroundings(self.cells[rows, ticks], self.marks[rows, ticks])

    def some(self, rows: Tensor) -> Surroundings:
        """Some rows of (N, 8, V) and (N, 6, V)."""
        return Surroundings(self.cells[rows], self.marks[rows])


def surroundings(before: Tensor, struck_before: Tensor, after: Tensor, struck_after: Tensor) -> Surroundings:
    """Surroundings of every cell.

    Parameters
    ----------
    before, struck_before : long (B, V, T)
        The grid as it is seen when looking back.
    after, struck_after : long (B, V, T)
        The grid as it is seen when looking ahead; the same, unless cells are drawn from left to right.
    """
    return joined(behind(before, struck_before), ahead(after, struck_after))


Side = tuple[Tensor, Tensor]  # long (B, T, 4, V) cells and (B, T, 3, V) marks, of one direction of time


def joined(back: Side, on: Side) -> Surroundings:
    """Both sides of some cells, of any leading shape."""
    (past, past_marks), (future, future_marks) = back, on
    far, near, nearest, other = (x.unsqueeze(-2) for x in past.unbind(-2))
    far_on, near_on, nearest_on, other_on = (x.unsqueeze(-2) for x in future.unbind(-2))
    cells = torch.cat([far, near, near_on, far_on, nearest, nearest_on, other, other_on], -2)
    marks = torch.stack([past_marks, future_marks], -2).flatten(-3, -2)  # before, after, before, after ...
    return Surroundings(cells, marks)


def behind(token: Tensor, struck: Tensor) -> Side:
    """What is shown before each cell."""
    cells, marks = _behind(token, struck, forwards=True)
    return torch.stack(cells, 2).permute(0, 3, 2, 1), torch.stack(marks, 2).permute(0, 3, 2, 1)


def ahead(token: Tensor, struck: Tensor) -> Side:
    """What is shown after each cell."""
    cells, marks = _behind(token.flip(2), struck.flip(2), forwards=False)
    sides = torch.stack(cells, 2).flip(3), torch.stack(marks, 2).flip(3)
    return sides[0].permute(0, 3, 2, 1), sides[1].permute(0, 3, 2, 1)


def _behind(token: Tensor, struck: Tensor, *, forwards: bool) -> tuple[list[Tensor], list[Tensor]]:
    """What stands before each cell, in the direction of the last axis (turned round: after it).

    Returns
    -------
    list of long (B, V, T)
        Tokens two ticks away, one tick away, the nearest shown, the last that differs from it.
    list of long (B, V, T)
        Articulation one tick away, how long that note lasts, how far the nearest shown cell is.
    """
    ticks = torch.arange(token.shape[-1])
    shown = token != UNKNOWN
    last = torch.where(shown, ticks, -1).cummax(-1).values
    nearest = _at(token, last)
    if forwards:
        begins = (token != _shift(token, 1, UNKNOWN)) | (struck == STRUCK)
    else:  # a note's end, when looking ahead: the cell on the other side is another pitch, or struck anew
        begins = (token != _shift(token, 1, UNKNOWN)) | (_shift(struck, 1, HIDDEN) == STRUCK)
    start = torch.where(begins, ticks, 0).cummax(-1).values
    length = torch.where(token < REST, ticks - start + 1, 0)
    changes = nearest != _shift(nearest, 1, UNKNOWN)
    change = torch.where(changes, ticks, 0).cummax(-1).values
    differs = _at(nearest, change - 1)
    away = torch.where(last >= 0, ticks - last + 1, 0)
    tokens = [_shift(token, 2, UNKNOWN), _shift(token, 1, UNKNOWN), _shift(nearest, 1, UNKNOWN)]
    tokens.append(_shift(differs, 1, UNKNOWN))
    marks = [_shift(struck, 1, HIDDEN), _bucket(_shift(length, 1, 0)), _bucket(_shift(away, 1, 0))]
    return tokens, marks


def _at(token: Tensor, tick: Tensor) -> Tensor:
    """Tokens at some ticks (B, V, T), `UNKNOWN` for negative ones."""
    return torch.where(tick >= 0, token.gather(-1, tick.clamp(min=0)), UNKNOWN)


def _shift(x: Tensor, by: int, fill: int) -> Tensor:
    """What was `by` ticks ago."""
    return F.pad(x, (by, 0), value=fill)[..., : x.shape[-1]]


def _bucket(ticks: Tensor) -> Tensor:
    return torch.bucketize(ticks.contiguous(), _HOLD_EDGES, right=True)


def echoes(token: Tensor) -> tuple[Tensor, Tensor]:
    """Where else the same is heard: what is shown there, and how well it agrees.

    Chorales repeat phrases, with small changes. For every tick the other tick is found whose surroundings agree
    with its own in most cells, a cell that differs counting against it `DISAGREEMENT` times.

    Parameters
    ----------
    token : long (B, V, T)

    Returns
    -------
    token : long (B, V, T)
        Tokens shown at that other tick, `UNKNOWN` where there is none.
    strength : long (B, T)
        Bucket of `ECHO_EDGES`; 0 where nothing agrees.
    """
    batch, voices, ticks = token.shape
    shown = (token < UNKNOWN).float()
    one_hot = F.one_hot(token, INPUTS)[..., :UNKNOWN].float().transpose(1, 2).flatten(2)  # (B, T, V * 50)
    equal = one_hot @ one_hot.transpose(1, 2)
    both = shown.transpose(1, 2) @ shown
    score = ((1 + DISAGREEMENT) * equal - DISAGREEMENT * both).float()
    padded = F.pad(score, (ECHO_REACH,) * 4)
    total = torch.zeros_like(score)
    for step in range(2 * ECHO_REACH + 1):
        total += padded[:, step : step + ticks, step : step + ticks]
    at = torch.arange(ticks)
    total.masked_fill_((at[:, None] - at[None, :]).abs() < ECHO_NEAREST, float("-inf"))
    best, where = total.max(-1)
    strength = torch.bucketize(best, _ECHO_EDGES, right=True)
    found = token.gather(2, where.unsqueeze(1).expand(batch, voices, ticks))
    return torch.where((strength > 0).unsqueeze(1), found, UNKNOWN), strength
