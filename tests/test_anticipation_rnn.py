"""The network is a proper distribution, reads its constraints, and known cells never change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from scoreassist.corpus import bare_grid
from scoreassist.grid.holes import FREE, HOLD, STRIKE
from scoreassist.grid.vocabulary import REST_PITCH, UNKNOWN
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn.filler import AnticipationFiller, best_transposition
from scoreassist.networks.anticipation_rnn.network import AnticipationConfig, AnticipationRNN
from scoreassist.networks.batches import ahead, cells, collate_padded
from scoreassist.networks.filler import Task
from scoreassist.sampling import SamplingOptions
from scoreassist.theory.voice_leading import crossings, parallels

# A cadence in C major, quarters: C - F - G7 - C.
CADENCE = np.repeat(np.array([[76, 77, 74, 72], [67, 69, 71, 67], [60, 60, 65, 64], [48, 53, 55, 48]]), 4, axis=1)


@pytest.fixture(scope="module")
def network() -> AnticipationRNN:
    torch.manual_seed(3)
    small = AnticipationConfig(
        embedding=8, metadata=6, token_units=24, constraint_units=12, head_units=16, dropout=0.3
    )
    built = AnticipationRNN(small)
    for parameter in built.tables.parameters():  # they start at zero, which would hide mistakes
        torch.nn.init.normal_(parameter, std=0.3)
    return built.eval()


def piece() -> Grid:
    """The cadence with metre and key."""
    grid = bare_grid(CADENCE)
    level = np.tile([0, 4, 3, 4, 2, 4, 3, 4], 2)
    return replace(grid, level=level, fifths=np.zeros(16, dtype=np.int64))


def log_probs(network: AnticipationRNN, grid: Grid, known: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.inference_mode():
        return network.log_prob(collate_padded([cells(grid, known)]))


def nothing() -> np.ndarray:
    return np.zeros(CADENCE.shape, dtype=bool)


def task(known: np.ndarray, grid: Grid | None = None) -> Task:
    grid = grid or piece()
    return Task(replace(grid, known=known), nothing(), np.full(CADENCE.shape, FREE))


def test_pitches_of_a_cell_sum_to_one(network):
    with torch.inference_mode():
        logits, _ = network(collate_padded([cells(piece(), nothing())]))
    assert torch.allclose(torch.softmax(logits, -1).sum(-1), torch.ones(logits.shape[:-1]))


def test_a_later_unknown_cell_never_changes_an_earlier_probability(network):
    changed = piece()
    changed.pitch[2, 8:] = 62
    before = log_probs(network, piece(), nothing())[0]
    after = log_probs(network, changed, nothing())[0]
    assert torch.equal(before[..., :8], after[..., :8])
    assert not torch.equal(before[..., 8:16], after[..., 8:16])


def test_within_a_tick_the_order_is_soprano_bass_alto_tenor(network):
    changed = piece()
    changed.pitch[1, 8] = 69  # the alto is drawn after soprano and bass, before the tenor
    before = log_probs(network, piece(), nothing())[0][0, :, 8]
    after = log_probs(network, changed, nothing())[0][0, :, 8]
    assert torch.equal(before[[0, 3]], after[[0, 3]])
    assert before[2] != after[2]


def test_a_later_known_cell_changes_an_earlier_probability(network):
    known = nothing()
    known[0, 12:] = True
    free = log_probs(network, piece(), nothing())[0]
    pinned = log_probs(network, piece(), known)[0]
    assert not torch.allclose(free[0, 1, :8], pinned[0, 1, :8])


def test_known_cells_cost_nothing(network):
    known = nothing()
    known[0] = True
    pitch, articulation = log_probs(network, piece(), known)
    assert not pitch[0, 0].any()
    assert not articulation[0, 0].any()


def test_what_the_sampler_says_is_the_exact_likelihood(network):
    known = nothing()
    known[0] = True
    known[3, 4:8] = True
    options = SamplingOptions(candidates=3, rules=("rests", "range"))
    # The last bass note is the soprano's octave, which is free to end anywhere: pin it, so that nothing else is.
    known[3, 12:] = True
    filling = AnticipationFiller(network).fill(task(known), options)
    pitch, articulation = log_probs(network, filling.grid, known)
    ours = torch.from_numpy(filling.log_prob)[:, :12]
    assert torch.allclose((pitch + articulation)[0, :, :12], ours, atol=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_known_cells_never_change(network, seed):
    rng = np.random.default_rng(seed)
    known = rng.random(CADENCE.shape) < 0.5
    options = SamplingOptions(seed=seed, temperature=3.0, candidates=2)
    filled = AnticipationFiller(network).fill(task(known), options).grid
    assert (filled.pitch[known] == CADENCE[known]).all()
    assert (filled.struck[known] == piece().struck[known]).all()
    assert filled.known.all()


def test_rules_hold_in_what_an_untrained_network_writes(network):
    known = nothing()
    known[0] = True
    for seed in range(3):
        options = SamplingOptions(seed=seed, temperature=2.0, candidates=4)
        filling = AnticipationFiller(network).fill(task(known), options)
        if not filling.gave_way:
            assert not crossings(filling.grid.pitch).any()
            assert not parallels(filling.grid.pitch, 7).any()
            assert not parallels(filling.grid.pitch, 0).any()


def test_the_same_seed_fills_the_same_and_another_does_not(network):
    known = nothing()
    known[0] = True
    fills = [
        AnticipationFiller(network).fill(task(known), SamplingOptions(seed=seed, temperature=2.0)).grid.pitch
        for seed in (1, 1, 2)
    ]
    assert (fills[0] == fills[1]).all()
    assert (fills[0] != fills[2]).any()


def test_a_hole_that_the_ending_settles_needs_no_drawing(network):
    known = ~nothing()
    known[3, 12:] = False
    filling = AnticipationFiller(network).fill(task(known), SamplingOptions())
    assert set(filling.grid.pitch[3, 12:]) == {48}
    assert not filling.drawn.any()


def test_a_piece_that_may_end_freely_ends_on_its_tonic_and_holds(network):
    known = nothing()
    known[0] = True
    filled = AnticipationFiller(network).fill(task(known), SamplingOptions(temperature=2.0)).grid
    assert filled.pitch[3, -1] % 12 == 0
    assert not filled.struck[:, 13:].any()


def test_in_compound_time_the_voices_move_with_the_melody_or_the_beat(network):
    level = np.array([0, 4, 3, 4, 3, 4, 2, 4, 3, 4, 3, 4, 0, 4, 3, 4])  # 6/8
    melody = np.array([[72] * 4 + [74] * 2 + [76] * 6 + [72] * 4])  # quarter, eighth, dotted quarter
    grid = bare_grid(np.vstack([melody, CADENCE[1:]]))
    grid = replace(grid, level=level, fifths=np.zeros(16, dtype=np.int64), compound=np.ones(16, dtype=bool))
    known = nothing()
    known[0] = True
    elsewhere = [tick for tick in range(16) if tick not in (0, 4, 6, 12)]

    def restless(rules: tuple[str, ...]) -> int:
        fills = [
            AnticipationFiller(network).fill(task(known, grid), SamplingOptions(seed=seed, rules=rules)).grid
            for seed in range(6)
        ]
        return sum(int(filled.struck[1:, elsewhere].sum()) for filled in fills)

    rules = SamplingOptions().rules
    without = restless(tuple(rule for rule in rules if rule != "stillness"))
    assert restless(rules) < 0.2 * without


def test_slash_rhythm_is_kept(network):
    known = ~nothing()
    known[1] = False
    rhythm = np.full(CADENCE.shape, FREE)
    rhythm[1] = HOLD
    rhythm[1, [0, 8]] = STRIKE
    asked = Task(replace(piece(), known=known), nothing(), rhythm)
    filled = AnticipationFiller(network).fill(asked, SamplingOptions(temperature=2.0)).grid
    assert list(np.flatnonzero(filled.struck[1])) == [0, 8]


def test_a_soprano_out_of_range_is_read_transposed_and_comes_back_at_pitch(network):
    known = nothing()
    known[0] = True
    high = replace(piece(), pitch=CADENCE + 12)
    assert best_transposition(replace(high, known=known)) == -8  # the top note F6 (89) comes down to A5 (81)
    filling = AnticipationFiller(network).fill(task(known, high), SamplingOptions())
    assert (filling.grid.pitch[0] == CADENCE[0] + 12).all()
    assert filling.transposition == -8


def test_voices_rest_where_they_must(network):
    known = nothing()
    known[0] = True
    silent = piece()
    silent.pitch[0, 8:12] = REST_PITCH
    rest = nothing()
    rest[1:, 8:12] = True
    asked = Task(replace(silent, known=known), rest, np.full(CADENCE.shape, FREE))
    filled = AnticipationFiller(network).fill(asked, SamplingOptions()).grid
    assert (filled.pitch[:, 8:12] == REST_PITCH).all()
    assert (filled.pitch[:, :8] != REST_PITCH).all()


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"echo": False},
        {"ahead": False},
        {"relations": False, "ahead": False},
        {"relations": False, "ahead": False, "echo": False},
    ],
)
@pytest.mark.parametrize("half", [False, True], ids=["single precision", "half precision"])
def test_a_tick_at_a_time_the_network_says_the_same(kind, half):
    torch.manual_seed(5)
    sizes = {"embedding": 8, "metadata": 6, "token_units": 24, "constraint_units": 12, "head_units": 16}
    network = AnticipationRNN(AnticipationConfig(**sizes, **kind)).eval()
    for parameter in network.parameters():  # some start at zero, which would hide mistakes
        torch.nn.init.normal_(parameter, std=0.3)
        parameter.data = parameter.data.half().float() if half else parameter.data
    known = np.random.default_rng(1).random((4, 48)) < 0.3
    known[:, :5] = True  # run over at once
    grid = bare_grid(np.tile(CADENCE, (1, 3)))  # repeats itself, so that there are echoes
    asked = Task(replace(grid, known=known), np.zeros_like(known), np.full(known.shape, FREE))
    filling = AnticipationFiller(network, unaided=True).fill(asked, SamplingOptions(candidates=3, rules=()))
    pitch, articulation = log_probs(network, filling.grid, known)
    ours = torch.from_numpy(filling.log_prob)
    assert torch.allclose((pitch + articulation)[0, :, :48], ours, atol=1e-4)


def test_of_nothing_hidden_and_of_an_empty_grid_nothing_is_drawn(network):
    everything = ~nothing()
    filled = AnticipationFiller(network).fill(task(everything), SamplingOptions())
    assert np.array_equal(filled.grid.pitch, CADENCE)
    empty = piece().cut(0, 0)
    asked = Task(empty, np.zeros((4, 0), dtype=bool), np.zeros((4, 0), dtype=np.int64))
    assert AnticipationFiller(network).fill(asked, SamplingOptions()).grid.ticks == 0


def test_what_is_given_next_is_told_with_its_distance():
    token = np.array([[5, 5, 7, 9, 9, 4, 4, 4]])
    known = np.array([[0, 1, 1, 0, 1, 1, 0, 1]], dtype=bool)
    coming, coming_in, change, change_in = ahead(token, known)
    assert coming[0].tolist() == [5, 7, 9, 9, 4, 4, 4, UNKNOWN]
    assert coming_in[0].tolist() == [1, 1, 2, 1, 1, 2, 1, 0]
    assert change[0].tolist() == [7, 9, 4, 4, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]
    assert change_in[0].tolist() == [2, 3, 3, 2, 0, 0, 0, 0]


def test_a_deaf_network_knows_nothing_of_what_is_to_come(network):
    known = nothing()
    known[:, 12:] = True
    deaf = AnticipationRNN(replace(network.config, deaf=True)).eval()
    deaf.load_state_dict(network.state_dict())
    changed = piece()
    changed.pitch[:, 12:] += 2

    def before(of: AnticipationRNN, grid: Grid) -> torch.Tensor:
        return log_probs(of, grid, known)[0][..., :12]

    assert torch.equal(before(deaf, piece()), before(deaf, changed))
    assert not torch.equal(before(network, piece()), before(network, changed))
