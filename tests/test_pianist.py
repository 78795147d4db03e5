"""Ragtime from end to end: a melody in, a piano part out, and nothing that was given touched."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from judge import canonical
from schema import schema_errors
from shorthand import Staff, score

import scoreassist
from scoreassist.cli import main, program
from scoreassist.corpus import ragtime
from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import open_score
from scoreassist.grid.melody_mask import melody_mask
from scoreassist.grid.roll import read_roll
from scoreassist.score.hands import piano_staves
from scoreassist.score.timeline import read_timeline
from scoreassist.validation import validate

EXAMPLE = Path(__file__).parent.parent / "examples" / "oh-susanna.musicxml"
QUICK = {"iterations": 5, "candidates": 2}
TUNE = "e5:e g5:e g5:e. a5:s | g5:e e5:e c5:e. d5:s | e5:e e5:e d5:e c5:e | d5:h"
GRAND = ("treble", "bass")


def roll_of(document: bytes):
    timeline = read_timeline(open_score(document))
    return read_roll(timeline, piano_staves(timeline))


def melody_notes(document: bytes) -> list[tuple[int, int]]:
    """Onset in ticks and pitch of each strike of the top line."""
    roll = roll_of(document)
    return [(int(tick), int(roll.melody[tick])) for tick in np.flatnonzero(roll.melody_struck)]


def staff_notes(root, number: str) -> list[str]:
    return [canonical(note) for note in root.iter("note") if note.findtext("staff") == number]


def harmonized(source: bytes | Path, **wishes: object) -> scoreassist.Result:
    """A melody with a piano part, every given note as it was, valid and whole."""
    given = open_score(source)
    before = [canonical(note) for note in given.root.iter("note")]
    result = scoreassist.harmonize(source, style="ragtime", **(QUICK | wishes))
    new = set(result.new)
    kept = [note for note in result.score.root.iter("note") if note not in new]
    silent = [note for note in kept if note.find("rest") is not None and note.findtext("staff") == "2"]
    assert [canonical(note) for note in kept if note not in silent] == before
    document = result.score.to_xml()
    assert schema_errors(document) == []
    assert validate(result.score) == validate(given) == []
    return result


def test_a_melody_gets_a_left_hand_and_is_itself_on_top_note_for_note():
    result = harmonized(EXAMPLE)
    assert melody_notes(result.score.to_xml()) == melody_notes(EXAMPLE.read_bytes())
    hands = {row["voice"]: row["notes"] for row in result.filled}
    assert set(hands) == {"Left hand", "Right hand"} or set(hands) == {"Left hand"}
    assert roll_of(result.score.to_xml()).accompaniment().sum() > 60  # 24 measures, a strike or more a beat


def test_nothing_new_sounds_above_the_melody_nor_within_a_whole_tone_of_it():
    roll = roll_of(harmonized(EXAMPLE, seed=2).score.to_xml())
    # The left hand's notes are quantized to what a hand can play, so that strikes are what counts.
    assert not (roll.accompaniment() & melody_mask(roll.melody)).any()


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_score():
    one, again, other = (
        scoreassist.harmonize(EXAMPLE, style="ragtime", seed=seed, **QUICK).score.to_xml() for seed in (1, 1, 2)
    )
    assert one == again
    assert one != other


@pytest.mark.parametrize(
    "staff",
    [
        Staff(TUNE, time="2/4"),
        Staff("e5:q g5:q g5:q. a5:e | g5:q e5:q c5:q. d5:e", time="4/4"),
        Staff(["c5:e e5:e g5:q", " <attributes><key><fifths>-4</fifths></key></attributes> a-5:q"][0], time="2/4"),
        Staff("r:q g5:q | r:h | g5:q r:q", time="2/4"),
        Staff("(d5) e5:q=Oh g5:q=my | g5:h=dear", time="2/4", key=-4),
        Staff("g4:q b4:q | d5:q~ | ~d5:q g4:q".replace("| d5:q~ |", "| g4:q d5:q~ |"), time="2/4", key=1),
        Staff("c6:q c7:q | c6:h", time="2/4", clefs=()),
        Staff("e4:q c4:q | g3:h", time="2/4"),
    ],
    ids=["2/4", "4/4", "short", "rests", "grace and words", "a tie", "very high", "very low"],
)  # fmt: skip
def test_melodies_of_many_kinds_are_accompanied(staff: Staff):
    document = score(staff)
    result = harmonized(document)
    assert [pitch for _, pitch in melody_notes(result.score.to_xml())] == [p for _, p in melody_notes(document)]


def test_repeats_and_a_pickup_stay_where_they_are():
    tune = Staff(
        "<barline location='left'><repeat direction='forward'/></barline> e5:q g5:q | g5:q e5:q"
        " <barline location='right'><repeat direction='backward'/></barline> | c5:h",
        time="2/4",
    )
    result = harmonized(score(tune))
    assert [bar.get("direction") for bar in result.score.root.iter("repeat")] == ["forward", "backward"]


def test_a_right_hand_with_chords_keeps_them_and_gets_a_left_hand_only():
    staff = Staff("c5+e5:q g5:q // R | e5+g5:h // R | c5:h // R", time="2/4", clefs=GRAND)
    result = scoreassist.harmonize(score(staff), style="ragtime", **QUICK)
    assert {row["voice"] for row in result.filled} == {"Left hand"}
    assert schema_errors(result.score.to_xml()) == []


def test_given_measures_of_the_left_hand_stay_and_the_empty_ones_are_filled():
    staff = Staff("c5:q e5:q // c3:q e4+g4:q | g5:q e5:q // R | c5:h // R", time="2/4", clefs=GRAND)
    before = roll_of(score(staff))
    result = scoreassist.harmonize(score(staff), style="ragtime", **QUICK)
    after = roll_of(result.score.to_xml())
    assert (after.struck[:, :8] == before.struck[:, :8]).all()
    assert {row["measure"] for row in result.filled} <= {"2", "3"}


RAG = Staff(
    " | ".join(["c5+e5:e g5:q e5:e // c3:e e4+g4:e g2:e e4+g4:e", "d5:q b4:q // g2:e d4+f4:e b2:e d4+f4:e"] * 4),
    time="2/4",
    clefs=GRAND,
)


@pytest.mark.parametrize("parts", ["", "left hand", "right hand"])
def test_measures_that_are_named_are_written_anew_and_the_others_are_not_touched(parts: str):
    before = roll_of(score(RAG))
    result = scoreassist.complete(
        score(RAG), style="ragtime", measures="3-5", parts=[parts] if parts else (), **QUICK
    )
    after = roll_of(result.score.to_xml())
    inside = slice(16, 40)
    changed = before.struck != after.struck
    assert not np.delete(changed, np.r_[inside], axis=1).any()
    given = open_score(score(RAG)).root
    kept = tuple(staff_notes(given, number) == staff_notes(result.score.root, number) for number in ("1", "2"))
    assert kept == {"": (False, False), "left hand": (True, False), "right hand": (False, True)}[parts]
    assert schema_errors(result.score.to_xml()) == []
    assert validate(result.score) == []


def test_words_in_the_score_mark_what_is_written_anew():
    word = "<direction placement='above'><direction-type><words>{}</words></direction-type></direction>"
    marked = RAG.music.split(" | ")
    marked[2] = word.format("complete") + " " + marked[2]
    marked[4] = word.format("end") + " " + marked[4]
    staff = Staff(" | ".join(marked), time="2/4", clefs=GRAND)
    result = scoreassist.complete(score(staff), style="ragtime", **QUICK)
    assert {row["measure"] for row in result.filled} <= {"3", "4"}
    assert result.filled
    assert result.score.root.find(".//words") is None


@pytest.mark.parametrize("key", ["C", "A-", "f#", "E"])
def test_a_new_rag_has_so_many_measures_in_its_key_and_is_in_order(key: str):
    result = scoreassist.generate(style="ragtime", measures=5, key=key, seed=3, **QUICK)
    document = result.score.to_xml()
    assert len(result.score.root.findall("part/measure")) == 5
    assert schema_errors(document) == []
    assert validate(result.score) == []
    assert {row["voice"] for row in result.filled} == {"Right hand", "Left hand"}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (score(Staff("c5:h.", time="3/4")), "3/4"),
        (score(Staff("c5:q. d5:q.", time="6/8")), "6/8"),
        (score(Staff("c5:q d5:q", time="free")), "no metre"),
        (
            score(Staff("c5:h", time="2/4", transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>")),
            "transpos",
        ),
        (score(Staff("R", time="2/4")), "no note"),
        (score("c5:w", "e4:w", "g3:w"), "3 parts"),
    ],
    ids=["waltz", "compound", "senza misura", "clarinet", "silent", "trio"],
)
def test_what_cannot_be_a_rag_is_refused_with_a_word_on_what_to_do(document: bytes, what: str):
    with pytest.raises((RequestError, UnsupportedError), match=what) as refused:
        scoreassist.harmonize(document, style="ragtime", **QUICK)
    assert ";" in str(refused.value)


@pytest.mark.parametrize(
    "wish",
    [{"layout": "open"}, {"given": "soprano"}, {"passes": 3}, {"lyrics": "copy"}],
    ids=lambda w: next(iter(w)),
)
def test_wishes_for_choirs_are_refused(wish: dict[str, object]):
    with pytest.raises(RequestError, match=f"{next(iter(wish))} has no effect on ragtime"):
        scoreassist.harmonize(EXAMPLE, style="ragtime", **wish)


def test_iterations_are_refused_for_chorales():
    with pytest.raises(RequestError, match="iterations"):
        scoreassist.harmonize(EXAMPLE, iterations=3)


def test_a_lone_melody_cannot_be_completed_but_harmonized():
    with pytest.raises(RequestError, match=r"one staff; .*harmonize"):
        scoreassist.complete(EXAMPLE, style="ragtime", measures="2-3")


def test_the_command_line_writes_a_rag_and_says_what_it_did(tmp_path: Path):
    output = tmp_path / "rag.musicxml"
    quick = ["--iterations", "5", "--candidates", "2"]
    done = CliRunner().invoke(
        program, ["harmonize", str(EXAMPLE), "--style", "ragtime", "-o", str(output), "--json", *quick]
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["model"] == "deephear"
    assert output.is_file()


def test_a_waltz_is_one_clear_line_and_nothing_is_written(tmp_path: Path, capsys, monkeypatch):
    waltz, output = tmp_path / "waltz.musicxml", tmp_path / "rag.musicxml"
    waltz.write_bytes(score(Staff("c5:h.", time="3/4")))
    monkeypatch.setattr(
        "sys.argv", ["scoreassist", "harmonize", str(waltz), "--style", "ragtime", "-o", str(output)]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not output.exists()


def test_the_rag_that_music21_ships_is_completed_and_nothing_else_touched():
    import music21

    path = Path(music21.__file__).parent / "corpus" / "joplin" / "maple_leaf_rag.mxl"
    before = roll_of(open_score(path).to_xml())
    result = scoreassist.complete(path, style="ragtime", measures="9-12", **QUICK)
    after = roll_of(result.score.to_xml())
    outside = ~np.isin(before.measure, [m for m in np.unique(before.measure) if 9 <= m <= 12])
    assert (before.struck == after.struck)[:, outside].all()
    assert (before.struck != after.struck).any()


def test_corpora_without_the_edition_have_the_rag_that_music21_ships(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SCOREASSIST_CACHE", str(tmp_path))
    assert [piece.name for piece in ragtime()] == ["mapleleaf"]
