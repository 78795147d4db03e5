"""Which notes make one tuplet, with brackets and without."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from shorthand import Staff, score

from scoreassist.files.document import Score
from scoreassist.score.timeline import read_timeline
from scoreassist.score.tuplets import tuplet_spans

DIVISIONS = 12
KINDS = {"h": ("half", 2), "q": ("quarter", 1), "e": ("eighth", Fraction(1, 2)), "s": ("16th", Fraction(1, 4))}
_NOTE = re.compile(r"(?P<begin>\[?)(?P<value>[hqes])((?P<actual>\d):(?P<normal>\d))?(?P<end>\]?)")


def tuplet_notes(text: str) -> str:
    """Notes such as ``e3:2``, an eighth of three in the time of two; in brackets from ``[`` to ``]``."""
    return "".join(_note(match) for match in map(_NOTE.fullmatch, text.split()) if match)


def _note(match: re.Match[str]) -> str:
    kind, quarters = KINDS[match["value"]]
    actual, normal = int(match["actual"] or 1), int(match["normal"] or 1)
    duration = Fraction(quarters) * normal / actual * DIVISIONS
    ratio = f"<actual-notes>{actual}</actual-notes><normal-notes>{normal}</normal-notes>"
    brackets = '<tuplet type="start"/>' * bool(match["begin"]) + '<tuplet type="stop"/>' * bool(match["end"])
    return (
        f"<note><pitch><step>C</step><octave>5</octave></pitch><duration>{duration}</duration><voice>1</voice>"
        f"<type>{kind}</type>{f'<time-modification>{ratio}</time-modification>' if actual > 1 else ''}"
        f"{f'<notations>{brackets}</notations>' if brackets else ''}</note>"
    )


def spans(music: str) -> list[tuple[Fraction, Fraction]]:
    (measure,) = read_timeline(Score(score(Staff(music, divisions=DIVISIONS)))).parts[0].measures
    return list(tuplet_spans(measure.events))


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("e3:2 e3:2 e3:2 q h", [(0, 1)]),
        ("q3:2 e3:2 e3:2 q3:2 h", [(0, 1), (1, 2)]),
        ("q3:2 q3:2 q3:2 h", [(0, 2)]),
        ("q e3:2 e3:2 e3:2 e3:2 e3:2 e3:2 q", [(1, 2), (2, 3)]),
        # two beats under one bracket, and six under one where three would be enough
        ("[e3:2 e3:2 e3:2 e3:2 e3:2 e3:2] h", [(0, 2)]),
        ("[e3:2 e3:2 e3:2] [q3:2 q3:2 q3:2] q", [(0, 1), (1, 3)]),
        ("[s6:4 s6:4 s6:4 s6:4 s6:4 s6:4] h", [(0, 1)]),
        ("s6:4 s6:4 s6:4 s6:4 s6:4 s6:4 h", [(0, 1)]),
        # two in the time of three: each note ends on the grid
        ("e2:3 e2:3 q", [(0, Fraction(3, 2))]),
        # without its last note, and with a bracket that is never closed
        ("e3:2 e3:2 q", [(0, Fraction(2, 3))]),
        ("[e3:2 e3:2 e3:2 q", [(0, 1)]),
    ],
)
def test_the_notes_of_a_tuplet_stay_together(notes: str, expected: list[tuple[int, int]]):
    assert spans(tuplet_notes(notes)) == expected


def test_the_notes_of_a_chord_count_once():
    assert spans("c5+e5:e3 d5+f5:e3 c5+e5:e3 c5:q") == [(0, 1)]


def test_notes_outside_of_tuplets_make_none():
    assert spans("c5:q. d5:e (e5) f5:h") == []
