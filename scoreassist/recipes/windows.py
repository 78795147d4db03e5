"""Random windows of grids: a stretch of a piece, transposed within the voices' ranges, with some cells given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoreassist.grid.vocabulary import TRAINED_RANGES
from scoreassist.grid.voices import Grid
from scoreassist.networks.batch import Batch
from scoreassist.networks.batches import (
    ALL_VOICES,
    FERMATA_UNKNOWN,
    KEY_UNKNOWN,
    Cells,
    cells,
    collate,
    end_padded,
)
from scoreassist.training import TrainingOptions

LARGEST_TRANSPOSITION = 6

# A window may reach so many ticks beyond a piece's end, so that the end is learned too.
END_ROOM = 16

# Cells given, bool (voices, ticks), of the voices and ticks of a window.
Mask = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class WindowOptions(TrainingOptions):
    """Training on windows of grids.

    Attributes
    ----------
    bare : float
        Share of windows without metre, key, fermatas and repeated notes.
    unkeyed, unmarked : float
        Share of windows whose key signature, and whose fermatas are hidden, since many scores have none.
    """

    bare: float = 0.3
    unkeyed: float = 0.0
    unmarked: float = 0.15


class Windows:
    """Draws batches of windows, the same for the same seed and step.

    Parameters
    ----------
    grids : list of Grid
    options : WindowOptions
    masks : function of a generator, giving a `Mask`
        Called once a batch.
    rows : tuple of int
        Voices of the grids that the network reads.
    largest : int
        Semitones by which a piece is moved at most.
    """

    def __init__(
        self,
        grids: list[Grid],
        options: WindowOptions,
        masks: Callable[[np.random.Generator], Mask],
        *,
        rows: tuple[int, ...] = ALL_VOICES,
        largest: int = LARGEST_TRANSPOSITION,
    ) -> None:
        self.options, self.masks = options, masks
        everything = [np.ones_like(grid.known) for grid in grids]
        self.full = [cells(g, k, rows=rows) for g, k in zip(grids, everything, strict=True)]
        self.bare = [cells(g, k, rows=rows, bare=True) for g, k in zip(grids, everything, strict=True)]
        ranges = [TRAINED_RANGES[row] for row in rows]
        self.shifts = [allowed_transpositions(grid.pitch[list(rows)], ranges, largest) for grid in grids]
        ticks = np.array([piece.ticks for piece in self.full], dtype=float)
        self.weights = ticks / ticks.sum()

    def __call__(self, step: int) -> Batch:
        """The batch of a step."""
        return collate(self.windows(step))

    def windows(self, step: int) -> list[Cells]:
        """The windows of a step, all of the same length."""
        rng = np.random.default_rng((self.options.seed, step))
        chosen = rng.choice(len(self.full), size=self.options.batch, p=self.weights)
        mask = self.masks(rng)
        return [self._window(int(index), mask, rng) for index in chosen]

    def _window(self, index: int, mask: Mask, rng: np.random.Generator) -> Cells:
        length = self.options.window
        bare = bool(rng.random() < self.options.bare)
        piece = self.bare[index] if bare else self.full[index]
        room = piece.ticks + (0 if bare else END_ROOM) - length
        start = int(rng.integers(0, max(room, 0) + 1))
        part = piece.cut(start, min(start + length, piece.ticks)).moved(int(rng.choice(self.shifts[index])))
        # Cells that are not there are given to nobody: their own `known` is False.
        part = replace(part, known=part.known & mask(*part.token.shape))
        if rng.random() < self.options.unkeyed:
            part = replace(part, key=np.full_like(part.key, KEY_UNKNOWN))
        if rng.random() < self.options.unmarked:
            part = replace(part, fermata=np.full_like(part.fermata, FERMATA_UNKNOWN))
        return end_padded(part, length - part.ticks, bare=bare)


def allowed_transpositions(
    pitch: np.ndarray,
    ranges: Sequence[tuple[int, int]] = TRAINED_RANGES,
    largest: int = LARGEST_TRANSPOSITION,
) -> list[int]:
    """Semitones by which a piece can be moved while every voice stays in its range; 0 always.

    Parameters
    ----------
    pitch : int array (voices, ticks)
        MIDI numbers, negative for silence.
    ranges : pairs of MIDI numbers, one a voice
    largest : int
        Up and down.
    """
    low, high = -largest, largest
    for row, (bottom, top) in zip(pitch, ranges, strict=True):
        sung = row[row >= 0]
        if sung.size:
            low, high = max(low, bottom - int(sung.min())), min(high, top - int(sung.max()))
    return list(range(min(low, 0), max(high, 0) + 1))
