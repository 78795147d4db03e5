"""New notes written for two hands into small scores, read back from the MusicXML alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from judge import canonical, unnumbered
from lxml import etree
from schema import schema_errors
from shorthand import Staff, line, measure_of, score
from test_hands import notes

from scoreassist.access import access_of
from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import Score, open_score
from scoreassist.grid.roll import LEFT, RIGHT, RollNote, read_roll
from scoreassist.score.flags import select
from scoreassist.score.hands import find_hands, piano_staves
from scoreassist.score.marks import find_marks
from scoreassist.score.regions import Region, describe
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.theory.hands import FREE
from scoreassist.transcription import new_notes, transcribe
from scoreassist.validation import validate
from scoreassist.writing.piano import add_left_hand

GRAND = ("treble", "bass")


def opened(*staves: Staff | str) -> tuple[Score, Timeline]:
    document = open_score(score(*staves)).copy()
    return document, read_timeline(document)


def accompanied(staff: Staff, new: str) -> etree._Element:
    """A lone melody with a left hand below it, and notes on its stems; valid, and its own notes as they were."""
    document, timeline = opened(staff)
    given = [(note, unnumbered(note)) for note in document.root.iter("note")]
    hands = add_left_hand(timeline)
    end = timeline.measures[-1].onset + timeline.measures[-1].length
    access = access_of(timeline, hands, [Region(LEFT, timeline.measures[0].onset, end, "empty")], join=True)
    transcribe(timeline, hands, access, notes(new))
    assert schema_errors(document.to_xml()) == []
    assert validate(document) == []
    assert [unnumbered(note) for note, _ in given] == [before for _, before in given] or staff.divisions == 1
    return document.root


def completed(staff: Staff, new: str, measures: str, parts: str = "", melody: str = "") -> etree._Element:
    """A piece for piano with some measures written anew."""
    document, timeline = opened(staff)
    hands = find_hands(timeline)
    regions = find_marks(timeline, hands, select(measures, parts)).regions
    transcribe(timeline, hands, access_of(timeline, hands, regions, join=False), notes(new), notes(melody))
    assert schema_errors(document.to_xml()) == []
    assert validate(document) == []
    return document.root


def lower(root: etree._Element, number: int = 1) -> str:
    return line(measure_of(root, number), 5)


def upper(root: etree._Element, number: int = 1) -> str:
    return line(measure_of(root, number), 1)


# A second staff


def test_a_lone_melody_gets_a_second_staff_with_a_bass_clef_and_rests():
    document, timeline = opened(Staff("c5:q d5:q | e5:h", time="2/4"))
    before = document.copy().root
    hands = add_left_hand(timeline)
    assert [singer.name for singer in hands.singers.values()] == ["Right hand", "Left hand"]
    assert schema_errors(document.to_xml()) == []
    attributes = measure_of(document.root, 1).find("attributes")
    assert [child.tag for child in attributes] == ["divisions", "key", "time", "staves", "clef", "clef"]
    assert attributes.findtext("clef[@number='2']/sign") == "F"
    assert [lower(document.root, number) for number in (1, 2)] == ["R", "R"]
    assert upper(document.root) == upper(before)


def test_a_pickup_has_rests_by_value_below_it():
    document, timeline = opened(Staff("c5:e | e5:h", time="2/4"))
    add_left_hand(timeline)
    assert [lower(document.root, number) for number in (1, 2)] == ["r:e", "R"]


def test_divisions_too_coarse_for_sixteenths_are_refined():
    root = accompanied(Staff("c5:q d5:q | e5:h", time="2/4", divisions=1), "0-1 c3, 1-3 e3 g3, 3-4 c3")
    assert (lower(root, 1), lower(root, 2)) == ("c3:s e3:e +g3:e c3:s r:q", "R")
    assert [move.text for move in root.iterfind(".//backup/duration")] == ["8", "8"]


def test_a_transposing_instrument_is_refused():
    _, timeline = opened(Staff("d5:h", time="2/4", transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>"))
    with pytest.raises(UnsupportedError, match="transposing instrument"):
        add_left_hand(timeline)


def test_a_score_for_other_players_is_refused():
    _, timeline = opened("c5:w", "c4:w", "c3:w")
    with pytest.raises(RequestError, match="3 parts and no part with two staves"):
        find_hands(timeline)


def test_three_staves_are_refused_by_their_part():
    _, timeline = opened(Staff("c5:w // c4:w // c3:w", clefs=("treble", "treble", "bass")))
    with pytest.raises(RequestError, match="part P1: has 3 staves, and a piano has two; leave the two"):
        find_hands(timeline)


@pytest.mark.parametrize("aside", ["<!-- by ear -->", "<?by ear?>"])
def test_a_second_staff_is_said_beside_whatever_else_stands_in_the_attributes(aside: str):
    text = score(Staff("c5:h", time="2/4")).replace(b"<time>", aside.encode() + b"<time>")
    document = open_score(text).copy()
    add_left_hand(read_timeline(document))
    assert schema_errors(document.to_xml()) == []
    children = [child.tag for child in measure_of(document.root, 1).find("attributes")]
    assert [tag for tag in children if isinstance(tag, str)] == [
        *("divisions", "key", "time", "staves"),
        *("clef", "clef"),
    ]


def test_two_parts_with_a_staff_each_are_two_hands():
    _, timeline = opened(Staff("c5:w"), Staff("c3:w", clefs=("bass",)))
    assert [(singer.name, singer.part.id) for singer in find_hands(timeline).singers.values()] == [
        ("Right hand", "P1"),
        ("Left hand", "P2"),
    ]


# The left hand

LEFT_HAND = {
    "octaves and chords": (
        "0-2 c2 c3, 2-4 e3 g3 c4, 4-6 g2, 6-8 f3 g3 b3",
        "c2:e +c3:e e3:e +g3:e +c4:e g2:e f3:e +g3:e +b3:e",
    ),
    "eighth, quarter, eighth": ("0-2 c3, 2-6 e3 g3, 6-8 c3", "c3:e e3:q +g3:q c3:e"),
    "sixteenth, eighth, sixteenth": ("0-1 c3, 1-3 e3 g3, 3-4 c3", "c3:s e3:e +g3:e c3:s r:q"),
    "a chord over the beat is tied": ("3-6 e3 g3", "r:e. e3:s~ +g3:s~ e3:e +g3:e r:e"),
    "silence": ("", "R"),
}


@pytest.mark.parametrize("case", LEFT_HAND)
def test_the_left_hand_is_written_as_chords_and_rests(case):
    new, expected = LEFT_HAND[case]
    # Where the melody does not strike, so that everything is the left hand's.
    assert lower(accompanied(Staff("R", time="2/4"), new)) == expected


def test_a_chord_is_tied_over_the_barline_with_all_its_heads():
    root = accompanied(Staff("R | R", time="2/4"), "6-10 c3 g3")
    assert (lower(root, 1), lower(root, 2)) == ("r:q r:e c3:e~ +g3:e~", "c3:e +g3:e r:e r:q")


def test_no_tie_leads_into_an_ending():
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    root = accompanied(Staff(f"R {repeat} | R", time="2/4"), "6-10 c3 g3")
    assert (lower(root, 1), lower(root, 2)) == ("r:q r:e c3:e +g3:e", "R")


def test_beams_follow_the_beat_and_stand_on_the_first_head():
    root = accompanied(Staff("R", time="2/4"), "0-2 c2 c3, 2-4 e3 g3, 4-6 g2 g3, 6-8 e3 g3")
    beams = [note.findtext("beam") for note in measure_of(root, 1).iter("note") if note.findtext("staff") == "2"]
    assert beams == ["begin", None, "end", None, "begin", None, "end", None]


def test_four_four_is_written_in_its_own_measures():
    root = accompanied(Staff("R", time="4/4"), "0-4 c2 c3, 4-12 e3 g3, 12-16 c3")
    assert lower(root) == "c2:q +c3:q e3:h +g3:h c3:q"


def test_accidentals_stand_at_every_head_and_follow_the_melody_s_spelling():
    root = accompanied(Staff("db5!:q b4:q", time="2/4"), "0-4 c#3 g#3, 4-8 c#3")
    assert lower(root) == "db3!:q +ab3!:q db3:q"


def test_an_accidental_of_the_key_is_not_printed():
    root = accompanied(Staff("ab4:h", time="2/4", key=-4), "0-4 g#2 d#3, 4-8 a2")
    assert lower(root) == "ab2:q +eb3:q a2!:q"


# The right hand


def test_what_is_struck_with_the_melody_hangs_on_its_stem():
    root = accompanied(Staff("e5:e g5:e c5:q", time="2/4"), "0-2 c2 c5, 2-4 e3 g3 b4 d5, 4-8 c3 e4")
    assert upper(root) == "e5:e +c5:e g5:e +b4:e +d5:e c5:q +e4:q"
    assert lower(root) == "c2:e e3:e +g3:e c3:q"


def test_its_heads_are_tied_as_the_melody_is():
    root = accompanied(Staff("c5:q e5:q~ | ~e5:h", time="2/4"), "4-16 c3 g4")
    assert (upper(root, 1), upper(root, 2)) == ("c5:q e5:q~ +g4:q~", "e5:h +g4:h")


def test_a_head_gets_an_accidental_of_its_own():
    root = accompanied(Staff("d5:q d5:q", time="2/4"), "0-4 c3 f#4, 4-8 c3 f#4")
    assert upper(root) == "d5:q +f#4!:q d5:q +f#4:q"


# Holes

RAG = Staff("c5:q d5:q // c3+g3:q e3:q | e5:e f5:q g5:e // c3:q g3:q | c5:h // c3:h", time="2/4", clefs=GRAND)


def test_a_hole_in_the_left_hand_leaves_the_right_one_alone():
    root = completed(RAG, "8-10 e2 e3, 10-12 g3 c4, 12-14 e2, 14-16 g3 c4", "2", "left")
    assert lower(root, 2) == "e2:e +e3:e g3:e +c4:e e2:e g3:e +c4:e"
    assert upper(root, 2) == "e5:e f5:q g5:e"
    original = etree.fromstring(score(RAG))
    for number in (1, 3):
        assert canonical(measure_of(root, number)) == canonical(measure_of(original, number))


def test_a_hole_in_both_hands_is_written_with_its_melody_on_top():
    root = completed(RAG, "8-10 c2 c5, 10-12 e3 g3, 12-16 c3", "2", melody="8-9 e5, 9-11 f5, 11-16 a5")
    assert upper(root, 2) == "c5:s +e5:s f5:e a5:s~ a5:q"
    assert lower(root, 2) == "c2:e e3:e +g3:e c3:q"


def test_nothing_is_struck_above_the_left_hand_while_a_new_melody_rests():
    root = completed(RAG, "8-12 c3 c5, 12-16 d3", "2", melody="12-16 a5")
    assert (upper(root, 2), lower(root, 2)) == ("r:q a5:q", "c3:q d3:q")


def test_both_hands_without_a_melody_are_told_apart_by_pitch():
    root = completed(RAG, "8-12 c3 g3 e5 g5, 12-16 d3 b4 g5", "2")
    assert (upper(root, 2), lower(root, 2)) == ("e5:q +g5:q b4:q +g5:q", "c3:q +g3:q d3:q")


def test_a_note_that_reaches_over_the_edge_is_kept_whole():
    tied = Staff("c5:h // c3:q e3:q~ | c5:h // ~e3:q g3:q", time="2/4", clefs=GRAND)
    root = completed(tied, "8-12 c2, 12-16 d3", "2", "left")
    assert (lower(root, 1), lower(root, 2)) == ("c3:q e3:q~", "e3:q d3:q")


def test_all_voices_of_a_hand_give_way():
    voices = Staff("c5:h // c4:e r:e c4:e r:e ; c3:h", time="2/4", clefs=GRAND)
    root = completed(voices, "0-4 f2, 4-8 g2", "1", "left")
    measure = measure_of(root, 1)
    assert [line(measure, voice) for voice in (1, 5, 6)].count("f2:q g2:q") == 1
    assert sum(1 for note in measure.iter("note") if note.findtext("staff") == "2") == 2


def test_the_hands_are_named_in_reports():
    _, timeline = opened(RAG)
    hands = find_hands(timeline)
    regions = find_marks(timeline, hands, select("2", "left hand")).regions
    names = [singer.name for singer in hands.singers.values()]
    assert describe(regions, timeline, names) == [{"voice": "Left hand", "first": "2", "last": "2", "by": "flag"}]


def test_new_notes_begin_and_end_in_hidden_cells():
    struck, sounding, hidden = np.zeros((3, 88, 8), dtype=bool)
    sounding[0, 0:6], struck[0, 0] = True, True  # a given note that goes on
    sounding[5, 2:8], struck[5, 2] = True, True
    hidden[:, 2:6] = True
    assert new_notes(struck, sounding, hidden) == [RollNote(2, 26, 4)]


# Joplin


@pytest.fixture(scope="module")
def rag() -> Score:
    import music21

    return open_score(Path(music21.__file__).parent / "corpus" / "joplin" / "maple_leaf_rag.mxl")


@pytest.mark.parametrize(("measures", "parts"), [("1-84", "left"), ("9-12", "")])
def test_maple_leaf_rag_is_written_again_as_it_sounds(rag, measures, parts):
    document = rag.copy()
    timeline = read_timeline(document)
    hands = find_hands(timeline)
    true = read_roll(timeline, piano_staves(timeline))
    regions = find_marks(timeline, hands, select(measures, parts)).regions
    access = access_of(timeline, hands, regions, join=False)
    hidden = np.where(true.right, access[RIGHT] == FREE, access[LEFT] == FREE)
    new = new_notes(true.struck, true.sounding, hidden)
    melody = [note for note in new if true.melody_struck[note.onset] and true.melody[note.onset] == note.midi]
    transcribe(timeline, hands, access, new, melody if not parts else ())
    back = read_roll(read_timeline(document), piano_staves(read_timeline(document)))
    assert np.array_equal(back.struck, true.struck)
    assert np.array_equal(back.melody, true.melody)
    # Joplin's one held note below others, and his staccato octaves, are written as plain chords.
    assert (back.sounding != true.sounding).sum() <= 0.004 * true.sounding.sum()
    assert schema_errors(document.to_xml()) == []
    assert validate(document) == validate(rag)
    first, last = (int(number) for number in measures.split("-"))
    untouched = [n for n in range(85) if not first <= n <= last]
    for number in untouched:
        assert canonical(measure_of(document.root, number)) == canonical(measure_of(rag.root, number))
