"""More measures at the end of a score: where they stand, what moves, what stays; what a continuation settles."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import judge
import numpy as np
import pytest
from lxml import etree
from schema import schema_errors
from shorthand import Staff, line, measure_of, score, sequence

from scoreassist.corpus import chorale_path
from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import Score, open_score
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid, encode
from scoreassist.score.metre import DOWNBEAT, Metre
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.theory.form import RESTS, settle_continuation, settle_form
from scoreassist.theory.keys import Key
from scoreassist.validation import validate
from scoreassist.writing.blank import blank_score, parse_metre
from scoreassist.writing.extend import extend

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.musicxml"))
# Of music21's corpus: with pickups, repeats, endings, in 3/4 and in 4/4.
CHORALES = (
    *("bwv103.6", "bwv11.6", "bwv140.7", "bwv324", "bwv10.7"),
    *("bwv108.6", "bwv145.5", "bwv17.7", "bwv255", "bwv26.6"),
)
SIX_EIGHT, THREE_FOUR, THREE_EIGHT = (
    f"<time><beats>{above}</beats><beat-type>{below}</beat-type></time>"
    for above, below in ((6, 8), (3, 4), (3, 8))
)
FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'


def longer(source: bytes, measures: int) -> tuple[etree._Element, str, str]:
    """A score with so many measures more, and the numbers of the first and the last of them."""
    document = Score(source, "hymn")
    known = {finding.message for finding in validate(document)}
    first, last = extend(document, read_timeline(document), measures)
    saved = document.to_xml()
    assert schema_errors(saved) == []
    assert [f.message for f in validate(document) if f.message not in known] == []
    return etree.fromstring(saved), first, last


def numbers(root: etree._Element, part: str = "P1") -> list[str]:
    return [str(number) for number in root.xpath(f"part[@id='{part}']/measure/@number")]


def styles(measure: etree._Element) -> list[str]:
    return [str(bar.findtext("bar-style")) for bar in measure.findall("barline")]


# --- what is appended --------------------------------------------------------------------------------------


def test_numbers_go_on_and_every_part_rests():
    root, first, last = longer(score("c5:w | d5:w", "c3:w | d3:w"), 3)
    assert (first, last) == ("3", "5")
    for part in ("P1", "P2"):
        assert numbers(root, part) == ["1", "2", "3", "4", "5"]
        assert [line(measure_of(root, n, part)) for n in (3, 4, 5)] == ["R"] * 3


def test_each_voice_of_each_staff_rests():
    grand = Staff("c5:w ; e4:w // g3:w ; c3:w", clefs=("treble", "bass"))
    root, _, _ = longer(score(grand), 1)
    new = measure_of(root, 2)
    rests = [(note.findtext("voice"), note.findtext("staff")) for note in new.findall("note")]
    assert rests == [("1", "1"), ("2", "1"), ("5", "2"), ("6", "2")]
    assert sequence(new) == "R backup=16 R backup=16 R backup=16 R barline"


def test_a_voice_that_crosses_to_the_other_staff_rests_once():
    crossing = (
        "<note><pitch><step>C</step><octave>5</octave></pitch><duration>12</duration><voice>1</voice>"
        "<type>half</type><dot/><staff>1</staff></note><note><pitch><step>C</step><octave>4</octave></pitch>"
        "<duration>4</duration><voice>1</voice><type>quarter</type><staff>2</staff></note>"
    )
    source = score(Staff("c5:w // c3:w | // c3:w", clefs=("treble", "bass")))
    start = source.index(b'<measure number="2">') + len('<measure number="2">')
    source = source[:start] + crossing.encode() + b"<backup><duration>16</duration></backup>" + source[start:]
    root, _, _ = longer(source.replace(b"<backup><duration>0</duration></backup>", b""), 1)
    assert [n.findtext("voice") for n in measure_of(root, 3).findall("note")] == ["1", "5"]


def test_a_staff_without_anything_gets_a_rest_too():
    source = score(Staff("c5:w", clefs=("treble", "bass")))
    root, _, _ = longer(source, 1)
    assert [(n.findtext("voice"), n.findtext("staff")) for n in measure_of(root, 2).findall("note")] == [
        ("1", "1"),
        ("5", "2"),
    ]


def test_key_metre_and_transposition_of_the_end_hold_on():
    change = f"<attributes><key><fifths>2</fifths></key>{SIX_EIGHT}</attributes>"
    clarinet = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    root, _, _ = longer(score(Staff(f"d5:w | {change} d5:h.", transpose=clarinet)), 2)
    assert measure_of(root, 3).findtext("note/duration") == "12"
    assert root.findall("part/measure[@number='3']/attributes") == []
    timeline = read_timeline(Score(etree.tostring(root)))
    assert [(m.metre, m.concert_fifths) for m in timeline.measures[2:]] == [(Metre((6,), 8), 0)] * 2


def test_a_signature_that_is_announced_at_the_end_counts_from_there():
    announced = f"<attributes>{THREE_FOUR}</attributes>"
    root, _, _ = longer(score(f"c5:w {announced}"), 2)
    assert [measure_of(root, n).findtext("note/duration") for n in (2, 3)] == ["12", "12"]


def test_what_is_measured_in_coarse_divisions_gets_finer_ones_from_there_on():
    announced = f"<attributes>{THREE_EIGHT}</attributes>"
    root, _, _ = longer(score(Staff(f"c5:q d5:q {announced}", time="2/4", divisions=1)), 2)
    assert root.xpath("part/measure/attributes/divisions/text()") == ["1", "2"]
    assert [measure_of(root, n).findtext("note/duration") for n in (2, 3)] == ["3", "3"]


def test_parts_of_different_metres_keep_theirs():
    source = score(Staff("c5:h. | d5:h.", time="3/4"), Staff("c3:h. | d3:h.", time="6/8"))
    source = source.replace(b"<beats>6</beats>", b"<beats>9</beats>", 1)  # 9/8, which lasts 18 sixteenths
    root = Score(source, "hymn")
    extend(root, read_timeline(root), 1)
    assert [measure_of(root.root, 3, part).findtext("note/duration") for part in ("P1", "P2")] == ["12", "18"]


def test_a_part_that_does_not_say_its_metre_has_that_of_the_others():
    source = score(Staff("c5:h.", time=""), Staff("c4:h.", time="3/4"), Staff("c3:h.", time=""))
    root, _, _ = longer(source, 1)
    assert [measure_of(root, 2, part).findtext("note/duration") for part in ("P1", "P2", "P3")] == ["12"] * 3


def test_without_metre_a_new_measure_lasts_as_long_as_the_last_one():
    root, _, _ = longer(score(Staff("c5:h. d5:h. e5:q", time="free")), 1)
    assert measure_of(root, 2).findtext("note/duration") == "28"


def test_a_part_that_ends_early_gets_the_measures_that_it_lacks_with_their_keys():
    change = f"<attributes><key><fifths>-3</fifths></key>{THREE_FOUR}</attributes>"
    clarinet = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    source = score(f"c5:w | d5:w | {change} e5:h.", Staff("d5:w", key=2, transpose=clarinet))
    root, first, last = longer(source, 2)
    assert (first, last) == ("4", "5")
    assert numbers(root, "P2") == numbers(root, "P1") == ["1", "2", "3", "4", "5"]
    third = measure_of(root, 3, "P2")
    assert (third.findtext("attributes/key/fifths"), third.findtext("attributes/time/beats")) == ("-1", "3")
    assert [measure_of(root, n, "P2").findtext("note/duration") for n in (2, 3, 4)] == ["16", "12", "12"]
    assert styles(measure_of(root, 5, "P2")) == ["light-heavy"]


# --- numbers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        (("1", "2"), "3", "4"),
        (("15", "16a"), "17", "18"),
        (("7", "X1"), "8", "9"),
        (("X1", "X2"), "3", "4"),
        (("3", "1"), "4", "5"),  # 2 and 3 would be two places of one number
        (("9", "1"), "2", "3"),
    ],
)
def test_numbers_that_are_none_are_passed_over(given: tuple[str, str], first: str, last: str):
    root, *found = longer(score(Staff("c5:w | d5:w", numbers=given)), 2)
    assert tuple(found) == (first, last)
    assert len(set(numbers(root))) == 4


# --- the end of the piece --------------------------------------------------------------------------------


def test_the_final_barline_moves_to_the_new_end_with_all_that_it_bears():
    bar = FINAL.replace("</bar-style>", "</bar-style><fermata/>")
    root, _, _ = longer(score(f"c5:w | d5:w {bar}"), 2)
    assert styles(measure_of(root, 2)) == []
    assert styles(measure_of(root, 4)) == ["light-heavy"]
    assert measure_of(root, 4).find("barline/fermata") is not None
    assert len(list(root.iter("barline"))) == 1


def test_a_score_without_a_final_barline_gets_one():
    root, _, _ = longer(score("c5:w"), 1)
    assert sequence(measure_of(root, 2)) == "R barline"
    assert styles(measure_of(root, 2)) == ["light-heavy"]


@pytest.mark.parametrize(
    "stays",
    [
        '<barline location="right"><bar-style>light-heavy</bar-style><repeat direction="backward"/></barline>',
        '<barline location="right"><bar-style>light-light</bar-style></barline>',
        '<barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline>',
    ],
)
def test_repeats_endings_and_double_bars_stay_where_they_are(stays: str):
    root, _, _ = longer(score(f"c5:w | d5:w {stays}"), 2)
    assert etree.tostring(measure_of(root, 2).find("barline")).decode() == stays
    assert styles(measure_of(root, 4)) == ["light-heavy"]


def test_the_last_ending_ends_where_it_did_without_the_double_stroke():
    second = FINAL.replace("</barline>", '<ending number="2" type="stop"/></barline>')
    start = '<barline location="left"><ending number="2" type="start"/></barline>'
    root, _, _ = longer(score(f"c5:w | {start} d5:w {second}"), 1)
    assert [bar.find("ending").get("type") for bar in measure_of(root, 2).findall("barline")] == ["start", "stop"]
    assert list(root.iter("bar-style")) == measure_of(root, 3).findall("barline/bar-style")


@pytest.mark.parametrize(
    ("sign", "told"),
    [
        ("<direction><direction-type><words>D.C. al Fine</words></direction-type></direction>", "'D.C. al Fine'"),
        ("<direction><direction-type><words>D. S.</words></direction-type></direction>", "'D. S.'"),
        ("<direction><direction-type><words>Dal Segno</words></direction-type></direction>", "'Dal Segno'"),
        ("<direction><direction-type><words>FINE</words></direction-type></direction>", "'FINE'"),
        ('<sound dacapo="yes"/>', "'dacapo'"),
    ],
)
def test_where_nobody_would_play_on_nothing_is_appended(sign: str, told: str):
    with pytest.raises(UnsupportedError) as refusal:
        longer(score("c5:w | c5:w", f"c3:w | d3:w {sign}"), 2)
    assert str(refusal.value).startswith(f"hymn, part P2, measure 2: {told}")


@pytest.mark.parametrize("words", ["poco rit.", "dim. fino alla fine", "Finale", "Ped. sim."])
def test_other_words_at_the_end_and_a_fine_before_it_are_no_obstacle(words: str):
    sign = "<direction><direction-type><words>{}</words></direction-type></direction>"
    assert longer(score(f"c5:w {sign.format('Fine')} | d5:w {sign.format(words)}"), 1)[1:] == ("3", "3")


@pytest.mark.parametrize("wish", [0, -1, 513, 1.5, True])
def test_as_many_measures_as_nobody_would_want_are_refused(wish: int):
    with pytest.raises(RequestError, match="cannot be appended; ask for 1 to 512"):
        longer(score("c5:w"), wish)


def test_signs_of_repetition_do_not_go_on_over_the_new_measures():
    sign = '<measure-style number="1"><measure-repeat type="start">1</measure-repeat></measure-style>'
    sign = f"<attributes>{sign}</attributes>"
    root, _, _ = longer(score(f"c5:w | {sign} R"), 2)
    (stop,) = measure_of(root, 3).findall("attributes/measure-style")
    assert (stop.get("number"), stop.find("measure-repeat").get("type")) == ("1", "stop")
    ended = sign.replace(">1</measure-repeat>", "/>").replace('"start"', '"stop"')
    root, _, _ = longer(score(f"{sign} c5:w | {ended} d5:w"), 1)
    assert measure_of(root, 3).find("attributes") is None


# --- upbeats -----------------------------------------------------------------------------------------------


def test_a_measure_that_an_upbeat_has_left_short_is_completed_first():
    tune = Staff("c5:q | d5:h e5:h | f5:h g5:q", numbers=("0", "1", "2"))
    root, first, last = longer(score(tune), 2)
    assert (first, last) == ("X1", "4")
    assert measure_of(root, "X1").get("implicit") == "yes"
    measures = read_timeline(Score(etree.tostring(root))).measures
    # Two full measures of music: a beat, four beats, three beats.
    assert [(m.number, m.length, m.pickup) for m in measures[2:]] == [
        ("2", 3, 0),
        ("X1", 1, 3),
        ("3", 4, 0),
        ("4", 3, 0),
    ]


def test_metrical_levels_go_on_as_if_the_music_had_never_ended():
    tune = Staff("c5:e | d5:q. e5:q. | f5:q. g5:q", time="6/8", numbers=("0", "1", "2"))
    root, _, _ = longer(score(tune), 3)
    timeline = read_timeline(Score(etree.tostring(root)))
    level = encode(timeline, find_choir(timeline)).level
    whole = read_timeline(Score(score(Staff("c5:e | R | R | R | R | R", time="6/8"))))
    straight = encode(whole, find_choir(whole)).level
    assert level.tolist() == straight[: len(level)].tolist()
    assert np.flatnonzero(level == DOWNBEAT).tolist() == [2, 14, 26, 38, 50]


def test_one_measure_after_an_upbeat_is_an_upbeat_and_the_rest():
    root, first, last = longer(score(Staff("c5:q | d5:h", time="3/4", numbers=("0", "1"))), 1)
    assert (first, last) == ("X1", "2")
    assert [measure_of(root, n).findtext("note/duration") for n in (first, last)] == ["4", "8"]


def test_a_measure_in_two_pieces_is_complete():
    halves = Staff("c5:w | d5:h. | e5:q", numbers=("1", "2", "X1"))
    source = score(halves).replace(b'number="X1"', b'number="X1" implicit="yes"')
    root, first, _ = longer(source, 1)
    assert first == "3"
    assert measure_of(root, 3).findtext("note/duration") == "16"


def test_the_name_of_the_completing_measure_is_a_new_one():
    halves = Staff("c5:q | d5:h. | e5:q | f5:h.", numbers=("0", "1", "X1", "2"))
    assert longer(score(halves), 2)[1] == "X2"


# --- nothing else changes ----------------------------------------------------------------------------------


def without_measures(text: str, names: Collection[str]) -> str:
    """A document without some measures and the white space before them."""
    for name in names:
        text = re.sub(rf'\s*<measure [^>]*number="{name}".*?</measure>', "", text, flags=re.DOTALL)
    return text


def without_final_barlines(text: str) -> str:
    """A document without thin and thick strokes, and without the barlines that have nothing else."""
    text = re.sub(r"\s*<bar-style>light-heavy</bar-style>", "", text)
    return re.sub(r'\s*<barline location="right">(\s*<ending number="2" type="stop"/>)?\s*</barline>', "", text)


@pytest.mark.parametrize("name", [path.stem for path in EXAMPLES] + list(CHORALES))
def test_all_that_was_there_is_there_to_the_letter(name: str):
    path = ROOT / "examples" / f"{name}.musicxml"
    document = open_score(path if path.is_file() else chorale_path(name))
    source = document.to_xml()
    root, first, last = longer(source, 4)
    extend(document, read_timeline(document), 4)
    part = root.find("part").get("id")
    new = numbers(root, part)[len(numbers(etree.fromstring(source), part)) :]
    assert (new[0], new[-1], len(new)) == (first, last, 4 + first.startswith("X"))
    before, after = source.decode(), without_measures(document.to_xml().decode(), new)
    assert after.count("<barline") + after.count("<bar-style") < before.count("<barline") + before.count(
        "<bar-style"
    )
    assert without_final_barlines(after) == without_final_barlines(before)


@pytest.mark.parametrize("bar", [FINAL, ""])
def test_new_lines_are_written_as_the_file_writes_them(bar: str):
    source = (
        score(f"c5:w {bar}")
        .replace(b"<measure", b"\r\n\t<measure")
        .replace(b"</measure>", b"\r\n\t</measure>")
        .replace(b"</part>", b"\r\n</part>")
    )
    for tag in (b"<attributes>", b"<note>", b"<barline"):
        source = source.replace(tag, b"\r\n\t\t" + tag)
    document = Score(source, "hymn")
    extend(document, read_timeline(document), 1)
    text = document.to_xml().decode()
    assert text.count("\r\n") == text.count("\n")
    new = text[text.index('<measure number="2"') :]
    assert new.startswith('<measure number="2">\r\n\t\t<note><rest measure="yes"/>')
    assert f"\r\n\t\t{FINAL}\r\n\t</measure>\r\n</part>" in new
    assert "</note>\r\n\t</measure>\r\n\t<measure" in text


def test_a_rag_goes_on_on_both_staves():
    import music21

    document = open_score(Path(music21.__file__).parent / "corpus" / "joplin" / "maple_leaf_rag.mxl")
    before, score_errors = document.to_xml(), schema_errors(document.to_xml())
    _, last = extend(document, read_timeline(document), 16)
    assert schema_errors(document.to_xml()) == score_errors
    old, new = (judge.lines(judge.parse(text)) for text in (before, document.to_xml()))
    assert {line: judge.notes_of(rows) for line, rows in old.items()} == {
        line: [note for note in judge.notes_of(new[line]) if note[0] < len(rows)] for line, rows in old.items()
    }
    measures = read_timeline(document).measures
    assert measures[-1].number == last
    assert sum((m.length for m in measures[-16:]), Fraction(0)) == 32
    rests = measure_of(document.root, last, document.root.find("part").get("id")).findall("note")
    assert {note.findtext("staff") for note in rests} == {"1", "2"}


# --- what a continuation settles ---------------------------------------------------------------------------


def continued(tune: str | Staff, measures: int, key: Key, **wishes: object) -> tuple[Grid, int]:
    """The grid of a lone melody and its continuation, and the first tick of that."""
    document = Score(score(tune), "hymn")
    first, _ = extend(document, read_timeline(document), measures)
    timeline = read_timeline(document)
    grid = encode(timeline, find_choir(timeline))
    index = next(m.index for m in timeline.measures if m.number == first)
    tick, _ = grid.measure_ticks(index)
    known = grid.known.copy()
    known[:, tick:] = False
    metre = timeline.measures[-2].metre
    assert metre is not None
    return settle_continuation(replace(grid, known=known), key, metre, 0, tick, **wishes), tick


def test_phrases_of_what_is_new_rest_two_measures_apart_and_the_last_chord_fills_its_measure():
    grid, first = continued("c5:w", 4, Key(0))
    assert first == 16
    # Measures 3 and 5: the half notes before their barlines, and the whole last measure.
    assert np.flatnonzero(grid.fermata).tolist() == [*range(40, 48), *range(64, 80)]
    assert np.flatnonzero(grid.known[3]).tolist() == [*range(40, 48), *range(60, 80)]
    assert [int(grid.pitch[3, tick]) % 12 for tick in (60, 64)] == [7, 0]
    assert (grid.pitch[3, 40] % 12) in RESTS[False]
    assert (grid.pitch[2, 40] - grid.pitch[3, 40]) % 12 == 7
    assert grid.pitch[0, 64] % 12 == 0


def test_after_an_upbeat_phrases_are_counted_from_it():
    tune = Staff("c5:q | d5:h e5:h | f5:h g5:q", numbers=("0", "1", "2"))
    grid, first = continued(tune, 4, Key(0))
    assert first == 32
    # The upbeat and seven quarters more, of which the last has the fermata; the last measure has three quarters.
    assert np.flatnonzero(grid.fermata).tolist() == [*range(60, 64), *range(84, 96)]
    assert grid.ticks == 96


def test_in_triple_time_the_fermata_is_on_the_downbeat_of_every_fourth_measure():
    grid, first = continued(Staff("c5:q | d5:h.| f5:h", time="3/4", numbers=("0", "1", "2")), 8, Key(0))
    assert first == 24
    # An upbeat and three measures of twelve ticks, then eight of the fourth: 24 + 4 + 36 = 64.
    assert np.flatnonzero(grid.fermata).tolist() == [*range(64, 72), *range(112, 120)]


def test_what_is_given_remains_and_nothing_is_settled_in_voices_that_are_not_written():
    grid, first = continued("c5:w", 4, Key(0), voices=(0,))
    assert grid.known[0, :first].all()
    assert not grid.known[1:].any()
    assert np.flatnonzero(grid.known[0, first:]).tolist() == [*range(48, 64)]
    timeline = read_timeline(blank_score(4, 0, "4/4", "open"))
    whole = encode(timeline, find_choir(timeline))
    given = whole.known.copy()
    given[3, -4:] = True  # the last quarter of the bass
    settled = settle_continuation(replace(whole, known=given), Key(0), parse_metre("4/4"), 0, 0)
    assert (settled.pitch[3, -16:] == REST_PITCH).all()


def test_one_measure_only_closes():
    grid, first = continued("c5:w", 1, Key(0))
    assert np.flatnonzero(grid.known[3]).tolist() == [*range(first, first + 16)]
    assert set(grid.pitch[3, first:] % 12) == {0}


@pytest.mark.parametrize(("tune", "last"), [("a4:w", 72), ("e4:h g3:h", 60)])
def test_the_last_note_lies_where_the_tune_does(tune: str, last: int):
    grid, _ = continued(tune, 2, Key(0))
    assert grid.pitch[0, -1] == last


def test_the_seed_chooses_where_phrases_rest():
    document = blank_score(33, 0, "4/4", "open")
    timeline = read_timeline(document)
    grid = encode(timeline, find_choir(timeline))
    grid = replace(grid, known=np.zeros_like(grid.known))
    plans = {tuple(settle_continuation(grid, Key(0), parse_metre("4/4"), seed, 16).pitch[3]) for seed in range(8)}
    assert len(plans) > 4


def test_a_continuation_from_an_upbeat_of_a_quarter_rests_where_a_new_chorale_does():
    timeline = read_timeline(blank_score(8, 0, "4/4", "open", pickup=1))
    grid = encode(timeline, find_choir(timeline))
    grid = replace(grid, known=np.zeros_like(grid.known))
    new = settle_form(grid, Key(0), parse_metre("4/4"), 3)
    more = settle_continuation(grid, Key(0), parse_metre("4/4"), 3, 0)
    assert new.fermata.tolist() == more.fermata.tolist()
    assert new.pitch[:, 4:].tolist() == more.pitch[:, 4:].tolist()
    assert new.known[:, 4:].tolist() == more.known[:, 4:].tolist()
