"""What is said about a fill: what a teacher would mark, what gave way, how sure the model is, what is copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from scoreassist.counsel.check import Finding, place_of, report_of
from scoreassist.counsel.originality import Quotation, copied_of
from scoreassist.counsel.passages import SUBSETS
from scoreassist.grid.passage import Passage
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import VOICES
from scoreassist.theory.analysis import local_keys
from scoreassist.theory.likeness import copies, covered
from scoreassist.theory.passages import bach_passages
from scoreassist.wishes.broken import FAULTS as TEACHERS
from scoreassist.wishes.broken import broken
from scoreassist.wishes.demands import Demands
from scoreassist.wishes.parsing import FORBID
from scoreassist.wishes.table import WISHES, Wishes

# Rules that judge a note by the chord in which it stands: of a given note too they say something about new ones.
OF_CHORDS = (
    *("unresolved-seventh", "unresolved-leading-tone", "doubled-leading-tone"),
    *("incomplete-chord", "unprepared-dissonance"),
)


@dataclass(frozen=True)
class MeasureLikelihood:
    """How sure the model is of what was written in a measure.

    Attributes
    ----------
    measure : str
        As printed.
    index : int
    nats : float
        Mean log-probability of the chosen cells.
    cells : int
    """

    measure: str
    index: int
    nats: float
    cells: int

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        return {"measure": self.measure, "log_probability": round(self.nats, 4), "cells": self.cells}


@dataclass(frozen=True)
class GaveWay:
    """A wish, or a rule that forbids, that a stretch of new notes does not keep.

    Attributes
    ----------
    name : str
        The flag of a wish without its dashes, or the name of a rule.
    rule : str
        Of a wish for rules of voice leading, what a strict teacher calls the one that is broken; else empty.
    voice : str
    measure : str
    beat : float
    """

    name: str
    voice: str
    measure: str
    beat: float
    rule: str = ""

    def __str__(self) -> str:
        name = f"{self.name} ({self.rule})" if self.rule else self.name
        return f"{name}: {self.voice}, measure {self.measure}, beat {self.beat:g}"

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        place = {"voice": self.voice, "measure": self.measure, "beat": self.beat}
        return {"name": self.name, **place, **({"rule": self.rule} if self.rule else {})}


@dataclass(frozen=True)
class Counsel:
    """What is said about a fill.

    Attributes
    ----------
    findings : list of Finding
        What a strict teacher would mark in new notes, or between these and given ones.
    gave_way : list of GaveWay
    likelihood : list of MeasureLikelihood
    placed : list of (Finding, index of its measure, share of the measure that has passed before it)
    copied_share : float
        Of what was written, what lies in copies of at least a measure from the training corpus.
    longest_copy : Quotation or None
    compared : tuple of str
        The voices in which it is compared: all that sing.
    """

    findings: list[Finding] = field(default_factory=list)
    gave_way: list[GaveWay] = field(default_factory=list)
    likelihood: list[MeasureLikelihood] = field(default_factory=list)
    placed: list[tuple[Finding, int, float]] = field(default_factory=list)
    copied_share: float = 0.0
    longest_copy: Quotation | None = None
    compared: tuple[str, ...] = VOICES

    def findings_text(self) -> str:
        """How many findings there are of each rule, in words."""
        rules = [finding.rule for finding in self.findings]
        counted = [f"{rules.count(rule)} {rule}" for rule in dict.fromkeys(rules)]
        return ", ".join(counted) or "no findings"

    def copied_text(self) -> str:
        """What is copied from the training corpus, in words."""
        longest = self.longest_copy
        if longest is None:
            return "nothing copied"
        first, last = longest.source_measures
        where = f"measure {first}" if first == last else f"measures {first} to {last}"
        share, of = f"copied {100 * self.copied_share:.0f} %", f"{longest.source}, {where}"
        alone = "" if len(self.compared) == len(VOICES) else f", {' and '.join(self.compared).lower()} alone"
        return f"{share}, longest {longest.beats:g} beats ({of}{alone})"

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        longest = self.longest_copy
        return {
            "findings": [finding.as_json() for finding in self.findings],
            "gave_way_at": [row.as_json() for row in self.gave_way],
            "likelihood": [row.as_json() for row in self.likelihood],
            "copied": {
                "share": round(self.copied_share, 4),
                "beats": longest.beats if longest else 0,
                "source": longest.source if longest else None,
                "source_measures": list(longest.source_measures) if longest else None,
                "measures": list(longest.measures) if longest else None,
            },
        }


def counsel_of(
    passage: Passage, filled: Grid, log_prob: np.ndarray, drawn: np.ndarray, demands: Demands, wishes: Wishes
) -> Counsel:
    """Judge a fill.

    Parameters
    ----------
    passage : Passage
    filled : Grid
    log_prob, drawn : float and bool arrays (4, ticks)
        See `scoreassist.networks.filler.Filling`.
    demands : Demands
        Of the wishes, for the passage.
    wishes : Wishes
    """
    numbers = [measure.number for measure in passage.timeline.measures]
    heard = replace(filled, known=passage.grid.known | passage.fill)
    tonics = local_keys(heard)[0]
    report = report_of(heard, passage.timeline, passage.choir, tonics=tonics)
    findings = [finding for finding in report.findings if _is_new(finding, passage)]
    rows = tuple(int(voice) for voice in np.flatnonzero(heard.known.any(1)))
    likeness = copied_of(heard, passage.fill, rows=rows, numbers=numbers) if rows in SUBSETS else None
    return Counsel(
        findings,
        [
            *_with_rules(_wishes(passage, heard, demands, wishes, tonics), findings),
            *_rules(findings, demands, wishes),
        ],
        _likelihood(filled, log_prob, drawn & passage.fill, numbers),
        [(finding, *_within_measure(finding.tick, filled)) for finding in findings],
        likeness.share if likeness else 0.0,
        likeness.longest if likeness else None,
        likeness.voices if likeness else (),
    )


def _is_new(finding: Finding, passage: Passage) -> bool:
    """Whether a finding is about new notes, or how they follow others."""
    if finding.rule in OF_CHORDS:
        return bool(passage.fill[:, max(finding.tick - 1, 0) : finding.end].any())
    voices = [voice for voice, _ in finding.cells]
    return bool(passage.fill[voices, max(finding.tick - 1, 0) : finding.end].any()) if voices else False


def _wishes(passage: Passage, filled: Grid, demands: Demands, wishes: Wishes, tonics: np.ndarray) -> list[GaveWay]:
    found = broken(
        demands, wishes, passage, filled, copied=_too_long(filled, passage.fill, demands), tonics=tonics
    )
    return [_gave_way(WISHES[row.wish].flag.lstrip("-"), row.voice, row.tick, passage, filled) for row in found]


def _with_rules(rows: list[GaveWay], findings: Sequence[Finding]) -> list[GaveWay]:
    """The same, with the names of broken rules of voice leading."""
    named = []
    for row in rows:
        here = [f for f in findings if (f.measure, f.beat) == (row.measure, row.beat) and row.voice in f.voices]
        rule = here[0].rule if here and row.name in ("strict", "rule") else ""
        named.append(replace(row, rule=rule))
    return named


def _too_long(heard: Grid, new: np.ndarray, demands: Demands) -> np.ndarray | None:
    """Ticks in quotations that are longer than is wished: bool (ticks,)."""
    if demands.max_copy is None:
        return None
    rows = tuple(int(voice) for voice in np.flatnonzero(heard.known.any(1)))
    counted = np.asarray(heard.known[list(rows)].all(0) & new[list(rows)].any(0))
    found = copies(bach_passages(), heard.pitch[list(rows)], rows, counted)
    return covered(found, heard.ticks, int(demands.max_copy * TICKS_PER_QUARTER) + 1)


def _rules(findings: Sequence[Finding], demands: Demands, wishes: Wishes) -> list[GaveWay]:
    """Rules that forbid by default and are broken; those that are wished for stand among the wishes."""
    asked = set(demands.strengths) if wishes.strict else {rule for rule, _ in wishes.rules}
    forbidding = [rule for rule, strength in demands.strengths.items() if strength == FORBID]
    rule_of = {name: rule for rule in forbidding if rule not in asked for name in TEACHERS[rule]}
    return [
        GaveWay(rule_of[finding.rule], " and ".join(finding.voices), finding.measure, finding.beat)
        for finding in findings
        if finding.rule in rule_of
    ]


def _gave_way(name: str, voice: int, tick: int, passage: Passage, filled: Grid) -> GaveWay:
    measure, beat = place_of(filled, passage.timeline, tick)
    singers = passage.choir.singers
    return GaveWay(name, singers[voice].name if voice in singers else VOICES[voice], measure.number, beat)


def _within_measure(tick: int, grid: Grid) -> tuple[int, float]:
    """The measure of a tick, and how much of it has passed."""
    index = int(grid.measure[tick])
    first, end = grid.measure_ticks(index)
    return index, (tick - first) / (end - first)


def _likelihood(
    filled: Grid, log_prob: np.ndarray, chosen: np.ndarray, numbers: list[str]
) -> list[MeasureLikelihood]:
    rows = []
    for index in np.unique(filled.measure[chosen.any(0)]).tolist():
        cells = chosen & (filled.measure == index)
        rows.append(MeasureLikelihood(numbers[index], index, float(log_prob[cells].mean()), int(cells.sum())))
    return rows
