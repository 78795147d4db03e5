"""Quality against time: sopranos of a split harmonized by draft and revision, with 0, 1, 2, 4, 8 and 16 passes.

Each soprano is harmonized once; the draft's candidates are then revised with each number of passes, first under
all rules, then with none but that of silence (one candidate, and all at temperature 1: the networks alone). Beside
Bach's settings of the same tunes: chords on beats, parallels, rhythm, distances from Bach (Jensen-Shannon; Bach's
own are from the training chorales), and the likelihood in any order under the revising network.

    python benchmarks/revision.py --split valid
    python benchmarks/revision.py --split valid --limit 10 --passes 0 4
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import numpy as np  # noqa: E402
from circumstances import circumstances, markdown, model_checksum  # noqa: E402

from scoreassist.corpus import Piece, chorales  # noqa: E402
from scoreassist.evaluation.samples import teacher  # noqa: E402
from scoreassist.evaluation.tasks import LONGEST_TICKS  # noqa: E402
from scoreassist.grid.holes import FREE  # noqa: E402
from scoreassist.grid.vocabulary import REST_PITCH  # noqa: E402
from scoreassist.grid.voices import Grid  # noqa: E402
from scoreassist.networks.anticipation_rnn.filler import AnticipationFiller  # noqa: E402
from scoreassist.networks.filler import Task  # noqa: E402
from scoreassist.networks.revision.any_order import any_order_nll  # noqa: E402
from scoreassist.networks.revision.filler import Reviser, Revising  # noqa: E402
from scoreassist.networks.revision.network import RevisionNetwork  # noqa: E402
from scoreassist.networks.store import load_network  # noqa: E402
from scoreassist.options import MODEL  # noqa: E402
from scoreassist.sampling import SamplingOptions  # noqa: E402

PASSES = (0, 1, 2, 4, 8, 16)
DRAWS = 4  # sets of hidden cells a piece, for the likelihood in any order
COLUMNS = {
    "triad": "triad, %",
    "triad_or_seventh": "or seventh, %",
    "chord_or_part": "or part, %",
    "parallel_fifths": "parallel fifths / 1000",
    "parallel_octaves": "octaves",
    "onsets_per_tick": "onsets a tick",
    "interval_distance": "intervals",
    "duration_distance": "durations",
    "chord_distance": "chords",
}


@dataclass
class Row:
    """What one number of passes came to, piece by piece."""

    grids: list[Grid] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


def soprano_alone(piece: Piece) -> Task:
    """Harmonize: the soprano is given, and where it is silent all are."""
    known = np.zeros_like(piece.grid.known)
    known[0] = piece.grid.known[0]
    rest = np.zeros_like(known)
    rest[1:] = piece.grid.pitch[0] == REST_PITCH
    pitch = np.where(known, piece.grid.pitch, REST_PITCH)
    holes = replace(piece.grid, pitch=pitch, struck=piece.grid.struck & known, known=known)
    return Task(holes, rest, np.full(known.shape, FREE))


def curve(
    pieces: Sequence[Piece], draft: str, reviser: Reviser, passes: Sequence[int], options: SamplingOptions
) -> dict[int, Row]:
    """Harmonize all pieces with each number of passes."""
    filler = AnticipationFiller(load_network(draft))
    rows = {number: Row() for number in passes}
    for done, piece in enumerate(pieces):
        if sys.stderr.isatty():
            print(f"\r{done}/{len(pieces)} {piece.name:<16}", end="", file=sys.stderr, flush=True)
        began = time.perf_counter()
        candidates = filler.draft(soprano_alone(piece), options)
        drafted = time.perf_counter() - began
        for number, row in rows.items():
            began = time.perf_counter()
            revised = reviser.revise(candidates, options, number)
            row.seconds.append(drafted + time.perf_counter() - began)
            row.grids.append(revised.filling(revised.best()[0]).grid)
    return rows


def lines(
    rows: dict[int, Row], pieces: Sequence[Piece], network: RevisionNetwork, label: str
) -> Iterator[list[str]]:
    """Rows of the table."""
    bach = [piece.grid for piece in pieces]
    for number, row in rows.items():
        figures = teacher(row.grids, bach, bach)
        likely = any_order_nll(network, row.grids, draws=DRAWS)["nll_cell"]
        seconds = f"{statistics.median(row.seconds):.2f} / {max(row.seconds):.2f}"
        yield [f"{number} {label}", *(f"{figures[key]:.2f}" for key in COLUMNS), f"{likely:.3f}", seconds]


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--split", choices=["valid", "test"], default="valid")
    parser.add_argument("--limit", type=int, help="only so many chorales, to try things out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draft", default=MODEL, help="model that drafts")
    parser.add_argument("--revision", default="bach-revision", help="model that revises")
    parser.add_argument("--passes", type=int, nargs="+", default=PASSES)
    for name, value in vars(Revising()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    arguments = parser.parse_args()
    pieces = [piece for piece in chorales(arguments.split) if piece.grid.ticks < LONGEST_TICKS][: arguments.limit]
    network = load_network(arguments.revision)
    how = Revising(**{name: getattr(arguments, name) for name in vars(Revising())})
    ruled = SamplingOptions(seed=arguments.seed)
    plain = SamplingOptions(seed=arguments.seed, temperature=1.0, candidates=1, rules=("rests",))
    bach = [piece.grid for piece in pieces]
    own = teacher(bach, bach, [piece.grid for piece in chorales("train")])
    likely = any_order_nll(network, bach, draws=DRAWS)["nll_cell"]
    table = [["passes", *COLUMNS.values(), "nats a cell in any order", "seconds a chorale, median / slowest"]]
    table.append(["Bach", *(f"{own[key]:.2f}" for key in COLUMNS), f"{likely:.3f}", ""])
    for options, label, manner in (
        (ruled, "", how),
        (plain, "without rules", replace(how, taste=0.0, warmth=1.0)),
    ):
        rows = curve(pieces, arguments.draft, Reviser(network, manner), arguments.passes, options)
        table += lines(rows, pieces, network, label)
    told = circumstances(
        f"{len(pieces)} sopranos of the split `{arguments.split}`, seed {arguments.seed}",
        f"revision by {arguments.revision} {model_checksum(arguments.revision)}, {how}",
        f"temperature {ruled.temperature}, best of {ruled.candidates}; drafts and revisions use one thread",
        model=arguments.draft,
    )
    print(told, markdown(table), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
