"""Harmonizes and completes every chorale of a split, checks all promises on what comes out, and takes the time.

Each chorale is harmonized from its soprano alone (four staves), and a hole of four measures at random is filled:
in all voices at once, and in each voice alone. Checked on every output: valid MusicXML, the given notes and all
else the same, four voices, measures full, ties and accidentals sound.

    python benchmarks/harmonize_chorales.py --split test
    python benchmarks/harmonize_chorales.py --split valid --limit 3

Exit status 1 if anything failed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import judge  # noqa: E402  (lies beside the tests, which use it too)
from circumstances import circumstances, markdown  # noqa: E402
from lxml import etree  # noqa: E402
from schema import schema_errors  # noqa: E402

import scoreassist  # noqa: E402
from scoreassist.corpus import chorale_path  # noqa: E402
from scoreassist.folders import data_folder  # noqa: E402
from scoreassist.grid.voices import encode  # noqa: E402
from scoreassist.networks.store import load_filler  # noqa: E402
from scoreassist.score.singers import VOICES, find_choir  # noqa: E402
from scoreassist.score.timeline import read_timeline  # noqa: E402
from scoreassist.theory.voice_leading import FIFTH, OCTAVE, crossings, parallels  # noqa: E402

HOLE_MEASURES = 4
PHASES = ("reading", "model", "writing")


@dataclass
class Tally:
    """What one task came to.

    Attributes
    ----------
    seconds : by phase, one number a score
    rules : parallel fifths, parallel octaves and crossings, of the outputs and of Bach in the same places
    """

    files: int = 0
    failed: set[str] = field(default_factory=set)
    seconds: dict[str, list[float]] = field(default_factory=lambda: {phase: [] for phase in PHASES})
    rules: Counter[str] = field(default_factory=Counter)
    bach: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Chorale:
    """One piece: its document, and the part ids of soprano, alto, tenor and bass."""

    name: str
    document: bytes
    parts: tuple[str, ...]

    @property
    def numbers(self) -> list[str]:
        """Measure numbers as printed."""
        part = judge.parse(self.document).find("part")
        assert part is not None
        return [measure.get("number") or "" for measure in part.findall("measure")]


@dataclass(frozen=True)
class Outcome:
    """A filled score, what it was made of, and what is wrong with it; `span` is the measures that count."""

    result: scoreassist.Result
    wrong: list[str]
    span: tuple[int, int]


def read(name: str) -> Chorale:
    """A chorale of music21's corpus."""
    score = scoreassist.open_score(chorale_path(name))
    choir = find_choir(read_timeline(score))
    return Chorale(name, score.to_xml(), tuple(choir.singers[voice].part.id for voice in range(4)))


def harmonize(chorale: Chorale, seed: int) -> Outcome:
    """Remove alto, tenor and bass, and write them anew."""
    root = judge.parse(chorale.document)
    judge.keep_parts(root, chorale.parts[:1])
    result = scoreassist.harmonize(etree.tostring(root), layout="open", seed=seed)
    after = judge.parse(result.score.to_xml())
    lines = judge.lines(after)
    given = [line for line in lines if line[0] == chorale.parts[0]]
    new = [line for line in lines if line[0] != chorale.parts[0]]
    wrong = judge.differences(root, after, added=[line[0] for line in new])
    if len(new) != 3:
        wrong.append(f"{len(new)} new voices")
    for line in new:
        wrong += judge.gaps(after, line)
        wrong += judge.silent_where_given_sings([lines[g] for g in given], lines[line], judge.lengths(after))
    wrong += _notation(root, after)
    return Outcome(result, wrong, (0, len(chorale.numbers)))


def hole(*voices: str) -> Callable[[Chorale, int], Outcome]:
    """Empty four measures of some voices, and fill them."""

    def task(chorale: Chorale, seed: int) -> Outcome:
        numbers = chorale.numbers
        first = random.Random(f"{seed} {chorale.name}").choice(list(_places(numbers)))
        last = min(first + HOLE_MEASURES, len(numbers)) - 1
        root = judge.parse(chorale.document)
        parts = [chorale.parts[VOICES.index(voice)] for voice in voices]
        judge.dig(root, parts, first, last)
        asked = {"measures": (numbers[first], numbers[last]), "parts": voices}
        result = scoreassist.complete(etree.tostring(root), seed=seed, **asked)
        after = judge.parse(result.score.to_xml())
        cells = [(part, index) for part in parts for index in range(first, last + 1)]
        wrong = judge.differences(root, after, touched=cells)
        old = judge.lines(root)
        for line, rows in judge.lines(after).items():
            wrong += [row for row in judge.gaps(after, line) if row not in judge.gaps(root, line)]
            if line[0] in parts and not any(s.midi for row in rows[first : last + 1] for s in row):
                wrong.append(f"part {line[0]} is silent in the hole")
            if line not in old:
                wrong.append(f"a new line {line}")
        wrong += _notation(root, after)
        return Outcome(result, wrong, (first, last + 1))

    return task


def _places(numbers: list[str]) -> Iterator[int]:
    """Measures at which a hole can begin so that its first and last number name one measure each."""
    for first in range(max(len(numbers) - HOLE_MEASURES + 1, 1)):
        last = min(first + HOLE_MEASURES, len(numbers)) - 1
        if all(numbers.count(numbers[i]) == 1 and numbers[i].isalnum() for i in (first, last)):
            yield first


def _notation(before: etree._Element, after: etree._Element) -> list[str]:
    """What is wrong with the notation that was not wrong before."""
    wrong = judge.accidentals_that_mislead(after)
    known = judge.accidentals_that_mislead(before)
    old = judge.lines(before)
    for line in judge.lines(after):
        for measure in (judge.dangling_ties, judge.values_that_do_not_fit):
            wrong += measure(after, line)
            known += measure(before, line) if line in old else []
    wrong += schema_errors(etree.tostring(after))
    known += schema_errors(etree.tostring(before))
    return [row for row in wrong if row not in known]


TASKS: dict[str, Callable[[Chorale, int], Outcome]] = {
    "harmonize the soprano": harmonize,
    "hole in all voices": hole(*VOICES),
    **{f"hole in the {voice.lower()}": hole(voice) for voice in VOICES},
}


def broken_rules(document: Any, span: tuple[int, int]) -> Counter[str]:
    """Parallel fifths and octaves and crossed voices in some measures of a score, counted in sixteenths."""
    timeline = read_timeline(scoreassist.open_score(document))
    grid = encode(timeline, find_choir(timeline))
    start, _ = grid.measure_ticks(span[0])
    _, end = grid.measure_ticks(span[1] - 1)
    return Counter(
        fifths=int(parallels(grid.pitch, FIFTH)[start:end].sum()),
        octaves=int(parallels(grid.pitch, OCTAVE)[start:end].sum()),
        crossings=int(crossings(grid.pitch)[start:end].sum()),
    )


def measure(names: list[str], seed: int) -> dict[str, Tally]:
    """Run all tasks on all chorales."""
    tallies = {task: Tally() for task in TASKS}
    for done, name in enumerate(names):
        if sys.stderr.isatty():
            print(f"\r{done}/{len(names)} {name:<16}", end="", file=sys.stderr, flush=True)
        chorale = read(name)
        for task, run in TASKS.items():
            tally = tallies[task]
            tally.files += 1
            try:
                outcome = run(chorale, seed)
                wrong = outcome.wrong
                tally.rules += broken_rules(outcome.result.score, outcome.span)
                tally.bach += broken_rules(chorale.document, outcome.span)
                for phase in PHASES:
                    tally.seconds[phase].append(outcome.result.seconds[phase])
            except Exception as error:  # whatever goes wrong is a failure of this file, and the rest goes on
                wrong = [f"{type(error).__name__}: {error}"]
            if wrong:
                tally.failed.add(name)
                print(f"\r{name}, {task}: {'; '.join(wrong[:3])} ({len(wrong)} in all)", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r" + " " * 40, end="\r", file=sys.stderr)
    return tallies


def table(tallies: dict[str, Tally]) -> str:
    """The tallies as a Markdown table."""
    head = ["task", "files", "failures", *(f"{phase}, s" for phase in PHASES), "all, s"]
    head += ["parallel fifths (Bach)", "parallel octaves (Bach)", "crossings (Bach)"]
    rows = [head]
    for task, tally in tallies.items():
        whole = [sum(row) for row in zip(*(tally.seconds[phase] for phase in PHASES), strict=True)]
        spans = [_median_and_slowest(row) for row in (*tally.seconds.values(), whole)]
        rules = [f"{tally.rules[rule]} ({tally.bach[rule]})" for rule in ("fifths", "octaves", "crossings")]
        rows.append([task, str(tally.files), str(len(tally.failed)), *spans, *rules])
    return markdown(rows)


def _median_and_slowest(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.3f} / {max(seconds):.3f}" if seconds else "–"


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--split", choices=["test", "valid"], default="test")
    parser.add_argument("--limit", type=int, help="only so many chorales, to try things out")
    parser.add_argument("--seed", type=int, default=1, help="of the notes and of the places of the holes")
    arguments = parser.parse_args()
    manifest = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())["chorales"]
    names = sorted(name for name, row in manifest.items() if row["split"] == arguments.split)
    names = names[: arguments.limit]
    load_filler()  # not counted: it happens once in a process
    tallies = measure(names, arguments.seed)
    told = circumstances(
        f"{len(names)} chorales of the split `{arguments.split}`, seed {arguments.seed}",
        "seconds are the median and the slowest score, all in one process; the schema was checked",
    )
    print(told, table(tallies), sep="\n\n")
    return 1 if any(tally.failed for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
