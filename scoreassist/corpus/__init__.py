"""Corpora as grids and rolls: where they come from, how they are split, and a cache."""

from scoreassist.corpus.chorales import Piece, bare_grid, chorale_path, chorales, jsb_sixteenths
from scoreassist.corpus.ragtime import RagPiece, build_ragtime, ragtime

__all__ = [
    "Piece",
    "RagPiece",
    "bare_grid",
    "build_ragtime",
    "chorale_path",
    "chorales",
    "jsb_sixteenths",
    "ragtime",
]
