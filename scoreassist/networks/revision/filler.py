"""Revises drafts: what a network that sees both sides finds least likely is written anew, again and again.

Coconet and DeepBach draw single cells over and over (Gibbs sampling), thousands of times. Here a pass hides whole
passages of about two beats, far enough from one another to be independent, and draws each of them several times,
from left to right and voice by voice, from its exact distribution given all that is left and right of it: blocked
Gibbs sampling (Coconet draws its blocks of cells independently of one another, and lets them shrink). Of the
proposals for a passage and what stood there before, one is kept: never one that adds a fault of voice leading.

Shapes: N candidates, V voices, T ticks, M proposals a passage, W passages.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from scoreassist.grid.holes import HOLD, STRIKE
from scoreassist.grid.vocabulary import (
    INPUTS,
    LOWEST,
    PITCHES,
    REST,
    REST_PITCH,
    UNKNOWN,
    VOCABULARY,
    pitches,
    tokens,
)
from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.networks.anticipation_rnn.filler import one_thread
from scoreassist.networks.batch import LEVEL_END, STRUCK
from scoreassist.networks.batches import END_TICKS, FERMATA_UNKNOWN, KEY_UNKNOWN
from scoreassist.networks.filler import Candidates, Filling, Task, free_bass
from scoreassist.networks.revision.network import RevisionNetwork, View
from scoreassist.networks.revision.passages import Passages, least_likely
from scoreassist.networks.revision.stepping import QuickHeads
from scoreassist.networks.revision.stretches import around, pasted, stretches
from scoreassist.networks.revision.surroundings import ahead, behind, joined
from scoreassist.networks.revision.verdict import FAULTS, Terms, faults, gravity, merits, terms_of
from scoreassist.sampling import NEVER, Sampler, SamplingOptions
from scoreassist.sampling.rules import AVOID, FORBID, RULES, STILLNESS
from scoreassist.score.metre import BEAT, TICKS_PER_QUARTER
from scoreassist.theory.cadence import settle_ending
from scoreassist.theory.likeness import copies
from scoreassist.theory.voice_leading import LEAPS

# Nats by which a fault makes a passage worth writing anew, and by which what is only to be avoided does at most.
FAULTY, DUBIOUS = 5.0, 2.0
PATIENCE = 3  # passes before keys are heard anew
MENDED = 3.0  # nats that a fault less is worth then
MENDING = 4  # passes over passages that break what is to be avoided, at most


@dataclass(frozen=True)
class Revising:
    """How drafts are revised; chosen on the `valid` chorales, where it comes closest to Bach.

    Attributes
    ----------
    proposals : int
        Drawn for each passage, besides what stands there.
    revised : int
        Candidates of the draft that are revised, the best first.
    warmth : float
        Proposals are drawn at the temperature times this.
    sharpness : float
        How much the likelihood counts in choosing among proposals, beyond the distribution they were drawn from.
    taste : float
        How much the rules that weigh count.
    mending : float
        The sharpness where faults are mended: no fault is worth any note.
    """

    proposals: int = 7
    revised: int = 1
    warmth: float = 1.0
    sharpness: float = 0.1
    taste: float = 0.45
    mending: float = 0.5


class Reviser:
    """Revises candidates with a `RevisionNetwork`."""

    def __init__(self, network: RevisionNetwork, how: Revising | None = None) -> None:
        self.network, self.how = network.eval(), how or Revising()
        self.heads = QuickHeads(network)

    def revise(self, draft: Candidates, options: SamplingOptions, passes: int) -> Candidates:
        """Write passages anew.

        Parameters
        ----------
        draft : Candidates
            What was drawn in it may change, all else stays; the best few are revised and come back.
        options : SamplingOptions
            Its seed, temperature, ranges and rules.
        passes : int
            0 gives the draft back.
        """
        if passes == 0 or not draft.drawn.any():
            return draft
        best = draft.only(
            draft.best(options.answers) if options.answers > 1 else draft.ranked()[: self.how.revised]
        )
        with one_thread(), torch.inference_mode():
            revised = best
            for stretch in stretches(best):
                run = _Revision(self.network, self.heads, self.how, around(revised, stretch), options)
                for _ in range(passes):
                    run.once()
                run.mend(passes)
                revised = pasted(revised, run.candidates(), stretch)
        return replace(revised, gave_way=_still_broken(revised, options))


class Drafter(Protocol):
    """A filler that can show its candidates."""

    def draft(self, task: Task, options: SamplingOptions) -> Candidates:
        """Choose every hidden cell, as often as there are candidates."""
        ...


class DraftAndRevise:
    """A filler: one network drafts, the other revises as often as the options say.

    Parameters
    ----------
    drafter : Drafter
    reviser : function that gives a `Reviser`
        Called when something is to be revised, so that its weights are not loaded for nothing.
    """

    def __init__(self, drafter: Drafter, reviser: Callable[[], Reviser]) -> None:
        self.drafter, self.reviser = drafter, reviser

    def fill(self, task: Task, options: SamplingOptions) -> Filling:
        """Choose every hidden cell; see `scoreassist.networks.filler.Filler`."""
        return self.answers(task, options)[0]

    def answers(self, task: Task, options: SamplingOptions) -> list[Filling]:
        """Choose every hidden cell, in several ways; see `scoreassist.networks.filler.Filler`."""
        found = self.drafter.draft(task, options)
        if options.passes:
            found = self.reviser().revise(found, options, options.passes)
        return [found.filling(index) for index in found.best(options.answers)]


def _still_broken(revised: Candidates, options: SamplingOptions) -> dict[str, np.ndarray]:
    """Rules that gave way in the draft, as far as they are still broken."""
    grid, shift = revised.task.grid, revised.transposition
    pitch = np.where(revised.pitch == REST_PITCH, REST_PITCH, revised.pitch + shift)
    terms = terms_of(grid.transposed(shift), _moved(revised.task, shift), options)

    def broken(name: str) -> np.ndarray:
        return np.asarray(faults(pitch, terms, (name,), revised.struck).sum(1))

    return {
        name: np.minimum(counts, broken(name)) if name in FAULTS else counts
        for name, counts in revised.gave_way.items()
    }


def _moved(task: Task, shift: int) -> Task:
    """A task with its wishes where the model reads them."""
    return replace(task, demands=task.demands and task.demands.transposed(shift))


class _Revision:
    """Candidates of one task while they are revised: transposed, and with ticks after the end."""

    def __init__(
        self,
        network: RevisionNetwork,
        heads: QuickHeads,
        how: Revising,
        draft: Candidates,
        options: SamplingOptions,
    ) -> None:
        self.network, self.heads, self.how, self.options = network, heads, how, options
        self.draft = draft
        task = draft.task
        warm = replace(options, temperature=options.temperature * how.warmth)
        self.sampler = Sampler(warm, _moved(task, draft.transposition).demands)
        moved = _moved(task, draft.transposition)
        moved = replace(moved, grid=task.grid.transposed(draft.transposition))
        grid, rhythm = settle_ending(
            moved.grid, task.rest, task.rhythm, HOLD, options.ranges[-1][0], free_bass(moved)
        )
        self.grid, self.count, self.ticks = grid, len(draft), grid.ticks
        room = END_TICKS
        self.level, self.key, self.fermata = _metadata(grid, self.count)
        self.free = torch.from_numpy(np.pad(draft.drawn & ~grid.known, ((0, 0), (0, room))))
        pitch = self.draft.pitch
        pitch = np.where(pitch == REST_PITCH, REST_PITCH, pitch + draft.transposition)
        self.token = torch.from_numpy(np.pad(tokens(pitch), _ends(room), constant_values=UNKNOWN))
        self.struck = torch.from_numpy(np.pad(self.draft.struck & (pitch != REST_PITCH), _ends(room))).long()
        self.log_prob = torch.from_numpy(np.pad(self.draft.log_prob.astype(np.float32), _ends(room)))
        self.looked_at = np.zeros((self.count, self.ticks), dtype=np.int64)
        hard_to_sing = RULES["leaps"].penalty * self.sampler.options.temperature
        self.leaps = hard_to_sing if options.strength("leaps") in (FORBID, AVOID) else 0.0
        self.avoiding: set[str] = set()  # what counts as a fault too, while passages are mended
        self.forbidding = {name for name, _ in options.acting(FORBID)}
        self.task = replace(moved, grid=grid)
        self._require(task.rest, rhythm, room)

    def _require(self, rest: np.ndarray, rhythm: np.ndarray, room: int) -> None:
        """What is required of cells, as tensors (V, T) and (V, T, K)."""
        grid, rules = self.grid, self.options.rules
        free = self.free.numpy()
        self.rhythm = np.pad(rhythm, ((0, 0), (0, room)), constant_values=-1)
        self.must_hold = torch.from_numpy(self.rhythm == HOLD)
        strike = self.rhythm == STRIKE
        strike[:, 0] = True
        given = np.pad(self.task.given | ~self.draft.drawn, ((0, 0), (0, room)), constant_values=True)
        if self.task.settled is not None:
            given &= ~np.pad(self.task.settled, ((0, 0), (0, room)))
        strike[:, 1:] |= given[:, :-1] & ~free[:, :-1]  # a given note is never lengthened
        self.must_strike = torch.from_numpy(strike)
        allowed = np.ones((*free.shape, VOCABULARY), dtype=bool)
        if "rests" in rules:
            silent = np.pad(rest, ((0, 0), (0, room)))
            allowed[..., REST] = silent
            allowed[..., :REST] &= ~silent[..., None]
        self.silence = torch.from_numpy(np.where(allowed, 0.0, NEVER)).float()
        # What the user wishes, the firmest first; where nothing would be left, the softer ones give way.
        wished = list(self.sampler.masks.values())
        if "range" in self.forbidding:
            midi = np.arange(PITCHES) + LOWEST
            low, high = np.array(self.options.ranges).T[:, :, None]
            outside = np.pad((midi < low) | (midi > high), ((0, 0), (0, 1)))
            wished.append(np.broadcast_to(outside[:, None], (*rest.shape, VOCABULARY)))
        for out in wished:
            left = allowed & ~np.pad(out, ((0, 0), (0, room), (0, 0)))
            allowed = np.where(left.any(-1, keepdims=True), left, allowed)
        self.allowed = torch.from_numpy(np.where(allowed, 0.0, NEVER)).float()
        still = still_ticks(grid, free[:, : self.ticks]) if "stillness" in rules else np.zeros(self.ticks, bool)
        self.still = torch.from_numpy(np.pad(still, (0, room)))
        self.listen()

    def once(self, *, mending: bool = False) -> None:
        """One pass over all candidates; to mend, over passages with faults alone."""
        trouble = self._trouble()
        passages = least_likely(
            self.log_prob.numpy()[:, :, : self.ticks] - trouble[:, None],
            self.looked_at,
            self._begins()[:, :, : self.ticks],
            self.free.numpy()[:, : self.ticks],
            self.rhythm[:, : self.ticks],
            int(np.flatnonzero(self.grid.level <= BEAT)[0]) if (self.grid.level <= BEAT).any() else 0,
        )
        if mending:
            passages = passages.only(self._are_faulty(passages))
        if not passages.first.size:
            return
        proposals = self._propose(passages)
        before = self.token.clone(), self.struck.clone(), self.log_prob.clone()
        self._keep(passages, proposals, self._verdict(passages, proposals))
        self._take_back(before)
        for candidate, first, end in zip(passages.candidate, passages.first, passages.end, strict=True):
            self.looked_at[candidate, first:end] += 1

    def mend(self, passes: int) -> None:
        """Go on where rules are broken, in the keys that are heard now: longest for those that forbid."""
        acting = self.options.acting(AVOID)
        avoiding = {name for name, rule in acting if (not rule.weighs and not rule.wish) or name == "arrival"}
        for number in range(passes):
            self.avoiding = avoiding if number < MENDING else set()
            if number % PATIENCE == 0:
                self.listen()
            if self._faults().any():
                self.once(mending=True)
        self.avoiding = set()

    def _are_faulty(self, passages: Passages) -> np.ndarray:
        """Which passages have a fault, or lead into one: bool (W,)."""
        wrong = _sums(self._faults())
        beyond = np.minimum(passages.end + 1, self.ticks)
        return np.asarray(wrong[passages.candidate, beyond] > wrong[passages.candidate, passages.first])

    def listen(self) -> None:
        """Hear anew in which keys the candidates are, for what rules say depends on it."""
        self.terms: Terms = terms_of(self.grid, self.task, self.options, self._cells()[0])

    def _faults(self) -> np.ndarray:
        pitch, struck = self._cells()
        return gravity(pitch, self.terms, self.forbidding, self.avoiding, struck)

    def _trouble(self) -> np.ndarray:
        """What speaks for writing each tick anew besides its likelihood, in nats: float (N, ticks)."""
        pitch, struck = self._cells()
        wrong = FAULTY * faults(pitch, self.terms, self.forbidding, struck)
        wrong = wrong + np.clip(-merits(pitch, self.terms, self.options, struck), 0, DUBIOUS)
        wrong[:, :-1] += wrong[:, 1:]  # what leads there is part of it
        return np.asarray(wrong)

    def _cells(self) -> tuple[np.ndarray, np.ndarray]:
        """MIDI numbers and whether they are struck: (N, V, ticks) each."""
        token, struck = (cells[:, :, : self.ticks].numpy() for cells in (self.token, self.struck))
        return pitches(token), struck == STRUCK

    def _begins(self) -> np.ndarray:
        """Where notes and silences begin: bool (N, V, T)."""
        token, struck = self.token.numpy(), self.struck.numpy()
        begins = struck == STRUCK
        begins[:, :, 0] = True
        begins[:, :, 1:] |= token[:, :, 1:] != token[:, :, :-1]
        return np.asarray(begins)

    def _propose(self, passages: Passages) -> _Proposals:
        """Draw every passage several times, tick by tick; the first row of each is what stands there."""
        rows = self.how.proposals + 1
        hidden = torch.from_numpy(np.pad(passages.hidden, _ends(self.token.shape[2] - self.ticks)))
        view = self.network.look(self._shown(hidden))
        after = ahead(view.token, view.struck)
        made = _Proposals(
            view.token.repeat_interleave(rows, 0),
            view.struck.repeat_interleave(rows, 0),
            torch.zeros(self.count * rows, *self.token.shape[1:]),
            rows,
        )
        lengths = passages.end - passages.first
        for step in range(int(lengths.max())):
            active = np.flatnonzero(step < lengths)
            candidate = torch.from_numpy(np.repeat(passages.candidate[active], rows))
            tick = torch.from_numpy(np.repeat(passages.first[active] + step, rows))
            number = torch.arange(rows).repeat(len(active))
            self._tick(view, after, made, hidden, candidate, tick, number)
        return made

    def _shown(self, hidden: Tensor) -> _Draft:
        """All that stands there but what is hidden, as the network reads it."""
        known = ~hidden & (self.token != UNKNOWN)
        return _Draft(self.token, self.struck, known, self.level, self.key, self.fermata)

    def _tick(
        self,
        view: View,
        after: tuple[Tensor, Tensor],
        made: _Proposals,
        hidden: Tensor,
        candidate: Tensor,
        tick: Tensor,
        number: Tensor,
    ) -> None:
        """Draw one tick of every passage."""
        row = candidate * made.rows + number
        cells_back, marks_back = behind(made.token, made.struck)
        back = cells_back[row, tick], marks_back[row, tick]
        on = after[0][candidate, tick], after[1][candidate, tick]
        around = joined(back, on)
        for voice in self.network.config.order:
            which = hidden[candidate, voice, tick].nonzero().squeeze(1)
            if not which.numel():
                continue
            r, c, t = row[which], candidate[which], tick[which]
            now, struck = made.token[r, :, t], made.struck[r, :, t]
            logits, again = self.heads(
                voice,
                view.share[c, t, voice],
                around.some(which),
                now,
                struck,
                view.echo[c, :, t],
                view.strength[c, t],
            )
            before = made.token[r, voice, (t - 1).clamp(min=0)]
            drawn, begins = self._draw(voice, t, logits, again, now, before)
            old = number[which] == 0
            drawn = torch.where(old, self.token[c, voice, t], drawn)
            stays = (drawn == before) & (drawn < REST) & (t > 0)
            strikes = torch.where(stays, begins, drawn < REST)
            strikes = torch.where(old, self.struck[c, voice, t] == STRUCK, strikes)
            made.token[r, voice, t], made.struck[r, voice, t] = drawn, strikes.long()
            chance = torch.log_softmax(logits, -1).gather(1, drawn.unsqueeze(1)).squeeze(1)
            stay = torch.nn.functional.logsigmoid(torch.where(strikes, again, -again))
            made.log_prob[r, voice, t] = chance + torch.where(stays, stay, 0.0)

    def _draw(
        self, voice: int, tick: Tensor, logits: Tensor, again: Tensor, now: Tensor, before: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Tokens, and whether notes are struck again, of one voice's cells."""
        # A held tick is no moment to move.
        moves = torch.arange(VOCABULARY) != before.unsqueeze(1)
        stillness = STILLNESS * self.sampler.options.temperature  # which divides what is drawn
        weighed = logits + stillness * (self.still[tick].unsqueeze(1) & moves)
        if self.leaps:
            weighed = weighed + self.leaps * _HARD[before]
        allowed = weighed + self.allowed[voice, tick]
        if self.task.demands is not None and self.task.demands.max_leap is not None:
            allowed = _if_any(allowed, _wide(before, self.task.demands.max_leap))
        if "crossing" in self.forbidding:
            allowed = _if_any(allowed, _crossing(voice, now))
        possible = (allowed > NEVER).any(1, keepdim=True)
        allowed = torch.where(possible, allowed, weighed + self.silence[voice, tick])
        drawn, begins = self.sampler.unruled(allowed), self.sampler.again(again)
        drawn = torch.where(self.must_hold[voice, tick] & (tick > 0), before, drawn)
        begins &= ~self.still[tick] & ~self.must_hold[voice, tick]
        return drawn, begins | self.must_strike[voice, tick]

    def _verdict(self, passages: Passages, made: _Proposals) -> Tensor:
        """Which proposal is kept for each passage: long (W,)."""
        pitch = pitches(made.token[:, :, : self.ticks].numpy())
        struck = made.struck[:, :, : self.ticks].numpy() == STRUCK
        wrong = _sums(gravity(pitch, self.terms, self.forbidding, (), struck))
        good = _sums(merits(pitch, self.terms, self.options, struck))
        likely = _sums(made.log_prob.sum(1).numpy())
        rows = passages.candidate[:, None] * made.rows + np.arange(made.rows)
        first, end = passages.first[:, None], passages.end[:, None]
        beyond = np.minimum(end + 1, self.ticks)  # into the next chord
        added = wrong[rows, beyond] - wrong[rows, first]
        worth = self.how.taste * (good[rows, beyond] - good[rows, first])
        sharpness = self.how.mending if self.avoiding else self.how.sharpness
        worth = worth + sharpness * (likely[rows, end] - likely[rows, first])
        if self.avoiding:
            dubious = _sums(gravity(pitch, self.terms, (), self.avoiding, struck))
            worth = worth - MENDED * (dubious[rows, beyond] - dubious[rows, first])
        # Fewest faults go first; what stands there is among the rows, so that none is added.
        worth = np.where(added == added.min(1, keepdims=True), worth, NEVER)
        return self.sampler.unruled(self.sampler.options.temperature * torch.from_numpy(worth).float())

    def _keep(self, passages: Passages, made: _Proposals, choice: Tensor) -> None:
        """Put the chosen proposals in the place of what stood there."""
        for candidate, first, end, row in zip(
            passages.candidate.tolist(),
            passages.first.tolist(),
            passages.end.tolist(),
            choice.tolist(),
            strict=True,
        ):
            source = candidate * made.rows + row
            here = torch.from_numpy(passages.hidden[candidate, :, first:end])
            for target, proposed in (
                (self.token, made.token),
                (self.struck, made.struck),
                (self.log_prob, made.log_prob),
            ):
                target[candidate, :, first:end][here] = proposed[source, :, first:end][here]
        # What follows a passage begins a note if the passage leads elsewhere now.
        moved = torch.nn.functional.pad(self.token[:, :, 1:] != self.token[:, :, :-1], (1, 0))
        self.struck[self.free & moved & (self.token < REST)] = STRUCK

    def _take_back(self, before: tuple[Tensor, Tensor, Tensor]) -> None:
        """Leave a candidate as it was where passages, each harmless, have together added faults or copies."""
        now = self.token, self.struck, self.log_prob
        after = self._faults().sum(1), self._copied()
        self.token, self.struck, self.log_prob = before
        worse = (after[0] > self._faults().sum(1)) | (after[1] > self._copied())
        self.token, self.struck, self.log_prob = now
        for kept, old in zip(now, before, strict=True):
            kept[torch.from_numpy(worse)] = old[torch.from_numpy(worse)]

    def _copied(self) -> np.ndarray:
        """By how much each candidate quotes the corpus longer than the user wants, in ticks: int (N,)."""
        demands, corpus = self.task.demands, self.task.corpus
        if demands is None or demands.max_copy is None or corpus is None:
            return np.zeros(self.count, dtype=np.int64)
        limit = int(demands.max_copy * TICKS_PER_QUARTER)
        found = [copies(corpus, pitch) for pitch in self._cells()[0]]
        return np.array([max((copy.ticks - limit for copy in row), default=0) for row in found]).clip(0)

    def candidates(self) -> Candidates:
        """The candidates as they are now; what was not drawn is as it was."""
        task, shift = self.draft.task, self.draft.transposition
        free = self.free[:, : self.ticks].numpy()
        pitch = pitches(self.token[:, :, : self.ticks].numpy())
        pitch = np.where(pitch == REST_PITCH, REST_PITCH, pitch - shift)
        struck = self.struck[:, :, : self.ticks].numpy() == STRUCK
        return replace(
            self.draft,
            task=task,
            pitch=np.where(free, pitch, self.draft.pitch),
            struck=np.where(free, struck, self.draft.struck),
            log_prob=np.where(free, self.log_prob[:, :, : self.ticks].numpy(), self.draft.log_prob),
        )


@dataclass
class _Draft:
    """Drafts as the network reads them; as in `Batch`."""

    token: Tensor
    struck: Tensor
    known: Tensor
    level: Tensor
    key: Tensor
    fermata: Tensor


@dataclass
class _Proposals:
    """Proposals for all passages at once: N x M rows of whole grids, each with one proposal for every passage.

    Attributes
    ----------
    token, struck : long (N * M, V, T)
    log_prob : float (N * M, V, T)
        Of hidden cells, in nats.
    rows : int
        M, what stood there before included.
    """

    token: Tensor
    struck: Tensor
    log_prob: Tensor
    rows: int


def _hard_leaps() -> Tensor:
    """Where a candidate is a leap that is hard to sing, by the token before: float (INPUTS, K)."""
    step = (torch.arange(VOCABULARY) - torch.arange(INPUTS).unsqueeze(1)).abs()
    hard = torch.isin(step, torch.tensor(LEAPS)) | (step > 12)
    hard[REST:] = False
    hard[:, REST] = False
    return hard.float()


_HARD = _hard_leaps()


def still_ticks(grid: Grid, free: np.ndarray) -> np.ndarray:
    """Ticks that are no moments to move: bool (ticks,).

    Where a fermata is held, and, if beats are dotted, where neither a beat nor a given voice's note begins though
    one sings.
    """
    held = np.zeros(grid.ticks, dtype=bool)
    held[1:] = grid.fermata[1:] & grid.fermata[:-1]
    sings = ~free & (grid.pitch != REST_PITCH)
    between = grid.compound & (grid.level > BEAT) & sings.any(0) & ~(sings & grid.struck).any(0)
    return np.asarray(held | between)


def _metadata(grid: Grid, count: int) -> list[Tensor]:
    """Metre, key and fermatas as the network reads them, with the end of the piece: long (count, T) each."""
    key = np.where(grid.fifths == NO_KEY, KEY_UNKNOWN, grid.fifths % 12)
    fermata = grid.fermata.astype(np.int64) if grid.fermata.any() else np.full(grid.ticks, FERMATA_UNKNOWN)
    ends = ((grid.level, LEVEL_END), (key, KEY_UNKNOWN), (fermata, FERMATA_UNKNOWN))
    padded = [np.pad(array, (0, END_TICKS), constant_values=end) for array, end in ends]
    return [torch.from_numpy(array).expand(count, -1) for array in padded]


def _if_any(logits: Tensor, penalties: Tensor) -> Tensor:
    """Logits (N, K) with penalties, where these leave anything."""
    ruled = logits + penalties
    return torch.where((ruled > NEVER).any(1, keepdim=True), ruled, logits)


def _wide(before: Tensor, most: int) -> Tensor:
    """Penalties (N, K) of pitches that are more semitones away from the token before, long (N,)."""
    penalty = torch.zeros(len(before), VOCABULARY)
    far = (torch.arange(PITCHES) - before[:, None]).abs() > most
    penalty[:, :PITCHES].masked_fill_(far & (before[:, None] < REST), NEVER)
    return penalty


def _crossing(voice: int, now: Tensor) -> Tensor:
    """Penalties (N, K) of pitches beyond voices that sound at this tick."""
    candidate = torch.arange(PITCHES)
    upper, lower = now[:, :voice, None], now[:, voice + 1 :, None]
    crossed = ((upper < REST) & (candidate > upper)).any(1) | ((lower < REST) & (candidate < lower)).any(1)
    penalty = torch.zeros(len(now), VOCABULARY)
    penalty[:, :PITCHES].masked_fill_(crossed, NEVER)
    return penalty


def _sums(per_tick: np.ndarray) -> np.ndarray:
    """Sums over the ticks before each: (N, ticks) to (N, ticks + 1)."""
    return np.pad(np.cumsum(per_tick, axis=1), ((0, 0), (1, 0)))


def _ends(room: int) -> tuple[tuple[int, int], ...]:
    return (0, 0), (0, 0), (0, room)
