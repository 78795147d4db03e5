"""How a piano roll is filled by gradient descent on the code."""

from __future__ import annotations

from dataclasses import dataclass

from scoreassist.options import ITERATIONS, RESTARTS, SPREAD
from scoreassist.result import SEARCH_LIMITS, check_limits


@dataclass(frozen=True)
class ManipulationOptions:
    """Options of a fill.

    Attributes
    ----------
    seed : int
    iterations : int
        Steps of gradient descent on the code, in all rounds together; 0 takes the encoder's codes as they are.
    restarts : int
        Codes that are descended from at once; the answer that agrees best with the others is kept.
    temperature : float
        Scales the spread of the codes to begin with, in standard deviations of the encoder's.

    Raises
    ------
    RequestError
        One of them is out of its limits.
    """

    seed: int = 0
    iterations: int = ITERATIONS
    restarts: int = RESTARTS
    temperature: float = SPREAD

    def __post_init__(self) -> None:
        check_limits(self, (*SEARCH_LIMITS, ("restarts", 1, 256)))
