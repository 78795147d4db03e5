"""Who sings what, from names, staves, clefs, words and range."""

from __future__ import annotations

import pytest
from shorthand import Staff, pitch, score

from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import Score
from scoreassist.score.singers import Choir, Singer, find_choir, named_voices
from scoreassist.score.timeline import read_timeline

S, A, T, B = range(4)
GRAND = ("treble", "bass")


def choir_of(*parts: Staff | str, given: int | None = None) -> Choir:
    return find_choir(read_timeline(Score(score(*parts), "hymn")), given)


def places(choir: Choir) -> dict[int, tuple[str, int, str]]:
    """Part, staff and voice number of each singer."""
    return {v: (s.part.id, s.staff, s.number) for v, s in choir.singers.items()}


def melody(singer: Singer) -> str:
    """The singer's own pitches, ``-`` for a rest, ``|`` between measures."""
    return " | ".join(" ".join("-" if e.kind == "rest" else pitch(e.element) for e in m) for m in singer.measures)


# --- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "voices"),
    [
        (
            "Soprano|SOPRANO|soprano 1|Soprano I|Soprano solo|Sop.|Sopr.|S.|S|Sopranos|Descant|Cantus|Melody",
            (S,),
        ),
        (
            "S1|Mezzo-Soprano|Mezzo|Trebles|Sopran|Soprane|Dessus|Soprani|Canto|Tiple|Soprán|Sopraan|Sopraano|Szoprán|Сопрано",
            (S,),
        ),
        ("Alto|Alt|A.|A|Altos|Alti|Altus|Contralto|Contraltos|Haute-contre|Alto II|Alt 2|Altto|Альт", (A,)),
        ("Countertenor|Counter-Tenor", (A,)),
        ("Tenor|Tenors|Tenore|Tenores|Tenöre|Ténor|Ténors|Ten.|T.|T|Taille|Tenor Voice|Тенор", (T,)),
        ("Bass|Basso|Bassus|Basse|Basses|Bässe|Baß|Bas|Bajo|Baixo|B.|B|Baritone|Bariton|Barítono|Бас", (B,)),
        (
            "S A|SA|S.A.|S/A|S+A|S & A|Soprano Alto|Soprano, Alto|Sopran und Alt|Soprano et Alto",
            (S, A),
        ),
        (
            "T B|TB|Tenor & Bass|Tenor and Bass|Tenore e Basso|Ténor et Basse|Tenor y Bajo|Tenor en Bas",
            (T, B),
        ),
        ("SATB|S A T B|satb", (S, A, T, B)),
    ],
)
def test_names_of_voices_in_several_languages(names: str, voices: tuple[int, ...]):
    assert {name: named_voices(name) for name in names.split("|")} == dict.fromkeys(names.split("|"), voices)


@pytest.mark.parametrize(
    "name",
    [
        *("Alto Saxophone", "Tenor Sax", "Soprano Sax", "Altsaxophon", "Baritone Saxophone", "Alto Flute"),
        *("Bass Clarinet", "Bassklarinette", "Alto Recorder", "Soprano Recorder", "Altblockflöte", "Bassoon"),
        *("Bass Guitar", "Bass-Guitar", "Acoustic Bass", "Electric Bass", "Fretless Bass", "E-Bass"),
        *("Upright Bass", "Bass Gitarre", "Double Bass", "Contrabass", "Kontrabass", "Contrebasse"),
        *("Bass Drum", "Tenor Drum", "Bass Trombone", "Alto Posaune", "Tenor Horn", "Alto Viola", "Bass Viol"),
        *("Basso continuo", "Bass Synth", "Tenor Ukulele", "Alto Cornetto", "Soprano Glockenspiel"),
        *("Baritone Horn", "Tenor Banjo", "Bass Gamba", "Piano", "Organ", "Flute", "Violin", "Xylophone"),
        *("Voice", "Choir", "Part 1", "Staff", "", "P1", "B.C.", "b. c.", "A cappella"),
    ],
)
def test_instruments_are_no_singers(name: str):
    assert named_voices(name) == ()


# --- by name ---------------------------------------------------------------------------------------------


def test_four_named_parts_sing_by_their_names_whatever_their_order_and_clef():
    choir = choir_of(
        Staff("c3:w", "Bass"), Staff("g3:w", "Tenor"), Staff("c5:w", "Soprano"), Staff("e4:w", "Alto")
    )
    assert places(choir) == {B: ("P1", 1, "1"), T: ("P2", 1, "1"), S: ("P3", 1, "1"), A: ("P4", 1, "1")}
    assert choir.layout == "open"


def test_staves_named_sa_and_tb_hold_two_singers_each():
    choir = choir_of(Staff("c5:w ; e4:w", "S A"), Staff("g3:w ; c3:w", "T B", clefs=("bass",)))
    assert places(choir) == {
        S: ("P1", 1, "1"), A: ("P1", 1, "2"), T: ("P2", 1, "1"), B: ("P2", 1, "2"),
    }  # fmt: skip
    assert choir.layout == "closed"
    assert [choir.singers[v].upper for v in (S, A, T, B)] == [True, False, True, False]


def test_a_part_of_two_staves_named_satb_holds_two_singers_on_each():
    choir = choir_of(Staff("c5:w ; e4:w // g3:w ; c3:w", "SATB", clefs=GRAND))
    assert places(choir) == {
        S: ("P1", 1, "1"), A: ("P1", 1, "2"), T: ("P1", 2, "5"), B: ("P1", 2, "6"),
    }  # fmt: skip


@pytest.mark.parametrize(("name", "voices"), [("S A", [S, A]), ("SAB", [S, A, B])])
def test_a_part_of_as_many_staves_as_its_name_has_voices_gives_each_a_staff(name: str, voices: list[int]):
    music = " // ".join(["c5:w", "e4:w ; c4:w", "c3:w"][: len(voices)])
    choir = choir_of(Staff(music, name, clefs=("treble",) * len(voices)), Staff("c5:w", "Flute"))
    assert {v: s.staff for v, s in choir.singers.items()} == {v: i for i, v in enumerate(voices, 1)}


def test_of_two_sopranos_the_first_is_the_soprano():
    choir = choir_of(Staff("c5:w", "Soprano I"), Staff("a4:w", "Soprano II"), Staff("e4:w", "Alto"))
    assert places(choir) == {S: ("P1", 1, "1"), A: ("P3", 1, "1")}


def test_a_choir_whose_names_go_on_with_the_instruments_that_double_it_sings_all_the_same():
    choir = choir_of(
        Staff("c5:w", "Soprano Oboe 1"), Staff("e4:w", "Alto Violino"), Staff("g3:w", "Tenore Viola"),
        Staff("c3:w", "Basso Continuo"),
    )  # fmt: skip
    assert places(choir) == {v: (f"P{v + 1}", 1, "1") for v in (S, A, T, B)}


def test_named_singers_are_found_among_instruments():
    choir = choir_of(
        Staff("c5:w", "Flute"), Staff("c5:w", "Soprano"), Staff("e4:w", "Alto"), Staff("g4:w", "Alto Saxophone"),
        Staff("c5:w // c3:w", "Piano", clefs=GRAND),
    )  # fmt: skip
    assert places(choir) == {S: ("P2", 1, "1"), A: ("P3", 1, "1")}


def test_one_named_voice_with_a_piano_is_a_lone_melody():
    choir = choir_of(Staff("g3:w", "Tenor"), Staff("c5:w // c3:w", "Piano", clefs=GRAND))
    assert places(choir) == {T: ("P1", 1, "1")}


@pytest.mark.parametrize("name", ["", "Voice", "Amazing Grace", "Flute", "Clarinet in Bb"])
def test_a_melody_above_named_lower_parts_is_the_soprano(name: str):
    closed = choir_of(Staff("c5:w ; e4:w", name), Staff("g3:w ; c3:w", "Tenor Bass", clefs=("bass",)))
    assert [melody(closed.singers[v]) for v in (S, A, T, B)] == ["c5", "e4", "g3", "c3"]
    open_score = choir_of(
        Staff("c5:w", name), Staff("e4:w", "Alto"), Staff("g3:w", "Tenor"), Staff("c3:w", "Bass", clefs=("bass",))
    )
    assert [melody(open_score.singers[v]) for v in (S, A, T, B)] == ["c5", "e4", "g3", "c3"]


def test_a_bass_without_a_name_below_named_upper_parts_is_the_bass():
    choir = choir_of(Staff("c5:w", "Soprano"), Staff("e4:w", "Alto"), Staff("c3:w", "", clefs=("bass",)))
    assert places(choir) == {S: ("P1", 1, "1"), A: ("P2", 1, "1"), B: ("P3", 1, "1")}


def test_a_second_voice_on_the_staff_of_a_named_singer_is_that_ones_neighbour():
    below = Staff("g3:w ; c3:w", "Tenor Bass", clefs=("bass",))
    choir = choir_of(Staff("c5:w ; e4:w", "Soprano"), below)
    assert [melody(choir.singers[v]) for v in (S, A, T, B)] == ["c5", "e4", "g3", "c3"]
    choir = choir_of(Staff("c5:w ; e4:w", "Soprano Alto"), Staff("c3:w ; g3:w", "Bass", clefs=("bass",)))
    assert [melody(choir.singers[v]) for v in (S, A, T, B)] == ["c5", "e4", "g3", "c3"]


def test_a_second_voice_of_a_singer_whose_neighbour_is_named_is_a_divided_part():
    choir = choir_of(Staff("c5:w ; a4:w", "Soprano"), Staff("e4:w", "Alto"))
    assert {v: (s.part.id, s.upper) for v, s in choir.singers.items()} == {S: ("P1", None), A: ("P2", None)}


def test_lines_without_names_sing_what_the_names_leave_from_the_top():
    choir = choir_of(Staff("c5:w", "Soprano"), Staff("e4:w", ""), Staff("g3:w", ""), Staff("c3:w", "Bass"))
    assert places(choir) == {v: (f"P{v + 1}", 1, "1") for v in (S, B, A, T)}


def test_two_named_parts_are_two_singers_and_not_four():
    choir = choir_of(Staff("c5:w", "Soprano"), Staff("c3:w", "Bass", clefs=("bass",)))
    assert (sorted(choir.singers), choir.layout) == ([S, B], "open")


def test_an_instrument_beside_named_singers_stays_one():
    choir = choir_of(
        Staff("c5:w", "Soprano"), Staff("e4:w", "Alto"), Staff("c3:w", "Bass Guitar", clefs=("bass",))
    )
    assert sorted(choir.singers) == [S, A]
    choir = choir_of(Staff("c5:w", "Violin"), Staff("g3:w", "Tenor", clefs=("bass",)))
    assert sorted(choir.singers) == [T]


# --- by staves -------------------------------------------------------------------------------------------


def test_four_unnamed_staves_are_soprano_to_bass_from_the_top():
    choir = choir_of("c5:w", "e4:w", "g3:w", "c3:w")
    assert places(choir) == {v: (f"P{v + 1}", 1, "1") for v in (S, A, T, B)}
    assert choir.layout == "open"


def test_three_unnamed_staves_are_soprano_alto_and_bass():
    assert sorted(choir_of("c5:w", "e4:w", Staff("c3:w", clefs=("bass",))).singers) == [S, A, B]


def test_two_staves_of_two_voices_are_a_choir():
    choir = choir_of(Staff("c5:w ; e4:w // g3:w ; c3:w", clefs=GRAND))
    assert [melody(choir.singers[v]) for v in (S, A, T, B)] == ["c5", "e4", "g3", "c3"]


def test_the_numbers_of_two_voices_do_not_matter_where_their_pitches_say_who_is_above():
    choir = choir_of("e4:w | e4:w ; c5:w | c5:w")
    assert {v: s.number for v, s in choir.singers.items()} == {S: "2", A: "1"}


def test_voices_that_cross_in_one_measure_stay_who_they_are():
    choir = choir_of("e4:w ; g4:w | c5:w ; e4:w | c5:w ; e4:w")
    assert melody(choir.singers[S]) == "e4 | c5 | c5"


def test_two_treble_staves_are_soprano_and_alto():
    choir = choir_of("c5:w", "e4:w")
    assert (sorted(choir.singers), choir.layout) == ([S, A], "open")


@pytest.mark.parametrize(
    "parts",
    [(Staff("c5:w // c3:w", clefs=GRAND),), (Staff("c5:w"), Staff("c3:w", clefs=("bass",)))],
    ids=["one part", "two parts"],
)
def test_of_a_melody_above_and_a_line_below_the_line_is_the_bass(parts: tuple[Staff, ...]):
    choir = choir_of(*parts)
    assert [melody(choir.singers[v]) for v in (S, A, T, B)] == ["c5", "", "", "c3"]
    lower = choir.singers[T], choir.singers[B]
    assert [s.upper for s in lower] == [True, False]
    assert lower[0].number != lower[1].number


def test_a_line_on_the_lower_staff_that_lies_high_is_the_tenor():
    choir = choir_of(Staff("c5:w // e4:w", clefs=GRAND))
    assert [melody(choir.singers[v]) for v in (S, A, T, B)] == ["c5", "", "e4", ""]


@pytest.mark.parametrize(
    ("clef", "music", "voice"),
    [
        ("treble", "c5:w", S),
        ("treble", "g3:w", S),  # the clef says more than the range
        ("treble8", "c4:w", T),
        ("soprano", "c5:w", S),
        ("alto", "e4:w", A),
        ("tenor", "g3:w", T),
        ("bass", "c3:w", B),
        ("bass", "e4:w d4:w f4:w", T),  # a tenor in the bass clef
        ("", "c5:w", S),
        ("", "c3:w", B),
    ],
)
def test_a_lone_melody_sings_by_its_clef(clef: str, music: str, voice: int):
    assert list(choir_of(Staff(music, clefs=(clef,))).singers) == [voice]


def test_a_lone_melody_sings_what_it_is_told():
    assert list(choir_of(Staff("c5:w", "Soprano"), given=B).singers) == [B]


@pytest.mark.parametrize(("clef", "voices"), [("treble", [S, A]), ("bass", [T, B])])
def test_two_voices_on_one_staff(clef: str, voices: list[int]):
    music = {"treble": "c5:w ; e4:w", "bass": "g3:w ; c3:w"}[clef]
    assert sorted(choir_of(Staff(music, clefs=(clef,))).singers) == voices


# --- shared stems ----------------------------------------------------------------------------------------


def test_the_notes_of_a_chord_on_one_stem_are_two_singers():
    choir = choir_of(Staff("e4+c5:h f4+d5:h // c3+g3:w", clefs=GRAND))
    assert [melody(choir.singers[v]) for v in (S, A, T, B)] == ["c5 d5", "e4 f4", "g3", "c3"]


def test_a_single_note_between_chords_is_sung_by_both():
    choir = choir_of("e4+c5:q d4:q e4+c5:q r:q")
    assert melody(choir.singers[S]) == "c5 d4 c5 -"
    assert melody(choir.singers[A]) == "e4 d4 e4 -"


def test_a_measure_of_unisons_in_a_staff_of_chords_is_sung_by_both():
    choir = choir_of("e4+c5:w | d4:h e4:h | R")
    assert melody(choir.singers[A]) == "e4 | d4 e4 | "
    assert melody(choir.singers[S]) == "c5 | d4 e4 | -"


def test_where_the_second_voice_is_away_the_first_alone_sings():
    choir = choir_of("c5:w ; e4:w | d5:w")
    assert melody(choir.singers[S]) == "c5 | d5"
    assert melody(choir.singers[A]) == "e4 | "


def test_chords_among_two_voices_are_divided_where_one_voice_is_away():
    choir = choir_of("c5:w ; e4:w | f4+d5:w")
    assert melody(choir.singers[S]) == "c5 | d5"
    assert melody(choir.singers[A]) == "e4 | f4"


def test_of_a_divided_part_the_upper_notes_are_sung():
    choir = choir_of(Staff("a4+c5:w", "Soprano"), Staff("e4:w", "Alto"))
    assert melody(choir.singers[S]) == "c5"


def test_few_chords_in_a_lone_melody_are_divisi_of_its_singer():
    choir = choir_of("c5:w | d5:w | e5:w | f5:w | e4+c5:h d5:h")
    assert melody(choir.singers[S]) == "c5 | d5 | e5 | f5 | c5 d5"
    assert sorted(choir.singers) == [S]
    assert sorted(choir_of("c5:w | d5:w | e5:w | e4+c5:w").singers) == [S, A]  # chords in every fourth measure


def test_the_names_say_who_shares_a_staff_however_few_its_chords_are():
    choir = choir_of(Staff("c5:w | d5:w | e5:w | f5:w | e4+c5:w", "S A"), Staff("c3:w", "Bass", clefs=("bass",)))
    assert melody(choir.singers[A]) == "c5 | d5 | e5 | f5 | e4"


# --- accompaniments --------------------------------------------------------------------------------------

PIANO = Staff("c5:w // c3:w", "Piano", clefs=GRAND)


@pytest.mark.parametrize(
    ("parts", "sings"),
    [
        ([Staff("c5:w", "Alto Saxophone"), PIANO], "P1"),  # the only part of one staff
        ([Staff("c5:w=Lord"), PIANO], "P1"),
        ([Staff("c5:w", "Violin"), Staff("c5:w=Lord", "Voice")], "P2"),
        ([Staff("c5:w", "Flute"), Staff("c5:w=Lord", "Voice"), PIANO], "P2"),
        ([Staff("c5:w=Lord", "Voice"), PIANO, Staff("c3:w", "Acoustic Bass", clefs=("bass",))], "P1"),
    ],
)
def test_words_or_a_staff_of_its_own_tell_the_melody_from_the_accompaniment(parts: list[Staff], sings: str):
    choir = choir_of(*parts)
    assert [s.part.id for s in choir.singers.values()] == [sings]


def test_four_parts_with_words_above_a_piano_are_the_choir():
    choir = choir_of("c5:w=Lord", "e4:w=Lord", "g3:w=Lord", "c3:w=Lord", PIANO)
    assert places(choir) == {v: (f"P{v + 1}", 1, "1") for v in (S, A, T, B)}


def test_percussion_and_tablature_are_left_out():
    drums = "<note><unpitched/><duration>16</duration></note>"
    choir = choir_of(
        Staff("c5:w", clefs=("percussion",)), Staff(drums), Staff("e4:w", clefs=("TAB",)), Staff("g3:w", "X")
    )
    assert [s.part.id for s in choir.singers.values()] == ["P4"]


# --- what is refused -------------------------------------------------------------------------------------


def test_more_staves_than_singers_without_names_or_words_are_refused():
    with pytest.raises(RequestError) as caught:
        choir_of("c5:w", "c5:w", "c5:w", "c5:w", "c5:w")
    assert str(caught.value) == (
        "hymn: 5 staves, and no names tell who sings; name the parts Soprano, Alto, Tenor, Bass"
    )


def test_a_score_of_drums_alone_is_refused():
    with pytest.raises(UnsupportedError, match="hymn: has no staff that can be sung; add a melody"):
        choir_of(Staff("c5:w", clefs=("percussion",)))


@pytest.mark.parametrize(("music", "midi"), [("c5:w | c#7:w | d7:w", 97), ("c5:w | b1:w | a1:w", 35)])
def test_a_line_that_nobody_can_sing_is_refused_with_its_place(music: str, midi: int):
    with pytest.raises(UnsupportedError) as caught:
        choir_of(music)
    assert str(caught.value) == (
        "hymn, part P1, measure 2: Soprano lies outside any singer's range in 2 of 3 notes"
        f" (MIDI {midi}; C2 to C7 is 36 to 96); transpose it by octaves"
    )


def test_the_highest_and_the_lowest_note_that_can_be_sung_are_accepted():
    assert melody(choir_of("c7:w c2:w").singers[S]) == "c7 c2"


def test_single_notes_beyond_the_range_are_the_composers_business():
    basso_profondo = Staff("c2:h b1:h | d2:h c2:h", "Bass", clefs=("bass",))
    assert melody(choir_of(basso_profondo).singers[B]) == "c2 b1 | d2 c2"
