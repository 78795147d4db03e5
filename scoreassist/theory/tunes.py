"""What is usual in a melody: how much it moves, rests, leaps and leaves its key."""

from __future__ import annotations

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)

# Mean and deviation of sixteen measures of the training rags, 253 windows eight measures apart.
RAGTIME: dict[str, tuple[float, float]] = {
    "strikes": (0.641, 0.093),
    "rests": (0.043, 0.050),
    "repeated": (0.082, 0.084),
    "interval": (3.15, 0.664),
    "foreign": (0.094, 0.057),
    "height": (75.1, 2.94),
}


def traits(melody: np.ndarray, struck: np.ndarray, fifths: np.ndarray) -> dict[str, float]:
    """What can be counted of a melody.

    Parameters
    ----------
    melody : int array (ticks,)
        MIDI numbers, `REST_PITCH` where it rests.
    struck : bool array (ticks,)
    fifths : int array (ticks,)
        Key signature.

    Returns
    -------
    dict
        ``strikes`` and ``rests`` a tick; of the notes, the share that is ``repeated`` and that is ``foreign`` to
        the signature; the mean ``interval`` between neighbours, in semitones.
    """
    sounding = melody != REST_PITCH
    onsets = np.flatnonzero(struck & sounding)
    notes = melody[onsets]
    steps = np.abs(np.diff(notes)) if notes.size > 1 else np.zeros(1)
    foreign = ~np.isin((notes - fifths[onsets] * 7) % 12, MAJOR_SCALE)
    return {
        "strikes": onsets.size / melody.size,
        "rests": float((~sounding).mean()),
        "repeated": float((steps == 0).mean()),
        "interval": float(steps.mean()),
        "foreign": float(foreign.mean()) if notes.size else 0.0,
        "height": float(notes.mean()) if notes.size else 0.0,
    }


def strangeness(
    melody: np.ndarray, struck: np.ndarray, fifths: np.ndarray, usual: dict[str, tuple[float, float]]
) -> float:
    """How far a melody's traits lie from what is usual: the mean of the squared deviations."""
    found = traits(melody, struck, fifths)
    return float(np.mean([((found[name] - mean) / deviation) ** 2 for name, (mean, deviation) in usual.items()]))
