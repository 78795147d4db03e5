"""The frozen vocabulary of a cell: one pitch of 49, or silence.

A cell's articulation (struck, or held from the tick before) is kept apart from its pitch, so that the
likelihood of pitches alone is defined as in published work on the JSB Chorales.
"""

from __future__ import annotations

import numpy as np

REST_PITCH = -1

# C2 to C6: every pitch of the Bach chorales (MIDI 36-81) with room for transposition on top.
LOWEST, HIGHEST = 36, 84
PITCHES = HIGHEST - LOWEST + 1
REST = PITCHES
UNKNOWN = PITCHES + 1  # input only: not known, or not there
VOCABULARY = PITCHES + 1  # what can be drawn: pitches and REST
INPUTS = PITCHES + 2  # what can be read: those and UNKNOWN

# Lowest and highest note of each voice in the training chorales (MIDI, inclusive), soprano to bass. Pieces are
# transposed within them in training.
TRAINED_RANGES = ((57, 81), (53, 74), (48, 69), (36, 64))


def tokens(pitch: np.ndarray, known: np.ndarray | None = None) -> np.ndarray:
    """Tokens of MIDI pitches.

    Parameters
    ----------
    pitch : array of int
        MIDI numbers, `REST_PITCH` for silence. Pitches outside the vocabulary are folded in by octaves.
    known : array of bool, same shape, optional
        Where False, the token is `UNKNOWN`.
    """
    folded = pitch.astype(np.int64)
    low, high = folded < LOWEST, folded > HIGHEST
    folded = np.where(low, LOWEST + (folded - LOWEST) % 12, folded)
    folded = np.where(high, HIGHEST - (HIGHEST - folded) % 12, folded)
    result = np.where(pitch == REST_PITCH, REST, folded - LOWEST)
    return result if known is None else np.where(known, result, UNKNOWN)


def pitches(token: np.ndarray) -> np.ndarray:
    """MIDI numbers of tokens; `REST_PITCH` for `REST` and `UNKNOWN`."""
    return np.where(token >= REST, REST_PITCH, token + LOWEST)
