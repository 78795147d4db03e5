"""Wishes: what can be asked, what contradicts, what is demanded of each cell, what a grid does not keep of it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from shorthand import Staff
from wishing import asked, not_kept, sung, to_complete, to_harmonize

from scoreassist.corpus import chorales
from scoreassist.errors import RequestError
from scoreassist.grid.holes import FREE, HOLD, STRIKE
from scoreassist.theory.keys import Key
from scoreassist.theory.voice_leading import CHOIR_RANGES
from scoreassist.wishes.broken import JUDGES, broken
from scoreassist.wishes.contradictions import refuse_near
from scoreassist.wishes.demands import demands_of
from scoreassist.wishes.parsing import DEFAULT_STRENGTHS
from scoreassist.wishes.table import CHOIRS, WISHES, Wishes, wishes_of

# Four measures; the second and the fourth end on the tonic after the second degree.
HYMN = "e5:q f5:q g5:q c5:q | e5:q d5:q c5:h | e5:q f5:q g5:q c5:q | e5:q d5:q c5:h"
SIGNS = {FREE: ".", HOLD: "-", STRIKE: "x"}


def rhythm(text: str | Staff, voice: int = 1, **options: object) -> str:
    """What is asked of each tick of a voice: a note may begin (.), begins (x), is held (-)."""
    return "".join(SIGNS[int(sign)] for sign in asked(to_harmonize(text), **options).rhythm[voice])


# --- the table -------------------------------------------------------------------------------------------


def test_every_wish_is_a_row_and_every_row_has_a_judge():
    names = [field.name for field in fields(Wishes)]
    assert list(WISHES) == names
    assert set(JUDGES) == set(names)


def test_every_row_has_a_flag_of_its_own_a_meaning_and_a_source():
    flags = [wish.flag for wish in WISHES.values()]
    assert len(set(flags)) == len(flags)
    for wish in WISHES.values():
        assert wish.flag.startswith("--")
        assert len(wish.meaning) > 15
        assert len(wish.source) > 10


def test_nothing_asked_is_nothing():
    assert Wishes() == wishes_of() == wishes_of(key=None)
    assert Wishes().asked() == []


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("key", "D minor", Key(-1, True)),
        ("rhythm", "as:soprano", "as:Soprano"),
        ("rhythm", "as:T", "as:Tenor"),
        ("max_leap", "fifth", 7),
        ("max_leap", "P5", 7),
        ("max_leap", "9", 9),
        ("max_leap", 9, 9),
        ("ranges", "Tenor:C3-G4", ((2, 48, 67),)),
        ("ranges", ["Bass:E2-C4", "Tenor:Bb2-F#4"], ((2, 46, 66), (3, 40, 60))),
        ("ranges", (("Tenor", "C3", "G4"),), ((2, 48, 67),)),
        ("ranges", {"Tenor": ("C3", "G4"), "Bass": "E2-C4"}, ((2, 48, 67), (3, 40, 60))),
        ("rules", "hidden=forbid", (("hidden", "forbid"),)),
        ("rules", {"parallel-fifths": "avoid"}, (("parallels", "avoid"),)),
        ("cadences", "4:half 8:perfect:A", (("4", "half", ""), ("8", "perfect", "A"))),
        ("cadences", ["4:half", (8, "perfect")], (("4", "half", ""), ("8", "perfect", ""))),
        ("like", "M1-4@9", (("1", "4", "9"),)),
        ("like", "1-4@9,5@13", (("1", "4", "9"), ("5", "5", "13"))),
        ("near", "0.7", 0.7),
        ("max_copy", "4", 4.0),
    ],
)
def test_texts_and_values_are_read(name: str, text: object, value: object):
    wishes = wishes_of(**{name: text})
    assert getattr(wishes, name) == value
    assert wishes.asked() == [name]
    assert wishes_of(**{name: value}) == wishes  # a value stays what it is


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("key", "H", "'H' is no key"),
        ("tonality", "atonal", "write free, diatonic or harmonic"),
        ("rhythm", "as:Flute", "'Flute' is none of Soprano, Alto, Tenor, Bass; write --rhythm as:Soprano"),
        ("rhythm", "whole", "write free, half, quarter, eighth, or as:Soprano"),
        ("max_repeats", "-1", "--max-repeats is -1; it must be between 0 and 64"),
        ("max_repeats", "many", "--max-repeats 'many' is not a whole number"),
        ("max_repeats", "9" * 400, f"--max-repeats is {'9' * 37}...; it must be between 0 and 64"),
        ("max_copy", "9" * 400, f"--max-copy is {'9' * 37}...; it must be at least 0"),
        pytest.param("density", 10**400, "is not a number; write --density 0.1", id="an integer of 401 digits"),
        ("density", "0", "--density is 0; it must be between 0.1 and 16"),
        ("near", "1.5", "--near is 1.5; it must be between 0 and 1"),
        ("near", "nan", "--near is nan"),
        ("ranges", "Tenor C3-G4", "'Tenor' is no range; write Tenor:C3-G4"),
        ("ranges", "Tenor:G4-C3", "the range G4-C3 is empty; write the lower note first"),
        ("ranges", "Tenor:C3-H4", "'H4' is no note; write C4"),
        ("ranges", "Tenor:C3-G4 Tenor:C3-A4", "--range Tenor is asked twice"),
        ("ranges", ((7, 48, 67),), "'7' is none of Soprano, Alto, Tenor, Bass; write Tenor:C3-G4"),
        ("ranges", ((2, 48, 670),), "'670' is no note; write C4"),
        ("ranges", 5, "'5' is neither a text nor a list of texts"),
        ("choir", "punk", "write youth, amateur or professional"),
        ("max_leap", "far", "'far' is no interval; write fifth"),
        ("rules", "fifths=forbid", "there is no rule 'fifths'; the rules are parallels"),
        ("rules", "hidden=no", "a rule is not 'no'; write hidden=forbid"),
        ("rules", "hidden", "'hidden' cannot be read; write hidden=forbid"),
        ("rules", [("hidden", "forbid", "allow")], "'hidden:forbid:allow' cannot be read; write hidden=forbid"),
        ("strict", "yes", "--strict is 'yes'"),
        ("cadences", "4", "'4' cannot be read; write 4:half 8:perfect"),
        ("cadences", "4:authentic", "there is no cadence 'authentic'; write perfect"),
        ("like", "1-4", "'1-4' names no measures; write M1-4@9"),
        ("max_copy", "long", "--max-copy 'long' is not a number"),
    ],
)
def test_what_cannot_be_read_says_what_to_write(name: str, text: object, message: str):
    with pytest.raises(RequestError) as caught:
        wishes_of(**{name: text})
    assert message in str(caught.value)


def test_an_unknown_wish_names_the_known_ones():
    with pytest.raises(RequestError, match="there is no wish 'tempo'; the wishes are key, tonality"):
        wishes_of(tempo=100)


def test_strict_forbids_every_rule_and_a_choir_gives_the_ranges_that_are_not_asked():
    wishes = wishes_of(strict=True, choir="amateur", ranges="Bass:D2-C4")
    assert set(wishes.strengths.values()) == {"forbid"}
    assert set(wishes.strengths) == set(DEFAULT_STRENGTHS)
    assert wishes.voice_ranges == (*CHOIRS["amateur"][:3], (38, 60))
    assert Wishes().voice_ranges == CHOIR_RANGES


def test_a_trained_choir_has_all_notes_of_the_others():
    for voice in range(4):
        (low, high), others = CHOIRS["professional"][voice], [CHOIRS[name][voice] for name in ("youth", "amateur")]
        assert all(low <= other[0] and other[1] <= high for other in others)


# --- contradictions --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({"strict": True, "rules": "hidden=allow"}, ("--strict", "--rule hidden=allow")),
        ({"strict": True, "rules": "hidden=avoid"}, ("--strict", "--rule hidden=avoid")),
        ({"rules": "hidden=allow hidden=forbid"}, ("--rule hidden=allow", "--rule hidden=forbid")),
        ({"ranges": "Alto:C3-E3 Tenor:F3-G4"}, ("--range Alto", "--range Tenor")),
        ({"choir": "amateur", "ranges": "Bass:A4-C5"}, ("--range Tenor", "--range Bass")),
        ({"cadences": "4:half 4:perfect"}, ("--cadence 4:half", "--cadence 4:perfect")),
    ],
)
def test_two_that_contradict_are_named_before_a_score_is_read(options: dict[str, object], flags: tuple[str, str]):
    with pytest.raises(RequestError) as caught:
        wishes_of(**options)
    assert all(flag in str(caught.value) for flag in flags)


def test_ranges_may_lie_apart_the_wrong_way_where_voices_may_cross():
    assert wishes_of(ranges="Alto:C3-E3 Tenor:F3-G4", rules="crossing=allow").ranges


def test_less_than_a_beat_cannot_be_kept_from_quoting():
    with pytest.raises(RequestError, match=r"--max-copy 0\.5 is less than a beat"):
        wishes_of(max_copy=0.5)


def test_nearness_is_refused_where_nothing_is_varied():
    refuse_near(Wishes())
    with pytest.raises(RequestError, match="--near says how close a variation keeps"):
        refuse_near(wishes_of(near=0.7))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"rhythm": "as:Alto"},
            "hymn, measure 1: --rhythm as:Alto is asked, but the Alto is to be filled too; name a voice",
        ),
        (
            {"rhythm": "as:Soprano", "density": 0.5},
            "hymn, measure 1: --density 0.5 and --rhythm as:Soprano contradict each other: the Soprano begins 4",
        ),
        ({"cadences": "9:half"}, "hymn: --cadence asks for measure '9'; measures are numbered 1 to 4"),
        (
            {"cadences": "4:half"},
            "hymn, measure 4: a half cadence in C needs V, and the soprano has C; what fits is perfect or",
        ),
        ({"cadences": "4:plagal"}, "a plagal cadence in C needs IV, and the soprano has D; what fits is perfect"),
        ({"cadences": "4:phrygian"}, "a phrygian cadence belongs to minor, and C is major"),
        (
            {"cadences": "2:perfect 4:deceptive", "like": "1-2@3"},
            "hymn, measure 4: --cadence 4:deceptive and --like contradict each other: measure 2, which is echoed,",
        ),
        (
            {"cadences": "4:deceptive:E-", "tonality": "diatonic", "key": "C"},
            "hymn, measure 4: --tonality diatonic and --cadence 4:deceptive:E- contradict each other",
        ),
        ({"like": "1-2@2"}, "hymn: --like M1-2@2: an echo comes after what it echoes; name a later measure"),
        ({"like": "3-4@1"}, "an echo comes after what it echoes"),
        ({"like": "1-2@4"}, "there are only 1 measures from 4 on, and 2 are needed"),
        ({"like": "1-9@3"}, "there is no measure '9'; measures are numbered 1 to 4"),
        ({"like": "2-1@3"}, "the measures run backwards"),
    ],
)
def test_what_the_score_speaks_against_is_refused(options: dict[str, object], message: str):
    with pytest.raises(RequestError) as caught:
        asked(to_harmonize(HYMN), **options)
    assert message in str(caught.value)


def test_measures_of_another_metre_are_no_echo():
    three = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
    with pytest.raises(RequestError, match="measures 1 and 2 differ in length or metre"):
        asked(to_harmonize(f"c5:w | {three} c5:h."), like="1@2")


def test_an_echo_where_nothing_is_to_be_written_is_refused():
    voices = [Staff("c5:w | c5:w", name=name) for name in ("Soprano", "Alto", "Tenor")]
    passage = to_harmonize(*voices, Staff("R | c3:w", name="Bass", clefs=("bass",)))
    with pytest.raises(RequestError, match="nothing is to be written"):
        asked(passage, like="1@2")


# --- rhythm and density ----------------------------------------------------------------------------------


def test_new_notes_begin_on_quarters_or_halves_only():
    assert rhythm("c5:w", rhythm="quarter") == ".---.---.---.---"
    assert rhythm("c5:w | c5:w", rhythm="half") == ".-------.-------" * 2
    assert rhythm("c5:w", rhythm="eighth") == ".-" * 8
    assert rhythm("c5:w") == "." * 16


def test_in_compound_time_quarters_are_dotted():
    assert rhythm(Staff("c5:h.", time="6/8"), rhythm="quarter") == ".-----.-----"


def test_quarters_are_counted_from_the_barline_also_in_an_upbeat():
    upbeat = Staff("c5:e c5:q | c5:h.", time="3/4", numbers=("0", "1"))
    # The upbeat's eighth is the second half of a beat: a note may begin there, since nothing is held into it.
    assert rhythm(upbeat, rhythm="quarter") == ".-.---" + ".---.---.---"


def test_a_rhythm_as_the_soprano_begins_where_hers_does():
    assert rhythm("c5:q. d5:e e5:h", rhythm="as:Soprano") == "x-----x-x-------"
    assert rhythm("c5:h~ c5:h", rhythm="as:Soprano") == "x---------------"


def test_where_that_singer_rests_the_others_are_free():
    parts = Staff("c5:h r:h", name="Soprano"), Staff("c3:w", name="Bass", clefs=("bass",))
    demands = asked(to_harmonize(*parts), rhythm="as:Soprano")
    assert "".join(SIGNS[int(sign)] for sign in demands.rhythm[1]) == "x-------........"


def test_a_hole_begins_with_a_note_even_where_the_given_rhythm_holds():
    parts = Staff("c5:h. d5:q | c5:w", name="Soprano"), Staff("g4:q r:q r:h | R", name="Alto")
    passage = to_complete(*parts, measures="1.2-2", of=["Alto"])
    row = asked(passage, rhythm="as:Soprano").rhythm[1]
    assert "".join(SIGNS[int(sign)] for sign in row[4:]) == ".-------x---" + "x---------------"


def test_syllables_keep_their_beginning_whatever_rhythm_is_asked():
    passage = to_harmonize("c5:w")
    passage.rhythm[1, 6] = STRIKE
    assert "".join(SIGNS[int(s)] for s in asked(passage, rhythm="half").rhythm[1]) == ".-----x-.-------"


def test_behind_a_repeat_nothing_is_held_over():
    repeat = "<barline location='right'><repeat direction='backward'/></barline>"
    assert rhythm(f"c5:h d5:h {repeat} | c5:w", rhythm="as:Soprano")[16] == "x"


def test_a_density_is_notes_in_the_measure_and_at_least_one():
    passage = to_harmonize(HYMN)
    assert (asked(passage, density=0.5).most_notes[1] == 2).all()
    assert (asked(passage, density=0.1).most_notes[1] == 1).all()
    assert asked(passage).most_notes.min() > 1000


# --- tonality --------------------------------------------------------------------------------------------


def classes(passage: object, tick: int, voice: int = 1, **options: object) -> list[int]:
    """Pitch classes that a tonality allows."""
    mask = asked(passage, **options).pitch["tonality"][voice, tick]  # type: ignore[arg-type]
    return np.flatnonzero(mask[60:72]).tolist()


def test_diatonic_notes_are_those_of_the_key_in_minor_with_both_sixths_and_sevenths():
    passage = to_harmonize(HYMN)
    assert classes(passage, 0, tonality="diatonic") == [0, 2, 4, 5, 7, 9, 11]
    # A minor: F and F sharp, G and G sharp.
    assert classes(passage, 0, tonality="diatonic", key="a") == [0, 2, 4, 5, 6, 7, 8, 9, 11]
    # Of the dominants of G (F sharp), of A minor (G sharp) and of F (B flat).
    assert classes(passage, 0, tonality="harmonic") == [0, 2, 4, 5, 6, 7, 8, 9, 10, 11]


def test_another_key_signature_brings_another_key():
    two_sharps = "<attributes><key><fifths>2</fifths></key></attributes>"
    passage = to_harmonize(f"c5:q e5:q g5:q c5:q | {two_sharps} d5:q f#5:q a5:q d5:q")
    assert classes(passage, 16, tonality="diatonic") == [1, 2, 4, 6, 7, 9, 11]
    assert classes(passage, 16, tonality="diatonic", key="C") == [0, 2, 4, 5, 7, 9, 11]


def test_the_key_of_a_transposing_part_is_the_one_that_sounds():
    clarinet = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
    passage = to_harmonize(Staff("d5:q f#5:q a5:q d5:q", key=2, transpose=clarinet))
    assert classes(passage, 0, tonality="diatonic") == [0, 2, 4, 5, 7, 9, 11]


# --- cadences --------------------------------------------------------------------------------------------


def test_a_perfect_cadence_settles_the_bass_and_the_chords():
    demands = asked(to_harmonize(HYMN), cadences="2:perfect")
    assert demands.pins == ((3, 20, 24, 43), (3, 24, 32, 48))  # G2 to C3 under D5 and C5
    mask = demands.pitch["cadences"]
    assert np.flatnonzero(mask[1, 20, 60:72]).tolist() == [2, 5, 7, 11]
    assert np.flatnonzero(mask[1, 24, 60:72]).tolist() == [0, 4, 7]
    assert mask[1, 16].all()
    assert mask[1, 21:24].all()  # behind its beginning the first chord may have passing notes
    assert demands.arrivals[24:32].all()


def bass_of(text: str | Staff, cadence: str, **options: object) -> list[tuple[int, int]]:
    """First tick and pitch class of each bass note that a cadence settles."""
    pins = asked(to_harmonize(text), cadences=cadence, **options).pins
    return [(first, midi % 12) for _, first, _, midi in pins]


@pytest.mark.parametrize(
    ("text", "cadence", "bass"),
    [
        ("e5:q d5:q c5:h", "1:deceptive", [(4, 7), (8, 9)]),  # V to vi: G, A
        ("e5:q f5:q e5:h", "1:plagal:C", [(4, 5), (8, 0)]),
        ("e5:q c5:q b4:h", "1:half", [(8, 7)]),
        ("e5:q d5:q c5:h", "1:imperfect", []),  # in any inversion
        ("c5:q d5:q b4:h", "1:perfect:G", [(4, 2), (8, 7)]),
        ("b4:q f5:q e5:h", "1:phrygian:a", [(4, 5), (8, 4)]),  # the sixth degree falls to the fifth
        ("b4:q g#4:q a4:h", "1:deceptive:a", [(4, 4), (8, 5)]),
        ("c5:q. b4:e c5:h", "1:perfect", [(6, 7), (8, 0)]),  # where the melody has its B
    ],
)
def test_the_bass_of_each_kind_of_cadence(text: str, cadence: str, bass: list[tuple[int, int]]):
    assert bass_of(text, cadence) == bass


def test_a_given_picardy_third_makes_the_tonic_major():
    demands = asked(to_harmonize("b4:q b4:q c#5:h"), cadences="1:perfect:a")
    assert np.flatnonzero(demands.pitch["cadences"][1, 8, 60:72]).tolist() == [1, 4, 9]


def test_a_cadence_falls_under_the_fermata_and_not_on_the_upbeat_behind_it():
    fermata = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><voice>1</voice>"
    fermata += "<notations><fermata/></notations></note>"
    assert bass_of(f"e5:q d5:q {fermata} g5:q | g5:w", "1:perfect") == [(4, 7), (8, 0)]


def test_a_new_soprano_has_the_tonic_in_a_perfect_cadence():
    bass = Staff("c3:q f3:q g3:q c3:q | c3:q g3:q c3:h", name="Bass", clefs=("bass",))
    demands = asked(to_harmonize(bass), cadences="2:perfect")
    assert np.flatnonzero(demands.pitch["cadences"][0, 24, 60:72]).tolist() == [0]
    assert demands.pins == ()


def test_a_given_bass_must_be_the_cadences():
    bass = Staff("c3:q f3:q g3:q e3:q", name="Bass", clefs=("bass",))
    with pytest.raises(RequestError, match="and the bass has E"):
        asked(to_harmonize(bass), cadences="1:perfect")


def test_a_settled_bass_keeps_its_range_and_stays_below_what_is_given():
    high = asked(to_harmonize(HYMN), cadences="2:perfect", ranges="Bass:A2-C4").pins
    assert [midi for *_, midi in high] == [55, 48]
    tenor = "e3:w | e3:q b2:q c3:h | e3:w | e3:w"
    both = to_harmonize(Staff(HYMN, name="Soprano"), Staff(tenor, name="Tenor"))
    assert [midi for *_, midi in asked(both, cadences="2:perfect").pins] == [43, 48]
    # G3 would lie above the tenor's B2, and G2 below the range.
    assert asked(both, cadences="2:perfect", ranges="Bass:A2-C4").pins == ((3, 24, 32, 48),)


def test_octaves_in_parallel_with_the_melody_are_gone_around():
    # From G to C in both voices: the bass goes the other way.
    (_, _, _, before), (_, _, _, after) = asked(to_harmonize("e5:q g4:q c5:h"), cadences="1:perfect").pins
    assert after < before


# --- echoes ----------------------------------------------------------------------------------------------


def test_measures_echo_where_the_melody_is_the_same():
    passage = to_harmonize("e5:h g5:h | c5:w | e5:h f5:h | c5:w")
    assert asked(passage, like="M1-2@3").echoes == ((0, 8, 32), (16, 32, 48))


def test_what_is_given_is_echoed_as_it_stands():
    soprano = "e5:h g5:h | e5:h g5:h"
    passage = to_harmonize(Staff(soprano, name="Soprano"), Staff("g4:q. a4:e b4:h | R", name="Alto"))
    demands = asked(passage, like="1@2")
    assert [int(np.flatnonzero(row)[0]) for row in demands.pitch["like"][1, [16, 22, 24]]] == [67, 69, 71]
    assert "".join(SIGNS[int(sign)] for sign in demands.rhythm[1, 16:]) == "x-----x-x-------"
    assert demands.pitch["like"][2].all()  # the tenor is new in both


def test_what_has_been_written_since_is_echoed_too():
    passage = to_harmonize("e5:w | e5:w")
    demands = asked(passage, like="1@2")
    filled = sung(passage, alto="g4/8 a4/8 g4/16")
    halfway = replace(filled, known=np.arange(32) < 16)
    halfway = replace(halfway, known=np.tile(np.arange(32) < 16, (4, 1)))
    mask = demands.echoing(halfway).pitch["like"][1]
    assert [int(np.flatnonzero(row)[0]) for row in mask[[16, 24]]] == [67, 69]


# --- transposed and cut ----------------------------------------------------------------------------------


def test_demands_are_transposed_with_the_music():
    demands = asked(to_harmonize(HYMN), tonality="diatonic", key="C", ranges="Bass:E2-C4")
    higher = demands.transposed(2)
    assert np.flatnonzero(higher.pitch["tonality"][1, 0, 60:72]).tolist() == [1, 2, 4, 6, 7, 9, 11]
    assert np.flatnonzero(higher.pitch["ranges"][3, 0]).tolist() == list(range(42, 63))
    assert (higher.ranges[3], higher.tonic) == ((0, 127), 2)  # beyond its own range the rule asks for nothing
    assert demands.transposed(0) is demands


def test_demands_are_cut_with_the_music():
    demands = asked(to_harmonize(HYMN), cadences="2:perfect 4:perfect", like="1-2@3")
    part = demands.cut(32, 64)
    assert part.echoes == ()
    assert part.pitch["cadences"].shape == (4, 32, 128)
    assert demands.cut(0, 64).echoes == ((0, 32, 32),)


# --- what is not kept ------------------------------------------------------------------------------------

ALTO = "g4/4 a4/4 b4/4 g4/4 g4/4 g4/4 g4/8 g4/4 a4/4 b4/4 g4/4 g4/4 f4/4 e4/8"
TENOR = "c4/4 c4/4 d4/4 e4/4 c4/4 b3/4 e4/8 c4/4 c4/4 d4/4 e4/4 c4/4 b3/4 c4/8"
LOW = "c3/4 f3/4 g3/4 c3/4 c3/4 g2/4 c3/8 c3/4 f3/4 g3/4 c3/4 c3/4 g2/4 c3/8"


@pytest.mark.parametrize(
    ("options", "voices", "expected"),
    [
        ({"tonality": "diatonic"}, {"alto": "g#4/4 a4/12"}, [("tonality", "Alto", 0)]),
        ({"rhythm": "quarter"}, {"alto": "g4/2 a4/14"}, [("rhythm", "Alto", 2)]),
        ({"rhythm": "as:Soprano"}, {"alto": "g4/8 a4/24 g4/16 g4/16"}, [("rhythm", "Alto", t) for t in (4, 12)]),
        ({"max_repeats": 1}, {"alto": "g4/4 g4/4 g4/4 a4/4"}, [("max_repeats", "Alto", 8)]),
        ({"max_repeats": 0}, {"tenor": "c4/4 c4/4 d4/8"}, [("max_repeats", "Tenor", 4)]),
        ({"density": 0.5}, {"alto": "g4/4 a4/4 b4/8"}, [("density", "Alto", 8)]),
        ({"ranges": "Alto:A3-C5"}, {"alto": "g4/4 g3/8 a3/4"}, [("ranges", "Alto", 4)]),
        ({"choir": "amateur"}, {"tenor": "c4/4 g#4/4 g4/8"}, [("choir", "Tenor", 4)]),
        ({"max_leap": "fourth"}, {"bass": "c3/4 f3/4 b2/4 e3/4"}, [("max_leap", "Bass", 8)]),
        ({"rules": "voice-crossing=forbid"}, {"alto": "c4/16", "tenor": "g4/16"}, [("rules", "Alto", 0)]),
        ({"cadences": "2:perfect"}, {"bass": "c3/16 c3/4 g2/4 a2/8"}, [("cadences", "Bass", 24)]),
    ],
)
def test_what_is_not_kept_is_found_where_it_is(
    options: dict[str, object], voices: dict[str, str], expected: list[tuple[str, str, int]]
):
    passage = to_harmonize(HYMN)
    found = [row for row in not_kept(passage, sung(passage, **voices), **options) if row[1].lower() in voices]
    assert [row for row in found if row[2] < 32][: len(expected)] == expected


def test_a_good_setting_keeps_all_wishes():
    passage = to_harmonize(HYMN)
    options: dict[str, object] = {
        "key": "C",
        "tonality": "diatonic",
        "rhythm": "as:Soprano",
        "max_repeats": 4,
        "density": 1,
        "ranges": "Tenor:A3-F4",
        "choir": "professional",
        "max_leap": "octave",
        "rules": "spacing=forbid",
        "cadences": "2:perfect 4:perfect",
    }
    assert not_kept(passage, sung(passage, alto=ALTO, tenor=TENOR, bass=LOW), **options) == []


def test_a_leap_from_a_new_note_to_a_given_one_is_found():
    parts = Staff("c5:w | c5:w", name="Soprano"), Staff("R | g4:w", name="Alto")
    passage = to_complete(*parts, measures="1", of=["Alto"])
    assert not_kept(passage, sung(passage, alto="c4/16"), max_leap="fourth") == [("max_leap", "Alto", 16)]


def test_strict_finds_parallel_octaves_and_a_given_fault_is_the_users_own():
    passage = to_harmonize("e5:q f5:q g5:q c5:q")
    octaves = sung(passage, alto="g4/4 a4/4 b4/4 g4/4", tenor="c4/16", bass="e3/4 f3/4 g3/4 c3/4")
    # From E and E to F and F, to G and G, to C and C.
    assert {("strict", "Bass", tick) for tick in (4, 8, 12)} <= set(not_kept(passage, octaves, strict=True))
    bass = Staff("e3:q f3:q g3:q c3:q", name="Bass", clefs=("bass",))
    parts = Staff("e5:q f5:q g5:q c5:q", name="Soprano"), bass
    given = to_harmonize(*parts)
    inner = sung(given, alto="g4/4 a4/4 b4/4 g4/4", tenor="c4/16")
    assert not [row for row in not_kept(given, inner, strict=True) if row[1] in ("Soprano", "Bass")]


def test_silence_keeps_no_cadence():
    passage = to_harmonize(HYMN)
    rows = not_kept(passage, sung(passage, alto=ALTO, tenor=TENOR), cadences="2:perfect")
    assert rows == [("cadences", "Bass", 20)]


def test_an_echo_that_differs_is_found():
    passage = to_harmonize("e5:w | e5:w")
    same = sung(passage, alto="g4/8 a4/8 g4/8 a4/8", tenor="c4/16 c4/16", bass="c3/16 c3/16")
    assert not_kept(passage, same, like="1@2") == []
    other = sung(passage, alto="g4/8 a4/8 g4/8 b4/8", tenor="c4/16 c4/8 c4/8", bass="c3/16 c3/16")
    assert not_kept(passage, other, like="1@2") == [("like", "Alto", 24), ("like", "Tenor", 24)]


def test_nearness_counts_the_cells_that_stayed():
    grid = chorales("valid")[0].grid
    passage = to_harmonize("c5:w")
    stood = replace(passage.grid, pitch=np.tile(np.array([[72], [67], [64], [48]]), (1, 16)))
    passage = replace(passage, grid=stood)
    kept = sung(passage, alto="g4/16", tenor="e4/16", bass="c3/8 d3/8")  # 40 of 48 new cells stay
    assert grid.ticks
    assert not_kept(passage, kept, near=0.8) == []
    assert not_kept(passage, kept, near=0.9) == [("near", "Bass", 8)]


def test_long_quotations_are_named_where_new_notes_are_in_them():
    passage = to_harmonize(HYMN)
    filled = sung(passage, alto=ALTO, tenor=TENOR, bass=LOW)
    wishes = wishes_of(max_copy=4)
    copied = np.arange(64) < 20
    rows = broken(demands_of(wishes, passage), wishes, passage, filled, copied=copied)
    assert [(row.wish, row.voice, row.tick, row.end) for row in rows] == [
        ("max_copy", voice, 0, 20) for voice in (1, 2, 3)
    ]
    assert broken(demands_of(wishes, passage), wishes, passage, filled) == []
