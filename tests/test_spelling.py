"""Spelling: the names that a musician would give, found again from the pitches alone."""

from __future__ import annotations

import numpy as np
import pytest

from scoreassist.grid.voices import NO_KEY
from scoreassist.theory.spelling import spell
from scoreassist.writing.pen import spelled

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
    known = {(voice, tick * quarter): place(name) for (voice, tick), name in (given or {}).items()}
    places = spell(pitch, np.full(pitch.shape[1], fifths), known)
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


@pytest.mark.parametrize(
    ("fifths", "voices"),
    [
        (-3, ("f#5 g5", "c5 b4", "c4 d4", "ab3 g3")),  # Italian sixth
        (-3, ("f#5 g5", "d5 d5", "c4 b3", "ab3 g3")),  # French
        (-3, ("f#5 g5", "eb5 eb5", "c4 c4", "ab3 g3")),  # German
        (0, ("f#5 g5", "c5 c5", "eb4 e4", "ab3 g3")),  # German, in C major: no flat is in the signature
        (0, ("d#5 e5", "a4 g#4", "a3 b3", "f3 e3")),  # Italian, in A minor
        (1, ("a#4 b4", "e4 d#4", "e4 f#4", "c4 b3")),  # Italian, in E minor
        (-1, ("f5 e5", "d5 c#5", "g#4 a4", "bb3 a3")),  # German, in D minor
    ],
)
def test_augmented_sixths_widen_to_the_dominant(fifths: int, voices: tuple[str, ...]):
    # The raised fourth degree rises, the sixth falls: see any treatise, such as Piston's *Harmony*.
    assert found(fifths, *voices) == list(voices)


@pytest.mark.parametrize(
    ("fifths", "voices"),
    [
        (0, ("eb5 d5", "c5 b4", "a4 g4", "f#3 g3")),  # to the dominant of C minor
        (0, ("f5 e5", "d5 c5", "b4 a4", "g#3 a3")),  # to the sixth degree
        (0, ("bb4 a4", "g4 f4", "e4 d4", "c#4 d4")),  # to the second
        (0, ("c5 b4", "a4 g4", "f#4 e4", "d#4 e4")),  # to the third
        (-3, ("bb4 ab4", "g4 f4", "db4 c4", "e3 f3")),  # to the fourth degree of C minor
        (3, ("d5 c#5", "b4 a4", "g#4 f#4", "e#4 f#4")),  # to the sixth of A major
    ],
)
def test_diminished_sevenths_resolve_the_leading_tone_up_and_the_seventh_down(
    fifths: int, voices: tuple[str, ...]
):
    assert found(fifths, *voices) == list(voices)


@pytest.mark.parametrize(
    ("fifths", "voices"),
    [
        (0, ("a4 a4 g#4 a4", "f4 f4 e4 e4", "f4 d4 d4 c4", "d3 bb3 e3 a3")),  # A minor: the Neapolitan on its root
        (1, ("e5 f5 d#5 e5", "g4 a4 b4 b4", "b3 c4 f#4 g4", "e3 a3 b3 e3")),  # E minor
        (-1, ("d5 eb5 c#5 d5", "f4 g4 a4 a4", "a3 bb3 e4 f4", "d3 g3 a3 d3")),  # D minor
    ],
)
def test_the_neapolitan_is_a_lowered_second_degree(fifths: int, voices: tuple[str, ...]):
    assert found(fifths, *voices) == list(voices)


@pytest.mark.parametrize(
    ("fifths", "line"),
    [
        (0, "c4 c#4 d4 d#4 e4 f4 f#4 g4 g#4 a4"),
        (0, "a4 ab4 g4 f4 e4 eb4 d4"),
        (1, "g4 g#4 a4 a#4 b4 c5 c#5 d5"),
        (-1, "d5 c5 b4 bb4 a4 ab4 g4"),
        (-3, "c5 b4 bb4 a4 ab4 g4"),
        (4, "e4 e#4 f#4 f##4 g#4"),
    ],
)
def test_chromatic_lines_rise_by_sharps_and_fall_by_flats(fifths: int, line: str):
    assert found(fifths, line) == [line]


@pytest.mark.parametrize(
    ("fifths", "voices"),
    [
        # E flat minor under the signature of C minor, with its own sixth degree C flat.
        (
            -3,
            (
                "g4 ab4 bb4 bb4 cb5 bb4 ab4 gb4 f4 eb4 gb4 cb5 bb4 ab4 bb4",
                "eb4 f4 f4 gb4 ab4 gb4 f4 eb4 d4 eb4 eb4 ab4 gb4 f4 gb4",
                "bb3 c4 d4 eb4 eb4 eb4 cb4 bb3 bb3 bb3 bb3 eb4 eb4 d4 eb4",
                "eb3 d3 bb2 eb3 ab3 eb3 d3 eb3 ab3 gb3 eb3 ab2 bb2 bb2 eb3",
            ),
        ),
        # C sharp minor under the signature of A major, with its leading tone B sharp.
        (
            3,
            (
                "c#5 b4 a4 g#4 g#4 f#4 e4 d#4 e4 g#4 a4 g#4 f##4 g#4 g#4",
                "a4 g#4 e4 e4 d#4 d#4 c#4 b#3 c#4 e4 f#4 e4 d#4 d#4 e4",
                "e4 e4 c#4 b#3 b#3 a3 g#3 g#3 g#3 c#4 c#4 c#4 a#3 b#3 c#4",
                "a3 e3 a3 g#3 g#3 f#3 c#3 g#3 c#3 c#3 f#3 c#3 d#3 g#3 c#3",
            ),
        ),
    ],
    ids=["flatter", "sharper"],
)
def test_a_key_that_the_signature_does_not_name_is_heard_in_the_music(fifths: int, voices: tuple[str, ...]):
    assert found(fifths, *voices) == list(voices)


@pytest.mark.parametrize("line", ["c5 eb5 eb5 eb5 d5", "c5 d#5 d#5 d#5 e5", "g4 ab4 ab4 g4", "a4 g#4 g#4 a4"])
def test_a_repeated_pitch_has_the_spelling_that_leads_on(line: str):
    assert found(0, line) == [line]


def test_a_repeated_pitch_keeps_its_spelling_when_the_chord_under_it_changes():
    # Over C minor the same key of the piano would be E flat; it was D sharp a beat before, and goes on to E.
    assert found(0, "d#5 d#5 e5", "b4 c5 b4", "f#4 g4 g#4")[0] == "d#5 d#5 e5"


def test_a_repeated_pitch_follows_the_one_that_is_given():
    assert found(0, "f4 gb4 gb4 gb4 g4", given={(0, 2): "gb4"}) == ["f4 gb4 gb4 gb4 g4"]


def test_two_given_spellings_of_a_repeated_pitch_are_both_kept():
    assert found(0, "e5 d#5 eb5 d5", given={(0, 1): "d#5", (0, 2): "eb5"}) == ["e5 d#5 eb5 d5"]


def test_a_given_spelling_of_another_pitch_is_not_believed():
    # Two notes finer than a sixteenth share a tick: the grid has the longer one, the spelling is the other's.
    assert found(0, "c4 g4 g4", given={(0, 1): "f#4"}) == ["c4 g4 g4"]


@pytest.mark.parametrize("fifths", [-40, -11, 11, 40])
def test_no_signature_is_so_remote_that_a_pitch_has_no_spelling(fifths: int):
    pitch = np.arange(60, 72)[None]
    places = spell(pitch, np.full(12, fifths), {})
    assert (places * 7 % 12 == pitch % 12).all()
    assert all(abs(spelled(int(place))[1]) <= 2 for place in places[0])


@pytest.mark.parametrize(("fifths", "line"), [(1, "a4 d5 c#5 b4 a#4 a#4 b4"), (0, "e4 d#4 e4 d#4 e4")])
def test_lines_in_unison_are_spelled_as_one_of_them_alone(fifths: int, line: str):
    assert found(fifths, *[line] * 4) == [line] * 4


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
    places = spell(np.array([[SILENCE, 66]]), np.zeros(2, dtype=int), {})
    assert places.tolist() == [[0, 6]]


def test_a_held_note_has_one_spelling_over_all_its_ticks():
    pitch = np.array([[66, 66, 66, 66, 67, 67]])
    assert spell(pitch, np.zeros(6, dtype=int), {}).tolist() == [[6, 6, 6, 6, 1, 1]]


def test_spellings_move_with_the_key():
    # What is F sharp minor in one place is A minor three places lower on the line of fifths.
    voices = ("e5 e5 d5 c5", "b4 c5 b4 a4", "g#4 a4 g#4 e4", "e3 a3 e3 a3")
    pitch = np.array([[midi(name) for name in voice.split()] for voice in voices])
    here = spell(pitch, np.zeros(4, dtype=int), {})
    for semitones, fifths in ((9, 3), (2, 2), (5, -1), (10, -2)):
        assert (spell(pitch + semitones, np.full(4, fifths), {}) == here + fifths).all()
