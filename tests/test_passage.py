"""The grid: what is known in each sixteenth, which cells are holes, and the notes that filled cells stand for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from shorthand import Staff, score

from scoreassist.errors import UnsupportedError
from scoreassist.files.document import Score
from scoreassist.grid.holes import FREE, HOLD, STRIKE
from scoreassist.grid.notes import given_spellings, notes_of
from scoreassist.grid.passage import Passage, build_passage
from scoreassist.grid.vocabulary import HIGHEST, LOWEST, REST, REST_PITCH, UNKNOWN, pitches, tokens
from scoreassist.grid.voices import NO_KEY, Grid, encode
from scoreassist.score.flags import Selection
from scoreassist.score.marks import find_marks
from scoreassist.score.regions import Region
from scoreassist.score.singers import VOICES, Choir, find_choir
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.writing.pen import NewNote

S, A, T, B = range(4)


def read(*parts: Staff | str) -> tuple[Timeline, Choir]:
    timeline = read_timeline(Score(score(*parts), "hymn"))
    return timeline, find_choir(timeline)


def grid_of(*parts: Staff | str) -> Grid:
    return encode(*read(*parts))


def passage_of(*parts: Staff | str, holes: dict[int, tuple[object, object]] | None = None) -> Passage:
    """A passage with a hole a voice, from and to these quarters; without holes, with those that are empty."""
    timeline, choir = read(*parts)
    if holes is None:
        regions = find_marks(timeline, choir, Selection()).regions
    else:
        regions = [Region(v, Fraction(str(a)), Fraction(str(b)), "flag") for v, (a, b) in holes.items()]
    return build_passage(timeline, choir, regions)


def cells(row: np.ndarray, struck: np.ndarray | None = None, known: np.ndarray | None = None) -> str:
    """A voice's cells: pitch where struck, ``-`` where held, ``.`` for silence, ``?`` where not known."""
    written = []
    for tick, midi in enumerate(row):
        if known is not None and not known[tick]:
            written.append("?")
        elif midi == REST_PITCH:
            written.append(".")
        else:
            written.append(str(midi) if struck is None or struck[tick] else "-")
    return " ".join(written)


def voice_of(grid: Grid, voice: int) -> str:
    return cells(grid.pitch[voice], grid.struck[voice], grid.known[voice])


def marked(row: np.ndarray) -> str:
    return "".join("x" if cell else "." for cell in row)


# --- cells -----------------------------------------------------------------------------------------------


def test_a_cell_is_a_sixteenth_and_says_whether_it_is_struck_or_held():
    assert voice_of(grid_of(Staff("c5:q d5:e d5:s r:s e5:q", time="3/4")), S) == "72 - - - 74 - 74 . 76 - - -"


def test_a_tied_note_is_held_over_the_barline():
    assert voice_of(grid_of(Staff("c5:e~ | ~c5:e", time="1/8")), S) == "72 - - -"


def test_a_repeated_note_is_struck_again():
    assert voice_of(grid_of(Staff("c5:e | c5:e", time="1/8")), S) == "72 - 72 -"


def test_voices_that_are_not_there_are_not_known():
    grid = grid_of(Staff("c5:q", time="1/4"))
    assert [voice_of(grid, v) for v in range(4)] == ["72 - - -", "? ? ? ?", "? ? ? ?", "? ? ? ?"]


def test_time_that_a_voice_leaves_out_of_a_measure_is_silence_unless_it_leaves_out_all():
    grid = grid_of(Staff("c5:q d5:q ; _:q a4:e r:e | c5:h", time="2/4"))
    assert voice_of(grid, A) == ". . . . 69 - . . ? ? ? ? ? ? ? ?"


def test_transposing_parts_stand_at_sounding_pitch():
    clarinet = Staff("d5:e", time="1/8", key=2, transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>")
    grid = grid_of(clarinet)
    assert voice_of(grid, S) == "72 -"
    assert grid.fifths.tolist() == [0, 0]


def test_what_is_finer_than_a_sixteenth_is_represented_by_what_sounds_longest():
    # Triplet eighths begin at 0, 1 1/3 and 2 2/3 ticks: the second tick is mostly (two thirds) the second note.
    assert voice_of(grid_of(Staff("c5:e3 d5:e3 e5:e3", time="1/4", divisions=6)), S) == "72 74 - 76"
    finer = "<note><pitch><step>{}</step><octave>5</octave></pitch><duration>{}</duration></note>"
    two = finer.format("C", 3) + finer.format("D", 5)  # of 16 in a quarter, so four make a tick
    assert voice_of(grid_of(Staff(two, time="1/8", divisions=16)), S) == "72 74"


def test_every_measure_begins_on_a_tick_of_its_own():
    # Two triplet eighths last 2/3 of a quarter: two ticks and two thirds, rounded up to three.
    grid = grid_of(Staff("c5:e3 d5:e3 | e5:q", time="1/4", divisions=6))
    assert grid.measure.tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert grid.measure_ticks(1) == (3, 7)


def test_metre_key_and_fermatas_are_known_for_every_tick():
    fermata = "<notations><fermata/></notations>"
    source = score(Staff("c5:q | c5:q d5:h", time="3/4", key=-3, numbers=("0", "1"))).replace(
        b"<type>half</type>", f"<type>half</type>{fermata}".encode()
    )
    timeline = read_timeline(Score(source))
    grid = encode(timeline, find_choir(timeline))
    # Downbeat 0, beat 2, eighth 3, sixteenth 4; the pickup is beat 3.
    assert grid.level.tolist() == [2, 4, 3, 4, 0, 4, 3, 4, 2, 4, 3, 4, 2, 4, 3, 4]
    assert set(grid.fifths.tolist()) == {-3}
    assert marked(grid.fermata) == "........xxxxxxxx"


def test_in_four_the_third_beat_is_stronger_than_the_second_and_fourth():
    assert grid_of("c5:w").level.tolist() == [0, 4, 3, 4, 2, 4, 3, 4, 1, 4, 3, 4, 2, 4, 3, 4]


def test_in_six_eight_the_second_beat_is_the_fourth_eighth():
    assert grid_of(Staff("c5:h.", time="6/8")).level.tolist() == [0, 4, 3, 4, 3, 4, 2, 4, 3, 4, 3, 4]


def test_transposing_a_grid_moves_pitches_and_keys_but_no_silence():
    grid = grid_of(Staff("c5:e r:e", time="1/4", key=-1)).transposed(2)
    assert grid.pitch[S].tolist() == [74, 74, REST_PITCH, REST_PITCH]
    assert grid.fifths.tolist() == 4 * [13]  # two whole tones on the line of fifths: F major becomes G major, + 12
    unknown = replace(grid, fifths=np.full(4, NO_KEY)).transposed(-5)
    assert unknown.fifths.tolist() == 4 * [NO_KEY]


# --- vocabulary ------------------------------------------------------------------------------------------


def test_tokens_count_from_c2_and_silence_comes_after_c6():
    assert tokens(np.array([36, 60, 84, REST_PITCH])).tolist() == [0, 24, 48, 49]
    assert (LOWEST, HIGHEST, REST, UNKNOWN) == (36, 84, 49, 50)


def test_pitches_beyond_the_vocabulary_are_folded_in_by_octaves():
    assert tokens(np.array([35, 24, 85, 96, 97])).tolist() == [11, 0, 37, 48, 37]


def test_what_is_not_known_is_a_token_of_its_own():
    assert tokens(np.array([60, 62]), np.array([True, False])).tolist() == [24, UNKNOWN]


def test_pitches_of_tokens():
    assert pitches(np.array([0, 24, 48, REST, UNKNOWN])).tolist() == [36, 60, 84, REST_PITCH, REST_PITCH]


# --- holes -----------------------------------------------------------------------------------------------


def test_a_hole_is_filled_and_not_known_and_all_else_is_known():
    passage = passage_of("c5:q d5:q e5:h", holes={S: (1, 2)})
    assert marked(passage.fill[S]) == "....xxxx........"
    assert marked(passage.grid.known[S]) == "xxxx....xxxxxxxx"


@pytest.mark.parametrize(
    ("music", "hole", "fill"),
    [
        ("c5:q d5:h e5:q", (2, 4), "............xxxx"),  # d5 begins in front of the hole
        ("c5:q d5:h e5:q", (0, 2), "xxxx............"),  # and ends behind this one
        ("c5:q d5:q e5:h", (1, 2), "....xxxx........"),
        ("c5:w", (1, 2), "................"),  # around the hole
        ("c5:q d5:q~ d5:q e5:q", (2, 4), "............xxxx"),  # tied into the hole
        ("c5:q d5:q~ d5:q e5:q", (0, 2), "xxxx............"),  # tied out of it
        ("c5:q d5:q~ d5:q e5:q", (1, 3), "....xxxxxxxx...."),  # tied within it
        ("c5:q~ c5:q~ c5:q~ c5:q", (2, 3), "................"),  # a chain of ties
        ("c5:q r:h e5:q", (2, 4), "........xxxxxxxx"),  # a rest may be cut
    ],
)
def test_a_note_that_reaches_beyond_its_hole_is_kept_whole(music: str, hole: tuple[int, int], fill: str):
    passage = passage_of(music, holes={S: hole})
    assert marked(passage.fill[S]) == fill
    assert marked(passage.grid.known[S]) == fill.translate(str.maketrans("x.", ".x"))


def test_a_tie_over_the_barline_is_kept_whole_from_either_side():
    music = Staff("c5:q d5:q~ | ~d5:q e5:q", time="2/4")
    assert marked(passage_of(music, holes={S: (2, 4)}).fill[S]) == "............xxxx"
    assert marked(passage_of(music, holes={S: (0, 2)}).fill[S]) == "xxxx............"


def test_two_regions_that_meet_are_one_hole():
    timeline, choir = read("c5:w | d5:w")
    regions = [Region(S, Fraction(0), Fraction(2), "flag"), Region(S, Fraction(2), Fraction(4), "flag")]
    assert marked(build_passage(timeline, choir, regions).fill[S]) == 16 * "x" + 16 * "."


def test_two_regions_that_overlap_do_not_cover_more_than_they_cover():
    timeline, choir = read("c5:w")
    regions = [Region(S, Fraction(0), Fraction(2), "words"), Region(S, Fraction(0), Fraction(3), "words")]
    assert not build_passage(timeline, choir, regions).fill.any()


def test_triplets_are_filled_as_a_whole_or_not_at_all():
    music = Staff("c5:e3 d5:e3 e5:e3 f5:q g5:h", divisions=6)
    assert marked(passage_of(music, holes={S: (0, 1)}).fill[S]) == "xxxx............"
    for hole in ((0, "1/3"), ("1/3", "2/3"), ("2/3", 1), (0, "1/2"), ("1/2", 1)):
        assert not passage_of(music, holes={S: hole}).fill.any()
    assert marked(passage_of(music, holes={S: ("2/3", 2)}).fill[S]) == "....xxxx........"


def test_a_rest_of_a_triplet_is_not_cut():
    assert not passage_of(Staff("c5:e3 r:e3 e5:e3 f5:h.", divisions=6), holes={S: ("1/2", "3/4")}).fill.any()


def test_a_hole_beyond_the_last_measure_of_a_part_is_none():
    passage = passage_of("c5:w | d5:w", "e4:w", holes={A: (0, 8)})
    assert marked(passage.fill[A]) == 16 * "x" + 16 * "."


def test_segments_are_counted_from_their_measure():
    passage = passage_of("c5:q d5:q e5:h | c5:q d5:q e5:h", holes={S: (1, 5)})
    assert list(passage.segments(S)) == [(0, 4, 16), (1, 0, 4)]
    assert list(passage.segments(A)) == []


def test_an_empty_measure_is_a_hole():
    passage = passage_of(Staff("c5:h | d5:h", "Soprano", time="2/4"), Staff("e4:h | R", "Alto", time="2/4"))
    assert marked(passage.fill[A]) == "........xxxxxxxx"
    assert not passage.fill[S].any()


# --- silence ---------------------------------------------------------------------------------------------


def test_where_all_given_voices_rest_an_empty_hole_rests_too():
    passage = passage_of(Staff("c5:q r:q | c5:h", "Soprano", time="2/4"), Staff("R | c4:h", "Alto", time="2/4"))
    assert marked(passage.rest[A]) == "....xxxx........"


def test_a_voice_that_sings_lets_the_hole_sing():
    tenor = Staff("g3:h", "Tenor", time="2/4")
    passage = passage_of(Staff("c5:q r:q", "Soprano", time="2/4"), Staff("R", "Alto", time="2/4"), tenor)
    assert not passage.rest[A].any()


def test_a_measure_of_rest_that_is_marked_sings():
    parts = Staff("R | c5:h", "Soprano", time="2/4"), Staff("R | e4:h", "Alto", time="2/4")
    assert not passage_of(*parts, holes={A: (0, 2)}).rest[A].any()


# --- slashes ---------------------------------------------------------------------------------------------


def test_slashes_keep_their_rhythm():
    head = "<notehead>slash</notehead>"
    slash = "<note><pitch><step>B</step><octave>4</octave></pitch><duration>{}</duration>" + head + "</note>"
    music = f"c5:q {slash.format(6)} {slash.format(2)} c5:q"
    passage = passage_of(music)
    assert marked(passage.fill[S]) == "....xxxxxxxx...."
    expected = 4 * [FREE] + [STRIKE] + 5 * [HOLD] + [STRIKE, HOLD] + 4 * [FREE]
    assert passage.rhythm[S].tolist() == expected


# --- what is refused -------------------------------------------------------------------------------------


def test_a_hole_in_a_measure_that_ends_between_sixteenths_is_refused():
    music = Staff("c5:w | d5:e3 e5:e3", "Alto", divisions=6)
    assert not passage_of(music, holes={}).fill.any()
    with pytest.raises(UnsupportedError) as caught:
        passage_of(music, holes={A: (4, 5)})
    assert str(caught.value) == (
        "hymn, part P1, measure 2: lasts 2/3 quarters, which is not a whole number of sixteenths; leave it out"
        " with --measures, or export again from a notation program"
    )


def test_a_hole_in_a_measure_that_changes_its_divisions_is_refused():
    change = "<attributes><divisions>8</divisions></attributes>"
    half = "<note><rest/><duration>16</duration></note>"
    with pytest.raises(UnsupportedError, match="hymn, part P1, measure 2: changes its divisions half way; leave"):
        passage_of(f"c5:w | c5:h {change} {half}", holes={S: (6, 8)})


# --- back to notes ---------------------------------------------------------------------------------------


def notes(passage: Passage, voice: int, row: str, segment: tuple[int, int, int]) -> list[NewNote]:
    """The notes of a segment once the voice's cells are those of `row`."""
    pitch, struck = passage.grid.pitch.copy(), passage.grid.struck.copy()
    for tick, cell in enumerate(row.split()):
        pitch[voice, tick] = REST_PITCH if cell == "." else pitch[voice, tick - 1] if cell == "-" else int(cell)
        struck[voice, tick] = cell != "-" and (tick == 0 or pitch[voice, tick] != REST_PITCH)
    filled = replace(passage.grid, pitch=pitch, struck=struck)
    return notes_of(passage, filled, np.zeros_like(pitch), voice, segment)


def test_cells_become_notes_and_rests():
    passage = passage_of(Staff("R", time="2/4"), holes={S: (0, 2)})
    assert notes(passage, S, "72 - 72 - . . 74 -", (0, 0, 8)) == [
        NewNote(0, 2, 72), NewNote(2, 2, 72), NewNote(4, 2), NewNote(6, 2, 74),
    ]  # fmt: skip


def test_silence_is_one_rest_however_often_it_was_drawn():
    passage = passage_of(Staff("R", time="1/4"), holes={S: (0, 1)})
    silent = replace(passage.grid, struck=np.ones_like(passage.grid.struck))
    assert notes_of(passage, silent, np.zeros_like(silent.pitch), S, (0, 0, 4)) == [NewNote(0, 4)]


def test_a_note_that_goes_on_over_the_barline_is_tied():
    passage = passage_of(Staff("R | R", time="1/4"), holes={S: (0, 2)})
    row = "72 - 74 - - - 76 -"
    assert notes(passage, S, row, (0, 0, 4)) == [NewNote(0, 2, 72), NewNote(2, 2, 74, tied_to=True)]
    assert notes(passage, S, row, (1, 0, 4)) == [NewNote(0, 2, 74, tied_from=True), NewNote(2, 2, 76)]


def test_a_note_at_the_end_of_the_hole_is_not_tied_to_the_given_one():
    passage = passage_of(Staff("R | d5:q", time="1/4"), holes={S: (0, 1)})
    assert notes(passage, S, "74 - - - - - - -", (0, 0, 4)) == [NewNote(0, 4, 74)]


def test_a_note_at_the_start_of_the_hole_is_not_tied_to_the_given_one():
    passage = passage_of(Staff("d5:q | R", time="1/4"), holes={S: (1, 2)})
    assert notes(passage, S, "74 - - - - - - -", (1, 0, 4)) == [NewNote(0, 4, 74)]


def test_onsets_count_from_the_measure():
    passage = passage_of(Staff("d5:q | R", time="1/4"), holes={S: (1, 2)})
    assert notes(passage, S, "74 - - - 76 . . 77", (1, 0, 4)) == [
        NewNote(0, 1, 76),
        NewNote(1, 2),
        NewNote(3, 1, 77),
    ]


def test_a_fermata_is_written_on_the_note_that_ends_with_the_given_one():
    source = score(Staff("c5:q d5:q", "Soprano", time="2/4"), Staff("R", "Alto", time="2/4")).replace(
        b"</type>", b"</type><notations><fermata/></notations>", 1
    )
    timeline = read_timeline(Score(source))
    passage = build_passage(timeline, find_choir(timeline), [Region(A, Fraction(0), Fraction(2), "flag")])
    written = notes(passage, A, "64 - - 65 67 - 69 -", (0, 0, 8))
    assert [(n.midi, n.fermata) for n in written] == [(64, None), (65, "upright"), (67, None), (69, None)]


@pytest.mark.parametrize(("voice", "fermata"), [(S, "upright"), (A, None), (T, None), (B, "inverted")])
def test_in_closed_score_the_outer_voices_have_the_fermata(voice: int, fermata: str | None):
    source = score(Staff("c5:q ; e4:q // g3:q ; c3:q", time="1/4", clefs=("treble", "bass")))
    source = source.replace(
        b"<staff>1</staff></note>", b"<staff>1</staff><notations><fermata/></notations></note>", 1
    )
    timeline = read_timeline(Score(source))
    passage = build_passage(timeline, find_choir(timeline), [Region(voice, Fraction(0), Fraction(1), "flag")])
    (note,) = notes(passage, voice, "72 - - -", (0, 0, 4))
    assert note.fermata == fermata


def test_in_open_score_every_voice_has_the_fermata():
    source = score(Staff("c5:q", "Soprano", time="1/4"), Staff("R", "Alto", time="1/4")).replace(
        b"</type>", b"</type><notations><fermata/></notations>", 1
    )
    timeline = read_timeline(Score(source))
    passage = build_passage(timeline, find_choir(timeline), [Region(A, Fraction(0), Fraction(1), "flag")])
    assert [n.fermata for n in notes(passage, A, "64 - 65 -", (0, 0, 4))] == [None, "upright"]


def test_spellings_of_given_notes_are_known_at_sounding_pitch():
    # On the line of fifths C is 0: A sharp is 10, B flat -2. A clarinet's written B sharp (12) sounds A sharp.
    passage = passage_of(Staff("a#4:q bb4:q c5:q b4:q"), holes={S: (3, 4)})
    assert given_spellings(passage) == {(S, 0): 10, (S, 4): -2, (S, 8): 0}
    clarinet = Staff("b#4:w", transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>")
    assert given_spellings(passage_of(clarinet, holes={})) == {(S, 0): 10}


def test_voices_are_named_from_the_top():
    assert VOICES == ("Soprano", "Alto", "Tenor", "Bass")


def test_a_chord_of_which_one_note_is_tied_over_the_edge_is_kept_whole():
    tie = '<tie type="{}"/>'
    document = score(Staff("c5+e5:w | c5+g5:w", "Soprano"), Staff("g4:w | g4:w", "Alto")).decode()
    first = "<octave>5</octave></pitch><duration>16</duration>"
    places = document.split(first)
    places[1], places[3] = tie.format("start") + places[1], tie.format("stop") + places[3]
    timeline = read_timeline(Score(first.join(places).encode()))
    found = build_passage(timeline, find_choir(timeline), [Region(0, Fraction(4), Fraction(8), "flag")])
    assert not found.fill.any()
    assert found.kept[0, 16:].all()


def test_a_measure_that_changes_its_divisions_and_back_is_refused():
    eight, four = (f"<attributes><divisions>{n}</divisions></attributes>" for n in (8, 4))
    rest = "<note><rest/><duration>{}</duration><voice>1</voice></note>"
    music = f"{rest.format(8)} {eight} {rest.format(8)} {four} {rest.format(4)} | c5:w"
    with pytest.raises(UnsupportedError, match="changes its divisions"):
        passage_of(Staff(music, "Soprano"), Staff("g4:w | g4:w", "Alto"), holes={S: (0, 4)})


@pytest.mark.parametrize(
    ("barline", "strikes"),
    [
        ('<barline location="right"><ending number="1" type="stop"/></barline>', True),
        ('<barline location="right"><repeat direction="backward"/></barline>', True),
        ('<barline location="right"><bar-style>light-light</bar-style></barline>', False),
    ],
)
def test_no_note_is_tied_over_a_barline_at_which_the_music_jumps(barline: str, strikes: bool):
    found = passage_of(Staff(f"c5:w | c5:w {barline} | c5:w", "Soprano"), Staff("R | R | R", "Alto"))
    assert bool(found.rhythm[1, 32] == STRIKE) is strikes
    assert found.rhythm[1, 16] != STRIKE
