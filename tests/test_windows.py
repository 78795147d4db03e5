"""Of a long score a model looks at the holes, and at some measures around each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from shorthand import Staff, score

from scoreassist.files.document import Score
from scoreassist.grid.passage import Passage, build_passage
from scoreassist.grid.windows import AFTER, BEFORE, windows
from scoreassist.networks.filler import Filling, Task, answer_spans
from scoreassist.sampling import SamplingOptions
from scoreassist.score.regions import Region
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline

BARS = 30
TICKS = 16  # a measure of 4/4


def passage(*holes: int, voices: str = "SA", last: str = "c5:w", bars: int = BARS) -> Passage:
    """A score of whole notes with holes in the alto, at measures counted from 0."""
    names = {"S": "Soprano", "A": "Alto", "T": "Tenor", "B": "Bass"}
    music = " | ".join(["c5:w"] * (bars - 1) + [last])
    staves = [Staff(music.replace("c5", pitch), names[v]) for v, pitch in zip("SATB", ("c5", "e4", "g3", "c3"), strict=True) if v in voices]  # fmt: skip  # noqa: E501
    timeline = read_timeline(Score(score(*staves), "hymn"))
    regions = [Region(1, Fraction(4 * hole), Fraction(4 * hole + 4), "flag") for hole in holes]
    return build_passage(timeline, find_choir(timeline), regions)


def measures(whole: Passage) -> list[tuple[int, int]]:
    return [(first // TICKS, end // TICKS) for first, end in windows(whole)]


def test_a_score_of_four_voices_is_looked_at_as_a_whole():
    assert measures(passage(15, voices="SATB")) == [(0, BARS)]


def test_where_voices_are_missing_only_the_measures_around_a_hole_are():
    assert measures(passage(15)) == [(15 - BEFORE, 15 + AFTER + 1)]


def test_holes_that_lie_far_apart_are_looked_at_one_by_one_and_near_ones_together():
    assert measures(passage(5, 25)) == [(1, 5 + AFTER + 1), (21, 25 + AFTER + 1)]
    assert measures(passage(10, 15)) == [(10 - BEFORE, 15 + AFTER + 1)]


def test_a_window_ends_with_the_score():
    assert measures(passage(0, 29)) == [(0, AFTER + 1), (29 - BEFORE, BARS)]


def test_a_window_does_not_end_while_the_last_given_note_sounds():
    # From measure 16 on the soprano holds a note over four barlines: it begins before the hole's end.
    tied = " | ".join(["c5:w"] * 15 + ["c5:w~"] + ["~c5:w~"] * 3 + ["~c5:w"] + ["c5:w"] * 10)
    timeline = read_timeline(Score(score(Staff(tied, "Soprano"), Staff(tied.replace("c5", "e4"), "Alto")), "hymn"))
    regions = [Region(1, Fraction(60), Fraction(80), "flag")]
    assert measures(build_passage(timeline, find_choir(timeline), regions))[0][1] == 22
    regions = [Region(1, Fraction(56), Fraction(60), "flag")]
    assert measures(build_passage(timeline, find_choir(timeline), regions)) == [(10, 17)]


@dataclass
class Counting:
    """Fills the holes with the number of the call."""

    calls: int = 0

    def fill(self, task: Task, options: SamplingOptions) -> Filling:
        return self.answers(task, options)[0]

    def answers(self, task: Task, options: SamplingOptions) -> list[Filling]:
        self.calls += 1
        pitch = np.where(task.hidden, 60 + self.calls, task.grid.pitch)
        grid = replace(task.grid, pitch=pitch, known=np.ones_like(task.grid.known))
        return [Filling(grid, task.hidden * -1.0, task.hidden, {"range": 1}, self.calls - 2)]


def test_stretches_are_filled_each_for_itself_and_put_together():
    whole = passage(5, 25)
    task = Task(whole.grid, whole.rest, whole.rhythm)
    filling = answer_spans(Counting(), task, windows(whole), SamplingOptions())[0]
    assert np.unique(filling.grid.pitch[1, 5 * TICKS : 6 * TICKS]).tolist() == [61]
    assert np.unique(filling.grid.pitch[1, 25 * TICKS : 26 * TICKS]).tolist() == [62]
    assert (filling.grid.pitch[whole.grid.known] == whole.grid.pitch[whole.grid.known]).all()
    assert filling.gave_way == {"range": 2}
    assert filling.transposition == -1
    assert (filling.log_prob == -1.0 * filling.drawn).all()
    assert filling.drawn[1].sum() == 2 * TICKS


@pytest.mark.parametrize("longer", [0, 2])
def test_a_measure_that_another_part_makes_too_long_ends_where_its_own_part_does(longer: int):
    # The soprano's second measure lasts six quarters in 4/4, by a mistake of the file.
    slow = score(
        Staff("c5:w | c5:h c5:h c5:h" if longer else "c5:w | c5:h c5:h", "Soprano"), Staff("e4:w | R", "Alto")
    )
    timeline = read_timeline(Score(slow, "hymn"))
    found = build_passage(timeline, find_choir(timeline), [Region(1, Fraction(4), Fraction(10), "flag")])
    assert list(found.segments(1)) == [(1, 0, 16)]
