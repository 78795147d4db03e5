"""New parts and staves: where they stand, and what they take over from their neighbour."""

from __future__ import annotations

import pytest
from lxml import etree
from schema import schema_errors
from shorthand import Staff, measure_of, score, sequence

from scoreassist.errors import UnsupportedError
from scoreassist.files.document import Score
from scoreassist.score.singers import VOICES, Choir, find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.writing.copyist import write_notes
from scoreassist.writing.parts import add_missing_singers, suits_closed

GRAND = ("treble", "bass")


def grown(source: bytes, layout: str) -> tuple[etree._Element, Choir, list[str]]:
    """The score with the singers that it lacked, silent; its choir; the ids of new parts."""
    timeline = read_timeline(Score(source, "hymn"))
    choir = find_choir(timeline)
    added = add_missing_singers(timeline, choir, layout)
    write_notes(timeline, choir, {}, added)
    saved = timeline.score.to_xml()
    assert schema_errors(saved) == []
    return etree.fromstring(saved), choir, added


def names(root: etree._Element) -> list[str]:
    return [row.findtext("part-name") or "" for row in root.findall("part-list/score-part")]


def clefs(root: etree._Element) -> list[str]:
    return ["".join(clef.itertext()) for clef in root.findall("part/measure[1]/attributes/clef")]


def places(choir: Choir) -> list[str]:
    """Part, voice number and which of two, soprano to bass."""
    sides = {True: "upper", False: "lower", None: "alone"}
    return [f"{s.part.id} {s.number} {sides[s.upper]}" for _, s in sorted(choir.singers.items())]


# --- where they stand ------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", range(4))
def test_an_open_score_stands_from_soprano_to_bass_whoever_was_there(given: int):
    clef, pitch = (("treble", "c5"), ("treble", "e4"), ("treble8", "g3"), ("bass", "c3"))[given]
    root, choir, added = grown(score(Staff(f"{pitch}:w", VOICES[given], clefs=(clef,))), "open")
    assert names(root) == list(VOICES)
    listed = [row.get("id") for row in root.findall("part-list/score-part")]
    assert [part.get("id") for part in root.findall("part")] == listed
    assert sorted(listed) == ["P1", "P2", "P3", "P4"]
    assert listed[given] == "P1"
    assert added == [part_id for part_id in listed if part_id != "P1"]
    assert [s.part.id for _, s in sorted(choir.singers.items())] == listed
    assert clefs(root) == ["G2", "G2", "G2-1", "F4"]


def test_two_given_parts_are_joined_by_the_other_two_in_between():
    root, _, _ = grown(score(Staff("c5:w", "Soprano"), Staff("c3:w", "Bass", clefs=("bass",))), "open")
    assert names(root) == list(VOICES)


def test_abbreviations_and_names_of_new_parts():
    root, _, _ = grown(score(Staff("c5:w", "Soprano")), "open")
    assert [e.text for e in root.iter("part-abbreviation")] == ["A.", "T.", "B."]
    root, _, _ = grown(score(Staff("c5:w", "Soprano")), "closed")
    assert names(root) == ["Soprano", "Tenor Bass"]
    assert [e.text for e in root.iter("part-abbreviation")] == ["T. B."]


def test_a_melody_in_closed_score_gets_a_second_voice_and_a_staff_below():
    root, choir, added = grown(score(Staff("c5:w", "Soprano")), "closed")
    assert places(choir) == ["P1 1 upper", "P1 2 lower", "P2 1 upper", "P2 2 lower"]
    assert added == ["P2"]
    assert clefs(root) == ["G2", "F4"]


def test_a_bass_in_closed_score_gets_a_second_voice_and_a_staff_above():
    root, choir, _ = grown(score(Staff("c3:w", "Bass", clefs=("bass",))), "closed")
    assert places(choir) == ["P2 1 upper", "P2 2 lower", "P1 2 upper", "P1 1 lower"]
    assert [part.get("id") for part in root.findall("part")] == ["P2", "P1"]
    assert names(root) == ["Soprano Alto", "Bass"]
    assert clefs(root) == ["G2", "F4"]


def test_a_voice_number_that_is_taken_anywhere_in_the_part_is_not_given_again():
    ossia = "<note><rest/><duration>16</duration><voice>2</voice><staff>2</staff></note>"
    part = Staff(f"c5:w | c5:w <backup><duration>16</duration></backup> {ossia}", "Soprano", clefs=GRAND)
    _, choir, _ = grown(score(part), "closed")
    assert choir.singers[1].number == "3"


def test_a_complete_choir_gets_nothing():
    source = score("c5:w ; e4:w", Staff("g3:w ; c3:w", clefs=("bass",)))
    root, _, added = grown(source, "closed")
    assert added == []
    assert etree.tostring(root) == etree.tostring(etree.fromstring(source))


def test_ids_that_are_taken_are_not_given_again():
    source = score(Staff("c5:w", "Soprano")).replace(b"<note>", b'<note id="P2">')
    _, _, added = grown(source, "closed")
    assert added == ["P3"]


def test_other_parts_stay_where_they_are():
    piano = Staff("c5:w // c3:w", "Piano", clefs=GRAND)
    root, _, _ = grown(score(Staff("c5:w", "Flute"), Staff("c5:w=Lord", "Voice"), piano), "open")
    assert names(root) == ["Flute", "Voice", "Alto", "Tenor", "Bass", "Piano"]


def test_a_part_that_the_part_list_does_not_name_is_refused():
    source = score(Staff("c5:w", "Soprano")).replace(b'score-part id="P1"', b'score-part id="P9"')
    with pytest.raises(UnsupportedError) as caught:
        grown(source, "open")
    assert str(caught.value) == "hymn, part P1: is not in the part list; export the score again"


# --- brackets --------------------------------------------------------------------------------------------


def part_list(root: etree._Element) -> list[str]:
    rows = root.find("part-list")
    assert rows is not None
    return [f"{e.tag} {e.get('type') or e.get('id')}" for e in rows]


def test_the_choir_is_bracketed_with_common_barlines():
    root, _, _ = grown(score(Staff("c5:w", "Soprano")), "closed")
    assert part_list(root) == ["part-group start", "score-part P1", "score-part P2", "part-group stop"]
    assert root.findtext("part-list/part-group/group-symbol") == "bracket"
    assert root.findtext("part-list/part-group/group-barline") == "yes"


def test_only_the_choir_is_in_the_bracket():
    root, _, _ = grown(score(Staff("c5:w", "Flute"), Staff("c5:w=Lord", "Voice")), "closed")
    assert part_list(root) == [
        "score-part P1", "part-group start", "score-part P2", "score-part P3", "part-group stop",
    ]  # fmt: skip


@pytest.mark.parametrize(("given", "clef", "pitch"), [("Soprano", "treble", "c5"), ("Bass", "bass", "c3")])
def test_a_part_beside_one_in_a_group_stands_in_that_group_which_stays_the_only_one(
    given: str, clef: str, pitch: str
):
    group = b'<part-group number="1" type="start"/>'
    source = score(Staff(f"{pitch}:w", given, clefs=(clef,))).replace(b"<part-list>", b"<part-list>" + group)
    source = source.replace(b"</part-list>", b'<part-group number="1" type="stop"/></part-list>')
    root, _, _ = grown(source, "closed")
    rows = ["score-part P1", "score-part P2"]
    assert part_list(root) == [
        "part-group start",
        *(rows if given == "Soprano" else rows[::-1]),
        "part-group stop",
    ]


def test_a_choir_beside_a_group_of_others_gets_a_bracket_of_its_own():
    start, stop = (b'<part-group number="1" type="%b"/>' % kind for kind in (b"start", b"stop"))
    source = score(Staff("c5:w", "Soprano"), Staff("c5:w", "Violin"), Staff("c3:w", "Cello", clefs=("bass",)))
    source = source.replace(b'<score-part id="P2">', start + b'<score-part id="P2">')
    source = source.replace(b"</part-list>", stop + b"</part-list>")
    root, _, _ = grown(source, "closed")
    assert part_list(root) == [
        "part-group start", "score-part P1", "score-part P4", "part-group stop",
        "part-group start", "score-part P2", "score-part P3", "part-group stop",
    ]  # fmt: skip
    numbers = [group.get("number") for group in root.iter("part-group")]
    assert numbers == ["2", "2", "1", "1"]


@pytest.mark.parametrize(
    ("layout", "text", "through"),
    [("open", "", "yes"), ("open", "=Lord", "no"), ("closed", "", "yes"), ("closed", "=Lord", "yes")],
)
def test_barlines_run_through_the_staves_unless_each_has_words_below_it(layout: str, text: str, through: str):
    root, _, _ = grown(score(Staff(f"c5:w{text}", "Soprano")), layout)
    assert root.findtext("part-list/part-group/group-barline") == through


def test_a_choir_that_does_not_stand_together_is_not_bracketed():
    parts = Staff("c5:w", "Soprano"), Staff("c5:w", "Flute"), Staff("c3:w", "Bass", clefs=("bass",))
    root, _, _ = grown(score(*parts), "open")
    assert names(root) == ["Soprano", "Alto", "Flute", "Tenor", "Bass"]
    assert root.find("part-list/part-group") is None


# --- what they sound like --------------------------------------------------------------------------------


def instruments(root: etree._Element) -> list[str]:
    """Of each part: its instrument, MIDI channel and program."""
    return [
        " ".join(row.findtext(path) or "-" for path in (
            "score-instrument/instrument-sound", "midi-instrument/midi-channel", "midi-instrument/midi-program"
        ))
        for row in root.findall("part-list/score-part")
    ]  # fmt: skip


def test_new_parts_have_voices_as_instruments_on_channels_of_their_own():
    root, _, _ = grown(score(Staff("c5:w", "Soprano")), "open")
    assert instruments(root) == ["- - -", "voice.alto 1 53", "voice.tenor 2 53", "voice.bass 3 53"]
    ids = [e.get("id") for e in root.iter("score-instrument")]
    assert ids == [e.get("id") for e in root.iter("midi-instrument")] == ["P2-I1", "P3-I1", "P4-I1"]
    root, _, _ = grown(score(Staff("c5:w", "Soprano")), "closed")
    assert instruments(root)[1] == "voice.vocals 1 53"


def with_instrument(channel: str, program: str) -> bytes:
    given = (
        '<score-instrument id="P1-I1"><instrument-name>Oohs</instrument-name></score-instrument>'
        f'<midi-instrument id="P1-I1"><midi-channel>{channel}</midi-channel>'
        f"<midi-program>{program}</midi-program><volume>78</volume><pan>0</pan></midi-instrument>"
    )
    source = score(Staff("c5:w", "Soprano"))
    return source.replace(b"</part-name>", b"</part-name>" + given.encode(), 1)


def test_who_joins_a_singer_with_a_sound_of_its_own_sounds_like_that_one():
    root, _, _ = grown(with_instrument("1", "54"), "open")
    assert [row.split()[1:] for row in instruments(root)] == [["1", "54"], ["2", "54"], ["3", "54"], ["4", "54"]]
    assert [e.text for e in root.iter("volume")] == 4 * ["78"]


@pytest.mark.parametrize("program", ["0", "129", "-1", "piano", ""])
def test_a_sound_that_midi_does_not_have_is_not_taken_over(program: str):
    timeline = read_timeline(Score(with_instrument("1", program)))
    add_missing_singers(timeline, find_choir(timeline), "open")
    assert [row.split()[-1] for row in instruments(timeline.score.root)[1:]] == ["53", "53", "53"]


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        ([1], ["2", "3", "4"]),
        ([*range(1, 9)], ["9", "11", "12"]),  # the tenth is for drums
        ([*range(1, 16)], ["16", "-", "-"]),  # and there are no more than sixteen
    ],
)
def test_new_parts_take_the_channels_that_are_left(taken: list[int], free: list[str]):
    source = with_instrument("1", "54")
    more = "".join(
        f'<midi-instrument id="P1-I1"><midi-channel>{n}</midi-channel></midi-instrument>' for n in taken[1:]
    )
    root, _, _ = grown(source.replace(b"</midi-instrument>", b"</midi-instrument>" + more.encode()), "open")
    assert [row.split()[1] for row in instruments(root)[1:]] == free


# --- what they take over ---------------------------------------------------------------------------------


def test_silent_measures_hold_a_rest_over_the_measure_and_short_ones_rests_by_their_value():
    melody = Staff("c5:q | c5:h. | c5:h", "Soprano", time="3/4", numbers=("0", "1", "2"))
    root, _, _ = grown(score(melody), "closed")
    below = root.findall("part")[1]
    assert [m.get("number") for m in below.findall("measure")] == ["0", "1", "2"]
    assert [sequence(m) for m in below.findall("measure")] == ["attributes r:q", "R", "r:q r:q"]
    assert [e.text for e in below.iter("duration")] == ["4", "12", "4", "4"]


def test_a_pickup_stays_implicit():
    source = score(Staff("c5:q | c5:w", "Soprano", numbers=("0", "1"))).replace(
        b'<measure number="0">', b'<measure number="0" implicit="yes" width="99">'
    )
    root, _, _ = grown(source, "closed")
    assert dict(root.findall("part")[1][0].attrib) == {"number": "0", "implicit": "yes"}


def test_changes_of_key_and_time_are_taken_over_but_no_change_of_clef():
    change = (
        "<attributes><key><cancel>1</cancel><fifths>-2</fifths><mode>minor</mode></key><time><beats>3</beats>"
        "<beat-type>4</beat-type></time><clef><sign>C</sign><line>1</line></clef></attributes>"
    )
    root, _, added = grown(score(Staff(f"c5:w | {change} c5:h.", "Soprano", key=1)), "closed")
    first, second = (measure_of(root, number, added[0]) for number in (1, 2))
    assert first.findtext("attributes/key/fifths") == "1"
    assert first.findtext("attributes/time/beats") == "4"
    attributes = second.find("attributes")
    assert attributes is not None
    assert [child.tag for child in attributes] == ["key", "time"]
    assert attributes.findtext("key/fifths") == "-2"
    assert attributes.findtext("key/mode") == "minor"


def test_of_the_keys_of_two_staves_the_upper_one_is_taken_over():
    keys = '<key number="1"><fifths>2</fifths></key><key number="2"><fifths>-3</fifths></key>'
    part = Staff(f"c5:w // R | <attributes>{keys}</attributes> c5:w // R", "Soprano", clefs=GRAND)
    root, _, added = grown(score(part), "open")
    for part_id in added:
        (key,) = measure_of(root, 2, part_id).findall("attributes/key")
        assert (key.findtext("fifths"), key.get("number")) == ("2", None)


def test_a_second_set_of_attributes_in_the_first_measure_brings_no_second_clef():
    change = "<attributes><clef><sign>C</sign><line>1</line></clef></attributes>"
    root, _, added = grown(score(Staff(f"c5:h {change} c5:h", "Soprano")), "closed")
    assert len(measure_of(root, 1, added[0]).findall("attributes/clef")) == 1


@pytest.mark.parametrize(
    ("transpose", "written", "sounding"),
    [
        ("<diatonic>-1</diatonic><chromatic>-2</chromatic>", 2, "0"),  # B flat: D major sounds as C major
        ("<diatonic>-5</diatonic><chromatic>-9</chromatic>", 1, "-2"),  # E flat: G major sounds as B flat major
        ("<diatonic>-1</diatonic><chromatic>-2</chromatic>", -6, "4"),  # G flat sounds as F flat: written as E
        ("<diatonic>0</diatonic><chromatic>0</chromatic><octave-change>-1</octave-change>", 3, "3"),
    ],
)
def test_beside_a_transposing_instrument_the_key_is_the_sounding_one(transpose: str, written: int, sounding: str):
    clarinet = Staff("c5:w", "Clarinet", key=written, transpose=transpose)
    root, _, added = grown(score(clarinet), "open")
    for part_id in added:
        first = measure_of(root, 1, part_id)
        assert first.findtext("attributes/key/fifths") == sounding
        assert first.find("attributes/transpose") is None
    assert measure_of(root, 1).findtext("attributes/key/fifths") == str(written)


def test_a_key_that_a_transposing_instrument_cancels_is_not_taken_over():
    change = "<attributes><key><cancel>2</cancel><fifths>0</fifths></key></attributes>"
    clarinet = Staff(
        f"c5:w | {change} c5:w", "Clarinet", key=2, transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    )
    root, _, added = grown(score(clarinet), "open")
    key = measure_of(root, 2, added[0]).find("attributes/key")
    assert key is not None
    assert [(child.tag, child.text) for child in key] == [("fifths", "-2")]


def test_repeats_and_barlines_are_taken_over_without_their_ids_and_fermatas():
    begin = '<barline location="left"><bar-style>heavy-light</bar-style><repeat direction="forward"/></barline>'
    end = (
        '<barline location="right" id="b1"><bar-style>light-heavy</bar-style><fermata/>'
        '<repeat direction="backward"/></barline>'
    )
    root, _, added = grown(score(Staff(f"{begin} c5:w {end}", "Soprano")), "closed")
    measure = measure_of(root, 1, added[0])
    assert sequence(measure) == "attributes barline R barline"
    left, right = measure.findall("barline")
    assert left.find("repeat").get("direction") == "forward"
    assert [child.tag for child in right] == ["bar-style", "repeat"]
    assert right.get("id") is None


@pytest.mark.parametrize(("given", "clef", "pitch", "endings"), [
    ("Soprano", "treble", "c5", [1, 0]),  # the new part stands below: endings are drawn once, on top
    ("Bass", "bass", "c3", [1, 1]),  # the new part is the top one
])  # fmt: skip
def test_endings_stand_over_the_top_part(given: str, clef: str, pitch: str, endings: list[int]):
    end = '<barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline>'
    root, _, _ = grown(score(Staff(f"{pitch}:w {end}", given, clefs=(clef,))), "closed")
    assert [len(part.findall("measure/barline/ending")) for part in root.findall("part")] == endings
    assert [len(part.findall("measure/barline/repeat")) for part in root.findall("part")] == [1, 1]


def test_signs_within_a_measure_keep_their_moment():
    change = "<attributes><key><fifths>2</fifths></key></attributes>"
    clef = "<attributes><clef><sign>C</sign><line>1</line></clef></attributes>"
    root, choir, added = grown(score(Staff(f"c5:q {change} d5:h. | c5:h {clef} c5:h", "Soprano")), "closed")
    first, second = root.find(f"part[@id='{added[0]}']") or ()
    assert sequence(first) == "attributes R attributes R"
    assert [e.text for e in first.iter("duration")] == ["4", "12"]
    assert sequence(second) == "R"
    assert [len(row) for row in choir.singers[2].measures] == [2, 0]  # the rests that new notes will replace


def test_barlines_within_a_measure_are_not_taken_over():
    dashed = '<barline location="middle"><bar-style>dashed</bar-style></barline>'
    root, _, added = grown(score(Staff(f"c5:h {dashed} c5:h", "Soprano")), "closed")
    assert sequence(measure_of(root, 1, added[0])) == "attributes R"


def test_beside_a_part_that_ends_early_a_new_one_goes_on():
    root, _, added = grown(score(Staff("c5:w", "Soprano"), Staff("e4:w | f4:w | g4:w", "Oboe")), "closed")
    (part,) = (root.find(f"part[@id='{part_id}']") for part_id in added)
    assert part is not None
    assert [sequence(measure) for measure in part] == ["attributes R", "R", "R"]


def test_divisions_of_a_new_part_never_change_and_suit_every_measure():
    sixth = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>1</duration><voice>1</voice></note>"
    melody = Staff(f"c5:w | <attributes><divisions>6</divisions></attributes> {sixth}", "Soprano")
    root, _, added = grown(score(melody), "closed")
    part = root.find(f"part[@id='{added[0]}']")
    assert part is not None
    assert [e.text for e in part.iter("divisions")] == ["12"]
    assert [e.text for e in part.iter("duration")] == ["48", "2"]


@pytest.mark.parametrize(("given", "clef", "pitch", "breaks"), [
    ("Soprano", "treble", "c5", [1, 0]), ("Bass", "bass", "c3", [1, 1]),
])  # fmt: skip
def test_breaks_of_lines_and_pages_stand_in_the_top_part(given: str, clef: str, pitch: str, breaks: list[int]):
    layout = '<print new-page="yes"><system-layout><system-distance>99</system-distance></system-layout></print>'
    root, _, _ = grown(score(Staff(f"{pitch}:w | {layout} {pitch}:w", given, clefs=(clef,))), "closed")
    assert [len(part.findall("measure/print[@new-page='yes']")) for part in root.findall("part")] == breaks
    assert len(list(root.iter("system-layout"))) == 1
    if given == "Bass":
        assert sequence(root.findall("part")[0][1]) == "print R"


def test_words_lyrics_and_dynamics_are_not_taken_over():
    word = "<direction><direction-type><words>Andante</words></direction-type></direction>"
    root, _, added = grown(score(Staff(f"{word} c5:w=Lord", "Soprano")), "closed")
    assert sequence(measure_of(root, 1, added[0])) == "attributes R"


def test_new_lines_are_set_like_the_old_ones():
    pretty = etree.tostring(etree.fromstring(score(Staff("c5:w", "Soprano"))), pretty_print=True)
    root, _, _ = grown(pretty, "closed")
    lines = [line for line in etree.tostring(root).decode().split("\n") if "<note" not in line]
    assert "" not in lines
    for start in ('  <part id="P2">', '    <measure number="1">', "    </measure>", "      <attributes>"):
        assert any(line.startswith(start) for line in lines[lines.index('  <part id="P2">') :])
    for start in ("    <part-group", '    <score-part id="P2">'):
        assert any(line.startswith(start) for line in lines)


# --- two on a staff --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "suits"),
    [
        ([Staff("c5:w", "Soprano")], True),
        ([Staff("c5:w", "Soprano", clefs=("",))], True),
        ([Staff("c3:w", "Bass", clefs=("bass",))], True),
        ([Staff("c5:w", "Soprano", clefs=("soprano",))], False),
        ([Staff("g3:w", "Tenor", clefs=("treble8",))], False),
        ([Staff("c5:w", "Soprano", transpose="<chromatic>-2</chromatic>")], False),
    ],
)
def test_two_voices_share_a_staff_only_in_its_usual_clef_and_at_sounding_pitch(parts: list[Staff], suits: bool):
    assert suits_closed(find_choir(read_timeline(Score(score(*parts))))) is suits
