"""`analyze` says what a score does in words that people and programs read, and writes it into the score."""

from __future__ import annotations

import io
import json
from pathlib import Path

import music21
import pytest
from click.testing import CliRunner
from lxml import etree
from schema import schema_errors
from shorthand import Staff, score

from scoreassist.cli.analyze import analyze as command
from scoreassist.corpus import chorale_path
from scoreassist.counsel.analyze import ONE_VOICE, analyze, key_place, pitch_name
from scoreassist.counsel.figures import written
from scoreassist.counsel.roman_text import as_text
from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import Score, open_score

CLOSED = ("treble", "bass")
# I V65/V V I: in open score the parts of a choir, in closed score two staves of a piano.
LINES = ("e5:q d5:q d5:q c5:q", "c5:q c5:q b4:q g4:q", "g4:q a4:q g4:q e4:q", "c3:q f#3:q g3:q c3:q")
NAMES = ("Soprano", "Alto", "Tenor", "Bass")
CLEFS = (("treble",), ("treble",), ("treble8",), ("bass",))


def open_choir(lines: tuple[str, ...] = LINES, **staff: object) -> bytes:
    return score(
        *(Staff(line, name, clefs=clef, **staff) for line, name, clef in zip(lines, NAMES, CLEFS, strict=True))
    )


def closed_choir(lines: tuple[str, ...] = LINES) -> bytes:
    soprano, alto, tenor, bass = lines
    return score(Staff(f"{soprano} ; {alto} // {tenor} ; {bass}", "Choir", clefs=CLOSED))


def symbols(root: etree._Element) -> list[str]:
    """``G/B dominant``, as it stands."""
    found = []
    for harmony in root.iter("harmony"):
        root_name, bass = (
            (harmony.findtext(f"{tag}/{tag}-step") or "")
            + {"1": "#", "-1": "b"}.get(harmony.findtext(f"{tag}/{tag}-alter") or "", "")
            for tag in ("root", "bass")
        )
        found.append(f"{root_name}{'/' if bass else ''}{bass} {harmony.findtext('kind')}")
    return found


def verse(root: etree._Element, number: str) -> list[str]:
    return [str(lyric.findtext("text")) for lyric in root.iter("lyric") if lyric.get("number") == number]


# --- what is said ----------------------------------------------------------------------------------------------


def test_the_json_has_measure_beat_key_numeral_and_names():
    said = analyze(open_choir()).as_json()
    assert said["keys"] == [{"measure": "1", "beat": 1, "key": "C major"}]
    assert said["chords"][1] == {
        "measure": "1",
        "beat": 2,
        "quarters": 1.0,
        "key": "C major",
        "numeral": "V65/V",
        "root": "D",
        "quality": "dominant seventh",
        "bass": "F#",
        "inversion": 1,
    }
    assert said["cadences"] == [{"measure": "1", "beat": 4, "kind": "perfect authentic", "key": "C major"}]
    assert said["non_chord_tones"] == []


def test_a_non_chord_tone_has_its_voice_and_the_name_that_is_printed():
    lines = ("g5:q f#5:q g5:h", "e5:w", "g4:w", "c3:w")
    (tone,) = analyze(open_choir(lines)).as_json()["non_chord_tones"]
    assert tone == {"measure": "1", "beat": 2, "voice": "Soprano", "pitch": "F#5", "kind": "neighbour"}


def test_an_upbeat_counts_from_the_beat_on_which_it_begins():
    said = analyze(chorale_path("bwv269")).as_json()
    assert [(chord["measure"], chord["beat"]) for chord in said["chords"][:3]] == [("0", 3), ("1", 2), ("1", 3)]


def test_cadences_are_found_without_fermatas():
    # BWV 281 has four phrases; its cadences are the same to who does not see their fermatas.
    score = open_score(chorale_path("bwv281")).copy()
    seen = analyze(score).as_json()["cadences"]
    for fermata in list(score.root.iter("fermata")):
        fermata.getparent().remove(fermata)
    assert analyze(score).as_json()["cadences"] == seen
    assert len(seen) == 4


def test_a_closed_score_is_analysed_as_an_open_one():
    assert analyze(closed_choir()).as_json()["chords"] == analyze(open_choir()).as_json()["chords"]


def test_a_transposing_part_is_heard_as_it_sounds():
    clarinet = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    parts = [Staff(line, name, clefs=clef) for line, name, clef in zip(LINES, NAMES, CLEFS, strict=True)]
    parts[0] = Staff("f#5:q e5:q e5:q d5:q", "Soprano", key=2, transpose=clarinet)
    assert [chord["numeral"] for chord in analyze(score(*parts)).as_json()["chords"]] == ["I", "V65/V", "V", "I"]


def test_a_melody_alone_says_that_it_has_no_chords():
    report = analyze(score("c5:q d5:q b4:q c5:q"))
    assert report.as_json()["note"] == ONE_VOICE == "one voice only: no chords"
    assert as_text(report).splitlines()[-1] == "Note: one voice only: no chords"
    with pytest.raises(RequestError, match="no chords to write"):
        written(report)


def test_a_score_without_notes_is_refused():
    with pytest.raises(UnsupportedError, match="no sung note"):
        analyze(score("R", "R"))


@pytest.mark.parametrize(
    ("tonic", "minor", "signature", "name"),
    [(6, False, -5, "Gb"), (6, False, 4, "F#"), (8, True, 5, "G#"), (3, True, -5, "Eb"), (1, False, 0, "Db")],
)
def test_keys_are_spelled_near_the_signature(tonic, minor, signature, name):
    assert pitch_name(key_place(tonic, minor, signature)) == name


# --- RomanText -----------------------------------------------------------------------------------------------


def test_a_measure_is_a_line_and_cadences_stand_below():
    assert as_text(analyze(open_choir())).splitlines()[-3:] == [
        "Time Signature: 4/4",
        "m1 C: I b2 V6/5/V b3 V b4 I",
        "Note: b4 perfect authentic cadence in C major",
    ]


@pytest.mark.parametrize("name", ["bwv269", "bwv302", "bwv351", "bwv40.8"])
def test_music21_reads_the_text_and_understands_each_chord_as_we_do(name):
    report = analyze(chorale_path(name))
    part = music21.converter.parse(as_text(report), format="romantext").parts[0]
    read = {
        float(numeral.getOffsetInHierarchy(part)): numeral
        for numeral in part.recurse().getElementsByClass("RomanNumeral")
    }
    for chord in report.analysis.chords:
        numeral = read[chord.first / 4]
        assert numeral.key.tonic.pitchClass == chord.tonic
        assert (numeral.root().pitchClass, numeral.bass().pitchClass) == (chord.root, chord.bass), chord
        assert sorted({pitch.pitchClass for pitch in numeral.pitches}) == sorted(chord.pitch_classes), chord


def test_the_pieces_of_a_measure_that_a_repeat_parts_are_one_line():
    lines = [
        line.split()[0] for line in as_text(analyze(chorale_path("bwv302"))).splitlines() if line.startswith("m")
    ]
    assert lines == [f"m{number}" for number in range(13)]


# --- written into the score --------------------------------------------------------------------------------------


def test_symbols_stand_above_the_top_staff_and_numerals_below_the_bass():
    for source in (open_choir(), closed_choir()):
        result = written(analyze(source))
        assert schema_errors(result.to_xml()) == []
        assert symbols(result.root) == ["C major", "D/F# dominant", "G major", "C major"]
        assert verse(result.root, "1") == ["C: I", "V65/V", "V", "I"]
        last = list(result.root.iter("note"))[-1]
        assert last.findtext("lyric/text") == "I"


def test_what_music21_reads_are_our_chords():
    report = analyze(chorale_path("bwv269"))
    stream = music21.converter.parse(written(report, "harmony").to_xml(), format="musicxml")
    read = stream.recurse().getElementsByClass("ChordSymbol")
    sounds = [(symbol.root().pitchClass, symbol.bass().pitchClass) for symbol in read]
    assert sounds == [(chord.root, chord.bass) for chord in report.analysis.chords]
    assert [symbol.getOffsetInHierarchy(stream) * 4 for symbol in read] == [
        c.first for c in report.analysis.chords
    ]


def test_a_transposing_top_staff_has_symbols_for_its_player():
    clarinet = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    parts = [Staff(line, name, clefs=clef) for line, name, clef in zip(LINES, NAMES, CLEFS, strict=True)]
    parts[0] = Staff("f#5:q e5:q e5:q d5:q", "Soprano", key=2, transpose=clarinet)
    result = written(analyze(score(*parts)), "harmony")
    assert symbols(result.root) == ["D major", "E/G# dominant", "A major", "D major"]


def test_given_verses_stay_and_the_numerals_get_a_free_one():
    lines = (*LINES[:3], "c3:q=All f#3:q=peo- g3:q=ple c3:q=that")
    source = open_choir(lines)
    result = written(analyze(source), "numerals")
    assert verse(result.root, "2") == ["C: I", "V65/V", "V", "I"]
    given = [lyric.findtext("text") for lyric in result.root.iter("lyric") if lyric.get("number") is None]
    assert given == ["All", "peo-", "ple", "that"]


def test_chords_over_a_held_bass_share_its_note():
    lines = ("e5:h d5:h | e5:h c5:h", "c5:h b4:h | c5:h g4:h", "g4:h g4:h | g4:h e4:h", "c3:w~ | c3:w")
    result = written(analyze(open_choir(lines)))
    assert verse(result.root, "1") == ["C: I V", "I"]
    assert symbols(result.root)[:2] == ["C major", "G major"]


def test_a_symbol_in_the_middle_of_a_note_has_an_offset():
    lines = ("g4:w", "e4:h d4:h", "c4:h b3:h", "c3:h g3:h")
    first, second = written(analyze(open_choir(lines)), "harmony").root.iter("harmony")
    assert (first.find("offset"), second.findtext("offset")) == (None, "8")  # four divisions a quarter


def test_nothing_else_is_touched():
    source = chorale_path("bwv302")
    before, after = open_score(source).root, written(analyze(source)).root
    for added in [*after.iter("harmony"), *after.xpath("//lyric[@name='Roman numerals']")]:
        added.getparent().remove(added)
    assert [(e.tag, dict(e.attrib), (e.text or "").strip()) for e in after.iter()] == [
        (e.tag, dict(e.attrib), (e.text or "").strip()) for e in before.iter()
    ]


def test_the_score_that_was_given_is_not_edited():
    given = Score(open_choir())
    written(analyze(given))
    assert not given.edited


def test_given_chord_symbols_are_replaced_by_force_only():
    symbol = "<harmony><root><root-step>A</root-step></root><kind>minor</kind></harmony>"
    report = analyze(open_choir((f"{symbol} {LINES[0]}", *LINES[1:])))
    with pytest.raises(RequestError, match=r"measure 1: has chord symbols already; add --force"):
        written(report)
    assert symbols(written(report, "numerals").root) == ["A minor"]
    assert symbols(written(report, "harmony", force=True).root)[0] == "C major"


# --- the command -------------------------------------------------------------------------------------------------


def run(*arguments: str, stdin: bytes | None = None):
    return CliRunner().invoke(command, list(arguments), input=stdin, catch_exceptions=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hymn.musicxml"
    path.write_bytes(open_choir())
    return path


def test_text_and_json_go_to_stdout(file: Path):
    assert "m1 C: I b2 V6/5/V b3 V b4 I" in run(str(file)).stdout
    assert json.loads(run(str(file), "--json").stdout)["chords"][0]["numeral"] == "I"


def test_a_pipe_goes_in_and_a_score_comes_out():
    result = run("-", "-o", "-", "--write", "numerals", stdin=open_choir())
    assert result.exit_code == 0, result.output
    assert verse(etree.parse(io.BytesIO(result.stdout_bytes)).getroot(), "1") == ["C: I", "V65/V", "V", "I"]


def test_the_score_is_written_where_it_is_to_go_and_the_input_stays(file: Path):
    before = file.read_bytes()
    target = file.with_name("out.mxl")
    result = run(str(file), "-o", str(target))
    assert (result.exit_code, result.stderr) == (0, f"wrote {target}\n")
    assert symbols(open_score(target).root)[0] == "C major"
    assert isinstance(run(str(file), "-o", str(file)).exception, RequestError)
    assert file.read_bytes() == before


def test_write_without_a_place_and_two_things_on_stdout_are_refused(file: Path):
    for arguments in (["--write", "harmony"], ["-o", "-", "--json"]):
        assert isinstance(run(str(file), *arguments).exception, RequestError)
