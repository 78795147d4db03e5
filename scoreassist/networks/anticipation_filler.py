"""Anticipation-RNN as a filler: all candidates as one batch, tick by tick, voice by voice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from scoreassist.grid.holes import HOLD, STRIKE
from scoreassist.grid.vocabulary import REST, REST_PITCH, UNKNOWN, VOCABULARY, pitches
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn import HIDDEN, STRUCK, AnticipationRNN, Batch
from scoreassist.networks.batches import Cells, cells, collate_padded, hold_bucket, past
from scoreassist.networks.filler import Filling, Task
from scoreassist.networks.stepping import Stepper
from scoreassist.sampling import Moment, Sampler, SamplingOptions
from scoreassist.score.metre import BEAT
from scoreassist.theory.cadence import ending, final_chord, first_chord, settle_ending
from scoreassist.theory.harmony import OTHER, chord_class
from scoreassist.theory.voice_leading import CHOIR_RANGES

LONGEST_HOLD = 64
_BUCKETS = torch.from_numpy(hold_bucket(np.arange(LONGEST_HOLD + 1)))


class AnticipationFiller:
    """Fills grids with an `AnticipationRNN`."""

    def __init__(self, network: AnticipationRNN) -> None:
        self.network = network.eval()
        network.tables.freeze()

    def fill(self, task: Task, options: SamplingOptions) -> Filling:
        """Choose every hidden cell; see `scoreassist.networks.filler.Filler`."""
        shift = best_transposition(task.grid)
        grid = task.grid.transposed(shift)
        if not task.hidden.any():
            return Filling(task.grid, np.zeros(grid.pitch.shape), task.hidden)
        grid, rhythm = settle_ending(grid, task.rest, task.rhythm, HOLD)
        sampler = Sampler(options)
        with one_thread(), torch.inference_mode():
            run = _Run(self.network, grid, task.rest, rhythm, sampler)
            run.draw()
        best = run.best()
        filled = run.filled(best)
        gave_way = {name: int(n[best]) for name, n in sampler.gave_way.items() if int(n[best])}
        # Known cells are taken from the task itself, so that no folding or rounding can reach them.
        back = filled.transposed(-shift)
        pitch = np.where(task.grid.known, task.grid.pitch, back.pitch)
        struck = np.where(task.grid.known, task.grid.struck, back.struck)
        whole = replace(task.grid, pitch=pitch, struck=struck, known=np.ones_like(task.grid.known))
        return Filling(whole, run.log_prob[best].numpy(), run.hidden, gave_way, shift)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: a tick's products are too small to share, and sharing costs more than it saves."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def best_transposition(grid: Grid) -> int:
    """The smallest shift in semitones that brings the given voices into the ranges of a choir."""
    rows = [grid.pitch[v][grid.known[v] & (grid.pitch[v] != REST_PITCH)] for v in range(4)]

    def outside(shift: int) -> int:
        return sum(
            int(((row + shift < low) | (row + shift > high)).sum())
            for row, (low, high) in zip(rows, CHOIR_RANGES, strict=True)
        )

    return min(range(-36, 37), key=lambda shift: (outside(shift), abs(shift), shift))


class _Run:
    """One pass over a grid with N candidates."""

    def __init__(
        self, network: AnticipationRNN, grid: Grid, rest: np.ndarray, rhythm: np.ndarray, sampler: Sampler
    ) -> None:
        self.network, self.grid, self.sampler = network, grid, sampler
        self.count = sampler.options.candidates
        self.hidden, self.rest, self.rhythm = ~grid.known, rest, rhythm
        self.inputs: Cells = cells(grid, grid.known)
        self.batch: Batch = collate_padded([self.inputs])
        self.last_onset = (ending(grid, rest) or (grid.ticks, 0))[0]
        self.chord = final_chord(grid, rest)
        self.opening = first_chord(grid, rest) or (0, 0, ())
        self.stepper = Stepper(network, self.batch, self.count)
        voices, ticks = grid.pitch.shape
        token = torch.from_numpy(self.inputs.token)
        self.token = token.expand(self.count, voices, ticks).clone()
        self.struck = torch.from_numpy(self.inputs.struck).expand(self.count, voices, ticks).clone()
        self.log_prob = torch.zeros(self.count, voices, ticks)

    def draw(self) -> None:
        """Draw every hidden cell, from the first tick that has one to the last."""
        with_holes = np.flatnonzero(self.hidden.any(axis=0))
        if with_holes.size == 0:
            return  # all that was hidden has been settled
        first, last = int(with_holes[0]), int(with_holes[-1])
        self.stepper.skip(first)
        previous, earlier, length = (
            torch.from_numpy(a[:, first]).expand(self.count, -1).clone()
            for a in past(self.inputs.token[:, : first + 1], self.inputs.struck[:, : first + 1].astype(bool))
        )
        for tick in range(first, last + 1):
            hold = _BUCKETS[length.clamp(max=LONGEST_HOLD)]
            shares = self.stepper.step(tick, previous, earlier, hold)
            now, struck = self._tick(tick, shares, previous, earlier, hold)
            moved = now != previous
            earlier = torch.where(moved, previous, earlier)
            length = torch.where(now >= REST, 0, torch.where(moved | (struck == STRUCK), 1, length + 1))
            previous = now

    def _tick(
        self, tick: int, shares: Tensor, previous: Tensor, earlier: Tensor, hold: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Draw the hidden cells of a tick, in the network's order of voices."""
        hidden = self.hidden[:, tick]
        now = self.token[:, :, tick].clone()
        struck = self.struck[:, :, tick].clone()
        now[:, hidden] = UNKNOWN
        struck[:, hidden] = HIDDEN
        shown = torch.where(now == UNKNOWN, HIDDEN, struck)
        ahead = self._known_after(tick)
        level = self.batch.level[0, tick].expand(self.count)
        fermata = self.grid.fermata
        held = bool(tick and fermata[tick] and fermata[tick - 1]) or self._between_dotted_beats(tick)
        arrival = bool(fermata[tick])
        chord = self.chord if tick >= self.last_onset else ()
        if self.opening[0] <= tick < self.opening[1]:
            chord = self.opening[2]
        for voice in self.network.config.order:
            if not hidden[voice]:
                continue
            logits, again = self.stepper.head(voice, shares[:, voice], now, shown, previous, earlier, hold, level)
            moment = Moment(
                voice,
                tick,
                now,
                previous,
                ahead,
                int(self.grid.level[tick]),
                bool(self.rest[voice, tick]),
                held,
                arrival,
                chord,
                self.sampler.options,
            )
            if self.rhythm[voice, tick] == HOLD:
                drawn, begins = previous[:, voice], torch.zeros(self.count, dtype=torch.bool)
            else:
                drawn, begins = self.sampler.pitch(logits, moment), self.sampler.again(again)
            stays = (drawn == previous[:, voice]) & (drawn < REST)
            if held:
                begins = torch.zeros_like(begins)
            if tick == 0 or not self.hidden[voice, tick - 1]:
                begins = torch.ones_like(begins)  # a given note is never lengthened
            if self.rhythm[voice, tick] == STRIKE:
                begins = torch.ones_like(begins)
            strikes = torch.where(stays, begins, drawn < REST)
            now[:, voice], struck[:, voice] = drawn, strikes.long()
            shown[:, voice] = strikes.long()
            chance = torch.log_softmax(logits, -1).gather(1, drawn.unsqueeze(1)).squeeze(1)
            stay = torch.nn.functional.logsigmoid(torch.where(strikes, again, -again))
            self.log_prob[:, voice, tick] = chance + torch.where(stays, stay, 0.0)
        self.token[:, :, tick], self.struck[:, :, tick] = now, struck
        return now, struck

    def _between_dotted_beats(self, tick: int) -> bool:
        """Whether the metre is compound and neither a beat nor a given voice begins here, though one sings."""
        if not self.grid.compound[tick] or self.grid.level[tick] <= BEAT:
            return False
        sings = ~self.hidden[:, tick] & (self.grid.pitch[:, tick] != REST_PITCH)
        return bool(sings.any() and not self.grid.struck[sings, tick].any())

    def _known_after(self, tick: int) -> Tensor:
        """Known tokens of the next tick, `UNKNOWN` for the rest: (V,)."""
        following = torch.full((self.token.shape[1],), UNKNOWN)
        if tick + 1 < self.grid.ticks:
            known = torch.from_numpy(~self.hidden[:, tick + 1])
            following = torch.where(known, self.token[0, :, tick + 1], following)
        return following

    def best(self) -> int:
        """The candidate for which the fewest rules gave way, then the most consonant and likely one."""
        broken = self.sampler.broken()
        cells_drawn = max(int(self.hidden.sum()), 1)
        likely = self.log_prob.sum((1, 2)).numpy() / cells_drawn
        beats = (self.grid.level <= 2) & self.hidden.any(axis=0)
        clash = [
            float((chord_class(pitches(token.numpy()))[beats] == OTHER).mean()) if beats.any() else 0.0
            for token in self.token
        ]
        return min(range(self.count), key=lambda i: (broken[i], clash[i] - likely[i], i))

    def filled(self, index: int) -> Grid:
        """One candidate as a grid."""
        token = self.token[index].numpy()
        token = np.where(token >= VOCABULARY, REST, token)
        struck = self.struck[index].numpy() == STRUCK
        return replace(self.grid, pitch=pitches(token), struck=struck)
