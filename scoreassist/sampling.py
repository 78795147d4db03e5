"""The only place where a token is drawn.

Known cells are never drawn: they are copied. For every other cell the network's logits are divided by the
temperature, then each row of `RULES` forbids tokens or adds to their logits, and one token is drawn. A rule that
would leave no token to choose gives way, and the result counts it.

Rules run some thousand times a second on a handful of candidates, where a call costs more than what it computes:
they look up rows of tables over tokens, in numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np
import torch
from torch import Tensor

from scoreassist.errors import RequestError
from scoreassist.grid.vocabulary import INPUTS, LOWEST, REST, VOCABULARY
from scoreassist.options import CANDIDATES, PASSES, TEMPERATURE
from scoreassist.score.metre import BEAT
from scoreassist.theory.harmony import OTHER, SEVENTH, chord_classes, triad_parts
from scoreassist.theory.voice_leading import CHOIR_RANGES, FIFTH, OCTAVE, SPACING

NEVER = float("-inf")

# What the rules that weigh add to a logit, in nats; revision judges by the same.
OVERLAP, STILLNESS = -2.0, -8.0
CLASH, WHOLE_CHORD = -2.0, 0.7
NO_TRIAD, FOREIGN = -3.0, -6.0
CANDIDATE = np.arange(VOCABULARY)  # every token that can be drawn, the last of them silence
SINGS = CANDIDATE < REST
UNIFORM = 4096  # random numbers fetched at once


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
    passes : int
        How often what has been drawn is revised by a model that sees both sides, where the filler has one.
    greedy : bool
        Take the likeliest token instead of drawing one.
    """

    seed: int = 0
    temperature: float = TEMPERATURE
    candidates: int = CANDIDATES
    ranges: tuple[tuple[int, int], ...] = CHOIR_RANGES
    rules: tuple[str, ...] = (
        *("rests", "crossing", "parallels", "range", "spacing", "overlap", "chords", "arrival", "stillness"),
    )
    passes: int = PASSES
    greedy: bool = False

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise RequestError("the temperature must be above 0; try 0.8")
        if self.candidates < 1:
            raise RequestError("at least one candidate is needed; try --candidates 4")
        if self.passes < 0:
            raise RequestError("there cannot be fewer than no passes; try --passes 0")
        if unknown := set(self.rules) - set(RULES):
            raise RequestError(f"no rule named {sorted(unknown)[0]}; the rules are {', '.join(RULES)}")


@dataclass
class Moment:
    """What a rule sees when one voice's cell is drawn, for N candidates at once.

    Attributes
    ----------
    voice, tick : int
    now, before : int array (N, V)
        Tokens of this tick (`UNKNOWN` where not drawn yet) and of the one before.
    after : int array (V,)
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
    now: np.ndarray
    before: np.ndarray
    after: np.ndarray
    level: int
    must_rest: bool
    held: bool
    arrival: bool
    chord: tuple[int, ...]
    options: SamplingOptions


_NONE = np.zeros((1, VOCABULARY), dtype=bool)
_NOTHING = np.zeros((1, VOCABULARY), dtype=np.float32)
_TOKEN = np.arange(INPUTS)[:, None]  # of another voice, beside `CANDIDATE`
_SOUNDS = _TOKEN < REST
_ROWS = np.arange(len(CHOIR_RANGES)) * INPUTS  # where each voice's rows begin in a table over voices and tokens


def _rests(m: Moment) -> np.ndarray:
    """Silence where every given voice is silent, and nowhere else."""
    return (SINGS if m.must_rest else ~SINGS)[None]


def _range(m: Moment) -> np.ndarray:
    """What the voice can sing."""
    return _outside(*m.options.ranges[m.voice])


@lru_cache
def _outside(low: int, high: int) -> np.ndarray:
    midi = CANDIDATE + LOWEST
    return (((midi < low) | (midi > high)) & SINGS)[None]


def _over_voices(row: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """A table of what each voice's token forbids another one: bool (V, V * INPUTS, K).

    Parameters
    ----------
    row : function of the voice drawn and the other one
        Of bools (INPUTS, K), by the other one's token and the candidate.
    """
    voices = range(len(CHOIR_RANGES))
    rows = [[row(voice, other) & _SOUNDS & SINGS for other in voices] for voice in voices]
    return np.array(rows).reshape(len(voices), -1, VOCABULARY)


def _crossed(voice: int, other: int) -> np.ndarray:
    if other == voice:
        return np.zeros((INPUTS, VOCABULARY), dtype=bool)
    return CANDIDATE > _TOKEN if other < voice else CANDIDATE < _TOKEN


def _far(voice: int, other: int) -> np.ndarray:
    if abs(voice - other) != 1:
        return np.zeros((INPUTS, VOCABULARY), dtype=bool)
    apart = _TOKEN - CANDIDATE if other < voice else CANDIDATE - _TOKEN
    return apart > SPACING[min(voice, other)]


_CROSSED, _FAR = _over_voices(_crossed), _over_voices(_far)


def _forbidden(table: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """What tokens (N, V) forbid together, by a table (V * INPUTS, K): bool (N, K)."""
    return np.asarray(np.logical_or.reduce(table.take(tokens + _ROWS[: tokens.shape[1]], 0), 1))


def _crossing(m: Moment) -> np.ndarray:
    """Above an upper voice or below a lower one."""
    return _forbidden(_CROSSED[m.voice], m.now)


def _spacing(m: Moment) -> np.ndarray:
    """More than an octave between neighbouring upper voices, or far above the bass."""
    return _forbidden(_FAR[m.voice], m.now)


def _parallels(m: Moment) -> np.ndarray:
    """Fifths, octaves and unisons in parallel with voices already there, behind and ahead."""
    kinds, rows = _parallel_tables()
    mine = m.before[:, m.voice, None]
    kind = kinds.take((mine * INPUTS + m.before) * INPUTS + m.now)
    bad = _NONE
    if kind.any():
        bad = np.logical_or.reduce(rows.take((kind * INPUTS + m.now) * INPUTS + mine, 0), 1)
    if m.after[m.voice] < REST:
        bad = bad | _parallel(CANDIDATE, m.after[m.voice], m.now[..., None], m.after[:, None]).any(1)
    return bad


def _parallel(mine0: np.ndarray, mine1: np.ndarray, other0: np.ndarray, other1: np.ndarray) -> np.ndarray:
    """Whether a voice going from `mine0` to `mine1` runs parallel to one from `other0` to `other1`; broadcasts."""
    sounding = (other0 < REST) & (other1 < REST) & (mine0 < REST) & (mine1 < REST)
    same_way = np.sign(mine1 - mine0) * np.sign(other1 - other0) > 0
    interval = abs(mine1 - other1) % 12
    kept = (abs(mine0 - other0) % 12 == interval) & ((interval == FIFTH) | (interval == OCTAVE))
    return np.asarray(sounding & same_way & kept)


@lru_cache(maxsize=1)
def _parallel_tables() -> tuple[np.ndarray, np.ndarray]:
    """Parallels by what comes before.

    Returns
    -------
    kinds : int array (INPUTS ** 3,)
        By own token before, another voice's before and now: 0 if no parallel can follow; else which, of four:
        fifths or octaves, upwards or downwards.
    rows : bool (5 * INPUTS ** 2, K)
        By kind, the other voice's token now and the own before: candidates that make a parallel.
    """
    mine, before, now = (_TOKEN.reshape(shape) for shape in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)))
    sounding = (mine < REST) & (before < REST) & (now < REST)
    interval, motion = abs(mine - before) % 12, np.sign(now - before)
    perfect = np.where(interval == FIFTH, 1, np.where(interval == OCTAVE, 3, 0))
    kinds = np.where(sounding & (perfect > 0) & (motion != 0), perfect + (motion < 0), 0)
    rows = np.zeros((5, INPUTS, INPUTS, VOCABULARY), dtype=bool)
    other, mine = _TOKEN[:, :, None], _TOKEN[None]
    for kind in range(1, 5):
        arrived = abs(CANDIDATE - other) % 12 == (FIFTH if kind < 3 else OCTAVE)
        ahead = (CANDIDATE - mine) * (1 if kind % 2 else -1) > 0
        rows[kind] = arrived & ahead & SINGS
    return kinds.ravel(), rows.reshape(-1, VOCABULARY)


_MOVES = (_TOKEN != CANDIDATE) & SINGS  # candidates that are no such token


def _overlap(m: Moment) -> np.ndarray:
    """Beyond where a neighbour has just been."""
    beyond = _forbidden(_CROSSED[m.voice], m.before) & _MOVES.take(m.before[:, m.voice], 0)
    return np.asarray(beyond * np.float32(OVERLAP))


# Sets of pitch classes as bit masks; silence among the candidates has a bit of its own, beyond them.
_SILENT = 4096
_BITS = np.where(np.arange(INPUTS) < REST, 1 << ((np.arange(INPUTS) + LOWEST) % 12), 0)
_CANDIDATE_BITS = np.where(SINGS, _BITS[:VOCABULARY], _SILENT)


def _by_set(weights: np.ndarray) -> np.ndarray:
    """Weights of sets of pitch classes (4096,) with 0 for those with a candidate's silence."""
    return np.pad(weights, (0, _SILENT)).astype(np.float32)


_PARTIAL_CHORD = _by_set(np.where(chord_classes() == OTHER, CLASH, 0.0))
_CHORD = _PARTIAL_CHORD + _by_set(np.where(chord_classes() >= SEVENTH, WHOLE_CHORD, 0.0))
_TRIAD = _by_set(np.where(triad_parts(), 0.0, NO_TRIAD))


def _chords(m: Moment) -> np.ndarray:
    """On beats, prefer what makes a triad or seventh chord, or leaves room for one."""
    if m.level > BEAT:
        return _NOTHING
    all_but_one = int((m.now < REST).sum(1).max()) >= m.now.shape[1] - 1
    return (_CHORD if all_but_one else _PARTIAL_CHORD).take(_sounding_with(m))


def _arrival(m: Moment) -> np.ndarray:
    """Where a phrase comes to rest, prefer a triad; where the piece begins and ends, that of the tonic."""
    if not m.arrival and not m.chord:
        return _NOTHING
    weight = _TRIAD.take(_sounding_with(m))
    return weight + _foreign(m.chord) if m.chord else weight


@lru_cache
def _foreign(chord: tuple[int, ...]) -> np.ndarray:
    strange = ~np.isin((CANDIDATE + LOWEST) % 12, chord) & SINGS
    return strange * np.float32(FOREIGN)


def _sounding_with(m: Moment) -> np.ndarray:
    """Pitch-class sets, as bit masks, that each candidate makes with what sounds already: (N, K)."""
    bits = _BITS.take(m.now)
    bits[:, m.voice] = 0
    heard = np.bitwise_or.reduce(bits, 1)
    return np.asarray(heard[:, None] | _CANDIDATE_BITS)


def _stillness(m: Moment) -> np.ndarray:
    """Under a fermata, come to rest with the voice that has it; in compound time, move with the given voices."""
    if not m.held:
        return _NOTHING
    return np.asarray(_MOVES.take(m.before[:, m.voice], 0) * np.float32(STILLNESS))


@dataclass(frozen=True)
class Rule:
    """One row of `RULES`.

    Attributes
    ----------
    says : function of a `Moment`
        Which tokens are out, bool (N, K) or (1, K), if it forbids; else what to add to the logits, float.
    forbids : bool
        Whether it forbids tokens, rather than only making them less likely.
    """

    says: Callable[[Moment], np.ndarray]
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
        self._random, self._used = np.empty(0), 0
        acting = [(name, rule) for name, rule in RULES.items() if name in options.rules]
        self.forbidding = [(name, rule.says) for name, rule in acting if rule.forbids]
        self.weighing = [rule.says for _, rule in acting if not rule.forbids]
        self.gave_way = {name: np.zeros(options.candidates, dtype=np.int64) for name, _ in self.forbidding}

    def pitch(self, logits: np.ndarray, moment: Moment) -> np.ndarray:
        """Draw one token per candidate: logits (N, K) to int (N,)."""
        free = logits / self.options.temperature
        allowed = free
        if self.forbidding:
            out = [says(moment) for _, says in self.forbidding]
            allowed = np.where(reduce(np.logical_or, out), NEVER, free)
            if allowed.max(1).min() == NEVER:
                allowed = self._give_way(free, out)
        for says in self.weighing:
            allowed = allowed + says(moment)
        return self._draw(allowed)

    def _give_way(self, logits: np.ndarray, out: list[np.ndarray]) -> np.ndarray:
        """Apply rules one after the other, leaving out for each candidate what would leave it no choice."""
        allowed = logits
        for (name, _), bad in zip(self.forbidding, out, strict=True):
            ruled = np.where(bad, NEVER, allowed)
            possible = ruled.max(1) > NEVER
            self.gave_way[name] += ~possible
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

    def _draw(self, logits: np.ndarray) -> np.ndarray:
        if self.options.greedy:
            return np.asarray(logits.argmax(1))
        # Inverse of the distribution function: one uniform number a candidate. These have 24 bits and the ladder
        # 53, so that its end is never reached, and a token without a step of its own never drawn.
        ladder = np.exp(logits - logits.max(1, keepdims=True)).cumsum(1, dtype=np.float64)
        level = self._uniform(len(logits)) * ladder[:, -1]
        return np.asarray((ladder > level[:, None]).argmax(1))

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
