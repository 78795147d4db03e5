"""`check`: where a finding is said to be, what is printed, and what is written into the score."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from schema import schema_errors
from shorthand import Staff, measure_of, score, sequence

import scoreassist
from scoreassist.cli.check import check as command
from scoreassist.corpus import chorale_path
from scoreassist.counsel.annotate import LABELS, annotated
from scoreassist.counsel.check import RULES, Report, check, read, report_on, spellings_of
from scoreassist.errors import RequestError, UnsupportedError

EXAMPLES = Path(__file__).parent.parent / "examples"


def two(soprano: str, bass: str, **more: object) -> bytes:
    """Soprano and bass."""
    rows = ((soprano, "Soprano", "treble"), (bass, "Bass", "bass"))
    return score(*(Staff(line, name=name, clefs=(clef,), **more) for line, name, clef in rows))  # type: ignore[arg-type]


# From the fifth D–A to the fifth E–B.
FIFTHS = two("f4:h a4:h | b4:w", "f3:h d3:h | e3:w")


def run(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(command, list(arguments), input=stdin)


def places(report: Report) -> list[tuple[str, str, float, tuple[str, ...]]]:
    return [(row.rule, row.measure, row.beat, row.voices) for row in report.findings]


def parallels(document: bytes) -> list[tuple[str, str, float, tuple[str, ...]]]:
    return places(check(document, rules=["parallel-fifths", "parallel-octaves"]))


@pytest.fixture
def hymn(tmp_path: Path) -> Path:
    path = tmp_path / "hymn.musicxml"
    path.write_bytes(FIFTHS)
    return path


# --- where ---------------------------------------------------------------------------------------------------


def test_beats_of_a_pickup_are_those_of_the_full_measure():
    document = two("a4:q | b4:h c5:h", "d3:q | e3:h c3:h", numbers=("0", "1"))
    assert parallels(document) == [("parallel-fifths", "1", 1, ("Soprano", "Bass"))]
    document = two("a4:e b4:e | c5:w", "d3:e e3:e | c3:w", numbers=("0", "1"))
    assert parallels(document) == [("parallel-fifths", "0", 4.5, ("Soprano", "Bass"))]


def test_beats_are_those_of_the_time_signature():
    document = two("c5:q. a4:q b4:e", "a3:q. d3:q e3:e", time="6/8")
    assert parallels(document) == [("parallel-fifths", "1", 6, ("Soprano", "Bass"))]


def test_measures_are_named_as_printed_and_repeats_are_read_once():
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    document = two(f"c5:w {repeat} | a4:h b4:h", f"c3:w {repeat} | d3:h e3:h", numbers=("7", "X1"))
    assert parallels(document) == [("parallel-fifths", "X1", 3, ("Soprano", "Bass"))]


def test_two_voices_on_a_staff_are_told_apart():
    document = score(
        Staff("a4:h b4:h ; d4:h e4:h // f3:w ; c3:w", name="Choir", clefs=("treble", "bass")),
    )
    assert parallels(document) == [("parallel-fifths", "1", 3, ("Soprano", "Alto"))]


def test_a_transposing_part_is_read_as_it_sounds():
    # Written B and C sharp of a clarinet in B flat sound A and B.
    clarinet = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    document = score(
        Staff("b4:h c#5:h", name="Soprano", key=2, transpose=clarinet),
        Staff("d3:h e3:h", name="Bass", clefs=("bass",)),
    )
    (finding,) = check(document, rules=["parallel-fifths"]).findings
    assert "from the fifth D–A to the fifth E–B" in finding.message


def test_a_transposing_part_is_spelled_as_it_is_written():
    # Written B sharp of a clarinet in B flat sounds A sharp; whoever guesses says B flat.
    clarinet = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    parts = Staff("b#3:w", name="Alto", transpose=clarinet), Staff("f3:w", name="Bass", clefs=("bass",))
    music = read(score(*parts))
    assert spellings_of(music.grid, music.timeline, music.choir)[[1, 3], 0].tolist() == [10, -1]


def test_three_voices_are_read():
    document = score(
        *(Staff(line, name=name) for line, name in (("a4:h b4:h", "Soprano"), ("f4:h g4:h", "Alto"))),
        Staff("d3:h e3:h", name="Bass", clefs=("bass",)),
    )
    assert parallels(document) == [("parallel-fifths", "1", 3, ("Soprano", "Bass"))]


def test_a_measure_that_does_not_add_up_is_said_of_its_part():
    document = two("c5:h c5:q | c5:w", "c3:w | c3:w")
    (finding,) = check(document, rules=["measure-length"]).findings
    assert (finding.measure, finding.voices) == ("1", ("Soprano",))
    assert "lasts 3 quarters, in part P2 4 quarters" in finding.message
    assert check(document, rules=["spacing"]).findings == []
    later = two("c5:h c5:q | a4:h b4:h", "c3:w | d3:h e3:h")
    assert [row[:2] for row in places(check(later, rules=["parallel-fifths", "measure-length"]))] == [
        ("measure-length", "1"),
        ("parallel-fifths", "2"),
    ]


# --- the report ----------------------------------------------------------------------------------------------


def test_the_json_has_the_promised_form():
    report = check(FIFTHS, rules=["parallel-fifths", "spacing"]).as_json()
    (finding,) = report.pop("findings")
    message = finding.pop("message")
    assert finding == {"rule": "parallel-fifths", "measure": "2", "beat": 1, "voices": ["Soprano", "Bass"]}
    assert message.startswith("Soprano and Bass move in parallel from the fifth D–A to the fifth E–B")
    assert report == {"counts": {"parallel-fifths": 1, "spacing": 0}, "onsets": 3, "frames": 32}


def test_chords_are_beats_on_which_all_who_sing_sound():
    assert check(FIFTHS).chords == 8
    assert check(two("f4:h r:q a4:q", "f3:h d3:h")).chords == 3


def test_counts_have_every_rule():
    assert list(check(FIFTHS).counts) == list(RULES)
    assert set(LABELS) == set(RULES)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.musicxml")), ids=lambda path: path.stem)
def test_the_examples_have_no_parallels(path):
    counts = check(path).counts
    assert counts["parallel-fifths"] == counts["parallel-octaves"] == counts["measure-length"] == 0


def test_a_chorale_of_bach_has_few_findings():
    # Read by hand: the bass and then the alto are overtaken by the tenor; at the end of the ninth phrase the
    # soprano falls from the leading tone to the fifth.
    report = check(chorale_path("bwv269"))
    assert {(f.rule, f.measure) for f in report.findings} <= {
        ("overlap", "2"),
        ("overlap", "3"),
        ("unresolved-leading-tone", "14"),
    }
    assert report.onsets == 80


# --- the command ---------------------------------------------------------------------------------------------


def test_the_command_prints_a_line_a_finding_and_exits_1(hymn):
    result = run(str(hymn))
    assert result.exit_code == 1
    (line,) = result.stdout.splitlines()
    assert line.startswith(
        f"{hymn}, measure 2, beat 1, Soprano and Bass: parallel-fifths: Soprano and Bass move in"
    )
    assert result.stderr == "parallel-fifths 1 (3 onsets)\n"


def test_an_exercise_comes_back_with_what_is_wrong():
    # Written to be wrong, and corrected by hand.
    report = check(EXAMPLES / "exercises" / "part-writing.musicxml")
    assert [(f.measure, f.beat, f.rule) for f in report.findings] == [
        ("1", 2, "parallel-fifths"),
        ("1", 2, "parallel-octaves"),
        ("1", 3, "parallel-fifths"),
        ("2", 3, "unresolved-seventh"),
        ("3", 1, "overlap"),
        ("3", 3, "leap"),
        ("4", 1, "incomplete-chord"),
    ]


def test_a_sound_score_prints_nothing_and_exits_0(tmp_path):
    path = tmp_path / "sound.musicxml"
    path.write_bytes(two("c5:h b4:h | c5:w", "c3:h g3:h | c3:w"))
    result = run(str(path))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no findings (3 onsets)\n")


def test_the_command_reads_a_pipe_and_prints_json():
    result = run("-", "--json", stdin=FIFTHS)
    assert result.exit_code == 1
    assert json.loads(result.stdout)["counts"]["parallel-fifths"] == 1


def test_rules_can_be_chosen(hymn):
    assert run(str(hymn), "--rules", "spacing,parallel-octaves").exit_code == 0
    assert run(str(hymn), "--rules", "parallel-fifths").exit_code == 1
    for none in ("consecutives", "", ","):
        assert isinstance(run(str(hymn), "--rules", none).exception, RequestError)


def test_nobody_to_check_is_said_in_one_line():
    with pytest.raises(UnsupportedError, match="has no sung note; write at least one voice"):
        check(score(Staff("R", name="Soprano")))
    five = score(*(Staff("c4:w", name="") for _ in range(5)))
    with pytest.raises(RequestError, match="name the parts Soprano, Alto, Tenor, Bass"):
        check(five)


# --- the annotated score -------------------------------------------------------------------------------------


def test_findings_are_written_above_their_notes_which_are_coloured():
    root = annotate(FIFTHS).root
    assert sequence(measure_of(root, 2)) == "'||5 S–B' b4:w"
    coloured = [
        (n.getparent().get("number"), n.findtext("pitch/step")) for n in root.iter("note") if n.get("color")
    ]
    assert coloured == [("2", "B"), ("2", "E")]


def annotate(document: bytes) -> scoreassist.Score:
    music = read(document)
    return annotated(music, report_on(music))


@pytest.mark.parametrize(
    "path", [*sorted(EXAMPLES.glob("*.musicxml")), chorale_path("bwv121.6"), chorale_path("bwv248.64-6")], ids=str
)
def test_nothing_else_is_touched(path):
    music = read(path)
    before = music.timeline.score.to_xml()
    marked = annotated(music, report_on(music))
    assert schema_errors(marked.to_xml()) == schema_errors(before)
    for direction in list(marked.root.iter("direction")):
        if direction.find("direction-type/words[@color='#C00000']") is not None:
            direction.getparent().remove(direction)
    for note in marked.root.iter("note"):
        note.attrib.pop("color", None)
    assert [e.tag for e in marked.root.iter()] == [e.tag for e in scoreassist.open_score(before).root.iter()]
    removed = marked.to_xml()
    assert b"".join(removed.split()) == b"".join(before.split())


def test_words_of_a_chord_stand_in_front_of_it_on_their_staff():
    document = score(Staff("d4+a4:h e4+b4:h // f3:h c3:h", name="Choir", clefs=("treble", "bass")))
    measure = measure_of(annotate(document).root, 1)
    direction = measure.find("direction")
    assert direction is not None
    assert direction.findtext("direction-type/words", "").startswith("||5 S–A")
    assert direction.findtext("staff") == "1"
    assert direction.getnext().find("chord") is None


def test_words_stand_over_the_voice_that_moves():
    root = annotate(two("c4:w", "a3:h e4:h")).root
    assert sequence(measure_of(root, 1, "P1")) == "attributes c4:w"
    assert sequence(measure_of(root, 1, "P2")) == "attributes a3:h 'crossing S–B' e4:h"


def test_a_measure_that_does_not_add_up_is_marked():
    document = two("c5:h c5:q | c5:w", "c3:w | c3:w")
    assert sequence(measure_of(annotate(document).root, 1)).startswith("attributes 'length?' c5:h")


def test_the_command_writes_the_annotated_score(hymn, tmp_path):
    for name in ("marked.musicxml", "marked.mxl"):
        result = run(str(hymn), "--annotate", str(tmp_path / name))
        assert result.exit_code == 1
        assert f"wrote {tmp_path / name}" in result.stderr
        assert "||5 S–B".encode() in scoreassist.open_score(tmp_path / name).to_xml()
    assert zipfile.is_zipfile(io.BytesIO((tmp_path / "marked.mxl").read_bytes()))
    assert hymn.read_bytes() == FIFTHS


def test_the_input_is_not_replaced_unless_asked(hymn):
    assert isinstance(run(str(hymn), "--annotate", str(hymn)).exception, RequestError)
    assert hymn.read_bytes() == FIFTHS
    assert run(str(hymn), "--annotate", str(hymn), "--force").exit_code == 1
    assert hymn.read_bytes() != FIFTHS


def test_what_is_written_for_a_keyboard_is_refused_and_closed_choirs_are_not():
    hands = score(Staff("c5+e5+g5:q d5+f5+a5:q e5+g5+c6:h // c3:h g2:h", name="Piano", clefs=("treble", "bass")))
    with pytest.raises(UnsupportedError, match="part P1: has chords of three notes and more on a staff"):
        check(hands)
    closed = score(Staff("c5+e5:q d5+f5:q e5+g5:h // c3+g3:h g2+g3:h", name="Choir", clefs=("treble", "bass")))
    assert check(closed).onsets == 3
