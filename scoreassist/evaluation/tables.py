"""Reports as aligned text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Heading of a column, and the key of a report's figure that stands in it.
LIKELIHOOD_COLUMNS = (
    ("cells", "cells"),
    ("nats/cell", "nll_cell"),
    ("nats/piece", "nll_piece"),
    ("articulation", "nll_articulation"),
    ("accuracy", "accuracy"),
    ("token error", "token_error"),
    ("frame error", "frame_error"),
)
COMPARISON_COLUMNS = (
    ("nats/cell", "nll_cell"),
    ("nats/piece", "nll_piece"),
    ("difference", "difference"),
    ("± std. error", "standard_error"),
    ("per cent", "percent"),
    ("share better", "share_better"),
)
SAMPLES_ROWS = (  # with digits behind the point
    ("beats on a complete triad, %", "triad", 1),
    ("on a complete triad or seventh chord, %", "triad_or_seventh", 1),
    ("on a part of one, %", "chord_or_part", 1),
    ("parallel fifths per 1000 onsets", "parallel_fifths", 2),
    ("parallel octaves per 1000 onsets", "parallel_octaves", 2),
    ("ticks with a crossing, %", "crossing", 2),
    ("ticks with upper neighbours over an octave apart, %", "spacing", 2),
    ("cells out of a choir's range, %", "out_of_range", 2),
    ("notes begun in a tick, four voices", "onsets_per_tick", 2),
    ("the same without notes repeated", "changes_per_tick", 2),
    ("last chord on Bach's root, %", "final_root", 1),
    ("last chord a complete tonic triad, %", "final_tonic_triad", 1),
    ("distance of melodic intervals *", "interval_distance", 3),
    ("distance of durations *", "duration_distance", 3),
    ("distance of chord types *", "chord_distance", 3),
)
FOOTNOTE = "* Jensen–Shannon, 0 to 1: samples from Bach's own settings, those from the training chorales"


def likelihood_table(reports: Sequence[dict[str, Any]]) -> str:
    """Reports of one split and data by `scoreassist.evaluation.evaluate`: tasks, voices, unseen tunes."""
    rows = [["", *(head for head, _ in LIKELIHOOD_COLUMNS)]]
    for report in reports:
        rows.append([report["task"], *_cells(report, LIKELIHOOD_COLUMNS)])
        rows += [[f"  {name}", *_cells(row, LIKELIHOOD_COLUMNS)] for name, row in report["per_voice"].items()]
        if unseen := report["unseen_tunes"]:
            rows.append([f"  unseen tunes ({unseen['pieces']})", *_cells(unseen, LIKELIHOOD_COLUMNS)])
    lines = [_title(reports[0]), aligned(rows)]
    for report in reports:
        if others := report.get("against"):
            rows = [[f"{report['task']}, against", *(head for head, _ in COMPARISON_COLUMNS)]]
            rows += [[other["name"], *_cells(other, COMPARISON_COLUMNS)] for other in others]
            lines += ["", aligned(rows)]
    return "\n".join(lines)


def samples_table(report: dict[str, Any]) -> str:
    """A report of `scoreassist.evaluation.samples`."""
    rows = [["", "Bach", "samples"]]
    rows += [
        [head, *(_text(report[side][key], digits) for side in ("bach", "samples"))]
        for head, key, digits in SAMPLES_ROWS
    ]
    settings = (
        f"temperature {report['temperature']}, best of {report['candidates']}, {report['passes']} passes,"
        f" rules {', '.join(report['rules'])}"
    )
    end = (
        f"rules gave way {report['gave_way']} times; {report['seconds']} s a piece (median),"
        f" {report['seconds_slowest']} s the slowest"
    )
    return "\n".join([_title(report), settings, aligned(rows), FOOTNOTE, end])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns: the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _title(report: dict[str, Any]) -> str:
    return (
        f"{report['model']}, {report['split']}, {report['data']}, {report['pieces']} pieces, seed {report['seed']}"
    )


def _cells(figures: dict[str, Any], columns: Sequence[tuple[str, str]]) -> list[str]:
    return [_text(figures[key]) for _, key in columns]


def _text(value: float | None, digits: int = 4) -> str:
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else f"{value}"
