"""Two hundred spoiled scores: each is understood or refused in one clear line, and soon.

``benchmarks/fuzz.py`` throws as many as one likes.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from fuzzing import Failure, at_most, attempt, base_files, inside, try_everything
from mutants import mutant

from scoreassist.errors import RequestError, UnreadableError

FILES = base_files()
COUNT, BATCH = 200, 20


def test_there_are_scores_of_many_kinds_to_spoil():
    names = [name for name, _ in FILES]
    assert len(names) > 30
    assert any(name.endswith(".mxl") for name in names)
    assert {"chorale-with-holes.musicxml", "bwv324.mxl", "bwv324.xml", "24a-GraceNotes.xml"} <= set(names)


def test_a_mutant_is_spoiled_and_its_seed_makes_it_again():
    data = dict(FILES)["bwv324.xml"]
    mutants = [mutant(data, seed) for seed in range(50)]
    assert mutants == [mutant(data, seed) for seed in range(50)]
    assert len(set(mutants)) > 45


def fail(error: BaseException) -> Any:
    raise error


def test_what_is_not_to_happen_is_a_failure():
    with pytest.raises(Failure, match="reading raises KeyError"):
        attempt("reading", fail, KeyError("x"))
    with pytest.raises(Failure, match="reading raises RecursionError"):
        attempt("reading", fail, RecursionError())
    with pytest.raises(Failure, match="reading refuses in other than one line"):
        attempt("reading", fail, RequestError(""))
    with pytest.raises(Failure, match=r"reading takes more than 0\.05 seconds"), at_most(0.05, "reading"):
        time.sleep(2)
    assert attempt("reading", fail, UnreadableError("is broken; try another")) == (None, "reading refused")
    assert attempt("reading", int, "7") == (7, "reading done")


@pytest.mark.parametrize("first", range(0, COUNT, BATCH))
def test_spoiled_scores_are_understood_or_refused(first: int):
    for seed in range(first, first + BATCH):
        name, data = FILES[seed % len(FILES)]
        try:
            try_everything(mutant(data, seed), name, seed)
        except Failure as failure:
            pytest.fail(f"seed {seed}, {name}: {failure} {failure.__cause__ or ''}")


def test_enough_of_them_come_through_to_mean_something():
    ends = Counter[str]()
    for seed in range(40):
        name, data = FILES[seed % len(FILES)]
        ends.update(try_everything(mutant(data, seed), name, seed))
    for what in ("open", "info", "complete", "harmonize", "complete with measures"):
        assert ends[f"{what} done"] > 2, what
        assert ends[f"{what} refused"] > 2, what


def test_the_document_in_an_archive_is_what_is_spoiled_as_plain_xml():
    files = dict(FILES)
    assert inside(files["bwv324.mxl"]) == files["bwv324.xml"]
