"""Figures of written settings. Every expected value is counted by hand on the few chords that stand here."""

from __future__ import annotations

import math

import numpy as np
import pytest
from shorthand import Staff, score

from scoreassist.counsel.check import read
from scoreassist.evaluation.counsel import ROWS, ends_on_tonic, figures, judge, tonics_of_melody

C, G, A = 0, 7, 9
FERMATA = b"<notations><fermata/></notations>"


def choir(soprano: str, alto: str, tenor: str, bass: str, key: int = 0) -> bytes:
    """Four voices in 4/4."""
    rows = {"Soprano": soprano, "Alto": alto, "Tenor": tenor, "Bass": bass}
    clefs = {"Bass": ("bass",)}
    return score(
        *(Staff(music, name, key=key, clefs=clefs.get(name, ("treble",))) for name, music in rows.items())
    )


def melody(music: str, key: int = 0) -> tuple[int, ...]:
    """On what a melody may end."""
    return tonics_of_melody(read(score(Staff(music, key=key))).grid)


GOOD = choir("e5:h d5:q d5:q | c5:w", "g4:h g4:q g4:q | e4:w", "c4:h b3:q b3:q | g3:w", "c3:h g3:q g2:q | c3:w")
# Soprano and bass go in octaves from C to D and on to E; the alto leaps an augmented fourth, from F to B.
BAD = choir("c5:h d5:h | e5:w", "f4:h b4:h | b4:w", "a3:h a3:h | g3:w", "c3:h d3:h | e3:w")


def test_a_sound_setting_has_no_parallels_and_ends_on_its_tonic():
    setting = judge(GOOD, [C])
    assert (setting.report.counts["parallel-octaves"], setting.on_tonic) == (0, True)
    assert (setting.beats, setting.chords, setting.complete) == (8, 8, 8)


def test_figures_are_findings_by_onsets_frames_and_chords():
    found = figures([judge(BAD, [C])])
    # Three onsets, of which two are reached in parallel octaves; eight beats on which all sing, one odd leap.
    assert found["parallels"] == pytest.approx(1000 * 2 / 3)
    assert found["leaps"] == pytest.approx(100 * 1 / 8)
    assert set(found) == {key for _, key, _ in ROWS}


def test_settings_are_counted_together_and_not_piece_by_piece():
    together = figures([judge(BAD, [C]), judge(GOOD, [C])])
    assert together["parallels"] == pytest.approx(1000 * 2 / (3 + 4))
    assert together["leaps"] == pytest.approx(100 * 1 / 16)


def test_what_is_wrong_with_the_given_voice_by_itself_is_not_counted():
    high = GOOD.replace(b"<step>E</step><octave>5", b"<step>E</step><octave>6")
    assert judge(high, [C]).report.counts["range"] == 0
    assert judge(high, [C], given="Bass").report.counts["range"] == 1


@pytest.mark.parametrize(
    ("chord", "tonics", "found"),
    [
        (("c5", "e4", "g3", "c3"), [C], True),
        (("c5", "e4", "c4", "c3"), [C], True),  # without a fifth
        (("c5", "e4", "g3", "e3"), [C], False),  # its third in the bass
        (("c5", "e4", "a3", "a2"), [C], False),  # another chord
        (("c5", "e4", "a3", "a2"), [C, A], True),
        (("c#5", "e4", "a3", "a2"), [A], True),  # a Picardy third
        (("d5", "b4", "g3", "g2"), [C], None),  # the melody ends elsewhere
    ],
)
def test_a_piece_ends_on_the_tonic_if_the_melody_allows_it(
    chord: tuple[str, ...], tonics: list[int], found: bool | None
):
    grid = read(choir(*(f"{note}:w" for note in chord))).grid
    assert ends_on_tonic(grid, tonics) is found


@pytest.mark.parametrize(
    ("music", "key", "tonics"),
    [
        ("c5:h g4:h", 1, (G,)),
        ("c5:h a4:h", 0, (A,)),
        ("c5:h g4:h", 0, (C,)),  # the fifth of C, and nothing of A minor
        ("c5:h e5:h", 0, (C, A)),  # the third of C, the fifth of A minor
        ("f5:h d5:h", 0, ()),  # Dorian
    ],
)
def test_the_tonic_of_a_melody_is_its_last_note_if_the_signature_has_it(
    music: str, key: int, tonics: tuple[int, ...]
):
    assert melody(music, key) == tonics


def test_a_fermata_counts_if_all_voices_sing_through_it():
    def fermatas(tenor: str) -> tuple[int, int]:
        document = choir("d5:h c5:h", "g4:h e4:h", tenor, "g3:h c3:h")
        setting = judge(document.replace(b"</note></measure>", FERMATA + b"</note></measure>", 1), [C])
        return setting.fermatas, setting.full

    assert fermatas("b3:h g3:h") == (1, 1)
    assert fermatas("b3:h g3:q r:q") == (1, 0)
    assert fermatas("b3:h d4:h") == (1, 0)  # C, D and E are no part of a chord


def test_a_share_of_nothing_is_no_number():
    silent = figures([judge(choir("d5:w", "b4:w", "g4:w", "g3:w"), [C])])
    assert math.isnan(silent["tonic"])
    assert np.isnan(silent["fermatas"])
