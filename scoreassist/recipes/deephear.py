"""How `deephear` is trained: rolls of which the melody, or all but some measures, is given.

The loss is that of a conditional variational autoencoder in the hybrid form of Sohn, Lee & Yan, *Learning
Structured Output Representation using Deep Conditional Generative Models* (2015), section 4.3: the evidence lower
bound, whose code comes from the whole roll, and the likelihood under the code that is expected from what is given,
which is all that there is when a score is filled.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from scoreassist.corpus import RagPiece, ragtime
from scoreassist.corpus.ragtime import LICENCE, WORKS
from scoreassist.grid.hollow import (
    emptied,
    melody_cells,
    under_melody,
    under_melody_with_left_hand,
    under_right_hand,
)
from scoreassist.grid.melody_mask import melody_mask
from scoreassist.grid.roll import LOWEST_KEY, MEASURE_TICKS, Roll
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.networks.deephear.cells import OFF, STRUCK, Rolls, padded, stack
from scoreassist.networks.deephear.network import DeepHear, DeepHearConfig, negative_log_likelihood
from scoreassist.networks.deephear.rounds import ROUNDS, rounds_of
from scoreassist.recipes.recipe import Recipe
from scoreassist.training import TrainingOptions

DATA = (
    f"{WORKS}, train rows of corpora/ragtime/split.json; repeats not played out, all keys read in one, octaves"
    " moved"
)
# How often what is given; see `with_holes`.
HOLES = {
    "melody": 0.38,
    "ticks": 0.25,
    "right hand": 0.06,
    "left hand": 0.04,
    "nothing": 0.03,
    "measures under melody": 0.12,
    "measures": 0.12,
}
OCTAVE = 12
PLAIN = 0.8  # share of the eighths, or quarters, of a song's melody that have one note
WINDOW_TICKS = 64  # of which the paper counts the wrong cells


@dataclass(frozen=True)
class DeepHearOptions(TrainingOptions):
    """Training of `deephear`.

    Attributes
    ----------
    divergence : float
        Weight of the Kullback-Leibler divergence.
    bound : float
        Weight of the evidence lower bound; the rest is that of the likelihood under the expected code.
    noise : float
        Of the expected code, in its deviations.
    octaves : float
        Share of windows moved by an octave, half of them up.
    songs : float
        Share of windows with a melody as songs have it; see `as_song`.
    """

    divergence: float = 0.01
    bound: float = 0.5
    noise: float = 0.0
    octaves: float = 0.2
    songs: float = 0.25


def pieces(limit: int | None = None) -> tuple[list[RagPiece], list[RagPiece]]:
    """Rags to train on, and rags to validate on."""
    return ragtime("train")[:limit], ragtime("valid")[:limit]


def with_holes(rng: np.random.Generator, roll: Roll) -> Roll:
    """A window of which a part is given: the melody, some ticks, the measures around some, one hand."""
    everywhere = np.ones(roll.ticks, dtype=bool)
    kind = rng.choice(list(HOLES), p=list(HOLES.values()))
    if kind == "melody":
        return under_melody(roll)
    if kind == "ticks":
        return under_melody(roll, _scattered(rng, roll))
    if kind == "right hand":
        return under_right_hand(roll)
    if kind == "left hand":
        return under_melody_with_left_hand(roll)
    if kind == "nothing":
        return emptied(roll, everywhere)
    measures = roll.ticks // MEASURE_TICKS
    span = int(rng.integers(1, 9))
    start = int(rng.integers(0, max(measures - span + 1, 1)))
    hole = ~everywhere
    hole[start * MEASURE_TICKS : (start + span) * MEASURE_TICKS] = True
    return under_melody(roll, hole) if kind == "measures under melody" else emptied(roll, hole)


def _scattered(rng: np.random.Generator, roll: Roll) -> np.ndarray:
    """Ticks to be hidden, bool (ticks,): all but those of some rounds of `ROUNDS`, or as chance has it."""
    if rng.random() < 0.5:
        done = int(rng.integers(1, len(ROUNDS)))
        return rounds_of(np.arange(roll.ticks) // MEASURE_TICKS, roll.place) >= done
    return np.asarray(rng.random(roll.ticks) < rng.uniform(0.2, 1))


def as_song(rng: np.random.Generator, roll: Roll) -> Roll:
    """A roll whose melody is plainer, often an octave lower, and alone in the right hand; the left stays below it.

    Tunes of songs lie lower than those of rags, have no octaves and little syncopation. Without such windows the
    network takes them for introductions, which both hands play in octaves.
    """
    if roll.melody.max() == REST_PITCH:
        return roll
    melody, begins = plainer(rng, roll)
    lower = OCTAVE if rng.random() < 0.7 and melody[melody != REST_PITCH].min() - OCTAVE >= LOWEST_KEY else 0
    song = replace(roll, melody=np.where(melody == REST_PITCH, REST_PITCH, melody - lower), melody_struck=begins)
    struck, sounding = melody_cells(song)
    left = roll.sounding & ~roll.right & ~melody_mask(song.melody)
    starts = left & ~np.pad(left, ((0, 0), (1, 0)))[:, :-1]
    return replace(song, sounding=left | sounding, struck=(roll.struck & left) | starts | struck, right=sounding)


def plainer(rng: np.random.Generator, roll: Roll) -> tuple[np.ndarray, np.ndarray]:
    """A melody of which most eighths, or most quarters, have one note: pitches and strikes, arrays (ticks,)."""
    span = 2 if rng.random() < 0.7 else 4
    melody, begins = roll.melody.copy(), roll.melody_struck.copy()
    for start in np.flatnonzero(roll.place % span == 0):
        part = slice(start, start + span)
        sounding = melody[part][melody[part] != REST_PITCH]
        if sounding.size and rng.random() < PLAIN:
            begins[start] = begins[part].any()
            begins[start + 1 : start + span] = False
            melody[part] = sounding[0]
    return melody, begins | (np.diff(melody, prepend=REST_PITCH) != 0) & (melody != REST_PITCH)


@dataclass(frozen=True)
class Windows:
    """A batch of windows: whole, and with holes."""

    whole: Rolls
    given: Rolls


class RollWindows:
    """Draws batches of windows that begin with a measure, the same for the same seed and step."""

    def __init__(self, trained: list[RagPiece], options: DeepHearOptions) -> None:
        self.options = options
        self.rolls = [padded(piece.roll)[0] for piece in trained]
        measures = np.array([roll.ticks // MEASURE_TICKS for roll in self.rolls], dtype=float)
        self.weights = measures / measures.sum()

    def __call__(self, step: int) -> Windows:
        """The batch of a step."""
        options = self.options
        rng = np.random.default_rng((options.seed, step))
        chosen = rng.choice(len(self.rolls), size=options.batch, p=self.weights)
        whole = [self._window(self.rolls[index], rng) for index in chosen]
        whole = [as_song(rng, roll) if rng.random() < options.songs else roll for roll in whole]
        given = [with_holes(rng, roll) for roll in whole]
        octaves = rng.choice([-1, 1], options.batch) * (rng.random(options.batch) < options.octaves)
        return Windows(stack(whole, octaves.tolist()), stack(given, octaves.tolist()))

    def _window(self, roll: Roll, rng: np.random.Generator) -> Roll:
        length = self.options.window
        room = max(roll.ticks - length, 0) // MEASURE_TICKS
        start = int(rng.integers(0, room + 1)) * MEASURE_TICKS
        return padded(roll.cut(start, min(start + length, roll.ticks)), length)[0]


def loss(network: DeepHear, batch: Windows, options: DeepHearOptions) -> Tensor:
    """Hybrid loss, in nats a tick."""
    posterior, prior = network.encode(batch.whole), network.encode(batch.given)
    codes = [
        posterior.at(torch.randn_like(posterior.mean)),
        prior.at(options.noise * torch.randn_like(prior.mean)),
    ]
    state, place = batch.whole.state, batch.whole.place
    logits = network.decode(torch.cat(codes), torch.cat([place, place]))
    from_posterior, from_prior = (
        negative_log_likelihood(part, state).sum() / place.numel() for part in logits.chunk(2)
    )
    divergence = posterior.divergence(prior).sum() / place.numel()
    bound = from_posterior + options.divergence * divergence
    total: Tensor = options.bound * bound + (1 - options.bound) * from_prior
    return total


def validation(valid: list[RagPiece]) -> Callable[[DeepHear], dict[str, float]]:
    """How well the hidden cells are met where the melody is given, and how well whole rolls are rebuilt.

    ``f1_best_threshold`` is no figure of what is written: its threshold is chosen on the very rags it is of.
    """
    rolls = [padded(piece.roll)[0] for piece in valid]
    pairs = [(stack([roll]), stack([under_melody(roll)])) for roll in rolls]
    ticks = sum(roll.ticks for roll in rolls)

    @torch.no_grad()
    def validate(network: DeepHear) -> dict[str, float]:
        nats = wrong = divergence = 0.0
        chances, strikes = [], []
        for whole, given in pairs:
            prior, posterior = network.encode(given), network.encode(whole)
            logits = network.decode(prior.mean, given.place)
            nats += float(negative_log_likelihood(logits, whole.state)[~given.known].sum())
            chances.append(logits.softmax(-1)[..., STRUCK][~given.known])
            strikes.append(whole.state[~given.known] == STRUCK)
            divergence += float(posterior.divergence(prior).sum())
            again = network.decode(posterior.mean, whole.place).softmax(-1)
            wrong += float(((again[..., OFF] < 0.5) != (whole.state != OFF)).sum())
        f1 = best_f1(torch.cat(chances), torch.cat(strikes))
        return {
            "nll": nats / ticks,
            "f1_best_threshold": f1,
            "missed": 1 - f1,
            "wrong_cells": wrong / ticks * WINDOW_TICKS,
            "divergence": divergence / ticks,
        }

    return validate


def best_f1(chance: Tensor, struck: Tensor) -> float:
    """F1 at the best threshold of those tried."""

    def f1(threshold: float) -> float:
        drawn = chance > threshold
        return float(2 * (struck & drawn).sum() / (struck.sum() + drawn.sum()).clamp(min=1))

    return max(f1(percent / 100) for percent in range(10, 61, 5))


RECIPE = Recipe(
    sizes=DeepHearConfig(),
    options=DeepHearOptions(
        steps=2200,
        batch=24,
        window=128,
        learning_rate=2e-3,
        weight_decay=0.1,
        average=0.998,
        validate_every=100,
        # The likelihood of what is missed falls off before the rest has been learned; chances are compared with
        # one another only.
        decides="missed",
    ),
    pieces=pieces,
    windows=RollWindows,
    loss=loss,
    validation=validation,
    curves={"nll": "valid, hidden cells under the melody"},
    axis="nats per tick",
    loss_label="training loss, all holes",
    data=DATA,
    licence=LICENCE,
)
