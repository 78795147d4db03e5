"""Draw the pictures of the README: one example before and after, each as tall as its music."""

from __future__ import annotations

from pathlib import Path

import scoreassist
from scoreassist.assistant import picture
from scoreassist.rendering import RenderOptions, write

HERE = Path(__file__).parent
OPTIONS = RenderOptions(one_page=True, page_width_mm=230, staff_height_mm=6)


def main() -> None:
    folder = HERE / "pictures"
    folder.mkdir(exist_ok=True)
    for name, fill, wishes in (
        ("amazing-grace", scoreassist.harmonize, {}),
        ("closed-hymn-key-change", scoreassist.complete, {}),
        ("chorale-with-holes", scoreassist.complete, {}),
        ("oh-susanna", scoreassist.harmonize, {"style": "ragtime"}),
    ):
        score = scoreassist.open_score(HERE / f"{name}.musicxml")
        write(picture(score), folder / f"{name}-before.svg", options=OPTIONS)
        result = fill(score, seed=1, **wishes)
        write(picture(result, highlight="#C00000"), folder / f"{name}-after.svg", options=OPTIONS)
        if name == "amazing-grace":
            explained = folder / f"{name}-explained.svg"
            scoreassist.render(result, explained, explain=True, options=OPTIONS)


if __name__ == "__main__":
    main()
