"""Figures written where they are shipped, by the run that measured them, with the circumstances."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from scoreassist.errors import ModelError
from scoreassist.evaluation.samples import UNRULED
from scoreassist.files.document import write_whole
from scoreassist.networks.store import CONFIG, model_folder
from scoreassist.options import ITERATIONS
from scoreassist.sampling import SamplingOptions

CHECKSUM_DIGITS = 12


def record(model: str, reports: Iterable[dict[str, Any]], command: str) -> Path:
    """Write reports into the figures of a model's ``config.json``, each under a key that says what it is of.

    The key is that of `key_of`, as in ``harmonize, test, music21 chorales``; an older report of the same is
    replaced, all else stays. What of these weights has been measured before and is not now, which are the errors
    of greedy decoding, stays too, with the command that measures it.

    Parameters
    ----------
    model : str
        Name of a folder in ``models``.
    reports : of `scoreassist.evaluation.evaluate` or `scoreassist.evaluation.samples`
    command : str
        What measures the same again.

    Returns
    -------
    path
        Of the file written.

    Raises
    ------
    ModelError
        The model has no configuration that can be read.
    """
    path = model_folder(model) / CONFIG
    try:
        config = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{CONFIG} cannot be read, and nothing be recorded in it", source=model) from error
    figures = config.setdefault("figures", {})
    of_weights = {"weights": str(config["sha256"])[:CHECKSUM_DIGITS]}
    for report in reports:
        rest = {key: value for key, value in report.items() if key not in ("model", "task", "split", "data")}
        row = rest | {"command": command} | circumstances() | of_weights
        figures[key_of(report)] = _completed(row, figures.get(key_of(report)))
    write_whole(path, (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode())
    return path


def key_of(report: dict[str, Any]) -> str:
    """What a report is of: task, split and data, and each setting that is not as it is by default.

    Of samples without revision it is ``samples, valid, music21 chorales, --passes 0``.
    """
    usual = SamplingOptions()
    words = [str(report[name]) for name in ("task", "split", "data")]
    words += [
        f"--{name} {report[name]}"
        for name in ("seed", "temperature", "candidates", "passes")
        if report.get(name, getattr(usual, name)) != getattr(usual, name)
    ]
    if report.get("iterations", ITERATIONS) != ITERATIONS:
        words.append(f"--iterations {report['iterations']}")
    rules = tuple(report.get("rules", usual.rules))
    if rules != usual.rules:
        words.append("--no-rules" if rules == UNRULED else f"rules {' '.join(rules)}")
    words += [f"against {other['name']}" for other in report.get("against", ())]
    return ", ".join(words)


def _completed(row: dict[str, Any], older: Any) -> dict[str, Any]:
    """A row with what an older one of the same weights knows and this one does not."""
    if not isinstance(older, dict) or older.get("weights") != row["weights"]:
        return row
    whole = _filled(row, older)
    return row if whole == row else whole | {"command": older["command"]}


def _filled(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """Nothing does not replace a figure, nor in rows within the row."""
    filled: dict[str, Any] = {}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            filled[key] = _filled(value, before)
        else:
            filled[key] = before if value is None else value
    return filled


def circumstances() -> dict[str, str]:
    """When, on what machine and with what something is measured: ``date, machine, with``."""
    return {
        "date": date.today().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} thread(s)",
        "with": f"Python {platform.python_version()}, torch {version('torch')}, music21 {version('music21')}",
    }


def processor() -> str:
    """The name of the machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
