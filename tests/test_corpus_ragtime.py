"""Rags from a folder: what is read, what is left out and why, and what the commands say about it."""

from __future__ import annotations

import urllib.error
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from shorthand import Staff, score

from scoreassist.cli import program
from scoreassist.corpus import build_ragtime, ragtime
from scoreassist.corpus.ragtime import EDITION
from scoreassist.errors import InputError, RequestError
from scoreassist.evaluation.piano_report import held_out, training_rags
from scoreassist.files.document import Score, open_score
from scoreassist.grid.roll import LOWEST_KEY
from scoreassist.grid.vocabulary import REST_PITCH

GRAND = ("treble", "bass")
RAG = score(
    Staff(
        "c5+e5:e g5:q g5:e // c2+c3:e e3+g3:e g2:e e3+g3:e | r:e c5:q. // c2:h",
        time="2/4",
        key=-1,
        clefs=GRAND,
    )
)
WALTZ = score(Staff("c5:h. // c3:h.", time="3/4", clefs=GRAND))
SONG = score(Staff("c5:h | d5:h", time="2/4"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that nobody else has."""
    monkeypatch.setenv("SCOREASSIST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two rags of the manifest and one that it does not know; and what is none, of which it knows one waltz."""
    folder = tmp_path / "scores"
    folder.mkdir()
    for name in ("breeze", "weepingwillow", "mine"):
        (folder / f"{name}.musicxml").write_bytes(RAG)
    (folder / "bethena.musicxml").write_bytes(WALTZ)
    (folder / "waltz.musicxml").write_bytes(WALTZ)
    (folder / "song.musicxml").write_bytes(SONG)
    (folder / "notes.txt").write_text("not a score")
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(program, ["corpus", *words])


def test_a_rag_is_read_as_it_stands(folder: Path):
    for name in ("waltz", "song", "mine"):
        (folder / f"{name}.musicxml").unlink()
    (piece,) = ragtime("train", folder=folder)
    assert piece.name == "breeze"
    roll = piece.roll
    assert roll.ticks == 16
    assert roll.melody.tolist() == [76, 76, 79, 79, 79, 79, 79, 79, REST_PITCH, REST_PITCH, *[72] * 6]
    assert np.flatnonzero(roll.melody_struck).tolist() == [0, 2, 6, 10]
    accompaniment = sorted(
        (int(t), int(k) + LOWEST_KEY) for k, t in zip(*roll.accompaniment().nonzero(), strict=True)
    )
    bass = [(0, 36), (0, 48), (2, 52), (2, 55), (4, 43), (6, 52), (6, 55), (8, 36)]
    assert accompaniment == sorted([*bass, (0, 72)])
    assert roll.place.tolist() == [*range(8)] * 2
    assert set(roll.fifths) == {-1}


def test_pieces_are_split_by_their_names_and_unknown_ones_are_trained_on(folder: Path):
    (folder / "waltz.musicxml").unlink()
    (folder / "song.musicxml").unlink()
    assert {piece.name: piece.split for piece in ragtime(folder=folder)} == {
        "breeze": "train",
        "mine": "train",
        "weepingwillow": "test",
    }


def test_without_a_corpus_there_is_the_rag_that_music21_ships():
    assert [(piece.name, piece.split) for piece in ragtime()] == [("mapleleaf", "train")]
    with pytest.raises(InputError, match="corpus build ragtime"):
        ragtime("test")


def test_what_is_built_says_why_a_piece_is_left_out(folder: Path, cache: Path):
    told = dict(build_ragtime(folder))
    assert (told["breeze"], told["weepingwillow"], told["mine"]) == ("train", "test", "train")
    assert told["bethena"] == "other-metre"
    assert "2/4" in told["waltz"]
    assert "two hands" in told["song"]
    assert sorted(file.name for file in (cache / "ragtime").iterdir()) == [
        *("breeze.musicxml", "mine.musicxml", "weepingwillow.musicxml")
    ]
    assert [piece.name for piece in ragtime("test")] == ["weepingwillow"]


@pytest.mark.parametrize(
    ("time", "measure"),
    [("3/8", "c5:q. // c3:q."), ("1/4", "c5:q // c3:q"), ("4/4", "c5:w // c3:w"), ("2/2", "c5:w // c3:w")],
)
def test_what_is_in_another_metre_is_left_out_however_short(folder: Path, time: str, measure: str):
    (folder / "waltz.musicxml").write_bytes(score(Staff(measure, time=time, clefs=GRAND)))
    assert "not wholly in 2/4" in dict(build_ragtime(folder))["waltz"]
    assert {piece.name for piece in ragtime(folder=folder)} == {"breeze", "mine", "weepingwillow"}


def test_a_pickup_is_no_other_metre(folder: Path):
    pickup = Staff("c5:q // c3:q | c5:h // c3:h", time="2/4", clefs=GRAND)
    (folder / "waltz.musicxml").write_bytes(score(pickup))
    assert dict(build_ragtime(folder))["waltz"] == "train"


def test_what_was_built_stays_until_something_else_is(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):
    list(build_ragtime(folder))
    built = {"breeze", "mine", "weepingwillow"}
    for name in built:
        (folder / f"{name}.musicxml").unlink()
    assert {what for _, what in build_ragtime(folder)}.isdisjoint({"train", "valid", "test"})
    assert {piece.name for piece in ragtime()} == built

    fetched = []

    def one_and_no_more(name: str) -> Score:
        if fetched:
            raise InputError("unplugged")
        fetched.append(name)
        return open_score(RAG)

    monkeypatch.setattr(import_module("scoreassist.corpus.ragtime"), "_fetch", one_and_no_more)
    with pytest.raises(InputError, match="unplugged"):
        list(build_ragtime())
    assert len(fetched) == 1
    assert {piece.name for piece in ragtime()} == built
    assert [place.name for place in cache.iterdir() if place.is_dir()] == ["ragtime"]  # and nothing beside it


def test_a_build_that_was_stopped_leaves_no_corpus(folder: Path, cache: Path):
    stopped = build_ragtime(folder)
    assert [next(stopped) for _ in range(2)] == [("bethena", "other-metre"), ("breeze", "train")]
    stopped.close()
    assert list(cache.iterdir()) == []
    assert [piece.name for piece in ragtime()] == ["mapleleaf"]


def test_another_corpus_takes_the_place_of_the_one_that_was_built(folder: Path):
    list(build_ragtime(folder))
    (folder / "mine.musicxml").unlink()
    list(build_ragtime(folder))
    assert {piece.name for piece in ragtime()} == {"breeze", "weepingwillow"}


def test_a_folder_without_scores_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="no scores"):
        list(build_ragtime(tmp_path))
    with pytest.raises(RequestError, match="not a folder"):
        list(build_ragtime(tmp_path / "nowhere"))


# What is measured on a folder


def test_of_a_folder_ones_own_rags_are_held_out_beside_those_of_the_split(folder: Path):
    (folder / "waltz.musicxml").unlink()
    (folder / "song.musicxml").unlink()
    assert [piece.name for piece in held_out("test", folder)] == ["mine", "weepingwillow"]
    assert [piece.name for piece in held_out("test", folder, limit=1)] == ["mine"]
    assert len(training_rags(folder)) == 1  # breeze alone


def test_a_folder_without_training_rags_is_compared_with_the_corpus(folder: Path):
    for name in ("waltz", "song", "mine", "breeze"):
        (folder / f"{name}.musicxml").unlink()
    assert [piece.name for piece in held_out("test", folder)] == ["weepingwillow"]
    assert training_rags(folder)[0].ticks > 600  # Maple Leaf Rag, whole


def test_rags_that_the_corpus_is_trained_on_are_not_held_out(folder: Path):
    (folder / "weepingwillow.musicxml").unlink()
    list(build_ragtime(folder))  # breeze and mine
    with pytest.raises(InputError, match="no rags but those that are trained on"):
        held_out("test", folder)
    (folder / "another.musicxml").write_bytes(RAG)
    assert [piece.name for piece in held_out("test", folder)] == ["another"]


# Commands


def test_building_says_what_became_of_each_piece(folder: Path, cache: Path):
    answer = run("build", "ragtime", "--from", str(folder))
    assert answer.exit_code == 0, answer.stderr
    rows = dict(line.split(maxsplit=1) for line in answer.stdout.splitlines())
    assert set(rows) == {"bethena", "breeze", "mine", "song", "waltz", "weepingwillow"}
    assert (rows["breeze"], rows["weepingwillow"], rows["bethena"]) == ("train", "test", "other-metre")
    assert answer.stderr == f"train 2, test 1; left out 3; in {cache / 'ragtime'}\n"


def test_a_corpus_that_was_built_is_listed(folder: Path, cache: Path):
    assert "ragtime          train 1; in music21" in run("list").stdout
    assert run("build", "ragtime", "--from", str(folder)).exit_code == 0
    listed = run("list").stdout
    for file in (cache / "ragtime").iterdir():
        file.unlink()
    assert "ragtime          train 1; in music21" in run("list").stdout
    assert f"ragtime          train 2, test 1; in {cache / 'ragtime'}\n" in listed
    assert "bach-chorales    train 235" in listed


@pytest.mark.parametrize(
    ("keep", "status", "why"),
    [
        pytest.param(["waltz"], 3, "no piece for piano in 2/4", id="nothing of use"),
        pytest.param([], 3, "has no scores", id="no scores"),
    ],
)
def test_a_folder_of_no_use_ends_with_one_line(folder: Path, keep: list[str], status: int, why: str):
    for file in folder.iterdir():
        if file.stem not in keep:
            file.unlink()
    answer = run("build", "ragtime", "--from", str(folder))
    assert answer.exit_code == status
    assert answer.stderr.count("\n") == 1
    assert why in answer.stderr


def test_a_place_that_is_no_folder_is_a_mistake_of_usage(folder: Path):
    answer = run("build", "ragtime", "--from", str(folder / "breeze.musicxml"))
    assert (answer.exit_code, answer.stderr.count("\n")) == (2, 1)


def test_without_a_network_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    def unreachable(url: str, timeout: float) -> None:
        assert url.startswith(EDITION)
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr("urllib.request.urlopen", unreachable)
    answer = run("build", "ragtime")
    assert answer.exit_code == 3
    assert answer.stderr.count("\n") == 1
    assert "cannot be fetched" in answer.stderr
    assert "--from" in answer.stderr
