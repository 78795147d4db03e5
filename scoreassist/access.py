"""What of a pianist's score may be written: which metres are taken, and what each hand may do at each tick."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from itertools import chain

import numpy as np

from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.grid.given_notes import undivided
from scoreassist.grid.holes import changing_divisions, keep_whole, off_the_sixteenths
from scoreassist.grid.roll import LEFT, RIGHT
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.regions import Region
from scoreassist.score.singers import Choir
from scoreassist.score.timeline import Measure, Timeline
from scoreassist.theory.hands import FREE, JOINED, KEPT

# Time signatures, as beats and beat type, that are read as one or two measures of 2/4.
DUPLE = ((2, 4), (4, 8), (1, 2), (4, 4), (2, 2))


def check_regions(timeline: Timeline, hands: Choir, regions: Collection[Region]) -> None:
    """Refuse what cannot be filled as a rag.

    Raises
    ------
    UnsupportedError
        A measure that is to be filled has another metre; or as `check_grid` says.
    RequestError
        Slash noteheads ask for a rhythm.
    """
    name = timeline.score.name
    if any(region.by == "slashes" for region in regions):
        raise RequestError(
            "slash noteheads are not obeyed in ragtime; mark with the word “complete”, or name measures with"
            " --measures",
            source=name,
        )
    for measure in timeline.measures:
        metre = measure.metre
        if _meets(measure, regions) and (metre is None or (metre.beats, metre.beat_type) not in DUPLE):
            named = "no metre" if metre is None else f"the metre {metre}"
            raise UnsupportedError(
                f"has {named}, and rags are in 2/4; write the melody in 2/4, 4/8, 2/2 or 4/4,"
                " or harmonize it as a chorale, without --style",
                source=name,
                measure=measure.number,
            )
    if regions:
        check_grid(timeline, hands, regions)


def check_grid(timeline: Timeline, hands: Choir, regions: Collection[Region]) -> None:
    """Refuse a score that sixteenths cannot hold.

    Raises
    ------
    UnsupportedError
        Some measure does not last a whole number of sixteenths, so that all that follow would be off the grid; or
        one that regions meet changes its divisions.
    """
    for measure in timeline.measures:
        found = [off_the_sixteenths(measure)]
        if _meets(measure, regions):
            rows = [singer.part.measures[measure.index :][:1] for singer in hands.singers.values()]
            found += [changing_divisions(row) for row in chain.from_iterable(rows)]
        what = next(filter(None, found), None)
        if what is not None:
            raise UnsupportedError(
                f"{what}; mend it, or export again from a notation program",
                source=timeline.score.name,
                measure=measure.number,
            )


def _meets(measure: Measure, regions: Collection[Region]) -> bool:
    return any(region.start < measure.onset + measure.length and measure.onset < region.end for region in regions)


def access_of(
    timeline: Timeline,
    hands: Choir,
    regions: Collection[Region],
    *,
    join: bool,
    kept: Collection[Region] = (),
) -> np.ndarray:
    """What each hand may do at each tick: int array (2, ticks) of `KEPT`, `JOINED`, `FREE`.

    Parameters
    ----------
    timeline : Timeline
    hands : Choir
        As `score.hands.find_hands` finds them.
    regions : collection of Region
        What is to be filled; their voices are hands. A note that reaches over the edge of a region, itself, by a
        tie or with its tuplet, is kept whole.
    join : bool
        Whether, where the left hand is filled, new notes may stand below the notes of the right one: below those
        that do not last beyond.
    kept : collection of Region, optional
        Where even that is not wanted.
    """
    free = _covered(timeline, hands, regions)
    for hand, singer in hands.singers.items():
        keep_whole(free[hand], undivided(timeline, singer))
    access = np.where(free, FREE, KEPT)
    if join:
        joined = free[LEFT] & ~free[RIGHT] & ~_covered(timeline, hands, kept)[RIGHT]
        keep_whole(joined, undivided(timeline, hands.singers[RIGHT]))
        access[RIGHT, joined] = JOINED
    return access


def closed_of(timeline: Timeline, hands: Choir, regions: Collection[Region], access: np.ndarray) -> list[Region]:
    """What regions cover and `access` keeps: a note that reaches over their edge."""
    return stretches_of(_covered(timeline, hands, regions) & (access != FREE), "kept")


def stretches_of(cells: np.ndarray, by: str) -> list[Region]:
    """Cells of hands, bool (2, ticks), as regions."""
    regions = []
    for hand, row in enumerate(cells):
        edges = np.flatnonzero(np.diff(np.pad(row, 1).astype(int)))
        for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            regions.append(Region(hand, Fraction(first, TICKS_PER_QUARTER), Fraction(end, TICKS_PER_QUARTER), by))
    return regions


def _covered(timeline: Timeline, hands: Choir, regions: Collection[Region]) -> np.ndarray:
    """Ticks that lie in regions and in measures that the hand's part has: bool (2, ticks)."""
    covered = np.zeros((2, ticks_of(timeline)), dtype=bool)
    for region in regions:
        last = timeline.measures[len(hands.singers[region.voice].part.measures) - 1]
        end = min(region.end, last.onset + last.length)
        start, stop = -(-region.start * TICKS_PER_QUARTER // 1), end * TICKS_PER_QUARTER // 1
        covered[region.voice, int(start) : int(stop)] = True
    return covered


def ticks_of(timeline: Timeline) -> int:
    """How many sixteenths a score lasts."""
    last = timeline.measures[-1]
    return int((last.onset + last.length) * TICKS_PER_QUARTER)
