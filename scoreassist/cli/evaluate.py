"""The command that measures models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from scoreassist.options import MODEL


@click.command()
@click.argument("model", default=MODEL)
@click.option(
    "--task",
    type=click.Choice(["free", "harmonize", "bass", "inner", "region", "cells", "samples"]),
    default="free",
    show_default=True,
    help="What is given; samples: harmonize the sopranos and count what a teacher would.",
)
@click.option("--split", type=click.Choice(["valid", "test"]), default="valid", show_default=True)
@click.option(
    "--jsb16",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A Jsb16thSeparated.json, to measure on pitches alone as published work does.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the random masks, and of samples.")
@click.option("--temperature", type=float, help="Of samples; default as `harmonize` has it.")
@click.option("--candidates", type=int, help="Of samples; default as `harmonize` has it.")
@click.option("--no-rules", is_flag=True, help="Samples of the network alone, without the rules of voice leading.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def evaluate(
    model: str,
    task: str,
    split: str,
    jsb16: Path | None,
    seed: int,
    temperature: float | None,
    candidates: int | None,
    no_rules: bool,
    as_json: bool,
) -> None:
    r"""Measure a model's likelihood on chorales that it has not been trained on.

    \b
    scoreassist evaluate bach-chorale --task harmonize --split valid
    """
    from scoreassist.evaluation import evaluate as measure
    from scoreassist.evaluation import samples
    from scoreassist.networks.store import load_filler, load_network
    from scoreassist.sampling import SamplingOptions

    if task == "samples":
        wishes: dict[str, Any] = {"temperature": temperature, "candidates": candidates}
        wishes = {name: value for name, value in wishes.items() if value is not None}
        if no_rules:
            wishes["rules"] = ("rests",)
        options = SamplingOptions(seed=seed, **wishes)
        report = {"model": model, **samples(load_filler(model), split, options)}
    else:
        report = {"model": model, **measure(load_network(model), task, split, jsb16=jsb16, seed=seed)}
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    for key, value in report.items():
        click.echo(f"{key}: {value}")
