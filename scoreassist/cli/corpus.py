"""The commands about corpora: what there is, and fetching what is not shipped."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import click

from scoreassist.errors import InputError
from scoreassist.folders import data_folder

NAME_WIDTH = 16


@click.group()
def corpus() -> None:
    """List what models are trained on, or fetch it."""


@corpus.command(name="list")
def list_corpora() -> None:
    r"""Print each corpus, with its splits and where it is.

    \b
    scoreassist corpus list
    """
    from scoreassist.corpus import ragtime
    from scoreassist.corpus.ragtime import built_folder, is_built

    rows = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())["chorales"]
    click.echo(_row("bach-chorales", "in music21", Counter(row["split"] for row in rows.values())))
    where = f"in {built_folder()}" if is_built() else "in music21; `scoreassist corpus build ragtime` fetches more"
    click.echo(_row("ragtime", where, Counter(piece.split for piece in ragtime())))


@corpus.command()
@click.argument("name", type=click.Choice(["ragtime"]))
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    help="A folder of scores for piano in 2/4, in any format; default Joplin's rags, by network.",
)
def build(name: str, folder: Path | None) -> None:
    r"""Fetch a corpus that is not shipped.

    It is put where training and evaluation look for it: into the cache folder, in the place of what was built
    before. Joplin's rags are the digital edition of Craig Stuart Sapp (CC BY-NC-SA 4.0). Of a folder, pieces that
    the manifest in corpora/ragtime does not know are trained on. Exit status 3 if the edition cannot be reached or
    no piece can be used; what was built before then stays.

    \b
    scoreassist corpus build ragtime
    scoreassist corpus build ragtime --from joplin/kern
    """
    from scoreassist.corpus import build_ragtime
    from scoreassist.corpus.ragtime import SPLITS, built_folder

    done: Counter[str] = Counter()
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=_most(folder), label=name, file=sys.stderr, hidden=hidden) as bar:
        for piece, what in build_ragtime(folder):
            if not hidden:
                click.echo("\r\033[K", nl=False, err=True)  # the bar makes room for the line
            click.echo(f"{piece:<{NAME_WIDTH}} {what}")
            done[what if what in SPLITS else "left out"] += 1
            bar.update(1)
    usable = {split: done[split] for split in SPLITS if done[split]}
    if not usable:
        raise InputError("has no piece for piano in 2/4; name another folder", source=str(folder or name))
    left_out = f"; left out {done['left out']}" if done["left out"] else ""
    click.echo(f"{_told(Counter(usable))}{left_out}; in {built_folder()}", err=True)


def _most(folder: Path | None) -> int:
    """How many pieces there may be."""
    from scoreassist.corpus.ragtime import manifest

    if folder is None:
        return len(manifest())
    return sum(file.is_file() for file in folder.iterdir()) if folder.is_dir() else 0


def _row(name: str, where: str, splits: Counter[str]) -> str:
    return f"{name:<{NAME_WIDTH}} {_told(splits)}; {where}"


def _told(splits: Counter[str]) -> str:
    return ", ".join(f"{split} {count}" for split, count in splits.items())
