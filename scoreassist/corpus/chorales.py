"""The Bach chorales as grids, and how they are split.

They are those of the corpus that music21 ships (409 files, public-domain music), assigned to the
standard JSB Chorales split (Boulanger-Lewandowski et al. 2012) by ``corpora/bach-chorales/split.json``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from scoreassist.corpus.cache import cached
from scoreassist.errors import InputError, ScoreassistError
from scoreassist.files.document import open_score
from scoreassist.folders import data_folder
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import LEVEL_UNKNOWN, NO_KEY, Grid, encode
from scoreassist.score.repeats import played_order
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline

ORDER = "order"


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
    grids = _grids(sorted(rows))
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


def _grids(names: list[str]) -> dict[str, tuple[Grid, list[int]]]:
    """Grids and orders of playing of some chorales, from the cache if they are there."""

    def read() -> dict[str, dict[str, np.ndarray]]:
        made = {}
        for name in names:
            grid, order = _read_chorale(name)
            made[name] = {f.name: getattr(grid, f.name) for f in fields(Grid)} | {ORDER: np.array(order)}
        return made

    return {
        name: (Grid(**{key: value for key, value in arrays.items() if key != ORDER}), arrays[ORDER].tolist())
        for name, arrays in cached("chorales", " ".join(names), read).items()
    }


def _read_chorale(name: str) -> tuple[Grid, list[int]]:
    timeline = read_timeline(open_score(chorale_path(name)))
    choir = find_choir(timeline)
    if len(choir.singers) != 4:
        raise ScoreassistError(f"chorale {name} has not four voices but {len(choir.singers)}")
    return encode(timeline, choir), played_order(timeline)
