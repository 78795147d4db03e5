"""Harmonizes the sopranos of Bach's chorales and judges the written scores as `check` and `originality` judge any.

Each soprano is taken out of its chorale, with its fermatas, and harmonized with what acts by default, with
``--strict``, and with every rule of voice leading allowed. Beside it the same figures of Bach's own settings.

    python benchmarks/sopranos.py --jobs 2
    python benchmarks/sopranos.py --split valid --limit 10 --ways default --each
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import judge as pages  # noqa: E402  (lies beside the tests, which use it too)
from lxml import etree  # noqa: E402
from settings import Outcome, Tune, add_arguments, each, report, run  # noqa: E402

from scoreassist.corpus import Piece, chorale_path, chorales  # noqa: E402
from scoreassist.evaluation.counsel import Setting, judge  # noqa: E402
from scoreassist.evaluation.musicianship import chord_root, last_chord  # noqa: E402
from scoreassist.files.document import open_score  # noqa: E402
from scoreassist.score.singers import find_choir  # noqa: E402
from scoreassist.score.timeline import read_timeline  # noqa: E402
from scoreassist.theory.cadence import tonic  # noqa: E402


def soprano(piece: Piece) -> Tune:
    """The soprano of a chorale."""
    score = open_score(chorale_path(piece.name))
    part = find_choir(read_timeline(score)).singers[0].part.id
    root = pages.parse(score.to_xml())
    pages.keep_parts(root, [part])
    return Tune(piece.name, etree.tostring(root), tonics(piece))


def tonics(piece: Piece) -> tuple[int, ...]:
    """The tonic of a chorale, as it is heard in Bach's four voices under the last signature."""
    key = tonic(piece.grid)
    return () if key is None else key[:1]


def bachs(split: str, limit: int | None) -> list[Setting]:
    """Bach's own settings, judged."""
    return [judge(chorale_path(piece.name), tonics(piece)) for piece in chorales(split)[:limit]]


def same_root(outcomes: dict[str, list[Outcome]], pieces: list[Piece]) -> Iterator[str]:
    """How many last chords have the root of Bach's, who ends some chorales on a dominant or in a mode."""
    roots = {piece.name: chord_root(last_chord(piece.grid)) for piece in pieces}
    for way, rows in outcomes.items():
        same = [chord_root(last_chord(row.setting.grid)) == roots[row.name] for row in rows]
        yield f"- last chord on the root of Bach's, {way}: {100 * sum(same) / len(same):.1f} %"


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--split", choices=["test", "valid"], default="test")
    add_arguments(parser)
    arguments = parser.parse_args()
    pieces = chorales(arguments.split)[: arguments.limit]
    outcomes = run([soprano(piece) for piece in pieces], arguments.ways, arguments.seed, arguments.jobs)
    what = f"sopranos of the split `{arguments.split}`"
    print(report(what, outcomes, bachs(arguments.split, arguments.limit), arguments))
    print("", *same_root(outcomes, pieces), sep="\n")
    if arguments.each:
        print("", *each(outcomes), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
