"""Chord symbols of a score as pitch classes, and what they ask of new notes. Chords after MusicXML's own table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from shorthand import Staff
from wishing import asked, not_kept, sung, to_harmonize

from scoreassist.errors import RequestError
from scoreassist.files.document import open_score
from scoreassist.grid.passage import Passage
from scoreassist.grid.voices import encode
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.validation.schema import schema_path
from scoreassist.wishes.chord_symbols import KINDS, ChordSymbol, read_chord_symbols

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
B_FLAT_CLARINET = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"


def harmony(root: str, kind: str = "major", more: str = "") -> str:
    """A `<harmony>`; `root` is a step with # or b behind it."""
    alter = {"#": 1, "b": -1}.get(root[1:], 0)
    return (
        f"<harmony><root><root-step>{root[0]}</root-step><root-alter>{alter}</root-alter></root>"
        f"<kind>{kind}</kind>{more}</harmony>"
    )


def degree(value: int, alter: int, what: str) -> str:
    return (
        f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
        f"<degree-type>{what}</degree-type></degree>"
    )


def symbols(*parts: Staff | str) -> list[ChordSymbol]:
    passage = to_harmonize(*parts)
    return read_chord_symbols(passage.timeline, passage.grid)


def only(text: str) -> ChordSymbol:
    (found,) = symbols(f"{text} c5:w")
    return found


def notes(symbol: ChordSymbol) -> str:
    return " ".join(NAMES[c] for c in sorted(symbol.classes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (harmony("C"), "C E G"),
        (harmony("F#", "minor"), "C# F# A"),
        (harmony("Bb", "dominant"), "D F Ab Bb"),
        (harmony("B", "half-diminished"), "D F A B"),
        (harmony("B", "diminished-seventh"), "D F Ab B"),
        (harmony("C", "major-minor"), "C Eb G B"),
        (harmony("C", "suspended-fourth"), "C F G"),
        (harmony("G", "dominant-ninth"), "D F G A B"),
        (harmony("C", "power"), "C G"),
        (harmony("A", "pedal"), "A"),
    ],
)
def test_a_kind_is_what_the_schema_says(text: str, expected: str):
    assert notes(only(text)) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (degree(9, 0, "add"), "C D E G"),
        (degree(5, 1, "alter"), "C E Ab"),  # G sharp
        (degree(5, 0, "subtract"), "C E"),
        (degree(3, 0, "subtract") + degree(4, 0, "add"), "C F G"),
        (degree(6, 0, "add") + degree(9, -1, "add"), "C C# E G A"),
    ],
)
def test_degrees_are_added_altered_and_taken_away(more: str, expected: str):
    assert notes(only(harmony("C", "major", more))) == expected


def test_an_altered_seventh_of_a_major_seventh_chord_moves_its_own_seventh():
    assert notes(only(harmony("C", "major-seventh", degree(7, -1, "alter")))) == "C E G Bb"


def test_a_slash_puts_its_note_into_the_bass_and_the_chord():
    chord = only(harmony("C", "major", "<bass><bass-step>D</bass-step></bass>"))
    assert (notes(chord), NAMES[chord.bass], chord.text) == ("C D E G", "D", "C/D")


def test_an_inversion_says_the_bass():
    assert NAMES[only(harmony("G", "dominant", "<inversion>3</inversion>")).bass] == "F"


def test_a_symbol_counts_until_the_next_and_no_chord_ends_it():
    found = symbols(f"{harmony('C')} c5:h {harmony('G')} d5:h | {harmony('C', 'none')} e5:h {harmony('F')} f5:h")
    assert [(s.first, s.end, s.text) for s in found] == [(0, 8, "C"), (8, 16, "G"), (24, 32, "F")]


def test_an_offset_moves_a_symbol():
    found = symbols(f"{harmony('C')} {harmony('G', more='<offset>8</offset>')} c5:w")
    assert [(s.first, s.text) for s in found] == [(0, "C"), (8, "G")]


def test_symbols_of_a_transposing_part_are_taken_as_they_sound():
    melody = Staff(f"{harmony('D')} f#5:w", name="Clarinet in Bb", key=2, transpose=B_FLAT_CLARINET)
    (found,) = symbols(melody)
    assert (notes(found), found.text) == ("C E G", "D")


def test_symbols_may_stand_in_a_part_of_their_own():
    chords = Staff(f"{harmony('C')} R | {harmony('F')} R", name="Guitar")
    found = symbols(Staff("c5:w | c5:w", name="Soprano"), chords)
    assert [(s.part, s.text) for s in found] == [("P2", "C"), ("P2", "F")]


def test_a_symbol_without_a_root_is_left_out():
    assert symbols("<harmony><function>V</function><kind>major</kind></harmony> c5:w") == []


def test_every_kind_of_the_schema_is_known():
    schema = etree.parse(schema_path())
    rows = schema.xpath("//*[local-name()='simpleType'][@name='kind-value']//@value")
    assert set(rows) - {"none"} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["berlinAlexandersRagtime", "fosterBrownHair", "ComprehensiveChordSymbolsTestFile"]
)
def test_the_symbols_of_a_lead_sheet_are_what_music21_makes_of_them(name: str):
    import music21

    (path,) = (Path(music21.__file__).parent / "corpus").rglob(f"{name}.mxl")
    stream = music21.converter.parse(path)
    chords = stream.recurse().getElementsByClass(music21.harmony.ChordSymbol)
    theirs = {
        round(float(chord.getOffsetInHierarchy(stream)) * 4): chord
        for chord in chords
        if not isinstance(chord, music21.harmony.NoChord)
    }
    timeline = read_timeline(open_score(path))
    ours = read_chord_symbols(timeline, encode(timeline, find_choir(timeline)))
    assert [symbol.first for symbol in ours] == sorted(theirs)
    for symbol in ours:
        chord = theirs[symbol.first]
        if chord.chordKind not in ("Neapolitan", "Italian", "French", "German"):  # there, built on a tonic
            assert symbol.classes == {pitch.pitchClass for pitch in chord.pitches}, symbol.text
            assert symbol.bass == chord.bass().pitchClass, symbol.text


SONG = f"{harmony('C')} e5:q e5:q {harmony('G', 'dominant', '<bass><bass-step>B</bass-step></bass>')} d5:q f5:q"


def allowed(passage: Passage, voice: int, tick: int, **options: object) -> str:
    mask = asked(passage, **options).pitch["chords"][voice, tick]
    return " ".join(NAMES[midi % 12] for midi in np.flatnonzero(mask)[:12] if mask[:12].sum() < 12)


def test_followed_on_beats_new_notes_belong_to_the_chord_and_the_bass_has_its_own():
    passage = to_harmonize(SONG)
    assert allowed(passage, 1, 0).split()[:3] == ["C", "E", "G"]
    assert set(allowed(passage, 1, 12).split()) == {"D", "F", "G", "B"}
    assert allowed(passage, 1, 2) == ""  # off the beat: any
    assert set(allowed(passage, 3, 8).split()) == {"B"}
    assert set(allowed(passage, 3, 12).split()) == {"D", "F", "G", "B"}


def test_roots_ask_the_bass_alone():
    passage = to_harmonize(SONG)
    assert allowed(passage, 1, 0, chords="roots") == ""
    assert set(allowed(passage, 3, 8, chords="roots").split()) == {"B"}


def test_ignored_they_ask_nothing():
    demands = asked(to_harmonize(SONG), chords="ignore")
    assert demands.pitch == {}
    assert demands.pins == ()


def test_the_bass_is_settled_for_a_beat_in_the_nearest_octave():
    # C3 and B2 lie nearest to B2 and to one another.
    assert asked(to_harmonize(SONG)).pins == ((3, 0, 4, 48), (3, 8, 12, 47))


def test_a_given_melody_is_never_asked():
    assert asked(to_harmonize(SONG)).pitch["chords"][0].all()


def test_a_foreign_note_on_a_beat_is_found():
    passage = to_harmonize(SONG)
    good = sung(passage, alto="g4/8 g4/8", tenor="c4/8 d4/8", bass="c3/8 b2/8")
    assert not_kept(passage, good) == []
    bad = sung(passage, alto="g4/4 a4/4 a4/8", tenor="c4/8 d4/8", bass="e3/8 b2/8")
    places = [("Alto", 4), ("Alto", 8), ("Alto", 12), ("Bass", 0)]
    assert not_kept(passage, bad) == [("chords", *place) for place in places]
    assert not_kept(passage, bad, chords="roots") == [("chords", "Bass", 0)]


def test_chords_of_another_key_contradict_a_diatonic_tonality():
    passage = to_harmonize(f"{harmony('C')} c5:w | {harmony('E')} b4:w | {harmony('C')} c5:w")
    with pytest.raises(RequestError, match=r"hymn, measure 2: --tonality diatonic and --chords follow"):
        asked(passage, tonality="diatonic")
    assert asked(passage, tonality="diatonic", chords="roots").pins  # E itself is in C major


def test_a_cadence_under_another_chord_is_refused():
    passage = to_harmonize(f"{harmony('C')} e5:h {harmony('F')} f5:h | {harmony('G')} d5:h {harmony('F')} c5:h")
    both = r"--cadence 2:imperfect and --chords follow contradict each other: the chord symbol F stands where"
    with pytest.raises(RequestError, match=both):
        asked(passage, cadences="2:imperfect")
    assert asked(passage, cadences="2:perfect", chords="ignore").pins == ((3, 20, 24, 43), (3, 24, 32, 48))
