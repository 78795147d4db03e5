"""Training learns, resumes exactly, and refuses what a checkpoint does not belong to."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from scoreassist.corpus import chorales
from scoreassist.errors import ModelError, RequestError
from scoreassist.evaluation import evaluate, known_cells, nll, piece_log_probs
from scoreassist.grid.vocabulary import TRAINED_RANGES
from scoreassist.networks.anticipation_rnn.network import AnticipationConfig, AnticipationRNN
from scoreassist.networks.store import NETWORKS, Kind, list_models, load_filler, load_network, save_network
from scoreassist.recipes.chorale import ChoraleOptions, loss, windows
from scoreassist.training import TrainingOptions, learning_rate, train

TINY = AnticipationConfig(
    embedding=8,
    metadata=4,
    token_units=24,
    token_layers=1,
    constraint_units=8,
    constraint_layers=1,
    head_units=16,
    dropout=0.1,
    interval=4,
)
OPTIONS = ChoraleOptions(
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


def run(few, options, folder, report=lambda row: None):
    return train(build(), windows(few, options), loss, options, folder, figures(few), report)


def test_a_few_steps_learn_something_and_a_stopped_run_resumes_exactly(few, tmp_path):
    whole = run(few, OPTIONS, tmp_path / "whole")
    assert figures(few)(whole)["nll"] < np.log(50) - 1  # a uniform guess costs log 50 nats

    class Stop(Exception):
        pass

    def stop_at_twenty(row):
        if row["step"] == 20:
            raise Stop

    with pytest.raises(Stop):
        run(few, OPTIONS, tmp_path / "parts", stop_at_twenty)
    resumed = run(few, OPTIONS, tmp_path / "parts")
    for a, b in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    history = json.loads((tmp_path / "parts" / "history.json").read_text())
    assert [row["step"] for row in history] == [10, 20, 30]


def test_every_step_is_reported_and_the_history_has_a_row_now_and_then(few, tmp_path):
    rows: list[dict[str, float]] = []
    options = replace(OPTIONS, steps=7, log_every=3, validate_every=5)
    run(few, options, tmp_path, rows.append)
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["step"] for row in rows if "nll" in row] == [5, 7]
    history = json.loads((tmp_path / "history.json").read_text())
    assert [row["step"] for row in history] == [3, 5, 6, 7]


@pytest.mark.parametrize(
    ("others", "pieces", "word"),
    [({"steps": 11}, 3, "options"), ({}, 2, "data"), ({"learning_rate": 0.1}, 3, "options")],
)
def test_a_checkpoint_of_other_options_or_data_is_refused(few, tmp_path, others, pieces, word):
    options = replace(OPTIONS, steps=10)
    run(few, options, tmp_path)
    with pytest.raises(ModelError, match=f"other {word}"):
        run(few[:pieces], replace(options, **others), tmp_path)


def test_a_checkpoint_of_another_size_is_refused(few, tmp_path):
    options = replace(OPTIONS, steps=10)
    run(few, options, tmp_path)
    other = AnticipationRNN(replace(TINY, token_units=16))
    with pytest.raises(ModelError, match="other sizes"):
        train(other, windows(few, options), loss, options, tmp_path, figures(few))


def test_nothing_is_averaged_if_nothing_shall_be(few, tmp_path):
    options = replace(OPTIONS, steps=3, validate_every=3, average=0.0)
    network = build()
    best = train(network, windows(few, options), loss, options, tmp_path, figures(few))
    for a, b in zip(best.state_dict().values(), network.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_the_rate_warms_up_and_falls():
    rates = [learning_rate(step, OPTIONS) for step in range(OPTIONS.steps)]
    assert rates[0] < rates[4] == pytest.approx(OPTIONS.learning_rate)
    assert rates[-1] < 0.1 * rates[4]


def test_a_final_rate_of_one_keeps_the_rate():
    options = TrainingOptions(steps=30, warmup=0, final_rate=1.0, learning_rate=1e-4)
    assert {round(learning_rate(step, options), 9) for step in range(30)} == {1e-4}


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch": 0}, {"log_every": 0}])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(RequestError, match="at least 1"):
        TrainingOptions(**wrong)


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


def test_weights_of_an_unknown_network_or_size_are_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr("scoreassist.networks.store.data_folder", lambda kind: tmp_path)
    save_network(build(), tmp_path / "tiny", {"summary": "", "data": "", "licence": "", "figures": {}})
    path = tmp_path / "tiny" / "config.json"
    config = json.loads(path.read_text())
    assert config["network"] == "anticipation-rnn"
    for change in ({"network": "oracle"}, {"sizes": {**config["sizes"], "crystals": 3}}):
        load_network.cache_clear()
        path.write_text(json.dumps(config | change))
        with pytest.raises(ModelError, match=r"no network 'oracle'|no size 'crystals'"):
            load_network("tiny")
    load_network.cache_clear()


def test_a_network_that_only_helps_others_is_no_filler(tmp_path, monkeypatch):
    monkeypatch.setattr("scoreassist.networks.store.data_folder", lambda kind: tmp_path)
    helper = Kind("anticipation_rnn.network:AnticipationRNN", "anticipation_rnn.network:AnticipationConfig")
    monkeypatch.setitem(NETWORKS, "anticipation-rnn", helper)
    save_network(build(), tmp_path / "tiny", {"summary": "", "data": "", "licence": "", "figures": {}})
    load_network.cache_clear()
    with pytest.raises(ModelError, match="by itself"):
        load_filler("tiny")
    load_network.cache_clear()


def test_the_shipped_model_is_as_good_as_its_card_says():
    figures = next(m["figures"] for m in list_models() if m["name"] == "bach-chorale")
    assert evaluate(load_network(), "free", "valid")["nll_cell"] == pytest.approx(
        figures["free, valid, music21 chorales"]["nll_cell"], abs=0.002
    )


def test_the_ranges_that_the_network_knows_are_those_of_the_chorales():
    for voice, (low, high) in enumerate(TRAINED_RANGES):
        sung = np.concatenate([piece.grid.pitch[voice] for piece in chorales("train", "extra")])
        assert (sung[sung >= 0].min(), sung.max()) == (low, high)
