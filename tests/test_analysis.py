"""Keys, chords, cadences and non-chord tones are those that textbooks and theorists name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shorthand import Staff, score

from scoreassist.corpus import bare_grid, chorales
from scoreassist.files.document import Score
from scoreassist.grid.voices import NO_KEY, Grid, encode
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.theory.analysis import Analysis, analyse, local_keys, phrase_ends
from scoreassist.theory.chords import QUALITIES, degrees

CLEFS = (("treble",), ("treble",), ("treble8",), ("bass",))
NAMES = ("Soprano", "Alto", "Tenor", "Bass")


def grid_of(*voices: str, key: int = 0, time: str = "4/4") -> Grid:
    """Voices in shorthand, from the top; two are soprano and bass."""
    rows = (0, 3) if len(voices) == 2 else range(len(voices))
    parts = [Staff(music, NAMES[row], time, key, CLEFS[row]) for row, music in zip(rows, voices, strict=True)]
    timeline = read_timeline(Score(score(*parts)))
    return encode(timeline, find_choir(timeline).written())


def chorale(name: str) -> Grid:
    return next(piece.grid for piece in chorales() if piece.name == name)


def numerals(analysis: Analysis) -> str:
    return " ".join(chord.numeral for chord in analysis.chords)


def tones(grid: Grid) -> list[tuple[int, int, str]]:
    return [(tone.voice, tone.tick, tone.kind) for tone in analyse(grid).non_chord_tones]


def keys(analysis: Analysis) -> list[tuple[int, bool]]:
    return [(key.tonic, key.minor) for key in analysis.keys]


# --- chords --------------------------------------------------------------------------------------------------


def test_the_primary_triads_of_c_major():
    grid = grid_of("e4:q f4:q d4:q c4:q", "c4:q c4:q b3:q g3:q", "g3:q a3:q g3:q e3:q", "c3:q f3:q g3:q c3:q")
    analysis = analyse(grid)
    assert numerals(analysis) == "I IV V I"
    assert keys(analysis) == [(0, False)]
    assert [(chord.first, chord.end) for chord in analysis.chords] == [(0, 4), (4, 8), (8, 12), (12, 16)]


def test_figures_say_what_is_in_the_bass():
    grid = grid_of("c5:q c5:q b4:q c5:q", "e4:q a4:q g4:q g4:q", "g3:q d4:q d4:q c4:q", "c3:q f3:q f3:q e3:q")
    assert (
        numerals(analyse(grid)) == "I ii65 V42 I6"
    )  # the line of Bach's first prelude of the Well-Tempered Clavier


def test_a_dominant_of_the_dominant_is_written_with_a_stroke():
    grid = grid_of("e5:q d5:q d5:q c5:q", "c5:q c5:q b4:q g4:q", "g4:q a4:q g4:q e4:q", "c3:q f#3:q g3:q c3:q")
    analysis = analyse(grid)
    assert numerals(analysis) == "I V65/V V I"
    applied = analysis.chords[1]
    assert (applied.root, applied.quality, applied.bass, applied.figure) == (2, "dominant seventh", 6, "65")


def test_a_minor_piece_ends_with_a_picardy_third_that_is_no_dominant():
    grid = grid_of("c5:q d5:q b4:q c#5:q", "e4:q f4:q e4:q e4:q", "a3:q a3:q g#3:q a3:q", "a3:q d3:q e3:q a2:q")
    assert numerals(analyse(grid)) == "i iv V I"


def test_a_major_tonic_before_the_fourth_degree_of_minor_is_its_dominant():
    grid = grid_of(
        "c5:h c#5:h | d5:h b4:h | c5:w", "e4:h e4:h | f4:h e4:h | e4:w", "a3:h a3:h | a3:h g#3:h | a3:w",
        "a2:h a2:h | d3:h e3:h | a2:w",
    )  # fmt: skip
    assert numerals(analyse(grid)) == "i V/iv iv V i"


def test_under_a_fermata_it_stays_a_picardy_third():
    voices = (
        "c5:q d5:q b4:q c#5:q | d5:q b4:q a4:h",
        "e4:q f4:q e4:q e4:q | f4:q e4:q e4:h",
        "a3:q a3:q g#3:q a3:q | a3:q g#3:q c4:h",
        "a3:q d3:q e3:q a2:q | d3:q e3:q a2:h",
    )
    grid = grid_of(*voices)
    fermata = np.isin(np.arange(grid.ticks), [*range(12, 16), *range(24, 32)])
    assert numerals(analyse(replace(grid, fermata=fermata))) == "i iv V I iv V i"


def test_two_voices_make_chords_where_both_sing():
    analysis = analyse(grid_of("e5:q d5:q c5:h | g4:w", "c3:q g3:q c3:h | R"))
    assert numerals(analysis) == "I V I"
    assert analysis.chords[-1].end == 16


def test_the_neapolitan_and_the_german_sixth_go_to_the_dominant():
    neapolitan = grid_of(
        "c5:q db5:q b4:q c5:q", "g4:q ab4:q g4:q g4:q", "eb4:q f4:q d4:q eb4:q", "c3:q f3:q g3:q c3:q", key=-3
    )
    assert numerals(analyse(neapolitan)) == "i N6 V i"
    german = grid_of(
        "c5:h c5:h | b4:h c5:h",
        "eb4:h eb4:h | d4:h eb4:h",
        "g3:h f#3:h | g3:h g3:h",
        "c3:h ab2:h | g2:h c3:h",
        key=-3,
    )
    assert numerals(analyse(german)) == "i Ger65 V i"


def test_a_chord_that_sounds_whole_is_preferred_to_one_without_its_root():
    # BWV 245.40, measure 4: G minor, all of it, for a beat in E flat major. Not E flat without E flat.
    (chord,) = (row for row in analyse(chorale("bwv245.40")).chords if row.first <= 60 < row.end)
    assert (chord.root, chord.quality) == (7, "minor")


def test_nearly_every_triad_of_bach_that_sounds_whole_for_a_beat_has_its_root():
    wrong = count = 0
    for piece in chorales("valid")[::4]:
        grid, chords = piece.grid, analyse(piece.grid).chords
        roots = np.full(grid.ticks, -1)
        for chord in chords:
            roots[chord.first : chord.end] = chord.root
        for tick in np.flatnonzero(grid.level[:-4] <= 2):
            beat = grid.pitch[:, tick : tick + 4]
            root = whole_triad(beat[:, 0])
            if root is not None and (beat == beat[:, :1]).all():
                count += 1
                wrong += int(roots[tick]) != root
    assert count > 300
    assert wrong <= count / 100


def whole_triad(column: np.ndarray) -> int | None:
    """The root of a major or minor triad all of whose notes sound, and nothing else."""
    heard = set((column % 12).tolist()) if (column >= 0).all() else set()
    rows = [
        root for root in range(12) for third in (3, 4) if heard == {root, (root + third) % 12, (root + 7) % 12}
    ]
    return rows[0] if rows else None


def test_bach_is_read_as_a_theorist_reads_him():
    # Riemenschneider 1 (BWV 269), the first phrase by Andrew Jones in music21's corpus.
    analysis = analyse(chorale("bwv269").cut(0, 12 * 4))
    assert numerals(analysis) == "I IV6 V6 I V vi IV viio6 I V"


def test_another_key_is_the_same_music():
    grid = chorale("bwv269").cut(0, 208)
    analysis, other = analyse(grid), analyse(grid.transposed(3))
    assert numerals(other) == numerals(analysis)
    assert keys(other) == [((tonic + 3) % 12, minor) for tonic, minor in keys(analysis)]


def test_chords_fill_the_time_in_which_voices_sound_without_overlap():
    for name in ("bwv269", "bwv302", "bwv351"):
        grid = chorale(name)
        covered = np.zeros(grid.ticks, dtype=int)
        for chord in analyse(grid).chords:
            covered[chord.first : chord.end] += 1
        assert (covered == (grid.pitch >= 0).any(axis=0)).all()


def test_a_chord_has_one_name_in_a_key():
    for minor in (False, True):
        sounds = [(degree.root, degree.quality) for degree in degrees(minor)]
        assert len(sounds) == len(set(sounds))
        assert {degree.quality for degree in degrees(minor)} <= set(QUALITIES)


@pytest.mark.parametrize(
    ("minor", "numeral", "fifths"),
    [(False, "V7/vi", 4), (False, "viio7/ii", 7), (True, "V7/VI", -3), (True, "viio7/iv", 4), (True, "N", -5)],
)
def test_roots_are_spelled_by_their_degree(minor, numeral, fifths):
    # From the tonic C: E, C sharp, E flat, E, D flat on the line of fifths.
    degree = next(degree for degree in degrees(minor) if degree.name(0) == numeral)
    assert degree.fifths == fifths


def test_the_notes_of_a_diminished_seventh_chord_are_thirds_apart():
    degree = next(degree for degree in degrees(True) if degree.name(0) == "viio7")
    # B D F A flat on the line of fifths, from B on.
    assert [degree.member_fifths(place) for place in range(4)] == [0, -3, -6, -9]


# --- keys ------------------------------------------------------------------------------------------------------


def test_a_phrase_in_the_dominant_is_in_its_key():
    soprano = "e5:q d5:q c5:h | d5:q c5:q b4:h | b4:q a4:q g4:h | e5:q d5:q c5:h"
    alto = "c5:q b4:q g4:h | a4:q a4:q g4:h | g4:q f#4:q d4:h | g4:q f4:q e4:h"
    tenor = "g4:q g4:q e4:h | f#4:q f#4:q d4:h | d4:q c4:q b3:h | c4:q b3:q g3:h"
    bass = "c3:q g3:q c3:h | d3:q d3:q g3:h | d3:q d3:q g2:h | c3:q g3:q c3:h"
    grid = grid_of(soprano, alto, tenor, bass)
    fermata = np.zeros(grid.ticks, dtype=bool)
    fermata[[*range(8, 16), *range(24, 32), *range(40, 48), *range(56, 64)]] = True
    assert keys(analyse(replace(grid, fermata=fermata))) == [(0, False), (7, False), (0, False)]


def test_the_last_chord_and_the_leading_tone_tell_the_relative_minor():
    grid = grid_of("a4:q b4:q g#4:q a4:q", "e4:q f4:q e4:q e4:q", "c4:q d4:q b3:q c4:q", "a3:q d3:q e3:q a2:q")
    assert keys(analyse(grid)) == [(9, True)]


@pytest.mark.parametrize(
    ("name", "tonic", "minor", "numeral"),
    [
        ("bwv66.6", 6, True, "I"),  # F sharp minor, with a Picardy third: no dominant of B minor
        ("bwv144.6", 11, True, "I"),  # B minor, the same
        ("bwv10.7", 7, True, "I"),  # G minor, the same
        ("bwv38.6", 9, True, "V"),  # Phrygian: *Aus tiefer Not* ends on E, with F natural all along
        ("bwv153.1", 9, True, "V"),  # Riemenschneider 3: Andrew Jones ends it on the dominant of A minor
        ("bwv64.2", 0, False, "V"),  # Mixolydian: *Gelobet seist du*
    ],
)
def test_a_piece_ends_on_its_tonic_unless_its_mode_is_another(name, tonic, minor, numeral):
    last = analyse(chorale(name)).chords[-1]
    assert (last.tonic, last.minor, last.numeral) == (tonic, minor, numeral)


@pytest.mark.slow
def test_of_bachs_endings_those_are_dominants_that_the_mode_makes_so():
    ends = [analyse(piece.grid).chords[-1].numeral for piece in chorales("train", "valid")]
    assert sum(numeral in ("I", "i") for numeral in ends) >= 291
    assert set(ends) == {"I", "i", "V"}


def test_silence_behind_the_last_chord_does_not_hide_it():
    lines = (
        "f#5:q e#5:q f#5:h", "c#5:q b4:q c#5:h", "f#4:q g#4:q a#4:h", "f#3:q c#3:q f#3:h",
    )  # fmt: skip
    for silence in ("", " | R"):
        analysis = analyse(grid_of(*(line + silence for line in lines), key=3))
        assert (keys(analysis), numerals(analysis)[-1]) == ([(6, True)], "I")


def test_local_keys_are_those_of_the_analysis():
    grid = chorale("bwv347")
    tonic, minor = local_keys(grid)
    for key in analyse(grid).keys:
        assert (tonic[key.first : key.end] == key.tonic).all()
        assert (minor[key.first : key.end] == key.minor).all()


def test_a_melody_alone_has_keys_and_no_chords():
    analysis = analyse(grid_of("g4:q b4:q d5:q c5:q | b4:q a4:q g4:h", key=1))
    assert keys(analysis) == [(7, False)]
    assert (analysis.chords, analysis.cadences, analysis.non_chord_tones) == ([], [], [])


def test_hidden_voices_are_not_heard():
    grid = chorale("bwv269")
    known = grid.known.copy()
    known[1:] = False
    analysis = analyse(replace(grid, known=known))
    assert analysis.keys
    assert analysis.chords == []


def test_silence_and_an_empty_grid_have_nothing():
    assert analyse(grid_of("R", "R")) == Analysis([], [], [], [])
    empty = bare_grid(np.zeros((4, 0), dtype=int))
    assert analyse(empty) == Analysis([], [], [], [])
    assert [array.shape for array in local_keys(empty)] == [(0,), (0,)]


def test_neither_signature_nor_metre_are_needed():
    grid = bare_grid(chorale("bwv269").pitch)
    assert (grid.fifths == NO_KEY).all()
    first = analyse(grid).chords[0]
    assert (first.tonic, first.numeral) == (7, "I")


def test_three_voices_in_six_eight():
    grid = grid_of("g4:q. g4:q. | e4:h.", "e4:q. d4:q. | c4:h.", "c4:q. g3:q. | c4:h.", time="6/8")
    assert numerals(analyse(grid)).split() == ["I", "V", "I"]


# --- cadences --------------------------------------------------------------------------------------------------

# Behind I V I in C major, or i V i in A minor, the chords that close: soprano, alto, tenor, bass.
MAJOR = ("e5:q d5:q e5:h |", "g4:q g4:q g4:h |", "c4:q b3:q c4:h |", "c3:q g3:q c3:h |")
MINOR = ("a4:q b4:q c5:h |", "e4:q e4:q e4:h |", "c4:q g#3:q a3:h |", "a3:q e3:q a2:h |")
CADENCES = {
    "perfect authentic": (MAJOR, ("d5:h c5:h", "g4:h g4:h", "b3:h e4:h", "g3:h c3:h")),
    "imperfect authentic": (MAJOR, ("d5:h e5:h", "g4:h g4:h", "b3:h c4:h", "g3:h c3:h")),
    "half": (MAJOR, ("c5:h b4:h", "a4:h g4:h", "f4:h d4:h", "f3:h g3:h")),
    "Phrygian half": (MINOR, ("a4:h g#4:h", "d4:h e4:h", "a3:h b3:h", "f3:h e3:h")),
    "plagal": (MAJOR, ("c5:h c5:h", "a4:h g4:h", "f4:h e4:h", "f3:h c3:h")),
    "deceptive": (MAJOR, ("b4:h c5:h", "g4:h e4:h", "d4:h c4:h", "g3:h a3:h")),
}


@pytest.mark.parametrize("kind", CADENCES)
def test_a_cadence_has_the_name_that_the_textbook_gives_it(kind):
    before, close = CADENCES[kind]
    voices = [f"{one} {other}" for one, other in zip(before, close, strict=True)]
    cadences = analyse(grid_of(*voices)).cadences
    assert [(cadence.kind, cadence.tick) for cadence in cadences] == [(kind, 24)]


def test_a_seventh_and_a_suspension_before_the_close_do_not_hide_it():
    grid = grid_of("e5:q d5:h c5:q", "c5:q c5:q b4:q g4:q", "g4:q g4:q f4:q e4:q", "c3:q g3:h c3:q")
    assert [cadence.kind for cadence in analyse(grid).cadences] == ["perfect authentic"]


def test_phrases_end_under_fermatas_before_silence_and_at_the_end():
    grid = grid_of("c5:q b4:q r:q c5:q | d5:h c5:h", "c3:q g3:q r:q c3:q | g3:h c3:h")
    fermata = np.zeros(grid.ticks, dtype=bool)
    fermata[16:24] = True
    ends = phrase_ends(replace(grid, fermata=fermata))
    assert np.flatnonzero(ends).tolist() == [*range(4, 8), *range(16, 32)]


def test_the_user_may_say_where_phrases_end():
    voices = ("c5:q b4:q c5:h", "g4:q g4:q g4:h", "e4:q d4:q e4:h", "c3:q g3:q c3:h")
    grid = grid_of(*voices)
    ends = np.zeros(grid.ticks, dtype=bool)
    ends[4:8] = True
    assert [(c.kind, c.tick) for c in analyse(grid, ends).cadences] == [("half", 4)]


def test_nearly_every_fermata_of_bach_has_a_cadence():
    some = chorales("valid")[:20]
    cadences = [analyse(piece.grid).cadences for piece in some]
    ends = [phrase_ends(piece.grid) for piece in some]
    runs = sum(int((row & ~np.append(row[1:], False)).sum()) for row in ends)
    assert sum(map(len, cadences)) >= 0.9 * runs


def test_a_phrase_that_begins_with_the_chord_of_the_last_names_it_again():
    grid = grid_of("e5:q d5:q c5:q c5:q | d5:h c5:h", "c4:q g3:q c4:q c4:q | g3:h c4:h")
    fermata = np.isin(np.arange(grid.ticks), [*range(8, 12), *range(24, 32)])
    assert [(c.first, c.numeral) for c in analyse(replace(grid, fermata=fermata)).chords] == [
        *((0, "I"), (4, "V"), (8, "I"), (12, "I"), (16, "V"), (24, "I"))
    ]


# --- non-chord tones -----------------------------------------------------------------------------------------

# Over a C major triad that is held, or that comes in on the third beat after F or G; voice 0 is the soprano.
HELD = ("g4:w", "e4:w", "c3:w")


@pytest.mark.parametrize(
    ("kind", "soprano", "others", "tick"),
    [
        ("passing", "c5:q d5:q e5:h", HELD, 4),
        ("neighbour", "c5:q d5:q c5:h", HELD, 4),
        ("appoggiatura", "c5:q a5:q g5:h", HELD, 4),
        ("escape", "e5:q f5:q c5:h", HELD, 4),
        ("suspension", "f5:h~ f5:q e5:q", ("c5:h c5:h", "a4:h g4:h", "f3:h c3:h"), 8),
        ("suspension", "f5:h f5:q e5:q", ("c5:h c5:h", "a4:h g4:h", "f3:h c3:h"), 8),  # struck again
        ("retardation", "b4:h~ b4:q c5:q", ("g4:h g4:h", "d4:h e4:h", "g3:h c3:h"), 8),
        ("anticipation", "d5:q. c5:e c5:h", ("g4:h g4:h", "b3:h e4:h", "g3:h c3:h"), 6),
    ],
)
def test_a_non_chord_tone_has_the_name_that_the_textbook_gives_it(kind, soprano, others, tick):
    assert tones(grid_of(soprano, *others)) == [(0, tick, kind)]


def test_a_held_bass_under_another_chord_is_a_pedal():
    grid = grid_of("e5:h d5:h | e5:h c5:h", "c5:h b4:h | c5:h g4:h", "g4:h g4:h | g4:h e4:h", "c3:w~ | c3:w")
    assert tones(grid) == [(3, 8, "pedal")]


def test_a_chord_tone_is_none():
    grid = grid_of("e4:q f4:q d4:q c4:q", "c4:q c4:q b3:q g3:q", "g3:q a3:q g3:q e3:q", "c3:q f3:q g3:q c3:q")
    assert tones(grid) == []
