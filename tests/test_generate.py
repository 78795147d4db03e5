"""New scores: empty ones, keys as musicians write them, the form of a chorale, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from dicing import dice
from schema import schema_errors

from scoreassist.assistant import complete, generate, harmonize
from scoreassist.cli import program
from scoreassist.errors import RequestError
from scoreassist.files.document import Score
from scoreassist.grid.voices import Grid, encode
from scoreassist.score.metre import Metre
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.styles import STYLES
from scoreassist.theory.form import RESTS, settle_form
from scoreassist.theory.keys import Key, parse_key
from scoreassist.validation import validate
from scoreassist.writing.blank import LAYOUTS, blank_score, parse_metre


def run(*words: str) -> Result:
    result = CliRunner().invoke(program, ["generate", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


# --- empty scores ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("metre", "pickup"), [("2/4", 0), ("4/4", 1), ("3+2/8", 0)])
def test_an_empty_score_is_valid_and_its_measures_add_up(layout: str, metre: str, pickup: int):
    score = blank_score(3, -4, metre, layout, "New", pickup)
    assert schema_errors(score.to_xml()) == []
    assert validate(score) == []


def test_a_piano_has_one_part_of_two_staves_with_a_brace():
    root = blank_score(2, 0, "2/4", "piano").root
    assert len(root.findall("part")) == 1
    assert root.findtext("part/measure/attributes/part-symbol") == "brace"
    assert [clef.findtext("sign") for clef in root.iter("clef")] == ["G", "F"]
    assert [rest.findtext("staff") for rest in root.findall("part/measure/note")] == ["1", "2"] * 2


@pytest.mark.parametrize(
    ("layout", "clefs"), [("open", ["G", "G", "G8", "F"]), ("closed", ["G", "F"]), ("piano", ["G", "F"])]
)
def test_each_layout_has_its_clefs(layout: str, clefs: list[str]):
    found = blank_score(1, 0, "4/4", layout).root.iter("clef")
    assert [f"{c.findtext('sign')}{'8' if c.findtext('clef-octave-change') else ''}" for c in found] == clefs


@pytest.mark.parametrize("layout", ["open", "closed"])
def test_an_empty_choir_has_four_singers(layout: str):
    timeline = read_timeline(blank_score(1, 0, "4/4", layout))
    assert sorted(find_choir(timeline).written().singers) == [0, 1, 2, 3]


def test_an_upbeat_is_measure_0_and_the_last_measure_is_shorter_by_it():
    measures = read_timeline(blank_score(2, 0, "4/4", "open", pickup=1)).measures
    assert [(m.number, m.length) for m in measures] == [("0", 1), ("1", 4), ("2", 3)]


@pytest.mark.parametrize("text", ["", "4", "0/4", "4/3", "four/four", "40/4"])
def test_what_is_no_metre_is_refused(text: str):
    with pytest.raises(RequestError, match="is no metre"):
        parse_metre(text)


# --- keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fifths", "minor", "tonic"),
    [
        ("C", 0, False, 0),
        ("A-", -4, False, 8),
        ("Ab", -4, False, 8),
        ("A-flat", -4, False, 8),
        ("a flat major", -4, False, 8),
        ("F#", 6, False, 6),
        ("f#", 3, True, 6),
        ("bb", -5, True, 10),
        ("b", 2, True, 11),
        ("D minor", -1, True, 2),
        ("c-sharp min", 4, True, 1),
        ("E♭", -3, False, 3),
    ],
)
def test_a_key_is_read_as_musicians_write_it(text: str, fifths: int, minor: bool, tonic: int):
    assert parse_key(text) == Key(fifths, minor)
    assert parse_key(text).tonic == tonic


@pytest.mark.parametrize(("text", "told"), [("H", "is no key"), ("", "is no key"), ("G#", "8 sharps; write A-")])
def test_what_is_no_key_is_refused_with_what_would_be_one(text: str, told: str):
    with pytest.raises(RequestError, match=told):
        parse_key(text)


# --- the form of a chorale ---------------------------------------------------------------------------------


def form(measures: int, key: Key, metre: str, seed: int = 0) -> Grid:
    timeline = read_timeline(blank_score(measures, key.fifths, metre, "open", pickup=1))
    grid = encode(timeline, find_choir(timeline))
    return settle_form(replace(grid, known=np.zeros_like(grid.known)), key, parse_metre(metre), seed)


def test_phrases_of_eight_quarters_end_with_a_fermata_a_beat_before_the_barline():
    grid = form(4, Key(0), "4/4")
    # Upbeat 0-3; beat 3 of measure 2 is tick 4 + 16 + 8; the last measure has three beats.
    assert np.flatnonzero(grid.fermata).tolist() == [*range(28, 32), *range(52, 64)]


def test_phrases_in_triple_time_have_four_measures():
    grid = form(8, Key(0), "3/4")
    assert np.flatnonzero(grid.fermata).tolist() == [*range(44, 48), *range(88, 96)]


def test_a_chorale_in_d_minor_begins_and_closes_on_d_from_the_dominant():
    grid = form(4, Key(-1, minor=True), "4/4")
    bass = np.where(grid.known[3], grid.pitch[3], -1)
    assert set(bass[:4]) == {50}
    assert set(bass[48:52]) == {45}  # A2
    assert set(bass[52:]) == {50}  # D3
    assert set(grid.pitch[0, 52:]) == {74}
    assert not grid.known[1].any()


@pytest.mark.parametrize("minor", [False, True])
def test_phrases_rest_on_roots_with_their_fifths(minor: bool):
    for seed in range(8):
        grid = form(4, Key(0, minor), "4/4", seed)
        bass, tenor = grid.pitch[3, 28], grid.pitch[2, 28]
        assert (bass - Key(0, minor).tonic) % 12 in RESTS[minor]
        assert (tenor - bass) % 12 == 7
        assert tenor > bass


def test_another_seed_rests_elsewhere():
    plans = {tuple(form(16, Key(0), "4/4", seed).pitch[3]) for seed in range(8)}
    assert len(plans) > 4


def test_the_shortest_chorale_still_begins_and_ends():
    grid = form(1, Key(0), "4/4")
    assert set(grid.pitch[3, grid.known[3]] % 12) == {0}
    assert form(2, Key(0), "4/4").ticks == 32


# --- generating --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["open", "closed"])
@pytest.mark.parametrize(("key", "metre"), [("A-", "4/4"), ("f#", "3/4")])
def test_a_new_chorale_is_full_and_valid(layout: str, key: str, metre: str):
    with dice():
        result = generate(style="chorale", measures=5, key=key, metre=metre, layout=layout, seed=2)
    assert schema_errors(result.score.to_xml()) == []
    assert validate(result.score) == []
    assert {row["voice"] for row in result.filled} == {"Soprano", "Alto", "Tenor", "Bass"}
    timeline = read_timeline(result.score)
    assert len(timeline.measures) == 6
    assert timeline.measures[0].concert_fifths == parse_key(key).fifths
    assert timeline.measures[1].metre == parse_metre(metre)


def last_bass(score: Score) -> int | None:
    return find_choir(read_timeline(score)).singers[3].notes()[-1].midi


def test_what_the_form_settles_is_written_whatever_the_model_says():
    with dice():
        score = generate(style="chorale", measures=2, key="E", seed=3).score
    assert last_bass(score) == 40  # E2
    assert len(list(score.root.iter("fermata"))) == 2  # of the last chord, in the outer voices


def test_the_same_seed_gives_the_same_bytes_and_another_one_others():
    first, second, third = (
        generate(measures=2, key="G", seed=seed, candidates=1, passes=0).score.to_xml() for seed in (1, 1, 2)
    )
    assert first == second != third


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"style": "gigue"}, "no style 'gigue'; use chorale or ragtime"),
        ({"measures": 0}, "0 measures"),
        ({"measures": 513}, "513 measures"),
        ({"metre": "5/4"}, "no metre '5/4'"),
        ({"style": "ragtime", "metre": "3/4"}, "no metre '3/4'"),
        ({"layout": "piano"}, "no layout 'piano'"),
        ({"measures": 2.5}, "measures is 2.5; it must be a whole number"),
        ({"measures": True}, "measures is True; it must be a whole number"),
        (
            {"style": "ragtime", "passes": 3},
            "passes has no effect on ragtime; there are seed, temperature, candidates, iterations, model$",
        ),
        ({"iterations": 3}, "iterations has no effect on chorales; there are seed, temperature"),
    ],
)
def test_what_a_style_does_not_have_is_refused(wishes: dict[str, object], told: str):
    with pytest.raises(RequestError, match=told):
        generate(**wishes)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"seed": 2**70}, f"seed is {2**70}; it must lie between"),
        ({"seed": "a"}, "seed is 'a'; it must be a whole number"),
        ({"iterations": "x"}, "iterations is 'x'; it must be a whole number"),
        ({"iterations": 2.5}, "iterations is 2.5; it must be a whole number"),
        ({"iterations": -1}, "iterations is -1; it must lie between 0 and 10000"),
        ({"candidates": True}, "candidates is True; it must be a whole number"),
        ({"candidates": 0}, "candidates is 0; it must lie between 1 and 256"),
        ({"temperature": "1"}, "temperature is '1'; it must be a number"),
        ({"temperature": float("nan")}, "temperature is nan; it must lie between 0 and 10"),
        ({"temperature": 11}, "temperature is 11; it must lie between 0 and 10"),
    ],
)
def test_options_of_ragtime_are_checked_as_those_of_chorales_are(wish: dict[str, object], told: str):
    with pytest.raises(RequestError, match=told):
        generate(style="ragtime", **wish)


def test_an_option_that_a_style_does_not_have_is_refused_in_the_same_words_everywhere():
    melody = blank_score(1)
    told = []
    for ask in (partial(generate), partial(harmonize, melody), partial(complete, melody)):
        with pytest.raises(RequestError) as refusal:
            ask(style="ragtime", passes=3)
        told.append(str(refusal.value).partition(";")[0])
        assert "progress" not in str(refusal.value)
    assert set(told) == {"passes has no effect on ragtime"}


def test_every_style_names_a_metre_and_a_layout_that_can_be_written():
    for style in STYLES.values():
        assert all(isinstance(parse_metre(metre), Metre) for metre in style.metres)
        assert set(style.layouts) <= set(LAYOUTS)
        parse_key(style.key)


# --- the command -------------------------------------------------------------------------------------------


def test_the_command_writes_the_score_and_says_so(tmp_path: Path):
    target = tmp_path / "new.musicxml"
    with dice():
        result = run("--measures", "2", "--key", "D minor", "--title", "Vesper", "-o", str(target), "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["notes"] == sum(row["notes"] for row in report["filled"]) > 0
    assert b"<work-title>Vesper</work-title>" in target.read_bytes()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--key", "H", "-o", "x.xml"), "'H' is no key"),
        (("--measures", "0", "-o", "x.xml"), "0 measures"),
        (("-o", "x.txt"), "cannot save as '.txt'"),
        ((), "nothing to write"),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_2(words: tuple[str, ...], told: str):
    result = run(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
