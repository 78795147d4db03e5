"""The commands. Each imports what it needs when it runs, so that help and ``info`` never wait for torch."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from scoreassist.errors import OutputError, RequestError, UnreadableError
from scoreassist.options import CANDIDATES, MODEL, PASSES, TEMPERATURE

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
HIGHLIGHT = "#C00000"


def fill_options(function: Decorated) -> Decorated:
    """Options that `harmonize` and `complete` share."""
    for option in reversed(
        (
            click.argument("file", type=click.Path(path_type=Path, allow_dash=True)),
            click.option(
                "-o",
                "--output",
                type=click.Path(path_type=Path, allow_dash=True),
                required=False,
                help="Where to write the score (.musicxml, .xml, .mxl); - for stdout.",
            ),
            click.option(
                "--svg",
                "pictures",
                multiple=True,
                type=click.Path(path_type=Path),
                help="Also draw it (.svg, .png, .pdf) or play it (.mid); may be given several times.",
            ),
            click.option("--measures", metavar="A-B", help="Only these measures, as printed; 5.3-8.1 with beats."),
            click.option(
                "--parts",
                metavar="NAMES",
                help="Only these singers or parts: Alto,Tenor. Without --measures what is marked or empty there,"
                " and where nothing is the whole line.",
            ),
            click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another answer."),
            click.option(
                "--temperature",
                type=float,
                default=TEMPERATURE,
                show_default=True,
                help="Below 1 safer, above 1 bolder.",
            ),
            click.option(
                "--candidates",
                type=int,
                default=CANDIDATES,
                show_default=True,
                help="Drawn at once; the best is kept.",
            ),
            click.option(
                "--passes",
                type=int,
                default=PASSES,
                show_default=True,
                help="How often the draft is revised; 0 is quickest.",
            ),
            click.option("--model", default=MODEL, show_default=True, help="See `scoreassist models`."),
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
            click.option("--json", "as_json", is_flag=True, help="Print what was filled to stdout as JSON."),
        )
    ):
        function = option(function)
    return function


@click.command()
@fill_options
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
def harmonize(**options: Any) -> None:
    r"""Write the missing voices of soprano, alto, tenor and bass.

    \b
    scoreassist harmonize hymn.musicxml -o hymn-satb.musicxml --svg hymn.svg --seed 1
    """
    _fill("harmonize", options, layout=options["layout"], given=options["given"])


@click.command()
@fill_options
@click.option("--dry-run", is_flag=True, help="Say what would be filled, and stop.")
def complete(**options: Any) -> None:
    r"""Fill what is marked or empty, and nothing else.

    \b
    scoreassist complete chorale-with-holes.musicxml -o done.musicxml
    scoreassist complete chorale.mxl --measures 5-8 --parts Alto,Tenor -o done.mxl
    """
    if options["dry_run"]:
        from scoreassist.inspection import as_text, inspect

        report = inspect(_source(options["file"]), measures=options["measures"], parts=_names(options["parts"]))
        click.echo(json.dumps(report["regions"], indent=2) if options["as_json"] else as_text(report))
        return
    _fill("complete", options)


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

    _check_target(file, output, FORMATS, force=False)
    for path in draw(_source(file), output, page=page):
        click.echo(f"wrote {path}", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def info(file: Path, as_json: bool) -> None:
    r"""Say what a score holds and what is marked or empty.

    \b
    scoreassist info chorale-with-holes.musicxml
    """
    from scoreassist.inspection import as_text, inspect

    report = inspect(_source(file))
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

    findings = find(_source(file))
    if as_json:
        click.echo(json.dumps([finding.as_json() for finding in findings], indent=2, ensure_ascii=False))
    elif findings:
        click.echo(as_text(findings, "stdin" if str(file) == "-" else str(file)))
    sys.exit(1 if findings else 0)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def models(as_json: bool) -> None:
    r"""List the trained models, with data, licence and measured figures.

    \b
    scoreassist models --json
    """
    from scoreassist.networks.store import list_models

    rows = list_models()
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['name']}: {row['summary']}")
        click.echo(f"  network: {row['network']}")
        click.echo(f"  data: {row['data']}")
        click.echo(f"  licence: {row['licence']}")
        for name, value in row["figures"].items():
            if isinstance(value, dict):  # a report of `scoreassist evaluate --record`; --json shows all of it
                value = ", ".join(f"{key} {figure}" for key, figure in value.items() if isinstance(figure, float))
            click.echo(f"  {name}: {value}")


def _fill(verb: str, options: dict[str, Any], **more: Any) -> None:
    from scoreassist import assistant
    from scoreassist.files.document import SUFFIXES, write_whole
    from scoreassist.rendering import FORMATS

    output: Path | None = options["output"]
    pictures: tuple[Path, ...] = options["pictures"]
    if output is None and not pictures and not options["as_json"]:
        raise RequestError("nothing to write; name the result with -o, a picture with --svg, or ask for --json")
    if output is not None and str(output) != "-":
        _check_target(options["file"], output, SUFFIXES, force=options["force"])
    elif output is not None and options["as_json"]:
        raise RequestError("the score and the JSON cannot both go to stdout; give -o a file name")
    for path in pictures:
        _check_target(options["file"], path, FORMATS, force=options["force"])
    result = getattr(assistant, verb)(
        _source(options["file"]),
        measures=options["measures"],
        parts=_names(options["parts"]),
        seed=options["seed"],
        temperature=options["temperature"],
        candidates=options["candidates"],
        passes=options["passes"],
        model=options["model"],
        lyrics=options["lyrics"],
        keep_marks=options["keep_marks"],
        **more,
    )
    if output is not None:
        if str(output) == "-":
            _put_out(result.score.to_xml())
        else:
            mxl = output.suffix.lower() == ".mxl"
            write_whole(output, result.score.to_mxl() if mxl else result.score.to_xml())
            click.echo(f"wrote {output}", err=True)
    for path in pictures:
        for written in assistant.render(result, path, highlight=HIGHLIGHT if options["highlight"] else None):
            click.echo(f"wrote {written}", err=True)
    if options["as_json"]:
        click.echo(json.dumps(result.as_json(), indent=2, ensure_ascii=False))
        return
    named = options["measures"] is not None or options["parts"] is not None
    missing = "missing or empty" if verb == "harmonize" else "marked or empty"
    _report(result.as_json(), f"nothing {'there ' if named else ''}is {missing}")


def _report(report: dict[str, Any], nothing: str) -> None:
    for doubt in report["doubts"]:
        click.echo(f"unclear: {doubt}", err=True)
    if not report["filled"]:
        click.echo(f"{nothing}; see `scoreassist info`, or mark measures with --measures", err=True)
        return
    voices: dict[str, int] = {}
    for row in report["filled"]:
        voices[row["voice"]] = voices.get(row["voice"], 0) + row["notes"]
    share = ", ".join(f"{name} {count}" for name, count in voices.items())
    took = sum(report["seconds"].values())
    click.echo(
        f"{report['notes']} notes ({share}) by {report['model']}, seed {report['seed']}, {took:.2f} s",
        err=True,
    )
    if report["replaced"]:
        gone = ", ".join(f"{name} {count}" for name, count in report["replaced"].items())
        click.echo(f"given notes that were replaced: {gone}", err=True)
    if report["kept"]:
        rows = ", ".join(f"{row['voice']} {row['first']}" for row in report["kept"][:4])
        more = f" and {len(report['kept']) - 4} more" if len(report["kept"]) > 4 else ""
        click.echo(f"kept whole, since they reach over the edge of a region: notes of {rows}{more}", err=True)
    if report["transposition"]:
        click.echo(
            f"read {abs(report['transposition'])} semitones"
            f" {'higher' if report['transposition'] > 0 else 'lower'},"
            " where the model is at home: new voices may lie beyond a choir's ranges",
            err=True,
        )
    for rule, count in report["gave_way"].items():
        click.echo(f"the rule '{rule}' had to give way {count} times; try another --seed", err=True)


def _check_target(source: Path, target: Path, suffixes: tuple[str, ...], *, force: bool) -> None:
    """Refuse what cannot be written before any work is done, and never replace the input unless asked to."""
    name = str(target)
    if target.is_dir():
        raise OutputError("is a folder; give a file name", source=name)
    if target.suffix.lower() not in suffixes:
        raise RequestError(
            f"cannot save as '{target.suffix or target}'; use one of {', '.join(suffixes)}", source=name
        )
    if not target.parent.is_dir():
        raise OutputError(f"there is no folder '{target.parent}'; make it, or choose another place", source=name)
    if not force and str(source) != "-" and target.exists() and source.exists() and target.samefile(source):
        raise RequestError("the output would replace the input; choose another name, or add --force", source=name)


def _source(file: Path) -> Any:
    if str(file) != "-":
        return file
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableError("stdin is closed; name a file, or pipe a score in")
    if sys.stdin.isatty():
        raise RequestError("- reads a score from a pipe, and there is none; name a file, or put one in with <")
    from scoreassist.files.document import open_score

    return open_score(sys.stdin.buffer, "stdin")


def _put_out(data: bytes) -> None:
    if sys.stdout is None:
        raise OutputError("stdout is closed; name a file with -o")
    sys.stdout.buffer.write(data)


def _names(text: str | None) -> tuple[str, ...]:
    names = tuple(name for name in (text or "").split(",") if name.strip())
    if text is not None and not names:
        raise RequestError(f"--parts '{text}' names nobody; write Alto,Tenor")
    return names


ALL = (harmonize, complete, render, info, validate, models)
