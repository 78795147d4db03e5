"""The command ``analyze``: keys, chords, cadences and non-chord tones of a score."""

from __future__ import annotations

import json
from pathlib import Path

import click

from scoreassist.cli.output import check_target, put_out, source_of
from scoreassist.errors import RequestError

# As `scoreassist.counsel.figures.WAYS`, which is not imported for the sake of --help.
WAYS = ("harmony", "numerals", "both")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print keys, chords, cadences, non-chord tones as JSON.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Write the same score with its analysis: .musicxml, .xml or .mxl; - for stdout.",
)
@click.option(
    "--write",
    type=click.Choice(WAYS),
    help="With -o: chord symbols above the top staff, numerals as a verse of the lowest voice, or both (default).",
)
@click.option("--force", is_flag=True, help="Let chord symbols replace given ones, and -o the input.")
def analyze(file: Path, as_json: bool, output: Path | None, write: str | None, force: bool) -> None:
    r"""Say what a score for choir does harmonically: keys, numerals, cadences, non-chord tones.

    What is printed is RomanText, a line a measure, which music21 reads: m5 b2 V6/5/V b3 V is a V65/V on the second
    beat of measure 5. Non-chord tones are passing, neighbour, suspension, retardation, anticipation, appoggiatura,
    escape, pedal, or free. Exit status: 0 done, 2 usage, 3 unreadable.

    \b
    scoreassist analyze hymn.musicxml
    scoreassist analyze hymn.musicxml --json
    scoreassist analyze hymn.musicxml -o analysed.musicxml --write numerals
    """
    if write is not None and output is None:
        raise RequestError("--write says what is written into the score; name it with -o")
    to_stdout = str(output) == "-"
    if to_stdout and as_json:
        raise RequestError("the score and the JSON cannot both go to stdout; give -o a file name")
    if output is not None and not to_stdout:
        from scoreassist.files.document import SUFFIXES

        check_target(output, SUFFIXES, file, force=force)
    from scoreassist.counsel.analyze import analyze as find
    from scoreassist.counsel.roman_text import as_text

    report = find(source_of(file))
    if output is not None:
        from scoreassist.counsel.figures import BOTH, written

        score = written(report, write or BOTH, force=force)
        if to_stdout:
            put_out(score.to_xml())
            return
        score.save(output)
        click.echo(f"wrote {output}", err=True)
    click.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False) if as_json else as_text(report))
