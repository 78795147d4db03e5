"""How a piano roll is filled by gradient descent on the code."""

from __future__ import annotations

from dataclasses import dataclass

from scoreassist.errors import RequestError
from scoreassist.options import ITERATIONS, RESTARTS, SPREAD


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
        for name, low, high in (("iterations", 0, 10_000), ("restarts", 1, 256), ("temperature", 0, 10)):
            if not low <= (value := getattr(self, name)) <= high:
                raise RequestError(f"{name} is {value}; it must lie between {low} and {high}")
