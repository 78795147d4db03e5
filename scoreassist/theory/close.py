"""How a rag closes: the tonic in the left hand's last octave, on the last beat of the melody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoreassist.grid.melody_mask import WHOLE_TONE
from scoreassist.grid.roll import LOWEST_KEY, Roll
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.theory.cadence import likelier_key

BEAT = 4  # ticks
OCTAVE = 12
# 24 of the 27 training rags close with the tonic in the bass, 26 on the second beat; the lowest tonic there.
LOWEST_TONIC = 32
TRIADS = {True: (0, 4, 7), False: (0, 3, 7)}


def settle_close(roll: Roll, free: np.ndarray, minor: bool | None = None) -> Roll:
    """A roll whose left hand, where it is free to close as it likes, strikes the tonic last, in an octave.

    Parameters
    ----------
    roll : Roll
        With its melody.
    free : bool array (ticks,)
        Where the left hand is to be filled.
    minor : bool, optional
        Which of the two keys of the signature; default the one that the melody speaks for.

    Returns
    -------
    Roll
        The tonic is among its known cells. Unchanged where the left hand is not free to the end of the melody, or
        plays on after it, or the melody does not end on a note of the tonic triad.
    """
    sounding = np.flatnonzero(roll.melody != REST_PITCH)
    if not sounding.size:
        return roll
    stop = int(sounding[-1]) + 1
    beats = np.flatnonzero(roll.place[:stop] % BEAT == 0)
    tick = int(beats[-1]) if beats.size else stop
    left = roll.sounding & ~roll.right
    if stop - tick > BEAT or not free[tick:stop].all() or left[:, stop:].any():
        return roll
    tonic, major = (
        _key(roll, tick) if minor is None else ((roll.fifths[tick] * 7 + (9 if minor else 0)) % 12, not minor)
    )
    last = int(roll.melody[stop - 1])
    if (last - tonic) % 12 not in TRIADS[major]:
        return roll
    low = LOWEST_TONIC + int(tonic - LOWEST_TONIC) % 12
    ceiling = int(roll.melody[tick:stop].min(initial=127, where=roll.melody[tick:stop] != REST_PITCH)) - WHOLE_TONE
    keys = [pitch - LOWEST_KEY for pitch in (low, low + OCTAVE) if pitch < ceiling]
    struck, sounds, known = roll.struck.copy(), roll.sounding.copy(), roll.known.copy()
    for key in keys:
        struck[key, tick] = True
        sounds[key, tick:stop] = True
        known[key, tick:stop] = True
    known[: low + OCTAVE - LOWEST_KEY, tick] = True  # nothing is struck below or between,
    known[:, tick + 1 :] = True  # nor after it
    return replace(roll, struck=struck, sounding=sounds, known=known)


def _key(roll: Roll, tick: int) -> tuple[int, bool]:
    """Tonic and mode at a tick, by the melody."""
    fifths = int(roll.fifths[tick])
    here = (roll.melody != REST_PITCH) & (roll.fifths == fifths)
    weights = np.bincount(roll.melody[here] % 12, minlength=12).astype(float)
    if weights.std() == 0:
        return fifths * 7 % 12, True
    return likelier_key(fifths, weights, int(roll.melody[roll.melody != REST_PITCH][-1]))
