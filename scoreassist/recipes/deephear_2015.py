"""How `deephear-2015` is trained: layer by layer as Boltzmann machines, then as a whole.

Sun, *DeepHear* (2015), and the code published with it: contrastive divergence with one step (Hinton, *Training
Products of Experts by Minimizing Contrastive Divergence*, 2002), in the manner of Hinton's *Practical Guide to
Training Restricted Boltzmann Machines* (2010), then back-propagation of the squared error through all layers.
Every piece is read in its own key, and nothing is transposed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from scoreassist.corpus import RagPiece, ragtime
from scoreassist.corpus.ragtime import LICENCE, WORKS
from scoreassist.evaluation.ragtime import WINDOW_TICKS, windows, wrong_cells
from scoreassist.grid.roll import KEYS
from scoreassist.networks.deephear.paper import DeepHear2015, DeepHear2015Config, Paper
from scoreassist.recipes.recipe import Recipe
from scoreassist.training import TrainingOptions

DATA = f"{WORKS}, the first train rows of corpora/ragtime/split.json; repeats not played out, each in its own key"
PAPER_WINDOWS = 600  # the paper's "measures" last 16 sixteenths, and a window begins with each
FIRST_MOMENTUM, MOMENTUM, FIRST_EPOCHS = 0.5, 0.9, 5
WEIGHT_COST = 2e-4


@dataclass(frozen=True)
class DeepHear2015Options(TrainingOptions):
    """Training of `deephear-2015`.

    Attributes
    ----------
    epochs : int
        Of contrastive divergence, for the first layer; `upper_epochs` for each of the others.
    machine_rate : float
        Its learning rate.
    machine_batch : int
        Windows of one of its steps.
    upper_steps : int
        Steps of back-propagation through the layers above the first alone, which cost a hundredth of steps
        through all, before the latter begin.
    upper_rate : float
    """

    epochs: int = 30
    upper_epochs: int = 100
    machine_rate: float = 0.05
    machine_batch: int = 50
    upper_steps: int = 3000
    upper_rate: float = 2e-3


def pieces(limit: int | None = None) -> tuple[list[RagPiece], list[RagPiece]]:
    """Rags to train on: as many as the paper's windows take, or `limit`; and these with those to validate on."""
    rags = ragtime("train")
    if limit is None:
        ends = np.cumsum([len(windows([rag.roll]).sounding) for rag in rags])
        limit = int(np.searchsorted(ends, PAPER_WINDOWS)) + 1
    return rags[:limit], rags[:limit] + ragtime("valid")


def cells_of(rags: list[RagPiece]) -> Tensor:
    """Windows (n, 88 × 64) of rags, zeros and ones."""
    return torch.from_numpy(windows(rag.roll for rag in rags).sounding).float().flatten(1)


class PaperWindows:
    """Draws batches of windows, the same for the same seed and step."""

    def __init__(self, trained: list[RagPiece], options: DeepHear2015Options) -> None:
        self.options = options
        self.cells = cells_of(trained)

    def __call__(self, step: int) -> Tensor:
        """The batch of a step, (batch, 88 × 64)."""
        rng = np.random.default_rng((self.options.seed, step))
        return self.cells[rng.integers(len(self.cells), size=self.options.batch)]


def prepare(network: DeepHear2015, rags: list[RagPiece], options: DeepHear2015Options) -> None:
    """Give a fresh network its first weights: each layer a Boltzmann machine on what the one below makes.

    Then the layers above the first are trained together on what the first one makes of the windows.
    """
    generator = torch.Generator().manual_seed(options.seed)
    hidden = first = cells_of(rags)
    for layer in range(len(network.weights)):
        machine = Machine.of(network, layer, hidden)
        for epoch in range(options.upper_epochs if layer else options.epochs):
            momentum = FIRST_MOMENTUM if epoch < FIRST_EPOCHS else MOMENTUM
            for rows in torch.randperm(len(hidden), generator=generator).split(options.machine_batch):
                with torch.autocast("cpu", torch.bfloat16):
                    machine.step(hidden[rows], options.machine_rate, momentum, generator)
        hidden = machine.hidden(hidden)
        first = hidden if layer == 0 else first
    train_upper(network, first, options, generator)


def train_upper(
    network: DeepHear2015, first: Tensor, options: DeepHear2015Options, generator: torch.Generator
) -> None:
    """Train the layers above the first by back-propagation of the squared error of what they read.

    Parameters
    ----------
    network : DeepHear2015
    first : (windows, units[0])
        What the first layer makes of the windows.
    options : DeepHear2015Options
    generator : of the batches
    """
    layers = [*network.weights[1:], *network.up[1:], *network.down[1:]]
    optimizer = torch.optim.Adam(layers, lr=options.upper_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(options.upper_steps, 1))
    for _ in range(options.upper_steps):
        read = first[torch.randint(len(first), (options.batch,), generator=generator)]
        again = torch.sigmoid(network.logits(network.encode(read, layer=1), layer=1))
        optimizer.zero_grad()
        squared_error(again, read).backward()
        optimizer.step()
        schedule.step()


class Machine:
    """A restricted Boltzmann machine, whose weights are those of a layer of the network.

    Parameters
    ----------
    weight : (visible units, hidden units)
    up, down : biases of the hidden and of the visible units
    """

    def __init__(self, weight: Tensor, up: Tensor, down: Tensor) -> None:
        self.parameters = (weight, up, down)
        self.speeds = tuple(torch.zeros_like(parameter) for parameter in self.parameters)

    @classmethod
    def of(cls, network: DeepHear2015, layer: int, visible: Tensor) -> Machine:
        """That of a layer; its visible biases say how often each unit is on (Hinton 2010, section 8)."""
        down = network.down[layer].data
        rare = 0.5 / len(visible)
        down.copy_(torch.logit(visible.mean(0), eps=rare))
        return cls(network.weights[layer].data, network.up[layer].data, down)

    def hidden(self, visible: Tensor) -> Tensor:
        """Probabilities (n, hidden units) that hidden units are on."""
        weight, up, _ = self.parameters
        return torch.sigmoid(visible @ weight + up)

    def visible(self, hidden: Tensor) -> Tensor:
        """Probabilities (n, visible units) that visible units are on."""
        weight, _, down = self.parameters
        return torch.sigmoid(hidden @ weight.T + down)

    def step(self, data: Tensor, rate: float, momentum: float, generator: torch.Generator) -> None:
        """One step of contrastive divergence (CD-1).

        Hidden units are drawn for the data; what they make visible, and what that makes of them, stay
        probabilities (Hinton 2010, section 3).

        Parameters
        ----------
        data : (n, visible units), from 0 to 1
        """
        before = self.hidden(data)
        drawn = (torch.rand(before.shape, generator=generator) < before).float()
        dreamt = self.visible(drawn)
        after = self.hidden(dreamt)
        weight = self.parameters[0]
        slope = torch.cat([data, dreamt]).T @ torch.cat([before, -after])
        slopes = (slope, (before - after).sum(0), (data - dreamt).sum(0))
        self.speeds[0].add_(weight, alpha=-rate * WEIGHT_COST / momentum)  # times the momentum below
        for parameter, speed, summed in zip(self.parameters, self.speeds, slopes, strict=True):
            parameter.add_(speed.mul_(momentum).add_(summed, alpha=rate / len(data)))


def squared_error(probability: Tensor, cells: Tensor) -> Tensor:
    """Squared error of a window, the mean over windows."""
    return ((probability.float() - cells) ** 2).sum(1).mean()


def loss(network: DeepHear2015, cells: Tensor, options: DeepHear2015Options) -> Tensor:
    """Squared error of the windows, through the code and back."""
    return squared_error(network(cells), cells)


def validation(rags: list[RagPiece]) -> Callable[[DeepHear2015], dict[str, float]]:
    """Wrong cells of rebuilt windows, of rags that are trained on and of others.

    The paper held nothing out and trained until the training windows came back, so they choose the weights; their
    cross-entropy is what is counted, in nats a window.
    """
    splits = {split: [rag for rag in rags if rag.split == split] for split in ("train", "valid")}
    cells = {split: cells_of(chosen) for split, chosen in splits.items() if chosen}

    @torch.no_grad()
    def validate(network: DeepHear2015) -> dict[str, float]:
        logits = network.logits(network.encode(cells["train"]))
        nats = F.binary_cross_entropy_with_logits(logits, cells["train"], reduction="sum")
        rebuilt = {f"{split} wrong_cells": wrong(network, rolls) for split, rolls in cells.items()}
        return {"nll": float(nats) / len(cells["train"]), **rebuilt}

    return validate


def wrong(network: DeepHear2015, cells: Tensor) -> float:
    """Cells of a window that are not as they were once it has gone through the code and back, on average."""
    sounding = cells.bool().numpy().reshape(len(cells), KEYS, WINDOW_TICKS)
    return wrong_cells(sounding, Paper(network).reconstruct(sounding))


RECIPE = Recipe(
    sizes=DeepHear2015Config(),
    options=DeepHear2015Options(
        steps=3000,
        batch=64,
        window=WINDOW_TICKS,
        learning_rate=1e-3,
        final_rate=0.02,
        weight_decay=0.0,
        betas=(0.9, 0.999),
        clip=float("inf"),
        warmup=50,
        average=0.0,
        validate_every=200,
    ),
    pieces=pieces,
    windows=PaperWindows,
    prepare=prepare,
    loss=loss,
    validation=validation,
    curves={"train wrong_cells": "train, wrong cells", "valid wrong_cells": "valid, wrong cells"},
    chosen_on="train",
    axis="of 5632 cells",
    loss_label="training loss, squared error",
    data=DATA,
    licence=LICENCE,
)
