"""Rules act on logits, hard ones without exception, and a rule that leaves no choice gives way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoreassist.corpus import bare_grid
from scoreassist.errors import RequestError
from scoreassist.grid.vocabulary import LOWEST, REST, UNKNOWN, VOCABULARY
from scoreassist.sampling import RULES, Moment, Sampler, SamplingOptions
from scoreassist.sampling.habits import Habits
from scoreassist.theory.resolution import LEADING_RISES, SEVENTH_FALLS
from scoreassist.wishes.parsing import DEFAULT_STRENGTHS

C4, D4, E4, F4, G4, A4, B4, C5, D5 = (60, 62, 64, 65, 67, 69, 71, 72, 74)
SOPRANO, ALTO, TENOR, BASS = range(4)


def moment(voice: int, now: dict[int, int], before: dict[int, int], after: dict[int, int] | None = None, **more):
    """A moment in which some voices (by MIDI number) sound now, before and, known already, after."""

    def row(pitches: dict[int, int]) -> np.ndarray:
        return np.array([pitches[v] - LOWEST if v in pitches else UNKNOWN for v in range(4)])

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
        **{key: more[key] for key in ("ranges", "owed", "tonic", "max_leap", "stuck", "sated") if key in more},
    )


def forbidden(rule: str, m: Moment) -> set[int]:
    """MIDI numbers that a rule forbids."""
    out = RULES[rule].says(m)
    assert out.dtype == bool
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
    bad = forbidden("range", moment(TENOR, {}, {}, ranges=((60, 79), (55, 74), (48, 67), (40, 62))))
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


def owing(voice: int, what: int) -> np.ndarray:
    owed = np.zeros((1, 4), dtype=int)
    owed[0, voice] = what
    return owed


def test_a_seventh_may_stay_or_fall_by_a_step():
    bad = forbidden("seventh", moment(ALTO, {}, {ALTO: F4}, owed=owing(ALTO, SEVENTH_FALLS)))
    assert {D4, G4, A4, C4} <= bad
    assert not {F4, E4, E4 - 1} & bad
    assert not forbidden("seventh", moment(ALTO, {}, {ALTO: F4}))


def test_a_leading_tone_rises_and_an_inner_voice_may_let_it_fall_a_third():
    owed = owing(SOPRANO, LEADING_RISES) + owing(ALTO, LEADING_RISES)
    outer = forbidden("leading-tone", moment(SOPRANO, {}, {SOPRANO: B4}, owed=owed))
    inner = forbidden("leading-tone", moment(ALTO, {}, {ALTO: B4}, owed=owed))
    assert {G4, D5, E4} <= outer
    assert not {C5, B4} & outer
    assert G4 not in inner
    assert {D5, E4} <= inner


def test_one_leading_tone_is_enough_in_a_dominant():
    bad = forbidden("doubled-leading-tone", moment(TENOR, {SOPRANO: B4, BASS: 55}, {}, tonic=0))
    assert {59, B4} <= bad
    assert not {D4, G4} & bad
    assert not forbidden("doubled-leading-tone", moment(TENOR, {SOPRANO: B4, BASS: 52}, {}, tonic=0))  # E minor
    assert not forbidden("doubled-leading-tone", moment(TENOR, {SOPRANO: B4, BASS: 55}, {}, tonic=0, level=3))


def test_the_bass_does_not_follow_a_leap_of_the_soprano_into_a_fifth_or_an_octave():
    m = moment(BASS, {SOPRANO: C5}, {SOPRANO: G4, BASS: 45})
    assert {48, 53} <= forbidden("hidden", m)  # from A2 up to C3 or F3
    assert not {41, 52} & forbidden("hidden", m)  # F2 comes in contrary motion, E3 makes a sixth
    step = moment(BASS, {SOPRANO: C5}, {SOPRANO: B4, BASS: 45})
    assert not forbidden("hidden", step)


def test_the_soprano_does_not_leap_after_the_bass_into_an_octave():
    assert C5 in forbidden("hidden", moment(SOPRANO, {BASS: 48}, {BASS: 45, SOPRANO: G4}))
    assert G4 not in forbidden("hidden", moment(SOPRANO, {BASS: 48}, {BASS: 45, SOPRANO: F4}))  # by a step


def test_a_voice_does_not_leap_a_tritone_a_seventh_or_beyond_the_octave():
    bad = forbidden("leaps", moment(ALTO, {}, {ALTO: F4}))
    assert {71, 59, 75, 76, 54, 55, 78, 52} & bad == {71, 59, 75, 76, 55, 54, 78, 52}
    assert not {F4 + 12, F4 + 9, F4 - 12, F4 + 7} & bad
    assert B4 in forbidden("leaps", moment(ALTO, {}, {}, {ALTO: F4}))  # towards a known note too


def test_leaps_are_no_wider_than_wished():
    bad = forbidden("max-leap", moment(ALTO, {}, {ALTO: F4}, max_leap=4))
    assert {F4 + 5, F4 - 5} <= bad
    assert not {F4, F4 + 4, F4 - 4} & bad


def test_a_note_that_was_struck_often_enough_gives_way_to_another():
    assert forbidden("max-repeats", moment(ALTO, {}, {ALTO: F4}, stuck=np.array([True]))) == {F4}
    assert forbidden("density", moment(ALTO, {}, {ALTO: F4}, sated=np.array([True]))) >= {E4, G4}
    assert F4 not in forbidden("density", moment(ALTO, {}, {ALTO: F4}, sated=np.array([True])))


def test_habits_know_the_seventh_until_it_moves():
    bare = bare_grid(np.full((4, 4), C4))
    habits = Habits(1, replace(bare, level=np.array([0, 4, 3, 4])), tonic=np.zeros(4, dtype=int))
    dominant = np.array([[B4, F4, D4, 55]]) - LOWEST
    struck = np.ones((1, 4), dtype=bool)
    habits.hear(0, dominant, struck)
    assert habits.owed.tolist() == [[LEADING_RISES, SEVENTH_FALLS, 0, 0]]
    habits.hear(1, np.array([[C5, F4, D4, 55]]) - LOWEST, struck)
    assert habits.owed.tolist() == [[0, SEVENTH_FALLS, 0, 0]]


def test_candidates_that_keep_the_rules_take_the_place_of_those_that_cannot():
    sampler = Sampler(SamplingOptions(candidates=4, rules=("crossing",)))
    logits = np.zeros((4, VOCABULARY))
    logits[:3, C5 - LOWEST] = 50.0  # all but the last want what crosses
    m = moment(ALTO, {SOPRANO: A4}, {})
    m.now, m.before = m.now.repeat(4, 0), m.before.repeat(4, 0)
    sampler.pitch(logits, m)
    survivors = sampler.survivors()
    assert survivors is not None
    assert set(survivors.tolist()) == {3}


def test_answers_stay_apart():
    logits = np.zeros((40, VOCABULARY))
    logits[:, :2] = 5.0

    def share(answers: int) -> float:
        sampler = Sampler(SamplingOptions(candidates=40, answers=answers, rules=()))
        drawn = sampler.pitch(logits, moment(ALTO, {}, {}))
        return float((drawn > 1).mean())

    assert share(20) > 0.3 > share(1)


def test_rules_are_as_strong_as_they_are_told():
    told = SamplingOptions(strengths={"hidden": "forbid", "parallels": "avoid", "crossing": "allow"})
    assert "hidden" in dict(told.acting("forbid"))
    assert "parallels" in dict(told.acting("avoid"))
    assert "crossing" not in dict(told.acting("avoid") + told.acting("forbid"))


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
    m = moment(ALTO, {SOPRANO: C4, BASS: C4}, {}, ranges=options.ranges)
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
        ({"strengths": {"hidden": "sometimes"}}, "hidden cannot be 'sometimes'"),
        ({"answers": 9}, "9 answers"),
    ],
)
def test_unusable_options_are_refused(wrong, says):
    with pytest.raises(RequestError, match=says):
        SamplingOptions(**wrong)


def test_rules_of_voice_leading_are_as_firm_while_drawn_as_users_are_told():
    assert {name: RULES[name].strength for name in DEFAULT_STRENGTHS} == DEFAULT_STRENGTHS
