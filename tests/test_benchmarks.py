"""Every benchmark starts and says what it does; what it measures is for those who run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
BENCHMARKS = sorted(file for file in FOLDER.glob("*.py") if "__main__" in file.read_text())


def test_there_are_benchmarks():
    assert len(BENCHMARKS) >= 6


@pytest.mark.parametrize("file", BENCHMARKS, ids=lambda file: file.stem)
def test_a_benchmark_starts(file: Path):
    answer = subprocess.run([sys.executable, str(file), "--help"], capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith("usage:")
