"""Every figure is what its name says: known answers by hand, on networks and music whose figures are plain."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from scoreassist.cli import program
from scoreassist.cli.evaluate import LIKELIHOOD_TASKS
from scoreassist.corpus import bare_grid
from scoreassist.errors import RequestError
from scoreassist.evaluation import (
    TASKS,
    count_pieces,
    decode,
    evaluate,
    known_cells,
    musicianship,
    nll,
    paired,
    piece_log_probs,
    piece_nll,
    record,
    samples,
    score_pieces,
    set_exam,
    split_pieces,
    tasks_of,
    without_anticipation,
)
from scoreassist.evaluation.distributions import chord_types, distances, durations, intervals, jensen_shannon
from scoreassist.evaluation.musicianship import chord_root, final_chords
from scoreassist.evaluation.records import key_of
from scoreassist.evaluation.tables import aligned, likelihood_table, samples_table
from scoreassist.grid.vocabulary import LOWEST, REST_PITCH, VOCABULARY
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn.network import AnticipationConfig, AnticipationRNN
from scoreassist.networks.filler import Filling
from scoreassist.networks.revision.network import RevisionConfig, RevisionNetwork
from scoreassist.networks.store import load_network
from scoreassist.sampling import SamplingOptions

TINY = AnticipationConfig(embedding=4, metadata=4, token_units=8, constraint_units=4, head_units=8, dropout=0.0)
FIGURES = {
    "nll_cell",
    "nll_piece",
    "nll_articulation",
    "accuracy",
    "token_error",
    "frame_error",
    "cells",
    "pieces",
}
CHORD = (72, 67, 64, 48)  # C5 G4 E4 C3


def indifferent(config: AnticipationConfig = TINY) -> AnticipationRNN:
    """A network that finds every token equally likely."""
    network = AnticipationRNN(config).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    return network


def stubborn() -> AnticipationRNN:
    """A network that is certain of `CHORD`, always, and that it is held."""
    network = indifferent()
    with torch.no_grad():
        for voice, pitch in enumerate(CHORD):
            network.out[voice].bias[pitch - LOWEST] = 40.0
            network.out[voice].bias[VOCABULARY] = -40.0
    return network


def music(*rows: list[int]) -> Grid:
    """Four voices of MIDI numbers a sixteenth each, 4/4 from a downbeat, C major; equal neighbours are held."""
    grid = bare_grid(np.array(rows))
    ticks = np.arange(grid.ticks)
    level = np.where(ticks % 16 == 0, 0, np.where(ticks % 4 == 0, 2, 4))
    return replace(grid, level=level, fifths=np.zeros_like(ticks))


def held(ticks: int) -> Grid:
    """The chord that `stubborn` believes in."""
    return music(*([pitch] * ticks for pitch in CHORD))


def moved() -> Grid:
    """A measure of the same in which the soprano steps up for its second half, the alto for its last quarter."""
    grid = held(16)
    for voice, tick, pitch in ((0, 8, 74), (1, 12, 69)):
        grid.pitch[voice, tick:] = pitch
        grid.struck[voice, tick] = True
    return grid


def nothing(grid: Grid) -> np.ndarray:
    return np.zeros_like(grid.known)


@pytest.fixture(scope="module")
def phrase() -> Grid:
    """The beginning of a chorale that the shipped model has not read."""
    return split_pieces("valid", 1)[0].grid.cut(0, 64)


def run(*words: str):
    return CliRunner().invoke(program, ["evaluate", *words])


# Likelihood


def test_a_network_without_opinion_costs_the_logarithm_of_fifty_a_cell_and_of_two_an_articulation():
    grid = moved()
    found = nll(piece_log_probs(indifferent(), [grid], [nothing(grid)]), [grid.known])
    assert found["nll_cell"] == pytest.approx(np.log(50)) == found["nll_piece"]
    # 64 cells, of which 4 begin the piece and 2 have another pitch than before: 58 could be held or struck.
    assert found["nll_articulation"] == pytest.approx(np.log(2) * 58 / 64)


def test_the_mean_over_pieces_gives_short_ones_the_weight_of_long_ones():
    short, long = np.full((4, 2), -3.0), np.full((4, 6), -1.0)
    found = nll([(short, 0 * short), (long, 0 * long)], [short < 0, long < 0])
    assert (found["nll_piece"], found["nll_cell"]) == (2.0, pytest.approx(1.5))


def test_a_piece_of_which_everything_is_known_does_not_count():
    scores = [np.full((4, 2), -3.0), np.full((4, 2), -9.0)]
    counted = [scores[0] < 0, scores[1] > 0]
    assert piece_nll(scores, counted).tolist() == [3.0]
    found = nll([(score, score) for score in scores], counted)
    assert found == {"nll_cell": 3.0, "nll_piece": 3.0, "nll_articulation": 3.0}


def test_known_cells_do_not_count():
    report = evaluate(indifferent(), "harmonize", "valid", limit=2)
    grids = [piece.grid for piece in split_pieces("valid", 2)]
    assert report["cells"] == sum(3 * grid.ticks for grid in grids)
    assert report["nll_cell"] == pytest.approx(np.log(50), abs=1e-4)
    assert set(report["per_voice"]) == {"alto", "tenor", "bass"}


def test_figures_do_not_depend_on_what_is_read_together():
    pieces = split_pieces("valid", 4)
    grids = [piece.grid.cut(0, 32 + 16 * (i // 2)) for i, piece in enumerate(pieces)]  # two of each length
    known = [nothing(grid) for grid in grids]
    together = score_pieces(load_network(), grids, known)
    for grid, given, score in zip(grids, known, together, strict=True):
        alone = score_pieces(load_network(), [grid], [given])[0]
        np.testing.assert_allclose(alone.pitch, score.pitch, atol=1e-3)


# Accuracy and greedy decoding


def test_a_network_that_is_certain_and_right_makes_no_error():
    grid = held(16)
    score = score_pieces(stubborn(), [grid], [nothing(grid)])[0]
    assert -score.pitch.sum() == pytest.approx(0, abs=1e-4)
    assert score.guessed.all()
    assert (decode(stubborn(), grid, nothing(grid)).pitch == grid.pitch).all()


def test_a_network_that_is_certain_and_wrong_errs_in_the_cells_and_frames_that_differ(monkeypatch):
    # Of 64 cells 8 are wrong in the soprano and 4 in the alto; half of the frames.
    pieces = [replace(split_pieces("valid", 1)[0], grid=moved())]
    monkeypatch.setattr("scoreassist.evaluation.tasks.split_pieces", lambda split, limit: pieces)
    report = evaluate(stubborn(), "free", "valid", greedy=True)
    assert (report["accuracy"], report["token_error"], report["frame_error"]) == (52 / 64, 12 / 64, 8 / 16)
    assert report["per_voice"]["soprano"]["token_error"] == 0.5
    assert report["per_voice"]["tenor"]["token_error"] == 0.0
    assert report["nll_cell"] == pytest.approx(40 * 12 / 64, abs=1e-3)


@pytest.mark.parametrize("task", ["free", "harmonize", "region", "cells"])
def test_what_is_decoded_greedily_is_likeliest_given_itself_and_known_cells_stay(phrase, task):
    known = known_cells(task, phrase, np.random.default_rng(1))
    decoded = decode(load_network(), phrase, known)
    assert (decoded.pitch[known] == phrase.pitch[known]).all()
    assert (decoded.struck[known] == phrase.struck[known]).all()
    assert (decoded.pitch != phrase.pitch).any()
    assert score_pieces(load_network(), [decoded], [known])[0].guessed[~known].all()


def test_of_pitches_alone_decoding_is_greedy_too(phrase):
    grid = bare_grid(phrase.pitch)
    known = known_cells("harmonize", grid, np.random.default_rng(1))
    decoded = decode(load_network(), grid, known, bare=True)
    assert score_pieces(load_network(), [decoded], [known], bare=True)[0].guessed[~known].all()
    assert (decoded.pitch != decode(load_network(), phrase, known).pitch).any()  # metre and key do tell something


def test_decoding_does_not_look_at_what_is_hidden(phrase):
    known = known_cells("cells", phrase, np.random.default_rng(1))
    other = replace(
        phrase, pitch=np.where(known, phrase.pitch, 60), struck=np.where(known, phrase.struck, ~phrase.struck)
    )
    assert (decode(load_network(), phrase, known).pitch == decode(load_network(), other, known).pitch).all()


def test_nothing_helps_decoding():
    # The assistant would transpose a low melody, and settle how a piece ends; a figure must not be helped.
    whole = split_pieces("valid", 1)[0].grid
    for grid in (whole.cut(0, 32).transposed(-16), whole.cut(whole.ticks - 48, whole.ticks)):
        known = known_cells("harmonize", grid, np.random.default_rng(1))
        decoded = decode(load_network(), grid, known)
        assert score_pieces(load_network(), [decoded], [known])[0].guessed[~known].all()


# Tasks


def test_a_seed_hides_the_same_cells_and_another_hides_others():
    masks = [set_exam("cells", "valid", seed=seed, limit=2).hidden for seed in (0, 0, 1)]
    assert all((a == b).all() for a, b in zip(masks[0], masks[1], strict=True))
    assert any((a != b).any() for a, b in zip(masks[0], masks[2], strict=True))


def test_unseen_tunes_are_those_of_no_training_chorale():
    pieces = split_pieces("valid", 6)
    new = [piece for piece in pieces if not piece.tune_in_train]
    assert 0 < len(new) < len(pieces)
    report = evaluate(load_network(), "free", "valid", limit=6)
    grids = [piece.grid for piece in new]
    alone = nll(piece_log_probs(load_network(), grids, [nothing(g) for g in grids]), [g.known for g in grids])
    assert report["unseen_tunes"]["pieces"] == len(new)
    assert report["unseen_tunes"]["nll_cell"] == pytest.approx(alone["nll_cell"], abs=1e-3)
    assert report["unseen_tunes"]["nll_cell"] != report["nll_cell"]


def test_a_network_of_one_voice_is_measured_on_the_soprano():
    network = indifferent(replace(TINY, order=(0,), rows=(0,)))
    assert tasks_of(network) == ("free", "region", "cells")
    report = evaluate(network, "free", "valid", limit=2)
    assert report["cells"] == sum(piece.grid.ticks for piece in split_pieces("valid", 2))
    assert list(report["per_voice"]) == ["soprano"]
    with pytest.raises(RequestError, match="harmonize"):
        evaluate(network, "harmonize", "valid", limit=1)


def test_a_network_that_revises_is_measured_in_any_order():
    network = RevisionNetwork(RevisionConfig(embedding=4, interval=4, metadata=4, units=4, layers=1, head_units=4))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    report = evaluate(network, "any-order", "valid", limit=1)
    assert report["nll_cell"] == pytest.approx(np.log(50), abs=1e-4)
    assert set(report) >= FIGURES | {"task", "split", "data", "seed", "per_voice", "unseen_tunes"}
    with pytest.raises(RequestError, match="any-order"):
        evaluate(network, "free", "valid", limit=1)


def test_figures_of_unseen_tunes_in_any_order_are_of_the_same_draws(monkeypatch):
    torch.manual_seed(0)
    network = RevisionNetwork(RevisionConfig(embedding=4, interval=4, metadata=4, units=4, layers=1, head_units=4))
    one, other = split_pieces("valid", 2)
    seen, unseen = replace(one, tune_in_train=True), replace(other, tune_in_train=False)
    read: list[int] = []
    monkeypatch.setattr("scoreassist.evaluation.tasks.split_pieces", lambda split, limit: [seen, unseen])
    report = evaluate(network, "any-order", "valid", progress=read.append)
    assert read == [1, 1]  # each piece once
    monkeypatch.setattr("scoreassist.evaluation.tasks.split_pieces", lambda split, limit: [seen])
    alone = evaluate(network, "any-order", "valid")
    assert report["unseen_tunes"]["nll_piece"] == pytest.approx(
        2 * report["nll_piece"] - alone["nll_piece"], abs=2e-4
    )
    assert report["unseen_tunes"]["pieces"] == 1


def test_published_data_is_read_as_pitches_alone(tmp_path):
    pieces = {"valid": [[list(CHORD), list(CHORD), [74, -1, 64, 48]]]}
    (tmp_path / "jsb.json").write_text(json.dumps(pieces))
    report = evaluate(stubborn(), "free", "valid", jsb16=tmp_path / "jsb.json", greedy=True)
    assert report["data"] == "Jsb16thSeparated"
    assert (report["cells"], report["pieces"]) == (12, 1)
    assert report["accuracy"] == pytest.approx(10 / 12, abs=1e-4)  # one cell has another pitch, one is silent
    assert report["token_error"] == pytest.approx(2 / 12, abs=1e-4)
    assert report["nll_articulation"] is None
    assert report["unseen_tunes"] is None
    assert count_pieces("valid", jsb16=tmp_path / "jsb.json") == 1


# Comparison


def test_what_is_better_lies_below():
    found = paired([1, 2], [2, 4])
    # Differences -1 and -2: mean -1.5, standard deviation 0.707, over the root of 2.
    assert found == {
        "difference": -1.5,
        "standard_error": pytest.approx(0.5),
        "percent": -50.0,
        "share_better": 1.0,
        "pieces": 2,
    }
    assert paired([2, 4], [1, 2])["difference"] == 1.5
    assert paired([1, 2], [1, 2])["share_better"] == 0.5


def test_figures_of_different_pieces_are_not_paired():
    with pytest.raises(ValueError, match="paired"):
        paired([1, 2], [1, 2, 3])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--against", "bach-melody"), "'bach-melody' does not write the same voices"),
        (("--against", "bach-revision"), "'bach-revision' only revises, and has no task 'free'"),
        (("bach-revision", "--task", "all", "--without-anticipation"), "--without-anticipation has no effect"),
        (("bach-revision", "--task", "all", "--against", "bach-chorale"), "--against has no effect"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_read(words, told, monkeypatch):
    monkeypatch.setattr("scoreassist.evaluation.tasks.chorales", lambda split: pytest.fail("read"))
    result = run(*words)
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_network_that_revises_is_not_compared():
    network = RevisionNetwork(RevisionConfig(embedding=4, interval=4, metadata=4, units=4, layers=1, head_units=4))
    with pytest.raises(RequestError, match="any-order"):
        evaluate(network, "any-order", "valid", limit=1, against={"other": indifferent()})


def test_without_its_anticipation_the_shipped_model_guesses_worse_what_comes_before_known_notes():
    network = load_network()
    report = evaluate(network, "cells", "valid", limit=4, against={"deaf": without_anticipation(network)})
    (row,) = report["against"]
    assert row["name"] == "deaf"
    assert row["nll_piece"] > report["nll_piece"]
    assert row["difference"] == pytest.approx(report["nll_piece"] - row["nll_piece"], abs=2e-4)
    assert not network.deaf


# Music


def test_a_histogram_of_intervals_and_durations_counts_notes_and_not_ticks():
    # Two ticks of C, one of D, D struck again, a rest, two of E: steps of 2 and 0, none over the rest.
    row = [60, 60, 62, 62, REST_PITCH, 64, 64]
    grid = music(row, row, row, row)
    grid.struck[:, 3] = True
    assert {i - 13: n for i, n in enumerate(intervals([grid], 0)) if n} == {0: 1, 2: 1}
    assert {i: n for i, n in enumerate(durations([grid], 0)) if n} == {1: 2, 2: 2}


def test_transposed_chords_are_of_one_type_and_major_and_minor_of_two():
    c_major, d_major, c_minor = ((60, 64, 67, 72), (62, 66, 69, 74), (60, 63, 67, 72))

    def kinds(*chords: tuple[int, ...]) -> int:
        return int((chord_types([music(*([pitch] for pitch in chord)) for chord in chords]) > 0).sum())

    assert kinds(c_major, d_major) == 1
    assert kinds(c_major, c_minor) == 2


def test_the_distance_of_jensen_and_shannon():
    assert jensen_shannon(np.array([2, 2]), np.array([5, 5])) == 0
    assert jensen_shannon(np.array([1, 0]), np.array([0, 1])) == pytest.approx(1)
    # Halves against a certainty: the mean of 0.2075 and 0.4150 bits, and its root.
    assert jensen_shannon(np.array([1, 1]), np.array([7, 0])) == pytest.approx(0.5579, abs=1e-4)


def test_bach_lies_at_no_distance_from_himself_and_shuffled_bach_does():
    grids = [piece.grid for piece in split_pieces("valid", 3)]
    rng = np.random.default_rng(0)
    shuffled = [replace(g, pitch=np.stack([rng.permutation(row) for row in g.pitch])) for g in grids]
    assert set(distances(grids, grids, (1, 2, 3)).values()) == {0.0}
    assert all(value > 0.1 for value in distances(shuffled, grids, (1, 2, 3)).values())


def test_what_a_teacher_counts_in_a_bar_of_faults():
    # Quarters: C major, D major in parallel motion throughout, then an alto above the soprano and a bass too low.
    rows = np.repeat([[72, 74, 74], [67, 69, 76], [64, 66, 66], [48, 50, 38]], 4, axis=1)
    found = musicianship([music(*rows.tolist())])
    assert found["triad"] == pytest.approx(100 * 2 / 3)
    assert found["parallel_fifths"] == pytest.approx(1000 / 3)  # bass and alto; of three onsets
    assert found["parallel_octaves"] == pytest.approx(1000 / 3)  # soprano and bass
    assert found["crossing"] == pytest.approx(100 / 3)
    assert found["out_of_range"] == pytest.approx(100 * 8 / 48)  # alto E5 and bass D2
    assert found["onsets_per_tick"] == pytest.approx((4 + 4 + 2) / 12)


@pytest.mark.parametrize(
    ("chord", "root"),
    [
        ((48, 64, 67, 72), 0),
        ((52, 60, 67, 72), 0),
        ((55, 59, 62, 65), 7),
        ((52, 60), 0),
        ((45, 57), 9),
        ((), None),
    ],
    ids=["C", "C over E", "G7", "E and C", "A alone", "silence"],
)
def test_the_root_of_a_chord(chord, root):
    assert chord_root(np.array(chord, dtype=np.int64)) == root


def test_endings_are_held_against_those_of_bach():
    cadence = [[71, 72], [67, 67], [62, 64], [55, 48]]
    bach = music(*(np.repeat(cadence, 4, axis=1)).tolist())
    bare_fifth, elsewhere = bach.pitch.copy(), bach.pitch.copy()
    bare_fifth[2, 4:] = 67
    elsewhere[:, 4:] = np.array([[72], [69], [64], [57]])
    endings = [bach, replace(bach, pitch=bare_fifth), replace(bach, pitch=elsewhere)]
    assert final_chords(endings, [bach] * 3) == {
        "final_root": pytest.approx(100 * 2 / 3),
        "final_tonic_triad": pytest.approx(100 / 3),
    }


class Forger:
    """Fills in what Bach wrote, up to so many semitones."""

    def __init__(self, semitones: int = 0) -> None:
        self.originals = [piece.grid for piece in split_pieces("valid", 2)]
        self.semitones = semitones

    def fill(self, task, options):
        bach = next(g for g in self.originals if g.ticks == task.grid.ticks)
        assert (task.grid.pitch[1:] == REST_PITCH).all()  # nothing of the answer is handed over
        pitch = np.where(task.grid.known | (bach.pitch < 0), bach.pitch, bach.pitch + self.semitones)
        return Filling(replace(bach, pitch=pitch), np.zeros(pitch.shape), ~task.grid.known)


def test_samples_that_are_bach_are_as_good_as_bach_and_others_are_not():
    report = samples(Forger(), "valid", SamplingOptions(), limit=2)
    same = set(report["bach"]) - {"interval_distance", "duration_distance", "chord_distance"}
    assert all(report["samples"][key] == report["bach"][key] for key in same)
    assert report["samples"]["final_root"] == 100
    assert [report["samples"][key] for key in report["samples"] if key.endswith("distance")] == [0, 0, 0]
    assert report["bach"]["chord_distance"] > 0  # from the training chorales
    worse = samples(Forger(1), "valid", SamplingOptions(), limit=2)["samples"]
    assert worse["triad"] < report["samples"]["triad"]
    assert worse["final_root"] == 0
    assert worse["chord_distance"] > 0
    assert "complete triad" in samples_table({"model": "forger"} | report)


# The command


def test_the_command_prints_every_figure_as_json():
    result = run("bach-chorale", "--task", "inner", "--limit", "1", "--json", "--without-anticipation")
    report = json.loads(result.stdout)
    assert set(report) == FIGURES | {
        *("model", "task", "split", "data", "seed", "per_voice", "unseen_tunes", "against"),
    }
    assert all(report[key] is not None for key in FIGURES)
    assert set(report["per_voice"]["tenor"]) == FIGURES
    assert report["against"][0]["name"] == "bach-chorale without anticipation"


def test_all_tasks_make_one_table():
    result = run("--task", "all", "--limit", "1", "--no-greedy")
    heads = [line.split()[0] for line in result.stdout.splitlines()[2:] if not line.startswith(" ")]
    assert heads == list(TASKS)
    assert len({len(line) for line in result.stdout.splitlines()[1:]}) == 1  # aligned
    assert "–" in result.stdout  # what was not measured


def test_the_command_knows_the_tasks():
    assert set(LIKELIHOOD_TASKS) == {*TASKS, "any-order"}


@pytest.mark.parametrize(
    "words",
    [
        ("--task", "samples", "--no-greedy"),
        ("--task", "free", "--temperature", "1"),
        ("--task", "free", "--passes", "0"),
        ("--task", "any-order", "--against", "bach-chorale"),
        ("--limit", "3", "--record"),
        ("--limit", "0"),
    ],
    ids=" ".join,
)
def test_options_without_effect_are_refused(words):
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("scoreassist: ")


def test_a_run_is_recorded_where_the_figures_are_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr("scoreassist.networks.store.data_folder", lambda kind: tmp_path)
    config = tmp_path / "tiny" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"name": "tiny", "sha256": "0123456789abcdef", "figures": {"old": 1}}))
    report = {"model": "tiny", "task": "free", "split": "test", "data": "chorales", "seed": 0, "nll_cell": 0.5}
    record("tiny", [report], "scoreassist evaluate tiny")
    record("tiny", [report | {"nll_cell": 0.25}], "scoreassist evaluate tiny --split test")
    figures = json.loads(config.read_text())["figures"]
    row = figures.pop("free, test, chorales")
    assert figures == {"old": 1}
    assert (row["nll_cell"], row["seed"], row["weights"]) == (0.25, 0, "0123456789ab")
    assert row["command"] == "scoreassist evaluate tiny --split test"
    assert {"date", "machine", "with"} <= set(row)


def test_a_recorded_command_names_no_folder_of_this_machine(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr("scoreassist.evaluation.record", lambda *what: written.append(what) or tmp_path)
    data = tmp_path / "jsb.json"
    data.write_text(json.dumps({"valid": [[list(CHORD)] * 4]}))
    assert run("--jsb16", str(data), "--no-greedy", "--record").exit_code == 0
    ((model, reports, command),) = written
    assert (model, len(reports)) == ("bach-chorale", 1)
    assert command == (
        "scoreassist evaluate bach-chorale --task free --split valid --seed 0 --jsb16 jsb.json --no-greedy"
    )


def test_a_recorded_command_keeps_a_nought(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr("scoreassist.evaluation.record", lambda *what: written.append(what) or tmp_path)
    monkeypatch.setattr("scoreassist.evaluation.samples", lambda *what, **more: {"passes": what[2].passes})
    assert run("--task", "samples", "--passes", "0", "--record", "--json").exit_code == 0
    ((_, reports, command),) = written
    assert reports[0]["passes"] == 0
    assert command == "scoreassist evaluate bach-chorale --task samples --split valid --seed 0 --passes 0"


def test_published_data_is_measured_without_reading_the_chorales(tmp_path, monkeypatch):
    monkeypatch.setattr("scoreassist.evaluation.tasks.chorales", lambda split: pytest.fail("read"))
    data = tmp_path / "jsb.json"
    data.write_text(json.dumps({"valid": [[list(CHORD)] * 4]}))
    assert run("--jsb16", str(data), "--no-greedy").exit_code == 0


SAMPLED = {"task": "samples", "split": "valid", "data": "chorales", "seed": 0}
LIKELY = {"task": "region", "split": "test", "data": "chorales", "seed": 0, "nll_cell": 0.5}


@pytest.mark.parametrize(
    ("report", "key"),
    [
        (SAMPLED | {"passes": SamplingOptions().passes, "rules": list(SamplingOptions().rules)}, ""),
        (SAMPLED | {"passes": 0}, ", --passes 0"),
        (
            SAMPLED | {"temperature": 0.5, "candidates": 1, "seed": 3},
            ", --seed 3, --temperature 0.5, --candidates 1",
        ),
        (SAMPLED | {"rules": ["rests"]}, ", --no-rules"),
        (SAMPLED | {"rules": ["rests", "range"]}, ", rules rests range"),
    ],
)
def test_figures_of_other_settings_have_a_key_of_their_own(report, key):
    assert key_of(report) == "samples, valid, chorales" + key


def test_figures_with_a_comparison_have_a_key_of_their_own():
    assert key_of(LIKELY) == "region, test, chorales"
    assert key_of(LIKELY | {"against": [{"name": "other"}]}) == "region, test, chorales, against other"


@pytest.mark.parametrize(("weights", "kept"), [("same", True), ("others", False)])
def test_errors_of_greedy_decoding_stay_where_it_is_left_out_next_time(weights, kept, tmp_path, monkeypatch):
    monkeypatch.setattr("scoreassist.networks.store.data_folder", lambda kind: tmp_path)
    config = tmp_path / "tiny" / "config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"name": "tiny", "sha256": "same"}))
    voices = {"per_voice": {"alto": {"nll_cell": 0.5, "token_error": 0.75}}}
    record("tiny", [LIKELY | voices | {"token_error": 0.25}], "with")
    config.write_text(json.dumps(json.loads(config.read_text()) | {"sha256": weights}))
    voices = {"per_voice": {"alto": {"nll_cell": 0.4, "token_error": None}}}
    record("tiny", [LIKELY | voices | {"nll_cell": 0.4, "token_error": None}], "without")
    row = json.loads(config.read_text())["figures"]["region, test, chorales"]
    assert row["nll_cell"] == row["per_voice"]["alto"]["nll_cell"] == 0.4
    found = (row["token_error"], row["per_voice"]["alto"]["token_error"], row["command"])
    assert found == ((0.25, 0.75, "with") if kept else (None, None, "without"))


def test_columns_are_aligned():
    assert aligned([["", "a"], ["long", "bcd"]]) == "        a\nlong  bcd"


def test_a_table_says_what_its_figures_are_of():
    report = {"model": "stubborn"} | evaluate(stubborn(), "free", "valid", limit=1)
    assert likelihood_table([report]).splitlines()[0] == "stubborn, valid, music21 chorales, 1 pieces, seed 0"
