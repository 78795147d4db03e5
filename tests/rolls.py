"""Piano rolls from lists of notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scoreassist.grid.roll import KEYS, LOWEST_KEY, RollNote


def roll_of_notes(notes: Sequence[RollNote], ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """Struck and sounding cells, bool (88, ticks) each, of notes; what lies beyond the end is cut off."""
    struck, sounding = np.zeros((2, KEYS, ticks), dtype=bool)
    for note in notes:
        struck[note.midi - LOWEST_KEY, note.onset] = True
        sounding[note.midi - LOWEST_KEY, note.onset : note.onset + note.ticks] = True
    return struck, sounding
