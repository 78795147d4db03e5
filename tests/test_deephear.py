"""DeepHear: rolls of any key through a code, holes filled by descent on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scoreassist.errors import RequestError
from scoreassist.grid.hollow import emptied, under_melody, under_right_hand
from scoreassist.grid.roll import KEYS, LOWEST_KEY, Roll
from scoreassist.networks.deephear import filler as filling
from scoreassist.networks.deephear.cells import HELD, OFF, STRUCK, home, padded, shifted, stack
from scoreassist.networks.deephear.filler import (
    DeepHearFiller,
    Thresholds,
    held_on,
    hidden_spans,
    likeliest,
    most_agreed,
    semitones_apart,
    settle,
    with_given,
)
from scoreassist.networks.deephear.network import Code, DeepHear, DeepHearConfig, negative_log_likelihood
from scoreassist.networks.deephear.options import ManipulationOptions
from scoreassist.networks.deephear.rounds import ROUNDS, rounds_of
from scoreassist.recipes.deephear import DeepHearOptions, RollWindows, Windows, loss

TINY = DeepHearConfig(code=4, tick_units=8, units=8, decoder_units=8, dropout=0.0, input_dropout=0.0)


WIDE = torch.ones(1, KEYS, dtype=torch.long)  # no two keys a semitone apart


def a_roll(measures: int = 4, fifths: int = 0, pickup: int = 0) -> Roll:
    """A melody of eighths, C5 and E5 by turns, over an oom-pah of C3 and E4 G4, all moved to the key."""
    ticks = 8 * measures + pickup
    struck, sounding, right = np.zeros((3, KEYS, ticks), dtype=bool)
    place = (np.arange(ticks) - pickup) % 8
    up = (7 * fifths) % 12
    for tick in range(0, ticks, 2):
        low = [48] if place[tick] % 4 == 0 else [64, 67]
        for midi, of_right in [(72 if tick % 4 else 76, True), *((pitch, False) for pitch in low)]:
            key = midi + up - LOWEST_KEY
            struck[key, tick] = True
            sounding[key, tick : tick + 2] = True
            right[key, tick : tick + 2] = of_right
    top = np.where(right.any(axis=0), KEYS - 1 - right[::-1].argmax(axis=0) + LOWEST_KEY, -1)
    begins = np.arange(ticks) % 2 == 0
    measure = (np.arange(ticks) - pickup) // 8 + (1 if pickup else 0)
    known = np.ones_like(struck)
    return Roll(sounding, struck, right, known, top, begins, place, np.full(ticks, fifths), measure)


@pytest.fixture(scope="module")
def filler() -> DeepHearFiller:
    torch.manual_seed(3)
    return DeepHearFiller(DeepHear(TINY))


def options(**wishes: object) -> ManipulationOptions:
    return ManipulationOptions(**({"iterations": 5, "restarts": 3} | wishes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fifths", "semitones"),
    [(0, 0), (1, 5), (-1, -5), (-4, 4), (2, -2), (-6, -6), (6, -6)],
    ids=["C", "G", "F", "A flat", "D", "G flat", "F sharp"],
)
def test_each_key_is_moved_home_by_less_than_an_octave(fifths: int, semitones: int) -> None:
    assert home(np.array([fifths])).tolist() == [semitones]
    assert (7 * fifths + semitones) % 12 == 0


def test_what_is_moved_off_the_keyboard_is_lost_and_does_not_come_in_again_at_the_other_end() -> None:
    cells = np.zeros((KEYS, 2), dtype=bool)
    cells[[0, KEYS - 1]] = True
    moved = shifted(cells, np.array([3, -3]))
    assert np.argwhere(moved).tolist() == [[3, 0], [KEYS - 4, 1]]


@pytest.mark.parametrize("fifths", [-4, -1, 0, 3])
def test_the_same_music_in_another_key_is_filled_with_the_same_notes(
    filler: DeepHearFiller, fifths: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # But for what would sound too low.
    monkeypatch.setattr(filling, "semitones_apart", lambda way: WIDE.expand(len(way), KEYS))
    # What is read is the same: the music in C, or an octave above or below.
    up = (7 * fifths) % 12
    octaves = int(home(np.array([fifths]))[0]) + up
    in_key = filler.fill(under_melody(a_roll(fifths=fifths)), options())
    in_c = filler.fill(under_melody(a_roll().moved(octaves)), options())
    assert in_c.accompaniment().any()
    assert (shifted(in_c.struck, np.full(in_c.ticks, up - octaves)) == in_key.struck).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pickup", [0, 2, 3])
@pytest.mark.parametrize("hole", ["melody", "right hand", "measures", "scattered"])
def test_known_cells_never_change(filler: DeepHearFiller, hole: str, pickup: int, seed: int) -> None:
    roll = a_roll(pickup=pickup)
    rng = np.random.default_rng(seed)
    given = {
        "melody": under_melody(roll),
        "right hand": under_right_hand(roll),
        "measures": emptied(roll, (roll.measure == 2) | (roll.measure == 3)),
        "scattered": replace(roll, known=rng.random(roll.known.shape) < 0.5),
    }[hole]
    filled = filler.fill(given, options(seed=seed, temperature=3.0))
    assert (filled.struck == given.struck)[given.known].all()
    assert (filled.sounding == given.sounding)[given.known].all()
    assert filled.known.all()
    assert not (filled.struck & ~filled.sounding).any()


def test_a_given_note_is_not_made_longer_by_new_cells() -> None:
    roll = emptied(a_roll(), np.arange(32) >= 16)
    everything = np.ones_like(roll.struck)
    struck, sounding = with_given(np.zeros_like(everything), everything, roll)
    assert not sounding[:, 16:].any()  # nothing is struck in the hole, so that nothing can sound there
    assert (struck[:, :16] == roll.struck[:, :16]).all()


def test_the_same_seed_fills_in_the_same_way_and_another_differently(filler: DeepHearFiller) -> None:
    given = under_melody(a_roll(8))
    wishes = {"temperature": 10.0, "iterations": 0, "restarts": 5}
    first, again, other = (filler.fill(given, options(seed=seed, **wishes)) for seed in (1, 1, 2))
    assert (first.struck == again.struck).all()
    assert (first.struck != other.struck).any()


def test_descent_makes_given_cells_likelier(filler: DeepHearFiller) -> None:
    rolls = stack([under_melody(a_roll())])
    with torch.no_grad():
        code = filler.network.encode(rolls)
    start = torch.zeros_like(code.mean)

    def nats(noise: torch.Tensor) -> float:
        logits = filler.network.decode(code.at(noise), rolls.place)
        return float((negative_log_likelihood(logits, rolls.state) * rolls.known).sum())

    found = filler.descend(rolls, code, start, 20, lambda done, most: None)
    assert nats(found) < nats(start)
    assert (found != start).any()


def test_no_iterations_leave_the_expected_code_as_it_is(filler: DeepHearFiller) -> None:
    rolls = stack([under_melody(a_roll())])
    code = filler.network.encode(rolls)
    assert (filler.descend(rolls, code, torch.zeros_like(code.mean), 0, lambda done, most: None) == 0).all()


def test_irregular_measures_part_the_stretches_that_are_looked_at() -> None:
    roll = a_roll(4)
    place = roll.place.copy()
    place[12:] = (place[12:] + 4) % 8  # the second measure has four sixteenths
    known = np.ones_like(roll.known)
    known[:40, 9] = known[:40, 20] = False
    spans = hidden_spans(replace(roll, place=place, known=known))
    assert spans == [(9, 10, 0, 12), (20, 21, 12, 32)]


def test_irregular_measures_are_filled(filler: DeepHearFiller) -> None:
    roll = a_roll(4).cut(0, 28)
    place = roll.place.copy()
    place[12:] = (place[12:] + 4) % 8
    filled = filler.fill(under_melody(replace(roll, place=place)), options())
    assert filled.ticks == 28


def test_a_roll_without_holes_comes_back_as_it_was(filler: DeepHearFiller) -> None:
    roll = a_roll()
    filled = filler.fill(roll, options())
    assert (filled.struck == roll.struck).all()
    assert (filled.sounding == roll.sounding).all()


def test_a_pickup_is_padded_in_front_to_a_whole_measure() -> None:
    longer, front = padded(a_roll(2, pickup=2))
    assert (front, longer.ticks) == (6, 24)
    assert longer.place.tolist() == [*range(8)] * 3
    assert longer.known[:, :6].all()
    assert not longer.sounding[:, :6].any()


def test_so_many_cells_are_struck_as_are_to_be_expected_the_likeliest() -> None:
    chances = torch.zeros(1, 1, KEYS, 3)
    chances[..., OFF] = 1.0
    for key, chance in ((10, 0.4), (14, 0.7), (17, 0.6), (22, 0.2)):  # 1.9 strikes are to be expected
        chances[0, 0, key] = torch.tensor([1 - chance, 0.0, chance])
    chances[0, 0, 30] = torch.tensor([0.2, 0.8, 0.0])
    rolls = stack([under_melody(a_roll()).cut(0, 8)])
    blank = replace(rolls, state=torch.zeros(1, 1, KEYS, dtype=torch.long), known=torch.zeros(1, 1, KEYS).bool())
    done = settle(blank, chances, torch.ones(1, KEYS, dtype=torch.bool), WIDE, Thresholds(more=0.5, held=0.5))
    assert torch.nonzero(done.state[0, 0] == STRUCK).flatten().tolist() == [14, 17]
    assert torch.nonzero(done.state[0, 0] == HELD).flatten().tolist() == [30]
    assert done.known.all()


def test_of_several_answers_the_one_is_kept_that_agrees_with_most() -> None:
    answers = torch.tensor([[0, 0, 0, 1], [1, 1, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0]]).float()
    assert most_agreed(answers) == 2  # F1 of 0.8 with two of the others


def test_a_note_sounds_from_its_strike_for_as_long_as_it_goes_on() -> None:
    struck = np.array([[False, True, False, False, False, False]])
    goes_on = np.array([[True, False, True, True, False, True]])
    assert held_on(struck, goes_on).tolist() == [[False, True, True, True, False, False]]


def test_downbeats_are_settled_first_and_each_tick_once() -> None:
    roll = a_roll(2)
    rounds = rounds_of(roll.measure, roll.place)
    assert rounds.tolist() == [0, 4, 3, 4, 2, 4, 3, 4, 1, 4, 3, 4, 2, 4, 3, 4]
    assert set(rounds) == set(range(len(ROUNDS)))


def test_divergence_of_two_gaussians_is_that_of_the_textbook() -> None:
    one = Code(torch.tensor([[[1.0]]]), torch.tensor([[[0.0]]]))
    other = Code(torch.tensor([[[0.0]]]), torch.log(torch.tensor([[[2.0]]])))
    # log(2/1) + (1 + 1) / (2 * 4) - 1/2
    assert float(one.divergence(other)) == pytest.approx(np.log(2) + 0.25 - 0.5)


def test_learning_a_roll_by_heart_rebuilds_it() -> None:
    torch.manual_seed(0)
    network = DeepHear(replace(TINY, code=8, tick_units=32, units=32, decoder_units=32))
    whole = stack([a_roll()] * 4)
    batch = Windows(whole, stack([under_melody(a_roll())] * 4))
    wishes = DeepHearOptions(divergence=0.001)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60):
        value = loss(network, batch, wishes)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    roll = a_roll()
    filler = DeepHearFiller(network)
    again = filler.reconstruct(roll.sounding[None], roll.struck[None], np.array([0]))
    assert (again[0] != roll.sounding).sum() < 0.05 * roll.sounding.sum()
    filled = filler.fill(under_melody(roll), options())
    assert (filled.accompaniment() & roll.accompaniment()).sum() > 0.9 * roll.accompaniment().sum()


def test_what_random_codes_decode_to_has_a_strike_for_each_note(filler: DeepHearFiller) -> None:
    made = filler.generate(2, seed=1)
    assert made.shape == (2, KEYS, 64)
    assert (made == filler.generate(2, seed=1)).all()


@pytest.mark.parametrize(
    ("name", "value"), [("iterations", -1), ("restarts", 0), ("temperature", -0.5), ("temperature", 11)]
)
def test_options_out_of_their_limits_are_refused(name: str, value: float) -> None:
    with pytest.raises(RequestError, match=f"{name} is {value}"):
        ManipulationOptions(**{name: value})  # type: ignore[arg-type]


def test_windows_begin_with_a_measure_and_hide_what_they_say() -> None:
    from scoreassist.corpus import RagPiece

    windows = RollWindows([RagPiece("a", "train", a_roll(20, pickup=2))], DeepHearOptions(batch=8, window=64))
    batch = windows(0)
    assert batch.whole.state.shape == (8, 64, KEYS)
    assert (batch.whole.place == torch.arange(64) % 8).all()
    assert (batch.whole.state == windows(0).whole.state).all()
    assert not batch.given.known.all()
    assert batch.whole.known.all()


def test_of_two_keys_a_semitone_apart_only_the_likelier_is_struck() -> None:
    chances = torch.zeros(1, 1, KEYS)
    for key, chance in ((40, 0.9), (41, 0.8), (44, 0.5), (50, 0.7)):
        chances[0, 0, key] = chance
    given = torch.zeros(1, 1, KEYS, dtype=torch.bool)
    given[0, 0, 51] = True
    chosen = likeliest(chances, torch.tensor([[3.0]]), given, WIDE)
    assert torch.nonzero(chosen[0, 0]).flatten().tolist() == [40, 44]


def test_measures_of_4_4_are_filled_as_two_of_2_4(filler: DeepHearFiller) -> None:
    in_two = under_melody(a_roll(8))
    in_four = replace(in_two, measure=in_two.measure // 2)
    assert (filler.fill(in_two, options()).struck == filler.fill(in_four, options()).struck).all()


def test_what_is_hidden_is_not_seen(filler: DeepHearFiller) -> None:
    roll = a_roll()
    under = under_melody(roll)
    true_below = replace(under, struck=roll.struck, sounding=roll.sounding)
    hidden = ~under.known
    one, other = filler.fill(under, options()), filler.fill(true_below, options())
    assert (one.struck == other.struck)[hidden].all()
    assert (one.sounding == other.sounding)[hidden].all()


def test_low_notes_are_octaves_or_fifths_as_they_sound() -> None:
    apart = semitones_apart(np.array([0, 5]))
    # C2, E2, G2, C3; E3, G3: in its own key, and where the music was moved up by a fourth.
    assert [int(apart[0, midi - LOWEST_KEY]) for midi in (36, 40, 43, 48, 52, 55)] == [6, 6, 6, 2, 2, 1]
    assert [int(apart[1, midi - LOWEST_KEY]) for midi in (41, 52, 53, 60)] == [6, 6, 2, 1]
    chances = torch.zeros(1, 1, KEYS)
    for midi, chance in ((36, 0.9), (40, 0.8), (43, 0.5), (48, 0.7)):
        chances[0, 0, midi - LOWEST_KEY] = chance
    chosen = likeliest(chances, torch.tensor([[4.0]]), torch.zeros(1, 1, KEYS, dtype=torch.bool), apart[:1])
    # E is too near to C, and so is the G below the upper C.
    assert (torch.nonzero(chosen[0, 0]).flatten() + LOWEST_KEY).tolist() == [36, 48]
