"""Derived arrays of a corpus, kept so that they are read in a blink; made again where the code changes."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from scoreassist.folders import cache_folder

Arrays = Mapping[str, np.ndarray]
"""The arrays of a piece, by name; time is their last axis."""


def cached(kind: str, key: str, read: Callable[[], Mapping[str, Arrays]]) -> Mapping[str, Arrays]:
    """The arrays of the pieces of a corpus, by the pieces' names.

    Parameters
    ----------
    kind : str
        How the file's name begins.
    key : str
        What the arrays are made from; where that or the code that makes them changes, they are read again.
    read : function
        Makes them. All pieces have arrays of the same names and, but for time, shapes.
    """
    of = f"{_encoding()} {version('music21')} {key}"
    path = cache_folder() / f"{kind}-{hashlib.sha256(of.encode()).hexdigest()[:12]}.npz"
    if path.is_file():
        try:
            return _load(path)
        except (OSError, ValueError, KeyError):
            path.unlink(missing_ok=True)
    pieces = read()
    with contextlib.suppress(OSError):  # a cache that cannot be kept is made again next time
        _store(path, pieces)
    return pieces


def _encoding() -> str:
    """A print of the code that makes the arrays."""
    package = Path(__file__).parent.parent
    rooms = ("files", "score", "grid", "corpus")
    sources = sorted(file for room in rooms for file in (package / room).glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def _load(path: Path) -> dict[str, dict[str, np.ndarray]]:
    with np.load(path, allow_pickle=False) as stored:
        names = [str(name) for name in stored["names"]]
        keys = [key.removeprefix("ends of ") for key in stored.files if key.startswith("ends of ")]
        split = {key: np.split(stored[key], stored[f"ends of {key}"][:-1], axis=-1) for key in keys}
    return {name: {key: split[key][place] for key in keys} for place, name in enumerate(names)}


def _store(path: Path, pieces: Mapping[str, Arrays]) -> None:
    stacked = {"names": np.array(list(pieces), dtype=np.str_)}
    for key in next(iter(pieces.values()), {}):
        rows = [arrays[key] for arrays in pieces.values()]
        stacked[key] = np.concatenate(rows, axis=-1)
        stacked[f"ends of {key}"] = np.cumsum([row.shape[-1] for row in rows])
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(part, allow_pickle=False, **stacked)
    os.replace(part, path)
