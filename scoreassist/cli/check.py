"""The command ``check``: a strict teacher's reading of a score."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scoreassist.cli.output import check_target, source_of
from scoreassist.errors import RequestError

if TYPE_CHECKING:
    from scoreassist.counsel.check import Report


def _rules(_context: click.Context, _option: click.Parameter, text: str | None) -> list[str] | None:
    if text is None:
        return None
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise RequestError(f"--rules '{text}' names no rule; write parallel-fifths,spacing")
    return names


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print findings, counts by rule, onsets and frames as JSON.")
@click.option(
    "--annotate",
    type=click.Path(path_type=Path),
    help="Write the same score with each finding above its notes, which are coloured: .musicxml, .xml or .mxl.",
)
@click.option("--rules", callback=_rules, help="Only these, with commas between: parallel-fifths,spacing.")
@click.option("--force", is_flag=True, help="Let --annotate replace the input.")
def check(file: Path, as_json: bool, annotate: Path | None, rules: list[str] | None, force: bool) -> None:
    r"""Read a score for choir as a strict teacher does.

    Parallel and hidden fifths and octaves, crossing, overlap, spacing, range, leaps, sevenths and leading tones,
    hollow chords, dissonances, measures that do not add up: for each finding measure, beat, voices, what and why.
    Even Bach has some. Repeats are read once, notes are named as they sound. Exit status: 0 nothing, 1 findings,
    2 usage, 3 unreadable.

    \b
    scoreassist check hymn.musicxml
    scoreassist check hymn.musicxml --rules parallel-fifths,parallel-octaves --json
    scoreassist check hymn.musicxml --annotate marked.musicxml
    """
    from scoreassist.counsel.check import as_text, read, report_on

    if annotate is not None:
        from scoreassist.files.document import SUFFIXES

        check_target(annotate, SUFFIXES, file, force=force)
    name = "stdin" if str(file) == "-" else str(file)
    music = read(source_of(file), for_choir=True)
    report = report_on(music, rules=rules)
    if annotate is not None:
        from scoreassist.counsel.annotate import annotated

        annotated(music, report).save(annotate)
        click.echo(f"wrote {annotate}", err=True)
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        if report.findings:
            click.echo(as_text(report, name))
        click.echo(_summary(report), err=True)
    sys.exit(1 if report.findings else 0)


def _summary(report: Report) -> str:
    """How many findings there are, by rule."""
    found = ", ".join(f"{rule} {count}" for rule, count in report.counts.items() if count) or "no findings"
    return f"{found} ({report.onsets} onsets)"
