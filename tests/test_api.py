"""The package as its users import it."""

from __future__ import annotations

import doctest
import importlib
import io
import os
import pkgutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from shorthand import Staff, score

import scoreassist
from scoreassist import FillOptions, Result, Score, open_score

ROOT = Path(__file__).parent.parent
MELODY = score("c5:q d5:q e5:q f5:q | e5:q d5:q c5:h")
WITH_HOLES = score(
    Staff("c5:q d5:q e5:q f5:q | e5:q d5:q c5:h | c5:w", name="Soprano"),
    Staff("g4:q g4:q g4:q a4:q | R | g4:w", name="Alto"),
    Staff("e3:q g3:q c4:q c4:q | R | e4:w", name="Tenor", clefs=("bass",)),
    Staff("c3:q b2:q c3:q f2:q | g2:h c3:h | c3:w", name="Bass", clefs=("bass",)),
)
NEW_VOICES = ["Alto", "Bass", "Tenor"]


def as_path(folder: Path, data: bytes) -> Path:
    path = folder / "song.musicxml"
    path.write_bytes(data)
    return path


def as_stream(folder: Path, data: bytes) -> Any:
    converter = pytest.importorskip("music21").converter
    return converter.parseData(data, format="musicxml")


SOURCES = {
    "a path": as_path,
    "a string": lambda folder, data: str(as_path(folder, data)),
    "bytes": lambda folder, data: data,
    "a bytearray": lambda folder, data: bytearray(data),
    "a file in memory": lambda folder, data: io.BytesIO(data),
    "an open file": lambda folder, data: as_path(folder, data).open("rb"),
    "a file of text": lambda folder, data: io.StringIO(data.decode()),
    "a Score": lambda folder, data: open_score(data),
    "a music21 Stream": as_stream,
}


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A function that makes a source of one kind out of bytes."""
    return lambda data: SOURCES[request.param](tmp_path, data)


def voices(result: Result) -> list[str]:
    return sorted({row["voice"] for row in result.filled})


def pitches(document: bytes, part: str = "P1", voice: str = "1") -> list[tuple[str, str]]:
    notes = etree.fromstring(document).iterfind(f"part[@id='{part}']/measure/note")
    return [
        (note.findtext("pitch/step") or "", note.findtext("pitch/octave") or "")
        for note in notes
        if note.findtext("voice") in (voice, None)
    ]


# --- every kind of source --------------------------------------------------------------------------------


def test_every_source_opens(source: Any):
    opened = open_score(source(MELODY))
    assert isinstance(opened, Score)
    assert len(opened.root.findall("part/measure")) == 2


def test_every_source_is_harmonized(source: Any):
    result = scoreassist.harmonize(source(MELODY), candidates=1)
    assert voices(result) == NEW_VOICES
    assert len(etree.fromstring(result.score.to_xml()).findall("part")) == 2


def test_every_source_is_completed(source: Any):
    result = scoreassist.complete(source(WITH_HOLES), candidates=1)
    assert [(row["voice"], row["measure"]) for row in result.filled] == [("Alto", "2"), ("Tenor", "2")]


def test_every_source_is_inspected(source: Any):
    report = scoreassist.inspect(source(WITH_HOLES))
    assert [row["voice"] for row in report["singers"]] == ["Soprano", "Alto", "Tenor", "Bass"]
    assert [row["voice"] for row in report["regions"]] == ["Alto", "Tenor"]


def test_every_source_is_drawn(source: Any, tmp_path: Path):
    (path,) = scoreassist.render(source(MELODY), tmp_path / "song.svg")
    assert path.read_text().count('class="note"') == 7


@pytest.mark.parametrize("suffix", [".musicxml", ".xml", ".mxl"])
def test_a_score_is_saved_by_its_extension_and_opened_again(suffix: str, tmp_path: Path):
    result = scoreassist.complete(WITH_HOLES, candidates=1)
    path = result.score.save(tmp_path / f"out{suffix}")
    assert path == tmp_path / f"out{suffix}"
    assert path.read_bytes().startswith(b"PK" if suffix == ".mxl" else b"<score-partwise")
    assert open_score(path).to_xml() == result.score.to_xml()


@pytest.mark.parametrize("source", [3, None, ["song.musicxml"], object()], ids=lambda value: type(value).__name__)
def test_what_is_no_source_is_refused_with_a_hint(source: Any):
    with pytest.raises(scoreassist.UnreadableError, match=r"cannot open .*; give a path, bytes, a file"):
        open_score(source)


def test_an_error_names_the_score_as_the_caller_does():
    with pytest.raises(scoreassist.UnreadableError) as caught:
        open_score(b"", "the song")
    assert str(caught.value) == "the song: is empty; export the score again"
    assert caught.value.source == "the song"


# --- what comes back -------------------------------------------------------------------------------------


def test_the_result_says_what_was_done():
    result = scoreassist.complete(WITH_HOLES, seed=7, candidates=2)
    assert (result.model, result.seed, result.transposition) == ("bach-chorale", 7, 0)
    assert set(result.seconds) == {"reading", "model", "writing"}
    assert result.log_probability is not None
    assert result.log_probability < 0
    assert [(row["part"], row["measure"], row["voice"]) for row in result.filled] == [
        ("Alto", "2", "Alto"),
        ("Tenor", "2", "Tenor"),
    ]
    written = [e for e in result.new if e.find("pitch") is not None]
    assert len(written) >= sum(row["notes"] for row in result.filled) > 0
    assert all(e.getroottree().getroot() is result.score.root for e in written)


def test_nothing_to_fill_is_no_error_and_the_bytes_stay():
    full = WITH_HOLES.replace(b'<rest measure="yes"/>', b"<pitch><step>G</step><octave>4</octave></pitch>")
    result = scoreassist.complete(full, candidates=1)
    assert (result.filled, result.log_probability, result.new) == ([], None, [])
    assert result.score.to_xml() == full


def test_the_source_score_is_not_changed():
    opened = open_score(WITH_HOLES)
    first = scoreassist.complete(opened, seed=1, candidates=1)
    scoreassist.harmonize(opened, seed=1, candidates=1)
    assert opened.to_xml() == WITH_HOLES
    assert not opened.edited
    assert first.score is not opened
    assert scoreassist.complete(opened, seed=1, candidates=1).score.to_xml() == first.score.to_xml()


def test_a_result_can_be_filled_on():
    melody = score(Staff("c5:q d5:q e5:q f5:q | e5:q d5:q c5:h", name="Soprano"))
    first = scoreassist.harmonize(melody, layout="open", candidates=1)
    second = scoreassist.complete(first.score, measures=2, parts=["Alto"], candidates=1, seed=5)
    assert {(row["voice"], row["measure"]) for row in second.filled} == {("Alto", "2")}


@pytest.mark.parametrize(
    "measures", [(2, 2), [2, 2], "2", "2-2", 2, ("2.1", "2.4"), "2.1-2.4"], ids=lambda value: type(value).__name__
)
@pytest.mark.parametrize(
    "parts", [["Alto"], ("alto",), "Alto", ["P2"], ["A."]], ids=lambda value: type(value).__name__
)
def test_measures_and_parts_are_named_in_many_ways(measures: Any, parts: Any):
    result = scoreassist.complete(WITH_HOLES, measures=measures, parts=parts, candidates=1)
    assert [(row["voice"], row["measure"]) for row in result.filled] == [("Alto", "2")]
    report = scoreassist.inspect(WITH_HOLES, measures=measures, parts=parts)
    assert [(row["voice"], row["first"], row["last"]) for row in report["regions"]] == [("Alto", "2", "2")]


@pytest.mark.parametrize(
    ("given", "new"),
    [
        ("soprano", ["Alto", "Bass", "Tenor"]),
        ("Alto", ["Bass", "Soprano", "Tenor"]),
        ("tenor", ["Alto", "Bass", "Soprano"]),
        ("BASS", ["Alto", "Soprano", "Tenor"]),
    ],
)
def test_the_given_voice_can_be_named(given: str, new: list[str]):
    result = scoreassist.harmonize(MELODY, given=given, candidates=1)
    assert voices(result) == new
    assert pitches(result.score.to_xml()) == pitches(MELODY)


@pytest.mark.parametrize(
    ("parts", "layout", "names"),
    [
        (["Alto"], "closed", [""]),
        (["Alto"], "open", ["", "Alto"]),
        (["Bass"], "closed", ["", "Bass"]),
        (["Bass", "Tenor"], "closed", ["", "Tenor Bass"]),
        (["Alto", "Bass"], "open", ["", "Alto", "Bass"]),
    ],
)
def test_only_the_voices_that_are_named_are_added(parts: list[str], layout: str, names: list[str]):
    result = scoreassist.harmonize(MELODY, parts=parts, layout=layout, candidates=1)
    assert voices(result) == parts
    root = etree.fromstring(result.score.to_xml())
    assert [row.findtext("part-name") or "" for row in root.iter("score-part")] == names


@pytest.mark.parametrize(("layout", "staves"), [("open", 4), ("closed", 2)])
def test_the_layout_can_be_chosen(layout: str, staves: int):
    result = scoreassist.harmonize(MELODY, layout=layout, candidates=1)
    assert len(result.score.root.findall("part")) == staves


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layout": "round"}, "no layout 'round'; use open or closed"),
        ({"given": "cantor"}, "no voice 'cantor'; use soprano, alto, tenor, bass"),
        ({"measures": "late"}, "no measure 'late'"),
        ({"measures": (1, 2, 3)}, "not a range"),
        ({"parts": ["Oboe"]}, "no singer is called 'Oboe'"),
        ({"temperature": 0}, "temperature is 0; it must lie between"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"candidates": 0}, "candidates is 0"),
        ({"seed": 2**70}, "seed is"),
    ],
    ids=str,
)
def test_a_wrong_request_is_a_request_error(wrong: dict[str, Any], message: str):
    with pytest.raises(scoreassist.RequestError, match=message):
        scoreassist.harmonize(MELODY, **{"candidates": 1, **wrong})


def test_an_unknown_model_lists_the_known_ones():
    with pytest.raises(scoreassist.ModelError, match="there is no model 'mozart'; the models are: bach-chorale"):
        scoreassist.complete(WITH_HOLES, model="mozart")


def test_options_are_frozen_and_checked():
    options = FillOptions(seed=3)
    with pytest.raises(FrozenInstanceError):
        options.seed = 4  # type: ignore[misc]
    with pytest.raises(scoreassist.RequestError):
        replace(options, temperature=-1.0)


def test_a_result_becomes_a_music21_score_with_its_notes():
    pytest.importorskip("music21")
    result = scoreassist.complete(WITH_HOLES, candidates=1)
    stream = result.score.to_music21()
    assert [part.partName for part in stream.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    alto = [(n.step, str(n.octave)) for n in stream.parts[1].recurse().notes]
    assert alto == pitches(result.score.to_xml(), "P2")


def test_a_result_is_drawn_in_colour_and_its_score_in_black(tmp_path: Path):
    result = scoreassist.complete(WITH_HOLES, candidates=1)
    before = result.score.to_xml()
    (red,) = scoreassist.render(result, tmp_path / "red.svg")
    (blue,) = scoreassist.render(result, tmp_path / "blue.svg", highlight="#0000FF")
    (plain,) = scoreassist.render(result, str(tmp_path / "plain.svg"), highlight=None)
    (black,) = scoreassist.render(result.score, tmp_path / "black.svg")
    assert "#C00000" in red.read_text()
    assert "#0000FF" in blue.read_text()
    assert plain.read_bytes() == black.read_bytes()
    assert "#C00000" not in black.read_text()
    assert result.score.to_xml() == before


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".mid", b"MThd")]
)
def test_the_extension_decides_what_is_drawn(suffix: str, start: bytes, tmp_path: Path):
    (path,) = scoreassist.render(MELODY, tmp_path / f"song{suffix}", page=None)
    assert path.read_bytes().startswith(start)


# --- the package itself ----------------------------------------------------------------------------------


def test_importing_is_silent_and_waits_for_nothing_large():
    script = (
        "import sys, scoreassist\n"
        "large = {'torch', 'music21', 'verovio', 'numpy', 'lxml', 'click'} & set(sys.modules)\n"
        "sys.exit(' '.join(large) if large else 0)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_every_public_name_is_there_and_described():
    assert set(scoreassist.__all__) <= set(dir(scoreassist))
    for name in scoreassist.__all__:
        thing = getattr(scoreassist, name)
        assert thing.__doc__, name
        assert thing.__module__.startswith("scoreassist"), name
    with pytest.raises(AttributeError, match="has no attribute 'compose'"):
        _ = scoreassist.compose


def test_every_error_descends_from_one():
    for name in scoreassist.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(scoreassist, name), scoreassist.ScoreassistError)


MODULES = [
    info.name
    for info in pkgutil.walk_packages(scoreassist.__path__, "scoreassist.")
    if not info.name.endswith(("__main__", "engraver"))
]


@pytest.mark.parametrize("name", ["scoreassist", *MODULES])
def test_examples_in_docstrings_run(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
