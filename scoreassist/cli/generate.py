"""The command that writes new scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from scoreassist.cli.commands import WISHES, style_option
from scoreassist.cli.output import check_outputs, deliver, fill_bar
from scoreassist.options import CANDIDATES, RESTARTS


@click.command()
@style_option
@click.option("--measures", type=int, default=16, show_default=True, help="1 to 512; an upbeat does not count.")
@click.option("--key", help="A-, F#; f# or 'D minor' for minor keys; default C.")
@click.option("--metre", help="4/4 or 3/4 for chorales, 2/4 for ragtime; default the first.")
@click.option("--layout", help="Of chorales: closed (two staves, the default) or open (four).")
@click.option("--title", help="What stands above it.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Where to write the score (.musicxml, .xml, .mxl); - for stdout.",
)
@click.option(
    "--svg",
    "pictures",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also draw it (.svg, .png, .pdf) or play it (.mid); may be given several times.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another piece.")
@click.option("--temperature", type=float, help="Below the default safer, above it bolder.")
@click.option(
    "--candidates", type=int, help=f"Drawn at once; the best is kept; default {CANDIDATES}, ragtime {RESTARTS}."
)
@click.option("--passes", type=int, help="Of chorales: how often the draft is revised; 0 is quickest.")
@click.option("--iterations", type=int, help="Of ragtime: steps of the search for an accompaniment.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written to stdout as JSON.")
def generate(**options: Any) -> None:
    r"""Write a new chorale or rag.

    \b
    scoreassist generate --style chorale --measures 8 --key "D minor" -o new.musicxml --svg new.svg
    scoreassist generate --style ragtime --measures 16 --key "A-" --seed 3 -o new-rag.musicxml
    """
    from scoreassist import assistant

    check_outputs(options)
    wishes = {name: options[name] for name in WISHES if options.get(name) is not None}
    with fill_bar(options["style"]) as progress:
        result = assistant.generate(
            style=options["style"],
            measures=options["measures"],
            key=options["key"],
            metre=options["metre"],
            layout=options["layout"],
            title=options["title"],
            seed=options["seed"],
            **wishes,
            **progress,
        )
    deliver(result, options | {"highlight": False}, "nothing was written")
