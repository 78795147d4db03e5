"""Sevenths fall and leading tones rise; expectations are those of any textbook of harmony."""

from __future__ import annotations

import numpy as np
import pytest

from scoreassist.theory.resolution import (
    LEADING_RISES,
    NO_TONIC,
    NOWHERE,
    SEVENTH_FALLS,
    doubled_leading,
    doubled_table,
    leading_table,
    obligations,
    seventh_table,
    unresolved,
)

C, D, E, F, G, A, B = 0, 2, 4, 5, 7, 9, 11
F_SHARP, A_FLAT = 6, 8


def mask(*classes: int) -> int:
    return sum(1 << pitch for pitch in classes)


@pytest.mark.parametrize(
    ("classes", "tonic", "seventh"),
    [
        ((G, B, D, F), NO_TONIC, F),
        ((G, B, F), NO_TONIC, F),  # without its fifth
        ((D, F, A, C), NO_TONIC, C),
        ((B, D, F, A_FLAT), C, A_FLAT),  # of C minor
        ((B, D, F, A_FLAT), NO_TONIC, NOWHERE),  # which of four roots?
        ((G, B, D), C, NOWHERE),
    ],
)
def test_the_seventh_of_a_chord(classes, tonic, seventh):
    assert seventh_table()[tonic, mask(*classes)] == seventh


@pytest.mark.parametrize(
    ("classes", "tonic", "leading"),
    [
        ((G, B, D), C, B),
        ((G, B, D), G, NOWHERE),  # the tonic triad
        ((B, D, F), C, B),
        ((D, F_SHARP, A, C), C, F_SHARP),  # the dominant of the dominant
        ((E, G, B), C, NOWHERE),  # the third degree is no dominant
        ((G, B, D), NO_TONIC, NOWHERE),
    ],
)
def test_the_leading_tone_of_a_chord(classes, tonic, leading):
    assert leading_table()[tonic, mask(*classes)] == leading


def test_a_leading_tone_alone_may_become_a_dominant_and_is_not_to_be_doubled():
    assert doubled_table()[C, mask(B)] == B
    assert doubled_table()[C, mask(B, E)] == NOWHERE


def columns(*chords: tuple[int, int, int, int]) -> np.ndarray:
    return np.array(chords).T


IN_C = {"level": np.zeros(8, dtype=int), "tonic": np.zeros(8, dtype=int)}


def judged(*chords: tuple[int, int, int, int]) -> dict[int, list[tuple[int, int]]]:
    """Voice and tick of what is unresolved, by obligation, of one chord a beat in C major."""
    pitch = columns(*chords)
    ticks = pitch.shape[1]
    found = unresolved(pitch, IN_C["level"][:ticks], IN_C["tonic"][:ticks])
    return {what: [(int(v), int(t)) for v, t in np.argwhere(bad)] for what, bad in found.items()}


DOMINANT = (71, 65, 62, 55)  # B4 F4 D4 G3


def test_a_dominant_seventh_that_resolves_is_no_fault():
    assert judged(DOMINANT, (72, 64, 60, 48)) == {SEVENTH_FALLS: [], LEADING_RISES: []}


def test_a_seventh_that_leaps_is_a_fault_and_so_is_a_leading_tone_that_falls_by_a_leap():
    assert judged(DOMINANT, (67, 67, 60, 48)) == {SEVENTH_FALLS: [(1, 1)], LEADING_RISES: [(0, 1)]}


def test_an_inner_leading_tone_may_fall_a_third_and_an_outer_one_not():
    assert judged((74, 71, 67, 55), (72, 67, 64, 48))[LEADING_RISES] == []
    assert judged((71, 67, 62, 55), (67, 64, 60, 48))[LEADING_RISES] == [(0, 1)]


def test_while_the_chord_goes_on_voices_may_exchange_its_notes():
    assert judged(DOMINANT, (65, 71, 62, 55)) == {SEVENTH_FALLS: [], LEADING_RISES: []}


def test_an_obligation_lasts_until_the_note_moves():
    pitch = columns(DOMINANT, DOMINANT, (71, 64, 62, 55), (72, 64, 60, 48))
    owed = obligations(pitch, np.array([0, 4, 3, 2]), np.zeros(4, dtype=int))
    assert owed[1].tolist() == [SEVENTH_FALLS, SEVENTH_FALLS, 0, 0]
    assert owed[0].tolist() == [LEADING_RISES, LEADING_RISES, LEADING_RISES, 0]


def test_between_beats_a_passing_seventh_owes_nothing():
    assert not obligations(columns(DOMINANT), np.array([3]), np.zeros(1, dtype=int)).any()


def test_two_leading_tones_on_a_beat_are_one_too_many():
    pitch = columns((71, 67, 59, 55), (71, 67, 62, 55))
    assert doubled_leading(pitch, np.zeros(2, dtype=int), np.zeros(2, dtype=int)).tolist() == [True, False]
