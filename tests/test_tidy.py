"""What nobody would write is left out. More of `theory.tidy` is held by test_hands."""

from __future__ import annotations

import pytest

from scoreassist.grid.roll import RollNote
from scoreassist.theory.tidy import without_leaps

EIGHTHS = range(0, 33, 2)


@pytest.mark.parametrize(
    ("tick", "pitch", "kept"),
    [(3, 65, False), (4, 65, True), (4, 78, False), (3, 58, True), (9, 78, True)],
    ids=["a leap for a sixteenth", "on an eighth", "over two octaves", "within an octave", "alone"],
)
def test_a_left_hand_does_not_leap_too_far(tick: int, pitch: int, kept: bool) -> None:

    octaves = [RollNote(0, 39, 2), RollNote(2, 39, 1), RollNote(2, 51, 1), RollNote(5, 51, 1)]
    note = RollNote(tick, pitch, 1)
    assert (note in without_leaps([*octaves, note], [], EIGHTHS)) is kept


def test_given_notes_count_as_what_the_hand_strikes() -> None:

    note = RollNote(3, 78, 1)
    assert without_leaps([note], [RollNote(2, 39, 1)], EIGHTHS) == []
    assert without_leaps([note], [RollNote(2, 70, 1)], EIGHTHS) == [note]
