"""What `ragtime-melody` is worth on rags that it was not trained on, and what it composes.

Likelihood, exact, in nats a hidden cell, pitch and articulation: of whole melodies, of every other four measures,
every other measure, a random half of the cells; beside it the same weights with the constraint LSTM's output
zeroed. Then melodies of sixteen measures are composed and counted: what is usual in rags, and how many of their
notes lie in a stretch of eight notes that a training rag has too, in any key.

    python benchmarks/ragtime_melody.py --split valid
    python benchmarks/ragtime_melody.py --split test --json

Rags are those that `scoreassist corpus build ragtime` has fetched.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from circumstances import circumstances, markdown  # noqa: E402

from scoreassist.corpus import RagPiece, ragtime  # noqa: E402
from scoreassist.evaluation import nll, piece_log_probs, without_anticipation  # noqa: E402
from scoreassist.grid.roll import MEASURE_TICKS  # noqa: E402
from scoreassist.grid.vocabulary import REST_PITCH  # noqa: E402
from scoreassist.networks.melodies import MODEL, compose  # noqa: E402
from scoreassist.networks.store import load_network  # noqa: E402
from scoreassist.recipes.ragtime_melody import grid_of  # noqa: E402
from scoreassist.theory.tunes import traits  # noqa: E402

MEASURES = 16
HOP = 8  # measures between windows of a rag
STRETCH = 8  # notes in succession that count as copied
KEYS = (-5, -4, -3, -2, -1, 0, 1, 2)  # signatures that Joplin uses

Melody = tuple[np.ndarray, np.ndarray, np.ndarray]
"""MIDI numbers, strikes and key signature by tick."""


def given_cells(pieces: list[RagPiece], seed: int) -> dict[str, list[np.ndarray]]:
    """Cells known in each task, for each piece."""
    rng = np.random.default_rng(seed)
    ticks = [piece.roll.ticks for piece in pieces]

    def every_other(measures: int) -> list[np.ndarray]:
        return [(np.arange(n) // (measures * MEASURE_TICKS) % 2 == 0)[None] for n in ticks]

    return {
        "nothing": [np.zeros((1, n), dtype=bool) for n in ticks],
        "every other four measures": every_other(4),
        "every other measure": every_other(1),
        "a random half": [rng.random((1, n)) < 0.5 for n in ticks],
    }


def likelihoods(pieces: list[RagPiece], seed: int) -> dict[str, dict[str, float]]:
    """Nats a hidden cell by task, with and without anticipation."""
    network = load_network(MODEL)
    grids = [grid_of(piece) for piece in pieces]
    table = {}
    for task, known in given_cells(pieces, seed).items():
        row = {}
        for name, model in (("told", network), ("zeroed", without_anticipation(network))):
            found = nll(piece_log_probs(model, grids, known), [~k for k in known])
            row[name] = found["nll_cell"] + found["nll_articulation"]
            row[f"{name}, pitch"] = found["nll_cell"]
        table[task] = {key: round(value, 4) for key, value in row.items()}
    return table


def windows(pieces: Iterable[RagPiece]) -> list[Melody]:
    """Sixteen measures of each rag, eight measures apart."""
    size, hop = MEASURES * MEASURE_TICKS, HOP * MEASURE_TICKS
    rolls = [p.roll.cut(t, t + size) for p in pieces for t in range(0, p.roll.ticks - size + 1, hop)]
    return [(roll.melody, roll.melody_struck, roll.fifths) for roll in rolls]


def composed(count: int) -> tuple[list[Melody], float]:
    """New melodies of sixteen measures, and the median of the seconds that one took."""
    ticks = MEASURES * MEASURE_TICKS
    silent, nothing, place = np.full(ticks, REST_PITCH), np.zeros(ticks, dtype=bool), np.arange(ticks)
    made, seconds = [], []
    for seed in range(count):
        fifths = np.full(ticks, KEYS[seed % len(KEYS)])
        began = time.perf_counter()
        rows = place % MEASURE_TICKS, fifths, place // MEASURE_TICKS
        made.append((*compose(silent, nothing, nothing, *rows, seed=seed), fifths))
        seconds.append(time.perf_counter() - began)
    return made, statistics.median(seconds)


def stretches(melody: Melody) -> list[tuple[tuple[int, int], ...]]:
    """Every eight successive notes as intervals and times from onset to onset."""
    pitch, struck, _ = melody
    onsets = np.flatnonzero(struck & (pitch != REST_PITCH))
    steps = list(zip(np.diff(pitch[onsets]).tolist(), np.diff(onsets).tolist(), strict=True))
    return [tuple(steps[i : i + STRETCH - 1]) for i in range(len(steps) - STRETCH + 2)]


def copied_share(melody: Melody, heard: set[tuple[tuple[int, int], ...]]) -> float:
    """Share of a melody's notes that lie in a stretch of the training rags."""
    found = stretches(melody)
    if not found:
        return 0.0
    copied = np.zeros(len(found) + STRETCH - 1, dtype=bool)
    for start, stretch in enumerate(found):
        if stretch in heard:
            copied[start : start + STRETCH] = True
    return float(copied.mean())


def counted(melodies: list[Melody], heard: set[tuple[tuple[int, int], ...]]) -> dict[str, float]:
    """Means over melodies."""
    rows = [traits(*melody) | {"copied": copied_share(melody, heard)} for melody in melodies]
    return {name: round(statistics.fmean(row[name] for row in rows), 3) for name in rows[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=["valid", "test"], default="valid")
    parser.add_argument("--count", type=int, default=64, help="melodies to compose")
    parser.add_argument("--seed", type=int, default=0, help="of the random half")
    parser.add_argument("--json", action="store_true")
    wishes = parser.parse_args()
    pieces, trained = ragtime(wishes.split), ragtime("train")
    heard = {
        stretch for p in trained for stretch in stretches((p.roll.melody, p.roll.melody_struck, p.roll.fifths))
    }
    made, seconds = composed(wishes.count)
    report = {
        "split": wishes.split,
        "likelihood": likelihoods(pieces, wishes.seed),
        "counts": {
            "composed": counted(made, heard),
            wishes.split: counted(windows(pieces), heard),
        },
        "seconds": round(seconds, 3),
    }
    if wishes.json:
        print(json.dumps(report, indent=2))
        return
    print(
        circumstances(f"{wishes.split}, {len(pieces)} rags, {len(made)} melodies composed", model=MODEL),
        end="\n\n",
    )
    for title in ("likelihood", "counts"):
        rows = report[title]
        names = list(next(iter(rows.values())))
        body = [[name, *(str(row[key]) for key in names)] for name, row in rows.items()]
        print(markdown([[title, *names], *body]), end="\n\n")
    print(f"{seconds:.2f} s to compose {MEASURES} measures")


if __name__ == "__main__":
    main()
