"""A filler that throws dice, so that tests of everything around the model need not wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from scoreassist import choosing
from scoreassist.grid.holes import HOLD, STRIKE
from scoreassist.grid.vocabulary import REST_PITCH, TRAINED_RANGES
from scoreassist.networks.filler import Filling, Task
from scoreassist.sampling import SamplingOptions


class DiceFiller:
    """Fills each hidden cell with any pitch of its voice, now and then with silence."""

    def fill(self, task: Task, options: SamplingOptions) -> Filling:
        """Throw dice for every hidden cell; what must rest, begin or go on does."""
        dice = np.random.default_rng(abs(options.seed))
        pitch, struck = task.grid.pitch.copy(), task.grid.struck.copy()
        for voice, tick in np.argwhere(task.hidden):
            before = pitch[voice, tick - 1] if tick else REST_PITCH
            rhythm = task.rhythm[voice, tick]
            goes_on = rhythm == HOLD or (rhythm != STRIKE and dice.random() < 0.7)
            low, high = TRAINED_RANGES[voice]
            if task.rest[voice, tick] or (rhythm != STRIKE and dice.random() < 0.03):
                pitch[voice, tick] = REST_PITCH
                struck[voice, tick] = before != REST_PITCH
            elif goes_on and before != REST_PITCH:
                pitch[voice, tick], struck[voice, tick] = before, False
            else:
                pitch[voice, tick], struck[voice, tick] = dice.integers(low, high + 1), True
        known = np.ones_like(task.grid.known)
        filled = replace(task.grid, pitch=pitch, struck=struck, known=known)
        return Filling(filled, np.zeros(pitch.shape), task.hidden)

    def answers(self, task: Task, options: SamplingOptions) -> list[Filling]:
        """As many throws as answers are asked for."""
        return [self.fill(task, replace(options, seed=options.seed + n)) for n in range(options.answers)]


@contextmanager
def dice() -> Iterator[None]:
    """Let every model be dice for a while."""
    real = choosing.load_filler
    choosing.load_filler = lambda *_: DiceFiller()
    try:
        yield
    finally:
        choosing.load_filler = real
