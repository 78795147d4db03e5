"""The paper's constraint sets: pins hold, melodies lead into them, and the benchmark counts what it says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))

from constraints import SETS, Outcome, Pins, cell_log_probs, listening, measure, sample, table, task

from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
from scoreassist.networks.store import load_network


@pytest.fixture(scope="module")
def network() -> AnticipationRNN:
    return load_network("bach-melody")


@pytest.mark.parametrize("name", SETS)
def test_every_pin_holds_in_every_sample(network: AnticipationRNN, name: str):
    drawn = sample(network, SETS[name], 3, seed=1)
    for beat, pitch in SETS[name].at.items():
        assert (drawn.pitch[:, 0, int(4 * beat)] == pitch).all()
        assert drawn.struck[:, 0, int(4 * beat)].all()


def test_the_sets_are_what_the_paper_says():
    assert SETS["C0"].ticks == {32: 67}  # one G4 at beat 9, counted from 1
    ending = [pitch for beat, pitch in SETS["C1"].at.items() if beat >= 12]
    assert [pitch for beat, pitch in SETS["C2"].at.items() if beat >= 12] == [pitch + 6 for pitch in ending]
    assert [pitch % 12 for pitch in SETS["C3"].at.values()] == [2, 2, 2, 2, 9]
    assert list(SETS["C4"].at.values()) == list(range(60, 73))
    assert len(SETS["C5"].at) == len(SETS["C6"].at) == 40
    assert {beat * 2 % 1 for beat in SETS["C5"].at} == {beat % 1 for beat in SETS["C6"].at} == {0}


def test_nothing_but_the_pins_is_given():
    asked = task(SETS["C0"])
    assert np.argwhere(asked.grid.known).tolist() == [[0, 32]]


def test_the_network_leads_into_a_pin_of_which_it_is_told(network: AnticipationRNN):
    chances = {way: measure(network, SETS["C0"], way, 40, seed=1).met_freely() for way in ("told", "not told")}
    assert chances["told"] > 2 * chances["not told"]


def test_what_was_drawn_is_found_as_likely_as_when_it_was_drawn(network: AnticipationRNN):
    pins = Pins("two notes", 1, {1: 67, 3: 65})
    for way in ("told", "not told", "zeroed"):
        with listening(network, way):
            drawn = sample(network, pins, 3, seed=2)
            again = cell_log_probs(network, drawn.task.grid, drawn)
        free = drawn.drawn[0]
        assert np.allclose(again[:, free], drawn.log_prob[:, 0, free], atol=1e-3)
        assert (again[:, ~free] < 0).all()  # a pin is copied, but it costs what it would have


def test_a_network_hears_again_afterwards(network: AnticipationRNN):
    pins = SETS["C0"]
    before = measure(network, pins, "told", 2, seed=1).log_prob
    for way in ("not told", "zeroed"):
        assert not np.array_equal(measure(network, pins, way, 2, seed=1).log_prob, before)
    assert np.array_equal(measure(network, pins, "told", 2, seed=1).log_prob, before)


def test_figures_of_pins_and_paths_by_hand():
    # One measure, a pin on its second and its third beat; every free cell has a chance of one half.
    log_prob = np.full((2, 16), np.log(0.5))
    log_prob[:, 4] = np.log([0.2, 0.4])
    log_prob[:, 8] = np.log([0.5, 1.0])
    outcome = Outcome(Pins("two pins", 1, {1: 67, 2: 67}), 1.0, log_prob, 0.0)
    assert outcome.met_freely() == pytest.approx((0.2 + 0.4 + 0.5 + 1.0) / 4)
    assert outcome.all_met_freely() == pytest.approx((0.2 * 0.5 + 0.4 * 1.0) / 2)
    assert outcome.pin() == pytest.approx(np.log([0.2, 0.4, 0.5, 1.0]).mean())
    # Into the first pin four free cells, into the second seven: the first pin is none of its path.
    assert outcome.path() == pytest.approx(outcome.pin() + np.log(0.5) * (4 + 7) / 2)


def test_the_table_has_a_row_for_each_set(network: AnticipationRNN):
    ways = {way: measure(network, SETS["C0"], way, 2, seed=1) for way in ("told", "not told", "zeroed")}
    head, _, row = table({"C0": ways}).splitlines()
    assert head.count("|") == row.count("|")
    assert row.startswith("| C0 | one G4 at beat 9 (1) | 100 % |")
