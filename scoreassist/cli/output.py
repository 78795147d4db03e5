"""Where a command's result goes: the score, pictures of it, JSON, or a few words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scoreassist.errors import OutputError, RequestError, UnreadableError
from scoreassist.options import ANSWERS, CANDIDATES, MOST_ANSWERS
from scoreassist.styles import STYLE, find_style

if TYPE_CHECKING:
    from scoreassist.assistant import Result

HIGHLIGHT = "#C00000"
MOST_LINES = 6  # of what gave way
DRAWN = (".svg", ".png", ".pdf")  # of the formats of pictures, those that are seen
EACH = "{n}"  # in a file name, the number of a candidate


def answers_of(options: dict[str, Any]) -> dict[str, int]:
    """How many answers are asked for: all candidates, where each has a file or they are to be compared.

    Raises
    ------
    RequestError
        More are asked for than can be kept, or none.
    """
    if not shows_all(options):
        return {}
    count = ANSWERS if options["candidates"] is None else options["candidates"]
    if not 1 <= count <= MOST_ANSWERS:
        raise RequestError(
            f"--candidates is {count}; where all are kept, it must lie between 1 and {MOST_ANSWERS}"
        )
    return {"answers": count, "candidates": max(count, CANDIDATES)}


def shows_all(options: dict[str, Any]) -> bool:
    """Whether every candidate is to be seen, and not the best alone."""
    names = [options["output"], *options["pictures"]]
    return options["compare"] is not None or any(EACH in str(name) for name in names)


def check_outputs(options: dict[str, Any], source: Path | None = None) -> None:
    """Refuse what cannot be written before any work is done.

    Parameters
    ----------
    options : dict
        What was typed: ``output, pictures, compare, explain, candidates, as_json``, and ``force`` where there is a
        source.
    source : path, optional
        What is read, which is not replaced unless asked to.
    """
    output: Path | None = options["output"]
    if output is None and not (options["pictures"] or options["compare"] or options["as_json"]):
        raise RequestError("nothing to write; name the result with -o, a picture with --svg, or ask for --json")
    if str(output) == "-" and options["as_json"]:
        raise RequestError("the score and the JSON cannot both go to stdout; give -o a file name")
    for_piano = find_style(options.get("style", STYLE)).for_piano
    if options["explain"] and not any(path.suffix.lower() in DRAWN for path in options["pictures"]):
        raise RequestError("--explain draws under a picture; name one with --svg")
    if options["explain"] and for_piano:
        raise RequestError("of ragtime nothing is explained; leave --explain out")
    if shows_all(options):
        if for_piano:
            raise RequestError(
                "of ragtime one answer is written; leave {n} and --compare out, and try other seeds"
            )
        singles = [path for path in (output, *options["pictures"]) if path is not None and EACH not in str(path)]
        if singles and options["compare"] is None:
            raise RequestError(
                f"'{singles[0]}' would be written for one candidate only; put {EACH} into its name too"
            )
    _check_targets(options, source, answers_of(options).get("answers", 1))


def _check_targets(options: dict[str, Any], source: Path | None, answers: int) -> None:
    """Refuse targets, by the names that they will have, that cannot be written or are one and the same file."""
    from scoreassist.files.document import SUFFIXES
    from scoreassist.picture.compare import FORMATS as COMPARED
    from scoreassist.picture.compare import MOST
    from scoreassist.rendering import FORMATS

    output, compare = options["output"], options["compare"]
    if compare is not None and answers > MOST:
        raise RequestError(f"--compare draws {MOST} candidates at most; ask for fewer than {answers}")
    scores = [] if output is None or str(output) == "-" else [output]
    rows = [(path, SUFFIXES) for path in scores] + [(path, FORMATS) for path in options["pictures"]]
    targets = [(name, suffixes) for path, suffixes in rows for name in _names(path, answers)]
    if compare is not None:
        targets.append((compare, COMPARED))
    places: set[Path] = set()
    for target, suffixes in targets:
        check_target(target, suffixes, source, force=bool(options.get("force")))
        place = target.resolve()
        if place in places:
            raise RequestError("would be written twice; give each result a name of its own", source=str(target))
        places.add(place)


def _names(path: Path, answers: int) -> list[Path]:
    """The names of the files in which candidates are written, one each; of a plain name that alone."""
    text = str(path)
    return [Path(text.replace(EACH, str(n))) for n in range(1, answers + 1)] if EACH in text else [path]


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
        What was typed: ``output, pictures, compare, explain, highlight, as_json``.
    nothing : str
        What to say if nothing was filled.
    """
    from scoreassist.assistant import compare

    answers = result.answers or [result]
    for number, answer in enumerate(answers, 1):
        _write(answer, options, number)
    if options["compare"] is not None:
        for written in compare(result, options["compare"], highlight=_colour(options)):
            click.echo(f"wrote {written}", err=True)
    if options["as_json"]:
        told = result.as_json()
        if result.answers:
            told["answers"] = [answer.as_json() for answer in result.answers]
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    searched = result.seconds["model"] > 0
    _report(result, "no note was found for what is marked or empty" if searched else nothing)
    for number, answer in enumerate(result.answers, 1):
        click.echo(f"{number}: {answer.summary()}", err=True)


def _colour(options: dict[str, Any]) -> str | None:
    return HIGHLIGHT if options["highlight"] else None


def _write(result: Result, options: dict[str, Any], number: int) -> None:
    """Write the score and the pictures of one answer; names without its number are for the first."""
    from scoreassist.assistant import render
    from scoreassist.files.document import write_whole

    def named(path: Path) -> Path | None:
        names = _names(path, number)
        return names[number - 1] if len(names) == number else None

    output = named(options["output"]) if options["output"] is not None else None
    if output is not None and str(output) == "-":
        put_out(result.score.to_xml())
    elif output is not None:
        mxl = output.suffix.lower() == ".mxl"
        write_whole(output, result.score.to_mxl() if mxl else result.score.to_xml())
        click.echo(f"wrote {output}", err=True)
    for path in map(named, options["pictures"]):
        if path is not None:
            for written in render(result, path, highlight=_colour(options), explain=options["explain"]):
                click.echo(f"wrote {written}", err=True)


def _report(result: Result, nothing: str) -> None:
    report = result.as_json()
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
    if result.answers:
        return
    if result.counsel is not None:
        click.echo(f"{result.counsel.findings_text()}; {result.counsel.copied_text()}", err=True)
        for softened in result.counsel.gave_way[:MOST_LINES]:
            click.echo(f"gave way: {softened}", err=True)
        if len(result.counsel.gave_way) > MOST_LINES:
            left = len(result.counsel.gave_way) - MOST_LINES
            click.echo(f"gave way: {left} more, see --json; try another --seed", err=True)


def source_of(file: Path) -> Any:
    """What is read: a path, or the score that comes through a pipe.

    Raises
    ------
    UnreadableError
        Stdin is closed.
    RequestError
        Nothing is piped in.
    """
    if str(file) != "-":
        return file
    if sys.stdin is None or sys.stdin.closed:
        raise UnreadableError("stdin is closed; name a file, or pipe a score in")
    if sys.stdin.isatty():
        raise RequestError("- reads a score from a pipe, and there is none; name a file, or put one in with <")
    from scoreassist.files.document import open_score

    return open_score(sys.stdin.buffer, "stdin")


def put_out(data: bytes) -> None:
    """Write a score to stdout.

    Raises
    ------
    OutputError
        Stdout is closed.
    """
    if sys.stdout is None:
        raise OutputError("stdout is closed; name a file with -o")
    sys.stdout.buffer.write(data)
