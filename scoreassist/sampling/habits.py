"""What rules must know of the past: what notes have still to do, how often they were struck, how many came."""

from __future__ import annotations

import math

import numpy as np

from scoreassist.grid.vocabulary import LOWEST, REST, VOCABULARY
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import BEAT
from scoreassist.theory.likeness import Copied
from scoreassist.theory.resolution import (
    LEADING_RISES,
    NO_TONIC,
    SEVENTH_FALLS,
    leading_table,
    seventh_table,
)
from scoreassist.wishes.demands import Demands

_BITS = np.pad(1 << ((np.arange(REST) + LOWEST) % 12), (0, 2))  # of REST and UNKNOWN none
_CLASSES = np.where(np.arange(REST + 2) < REST, (np.arange(REST + 2) + LOWEST) % 12, 12)


class Habits:
    """The past of N candidates, a tick after the other.

    Parameters
    ----------
    candidates : int
    grid : Grid
    tonic : int array (ticks,), optional
        Pitch class, or `NO_TONIC`.
    demands : Demands, optional

    Attributes
    ----------
    owed : int array (N, V)
        Obligations of the notes that sounded last; see `scoreassist.theory.resolution.obligations`.
    max_leap : int
        Semitones; beyond the vocabulary if nothing is asked.
    """

    def __init__(
        self,
        candidates: int,
        grid: Grid,
        tonic: np.ndarray | None = None,
        demands: Demands | None = None,
    ) -> None:
        voices = len(grid.pitch)
        self.grid = grid
        self.tonic = np.full(grid.ticks, NO_TONIC) if tonic is None else tonic
        self.max_leap = VOCABULARY if demands is None or demands.max_leap is None else demands.max_leap
        self.max_repeats = None if demands is None else demands.max_repeats
        self.most = None if demands is None or demands.density is None else demands.most_notes
        self.owed = np.zeros((candidates, voices), dtype=np.int64)
        self._before = np.full((candidates, voices), REST)
        self._repeats = np.zeros((candidates, voices), dtype=np.int64)
        self._begun = np.zeros((candidates, voices), dtype=np.int64)  # in this measure
        self._nobody = np.zeros(candidates, dtype=bool)

    def hear(self, tick: int, token: np.ndarray, struck: np.ndarray) -> None:
        """A tick's tokens and whether they are struck: int and bool (N, V)."""
        moved = token != self._before
        self.owed = np.where(moved, 0, self.owed)
        if self.grid.level[tick] <= BEAT:
            bits, classes = np.bitwise_or.reduce(_BITS.take(token), 1), _CLASSES.take(token)
            tonic = self.tonic[tick]
            self.owed = np.where(classes == seventh_table()[tonic, bits][:, None], SEVENTH_FALLS, self.owed)
            self.owed = np.where(classes == leading_table()[tonic, bits][:, None], LEADING_RISES, self.owed)
        if self.max_repeats is not None:
            again = struck & (token < REST)
            self._repeats = np.where(moved, 0, self._repeats + again)
        if self.most is not None:
            if tick == 0 or self.grid.measure[tick] != self.grid.measure[tick - 1]:
                self._begun[:] = 0
            self._begun += struck & (token < REST)
        self._before = token.copy()

    def stuck(self, voice: int) -> np.ndarray:
        """Whether a voice must not strike its last note once more: bool (N,)."""
        return self._nobody if self.max_repeats is None else self._repeats[:, voice] >= self.max_repeats

    def sated(self, voice: int, tick: int) -> np.ndarray:
        """Whether a voice has begun as many notes as it may by now: bool (N,).

        Notes are spread over the measure: of two in four beats one may come in each half.
        """
        if self.most is None:
            return self._nobody
        first, end = self.grid.measure_ticks(int(self.grid.measure[tick]))
        by_now = math.ceil(self.most[voice, tick] * (tick + 1 - first) / (end - first))
        begun = self._begun[:, voice] if tick > first else 0 * self._begun[:, voice]
        return np.asarray(begun >= by_now)

    def select(self, rows: np.ndarray) -> None:
        """Go on with these candidates, each from where one was: int (N,)."""
        self.owed, self._before = self.owed[rows], self._before[rows]
        self._repeats, self._begun = self._repeats[rows], self._begun[rows]


def leaving(pitch: np.ndarray, known: np.ndarray) -> np.ndarray:
    """By how many semitones each given note moves on at last, where what follows it is given too.

    Parameters
    ----------
    pitch : int array (V, ticks)
        MIDI numbers, negative for silence.
    known : bool array (V, ticks)

    Returns
    -------
    int array (V, ticks)
        0 elsewhere, and before silence.
    """
    steps = np.zeros(pitch.shape, dtype=np.int64)
    sings = known & (pitch >= 0)
    for tick in range(pitch.shape[1] - 2, -1, -1):
        both = sings[:, tick] & sings[:, tick + 1]
        step = pitch[:, tick + 1] - pitch[:, tick]
        steps[:, tick] = np.where(both, np.where(step != 0, step, steps[:, tick + 1]), 0)
    return steps


def tokens_out(copied: Copied, token: np.ndarray) -> np.ndarray | None:
    """What the one voice that is not drawn yet must not sing, so that nothing is copied too long.

    Parameters
    ----------
    copied : Copied
    token : int array (N, 4)
        Of this tick; one voice's is beyond `REST`.

    Returns
    -------
    bool array (N, K), or None where there is nothing
    """
    out = np.zeros((len(token), VOCABULARY), dtype=bool)
    for candidate, row in enumerate(token):
        frames = copied.reproducing(candidate)
        if not frames.size:
            continue
        known = row <= REST
        frames = np.where(frames < 0, REST, frames - LOWEST)
        same = (frames[:, known] == row[known]).all(1)
        wanted = frames[same][:, ~known].ravel()
        out[candidate, wanted[(wanted >= 0) & (wanted < VOCABULARY)]] = True
    return out if out.any() else None
