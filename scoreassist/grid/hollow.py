"""Rolls with holes: what is left of a piece where only its melody, its right hand or nothing is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoreassist.grid.melody_mask import melody_mask
from scoreassist.grid.roll import KEYS, LOWEST_KEY, Roll
from scoreassist.grid.vocabulary import REST_PITCH


def melody_cells(roll: Roll) -> tuple[np.ndarray, np.ndarray]:
    """Struck and sounding cells of the melody alone, bool (88, ticks) each."""
    ticks = np.flatnonzero(roll.melody != REST_PITCH)
    struck, sounding = np.zeros((2, KEYS, roll.ticks), dtype=bool)
    sounding[roll.melody[ticks] - LOWEST_KEY, ticks] = True
    struck[roll.melody[ticks] - LOWEST_KEY, ticks] = roll.melody_struck[ticks]
    return struck, sounding


def under_melody(roll: Roll, hole: np.ndarray | None = None) -> Roll:
    """A roll of which, in a hole, only the melody is given; by default the whole piece is one.

    Parameters
    ----------
    roll : Roll
    hole : bool array (ticks,), optional
    """
    hole = np.ones(roll.ticks, dtype=bool) if hole is None else hole
    struck, sounding = melody_cells(roll)
    return replace(
        roll,
        struck=np.where(hole, struck, roll.struck),
        sounding=np.where(hole, sounding, roll.sounding),
        right=np.where(hole, sounding, roll.right),
        known=np.where(hole, melody_mask(roll.melody), roll.known),
    )


def under_right_hand(roll: Roll, hole: np.ndarray | None = None) -> Roll:
    """A roll of which, in a hole, only the right hand is given."""
    hole = np.ones(roll.ticks, dtype=bool) if hole is None else hole
    given = melody_mask(roll.melody) | roll.right
    return replace(
        roll,
        struck=np.where(hole, roll.struck & roll.right, roll.struck),
        sounding=np.where(hole, roll.right, roll.sounding),
        known=np.where(hole, given, roll.known),
    )


def under_melody_with_left_hand(roll: Roll) -> Roll:
    """A roll of which the melody and the left hand are given."""
    struck, sounding = melody_cells(roll)
    left = roll.sounding & ~roll.right
    return replace(
        roll,
        struck=struck | (roll.struck & left),
        sounding=sounding | left,
        right=sounding & roll.right,
        known=melody_mask(roll.melody) | np.maximum.accumulate(left[::-1], axis=0)[::-1],
    )


def emptied(roll: Roll, hole: np.ndarray) -> Roll:
    """A roll of which nothing is given in a hole."""
    return replace(
        roll,
        struck=roll.struck & ~hole,
        sounding=roll.sounding & ~hole,
        right=roll.right & ~hole,
        known=roll.known & ~hole,
        melody=np.where(hole, REST_PITCH, roll.melody),
        melody_struck=roll.melody_struck & ~hole,
    )
