"""Melodies for the right hand: what is given stays, and what is drawn begins, returns and ends as in rags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from scoreassist.corpus import ragtime
from scoreassist.errors import ModelError
from scoreassist.grid.vocabulary import HIGHEST, LOWEST, REST, REST_PITCH
from scoreassist.networks import melodies
from scoreassist.networks.anticipation_rnn.network import AnticipationConfig, AnticipationRNN
from scoreassist.networks.melodies import WRITTEN_RANGE, compose, melody_grid
from scoreassist.recipes import ragtime_melody
from scoreassist.theory.tunes import RAGTIME, strangeness, traits

TINY = AnticipationConfig(
    rows=(0,),
    order=(0,),
    embedding=4,
    metadata=4,
    token_units=8,
    token_layers=1,
    constraint_units=8,
    constraint_layers=1,
    head_units=8,
    tables=False,
)
E_FLAT = -3


@pytest.fixture(autouse=True)
def an_untrained_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What holds for any network need not wait for a trained one."""
    torch.manual_seed(0)
    network = AnticipationRNN(TINY)
    monkeypatch.setattr(melodies, "load_network", lambda name: network)
    melodies._filler.cache_clear()
    yield
    melodies._filler.cache_clear()


def composed(
    measures: int, known: dict[int, int] | None = None, **options: object
) -> tuple[np.ndarray, np.ndarray]:
    """A melody in E flat of which the cells of some ticks are given, each a note of its own."""
    ticks = 8 * measures
    melody, struck = np.full(ticks, REST_PITCH), np.zeros(ticks, dtype=bool)
    for tick, midi in (known or {}).items():
        melody[tick], struck[tick] = midi, True
    given = np.isin(np.arange(ticks), list(known or {}))
    rows = (np.arange(ticks) % 8, np.full(ticks, E_FLAT), np.arange(ticks) // 8)
    return compose(melody, struck, given, *rows, **{"candidates": 2, **options})  # type: ignore[arg-type]


# --- composing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_what_is_given_never_changes_be_it_in_the_vocabulary_or_not(seed: int):
    given = {0: 40, 9: 99, 10: 75, 31: 62}
    melody, struck = composed(4, given, seed=seed, temperature=3.0)
    assert {tick: melody[tick] for tick in given} == given
    assert struck[list(given)].all()


def test_a_note_after_a_given_one_is_struck(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(melodies, "WRITTEN_RANGE", (75, 75))  # all notes are the given one, again or held on
    for seed in range(8):
        melody, struck = composed(1, {0: 75, 7: 75}, seed=seed)
        assert struck[1] or melody[1] == REST_PITCH


def test_a_melody_ends_on_the_tonic_and_the_one_above_it():
    melody, struck = composed(2)
    assert melody[8:].tolist() == [75] * 4 + [87] * 2 + [REST_PITCH] * 2  # E flat 5 and 6
    assert np.flatnonzero(struck[8:]).tolist() == [0, 4]


def test_in_minor_the_tonic_is_that_of_the_minor_key():
    assert composed(2, minor=True)[0][8] == 72  # C5, of C minor


def test_an_end_that_is_given_in_part_is_left_to_the_network():
    melody, _ = composed(2, {15: 70})
    assert melody[8:15].tolist() != [75] * 4 + [87] * 2 + [REST_PITCH]


@pytest.mark.parametrize("seed", range(8))
def test_a_melody_begins_on_the_tonic_triad(seed: int):
    melody, _ = composed(3, seed=seed, candidates=1)
    assert melody[melody != REST_PITCH][0] % 12 in {3, 7, 10}  # E flat, G, B flat


def test_a_strain_returns_to_its_beginning_in_the_ninth_measure():
    melody, struck = composed(16)
    assert melody[64:88].tolist() == melody[:24].tolist()
    assert struck[64:88].tolist() == struck[:24].tolist()
    assert melody[88:112].tolist() != melody[24:48].tolist()


def test_nothing_returns_where_something_is_given():
    melody, _ = composed(16, {4: 75})
    assert melody[64:88].tolist() != melody[:24].tolist()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_drawn_lies_in_the_range(seed: int):
    melody, _ = composed(8, seed=seed, temperature=5.0)
    sounding = melody[melody != REST_PITCH]
    assert WRITTEN_RANGE[0] <= sounding.min()
    assert sounding.max() <= WRITTEN_RANGE[1]


def test_leaps_to_what_is_given_are_counted_in_fifths():
    pitch, known = np.array([60, 60, 67, 67, 53, REST_PITCH, 80]), np.array([1, 0, 1, 0, 1, 0, 1], dtype=bool)
    assert melodies._leaps(pitch, known) == pytest.approx((1 + 4) / 2)  # from a rest there is no leap
    assert melodies._leaps(pitch, np.ones(7, dtype=bool)) == 0


def test_a_melody_that_is_wholly_given_needs_no_model(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(melodies, "_draw", None)
    melody, struck = composed(1, dict.fromkeys(range(8), 75))
    assert melody.tolist() == [75] * 8
    assert struck.all()


def test_the_same_seed_gives_the_same_melody_and_another_one_another():
    first, second, third = (composed(4, seed=seed)[0].tolist() for seed in (1, 1, 2))
    assert first == second != third


def test_a_model_of_four_voices_is_refused(monkeypatch: pytest.MonkeyPatch):
    four = AnticipationRNN(replace(TINY, rows=(0, 1, 2, 3), order=(0, 3, 1, 2)))
    monkeypatch.setattr(melodies, "load_network", lambda name: four)
    with pytest.raises(ModelError, match="does not write one voice"):
        composed(1, model="bach-chorale")


# --- what is usual -----------------------------------------------------------------------------------------


def test_traits_are_counted():
    # In C: C5 an eighth, C5 again, a rest, C sharp 5; a sixteenth each but the first.
    melody, struck = np.array([72, 72, 72, -1, 73]), np.array([1, 0, 1, 0, 1], dtype=bool)
    assert traits(melody, struck, np.zeros(5, dtype=int)) == pytest.approx(
        {"strikes": 0.6, "rests": 0.2, "repeated": 0.5, "interval": 0.5, "foreign": 1 / 3, "height": 217 / 3}
    )


def test_a_held_note_is_stranger_than_a_rag():
    roll = ragtime("train")[0].roll.cut(0, 128)
    held = np.full(128, 72), np.zeros(128, dtype=bool)
    assert strangeness(roll.melody, roll.melody_struck, roll.fifths, RAGTIME) < 4
    assert strangeness(*held, roll.fifths, RAGTIME) > 8


# --- reading and training ----------------------------------------------------------------------------------


def test_a_melody_is_read_an_octave_lower_and_folded_into_the_vocabulary():
    melody = np.array([72, 96, 97, 48, 47, REST_PITCH])
    nothing = np.zeros(6, dtype=int)
    grid = melody_grid(melody, melody > 0, nothing, nothing, nothing)
    assert grid.pitch[0].tolist() == [60, 84, 73, 36, 47, REST_PITCH]


def test_the_metre_is_that_of_two_quarters():
    place, ticks = np.arange(8), np.zeros(8, dtype=int)
    assert melody_grid(ticks + 60, ticks == 0, place, ticks, ticks).level.tolist() == [0, 4, 3, 4, 2, 4, 3, 4]


def test_windows_are_in_all_keys_that_keep_to_the_vocabulary():
    trained = ragtime("train")[:1]
    options = replace(ragtime_melody.RECIPE.options, batch=64, window=32)
    windows = ragtime_melody.windows(trained, options)
    assert windows.shifts[0][0] <= -5 < 4 <= windows.shifts[0][-1]
    batch = windows(0)
    sung = batch.token[batch.token < REST]
    assert 0 <= int(sung.min()) <= int(sung.max()) <= HIGHEST - LOWEST


def test_masks_are_of_all_kinds():
    rng = np.random.default_rng(0)
    shares = [ragtime_melody.random_mask(rng, 1, 128).mean() for _ in range(200)]
    assert 0.25 < np.mean(np.array(shares) == 0) < 0.45
    assert np.mean(np.array(shares) > 0.3) > 0.2


def test_the_loss_counts_hidden_cells_alone():
    trained = ragtime("train")[:1]
    options = replace(ragtime_melody.RECIPE.options, batch=2, window=16, past_dropout=0.0)
    batch = ragtime_melody.windows(trained, options)(3)
    network = AnticipationRNN(TINY).eval()
    whole = {f.name: getattr(batch, f.name) for f in fields(batch)}
    hidden = type(batch)(**{**whole, "known": torch.zeros_like(batch.known)})
    with torch.inference_mode():
        pitch, articulation = network.log_prob(hidden)
    assert float(ragtime_melody.loss(network, hidden, options).detach()) == pytest.approx(
        -float((pitch + articulation).sum() / (hidden.token < REST + 1).sum()), rel=1e-5
    )
