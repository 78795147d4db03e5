"""A piece that is free to end as it likes ends on its tonic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoreassist.corpus import bare_grid
from scoreassist.grid.voices import Grid
from scoreassist.theory.cadence import final_chord, first_chord, last_note, settle_ending, tonic

HOLD = 0


def melody(pitches: list[int], fifths: int) -> Grid:
    """A soprano in quarters over three voices of which nothing is known."""
    pitch = np.zeros((4, 4 * len(pitches)), dtype=np.int64)
    pitch[0] = np.repeat(pitches, 4)
    grid = bare_grid(pitch)
    known = np.zeros(pitch.shape, dtype=bool)
    known[0] = True
    return replace(grid, known=known, fifths=np.full(pitch.shape[1], fifths))


def settled(grid: Grid) -> tuple[Grid, np.ndarray]:
    return settle_ending(grid, np.zeros(grid.pitch.shape, dtype=bool), np.full(grid.pitch.shape, -1), HOLD)


def test_a_melody_in_c_has_the_tonic_c_and_one_around_a_has_a():
    assert tonic(melody([60, 64, 67, 65, 62, 60], 0)) == (0, True)
    assert tonic(melody([69, 72, 71, 69, 76, 71, 69], 0)) == (9, False)


def test_without_a_signature_there_is_no_tonic():
    assert tonic(melody([60, 62, 60], 99)) is None


def test_the_last_note_begins_where_it_is_struck():
    assert last_note(melody([60, 62, 64], 0)) == (8, 64)
    assert last_note(melody([60, 62, 62], 0)) == (4, 62)  # equal neighbours are one held note


def test_the_bass_gets_the_tonic_under_the_last_note_and_nothing_moves_after_it():
    grid, rhythm = settled(melody([67, 69, 71, 72], 0))
    assert set(grid.pitch[3, 12:]) == {48}  # C3 is the C nearest to A2
    assert grid.known[3].tolist() == [False] * 12 + [True] * 4
    assert grid.struck[3, 12:].tolist() == [True, False, False, False]
    assert (rhythm[1:3, 13:] == HOLD).all()
    assert (rhythm[:, :13] != HOLD).all()


def test_a_last_note_outside_the_tonic_triad_is_left_alone():
    grid, _ = settled(melody([60, 64, 67, 62], 0))
    assert not grid.known[3].any()


def test_a_hole_that_goes_on_after_the_last_given_note_is_no_ending():
    grid = melody([67, 69, 71, 72, 72, 72], 0)
    grid.known[0, 12:] = False
    same, rhythm = settled(grid)
    assert not same.known[3].any()
    assert (rhythm != HOLD).all()


def test_over_a_given_bass_the_last_chord_is_the_tonic_triad_unless_something_given_is_not_in_it():
    given = melody([67, 69, 71, 72], 0)
    given.known[3], given.known[0], given.pitch[3] = True, False, 48
    nothing = np.zeros(given.pitch.shape, dtype=bool)
    assert final_chord(given, nothing) == (0, 4, 7)
    given.pitch[3, 12:] = 50
    assert final_chord(given, nothing) == ()


def test_a_given_bass_is_left_alone():
    given = melody([67, 69, 71, 72], 0)
    given.known[3] = True
    given.pitch[3] = 53
    grid, _ = settled(given)
    assert (grid.pitch[3] == 53).all()


def test_a_piece_whose_first_note_allows_it_begins_on_its_tonic_triad():
    nothing = np.zeros((4, 16), dtype=bool)
    assert first_chord(melody([72, 71, 69, 72], 0), nothing) == (0, 4, (0, 4, 7))
    assert first_chord(melody([71, 69, 71, 72], 0), nothing) is None  # B is not in it


def test_a_note_that_has_to_begin_with_the_last_one_is_settled_all_the_same():
    grid = melody([67, 69, 71, 72], 0)
    rhythm = np.full(grid.pitch.shape, -1)
    rhythm[1:, 12] = 1
    same, settled_rhythm = settle_ending(grid, np.zeros(grid.pitch.shape, dtype=bool), rhythm, HOLD)
    assert same.known[3, 12:].all()
    assert (same.pitch[3, 12:] % 12 == 0).all()
    assert settled_rhythm[1, 12:].tolist() == [1, HOLD, HOLD, HOLD]


def test_the_last_chord_holds_no_given_note_and_no_given_rhythm():
    given = melody([67, 69, 71, 72], 0)
    given.known[1, :14] = True  # the alto is given up to the middle of the last note
    given.pitch[1] = 64
    nothing, rhythm = np.zeros(given.pitch.shape, dtype=bool), np.full(given.pitch.shape, -1)
    rhythm[2, 12:] = [1, 0, 1, 0]
    _, settled_rhythm = settle_ending(given, nothing, rhythm, HOLD)
    assert settled_rhythm[1].tolist()[14:] == [-1, HOLD]
    assert settled_rhythm[2, 12:].tolist() == [1, 0, 1, 0]
