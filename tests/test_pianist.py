"""Ragtime from end to end: a melody in, a piano part out, and nothing that was given touched."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from judge import canonical, unnumbered
from schema import schema_errors
from shorthand import Staff, score

import scoreassist
from scoreassist.cli import main, program
from scoreassist.cli.output import deliver
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
    before = [unnumbered(note) for note in given.root.iter("note")]
    result = scoreassist.harmonize(source, style="ragtime", **(QUICK | wishes))
    new = set(result.new)
    kept = [note for note in result.score.root.iter("note") if note not in new]
    silent = [note for note in kept if note.find("rest") is not None and note.findtext("staff") == "2"]
    assert [unnumbered(note) for note in kept if note not in silent] == before
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


def test_music21_finds_each_note_on_its_own_staff():
    result = scoreassist.harmonize(EXAMPLE, style="ragtime", **QUICK)
    written = [
        note.findtext("staff")
        for note in result.score.root.iter("note")
        if note.find("pitch") is not None and note.find("chord") is None
    ]
    found = [len(staff.flatten().notes) for staff in result.score.to_music21().parts]
    assert found == [written.count("1"), written.count("2")]


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


LINE = Staff(RAG.music.replace("c5+e5:e", "e5:e"), time="2/4", clefs=GRAND)


@pytest.mark.parametrize("rag", [RAG, LINE], ids=["chords", "a line"])
@pytest.mark.parametrize("parts", ["", "left hand", "right hand"])
def test_measures_that_are_named_are_written_anew_and_the_others_are_not_touched(parts: str, rag: Staff):
    before = roll_of(score(rag))
    result = scoreassist.complete(
        score(rag), style="ragtime", measures="3-5", parts=[parts] if parts else (), **QUICK
    )
    after = roll_of(result.score.to_xml())
    inside = slice(16, 40)
    changed = before.struck != after.struck
    assert not np.delete(changed, np.r_[inside], axis=1).any()
    given = open_score(score(rag)).root
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
    for given, now in zip(open_score(path).root.iter("measure"), result.score.root.iter("measure"), strict=True):
        if not 9 <= int(given.get("number").strip("X") or 0) <= 12:
            assert [canonical(note) for note in now.iter("note")] == [
                canonical(note) for note in given.iter("note")
            ]


def test_corpora_without_the_edition_have_the_rag_that_music21_ships(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SCOREASSIST_CACHE", str(tmp_path))
    assert [piece.name for piece in ragtime()] == ["mapleleaf"]


# Whose hand is written into

ALONE = Staff("e5:e g5:e e5:e c5:e // R | d5:e b4:e d5:e g5:e // R | c5:h // R", time="2/4", clefs=GRAND)


def right_hand(root) -> list[str]:
    return staff_notes(root, "1")


def test_nothing_is_put_on_the_right_hand_s_stems_where_the_left_one_alone_was_asked_for():
    given = right_hand(open_score(score(ALONE)).root)
    joined = scoreassist.harmonize(score(ALONE), style="ragtime", **QUICK)
    assert len(right_hand(joined.score.root)) > len(given)
    alone = scoreassist.harmonize(score(ALONE), style="ragtime", parts=["left hand"], **QUICK)
    assert {row["voice"] for row in alone.filled} == {"Left hand"}
    assert right_hand(alone.score.root) == given
    completed = scoreassist.complete(score(ALONE), style="ragtime", **QUICK)
    assert {row["voice"] for row in completed.filled} == {"Left hand"}
    assert right_hand(completed.score.root) == given


WORD = '<direction placement="{}"><direction-type><words>{}</words></direction-type><staff>{}</staff></direction>'


def test_nothing_is_put_on_stems_below_the_word_keep():
    kept = Staff(WORD.format("above", "keep", 1) + ALONE.music, time="2/4", clefs=GRAND)
    given = right_hand(open_score(score(kept)).root)
    result = scoreassist.harmonize(score(kept), style="ragtime", **QUICK)
    assert result.filled
    assert right_hand(result.score.root) == given


def test_no_head_is_put_on_a_note_that_lasts_beyond_the_hole():
    tied = Staff("c5:q e5:q~ // R | ~e5:h // c3:q g3:q | c5:h // R", time="2/4", clefs=GRAND)
    for seed in range(4):
        result = scoreassist.harmonize(score(tied), style="ragtime", seed=seed, **QUICK)
        roll = roll_of(result.score.to_xml())
        assert roll.right[:, 4:16].sum() == 12  # the tied note alone
        assert not any(row["measure"] == "2" for row in result.filled)


def crossing() -> bytes:
    """A melody of voice 1 whose C4 is printed on the lower staff."""
    staff = Staff("e5:e c4:e e5:e g5:e // c3:q e3:q | e5:h // c3:h", time="2/4", clefs=GRAND)
    head, tail = score(staff).split(b"<step>C</step><octave>4</octave>")
    return head + b"<step>C</step><octave>4</octave>" + tail.replace(b"<staff>1</staff>", b"<staff>2</staff>", 1)


def test_a_note_that_crosses_to_the_other_staff_is_played_by_the_hand_of_its_voice():
    left = scoreassist.complete(crossing(), style="ragtime", measures="1", parts=["left hand"], **QUICK)
    assert left.replaced == {"Left hand": 2}
    assert [
        note.findtext("pitch/step") for note in left.score.root.iter("note") if note.findtext("voice") == "1"
    ] == [
        *("E", "C", "E", "G"),
        "E",
    ]
    right = scoreassist.complete(crossing(), style="ragtime", measures="1", parts=["right hand"], **QUICK)
    assert right.replaced == {"Right hand": 4}


def test_one_number_for_a_voice_on_each_staff_leaves_every_note_with_its_staff():
    document = score(LINE).replace(b"<voice>5</voice>", b"<voice>1</voice>")
    result = scoreassist.complete(document, style="ragtime", measures="3", parts=["left hand"], **QUICK)
    assert result.replaced == {"Left hand": 6}
    assert right_hand(result.score.root) == right_hand(open_score(document).root)


def test_a_second_voice_that_is_held_makes_the_right_hand_more_than_a_line():
    held = Staff("e5:e g5:e e5:e c5:e ; r:s g4:q. r:s", time="2/4")
    given = [
        unnumbered(note) for note in open_score(score(held)).root.iter("note") if note.find("pitch") is not None
    ]
    for seed in range(3):
        result = scoreassist.harmonize(score(held), style="ragtime", seed=seed, **QUICK)
        assert {row["voice"] for row in result.filled} == {"Left hand"}
        notes = [note for note in result.score.root.iter("note") if note.findtext("voice") in ("1", "2")]
        assert [unnumbered(note) for note in notes if note.find("pitch") is not None] == given


# What is refused, and what is said


def with_divisions(music: str) -> bytes:
    return score(Staff(music, time="2/4", divisions=8))


CHANGE = "<attributes><divisions>8</divisions></attributes>"


@pytest.mark.parametrize(
    ("document", "measures", "where"),
    [
        (with_divisions("c5:q c5:q <forward><duration>1</duration></forward> | c5:h | c5:h"), "3", "measure 1"),
        (score(Staff(f"c5:h | c5:q {CHANGE} c5:h | c5:h", time="2/4")), None, "measure 2"),
    ],
    ids=["off the grid", "divisions"],
)
def test_measures_that_cannot_be_filled_rightly_are_refused(document: bytes, measures: str | None, where: str):
    with pytest.raises(UnsupportedError, match=f"{where}: .*(sixteenths|divisions half way); ") as refused:
        scoreassist.harmonize(document, style="ragtime", measures=measures, **QUICK)
    assert str(refused.value) == scoreassist.inspect(document, style="ragtime")["problem"]


def test_slash_noteheads_are_refused_since_their_rhythm_would_be_lost():
    slashes = score(LINE).replace(b"<staff>2</staff>", b"<notehead>slash</notehead><staff>2</staff>")
    with pytest.raises(RequestError, match="slash noteheads are not obeyed in ragtime; mark with") as refused:
        scoreassist.complete(slashes, style="ragtime", **QUICK)
    assert str(refused.value) == scoreassist.inspect(slashes, style="ragtime")["problem"]
    assert scoreassist.complete(slashes, style="ragtime", measures="2", **QUICK).filled


def test_what_reaches_over_the_edge_is_kept_and_said():
    tied = Staff("c5:q e5:q~ // c3:h | ~e5:q d5:q // e3:h | c5:h // c3:h", time="2/4", clefs=GRAND)
    result = scoreassist.complete(score(tied), style="ragtime", measures="2", **QUICK)
    kept = [{"voice": "Right hand", "first": "2", "last": "2.1", "by": "kept"}]
    assert result.kept == kept
    report = scoreassist.inspect(score(tied), style="ragtime", measures="2")
    assert report["kept"] == kept
    assert report["regions"] == [
        {"voice": "Right hand", "first": "2.2", "last": "2", "by": "flag"},
        {"voice": "Left hand", "first": "2", "last": "2", "by": "flag"},
    ]


def test_info_says_why_a_waltz_is_no_rag():
    assert (
        "has the metre 3/4" in scoreassist.inspect(score(Staff("c5:h.", time="3/4")), style="ragtime")["problem"]
    )


def test_a_measure_in_another_metre_does_not_hinder_those_that_are_named():
    metre = "<attributes><time><beats>{}</beats><beat-type>4</beat-type></time></attributes>"
    tune = Staff(f"c5:q e5:q | {metre.format(3)} c5:h. | {metre.format(2)} g5:q e5:q", time="2/4")
    result = scoreassist.harmonize(score(tune), style="ragtime", measures="3", **QUICK)
    assert {row["measure"] for row in result.filled} == {"3"}
    with pytest.raises(UnsupportedError, match="measure 2: has the metre 3/4"):
        scoreassist.harmonize(score(tune), style="ragtime", **QUICK)


def test_a_search_in_vain_is_not_called_nothing_to_fill(capsys):
    seconds = {"reading": 0.1, "model": 0.1, "writing": 0.1}
    result = scoreassist.Result(open_score(EXAMPLE), [], "deephear", 0, seconds, None)
    typed = {"output": None, "pictures": [], "compare": None, "explain": False, "as_json": False}
    deliver(result, typed, "nothing is missing or empty")
    assert capsys.readouterr().err.startswith("no note was found for what is marked or empty; ")


def test_a_melody_without_room_below_it_is_said_to_be_too_low():
    low = score(Staff("c1:q e1:q | g1:q a1:q", time="2/4", clefs=("bass",)))
    with pytest.raises(
        UnsupportedError, match="no accompaniment fits below this melody; write it an octave higher"
    ):
        scoreassist.harmonize(low, style="ragtime", **QUICK)


@pytest.mark.parametrize("verb", [scoreassist.harmonize, scoreassist.complete])
def test_a_piano_part_without_notes_below_a_song_is_said_to_need_its_melody(verb):
    song = score(Staff("c5:q e5:q | c5:h", time="2/4"), Staff("R // R | R // R", time="2/4", clefs=GRAND))
    with pytest.raises(
        UnsupportedError, match="part P2: the piano part has no note; copy the melody into its upper"
    ):
        verb(song, style="ragtime", **QUICK)


def test_four_eight_is_written_as_two_four_is():
    tune, short = "e5:e g5:e e5:e c5:e | d5:e b4:e g4:e b4:e | c5:h", QUICK | {"seed": 1}
    quarters, eighths = (harmonized(score(Staff(tune, time=time)), **short).score.root for time in ("2/4", "4/8"))
    assert staff_notes(quarters, "2") == staff_notes(eighths, "2")
    assert len(staff_notes(eighths, "2")) > 6
