"""Wishes as a user has them: asked with a keyword, judged in the file that comes out, which is read again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from lxml import etree
from schema import schema_errors
from shorthand import Staff, score

import scoreassist
from scoreassist.cli import program
from scoreassist.errors import RequestError
from scoreassist.grid.voices import Grid, encode
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.wishes.table import wishes_of

EXAMPLES = Path(__file__).parent.parent / "examples"
SOPRANO, ALTO, TENOR, BASS = range(4)
QUICK: dict[str, Any] = {"passes": 2, "candidates": 2}
TUNE = (
    "g4:q g4:q a4:q b4:q | c5:h b4:h | a4:q a4:q b4:q g4:q | a4:h d4:h |"
    " g4:q g4:q a4:q b4:q | c5:h b4:h | a4:q g4:q f#4:q a4:q | g4:w"
)
MELODY = score(Staff(TUNE, name="Soprano", key=1))
QUARTER = 4  # ticks


def grid_of(result: scoreassist.Result) -> Grid:
    """What stands in the file that a result would be saved as."""
    timeline = read_timeline(scoreassist.open_score(result.score.to_xml()))
    return encode(timeline, find_choir(timeline))


def asked(**wishes: Any) -> tuple[scoreassist.Result, Grid]:
    result = scoreassist.harmonize(MELODY, seed=3, **QUICK, **wishes)
    return result, grid_of(result)


def steps(grid: Grid, voice: int) -> np.ndarray:
    row = grid.pitch[voice]
    return np.abs(np.diff(row))


def test_leaps_are_no_wider_than_wished():
    result, grid = asked(max_leap="fourth")
    assert result.gave_way == {}
    assert max(steps(grid, voice).max() for voice in (ALTO, TENOR, BASS)) <= 5
    _, free = asked()
    assert steps(free, BASS).max() > 5  # so there was something to forbid


def test_voices_keep_within_the_ranges_that_are_wished():
    result, grid = asked(ranges="Tenor:F3-C4", choir="amateur")
    assert result.gave_way == {}
    assert grid.pitch[TENOR].min() >= 53
    assert grid.pitch[TENOR].max() <= 60
    assert grid.pitch[BASS].min() >= 40


def test_the_rhythm_is_that_of_the_singer_who_is_named():
    _, grid = asked(rhythm="as:Soprano")
    for voice in (ALTO, TENOR, BASS):
        assert (grid.struck[voice] == grid.struck[SOPRANO]).all()


def test_no_note_begins_between_quarters():
    _, grid = asked(rhythm="quarter")
    assert not grid.struck[:, np.arange(grid.ticks) % QUARTER != 0].any()


def test_there_are_no_more_notes_than_wished():
    result, grid = asked(density=0.5)
    assert result.gave_way == {}
    for voice in (ALTO, TENOR, BASS):
        assert max(grid.struck[voice, at : at + 16].sum() for at in range(0, grid.ticks, 16)) <= 2


def test_a_note_is_struck_no_more_often_than_wished():
    result, grid = asked(max_repeats=0)
    assert result.gave_way == {}
    again = grid.struck[:, 1:] & (grid.pitch[:, 1:] == grid.pitch[:, :-1])
    assert again[SOPRANO].any()
    assert not again[1:].any()


def test_all_notes_are_of_the_key():
    _, grid = asked(key="G", tonality="diatonic")
    assert set((grid.pitch % 12).ravel().tolist()) <= {7, 9, 11, 0, 2, 4, 6}


def test_phrases_end_with_the_cadences_that_are_wished():
    result, grid = asked(cadence="4:half 8:perfect")  # as the flag is called, or as the wish: cadences
    assert result.gave_way == {}
    assert grid.pitch[BASS, 3 * 16 + 8] % 12 == 2  # D, the dominant
    assert set((grid.pitch[:, 3 * 16 + 8] % 12).tolist()) <= {2, 6, 9, 0}
    assert grid.pitch[BASS, 7 * 16] % 12 == 7
    assert grid.pitch[BASS, 7 * 16 - 1] % 12 == 2


def test_measures_echo_others():
    result, grid = asked(like="1-2@5")
    assert result.gave_way == {}
    assert (grid.pitch[:, :32] == grid.pitch[:, 64:96]).all()
    assert (grid.struck[1:, 1:32] == grid.struck[1:, 65:96]).all()
    _, free = asked()
    assert (free.pitch[:, :32] != free.pitch[:, 64:96]).any()


def test_chord_symbols_are_followed_unless_they_are_to_be_ignored():
    symbol = "<harmony><root><root-step>{}</root-step></root><kind>{}</kind></harmony>"
    bars = [
        ("G", "major", "b4:h d5:h"),
        ("A", "minor", "c5:h e5:h"),
        ("D", "dominant", "c5:h a4:h"),
        ("G", "major", "g4:w"),
    ]
    tune = " | ".join(f"{symbol.format(root, kind)} {notes}" for root, kind, notes in bars)
    source = score(Staff(tune, name="Soprano", key=1))
    chords = [{7, 11, 2}, {9, 0, 4}, {2, 6, 9, 0}, {7, 11, 2}]
    result = scoreassist.harmonize(source, seed=3, **QUICK)
    grid = grid_of(result)
    for number, chord in enumerate(chords):
        for tick in range(16 * number, 16 * number + 16, QUARTER):
            assert set((grid.pitch[:, tick] % 12).tolist()) <= chord, (number, tick, result.gave_way)
        assert grid.pitch[BASS, 16 * number] % 12 == [7, 9, 2, 7][number]
    ignored = grid_of(scoreassist.harmonize(source, seed=3, chords="ignore", **QUICK))
    assert (ignored.pitch != grid.pitch).any()


def test_strict_keeps_every_rule_or_says_where_it_does_not():
    result = scoreassist.harmonize(EXAMPLES / "amazing-grace.musicxml", seed=1, strict=True)
    rules = (
        "parallel-fifths",
        "parallel-octaves",
        "hidden-fifths",
        "hidden-octaves",
        "overlap",
        "unresolved-seventh",
    )
    found = scoreassist.check(result.score, rules=rules)
    assert len(found.findings) <= result.gave_way.get("strict", 0)
    counsel = result.counsel
    assert counsel is not None
    told = {(row.measure, row.beat) for row in counsel.gave_way}
    assert {(finding.measure, finding.beat) for finding in found.findings} <= told


def test_what_cannot_be_kept_is_named_with_its_place():
    result, grid = asked(ranges="Tenor:C3-C3", max_leap="fourth")
    named = {(row.name, row.voice) for row in result.counsel.gave_way} if result.counsel else set()
    broken = (grid.pitch[TENOR] != 48).any() or any(steps(grid, v).max() > 4 for v in (ALTO, TENOR, BASS))
    assert bool(named) == broken
    if (grid.pitch[TENOR] != 48).any():
        assert ("range", "Tenor") in named


def test_nothing_is_quoted_for_longer_than_wished():
    result = scoreassist.harmonize(EXAMPLES / "amazing-grace.musicxml", seed=1, max_copy=2, **QUICK)
    longest = scoreassist.originality(result.score).longest
    assert result.gave_way == {}
    assert longest is None or longest.beats <= 2


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        ({"strict": True, "rules": "hidden=allow"}, "--strict and --rule hidden=allow contradict"),
        ({"near": 0.5}, "scoreassist vary"),
        ({"cadences": "99:half"}, "measure '99'"),
        ({"like": "5-8@1"}, "like"),
        ({"density": 0.25, "rhythm": "as:Soprano"}, "contradict"),
        ({"tempo": 3}, "tempo"),
    ],
)
def test_wishes_that_make_no_sense_are_refused(wishes, says):
    with pytest.raises(RequestError, match=says):
        scoreassist.harmonize(MELODY, **QUICK, **wishes)


def test_answers_differ_the_best_comes_first_and_the_same_seed_gives_the_same():
    first, again = (scoreassist.harmonize(MELODY, seed=5, answers=3, passes=1) for _ in range(2))
    texts = [answer.score.to_xml() for answer in first.answers]
    assert len(set(texts)) == 3
    assert texts == [answer.score.to_xml() for answer in again.answers]
    assert first.score.to_xml() == texts[0]
    assert all(schema_errors(text) == [] for text in texts)
    gave_way = [len(answer.counsel.gave_way) for answer in first.answers if answer.counsel]
    assert gave_way == sorted(gave_way)


def test_a_result_says_how_sure_the_model_is_of_each_measure_and_what_a_teacher_would_mark():
    result, _ = asked()
    counsel = result.counsel
    assert counsel is not None
    assert [row.measure for row in counsel.likelihood] == [str(number) for number in range(1, 9)]
    mean = sum(row.nats * row.cells for row in counsel.likelihood) / sum(row.cells for row in counsel.likelihood)
    assert mean == pytest.approx(result.log_probability)
    told = [(f.rule, f.measure, f.beat, f.voices) for f in counsel.findings]
    assert told == [(f.rule, f.measure, f.beat, f.voices) for f in scoreassist.check(result.score).findings]
    longest = scoreassist.originality(result.score).longest
    assert (counsel.longest_copy and counsel.longest_copy.beats) == (longest and longest.beats)


@pytest.mark.parametrize("near", [0.3, 0.7])
def test_a_variation_leaves_what_was_asked_and_touches_nothing_else(near):
    source = EXAMPLES / "marked-words.musicxml"
    before = encode(*_read(source.read_bytes()))
    result = scoreassist.vary(source, measures=(3, 6), near=near, seed=2, passes=2)
    after = grid_of(result)
    numbers = [measure.number for measure in _read(source.read_bytes())[0].measures]
    inside = np.isin(before.measure, [numbers.index(number) for number in ("3", "4", "5", "6")])
    changed = (before.pitch != after.pitch) | (before.struck != after.struck)
    assert not changed[:, ~inside].any()
    share = 1 - changed[:, inside].mean()
    assert near <= share < 1
    assert len({row["measure"] for row in result.filled}) >= 1


def _read(data: bytes) -> tuple[Any, Any]:
    timeline = read_timeline(scoreassist.open_score(data))
    return timeline, find_choir(timeline)


SUNG = "c5:h d5:h | e5:h f5:h | g5:h f5:h | e5:h c5:h"
KEEP, END = (
    f"<direction><direction-type><words>{word}</words></direction-type></direction>" for word in ("keep", "end")
)


def choir(alto: str) -> bytes:
    """Four measures in four voices."""
    return score(
        Staff(SUNG, name="Soprano"),
        Staff(alto, name="Alto"),
        Staff("g3:w | g3:w | c4:w | c4:w", name="Tenor", clefs=("bass",)),
        Staff("c3:w | c3:w | c3:w | c3:w", name="Bass", clefs=("bass",)),
    )


def varied(alto: str, **options: Any) -> list[tuple[str, str]]:
    """Singer and measure of all that a variation that leaves nothing writes."""
    result = scoreassist.vary(choir(alto), near=0, passes=0, candidates=1, **options)
    return [(row["voice"], row["measure"]) for row in result.filled]


def test_what_is_to_be_kept_is_not_varied_unless_its_measures_are_named():
    kept = f"g4:w | {KEEP} g4:w | a4:w | {END} g4:w"
    assert [measure for singer, measure in varied(kept) if singer == "Alto"] == ["1", "4"]
    assert varied(kept, parts=["Alto"]) == [("Alto", "1"), ("Alto", "4")]
    assert varied(kept, parts=["Alto"], measures="2-3") == [("Alto", "2"), ("Alto", "3")]
    assert {singer for singer, _ in varied(kept)} == {"Soprano", "Alto", "Tenor", "Bass"}


def test_what_stands_there_is_varied_and_not_what_is_empty():
    rests = "g4:w | R | a4:h r:h | g4:w"
    for words in ({"parts": ["Alto"]}, {"parts": ["Alto"], "measures": "1-4"}, {}):
        assert [measure for singer, measure in varied(rests, **words) if singer == "Alto"] == ["1", "3", "4"]


def test_a_variation_of_which_nothing_is_said_stays_near():
    source = choir("g4:w | g4:w | a4:w | g4:w")
    first, second = (
        scoreassist.vary(source, passes=0, candidates=1, **near).score.to_xml() for near in ({}, {"near": None})
    )
    assert first == second


def test_wishes_are_given_singly_or_all_at_once():
    together, _ = asked(wishes=wishes_of(max_leap="third", ranges="Tenor:F3-C4"))
    singly, _ = asked(max_leap="third", ranges="Tenor:F3-C4")
    assert together.score.to_xml() == singly.score.to_xml()
    assert together.score.to_xml() != asked()[0].score.to_xml()
    all_as_usual = scoreassist.vary(choir("g4:w | g4:w | a4:w | g4:w"), wishes=wishes_of(), passes=0, candidates=1)
    assert all_as_usual.seed == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"wishes": wishes_of(), "max_leap": 7}, "wishes is given, and max_leap too; put it into wishes_of"),
        ({"wishes": "max_leap"}, "wishes is not what wishes_of gives back; name each"),
        ({"wishes": wishes_of(near=0.5)}, "use it with scoreassist vary"),
    ],
)
def test_wishes_that_are_given_twice_or_wrongly_are_refused(options, says):
    with pytest.raises(RequestError, match=says):
        scoreassist.harmonize(MELODY, **options)


def test_options_that_nobody_has_are_named_without_wishes_among_the_others():
    with pytest.raises(RequestError, match=r"iterations has no effect on chorales; there are .*keep_marks$"):
        scoreassist.harmonize(MELODY, iterations=3)


def test_a_new_chorale_has_no_words_to_copy():
    with pytest.raises(RequestError, match="has no words; leave lyrics out"):
        scoreassist.generate(measures=2, lyrics="copy")


def test_a_continuation_keeps_what_there_was_and_ends_on_the_tonic():
    source = score(
        Staff(TUNE, name="Soprano", key=1),
        Staff(" | ".join(["d4:w"] * 8), name="Alto", key=1),
        Staff(" | ".join(["b3:w"] * 8), name="Tenor", key=1, clefs=("bass",)),
        Staff(" | ".join(["g3:w"] * 8), name="Bass", key=1, clefs=("bass",)),
    )
    result = scoreassist.continue_(source, measures=4, seed=1, passes=2)
    root = etree.fromstring(result.score.to_xml())
    assert schema_errors(result.score.to_xml()) == []
    before, after = encode(*_read(source)), grid_of(result)
    assert after.ticks == before.ticks + 4 * 16
    assert (after.pitch[:, : before.ticks] == before.pitch).all()
    assert (after.pitch[:, before.ticks :] >= 0).all()
    assert after.pitch[BASS, -1] % 12 == 7
    assert not root.findall(".//fermata")  # there were none
    assert [b.findtext("bar-style") for b in root.iterfind("part[1]/measure[8]/barline")] in ([], [None])


def test_a_rag_goes_on_too():
    rag = scoreassist.generate(style="ragtime", measures=4, seed=1, iterations=2, candidates=1).score
    longer = scoreassist.continue_(rag, style="ragtime", measures=2, iterations=2, candidates=1)
    assert {row["measure"] for row in longer.filled} <= {"5", "6", "7", "X1"}
    assert len(etree.fromstring(longer.score.to_xml()).findall("part/measure")) > len(
        rag.root.findall("part/measure")
    )


@dataclass
class Desk:
    folder: Path

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(program, list(words), catch_exceptions=False)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tune.musicxml").write_bytes(MELODY)
    return Desk(tmp_path)


FAST = ("--passes", "1")


def test_every_candidate_has_a_file_of_its_own_and_all_are_in_one_picture(desk):
    result = desk.run(
        "harmonize", "tune.musicxml", "--candidates", "3", "-o", "t-{n}.musicxml", "--compare", "c.svg", *FAST
    )
    assert result.exit_code == 0
    files = [(desk.folder / f"t-{number}.musicxml").read_bytes() for number in (1, 2, 3)]
    assert len(set(files)) == 3
    assert not (desk.folder / "t-4.musicxml").exists()
    assert (desk.folder / "c.svg").read_text().count('class="measure"') >= 3 * 8
    assert [line[:2] for line in result.stderr.splitlines()[-3:]] == ["1:", "2:", "3:"]


def test_json_has_all_answers(desk):
    result = desk.run("harmonize", "tune.musicxml", "--candidates", "2", "--compare", "c.svg", "--json", *FAST)
    told = json.loads(result.stdout)
    assert len(told["answers"]) == 2
    assert told["answers"][0]["filled"] == told["filled"]


def test_the_picture_is_explained(desk):
    assert desk.run("harmonize", "tune.musicxml", "--svg", "e.svg", "--explain", *FAST).exit_code == 0
    assert desk.run("harmonize", "tune.musicxml", "--svg", "plain.svg", *FAST).exit_code == 0
    assert "how-sure" in (desk.folder / "e.svg").read_text()
    assert "how-sure" not in (desk.folder / "plain.svg").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("harmonize", "tune.musicxml", "--explain", "-o", "t.musicxml"), "--explain draws under a picture"),
        (("harmonize", "tune.musicxml", "-o", "t-{n}.musicxml", "--svg", "t.svg"), "put {n} into its name"),
        (("harmonize", "tune.musicxml", "--style", "ragtime", "-o", "t-{n}.musicxml"), "one answer"),
        (
            ("harmonize", "tune.musicxml", "--style", "ragtime", "--strict", "-o", "t.musicxml"),
            "strict has no effect",
        ),
        (("harmonize", "tune.musicxml", "--compare", "c.mid"), "c.mid"),
        (("vary", "tune.musicxml", "--near", "2", "-o", "t.musicxml"), "near"),
        (("continue", "tune.musicxml", "--measures", "0", "-o", "t.musicxml"), "0 measures"),
        (("harmonize", "tune.musicxml", "--range", "Tenor:G4-C3", "-o", "t.musicxml"), "Tenor"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(desk, words, says):
    result = desk.run(*words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert [path.name for path in desk.folder.iterdir()] == ["tune.musicxml"]


def test_vary_and_continue_are_one_liners(desk):
    assert desk.run("harmonize", "tune.musicxml", "-o", "full.musicxml", *FAST).exit_code == 0
    assert desk.run("vary", "full.musicxml", "--measures", "5-8", "-o", "v.musicxml", *FAST).exit_code == 0
    assert desk.run("continue", "full.musicxml", "--measures", "2", "-o", "c.musicxml", *FAST).exit_code == 0
    longer = etree.parse(desk.folder / "c.musicxml").getroot()
    assert len(longer.findall("part[1]/measure")) == 10
    assert schema_errors((desk.folder / "c.musicxml").read_bytes()) == []
