"""Corpora as grids: where they come from, how they are split, and a cache that is read in a blink.

The Bach chorales are those of the corpus that music21 ships (409 files, public-domain music), assigned to the
standard JSB Chorales split (Boulanger-Lewandowski et al. 2012) by ``corpora/bach-chorales/split.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from scoreassist.errors import InputError, ScoreassistError
from scoreassist.files.document import open_score
from scoreassist.folders import cache_folder, data_folder
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import LEVEL_UNKNOWN, NO_KEY, Grid, encode
from scoreassist.score.repeats import played_order
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline


@dataclass(frozen=True)
class Piece:
    """One chorale of a corpus.

    Attributes
    ----------
    name : str
        ``bwv269``.
    split : str
        ``train``, ``extra`` (free to train on), ``valid``, ``test`` or ``excluded``.
    tune_in_train : bool
        Whether the same soprano tune occurs in a training chorale.
    grid : Grid
        As printed.
    order : list of int
        Indices of the measures as they are played; see `scoreassist.score.repeats`.
    """

    name: str
    split: str
    tune_in_train: bool
    grid: Grid
    order: list[int] = field(default_factory=list)


def chorale_path(name: str) -> Path:
    """Path of a chorale in music21's corpus."""
    import music21

    folder = Path(music21.__file__).parent / "corpus" / "bach"
    for suffix in (".mxl", ".xml", ".krn"):
        if (path := folder / f"{name}{suffix}").is_file():
            return path
    raise InputError(f"music21's corpus has no '{name}'; install the music21 of constraints.txt")


def chorales(*splits: str) -> list[Piece]:
    """The Bach chorales of some splits (all when none is named), in the order of their names."""
    manifest = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())
    rows = manifest["chorales"]
    grids = _cached_grids(sorted(rows))
    return [
        Piece(name, rows[name]["split"], bool(rows[name].get("tune_in_train")), *grids[name])
        for name in sorted(rows)
        if not splits or rows[name]["split"] in splits
    ]


def jsb_sixteenths(path: str | Path, split: str) -> list[Grid]:
    """Pieces of a ``Jsb16thSeparated.json`` file: pitches alone, neither metre, key nor fermatas.

    Parameters
    ----------
    path : path
        JSON object of ``train``, ``valid``, ``test``: pieces, ticks, four MIDI numbers S A T B (-1 rest).
    split : str

    Raises
    ------
    InputError
        The file is not of this form.
    """
    try:
        pieces = json.loads(Path(path).read_text())[split]
        return [bare_grid(np.array(piece, dtype=np.int64).T) for piece in pieces]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"is not a Jsb16thSeparated file with a split '{split}' ({error})", source=str(path)
        ) from error


def bare_grid(pitch: np.ndarray) -> Grid:
    """A grid of pitches (4, ticks) of which nothing else is known; equal neighbours count as held."""
    pitch = np.where(pitch < 0, REST_PITCH, pitch)
    ticks = pitch.shape[1]
    struck = np.ones_like(pitch, dtype=bool)
    struck[:, 1:] = pitch[:, 1:] != pitch[:, :-1]
    return Grid(
        pitch,
        struck,
        np.ones_like(struck),
        np.zeros(ticks, dtype=bool),
        np.full(ticks, LEVEL_UNKNOWN),
        np.full(ticks, NO_KEY),
        np.arange(ticks) // 16,
        np.zeros(ticks, dtype=bool),
    )


def _encoding() -> str:
    """A print of the code that makes grids: where it changes, cached grids are made again."""
    package = Path(__file__).parent
    rooms = ("files", "score", "grid")
    sources = sorted(file for room in rooms for file in (package / room).glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _cached_grids(names: list[str]) -> dict[str, tuple[Grid, list[int]]]:
    """Grids and orders of playing of some chorales, from the cache if they are there."""
    key = f"{_encoding()} {version('music21')} {' '.join(names)}"
    path = cache_folder() / f"chorales-{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
    keys = [f.name for f in fields(Grid)]
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {key: np.split(stored[key], stored["ends"][:-1], axis=-1) for key in keys}
                orders = np.split(stored["order"], stored["order_ends"][:-1])
            grids = [Grid(**{key: arrays[key][i] for key in keys}) for i in range(len(names))]
            return {name: (grid, order.tolist()) for name, grid, order in zip(names, grids, orders, strict=True)}
        except (OSError, ValueError, KeyError):
            path.unlink(missing_ok=True)
    read = {name: _read_chorale(name) for name in names}
    stacked: dict[str, Any] = {
        key: np.concatenate([getattr(read[name][0], key) for name in names], axis=-1) for key in keys
    }
    stacked["ends"] = np.cumsum([grid.ticks for grid, _ in read.values()])
    stacked["order"] = np.concatenate([order for _, order in read.values()])
    stacked["order_ends"] = np.cumsum([len(order) for _, order in read.values()])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.npz")
        np.savez_compressed(part, **stacked)
        os.replace(part, path)
    except OSError:
        pass  # a cache that cannot be kept is made again next time
    return read


def _read_chorale(name: str) -> tuple[Grid, list[int]]:
    timeline = read_timeline(open_score(chorale_path(name)))
    choir = find_choir(timeline)
    if len(choir.singers) != 4:
        raise ScoreassistError(f"chorale {name} has not four voices but {len(choir.singers)}")
    return encode(timeline, choir), played_order(timeline)
