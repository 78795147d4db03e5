"""Times what the document side does without a model: reading, saving and completing scores, and starting up.

    python benchmarks/document_layer.py
    python benchmarks/document_layer.py --chorales 20 --rounds 1     # to try things out

Four tables: reading chorales beside music21 (same files, same process, in turns); scores of 10, 100 and 1000
measures, whose time a measure ought to be the same; where the time of reading goes; start-up of the command line,
and which large packages it imports.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import music21  # noqa: E402
from circumstances import circumstances, markdown  # noqa: E402
from lxml import etree  # noqa: E402

import scoreassist  # noqa: E402
from scoreassist.corpus import chorale_path  # noqa: E402
from scoreassist.folders import data_folder  # noqa: E402
from scoreassist.grid.voices import encode  # noqa: E402
from scoreassist.score.singers import find_choir  # noqa: E402
from scoreassist.score.timeline import read_timeline  # noqa: E402

SIZES = (10, 100, 1000)
PATTERN = "bwv269"  # four staves, 20 full measures and a pickup
HOLE = ("3", "4")
LARGE = ("torch", "music21", "verovio", "numpy", "lxml", "click")
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("--help",),
    ("info", "{file}"),
    ("models",),
    ("validate", "{file}"),
    ("complete", "{file}", "--dry-run"),
)


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median(seconds: list[float]) -> float:
    return statistics.median(seconds)


# --- reading ----------------------------------------------------------------------------------------------


def read(source: Path | bytes) -> None:
    """What every command does first: parse, put in time, find the singers, put on the grid."""
    timeline = read_timeline(scoreassist.open_score(source))
    encode(timeline, find_choir(timeline))


def read_with_music21(path: Path) -> None:
    music21.converter.parse(path, forceSource=True, storePickle=False)


def beside_music21(names: list[str]) -> list[list[str]]:
    """Median seconds of both over the same files; who goes first alternates."""
    ours: list[float] = []
    theirs: list[float] = []
    for index, name in enumerate(names):
        path = chorale_path(name)
        turns = [(ours, read), (theirs, read_with_music21)]
        for seconds, reader in turns if index % 2 else reversed(turns):
            seconds.append(timed(lambda reader=reader, path=path: reader(path)))
    ratio = median([b / a for a, b in zip(ours, theirs, strict=True)])
    return [
        ["reading a chorale", "median, ms", "slowest, ms"],
        ["scoreassist: open, timeline, choir, grid", *_milliseconds(ours)],
        ["music21: converter.parse", *_milliseconds(theirs)],
        ["music21 / scoreassist, same file", f"{ratio:.1f}", ""],
    ]


def steps_of_reading(rounds: int) -> list[list[str]]:
    """Where the time goes, on the longest synthetic score."""
    document = synthetic(SIZES[-1])
    seconds: dict[str, list[float]] = {"open_score": [], "read_timeline": [], "find_choir": [], "encode": []}
    for _ in range(rounds):
        marks = [time.perf_counter()]
        score = scoreassist.open_score(document)
        marks.append(time.perf_counter())
        timeline = read_timeline(score)
        marks.append(time.perf_counter())
        choir = find_choir(timeline)
        marks.append(time.perf_counter())
        encode(timeline, choir)
        marks.append(time.perf_counter())
        for step, began, ended in zip(seconds, marks, marks[1:], strict=False):
            seconds[step].append(ended - began)
    rows = [[step, f"{1e6 * median(row) / SIZES[-1]:.0f}"] for step, row in seconds.items()]
    return [[f"step, {SIZES[-1]} measures", "µs a measure"], *rows]


# --- size -------------------------------------------------------------------------------------------------


def synthetic(measures: int) -> bytes:
    """A chorale repeated until it has so many full measures, with numbers from 1 on."""
    root = etree.fromstring(scoreassist.open_score(chorale_path(PATTERN)).to_xml())
    for part in root.findall("part"):
        rows = part.findall("measure")
        lead, body = rows[0], rows[1:-1]  # the pickup carries the attributes
        opening = lead.find("attributes")
        assert opening is not None
        for row in rows:
            part.remove(row)
        for row in body:  # what belongs to one place of the chorale: repeats and breaks
            for mark in (*row.findall("barline"), *row.findall("print")):
                row.remove(mark)
        for index in range(measures):
            row = copy.deepcopy(body[index % len(body)])
            row.set("number", str(index + 1))
            if index == 0:
                row.insert(0, copy.deepcopy(opening))
            part.append(row)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def emptied(document: bytes) -> bytes:
    """The same with a hole of two measures in the alto."""
    root = etree.fromstring(document)
    part = root.findall("part")[1]
    for measure in part.findall("measure"):
        if measure.get("number") in HOLE:
            notes = measure.findall("note")
            length = sum(int(note.findtext("duration") or 0) for note in notes if note.find("chord") is None)
            for note in notes:
                measure.remove(note)
            rest = etree.SubElement(measure, "note")
            etree.SubElement(rest, "rest")
            etree.SubElement(rest, "duration").text = str(length)
            etree.SubElement(rest, "voice").text = "1"
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def saved(document: bytes, edit: bool, folder: Path) -> Callable[[], Any]:
    """Saving, of a score that is open already, with or without an edit before."""
    score = scoreassist.open_score(document)
    if edit:
        note = score.root.find("part/measure/note")
        assert note is not None
        note.set("color", "#C00000")
    return lambda: score.save(folder / "saved.musicxml")


def completing(document: bytes) -> float:
    """Seconds of completing a hole, less those of the model."""
    seconds = scoreassist.complete(document, measures=HOLE, parts=["Alto"], candidates=1).seconds
    return seconds["reading"] + seconds["writing"]


def by_size(rounds: int) -> list[list[str]]:
    """Microseconds a measure of each task, for each size."""
    head = ["µs a measure", *(f"{size} measures" for size in SIZES), "longest / middle"]
    tasks = ("reading", "saving, not edited", "saving after an edit", "completing a hole, without the model")
    cells: dict[str, list[float]] = {task: [] for task in tasks}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size in SIZES:
            document = synthetic(size)
            holes = emptied(document)
            again = rounds * max(1, 100 // size)
            works: tuple[Callable[[], float], ...] = (
                lambda document=document: timed(lambda: read(document)),
                lambda document=document: timed(saved(document, False, folder)),
                lambda document=document: timed(saved(document, True, folder)),
                lambda holes=holes: completing(holes),
            )
            for task, work in zip(tasks, works, strict=True):
                work()  # warm
                count = rounds if task.startswith("completing") else again
                cells[task].append(1e6 * median([work() for _ in range(count)]) / size)
    return [head, *([task, *(f"{x:.0f}" for x in row), f"{row[-1] / row[-2]:.2f}"] for task, row in cells.items())]


# --- start-up ---------------------------------------------------------------------------------------------


def starting_up(rounds: int) -> list[list[str]]:
    """Wall time of the command line, and the large packages that it has imported at the end."""
    rows = [["command", "median, ms", "slowest, ms", "imports", "does not import"]]
    file = str(chorale_path(PATTERN))
    empty = ["-c", "pass"]
    rows.append(["python -c pass", *_milliseconds([_run(empty)[0] for _ in range(rounds)]), "", ""])
    for command in COMMANDS:
        words = [word.format(file=file) for word in command]
        seconds = [_run(["-m", "scoreassist", *words])[0] for _ in range(rounds)]
        program = (
            "import atexit, json, sys\n"
            "atexit.register(lambda: print(json.dumps(sorted(sys.modules))))\n"
            "from scoreassist.cli import program\n"
            f"program({words!r}, prog_name='scoreassist')"
        )
        modules = json.loads(_run(["-c", program])[1].splitlines()[-1])
        shown = " ".join(word.format(file="FILE") for word in command)
        loaded = [name for name in LARGE if name in modules]
        rows.append(
            [
                f"scoreassist {shown}",
                *_milliseconds(seconds),
                ", ".join(loaded),
                ", ".join(name for name in LARGE if name not in loaded),
            ]
        )
    return rows


def _run(words: list[str]) -> tuple[float, str]:
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return time.perf_counter() - began, done.stdout


# --- the report -------------------------------------------------------------------------------------------


def _milliseconds(seconds: list[float]) -> tuple[str, str]:
    return f"{1000 * median(seconds):.1f}", f"{1000 * max(seconds):.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--chorales", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    manifest = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())["chorales"]
    names = sorted(manifest)[:: max(1, len(manifest) // arguments.chorales)][: arguments.chorales]
    for warm in (read, read_with_music21):
        warm(chorale_path(PATTERN))
    what = f"the document side: {len(names)} chorales once each, medians of {arguments.rounds} rounds elsewhere"
    print(circumstances(what, f"load {os.getloadavg()[0]:.1f}; the long scores are {PATTERN} over and over"))
    print("\n" + markdown(beside_music21(names)))
    print("\n" + markdown(by_size(arguments.rounds)))
    print("\n" + markdown(steps_of_reading(arguments.rounds)))
    print("\n" + markdown(starting_up(arguments.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
