"""One training loop for every network: seeded by step, resumable, with validation and averaged weights."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from scoreassist.corpus import Piece
from scoreassist.errors import ModelError, RequestError
from scoreassist.grid.vocabulary import REST, TRAINED_RANGES, UNKNOWN
from scoreassist.networks.anticipation_rnn import AnticipationRNN, Batch, cell_log_prob
from scoreassist.networks.batches import FERMATA_UNKNOWN, Cells, cells, collate, end_padded

LARGEST_TRANSPOSITION = 6

# Share of windows whose fermatas are hidden, since many scores mark none.
UNMARKED = 0.15


@dataclass(frozen=True)
class TrainingOptions:
    """How a network is trained.

    Attributes
    ----------
    steps, batch, window : int
        Optimizer steps; windows a step; ticks a window.
    learning_rate, weight_decay, clip : float
        AdamW after a linear warm-up, falling by half a cosine to a fiftieth; gradient norm limit.
    warmup : int
        Steps.
    average : float
        Decay of the moving average of the weights, which is what is validated and shipped.
    past_dropout : float
        Share of past cells hidden from the token LSTM.
    bare : float
        Share of windows without metre, key, fermatas and repeated notes.
    smoothing : float
        Label smoothing of the pitch.
    seed : int
    validate_every, log_every : int
        Steps.
    """

    steps: int = 5000
    batch: int = 32
    window: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    clip: float = 1.0
    warmup: int = 200
    average: float = 0.999
    past_dropout: float = 0.25
    bare: float = 0.3
    smoothing: float = 0.0
    seed: int = 1
    validate_every: int = 250
    log_every: int = 20

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.window) < 1:
            raise RequestError("steps, batch and window must be at least 1; try --steps 5000")


class ChoraleWindows:
    """Random windows of chorales in random transpositions under random masks."""

    def __init__(self, pieces: list[Piece], options: TrainingOptions) -> None:
        self.options = options
        everything = [np.ones_like(p.grid.known) for p in pieces]
        self.full = [cells(p.grid, k) for p, k in zip(pieces, everything, strict=True)]
        self.bare = [cells(p.grid, k, bare=True) for p, k in zip(pieces, everything, strict=True)]
        self.shifts = [allowed_transpositions(p.grid.pitch) for p in pieces]
        ticks = np.array([c.ticks for c in self.full], dtype=float)
        self.weights = ticks / ticks.sum()

    def batch(self, step: int) -> Batch:
        """The batch of a step; the same for the same seed and step."""
        rng = np.random.default_rng((self.options.seed, step))
        chosen = rng.choice(len(self.full), size=self.options.batch, p=self.weights)
        return collate([self._window(int(i), rng) for i in chosen])

    def _window(self, index: int, rng: np.random.Generator) -> Cells:
        length = self.options.window
        bare = rng.random() < self.options.bare
        piece = self.bare[index] if bare else self.full[index]
        end_room = 0 if bare else 16
        start = int(rng.integers(0, max(piece.ticks + end_room - length, 0) + 1))
        stop = min(start + length, piece.ticks)
        shift = int(rng.choice(self.shifts[index]))
        mask = random_mask(rng, piece.token.shape[0], stop - start)
        fermata = piece.fermata[start:stop]
        if rng.random() < UNMARKED:
            fermata = np.full_like(fermata, FERMATA_UNKNOWN)
        part = Cells(
            token=_moved(piece.token[:, start:stop], shift),
            struck=piece.struck[:, start:stop],
            known=mask & (piece.token[:, start:stop] != UNKNOWN),
            previous=_moved(piece.previous[:, start:stop], shift),
            earlier=_moved(piece.earlier[:, start:stop], shift),
            hold=piece.hold[:, start:stop],
            level=piece.level[start:stop],
            key=piece.key[start:stop] if bare else (piece.key[start:stop] + 7 * shift) % 12,
            fermata=fermata,
        )
        return end_padded(part, length - part.ticks, bare=bare)


def _moved(token: np.ndarray, shift: int) -> np.ndarray:
    return np.where(token < REST, token + shift, token)


def allowed_transpositions(pitch: np.ndarray) -> list[int]:
    """Semitones by which a piece can be moved while every voice stays in its range; 0 always."""
    low, high = -LARGEST_TRANSPOSITION, LARGEST_TRANSPOSITION
    for row, (bottom, top) in zip(pitch, TRAINED_RANGES, strict=True):
        sung = row[row >= 0]
        if sung.size:
            low, high = max(low, bottom - int(sung.min())), min(high, top - int(sung.max()))
    return list(range(min(low, 0), max(high, 0) + 1))


def random_mask(rng: np.random.Generator, voices: int, ticks: int) -> np.ndarray:
    """Which cells are known: nothing, whole voices, all but a region, or scattered spans and cells."""
    known = np.zeros((voices, ticks), dtype=bool)
    kind = rng.random()
    if kind < 0.35:
        return known
    if kind < 0.60:
        choice = rng.random()
        if choice < 0.45:
            known[0] = True
        elif choice < 0.6:
            known[-1] = True
        elif choice < 0.7:
            known[[0, -1]] = True
        else:
            known[rng.random(voices) < 0.5] = True
        return known
    if kind < 0.80:
        known[:] = True
        span = int(rng.integers(8, 65))
        start = int(rng.integers(-span // 2, max(ticks - span // 2, 1)))
        hidden = rng.random(voices) < (1.0 if rng.random() < 0.5 else 0.5)
        known[hidden, max(start, 0) : max(start + span, 0)] = False
        return known
    share = rng.uniform(0, 0.5)
    if rng.random() < 0.5:
        return np.asarray(rng.random((voices, ticks)) < share)
    for _ in range(int(rng.integers(1, 9))):
        voice, start = int(rng.integers(voices)), int(rng.integers(ticks))
        known[voice, start : start + int(rng.integers(1, 33))] = True
    return known


def loss(network: AnticipationRNN, batch: Batch, options: TrainingOptions) -> torch.Tensor:
    """Mean negative log-probability of the hidden cells, articulation included, in nats a cell."""
    logits, again = network(batch, options.past_dropout)
    pitch, articulation = cell_log_prob(batch, logits, again)
    hidden = (~batch.known & (batch.token < logits.shape[-1])).float()
    count = hidden.sum().clamp(min=1)
    total: torch.Tensor = -(pitch.sum() + articulation.sum()) / count
    if options.smoothing:
        uniform = -(torch.log_softmax(logits, -1).mean(-1) * hidden).sum() / count
        total = (1 - options.smoothing) * total + options.smoothing * uniform
    return total


def learning_rate(step: int, options: TrainingOptions) -> float:
    """The rate of a step: linear warm-up, then half a cosine down to a fiftieth."""
    if step < options.warmup:
        return options.learning_rate * (step + 1) / options.warmup
    way = (step - options.warmup) / max(options.steps - options.warmup, 1)
    return options.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(way, 1.0))))


def train(
    network: AnticipationRNN,
    make_batch: Callable[[int], Batch],
    options: TrainingOptions,
    folder: Path,
    validate: Callable[[AnticipationRNN], dict[str, float]],
    report: Callable[[dict[str, Any]], None] = lambda row: None,
) -> AnticipationRNN:
    """Train a network; resume where a checkpoint in `folder` left off.

    Parameters
    ----------
    network : AnticipationRNN
        Fresh; overwritten by the checkpoint if there is one.
    make_batch : function of the step
    options : TrainingOptions
    folder : path
        Gets ``checkpoint.pt`` and ``history.json``.
    validate : function of a network in evaluation mode, returning figures; ``nll`` decides which weights win
    report : called with each row of the history

    Returns
    -------
    AnticipationRNN
        With the averaged weights that were best in validation.

    Raises
    ------
    ModelError
        The checkpoint belongs to other options.
    """
    folder.mkdir(parents=True, exist_ok=True)
    average = type(network)(network.config)
    average.load_state_dict(network.state_dict())
    average.eval()
    decay = [p for p in network.parameters() if p.ndim >= 2]
    plain = [p for p in network.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": options.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=options.learning_rate,
        betas=(0.9, 0.98),
    )
    checkpoint = folder / "checkpoint.pt"
    step, history, spent = 0, [], 0.0
    best: dict[str, Any] = {"nll": math.inf, "state": None}
    if checkpoint.is_file():
        stored = torch.load(checkpoint, weights_only=True)
        if stored["options"] != asdict(options) or stored["sizes"] != asdict(network.config):
            raise ModelError(
                "the checkpoint was made with other options or sizes; train into another --run-folder",
                source=str(checkpoint),
            )
        network.load_state_dict(stored["network"])
        average.load_state_dict(stored["average"])
        optimizer.load_state_dict(stored["optimizer"])
        step, history, best, spent = stored["step"], stored["history"], stored["best"], stored["spent"]
    began = time.monotonic() - spent
    running: list[float] = []
    while step < options.steps:
        network.train()
        torch.manual_seed(options.seed * 1_000_003 + step)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options)
        batch = make_batch(step)
        with torch.autocast("cpu", torch.bfloat16):
            value = loss(network, batch, options)
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), options.clip)
        optimizer.step()
        step += 1
        with torch.no_grad():
            rate = min(options.average, (1 + step) / (10 + step))
            for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 1 - rate)
        running.append(float(value.detach()))
        last = step == options.steps
        if step % options.log_every == 0 or last:
            row: dict[str, Any] = {
                "step": step,
                "seconds": round(time.monotonic() - began, 1),
                "loss": round(float(np.mean(running)), 4),
            }
            running = []
            if step % options.validate_every == 0 or last:
                row |= {key: round(figure, 4) for key, figure in validate(average).items()}
                if row["nll"] < best["nll"]:
                    state = {key: tensor.clone() for key, tensor in average.state_dict().items()}
                    best = {"nll": row["nll"], "state": state, "step": step}
            history.append(row)
            report(row)
            if "nll" in row:
                _save(
                    checkpoint,
                    {
                        "options": asdict(options),
                        "sizes": asdict(network.config),
                        "network": network.state_dict(),
                        "average": average.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "step": step,
                        "history": history,
                        "best": best,
                        "spent": time.monotonic() - began,
                    },
                )
                (folder / "history.json").write_text(json.dumps(history, indent=0))
    if best["state"] is not None:
        average.load_state_dict(best["state"])
    return average


def _save(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    torch.save(content, part)
    os.replace(part, path)
