"""Start-up: commands that need no model never wait for what is slow to import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCORE = str(ROOT / "examples" / "chorale-with-holes.musicxml")
SLOW = {"torch", "music21", "verovio", "matplotlib"}


def imported_by(*words: str) -> set[str]:
    """Large packages that a command has imported when it ends, in a process of its own."""
    program = (
        "import atexit, json, sys\n"
        f"atexit.register(lambda: sys.stderr.write(json.dumps(sorted({SLOW!r} & set(sys.modules)))))\n"
        "from scoreassist.cli import program\n"
        f"program({list(words)!r}, prog_name='scoreassist')\n"
    )
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [("--help",), ("info", SCORE), ("models",), ("validate", SCORE), ("complete", SCORE, "--dry-run")],
    ids=lambda words: " ".join(Path(word).name for word in words),
)
def test_a_command_that_fills_nothing_imports_nothing_slow(words: tuple[str, ...]):
    assert imported_by(*words) == set()


def test_a_command_that_fills_imports_torch(tmp_path: Path):
    # The counterpart: without it the test above could not be told from one that never sees an import.
    words = ("complete", SCORE, "--candidates", "1", "-o", str(tmp_path / "done.musicxml"))
    assert "torch" in imported_by(*words)
