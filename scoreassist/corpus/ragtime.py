"""Joplin's rags as piano rolls: where the scores are fetched from, and how they are split.

The scores are Craig Stuart Sapp's digital edition of Scott Joplin's piano works (CC BY-NC-SA 4.0), which this
project does not contain: ``scoreassist corpus build ragtime`` fetches them into the cache folder, or takes them
from a folder. Without them there is one rag, which music21 ships.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from scoreassist.corpus.cache import cached
from scoreassist.errors import InputError, RequestError, ScoreassistError
from scoreassist.files.convert import FOREIGN_SUFFIXES
from scoreassist.files.document import SUFFIXES, Score, open_score, write_whole
from scoreassist.folders import cache_folder, data_folder
from scoreassist.grid.roll import Roll, read_roll
from scoreassist.score.timeline import Measure, Part, Timeline, read_timeline

EDITION = "https://raw.githubusercontent.com/craigsapp/joplin/master/kern"
WORKS = "piano works of Scott Joplin wholly in 2/4, digital edition by Craig Stuart Sapp"
LICENCE = "weights: CC BY-NC-SA 4.0, as the edition that they are trained on, which is not part of this project"
EMBEDDED = "mapleleaf"
PATIENCE_SECONDS = 30
SPLITS = ("train", "valid", "test")
LENGTH = 2  # quarters in a measure
OWN = "train"  # the split of pieces that the manifest does not know


@dataclass(frozen=True)
class RagPiece:
    """A piece for piano of a corpus, as printed: repeats are not played out.

    Attributes
    ----------
    name : str
        ``mapleleaf``.
    split : str
        ``train``, ``valid`` or ``test``.
    roll : Roll
    """

    name: str
    split: str
    roll: Roll


def ragtime(*splits: str, folder: str | Path | None = None) -> list[RagPiece]:
    """The rags of some splits (all when none is named), in the order of their names.

    Parameters
    ----------
    *splits : ``train``, ``valid``, ``test``
        As ``corpora/ragtime/split.json`` has them; pieces that it does not know are trained on.
    folder : path, optional
        Of scores in any format that can be read; default what `build_ragtime` has put into the cache folder, and
        if there is nothing the rag that music21 ships. What is not for piano or not in 2/4 is left out.

    Raises
    ------
    InputError
        There are no such rags, or none that can be read.
    """
    files = _files(Path(folder)) if folder is not None else _default_files()
    named = {name: split_of(name) for name in files}
    wanted = [name for name, split in named.items() if split in (splits or SPLITS)]
    if not wanted:
        raise InputError(
            f"has no rags of the split {' or '.join(splits or SPLITS)}; fetch Joplin's with"
            " `scoreassist corpus build ragtime`",
            source=str(folder or built_folder()),
        )
    marks = {name: files[name].stat() for name in wanted}
    key = " ".join(f"{name} {mark.st_size} {mark.st_mtime_ns}" for name, mark in marks.items())

    def read() -> dict[str, dict[str, np.ndarray]]:
        rolls = {name: roll for name in wanted if (roll := _roll_or_none(files[name])) is not None}
        return {name: {f.name: getattr(roll, f.name) for f in fields(Roll)} for name, roll in rolls.items()}

    pieces = [RagPiece(name, named[name], Roll(**arrays)) for name, arrays in cached("ragtime", key, read).items()]
    if not pieces:
        raise InputError("has nothing for piano wholly in 2/4", source=str(folder or built_folder()))
    return pieces


def _roll_or_none(path: Path) -> Roll | None:
    """The roll of a file; None if it cannot be read, is not for piano or not in 2/4."""
    try:
        return read_rag(path)
    except InputError:
        return None


def split_of(name: str) -> str:
    """The split of a piece: ``train``, ``valid``, ``test``, ``other-metre`` or ``unreadable``."""
    return str(manifest().get(name, {}).get("split", OWN))


def manifest() -> dict[str, dict[str, Any]]:
    """Rows of ``corpora/ragtime/split.json`` by the names of the pieces: ``title, metres, measures, split``."""
    path = data_folder("corpora") / "ragtime" / "split.json"
    rows: dict[str, dict[str, Any]] = json.loads(path.read_text())["pieces"]
    return rows


def read_rag(path: Path) -> Roll:
    """The roll of a file with a piece for piano in 2/4.

    Raises
    ------
    InputError
        It cannot be read, or is not for piano.
    """
    return _roll(open_score(path))


def _roll(score: Score) -> Roll:
    timeline = read_timeline(score)
    staves = _piano(timeline)
    if len({len(part.measures) for part, _ in staves}) > 1 or not all(map(_in_two, timeline.measures)):
        raise InputError("is not wholly in 2/4, or its hands do not go together", source=score.name)
    roll = read_roll(timeline, staves)
    if not roll.right.any() or not (roll.sounding & ~roll.right).any():
        raise InputError("is not for two hands on a piano", source=score.name)
    return roll


def _in_two(measure: Measure) -> bool:
    """Whether a measure is one of 2/4, or a part of one, as a pickup is."""
    return measure.metre is not None and measure.metre.length == LENGTH and measure.length <= LENGTH


def build_ragtime(folder: str | Path | None = None) -> Iterator[tuple[str, str]]:
    """Put rags into the cache folder, as MusicXML, which is read much quicker than what they were.

    They take the place of those that were there once all are read, and if there are any.

    Parameters
    ----------
    folder : path, optional
        Where they are taken from, ``NAME.krn`` each or any other format; default the public edition, by network.

    Yields
    ------
    name, what
        Of each piece when it is done: ``train``, ``valid`` or ``test``, or why it was left out.

    Raises
    ------
    InputError
        The edition cannot be reached, or the folder has no scores.
    """
    files = {} if folder is None else _files(Path(folder))
    target = built_folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ragtime-", dir=target.parent) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        new.mkdir()
        for name in files or manifest():
            if split_of(name) not in SPLITS:
                yield name, split_of(name)
                continue
            score = None if files else _fetch(name)
            try:
                score = score or open_score(files[name])
                _roll(score)
            except InputError as error:
                yield name, error.what
                continue
            write_whole(new / f"{name}.musicxml", score.to_xml())
            yield name, split_of(name)
        if any(new.iterdir()):
            if target.exists():
                target.rename(old)
            new.rename(target)


def _fetch(name: str) -> Score:
    url = f"{EDITION}/{name}.krn"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            return open_score(answer, f"{name}.krn")
    except OSError as error:
        raise InputError(
            f"cannot be fetched ({getattr(error, 'reason', error)}); download the edition elsewhere"
            " and name its folder with --from",
            source=url,
        ) from error


def built_folder() -> Path:
    """Where `build_ragtime` puts rags."""
    return cache_folder() / "ragtime"


def is_built() -> bool:
    """Whether there are rags that `build_ragtime` has put there."""
    try:
        return bool(_files(built_folder()))
    except ScoreassistError:
        return False


def _default_files() -> dict[str, Path]:
    if is_built():
        return _files(built_folder())
    import music21

    return {EMBEDDED: Path(music21.__file__).parent / "corpus" / "joplin" / "maple_leaf_rag.mxl"}


def _files(folder: Path) -> dict[str, Path]:
    """Scores of a folder by name, in order."""
    if not folder.is_dir():
        raise RequestError("is not a folder; name one with scores for piano", source=str(folder))
    readable = {*SUFFIXES, *FOREIGN_SUFFIXES}
    files = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in readable}
    if not files:
        raise InputError("has no scores; see README for where Joplin's rags are", source=str(folder))
    return files


def _piano(timeline: Timeline) -> list[tuple[Part, int]]:
    """The staves of a piano: those of a part with two, or the last two of parts with one each."""
    two = next((part for part in timeline.parts if part.staves >= 2), None)
    if two is not None:
        return [(two, 1), (two, 2)]
    return [(part, 1) for part in timeline.parts[-2:]]
