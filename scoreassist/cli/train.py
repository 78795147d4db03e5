"""The commands that train models."""

from __future__ import annotations

import json
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from scoreassist.errors import RequestError

LICENCE = "weights: MIT; the chorales are in the public domain, their encoding is part of music21's corpus"
DATA = "Bach chorales of music21's corpus, train and extra rows of corpora/bach-chorales/split.json"
SUMMARY = "four-part harmony in the manner of Bach's chorales"


@click.group()
def train() -> None:
    """Train a model from its corpus."""


@train.command("anticipation-rnn")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Model folder to write, such as models/bach-chorale.",
)
@click.option("--steps", type=int, default=5000, show_default=True, help="Optimizer steps.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--run-folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Checkpoints, from which a run resumes; default runs/<name of the model>.",
)
@click.option("--limit", type=int, help="Only so many chorales, to try things out.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Any other training option or size.")
def train_anticipation_rnn(
    output: Path, steps: int, seed: int, run_folder: Path | None, limit: int | None, settings: tuple[str, ...]
) -> None:
    r"""Train Anticipation-RNN on the Bach chorales (Hadjeres & Nielsen, arXiv 1709.06404).

    \b
    scoreassist train anticipation-rnn -o models/bach-chorale
    """
    import torch

    from scoreassist.corpus import chorales
    from scoreassist.evaluation import LONGEST_TICKS, nll, piece_log_probs
    from scoreassist.networks.anticipation_rnn import AnticipationConfig, AnticipationRNN
    from scoreassist.networks.store import save_network
    from scoreassist.training import ChoraleWindows, TrainingOptions
    from scoreassist.training import train as run

    options, sizes = _settings(TrainingOptions(steps=steps, seed=seed), AnticipationConfig(), settings)
    windows = ChoraleWindows(chorales("train", "extra")[:limit], options)
    valid = [p.grid for p in chorales("valid")[:limit] if p.grid.ticks < LONGEST_TICKS]

    def validate(network: Any) -> dict[str, float]:
        known = [grid.known & False for grid in valid]
        counted = [grid.known for grid in valid]
        full = nll(piece_log_probs(network, valid, known), counted)
        bare = nll(piece_log_probs(network, valid, known, bare=True), counted)
        return {
            "nll": full["nll_cell"],
            "nll_bare": bare["nll_cell"],
            "nll_articulation": full["nll_articulation"],
        }

    torch.manual_seed(seed)
    history: list[dict[str, Any]] = []
    with click.progressbar(length=options.steps, label="training", file=sys.stderr) as bar:

        def report(row: dict[str, Any]) -> None:
            history.append(row)
            bar.update(row["step"] - bar.pos)
            if "nll" in row or not sys.stderr.isatty():
                click.echo(json.dumps(row), err=True)

        network = run(
            AnticipationRNN(sizes),
            windows.batch,
            options,
            run_folder or Path("runs") / output.name,
            validate,
            report,
        )
    figures = {f"valid {key}": round(value, 4) for key, value in validate(network).items()}
    save_network(network, output, {"summary": SUMMARY, "data": DATA, "licence": LICENCE, "figures": figures})
    stored = json.loads(((run_folder or Path("runs") / output.name) / "history.json").read_text())
    _curve(stored, output / "curve.svg")
    click.echo(f"wrote {output}", err=True)


def _settings(options: Any, sizes: Any, settings: tuple[str, ...]) -> tuple[Any, Any]:
    """Set fields of the training options and of the network's sizes by name."""
    for setting in settings:
        name, _, text = setting.partition("=")
        for target in (options, sizes):
            kind = {f.name: f.type for f in fields(target)}.get(name)
            if kind not in ("int", "float"):
                continue
            try:
                value = int(text) if kind == "int" else float(text)
                changed = replace(target, **{name: value})
            except ValueError as error:
                raise RequestError(f"'{setting}' is not usable ({error}); write NAME=NUMBER") from error
            if target is options:
                options = changed
            else:
                sizes = changed
            break
        else:
            names = [f.name for t in (options, sizes) for f in fields(t) if f.type in ("int", "float")]
            raise RequestError(f"there is no setting '{name}'; there are {', '.join(names)}")
    return options, sizes


def _curve(history: list[dict[str, Any]], path: Path) -> None:
    """Draw loss and validation against steps."""
    try:
        import matplotlib
    except ImportError:
        click.echo("no curve drawn: matplotlib is not installed; pip install scoreassist[dev]", err=True)
        return
    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "scoreassist"
    figure, axes = plt.subplots(figsize=(7, 4))
    axes.plot([r["step"] for r in history], [r["loss"] for r in history], lw=0.8, label="training loss, all masks")
    rows = [r for r in history if "nll" in r]
    axes.plot([r["step"] for r in rows], [r["nll"] for r in rows], label="valid, all cells hidden")
    axes.plot([r["step"] for r in rows], [r["nll_bare"] for r in rows], label="valid, pitches alone")
    axes.set(xlabel="step", ylabel="nats per cell", ylim=(0.25, 0.7))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
