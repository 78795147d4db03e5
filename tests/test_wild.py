"""Files by many programs come through: opened, saved byte for byte, counted as music21 counts, filled."""

from __future__ import annotations

from typing import Any

import pytest
import wild
from holes import Hole, dig
from shorthand import Staff, line, measure_of, score

FILES = wild.files()

# Of the MusicXML test suite and of each kind of corpus, evenly spread; long scores are left to the benchmark.
SAMPLE = [
    *wild.spread([name for name in FILES if wild.group(name) == "MusicXML test suite"], 24),
    *wild.spread([name for name in FILES if wild.group(name) == "Bach"], 8),
    *wild.spread([name for name in FILES if wild.group(name) == "trecento"], 2),
    *wild.spread([name for name in FILES if "monteverdi" in name or "demos" in name], 6),
]


def rows(names: list[str]) -> list[Any]:
    """Parameters of a test for each file."""
    return [pytest.param(name, id=name.rsplit("/", 1)[-1]) for name in names]


def test_music21_ships_the_files():
    groups = [wild.group(name) for name in FILES]
    assert groups.count("MusicXML test suite") >= 143
    assert len(FILES) - groups.count("MusicXML test suite") >= 535
    assert len(set(SAMPLE)) == 40


@pytest.mark.parametrize("name", rows(SAMPLE))
def test_a_file_of_another_program_comes_through(name):
    account = wild.examine(name)
    assert account.failures == []
    assert account.refused == ""
    assert account.same
    assert account.counted


@pytest.mark.slow
@pytest.mark.parametrize("name", rows(FILES))
def test_every_file_of_another_program_comes_through(name):
    assert wild.examine(name).failures == []


# --- what the examination itself can see -----------------------------------------------------------------


class Forgetful(wild.scoreassist.Score):
    """A score that loses the blank at its end when it is saved."""

    def to_xml(self) -> bytes:
        return super().to_xml().rstrip()


def test_a_score_that_is_saved_otherwise_is_seen():
    data = score("c5:w") + b"\n"
    assert wild.saved_otherwise(wild.scoreassist.open_score(data), data) == []
    assert wild.saved_otherwise(Forgetful(data), data) == ["other bytes than were read"]


def test_other_counts_than_those_of_music21_are_seen(tmp_path):
    path = tmp_path / "two.musicxml"
    path.write_bytes(score("c5:w | d5:w", Staff("c4:w // c3:w | c4:w // c3:w", clefs=("treble", "bass"))))
    opened = wild.scoreassist.open_score(path)
    described = wild.scoreassist.inspect(opened)
    assert wild.counted_otherwise(described, path, opened.root) == []
    described["parts"][1]["measures"] = 3
    assert wild.counted_otherwise(described, path, opened.root) == [
        "measures of each part [2, 3], by music21 [2, 2]"
    ]


def test_a_hole_takes_the_notes_of_one_line_and_the_ends_of_its_ties():
    root = wild.judge.parse(score("c5:w~ | ~c5:h d5:h~ | ~d5:w ; c4:w | c4:w | c4:w"))
    dig(root, Hole("Soprano", ("P1", 1, "1"), 1, 1, ("2", "2")))
    assert [line(measure_of(root, number)) for number in (1, 2, 3)] == ["c5:w", "R", "d5:w"]
    assert [line(measure_of(root, number), 2) for number in (1, 2, 3)] == ["", "", "c4:w"]
    assert not root.findall(".//tie")


def test_a_hole_in_a_voice_that_others_interrupt_keeps_their_places():
    music = "c5:h <backup><duration>8</duration></backup><note><pitch><step>C</step><octave>4</octave></pitch>"
    music += "<duration>8</duration><voice>2</voice><type>half</type></note> d5:h"
    root = wild.judge.parse(score(music))
    dig(root, Hole("Soprano", ("P1", 1, "1"), 0, 0, ("1", "1")))
    assert line(measure_of(root, 1)) == "r:h r:h"
    assert line(measure_of(root, 1), 2) == "c4:h"


def test_new_mistakes_are_seen_and_old_ones_are_not_held_against_anybody():
    sound, broken = score("c5:w | d5:w"), score("c5:h | d5:w")
    assert wild.new_errors(sound, broken) == []
    assert wild.new_mistakes([wild.judge.parse(broken)], wild.judge.parse(broken)) == []
    worse = score("c5:w | d5:h d5:h~ | e5:w")
    assert wild.new_errors(sound, worse) == ["part P1, measure 2: the tie from D5 ends nowhere"]
    assert wild.new_errors(worse, worse) == []


def test_beams_count_in_the_hole_alone_and_forwards_without_voice_not_at_all():
    beam = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>16</duration><voice>1</voice>"
    beam += "<beam number='1'>continue</beam></note>"
    sound, broken = score("c5:w | c5:w"), score(f"c5:w | {beam}")
    assert len(wild.new_errors(sound, broken, ("2",))) == 1
    assert wild.new_errors(sound, broken, ("1",)) == []
    forward = score("c5:w <backup><duration>8</duration></backup><forward><duration>8</duration></forward>")
    assert wild.mistakes(wild.judge.parse(forward)) == []


def test_notes_that_moved_outside_a_hole_are_seen():
    before, after = (wild.judge.parse(score(music)) for music in ("c5:w ; c4:w", "d5:w ; d4:w"))
    assert wild.moved(before, after, [("P1", 0)], ("P1", 1, "1")) == ["the notes of ('P1', 1, '2')"]
    assert wild.moved(before, after, [], ("P1", 1, "1"))[0] == "part P1, measure 0"


def test_reasons_are_told_apart_by_what_they_say_alone():
    for where in ("hymn.musicxml, part P1, measure 7: ", "corpus/x/score.xml: "):
        assert wild.without_place(f"{where}a note of MIDI 99 is too high") == "a note of MIDI # is too high"
