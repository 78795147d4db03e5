"""Fill every example score: what `make demo` runs. Writes out/*.musicxml, *.svg and *.mid."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import scoreassist

HERE = Path(__file__).parent
RAGTIME = {"style": "ragtime"}
JOBS: dict[str, tuple[Callable[..., scoreassist.Result], dict[str, str]]] = {
    "amazing-grace": (scoreassist.harmonize, {}),
    "bass-line": (scoreassist.harmonize, {}),
    "chorale-with-holes": (scoreassist.complete, {}),
    "clarinet-in-b-flat": (scoreassist.harmonize, {}),
    "closed-hymn-key-change": (scoreassist.complete, {}),
    "compound-melody": (scoreassist.harmonize, {}),
    "marked-words": (scoreassist.complete, {}),
    "oh-susanna": (scoreassist.harmonize, RAGTIME),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (fill, wishes) in JOBS.items():
        began = time.perf_counter()
        result = fill(HERE / f"{name}.musicxml", seed=1, **wishes)
        took = time.perf_counter() - began
        paths = [result.score.save(folder / f"{name}.musicxml")]
        for suffix in (".svg", ".mid"):
            paths += scoreassist.render(result, folder / f"{name}{suffix}")
        notes = sum(row["notes"] for row in result.filled)
        voices = ", ".join(dict.fromkeys(row["voice"] for row in result.filled))
        print(f"{fill.__name__:>9}  {name}: {notes} notes ({voices}) in {took:.2f} s")
        print(f"{'':>11}{' '.join(str(path) for path in paths)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
