"""Wishes that contradict each other whatever the score is: a table of pairs, asked before anything is read.

What contradicts the score, or another wish in this score only, is found where it is compiled (`demands`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING

from scoreassist.errors import RequestError
from scoreassist.score.singers import VOICES
from scoreassist.wishes.parsing import ALLOW, FORBID

if TYPE_CHECKING:
    from scoreassist.wishes.table import Wishes

LEAST_COPY = 1.0  # beats; a shorter stretch is a chord, which everybody has written


def _strict_with_rule(wishes: Wishes) -> str | None:
    for rule, strength in wishes.rules:
        if wishes.strict and strength != FORBID:
            return f"--strict and --rule {rule}={strength} contradict each other; leave one out"
    return None


def _ranges_that_cross(wishes: Wishes) -> str | None:
    if wishes.strengths["crossing"] == ALLOW:
        return None
    for upper, lower in combinations(range(len(VOICES)), 2):
        above, below = wishes.range_of(upper), wishes.range_of(lower)
        if above and below and above[1] < below[0]:
            return (
                f"--range {VOICES[upper]} and --range {VOICES[lower]} contradict each other: every note would"
                " cross; write --rule crossing=allow, or other ranges"
            )
    return None


def _short_copies(wishes: Wishes) -> str | None:
    if wishes.max_copy is not None and wishes.max_copy < LEAST_COPY:
        return (
            f"--max-copy {wishes.max_copy:g} is less than a beat, and any chord has been written before;"
            " write --max-copy 4"
        )
    return None


PAIRS: tuple[Callable[[Wishes], str | None], ...] = (
    _strict_with_rule,
    _ranges_that_cross,
    _short_copies,
)


def refuse(wishes: Wishes) -> None:
    """Refuse wishes of which two contradict each other.

    Raises
    ------
    RequestError
        Naming both flags.
    """
    for pair in PAIRS:
        if (what := pair(wishes)) is not None:
            raise RequestError(what)


def refuse_near(wishes: Wishes) -> None:
    """Refuse nearness to what stood there where nothing is varied.

    Raises
    ------
    RequestError
    """
    if wishes.near is not None:
        raise RequestError("--near says how close a variation keeps; use it with scoreassist vary")
