"""The benchmark's own reading of wishes: each check finds a note that was put there to break it, and no other.

Scores and expected places are written by hand, from what each wish means.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from shorthand import Staff, score

from scoreassist.corpus import chorale_path
from scoreassist.counsel.check import read
from scoreassist.files.document import open_score
from scoreassist.wishes.table import WISHES

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from kept import CHECKS, Page, default_rules

MELODY = "e5:q d5:q c5:q d5:q | e5:h c5:h"
SOUND = {"alto": "g4:q g4:q g4:q g4:q | g4:h g4:h", "tenor": "c4:q b3:q c4:q b3:q | c4:h e4:h"}
BASS = "c3:q g3:q e3:q g2:q | c3:h c3:h"
S, A, T, B = range(4)


def page(
    wishes: dict[str, Any],
    *,
    soprano: str = MELODY,
    bass: str = BASS,
    time: str = "4/4",
    new: tuple[int, ...] = (A, T, B),
    chords: tuple[tuple[int, int, set[int], int], ...] = (),
    key: tuple[int, bool] = (0, False),
    **inner: str,
) -> Page:
    """Four voices, of which some are new."""
    lines = {"soprano": soprano, **SOUND, **inner, "bass": bass}
    clefs = {"bass": ("bass",)}
    staves = (Staff(line, name, time, clefs=clefs.get(name, ("treble",))) for name, line in lines.items())
    document = score(*staves)
    music = read(document)
    written = np.zeros(music.grid.pitch.shape, dtype=bool)
    written[list(new)] = True
    before = np.where(written, -1, music.grid.pitch)
    return Page(music, document, before, written, wishes, [key], list(chords))


def broken(wish: str, value: Any, **music: Any) -> list[tuple[int, int]]:
    """Where a wish is not kept: voice and first tick of each note or stretch."""
    found = CHECKS[wish](page({wish: value}, **music))
    return [cell for cell in found if (cell[0], cell[1] - 1) not in found]


def test_there_is_a_check_for_every_wish():
    assert list(CHECKS) == list(WISHES)


C_MAJOR = {0, 4, 7}
LONG_G, LONG_C = "g4:w | g4:w", "c4:w | c4:w"
CHORDS = ((0, 16, C_MAJOR, 0), (16, 32, C_MAJOR, 4))
BREAKING: dict[str, tuple[str, tuple[Any, dict[str, Any]], list[tuple[int, int]]]] = {
    "a sharp in C": ("tonality", ("diatonic", {"alto": "g4:q g4:q c#4:q g4:q | g4:h g4:h"}), [(A, 8)]),
    "another bass": ("chords", ("roots", {"chords": CHORDS}), [(B, 16)]),
    "a foreign note on a beat": (
        "chords",
        ("follow", {"chords": ((16, 24, C_MAJOR, 0),), "alto": "g4:w | a4:h g4:h"}),
        [(A, 16), (A, 20)],
    ),
    "quarters among halves": (
        "rhythm",
        ("half", {"bass": "c3:q g3:h. | c3:h c3:h", "alto": LONG_G, "tenor": LONG_C}),
        [(B, 4)],
    ),
    "another rhythm than the soprano's": (
        "rhythm",
        ("as:Soprano", {"bass": "c3:q g3:q e3:h | c3:h c3:h"}),
        [(B, 12)],
    ),
    "a note struck a third time": (
        "max_repeats",
        (1, {"new": (B,), "bass": "c3:q c3:q c3:q g2:q | c3:w"}),
        [(B, 8)],
    ),
    "two notes on a beat": ("density", (1, {"new": (B,), "bass": "c3:q g3:e f3:e e3:q g2:q | c3:w"}), [(B, 12)]),
    "below the range": ("ranges", ([("Bass", 45, 60)], {}), [(B, 12)]),
    "above a youth choir": ("choir", ("youth", {"tenor": "c4:q b3:q c4:q b3:q | c4:h g4:h"}), [(T, 24)]),
    "a leap of a sixth": ("max_leap", ("fifth", {"bass": "c3:q g3:q e3:q g2:q | c3:h a3:h"}), [(B, 12), (B, 24)]),
    "parallel fifths": (
        "rules",
        (
            {"parallels": "forbid"},
            {"bass": "c3:q d3:q e3:q g2:q | c3:h c3:h", "tenor": "g3:q a3:q c4:q b3:q | c4:h e4:h"},
        ),
        [(T, 4), (B, 4)],
    ),
    "a foreign note in a cadence": (
        "cadences",
        (["2:perfect"], {"soprano": "e5:q d5:q c5:q d5:q | c5:w", "tenor": "c4:q b3:q c4:q b3:q | a3:w"}),
        [(A, 16), (T, 16), (B, 16)],
    ),
    "no dominant": ("cadences", (["2:half"], {}), [(A, 16), (T, 16), (B, 16)]),
    "another echo": (
        "like",
        (
            ["M1@2"],
            {"soprano": "e5:h c5:h | e5:h c5:h", "bass": "c3:w | c3:h e3:h", "alto": LONG_G, "tenor": LONG_C},
        ),
        [(B, 24)],
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_check_finds_what_breaks_a_wish(name: str):
    wish, (value, music), expected = BREAKING[name]
    assert broken(wish, value, **music) == expected


KEPT: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "the raised seventh in minor": (
        "tonality",
        "diatonic",
        {"alto": "g#4:w | a4:w", "tenor": "e4:w | e4:w", "bass": "a2:w | a2:w", "key": (9, True)},
    ),
    "chord symbols that are ignored": ("chords", "ignore", {"chords": CHORDS}),
    "a passing note off the beat": (
        "chords",
        "follow",
        {"chords": ((16, 24, C_MAJOR, 0),), "alto": "g4:w | g4:e a4:e g4:q g4:h"},
    ),
    "the soprano's rhythm": ("rhythm", "as:Soprano", {}),
    "dotted quarters in 6/8": (
        "rhythm",
        "quarter",
        {
            "time": "6/8",
            "soprano": "e5:q. d5:q. | c5:h.",
            "alto": "g4:q. g4:q. | g4:h.",
            "tenor": "c4:q. b3:q. | c4:h.",
            "bass": "c3:q. g2:q. | c3:h.",
        },
    ),
    "a note struck again after a rest": ("max_repeats", 0, {"new": (B,), "bass": "c3:q r:q c3:q g2:q | c3:w"}),
    "a leap in a given voice": ("max_leap", "fifth", {"new": (A,)}),
    "a leap over a rest": ("max_leap", "fifth", {"new": (B,), "bass": "c3:q g3:q r:q g2:q | c3:h c3:h"}),
    "a perfect cadence": ("cadences", ["2:perfect"], {"soprano": "e5:q d5:q c5:q d5:q | c5:w"}),
    "a half cadence": ("cadences", ["1:half"], {}),
    "an echo where the tune is another": ("like", ["M1@2"], {"soprano": "e5:q d5:q c5:q d5:q | f5:h a4:h"}),
}


@pytest.mark.parametrize("name", KEPT)
def test_a_check_finds_nothing_where_a_wish_is_kept(name: str):
    wish, value, music = KEPT[name]
    assert broken(wish, value, **music) == []


def test_strict_asks_all_rules_and_none_are_asked_of_given_notes():
    crossed = {"tenor": "c4:q b3:q c4:q b3:q | c4:h a4:h"}
    assert (T, 24) in CHECKS["strict"](page({"strict": True}, **crossed))
    assert CHECKS["strict"](page({"strict": True}, new=(), **crossed)) == []


def test_what_is_forbidden_by_default_may_be_allowed():
    crossed = {"tenor": "c4:q b3:q c4:q b3:q | c4:h a4:h"}
    assert (T, 24) in default_rules(page({}, **crossed))
    assert default_rules(page({"rules": {"crossing": "allow"}}, **crossed)) == []


def test_a_variation_that_changes_more_than_its_share_is_not_near():
    half = page({"near": 0.7})
    half.before[:] = half.pitch
    half.before[[A, B]] += 1  # two voices of four
    assert {voice for voice, _ in CHECKS["near"](half)} == {A, B}
    half.wishes["near"] = 0.5
    assert CHECKS["near"](half) == []


def test_a_training_chorale_is_copied_if_it_is_new_and_not_if_it_was_given():
    path = chorale_path("bwv359")
    music = read(path)
    everything = np.ones(music.grid.pitch.shape, dtype=bool)
    wishes = {"max_copy": 8}

    def copied(new: np.ndarray) -> list[tuple[int, int]]:
        document = open_score(path).to_xml()
        return CHECKS["max_copy"](Page(music, document, music.grid.pitch, new, wishes, [(0, False)], []))

    assert copied(everything)
    assert copied(~everything) == []
    assert CHECKS["max_copy"](page(wishes)) == []
