"""Files that mean harm, through the real command line: one clear line, exit 3, little memory, no hang.

The attacks are in `attacks.py`; ``benchmarks/attacks.py`` measures their time and memory.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from attacks import ATTACKS, DAMAGED, SCORE, Attack, blanks, laughs, mxl, run

HANG_SECONDS = 10  # a guard against hangs on a busy machine, not a promise
MEGABYTES = 200
READ = "read:"


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """Somebody who listens where the attacks call home."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def write(attack: Attack, folder: Path, listener: socket.socket) -> Path:
    path = folder / attack.file
    port = str(listener.getsockname()[1]).encode()
    path.write_bytes(attack.make().replace(b"{port}", port))
    return path


def nobody_called(listener: socket.socket) -> bool:
    try:
        listener.accept()
    except BlockingIOError:
        return True
    return False


def test_the_listener_notices_a_call(listener: socket.socket):
    with socket.create_connection(listener.getsockname()):
        assert not nobody_called(listener)
    assert nobody_called(listener)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if not a.slow], ids=lambda attack: attack.name)
def test_an_attack_is_refused_or_read_harmlessly(attack: Attack, tmp_path: Path, listener: socket.socket):
    withstands(attack, tmp_path, listener, HANG_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.slow], ids=lambda attack: attack.name)
def test_an_attack_that_only_time_stops_is_refused(attack: Attack, tmp_path: Path, listener: socket.socket):
    withstands(attack, tmp_path, listener, 120)


def withstands(attack: Attack, folder: Path, listener: socket.socket, seconds: float) -> None:
    path = write(attack, folder, listener)
    before = path.read_bytes()
    answer = run("info", str(path), seconds=seconds)
    assert nobody_called(listener)
    if not attack.slow:
        assert answer["megabytes"] < MEGABYTES
    said = answer["stderr"]
    if answer["status"] == 0:
        assert READ in attack.answer, answer["stdout"]
        assert said == ""
        pattern = next(p for p in attack.answer.split("|") if p.startswith(READ)).removeprefix(READ)
        assert re.search(pattern, answer["stdout"])
        assert "root:" not in answer["stdout"]  # of /etc/passwd
    else:
        assert answer["status"] == 3, said
        assert re.fullmatch(r"scoreassist: .+\n", said), said
        assert said.startswith(f"scoreassist: {path}")
        assert re.search("|".join(p for p in attack.answer.split("|") if not p.startswith(READ)) or "^$", said), (
            said
        )
        assert "mistake of the program" not in said
    assert path.read_bytes() == before
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("command", ["complete", "harmonize", "render"])
@pytest.mark.parametrize(
    ("file", "data", "message"),
    [
        ("a.xml", laughs, "declares XML entities"),
        ("a.mxl", lambda: blanks(300, "a.xml"), "inflates without measure"),
        ("a.mxl", lambda: mxl(SCORE, path="../../etc/passwd"), "is not inside it"),
        ("a.mxl", lambda: mxl(SCORE)[:200], DAMAGED),
    ],
)
def test_commands_that_write_refuse_as_early(command: str, file: str, data, message: str, tmp_path: Path):
    path = tmp_path / file
    path.write_bytes(data())
    out = tmp_path / ("out.svg" if command == "render" else "out.mxl")
    answer = run(command, str(path), "-o", str(out), seconds=HANG_SECONDS)
    assert answer["status"] == 3
    assert re.fullmatch(rf"scoreassist: .*{re.escape(message)}.*\n", answer["stderr"])
    assert answer["megabytes"] < MEGABYTES
    assert list(tmp_path.iterdir()) == [path]


def test_what_calls_home_calls_nobody_when_it_is_drawn(tmp_path: Path, listener: socket.socket):
    for name in ("outer DTD from the network", "stylesheet", "schema elsewhere", "XInclude"):
        attack = next(attack for attack in ATTACKS if attack.name == name)
        answer = run("render", str(write(attack, tmp_path, listener)), "-o", str(tmp_path / "a.svg"))
        assert (answer["status"], nobody_called(listener)) == (0, True)
        assert "root:" not in (tmp_path / "a.svg").read_text()


def test_verovio_gets_only_what_was_read_and_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Neither the document type, nor instructions before the root, nor anything of an archive.
    from scoreassist import rendering

    given = []

    def listen(command, *, input: bytes, **_):
        given.append(input.decode())
        raise OSError(1, "not today")

    monkeypatch.setattr(rendering.subprocess, "run", listen)
    names = ("outer DTD from the network", "stylesheet", "a link beside the score")
    for attack in (attack for attack in ATTACKS if attack.name in names):
        path = tmp_path / attack.file
        path.write_bytes(attack.make())
        with pytest.raises(Exception, match="not today"):
            __import__("scoreassist").render(path, tmp_path / "a.svg")
    assert len(given) == 3
    for request in given:
        assert '"<score-partwise' in request
        for word in ("DOCTYPE", "ENTITY", "xml-stylesheet", "http", "passwd"):
            assert word not in request


def test_reading_plain_musicxml_loads_neither_torch_nor_music21_nor_verovio(tmp_path: Path):
    import subprocess
    import sys

    path = tmp_path / "a.musicxml"
    path.write_text(SCORE[1])
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "scoreassist", "info", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "lxml" in loaded
    assert not loaded & {"torch", "music21", "verovio", "fontTools", "safetensors"}
