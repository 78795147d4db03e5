"""How ``corpora/bach-chorales/passages.npz`` is made: chorales to compare with, and Bach beside Bach.

How much a piece has in common with Bach's chorales says little unless one knows how much they have in common with
one another. Each is laid beside all others, those excepted that set the same tune: there, common passages
are the tune's doing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from scoreassist.files.document import write_whole
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.theory.likeness import VOICES, copies, share
from scoreassist.theory.passages import Corpus

SAME_TUNE = 0.75  # of the longer one's notes; between 0.72 and 0.78 there is hardly a pair of chorales
TRANSPOSED = 4  # semitones by which two settings of a tune may differ, beside what their means differ by
SUBSETS = [rows for size in range(1, len(VOICES) + 1) for rows in combinations(VOICES, size)]


@dataclass(frozen=True)
class Printed:
    """A chorale as printed.

    Attributes
    ----------
    name : str
    grid : Grid
    order : list of int
        Indices of the measures as they are played.
    numbers : tuple of str
        Of the measures.
    """

    name: str
    grid: Grid
    order: list[int]
    numbers: tuple[str, ...]

    @property
    def tune(self) -> list[int]:
        """The soprano's MIDI numbers as sung: what one edition prints as a repeat, another writes out."""
        grid = self.grid.played(self.order)
        notes = grid.pitch[0, grid.struck[0]]
        return [int(note) for note in notes if note != REST_PITCH]


def same_tune(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two sopranos sing the same tune, as it was sung here or there, in whatever key.

    Parameters
    ----------
    one, other : sequences of MIDI numbers

    Returns
    -------
    bool
        Their longest common subsequence, in the best of some transpositions, has more than `SAME_TUNE` of the
        notes of the longer one.
    """
    if not one or not other:
        return False
    most = SAME_TUNE * max(len(one), len(other))
    if min(len(one), len(other)) <= most:
        return False
    higher = round(float(np.mean(one) - np.mean(other)))
    return any(
        _in_common(one, other, semitones) > most
        for semitones in range(higher - TRANSPOSED, higher + TRANSPOSED + 1)
    )


def _in_common(one: Sequence[int], other: Sequence[int], semitones: int) -> int:
    """Length of the longest common subsequence, the other transposed; bit by bit (Hyyrö 2004)."""
    places: dict[int, int] = {}
    for place, note in enumerate(one):
        places[note] = places.get(note, 0) | 1 << place
    every = (1 << len(one)) - 1
    row = every
    for note in other:
        matched = row & places.get(note + semitones, 0)
        row = ((row + matched) | (row - matched)) & every
    return len(one) - row.bit_count()


def usual_measure(grid: Grid) -> int:
    """Ticks of the measures of which most of a piece consists."""
    lengths = np.bincount(grid.measure)
    return int(np.bincount(lengths, weights=lengths).argmax())


def corpus_of(pieces: Sequence[Printed]) -> Corpus:
    """Chorales one after the other."""
    lengths = [piece.grid.ticks for piece in pieces]
    starts = np.cumsum([0, *lengths[:-1]])
    measures = [
        start + np.searchsorted(piece.grid.measure, np.arange(len(piece.numbers)))
        for start, piece in zip(starts, pieces, strict=True)
    ]
    return Corpus(
        np.concatenate([piece.grid.pitch for piece in pieces], axis=1).astype(np.int8),
        starts,
        tuple(piece.name for piece in pieces),
        np.concatenate(measures),
        tuple(number for piece in pieces for number in piece.numbers),
    )


def likeness(
    corpus: Corpus, piece: Printed, rows: tuple[int, ...], leave_out: np.ndarray | None = None
) -> tuple[int, float]:
    """What a chorale has in common with others.

    Parameters
    ----------
    corpus : Corpus
    piece : Printed
    rows : voices that are compared
    leave_out : bool array (pieces of the corpus,), optional

    Returns
    -------
    longest : int
        Ticks of the longest copy.
    share : float
        Of the piece that lies in copies of at least a measure.
    """
    pitch = piece.grid.pitch[list(rows)]
    allowed = None
    if leave_out is not None:
        allowed = np.repeat(~leave_out, np.diff([*corpus.starts, corpus.ticks]))
    found = copies(corpus, pitch, rows, allowed=allowed)
    longest = max((copy.ticks for copy in found), default=0)
    return longest, share(found, pitch, usual_measure(piece.grid))


def bach_figures(pieces: Sequence[Printed], corpus: Corpus) -> dict[str, np.ndarray]:
    """Each chorale of a corpus beside those of other tunes, in all voices and in some.

    Returns
    -------
    dict
        ``longest`` int (15, pieces), ticks, and ``share`` float (15, pieces), by row of `SUBSETS`.
    """
    tunes = [piece.tune for piece in pieces]
    same = np.array([[same_tune(one, other) for other in tunes] for one in tunes])
    same |= np.eye(len(pieces), dtype=bool)
    rows = [
        [likeness(corpus, piece, voices, left_out) for piece, left_out in zip(pieces, same, strict=True)]
        for voices in SUBSETS
    ]
    return _columns(rows)


def held_out_figures(
    pieces: Sequence[Printed], trained: Sequence[Printed], corpus: Corpus
) -> dict[str, np.ndarray]:
    """Chorales that are not of the corpus beside all of it, and beside other tunes only.

    Returns
    -------
    dict
        ``held_longest`` int (2, pieces), ticks, and ``held_share`` float (2, pieces); the first row beside all.
    """
    tunes = [piece.tune for piece in trained]
    same = [np.array([same_tune(piece.tune, tune) for tune in tunes]) for piece in pieces]
    rows = [
        [likeness(corpus, piece, VOICES) for piece in pieces],
        [likeness(corpus, piece, VOICES, left_out) for piece, left_out in zip(pieces, same, strict=True)],
    ]
    return {f"held_{key}": value for key, value in _columns(rows).items()}


def _columns(rows: list[list[tuple[int, float]]]) -> dict[str, np.ndarray]:
    return {
        "longest": np.array([[longest for longest, _ in row] for row in rows], dtype=np.int16),
        "share": np.array([[part for _, part in row] for row in rows], dtype=np.float32),
    }


def write_passages(path: Path, trained: Sequence[Printed], held_out: Sequence[Printed]) -> None:
    """Write the file; the same bytes each time.

    Parameters
    ----------
    path : path
    trained : sequence of Printed
        What the models have read: the corpus.
    held_out : sequence of Printed
        Other chorales, to be laid beside it.
    """
    corpus = corpus_of(trained)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        allow_pickle=False,
        pitch=corpus.pitch,
        starts=corpus.starts.astype(np.int32),
        names=np.array(corpus.names),
        measures=corpus.measures.astype(np.int32),
        numbers=np.array(corpus.numbers),
        held_names=np.array([piece.name for piece in held_out]),
        **bach_figures(trained, corpus),
        **held_out_figures(held_out, trained, corpus),
    )
    write_whole(path, file.getvalue())
