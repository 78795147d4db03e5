"""Note values and beams as a copyist writes them.

The tables follow Gould, *Behind Bars* (2011), "Grouping notes" and "Rests", and the usual practice of hymn books;
they were written by hand.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoreassist.score.metre import Metre
from scoreassist.writing.notation import VALUES, beams, split

LETTERS = {1: "s", 2: "e", 3: "e.", 4: "q", 6: "q.", 8: "h", 12: "h.", 16: "w", 24: "w.", 32: "W", 48: "W."}


def metre_of(time: str) -> Metre:
    groups, _, beat_type = time.partition("/")
    return Metre(tuple(int(group) for group in groups.split("+")), int(beat_type))


def values(time: str, start: int, end: int, *, rest: bool = False, pickup: int = 0) -> str:
    """Values of a note from one sixteenth to another, in letters: ``h~q.``."""
    return "~".join(LETTERS[ticks] for ticks in split(start, end - start, metre_of(time), pickup, rest))


NOTES = {
    "4/4": [
        # on a beat, as long as it fits
        *[(0, 16, "w"), (0, 12, "h."), (0, 8, "h"), (0, 6, "q."), (0, 4, "q"), (0, 3, "e."), (0, 1, "s")],
        *[(8, 16, "h"), (8, 14, "q."), (12, 16, "q"), (12, 15, "e."), (4, 8, "q"), (4, 7, "e.")],
        # the plain syncopations: eighth-quarter-eighth, quarter-half-quarter, quarter and dotted half
        *[(2, 6, "q"), (10, 14, "q"), (4, 12, "h"), (4, 16, "h.")],
        # sixteenth-eighth-sixteenth, and the sixteenth in front of a dotted eighth
        *[(1, 3, "e"), (13, 15, "e"), (1, 4, "e."), (9, 12, "e.")],
        # the middle of the measure is always shown otherwise
        *[(6, 10, "e~e"), (4, 10, "q~e"), (6, 12, "e~q"), (2, 10, "e~q~e"), (6, 16, "e~h"), (6, 14, "e~q.")],
        *[(7, 9, "s~s"), (7, 10, "s~e"), (4, 14, "q~q.")],
        # a beat that an off-beat note runs over is shown
        *[(2, 8, "e~q"), (3, 5, "s~s"), (3, 8, "s~q"), (2, 5, "e~s"), (14, 16, "e"), (10, 16, "e~q")],
        # lengths that no single value has
        *[(0, 5, "q~s"), (0, 7, "q~e."), (0, 9, "h~s"), (0, 10, "h~e"), (0, 11, "h~e."), (0, 14, "h~q.")],
        *[(0, 13, "h.~s"), (0, 15, "h.~e."), (2, 12, "e~q~q"), (2, 16, "e~q~h"), (1, 16, "e.~q~h")],
    ],
    "2/4": [(0, 8, "h"), (0, 6, "q."), (2, 6, "q"), (2, 8, "e~q"), (1, 8, "e.~q"), (0, 7, "q~e."), (4, 8, "q")],
    "3/4": [
        *[(0, 12, "h."), (0, 8, "h"), (4, 12, "h"), (0, 6, "q."), (4, 10, "q."), (2, 6, "q"), (6, 10, "q")],
        *[(2, 8, "e~q"), (6, 12, "e~q"), (2, 10, "e~q."), (2, 12, "e~h"), (0, 10, "h~e"), (0, 11, "h~e.")],
    ],
    "2/2": [
        *[(0, 16, "w"), (0, 12, "h."), (8, 16, "h"), (4, 12, "h"), (4, 16, "h."), (6, 10, "e~e"), (0, 10, "h~e")],
        *[(2, 6, "q"), (12, 16, "q"), (4, 10, "q~e")],
    ],
    "3/2": [
        *[(0, 24, "w."), (0, 16, "w"), (8, 24, "w"), (0, 12, "h."), (8, 20, "h."), (4, 12, "h"), (12, 20, "h")],
        *[(4, 16, "q~h"), (12, 24, "q~h"), (0, 20, "w~q")],
    ],
    "6/8": [
        *[(0, 12, "h."), (0, 6, "q."), (6, 12, "q."), (0, 4, "q"), (2, 6, "q"), (8, 12, "q"), (0, 3, "e.")],
        *[(3, 4, "s"), (2, 5, "e."), (1, 4, "e."), (0, 2, "e"), (2, 4, "e"), (4, 6, "e"), (1, 3, "e")],
        # the second beat is always shown
        *[(0, 8, "q.~e"), (4, 8, "e~e"), (4, 12, "e~q."), (2, 12, "q~q."), (0, 10, "q.~q"), (2, 8, "q~e")],
        *[(5, 7, "s~s"), (0, 5, "q~s"), (2, 10, "q~q"), (0, 11, "q.~q~s")],
    ],
    "9/8": [(0, 18, "h.~q."), (0, 12, "h."), (6, 18, "h."), (0, 8, "q.~e"), (2, 18, "q~h."), (4, 8, "e~e")],
    "12/8": [
        *[(0, 24, "w."), (0, 12, "h."), (12, 24, "h."), (0, 18, "h.~q."), (6, 24, "q.~h."), (6, 18, "h.")],
        *[(2, 12, "q~q."), (4, 18, "e~q.~q.")],
    ],
    "3/8": [(0, 6, "q."), (0, 4, "q"), (2, 6, "q"), (0, 3, "e."), (0, 5, "q~s"), (4, 6, "e")],
    # five is 3 + 2, seven eighths 2 + 2 + 3: where the groups meet is always shown
    "5/4": [(0, 20, "h.~h"), (0, 12, "h."), (12, 20, "h"), (8, 16, "q~q"), (4, 12, "h"), (8, 20, "q~h")],
    "2+3/4": [(0, 20, "h~h."), (8, 20, "h."), (4, 12, "q~q"), (0, 8, "h")],
    "5/8": [(0, 10, "q.~q"), (0, 6, "q."), (6, 10, "q"), (4, 8, "e~e"), (2, 6, "q"), (2, 8, "q~e")],
    "2+3/8": [(0, 10, "q~q."), (2, 6, "e~e"), (4, 10, "q.")],
    "3+2/8": [(0, 10, "q.~q"), (6, 10, "q"), (0, 8, "q.~e"), (4, 8, "e~e"), (2, 10, "q~q")],
    "7/8": [
        *[(0, 14, "h~q."), (8, 14, "q."), (0, 8, "h"), (6, 10, "e~e"), (4, 14, "q~q."), (0, 10, "h~e")],
        *[(0, 6, "q~e"), (2, 6, "e~e"), (10, 14, "q")],
    ],
    "2+2+3/8": [(0, 14, "h~q."), (0, 8, "h"), (4, 10, "q~e"), (8, 14, "q.")],
    "3+2+2/8": [(0, 14, "q.~h"), (0, 6, "q."), (6, 14, "h"), (2, 8, "q~e")],
    # three, three and two: the plain fives and sevens of quarters likewise
    "8/8": [(0, 16, "w"), (0, 12, "h."), (6, 12, "q."), (6, 16, "q.~q"), (0, 14, "h.~e"), (4, 8, "e~e")],
    "3+2+2/4": [(0, 28, "h.~w"), (0, 16, "h.~q"), (12, 28, "w"), (12, 24, "h~q"), (20, 28, "h")],
    "7/4": [(0, 28, "h.~w"), (0, 12, "h."), (12, 28, "w"), (8, 16, "q~q"), (0, 16, "h.~q")],
    # what the signature divides is divided
    "2+2/4": [(0, 16, "w"), (0, 12, "h~q"), (4, 12, "q~q"), (8, 16, "h")],
    # quarters in threes are 6/8, 9/8 and 12/8 in values of twice the length
    "6/4": [
        *[(0, 24, "w."), (0, 12, "h."), (12, 24, "h."), (0, 8, "h"), (4, 12, "h"), (0, 16, "h.~q")],
        (8, 16, "q~q"),
        *[(8, 24, "q~h."), (4, 24, "h~h."), (0, 6, "q."), (2, 6, "q"), (4, 10, "q."), (10, 14, "e~e")],
    ],
    "9/4": [(0, 36, "w.~h."), (0, 24, "w."), (12, 36, "w."), (0, 16, "h.~q"), (4, 36, "h~w.")],
    "12/4": [(0, 48, "W."), (0, 24, "w."), (12, 36, "w."), (0, 36, "w.~h."), (4, 24, "h~h."), (8, 28, "q~h.~q")],
    "6/2": [(0, 48, "W."), (0, 24, "w."), (0, 16, "w"), (8, 24, "w"), (0, 32, "w.~h"), (16, 32, "h~h")],
    # sixteenths in threes are the same in values of half the length
    "3/16": [(0, 3, "e."), (0, 2, "e"), (1, 3, "e")],
    "6/16": [(0, 6, "q."), (0, 3, "e."), (3, 6, "e."), (2, 4, "s~s"), (0, 5, "e.~e"), (1, 3, "e")],
    "12/16": [(0, 12, "h."), (0, 6, "q."), (3, 9, "q."), (0, 4, "e.~s"), (0, 9, "q.~e.")],
    # four halves are four quarters in values of twice the length
    "4/2": [
        *[(0, 32, "W"), (0, 24, "w."), (0, 16, "w"), (8, 24, "w"), (8, 32, "w."), (12, 20, "q~q")],
        (4, 20, "q~h~q"),
        *[(0, 20, "w~q"), (4, 12, "h"), (16, 28, "h."), (2, 6, "q"), (6, 10, "e~e")],
    ],
    "2/8": [(0, 4, "q"), (0, 3, "e."), (1, 3, "e"), (1, 4, "e."), (2, 4, "e")],
    "4/8": [(0, 8, "h"), (0, 6, "q."), (2, 6, "q"), (2, 8, "e~q"), (4, 8, "q"), (3, 5, "s~s")],
    "8/4": [(0, 32, "W"), (0, 16, "w"), (8, 24, "w"), (12, 20, "q~q"), (4, 12, "h"), (16, 32, "w")],
}  # fmt: skip

RESTS = {
    "4/4": [
        *[(0, 16, "w"), (0, 8, "h"), (8, 16, "h"), (0, 4, "q"), (4, 8, "q"), (2, 4, "e"), (3, 4, "s")],
        # never over the middle, never syncopated, never a dotted quarter
        *[(4, 12, "q~q"), (0, 12, "h~q"), (4, 16, "q~h"), (0, 6, "q~e"), (2, 6, "e~e"), (2, 8, "e~q")],
        *[(2, 16, "e~q~h"), (6, 10, "e~e"), (1, 4, "s~e"), (1, 3, "s~s"), (0, 14, "h~q~e")],
    ],
    "2/4": [(0, 4, "q"), (2, 8, "e~q"), (0, 6, "q~e")],
    # never a half rest in three
    "3/4": [(0, 8, "q~q"), (4, 12, "q~q"), (8, 12, "q"), (2, 12, "e~q~q")],
    "3/2": [(0, 16, "h~h"), (8, 24, "h~h"), (8, 16, "h"), (4, 16, "q~h")],
    # a quarter rest begins a dotted beat but does not end one
    "6/8": [(0, 6, "q."), (6, 12, "q."), (0, 4, "q"), (2, 6, "e~e"), (8, 12, "e~e"), (4, 12, "e~q.")],
    "9/8": [(0, 12, "q.~q."), (6, 18, "q.~q."), (12, 18, "q.")],
    "12/8": [(0, 12, "h."), (12, 24, "h."), (6, 18, "q.~q."), (6, 24, "q.~h.")],
    "6/4": [(0, 12, "h."), (0, 8, "h"), (4, 12, "q~q"), (8, 16, "q~q"), (0, 6, "q~e"), (0, 16, "h.~q")],
    "9/4": [(0, 24, "h.~h."), (12, 20, "h"), (16, 24, "q~q")],
    "4/2": [(0, 16, "w"), (8, 24, "h~h"), (0, 24, "w~h"), (4, 12, "q~q"), (0, 12, "h~q")],
    "5/4": [(0, 12, "q~q~q"), (12, 20, "h"), (8, 16, "q~q"), (4, 12, "q~q")],
    # each group shows; three eighths are a dotted quarter, as in 6/8
    "5/8": [(0, 6, "q."), (0, 4, "q"), (2, 6, "e~e"), (4, 8, "e~e"), (6, 10, "q")],
    "7/8": [(0, 8, "q~q"), (8, 14, "q."), (4, 14, "q~q."), (2, 8, "e~q")],
    "3/8": [(0, 4, "q"), (2, 6, "e~e")],
    "10/8": [(0, 12, "q.~q."), (12, 20, "q~q")],
    "12/16": [(0, 6, "q."), (3, 9, "e.~e."), (0, 2, "e"), (1, 3, "s~s")],
    "2/8": [(0, 3, "e~s"), (2, 4, "e"), (1, 4, "s~e")],
}  # fmt: skip


@pytest.mark.parametrize(("time", "start", "end", "expected"), [(t, *row) for t in NOTES for row in NOTES[t]])
def test_notes_show_the_beat(time: str, start: int, end: int, expected: str):
    assert values(time, start, end) == expected


@pytest.mark.parametrize(("time", "start", "end", "expected"), [(t, *row) for t in RESTS for row in RESTS[t]])
def test_rests_show_every_beat(time: str, start: int, end: int, expected: str):
    assert values(time, start, end, rest=True) == expected


@pytest.mark.parametrize(
    ("time", "pickup", "start", "end", "expected"),
    [
        ("4/4", 12, 0, 4, "q"),  # beat 4 alone
        ("4/4", 8, 0, 8, "h"),  # beats 3 and 4
        ("4/4", 4, 0, 8, "h"),  # quarter-half-quarter without its first quarter
        ("4/4", 4, 0, 12, "h."),  # a dotted half on beat 2
        ("4/4", 4, 0, 10, "q~q."),
        ("12/8", 6, 0, 12, "h."),  # two dotted beats of 12/8 over its middle
        ("12/8", 4, 0, 12, "e~q.~q"),
        ("4/4", 10, 0, 6, "e~q"),  # an eighth before beat 4
        ("3/4", 8, 0, 4, "q"),
        ("6/8", 10, 0, 2, "e"),  # the sixth eighth
        ("6/8", 8, 0, 4, "q"),
    ],
)
def test_a_pickup_counts_from_the_measure_that_it_ends(
    time: str, pickup: int, start: int, end: int, expected: str
):
    assert values(time, start, end, pickup=pickup) == expected


def test_a_measure_that_is_too_long_shows_where_the_next_one_should_begin():
    assert values("4/4", 0, 24) == "w~h"
    assert values("4/4", 12, 20) == "q~q"


def test_a_rest_in_the_pickup_does_not_end_a_dotted_beat_as_a_quarter():
    assert values("6/8", 0, 4, rest=True, pickup=8) == "e~e"


METRES = [
    "2/4",
    "3/4",
    "4/4",
    "2/2",
    "3/2",
    "4/2",
    "3/8",
    "6/8",
    "9/8",
    "12/8",
    "5/4",
    "5/8",
    "7/8",
    "3+2/8",
    "6/4",
    "12/4",
    "3+2+2/8",
    "8/8",
    "12/16",
    "2/8",
]


@st.composite
def stretches(draw: st.DrawFn) -> tuple[str, int, int, int, bool]:
    """A metre, a pickup, and a stretch of what remains of the measure."""
    time = draw(st.sampled_from(METRES))
    full = int(metre_of(time).length * 4)
    pickup = draw(st.integers(0, full - 1))
    start = draw(st.integers(0, full - pickup - 1))
    return time, pickup, start, draw(st.integers(start + 1, full - pickup)), draw(st.booleans())


@given(stretches())
def test_the_values_add_up_and_each_has_a_name(stretch: tuple[str, int, int, int, bool]):
    time, pickup, start, end, rest = stretch
    metre = metre_of(time)
    pieces = split(start, end - start, metre, pickup, rest)
    assert sum(pieces) == end - start
    assert set(pieces) <= set(VALUES)


@given(
    st.lists(st.integers(1, 17), min_size=1, max_size=3),
    st.sampled_from([1, 2, 4, 8, 16, 32]),
    st.data(),
    st.booleans(),
)
def test_there_is_a_way_to_write_any_duration_in_any_metre(
    groups: list[int], beat_type: int, data: st.DataObject, rest: bool
):
    metre = Metre(tuple(groups), beat_type)
    full = max(int(metre.length * 4), 1)
    start = data.draw(st.integers(0, full - 1))
    end = data.draw(st.integers(start + 1, full))
    assert sum(split(start, end - start, metre, data.draw(st.integers(0, full - 1)), rest)) == end - start
    assert len(beams([(start, 1), (start + 1, 2)], metre, 0)) == 2


@given(stretches())
def test_of_tied_values_none_runs_over_the_beat_unless_it_begins_on_one(stretch: tuple[str, int, int, int, bool]):
    time, pickup, start, end, rest = stretch
    metre = metre_of(time)
    pieces = split(start, end - start, metre, pickup, rest)
    beats = {int(beat * 4) for beat in metre.beat_starts()}
    at = start + pickup
    for ticks in pieces if len(pieces) > 1 or rest else []:
        assert at in beats or not beats & set(range(at + 1, at + ticks))
        at += ticks


@given(stretches())
def test_no_value_runs_over_the_middle_of_four_or_twelve_but_the_plain_syncopations(
    stretch: tuple[str, int, int, int, bool],
):
    time, pickup, start, end, rest = stretch
    metre = metre_of(time)
    if time not in ("4/4", "2/2", "12/8"):
        return
    full = int(metre.length * 4)
    pieces = split(start, end - start, metre, pickup, rest)
    at = start + pickup
    for ticks in pieces:
        if at < full // 2 < at + ticks and at != 0:
            assert pieces == [ticks]
            assert not rest
            assert at == full // 4
        at += ticks


# --- beams -----------------------------------------------------------------------------------------------

SIGNS = {"begin": "[", "continue": "-", "end": "]", "forward hook": ">", "backward hook": "<"}


def beamed(time: str, line: str, pickup: int = 0) -> str:
    """First beams of a line of values (``r`` in front: a rest), then a bar, then second beams; ``.`` for none."""
    lengths = {letter: ticks for ticks, letter in LETTERS.items()}
    notes, at = [], 0
    for word in line.split():
        ticks = lengths[word.lstrip("r")]
        if not word.startswith("r"):
            notes.append((at, ticks))
        at += ticks
    levels = beams(notes, metre_of(time), pickup)
    rows = ["".join(SIGNS[level[i]] if i < len(level) else "." for level in levels) for i in (0, 1)]
    return " | ".join(rows)


@pytest.mark.parametrize(
    ("time", "line", "expected"),
    [
        ("4/4", "e e e e q q", "[][].. | ......"),  # by the beat
        ("4/4", "q e e h", ".[]. | ...."),
        ("4/4", "e q e h", ".... | ...."),
        ("4/4", "q. e h", "... | ..."),
        ("4/4", "re e e e h", ".[]. | ...."),  # a rest takes the first half of the beat
        ("4/4", "s s s s q h", "[--].. | [--].."),
        ("4/4", "e. s q h", "[].. | .<.."),
        ("4/4", "s e. q h", "[].. | >..."),
        ("4/4", "e s s q h", "[-].. | .[].."),
        ("4/4", "s s e q h", "[-].. | []..."),
        ("4/4", "s e s q h", "[-].. | >.<.."),
        ("4/4", "e s rs q h", "[].. | .<.."),  # never a hook that points out of the group
        ("4/4", "rs s e q h", "[].. | >..."),
        ("3/4", "e e e e e e", "[][][] | ......"),
        ("2/2", "e e e e h", "[][]. | ....."),
        ("6/8", "e e e e e e", "[-][-] | ......"),  # by the dotted beat
        ("6/8", "q e e q", ".... | ...."),
        ("6/8", "e. s e q.", "[-]. | .<.."),
        ("6/8", "e s e. q.", "[-]. | .>.."),
        ("6/8", "s s s s s s q.", "[----]. | [----]."),
        ("9/8", "e e e q. e e e", "[-].[-] | ......."),
        ("12/8", "e e e e e e h.", "[-][-]. | ......."),
        ("3/8", "e e e", "[-] | ..."),
        ("5/8", "e e e e e", "[-][] | ....."),  # three and two
        ("2+3/8", "e e e e e", "[][-] | ....."),
        ("7/8", "e e e e e e e", "[][][-] | ......."),
        ("3+2+2/8", "e e e e e e e", "[-][][] | ......."),
        ("8/8", "e e e e e e e e", "[-][-][] | ........"),
        ("5/4", "e e e e h e e e e", "[][].[][] | ........."),
        ("6/4", "e e e e e e h.", "[][][]. | ......."),  # six under one beam would look like 3/4
        ("4/2", "e e e e h w", "[][].. | ......"),
        ("2/8", "e e", "[] | .."),
        ("2/8", "s s s s", "[--] | [--]"),
        ("4/8", "e e e e", "[][] | ...."),
        ("6/16", "s s s s s s", "[-][-] | [-][-]"),
        ("3/16", "s s s", "[-] | [-]"),
    ],
)
def test_beams_follow_the_beat(time: str, line: str, expected: str):
    assert beamed(time, line) == expected


def test_beams_in_a_pickup_count_from_the_measure_that_it_ends():
    # Three eighths before a downbeat: one, then the two of beat 4.
    assert beamed("4/4", "e e e", pickup=10) == ".[] | ..."
    assert beamed("6/8", "e e", pickup=8) == "[] | .."
    assert beamed("6/8", "e e e e", pickup=4) == ".[-] | ...."
