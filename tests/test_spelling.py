"""Spelling: the names that a musician would give, found again from the pitches alone."""

from __future__ import annotations

import numpy as np
import pytest

from scoreassist.grid.voices import NO_KEY
from scoreassist.score.writing import spelled
from scoreassist.theory.spelling import note_spans, spell

FIFTHS = {"f": -1, "c": 0, "g": 1, "d": 2, "a": 3, "e": 4, "b": 5}
SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
SILENCE = -1


def place(name: str) -> int:
    """Place on the line of fifths: ``f#`` is 6, ``bb`` (B flat) -2."""
    signs = name[1:].rstrip("0123456789")
    return FIFTHS[name[0]] + 7 * (signs.count("#") - signs.count("b"))


def midi(name: str) -> int:
    if name == "r":
        return SILENCE
    signs, octave = name[1:].rstrip("0123456789"), int(name[-1])
    return SEMITONES[name[0]] + signs.count("#") - signs.count("b") + 12 * (octave + 1)


def found(
    fifths: int, *voices: str, given: dict[tuple[int, int], str] | None = None, quarter: int = 4
) -> list[str]:
    """The voices with the spellings found; each is a line of quarters, all of which are struck."""
    rows = [voice.split() for voice in voices]
    pitch = np.repeat(np.array([[midi(name) for name in row] for row in rows]), quarter, axis=1)
    struck = np.zeros_like(pitch, dtype=bool)
    struck[:, ::quarter] = True
    known = {(voice, tick * quarter): place(name) for (voice, tick), name in (given or {}).items()}
    places = spell(pitch, struck, np.full(pitch.shape[1], fifths), known)
    result = []
    for voice, row in enumerate(rows):
        names = []
        for tick, name in enumerate(row):
            step, alter = spelled(int(places[voice, tick * quarter]))
            sign = "#" * alter if alter > 0 else "b" * -alter
            sounding = midi(name)
            octave = "" if sounding == SILENCE else str((sounding - alter) // 12 - 1)
            names.append("r" if sounding == SILENCE else f"{step.lower()}{sign}{octave}")
        result.append(" ".join(names))
    return result


SCALES = {
    -7: "cb4 db4 eb4 fb4 gb4 ab4 bb4 cb5",
    -6: "gb4 ab4 bb4 cb5 db5 eb5 f5 gb5",
    -3: "eb4 f4 g4 ab4 bb4 c5 d5 eb5",
    -1: "f4 g4 a4 bb4 c5 d5 e5 f5",
    0: "c4 d4 e4 f4 g4 a4 b4 c5",
    2: "d4 e4 f#4 g4 a4 b4 c#5 d5",
    4: "e4 f#4 g#4 a4 b4 c#5 d#5 e5",
    6: "f#4 g#4 a#4 b4 c#5 d#5 e#5 f#5",
    7: "c#4 d#4 e#4 f#4 g#4 a#4 b#4 c#5",
}


@pytest.mark.parametrize("fifths", SCALES)
def test_the_scale_of_a_signature_is_spelled_by_it(fifths: int):
    assert found(fifths, SCALES[fifths]) == [SCALES[fifths]]


@pytest.mark.parametrize(
    ("fifths", "line"),
    [
        (0, "a4 g#4 a4 b4 c5 b4 a4"),  # A minor
        (0, "e4 f#4 g#4 a4"),  # melodic minor, rising
        (1, "e4 d#4 e4"),  # E minor
        (2, "b4 a#4 b4"),  # B minor
        (3, "f#4 e#4 f#4"),  # F sharp minor
        (5, "g#4 f##4 g#4"),  # G sharp minor
        (-1, "d4 c#4 d4 f4 e4 d4"),  # D minor
        (-2, "g4 f#4 g4 eb5 d5"),  # G minor
        (-3, "c5 b4 c5 ab4 g4"),  # C minor
        (-4, "f4 e4 f4 db5 c5"),  # F minor
        (-5, "bb4 a4 bb4 gb4 f4"),  # B flat minor
        (-6, "eb4 d4 eb4 cb5 bb4"),  # E flat minor
    ],
)
def test_leading_tones_of_minor_are_raised_and_sixths_are_not(fifths: int, line: str):
    assert found(fifths, line) == [line]


@pytest.mark.parametrize("line", ["e5 d#5 e5", "d5 eb5 d5", "c5 d5 d#5 e5", "g5 e5 eb5 d5", "d#5 e5", "eb5 d5"])
def test_a_note_as_far_from_the_key_either_way_is_a_diatonic_semitone_from_its_neighbour(line: str):
    # In C major E flat and D sharp are equally far away; what follows counts more than what came.
    assert found(0, line) == [line]


@pytest.mark.parametrize(
    ("fifths", "voices"),
    [
        (0, ("c5 d5 b4 c5", "a4 a4 g4 g4", "f#4 f#4 d4 e4", "d3 d3 g3 c3")),  # to the dominant
        (0, ("e5 d5", "c#5 d5", "g4 f4", "a3 d4")),  # to the second degree
        (0, ("e5 e5", "d5 c5", "g#4 a4", "b3 a3")),  # to the sixth
        (0, ("c5 c5", "bb4 a4", "g4 f4", "e4 f4")),  # a seventh on the tonic, to the fourth
        (-3, ("ab4 g4 g4", "f4 d4 eb4", "db4 b3 c4", "f3 g3 c3")),  # the Neapolitan sixth
        (-3, ("ab4 g4", "f4 eb4", "d4 c4", "b3 c4")),  # a diminished seventh
        (3, ("c#5 c#5 b4 a4", "g#4 a4 g#4 e4", "e#4 f#4 e4 c#4", "c#4 f#3 e3 a3")),  # A major by its sixth degree
    ],
)  # fmt: skip
def test_chords_that_the_key_does_not_have_are_spelled_by_where_they_go(fifths: int, voices: tuple[str, ...]):
    assert found(fifths, *voices) == list(voices)


def test_the_same_pitch_is_spelled_differently_in_another_key():
    assert found(4, "b4 d#5 e5") == ["b4 d#5 e5"]
    assert found(-3, "b4 eb5 d5") == ["b4 eb5 d5"]


def test_a_given_spelling_is_kept_and_others_follow_it():
    assert found(0, "cb5 c5 b4", given={(0, 0): "cb5"})[0].startswith("cb5 ")
    # A sharp instead of B flat in C major: the third below it is F sharp and not G flat.
    assert found(0, "a#4", "f#4", given={(0, 0): "a#4"}) == ["a#4", "f#4"]
    assert found(0, "bb4", "gb4", "eb4", given={(0, 0): "bb4", (2, 0): "eb4"}) == ["bb4", "gb4", "eb4"]


def test_without_a_key_c_major_is_assumed():
    assert found(NO_KEY, "c4 f#4 g4 bb4 a4") == found(0, "c4 f#4 g4 bb4 a4")


def test_silence_has_no_spelling():
    assert found(0, "c4 r r d4") == ["c4 r r d4"]
    places = spell(np.array([[SILENCE, 66]]), np.array([[True, True]]), np.zeros(2, dtype=int), {})
    assert places.tolist() == [[0, 6]]


def test_a_held_note_has_one_spelling_over_all_its_ticks():
    pitch = np.array([[66, 66, 66, 66, 67, 67]])
    struck = np.array([[True, False, False, False, True, False]])
    assert spell(pitch, struck, np.zeros(6, dtype=int), {}).tolist() == [[6, 6, 6, 6, 1, 1]]


def test_spellings_move_with_the_key():
    # What is F sharp minor in one place is A minor three places lower on the line of fifths.
    voices = ("e5 e5 d5 c5", "b4 c5 b4 a4", "g#4 a4 g#4 e4", "e3 a3 e3 a3")
    pitch = np.array([[midi(name) for name in voice.split()] for voice in voices])
    struck = np.ones_like(pitch, dtype=bool)
    here = spell(pitch, struck, np.zeros(4, dtype=int), {})
    for semitones, fifths in ((9, 3), (2, 2), (5, -1), (10, -2)):
        assert (spell(pitch + semitones, struck, np.full(4, fifths), {}) == here + fifths).all()


@pytest.mark.parametrize(
    ("pitch", "struck", "spans"),
    [
        ([60, 60, 62, 62], [1, 0, 1, 0], [(0, 2), (2, 4)]),
        ([60, 60, 60, 60], [1, 0, 1, 0], [(0, 2), (2, 4)]),  # struck again
        ([60, 62, 62, 60], [0, 0, 0, 0], [(0, 1), (1, 3), (3, 4)]),  # another pitch is another note
        ([-1, -1, 60, -1], [1, 0, 1, 1], [(2, 3)]),
        ([-1, -1], [1, 1], []),
        ([60], [0], [(0, 1)]),
    ],
)
def test_notes_of_a_line_of_cells(pitch: list[int], struck: list[int], spans: list[tuple[int, int]]):
    assert note_spans(np.array(pitch), np.array(struck, dtype=bool)) == spans
