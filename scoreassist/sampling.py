"""The only place where a token is drawn.

Known cells are never drawn: they are copied. For every other cell the network's logits are divided by the
temperature, then each row of `RULES` adds its penalties, and one token is drawn. A rule that would leave no
token to choose gives way, and the result counts it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from scoreassist.errors import RequestError
from scoreassist.grid.vocabulary import INPUTS, LOWEST, PITCHES, REST, VOCABULARY
from scoreassist.options import CANDIDATES, TEMPERATURE
from scoreassist.score.metre import BEAT
from scoreassist.theory.harmony import OTHER, SEVENTH, chord_classes, triad_parts
from scoreassist.theory.voice_leading import CHOIR_RANGES, SPACING

NEVER = float("-inf")
CANDIDATE = torch.arange(PITCHES)


@dataclass(frozen=True)
class SamplingOptions:
    """How tokens are drawn.

    Attributes
    ----------
    seed : int
        The same seed gives the same notes on one machine and release.
    temperature : float
        Divides the logits; below 1 safer, above 1 bolder. Must be positive.
    candidates : int
        Drawn as one batch; the best is kept (fewest rules given way, then best harmony and likelihood).
    ranges : four pairs of MIDI numbers
        Lowest and highest note to write in each voice.
    rules : names of rows of `RULES` that act
    """

    seed: int = 0
    temperature: float = TEMPERATURE
    candidates: int = CANDIDATES
    ranges: tuple[tuple[int, int], ...] = CHOIR_RANGES
    rules: tuple[str, ...] = (
        *("rests", "crossing", "parallels", "range", "spacing", "overlap", "chords", "arrival", "stillness"),
    )

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise RequestError("the temperature must be above 0; try 0.8")
        if self.candidates < 1:
            raise RequestError("at least one candidate is needed; try --candidates 4")
        if unknown := set(self.rules) - set(RULES):
            raise RequestError(f"no rule named {sorted(unknown)[0]}; the rules are {', '.join(RULES)}")


@dataclass
class Moment:
    """What a rule sees when one voice's cell is drawn, for N candidates at once.

    Attributes
    ----------
    voice, tick : int
    now, before : long (N, V)
        Tokens of this tick (`UNKNOWN` where not drawn yet) and of the one before.
    after : long (V,)
        Known tokens of the next tick, `UNKNOWN` elsewhere.
    level : int
        Metrical strength of the tick.
    must_rest : bool
        Whether silence is what must be written here.
    held : bool
        Whether this is no moment to move: a given voice holds a fermata that began before, or beats are
        dotted and the given voices move neither here nor is this a beat.
    arrival : bool
        Whether a phrase comes to rest here, under a fermata.
    chord : tuple of int
        Pitch classes of the tonic triad where the piece begins or ends on it; else empty.
    options : SamplingOptions
    """

    voice: int
    tick: int
    now: Tensor
    before: Tensor
    after: Tensor
    level: int
    must_rest: bool
    held: bool
    arrival: bool
    chord: tuple[int, ...]
    options: SamplingOptions


def _rests(m: Moment) -> Tensor:
    """Silence where every given voice is silent, and nowhere else."""
    return _rest_penalty(m.must_rest)


@lru_cache
def _rest_penalty(must_rest: bool) -> Tensor:
    penalty = torch.zeros(1, VOCABULARY)
    if must_rest:
        penalty[:, :REST] = NEVER
    else:
        penalty[:, REST] = NEVER
    return penalty


def _range(m: Moment) -> Tensor:
    """What the voice can sing."""
    return _range_penalty(*m.options.ranges[m.voice])


@lru_cache
def _range_penalty(low: int, high: int) -> Tensor:
    midi = CANDIDATE + LOWEST
    return _pitches((midi < low) | (midi > high))


def _parallels(m: Moment) -> Tensor:
    """Fifths, octaves and unisons in parallel with voices already there, behind and ahead."""
    bad = _parallel(m.before[:, m.voice : m.voice + 1], CANDIDATE[None, :], m.before, m.now)
    ahead = m.after[m.voice]
    if int(ahead) < REST:
        bad |= _parallel(CANDIDATE[None, :], ahead[None, None], m.now, m.after.expand_as(m.now))
    return _pitches(bad)


def _parallel(mine0: Tensor, mine1: Tensor, other0: Tensor, other1: Tensor) -> Tensor:
    """Whether a voice going from `mine0` to `mine1` (N or 1, K or 1) runs parallel to any of others (N, V)."""
    mine0, mine1 = mine0.unsqueeze(1), mine1.unsqueeze(1)
    other0, other1 = other0.unsqueeze(-1), other1.unsqueeze(-1)
    sounding = (other0 < REST) & (other1 < REST) & (mine0 < REST)
    same_way = (mine1 - mine0).sign() * (other1 - other0).sign() > 0
    interval = (mine1 - other1).abs() % 12
    kept = ((mine0 - other0).abs() % 12 == interval) & ((interval == 7) | (interval == 0))
    return (sounding & same_way & kept).any(1)


def _crossing(m: Moment) -> Tensor:
    """Above an upper voice or below a lower one."""
    low, high = _neighbours(m.now, m.voice)
    return _pitches((low > CANDIDATE) | (high < CANDIDATE))


def _neighbours(tokens: Tensor, voice: int) -> tuple[Tensor, Tensor]:
    """Highest lower and lowest upper voice sounding: (N, 1) each, beyond the vocabulary where there is none."""
    upper, lower = tokens[:, :voice], tokens[:, voice + 1 :]
    none_above = torch.full((tokens.shape[0], 1), INPUTS)
    high = torch.cat([torch.where(upper < REST, upper, INPUTS), none_above], 1).amin(1, keepdim=True)
    low = torch.cat([torch.where(lower < REST, lower, -1), none_above * 0 - 1], 1).amax(1, keepdim=True)
    return low, high


def _spacing(m: Moment) -> Tensor:
    """More than an octave between neighbouring upper voices, or far above the bass."""
    bad = torch.zeros(m.now.shape[0], PITCHES, dtype=torch.bool)
    if m.voice > 0:
        above = m.now[:, m.voice - 1 : m.voice]
        bad |= (above < REST) & (above - CANDIDATE > SPACING[m.voice - 1])
    if m.voice < len(SPACING):
        below = m.now[:, m.voice + 1 : m.voice + 2]
        bad |= (below < REST) & (CANDIDATE - below > SPACING[m.voice])
    return _pitches(bad)


def _overlap(m: Moment) -> Tensor:
    """Beyond where a neighbour has just been."""
    low, high = _neighbours(m.before, m.voice)
    mine = m.before[:, m.voice : m.voice + 1]
    moved = mine != CANDIDATE
    return -2.0 * _as_float(((low > CANDIDATE) | (high < CANDIDATE)) & moved)


_CHORDS = torch.from_numpy(chord_classes())
_TRIAD_PARTS = torch.from_numpy(triad_parts())
_BITS = 1 << ((CANDIDATE + LOWEST) % 12)


def _chords(m: Moment) -> Tensor:
    """On beats, prefer what makes a triad or seventh chord, or leaves room for one."""
    if m.level > BEAT:
        return torch.zeros(1, VOCABULARY)
    kind = _CHORDS[_sounding_with(m)]
    penalty = torch.where(kind == OTHER, -2.0, 0.0)
    if int((m.now < REST).sum(1).max()) >= m.now.shape[1] - 1:
        penalty = penalty + torch.where(kind >= SEVENTH, 0.7, 0.0)
    return torch.nn.functional.pad(penalty, (0, 1))


def _arrival(m: Moment) -> Tensor:
    """Where a phrase comes to rest, prefer a triad; where the piece begins and ends, that of the tonic."""
    if not m.arrival and not m.chord:
        return torch.zeros(1, VOCABULARY)
    penalty = -3.0 * _as_float(~_TRIAD_PARTS[_sounding_with(m)])
    if m.chord:
        foreign = torch.ones(12, dtype=torch.bool)
        foreign[list(m.chord)] = False
        penalty = penalty - 6.0 * _as_float(foreign[(CANDIDATE + LOWEST) % 12])
    return penalty


def _sounding_with(m: Moment) -> Tensor:
    """Pitch-class sets, as bit masks, that each candidate makes with what sounds already: (N, PITCHES)."""
    heard = m.now < REST
    heard[:, m.voice] = False
    bits = torch.where(heard, 1 << ((m.now + LOWEST) % 12), 0)
    mask = bits[:, 0]
    for voice in range(1, bits.shape[1]):
        mask = mask | bits[:, voice]
    return mask.unsqueeze(1) | _BITS


def _stillness(m: Moment) -> Tensor:
    """Under a fermata, come to rest with the voice that has it; in compound time, move with the given voices."""
    if not m.held:
        return torch.zeros(1, VOCABULARY)
    moved = m.before[:, m.voice : m.voice + 1] != CANDIDATE
    return -8.0 * _as_float(moved)


def _as_float(bad: Tensor) -> Tensor:
    return torch.nn.functional.pad(bad.float(), (0, 1))


def _pitches(bad: Tensor) -> Tensor:
    """Penalties (N, K) that forbid pitches; silence stays as it is."""
    if bad.ndim == 1:
        bad = bad.unsqueeze(0)
    penalty = torch.zeros(bad.shape[0], VOCABULARY)
    penalty[:, :PITCHES].masked_fill_(bad, NEVER)
    return penalty


@dataclass(frozen=True)
class Rule:
    """One row of `RULES`.

    Attributes
    ----------
    penalty : function of a `Moment`
        What to add to the logits: (N, K) or (1, K), `NEVER` to forbid.
    forbids : bool
        Whether it forbids tokens, rather than only making them less likely.
    """

    penalty: Callable[[Moment], Tensor]
    forbids: bool


# The first stand firmest: where they leave no choice, the later ones give way.
RULES: dict[str, Rule] = {
    "rests": Rule(_rests, True),
    "crossing": Rule(_crossing, True),
    "parallels": Rule(_parallels, True),
    "range": Rule(_range, True),
    "spacing": Rule(_spacing, True),
    "overlap": Rule(_overlap, False),
    "chords": Rule(_chords, False),
    "arrival": Rule(_arrival, False),
    "stillness": Rule(_stillness, False),
}


class Sampler:
    """Draws tokens under the rules, from one seeded generator."""

    def __init__(self, options: SamplingOptions) -> None:
        self.options = options
        self.generator = torch.Generator().manual_seed(options.seed)
        acting = [(name, rule) for name, rule in RULES.items() if name in options.rules]
        self.forbidding = [(name, rule.penalty) for name, rule in acting if rule.forbids]
        self.weighing = [rule.penalty for _, rule in acting if not rule.forbids]
        self.gave_way = {name: torch.zeros(options.candidates, dtype=torch.long) for name, _ in self.forbidding}

    def pitch(self, logits: Tensor, moment: Moment) -> Tensor:
        """Draw one token per candidate: logits (N, K) to long (N,)."""
        free = logits / self.options.temperature
        penalties = [penalty(moment) for _, penalty in self.forbidding]
        allowed = free
        for penalty in penalties:
            allowed = allowed + penalty
        if not bool((allowed > NEVER).any(1).all()):
            allowed = self._give_way(free, penalties)
        for weigh in self.weighing:
            allowed = allowed + weigh(moment)
        return self._draw(torch.softmax(allowed, -1))

    def _give_way(self, logits: Tensor, penalties: list[Tensor]) -> Tensor:
        """Apply rules one after the other, leaving out for each candidate what would leave it no choice."""
        allowed = logits
        for (name, _), penalty in zip(self.forbidding, penalties, strict=True):
            ruled = allowed + penalty
            possible = (ruled > NEVER).any(1)
            self.gave_way[name] += ~possible
            allowed = torch.where(possible.unsqueeze(1), ruled, allowed)
        return allowed

    def again(self, logit: Tensor) -> Tensor:
        """Draw whether a note is struck again: (N,) to bool (N,)."""
        chance = torch.sigmoid(logit / self.options.temperature)
        return torch.rand(chance.shape, generator=self.generator) < chance

    def _draw(self, probabilities: Tensor) -> Tensor:
        # Inverse of the distribution function: one uniform number a candidate, the same on every thread count.
        ladder = probabilities.cumsum(-1)
        level = torch.rand(probabilities.shape[0], 1, generator=self.generator) * ladder[:, -1:]
        drawn = torch.searchsorted(ladder, level, right=True).squeeze(-1)
        # Rounding can land on a forbidden token at the very end; take the likeliest then.
        drawn = drawn.clamp(max=probabilities.shape[1] - 1)
        chance = probabilities.gather(1, drawn.unsqueeze(1)).squeeze(1)
        return torch.where(chance > 0, drawn, probabilities.argmax(-1))

    def broken(self) -> np.ndarray:
        """How often a rule gave way, per candidate: int (N,)."""
        total = torch.zeros(self.options.candidates, dtype=torch.long)
        for counts in self.gave_way.values():
            total += counts
        return total.numpy()
