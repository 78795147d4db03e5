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


def test_a_wide_oom_pah_keeps_its_bass() -> None:
    basses = [RollNote(tick, 36, 2) for tick in (0, 4, 8)]
    chords = [RollNote(tick, midi, 2) for tick in (2, 6) for midi in (62, 65)]
    assert without_leaps([*basses, *chords], [], EIGHTHS) == basses


def test_an_octave_of_which_one_note_is_in_reach_stays_whole() -> None:
    octave = [RollNote(2, 32, 2), RollNote(2, 44, 2)]
    assert without_leaps([RollNote(0, 60, 2), *octave], [], EIGHTHS) == [RollNote(0, 60, 2), *octave]
