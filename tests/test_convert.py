"""Other formats and music21 Streams, in and out."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from schema import schema_errors
from shorthand import Staff, pitch, score, sung

from scoreassist.errors import UnreadableError
from scoreassist.files.convert import FOREIGN_SUFFIXES
from scoreassist.files.document import Score, open_score

KERN = "**kern\n*clefG2\n*k[b-]\n*M4/4\n=1\n4c\n4d\n2a\n==\n*-\n"
ABC = "X:1\nT:Melody\nM:4/4\nL:1/4\nK:F\nC D A2 |\n"
# Format 0, 480 ticks a quarter: middle C for a quarter, D for a quarter, A for a half.
MIDI = bytes.fromhex(
    "4d546864000000060000000101e0"
    "4d54726b0000001f"
    "00903c40 8360803c00 00903e40 8360803e00 00904540 8740804500 00ff2f00"
)
MEI = """<?xml version="1.0" encoding="UTF-8"?>
<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="4.0.0"><music><body><mdiv><score>
<scoreDef meter.count="4" meter.unit="4"><staffGrp><staffDef n="1" lines="5" clef.shape="G" clef.line="2"/>
</staffGrp></scoreDef><section><measure n="1"><staff n="1"><layer n="1"><note pname="c" oct="4" dur="4"/>
<note pname="d" oct="4" dur="4"/><note pname="a" oct="4" dur="2"/></layer></staff></measure></section>
</score></mdiv></body></music></mei>
"""


def melody(opened: Score) -> list[tuple[str, str]]:
    """Pitch and type of every note."""
    return [(pitch(note).rstrip("!"), str(note.findtext("type"))) for note in sung(opened.root)]


C_D_A = [("c4", "quarter"), ("d4", "quarter"), ("a4", "half")]


@pytest.mark.parametrize(
    ("suffix", "data"),
    [(".krn", KERN.encode()), (".abc", ABC.encode()), (".mid", MIDI), (".mei", MEI.encode())],
    ids=["kern", "ABC", "MIDI", "MEI"],
)
def test_other_formats_become_musicxml(suffix: str, data: bytes, tmp_path: Path):
    path = tmp_path / f"melody{suffix}"
    path.write_bytes(data)
    opened = open_score(path)
    assert opened.name == str(path)
    assert melody(opened) == C_D_A
    assert schema_errors(opened.to_xml()) == []


@pytest.mark.parametrize(("suffix", "data"), [(".krn", KERN), (".abc", ABC)])
def test_the_key_signature_comes_along(suffix: str, data: str):
    opened = open_score(named(data.encode(), f"melody{suffix}"))
    assert [e.text for e in opened.root.iter("fifths")] == ["-1"]


def named(data: bytes, name: str) -> io.BytesIO:
    """An open file with a name."""
    file = io.BytesIO(data)
    file.name = name
    return file


def test_an_open_file_is_read_by_the_extension_of_its_name():
    assert melody(open_score(named(ABC.encode(), "/music/melody.abc"))) == C_D_A


@pytest.mark.parametrize("suffix", [".mid", ".mei", ".abc"])
def test_junk_in_another_format_is_one_clear_error(suffix: str, tmp_path: Path):
    path = tmp_path / f"junk{suffix}"
    path.write_bytes(b"\x00\x01 junk")
    with pytest.raises(UnreadableError) as caught:
        open_score(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "export the score as MusicXML" in message


def test_a_file_without_a_note_is_refused(tmp_path: Path):
    path = tmp_path / "empty.abc"
    path.write_text("X:1\nT:Nothing\nK:C\n")
    with pytest.raises(UnreadableError) as caught:
        open_score(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_book_of_several_tunes_is_refused(tmp_path: Path):
    path = tmp_path / "book.abc"
    path.write_text(f"{ABC}\n{ABC.replace('X:1', 'X:2')}")
    with pytest.raises(UnreadableError) as caught:
        open_score(path)
    assert str(caught.value) == f"{path}: holds 2 pieces; save the one that you mean as a file"


def test_an_empty_file_of_another_format_is_refused(tmp_path: Path):
    path = tmp_path / "empty.mid"
    path.write_bytes(b"")
    with pytest.raises(UnreadableError, match="is empty; export the score again"):
        open_score(path)


def test_every_format_is_one_that_music21_knows():
    from music21.converter import Converter

    known = {name for sub in Converter().subConvertersList("input") for name in sub.registerFormats}
    assert {name.lower() for name in FOREIGN_SUFFIXES.values()} <= {name.lower() for name in known}


def test_a_stream_becomes_a_score_and_back():
    from music21 import note, stream

    part = stream.Part([note.Note("C4"), note.Note("D4"), note.Note("A4", type="half")])
    opened = open_score(stream.Score([part]))
    assert melody(opened) == C_D_A
    assert schema_errors(opened.to_xml()) == []
    back = opened.to_music21()
    assert [n.nameWithOctave for n in back.recurse().notes] == ["C4", "D4", "A4"]


def test_the_stream_given_is_not_changed():
    from music21 import note, stream

    part = stream.Part([note.Note("C4"), note.Note("D4")])
    open_score(part)
    assert [(n.nameWithOctave, n.offset) for n in part.notes] == [("C4", 0), ("D4", 1)]
    assert not part.getElementsByClass(stream.Measure)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "utf-16"])
def test_a_score_of_any_encoding_becomes_a_stream(encoding: str):
    body = score(Staff("c4:q d4:q a4:h", "Männer")).decode()
    opened = Score(f'<?xml version="1.0" encoding="{encoding}"?>{body}'.encode(encoding))
    stream = opened.to_music21()
    assert [n.nameWithOctave for n in stream.recurse().notes] == ["C4", "D4", "A4"]
    assert stream.parts[0].partName == "Männer"


def test_a_score_that_music21_cannot_read_is_one_clear_error(monkeypatch: pytest.MonkeyPatch):
    from music21 import converter

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("stumbled\nover it")

    monkeypatch.setattr(converter, "parseData", fail)
    with pytest.raises(UnreadableError) as caught:
        Score(score("c4:w"), "hymn").to_music21()
    assert str(caught.value) == "hymn: music21 cannot read it (stumbled over it)"


def test_importing_the_score_package_does_not_wait_for_music21():
    import subprocess
    import sys

    program = "import sys, scoreassist.files.document, scoreassist.files.convert; print('music21' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
