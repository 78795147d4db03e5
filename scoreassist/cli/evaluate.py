"""The command that measures models."""

from __future__ import annotations

import json
import math
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scoreassist.errors import RequestError
from scoreassist.options import MODEL, PIANO_MODEL

LIKELIHOOD_TASKS = ("free", "harmonize", "bass", "inner", "region", "cells", "any-order")

# Options that mean something in one kind of task alone.
OF_SAMPLES = {
    "temperature": "--temperature",
    "candidates": "--candidates",
    "passes": "--passes",
    "no_rules": "--no-rules",
}
OF_LIKELIHOOD = {
    "jsb16": "--jsb16",
    "against": "--against",
    "without_anticipation": "--without-anticipation",
    "no_greedy": "--no-greedy",
}
OF_CHAIN_RULE = ("against", "without_anticipation", "no_greedy")
OF_PIANO = {"folder": "--from", "iterations": "--iterations"}
ALL_OPTIONS = OF_LIKELIHOOD | OF_SAMPLES | OF_PIANO
ACCOMPANY = "accompany"  # the one task of models for piano

# The task of a network if none is named; of the others the first.
DEFAULT_TASKS = {"revision": "any-order"}


@click.command()
@click.argument("model", default=MODEL)
@click.option(
    "--task",
    type=click.Choice([*LIKELIHOOD_TASKS, "all", "samples", ACCOMPANY]),
    help="What is given: nothing (free, the default), the soprano, the bass, both, all but two measures, half of"
    " the cells; any-order: of a model that revises, the mean over all orders; all: each that the model has;"
    " samples: harmonize the sopranos and count what a teacher would; accompany: of a model for piano, a melody.",
)
@click.option("--split", type=click.Choice(["valid", "test"]), default="valid", show_default=True)
@click.option(
    "--jsb16",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A Jsb16thSeparated.json, to measure on pitches alone as published work does.",
)
@click.option(
    "--without-anticipation",
    is_flag=True,
    help="Compare with the same weights, the constraint LSTM's output zeroed, piece by piece.",
)
@click.option(
    "--against", multiple=True, metavar="MODEL", help="Compare with another model, piece by piece; repeatable."
)
@click.option("--no-greedy", is_flag=True, help="Leave out token and frame error, which take most of the time.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random masks, and of samples.")
@click.option("--temperature", type=float, help="Of samples; default as `harmonize` has it.")
@click.option("--candidates", type=int, help="Of samples; default as `harmonize` has it.")
@click.option("--passes", type=int, help="Of samples; default as `harmonize` has it.")
@click.option("--no-rules", is_flag=True, help="Samples of the network alone, without the rules of voice leading.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Of a model for piano: a folder with rags; default the corpus that was built.",
)
@click.option("--iterations", type=int, help="Of a model for piano; default as `harmonize` has it.")
@click.option("--limit", type=int, help="Only so many pieces, for a quick look.")
@click.option("--record", is_flag=True, help="Write the figures into the model's config.json too.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON; a list of reports with `--task all`.")
def evaluate(model: str, task: str | None, split: str, as_json: bool, record: bool, **wishes: Any) -> None:
    r"""Measure a model on music that it has not been trained on.

    Likelihoods are in nats per hidden cell, pitch alone, exact by the chain rule: the mean over cells, and over
    pieces; what the articulation adds, held or struck again, stands beside them. Accuracy is the share of cells
    whose true pitch is the likeliest, given the true past; token and frame error are of greedy decoding, which has
    to live with its own past.

    Of a model for piano: F1 of the struck cells that it writes to the melodies of held-out rags, beside what needs
    no network; windows rebuilt through its code; notes copied from the training rags; what a teacher would count.

    \b
    scoreassist evaluate bach-chorale --task harmonize --split valid
    scoreassist evaluate bach-chorale --task region --without-anticipation
    scoreassist evaluate bach-chorale --task samples --limit 10
    scoreassist evaluate deephear --split test
    """
    from scoreassist.evaluation import record as write_down

    task = _task(model, task)
    tasks = _tasks(model, task)
    for name in tasks:
        _check(name, record, wishes)
    if record and task == ACCOMPANY:
        _check_training(wishes["folder"])
    measure = {"samples": _samples, ACCOMPANY: _piano}.get(task, _likelihood)
    reports = [{"model": model} | measure(model, name, split, wishes) for name in tasks]
    if record:
        path = write_down(model, reports, _command(model, task, split, wishes))
        click.echo(f"recorded in {path}", err=True)
    if as_json:
        shown = _without_nan(reports if task == "all" else reports[0])
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        click.echo(_table(task, reports))


def _task(model: str, task: str | None) -> str:
    """The task that was named, or the model's own; a model for piano has one, and no other model has it.

    Raises
    ------
    RequestError
        The model does not have the task.
    """
    from scoreassist.networks.store import NETWORKS, list_models

    network = next((config["network"] for config in list_models() if config["name"] == model), None)
    plays = network in NETWORKS and NETWORKS[network].pianist is not None
    if task is None:
        return ACCOMPANY if plays else DEFAULT_TASKS.get(str(network), LIKELIHOOD_TASKS[0])
    if plays and task == "all":
        return ACCOMPANY
    if network is not None and plays != (task == ACCOMPANY):
        there = f"it has {ACCOMPANY}" if plays else f"that is for models for piano, such as {PIANO_MODEL}"
        raise RequestError(f"there is no task '{task}' for {model}; {there}")
    return task


def _table(task: str, reports: list[dict[str, Any]]) -> str:
    from scoreassist.evaluation.tables import likelihood_table, piano_table, samples_table

    if task == ACCOMPANY:
        return piano_table(reports[0])
    return samples_table(reports[0]) if task == "samples" else likelihood_table(reports)


def _without_nan(value: Any) -> Any:
    """A report as JSON can say it: a figure that is none is null."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _tasks(model: str, task: str) -> tuple[str, ...]:
    """A task, or for ``all`` each that the model has."""
    from scoreassist.evaluation import tasks_of
    from scoreassist.networks.store import load_network

    return tasks_of(load_network(model)) if task == "all" else (task,)


def _given(value: Any) -> bool:
    """Whether an option was typed; 0 is a value too."""
    return value is not None and value is not False and value != ()


def _check(task: str, record: bool, wishes: dict[str, Any]) -> None:
    """Refuse options that would be without effect, and records of a part."""
    useful = {"samples": set(OF_SAMPLES), ACCOMPANY: set(OF_PIANO)}.get(task, set(OF_LIKELIHOOD))
    if task == "any-order":
        useful -= set(OF_CHAIN_RULE)
    for name, option in ALL_OPTIONS.items():
        if name not in useful and _given(wishes[name]):
            raise RequestError(f"{option} has no effect with --task {task}; leave it out")
    if record and wishes["limit"] is not None:
        raise RequestError("figures of a few pieces are not recorded; leave out --limit or --record")


def _check_training(folder: Path | None) -> None:
    """Refuse records of figures that compare with next to nothing."""
    from scoreassist.evaluation.piano_report import training_rags

    if len(training_rags(folder)) < 2:
        raise RequestError(
            "figures that compare with one training rag only are not recorded; fetch more with"
            " `scoreassist corpus build ragtime`, or leave out --record"
        )


def _likelihood(model: str, task: str, split: str, wishes: dict[str, Any]) -> dict[str, Any]:
    from scoreassist.evaluation import check_request, count_pieces, without_anticipation
    from scoreassist.evaluation import evaluate as measure
    from scoreassist.networks.store import load_network
    from scoreassist.recipes import RECIPES

    network = load_network(model)
    corpus = RECIPES[model].corpus if model in RECIPES else None
    against = {name: load_network(name) for name in wishes["against"]}
    check_request(network, task, against)
    if wishes["without_anticipation"]:
        against = {f"{model} without anticipation": without_anticipation(network)} | against

    def length() -> int:
        return count_pieces(split, jsb16=wishes["jsb16"], limit=wishes["limit"], corpus=corpus)

    with _bar(task, length, hidden=wishes["no_greedy"]) as bar:
        return measure(
            network,
            task,
            split,
            jsb16=wishes["jsb16"],
            seed=wishes["seed"],
            limit=wishes["limit"],
            greedy=not wishes["no_greedy"],
            against=against,
            corpus=corpus,
            progress=bar.update,
        )


def _samples(model: str, task: str, split: str, wishes: dict[str, Any]) -> dict[str, Any]:
    from scoreassist.evaluation import UNRULED, count_pieces, samples
    from scoreassist.networks.store import load_filler
    from scoreassist.sampling import SamplingOptions

    given = {name: wishes[name] for name in ("temperature", "candidates", "passes") if wishes[name] is not None}
    if wishes["no_rules"]:
        given["rules"] = UNRULED
    options = SamplingOptions(seed=wishes["seed"], **given)
    with _bar(task, lambda: count_pieces(split, limit=wishes["limit"])) as bar:
        return samples(load_filler(model), split, options, limit=wishes["limit"], progress=bar.update)


def _piano(model: str, task: str, split: str, wishes: dict[str, Any]) -> dict[str, Any]:
    from scoreassist.evaluation.piano_report import evaluate_piano, held_out
    from scoreassist.networks.deephear.options import ManipulationOptions
    from scoreassist.networks.store import load_pianist

    given = {} if wishes["iterations"] is None else {"iterations": wishes["iterations"]}
    options = ManipulationOptions(seed=wishes["seed"], **given)
    pianist = load_pianist(model)
    where = {"folder": wishes["folder"], "limit": wishes["limit"]}
    with _bar(task, lambda: len(held_out(split, **where))) as bar:
        return evaluate_piano(pianist, split, options, **where, progress=bar.update)


def _bar(label: str, length: Callable[[], int], *, hidden: bool = False) -> Any:
    """A progress bar; how long it is takes a while to find out, and is asked for only if the bar is seen."""
    hidden = hidden or not sys.stderr.isatty()
    return click.progressbar(length=0 if hidden else length(), label=label, file=sys.stderr, hidden=hidden)


def _command(model: str, task: str, split: str, wishes: dict[str, Any]) -> str:
    """What to type to measure the same again; of paths the file's name alone."""
    words = ["scoreassist", "evaluate", model, "--task", task, "--split", split, "--seed", str(wishes["seed"])]
    for name, option in ALL_OPTIONS.items():
        value = wishes[name]
        if value is True:
            words.append(option)
        elif isinstance(value, tuple):
            words += [word for item in value for word in (option, item)]
        elif _given(value):
            words += [option, value.name if isinstance(value, Path) else str(value)]
    return shlex.join(words)
