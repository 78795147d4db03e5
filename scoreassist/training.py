"""One training loop for every network: seeded by step, resumable, with validation and averaged weights.

What is trained on which data stands in `scoreassist.recipes`; this file knows neither notes nor voices.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from scoreassist.errors import ModelError, RequestError

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class TrainingOptions:
    """How a network is trained; recipes add fields of their own.

    Attributes
    ----------
    steps, batch, window : int
        Optimizer steps; windows a step; ticks a window.
    learning_rate, final_rate : float
        AdamW after a linear warm-up, falling by half a cosine to `final_rate` of it; 1 keeps it as it is.
    weight_decay : float
        Of matrices only (Loshchilov & Hutter 2019); with 0 AdamW is Adam.
    betas : two floats
        Decay of the first and second moment.
    clip : float
        Limit of the gradient's norm.
    warmup : int
        Steps.
    average : float
        Decay of the moving average of the weights, which is what is validated and shipped; 0 ships the weights.
    seed : int
    validate_every, log_every : int
        Steps.
    decides : str
        The figure of the validation that decides which weights win: the smallest.
    """

    steps: int = 5000
    batch: int = 32
    window: int = 128
    learning_rate: float = 2e-3
    final_rate: float = 0.02
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    warmup: int = 200
    average: float = 0.999
    seed: int = 1
    validate_every: int = 250
    log_every: int = 20
    decides: str = "nll"

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.window) < 1:
            raise RequestError("steps, batch and window must be at least 1; try --steps 5000")
        if min(self.validate_every, self.log_every) < 1:
            raise RequestError("validate_every and log_every must be at least 1 step")


def learning_rate(step: int, options: TrainingOptions) -> float:
    """The rate of a step: linear warm-up, then half a cosine down to its final share."""
    if step < options.warmup:
        return options.learning_rate * (step + 1) / options.warmup
    way = (step - options.warmup) / max(options.steps - options.warmup, 1)
    height = 0.5 * (1 + math.cos(math.pi * min(way, 1.0)))
    return options.learning_rate * (options.final_rate + (1 - options.final_rate) * height)


def train(
    network: nn.Module,
    make_batch: Callable[[int], Any],
    loss: Callable[[Any, Any, Any], Tensor],
    options: TrainingOptions,
    folder: Path,
    validate: Callable[[Any], dict[str, float]],
    report: Callable[[dict[str, Any]], None] = lambda row: None,
) -> nn.Module:
    """Train a network; resume where a checkpoint in `folder` left off.

    Parameters
    ----------
    network : nn.Module
        Fresh, with a dataclass `config` from which another like it can be built; overwritten by the checkpoint if
        there is one.
    make_batch : function of the step
        The same batch for the same step.
    loss : function of network, batch and options, giving the scalar to be made smaller
    options : TrainingOptions
    folder : path
        Gets ``checkpoint.pt`` at each validation, and ``history.json``.
    validate : function of a network in evaluation mode, returning figures, ``nll`` among them
    report : called after each step with its ``step, seconds, loss`` (mean since the last row of the history), and
        with the figures where it was validated

    Returns
    -------
    nn.Module
        With the averaged weights that were best in validation.

    Raises
    ------
    ModelError
        The checkpoint belongs to other options, sizes or data.
    """
    folder.mkdir(parents=True, exist_ok=True)
    average = type(network)(network.config)
    average.load_state_dict(network.state_dict())
    average.eval()
    optimizer = make_optimizer(network, options)
    checkpoint = folder / CHECKPOINT
    of = {"options": asdict(options), "sizes": asdict(network.config), "data": fingerprint(make_batch(0))}  # type: ignore[call-overload]
    step, history, spent = 0, [], 0.0
    best: dict[str, Any] = {"figure": math.inf, "state": None}
    if checkpoint.is_file():
        stored = torch.load(checkpoint, weights_only=True)
        _check_the_same(stored, of, checkpoint)
        network.load_state_dict(stored["network"])
        average.load_state_dict(stored["average"])
        optimizer.load_state_dict(stored["optimizer"])
        step, history, best, spent = stored["step"], stored["history"], stored["best"], stored["spent"]
    began = time.monotonic() - spent
    running: list[float] = []
    while step < options.steps:
        running.append(take_step(network, average, optimizer, make_batch, loss, options, step))
        step += 1
        row: dict[str, Any] = {"step": step, "seconds": round(time.monotonic() - began, 1)}
        row["loss"] = round(sum(running) / len(running), 4)
        last = step == options.steps
        validated = step % options.validate_every == 0 or last
        if validated:
            row |= {key: round(float(figure), 4) for key, figure in validate(average).items()}
            if row[options.decides] < best["figure"]:
                best = {"figure": row[options.decides], "state": _copy(average), "step": step}
        if validated or step % options.log_every == 0:
            history.append(row)
            running = []
        report(row)
        if validated:
            state = {"network": network.state_dict(), "average": average.state_dict(), "best": best, "step": step}
            state |= {"optimizer": optimizer.state_dict(), "history": history, "spent": time.monotonic() - began}
            _save(checkpoint, of | state)
            (folder / "history.json").write_text(json.dumps(history, indent=0))
    if best["state"] is not None:
        average.load_state_dict(best["state"])
    return average


def fingerprint(batch: Any) -> str:
    """SHA-256 of the tensors of a batch: other data, another seed or other windows give another one."""
    found = hashlib.sha256()
    for tensor in _tensors(batch):
        found.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.contiguous().numpy().tobytes())
    return found.hexdigest()


def _tensors(batch: Any) -> Iterator[Tensor]:
    """Tensors of a batch, which may be a dataclass or a tuple of such."""
    if isinstance(batch, Tensor):
        yield batch
    elif is_dataclass(batch):
        for field in fields(batch):
            yield from _tensors(getattr(batch, field.name))
    elif isinstance(batch, (tuple, list)):
        for item in batch:
            yield from _tensors(item)


def make_optimizer(network: nn.Module, options: TrainingOptions) -> torch.optim.Optimizer:
    """AdamW, decaying matrices only."""
    decay = [p for p in network.parameters() if p.ndim >= 2]
    plain = [p for p in network.parameters() if p.ndim < 2]
    groups = [{"params": decay, "weight_decay": options.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=options.learning_rate, betas=options.betas)


def take_step(
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
    make_batch: Callable[[int], Any],
    loss: Callable[[Any, Any, Any], Tensor],
    options: TrainingOptions,
    step: int,
    lap: Callable[[str], None] = lambda phase: None,
) -> float:
    """One step of the optimizer, and of the averaged weights after it.

    Parameters
    ----------
    network, make_batch, loss, options : as in `train`
    average : nn.Module
        Follows the network's weights.
    optimizer : of `make_optimizer`
    step : int
        How many were taken before.
    lap : called at the end of ``data``, ``forward``, ``backward`` and ``optimizer``, to take the time

    Returns
    -------
    float
        The loss before the step.
    """
    network.train()
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, options)
    batch = make_batch(step)
    lap("data")
    torch.manual_seed(options.seed * 1_000_003 + step)
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(network, batch, options)
    lap("forward")
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    lap("backward")
    torch.nn.utils.clip_grad_norm_(network.parameters(), options.clip)
    optimizer.step()
    rate = min(options.average, (2 + step) / (11 + step))  # a young average forgets faster
    with torch.no_grad():
        for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
            slow.lerp_(fast, 1 - rate)
    lap("optimizer")
    return float(value.detach())


def _check_the_same(stored: dict[str, Any], of: dict[str, Any], checkpoint: Path) -> None:
    for name, value in of.items():
        if stored.get(name) != value:
            raise ModelError(
                f"the checkpoint was made with other {name}; train into another --run-folder",
                source=str(checkpoint),
            )


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {key: tensor.clone() for key, tensor in network.state_dict().items()}


def _save(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    torch.save(content, part)
    os.replace(part, path)
