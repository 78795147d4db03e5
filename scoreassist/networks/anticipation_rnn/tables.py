"""Log-linear tables of intervals and motions, which teach voice leading faster than recurrent layers do."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scoreassist.grid.vocabulary import INPUTS, PITCHES, REST
from scoreassist.networks.anticipation_rnn.views import View
from scoreassist.networks.batch import HOLDS, LEVELS

MOTIONS = 5  # leap down, step down, none, step up, leap up


def motion_class(interval: Tensor) -> Tensor:
    """0 leap down, 1 step down, 2 none, 3 step up, 4 leap up, of semitones."""
    return 2 + interval.sign() * (1 + (interval.abs() > 2).long()) * (interval != 0)


class PairTables(nn.Module):
    """Log-linear terms of one voice's candidates against another voice, and against its own past.

    For every candidate pitch: a weight for (interval class before, motion of the other voice) × (interval class
    after, own motion), one for the vertical interval, and one for the melodic interval given metre and time held.
    """

    def __init__(self, voices: int) -> None:
        super().__init__()
        pairs = voices * voices
        self.voices = voices
        self.motion = nn.Parameter(torch.zeros(pairs * (12 * MOTIONS + 1), 12 * MOTIONS))
        self.vertical = nn.Parameter(torch.zeros(pairs, 2 * PITCHES + 1))
        self.melodic = nn.Parameter(torch.zeros(voices * LEVELS * HOLDS, 28))
        tokens = torch.arange(INPUTS).unsqueeze(1)
        candidates = torch.arange(PITCHES).unsqueeze(0)
        sounding = tokens < REST
        difference = tokens - candidates
        self.register_buffer("after", (difference % 12) * MOTIONS, persistent=False)
        own = motion_class(candidates - tokens)
        self.register_buffer("own", torch.where(sounding, own, 2), persistent=False)
        spread = torch.where(sounding, difference + PITCHES, 0).clamp(0, 2 * PITCHES)
        self.register_buffer("spread", spread, persistent=False)
        step = torch.where(sounding, (candidates - tokens).clamp(-13, 13) + 14, 0)
        self.register_buffer("step", step, persistent=False)

    after: Tensor
    own: Tensor
    spread: Tensor
    step: Tensor

    def forward(self, voice: int, view: View) -> Tensor:
        """Terms for each candidate pitch of a voice: float (N, PITCHES)."""
        previous = view.previous
        mine = previous[:, voice]
        row = (voice * LEVELS + view.level) * HOLDS + view.hold[:, voice]
        total = torch.gather(F.embedding(row, self.melodic), 1, self.step[mine])
        others = [other for other in range(self.voices) if other != voice]
        if not others:
            return total
        seen, before = view.now[:, others], previous[:, others]  # (N, V - 1)
        pair = torch.tensor([voice * self.voices + other for other in others])
        heard = seen < REST
        tracked = heard & (before < REST) & (mine < REST).unsqueeze(1)
        row = ((before - mine.unsqueeze(1)) % 12) * MOTIONS + motion_class(seen - before)
        row = torch.where(tracked, row + 1, 0) + pair * (12 * MOTIONS + 1)
        column = self.after[seen] + self.own[mine].unsqueeze(1)  # (N, V - 1, PITCHES)
        total = total + torch.gather(F.embedding(row, self.motion), 2, column).sum(1)
        vertical = F.embedding(seen + pair * INPUTS, self.vertical_rows())
        return total + (vertical * heard.unsqueeze(-1)).sum(1)

    def vertical_rows(self) -> Tensor:
        """Weights of vertical intervals: (pairs * INPUTS, PITCHES), by pair and token seen."""
        return self.vertical[:, self.spread].flatten(0, 1)
