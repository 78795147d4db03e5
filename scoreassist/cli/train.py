"""The command that trains models."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click

from scoreassist.errors import RequestError
from scoreassist.recipes import RECIPES, load_recipe, networks, recipe_name
from scoreassist.recipes.recipe import Recipe

PROGRESS_SECONDS = 5  # between lines of progress where there is no terminal
AS_MANY_AS_LIKED = ("order", "rows")  # settings of several numbers that say how many voices there are
BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@click.command()
@click.argument("network", type=click.Choice(networks()))
@click.option(
    "--corpus",
    type=click.Choice(list(dict.fromkeys(row.corpus for row in RECIPES.values()))),
    help="What to train on; default the network's first.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Model folder to write; default models/<name of the model>.",
)
@click.option("--steps", type=int, help="Optimizer steps; default the recipe's.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--run-folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Checkpoints, from which a run resumes; default runs/<name of the model folder>.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only so many pieces, to try things out.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads of torch; default one a core.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Any other training option or size.")
def train(
    network: str,
    corpus: str | None,
    output: Path | None,
    steps: int | None,
    seed: int,
    run_folder: Path | None,
    limit: int | None,
    threads: int | None,
    settings: tuple[str, ...],
) -> None:
    r"""Train a model from its corpus; a run that was stopped goes on where it was.

    \b
    scoreassist train anticipation-rnn                             models/bach-chorale
    scoreassist train anticipation-rnn --corpus bach-sopranos      models/bach-melody
    scoreassist train revision                                     models/bach-revision
    scoreassist train deephear                                     models/deephear
    scoreassist train deephear-2015                                models/deephear-2015
    scoreassist train anticipation-rnn --corpus ragtime-melodies   models/ragtime-melody
    """
    import torch

    from scoreassist.networks.store import build_network, save_network
    from scoreassist.training import CHECKPOINT
    from scoreassist.training import train as run

    name = recipe_name(network, corpus)
    recipe = load_recipe(name)
    output = output or Path("models") / name
    run_folder = run_folder or Path("runs") / output.name
    if threads:
        torch.set_num_threads(threads)
    asked = replace(recipe.options, seed=seed, **({} if steps is None else {"steps": steps}))
    options, sizes = _settings(asked, recipe.sizes, settings)
    trained, valid = recipe.pieces(limit)
    validate = recipe.validation(valid)
    torch.manual_seed(seed)
    fresh = build_network(RECIPES[name].network, sizes)
    if recipe.prepare and not (run_folder / CHECKPOINT).is_file():
        click.echo("preparing the network layer by layer", err=True)
        recipe.prepare(fresh, trained, options)
    batches = recipe.windows(trained, options)
    with click.progressbar(length=options.steps, label="training", file=sys.stderr) as bar:
        best = run(fresh, batches, recipe.loss, options, run_folder, validate, _reporter(bar))
    figures = {recipe.figure(key): round(value, 4) for key, value in validate(best).items()}
    about = {"summary": RECIPES[name].summary, "data": recipe.data, "licence": recipe.licence, "figures": figures}
    about |= {"reviser": recipe.reviser} if recipe.reviser else {}
    save_network(best, output, about)
    history = json.loads((run_folder / "history.json").read_text())
    _curve(history, recipe, output / "curve.svg")
    click.echo(f"wrote {output}", err=True)


def _reporter(bar: Any) -> Callable[[dict[str, Any]], None]:
    """Moves the progress bar; prints validations, and where there is no terminal a line every few seconds."""
    printed = time.monotonic()

    def report(row: dict[str, Any]) -> None:
        nonlocal printed
        bar.update(row["step"] - bar.pos)
        waited = time.monotonic() - printed >= PROGRESS_SECONDS
        if "nll" in row or (waited and not sys.stderr.isatty()):
            click.echo(json.dumps(row), err=True)
            printed = time.monotonic()

    return report


def _settings(options: Any, sizes: Any, settings: tuple[str, ...]) -> tuple[Any, Any]:
    """Set fields of the training options and of the network's sizes by name, all at once."""
    targets: tuple[Any, Any] = options, sizes
    changes: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    for setting in settings:
        name, _, text = setting.partition("=")
        place = next((i for i, t in enumerate(targets) if name in {f.name for f in fields(t)}), None)
        if place is None:
            names = ", ".join(f.name for t in targets for f in fields(t))
            raise RequestError(f"there is no setting '{name}'; there are {names}")
        default = getattr(targets[place], name)
        try:
            value = _value(text, default)
        except ValueError as error:
            raise RequestError(_unusable(setting, name, default)) from error
        if isinstance(value, tuple) and name not in AS_MANY_AS_LIKED and len(value) != len(default):
            raise RequestError(_unusable(setting, name, default))
        changes[place][name] = value
    try:
        return replace(options, **changes[0]), replace(sizes, **changes[1])
    except ValueError as error:
        raise RequestError(f"these settings do not go together, {', '.join(settings)}: {error}") from error


def _unusable(setting: str, name: str, default: Any) -> str:
    return f"'{setting}' is not usable; write it like {name}={_shown(default)}"


def _value(text: str, default: Any) -> Any:
    """A setting as its default is: a number, a yes or no, or several numbers with commas between them."""
    if isinstance(default, bool):
        if text.lower() not in BOOLEANS:
            raise ValueError(text)
        return BOOLEANS[text.lower()]
    if isinstance(default, tuple):
        return tuple(_value(part, default[0]) for part in text.split(","))
    return type(default)(text)


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()


def _curve(history: list[dict[str, Any]], recipe: Recipe, path: Path) -> None:
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
    axes.plot([r["step"] for r in history], [r["loss"] for r in history], lw=0.8, label=recipe.loss_label)
    rows = [r for r in history if "nll" in r]
    for key, label in recipe.curves.items():
        axes.plot([r["step"] for r in rows], [r[key] for r in rows], label=label)
    shown = [r[key] for r in rows for key in recipe.curves] + [r["loss"] for r in history[len(history) // 10 :]]
    axes.set(xlabel="step", ylabel=recipe.axis, ylim=(0.95 * min(shown), 1.2 * max(shown)))
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
