"""Where a command's result goes: the score, pictures of it, JSON, or a few words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoreassist.errors import OutputError, RequestError
from scoreassist.styles import find_style

if TYPE_CHECKING:
    from scoreassist.assistant import Result

HIGHLIGHT = "#C00000"


def check_outputs(options: dict[str, Any], source: Path | None = None) -> None:
    """Refuse what cannot be written before any work is done.

    Parameters
    ----------
    options : dict
        What was typed: ``output, pictures, as_json``, and ``force`` where there is a source.
    source : path, optional
        What is read, which is not replaced unless asked to.
    """
    from scoreassist.files.document import SUFFIXES
    from scoreassist.rendering import FORMATS

    output: Path | None = options["output"]
    force = bool(options.get("force"))
    if output is None and not options["pictures"] and not options["as_json"]:
        raise RequestError("nothing to write; name the result with -o, a picture with --svg, or ask for --json")
    if output is not None and str(output) != "-":
        check_target(output, SUFFIXES, source, force=force)
    elif output is not None and options["as_json"]:
        raise RequestError("the score and the JSON cannot both go to stdout; give -o a file name")
    for path in options["pictures"]:
        check_target(path, FORMATS, source, force=force)


def check_target(
    target: Path, suffixes: tuple[str, ...], source: Path | None = None, *, force: bool = False
) -> None:
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
    if source is None or force or str(source) == "-" or not (target.exists() and source.exists()):
        return
    if target.samefile(source):
        raise RequestError("the output would replace the input; choose another name, or add --force", source=name)


@contextmanager
def fill_bar(style: str) -> Iterator[dict[str, Any]]:
    """A progress bar of the search, on a terminal, for styles that search: the option ``progress``, if any."""
    if not find_style(style).for_piano or not sys.stderr.isatty():
        yield {}
        return
    with click.progressbar(length=1, label="searching", file=sys.stderr) as bar:

        def progress(done: int, most: int) -> None:
            bar.length = most
            bar.update(done - bar.pos)

        yield {"progress": progress}
        bar.update((bar.length or 0) - bar.pos)  # it may have found its answer early


def deliver(result: Result, options: dict[str, Any], nothing: str) -> None:
    """Write the score and its pictures; say what was done, on stdout as JSON or else on stderr.

    Parameters
    ----------
    result : Result
    options : dict
        What was typed: ``output, pictures, highlight, as_json``.
    nothing : str
        What to say if nothing was filled.
    """
    from scoreassist.assistant import render
    from scoreassist.files.document import write_whole

    output: Path | None = options["output"]
    if output is not None:
        if str(output) == "-":
            _put_out(result.score.to_xml())
        else:
            mxl = output.suffix.lower() == ".mxl"
            write_whole(output, result.score.to_mxl() if mxl else result.score.to_xml())
            click.echo(f"wrote {output}", err=True)
    for path in options["pictures"]:
        for written in render(result, path, highlight=HIGHLIGHT if options["highlight"] else None):
            click.echo(f"wrote {written}", err=True)
    if options["as_json"]:
        click.echo(json.dumps(result.as_json(), indent=2, ensure_ascii=False))
    else:
        searched = result.seconds["model"] > 0
        _report(result.as_json(), "no note was found for what is marked or empty" if searched else nothing)


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


def _put_out(data: bytes) -> None:
    if sys.stdout is None:
        raise OutputError("stdout is closed; name a file with -o")
    sys.stdout.buffer.write(data)
