"""A corpus as it is laid beside a piece: its frames in any transposition, and which piece and measure they are of.

Axes are (voice, tick): soprano, alto, tenor, bass; a tick is a sixteenth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from scoreassist.errors import InputError
from scoreassist.folders import data_folder
from scoreassist.grid.vocabulary import REST_PITCH

SILENT = 0  # the shape of a frame in which nobody sounds
_EDGE = 999  # semitones that no voice moves: a piece begins
_BASE, _ZERO = 256, 128  # a voice of a shape is a digit: semitones from the highest voice that sounds


@dataclass(frozen=True)
class Index:
    """A corpus, or a piece, as some of its voices have it: comparable in any transposition.

    Attributes
    ----------
    shape : int array (ticks,)
        Which voices sound, and in what intervals; `SILENT` if none does.
    step : int array (ticks,)
        Semitones by which the whole has moved since the voices last sounded; `_EDGE` where a piece begins.
    root : int array (ticks,)
        MIDI number of the highest voice that sounds, or sounded last.
    """

    shape: np.ndarray
    step: np.ndarray
    root: np.ndarray

    @classmethod
    def of(cls, pitch: np.ndarray, starts: np.ndarray | Sequence[int] = (0,)) -> Index:
        """Of pitches (voices, ticks), in pieces that begin at `starts`."""
        shape, root = shapes_of(pitch)
        ticks = np.arange(root.size)
        begins = np.isin(ticks, starts)
        # Through silence the last chord is remembered; a piece knows nothing of the one before.
        last = np.maximum.accumulate(np.where((shape != SILENT) | begins, ticks, 0))
        root = root[last]
        step = np.diff(root, prepend=root[:1])
        return cls(shape, np.where(begins, _EDGE, step), root)


def shapes_of(pitch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape and highest sounding voice of frames: int (voices, ticks) to two of int (ticks,)."""
    pitch = pitch.astype(np.int64)
    sounds = pitch != REST_PITCH
    root = np.take_along_axis(pitch, sounds.argmax(0)[None], 0)[0]
    digits = np.where(sounds, pitch - root + _ZERO, 0)
    return _BASE ** np.arange(len(pitch)) @ digits, root


@dataclass(frozen=True)
class Corpus:
    """Pieces one after the other, as printed.

    Attributes
    ----------
    pitch : int array (4, ticks)
        MIDI numbers, `REST_PITCH` for silence.
    starts : int array (pieces,)
        First tick of each piece.
    names : tuple of str
    measures : int array (measures,)
        First tick of each measure.
    numbers : tuple of str
        Of the measures, as printed.
    """

    pitch: np.ndarray
    starts: np.ndarray
    names: tuple[str, ...]
    measures: np.ndarray
    numbers: tuple[str, ...]
    _indices: dict[tuple[int, ...], tuple[Index, np.ndarray, np.ndarray, np.ndarray]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def ticks(self) -> int:
        """Length of all pieces, in sixteenths."""
        return int(self.pitch.shape[1])

    def piece(self, tick: int) -> int:
        """Index of the piece to which a tick belongs."""
        return int(np.searchsorted(self.starts, tick, side="right")) - 1

    def number(self, tick: int) -> str:
        """Number of the measure to which a tick belongs, as printed."""
        return self.numbers[int(np.searchsorted(self.measures, tick, side="right")) - 1]

    def in_voices(self, rows: tuple[int, ...]) -> tuple[Index, np.ndarray, np.ndarray, np.ndarray]:
        """The corpus in some of its voices.

        Returns
        -------
        index : Index
        shapes : int array (S,), sorted
            Every shape that occurs and sounds.
        bounds : int array (S + 1,)
        order : int array
            Ticks at which the shape of place `s` occurs: ``order[bounds[s] : bounds[s + 1]]``, ascending.
        """
        if rows not in self._indices:
            index = Index.of(self.pitch[list(rows)], self.starts)
            order = np.argsort(index.shape, kind="stable")
            shapes, first = np.unique(index.shape[order], return_index=True)
            self._indices[rows] = index, shapes, np.append(first, order.size), order
        return self._indices[rows]


@lru_cache(maxsize=1)
def bach_passages() -> Corpus:
    """The chorales that the models for chorales have read; see ``corpora/bach-chorales/SOURCE.md``.

    Raises
    ------
    InputError
        They are not there, or damaged.
    """
    with open_passages() as stored:
        return Corpus(
            stored["pitch"],
            stored["starts"],
            tuple(stored["names"].tolist()),
            stored["measures"],
            tuple(stored["numbers"].tolist()),
        )


def passages_path() -> Path:
    """Where `bach_passages` are."""
    return data_folder("corpora") / "bach-chorales" / "passages.npz"


@contextmanager
def open_passages() -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of that file; errors as of `bach_passages`."""
    path = passages_path()
    try:
        with np.load(path, allow_pickle=False) as stored:
            yield stored
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(
            f"cannot be read ({error}); install scoreassist again, or write it with"
            " `python benchmarks/originality.py --write`",
            source=str(path),
        ) from error
