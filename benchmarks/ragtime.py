"""The figures of the piano models on held-out rags, beside baselines and the rags themselves, and their speed.

Of each rag only the melody, the top line of the right hand, is given. Then the time of 16, 32 and 64 measures,
from a melody's file to the filled one, in a process that has filled before; the rags' own melodies are taken.

    python benchmarks/ragtime.py --split test
    python benchmarks/ragtime.py --split valid --from joplin/kern --limit 1
    python benchmarks/ragtime.py --split valid --search    # what drawing codes and descending from them is worth
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from circumstances import circumstances, markdown, model_checksum  # noqa: E402

from scoreassist import pianist  # noqa: E402
from scoreassist.evaluation.piano_report import evaluate_piano, held_out, melody_score  # noqa: E402
from scoreassist.evaluation.ragtime import accompaniment_hits, mean_hits  # noqa: E402
from scoreassist.evaluation.tables import BASELINE_ROWS, PIANO_ROWS, STYLE_ROWS  # noqa: E402
from scoreassist.grid.hollow import under_melody  # noqa: E402
from scoreassist.grid.roll import MEASURE_TICKS  # noqa: E402
from scoreassist.networks.deephear.options import ManipulationOptions  # noqa: E402
from scoreassist.networks.store import load_pianist  # noqa: E402

MODELS = ("deephear", "deephear-2015")
LENGTHS = (16, 32, 64)  # measures
REPEATS = 3
PAPER = {"copied_share": "59.6 (Sun 2015)"}


def figures(reports: dict[str, dict[str, Any]]) -> str:
    """The table of all models and baselines."""
    first = next(iter(reports.values()))
    rows = [["given the melody", "F1, pitch", "F1, pitch class"]]
    rows += [[model, *_f1(report)] for model, report in reports.items()]
    rows += [[head, *_f1(first["baselines"][key])] for head, key in BASELINE_ROWS]
    more = [["figure", *reports, "published"]]
    for head, key, factor, digits in PIANO_ROWS:
        values = [f"{factor * report[key]:.{digits}f}" for report in reports.values()]
        more.append([head.replace("  ", "the same "), *values, PAPER.get(key, "")])
    style = [["mean (range over pieces)", "the rags", *reports]]
    for head, key, digits in STYLE_ROWS:
        columns = [first["style"]["rags"], *(report["style"]["outputs"] for report in reports.values())]
        style.append([head, *(_spread(column[key], digits) for column in columns)])
    return "\n\n".join(markdown(table) for table in (rows, more, style))


def _f1(row: dict[str, Any]) -> list[str]:
    return [f"{row[key]:.3f}" for key in ("f1", "f1_pitch_class")]


def _spread(figure: dict[str, float], digits: int) -> str:
    mean, least, most = (f"{figure[name]:.{digits}f}" for name in ("mean", "least", "most"))
    return f"{mean} ({least}–{most})"


def times(model: str, options: ManipulationOptions, split: str, folder: Path | None) -> list[list[str]]:
    """Seconds of whole fills, by their length: the median, and per 16 measures."""
    rags = [piece.roll for piece in held_out(split, folder)]
    rows = []
    for measures in LENGTHS:
        seconds = []
        for repeat in range(REPEATS):
            rag = rags[repeat % len(rags)]
            melody = melody_score(rag.cut(0, min(measures * MEASURE_TICKS, rag.ticks)))
            began = time.perf_counter()
            result = pianist.harmonize(melody, model=model, seed=options.seed, iterations=options.iterations)
            result.score.to_xml()
            seconds.append(time.perf_counter() - began)
        median = statistics.median(seconds)
        rows.append([model, str(measures), f"{median:.2f}", f"{median * LENGTHS[0] / measures:.2f}"])
    return rows


def search_worth(options: ManipulationOptions, split: str, where: dict[str, Any]) -> str:
    """F1 of fills from the expected code and from drawn ones, with descent and without."""
    rags = [piece.roll for piece in held_out(split, **where)]
    model = load_pianist(MODELS[0])
    rows = [["codes", "iterations", "F1, pitch", "F1, pitch class"]]
    expected = replace(options, temperature=0.0, restarts=1)
    for name, base in (("the expected one", expected), (f"{options.restarts} drawn", options)):
        for iterations in (0, options.iterations):
            asked = replace(base, iterations=iterations)
            filled = [model.fill(under_melody(rag), asked) for rag in rags]
            hits = (accompaniment_hits(rag, answer.struck) for rag, answer in zip(rags, filled, strict=True))
            found = mean_hits(hits)
            rows.append([name, str(iterations), *_f1(found)])
    return markdown(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--split", choices=["test", "valid"], default="test")
    parser.add_argument("--from", dest="folder", type=Path, help="a folder with rags; default the corpus built")
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="MODEL", help="which to measure")
    parser.add_argument("--limit", type=int, help="only so many pieces, to try things out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int, default=ManipulationOptions().iterations)
    parser.add_argument("--search", action="store_true", help="only what the search is worth")
    arguments = parser.parse_args()
    options = ManipulationOptions(seed=arguments.seed, iterations=arguments.iterations)
    where = {"folder": arguments.folder, "limit": arguments.limit}
    names = [piece.name for piece in held_out(arguments.split, **where)]
    if arguments.search:
        said = f"{len(names)} rags of the split `{arguments.split}`, seed {options.seed}, {MODELS[0]}"
        print(circumstances(said, model=MODELS[0]), search_worth(options, arguments.split, where), sep="\n\n")
        return 0
    reports, spent = {}, [["end to end, warm", "measures", "seconds", "per 16 measures"]]
    for model in arguments.models:
        report = evaluate_piano(load_pianist(model), arguments.split, options, **where)
        reports[f"{model} {model_checksum(model)}"] = report
        spent += times(model, options, arguments.split, arguments.folder)
    told = circumstances(
        f"{len(names)} rags of the split `{arguments.split}` ({', '.join(names)}), seed {options.seed},"
        f" {options.iterations} iterations, {options.restarts} restarts",
        f"corpus: {next(iter(reports.values()))['data']}; training rags are compared moved by"
        f" {', '.join(str(report['moved_by']) for report in reports.values())} semitones at most",
        f"seconds are the median of {REPEATS} melodies, which must be as long as that",
        model=None,
    )
    print(told, figures(reports), markdown(spent), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
