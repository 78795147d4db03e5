"""Onsets, durations, pitches and measures, counted by hand in quarters."""

from __future__ import annotations

from cProfile import Profile
from fractions import Fraction

import pytest
from shorthand import Staff, score

from scoreassist.errors import UnsupportedError
from scoreassist.files.document import Score
from scoreassist.grid.voices import encode
from scoreassist.score.metre import Metre
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import Event, Timeline, read_timeline

HALF = Fraction(1, 2)
THIRD = Fraction(1, 3)


def timeline_of(*parts: Staff | str) -> Timeline:
    return read_timeline(Score(score(*parts), "hymn"))


def events_of(*parts: Staff | str, measure: int = 0, part: int = 0) -> list[Event]:
    return timeline_of(*parts).parts[part].measures[measure].events


def spans(events: list[Event]) -> list[tuple[Fraction, Fraction, int | None]]:
    """Offset, duration and MIDI number of each event."""
    return [(e.offset, e.duration, e.midi) for e in events]


# --- onsets ----------------------------------------------------------------------------------------------


def test_notes_of_a_voice_follow_one_another():
    assert spans(events_of("c5:q r:e d5:e e5:h")) == [
        (0, 1, 72),
        (1, HALF, None),
        (1 + HALF, HALF, 74),
        (2, 2, 76),
    ]


def test_a_backup_begins_the_second_voice_at_the_start_of_the_measure():
    first, second = events_of("c5:w ; a4:h g4:h")[0], events_of("c5:w ; a4:h g4:h")[1:]
    assert (first.voice, first.offset) == ("1", 0)
    assert [(e.voice, e.offset) for e in second] == [("2", 0), ("2", 2)]


def test_a_forward_is_time_without_a_note():
    assert spans(events_of("c5:w ; _:h. a4:q"))[1] == (3, 1, 69)


def test_a_backup_that_leads_before_the_measure_stops_at_its_start():
    # Some programs write one that is too long by rounding.
    assert spans(events_of("c5:q <backup><duration>9</duration></backup> e4:q"))[1] == (0, 1, 64)


def test_the_notes_of_a_chord_begin_together_and_the_next_note_after_them():
    events = events_of("c4+e4+g4:q f4:q")
    assert spans(events) == [(0, 1, 60), (0, 1, 64), (0, 1, 67), (1, 1, 65)]
    assert [e.chord for e in events] == [False, True, True, False]


def test_grace_notes_take_no_time_and_stand_at_the_note_behind_them():
    events = events_of("c5:q (e5) d5:h.")
    assert spans(events) == [(0, 1, 72), (1, 0, 76), (1, 3, 74)]
    assert [e.kind for e in events] == ["note", "grace", "note"]


def test_triplets_are_exact():
    events = events_of(Staff("c5:e3 d5:e3 e5:e3 f5:h.", divisions=6))
    assert spans(events) == [(0, THIRD, 72), (THIRD, THIRD, 74), (2 * THIRD, THIRD, 76), (1, 3, 77)]


def test_divisions_may_change_between_and_within_measures():
    finer = "<attributes><divisions>8</divisions></attributes>"
    c = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>8</duration></note>"
    timeline = timeline_of(f"{c} {finer} {c} {c} | {c} {c} {c} {c} | R")
    first, second, third = timeline.parts[0].measures
    assert spans(first.events) == [(0, 2, 72), (2, 1, 72), (3, 1, 72)]
    assert [e.offset for e in second.events] == [0, 1, 2, 3]
    assert [m.length for m in timeline.measures] == [4, 4, 2]  # the last, 16 units, is of 8 divisions
    assert (first.start.divisions, first.end.divisions, third.start.divisions) == (4, 8, 8)


def test_decimal_durations_are_read():
    c = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>2.5</duration></note>"
    assert spans(events_of(f"{c}"))[0][1] == Fraction(5, 8)


def test_staves_and_voices_of_a_part_keep_their_numbers():
    events = events_of(Staff("c5:w ; a4:w // c3:w ; f2:w", clefs=("treble", "bass")))
    assert [(e.staff, e.voice, e.offset) for e in events] == [(1, "1", 0), (1, "2", 0), (2, "5", 0), (2, "6", 0)]


def test_rests_cues_and_drums_are_told_apart():
    cue = "<note><cue/><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration></note>"
    drum = "<note><unpitched/><duration>4</duration></note>"
    assert [e.kind for e in events_of(f"c5:q r:q {cue} {drum}")] == ["note", "rest", "cue", "unpitched"]


def test_ties_and_fermatas_are_seen():
    fermata = "<note><rest/><duration>4</duration><notations><fermata/></notations></note>"
    events = events_of(f"c5:q~ c5:q c5:q {fermata}")
    assert [(e.tied_from, e.tied_to) for e in events] == [
        (False, True),
        (True, False),
        (False, False),
        (False, False),
    ]
    assert [e.fermata for e in events] == [False, False, False, True]


def test_comments_between_notes_do_no_harm():
    events = read_timeline(Score(score("c5:q d5:q").replace(b"</note><note>", b"</note><!-- x --><note>"))).parts[
        0
    ]
    assert [e.offset for e in events.measures[0].events] == [0, 1]


# --- pitch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "midi"),
    [("c4", 60), ("a4", 69), ("cb4", 59), ("b#3", 60), ("f##4", 67), ("ebb5", 74), ("c2", 36), ("g-1", 7)],
)
def test_pitches_as_midi_numbers(written: str, midi: int):
    assert events_of(f"{written}:w")[0].midi == midi


@pytest.mark.parametrize(
    ("transpose", "written", "midi", "concert_fifths"),
    [
        # B flat clarinet: a major second down, so D major (2 sharps) sounds as C major.
        ("<diatonic>-1</diatonic><chromatic>-2</chromatic>", "d5", 72, 0),
        ("<chromatic>-2</chromatic>", "d5", 72, 0),
        # A clarinet: a minor third down; D major sounds as B major.
        ("<diatonic>-2</diatonic><chromatic>-3</chromatic>", "d5", 71, 5),
        # E flat alto saxophone: a major sixth down; D major sounds as F major.
        ("<diatonic>-5</diatonic><chromatic>-9</chromatic>", "d5", 65, -1),
        # Horn in F: a fifth down; D major sounds as G major.
        ("<diatonic>-4</diatonic><chromatic>-7</chromatic>", "d5", 67, 1),
        # Double bass and guitar: an octave down.
        ("<diatonic>0</diatonic><chromatic>0</chromatic><octave-change>-1</octave-change>", "d5", 62, 2),
        # B flat bass clarinet: a ninth down.
        ("<diatonic>-1</diatonic><chromatic>-2</chromatic><octave-change>-1</octave-change>", "d5", 60, 0),
    ],
)
def test_transposing_instruments_are_heard_at_sounding_pitch(
    transpose: str, written: str, midi: int, concert_fifths: int
):
    timeline = timeline_of(Staff(f"{written}:w", key=2, transpose=transpose))
    assert timeline.parts[0].measures[0].events[0].midi == midi
    assert timeline.measures[0].concert_fifths == concert_fifths


def test_a_tenor_clef_an_octave_lower_changes_no_pitch_for_musicxml_writes_the_sounding_one():
    timeline = timeline_of(Staff("c4:w", clefs=("treble8",)))
    assert timeline.parts[0].measures[0].events[0].midi == 60
    assert timeline.parts[0].measures[0].start.clef(1) == ("G", 2, -1)


# --- measures --------------------------------------------------------------------------------------------


def pickups(*parts: Staff | str) -> list[tuple[str, Fraction, Fraction, Fraction]]:
    """Number, onset, length and missing front of each measure."""
    return [(m.number, m.onset, m.length, m.pickup) for m in timeline_of(*parts).measures]


def test_a_short_first_measure_is_a_pickup():
    assert pickups(Staff("c5:q | d5:h. | e5:h", time="3/4", numbers=("0", "1", "2"))) == [
        ("0", 0, 1, 2),
        ("1", 1, 3, 0),
        ("2", 4, 2, 0),  # the last measure is short at its end, which is no pickup
    ]


def test_the_second_half_of_a_measure_that_a_repeat_splits_is_a_pickup():
    assert pickups(Staff("c5:w | d5:h. | e5:q | f5:w", numbers=("1", "2", "X1", "3"))) == [
        ("1", 0, 4, 0),
        ("2", 4, 3, 0),
        ("X1", 7, 1, 3),
        ("3", 8, 4, 0),
    ]


def test_a_short_measure_that_does_not_complete_the_one_before_is_no_pickup():
    three = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    assert [row[3] for row in pickups("c5:w | d5:h | e5:q | f5:w")] == [0, 0, 0, 0]
    assert [row[3] for row in pickups("c5:q | d5:h. | f5:w")] == [3, 0, 0]  # behind a pickup
    assert [row[3] for row in pickups(f"c5:w | d5:h | {three} e5:q | f5:h.")] == [0, 0, 0, 0]  # in another metre
    assert [row[3] for row in pickups("c5:w | d5:w | e5:h | f5:w")] == [0, 0, 0, 0]  # behind a full measure


def barred(text: str, side: str, inside: str) -> str:
    bar = f'<barline location="{side}">{inside}</barline>'
    return f"{bar} {text}" if side == "left" else f"{text} {bar}"


def test_a_short_measure_with_which_a_section_begins_is_an_upbeat():
    for end in ('<repeat direction="backward"/>', "<bar-style>light-light</bar-style>"):
        rows = pickups(f"{barred('c5:w', 'right', end)} | d5:q | e5:w")
        assert [row[3] for row in rows] == [0, 3, 0]
    begin = '<repeat direction="forward"/>'
    assert [row[3] for row in pickups(f"c5:w | {barred('d5:q', 'left', begin)} | e5:w")] == [0, 3, 0]
    assert [row[3] for row in pickups(f"c5:w | {barred('d5:q', 'left', begin)}")] == [0, 0]  # the end of all


def test_a_measure_that_is_split_twice_is_one_measure_still():
    assert [row[3] for row in pickups("c5:w | d5:q | e5:h | f5:q | g5:w")] == [0, 0, 1, 3, 0]


def test_a_second_ending_does_not_complete_the_first():
    first = barred("c5:h", "right", '<ending number="1" type="stop"/><repeat direction="backward"/>')
    second = barred("c5:h", "left", '<ending number="2" type="start"/>')
    assert [row[3] for row in pickups(f"c5:w | {first} | {second} | c5:w")] == [0, 0, 0, 0]


def test_a_first_measure_that_goes_on_in_an_unnumbered_one_is_no_pickup():
    source = score(Staff("c5:h. | d5:q | e5:w", numbers=("1", "X1", "2")))
    source = source.replace(b'number="X1"', b'number="X1" implicit="yes"')
    assert [m.pickup for m in read_timeline(Score(source)).measures] == [0, 3, 0]


def test_a_measure_lasts_as_long_as_its_longest_part():
    timeline = timeline_of("c5:h | c5:w", "c4:w | c4:h")
    assert [m.length for m in timeline.measures] == [4, 4]
    assert [m.onset for m in timeline.measures] == [0, 4]


def test_a_measure_in_which_nothing_stands_lasts_as_its_time_signature_says():
    assert pickups(Staff("c5:h. | | c5:h.", time="3/4"))[1] == ("2", 3, 3, 0)


def test_a_part_may_have_fewer_measures_than_another():
    timeline = timeline_of("c5:w | d5:w | e5:w", "c4:w")
    assert [len(part.measures) for part in timeline.parts] == [3, 1]
    assert [m.onset for m in timeline.measures] == [0, 4, 8]


def test_a_part_without_measures_is_left_out():
    body = score("c5:w").replace(b"</score-partwise>", b'<part id="P2"/></score-partwise>')
    assert [part.id for part in read_timeline(Score(body)).parts] == ["P1"]


@pytest.mark.parametrize(
    ("time", "groups", "beat_type", "length", "beats"),
    [
        ("4/4", (4,), 4, 4, (0, 1, 2, 3)),
        ("2/2", (2,), 2, 4, (0, 2)),
        ("3/2", (3,), 2, 6, (0, 2, 4)),
        ("6/8", (6,), 8, 3, (0, Fraction(3, 2))),
        ("12/8", (12,), 8, 6, (0, Fraction(3, 2), 3, Fraction(9, 2))),
        ("3/8", (3,), 8, Fraction(3, 2), (0,)),
        ("3+2/8", (3, 2), 8, Fraction(5, 2), (0, Fraction(3, 2))),
        ("2+3/8", (2, 3), 8, Fraction(5, 2), (0, 1)),
        ("5/8", (5,), 8, Fraction(5, 2), (0, Fraction(3, 2))),
        ("7/8", (7,), 8, Fraction(7, 2), (0, 1, 2)),
        ("3+2/4", (3, 2), 4, 5, (0, 1, 2, 3, 4)),
        ("5/4", (5,), 4, 5, (0, 1, 2, 3, 4)),
    ],
)
def test_time_signatures_have_lengths_and_beats(
    time: str, groups: tuple[int, ...], beat_type: int, length: Fraction, beats: tuple[Fraction, ...]
):
    metre = timeline_of(Staff("", time=time)).measures[0].metre
    assert metre == Metre(groups, beat_type)
    assert str(metre) == time
    assert metre.length == length
    assert metre.beat_starts() == beats


@pytest.mark.parametrize(
    ("time", "half"), [("4/4", 2), ("2/4", None), ("3/4", None), ("5/4", 3), ("6/4", 3), ("2+3/4", 2)]
)
def test_the_second_strong_beat(time: str, half: int | None):
    metre = timeline_of(Staff("", time=time)).measures[0].metre
    assert metre is not None
    assert metre.half_measure() == half


@pytest.mark.parametrize(
    ("signatures", "groups", "beat_type"),
    [
        ("2/4 3/8", (2, 2, 3), 8),
        ("3+2/8 3/4", (3, 2, 2, 2, 2), 8),
        ("6/8 2/16", (6, 6, 2), 16),
        ("2/2 3/4", (4, 3), 4),  # no beams: what counts are the halves
    ],
)
def test_two_signatures_in_one_are_added_in_the_finer_unit_and_keep_their_beats(
    signatures: str, groups: tuple[int, ...], beat_type: int
):
    pairs = (signature.split("/") for signature in signatures.split())
    time = "".join(f"<beats>{beats}</beats><beat-type>{unit}</beat-type>" for beats, unit in pairs)
    timeline = timeline_of(Staff(f"<attributes><time>{time}</time></attributes> c5:h", time=""))
    assert timeline.measures[0].metre == Metre(groups, beat_type)


def test_without_metre_a_measure_lasts_as_long_as_its_notes():
    timeline = timeline_of(Staff("c5:w d5:w e5:h | f5:q", time="free"))
    assert [m.length for m in timeline.measures] == [10, 1]
    assert [m.metre for m in timeline.measures] == [None, None]
    assert [m.pickup for m in timeline.measures] == [0, 0]


def test_keys_and_times_change_where_they_are_written():
    change = "<key><fifths>-3</fifths></key><time><beats>3</beats><beat-type>4</beat-type></time>"
    timeline = timeline_of(Staff(f"c5:w | <attributes>{change}</attributes> c5:h. | c5:h.", key=1))
    assert [m.concert_fifths for m in timeline.measures] == [1, -3, -3]
    assert [str(m.metre) for m in timeline.measures] == ["4/4", "3/4", "3/4"]


def test_the_name_of_a_part_is_what_is_displayed():
    body = score(Staff("c5:w", name="Instrument 1")).replace(
        b"</part-name>", b"</part-name><part-name-display><display-text>Sopran </display-text></part-name-display>"
    )
    assert read_timeline(Score(body)).parts[0].name == "Sopran"


# --- what is refused -------------------------------------------------------------------------------------


def note(pitch: str = "<step>C</step><octave>5</octave>", duration: str = "4") -> str:
    return f"<note><pitch>{pitch}</pitch><duration>{duration}</duration></note>"


def attributes(content: str) -> str:
    return f"<attributes>{content}</attributes>"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (note("<step>H</step><octave>5</octave>"), "a pitch is not a step with an octave"),
        (note("<step>C</step>"), "a pitch is not a step with an octave"),
        (note("<step>C</step><octave>high</octave>"), "a pitch is not a step with an octave"),
        (note(duration="long"), "the duration 'long' is not a number"),
        (note(duration="-4"), "the duration '-4' is negative"),
        (note(duration="1e999999999"), "the duration '1e999999999' is not a number"),
        (note(duration="1/3"), "the duration '1/3' is not a number"),
        (attributes("<divisions>0</divisions>"), "<divisions> holds no usable number"),
        (attributes("<divisions>many</divisions>"), "<divisions> holds no usable number"),
        (attributes("<key><fifths>two</fifths></key>"), "<key> holds no usable number"),
        (attributes("<time><beats>x</beats><beat-type>4</beat-type></time>"), "<time> holds no usable number"),
        (attributes("<time><beats>4</beats><beat-type>0</beat-type></time>"), "<time> holds no usable number"),
        (attributes("<time><beats>-4</beats><beat-type>4</beat-type></time>"), "<time> holds no usable number"),
        (attributes("<time><beats>9999999</beats><beat-type>4</beat-type></time>"), "<time> holds no usable"),
        (attributes("<transpose><chromatic>up</chromatic></transpose>"), "<transpose> holds no usable number"),
    ],
)
def test_numbers_that_are_none_are_refused_with_part_and_measure(content: str, message: str):
    with pytest.raises(UnsupportedError) as caught:
        timeline_of(f"c5:w | {content}")
    assert str(caught.value).startswith(f"hymn, part P1, measure 2: {message}")


def test_a_measure_without_end_is_refused_before_it_fills_the_memory():
    with pytest.raises(UnsupportedError) as caught:
        timeline_of(f"c5:w | {note(duration='1000000000000')}")
    assert str(caught.value) == (
        "hymn, part P1, measure 2: lasts 250000000000 quarters; correct it in a notation program and export again"
    )


def test_a_score_without_end_is_refused_too():
    # 80 measures of 1000 quarters each.
    long = note(duration="4000")
    with pytest.raises(UnsupportedError, match="hymn: lasts more than 65536 quarters; split it into movements"):
        timeline_of(" | ".join(80 * [long]))


# --- attributes ------------------------------------------------------------------------------------------


def test_attributes_behind_a_backup_count_from_the_start_of_the_measure():
    late = "<attributes><key><fifths>3</fifths></key></attributes>"
    (measure,) = timeline_of(f"c5:w <backup><duration>16</duration></backup> {late}").parts[0].measures
    assert (measure.start.fifths, measure.changes) == (3, ())


def test_staves_may_have_keys_of_their_own():
    own = "".join(f'<key number="{staff}"><fifths>{fifths}</fifths></key>' for staff, fifths in ((1, 1), (2, -2)))
    keys = f"<attributes>{own}</attributes>"
    both = "<attributes><key><fifths>4</fifths></key></attributes>"
    first, second = timeline_of(f"{keys} c5:w | {both} c5:w").parts[0].measures
    assert [first.start.fifths_on(staff) for staff in (1, 2)] == [1, -2]
    assert [second.start.fifths_on(staff) for staff in (1, 2)] == [4, 4]


def test_divisions_that_change_between_notes_leave_what_stood_before_where_it_was():
    finer = "<attributes><divisions>12</divisions></attributes>"
    events = events_of(f"c5:q d5:q {finer} {note(duration='12')} <backup><duration>24</duration></backup> "
                       f"{note(duration='6')}")  # fmt: skip
    assert [(e.offset, e.duration) for e in events] == [(0, 1), (1, 1), (2, 1), (1, HALF)]


def test_the_key_and_metre_of_a_score_are_those_of_most_parts():
    horn = Staff("c5:h.", time="3/4", transpose="<diatonic>-4</diatonic><chromatic>-7</chromatic>")
    drums = Staff("c5:h.", time="", clefs=("percussion",))  # says neither, and has no voice in it
    choir = 2 * [Staff("c5:h.", key=2, time="3/4")]
    for parts in ([horn, *choir], [*(3 * [drums]), horn, *choir]):
        (measure,) = timeline_of(*parts).measures
        assert (measure.concert_fifths, str(measure.metre), measure.pickup) == (2, "3/4", 0)


def test_of_two_interchangeable_signatures_the_one_counts_that_the_measure_fills():
    other = "<interchangeable><beats>3</beats><beat-type>4</beat-type></interchangeable></time>"
    source = score(Staff("c5:h | c5:h. | c5:q", time="2/4")).replace(b"</time>", other.encode())
    measures = read_timeline(Score(source)).measures
    assert [str(m.metre) for m in measures] == ["2/4", "3/4", "2/4"]


def test_ties_are_seen_where_only_their_sign_is_written():
    source = score("c5:h~ c5:h").replace(b'<tie type="start"/>', b"").replace(b'<tie type="stop"/>', b"")
    events = read_timeline(Score(source)).parts[0].measures[0].events
    assert [(e.tied_from, e.tied_to) for e in events] == [(False, True), (True, False)]


@pytest.mark.parametrize(
    ("note", "duration"),
    [
        ("<note><rest/><type>quarter</type></note>", 1),
        ("<note><rest/><type>half</type><dot/><dot/></note>", Fraction(7, 2)),
        ("<note><rest/><type>eighth</type><time-modification><actual-notes>3</actual-notes>"
         "<normal-notes>2</normal-notes></time-modification></note>", THIRD),
        ('<note><rest measure="yes"/></note>', 4),
    ],
)  # fmt: skip
def test_a_note_without_duration_lasts_as_long_as_its_value(note: str, duration: Fraction):
    assert [e.duration for e in events_of(note)] == [duration]


def test_what_is_not_printed_is_marked_as_hidden():
    assert [e.hidden for e in events_of("*c5:h c5:h")] == [True, False]


def test_parts_come_in_the_order_of_the_page():
    source = score(Staff("c5:w", "One"), Staff("e4:w", "Two"))
    turned = source.replace(b'<part id="P1">', b'<part id="P0">').replace(b'<part id="P2">', b'<part id="P1">')
    turned = turned.replace(b'<part id="P0">', b'<part id="P2">')
    assert [part.name for part in read_timeline(Score(turned)).parts] == ["One", "Two"]


def test_the_work_of_reading_grows_with_the_number_of_measures_and_no_faster():
    def steps(measures: int) -> int:
        """Calls of functions until a choir of four parts stands on the grid."""
        document = Score(score(*(4 * [Staff(" | ".join(measures * ["c5:q d5:e e5:e f5:h"]))])))
        profile = Profile()
        timeline = profile.runcall(read_timeline, document)
        choir = profile.runcall(find_choir, timeline)
        profile.runcall(encode, timeline, choir)
        return sum(row.callcount for row in profile.getstats())

    assert steps(400) < 2.05 * steps(200)
