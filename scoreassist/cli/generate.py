"""The command that writes new scores."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from scoreassist.cli.commands import LEFT_TO_STYLE, output_options, search_options, style_option
from scoreassist.cli.output import answers_of, check_outputs, deliver, fill_bar
from scoreassist.cli.wishes import NEAR, refuse_without_effect, typed_wishes, wish_options


@click.command()
@style_option
@click.option("--measures", type=int, default=16, show_default=True, help="1 to 512; an upbeat does not count.")
@click.option("--key", help="A-, F#; f# or 'D minor' for minor keys; default C.")
@click.option("--metre", help="4/4 or 3/4 for chorales, 2/4 for ragtime; default the first.")
@click.option("--layout", help="Of chorales: closed (two staves, the default) or open (four).")
@click.option("--title", help="What stands above it.")
@output_options
@search_options
@partial(wish_options, without=(NEAR, "key"))
def generate(**options: Any) -> None:
    r"""Write a new chorale or rag.

    \b
    scoreassist generate --style chorale --measures 8 --key "D minor" -o new.musicxml --svg new.svg
    scoreassist generate --style ragtime --measures 16 --key "A-" --seed 3 -o new-rag.musicxml
    """
    from scoreassist import assistant

    check_outputs(options)
    wishes = {name: options[name] for name in LEFT_TO_STYLE if options.get(name) is not None}
    typed = {name: value for name, value in typed_wishes(options).items() if name != "key"}
    wishes |= typed | answers_of(options)
    refuse_without_effect(options["style"], wishes)
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
