"""Times a training step of each recipe, phase by phase, and compares it with the machine's matrix products.

A step is that of `scoreassist.training`: draw the batch, forward pass and loss under bf16 autocast, backward pass,
optimizer with averaged weights. Arithmetic is counted from the shapes that pass through LSTMs and linear layers:
two operations a weight and position forwards, twice that backwards; embeddings, tables, gates and the softmax are
left out, so that the share of the machine's rate is a lower bound.

    python benchmarks/training_speed.py
    python benchmarks/training_speed.py --recipes bach-chorale --threads 1 --steps 20
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import torch  # noqa: E402
from circumstances import circumstances, markdown  # noqa: E402
from torch import nn  # noqa: E402

from scoreassist.networks.store import build_network  # noqa: E402
from scoreassist.recipes import RECIPES, load_recipe  # noqa: E402
from scoreassist.training import make_optimizer, take_step  # noqa: E402

PHASES = ("data", "forward", "backward", "optimizer")
PRODUCT = 2048  # rows and columns of the matrices by which the machine's rate is measured
WARM_UP = 2  # steps that do not count


@dataclass
class Tally:
    """Steps of a recipe.

    Attributes
    ----------
    cells : int
        Of a batch.
    operations : list of float
        Floating-point operations of each step's matrix products, forwards and backwards.
    seconds : by phase, one number a step
    """

    cells: int
    operations: list[float] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {phase: [] for phase in PHASES})

    def median(self, phase: str) -> float:
        """Seconds of a phase."""
        return statistics.median(self.seconds[phase])

    def step(self) -> float:
        """Seconds of a whole step."""
        return float(statistics.median(sum(row) for row in zip(*self.seconds.values(), strict=True)))


@contextmanager
def counted(network: nn.Module) -> Iterator[list[float]]:
    """Count the operations of the matrix products of all forward passes within."""
    operations: list[float] = []

    def count(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        weights = sum(p.numel() for p in layer.parameters(recurse=False) if p.ndim == 2)
        positions = inputs[0].numel() // inputs[0].shape[-1]
        operations.append(2.0 * weights * positions)

    layers = [layer for layer in network.modules() if isinstance(layer, (nn.LSTM, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        yield operations
    finally:
        for hook in hooks:
            hook.remove()


def time_recipe(name: str, steps: int, limit: int | None) -> Tally:
    """Take some steps of a recipe."""
    recipe = load_recipe(name)
    options = replace(recipe.options, steps=max(recipe.options.steps, steps + WARM_UP))
    pieces, _ = recipe.pieces(limit)
    batches = recipe.windows(pieces, options)
    torch.manual_seed(options.seed)
    network = build_network(RECIPES[name].network, recipe.sizes)
    average = build_network(RECIPES[name].network, recipe.sizes)
    average.load_state_dict(network.state_dict())
    optimizer = make_optimizer(network, options)
    tally = Tally(options.batch * options.window * network.config.voices)
    for step in range(steps + WARM_UP):
        began = time.perf_counter()

        def lap(phase: str, counts: bool = step >= WARM_UP) -> None:
            nonlocal began
            now = time.perf_counter()
            if counts:
                tally.seconds[phase].append(now - began)
            began = now

        with counted(network) as operations:
            take_step(network, average, optimizer, batches, recipe.loss, options, step, lap)
        if step >= WARM_UP:
            tally.operations.append(3 * sum(operations))
    return tally


def product_rate(seconds: float = 2.0) -> float:
    """The best rate of a bf16 matrix product, in operations a second."""
    a, b = (torch.randn(PRODUCT, PRODUCT).bfloat16() for _ in range(2))
    best, until = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - began)
    return 2 * PRODUCT**3 / best


def table(tallies: dict[str, Tally], rate: float) -> str:
    """The tallies as a Markdown table."""
    head = ["recipe", "cells a step", "cells/s", *(f"{phase}, ms" for phase in PHASES), "data, %", "GFLOP a step"]
    rows = [[*head, "share of the rate, %"]]
    for name, tally in tallies.items():
        step, operations = tally.step(), statistics.median(tally.operations)
        laps = [f"{1000 * tally.median(phase):.0f}" for phase in PHASES]
        shares = [f"{100 * tally.median('data') / step:.1f}", f"{operations / 1e9:.0f}"]
        share = f"{100 * operations / step / rate:.0f}"
        rows.append([name, f"{tally.cells:,}", f"{tally.cells / step:,.0f}", *laps, *shares, share])
    return markdown(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--recipes", nargs="+", choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument("--steps", type=int, default=10, help="steps that count, for each recipe")
    parser.add_argument("--threads", type=int, help="threads of torch; default one a core")
    parser.add_argument("--limit", type=int, help="only so many pieces; it does not change a step")
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    rate = product_rate()
    tallies = {}
    for name in arguments.recipes:
        print(name, file=sys.stderr)
        tallies[name] = time_recipe(name, arguments.steps, arguments.limit)
    told = circumstances(
        f"median of {arguments.steps} steps of a fresh network after {WARM_UP}, seed 1",
        f"bf16 product of {PRODUCT} × {PRODUCT} matrices, best in 2 s: {rate / 1e9:.0f} GFLOP/s",
        model=None,
    )
    print(told, table(tallies, rate), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
