"""DeepHear as published: a melody's mask, tied weights, layers trained one by one, and holes filled by descent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import music21
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from rolls import roll_of_notes

from scoreassist.cli import program
from scoreassist.corpus import RagPiece
from scoreassist.corpus.ragtime import read_rag
from scoreassist.evaluation.ragtime import windows
from scoreassist.grid.melody_mask import melody_mask
from scoreassist.grid.roll import KEYS, LOWEST_KEY, MEASURE_TICKS, Roll, RollNote
from scoreassist.grid.vocabulary import REST_PITCH as REST
from scoreassist.networks.deephear.options import ManipulationOptions
from scoreassist.networks.deephear.paper import (
    DeepHear2015,
    DeepHear2015Config,
    Paper,
    begins,
    cut,
    joined,
)
from scoreassist.networks.store import load_network
from scoreassist.recipes import deephear_2015 as recipe

TINY = DeepHear2015Config(ticks=16, units=(12, 6, 4))
WIDE = replace(TINY, ticks=64)
OPTIONS = ManipulationOptions(seed=3, iterations=20, restarts=4)
C4, E4, G4, C5 = 60, 64, 67, 72


@pytest.fixture
def network() -> DeepHear2015:
    torch.manual_seed(1)
    built = DeepHear2015(TINY)
    for parameter in built.parameters():  # far from nothing, so that codes differ in what they sound like
        torch.nn.init.normal_(parameter, std=1.0)
    return built


def roll_of(notes: list[RollNote], ticks: int, *, first_place: int = 0) -> Roll:
    """A roll of which all cells are known; its melody is not read."""
    struck, sounding = roll_of_notes(notes, ticks)
    nothing = np.zeros(ticks, dtype=np.int64)
    return Roll(
        sounding=sounding,
        struck=struck,
        right=np.zeros_like(struck),
        known=np.ones_like(struck),
        melody=np.full(ticks, REST),
        melody_struck=nothing.astype(bool),
        place=(np.arange(ticks) + first_place) % MEASURE_TICKS,
        fifths=nothing,
        measure=nothing,
    )


def under(melody: list[RollNote], ticks: int, **how: int) -> Roll:
    """A melody, above which and close below which everything is known, and nothing else."""
    roll = roll_of(melody, ticks, **how)
    line = np.full(ticks, REST)
    for note in melody:
        line[note.onset : note.onset + note.ticks] = note.midi
    return replace(roll, melody=line, known=melody_mask(line))


MELODY = under([RollNote(0, C5, 8), RollNote(8, G4, 4), RollNote(12, G4, 8)], 24)


# The mask


def lowest_known(melody: list[int], **how: int) -> list[int | None]:
    """The lowest known key of each tick (MIDI), all above it being known too; None where nothing is."""
    known = melody_mask(np.array(melody), **how)
    assert known.shape == (KEYS, len(melody))
    assert known.dtype == bool
    assert (np.diff(known.astype(int), axis=0) >= 0).all()
    return [int(np.argmax(tick)) + LOWEST_KEY if tick.any() else None for tick in known.T]


@pytest.mark.parametrize(
    ("melody", "lowest"),
    [
        pytest.param([72, 72, 76], [70, 70, 74], id="a whole tone below each note"),
        pytest.param([72, REST, 76], [70, 72, 74], id="a rest: from the lower neighbour, without the margin"),
        pytest.param([76, REST, REST, 72], [74, 72, 72, 70], id="a rest of two ticks, the lower note behind it"),
        pytest.param([REST, 72, REST], [72, 70, 72], id="rests at the ends have one neighbour"),
        pytest.param([REST, REST], [None, None], id="no melody, nothing known"),
        pytest.param([], [], id="no ticks"),
        pytest.param([22, 108], [21, 106], id="at the ends of the keyboard"),
    ],
)
def test_a_melody_says_what_lies_above_it_and_close_below(melody: list[int], lowest: list[int | None]):
    assert lowest_known(melody) == lowest


def test_the_margin_below_the_melody_can_be_another():
    assert lowest_known([60, REST], width=0) == [60, 60]
    assert lowest_known([60, REST], width=3) == [57, 60]


# The network


def test_decoding_has_the_weights_of_encoding_turned_round(network: DeepHear2015):
    code = torch.rand(3, 4)
    first, second, third = network.weights
    by_hand = torch.sigmoid(code @ third.T + network.down[2])
    by_hand = torch.sigmoid(by_hand @ second.T + network.down[1])
    by_hand = torch.sigmoid(by_hand @ first.T + network.down[0])
    assert torch.allclose(network.decode(code), by_hand)
    before = network.encode(torch.ones(1, TINY.cells)), network.decode(code)
    with torch.no_grad():
        third.mul_(2)  # one matrix changes both ways
    assert not torch.allclose(network.encode(torch.ones(1, TINY.cells)), before[0])
    assert not torch.allclose(network.decode(code), before[1])


def test_the_network_of_the_paper_has_its_sizes():
    published = DeepHear2015(recipe.RECIPE.sizes)
    assert [tuple(weight.shape) for weight in published.weights] == [
        (5632, 1024),
        (1024, 256),
        (256, 64),
        (64, 16),
    ]
    tied = sum(weight.numel() for weight in published.weights)
    biases = 5632 + 2 * (1024 + 256 + 64) + 16
    assert sum(parameter.numel() for parameter in published.parameters()) == tied + biases


def test_upper_layers_are_a_network_of_their_own(network: DeepHear2015):
    cells = (torch.rand(2, TINY.cells) < 0.1).float()
    first = torch.sigmoid(cells @ network.weights[0] + network.up[0])
    code = network.encode(cells)
    assert torch.allclose(network.encode(first, layer=1), code)
    below = torch.sigmoid(network.logits(code, layer=1))
    assert torch.allclose(below @ network.weights[0].T + network.down[0], network.logits(code), atol=1e-5)


def test_random_codes_are_zeros_and_ones_and_hang_on_the_seed(network: DeepHear2015):
    paper = Paper(network)
    rolls = paper.generate(40, seed=1)
    assert rolls.shape == (40, KEYS, TINY.ticks)
    assert (rolls == paper.generate(40, seed=1)).all()
    assert (rolls != paper.generate(40, seed=2)).any()
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4)
    possible = {(row > 0.5).numpy().tobytes() for row in network.decode(corners)}
    assert {window.tobytes() for window in rolls} <= possible


def test_what_comes_back_is_cut_at_the_threshold(network: DeepHear2015):
    windows = np.random.default_rng(0).random((5, KEYS, TINY.ticks)) < 0.1
    probability = network(torch.from_numpy(windows).float().flatten(1)).detach().numpy()
    assert (Paper(network).reconstruct(windows).reshape(5, -1) == (probability > 0.5)).all()
    low = DeepHear2015(replace(TINY, threshold=0.2))
    low.load_state_dict(network.state_dict())
    assert (Paper(low).reconstruct(windows).reshape(5, -1) == (probability > 0.2)).all()


# Filling


def test_known_cells_never_change_and_the_others_are_chosen(network: DeepHear2015):
    filled = Paper(network).fill(MELODY, OPTIONS)
    known = MELODY.known
    assert (filled.sounding[known] == MELODY.sounding[known]).all()
    assert (filled.struck[known] == MELODY.struck[known]).all()
    assert filled.known.all()
    assert filled.sounding[~known].any()
    assert not (filled.struck & ~filled.sounding).any()
    assert (filled.melody == MELODY.melody).all()


def test_what_stands_in_hidden_cells_is_not_looked_at(network: DeepHear2015):
    secret = replace(MELODY, sounding=MELODY.sounding | ~MELODY.known, struck=MELODY.struck | ~MELODY.known)
    one, two = (Paper(network).fill(roll, OPTIONS) for roll in (MELODY, secret))
    assert (one.sounding == two.sounding).all()
    assert (one.struck == two.struck).all()


def test_the_same_seed_gives_the_same_roll_and_another_another(network: DeepHear2015):
    once, again = (Paper(network).fill(MELODY, OPTIONS).sounding for _ in range(2))
    assert (once == again).all()
    few = replace(OPTIONS, restarts=1, iterations=0)
    others = [Paper(network).fill(MELODY, replace(few, seed=seed)).sounding for seed in range(8)]
    assert len({other.tobytes() for other in others}) > 1


def test_descent_finds_codes_that_agree_with_the_known_cells(network: DeepHear2015):
    torch.manual_seed(5)
    given = network.decode(torch.rand(3, 4)).detach()  # what the network can say
    known = (torch.rand(given.shape) < 0.5).float()

    def error(iterations: int, restarts: int = 4) -> float:
        options = replace(OPTIONS, iterations=iterations, restarts=restarts)
        code = Paper(network, rate=0.05).descend(given, known, options, lambda done, most: None)
        return ((network.decode(code) - given) ** 2 * known).sum().item()

    assert error(300) < 0.1 * error(0)
    assert error(0, restarts=30) < 0.7 * error(0, restarts=1)  # the best of them is kept


def test_a_roll_with_nothing_hidden_comes_back(network: DeepHear2015):
    whole = roll_of([RollNote(0, C4, 4)], 8)
    filled = Paper(network).fill(whole, OPTIONS)
    assert (filled.sounding == whole.sounding).all()


def test_a_roll_is_filled_by_one_thread_and_the_others_come_back(network: DeepHear2015):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seen: list[int] = []
    try:
        options = ManipulationOptions(iterations=2, restarts=1)
        Paper(network).fill(MELODY, options, lambda done, most: seen.append(torch.get_num_threads()))
        assert set(seen) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_windows_are_cut_and_joined_again():
    cells = np.random.default_rng(0).random((KEYS, 66)) < 0.5
    pieces = cut(cells, 6, 2, 64)
    assert pieces.shape == (2, KEYS, 64)
    assert not pieces[0, :, :6].any()
    assert (pieces[0, :, 6] == cells[:, 0]).all()
    assert (pieces[1, :, 0] == cells[:, 58]).all()
    assert (joined(pieces, 6, 66) == cells).all()


def test_a_pickup_stands_at_the_end_of_a_measure(network: DeepHear2015):
    """So a piece with one is filled as if rests that nobody knows were written before it."""
    late = under([RollNote(0, C5, 10)], 10, first_place=6)
    padded = under([RollNote(6, C5, 10)], 16)
    padded = replace(padded, known=padded.known & (np.arange(16) >= 6))
    filled, of_padded = (Paper(network).fill(roll, OPTIONS) for roll in (late, padded))
    assert (filled.sounding == of_padded.sounding[:, 6:]).all()


def test_a_cell_is_struck_where_it_begins_and_where_a_given_note_ends():
    sounding, known = np.zeros((2, KEYS, 6), dtype=bool)
    sounding[0] = [False, True, True, False, True, True]
    sounding[1] = [True, True, True, True, False, False]
    known[1, :2] = True
    struck = begins(sounding, known)
    assert struck[0].tolist() == [False, True, False, False, True, False]
    assert struck[1].tolist() == [True, True, True, False, False, False]


# Training


def rag(name: str = "a rag", seed: int = 0, *, pickup: int = 0, split: str = "train") -> RagPiece:
    """Eight measures of a bass and a chord, with some notes of its own."""
    rng = np.random.default_rng(seed)
    ticks = 8 * MEASURE_TICKS + pickup
    notes = [RollNote(tick, int(rng.choice([C4, E4, G4, C5])), 2) for tick in range(0, ticks - 1, 2)]
    notes += [RollNote(tick, 36 + int(rng.integers(2)) * 7, 2) for tick in range(pickup, ticks - 1, 4)]
    return RagPiece(name, split, roll_of(notes, ticks, first_place=-pickup % MEASURE_TICKS))


def test_contrastive_divergence_lowers_the_error_of_what_a_layer_rebuilds():
    generator = torch.Generator().manual_seed(0)
    cells = recipe.cells_of([rag(seed=seed) for seed in range(6)])
    network = DeepHear2015(WIDE)
    machine = recipe.Machine.of(network, 0, cells)

    def error() -> float:
        return float(recipe.squared_error(machine.visible(machine.hidden(cells)), cells))

    before = error()
    for _ in range(150):
        machine.step(cells, 0.1, 0.5, generator)
    assert error() < 0.8 * before
    assert torch.equal(machine.parameters[0], network.weights[0].data)


def test_a_step_of_contrastive_divergence_by_hand():
    """One visible and one hidden unit, which is always on: the weight moves by data minus what is dreamt."""
    machine = recipe.Machine(torch.zeros(1, 1), torch.full((1,), 100.0), torch.zeros(1))
    machine.step(torch.ones(4, 1), 1.0, 0.5, torch.Generator().manual_seed(0))
    weight, up, down = (float(parameter) for parameter in machine.parameters)
    assert weight == pytest.approx(1 - 0.5)  # dreamt with sigmoid(0)
    assert down == pytest.approx(0.5)
    assert up == pytest.approx(100)


def test_preparing_gives_a_better_start_than_chance():
    rags = [rag(seed=seed) for seed in range(3)]
    options = replace(recipe.RECIPE.options, batch=4, epochs=12, upper_epochs=4, machine_batch=4, upper_steps=10)
    torch.manual_seed(0)
    network = DeepHear2015(WIDE)
    cells = recipe.cells_of(rags)
    before = recipe.loss(network, cells, options).item()
    recipe.prepare(network, rags, options)
    assert recipe.loss(network, cells, options).item() < 0.5 * before
    torch.manual_seed(0)
    again = DeepHear2015(WIDE)
    recipe.prepare(again, rags, options)
    assert all(torch.equal(one, two) for one, two in zip(network.parameters(), again.parameters(), strict=True))


def test_figures_are_of_the_split_that_they_are_named_after():
    rags = [rag(seed=1), rag("another", 2, split="valid")]
    torch.manual_seed(0)
    figures = recipe.validation(rags)(DeepHear2015(WIDE))
    assert set(figures) == {"nll", "train wrong_cells", "valid wrong_cells"}
    named = {recipe.RECIPE.figure(key) for key in figures}
    assert named == {"train nll", "train wrong_cells", "valid wrong_cells"}


def test_the_command_prepares_and_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recipe, "ragtime", lambda *splits: [rag(seed=1, split=splits[0])])
    words = ["train", "deephear-2015", "--steps", "2", "--threads", "1"]
    sizes = ["units=12,6,4,3", "epochs=2", "upper_epochs=1", "upper_steps=2", "batch=2", "machine_batch=2"]
    for _ in range(2):  # the second run finds the checkpoint, and prepares nothing
        done = CliRunner().invoke(program, [*words, *(word for size in sizes for word in ("--set", size))])
        assert done.exit_code == 0, done.output
        monkeypatch.setattr(recipe.Machine, "step", lambda *what: pytest.fail("prepared again"))
    config = json.loads((tmp_path / "models" / "deephear-2015" / "config.json").read_text())
    assert config["network"] == "deephear-2015"
    assert config["sizes"]["units"] == [12, 6, 4, 3]
    assert "valid wrong_cells" in config["figures"]


# What is shipped


def test_the_shipped_network_rebuilds_a_rag_that_it_was_trained_on():
    """Music21's Maple Leaf Rag, not the edition that was trained on: some of its notes are others."""
    file = Path(music21.__file__).parent / "corpus" / "joplin" / "maple_leaf_rag.mxl"
    sounding = windows([read_rag(file)]).sounding
    rebuilt = Paper(load_network("deephear-2015")).reconstruct(sounding)
    wrong = (rebuilt != sounding).sum((1, 2))
    assert np.median(wrong) < 0.25 * sounding.sum((1, 2)).mean()


def test_the_shipped_network_invents_windows_full_of_notes():
    cells = Paper(load_network("deephear-2015")).generate(20, seed=0).sum((1, 2))
    assert 80 < cells.mean() < 300  # of 5632; Joplin's windows have about 250
