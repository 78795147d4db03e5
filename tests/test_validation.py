"""What `validate` finds, where it says it is, and what it lets pass."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from schema import schema_errors
from shorthand import Staff, score

import scoreassist
from scoreassist.cli import program
from scoreassist.errors import UnreadableError, UnsupportedError
from scoreassist.validation import Finding, validate

EXAMPLES = Path(__file__).parent.parent / "examples"


def messages(document: bytes) -> list[str]:
    return [finding.message for finding in validate(document)]


def rules(document: bytes) -> list[str]:
    return [finding.rule for finding in validate(document)]


def note(inside: str) -> bytes:
    """A measure of one quarter note with this in it."""
    return score(Staff(f"<note>{inside}</note>", time="1/4"))


# In its second measure a tie from D5 that ends nowhere.
TIED = "c5:w | c5:h d5:h~ | e5:w"
QUARTER = "<duration>4</duration><voice>1</voice><type>quarter</type>"
C5 = "<pitch><step>C</step><octave>5</octave></pitch>"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.musicxml")), ids=lambda path: path.stem)
def test_the_examples_are_sound(path):
    assert validate(path) == []


def test_what_is_written_into_holes_is_sound():
    result = scoreassist.complete(EXAMPLES / "chorale-with-holes.musicxml", candidates=1)
    assert result.filled
    assert validate(result.score) == []


def test_a_finding_says_line_part_measure_rule_and_kind():
    document = score(TIED).replace(b"><", b">\n<")
    line = document.split(b'<tie type="start"/>')[0].count(b"\n") + 1
    (finding,) = validate(document)
    assert finding == Finding(line, "P1", "2", "tie", "the tie from D5 ends nowhere", "music")
    assert str(finding) == f"line {line}, part P1, measure 2: the tie from D5 ends nowhere"


# --- the schema, in plain words --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "rule", "message"),
    [
        (
            f"{C5}<voice>1</voice><duration>4</duration><type>quarter</type>",
            "element-order",
            "<voice> cannot follow <pitch> in <note>; what can: <duration>",
        ),
        (
            f"{C5}<length>4</length>",
            "unknown-element",
            "MusicXML has no element <length>; here can stand <duration>",
        ),
        (C5, "missing", "<note> is not complete; it lacks <duration>"),
        (
            f"<pitch><step>H</step><octave>5</octave></pitch>{QUARTER}",
            "value",
            "<step> is 'H'; it must be A, B, C, D, E, F or G",
        ),
        (
            f"<pitch><step>C</step><octave>12</octave></pitch>{QUARTER}",
            "value",
            "<octave> is '12'; it must be at most 9",
        ),
        (
            f"{C5}<duration>four</duration><voice>1</voice>",
            "value",
            "<duration> is 'four'; it must be a number above 0",
        ),
        (f"{C5}<duration/><voice>1</voice>", "value", "<duration> is empty; it must be a number above 0"),
        (f"{C5}hello{QUARTER}", "content", "<note> holds text, 'hello'; it can hold elements only"),
        (f"<chord>x</chord>{C5}{QUARTER}", "content", "<chord> holds 'x'; it must be empty"),
        (
            f"{C5}{QUARTER}<staff>0</staff>",
            "value",
            "<staff> is '0'; it must be a whole number above 0",
        ),
        (
            f"{C5}{QUARTER}<notations><slur number='1'/></notations>",
            "attribute",
            "<slur> lacks its attribute 'type'",
        ),
        (
            f"{C5}{QUARTER}<notations><slur type='start' curve='x'/></notations>",
            "attribute",
            "<slur> has an attribute 'curve', which it cannot have",
        ),
    ],
)
def test_the_schema_speaks_in_plain_words(inside, rule, message):
    found = [finding for finding in validate(note(inside)) if finding.kind == "schema"]
    assert [(finding.rule, finding.message) for finding in found] == [(rule, message)]


def test_the_tests_of_other_files_ask_the_same_schema():
    assert schema_errors(note(C5)) == ["Element 'note': Missing child element(s). Expected is ( duration )."]
    assert schema_errors(note(f"{C5}{QUARTER}")) == []


def test_of_many_values_those_like_the_wrong_one_are_named():
    (message,) = messages(note(f"{C5}{QUARTER}<accidental>koran</accidental>"))
    assert message.startswith("<accidental> is 'koran'; it must be koron, ")
    assert message.endswith(" others")


def test_older_versions_are_valid_under_the_newest():
    for version in (b"1.0", b"2.0", b"3.1"):
        assert validate(score("c5:w").replace(b'version="4.0"', b'version="%s"' % version)) == []


# --- parts -----------------------------------------------------------------------------------------------


def test_a_part_that_is_not_in_the_part_list_and_the_reverse():
    document = score("c5:w", "c4:w").replace(b'<score-part id="P2"', b'<score-part id="P3"')
    document = document.replace(b"><part", b">\n<part")
    assert [(finding.part, finding.message) for finding in validate(document)] == [
        (None, '<score-part id="P3"> has no <part>'),
        ("P2", '<part id="P2"> has no <score-part> in the part list'),
    ]


def test_parts_with_other_numbers_of_measures_than_most():
    document = score("c5:w | d5:w", "c4:w", "c3:w | c3:w")
    assert [(finding.part, finding.message) for finding in validate(document)] == [
        ("P2", "has 1 measure, part P1 has 2")
    ]


def test_ids_that_are_given_twice_are_found_once_with_the_first_line():
    document = score("c5:w | d5:w").replace(b'<measure number="2"', b'\n<measure id="P1" number="2"')
    (finding,) = validate(document)
    assert (finding.line, finding.rule) == (2, "id")
    assert finding.message == "the id 'P1' of <measure> is given a second time, first in line 1"


def test_an_instrument_that_the_part_list_does_not_have():
    document = note(f"{C5}<duration>4</duration><instrument id='P1-I1'/><voice>1</voice>")
    assert messages(document) == ["<instrument> speaks of 'P1-I1', which is no <score-instrument>"]


def test_divisions_are_missed_before_the_first_duration():
    document = score("c5:w").replace(b"<divisions>4</divisions>", b"")
    assert messages(document)[0] == "the first duration comes before any <divisions>, which say how long it is"


def test_where_divisions_are_missed_this_is_said_once():
    document = score("c5:h c5:h | d5:w", "c4:w | d4:w").replace(b"<divisions>4</divisions>", b"", 1)
    assert [(finding.part, finding.rule) for finding in validate(document)] == [("P1", "divisions")]


def test_a_chord_note_needs_a_note_before_it():
    chord = f"<note><chord/>{C5}{QUARTER}</note>"
    assert messages(score(f"r:q {chord} r:h.")) == [
        "C5 is marked as a further note of a chord, but a rest stands before it"
    ]
    assert messages(score(f"a4:q {chord} r:h.")) == []


def test_a_staff_that_the_part_does_not_have():
    document = note(f"{C5}{QUARTER}<staff>2</staff>")
    assert messages(document) == ["C5 stands on staff 2, and the part has 1 staff"]


# --- time ------------------------------------------------------------------------------------------------


def test_a_measure_that_is_too_long_for_its_time_signature():
    assert messages(score("c5:w | c5:w d5:q | c5:w")) == ["lasts 5 quarters, the time signature says 4 quarters"]


def test_a_measure_that_is_too_short_in_the_middle():
    assert messages(score("c5:w | c5:w | c5:h. | c5:w | c5:w")) == [
        "lasts 3 quarters, the time signature says 4 quarters"
    ]


@pytest.mark.parametrize(
    "music",
    ["c5:q | c5:w | c5:h.", "c5:w | c5:h. | c5:q | c5:w | c5:w", "c5:w | c5:h <barline/> | c5:w | c5:w"],
    ids=["pickup", "split", "double bar"],
)
def test_short_measures_with_a_reason_pass(music):
    assert messages(score(music)) == []


def test_a_measure_without_time_signature_may_last_as_it_likes():
    assert messages(score(Staff("c5:w d5:h | e5:q", time="free"))) == []


def test_of_two_time_signatures_by_turns_a_measure_fills_either():
    other = b"<interchangeable><beats>3</beats><beat-type>4</beat-type></interchangeable></time>"
    document = score(Staff("c5:h | c5:h. | c5:w | c5:h", time="2/4")).replace(b"</time>", other)
    assert messages(document) == ["lasts 4 quarters, the time signature says 2 quarters"]


def test_parts_in_metres_of_their_own_have_measures_of_their_own():
    parts = Staff("c5:h. | c5:h. | c5:h. | c5:h.", time="3/4"), Staff("c5:w | c5:w | c5:w")
    assert rules(score(*parts)) == ["measure-count", *3 * ["measure-length"]]
    own = score(*parts).replace(b"<measure number", b'<measure non-controlling="yes" number')
    assert messages(own) == []


def test_parts_that_disagree_on_the_length_of_a_measure():
    document = score("c5:w | d5:w | e5:w", "c4:w | d4:h | e4:w")
    assert [(f.part, f.measure, f.message) for f in validate(document)] == [
        ("P2", "2", "lasts 2 quarters, in part P1 4 quarters")
    ]


def test_a_backup_before_the_start_of_its_measure():
    document = score("c5:w ; c4:w").replace(b"<backup><duration>16", b"<backup><duration>20")
    assert messages(document) == ["the <backup> leads 1 quarter in front of the measure"]


def test_notes_of_one_voice_that_overlap():
    document = score("c5:w ; c4:w").replace(b"<voice>2</voice>", b"<voice>1</voice>")
    assert messages(document) == [
        "C4 begins 0 quarters after the start, C5 of the same voice 1 lasts until 4 quarters"
    ]
    assert messages(score("c5:w ; c4:w")) == []


def test_a_voice_that_enters_late_is_no_mistake():
    assert messages(score("c5:w ; _:h c4:h")) == []


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            "<duration>6</duration><type>quarter</type>",
            "C5 is written as a quarter, 1 quarter long, and its duration is 1 1/2 quarters",
        ),
        (
            "<duration>4</duration><type>eighth</type><dot/>",
            "C5 is written as a dotted eighth, 3/4 quarter long, and its duration is 1 quarter",
        ),
        (
            "<duration>4</duration><type>quarter</type><time-modification><actual-notes>3</actual-notes>"
            "<normal-notes>2</normal-notes></time-modification>",
            "C5 is written as a quarter in 3:2, 2/3 quarter long, and its duration is 1 quarter",
        ),
    ],
    ids=["plain", "dotted", "tuplet"],
)
def test_durations_that_are_not_what_the_note_says(written, message):
    document = score(Staff(f"<note>{C5}{written}</note>", time="free", divisions=4))
    assert messages(document) == [message]


def test_durations_of_tuplets_may_be_rounded_to_the_next_division():
    third = "<type>eighth</type><time-modification><actual-notes>3</actual-notes>"
    third += "<normal-notes>2</normal-notes></time-modification>"
    triplet = "".join(f"<note>{C5}<duration>{n}</duration>{third}</note>" for n in (3, 3, 2))
    assert messages(score(Staff(triplet, time="1/4", divisions=8))) == []
    wrong = triplet.replace("<duration>2<", "<duration>4<")
    assert rules(score(Staff(wrong, time="free", divisions=8))) == ["duration"]


def test_too_few_divisions_for_a_dotted_note_are_found():
    dotted = f"<note>{C5}<duration>2</duration><type>quarter</type><dot/></note>"
    assert rules(score(Staff(dotted, time="free", divisions=1))) == ["duration"]


def test_whole_rests_and_tremolos_are_written_longer_or_shorter_than_they_last():
    rest = "<note><rest/><duration>12</duration><type>whole</type></note>"
    assert messages(score(Staff(rest, time="3/4"))) == []
    tremolo = "".join(
        f"<note>{C5}<duration>4</duration><type>half</type><notations><ornaments>"
        f"<tremolo type='{kind}'>3</tremolo></ornaments></notations></note>"
        for kind in ("start", "stop")
    )
    assert messages(score(Staff(tremolo, time="2/4"))) == []


# --- what has two ends -----------------------------------------------------------------------------------


def test_ties_that_lead_nowhere_and_come_from_nowhere():
    assert messages(score("c5:h~ r:h")) == ["the tie from C5 ends nowhere"]
    assert messages(score("r:h ~c5:h")) == ["the tie into C5 comes from nowhere"]
    assert messages(score("c5:h c5:h~ | c5:w")) == ["the tie from C5 ends nowhere"]


def test_ties_of_which_only_the_sign_is_written_have_two_ends_too():
    def signs(music: str) -> bytes:
        return score(music).replace(b'<tie type="start"/>', b"").replace(b'<tie type="stop"/>', b"")

    assert messages(signs("c5:h~ r:h")) == ["the tie from C5 ends nowhere"]
    assert messages(signs("r:h ~c5:h")) == ["the tie into C5 comes from nowhere"]
    assert messages(signs("c5:h~ c5:h")) == []
    assert messages(score("c5:h~ r:h").replace(b'<tied type="start"/>', b'<tied type="let-ring"/>')) == []


def test_a_tie_that_joins_different_pitches():
    assert messages(score("c5:h~ d5:h")) == ["the tie joins C5 to D5, another pitch"]


def test_each_note_of_a_chord_has_a_tie_of_its_own():
    assert messages(score("c4+e4:h~ c4+e4:h")) == []
    assert messages(score("c4+e4:h~ e4:h")) == ["the tie from C4 ends nowhere"]


def test_ties_across_barlines_voices_and_enharmonic_spellings_pass():
    assert messages(score("c5:w~ | ~c5:w")) == []
    assert messages(score("c#5:h~ db5:h")) == []
    assert messages(score("r:h ~e4:h ; e4:h~ r:h")) == []


def test_ties_out_of_an_ending_pass():
    ending = '<barline location="left"><ending number="2" type="start"/></barline>'
    music = "c5:w~ | ~c5:w | " + ending + " ~c5:w"
    assert [f.rule for f in validate(score(music)) if f.rule == "tie"] == []


SPANS = {
    "slur": ("<notations><slur type='{}'/></notations>", "start", "stop"),
    "tuplet": ("<notations><tuplet type='{}'/></notations>", "start", "stop"),
    "wedge": ("<wedge type='{}'/>", "crescendo", "stop"),
    "bracket": ("<bracket type='{}' line-end='none'/>", "start", "stop"),
    "dashes": ("<dashes type='{}'/>", "start", "stop"),
    "octave-shift": ("<octave-shift type='{}'/>", "up", "stop"),
}


def span(name: str, *ends: str) -> bytes:
    """A measure of quarters, each with one end of a span; '' for none."""
    element, start, stop = SPANS[name]
    music = ""
    for end in [*ends, *[""] * (4 - len(ends))]:
        text = element.format({"start": start, "stop": stop}.get(end))
        inside = text if end and "notations" in text else ""
        if end and not inside:
            music += f"<direction><direction-type>{text}</direction-type></direction>"
        music += f"<note>{C5}{QUARTER}{inside}</note>"
    return score(music)


@pytest.mark.parametrize("name", SPANS)
def test_spans_have_both_ends(name):
    assert messages(span(name, "start", "stop")) == []
    assert messages(span(name, "start")) == [f"the <{name}> begins here and never ends"]
    assert messages(span(name, "", "stop")) == [f"the <{name}> ends here and begins nowhere"]
    assert messages(span(name, "stop", "start")) == [
        f"the <{name}> ends here and begins nowhere",
        f"the <{name}> begins here and never ends",
    ]


def test_slurs_of_two_voices_may_share_a_number_and_one_slur_may_change_its_voice():
    def slurred(kind: str, voice: int) -> str:
        slur = f"<notations><slur type='{kind}'/></notations>"
        return f"<note>{C5}<duration>8</duration><voice>{voice}</voice><type>half</type>{slur}</note>"

    both = slurred("start", 1) + slurred("stop", 1) + " ; " + slurred("start", 2) + slurred("stop", 2)
    across = slurred("start", 1) + "r:h ; r:h " + slurred("stop", 2)
    for music in (both, across):
        document = score(music).replace(b"<backup><duration>0", b"<backup><duration>16")
        assert [f.message for f in validate(document) if f.rule == "slur"] == []


def beamed(*kinds: str) -> bytes:
    eighth = "<duration>2</duration><voice>1</voice><type>eighth</type>"
    return score(
        Staff(
            "".join(f"<note>{C5}{eighth}<beam number='1'>{kind}</beam></note>" for kind in kinds),
            time=f"{len(kinds)}/8",
        )
    )


def test_beams_begin_and_end():
    assert messages(beamed("begin", "continue", "end")) == []
    assert messages(beamed("begin", "continue")) == ["beam 1 begins here and never ends"]
    assert messages(beamed("begin", "begin", "end")) == ["beam 1 begins here and never ends"]
    assert messages(beamed("begin", "end", "end")) == ["beam 1 ends here and begins nowhere"]
    assert messages(beamed("continue", "begin", "end")) == ["beam 1 goes on here and begins nowhere"]


# --- lines -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["unix", "windows", "old mac"])
def test_lines_are_those_of_an_editor_beyond_65535_too(end):
    document = score(TIED).replace(b"><", b">" + end + b"<")
    document = document.replace(b"<part-list>", b"<part-list>" + end * 70_000)
    (finding,) = validate(document)
    assert finding.line == 1 + document.split(b'<tie type="start"/>')[0].count(end)
    assert finding.line > 70_000


def test_lines_in_an_encoding_of_two_bytes_and_in_one_that_expat_does_not_know():
    text = score(TIED).decode().replace("><", ">\n<")
    line = text.split('<tie type="start"/>')[0].count("\n") + 2
    for encoding in ("utf-16", "windows-1252", "shift_jis"):
        document = f'<?xml version="1.0" encoding="{encoding}"?>\n{text}'.encode(encoding)
        assert [finding.line for finding in validate(document)] == [line], encoding


def test_lines_inside_an_archive_are_those_of_the_score_in_it():
    document = score(TIED).replace(b"><", b">\n<")
    archive = scoreassist.open_score(document).to_mxl()
    assert zipfile.is_zipfile(io.BytesIO(archive))
    assert validate(archive) == validate(document) != []


# --- what cannot be validated, and the command -----------------------------------------------------------


def test_what_is_no_musicxml_is_refused_in_a_line(tmp_path):
    with pytest.raises(UnreadableError, match="well-formed"):
        validate(b"<score-partwise><part>")
    (tmp_path / "tune.mid").write_bytes(b"MThd")
    with pytest.raises(UnsupportedError, match=r"only \.musicxml, \.xml and \.mxl"):
        validate(tmp_path / "tune.mid")


def run(*words: str, stdin: bytes | None = None):
    return CliRunner().invoke(program, ["validate", *words], input=stdin)


def test_the_command_prints_a_line_for_each_finding_and_exits_with_1(tmp_path):
    path = tmp_path / "tied.musicxml"
    path.write_bytes(score("c5:h~ r:h"))
    outcome = run(str(path))
    assert outcome.exit_code == 1
    assert outcome.stdout == f"{path}, line 1, part P1, measure 1: the tie from C5 ends nowhere\n"


def test_the_command_is_silent_and_exits_with_0_where_nothing_is_wrong(tmp_path):
    outcome = run("-", stdin=score("c5:w"))
    assert (outcome.exit_code, outcome.stdout) == (0, "")


def test_the_command_exits_with_3_where_nothing_can_be_read(tmp_path):
    outcome = run(str(tmp_path / "none.musicxml"))
    assert outcome.exit_code == 3
    assert outcome.stdout == ""


def test_json_lists_what_was_found():
    outcome = run("--json", "-", stdin=score("c5:h~ r:h"))
    assert outcome.exit_code == 1
    assert json.loads(outcome.stdout) == [
        {
            "line": 1,
            "part": "P1",
            "measure": "1",
            "rule": "tie",
            "message": "the tie from C5 ends nowhere",
            "kind": "music",
        }
    ]
    assert json.loads(run("--json", "-", stdin=score("c5:w")).stdout) == []


def test_validate_is_a_name_of_the_package():
    assert scoreassist.validate(score("c5:w")) == []
    assert scoreassist.Finding is Finding
