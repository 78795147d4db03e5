"""The commands. Each imports what it needs when it runs, so that help and ``info`` never wait for torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from scoreassist.cli.output import answers_of, check_outputs, check_target, deliver, fill_bar, source_of
from scoreassist.cli.wishes import refuse_without_effect, typed_wishes, wish_options
from scoreassist.errors import RequestError
from scoreassist.options import ANSWERS, CANDIDATES, ITERATIONS, PASSES, RESTARTS, SPREAD, TEMPERATURE
from scoreassist.styles import STYLE, STYLES

# Options that are left to the style unless they are typed; `generate` has some of them.
LEFT_TO_STYLE = ("temperature", "candidates", "passes", "iterations", "model")

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


style_option = click.option(
    "--style",
    type=click.Choice(list(STYLES)),
    default=STYLE,
    show_default=True,
    help="; ".join(f"{name}: {style.summary}" for name, style in STYLES.items()) + ".",
)


def output_options(function: Decorated) -> Decorated:
    """Where what is written goes; commands that write scores share them."""
    for option in reversed(
        (
            click.option(
                "-o",
                "--output",
                type=click.Path(path_type=Path, allow_dash=True),
                required=False,
                help="Where to write the score (.musicxml, .xml, .mxl); - for stdout. With {n} in the name, every"
                " candidate: out-{n}.musicxml.",
            ),
            click.option(
                "--svg",
                "pictures",
                multiple=True,
                type=click.Path(path_type=Path),
                help="Also draw it (.svg, .png, .pdf) or play it (.mid); may be given several times.",
            ),
            click.option(
                "--compare",
                type=click.Path(path_type=Path),
                help="Draw all candidates in one picture (.svg, .png, .pdf), with what is said about each.",
            ),
            click.option(
                "--explain",
                is_flag=True,
                help="Under pictures, how sure the model is of each measure, and what a teacher would mark.",
            ),
            click.option("--json", "as_json", is_flag=True, help="Print what was written to stdout as JSON."),
        )
    ):
        function = option(function)
    return function


def search_options(function: Decorated, *, ragtime: bool = True) -> Decorated:
    """How notes are searched for; commands that write scores share them, some of chorales alone."""
    spread, restarts = (f"; ragtime {SPREAD}", f"; ragtime {RESTARTS}") if ragtime else ("", "")
    of_ragtime = (
        click.option(
            "--iterations",
            type=int,
            help=f"Of ragtime: steps of the search for an accompaniment.  [default: {ITERATIONS}]",
        ),
    )
    for option in reversed(
        (
            click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another answer."),
            click.option(
                "--temperature",
                type=float,
                help=f"Below the default safer, above it bolder.  [default: {TEMPERATURE}{spread}]",
            ),
            click.option(
                "--candidates",
                type=int,
                help="Drawn at once; the best is kept, or all with {n} or --compare."
                f"  [default: {CANDIDATES}, {ANSWERS} of those that are kept{restarts}]",
            ),
            click.option(
                "--passes",
                type=int,
                help=f"{'Of chorales: how' if ragtime else 'How'} often the draft is revised; 0 is quickest."
                f"  [default: {PASSES}]",
            ),
            *(of_ragtime if ragtime else ()),
            click.option("--model", help="See `scoreassist models`; default that of the style."),
        )
    ):
        function = option(function)
    return function


def fill_options(function: Decorated, *, varies: bool = False) -> Decorated:
    """Options that the commands which fill a given score share, but for its measures and wishes."""
    alone = "all of theirs" if varies else "what is marked or empty there, and where nothing is the whole line"
    for option in reversed(
        (
            click.argument("file", type=click.Path(path_type=Path, allow_dash=True)),
            output_options,
            click.option(
                "--parts",
                metavar="NAMES",
                help=f"Only these singers or parts: Alto,Tenor. Without --measures {alone}.",
            ),
            partial(search_options, ragtime=not varies),
            click.option(
                "--highlight/--no-highlight",
                default=True,
                show_default=True,
                help="Colour the new notes in pictures (never in the saved score).",
            ),
            click.option(
                "--lyrics",
                type=click.Choice(["none", "copy"]),
                default="none",
                show_default=True,
                help="Put the words of a given voice under the new ones, with a note for each syllable.",
            ),
            click.option(
                "--keep-marks", is_flag=True, help="Leave the words and brackets that mark what to fill."
            ),
            click.option("--force", is_flag=True, help="Let the output replace the input file."),
        )
    ):
        function = option(function)
    return function


measures_option = click.option(
    "--measures", metavar="A-B", help="Only these measures, as printed; 5.3-8.1 with beats."
)


@click.command()
@fill_options
@measures_option
@style_option
@click.option(
    "--layout",
    type=click.Choice(["open", "closed"]),
    help="Four staves or two; default what the score has, closed for a lone melody.",
)
@click.option(
    "--given",
    type=click.Choice(["soprano", "alto", "tenor", "bass"], case_sensitive=False),
    help="The voice that a lone melody sings; default by its clef and range.",
)
@wish_options
def harmonize(**options: Any) -> None:
    r"""Write the missing voices of soprano, alto, tenor and bass, or a piano part under a melody.

    \b
    scoreassist harmonize hymn.musicxml -o hymn-satb.musicxml --svg hymn.svg --seed 1
    scoreassist harmonize hymn.musicxml -o hymn-satb.musicxml --cadence 4:half --cadence 8:perfect --strict
    scoreassist harmonize hymn.musicxml --candidates 4 -o 'hymn-{n}.musicxml' --compare hymns.svg
    scoreassist harmonize melody.musicxml --style ragtime -o rag.musicxml --svg rag.svg
    """
    _fill("harmonize", options, style=options["style"], layout=options["layout"], given=options["given"])


@click.command()
@fill_options
@measures_option
@style_option
@click.option("--dry-run", is_flag=True, help="Say what would be filled, and stop.")
@wish_options
def complete(**options: Any) -> None:
    r"""Fill what is marked or empty, and nothing else.

    \b
    scoreassist complete chorale-with-holes.musicxml -o done.musicxml
    scoreassist complete chorale.mxl --measures 5-8 --parts Alto,Tenor -o done.mxl
    scoreassist complete rag.musicxml --style ragtime --measures 9-12 -o done.musicxml
    """
    if options["dry_run"]:
        from scoreassist.inspection import as_text, inspect

        report = inspect(
            source_of(options["file"]),
            style=options["style"],
            measures=options["measures"],
            parts=_names(options["parts"]),
        )
        click.echo(json.dumps(report["regions"], indent=2) if options["as_json"] else as_text(report))
        return
    _fill("complete", options, style=options["style"])


@click.command()
@partial(fill_options, varies=True)
@measures_option
@partial(wish_options, without=())
def vary(**options: Any) -> None:
    r"""Write some of what stands in a chorale anew, near to what it was.

    \b
    scoreassist vary chorale.musicxml --measures 5-8 --near 0.7 -o varied.musicxml
    scoreassist vary chorale.musicxml --parts Alto,Tenor --near 0.5 --candidates 4 --compare varied.svg
    """
    _fill("vary", options)


@click.command("continue")
@fill_options
@click.option(
    "--measures", type=int, default=8, show_default=True, help="How many; what completes an upbeat does not count."
)
@style_option
@wish_options
def go_on(**options: Any) -> None:
    r"""Append measures to a score and fill them, to a close.

    \b
    scoreassist continue chorale.musicxml --measures 8 -o longer.musicxml
    scoreassist continue rag.musicxml --style ragtime --measures 16 -o longer.musicxml
    """
    _fill("continue_", options, style=options["style"])


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help=".svg, .png, .pdf or .mid")
@click.option("--page", type=int, help="Only this page; default all (numbered files for .svg and .png).")
def render(file: Path, output: Path, page: int | None) -> None:
    r"""Draw a score, or write it as MIDI.

    \b
    scoreassist render done.musicxml -o done.svg
    """
    from scoreassist.assistant import render as draw
    from scoreassist.rendering import FORMATS

    check_target(output, FORMATS, file)
    for path in draw(source_of(file), output, page=page):
        click.echo(f"wrote {path}", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@style_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def info(file: Path, style: str, as_json: bool) -> None:
    r"""Say what a score holds and what is marked or empty.

    \b
    scoreassist info chorale-with-holes.musicxml
    scoreassist info rag.musicxml --style ragtime
    """
    from scoreassist.inspection import as_text, inspect

    report = inspect(source_of(file), style=style)
    click.echo(json.dumps(report, indent=2, ensure_ascii=False) if as_json else as_text(report))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print a list of line, part, measure, rule, message, kind.")
def validate(file: Path, as_json: bool) -> None:
    r"""Say what is wrong with a MusicXML file, line by line.

    First what the MusicXML 4.0 schema says, then what it cannot say: measures that do not add up, ties, slurs and
    beams without their other end, parts that the part list does not have. Exit status: 0 nothing, 1 findings,
    3 unreadable.

    \b
    scoreassist validate hymn.musicxml
    """
    from scoreassist.validation import as_text
    from scoreassist.validation import validate as find

    findings = find(source_of(file))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2, ensure_ascii=False))
    elif findings:
        click.echo(as_text(findings, "stdin" if str(file) == "-" else str(file)))
    sys.exit(1 if findings else 0)


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, with all figures.")
def models(name: str | None, as_json: bool) -> None:
    r"""List the trained models; with a NAME, its data, licence and measured figures.

    \b
    scoreassist models
    scoreassist models bach-chorale
    scoreassist models --json
    """
    from scoreassist.networks.store import list_models, model_config

    rows = list_models() if name is None else [model_config(name)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif name is not None:
        click.echo("\n".join(_model_lines(rows[0])))
    else:
        used = {model: f"; --style {style}" for style, row in STYLES.items() for model in row.models}
        width = max((len(row["name"]) for row in rows), default=0)
        for row in rows:
            click.echo(f"{row['name']:<{width}}  {row['summary']}{used.get(row['name'], '')}")


def _model_lines(row: dict[str, Any]) -> Iterator[str]:
    """What a model is, and its figures; of recorded reports a line each, with the command that measured it."""
    yield f"{row['name']}: {row['summary']}"
    for key in ("network", "data", "licence"):
        yield f"  {key}: {row[key]}"
    for name, value in row["figures"].items():
        if isinstance(value, dict):  # a report of `scoreassist evaluate --record`; --json shows all of it
            value = ", ".join(f"{key} {figure:g}" for key, figure in value.items() if isinstance(figure, float))
        yield f"  {name}: {value}"


NOTHING = {
    "harmonize": "nothing {there} is missing or empty",
    "complete": "nothing {there} is marked or empty",
    "vary": "nothing {there} can be varied so little",
    "continue_": "nothing was appended",
}


def _fill(verb: str, options: dict[str, Any], **more: Any) -> None:
    from scoreassist import assistant

    check_outputs(options, options["file"])
    wishes = {name: options[name] for name in LEFT_TO_STYLE if options.get(name) is not None}
    wishes |= typed_wishes(options) | answers_of(options)
    if options["lyrics"] != "none":
        wishes["lyrics"] = options["lyrics"]
    of_choirs = [name for name, value in more.items() if name != "style" and value is not None]
    refuse_without_effect(options.get("style", STYLE), [*wishes, *of_choirs])
    with fill_bar(options.get("style", STYLE)) as progress:
        result = getattr(assistant, verb)(
            source_of(options["file"]),
            measures=options["measures"],
            parts=_names(options["parts"]),
            seed=options["seed"],
            keep_marks=options["keep_marks"],
            **wishes,
            **progress,
            **more,
        )
    named = options["measures"] is not None or options["parts"] is not None
    deliver(result, options, NOTHING[verb].format(there="there" if named else "").replace("  ", " "))


def _names(text: str | None) -> tuple[str, ...]:
    names = tuple(name for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise RequestError(f"--parts '{text}' names nobody; write Alto,Tenor")
    return names


ALL = (harmonize, complete, vary, go_on, render, info, validate, models)
