"""Training learns, resumes exactly, and stays off the chorales that it must not see."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from scoreassist.corpus import chorales
from scoreassist.errors import ModelError
from scoreassist.evaluation import evaluate, known_cells, nll, piece_log_probs
from scoreassist.folders import data_folder
from scoreassist.grid.vocabulary import TRAINED_RANGES
from scoreassist.networks.anticipation_rnn import AnticipationConfig, AnticipationRNN
from scoreassist.networks.store import list_models, load_network, save_network
from scoreassist.training import (
    ChoraleWindows,
    TrainingOptions,
    allowed_transpositions,
    learning_rate,
    random_mask,
    train,
)

TINY = AnticipationConfig(embedding=8, metadata=4, token_units=24, constraint_units=8, head_units=16, dropout=0.0)
OPTIONS = TrainingOptions(
    steps=30, batch=4, window=32, warmup=5, validate_every=10, log_every=10, learning_rate=0.02
)


def build() -> AnticipationRNN:
    torch.manual_seed(0)
    return AnticipationRNN(TINY)


@pytest.fixture(scope="module")
def few():
    return chorales("train")[:3]


def figures(few):
    grids = [piece.grid for piece in few]

    def validate(network: AnticipationRNN) -> dict[str, float]:
        known = [np.zeros_like(grid.known) for grid in grids]
        return {"nll": nll(piece_log_probs(network, grids, known), [g.known for g in grids])["nll_cell"]}

    return validate


def test_a_few_steps_learn_something_and_a_stopped_run_resumes_exactly(few, tmp_path):
    validate = figures(few)
    whole = train(build(), ChoraleWindows(few, OPTIONS).batch, OPTIONS, tmp_path / "whole", validate)
    assert validate(whole)["nll"] < np.log(50) - 1  # a uniform guess costs log 50 nats

    class Stop(Exception):
        pass

    def stop_at_ten(row):
        if row["step"] == 20:
            raise Stop

    windows = ChoraleWindows(few, OPTIONS)
    with pytest.raises(Stop):
        train(build(), windows.batch, OPTIONS, tmp_path / "parts", validate, stop_at_ten)
    resumed = train(build(), windows.batch, OPTIONS, tmp_path / "parts", validate)
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    history = json.loads((tmp_path / "parts" / "history.json").read_text())
    assert [row["step"] for row in history] == [10, 20, 30]


def test_a_checkpoint_of_other_options_is_refused(few, tmp_path):
    windows = ChoraleWindows(few, OPTIONS)
    train(build(), windows.batch, replace(OPTIONS, steps=10), tmp_path, figures(few))
    with pytest.raises(ModelError, match="other options"):
        train(build(), windows.batch, OPTIONS, tmp_path, figures(few))


def test_the_same_step_draws_the_same_batch(few):
    one, two = ChoraleWindows(few, OPTIONS).batch(7), ChoraleWindows(few, OPTIONS).batch(7)
    assert torch.equal(one.token, two.token)
    assert not torch.equal(one.token, ChoraleWindows(few, OPTIONS).batch(8).token)


def test_drawing_batches_leaves_the_chorales_as_they_are(few):
    windows = ChoraleWindows(few, OPTIONS)
    before = [piece.fermata.copy() for piece in windows.full]
    for step in range(20):
        windows.batch(step)
    assert all((a == piece.fermata).all() for a, piece in zip(before, windows.full, strict=True))


def test_transpositions_keep_every_voice_in_range(few):
    for piece in few:
        for shift in allowed_transpositions(piece.grid.pitch):
            for row, (low, high) in zip(piece.grid.pitch, TRAINED_RANGES, strict=True):
                sung = row[row >= 0] + shift
                assert shift == 0 or (sung.min() >= low and sung.max() <= high)


def test_masks_hide_something():
    rng = np.random.default_rng(0)
    kinds = [random_mask(rng, 4, 64) for _ in range(200)]
    assert sum(not mask.any() for mask in kinds) > 40  # nothing known
    assert sum(mask.all() for mask in kinds) < 30


def test_the_rate_warms_up_and_falls():
    rates = [learning_rate(step, OPTIONS) for step in range(OPTIONS.steps)]
    assert rates[0] < rates[4] == pytest.approx(OPTIONS.learning_rate)
    assert rates[-1] < 0.1 * rates[4]


def test_no_test_or_valid_chorale_is_trained_on():
    rows = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())["chorales"]
    trained = {piece.name for piece in chorales("train", "extra")}
    assert trained == {name for name, row in rows.items() if row["split"] in ("train", "extra")}
    assert not trained & {name for name, row in rows.items() if row["split"] in ("valid", "test", "excluded")}
    assert len(chorales("test")) == 81


def test_the_tasks_give_what_they_say(few):
    grid, rng = few[0].grid, np.random.default_rng(0)
    assert not known_cells("free", grid, rng).any()
    assert known_cells("harmonize", grid, rng).any(axis=1).tolist() == [True, False, False, False]
    assert known_cells("inner", grid, rng).any(axis=1).tolist() == [True, False, False, True]
    assert int((~known_cells("region", grid, rng)).any(axis=0).sum()) == 32


def test_saved_weights_come_back(tmp_path, monkeypatch):
    monkeypatch.setattr("scoreassist.networks.store.data_folder", lambda kind: tmp_path)
    load_network.cache_clear()
    network = build()
    save_network(network, tmp_path / "tiny", {"summary": "", "data": "", "licence": "", "figures": {}})
    back = load_network("tiny")
    for key, value in network.state_dict().items():
        assert torch.allclose(back.state_dict()[key], value, atol=2e-3)
    load_network.cache_clear()
    weights = tmp_path / "tiny" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match="damaged"):
        load_network("tiny")
    with pytest.raises(ModelError, match="tiny"):
        load_network("huge")
    load_network.cache_clear()


def test_the_shipped_model_is_as_good_as_its_card_says():
    figures = next(m["figures"] for m in list_models() if m["name"] == "bach-chorale")
    assert evaluate(load_network(), "free", "valid")["nll_cell"] == pytest.approx(figures["valid nll"], abs=0.002)


def test_the_ranges_that_the_network_knows_are_those_of_the_chorales():
    for voice, (low, high) in enumerate(TRAINED_RANGES):
        sung = np.concatenate([piece.grid.pitch[voice] for piece in chorales("train", "extra")])
        assert (sung[sung >= 0].min(), sung.max()) == (low, high)
