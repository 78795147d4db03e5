"""Where, when and with what something was measured; the benchmarks print it above their tables."""

from __future__ import annotations

import json
import os
import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version

import torch

import scoreassist
from scoreassist.evaluation.records import processor
from scoreassist.folders import data_folder
from scoreassist.options import MODEL

PACKAGES = ("torch", "numpy", "lxml", "music21", "musicxml")


def circumstances(what: str, *more: str, model: str | None = MODEL) -> str:
    """A Markdown list: what was measured, the machine, the versions, and more.

    Parameters
    ----------
    what : str
        What was measured, with which seed; the model is added.
    *more : str
        Further rows.
    model : str or None
        What was measured with.
    """
    rows = [
        f"{what}, model {model} {model_checksum(model)}" if model else what,
        f"{date.today().isoformat()}, {processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s)",
        f"scoreassist {scoreassist.__version__}, Python {platform.python_version()},"
        f" {', '.join(_installed(package) for package in PACKAGES)}",
        *more,
    ]
    return "\n".join(f"- {row}" for row in rows)


def markdown(rows: list[list[str]]) -> str:
    """A table; the first row is its head."""
    head, *body = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *body))


def model_checksum(model: str = MODEL) -> str:
    """The first digits of the SHA-256 of a model's weights."""
    config = data_folder("models") / model / "config.json"
    return str(json.loads(config.read_text())["sha256"])[:12]


def _installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"
