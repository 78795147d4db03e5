"""Rolls filled by gradient descent on the code: the input manipulation of DeepHear (Sun 2015).

The encoder says which codes the given cells let expect. Some codes are drawn around that, and all are moved
downhill until the roll that they decode to agrees with what is given, without going far from where they may be.
Ticks are settled in rounds, each of which is given to the next (`rounds`). Of the rolls that come of it the one
is kept that agrees best with the others (minimum Bayes risk; Kumar & Byrne 2004): a mean of several good
accompaniments would be none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from scoreassist.grid.hollow import emptied
from scoreassist.grid.roll import KEYS, LOWEST_KEY, MEASURE_TICKS, Roll
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.networks.anticipation_rnn.filler import one_thread
from scoreassist.networks.deephear.cells import HELD, OFF, STRUCK, Rolls, home, padded, repeated, shifted, stack
from scoreassist.networks.deephear.network import Code, DeepHear, negative_log_likelihood
from scoreassist.networks.deephear.options import ManipulationOptions
from scoreassist.networks.deephear.pianist import Progress
from scoreassist.networks.deephear.rounds import ROUNDS, rounds_of

CONTEXT = 16 * MEASURE_TICKS  # ticks on each side of a hole that are looked at
# What is given has had its say in the expected code; the descent sees to what the encoder overlooked.
GIVEN_WEIGHT = 0.3
STEP = 0.1  # of Adam, in deviations of the code
STILL = 1e-3  # where the objective falls by less than this share in PATIENCE steps, the descent ends
PATIENCE = 10


# Below such a pitch (MIDI) so many semitones are too near: of the pairs of neighbours that the training rags' left
# hands strike below C3, 98 in 100 are octaves; below G3, 2 in 100 are seconds.
APART = ((48, 6), (55, 2))


@dataclass(frozen=True)
class Thresholds:
    """How chances become notes; chosen on the valid rags.

    Attributes
    ----------
    more : float
        At a tick so many of the likeliest cells are struck as are to be expected, plus this, rounded down.
    held : float
        Chance from which on a cell goes on sounding.
    """

    more: float = 0.7
    held: float = 0.5


class DeepHearFiller:
    """Fills, rebuilds and invents piano rolls.

    Parameters
    ----------
    network : DeepHear
    thresholds : Thresholds, optional
    """

    def __init__(self, network: DeepHear, thresholds: Thresholds | None = None) -> None:
        self.network = network.eval().requires_grad_(False)
        self.thresholds = thresholds or Thresholds()

    def fill(self, roll: Roll, options: ManipulationOptions, progress: Progress = lambda done, all_: None) -> Roll:
        """A roll with its hidden cells chosen; known cells stay as they are.

        Parameters
        ----------
        roll : Roll
            Its `known` says which cells are given.
        options : ManipulationOptions
        progress : called with the steps done and the most that there may be
        """
        with one_thread():
            return self._fill_spans(roll, options, progress)

    def _fill_spans(self, roll: Roll, options: ManipulationOptions, progress: Progress) -> Roll:
        struck, sounding = roll.struck.copy(), roll.sounding.copy()
        spans = hidden_spans(roll)
        for place, (start, stop, earliest, latest) in enumerate(spans):
            first, last = max(start - CONTEXT, earliest), min(stop + CONTEXT, latest)
            first = max(first - int(roll.place[first]), earliest)
            window = replace(roll.cut(first, last), struck=struck[:, first:last], sounding=sounding[:, first:last])
            # What earlier holes were filled with is given to later ones.
            window = replace(window, known=window.known | (np.arange(first, last) < start))
            chosen = self._fill(window, options, partial(_further, progress, place, len(spans)))
            struck[:, start:stop] = chosen[0][:, start - first : stop - first]
            sounding[:, start:stop] = chosen[1][:, start - first : stop - first]
        return replace(roll, struck=struck, sounding=sounding, known=np.ones_like(roll.known))

    def _fill(self, roll: Roll, options: ManipulationOptions, progress: Progress) -> tuple[np.ndarray, np.ndarray]:
        longer, front = padded(roll)
        rolls = repeated(stack([longer]), options.restarts)
        settled = torch.from_numpy(rounds_of(np.arange(longer.ticks) // MEASURE_TICKS, longer.place))
        hidden = ~rolls.known[0]
        apart = semitones_apart(home(longer.fifths))
        rounds = [number for number in range(len(ROUNDS)) if hidden[settled == number].any()]
        generator = torch.Generator().manual_seed(options.seed)
        for place, number in enumerate(rounds):
            chances = self._expect(rolls, options, generator, partial(_further, progress, place, len(rounds)))
            rolls = settle(rolls, chances, (settled == number)[:, None] & hidden, apart, self.thresholds)
        best = most_agreed((rolls.state == STRUCK)[:, hidden].float())
        struck, sounding = self._at_home(rolls.state[best], longer)
        part = slice(front, front + roll.ticks)
        return with_given(struck[:, part], sounding[:, part], roll)

    def _expect(
        self, rolls: Rolls, options: ManipulationOptions, generator: torch.Generator, progress: Progress
    ) -> Tensor:
        """Chances of all states, (restarts, ticks, 88, 3), under codes that agree with what is given."""
        with torch.no_grad():
            code = self.network.encode(rolls)
        noise = options.temperature * torch.randn(code.mean.shape, generator=generator)
        noise = self.descend(rolls, code, noise, -(-options.iterations // len(ROUNDS)), progress)
        with torch.no_grad():
            return self.network.decode(code.at(noise), rolls.place).softmax(-1)

    def descend(self, rolls: Rolls, code: Code, noise: Tensor, iterations: int, progress: Progress) -> Tensor:
        """Codes that agree with what is given, as deviations from the expected ones, (restarts, spans, code).

        Adam, at a rate that falls by half a cosine, on the negative log-likelihood of the known cells and half the
        squared deviation: the negative logarithm, but for a constant, of the posterior density of the code.
        """
        noise = noise.clone().requires_grad_(True)
        optimizer = torch.optim.Adam([noise], lr=STEP)
        found: list[float] = []
        for step in range(iterations):
            optimizer.param_groups[0]["lr"] = STEP * 0.5 * (1 + math.cos(math.pi * step / iterations))
            nats = negative_log_likelihood(self.network.decode(code.at(noise), rolls.place), rolls.state)
            objective = GIVEN_WEIGHT * (nats * rolls.known).sum() + 0.5 * (noise**2).sum()
            optimizer.zero_grad()
            objective.backward()
            optimizer.step()
            found.append(float(objective.detach()))
            progress(step + 1, iterations)
            if step >= PATIENCE and found[-1 - PATIENCE] - found[-1] < STILL * abs(found[-1]):
                break
        return noise.detach()

    @torch.no_grad()
    def reconstruct(self, sounding: np.ndarray, struck: np.ndarray, fifths: np.ndarray) -> np.ndarray:
        """Windows through the code and back.

        Parameters
        ----------
        sounding, struck : bool arrays (n, 88, ticks)
            Windows that begin with a measure.
        fifths : int array (n,)
            Their key signatures.

        Returns
        -------
        bool array (n, 88, ticks)
            What sounds.
        """
        rolls = [_window(*row) for row in zip(sounding, struck, fifths.tolist(), strict=True)]
        batch = stack(rolls)
        chances = self.network.decode(self.network.encode(batch).mean, batch.place).softmax(-1)
        rows = zip(chances[..., OFF].numpy(), fifths, strict=True)
        return np.stack([shifted(off.T < 0.5, np.full(len(off), -home(key))) for off, key in rows])

    @torch.no_grad()
    def generate(self, windows: int, seed: int, ticks: int = 64) -> np.ndarray:
        """What random codes decode to: bool (windows, 88, ticks), what sounds, in C."""
        nothing = np.zeros((KEYS, ticks), dtype=bool)
        batch = repeated(stack([emptied(_window(nothing, nothing, 0), np.ones(ticks, dtype=bool))]), windows)
        code = self.network.encode(batch)
        noise = torch.randn(code.mean.shape, generator=torch.Generator().manual_seed(seed))
        chances = self.network.decode(code.at(noise), batch.place).softmax(-1)
        apart = semitones_apart(np.zeros(ticks, dtype=np.int64))
        state = settle(batch, chances, torch.ones_like(batch.known[0]), apart, self.thresholds).state.numpy()
        return np.stack([held_on(cells.T == STRUCK, cells.T != OFF) for cells in state])

    @staticmethod
    def _at_home(state: Tensor, roll: Roll) -> tuple[np.ndarray, np.ndarray]:
        """Struck and sounding cells, bool (88, ticks), in the key of a roll, from states (ticks, 88)."""
        cells, way = state.numpy().T, -home(roll.fifths)
        return shifted(cells == STRUCK, way), shifted(cells != OFF, way)


def settle(rolls: Rolls, chances: Tensor, cells: Tensor, apart: Tensor, thresholds: Thresholds) -> Rolls:
    """Rolls in which some cells, bool (ticks, 88), are chosen by chances (n, ticks, 88, 3), and known.

    `apart` is as in `likeliest`.
    """
    strike = chances[..., STRUCK] * cells
    count = (strike.sum(-1) + thresholds.more).floor()
    struck = likeliest(strike, count, (rolls.state == STRUCK) & rolls.known, apart)
    held = chances[..., HELD] > thresholds.held
    state = torch.where(struck, STRUCK, torch.where(held, HELD, OFF))
    return Rolls(torch.where(cells, state, rolls.state), rolls.known | cells, rolls.place)


def likeliest(strike: Tensor, count: Tensor, given: Tensor, apart: Tensor) -> Tensor:
    """So many of the likeliest cells of each tick, none too near another one.

    Parameters
    ----------
    strike : (n, ticks, 88)
        Chances.
    count : (n, ticks)
    given : bool (n, ticks, 88)
        What is struck already.
    apart : int (ticks, 88)
        How many semitones above a key the next one may not be.

    Returns
    -------
    bool (n, ticks, 88)
    """
    chosen = torch.zeros_like(given)
    left = strike.masked_fill(_beside(given, apart), 0)
    for place in range(int(count.max())):
        best = left.argmax(-1, keepdim=True)
        take = (count > place)[..., None] & (left.gather(-1, best) > 0)
        chosen.scatter_(-1, best, chosen.gather(-1, best) | take)
        left = left.masked_fill(chosen | _beside(chosen, apart), 0)
    return chosen


def _beside(cells: Tensor, apart: Tensor) -> Tensor:
    """Cells too near to those, bool (..., 88)."""
    near = torch.zeros_like(cells)
    for way in range(1, int(apart.max()) + 1):
        near |= F.pad(cells & (apart >= way), (way, 0))[..., : cells.shape[-1]]
        near |= F.pad(cells, (0, way))[..., way:] & (apart >= way)
    return near


def semitones_apart(way: np.ndarray) -> Tensor:
    """How near two keys may not be struck, int (ticks, 88), in music moved by so many semitones (ticks,)."""
    midi = np.arange(KEYS) + LOWEST_KEY - way[:, None]
    return torch.from_numpy(np.select([midi < low for low, _ in APART], [width for _, width in APART], 1))


def held_on(struck: np.ndarray, goes_on: np.ndarray) -> np.ndarray:
    """What sounds, bool (88, ticks): what is struck, for as long as it goes on."""
    sounding = struck.copy()
    for tick in range(1, struck.shape[1]):
        sounding[:, tick] |= sounding[:, tick - 1] & goes_on[:, tick]
    return sounding


def with_given(struck: np.ndarray, sounding: np.ndarray, roll: Roll) -> tuple[np.ndarray, np.ndarray]:
    """Struck and sounding cells with those put back that are given; no new cell makes a given note longer."""
    known = roll.known
    new = struck & ~known
    sounds = new.copy()
    for tick in range(1, roll.ticks):
        before = sounds[:, tick - 1] & ~known[:, tick - 1]
        sounds[:, tick] |= before & sounding[:, tick] & ~known[:, tick]
    return np.where(known, roll.struck, new), np.where(known, roll.sounding, sounds)


def most_agreed(struck: Tensor) -> int:
    """Which of several answers (answers, cells) of zeros and ones has the highest mean F1 against the others."""
    total = struck.sum(1)
    f1 = 2 * (struck @ struck.T) / (total[:, None] + total[None]).clamp(min=1)
    f1.fill_diagonal_(0)
    return int(f1.sum(1).argmax())


def hidden_spans(roll: Roll) -> list[tuple[int, int, int, int]]:
    """Stretches in which cells are hidden; those close to each other are one.

    Returns
    -------
    list of (first tick, end, earliest tick, end)
        The latter two bound the stretch of whole measures that it lies in: one that an irregular measure does not
        break.
    """
    regular = np.flatnonzero(np.diff(roll.place) % MEASURE_TICKS != 1) + 1
    edges = [0, *regular.tolist(), roll.ticks]
    hidden = np.asarray(~roll.known.all(axis=0))
    spans = []
    for earliest, latest in pairwise(edges):
        ticks = np.flatnonzero(hidden[earliest:latest]) + earliest
        breaks = np.flatnonzero(np.diff(ticks) > CONTEXT) + 1
        spans += [(int(p[0]), int(p[-1]) + 1, earliest, latest) for p in np.split(ticks, breaks) if p.size]
    return spans


def _further(progress: Progress, place: int, spans: int, done: int, most: int) -> None:
    """Progress of one span among others."""
    progress(place * most + done, spans * most)


def _window(sounding: np.ndarray, struck: np.ndarray, fifths: int) -> Roll:
    """A roll of which only the cells and the key are known."""
    ticks = sounding.shape[1]
    nothing = np.zeros(ticks, dtype=np.int64)
    return Roll(
        sounding,
        struck & sounding,
        np.zeros_like(sounding),
        np.ones_like(sounding),
        np.full(ticks, REST_PITCH),
        nothing.astype(bool),
        np.arange(ticks) % MEASURE_TICKS,
        np.full(ticks, fifths),
        nothing,
    )
