"""Harmonizes melodies in several ways and judges what was written: what `sopranos` and `folk` have in common.

A melody goes in as MusicXML and comes out as MusicXML, and only that is judged, by `check` and `originality`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from circumstances import circumstances, markdown

import scoreassist
from scoreassist.counsel.check import MEASURE_LENGTH, Finding
from scoreassist.evaluation.counsel import ROWS, Setting, figures, judge
from scoreassist.evaluation.likelihood import score_pieces
from scoreassist.grid.voices import Grid
from scoreassist.networks.store import load_filler, load_network
from scoreassist.wishes.parsing import ALLOW, DEFAULT_STRENGTHS

SOPRANO = "Soprano"
DEFAULT, STRICT, WITHOUT = "default", "strict", "without the wishes"
WAYS: dict[str, dict[str, Any]] = {
    DEFAULT: {},
    STRICT: {"strict": True},
    WITHOUT: {"rules": dict.fromkeys(DEFAULT_STRENGTHS, ALLOW)},
}


@dataclass(frozen=True)
class Tune:
    """A melody.

    Attributes
    ----------
    name : str
    document : bytes
        MusicXML of one part, the soprano.
    tonics : tuple of int
        Pitch classes on which it may end.
    """

    name: str
    document: bytes
    tonics: tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """A melody that was harmonized in one way.

    Attributes
    ----------
    name : str
    setting : Setting
    seconds : float
    nats : float
        Mean log-probability of its new cells, pitch and articulation, under the drafting model, given the melody:
        by the chain rule on the written score, untempered and without any wish.
    told : float
        The mean log-probability that the result states.
    gave_way : dict of str to int
    transposition : int
        Semitones to where the melody suits a choir; what is written lies as high or low as the melody does.
    strange : list of str
        What is said of the fill, and not found in the written score, or the other way about.
    """

    name: str
    setting: Setting
    seconds: float
    nats: float
    told: float
    gave_way: dict[str, int]
    transposition: int
    strange: list[str]


def harmonized(tune: Tune, way: str, seed: int) -> Outcome | str:
    """Harmonize and judge; or why that was not possible."""
    began = time.perf_counter()
    try:
        result = scoreassist.harmonize(tune.document, seed=seed, **WAYS[way])
    except scoreassist.ScoreassistError as error:
        return f"{tune.name}, {way}: {type(error).__name__}: {error}"
    seconds = time.perf_counter() - began
    setting = judge(result.score.to_xml(), tune.tonics)
    nats = log_probability(setting.grid.transposed(result.transposition))
    told = float("nan") if result.log_probability is None else result.log_probability
    strange = differences(result, setting)
    return Outcome(tune.name, setting, seconds, nats, told, result.gave_way, result.transposition, strange)


def log_probability(grid: Grid) -> float:
    """Mean log-probability of alto, tenor and bass under the drafting model, the soprano given, in nats."""
    known = np.zeros_like(grid.known)
    known[0] = grid.known[0]
    score = score_pieces(load_network(), [grid], [known])[0]
    return float((score.pitch + score.articulation)[grid.known & ~known].mean())


def differences(result: scoreassist.Result, setting: Setting) -> list[str]:
    """Where the counsel of a result and a reading of the written score do not agree."""
    if result.counsel is None:
        return ["no counsel"]
    told, read = Counter(_keys(result.counsel.findings)), Counter(_keys(setting.report.findings))
    strange = [f"told, not written: {key}" for key in (told - read).elements()]
    strange += [f"written, not told: {key}" for key in (read - told).elements()]
    longest = result.counsel.longest_copy
    beats = longest.beats if longest else 0.0
    if beats != setting.longest:
        strange.append(f"longest copy: told {beats:g}, written {setting.longest:g}")
    return strange


def _keys(findings: Sequence[Finding]) -> list[str]:
    return [
        f"{row.rule} measure {row.measure} beat {row.beat:g} {'+'.join(row.voices)}"
        for row in findings
        if row.voices != (SOPRANO,) and row.rule != MEASURE_LENGTH
    ]


def run(tunes: Sequence[Tune], ways: Sequence[str], seed: int, jobs: int) -> dict[str, list[Outcome]]:
    """Harmonize tunes in some ways; what fails in one of them counts in none."""
    outcomes: dict[str, list[Outcome]] = {way: [] for way in ways}
    begun = partial(in_all_ways, ways=tuple(ways), seed=seed)
    for done, (tune, rows) in enumerate(zip(tunes, _mapped(begun, tunes, jobs), strict=True), 1):
        _progress(f"{done}/{len(tunes)} {tune.name}")
        good = [row for row in rows if isinstance(row, Outcome)]
        for row in rows:
            if isinstance(row, str):
                print(f"\r{row}", file=sys.stderr)
        if len(good) == len(ways):
            for way, row in zip(ways, good, strict=True):
                outcomes[way].append(row)
    _progress("")
    return outcomes


def in_all_ways(tune: Tune, ways: tuple[str, ...], seed: int) -> list[Outcome | str]:
    """One tune."""
    return [harmonized(tune, way, seed) for way in ways]


def _mapped(task: Callable[[Tune], Any], tunes: Sequence[Tune], jobs: int) -> Iterator[Any]:
    if jobs == 1:
        prepare()
        yield from map(task, tunes)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, prepare) as pool:
        yield from pool.imap(task, tunes)


def prepare() -> None:
    """What happens once in a process, and is not counted."""
    torch.set_num_threads(1)
    load_filler()


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:<50}", end="", file=sys.stderr, flush=True)


def columns(outcomes: dict[str, list[Outcome]], bach: Sequence[Setting]) -> str:
    """The figures of all ways and of Bach, as a Markdown table."""
    ways = [way for way, rows in outcomes.items() if rows]
    found = {way: figures([row.setting for row in outcomes[way]]) for way in ways}
    bachs = figures(bach)
    table = [["", *ways, "Bach"]]
    table += [
        [text, *(f"{found[way][key]:.{n}f}" for way in ways), f"{bachs[key]:.{n}f}"] for text, key, n in ROWS
    ]
    table.append(["log-probability a cell under the drafting model, nats"])
    table[-1] += [*(f"{_mean(outcomes[way], 'nats'):.4f}" for way in ways), f"{_bachs_own(bach):.4f}"]
    table.append(["the same as the result states it"])
    table[-1] += [*(f"{_mean(outcomes[way], 'told'):.4f}" for way in ways), "–"]
    table.append(["seconds, median"])
    table[-1] += [*(f"{statistics.median(row.seconds for row in outcomes[way]):.2f}" for way in ways), "–"]
    return markdown(table)


def _mean(rows: Sequence[Outcome], name: str) -> float:
    return statistics.fmean(getattr(row, name) for row in rows)


def _bachs_own(bach: Sequence[Setting]) -> float:
    return statistics.fmean(log_probability(setting.grid) for setting in bach)


def cost(outcomes: dict[str, list[Outcome]]) -> list[str]:
    """What the wishes cost, and what the result and the written score do not agree on, in words."""
    told = []
    for way in (DEFAULT, STRICT):
        if outcomes.get(way) and outcomes.get(WITHOUT):
            for name, whose in (("nats", "drafting model"), ("told", "the result's own")):
                pairs = zip(outcomes[way], outcomes[WITHOUT], strict=True)
                lost = np.array([getattr(free, name) - getattr(row, name) for row, free in pairs])
                error = lost.std(ddof=1) / np.sqrt(lost.size) if lost.size > 1 else float("nan")
                told.append(f"lost by the wishes, {way}: {lost.mean():.4f} ± {error:.4f} nats a cell ({whose})")
    for way, rows in outcomes.items():
        gave_way: Counter[str] = Counter()
        for row in rows:
            gave_way.update(row.gave_way)
        at_home = sum(row.setting.report.counts["range"] for row in rows if row.transposition == 0)
        moved = sum(row.transposition != 0 for row in rows)
        told.append(f"notes out of range, {way}, but for {moved} melodies too high or low for a choir: {at_home}")
        told.append(f"gave way, {way}: {', '.join(f'{k} {n}' for k, n in gave_way.most_common()) or 'nothing'}")
        strange = [f"{row.name}: {text}" for row in rows for text in row.strange]
        told.append(f"counsel and the written score differ, {way}: {len(strange)} {'; '.join(strange[:5])}")
    return told


def every_finding(outcomes: dict[str, list[Outcome]], bach: Sequence[Setting]) -> str:
    """Findings of every rule per 100 chords, as a Markdown table."""
    pieces = {way: [row.setting for row in rows] for way, rows in outcomes.items() if rows} | {"Bach": list(bach)}
    counted = {way: sum((Counter(s.report.counts) for s in rows), Counter()) for way, rows in pieces.items()}
    chords = {way: sum(setting.chords for setting in rows) for way, rows in pieces.items()}
    rules = list(bach[0].report.counts)
    rows = [[rule, *(f"{100 * counted[way][rule] / chords[way]:.2f}" for way in pieces)] for rule in rules]
    return markdown([["findings per 100 chords", *pieces], *rows])


def report(
    what: str, outcomes: dict[str, list[Outcome]], bach: Sequence[Setting], arguments: argparse.Namespace
) -> str:
    """All that is printed."""
    done = len(next(iter(outcomes.values())))
    told = circumstances(
        f"{done} {what}, seed {arguments.seed}",
        f"{arguments.jobs} process(es); what is wrong with the melody by itself is not counted",
    )
    lines = "\n".join(f"- {line}" for line in cost(outcomes))
    return f"{told}\n\n{columns(outcomes, bach)}\n\n{lines}\n\n{every_finding(outcomes, bach)}"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What both benchmarks can be asked."""
    parser.add_argument("--limit", type=int, help="only so many, to try things out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--each", action="store_true", help="a line for each piece")


def each(outcomes: dict[str, list[Outcome]]) -> Iterator[str]:
    """A line for each piece and way, for those who look for what is wrong."""
    for way, rows in outcomes.items():
        for row in rows:
            counts = {rule: count for rule, count in row.setting.report.counts.items() if count}
            ends = {True: "tonic", False: "not the tonic", None: "free end"}[row.setting.on_tonic]
            full = f"fermatas {row.setting.full} of {row.setting.fermatas}"
            yield f"{row.name}, {way}: {ends}, {full}, copy {row.setting.longest:g}, {counts}, {row.gave_way}"
