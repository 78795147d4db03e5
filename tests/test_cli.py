"""The command line as its users meet it: what it prints, where, and how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from lxml import etree
from shorthand import Staff, score

from scoreassist.cli import TRACEBACK, program

EXAMPLES = Path(__file__).parent.parent / "examples"
MELODY = score("c5:q d5:q e5:q f5:q | e5:q d5:q c5:h")
WITH_HOLES = score(
    Staff("c5:q d5:q e5:q f5:q | e5:q d5:q c5:h", name="Soprano"),
    Staff("g4:q g4:q g4:q a4:q | R", name="Alto"),
    Staff("e3:q g3:q c4:q c4:q | R", name="Tenor", clefs=("bass",)),
    Staff("c3:q b2:q c3:q f2:q | g2:h c3:h", name="Bass", clefs=("bass",)),
)
QUICK = ("--candidates", "1")
# Processes of their own find the package whether it is installed or not.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")]),
}


def run(*words: str, given: bytes | None = None) -> Result:
    """One command in this process; an exception that is no exit is a failure."""
    result = CliRunner().invoke(program, list(words), input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def run_alone(*words: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    """One command in a process of its own."""
    command = [sys.executable, "-m", "scoreassist", *words]
    return subprocess.run(command, capture_output=True, timeout=60, check=False, env=ENVIRONMENT, **more)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "melody.musicxml").write_bytes(MELODY)
    (tmp_path / "holes.musicxml").write_bytes(WITH_HOLES)
    return tmp_path


def snapshot() -> dict[str, bytes]:
    """Every file of this folder, hidden ones too."""
    return {str(p): p.read_bytes() for p in sorted(Path().rglob("*")) if p.is_file()}


# --- help ------------------------------------------------------------------------------------------------


def commands(group: click.Group = program, above: str = "scoreassist") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        full = f"{above} {name}"
        found += commands(command, full) if isinstance(command, click.Group) else [(full, command)]
    return found


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_says_what_it_does_and_shows_an_example(name: str, command: click.Command):
    result = run(*name.split()[1:], "--help")
    assert result.exit_code == 0
    first = (command.help or "").strip().splitlines()[0]
    assert first[0].isupper()
    assert first.endswith(".")
    assert f"\n  {name}" in result.stdout


def test_help_lists_every_command_and_the_exit_statuses():
    result = run("--help")
    assert result.exit_code == 0
    for name in ("harmonize", "complete", "render", "info", "models"):
        assert f"\n  {name} " in result.stdout
    assert "Exit status: 0 done, 1 findings, 2 usage, 3 unreadable" in result.stdout


def test_version_is_that_of_the_package():
    import scoreassist

    assert scoreassist.__version__ in run("--version").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("--version",),
        ("harmonize", "--help"),
        ("info", "melody.musicxml"),
        ("info", "melody.musicxml", "--json"),
        ("models",),
        ("render", "melody.musicxml", "-o", "melody.svg"),
        ("complete", "melody.musicxml", "--dry-run"),
    ],
    ids=" ".join,
)
def test_what_needs_no_model_never_waits_for_torch_or_music21(words: tuple[str, ...]):
    script = (
        "import sys\n"
        "from scoreassist.cli import program\n"
        f"program({list(words)!r}, prog_name='scoreassist', standalone_mode=False)\n"
        "sys.exit(9 if {'torch', 'music21', 'verovio'} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr.decode()


# --- what goes wrong -------------------------------------------------------------------------------------


def archive(**members: bytes) -> bytes:
    """An .mxl archive whose score is the member `score`."""
    data = io.BytesIO()
    container = b'<container><rootfiles><rootfile full-path="score"/></rootfiles></container>'
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("META-INF/container.xml", container)
        for name, content in members.items():
            packed.writestr(name, content)
    return data.getvalue()


ENTITIES = (
    b'<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
    b"<score-partwise><part-list/>&b;</score-partwise>"
)
UNREADABLE = {
    "empty.musicxml": (b"", "is empty"),
    "blank.musicxml": (b" \n ", "is empty"),
    "junk.musicxml": (bytes(range(256)), "not"),
    "words.musicxml": (b"a melody, please", "not well-formed XML"),
    "truncated.musicxml": (MELODY[:700], "not well-formed XML"),
    "page.xml": (b"<html><body/></html>", "not MusicXML"),
    "timewise.musicxml": (b'<score-timewise version="4.0"/>', "score-timewise"),
    "no-parts.musicxml": (b"<score-partwise><part-list/></score-partwise>", "no parts"),
    "no-measures.musicxml": (b'<score-partwise><part id="P1"/></score-partwise>', "no measures"),
    "entity-bomb.musicxml": (ENTITIES, "entities"),
    "zip-bomb.mxl": (archive(score=b" " * 20_000_000), "inflates"),
    "truncated.mxl": (archive(score=MELODY)[:90], "damaged"),
    "no-container.mxl": (b"PK\x05\x06" + bytes(18), "not"),
    "tune.abc": (b"no tune at all", "tune.abc"),
}


def one_line(result: Result, status: int, *fragments: str) -> None:
    """One line on stderr that says what, where and what to do; nothing on stdout."""
    assert result.exit_code == status, result.stderr
    assert result.stdout == ""
    assert re.fullmatch(r"scoreassist: [^\n]+; [^\n]+\n", result.stderr), result.stderr
    assert "mistake of the program" not in result.stderr
    for fragment in fragments:
        assert fragment in result.stderr


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("verb", ["harmonize", "complete", "info", "render"])
def test_an_unreadable_file_is_one_line_and_leaves_nothing_behind(verb: str, name: str):
    if name.endswith(".abc") and verb != "info":
        return  # one start of music21 is enough
    data, fragment = UNREADABLE[name]
    Path(name).write_bytes(data)
    before = snapshot()
    output = {"info": (), "render": ("-o", "out.svg")}.get(verb, ("-o", "out.musicxml", "--svg", "out.svg"))
    one_line(run(verb, name, *output), 3, f"scoreassist: {name}", fragment)
    assert snapshot() == before


def test_a_missing_file_and_a_folder_are_named():
    Path("folder.musicxml").mkdir()
    for verb in ("harmonize", "complete", "info", "render"):
        output = () if verb == "info" else ("-o", "out.svg" if verb == "render" else "out.musicxml")
        one_line(run(verb, "nowhere.musicxml", *output), 3, "nowhere.musicxml: cannot be read", "No such file")
        one_line(run(verb, "folder.musicxml", *output), 3, "folder.musicxml: is a folder")


UNSUITABLE = {
    "nobody sings": (score("R | R"), "score.musicxml: has no sung note"),
    "a drum": (score(Staff("c5:w", clefs=("percussion",))), "score.musicxml: has no staff that can be sung"),
    "far too high": (score("c5:w | c9:w"), "score.musicxml, part P1, measure 2: Soprano", "MIDI 120"),
    "far too low": (score(Staff("c3:w | c0:w", clefs=("bass",))), "score.musicxml, part P1, measure 2: Bass"),
    "a duration in letters": (
        MELODY.replace(b"<duration>8<", b"<duration>long<"),
        "score.musicxml, part P1, measure 2: the duration 'long' is not a number",
    ),
    "a pitch without octave": (
        MELODY.replace(b"<octave>5</octave>", b"", 1),
        "score.musicxml, part P1, measure 1: a pitch",
    ),
    "no beats": (
        MELODY.replace(b"<beats>4<", b"<beats>none<"),
        "score.musicxml, part P1, measure 1: <time> holds no usable number",
    ),
}


@pytest.mark.parametrize("name", UNSUITABLE)
def test_a_score_that_cannot_be_harmonized_says_where_and_what_to_do(name: str):
    data, *fragments = UNSUITABLE[name]
    Path("score.musicxml").write_bytes(data)
    before = snapshot()
    one_line(run("harmonize", "score.musicxml", "-o", "out.musicxml", *QUICK), 3, *fragments)
    assert snapshot() == before


WRONG_REQUESTS = {
    "nothing to write": ((), 2, "nothing to write"),
    "unknown extension": (("-o", "out.txt"), 2, "out.txt: cannot save as '.txt'"),
    "no extension": (("-o", "out"), 2, "out: cannot save as 'out'"),
    "unknown picture": (("-o", "out.musicxml", "--svg", "out.gif"), 2, "out.gif: cannot save as '.gif'"),
    "score as picture": (("--svg", "out.musicxml"), 2, "out.musicxml: cannot save as '.musicxml'"),
    "no such folder": (("-o", "nowhere/out.musicxml"), 3, "nowhere/out.musicxml: there is no folder"),
    "no such folder for the picture": (
        ("-o", "out.musicxml", "--svg", "nowhere/out.svg"),
        3,
        "nowhere/out.svg: there is no folder",
    ),
    "a folder": (("-o", "folder"), 3, "folder: is a folder"),
    "the input": (("-o", "holes.musicxml"), 2, "holes.musicxml: the output would replace the input", "--force"),
    "the input by another name": (("-o", "folder/../holes.musicxml"), 2, "the output would replace the input"),
    "a picture twice": (("--svg", "out.svg", "--svg", "folder/../out.svg"), 2, "out.svg: would be written twice"),
    "a candidate in the place of all": (
        ("--svg", "out-{n}.svg", "--compare", "out-4.svg"),
        2,
        "out-4.svg: would be",
    ),
    "a picture to listen to": (("--svg", "out.mid", "--explain"), 2, "--explain draws under a picture"),
    "score and JSON on stdout": (("-o", "-", "--json"), 2, "cannot both go to stdout"),
    "unknown measure": (("-o", "out.musicxml", "--measures", "7"), 2, "holes.musicxml: there is no measure '7'"),
    "unknown beat": (("-o", "out.musicxml", "--measures", "1.5"), 2, "measure 1 has no beat '5'"),
    "backwards": (("-o", "out.musicxml", "--measures", "2-1"), 2, "run backwards"),
    "no range": (("-o", "out.musicxml", "--measures", "2-"), 2, "measures '2-' are not a range"),
    "no measures": (("-o", "out.musicxml", "--measures", ""), 2, "measures '' are not a range"),
    "words for measures": (("-o", "out.musicxml", "--measures", "the end"), 2, "are not a range"),
    "unknown part": (("-o", "out.musicxml", "--parts", "Oboe"), 2, "holes.musicxml: no singer is called 'Oboe'"),
    "no part": (("-o", "out.musicxml", "--parts", ","), 2, "names nobody"),
    "no part at all": (("-o", "out.musicxml", "--parts", ""), 2, "names nobody"),
    "cold": (("-o", "out.musicxml", "--temperature", "0"), 2, "temperature is 0.0"),
    "below zero": (("-o", "out.musicxml", "--temperature", "-1"), 2, "temperature is -1.0"),
    "too cold for single precision": (("-o", "out.musicxml", "--temperature", "1e-300"), 2, "temperature"),
    "boiling": (("-o", "out.musicxml", "--temperature", "inf"), 2, "temperature is inf"),
    "no temperature": (("-o", "out.musicxml", "--temperature", "nan"), 2, "temperature is nan"),
    "no candidates": (("-o", "out.musicxml", "--candidates", "0"), 2, "candidates is 0"),
    "a billion candidates": (("-o", "out.musicxml", "--candidates", "1000000000"), 2, "candidates is 1000000000"),
    "none of several": (
        ("-o", "out-{n}.musicxml", "--candidates", "0"),
        2,
        "--candidates is 0; where all are kept",
    ),
    "more than are kept": (("-o", "out-{n}.musicxml", "--candidates", "65"), 2, "--candidates is 65", "1 and 64"),
    "more than fit a picture": (
        ("--compare", "out.svg", "--candidates", "17"),
        2,
        "--compare draws 16 candidates",
    ),
    "no density": (("-o", "out.musicxml", "--density", ""), 2, "--density '' says nothing; write --density N"),
    "no key": (("-o", "out.musicxml", "--key", " "), 2, "--key ' ' says nothing; write --key KEY"),
    "no cadence": (("-o", "out.musicxml", "--cadence", ","), 2, "write --cadence MEASURE:KIND"),
    "no cadence beside one": (("-o", "out.musicxml", "--cadence", "2:half", "--cadence", ""), 2, "--cadence ''"),
    "no echo": (("-o", "out.musicxml", "--like", ""), 2, "--like '' says nothing"),
    "many digits": (("-o", "out.musicxml", "--max-repeats", "9" * 400), 2, "--max-repeats is 999", "...; it must"),
    "passes of ragtime": (
        ("-o", "out.musicxml", "--style", "ragtime", "--passes", "1"),
        2,
        "--passes has no effect on ragtime; there are --seed, --temperature",
    ),
    "a range of ragtime": (
        ("-o", "out.musicxml", "--style", "ragtime", "--range", "Tenor:C3-G4"),
        2,
        "--range has no effect on ragtime",
    ),
    "iterations of a chorale": (
        ("-o", "out.musicxml", "--iterations", "1"),
        2,
        "--iterations has no effect on chor",
    ),
    "a seed beyond 64 bits": (("-o", "out.musicxml", "--seed", "9" * 30), 2, "seed is 999"),
    "unknown model": (("-o", "out.musicxml", "--model", "mozart"), 3, "no model 'mozart'", "bach-chorale"),
    "a path for a model": (("-o", "out.musicxml", "--model", "../bach-chorale"), 3, "no model '../bach-chorale'"),
}


@pytest.mark.parametrize("name", WRONG_REQUESTS)
@pytest.mark.parametrize("verb", ["complete", "harmonize"])
def test_a_wrong_request_is_one_line_and_writes_nothing(verb: str, name: str):
    words, status, *fragments = WRONG_REQUESTS[name]
    Path("folder").mkdir()
    before = snapshot()
    one_line(run(verb, "holes.musicxml", *words), status, *fragments)
    assert snapshot() == before


@pytest.mark.parametrize("target", ["holes-{n}.musicxml", "folder/../holes-{n}.musicxml", "{n}/holes-2.musicxml"])
@pytest.mark.parametrize("verb", ["complete", "harmonize", "vary", "continue"])
def test_no_candidate_takes_the_place_of_the_input(verb: str, target: str):
    Path("folder").mkdir()
    Path("holes-2.musicxml").write_bytes(WITH_HOLES)
    for number in "1234":
        Path(number).symlink_to(".")
    before = snapshot()
    one_line(
        run(verb, "holes-2.musicxml", "-o", target), 2, "holes-2.musicxml: the output would replace the input"
    )
    assert snapshot() == before


def test_a_new_score_needs_a_key_if_the_flag_is_there():
    one_line(run("generate", "-o", "out.musicxml", "--key", ""), 2, "--key '' says nothing; write --key KEY")
    assert not Path("out.musicxml").exists()


def test_a_variation_has_no_options_of_ragtime():
    text = run("vary", "--help").stdout
    assert "--passes" in text
    assert not re.search("ragtime|--iterations", text, re.IGNORECASE)
    assert "--iterations" in run("complete", "--help").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("sing", "melody.musicxml"),
        ("harmonize",),
        ("harmonize", "melody.musicxml", "-o", "out.musicxml", "--seed", "one"),
        ("harmonize", "melody.musicxml", "-o", "out.musicxml", "--layout", "round"),
        ("harmonize", "melody.musicxml", "-o", "out.musicxml", "--given", "cantor"),
        ("harmonize", "melody.musicxml", "extra.musicxml", "-o", "out.musicxml"),
        ("complete", "melody.musicxml", "--louder"),
        ("render", "melody.musicxml"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_exits_2_with_usage_on_stderr(words: tuple[str, ...]):
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage: " in result.stderr
    assert not Path("out.musicxml").exists()


@pytest.mark.parametrize(
    ("words", "status", "fragment"),
    [
        (("-o", "out.gif"), 2, "out.gif: cannot save as '.gif'"),
        (("-o", "nowhere/out.svg"), 3, "there is no folder 'nowhere'"),
        (("-o", "out.svg", "--page", "9"), 2, "melody.musicxml: there is no page 9"),
        (("-o", "out.mid", "--page", "1"), 2, "MIDI has no pages"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(words: tuple[str, ...], status: int, fragment: str):
    one_line(run("render", "melody.musicxml", *words), status, fragment)


def test_a_score_that_verovio_cannot_draw_is_named():
    Path("odd.musicxml").write_bytes(MELODY.replace(b"<beat-type>4<", b"<beat-type>0<"))
    one_line(run("render", "odd.musicxml", "-o", "odd.svg"), 3, "odd.musicxml: Verovio")
    assert not Path("odd.svg").exists()


def test_a_full_disk_leaves_the_old_file_and_no_other(monkeypatch: pytest.MonkeyPatch):
    Path("out.musicxml").write_bytes(b"older work")
    before = snapshot()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    result = run("complete", "holes.musicxml", "-o", "out.musicxml", *QUICK)
    one_line(result, 3, "out.musicxml: cannot be written (No space left on device)")
    assert snapshot() == before


def test_a_mistake_of_the_program_is_one_line_too_and_a_traceback_only_if_asked_for(
    monkeypatch: pytest.MonkeyPatch,
):
    from scoreassist import assistant

    def broken(*_: object, **__: object) -> None:
        raise KeyError("a\nsecret")

    monkeypatch.setattr(assistant, "harmonize", broken)
    words = ("harmonize", "melody.musicxml", "-o", "out.musicxml")
    result = run(*words)
    assert result.exit_code == 3
    assert re.fullmatch(r"scoreassist: .*KeyError.*; please report it[^\n]*\n", result.stderr)
    monkeypatch.setenv(TRACEBACK, "1")
    assert isinstance(CliRunner().invoke(program, list(words)).exception, KeyError)


# --- what goes right -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """What `info` must have understood of an example; from examples/README.md and the scores themselves."""

    measures: int
    numbers: tuple[str, str]
    pickup: bool
    keys: tuple[str, ...]
    singers: tuple[str, ...]
    missing: tuple[str, ...]
    regions: tuple[tuple[str, str, str, str], ...] = ()


SATB = ("Soprano", "Alto", "Tenor", "Bass")
EXAMPLE_TABLE = {
    "oh-susanna": Example(25, ("0", "24"), True, ("F major or D minor",), SATB[:1], SATB[1:]),
    "amazing-grace": Example(17, ("0", "16"), True, ("G major or E minor",), SATB[:1], SATB[1:]),
    "bass-line": Example(12, ("1", "12"), False, ("F major or D minor",), SATB[3:], SATB[:3]),
    "chorale-with-holes": Example(
        16,
        ("0", "15"),
        True,
        ("A major or F♯ minor",),
        SATB,
        (),
        (
            ("Alto", "5", "6", "empty"),
            ("Alto", "9", "10", "empty"),
            ("Tenor", "5", "6", "empty"),
            ("Tenor", "9", "10", "empty"),
            ("Bass", "9", "10", "empty"),
        ),
    ),
    "clarinet-in-b-flat": Example(8, ("1", "8"), False, ("C major or A minor",), SATB[:1], SATB[1:]),
    "closed-hymn-key-change": Example(
        18,
        ("0", "16"),
        True,
        ("F major or D minor", "G major or E minor"),
        SATB,
        (),
        tuple((voice, "X1", "16", "empty") for voice in SATB[1:]),
    ),
    "compound-melody": Example(13, ("1", "13"), False, ("C major or A minor",), SATB[:1], SATB[1:]),
    "marked-words": Example(
        8,
        ("1", "8"),
        False,
        ("D major or B minor",),
        SATB,
        (),
        (("Alto", "3", "5", "words"), ("Tenor", "3", "5", "words")),
    ),
}


def test_every_example_is_in_the_table():
    assert {p.stem for p in EXAMPLES.glob("*.musicxml")} == set(EXAMPLE_TABLE)


@pytest.mark.parametrize("name", EXAMPLE_TABLE)
def test_info_says_what_an_example_holds(name: str):
    expected, path = EXAMPLE_TABLE[name], str(EXAMPLES / f"{name}.musicxml")
    result = run("info", path, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert set(report) >= {"score", "parts", "measures", "numbers", "metres", "keys", "pickup", "layout"}
    assert report["score"] == path
    assert (report["measures"], tuple(report["numbers"])) == (expected.measures, expected.numbers)
    assert report["pickup"] is expected.pickup
    assert tuple(row["value"] for row in report["keys"]) == expected.keys
    assert tuple(row["voice"] for row in report["singers"]) == expected.singers
    assert tuple(report["missing"]) == expected.missing
    rows = tuple((r["voice"], r["first"], r["last"], r["by"]) for r in report["regions"])
    assert rows == expected.regions

    text = run("info", path)
    assert (text.exit_code, text.stderr) == (0, "")
    first, *rest = text.stdout.splitlines()
    assert first.startswith(f"{path}: {expected.measures} measures ({expected.numbers[0]} to")
    assert first.endswith("with a pickup") is expected.pickup
    for voice, begin, end, by in expected.regions:
        assert f"  to fill: {voice}, measures {begin} to {end} ({by})" in rest
    if expected.missing:
        assert f"  missing, harmonize would write: {', '.join(expected.missing)}" in rest
    if not expected.regions:
        assert "  nothing is marked or empty" in rest


def test_info_on_a_score_that_nobody_can_sing_says_so():
    Path("drum.musicxml").write_bytes(score(Staff("c5:w", clefs=("percussion",))))
    result = run("info", "drum.musicxml")
    assert result.exit_code == 0
    assert "nobody to harmonize: drum.musicxml: has no staff that can be sung" in result.stdout
    assert "problem" in json.loads(run("info", "drum.musicxml", "--json").stdout)


def test_models_are_listed_with_data_licence_and_figures():
    rows = json.loads(run("models", "--json").stdout)
    assert "bach-chorale" in {row["name"] for row in rows}
    assert all({"network", "data", "licence", "figures", "summary", "sha256"} <= set(row) for row in rows)
    lines = run("models").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [row["name"] for row in rows]
    assert lines[0].endswith("--style chorale")
    text = run("models", "bach-chorale").stdout
    assert text.startswith("bach-chorale: ")
    assert "  licence: " in text
    assert "there is no model 'bach'; the models are: bach-chorale" in run("models", "bach").stderr


def test_a_model_of_ones_own_is_used_by_its_folder(tmp_path: Path):
    own = tmp_path / "mine"
    shutil.copytree(EXAMPLES.parent / "models" / "deephear", own)
    words = ("harmonize", str(EXAMPLES / "oh-susanna.musicxml"), "--style", "ragtime", "--iterations", "0")
    result = run(*words, "--model", str(own), "--json")
    assert (result.exit_code, json.loads(result.stdout)["model"]) == (0, str(own))


@pytest.mark.parametrize(
    ("config", "why"),
    [("{}", "lacks name"), ("[]", "lacks all"), ("{", "cannot be read")],
    ids=["empty", "a list", "broken"],
)
def test_a_folder_that_is_no_model_is_refused_in_a_line(tmp_path: Path, config: str, why: str):
    (tmp_path / "config.json").write_text(config)
    result = run("models", str(tmp_path))
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1
    assert why in result.stderr


def test_a_name_too_long_for_a_file_is_no_model():
    assert "there is no model" in run("models", "a" * 300).stderr


def test_harmonize_writes_a_score_of_four_voices_and_says_so_on_stderr():
    before = snapshot()
    result = run("harmonize", "melody.musicxml", "-o", "out.musicxml", *QUICK)
    assert (result.exit_code, result.stdout) == (0, "")
    first, second = result.stderr.splitlines()[:2]
    assert first == "wrote out.musicxml"
    assert re.fullmatch(
        r"\d+ notes \(Alto \d+, Tenor \d+, Bass \d+\) by bach-chorale, seed 0, \d+\.\d\d s", second
    )
    made = snapshot()
    root = etree.fromstring(made.pop("out.musicxml"))
    assert made == before
    voices = {(n.getparent().getparent().get("id"), n.findtext("voice")) for n in root.iter("note")}
    assert len(voices) == 4


def test_json_says_what_was_filled():
    result = run("complete", "holes.musicxml", "--json", "--seed", "3", *QUICK)
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert set(report) == {
        *("score", "filled", "notes", "model", "seed", "seconds", "log_probability"),
        *("gave_way", "transposition", "replaced", "kept", "doubts"),
        *("findings", "gave_way_at", "likelihood", "copied"),
    }
    assert [(r["part"], r["measure"], r["voice"]) for r in report["filled"]] == [
        ("Alto", "2", "Alto"),
        ("Tenor", "2", "Tenor"),
    ]
    assert all(r["notes"] > 0 for r in report["filled"])
    assert report["notes"] == sum(r["notes"] for r in report["filled"])
    assert (report["model"], report["seed"]) == ("bach-chorale", 3)
    assert set(report["seconds"]) == {"reading", "model", "writing"}
    assert all(seconds >= 0 for seconds in report["seconds"].values())
    assert [row["measure"] for row in report["likelihood"]] == ["2"]
    assert all(row["log_probability"] < 0 for row in report["likelihood"])
    assert report["log_probability"] < 0


def test_json_with_a_file_prints_json_alone_on_stdout():
    result = run("complete", "holes.musicxml", "--json", "-o", "out.musicxml", *QUICK)
    assert json.loads(result.stdout)["notes"] > 0
    assert result.stderr == "wrote out.musicxml\n"


def test_a_score_goes_in_by_stdin_and_out_by_stdout():
    result = CliRunner().invoke(program, ["complete", "-", "-o", "-", *QUICK], input=WITH_HOLES)
    assert result.exit_code == 0
    run("complete", "holes.musicxml", "-o", "out.musicxml", *QUICK)
    assert result.stdout_bytes == Path("out.musicxml").read_bytes()
    assert "notes (Alto" in result.stderr


def test_info_reads_stdin():
    report = json.loads(run("info", "-", "--json", given=MELODY).stdout)
    assert (report["score"], report["measures"]) == ("stdin", 2)


def test_an_empty_stdin_is_one_line():
    one_line(run("info", "-", given=b""), 3, "stdin: is empty")


def test_pictures_pages_and_midi_are_written_beside_the_score():
    targets = ("out.svg", "out.png", "out.pdf", "out.mid")
    words = [word for target in targets for word in ("--svg", target)]
    result = run("complete", "holes.musicxml", "-o", "out.musicxml", *words, *QUICK)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[:5] == [f"wrote {name}" for name in ("out.musicxml", *targets)]
    starts = {"out.svg": b"<svg", "out.png": b"\x89PNG", "out.pdf": b"%PDF", "out.mid": b"MThd"}
    for name, start in starts.items():
        assert Path(name).read_bytes().startswith(start)


def test_new_notes_are_red_in_the_picture_and_plain_in_the_score():
    run("complete", "holes.musicxml", "-o", "out.musicxml", "--svg", "red.svg", *QUICK)
    run("complete", "holes.musicxml", "--no-highlight", "--svg", "black.svg", *QUICK)
    assert b"color" not in Path("out.musicxml").read_bytes()
    coloured = re.findall(rb'<g [^>]*class="note"[^>]*color="#C00000"', Path("red.svg").read_bytes())
    new = json.loads(run("complete", "holes.musicxml", "--json", *QUICK).stdout)["notes"]
    assert len(coloured) >= new
    assert b"#C00000" not in Path("black.svg").read_bytes()


def test_render_draws_what_it_is_given():
    result = run("render", "melody.musicxml", "-o", "melody.svg")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "wrote melody.svg\n")
    assert Path("melody.svg").read_bytes().count(b'class="note"') == 7


def test_an_archive_is_read_and_written_and_its_other_members_stay():
    Path("holes.mxl").write_bytes(archive(score=WITH_HOLES, picture=b"\x89PNG"))
    assert run("complete", "holes.mxl", "-o", "out.mxl", *QUICK).exit_code == 0
    run("complete", "holes.musicxml", "-o", "plain.musicxml", *QUICK)
    with zipfile.ZipFile("out.mxl") as packed:
        assert packed.testzip() is None
        assert packed.read("picture") == b"\x89PNG"
        assert packed.read("score") == Path("plain.musicxml").read_bytes()
    run("complete", "holes.musicxml", "-o", "new.mxl", *QUICK)
    with zipfile.ZipFile("new.mxl") as packed:
        assert packed.namelist()[0] == "mimetype"
        assert packed.read("score.musicxml") == Path("plain.musicxml").read_bytes()


def test_force_lets_the_output_replace_the_input():
    assert run("complete", "holes.musicxml", "-o", "holes.musicxml", "--force", *QUICK).exit_code == 0
    assert run("complete", "holes.musicxml", "--dry-run").stdout.endswith("  nothing is marked or empty\n")


def test_dry_run_says_what_would_be_filled_and_writes_nothing():
    before = snapshot()
    result = run("complete", "holes.musicxml", "--dry-run", "-o", "out.musicxml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "  to fill: Alto, measure 2 (empty)\n  to fill: Tenor, measure 2 (empty)\n" in result.stdout
    rows = json.loads(
        run("complete", "holes.musicxml", "--dry-run", "--json", "--measures", "1", "--parts", "Bass").stdout
    )
    assert rows == [{"voice": "Bass", "first": "1", "last": "1", "by": "flag"}]
    assert snapshot() == before


def test_nothing_to_fill_is_said_and_the_very_bytes_are_written():
    full = score("c5:q d5:q e5:q f5:q | e5:q d5:q c5:h")
    Path("full.musicxml").write_bytes(full)
    result = run("complete", "full.musicxml", "-o", "out.musicxml", *QUICK)
    assert result.exit_code == 0
    assert "nothing is marked or empty; see `scoreassist info`, or mark measures with --measures" in result.stderr
    assert Path("out.musicxml").read_bytes() == full


def test_the_seed_decides():
    for name, seed in (("one", "1"), ("again", "1"), ("two", "2")):
        run("harmonize", "melody.musicxml", "-o", f"{name}.musicxml", "--seed", seed, *QUICK)
    made = snapshot()
    assert made["one.musicxml"] == made["again.musicxml"]
    assert made["one.musicxml"] != made["two.musicxml"]


# --- in a process of its own -----------------------------------------------------------------------------


def test_the_program_runs_as_a_module_and_ends_with_its_status():
    done = run_alone("harmonize", "melody.musicxml", "-o", "out.musicxml", *QUICK)
    assert (done.returncode, done.stdout) == (0, b"")
    assert Path("out.musicxml").is_file()
    done = run_alone("info", "nowhere.musicxml")
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr == (
        b"scoreassist: nowhere.musicxml: cannot be read (No such file or directory); check the path\n"
    )
    assert run_alone("sing").returncode == 2


@pytest.mark.parametrize("words", [("info", "melody.musicxml"), ("complete", "melody.musicxml", "-o", "-")])
def test_a_reader_who_leaves_early_hears_no_complaint(words: tuple[str, ...]):
    command = [sys.executable, "-m", "scoreassist", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=ENVIRONMENT, **pipes) as process:  # type: ignore[call-overload]
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
    assert b"Traceback" not in said
    assert b"Exception" not in said
    assert b"scoreassist:" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
@pytest.mark.parametrize("words", [("info", "melody.musicxml"), ("complete", "melody.musicxml", "-o", "-")])
def test_a_full_device_is_one_line(words: tuple[str, ...]):
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "scoreassist", *words]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, env=ENVIRONMENT)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1].startswith(b"scoreassist: stdout: No space left on device;")
    assert b"Traceback" not in done.stderr


def test_a_terminal_is_not_waited_for():
    pty = pytest.importorskip("pty")
    keyboard, terminal = pty.openpty()
    try:
        done = run_alone("info", "-", stdin=terminal)
    finally:
        os.close(keyboard)
        os.close(terminal)
    assert done.returncode == 2
    assert done.stderr.startswith(b"scoreassist: - reads a score from a pipe")
