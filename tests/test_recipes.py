"""Recipes: what is trained on what, drawn how, and which command makes which model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from scoreassist.cli import program
from scoreassist.cli.train import _settings
from scoreassist.corpus import chorales
from scoreassist.errors import RequestError
from scoreassist.folders import data_folder
from scoreassist.grid.vocabulary import LOWEST, REST, TRAINED_RANGES
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
from scoreassist.networks.store import NETWORKS, list_models
from scoreassist.recipes import RECIPES, chorale, load_recipe, melody, networks, recipe_name
from scoreassist.recipes.windows import Windows, allowed_transpositions

CHORALE = chorale.ChoraleOptions(batch=6, window=32)
MELODY = replace(melody.RECIPE.options, batch=6, window=16)
SHIPPED = [name for name in RECIPES if name in {model["name"] for model in list_models()}]
TINY = ["embedding=4", "metadata=4", "token_units=8", "constraint_units=8", "head_units=8", "batch=2", "window=16"]


@pytest.fixture(scope="module")
def few():
    return chorales("train")[:3]


# The table


def test_a_network_and_a_corpus_name_one_recipe():
    pairs = [(row.network, row.corpus) for row in RECIPES.values()]
    assert len(pairs) == len(set(pairs))
    assert set(networks()) <= set(NETWORKS)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("anticipation-rnn",), "bach-chorale"),
        (("anticipation-rnn", "bach-chorales"), "bach-chorale"),
        (("anticipation-rnn", "bach-sopranos"), "bach-melody"),
        (("revision",), "bach-revision"),
    ],
)
def test_words_name_a_model(words: tuple[str, ...], name: str):
    assert recipe_name(*words) == name


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("oracle",), "anticipation-rnn, revision"),
        (("anticipation-rnn", "ragtime"), "bach-chorales, bach-sopranos"),
    ],
)
def test_what_there_is_no_recipe_for_is_refused_with_what_there_is(words: tuple[str, ...], told: str):
    with pytest.raises(RequestError, match=told):
        recipe_name(*words)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_of_its_recipe(name: str):
    model = next(model for model in list_models() if model["name"] == name)
    row = RECIPES[name]
    assert (model["network"], model["summary"]) == (row.network, row.summary)


# Data


def test_no_test_or_valid_chorale_is_trained_on():
    rows = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())["chorales"]
    trained = {piece.name for piece in chorale.pieces()[0]}
    assert trained == {name for name, row in rows.items() if row["split"] in ("train", "extra")}
    assert not trained & {name for name, row in rows.items() if row["split"] in ("valid", "test", "excluded")}
    assert len(chorales("test")) == 81


def test_melodies_are_validated_on_tunes_that_are_not_trained_on():
    trained, valid = melody.pieces()
    assert {piece.name for piece in trained} == {piece.name for piece in chorale.pieces()[0]}
    assert valid
    assert not any(piece.tune_in_train for piece in valid)
    assert {piece.split for piece in valid} == {"valid"}


# Windows


def drawn(batches: Windows, steps: int) -> Iterator[torch.Tensor]:
    return (batches(step).token for step in range(steps))


def test_the_same_step_draws_the_same_batch(few):
    one, two = chorale.windows(few, CHORALE), chorale.windows(few, CHORALE)
    assert torch.equal(one(7).token, two(7).token)
    assert not torch.equal(one(7).token, two(8).token)


def test_drawing_batches_leaves_the_chorales_as_they_are(few):
    batches = chorale.windows(few, CHORALE)
    before = [(piece.fermata.copy(), piece.known.copy()) for piece in batches.full]
    for _ in drawn(batches, 20):
        pass
    for (fermata, known), piece in zip(before, batches.full, strict=True):
        assert (fermata == piece.fermata).all()
        assert (known == piece.known).all()


def test_a_transposition_that_a_voice_cannot_sing_is_not_allowed():
    pitch = np.array([[78, -1, 60]])  # silence is in nobody's way
    assert allowed_transpositions(pitch, [(57, 81)]) == [-3, -2, -1, 0, 1, 2, 3]
    assert allowed_transpositions(pitch, [(57, 81)], largest=1) == [-1, 0, 1]
    assert allowed_transpositions(pitch, [(61, 77)]) == [0]  # nowhere: left where it is


def test_cells_that_a_score_lacks_are_never_given(few):
    grid = replace(few[0].grid, known=few[0].grid.known.copy())
    grid.known[1] = False  # no alto
    batches = Windows([grid], CHORALE, lambda rng: lambda voices, ticks: np.ones((voices, ticks), dtype=bool))
    for window in batches.windows(0):
        music = window.token[0] <= REST
        assert window.known[:, music].all(axis=1).tolist() == [True, False, True, True]
        assert not window.known[1].any()


def test_windows_are_moved_by_every_transposition_that_can_be_sung(few):
    pitch = few[0].grid.pitch
    whole = replace(CHORALE, batch=100, window=pitch.shape[1] + 16)  # each window begins with the first note
    firsts = {int(window.token[0, 0]) for window in chorale.windows(few[:1], whole).windows(0)}
    assert firsts == {int(pitch[0, 0]) - LOWEST + shift for shift in allowed_transpositions(pitch)}


def test_windows_stay_in_the_ranges_of_the_voices(few):
    for token in drawn(chorale.windows(few, CHORALE), 10):
        for voice, (low, high) in enumerate(TRAINED_RANGES):
            sung = token[:, voice][token[:, voice] < REST] + LOWEST
            assert low <= int(sung.min()) <= int(sung.max()) <= high


def test_masks_hide_something():
    rng = np.random.default_rng(0)
    kinds = [chorale.random_mask(rng, 4, 64) for _ in range(200)]
    assert sum(not mask.any() for mask in kinds) > 40  # nothing known
    assert sum(mask.all() for mask in kinds) < 30


def test_a_batch_of_melodies_gives_its_cells_with_one_chance_below_a_half(few):
    shares = [
        [float(window.known.mean()) for window in melody.windows(few, replace(MELODY, window=64)).windows(step)]
        for step in range(12)
    ]
    means = [np.mean(row) for row in shares]
    assert min(means) < 0.15
    assert 0.35 < max(means) < 0.6
    assert max(np.std(row) for row in shares) < 0.1  # a chance for each window would spread them by 0.14


def test_hidden_keys_and_fermatas_are_hidden_in_whole_windows(few):
    windows = melody.windows(few, replace(MELODY, batch=60)).windows(0)
    unkeyed = [bool((window.key == 12).all()) for window in windows]
    assert 15 < sum(unkeyed) < 45
    for window in windows:
        music = window.token[0] <= REST
        assert len({bool(key == 12) for key in window.key[music]}) == 1


def test_chorales_with_repeats_are_read_as_they_are_played_too():
    pieces = chorales("train")
    once = next(p for p in pieces if p.order == sorted(p.order))
    twice = next(p for p in pieces if len(p.order) > len(set(p.order)))
    printed = chorale.windows([once, twice], replace(CHORALE, played=False)).full
    played = chorale.windows([once, twice], CHORALE).full
    assert [piece.ticks for piece in printed] == [once.grid.ticks, twice.grid.ticks]
    assert len(played) == 3
    assert played[2].ticks > twice.grid.ticks
    # What is heard again: the first measure stands at the beginning of the repeat.
    _, measure = twice.grid.measure_ticks(twice.order[0])
    start = sum(np.diff(twice.grid.measure_ticks(i))[0] for i in twice.order[: twice.order.index(0, 1)])
    assert (played[2].token[:, start : start + measure] == played[2].token[:, :measure]).all()


# Losses


def test_a_melody_pays_for_given_cells_too_and_a_chorale_does_not(few):
    torch.manual_seed(0)
    network = AnticipationRNN(replace(melody.PAPER, token_units=8, constraint_units=8, head_units=8)).eval()
    batch = melody.windows(few, MELODY)(0)
    everything = replace(batch, known=torch.ones_like(batch.known))
    with torch.inference_mode():
        assert float(melody.loss(network, everything, MELODY)) > 1
        assert float(chorale.loss(network, everything, CHORALE)) == 0


# The command


def train(*words: str) -> str:
    done = CliRunner().invoke(program, ["train", *words])
    assert done.exit_code == 0, done.output
    return done.output


def settings(*more: str) -> list[str]:
    return [word for setting in (*TINY, *more) for word in ("--set", setting)]


def test_the_command_trains_a_model_that_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    words = ["anticipation-rnn", "--corpus", "bach-sopranos", "--limit", "2", "--steps", "3", "--seed", "5"]
    said = train(*words, *settings("token_layers=1", "tables=yes", "betas=0.8,0.9"))
    assert '"step": 3' in said
    config = json.loads((tmp_path / "models" / "bach-melody" / "config.json").read_text())
    assert config["network"] == "anticipation-rnn"
    assert config["sizes"]["order"] == [0]
    assert (config["sizes"]["token_units"], config["sizes"]["token_layers"]) == (8, 1)
    assert config["sizes"]["tables"] is True
    assert config["figures"]["valid nll"] > 0
    stored = torch.load(tmp_path / "runs" / "bach-melody" / "checkpoint.pt", weights_only=True)
    assert (stored["options"]["betas"], stored["options"]["seed"]) == ((0.8, 0.9), 5)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("units=3", "there is no setting 'units'"),
        ("batch=many", "write it like batch=64"),
        ("tables=perhaps", "write it like tables=false"),
        ("betas=0.9,x", "write it like betas=0.9,0.999"),
        ("betas=0.9", "write it like betas=0.9,0.999"),
        ("batch=0", "steps, batch and window must be at least 1"),
    ],
)
def test_a_setting_that_is_none_is_refused(setting: str, told: str, tmp_path: Path):
    words = ["train", "anticipation-rnn", "--corpus", "bach-sopranos", "-o", str(tmp_path), "--set", setting]
    done = CliRunner().invoke(program, words)
    assert done.exit_code == 2
    assert told in done.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--steps", "0"), "steps, batch and window must be at least 1"),
        (("--limit", "0"), "0 is not in the range x>=1"),
        (("--set", "relations=no"), "set relations too, or ahead=no"),
    ],
)
def test_a_run_of_nothing_and_what_does_not_go_together_are_refused(words, told, tmp_path, monkeypatch):
    monkeypatch.setattr("scoreassist.training.train", lambda *what: pytest.fail("trained"))
    done = CliRunner().invoke(program, ["train", "anticipation-rnn", "-o", str(tmp_path), *words])
    assert (done.exit_code, told in done.stderr) == (2, True), done.stderr


def test_settings_that_go_together_alone_may_stand_in_any_order():
    recipe = load_recipe("bach-chorale")
    for words in (("relations=no", "ahead=no", "batch=3"), ("batch=3", "ahead=no", "relations=no")):
        options, sizes = _settings(recipe.options, recipe.sizes, words)
        assert (options.batch, sizes.relations, sizes.ahead) == (3, False, False)


def test_a_network_may_have_as_many_voices_as_one_likes():
    recipe = load_recipe("bach-chorale")
    _, sizes = _settings(recipe.options, recipe.sizes, ("order=0,1", "rows=0,3"))
    assert (sizes.order, sizes.rows) == ((0, 1), (0, 3))


def test_what_a_configuration_refuses_comes_out_as_one_line():
    @dataclass(frozen=True)
    class Even:
        units: int = 2

        def __post_init__(self) -> None:
            if self.units % 2:
                raise ValueError("units are even")

    with pytest.raises(RequestError, match="units=3: units are even"):
        _settings(CHORALE, Even(), ("units=3",))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_read(name: str):
    recipe = load_recipe(name)
    assert recipe.options.seed == 1
    assert recipe.licence.startswith(("weights: MIT", "weights: CC BY-NC-SA 4.0"))
    assert "split.json" in recipe.data


def test_an_unknown_recipe_is_refused_with_those_there_are():
    with pytest.raises(RequestError, match=", ".join(RECIPES)):
        load_recipe("bach-organ")


def test_the_help_of_train_has_an_example_for_every_recipe():
    told = CliRunner().invoke(program, ["train", "--help"]).stdout.splitlines()
    for name, row in RECIPES.items():
        (line,) = (line for line in told if line.endswith(f" models/{name}"))
        words = line.split()[2:-1]
        assert recipe_name(words[0], words[2] if len(words) > 1 else None) == name
        assert row.network == words[0]
