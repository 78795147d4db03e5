"""Accidentals of new notes: those that they need, those that a kind copyist adds, and none on given notes.

``f#4!`` has its accidental printed. The rules are those of Gould, *Behind Bars* (2011), "Accidentals"; which notes
get one was decided by hand.
"""

from __future__ import annotations

import pytest
from filling import filled
from judge import accidentals_that_mislead
from lxml import etree
from shorthand import Staff, line, measure_of, score

GRAND = ("treble", "bass")


def key(fifths: int) -> str:
    return f"<attributes><key><fifths>{fifths}</fifths></key></attributes>"


def grace(name: str) -> str:
    """A grace note of F with its accidental."""
    alter, sign = (1, "sharp") if "#" in name else (0, "natural")
    pitch = f"<pitch><step>F</step><alter>{alter}</alter><octave>4</octave></pitch>"
    return f"<note><grace/>{pitch}<voice>1</voice><accidental>{sign}</accidental></note>"


def measures(root: etree._Element, voice: int = 1, part: str = "P1") -> str:
    """One voice of all measures."""
    rows = root.xpath(f"part[@id='{part}']/measure")
    return " | ".join(line(row, voice) for row in rows)


# --- needed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "notes", "expected"),
    [
        (0, "f#4/4 f#4/4 f4/4 f4/4", "f#4!:q f#4:q f4!:q f4:q"),
        (1, "f#4/4 f4/4 f#4/8", "f#4:q f4!:q f#4!:h"),
        (-3, "eb4/4 e4/4 bb4/4 ab4/4", "eb4:q e4!:q bb4:q ab4:q"),
        (7, "b#4/4 b4/4 f##4/8", "b#4:q b4!:q f##4!:h"),
        (-7, "fb4/4 f4/4 bbb4/8", "fb4:q f4!:q bbb4!:h"),
        (0, "f#4/4 f#5/4 f4/4 f5/4", "f#4!:q f#5!:q f4!:q f5!:q"),  # each octave for itself
    ],
)
def test_accidentals_are_written_once_in_a_measure(key: int, notes: str, expected: str):
    root = filled(score(Staff("R", key=key)), {"Soprano": {1: notes}})
    assert line(measure_of(root, 1)) == expected


def test_an_accidental_holds_only_to_the_barline():
    root = filled(score("R | R"), {"Soprano": {1: "f#4/16", 2: "f#4/16"}})
    assert [line(measure_of(root, number)) for number in (1, 2)] == ["f#4!:w", "f#4!:w"]


def test_a_tie_carries_an_accidental_over_the_barline_but_for_its_own_note_alone():
    root = filled(score("R | R"), {"Soprano": {1: "r/8 f#4/8~", 2: "~f#4/8 f#4/8"}})
    assert line(measure_of(root, 2)) == "f#4:h f#4!:h"


def test_an_accidental_of_another_voice_on_the_staff_counts():
    root = filled(score("f#4!:w ; d4:w | c5:h f#4!:h"), {"Alto": {1: "d4/8 f4/8", 2: "f4/12 d4/4"}})
    assert line(measure_of(root, 1), 2) == "d4:h f4!:h"
    assert line(measure_of(root, 2), 2) == "f4:h. d4:q"


def test_a_given_note_gets_the_accidental_that_a_new_note_before_it_makes_necessary():
    root = filled(score("c5:w ; c4:w | c5:h f4:h"), {"Alto": {2: "f#4/4 e4/12"}})
    assert line(measure_of(root, 2), 1) == "c5:h f4!:h"


def test_a_given_note_gets_the_accidental_that_left_with_a_note_before_it():
    root = filled(score("f#4!:h f#4:h"), {"Soprano": {1: "g4/8"}})
    assert line(measure_of(root, 1)) == "g4:h f#4!:h"


def test_a_given_note_that_was_not_marked_before_is_left_alone():
    # Some programs write no accidentals at all; then it is not for us to begin.
    source = score("f#4:h f#4:h")
    root = filled(source, {"Soprano": {1: "g4/8"}}, check=False)
    assert line(measure_of(root, 1)) == "g4:h f#4:h"


def test_a_given_accidental_is_never_taken_away():
    root = filled(score("f#4!:h f4!:h"), {"Soprano": {1: "g4/8"}})
    assert line(measure_of(root, 1)) == "g4:h f4!:h"


def test_a_clarinet_in_b_flat_is_written_a_tone_higher():
    clarinet = Staff("R", key=2, transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>")
    root = filled(score(clarinet), {"Soprano": {1: "c5/4 b4/4 bb4/4 f#4/4"}})
    assert line(measure_of(root, 1)) == "d5:q c#5:q c5!:q g#4!:q"


def test_octaves_are_written_at_the_step_and_not_at_the_sound():
    # B sharp 3 sounds as middle C, C flat 5 as B4.
    root = filled(score("R"), {"Soprano": {1: "b#3/8 cb5/8"}})
    assert line(measure_of(root, 1)) == "b#3!:h cb5!:h"


# --- a new signature within a measure --------------------------------------------------------------------


def test_within_a_measure_a_new_signature_rules_from_its_moment_on():
    root = filled(score(f"r:h {key(2)} r:h"), {"Soprano": {1: "f4/4 f#4/4 f#4/4 f4/4"}})
    assert line(measure_of(root, 1)) == "f4:q f#4!:q f#4:q f4!:q"


def test_a_new_signature_ends_what_accidentals_have_set():
    root = filled(score(f"r:h {key(-1)} r:h"), {"Soprano": {1: "g#4/8 g#4/8"}})
    assert line(measure_of(root, 1)) == "g#4!:h g#4!:h"


def test_after_a_new_signature_what_was_altered_before_it_is_cancelled_with_courtesy():
    root = filled(score(f"r:h {key(-1)} r:h"), {"Soprano": {1: "g#4/8 g4/8"}})
    assert line(measure_of(root, 1)) == "g#4!:h g4!:h"


def test_the_signature_of_another_part_or_moment_does_not_count():
    # The alto's change stands at the same moment, but behind a longer note.
    source = score(Staff(f"c5:h {key(2)} d5:h", "Soprano"), Staff(f"r:h {key(2)} r:h", "Alto"))
    root = filled(source, {"Alto": {1: "f4/4 f4/4 f#4/8"}})
    assert measures(root, part="P2") == "f4:q f4:q f#4:h"


# --- two notes at once -----------------------------------------------------------------------------------


def test_two_different_notes_on_a_line_at_once_both_show_what_they_are():
    root = filled(score("c5:w ; e4:w | c5:h d5:h"), {"Alto": {2: "c#5/8 d4/8"}})
    # The given C natural would be taken for C sharp.
    assert (measures(root, 1), measures(root, 2)) == ("c5:w | c5!:h d5:h", "e4:w | c#5!:h d4:h")


def test_after_two_different_notes_at_once_the_next_on_their_line_shows_what_it_is():
    root = filled(score("c5:w ; e4:w | r:w"), {"Soprano": {2: "c5/8 c5/8"}, "Alto": {2: "c#5/8 d4/8"}})
    assert (measures(root, 1), measures(root, 2)) == ("c5:w | c5!:h c5!:h", "e4:w | c#5!:h d4:h")


def test_two_of_the_same_note_at_once_share_an_accidental():
    root = filled(score("c5:w ; e4:w | r:w"), {"Soprano": {2: "f#4/16"}, "Alto": {2: "f#4/16"}})
    assert (measures(root, 1), measures(root, 2)) == ("c5:w | f#4!:w", "e4:w | f#4:w")


def test_against_a_note_that_is_held_by_a_tie_a_natural_is_shown():
    source = score("c5:w ; e4:w | f#4!:w~ ; d4:w | ~f#4:w")
    root = filled(source, {"Alto": {3: "f4/4 e4/12"}})
    assert measures(root, 2) == "e4:w | d4:w | f4!:q e4:h."
    root = filled(source, {"Alto": {3: "e4/4 f4/12"}})
    assert measures(root, 2) == "e4:w | d4:w | e4:q f4!:h."
    # Also where the other voice has shown it in the measure before.
    root = filled(score("c5:w ; e4:w | f#4!:w~ ; d4:h f4!:h | ~f#4:w"), {"Alto": {3: "f4/16"}})
    assert measures(root, 2) == "e4:w | d4:h f4!:h | f4!:w"


def test_a_voice_that_changes_the_line_of_a_held_note_changes_it_for_all_that_follows():
    root = filled(score("c5:w ; e4:w | f#4!:q~ f#4:q r:q f#4!:q"), {"Alto": {2: "r/4 f4/4 f4/8"}})
    assert (measures(root, 1), measures(root, 2)) == (
        "c5:w | f#4!:q~ f#4:q r:q f#4!:q",
        "e4:w | r:q f4!:q f4:h",
    )


# --- courtesy --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fifths", "music", "expected"),
    [
        # by the key again, on the same line, in the next measure
        (0, {1: "g#4/16", 2: "g4/8 g4/8"}, "g#4!:w | g4!:h g4:h"),
        (0, {1: "g#4/8 a4/8", 2: "a4/8 g4/8"}, "g#4!:h a4:h | a4:h g4!:h"),
        (2, {1: "f4/16", 2: "f#4/16"}, "f4!:w | f#4!:w"),
        (-3, {1: "b4/16", 2: "bb4/16"}, "b4!:w | bb4!:w"),
        (2, {1: "f##4/16", 2: "f#4/16"}, "f##4!:w | f#4!:w"),
        # already taken back, or another octave or step: nobody is in doubt
        (0, {1: "g#4/8 g4/8", 2: "g4/16"}, "g#4!:h g4!:h | g4:w"),
        (0, {1: "g#4/16", 2: "g5/16"}, "g#4!:w | g5:w"),
        (0, {1: "g#4/16", 2: "a4/16"}, "g#4!:w | a4:w"),
        # it is needed anyway
        (0, {1: "g#4/16", 2: "g#4/8 g4/8"}, "g#4!:w | g#4!:h g4!:h"),
        # tied over the barline, and struck again
        (0, {1: "g#4/16~", 2: "~g#4/8 g4/8"}, "g#4!:w~ | g#4:h g4!:h"),
        (0, {1: "g4/16~", 2: "~g4/8 g4/8"}, "g4:w~ | g4:h g4:h"),
        # in the same measure, another octave
        (0, {1: "g#4/4 g5/4 g5/8", 2: "r/16"}, "g#4!:q g5!:q g5:h | R"),
        (0, {1: "g5/4 g#4/4 g5/8", 2: "r/16"}, "g5:q g#4!:q g5!:h | R"),
        (-3, {1: "b4/8 bb3/8", 2: "r/16"}, "b4!:h bb3!:h | R"),
        (0, {1: "g4/4 g5/4 g4/4 a4/4", 2: "r/16"}, "g4:q g5:q g4:q a4:q | R"),
    ],
)
def test_courtesy_accidentals_of_one_voice(fifths: int, music: dict[int, str], expected: str):
    root = filled(score(Staff("R | R", key=fifths)), {"Soprano": music})
    assert measures(root) == expected


def test_courtesy_lasts_one_measure():
    root = filled(score("R | R | R"), {"Soprano": {1: "g#4/16", 2: "a4/16", 3: "g4/16"}})
    assert measures(root) == "g#4!:w | a4:w | g4:w"


def test_a_given_measure_before_the_new_one_counts():
    root = filled(score("c5:h g#4!:h | R"), {"Soprano": {2: "g4/16"}})
    assert measures(root) == "c5:h g#4!:h | g4!:w"


def test_what_was_taken_out_of_the_measure_before_does_not_count():
    root = filled(score("c5:h g#4!:h | R"), {"Soprano": {1: "a4/16", 2: "g4/16"}})
    assert measures(root) == "a4:w | g4:w"


def test_the_other_voice_of_the_staff_counts_and_the_other_staff_does_not():
    source = score(Staff("g#4!:w ; c4:w // e4:w ; c3:w | c5:w // R", clefs=GRAND))
    root = filled(source, {"Alto": {2: "g4/16"}, "Tenor": {2: "g4/16"}})
    assert (measures(root, 2), measures(root, 5)) == ("c4:w | g4!:w", "e4:w | g4:w")


def test_given_notes_get_no_courtesy_and_spare_the_new_ones_behind_them():
    root = filled(score("g#4!:w ; c4:w | g4:h c5:h"), {"Alto": {2: "c4/8 g4/8"}})
    assert (measures(root, 1), measures(root, 2)) == ("g#4!:w | g4:h c5:h", "c4:w | c4:h g4:h")


def test_a_new_signature_explains_the_change_by_itself():
    # F is natural in C, sharp in D: nothing was altered.
    root = filled(score(f"R | {key(2)} R"), {"Soprano": {1: "f4/16", 2: "f#4/16"}})
    assert measures(root) == "f4:w | f#4:w"
    # F sharp in C is an accidental; in D it is what the new signature says.
    root = filled(score(f"R | {key(2)} R"), {"Soprano": {1: "f#4/16", 2: "f#4/16"}})
    assert measures(root) == "f#4!:w | f#4:w"


def test_another_octave_struck_at_the_same_moment_leaves_doubt_too():
    root = filled(score("c5:w ; e4:w | R"), {"Soprano": {2: "g5/16"}, "Alto": {2: "g#4/16"}})
    assert (measures(root, 1), measures(root, 2)) == ("c5:w | g5!:w", "e4:w | g#4!:w")


def test_courtesy_is_printed_without_parentheses():
    root = filled(score("R | R"), {"Soprano": {1: "g#4/16", 2: "g4/16"}})
    assert [dict(accidental.attrib) for accidental in root.iter("accidental")] == [{}, {}]


def test_grace_notes_come_before_the_note_that_they_lead_to():
    root = filled(score(f"c5:w ; e4:w | {grace('f#4')} c5:w"), {"Alto": {2: "f4/16"}})
    assert (measures(root, 1), measures(root, 2)) == ("c5:w | (f#4!) c5:w", "e4:w | f4!:w")


def test_grace_notes_come_one_after_the_other():
    root = filled(score(f"c5:w ; e4:w | {grace('f#4')} {grace('f4')} c5:w"), {"Alto": {2: "f4/16"}})
    assert (measures(root, 1), measures(root, 2)) == ("c5:w | (f#4!) (f4!) c5:w", "e4:w | f4:w")


def test_two_of_the_same_note_at_once_share_a_courtesy_accidental():
    root = filled(score("g#4!:w ; e4:w | R"), {"Soprano": {2: "g4/16"}, "Alto": {2: "g4/16"}})
    assert (measures(root, 1), measures(root, 2)) == ("g#4!:w | g4!:w", "e4:w | g4:w")


# --- the judge -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "music",
    [
        "f#4:w",  # no sharp at all
        f"f#4!:h {key(-1)} f#4:h",  # the new signature has ended it
        f"f4:h {key(2)} f4:h",
        "c5:w ; c#5!:w",  # one C for two
    ],
)
def test_the_judge_of_these_tests_finds_what_misleads(music: str):
    assert accidentals_that_mislead(etree.fromstring(score(music))) != []


def quarter_sharp(octave: int = 4) -> str:
    pitch = f"<pitch><step>F</step><alter>0.5</alter><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>4</duration><voice>1</voice><type>quarter</type></note>"


def printed(root: etree._Element) -> list[str | None]:
    return [note.findtext("accidental") for note in root.iter("note") if note.find("pitch") is not None]


def test_a_natural_behind_a_microtone_is_printed_and_given_microtones_are_left_alone():
    root = filled(score(f"{quarter_sharp()} r:q r:h"), {"Soprano": {1: "4: f4/4"}}, check=False)
    assert printed(root) == [None, "natural"]
    music = f"{quarter_sharp()} r:q {quarter_sharp()} r:q"
    assert printed(filled(score(music), {"Soprano": {1: "4: f#4/4"}}, check=False)) == [None, "sharp", None]
