"""Chords and voice leading, judged as in a textbook of harmony."""

from __future__ import annotations

import numpy as np
import pytest

from scoreassist.theory.harmony import OTHER, SEVENTH, SUBSET, TRIAD, chord_class, chord_classes
from scoreassist.theory.voice_leading import (
    FIFTH,
    OCTAVE,
    crossings,
    onsets,
    parallels,
    wide_spacings,
)

NAMES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}


def midi(name: str) -> int:
    if name == "r":
        return -1
    signs = name[1:-1]
    return NAMES[name[0]] + signs.count("#") - signs.count("b") + 12 * (int(name[-1]) + 1)


def voices(*lines: str) -> np.ndarray:
    """Lines of pitch names, highest first, a name a tick: (voices, ticks)."""
    return np.array([[midi(name) for name in line.split()] for line in lines])


# --- chords ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chord", "kind"),
    [
        ("c3 g3 e4 c5", TRIAD),  # major
        ("a2 e3 c4 a4", TRIAD),  # minor
        ("b2 f3 d4 b4", TRIAD),  # diminished
        ("c3 g#3 e4 c5", TRIAD),  # augmented
        ("e3 c4 g4 c5", TRIAD),  # first inversion
        ("g2 f3 b3 d4", SEVENTH),  # dominant
        ("d3 a3 c4 f4", SEVENTH),  # minor
        ("c3 g3 e4 b4", SEVENTH),  # major
        ("b2 f3 a3 d4", SEVENTH),  # half diminished
        ("b2 f3 ab3 d4", SEVENTH),  # diminished
        ("a2 e3 c4 g#4", SEVENTH),  # minor with a major seventh
        ("f3 g3 b3 d4", SEVENTH),  # third inversion
        ("c3 g3 c4 c5", SUBSET),  # without its third
        ("c3 e3 c4 e4", SUBSET),
        ("g2 f3 b3 f4", SUBSET),  # a dominant seventh without its fifth
        ("c3 c4 c5 c5", SUBSET),
        ("r r r r", SUBSET),
        ("c3 r r r", SUBSET),
        ("r e4 g4 c5", TRIAD),
        ("c3 d3 e3 f3", OTHER),
        ("c3 g3 c4 f4", OTHER),  # a suspended fourth
        ("c3 e3 g3 a#3", SEVENTH),  # by pitch class, so B flat
        ("c3 c#3 d3 r", OTHER),
        ("c3 e3 f#3 b3", OTHER),
    ],
)
def test_what_sounds_together_is_a_triad_a_seventh_chord_a_part_of_one_or_nothing(chord: str, kind: int):
    assert chord_class(voices(*chord.split())).tolist() == [kind]


@pytest.mark.parametrize("shift", range(12))
def test_a_chord_stays_what_it_is_in_every_key(shift: int):
    chords = voices("g4 g4 g4 g4", "e4 eb4 d4 f4", "c4 c4 b3 c4", "c3 c3 f3 c3")
    assert chord_class(chords + shift).tolist() == [TRIAD, TRIAD, SEVENTH, OTHER]


def test_there_are_as_many_chords_as_a_count_by_hand_finds():
    classes = chord_classes()
    # 12 major, minor and diminished triads each, but only 4 augmented ones, for they divide the octave evenly.
    assert (classes == TRIAD).sum() == 3 * 12 + 4
    # Six kinds of seventh chords, of which the diminished ones are only 3.
    assert (classes == SEVENTH).sum() == 5 * 12 + 3
    # Parts of these: silence, 12 single notes, all 66 pairs but the 12 of a semitone that no seventh chord ...
    assert classes[0] == SUBSET
    assert all(classes[1 << note] == SUBSET for note in range(12))
    # ... lacks: a major seventh holds the semitone, so every pair is a part of some chord.
    assert all(classes[1 << one | 1 << two] == SUBSET for one in range(12) for two in range(one))


def test_chords_follow_the_ticks():
    assert chord_class(voices("c5 c5 d5", "e4 f4 f4", "g3 g3 g3", "c3 c3 b2")).tolist() == [TRIAD, OTHER, SEVENTH]


# --- parallels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upper", "lower", "fifths", "octaves"),
    [
        ("g4 a4", "c4 d4", [0, 1], [0, 0]),  # parallel fifths
        ("c5 d5", "c4 d4", [0, 0], [0, 1]),  # octaves
        ("c4 d4", "c4 d4", [0, 0], [0, 1]),  # unisons
        ("g5 a5", "c4 d4", [0, 1], [0, 0]),  # twelfths
        ("g4 g4", "c4 c4", [0, 0], [0, 0]),  # repeated, which is no motion
        ("g4 d5", "c4 g3", [0, 0], [0, 0]),  # in contrary motion
        ("a4 g4", "f4 c4", [0, 0], [0, 0]),  # a hidden fifth
        ("g4 a4", "c4 e4", [0, 0], [0, 0]),  # a fifth that becomes a fourth
        ("g4 r a4", "c4 r d4", [0, 0, 0], [0, 0, 0]),  # a rest between
        ("g4 g4 a4 a4 b4", "c4 c4 d4 d4 e4", [0, 0, 1, 0, 1], [0, 0, 0, 0, 0]),  # each where it arrives
        ("g4 f4", "c4 bb3", [0, 1], [0, 0]),  # falling
        ("gb4 f4", "c4 bb3", [0, 0], [0, 0]),  # a diminished fifth to a perfect one is another interval
    ],
)
def test_parallels_are_two_voices_in_the_same_interval_and_direction(
    upper: str, lower: str, fifths: list[int], octaves: list[int]
):
    pair = voices(upper, lower)
    assert parallels(pair, FIFTH).tolist() == fifths
    assert parallels(pair, OCTAVE).tolist() == octaves


def test_every_pair_of_voices_is_counted():
    # Bass and tenor in fifths, bass and soprano in octaves; tenor and soprano are in fourths.
    moving = voices("c5 d5", "e4 f#4", "g3 a3", "c3 d3")
    assert parallels(moving, FIFTH).tolist() == [0, 1]
    assert parallels(moving, OCTAVE).tolist() == [0, 1]


def test_two_voices_that_cross_in_fifths_are_not_parallel():
    # The interval class counts above the lower note: G over C, then D under A.
    assert parallels(voices("g4 d4", "c4 a4"), FIFTH).tolist() == [0, 0]


# --- crossing, spacing, onsets ---------------------------------------------------------------------------


def test_crossings_are_neighbours_of_which_the_lower_sounds_above():
    ticks = voices("c5 c5 c5 e4", "e4 d5 e4 r", "g3 g3 f4 f4", "c3 c3 c3 g4")
    assert crossings(ticks).tolist() == [0, 1, 1, 1]


def test_a_unison_is_no_crossing():
    assert crossings(voices("c5", "c5", "c5", "c5")).tolist() == [0]


def test_upper_voices_more_than_an_octave_apart_are_wide():
    ticks = voices("c5 c#5 c5 r", "c4 c4 c4 c4", "c3 c3 b2 b2", "c2 c2 c2 c2")
    assert wide_spacings(ticks).tolist() == [0, 1, 1, 1]


def test_the_bass_may_lie_as_far_below_as_it_likes():
    assert wide_spacings(voices("c5", "g4", "e4", "c2")).tolist() == [0]


def test_an_onset_is_a_tick_at_which_any_voice_begins_a_note():
    pitch = voices("c5 c5 d5 d5 r", "e4 e4 e4 e4 e4")
    struck = np.array([[1, 0, 1, 0, 1], [1, 0, 0, 1, 0]], dtype=bool)
    assert onsets(pitch, struck) == 3  # the rest's first tick is none
