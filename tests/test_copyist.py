"""New notes written into small scores, as a copyist would: read back from the MusicXML alone.

Everything written here must be valid against the schema of MusicXML 4.0, must add up in every voice of every
measure, and must read, by key and printed accidentals, as it sounds.
"""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from filling import collisions, filled
from hypothesis import given
from hypothesis import strategies as st
from judge import lines
from lxml import etree
from schema import schema_errors
from shorthand import Staff, line, measure_of, pitch, score, sequence, sung

from scoreassist.files.document import Score
from scoreassist.grid.passage import build_passage
from scoreassist.grid.voices import encode
from scoreassist.score.regions import Region
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.writing.copyist import write_notes
from scoreassist.writing.pen import NewNote

GRAND = ("treble", "bass")


def heard(root: etree._Element, number: int, voice: int) -> list[str]:
    """Onset, in quarters, and pitch of a voice's notes in a measure of P1, in time."""
    row = lines(root)["P1", 1, str(voice)][number - 1]
    return [f"{s.onset} {pitch(s.element)}" for s in sorted(row, key=lambda s: s.onset) if s.midi is not None]


def beam_signs(measure: etree._Element, voice: str | int = 1) -> str:
    """First beams of a voice's notes, ``[`` begin, ``-`` continue, ``]`` end, ``.`` none."""
    signs = {"begin": "[", "continue": "-", "end": "]", None: "."}
    notes = [n for n in measure.iter("note") if n.findtext("voice") == str(voice) and n.find("chord") is None]
    return "".join(signs[n.findtext("beam[@number='1']")] for n in notes)


def beamed(source: bytes, signs: str) -> bytes:
    """The score with first beams on its eighths, in order; rests have none."""
    values = {"[": "begin", "-": "continue", "]": "end"}
    text, eighth = (
        source.decode(),
        re.compile(
            r"(?<!<rest/>)(<duration>\d+</duration><voice>\d</voice><type>eighth</type>)(?=(?:<staff>\d</staff>)?</note>)"
        ),
    )
    for sign in signs:
        text = eighth.sub(rf'\1<beam number="1">{values[sign]}</beam>', text, count=1)
    return text.encode()


def stems(measure: etree._Element, voice: str | int) -> list[str | None]:
    return [n.findtext("stem") for n in sung(measure, voice)]


# --- in place --------------------------------------------------------------------------------------------


def test_a_full_measure_rest_is_replaced_where_it_stands():
    source = score("c5:w | R | c5:w")
    root = filled(source, {"Soprano": {2: "e5/4 d5/4 c5/8"}})
    assert sequence(measure_of(root, 2)) == "e5:q d5:q c5:h"
    for number in (1, 3):
        assert etree.tostring(measure_of(root, number)) == etree.tostring(
            measure_of(etree.fromstring(source), number)
        )


def test_all_notes_of_the_hole_give_way_and_no_other():
    root = filled(score("c5:q d5:q e5:q f5:q"), {"Soprano": {1: "4: g5/2 a5/2 b5/4"}})
    assert line(measure_of(root, 1)) == "c5:q g5:e a5:e b5:q f5:q"


def test_of_a_rest_that_reaches_beyond_the_hole_the_rest_remains():
    root = filled(score("R"), {"Soprano": {1: "8: g5/4"}})
    assert line(measure_of(root, 1)) == "r:h g5:q r:q"
    root = filled(score("R"), {"Soprano": {1: "4: g5/4"}})
    assert line(measure_of(root, 1)) == "r:q g5:q r:h"


def test_two_holes_in_one_measure():
    root = filled(score("c5:q d5:q e5:q f5:q"), {"Soprano": {1: "4: g5/4 | 12: a5/4"}})
    assert line(measure_of(root, 1)) == "c5:q g5:q e5:q a5:q"


def test_two_holes_in_one_rest():
    root = filled(score("R"), {"Soprano": {1: "2: c5/2 | 8: d5/4"}})
    assert line(measure_of(root, 1)) == "r:e c5:e r:q d5:q r:q"


def test_silence_instead_of_silence_changes_nothing():
    source = score("r:q r:q r:h | c5:w")
    assert etree.tostring(filled(source, {"Soprano": {1: "r/16"}})) == etree.tostring(etree.fromstring(source))


def test_silence_may_take_the_place_of_notes():
    root = filled(score("c5:q d5:q e5:h | c5:w"), {"Soprano": {1: "r/16"}})
    assert line(measure_of(root, 1)) == "R"
    root = filled(score("c5:q d5:q e5:h"), {"Soprano": {1: "4: r/12"}})
    assert line(measure_of(root, 1)) == "c5:q r:q r:h"


def test_all_notes_of_a_divided_singer_give_way_together():
    # The upper note of a chord is the second in the file.
    root = filled(score(Staff("a4+c5:q b4+d5:q c5:h", "Soprano"), Staff("e4:w", "Alto")), {"Soprano": {1: "g4/8"}})
    assert sequence(measure_of(root, 1)) == "attributes g4:h c5:h"


def test_grace_notes_go_with_their_note():
    root = filled(score("c5:q (e5) (f5) d5:q (g5) e5:h"), {"Soprano": {1: "4: g4/4"}})
    assert line(measure_of(root, 1)) == "c5:q g4:q (g5) e5:h"


def test_directions_between_the_old_notes_keep_their_moment():
    word = "<direction><direction-type><words>{}</words></direction-type></direction>"
    source = score(f"{word.format('a')} c5:q {word.format('b')} d5:q {word.format('c')} e5:h {word.format('d')}")
    root = filled(source, {"Soprano": {1: "g5/4 a5/12"}})
    # b on the second beat, where a new note begins; c on the third, within it: the cursor goes back and forth.
    assert sequence(measure_of(root, 1)) == "attributes 'a' g5:q 'b' a5:h. backup=8 'c' forward=8 'd'"


def test_several_directions_within_one_note_keep_their_moments_and_their_content():
    word = "<direction><direction-type><words>{}</words></direction-type><offset>1</offset></direction>"
    words = [word.format(name) for name in "abc"]
    root = filled(score(f"c5:q {words[0]} d5:q {words[1]} e5:q {words[2]} f5:q"), {"Soprano": {1: "g5/16"}})
    assert sequence(measure_of(root, 1)) == "attributes g5:w backup=12 'a' forward=4 'b' forward=4 'c' forward=4"
    assert [etree.tostring(direction).decode() for direction in root.iter("direction")] == words


def test_a_change_of_clef_between_the_old_notes_stays():
    clef = "<attributes><clef><sign>F</sign><line>4</line></clef></attributes>"
    root = filled(score(f"c5:h {clef} c3:h"), {"Soprano": {1: "e4/8 e3/8"}})
    assert sequence(measure_of(root, 1)) == "attributes e4:h attributes e3:h"


def test_words_and_marks_of_other_measures_stay():
    source = score("c5:w=Praise | R | c5:w=God")
    root = filled(source, {"Soprano": {2: "d5/16"}})
    assert [text.text for text in root.iter("text")] == ["Praise", "God"]


# --- values, ties, beams ---------------------------------------------------------------------------------


def test_long_notes_are_cut_at_the_beat_and_tied():
    root = filled(score("R | R"), {"Soprano": {1: "c5/6 d5/4 e5/6~", 2: "~e5/10 r/6"}})
    assert line(measure_of(root, 1)) == "c5:q. d5:e~ d5:e e5:e~ e5:q~"
    assert line(measure_of(root, 2)) == "e5:h~ e5:e r:e r:q"


def test_ties_stand_as_sound_and_as_sign():
    root = filled(score("R | R"), {"Soprano": {1: "c5/16~", 2: "~c5/16"}})
    first, second = sung(root)
    assert [t.get("type") for t in first.findall("tie")] == ["start"]
    assert [t.get("type") for t in first.findall("notations/tied")] == ["start"]
    assert [t.get("type") for t in second.findall("tie")] == ["stop"]
    assert [t.get("type") for t in second.findall("notations/tied")] == ["stop"]


@pytest.mark.parametrize(
    ("time", "notes", "values", "signs"),
    [
        ("4/4", "c5/2 d5/2 e5/2 f5/2 g5/8", "c5:e d5:e e5:e f5:e g5:h", "[][]."),
        ("3/4", "c5/4 d5/2 e5/2 f5/4", "c5:q d5:e e5:e f5:q", ".[]."),
        ("6/8", "c5/2 d5/2 e5/2 f5/4 g5/2", "c5:e d5:e e5:e f5:q g5:e", "[-].."),
        ("6/8", "c5/8 d5/4", "c5:q.~ c5:e d5:q", "..."),
        ("2/2", "c5/4 d5/8 e5/4", "c5:q d5:h e5:q", "..."),
        ("9/8", "c5/18", "c5:h.~ c5:q.", ".."),
    ],
)
def test_values_and_beams_follow_the_metre(time: str, notes: str, values: str, signs: str):
    measure = measure_of(filled(score(Staff("R", time=time)), {"Soprano": {1: notes}}), 1)
    assert line(measure) == values
    assert beam_signs(measure) == signs


def test_a_pickup_is_written_as_the_end_of_its_measure():
    root = filled(score(Staff("r:h r:e | c5:w", numbers=("0", "1"))), {"Soprano": {1: "c5/4 d5/2 e5/4"}})
    # The measure lacks six sixteenths: c5 begins an eighth before beat 3 and is tied over to it.
    assert line(measure_of(root, 0)) == "c5:e~ c5:e d5:e e5:q"
    assert beam_signs(measure_of(root, 0)) == ".[]."


def test_a_rest_over_a_measure_that_no_single_value_fills_has_none():
    for time, notes, ticks in (("5/4", "c5:h. c5:h", 20), ("9/8", "c5:h. c5:q.", 18), ("3/8", "c5:q.", 6)):
        measure = measure_of(filled(score(Staff(notes, time=time)), {"Soprano": {1: f"r/{ticks}"}}), 1)
        assert line(measure) == "R"
        assert measure.find("note/type") is None


def test_a_pickup_that_is_silent_is_not_a_full_measure():
    root = filled(score(Staff("c5:e d5:e | c5:w", numbers=("0", "1"))), {"Soprano": {0 + 1: "r/4"}})
    assert line(measure_of(root, 0)) == "r:q"
    # Nor is a half of a measure that is divided by a barline.
    root = filled(score("c5:h | d5:q e5:q | c5:w"), {"Soprano": {1: "r/8", 2: "r/8"}})
    assert (line(measure_of(root, 1)), line(measure_of(root, 2))) == ("r:h", "r:h")


def test_a_measure_of_three_breves_is_written_with_ties():
    music = "c5:w c5:w c5:w c5:w c5:w c5:w"
    root = filled(score(Staff(music, time="12/2")), {"Soprano": {1: "c5/96"}})
    assert line(measure_of(root, 1)) == "c5:W.~ c5:W."


def test_beams_of_given_notes_end_at_longer_notes_and_go_on_to_others():
    source = beamed(score("c5:e d5:e e5:e f5:e g5:e f5:e e5:e d5:e"), "[--][--]")
    measure = measure_of(filled(source, {"Soprano": {1: "4: a4/4"}}), 1)
    assert line(measure) == "c5:e d5:e a4:q g5:e f5:e e5:e d5:e"
    assert beam_signs(measure) == "[].[--]"
    measure = measure_of(filled(source, {"Soprano": {1: "2: a4/12"}}), 1)
    assert line(measure) == "c5:e a4:e~ a4:q~ a4:q. d5:e"
    assert beam_signs(measure) == "[]..."
    measure = measure_of(filled(source, {"Soprano": {1: "6: a4/4"}}), 1)
    assert line(measure) == "c5:e d5:e e5:e a4:e~ a4:e f5:e e5:e d5:e"
    assert beam_signs(measure) == "[--][--]"


@pytest.mark.parametrize("ticks", ["0: b4/2", "2: b4/2", "4: b4/2", "2: b4/2 a4/2"])
def test_three_eighths_of_a_dotted_beat_stay_under_one_beam_whichever_is_new(ticks: str):
    source = beamed(score(Staff("c5:e d5:e e5:e c5:q.", time="6/8")), "[-]")
    assert beam_signs(measure_of(filled(source, {"Soprano": {1: ticks}}), 1)) == "[-]."


def test_new_notes_are_not_beamed_to_given_ones_that_had_flags_or_rests_between():
    source = beamed(score("g5:e r:e e5:e d5:e c5:e d5:e e5:e f5:e"), "[-]")
    measure = measure_of(filled(source, {"Soprano": {1: "4: c5/2 | 10: a4/2"}}), 1)
    assert line(measure) == "g5:e r:e c5:e d5:e c5:e a4:e e5:e f5:e"
    assert beam_signs(measure) == "..[]...."


def test_a_beam_over_a_rest_ends_with_the_note_behind_it():
    source = beamed(score("c5:e r:e e5:e f5:e c5:h"), "[-]")
    measure = measure_of(filled(source, {"Soprano": {1: "4: a4/4"}}), 1)
    assert line(measure) == "c5:e r:e a4:q c5:h"
    assert beam_signs(measure) == "...."


def test_sixteenths_at_the_edge_of_a_hole_join_or_get_a_hook():
    source = score("c5:s d5:s e5:s f5:s c5:h.").decode()
    for one, two in (("begin", "begin"), ("continue", "continue"), ("continue", "continue"), ("end", "end")):
        beams = f'<beam number="1">{one}</beam><beam number="2">{two}</beam>'
        source = source.replace("<type>16th</type></note>", f"<type>16th</type>{beams}</note>", 1)
    first, second, *_ = sung(filled(source.encode(), {"Soprano": {1: "2: g4/2"}}))
    assert [b.text for b in first.findall("beam")] == ["begin", "begin"]
    assert [b.text for b in second.findall("beam")] == ["continue", "end"]
    first, second, *_ = sung(filled(source.encode(), {"Soprano": {1: "1: g4/3"}}))
    assert [b.text for b in first.findall("beam")] == ["begin", "forward hook"]
    assert [b.text for b in second.findall("beam")] == ["end"]
    first, second, *_ = sung(filled(source.encode(), {"Soprano": {1: "1: g4/1"}}))
    assert [b.text for b in first.findall("beam")] == ["begin", "begin"]
    assert [b.text for b in second.findall("beam")] == ["continue", "continue"]


def test_a_hook_never_points_at_a_note_that_was_replaced():
    source = score("c5:e d5:s e5:e f5:s c5:h.").decode()
    for beams in (("begin",), ("continue", "forward hook"), ("continue",), ("end", "backward hook")):
        signs = "".join(f'<beam number="{number}">{sign}</beam>' for number, sign in enumerate(beams, 1))
        source = re.sub(r"(?<=<type>)(eighth|16th)</type></note>", rf"\1</type >{signs}</note>", source, count=1)
    _, second, *_ = sung(filled(source.encode(), {"Soprano": {1: "3: g4/2 a4/1"}}))
    assert [beam.text for beam in second.findall("beam")] == ["continue", "begin"]


def slurred(source: bytes, *marks: str) -> bytes:
    """The score with slurs on its quarters, in order: start, stop or nothing."""
    text, quarter = source.decode(), re.compile(r"<type>quarter</type></note>")
    for mark in marks:
        slur = f'<notations><slur type="{mark}" number="1"/></notations>' if mark else ""
        text = quarter.sub(f"<type>quarter</type >{slur}</note>", text, count=1)
    return text.encode()


@pytest.mark.parametrize(
    ("hole", "left"),
    [
        ("4: a4/4", ["start", "stop"]),  # under the slur
        ("a4/4", []),  # its first note
        ("8: a4/4", []),  # its last
        ("12: a4/4", ["start", "stop"]),  # behind it
    ],
)
def test_a_slur_keeps_both_ends_or_neither(hole: str, left: list[str]):
    source = slurred(score("c5:q d5:q e5:q f5:q"), "start", "", "stop", "")
    root = filled(source, {"Soprano": {1: hole}})
    assert [slur.get("type") for slur in root.iter("slur")] == left
    assert all(len(notations) for notations in root.iter("notations"))


@pytest.mark.parametrize("sign", ["glissando", "slide", "tuplet"])
def test_what_joins_two_notes_keeps_both_ends_or_neither(sign: str):
    text = slurred(score("c5:q d5:q e5:q f5:q"), "start", "", "stop", "").decode().replace("slur", sign)
    assert [e.get("type") for e in filled(text.encode(), {"Soprano": {1: "4: a4/4"}}).iter(sign)] == [
        "start",
        "stop",
    ]
    root = filled(text.encode(), {"Soprano": {1: "8: a4/4"}})
    assert list(root.iter(sign)) == []
    assert list(root.iter("notations")) == []


def test_of_a_tremolo_between_two_notes_both_ends_stay_or_neither():
    text = slurred(score("c5:q d5:q e5:q f5:q"), "start", "stop", "", "").decode()
    text = re.sub(
        r'<slur type="(\w+)" number="1"/>', r'<ornaments><tremolo type="\1">3</tremolo></ornaments>', text
    )
    root = filled(text.encode(), {"Soprano": {1: "4: a4/4"}})
    assert list(root.iter("notations")) == []


def test_fermatas_are_written():
    root = filled(score("R"), {"Soprano": {1: "c5/8 d5/8^"}})
    assert [n.find("notations/fermata") is not None for n in sung(root)] == [False, True]


# --- divisions -------------------------------------------------------------------------------------------


def test_divisions_are_refined_in_the_whole_part_and_only_there_when_values_need_it():
    source = score(Staff("c5:q d5:h. | R", "Soprano", divisions=1), Staff("e4:w | e4:w", "Alto", divisions=1))
    root = filled(source, {"Soprano": {2: "c5/2 d5/6 e5/8"}})
    assert [e.text for e in root.iter("divisions")] == ["4", "1"]
    assert [n.findtext("duration") for n in root.find("part").iter("note")] == ["4", "12", "2", "2", "4", "8"]
    assert [n.findtext("duration") for n in root.findall("part")[1].iter("note")] == ["4", "4"]


def test_divisions_stay_when_values_do_not_need_finer_ones():
    root = filled(score(Staff("R", divisions=1)), {"Soprano": {1: "c5/4 d5/12"}})
    assert [e.text for e in root.iter("divisions")] == ["1"]


def test_divisions_are_refined_where_only_the_pieces_of_a_note_need_it():
    # Eight sixteenths in 6/8 are a dotted quarter tied to an eighth.
    root = filled(score(Staff("R", time="6/8", divisions=1)), {"Soprano": {1: "c5/8 d5/4"}})
    assert [n.findtext("duration") for n in sung(root)] == ["6", "2", "4"]


def test_divisions_that_are_odd_or_changing_become_finer_by_one_factor():
    change = "<attributes><divisions>6</divisions></attributes>"
    triplet = "".join(
        f"<note><pitch><step>{step}</step><octave>5</octave></pitch><duration>2</duration><voice>1</voice>"
        "<type>eighth</type><time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
        "</time-modification></note>"
        for step in "CDE"
    )
    half = "<note><rest/><duration>18</duration><voice>1</voice><type>half</type><dot/></note>"
    source = score(Staff(f"c5:w | {change} {triplet} {half}", divisions=3))
    root = filled(source, {"Soprano": {2: "4: f5/1 g5/1 a5/2 b5/8"}})
    # 3 needs the factor 4, 6 the factor 2: all become four times as fine.
    assert [e.text for e in root.iter("divisions")] == ["12", "24"]
    assert [n.findtext("duration") for n in sung(root)] == ["48", "8", "8", "8", "6", "6", "12", "48"]


def test_the_offset_of_a_direction_is_refined_with_the_rest():
    word = "<direction><direction-type><words>dolce</words></direction-type><offset>1</offset></direction>"
    root = filled(score(Staff(f"{word} c5:w | R", divisions=1)), {"Soprano": {2: "c5/2 d5/14"}})
    assert root.findtext(".//offset") == "4"


# --- the second voice of a staff -------------------------------------------------------------------------


def test_a_voice_that_is_not_there_is_written_behind_a_backup():
    source = score("c5:w ; e4:w | c5:h d5:h | c5:w ; e4:w")
    root = filled(source, {"Alto": {2: "e4/8 f4/8"}})
    assert sequence(measure_of(root, 2)) == "c5:h d5:h backup=16 e4:h f4:h"
    assert stems(measure_of(root, 2), 1) == ["up", "up"]
    assert stems(measure_of(root, 2), 2) == ["down", "down"]
    assert stems(measure_of(root, 1), 1) == [None]


@pytest.mark.parametrize("music", ["_:h r:h", "r:h _:h", "_:h r:q _:q", "r:q _:q r:h"])
def test_time_without_notes_beside_the_rests_of_a_voice_is_its_own(music: str):
    root = filled(score(f"c5:w | {music} | c5:w"), {"Soprano": {2: "e5/8 d5/8"}})
    assert sequence(measure_of(root, 2)) == "e5:h d5:h"


def test_a_new_key_cuts_a_note_and_the_sign_stands_between_its_halves():
    key = "<attributes><key><fifths>2</fifths></key></attributes>"
    root = filled(score(f"c5:w | r:h {key} r:h"), {"Soprano": {2: "g4/16"}})
    assert sequence(measure_of(root, 2)) == "g4:h~ attributes g4:h"


def test_a_voice_that_enters_late_leaves_time_on_either_side():
    root = filled(score("c5:w ; e4:w | c5:h d5:h"), {"Alto": {2: "4: e4/4 f4/4"}})
    assert sequence(measure_of(root, 2)) == "c5:h d5:h backup=12 e4:q f4:q forward=4"


def test_a_voice_that_holds_only_a_part_of_the_measure_is_written_anew_as_a_whole():
    root = filled(score("c5:w ; e4:w | c5:w ; _:h r:h"), {"Alto": {2: "e4/8 f4/8"}})
    assert heard(root, 2, 2) == ["0 e4", "2 f4"]


def test_the_time_before_a_voice_that_enters_late_can_be_filled_alone():
    root = filled(score("c5:w ; e4:w | c5:w ; _:h f4:h"), {"Alto": {2: "e4/8"}})
    assert heard(root, 2, 2) == ["0 e4", "2 f4"]


def test_the_lower_voice_rests_without_a_sign_for_the_rest_of_the_upper_stands_for_both():
    root = filled(score("c5:w ; e4:w | c5:h r:h"), {"Alto": {2: "e4/8 r/8"}})
    assert sequence(measure_of(root, 2)) == "c5:h r:h backup=16 e4:h forward=8"


def test_the_lower_voice_rests_with_a_sign_where_the_upper_one_sings():
    root = filled(score("c5:w ; e4:w | c5:w"), {"Alto": {2: "e4/8 r/8"}})
    assert sequence(measure_of(root, 2)) == "c5:w backup=16 e4:h r:h"
    # New notes of the upper one count, and so do its notes in chords.
    root = filled(score("c5:w ; e4:w | r:w ; e4:w"), {"Soprano": {2: "r/8 c5/8"}, "Alto": {2: "e4/4 r/4 r/8"}})
    assert sequence(measure_of(root, 2)) == "r:h c5:h backup=16 e4:q forward=4 r:h"
    root = filled(score("e4+c5:w | e4+c5:h e4+c5:h"), {"Alto": {2: "8: r/8"}})
    assert heard(root, 2, 1) == ["0 e4", "0 c5", "2 c5"]
    assert line(measure_of(root, 2), 2) == "r:h"


def test_grace_notes_go_with_their_note_also_where_notes_are_taken_out_one_by_one():
    # There is a gap between the notes of the lower voice.
    voices = "c5:w ; e4:w | c5:w ; (g4) e4:q _:h (a4) f4:q"
    root = filled(score(voices), {"Alto": {2: "g4/12"}})
    assert sequence(measure_of(root, 2)) == "c5:w backup=4 (a4) f4:q backup=16 g4:h. forward=4"
    root = filled(score(voices), {"Alto": {2: "4: g4/12"}})
    assert sequence(measure_of(root, 2)) == "c5:w backup=16 (g4) e4:q g4:h."


def test_of_a_voice_that_was_taken_out_no_empty_time_is_left_behind():
    root = filled(score("c5:w ; e4:w | c5:w ; e4:q _:h f4:q"), {"Alto": {2: "g4/16"}})
    assert sequence(measure_of(root, 2)) == "c5:w backup=16 g4:w"
    root = filled(score("c5:w ; e4:w | c5:w"), {"Alto": {2: "e4/4 | 8: f4/4"}})
    assert sequence(measure_of(root, 2)) == "c5:w backup=16 e4:q forward=4 f4:q forward=4"


def test_new_notes_go_in_front_of_a_barline_at_the_end():
    end = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'
    root = filled(score(f"c5:w ; e4:w | c5:w {end}"), {"Alto": {2: "e4/16"}})
    assert sequence(measure_of(root, 2)) == "c5:w backup=16 e4:w barline"


def test_staves_and_their_voices_keep_apart():
    root = filled(score(Staff("c5:w ; e4:w // R", clefs=GRAND)), {"Tenor": {1: "g3/16"}, "Bass": {1: "c3/16"}})
    measure = measure_of(root, 1)
    assert [line(measure, voice) for voice in (1, 2, 5, 6)] == ["c5:w", "e4:w", "g3:w", "c3:w"]
    assert [n.findtext("staff") for n in sung(measure)] == ["1", "1", "2", "2"]
    assert stems(measure, 5) == [None]  # whole notes have none


def test_a_stem_that_is_hidden_on_purpose_stays_hidden():
    source = score("c5:w ; e4:w | c5:h d5:h").replace(
        b"<type>half</type>", b"<type>half</type><stem>none</stem>", 1
    )
    root = filled(source, {"Alto": {2: "e4/16"}})
    assert stems(measure_of(root, 2), 1) == ["none", "up"]


# --- shared stems ----------------------------------------------------------------------------------------


def lyric(text: str) -> str:
    return f"<lyric><text>{text}</text></lyric>"


CHORDS = "e4+c5:q=Praise f4+d5:q=God g4:q=from e4+c5:q=whom"


def test_of_a_chord_the_lower_note_gives_way_and_the_words_stay():
    root = filled(score(CHORDS), {"Alto": {1: "c4/8 d4/4 e4/4"}})
    measure = measure_of(root, 1)
    assert line(measure, 1) == "c5:q d5:q g4:q c5:q"
    assert line(measure, 2) == "c4:h d4:q e4:q"
    assert [n.findtext("lyric/text") for n in sung(measure, 1)] == ["Praise", "God", "from", "whom"]
    assert stems(measure, 1) == 4 * ["up"]
    assert stems(measure, 2) == 3 * ["down"]


def test_of_a_chord_the_upper_note_gives_way_and_the_lower_becomes_a_voice_of_its_own():
    root = filled(score(CHORDS), {"Soprano": {1: "g5/8 f5/8"}})
    measure = measure_of(root, 1)
    assert line(measure, 1) == "g5:h f5:h"
    assert line(measure, 2) == "e4:q f4:q g4:q e4:q"  # the unison is still sung
    assert stems(measure, 2) == 4 * ["down"]


def test_both_notes_of_chords_give_way():
    root = filled(score(CHORDS), {"Soprano": {1: "g5/16"}, "Alto": {1: "c4/16"}})
    assert sequence(measure_of(root, 1)) == "attributes g5:w backup=16 c4:w"


def test_chords_outside_of_the_hole_stay_chords():
    root = filled(score(CHORDS), {"Alto": {1: "4: c4/4"}})
    measure = measure_of(root, 1)
    assert sequence(measure) == "attributes e4:q +c5:q d5:q g4:q e4:q +c5:q backup=12 c4:q forward=8"
    assert [n.findtext("stem") for n in sung(measure)] == [None, None, "up", None, None, None, "down"]


def test_different_holes_of_both_singers():
    root = filled(score(CHORDS), {"Soprano": {1: "g5/8"}, "Alto": {1: "4: c4/8"}})
    # The unison on the third beat is the soprano's alone now; on the fourth both still share a stem.
    assert heard(root, 1, 1) == ["0 g5", "2 g4", "3 e4", "3 c5"]
    assert heard(root, 1, 2) == ["0 e4", "1 c4"]


def test_what_was_filled_in_part_is_read_back_as_a_whole():
    root = filled(score(CHORDS), {"Alto": {1: "4: c4/4"}})
    timeline = read_timeline(Score(etree.tostring(root)))
    alto = find_choir(timeline).singers[1]
    assert [(e.offset, e.midi) for e in alto.measures[0]] == [(0, 64), (1, 60), (2, 67), (3, 64)]


def test_beams_and_signs_of_a_stem_stay_with_the_note_that_stays():
    sign = "<notations><articulations><accent/></articulations></notations>"
    source = score("e4+c5:e f4+d5:e r:h.").decode()
    for value in ("begin", "end"):
        beam = f'<beam number="1">{value}</beam>{sign}'
        source = re.sub(r"(<type>eighth</type>)(</note><note><chord/>)", rf"\1{beam}\2", source, count=1)
    measure = measure_of(filled(source.encode(), {"Alto": {1: "c4/16"}}), 1)
    assert beam_signs(measure, 1) == "[]."
    assert [n.find("notations/articulations/accent") is not None for n in sung(measure, 1)] == [True, True]


VALUES = {"e": 2, "q": 4, "h": 8}
TUNE = {"c5": 72, "d5": 74, "e5": 76}
SECOND = {"c4": 60, "d4": 62, "e4": 64}
UNISON = {"g4": 67}
NEW_SOPRANO, NEW_ALTO = ("a5", 81), ("a3", 57)


@st.composite
def shared_staves(draw: st.DrawFn) -> tuple[str, list[set[int]], list[set[int]], bool]:
    """A measure of 4/4 for two singers, and for each of its sixteenths what soprano and alto sing.

    Either on shared stems, with unisons and rests, or as two voices, of which the second may be away.
    """
    left, words, soprano, alto = 16, [], [], []
    on_stems = draw(st.booleans())
    while left:
        value = draw(st.sampled_from([v for v in VALUES if VALUES[v] <= left]))
        kind = draw(st.sampled_from(["chord", "chord", "unison", "rest"] if on_stems else ["chord"]))
        high, low = draw(st.sampled_from(sorted(TUNE))), draw(st.sampled_from(sorted(SECOND)))
        names = {"chord": f"{low}+{high}", "unison": "g4", "rest": "r"}[kind]
        words.append(f"{names}:{value}")
        sung_by = {"chord": (TUNE[high], SECOND[low]), "unison": (67, 67), "rest": ()}[kind]
        soprano += VALUES[value] * [{sung_by[0]} if sung_by else set()]
        alto += VALUES[value] * [{sung_by[1]} if sung_by else set()]
        left -= VALUES[value]
    if on_stems:
        return " ".join(words), soprano, alto, True
    upper = " ".join(w.split("+")[1] for w in words)
    lower = [w.split("+")[0] + ":" + w.split(":")[1] for w in words]
    kinds = draw(st.lists(st.sampled_from(["note", "rest", "gap"]), min_size=len(words), max_size=len(words)))
    at = 0
    for place, (word, kind) in enumerate(zip(lower, kinds, strict=True)):
        ticks = VALUES[word[-1]]
        if kind != "note":
            lower[place] = ("r" if kind == "rest" else "_") + word[-2:]
            alto[at : at + ticks] = ticks * [set()]
        at += ticks
    return f"{upper} ; {' '.join(lower)}", soprano, alto, False


@given(shared_staves(), st.lists(st.tuples(st.integers(0, 1), st.integers(0, 15), st.integers(1, 16)), max_size=3))
def test_whatever_is_replaced_on_a_shared_staff_all_else_sounds_as_before(
    staff: tuple[str, list[set[int]], list[set[int]], bool], wishes: list[tuple[int, int, int]]
):
    music, *sings, on_stems = staff
    # The measure before shows which of the two styles the staff has.
    source = score(f"{'e4+c5:w' if on_stems else 'c5:w ; e4:w'} | {music}")
    timeline = read_timeline(Score(source))
    choir = find_choir(timeline)
    regions = [
        Region(voice, 4 + Fraction(start, 4), min(4 + Fraction(start + ticks, 4), Fraction(8)), "flag")
        for voice, start, ticks in wishes
    ]
    passage = build_passage(timeline, choir, regions)
    notes = {}
    for voice, (_, midi) in enumerate((NEW_SOPRANO, NEW_ALTO)):
        for index, start, end in passage.segments(voice):
            notes.setdefault((voice, index), []).append((start, end, [NewNote(start, end - start, midi, 3)]))
            sings[voice][start:end] = (end - start) * [{midi}]
    write_notes(timeline, choir, notes, [])
    saved = timeline.score.to_xml()
    root = etree.fromstring(saved)
    heard: list[set[int]] = [set() for _ in range(16)]
    for rows in lines(root).values():
        for sound in rows[1]:
            for tick in range(int(sound.onset * 4), int(sound.end * 4)):
                heard[tick] |= {sound.midi} - {None}
    assert heard == [one | two for one, two in zip(*sings, strict=True)]
    assert schema_errors(saved) == []
    assert collisions(root) == []
    reread = read_timeline(Score(saved))
    again = encode(reread, find_choir(reread))
    for voice, row in enumerate(sings):
        # A note that the alto rests under is taken for a unison where the staff has shared stems.
        assert [{int(midi)} for midi, sung_by in zip(again.pitch[voice, 16:], row, strict=True) if sung_by] == [
            sung_by for sung_by in row if sung_by
        ]


# --- new parts -------------------------------------------------------------------------------------------


def test_a_new_part_rests_around_its_notes_and_where_it_is_silent():
    root = filled(score(Staff("c5:w | c5:w", "Soprano")), {"Alto": {1: "4: e4/4"}}, layout="open")
    alto = root.findall("part")[1].get("id")
    assert line(measure_of(root, 1, alto)) == "r:q e4:q r:h"
    assert line(measure_of(root, 2, alto)) == "R"


def test_several_holes_of_a_new_part_make_one_line():
    root = filled(score(Staff("c5:w", "Soprano")), {"Alto": {1: "e4/4 | 8: f4/4"}}, layout="open")
    alto = root.findall("part")[1].get("id")
    assert sequence(measure_of(root, 1, alto)) == "attributes e4:q r:q f4:q r:q"


def test_two_singers_of_a_new_staff_share_the_rests_of_the_upper_one():
    root = filled(
        score(Staff("c5:w | c5:w", "Soprano")), {"Tenor": {1: "g3/8"}, "Bass": {1: "8: c3/8"}}, layout="closed"
    )
    below = root.findall("part")[1].get("id")
    assert sequence(measure_of(root, 1, below)) == "attributes g3:h r:h backup=8 c3:h"
    assert sequence(measure_of(root, 2, below)) == "R"


def test_a_sign_for_several_measures_of_rest_goes_where_notes_come():
    style = "<attributes><measure-style><multiple-rest>3</multiple-rest></measure-style></attributes>"
    root = filled(score(f"c5:w | {style} R | R | R"), {"Soprano": {3: "c5/16"}})
    assert sequence(measure_of(root, 2)) == "R"
    root = filled(score(f"R | {style} R | R | R"), {"Soprano": {1: "c5/16"}})
    assert sequence(measure_of(root, 2)) == "attributes R"


@pytest.mark.parametrize(("hole", "left"), [(1, 2), (2, 0), (3, 0), (4, 2)])
def test_signs_that_hide_notes_go_where_notes_come(hole: int, left: int):
    style = "<attributes><measure-style><slash type='{}'/></measure-style></attributes>"
    source = score(f"R | {style.format('start')} R | R | {style.format('stop')} R")
    root = filled(source, {"Soprano": {hole: "c5/16"}})
    assert len(root.findall(".//measure-style")) == left


def test_a_new_part_rests_in_a_pickup_by_its_beats_and_in_a_measure_off_the_grid():
    melody = Staff("c5:q. | c5:w | c5:q3 | c5:w", "Soprano", time="4/4", divisions=24)
    root = filled(score(melody), {"Alto": {2: "e4/16"}}, layout="open")
    alto = root.findall("part")[1].get("id")
    assert line(measure_of(root, 1, alto)) == "r:e r:q"
    (rest,) = measure_of(root, 3, alto).findall("note")
    assert (rest.findtext("duration"), rest.find("rest").get("measure")) == ("16", "yes")


def test_a_new_slur_whose_attributes_stand_in_another_order_leaves_the_hand_of_the_file():
    source = score("c5:h=O d5:h=my | e5:h=soul f5:h").decode()
    for step, kind in (("E", "start"), ("F", "stop")):
        slur = f'<notations><slur type="{kind}" number="1"/></notations>'
        source = re.sub(rf"(<step>{step}</step>.*?</type>)", rf"\1{slur}", source, count=1)
    source = source.replace("<score-partwise version", "<score-partwise\n  version")
    timeline = read_timeline(Score(source.encode(), "hymn"))
    notes = [NewNote(0, 4, 76, 4), NewNote(4, 12, 74, 2)]
    write_notes(timeline, find_choir(timeline), {(0, 1): [(0, 16, notes)]}, [])
    assert b"<score-partwise\n  version" in timeline.score.to_xml()


DOLCE = "<direction><direction-type><words>dolce</words></direction-type></direction>"


@pytest.mark.parametrize(("sign", "shown"), [(DOLCE, "'dolce'"), ("<!-- x -->", None)])
def test_what_stands_between_the_notes_of_a_chord_stays_and_no_note_of_it_does(sign: str, shown: str | None):
    source = score(Staff("e5:q c5+e5:q c5:h", "Soprano"), Staff("a4:w", "Alto")).replace(
        b"</note><note><chord/>", f"</note>{sign}<note><chord/>".encode()
    )
    root = filled(source, {"Soprano": {1: "4: g4/4"}})
    measure = measure_of(root, 1)
    assert line(measure) == "e5:q g4:q c5:h"
    if shown:
        assert sequence(measure) == f"attributes e5:q g4:q {shown} c5:h"


def test_for_a_comment_the_cursor_does_not_go_back():
    source = score("c5:h d5:h").replace(b"</note><note>", b"</note><!-- x --><note>")
    measure = measure_of(filled(source, {"Soprano": {1: "g4/16"}}), 1)
    assert [child.tag for child in measure.iterchildren("note", "backup", "forward")] == ["note"]


@pytest.mark.parametrize(("singer", "left"), [("Alto", "c5:q c5:h"), ("Soprano", "e4:q e4:h")])
def test_a_singer_leaves_a_chord_also_where_words_stand_between_its_notes(singer: str, left: str):
    source = score("e4+c5:q e4+c5:q e4+c5:h").replace(
        b"</note><note><chord/>", f"</note>{DOLCE}<note><chord/>".encode()
    )
    measure = measure_of(filled(source, {singer: {1: "0: g4/4"}}), 1)
    words = [child for child in measure if child.tag == "direction"]
    assert [child.getprevious().findtext("pitch/step") for child in words] == [left[0].upper(), "E", "E"]
    heads = [note for note in sung(measure) if note.find("chord") is None]
    assert len(heads) == 4
    assert len(sung(measure)) == 6


def test_grace_notes_go_with_their_note_also_where_words_stand_between():
    root = filled(score(f"e5:q (d5) {DOLCE} c5:q c5:h"), {"Soprano": {1: "4: g4/4"}})
    assert sequence(measure_of(root, 1)) == "attributes e5:q 'dolce' g4:q c5:h"


# --- durations off the divisions -------------------------------------------------------------------------


def lasting(what: str, duration: str, kind: str) -> str:
    sounds = f"<pitch><step>{what}</step><octave>5</octave></pitch>" if what != "r" else "<rest/>"
    return f"<note>{sounds}<duration>{duration}</duration><voice>1</voice><type>{kind}</type></note>"


def test_of_a_rest_that_lasts_a_decimal_number_of_divisions_the_rest_remains():
    music = lasting("r", "1.5", "quarter").replace("</type>", "</type><dot/>") + lasting("C", "2.5", "half")
    root = filled(score(Staff(music, divisions=1)), {"Soprano": {1: "g4/4"}}, check=False)
    measure = measure_of(root, 1)
    assert line(measure) == "g4:q r:e c5:h"
    quarter = int(root.findtext(".//divisions"))
    lengths = [Fraction(note.findtext("duration")) / quarter for note in measure.iter("note")]
    assert lengths == [1, Fraction(1, 2), Fraction(5, 2)]


def test_words_at_a_decimal_moment_keep_it():
    music = lasting("r", ".5", "eighth") + DOLCE + lasting("r", ".5", "eighth") + lasting("r", "3", "half")
    root = filled(score(Staff(music, divisions=1)), {"Soprano": {1: "g4/16"}})
    assert root.findtext(".//divisions") == "4"
    assert sequence(measure_of(root, 1)) == "attributes g4:w backup=14 'dolce' forward=14"


def test_a_voice_is_written_behind_time_that_lasts_a_decimal_number_of_divisions():
    pause = "<forward><duration>0.5</duration></forward>"
    source = score(Staff(f"c5:w ; e4:w | c5:h c5:q {pause}", divisions=1), Staff("c4:w | c4:w"))
    root = filled(source, {"Alto": {2: "e4/8"}}, check=False)
    assert sequence(measure_of(root, 2)) == "c5:h c5:q backup=12 e4:h forward=8"


def test_a_pause_up_to_the_end_that_another_part_makes_is_written_in_full():
    source = score(Staff("c5:w ; e4:w | c5:w", divisions=1), Staff("c4:w | c4:w c4:e3", divisions=3))
    measure = measure_of(filled(source, {"Alto": {2: "e4/16"}}, check=False), 2)
    lasts = [Fraction(child.findtext("duration")) for child in measure]
    assert sequence(measure).startswith("c5:w backup=")
    assert lasts[-1] * 12 == lasts[0]  # a triplet eighth beside a whole note


# --- beams over a barline, slurs -------------------------------------------------------------------------


@pytest.mark.parametrize(("hole", "left"), [(1, "[]"), (2, "[]")])
def test_of_a_beam_over_a_barline_what_is_left_is_a_beam_of_its_own(hole: int, left: str):
    source = beamed(score("c5:q c5:h c5:e c5:e | c5:e c5:e c5:q c5:h"), "[--]")
    measure = measure_of(filled(source, {"Soprano": {hole: "g4/16"}}), 3 - hole)
    assert beam_signs(measure).replace(".", "") == left


def test_a_single_eighth_that_is_left_of_a_beam_over_a_barline_has_a_flag():
    source = beamed(score("c5:h c5:q c5:e c5:e | c5:e c5:e c5:q c5:h"), "[-]")
    measure = measure_of(filled(source, {"Soprano": {1: "g4/16"}}), 2)
    assert beam_signs(measure) == "...."


def test_a_beam_over_a_barline_on_the_other_staff_stays():
    grand = Staff("c5:w // c3:h c3:q c3:e c3:e | d5:w // c3:e c3:e c3:q c3:h", clefs=GRAND)
    source = beamed(score(grand).replace(b"<voice>5<", b"<voice>1<"), "[--]")
    root = filled(source, {"Soprano": {2: "g4/16"}}, check=False)
    assert [beam.text for beam in root.iter("beam")] == ["begin", "continue", "continue", "end"]


def joined(source: bytes, *kinds: str) -> bytes:
    """The score with ends of slurs, all of number 1, on its notes in order; ``-`` for none."""
    ends = iter(kinds)

    def note(match: re.Match[str]) -> str:
        kind = next(ends, "-")
        sign = f'<notations><slur type="{kind}" number="1"/></notations>' if kind != "-" else ""
        return f"{sign}</note>"

    return re.sub("</note>", note, source.decode()).encode()


def slur_ends(root: etree._Element) -> list[str]:
    """Step and kind of each end of a slur, in document order."""
    return [
        f"{note.findtext('pitch/step').lower()} {slur.get('type')}"
        for note in sung(root)
        for slur in note.iter("slur")
    ]


def test_slurs_of_the_same_number_on_two_staves_keep_apart():
    grand = Staff("c5:w // c3:w | d5:w // d3:w", clefs=GRAND)
    source = score(grand).replace(b"<voice>5<", b"<voice>1<")
    source = joined(source, "start", "start", "stop", "stop")
    root = filled(source, {"Soprano": {2: "g4/16"}}, check=False)
    assert slur_ends(root) == ["c start", "d stop"]
    assert [n.findtext("staff") for n in sung(root) if n.find(".//slur") is not None] == ["2", "2"]


def test_slurs_of_the_same_number_in_two_voices_of_a_staff_keep_apart():
    source = joined(score("c5:w ; e4:w | d5:w ; f4:w"), "start", "start", "stop", "stop")
    assert slur_ends(filled(source, {"Soprano": {2: "g5/16"}})) == ["e start", "f stop"]


def test_of_a_slur_from_one_voice_to_the_other_nothing_is_left():
    source = joined(score("c5:w ; e4:w | d5:w ; f4:w"), "start", "-", "-", "stop")
    assert slur_ends(filled(source, {"Soprano": {1: "g5/16"}})) == []
    assert slur_ends(filled(source, {"Alto": {2: "g4/16"}})) == []
    assert slur_ends(filled(source, {"Alto": {1: "g4/16"}})) == ["c start", "f stop"]


# --- moves of the cursor ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("singer", "left"),
    [
        ("Soprano", "f4:h g4:h +f5:h backup=16 forward=4 forward=4 d4:h backup=16 g4:h forward=8"),
        ("Alto", "e5:h g4:h +f5:h backup=16 forward=4 forward=4 d4:h backup=16 g4:h forward=8"),
    ],
)
def test_given_moves_stay_as_they_are(singer: str, left: str):
    root = filled(score("f4+e5:w | f4+e5:h g4+f5:h ; _:q _:q d4:h"), {singer: {2: "g4/8"}})
    assert sequence(measure_of(root, 2)) == left


def test_a_given_move_with_a_remark_stays_beside_a_new_one():
    remark = "<forward><duration>8</duration><footnote>mine</footnote></forward>"
    source = score(f"f4+e5:w | f4+e5:h g4+f5:h ; {remark} d4:h")
    root = filled(source, {"Alto": {2: "4: a4/12"}}, check=False)
    assert root.findtext(".//footnote") == "mine"


def test_moves_that_cancel_out_vanish():
    root = filled(score("c5:w ; e4:w | c5:w ; e4:q _:h f4:q"), {"Alto": {2: "4: g4/12"}})
    assert sequence(measure_of(root, 2)) == "c5:w backup=16 e4:q g4:h."
