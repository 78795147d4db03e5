"""Rules act on logits, hard ones without exception, and a rule that leaves no choice gives way."""

from __future__ import annotations

import numpy as np
import pytest

from scoreassist.errors import RequestError
from scoreassist.grid.vocabulary import LOWEST, REST, UNKNOWN, VOCABULARY
from scoreassist.sampling import RULES, Moment, Sampler, SamplingOptions

C4, D4, E4, F4, G4, A4, B4, C5, D5 = (60, 62, 64, 65, 67, 69, 71, 72, 74)
SOPRANO, ALTO, TENOR, BASS = range(4)


def moment(voice: int, now: dict[int, int], before: dict[int, int], after: dict[int, int] | None = None, **more):
    """A moment in which some voices (by MIDI number) sound now, before and, known already, after."""

    def row(pitches: dict[int, int]) -> np.ndarray:
        return np.array([pitches[v] - LOWEST if v in pitches else UNKNOWN for v in range(4)])

    options = more.pop("options", SamplingOptions(candidates=1))
    return Moment(
        voice=voice,
        tick=more.get("tick", 4),
        now=row(now)[None],
        before=row(before)[None],
        after=row(after or {}),
        level=more.get("level", 2),
        must_rest=more.get("must_rest", False),
        held=more.get("held", False),
        arrival=more.get("arrival", False),
        chord=more.get("chord", ()),
        options=options,
    )


def forbidden(rule: str, m: Moment) -> set[int]:
    """MIDI numbers that a rule forbids."""
    assert RULES[rule].forbids
    out = RULES[rule].says(m)
    assert out.shape == (1, VOCABULARY)
    return {i + LOWEST for i in range(REST) if out[0, i]}


def test_parallel_fifths_with_the_soprano_are_forbidden():
    # Soprano C5-D5 over a bass F4 (a fifth below): G4 would be the next fifth.
    assert G4 in forbidden("parallels", moment(BASS, {SOPRANO: D5}, {SOPRANO: C5, BASS: F4}))


def test_parallel_octaves_are_forbidden_but_contrary_octaves_are_not():
    bad = forbidden("parallels", moment(BASS, {SOPRANO: D5}, {SOPRANO: C5, BASS: C4}))
    assert D4 in bad
    assert 50 not in bad  # D3: an octave reached in contrary motion


def test_a_fifth_that_stays_is_no_parallel():
    assert not forbidden("parallels", moment(BASS, {SOPRANO: C5}, {SOPRANO: C5, BASS: F4}))


def test_parallels_into_a_known_future_are_forbidden_too():
    # Alto and bass are given at the next tick as D4-G3 reached from C4: bass must not be F3 now.
    m = moment(BASS, {ALTO: C4}, {ALTO: C4}, {ALTO: D4, BASS: 55})
    assert 53 in forbidden("parallels", m)


def test_crossing_forbids_what_is_above_an_upper_or_below_a_lower_voice():
    bad = forbidden("crossing", moment(ALTO, {SOPRANO: A4, BASS: C4}, {}))
    assert {B4, 59} <= bad
    assert not {A4, C4, E4} & bad


def test_range_forbids_beyond_the_limits_of_a_voice():
    options = SamplingOptions(candidates=1, ranges=((60, 79), (55, 74), (48, 67), (40, 62)))
    bad = forbidden("range", moment(TENOR, {}, {}, options=options))
    assert {47, 68} <= bad
    assert not {48, 67} & bad


def test_spacing_keeps_upper_neighbours_within_an_octave():
    bad = forbidden("spacing", moment(ALTO, {SOPRANO: 79}, {}))
    assert 66 in bad
    assert 67 not in bad


def test_chords_prefer_the_note_that_completes_a_triad_on_the_beat():
    m = moment(TENOR, {SOPRANO: C5, ALTO: G4, BASS: 48}, {}, level=0)
    penalty = RULES["chords"].says(m)[0]
    assert penalty[E4 - LOWEST] > penalty[G4 - LOWEST] > penalty[F4 - LOWEST]


def test_between_beats_any_passing_note_is_as_good():
    m = moment(TENOR, {SOPRANO: C5, ALTO: G4, BASS: 48}, {}, level=3)
    assert not RULES["chords"].says(m).any()


def test_where_a_phrase_comes_to_rest_a_seventh_is_worse_than_a_triad():
    m = moment(ALTO, {SOPRANO: 77, TENOR: 57, BASS: 50}, {}, arrival=True)  # F5, A3, D3: D minor
    penalty = RULES["arrival"].says(m)[0]
    assert penalty[A4 - LOWEST] == penalty[D4 - LOWEST] == 0
    assert penalty[C5 - LOWEST] < 0
    assert not RULES["arrival"].says(moment(ALTO, {SOPRANO: 77, TENOR: 57, BASS: 50}, {})).any()


def test_a_piece_ends_on_its_tonic_triad():
    m = moment(SOPRANO, {BASS: 50}, {}, chord=(2, 5, 6, 9))  # over D3, in D minor, with either third
    penalty = RULES["arrival"].says(m)[0]
    assert penalty[F4 - LOWEST] == penalty[F4 + 1 - LOWEST] == penalty[A4 - LOWEST] == 0
    assert penalty[70 - LOWEST] < -4  # B flat would make another chord


def test_moving_on_is_unlikely_where_the_given_voices_hold_still():
    m = moment(ALTO, {}, {ALTO: A4}, held=True)
    penalty = RULES["stillness"].says(m)[0]
    assert penalty[A4 - LOWEST] == 0
    assert penalty[G4 - LOWEST] < -2


def test_silence_is_written_where_and_only_where_everyone_rests():
    sampler = Sampler(SamplingOptions(candidates=1, rules=("rests",)))
    logits = np.zeros((1, VOCABULARY))
    logits[0, REST] = 100.0
    assert sampler.pitch(logits, moment(ALTO, {}, {})).item() != REST
    logits[0, REST] = -100.0
    assert sampler.pitch(logits, moment(ALTO, {}, {}, must_rest=True)).item() == REST


def test_a_hard_rule_holds_whatever_the_logits_say():
    sampler = Sampler(SamplingOptions(candidates=64, rules=("rests", "crossing")))
    logits = np.zeros((64, VOCABULARY))
    logits[:, C5 - LOWEST] = 1e4
    m = moment(ALTO, {SOPRANO: A4}, {})
    m.now, m.before = m.now.repeat(64, 0), m.before.repeat(64, 0)
    assert int(sampler.pitch(logits, m).max()) <= A4 - LOWEST


def test_a_rule_that_leaves_no_note_gives_way_and_is_counted():
    # Between a soprano on C4 and a bass on C4 only C4 is uncrossed, but the range forbids it.
    options = SamplingOptions(candidates=1, ranges=((60, 81), (62, 74), (46, 69), (36, 66)))
    sampler = Sampler(options)
    m = moment(ALTO, {SOPRANO: C4, BASS: C4}, {}, options=options)
    assert sampler.pitch(np.zeros((1, VOCABULARY)), m).item() == C4 - LOWEST
    assert sampler.gave_way["range"].tolist() == [1]
    assert sampler.broken().tolist() == [1]


def test_temperature_divides_logits():
    logits = np.zeros((4000, VOCABULARY))
    logits[:, 10] = 2.0
    m = moment(ALTO, {}, {})
    share = {}
    for temperature in (0.5, 2.0):
        sampler = Sampler(SamplingOptions(candidates=4000, temperature=temperature, rules=()))
        share[temperature] = float((sampler.pitch(logits, m) == 10).mean())
    # softmax by hand: e^(2/T) / (e^(2/T) + 49)
    assert share[0.5] == pytest.approx(54.6 / (54.6 + 49), abs=0.03)
    assert share[2.0] == pytest.approx(2.718 / (2.718 + 49), abs=0.02)


def test_the_same_seed_draws_the_same_tokens():
    logits = np.zeros((50, VOCABULARY))
    draws = [
        Sampler(SamplingOptions(candidates=50, seed=seed, rules=())).pitch(logits, moment(ALTO, {}, {}))
        for seed in (7, 7, 8)
    ]
    assert np.array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"temperature": 0}, "temperature"),
        ({"temperature": -1}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"candidates": 0}, "candidate"),
        ({"rules": ("parallel",)}, "no rule named parallel"),
    ],
)
def test_unusable_options_are_refused(wrong, says):
    with pytest.raises(RequestError, match=says):
        SamplingOptions(**wrong)
