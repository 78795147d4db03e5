"""Draws tokens under the rules, from one seeded generator."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from scoreassist.grid.vocabulary import HIGHEST, LOWEST, PITCHES, VOCABULARY
from scoreassist.sampling.options import SamplingOptions, groups
from scoreassist.sampling.rules import AVOID, FORBID, NOBODY, NOTHING, Moment, Rule
from scoreassist.wishes.demands import Demands
from scoreassist.wishes.table import WISHES

NEVER = float("-inf")
UNIFORM = 4096  # random numbers fetched at once
SHYNESS = 1.0  # nats by which a group of candidates avoids what another one has chosen
GIVING_WAY = 5.0  # nats that a rule which gives way costs, as candidates are weighed

FIRMEST = 100

Says = Callable[[Moment], np.ndarray]


class Sampler:
    """Draws tokens for N candidates.

    Parameters
    ----------
    options : SamplingOptions
    demands : Demands, optional
        What the user wishes of cells, on the grid that is filled.

    Attributes
    ----------
    gave_way : dict of str to int array (N,)
    mass : float array (N,)
        Log-probability, since it was set to 0, of what the rules have left of the model's distribution, in nats:
        the weight of a particle whose proposal is that distribution under the rules (Doucet & Johansen, *A
        Tutorial on Particle Filtering and Smoothing*, 2009, section 3).
    """

    def __init__(self, options: SamplingOptions, demands: Demands | None = None) -> None:
        self.options = options
        self.generator = torch.Generator().manual_seed(options.seed)
        self._random, self._used = np.empty(0), 0
        hard, soft = (
            [(name, rule) for name, rule in options.acting(strength) if _is_asked(rule, demands)]
            for strength in (FORBID, AVOID)
        )
        self.masks = {name: _tokens_out(allowed) for name, allowed in (demands.pitch if demands else {}).items()}
        # Rests stand firmest; then come the user's wishes and the rules, as the table of wishes says.
        firm = [(WISHES[name].firmness, name, _masked(mask)) for name, mask in self.masks.items()]
        firm += [(FIRMEST if name == "rests" else rule.firmness, name, rule.says) for name, rule in hard]
        firm.sort(key=lambda row: -row[0])
        self.forbidding: list[tuple[str, Says]] = [(name, says) for _, name, says in firm]
        self.avoiding = [(rule.says, np.float32(rule.penalty)) for _, rule in soft if not rule.weighs]
        self.weighing = [rule.says for _, rule in soft if rule.weighs]
        self.gave_way = {name: np.zeros(options.candidates, dtype=np.int64) for name, _ in self.forbidding}
        self.mass = np.zeros(options.candidates)

    def pitch(self, logits: np.ndarray, moment: Moment) -> np.ndarray:
        """Draw one token per candidate: logits (N, K) to int (N,)."""
        free = logits / self.options.temperature
        allowed = free
        if self.forbidding:
            out = [says(moment) for _, says in self.forbidding]
            saying = [bad for bad in out if bad is not NOBODY]
            if saying:
                allowed = np.where(reduce(np.logical_or, saying), NEVER, free)
                if allowed.max(1).min() == NEVER:
                    allowed = self._give_way(free, out)
        for says in self.weighing:
            weight = says(moment)
            if weight is not NOTHING:
                allowed = allowed + weight
        for says, penalty in self.avoiding:
            bad = says(moment)
            if bad is not NOBODY:
                allowed = allowed + penalty * bad
        return self._draw(allowed, free)

    def _give_way(self, logits: np.ndarray, out: list[np.ndarray]) -> np.ndarray:
        """Apply rules one after the other, leaving out for each candidate what would leave it no choice."""
        allowed = logits
        for (name, _), bad in zip(self.forbidding, out, strict=True):
            ruled = np.where(bad, NEVER, allowed)
            possible = ruled.max(1) > NEVER
            self.gave_way[name] += ~possible
            self.mass -= GIVING_WAY * ~possible
            allowed = np.where(possible[:, None], ruled, allowed)
        return allowed

    def strikes(self, logit: np.ndarray) -> np.ndarray:
        """Draw whether a note is struck again: float (N,) to bool (N,)."""
        if self.options.greedy:
            return np.asarray(logit > 0)
        # sigmoid(x) > u where tanh(x / 2) > 2 u - 1
        return np.asarray(np.tanh(logit * (0.5 / self.options.temperature)) > 2 * self._uniform(len(logit)) - 1)

    def again(self, logit: Tensor) -> Tensor:
        """The same as `strikes`, for any number of cells."""
        return torch.from_numpy(self.strikes(logit.numpy()))

    def unruled(self, logits: Tensor) -> Tensor:
        """Draw one token a row, of any number of rows, at the temperature alone: logits (N, K) to long (N,)."""
        return torch.from_numpy(self._draw(logits.numpy() / self.options.temperature))

    def _draw(self, logits: np.ndarray, free: np.ndarray | None = None) -> np.ndarray:
        """One token a row, of logits after the rules; with those before the rules, their weights are kept."""
        if self.options.greedy:
            return np.asarray(logits.argmax(1))
        # Inverse of the distribution function: one uniform number a candidate. These have 24 bits and the ladder
        # 53, so that its end is never reached, and a token without a step of its own never drawn.
        top = logits.max(1, keepdims=True)
        steps = np.exp(logits - top)
        if free is not None and len(free) > 1:
            self.mass += np.log(steps.sum(1)) + top[:, 0] - _log_sum(free)
            if self.options.answers > 1:
                return self._apart(steps)
        ladder = steps.cumsum(1, dtype=np.float64)
        level = self._uniform(len(logits)) * ladder[:, -1]
        return np.asarray((ladder > level[:, None]).argmax(1))

    def _apart(self, steps: np.ndarray) -> np.ndarray:
        """One token a row, each group of candidates avoiding what those before it have drawn.

        Diverse beam search with Hamming diversity (Vijayakumar et al., AAAI 2018, section 3), but drawn.
        """
        shy = np.exp(-SHYNESS * np.arange(self.options.answers))
        chosen = np.zeros(steps.shape[1], dtype=np.int64)  # groups in which some candidate drew it
        drawn = np.empty(len(steps), dtype=np.int64)
        level = self._uniform(len(steps))
        for group in self.groups():
            weighed = steps[group] * shy[chosen]
            self.mass[group] += np.log(weighed.sum(1) / steps[group].sum(1))
            ladder = weighed.cumsum(1, dtype=np.float64)
            drawn[group] = (ladder > (level[group] * ladder[:, -1])[:, None]).argmax(1)
            chosen[np.unique(drawn[group])] += 1
        return drawn

    def groups(self) -> list[slice]:
        """Which candidates compete for one answer."""
        return groups(self.options.candidates, self.options.answers)

    def survivors(self) -> np.ndarray | None:
        """Which candidates go on, where some of a group keep the rules much more easily than others: int (N,).

        None if all do. Systematic resampling, when fewer than half of a group count (ibid., section 3.4).
        """
        rows = np.arange(self.options.candidates)
        for group in self.groups():
            weight = np.exp(self.mass[group] - self.mass[group].max())
            weight /= weight.sum()
            size = len(weight)
            if size > 1 and 1 / (weight**2).sum() < size / 2:
                ladder = weight.cumsum()
                level = (np.arange(size) + self._uniform(1)) / size * ladder[-1]
                rows[group] = group.start + np.minimum(np.searchsorted(ladder, level, side="right"), size - 1)
                self.mass[group] = 0
        if (rows == np.arange(len(rows))).all():
            return None
        self.gave_way = {name: counts[rows] for name, counts in self.gave_way.items()}
        return rows

    def _uniform(self, count: int) -> np.ndarray:
        """The generator's next numbers, from 0 to just below 1: float64 (count,)."""
        first = self._used
        self._used += count
        if self._used > len(self._random):
            fresh = torch.rand(max(count, UNIFORM), generator=self.generator).numpy().astype(np.float64)
            self._random, first, self._used = fresh, 0, count
        return self._random[first : self._used]

    def broken(self) -> np.ndarray:
        """How often a rule gave way, per candidate: int (N,)."""
        return sum(self.gave_way.values(), np.zeros(self.options.candidates, dtype=np.int64))


def _log_sum(logits: np.ndarray) -> np.ndarray:
    top = logits.max(1)
    return np.asarray(np.log(np.exp(logits - top[:, None]).sum(1)) + top)


def _is_asked(rule: Rule, demands: Demands | None) -> bool:
    return not rule.wish or getattr(demands, rule.wish, None) is not None


def _tokens_out(allowed: np.ndarray) -> np.ndarray:
    """Candidates that a wish takes out, of MIDI numbers that it allows: bool (V, T, 128) to (V, T, K)."""
    out = np.zeros((*allowed.shape[:2], VOCABULARY), dtype=bool)
    out[..., :PITCHES] = ~allowed[..., LOWEST : HIGHEST + 1]
    return out


def _masked(mask: np.ndarray) -> Says:
    return lambda m: mask[m.voice, m.tick][None]
