"""Which notes a key has, and which key a piece is in at every tick."""

from __future__ import annotations

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.theory.cadence import likelier_key
from scoreassist.theory.keys import Key

# Above the tonic, by (tonality, minor). In minor the sixth and the seventh degree are of both kinds.
SCALES: dict[tuple[str, bool], tuple[int, ...]] = {
    ("diatonic", False): (0, 2, 4, 5, 7, 9, 11),
    ("diatonic", True): (0, 2, 3, 5, 7, 8, 9, 10, 11),
}
# The leading tones of V and vi and the seventh in the dominant of IV; in minor the leading tones of iv and V.
SCALES["harmonic", False] = (*SCALES["diatonic", False], 6, 8, 10)
SCALES["harmonic", True] = (*SCALES["diatonic", True], 4, 6)


def keys_along(grid: Grid, key: Key | None) -> tuple[np.ndarray, np.ndarray]:
    """The tonic and the mode at each tick.

    Parameters
    ----------
    grid : Grid
    key : Key, optional
        Of the whole piece, if that is known; else each key signature's major or minor key, judged by how long each
        pitch class is known to sound under it, and by the melody's last note.

    Returns
    -------
    tonic : int array (ticks,)
        Pitch class.
    minor : bool array (ticks,)
    """
    tonic, minor = np.zeros(grid.ticks, dtype=np.int64), np.zeros(grid.ticks, dtype=bool)
    if key is not None:
        return tonic + key.tonic, minor | key.minor
    sounding = grid.known & (grid.pitch != REST_PITCH)
    for fifths in np.unique(grid.fifths).tolist():
        here = grid.fifths == fifths
        heard = sounding & here
        weights = np.bincount(grid.pitch[heard] % 12, minlength=12).astype(float)
        signature = 0 if fifths == NO_KEY else fifths
        root, major = signature * 7 % 12, True
        if weights.std() > 0:
            last = int(np.flatnonzero(heard.any(axis=0))[-1])
            voice = int(np.flatnonzero(heard[:, last])[0])
            root, major = likelier_key(signature, weights, int(grid.pitch[voice, last]))
        tonic[here], minor[here] = root, not major
    return tonic, minor


def allowed_classes(tonality: str, tonic: np.ndarray, minor: np.ndarray) -> np.ndarray:
    """Pitch classes that a tonality has, bool (ticks, 12); `tonic` and `minor` as `keys_along` returns them."""
    found = np.zeros((len(tonic), 12), dtype=bool)
    for mode in (False, True):
        rows = np.flatnonzero(minor == mode)
        for step in SCALES[tonality, mode]:
            found[rows, (tonic[rows] + step) % 12] = True
    return found
