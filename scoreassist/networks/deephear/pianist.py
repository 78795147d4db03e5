"""What every model for piano can do: fill the hidden cells of a roll, rebuild rolls, invent some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from scoreassist.grid.roll import Roll
from scoreassist.networks.deephear.options import ManipulationOptions

Progress = Callable[[int, int], None]
"""Called with the steps done and the most that there may be."""


class Pianist(Protocol):
    """A model of piano rolls."""

    def fill(self, roll: Roll, options: ManipulationOptions, progress: Progress = ...) -> Roll:
        """A roll with its hidden cells chosen; known cells stay as they are."""
        ...

    def reconstruct(self, sounding: np.ndarray, struck: np.ndarray, fifths: np.ndarray) -> np.ndarray:
        """What sounds in windows, bool (n, 88, ticks), once they have gone through the code and back."""
        ...

    def generate(self, windows: int, seed: int) -> np.ndarray:
        """What random codes decode to, bool (windows, 88, 64)."""
        ...
