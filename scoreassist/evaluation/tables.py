"""Reports as aligned text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

# Heading of a column, the key of a report's figure that stands in it, and its digits behind the point.
LIKELIHOOD_COLUMNS = (
    ("cells", "cells", 0),
    ("nats/cell", "nll_cell", 4),
    ("nats/piece", "nll_piece", 4),
    ("articulation", "nll_articulation", 4),
    ("accuracy", "accuracy", 4),
    ("token error", "token_error", 4),
    ("frame error", "frame_error", 4),
)
COMPARISON_COLUMNS = (
    ("nats/cell", "nll_cell", 3),
    ("nats/piece", "nll_piece", 3),
    ("difference", "difference", 4),
    ("± std. error", "standard_error", 4),
    ("per cent", "percent", 1),
    ("share better", "share_better", 2),
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
BASELINE_ROWS = (
    ("the nearest training measure by melody", "retrieval"),
    ("a vote of the nearest training measures", "vote"),
    ("the true measure before, again", "previous_measure"),
    ("a rule: octaves and chords, I IV V", "rule"),
)
PIANO_ROWS = (  # with what they are multiplied by, and digits behind the point
    ("wrong cells of 5632, windows through the code", "wrong_cells", 1, 1),
    ("cells copied, windows of random codes, %", "copied_share", 100, 1),
    ("  of the held-out rags, %", "copied_share_real", 100, 1),
    ("notes copied, written accompaniments, %", "copied_share_written", 100, 1),
    ("  accompaniments of the held-out rags, %", "copied_share_written_real", 100, 1),
    ("melody kept, note for note, %", "melody_kept", 100, 1),
)
STYLE_ROWS = (
    ("notes outside key and chord, %", "foreign_notes", 1),
    ("grips too wide or too full, %", "wide_grips", 1),
    ("notes per beat", "notes_per_beat", 2),
    ("onsets of the left hand per beat", "left_onsets_per_beat", 2),
)
FOOTNOTE = "* Jensen–Shannon, 0 to 1: samples from Bach's own settings, those from the training chorales"


def likelihood_table(reports: Sequence[dict[str, Any]]) -> str:
    """Reports of one split and data by `scoreassist.evaluation.evaluate`: tasks, voices, unseen tunes."""
    rows = [["", *(head for head, *_ in LIKELIHOOD_COLUMNS)]]
    for report in reports:
        rows.append([report["task"], *_cells(report, LIKELIHOOD_COLUMNS)])
        voices = report["per_voice"] if len(report["per_voice"]) > 1 else {}  # one alone is the row above
        rows += [[f"  {name}", *_cells(row, LIKELIHOOD_COLUMNS)] for name, row in voices.items()]
        if unseen := report["unseen_tunes"]:
            rows.append([f"  unseen tunes ({unseen['pieces']})", *_cells(unseen, LIKELIHOOD_COLUMNS)])
    lines = [_title(reports[0]), aligned(rows)]
    for report in reports:
        if others := report.get("against"):
            rows = [[f"{report['task']}, against", *(head for head, *_ in COMPARISON_COLUMNS)]]
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


def piano_table(report: dict[str, Any]) -> str:
    """A report of `scoreassist.evaluation.piano_report.evaluate_piano`."""
    f1 = [["F1 of struck cells, melody given", "pitch", "pitch class"]]
    f1.append([report["model"], *_f1(report)])
    f1 += [[f"  {name}", *_f1(row)] for name, row in report["per_piece"].items()]
    f1.append(["as notation", _text(report["f1_written"], 3), ""])
    f1 += [[head, *_f1(report["baselines"][key])] for head, key in BASELINE_ROWS]
    figures = [[head, _text(factor * report[key], digits)] for head, key, factor, digits in PIANO_ROWS]
    style = [["", "rags", "range", "outputs", "range"]]
    for head, key, digits in STYLE_ROWS:
        row = [head]
        for side in ("rags", "outputs"):
            spread = report["style"][side][key]
            row += [
                _text(spread["mean"], digits),
                "–".join(_text(spread[end], digits) for end in ("least", "most")),
            ]
        style.append(row)
    settings = (
        f"{report['iterations']} iterations, {report['restarts']} restarts;"
        f" compared with {report['training_pieces']} training rags"
    )
    return "\n".join(
        [_title(report), settings, "", aligned(f1), "", aligned(figures), "", aligned(style)],
    )


def _f1(figures: dict[str, Any]) -> list[str]:
    return [_text(figures[key], 3) for key in ("f1", "f1_pitch_class")]


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


def _cells(figures: dict[str, Any], columns: Sequence[tuple[str, str, int]]) -> list[str]:
    return [_text(figures[key], digits) for _, key, digits in columns]


def _text(value: float | None, digits: int) -> str:
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.{digits}f}" if isinstance(value, float) else f"{value}"
