"""The order in which measures are played."""

from __future__ import annotations

import pytest
from shorthand import Staff, score

from scoreassist.files.document import Score
from scoreassist.score.repeats import played_order
from scoreassist.score.timeline import read_timeline

FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACK = '<barline location="right"><repeat direction="backward"/></barline>'


def bar(sign: str) -> str:
    """A measure's barline: ``|:`` forward, ``:|`` back, ``:|3`` thrice, ``[1`` an ending begins, ``1]`` ends."""
    xml = ""
    for token in sign.split():
        if token == "|:":
            xml += FORWARD
        elif token.startswith(":|"):
            times = f' times="{token[2:]}"' if token[2:] else ""
            xml += BACK.replace("<repeat", f"<repeat{times}")
        elif token.startswith("["):
            xml += f'<barline location="left"><ending number="{token[1:]}" type="start"/></barline>'
        elif token.endswith("]"):
            xml += f'<barline location="right"><ending number="{token[:-1]}" type="stop"/></barline>'
    return xml


def order(*signs: str) -> list[int]:
    measures = " | ".join(f"{bar(sign)} c5:w" if sign else "c5:w" for sign in signs)
    return played_order(read_timeline(Score(score(Staff(measures)), "tune")))


@pytest.mark.parametrize(
    ("signs", "played"),
    [
        (["", "", ""], [0, 1, 2]),
        (["", ":|", ""], [0, 1, 0, 1, 2]),  # a Stollen
        (["", "|:", ":|", ""], [0, 1, 2, 1, 2, 3]),
        (["", ":|", "", ":|"], [0, 1, 0, 1, 2, 3, 2, 3]),  # each half twice
        (["|: :|", "|: :|"], [0, 0, 1, 1]),
        ([":|3", ""], [0, 0, 0, 1]),
        (["", "[1 1] :|", "[2 2]", ""], [0, 1, 0, 2, 3]),
        (["", "[1", "1] :|", "[2", "2]", ""], [0, 1, 2, 0, 3, 4, 5]),
        (["", "[1,2 1,2] :|", "[3 3]", ""], [0, 1, 0, 1, 0, 2, 3]),
        (["", "[1 1] :|", "[2 2] :|", ""], [0, 1, 0, 2, 3]),  # a second ending that repeats to nobody
        (["", "|:", ""], [0, 1, 2]),  # never closed
        (["", "[1 1] :|", "[2 2]", "", ":|"], [0, 1, 0, 2, 3, 4, 3, 4]),  # what follows endings is repeated alone
        (["", "[1 1] :|", "[2 2]", "|:", ":|"], [0, 1, 0, 2, 3, 4, 3, 4]),
        (["", "[1 1] :|", ""], [0, 1, 0, 2]),  # the second ending has no bracket
        (["", "[1,2 1,2] :|", ""], [0, 1, 0, 1, 0, 2]),
        (["", "[1 1] :|", "", ":|", ""], [0, 1, 0, 2, 3, 2, 3, 4]),
        (
            ["", "[1 1] :|", "[2 2]", "", "[1 1] :|", "[2 2] :|", "[3 3]"],  # each passage has its own endings
            [0, 1, 0, 2, 3, 4, 3, 5, 3, 6],
        ),
        (["", "[1 1] :|", "[2 2]", "|:", "[1 1] :|", "[2 2] :|", "[3 3]"], [0, 1, 0, 2, 3, 4, 3, 5, 3, 6]),
        (["[1 1] :|", "[2 2]", "[1 1] :|", "[2 2]"], [0, 1, 2, 3]),  # endings of nothing
        (["", "[1 1] :|", "[2 2] :|", "", "[3 3]"], [0, 1, 0, 2, 3]),  # a third that belongs to nothing before it
    ],
)
def test_measures_are_played_as_barlines_say(signs, played):
    assert order(*signs) == played


@pytest.mark.parametrize("times", ["9", "999999999", "9" * 5000])
def test_no_passage_is_played_more_than_eight_times(times):
    assert order(f":|{times}", "") == [0] * 8 + [1]


def test_an_ending_can_have_a_number_of_any_length():
    number = "9" * 5000
    assert order("", f"[{number} {number}]", "") == [0, 2]
