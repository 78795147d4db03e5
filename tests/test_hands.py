"""Who plays what, and what is too ragged to be written: the notes of piano rolls as text.

``0-2 c2 c3`` is a chord from the first sixteenth to the third. Expected hands are what a pianist would do; those
of Maple Leaf Rag are Joplin's.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreassist.files.document import open_score
from scoreassist.grid.roll import LEFT, RIGHT, RollNote, notes_of_roll, read_roll
from scoreassist.score.hands import piano_staves
from scoreassist.score.timeline import read_timeline
from scoreassist.theory.hands import FREE, JOINED, KEPT, split_hands
from scoreassist.theory.tidy import chords_in_turn, without_slivers

STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
NAMES = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")


def notes(text: str) -> list[RollNote]:
    """``0-2 c2 c3, 4-8 e4`` as notes."""
    found = []
    for chord in filter(None, text.split(",")):
        span, *pitches = chord.split()
        start, end = map(int, span.split("-"))
        for step, sharp, octave in (re.fullmatch(r"([a-g])(#?)(\d)", pitch).groups() for pitch in pitches):
            found.append(RollNote(start, 12 * int(octave) + 12 + STEPS[step] + len(sharp), end - start))
    return found


def text(found: list[RollNote]) -> str:
    """Notes as text, chords from the lowest note up."""
    chords: dict[tuple[int, int], list[str]] = {}
    for note in sorted(found):
        name = f"{NAMES[note.midi % 12]}{note.midi // 12 - 1}"
        chords.setdefault((note.onset, note.onset + note.ticks), []).append(name)
    return ", ".join(f"{start}-{end} {' '.join(row)}" for (start, end), row in sorted(chords.items()))


def hands(new: str, right: str = "", left: str = "", access: tuple[int, int] = (FREE, FREE)) -> tuple[str, str]:
    split = split_hands(notes(new), (notes(right), notes(left)), np.repeat([[access[0]], [access[1]]], 64, axis=1))
    return text(split[RIGHT]), text(split[LEFT])


SPLIT = {
    "bass octaves and chords are the left hand's": (
        *("0-2 c2 c3, 2-4 e3 g3 c4", "0-4 e5", ""),
        ("", "0-2 c2 c3, 2-4 e3 g3 c4"),
    ),
    "the octave and the chord below the melody are the right hand's": (
        *("0-2 c2 e4 g4 c5", "0-2 e5", ""),
        ("0-2 e4 g4 c5", "0-2 c2"),
    ),
    "a chord that one hand could not span is shared": ("0-2 c3 g3 e4 c5", "", "", ("0-2 e4 c5", "0-2 c3 g3")),
    "what neither hand can reach is lost, and it is an inner note": (
        *("0-2 c2 c4", "0-2 c6", ""),
        ("", "0-2 c2"),
    ),
    "nothing new lies above the melody": ("0-2 c3 a5", "0-2 e5", "", ("", "0-2 c3")),
    "while the melody is held the left hand plays what it reaches": (
        *("0-2 c3, 2-4 g3 e4", "0-8 c5", ""),
        ("", "0-2 c3, 2-4 g3 e4"),
    ),
    "what it cannot reach is struck with the melody if that is a sixteenth away": (
        *("1-4 c2 g4", "0-4 c5", ""),
        ("0-3 g4", "1-4 c2"),
    ),
    "a given left hand is not crossed": ("0-2 c4 g4", "0-2 c5", "0-2 c3 e4", ("0-2 g4", "")),
}


@pytest.mark.parametrize("case", SPLIT)
def test_notes_are_dealt_to_two_hands(case):
    new, right, left, expected = SPLIT[case]
    assert hands(new, right, left, access=(FREE, KEPT if left else FREE)) == expected


def test_a_hand_has_five_fingers():
    assert hands("0-2 c2 d2 e2 f2 g2 a2 b2", access=(KEPT, FREE)) == ("", "0-2 c2 d2 e2 f2 g2")
    assert hands("0-2 c5 d5 e5 f5 g5", right="0-2 a5", access=(FREE, KEPT)) == ("0-2 c5 e5 f5 g5", "")


def test_a_hand_that_may_only_join_needs_a_note_to_join():
    assert hands("0-2 g4, 2-4 g4", right="0-2 c5, 4-6 c5", access=(JOINED, KEPT)) == ("0-2 g4", "")


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(30, 90), st.integers(1, 6)), max_size=30),
    st.lists(st.tuples(st.integers(0, 5), st.integers(62, 90)), max_size=4),
)
def test_no_hand_spans_more_than_a_ninth_or_needs_six_fingers_or_crosses(cells, melody):
    new = [RollNote(*cell) for cell in cells]
    line = [RollNote(4 * beat, midi, 4) for beat, midi in {beat: (beat, midi) for beat, midi in melody}.values()]
    split = split_hands(new, (line, []), np.full((2, 64), FREE))
    for tick in range(28):
        chords = [{note.midi for note in row if note.onset == tick} for row in split]
        chords[RIGHT] |= {note.midi for note in line if note.onset == tick}
        for chord in filter(None, chords):
            assert max(chord) - min(chord) <= 14
            assert len(chord) <= 5
        if all(chords):
            assert max(chords[LEFT]) < min(chords[RIGHT])


TIDY = {
    "a sixteenth that splits off is joined": ("0-7 c4, 7-8 c4", "", "0-8 c4"),
    "one that comes early is dropped": ("3-4 c4, 4-8 c4", "", "4-8 c4"),
    "one that stands alone is dropped": ("0-4 c3, 5-6 c4", "", "0-4 c3"),
    "one of a chord stays": ("4-5 c4 e4", "", "4-5 c4 e4"),
    "one that is struck with a given note stays": ("0-3 c4, 3-4 c4", "3-4 g5", "0-3 c4, 3-4 c4"),
    "those of a run stay": ("0-1 c3, 1-2 e3, 2-3 g3", "", "0-1 c3, 1-2 e3, 2-3 g3"),
    "one within a longer chord is dropped": ("4-8 c3 e3, 5-6 g3", "", "4-8 c3 e3"),
    "one behind an eighth stays": ("1-3 c3 e3, 3-4 g3", "", "1-3 c3 e3, 3-4 g3"),
}


@pytest.mark.parametrize("case", TIDY)
def test_slivers_are_joined_or_dropped(case):
    new, beside, expected = TIDY[case]
    assert text(without_slivers(notes(new), notes(beside))) == expected


TURNS = {
    "a chord has one length, that of most of its notes": ("0-4 c3, 0-2 e3 g3", "0-2 c3 e3 g3"),
    "it ends where the next one begins": ("0-4 c3, 2-4 e3", "0-2 c3, 2-4 e3"),
    "a gap of a sixteenth is filled": ("0-3 c3, 4-8 e3", "0-4 c3, 4-8 e3"),
    "a longer gap begins on the eighth": ("0-5 c3, 8-9 e3", "0-4 c3, 8-10 e3"),
    "what is syncopated keeps its length": ("1-3 c3, 6-8 e3", "1-3 c3, 6-8 e3"),
}


@pytest.mark.parametrize("case", TURNS)
def test_a_hand_plays_one_chord_after_the_other(case):
    ragged, expected = TURNS[case]
    assert text(chords_in_turn(notes(ragged), stops=[], eighths=range(0, 64, 2))) == expected


def test_a_chord_ends_where_it_is_told_to_stop():
    assert text(chords_in_turn(notes("0-6 c3"), stops=[4], eighths=range(0, 64, 2))) == "0-4 c3"


def test_the_hands_of_maple_leaf_rag_are_found_from_its_top_line():
    import music21

    path = Path(music21.__file__).parent / "corpus" / "joplin" / "maple_leaf_rag.mxl"
    timeline = read_timeline(open_score(path))
    roll = read_roll(timeline, piano_staves(timeline))
    right = {(note.onset, note.midi) for note in notes_of_roll(roll.struck & roll.right, roll.right)}
    every = notes_of_roll(roll.struck, roll.sounding)
    top = [note for note in every if roll.melody_struck[note.onset] and roll.melody[note.onset] == note.midi]
    rest = [note for note in every if note not in top]
    split = split_hands(rest, (top, []), np.full((2, roll.ticks), FREE))
    agree = sum(((note.onset, note.midi) in right) == (hand == RIGHT) for hand in (0, 1) for note in split[hand])
    assert agree >= 0.95 * len(rest)
    assert len(split[RIGHT]) + len(split[LEFT]) == len(rest)
