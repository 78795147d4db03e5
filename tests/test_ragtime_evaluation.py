"""Figures of piano rolls are what their names say: known answers by hand, and baselines that do not peep."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rolls import roll_of_notes

from scoreassist.cli import program
from scoreassist.corpus import RagPiece
from scoreassist.evaluation import piano_report
from scoreassist.evaluation.piano_baselines import Baseline, bars, previous_measure, retrieval, rule, vote
from scoreassist.evaluation.piano_report import evaluate_piano, melody_score, read_again, written
from scoreassist.evaluation.piano_style import mean_and_range, piano_style
from scoreassist.evaluation.ragtime import (
    ALL_KEYS,
    WINDOW_TICKS,
    accompanied,
    accompaniment_hits,
    copied_share,
    given_melody,
    melody_kept,
    melody_notes,
    windows,
    wrong_cells,
)
from scoreassist.evaluation.records import key_of
from scoreassist.evaluation.tables import likelihood_table
from scoreassist.evaluation.tasks import MELODIES, count_pieces, set_exam
from scoreassist.grid.hollow import under_melody
from scoreassist.grid.roll import KEYS, LOWEST_KEY, Roll, RollNote, shifted, top_line
from scoreassist.networks.deephear.options import ManipulationOptions
from scoreassist.networks.deephear.pianist import Pianist
from scoreassist.networks.store import build_network
from scoreassist.options import ITERATIONS
from scoreassist.recipes import load_recipe

Notes = list[tuple[int, int, int]]
"""Onset, pitch (MIDI) and length of notes, times in sixteenths."""

C_MAJOR_MEASURE: Notes = [(0, 36, 2), (2, 52, 2), (2, 55, 2), (4, 43, 2), (6, 52, 2), (6, 55, 2)]
TUNE: Notes = [(0, 72, 2), (2, 76, 2), (4, 79, 3), (7, 77, 1)]


def roll(right: Notes, left: Notes, ticks: int = 8, fifths: int = 0, place: int = 0) -> Roll:
    """A roll, all of it known; its first tick is that place of a measure."""
    struck, sounding = roll_of_notes([RollNote(*note) for note in right + left], ticks)
    _, upper = roll_of_notes([RollNote(*note) for note in right], ticks)
    places = (np.arange(ticks) + place) % 8
    return Roll(
        sounding,
        struck,
        upper,
        np.ones_like(struck),
        *top_line(struck, upper),
        places,
        np.full(ticks, fifths),
        (np.arange(ticks) + place) // 8,
    )


def later(notes: Notes, ticks: int, semitones: int = 0) -> Notes:
    """The same notes later and higher."""
    return [(onset + ticks, midi + semitones, length) for onset, midi, length in notes]


def cells(*places: tuple[int, int], ticks: int = 8) -> np.ndarray:
    """Cells (88, ticks) of which some are on, by pitch (MIDI) and tick."""
    on = np.zeros((KEYS, ticks), dtype=bool)
    for midi, tick in places:
        on[midi - LOWEST_KEY, tick] = True
    return on


def struck_at(struck: np.ndarray) -> list[tuple[int, int]]:
    """Tick and pitch (MIDI) of strikes."""
    return sorted((int(tick), int(key) + LOWEST_KEY) for key, tick in zip(*np.nonzero(struck), strict=True))


# What is counted of an accompaniment


def test_an_accompaniment_is_measured_by_its_strikes_without_the_melody():
    rag = roll([(0, 72, 8)], [(0, 48, 2), (2, 52, 2)])
    by_pitch, by_class = accompaniment_hits(rag, cells((72, 0), (48, 0), (64, 2)))
    # Of C3 and E3, C3 and E4 were written: one of two and two, and both pitch classes.
    assert (by_pitch.right, by_pitch.true, by_pitch.written, by_pitch.f1) == (1, 2, 2, 0.5)
    assert by_class.f1 == 1.0


def test_what_is_written_into_the_melody_does_not_count():
    rag = roll([(0, 72, 8)], [(0, 48, 2)])
    assert accompaniment_hits(rag, cells((48, 0), (84, 3), (70, 4)))[0].f1 == 1.0
    assert accompaniment_hits(rag, cells((48, 0), (69, 4)))[0].f1 == pytest.approx(2 / 3)


def test_pieces_are_summed_before_they_are_divided():
    one, other = roll([(0, 72, 8)], [(0, 48, 2)]), roll([(0, 72, 8)], [(0, 48, 1), (1, 48, 1), (2, 48, 1)])
    # Of 1 + 3 strikes the first of each piece is met, and nothing else written: 2 * 2 / (4 + 2).
    assert accompanied([one, other], lambda _: cells((48, 0)))["f1"] == pytest.approx(4 / 6)


# Windows


def test_windows_begin_with_measures_and_lie_two_measures_apart():
    rag = roll([(0, 72, 2), (2, 76, 8)], [(2, 48, 8)], ticks=WINDOW_TICKS + 16 + 2, place=6)
    found = windows([rag])
    assert found.sounding.shape == (2, KEYS, WINDOW_TICKS)
    assert struck_at(found.struck[0]) == [(6, 72), (8, 48), (8, 76)]
    assert not found.struck[1].any()


def test_a_piece_shorter_than_a_window_is_filled_up_with_silence():
    found = windows([roll([(0, 72, 8)], [(0, 48, 8)], fifths=-3)])
    assert found.sounding.shape == (1, KEYS, WINDOW_TICKS)
    assert found.fifths.tolist() == [-3]
    assert found.sounding.sum() == 16


def test_wrong_cells_are_those_that_are_missing_and_those_that_are_too_many():
    true = np.stack([cells((60, 0), (64, 1)), cells()])
    rebuilt = np.stack([cells((60, 0), (65, 1)), cells()])
    assert wrong_cells(true, rebuilt) == 1.0  # two in the first window, none in the second


def test_a_copied_share_is_that_of_the_training_window_with_most_of_the_notes():
    train = np.stack([cells((60, 0), (64, 2)), cells((60, 0), (65, 2), (67, 4))])
    new = cells((60, 0), (65, 2), (69, 4), (71, 6))
    assert copied_share(new[None], train) == 0.5
    assert copied_share(np.stack([train[0], new, cells()]), train) == 0.75  # silence has nothing to copy


def test_a_copy_in_another_key_is_found_where_keys_do_not_count():
    train = cells((60, 0), (64, 2))[None]
    assert copied_share(shifted(train, 5), train) == 0.0
    assert copied_share(shifted(train, 5), train, ALL_KEYS) == 1.0


# Melodies


def test_the_notes_of_a_melody_end_at_rests_and_strikes():
    rag = roll([(0, 72, 2), (2, 72, 1), (4, 76, 4), (4, 67, 4)], [(0, 48, 8)])
    assert melody_notes(rag) == [RollNote(0, 72, 2), RollNote(2, 72, 1), RollNote(4, 76, 4)]


def test_a_melody_is_kept_note_for_note_or_not():
    given = [RollNote(0, 72, 2), RollNote(2, 74, 2), RollNote(4, 76, 2), RollNote(6, 77, 2)]
    found = [RollNote(0, 72, 2), RollNote(2, 74, 1), RollNote(4, 75, 2), RollNote(6, 77, 2), RollNote(6, 48, 2)]
    assert melody_kept(given, found) == 0.5


@pytest.mark.parametrize("place", [0, 6])
def test_the_score_of_a_melody_has_the_melody_and_no_left_hand(place: int):
    rag = roll(TUNE + later(TUNE, 9, 2), later(C_MAJOR_MEASURE, 2), ticks=18, place=place)
    again = read_again(melody_score(rag), rag)
    assert (again.melody == rag.melody).all()
    assert melody_notes(again) == melody_notes(rag)
    assert not (again.sounding & ~again.right).any()
    assert (again.place == rag.place).all()


@pytest.mark.parametrize("place", [0, 6])
def test_the_score_of_a_melody_has_the_rags_keys(place: int):
    rag = roll(TUNE + later(TUNE, 10), [], ticks=26, place=place)
    front = -place % 8
    rag = replace(rag, fifths=np.repeat([-4, -3, -4], [front + 8, 8, 10 - front]))
    changes = [
        (measure.get("number"), key.findtext("fifths"))
        for measure in melody_score(rag).root.iter("measure")
        for key in measure.iter("key")
    ]
    first = 0 if place else 1
    assert changes == [(str(first), "-4"), ("2", "-3"), ("3", "-4")]
    assert (read_again(melody_score(rag), rag).fifths == rag.fifths).all()


def test_what_goes_on_from_the_melody_is_no_note_of_what_is_written():
    # C5 is the melody, and goes on when that has gone on to E5: no strike there, as in a score that is filled.
    rag = roll([(0, 72, 4), (4, 76, 4)], [(0, 48, 8)])
    filled = replace(rag, sounding=rag.sounding | cells(*((72, tick) for tick in range(4, 8))))
    again = read_again(written(rag, filled), rag)
    assert (4, 72) not in struck_at(again.struck)
    assert (0, 48) in struck_at(again.struck)


# Baselines


def test_retrieval_finds_the_same_melody_in_another_key_and_takes_its_accompaniment():
    rag = roll(later(TUNE, 0, -3), later(C_MAJOR_MEASURE, 0, -3), fifths=3)
    other_order: Notes = [(0, 76, 2), (2, 72, 2), (4, 79, 3), (7, 77, 1)]
    train = [roll(other_order, [(0, 40, 8)]), roll(TUNE, C_MAJOR_MEASURE)]
    assert accompanied([rag], lambda given: retrieval(given, train)) == {"f1": 1.0, "f1_pitch_class": 1.0}


def test_retrieval_cuts_what_reaches_into_the_melody():
    train = [roll([(0, 67, 8)], [(0, 64, 8), (2, 66, 2)])]
    written = retrieval(given_melody(roll([(0, 62, 8)], [])), train)
    assert struck_at(written) == [(0, 59)]  # five semitones lower, as the melody is; the other rubs against it


def test_a_vote_takes_what_enough_measures_have():
    train = [roll(TUNE, left) for left in ([(0, 48, 2)], [(0, 48, 2), (2, 52, 2)], [(0, 48, 2), (4, 55, 2)])]
    written = vote(given_melody(roll(TUNE, [])), train, votes=3, majority=0.5)
    assert struck_at(written) == [(0, 48)]


def test_the_measure_before_is_the_true_one():
    rag = roll(TUNE + later(TUNE, 8), [*C_MAJOR_MEASURE, (8, 40, 8)], ticks=16)
    written = previous_measure(given_melody(rag))
    assert struck_at(written) == struck_at(roll([], later(C_MAJOR_MEASURE, 8), 16).struck)


def test_the_rule_plays_octaves_on_the_beats_and_the_chord_that_fits_off_them():
    melody: Notes = [(0, 77, 4), (4, 81, 4)]  # F and A in C major: the subdominant
    written = rule(given_melody(roll(melody, [])))
    octave, chord = [41, 53], [53, 57, 60]
    assert struck_at(written) == sorted(
        [(tick, midi) for tick in (0, 4) for midi in octave] + [(tick, midi) for tick in (2, 6) for midi in chord]
    )


def vote_of_two(rag: Roll, train: Sequence[Roll]) -> np.ndarray:
    return vote(rag, train, votes=2)


@pytest.mark.parametrize("baseline", [retrieval, vote_of_two, rule], ids=lambda function: function.__name__)
def test_a_baseline_does_not_read_what_is_hidden(baseline: Baseline):
    rag = roll(TUNE + later(TUNE, 8, 5), C_MAJOR_MEASURE + later(C_MAJOR_MEASURE, 8, 5), ticks=16)
    train = [roll(TUNE, C_MAJOR_MEASURE), roll(later(TUNE, 0, 4), [(0, 48, 8)], fifths=4)]
    written = baseline(given_melody(rag), train)
    assert written.any()
    assert (written == baseline(under_melody(rag), train)).all()


def test_a_measure_that_a_repeat_cuts_in_two_counts_as_two():
    rag = roll(TUNE, C_MAJOR_MEASURE)
    cut = replace(rag, measure=np.array([0] * 6 + [1] * 2), place=np.arange(8))
    assert bars(cut) == [(0, 6), (6, 8)]


# What a teacher would count


def test_style_is_counted_by_hand():
    # Four quarters, I IV V I in C major, with C and then C sharp in the left hand.
    chords = ((60, 64, 67), (60, 65, 69), (59, 62, 67), (60, 64, 67))
    right: Notes = [(4 * beat, midi, 4) for beat, chord in enumerate(chords) for midi in chord]
    found = piano_style(roll(right, [(0, 48, 4), (4, 49, 4)], ticks=16))
    assert found["foreign_notes"] == pytest.approx(100 / 14)
    assert found["wide_grips"] == 0
    assert found["notes_per_beat"] == 14 / 4
    assert found["left_onsets_per_beat"] == 2 / 4


@pytest.mark.parametrize(
    ("left", "wide"),
    [
        pytest.param([(0, 36, 2), (0, 50, 2)], 0.0, id="a ninth"),
        pytest.param([(0, 36, 2), (0, 51, 2)], 50.0, id="a tenth"),
        pytest.param([(0, midi, 2) for midi in range(36, 46, 2)], 0.0, id="five notes"),
        pytest.param([(0, midi, 2) for midi in range(36, 47, 2)], 50.0, id="six notes"),
        pytest.param([(0, 36, 4), (2, 52, 2)], 100 / 3, id="what is held counts"),
    ],
)
def test_grips_that_no_hand_can_take(left: Notes, wide: float):
    # The right hand strikes once, without fault.
    assert piano_style(roll([(0, 72, 8)], left))["wide_grips"] == pytest.approx(wide)


def test_a_dominant_seventh_of_another_key_is_not_foreign():
    right: Notes = [(0, 74, 4), (4, 72, 4), (8, 72, 4), (12, 74, 4), (16, 71, 16)]
    dominant: Notes = [(0, 50, 4), (0, 54, 4), (0, 57, 4)]  # D F sharp A with D above
    tonic: Notes = [(tick, midi, 4) for tick in (4, 8, 12, 16) for midi in (53, 59, 62)]
    found = piano_style(roll(right, dominant + tonic, ticks=32))
    assert found["foreign_notes"] == 0


def test_a_spread_has_mean_and_ends():
    assert mean_and_range([{"x": 1.0}, {"x": 4.0}]) == {"x": {"mean": 2.5, "least": 1.0, "most": 4.0}}


def test_when_deephear_is_validated_an_f1_says_that_its_threshold_was_chosen():
    recipe = load_recipe("deephear")
    figures = recipe.validation([RagPiece("one", "valid", roll(TUNE, C_MAJOR_MEASURE))])(
        build_network("deephear", recipe.sizes)
    )
    assert "f1" not in figures
    assert figures["f1_best_threshold"] + figures["missed"] == pytest.approx(1)
    assert set(recipe.curves) <= set(figures)
    assert recipe.options.decides in figures


# Reports


class Knowing:
    """Writes what Joplin wrote; rebuilds windows with one wrong cell; its random codes are training windows."""

    def __init__(self, rags: list[Roll], train: list[Roll]) -> None:
        self.rags, self.train = rags, train

    def fill(self, given: Roll, options: ManipulationOptions, progress: object = None) -> Roll:
        del options, progress
        truth = next(rag for rag in self.rags if (rag.melody == given.melody).all())
        assert not (given.sounding & ~given.known).any()  # nothing of the answer is in the question
        return replace(truth, known=np.ones_like(truth.known))

    def reconstruct(self, sounding: np.ndarray, struck: np.ndarray, fifths: np.ndarray) -> np.ndarray:
        del struck, fifths
        rebuilt = sounding.copy()
        rebuilt[:, 0, 0] ^= True
        return rebuilt

    def generate(self, windows_: int, seed: int) -> np.ndarray:
        del seed
        return np.repeat(windows(self.train).sounding[:1], windows_, axis=0)


@pytest.fixture
def knowing(monkeypatch: pytest.MonkeyPatch) -> Pianist:
    rag = roll(TUNE + later(TUNE, 8, 5), C_MAJOR_MEASURE + later(C_MAJOR_MEASURE, 8, 5), ticks=16)
    train = [roll(TUNE, [(0, 48, 4), (4, 48, 4)]), roll([(0, 108, 1)], [])]
    monkeypatch.setattr(piano_report, "held_out", lambda *_, **__: [RagPiece("one", "test", rag)])
    monkeypatch.setattr(piano_report, "training_rags", lambda *_: train)
    return Knowing([rag], train)


def test_a_model_that_knows_the_answer_has_all_figures_right(knowing: Pianist):
    report = evaluate_piano(knowing, "test", ManipulationOptions(seed=3, iterations=7))
    assert (report["seed"], report["iterations"], report["pieces"], report["moved_by"]) == (3, 7, 1, 12)
    assert report["training_pieces"] == 2
    assert report["f1"] == report["f1_pitch_class"] == report["f1_written"] == 1.0
    assert report["per_piece"] == {"one": {"f1": 1.0, "f1_pitch_class": 1.0}}
    assert report["wrong_cells"] == 1.0
    assert report["copied_share"] == 1.0
    # Twenty cells sound, and the first tune of these is in the training rag.
    assert report["copied_share_real"] == pytest.approx(4 / 20, abs=1e-4)
    # Of the accompaniment one note of twelve is there, whichever transposition is tried.
    assert report["copied_share_written"] == report["copied_share_written_real"] == pytest.approx(1 / 12, abs=1e-4)
    assert report["melody_kept"] == 1.0
    assert set(report["baselines"]) == {"retrieval", "vote", "previous_measure", "rule"}
    assert report["style"]["rags"] == report["style"]["outputs"]


def test_the_command_prints_a_report(knowing: Pianist, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoreassist.networks.store.load_pianist", lambda name: knowing)
    answer = CliRunner().invoke(program, ["evaluate", "deephear", "--split", "test", "--json"])
    assert answer.exit_code == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert (report["model"], report["split"], report["f1"]) == ("deephear", "test", 1.0)
    table = CliRunner().invoke(program, ["evaluate", "deephear", "--split", "test"]).stdout
    assert "deephear                                 1.000        1.000\n" in table
    assert "melody kept, note for note, %                  100.0" in table
    assert "compared with 2 training rags\n" in table


def test_a_recorded_command_measures_the_same_again(knowing: Pianist, monkeypatch: pytest.MonkeyPatch):
    written = []
    monkeypatch.setattr("scoreassist.networks.store.load_pianist", lambda name: knowing)
    monkeypatch.setattr("scoreassist.evaluation.record", lambda *what: written.append(what))
    words = ["evaluate", "deephear", "--split", "test", "--iterations", "7", "--from", str(Path(__file__).parent)]
    assert CliRunner().invoke(program, [*words, "--record"]).exit_code == 0
    ((model, (report,), command),) = written
    assert (model, report["data"]) == ("deephear", "rags of a folder")
    again = "scoreassist evaluate deephear --task accompany --split test --seed 0 --from tests --iterations 7"
    assert command == again


def test_figures_against_a_single_training_rag_are_not_recorded(knowing: Pianist, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoreassist.networks.store.load_pianist", lambda name: knowing)
    monkeypatch.setattr("scoreassist.evaluation.record", lambda *_: pytest.fail("recorded"))
    monkeypatch.setattr(piano_report, "training_rags", lambda *_: [roll(TUNE, C_MAJOR_MEASURE)])
    assert CliRunner().invoke(program, ["evaluate", "deephear"]).exit_code == 0
    answer = CliRunner().invoke(program, ["evaluate", "deephear", "--record"])
    assert (answer.exit_code, answer.stderr.count("\n")) == (2, 1)
    assert "one training rag only" in answer.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("deephear", "--task", "free"), "no task 'free'"),
        (("deephear", "--temperature", "1"), "--temperature has no effect"),
        (("deephear", "--jsb16", __file__), "--jsb16 has no effect"),
        (("bach-chorale", "--task", "accompany"), "no task 'accompany'"),
        (("bach-chorale", "--iterations", "3"), "--iterations has no effect"),
        (("bach-chorale", "--from", "."), "--from has no effect"),
        (("deephear", "--iterations", "-1"), "iterations is -1"),
        (("deephear", "--limit", "0"), "--limit is 0"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_what_a_model_does_not_have_is_refused(words: tuple[str, ...], why: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoreassist.networks.store.load_pianist", lambda name: None)
    answer = CliRunner().invoke(program, ["evaluate", *words])
    assert answer.exit_code == 2, answer.output
    assert answer.stderr.startswith("scoreassist: ")
    assert why in answer.stderr


def test_figures_with_other_iterations_have_a_key_of_their_own():
    report = {"task": "accompany", "split": "test", "data": "rags", "seed": 0, "iterations": ITERATIONS}
    assert key_of(report) == "accompany, test, rags"
    assert key_of(report | {"iterations": 1}) == "accompany, test, rags, --iterations 1"


def test_a_model_that_only_revises_is_measured_on_the_task_that_it_has(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoreassist.evaluation.evaluate", lambda network, task, split, **more: {"task": task})
    answer = CliRunner().invoke(program, ["evaluate", "bach-revision", "--limit", "1", "--json"])
    assert json.loads(answer.stdout)["task"] == "any-order"


def test_a_model_of_melodies_is_measured_on_the_melodies_of_rags(monkeypatch: pytest.MonkeyPatch):
    rag = RagPiece("one", "valid", roll(TUNE, C_MAJOR_MEASURE))
    monkeypatch.setattr("scoreassist.evaluation.tasks.ragtime", lambda split: [rag, rag])
    exam = set_exam("free", "valid", rows=(0,), corpus=MELODIES, limit=1)
    assert exam.data == "melodies of Joplin's rags"
    (grid,) = exam.grids
    assert grid.pitch.tolist() == [[60, 60, 64, 64, 67, 67, 67, 65]]  # an octave lower, as its vocabulary is
    assert exam.hidden[0].all()
    assert count_pieces("valid", corpus=MELODIES) == 2


@pytest.mark.parametrize(("model", "corpus"), [("ragtime-melody", MELODIES), ("bach-melody", "bach-sopranos")])
def test_a_model_is_measured_on_the_corpus_that_it_is_trained_on(
    model: str, corpus: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("scoreassist.evaluation.evaluate", lambda *_, **more: {"corpus": more["corpus"]})
    answer = CliRunner().invoke(program, ["evaluate", model, "--no-greedy", "--json"])
    assert json.loads(answer.stdout) == {"model": model, "corpus": corpus}


FIGURES = dict.fromkeys(("nll_cell", "nll_piece", "accuracy", "token_error", "frame_error"), 0.5)
TUNES = {"model": "tunes", "task": "free", "split": "valid", "data": "tunes", "pieces": 1, "seed": 0, "cells": 8}


def test_of_a_single_voice_a_table_has_one_row():
    row = FIGURES | {"nll_articulation": None, "cells": 8}
    report = TUNES | row | {"per_voice": {"soprano": row}, "unseen_tunes": None}
    assert len(likelihood_table([report]).splitlines()) == 3  # title, headings, the task
    assert len(likelihood_table([report | {"per_voice": {"soprano": row, "alto": row}}]).splitlines()) == 5


def test_of_a_single_piece_there_is_no_standard_error(monkeypatch: pytest.MonkeyPatch):
    row = FIGURES | {"nll_articulation": None, "cells": 8}
    other = {"name": "other"} | FIGURES | {"difference": 0.25, "percent": 12.5, "share_better": 1.0}
    report = TUNES | row | {"per_voice": {}, "unseen_tunes": None}
    report |= {"against": [other | {"standard_error": float("nan")}]}
    monkeypatch.setattr("scoreassist.evaluation.evaluate", lambda *_, **__: report)
    words = ["evaluate", "bach-melody", "--limit", "1", "--no-greedy", "--without-anticipation"]
    assert CliRunner().invoke(program, words).stdout.splitlines()[-1].split() == [
        *("other", "0.500", "0.500", "0.2500", "–", "12.5", "1.00")
    ]
    (compared,) = json.loads(CliRunner().invoke(program, [*words, "--json"]).stdout)["against"]
    assert compared["standard_error"] is None
