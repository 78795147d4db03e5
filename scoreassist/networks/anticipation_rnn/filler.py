"""Anticipation-RNN as a filler: all candidates as one batch, tick by tick, voice by voice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from scoreassist.grid.holes import HOLD, STRIKE
from scoreassist.grid.vocabulary import REST, REST_PITCH, UNKNOWN, pitches, tokens
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn.heads import Now, Tick
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
from scoreassist.networks.anticipation_rnn.stepping import Stepper, Steps
from scoreassist.networks.batch import HELD, HIDDEN, HOLD_EDGES, STRUCK, Batch
from scoreassist.networks.batches import Cells, cells, collate_padded, hold_bucket, past
from scoreassist.networks.filler import Candidates, Filling, Task, free_bass, tonics_of
from scoreassist.sampling import Moment, Sampler, SamplingOptions
from scoreassist.sampling.habits import Habits, leaving, tokens_out
from scoreassist.score.metre import BEAT, TICKS_PER_QUARTER
from scoreassist.theory.cadence import ending, final_chord, first_chord, settle_ending
from scoreassist.theory.likeness import Copied
from scoreassist.theory.voice_leading import CHOIR_RANGES

BLOCK = 256  # cells whose log-probabilities are computed at once
HEARD = 64  # ticks before the first hole whose habits and quotations go on into it
_BUCKETS = hold_bucket(np.arange(HOLD_EDGES[-1] + 1))


class AnticipationFiller:
    """Fills grids with an `AnticipationRNN`.

    Parameters
    ----------
    network : AnticipationRNN
    unaided : bool
        Nothing is transposed or settled beforehand, and rhythm is the network's own: what is drawn follows its
        probabilities and the sampling options alone. For measuring.
    bare : bool
        Without metre, key, fermatas, the end of the piece and repeated notes.
    """

    def __init__(self, network: AnticipationRNN, *, unaided: bool = False, bare: bool = False) -> None:
        self.network, self.bare = network.eval(), bare
        self.aided = not unaided and network.config.voices == len(CHOIR_RANGES)
        with torch.inference_mode():
            self.steps = Steps(network)

    def fill(self, task: Task, options: SamplingOptions) -> Filling:
        """Choose every hidden cell; see `scoreassist.networks.filler.Filler`."""
        return self.answers(task, options)[0]

    def answers(self, task: Task, options: SamplingOptions) -> list[Filling]:
        """Choose every hidden cell, in several ways; see `scoreassist.networks.filler.Filler`."""
        candidates = self.draft(task, options)
        return [candidates.filling(index) for index in candidates.best(options.answers)]

    def draft(self, task: Task, options: SamplingOptions) -> Candidates:
        """Choose every hidden cell of the voices that the network writes, as often as there are candidates."""
        own = task.only(self.network.config.rows)
        shape = (options.candidates, *task.grid.pitch.shape)
        pitch = np.broadcast_to(task.grid.pitch, shape).copy()
        struck = np.broadcast_to(task.grid.struck, shape).copy()
        log_prob, drawn = np.zeros(shape, dtype=np.float32), np.zeros_like(task.grid.known)
        if not own.hidden.any():
            return Candidates(task, pitch, struck, log_prob, drawn)
        shift = best_transposition(task.grid) if self.aided else 0
        grid, rhythm = own.grid.transposed(shift), own.rhythm
        demands = own.demands.transposed(shift) if own.demands is not None else None
        if self.aided:
            bass = free_bass(replace(own, demands=demands))
            grid, rhythm = settle_ending(grid, own.rest, rhythm, HOLD, options.ranges[-1][0], bass)
        sampler = Sampler(options, demands)
        with one_thread(), torch.inference_mode():
            asked = replace(own, grid=grid, rhythm=rhythm, demands=demands)
            run = _Run(self.steps, asked, sampler, aided=self.aided, bare=self.bare)
            run.draw()
        rows = list(self.network.config.rows)
        # Known cells are taken from the task itself, so that no folding or rounding can reach them.
        written = pitches(run.by_voice(run.token))
        back = np.where(written == REST_PITCH, REST_PITCH, written - shift)
        pitch[:, rows] = np.where(own.grid.known, own.grid.pitch, back)
        struck[:, rows] = np.where(own.grid.known, own.grid.struck, run.by_voice(run.struck) == STRUCK)
        log_prob[:, rows], drawn[rows] = run.by_voice(run.log_prob), run.hidden
        return Candidates(task, pitch, struck, log_prob, drawn, sampler.gave_way, shift)


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
        self,
        steps: Steps,
        task: Task,
        sampler: Sampler,
        *,
        aided: bool = True,
        bare: bool = False,
    ) -> None:
        grid, rest = task.grid, task.rest
        self.aided, self.bare = aided, bare
        self.order, self.grid, self.sampler = steps.network.config.order, grid, sampler
        self.count = sampler.options.candidates
        self.hidden, self.rest, self.rhythm = task.hidden, rest, task.rhythm
        self.given = task.given
        with_holes = np.flatnonzero(self.hidden.any(axis=0))
        self.span = (int(with_holes[0]), int(with_holes[-1])) if with_holes.size else (grid.ticks, -1)
        voices, heard = tuple(range(len(grid.pitch))), self.span[0] + 1
        self.inputs: Cells = cells(grid, grid.known, bare=bare, rows=voices, heard=heard)
        batch: Batch = collate_padded([self.inputs], bare=bare)
        self.last_onset = (ending(grid, rest) if aided else None) or (grid.ticks, 0)
        self.chord = final_chord(grid, rest) if aided else ()
        self.opening = (first_chord(grid, rest) if aided else None) or (0, 0, ())
        self.stepper = Stepper(steps, batch, self.count)
        # By tick first, so that the cells of a tick lie together: (T, N, V).
        shape = (grid.ticks, self.count, len(grid.pitch))
        shown = (
            np.where(self.hidden, UNKNOWN, self.inputs.token),
            np.where(self.hidden, HIDDEN, self.inputs.struck),
        )
        self.token, self.struck = (np.broadcast_to(x.T[:, None], shape).copy() for x in shown)
        self.log_prob = np.zeros(shape, dtype=np.float32)
        # Tick, voice, tokens before, logits, and logits of striking again, until they are weighed.
        self.drawn: list[tuple[int, int, np.ndarray, np.ndarray, np.ndarray]] = []
        self.habits = Habits(self.count, grid, tonics_of(task) if aided else None, task.demands)
        limit = None if task.demands is None else task.demands.max_copy
        self.leaves = leaving(grid.pitch, grid.known)
        self.copied: Copied | None = None
        old = None if task.demands is None else task.demands.old
        self.old = np.full(grid.pitch.shape, UNKNOWN) if old is None else tokens(old)
        if limit is not None and task.corpus is not None and len(grid.pitch) == len(CHOIR_RANGES):
            self.copied = Copied(task.corpus, int(limit * TICKS_PER_QUARTER), self.count)

    def draw(self) -> None:
        """Draw every hidden cell, from the first tick that has one to the last."""
        first, last = self.span
        if first > last:
            return  # all that was hidden has been settled
        self.stepper.skip(first)
        shape = self.token.shape[1:]
        resampling = self.sampler.options.resampling and self.count > 1
        before = past(self.inputs.token[:, : first + 1], self.inputs.struck[:, : first + 1].astype(bool))
        previous, earlier, length = (np.broadcast_to(a[:, first], shape) for a in before)
        for tick in range(max(first - HEARD, 0), first):
            self._hear(tick)
        for tick in range(first, last + 1):
            now, struck = self.token[tick], self.struck[tick]
            hold = _BUCKETS.take(length, mode="clip")
            seen = self.stepper.now(tick, now, struck, (previous, earlier, hold))
            shares = self.stepper.step(tick, seen)
            if self.hidden[:, tick].any():
                self._draw_tick(tick, seen, shares)
            self.stepper.hear(now)
            self._hear(tick)
            if len(self.drawn) >= BLOCK:
                self._weigh_drawn()
            moved = now != previous
            earlier = np.where(moved, previous, earlier)
            length = np.where(moved | (struck == STRUCK), 1, length + 1) * (now < REST)
            previous = now
            if resampling and self.grid.level[tick] <= BEAT and tick < last:
                rows = self.sampler.survivors()
                if rows is not None:
                    self._go_on_with(rows)
                    previous, earlier, length = self.token[tick], earlier[rows], length[rows]
        self._weigh_drawn()

    def _hear(self, tick: int) -> None:
        """What a tick's cells ask of the next ones."""
        self.habits.hear(tick, self.token[tick], self.struck[tick] == STRUCK)
        if self.copied is not None:
            self.copied.hear(pitches(self.token[tick]))

    def _go_on_with(self, rows: np.ndarray) -> None:
        """Some candidates in the place of others: int (N,)."""
        self._weigh_drawn()
        self.token, self.struck, self.log_prob = (a[:, rows] for a in (self.token, self.struck, self.log_prob))
        self.stepper.select(rows)
        self.habits.select(rows)
        if self.copied is not None:
            self.copied.select(rows)

    def _draw_tick(self, tick: int, now: Now, shares: Tensor) -> None:
        """Draw the hidden cells of a tick, in the network's order of voices."""
        heads = Tick(self.stepper.steps.heads, now)
        ahead, chord = self._known_after(tick), self._chord(tick)
        fermata, level = self.grid.fermata, int(self.grid.level[tick])
        arrival = bool(fermata[tick])
        held = self.aided and (bool(tick and arrival and fermata[tick - 1]) or self._between_dotted_beats(tick))
        voices = [voice for voice in self.order if self.hidden[voice, tick]]
        for voice in voices:
            logits, again = heads.head(voice, shares[:, voice])
            moment = Moment(
                voice=voice,
                tick=tick,
                now=now.token,
                before=now.previous,
                after=ahead,
                level=level,
                must_rest=bool(self.rest[voice, tick]),
                held=held,
                arrival=arrival,
                chord=chord,
                ranges=self.sampler.options.ranges,
                owed=self.habits.owed,
                tonic=int(self.habits.tonic[tick]),
                max_leap=self.habits.max_leap,
                stuck=self.habits.stuck(voice),
                sated=self.habits.sated(voice, tick),
                old=int(self.old[voice, tick]),
                leaves=self.leaves[:, tick],
                fifths=int(self.grid.fifths[tick]),
                copied=tokens_out(self.copied, now.token) if self.copied and voice == voices[-1] else None,
            )
            heads.write(voice, *self._cells(moment, logits, again))
            self.drawn.append((tick, voice, now.previous[:, voice], logits, again))

    def _cells(self, m: Moment, logits: np.ndarray, again: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw one voice's cells: tokens and articulations, int (N,) each."""
        rhythm, before = self.rhythm[m.voice, m.tick], m.before[:, m.voice]
        # A given note is never lengthened.
        fresh = self.aided and (m.tick == 0 or bool(self.given[m.voice, m.tick - 1]))
        must_strike = rhythm == STRIKE or fresh
        stuck, m.stuck = m.stuck, m.stuck & must_strike
        if rhythm == HOLD:
            token, begins = before, np.zeros(self.count, dtype=bool)
        else:
            token, begins = self.sampler.pitch(logits, m), self.sampler.strikes(again)
        if must_strike:
            begins = np.ones_like(begins)
        elif m.held or self.bare:
            begins = np.zeros_like(begins)
        else:
            begins = begins & ~stuck & ~m.sated
        return token, np.where((token < REST) & (begins | (token != before)), STRUCK, HELD)

    def _chord(self, tick: int) -> tuple[int, ...]:
        """Pitch classes of the tonic triad where the piece begins or ends on it."""
        if self.opening[0] <= tick < self.opening[1]:
            return self.opening[2]
        return self.chord if tick >= self.last_onset[0] else ()

    def _between_dotted_beats(self, tick: int) -> bool:
        """Whether the metre is compound and neither a beat nor a given voice begins here, though one sings."""
        if not self.grid.compound[tick] or self.grid.level[tick] <= BEAT:
            return False
        sings = ~self.hidden[:, tick] & (self.grid.pitch[:, tick] != REST_PITCH)
        return bool(sings.any() and not self.grid.struck[sings, tick].any())

    def _known_after(self, tick: int) -> np.ndarray:
        """Known tokens of the next tick, `UNKNOWN` for the rest: (V,)."""
        if tick + 1 < self.grid.ticks:
            return np.asarray(self.token[tick + 1, 0])
        return np.full(self.token.shape[2], UNKNOWN)

    def _weigh_drawn(self) -> None:
        """Write down the log-probabilities of what has been drawn: of pitch and, where it stays, articulation."""
        if not self.drawn:
            return
        tick, voice, *columns = zip(*self.drawn, strict=True)
        before, logits, again = (np.stack(column) for column in columns)  # (W, N), (W, N, K), (W, N)
        token, struck = self.token[tick, :, voice], self.struck[tick, :, voice]
        pitch = torch.log_softmax(torch.from_numpy(logits), -1).numpy()
        pitch = np.take_along_axis(pitch, token[..., None], -1)[..., 0]
        stays = (token == before) & (token < REST)
        other = np.where(struck == STRUCK, -again, again)  # logit of what was not drawn
        self.log_prob[tick, :, voice] = pitch - stays * np.logaddexp(0, other)
        self.drawn.clear()

    def by_voice(self, cells: np.ndarray) -> np.ndarray:
        """(T, N, V) to (N, V, T)."""
        return cells.transpose(1, 2, 0)
