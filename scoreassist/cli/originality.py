"""``scoreassist originality``: what a score has in common with the chorales that the models have read."""

from __future__ import annotations

import json
from pathlib import Path

import click

from scoreassist.cli.output import source_of


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, with every copy of at least a measure.")
def originality(file: Path, as_json: bool) -> None:
    r"""Say how much of a score stands in Bach's chorales, note for note.

    The longest passage that the training corpus has too, in any key, and the share of the piece that lies in
    copies of at least a measure; beside it how much Bach's own chorales have in common. Two passages are the same
    if all voices have the same pitches at every sixteenth. A score with fewer than four voices is compared in
    those that it has. A beat is a quarter.

    \b
    scoreassist originality hymn-satb.musicxml
    scoreassist originality hymn-satb.musicxml --json
    """
    from scoreassist.counsel.originality import as_text
    from scoreassist.counsel.originality import originality as compare

    report = compare(source_of(file))
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        click.echo(as_text(report, "stdin" if str(file) == "-" else str(file)))
