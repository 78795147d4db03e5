"""How much Bach's chorales have in common with one another, note for note: what copies are measured against.

``--write`` makes ``corpora/bach-chorales/passages.npz`` anew, with which ``scoreassist originality`` compares.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np
from circumstances import circumstances, markdown

from scoreassist.corpus import Piece, chorale_path, chorales
from scoreassist.counsel.passages import SUBSETS, Printed, write_passages
from scoreassist.files.document import open_score
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.timeline import read_timeline
from scoreassist.theory.likeness import VOICES
from scoreassist.theory.passages import open_passages, passages_path

TRAINED, HELD_OUT = ("train", "extra"), ("valid", "test")
NAMES = "SATB"


def printed(pieces: Sequence[Piece]) -> list[Printed]:
    """Chorales with the numbers of their measures, which the grids do not have."""
    numbers = [
        tuple(measure.number for measure in read_timeline(open_score(chorale_path(piece.name))).measures)
        for piece in pieces
    ]
    return [Printed(p.name, p.grid, p.order, found) for p, found in zip(pieces, numbers, strict=True)]


def distribution(longest: np.ndarray, share: np.ndarray) -> list[str]:
    """Median, 90th percentile and most of the longest copies, in beats; median and 90th percentile of shares."""
    beats = longest / TICKS_PER_QUARTER
    return [
        str(longest.size),
        *(f"{value:g}" for value in (np.median(beats), np.percentile(beats, 90), beats.max())),
        *(f"{100 * value:.1f} %" for value in (np.median(share), share.mean(), np.percentile(share, 90))),
    ]


def table() -> str:
    rows = [["", "pieces", "longest copy, median", "90 %", "most", "copied, median", "mean", "90 %"]]
    split = {piece.name: piece.split for piece in chorales(*HELD_OUT)}
    with open_passages() as stored:
        for place in sorted(range(len(SUBSETS)), key=lambda place: -len(SUBSETS[place])):
            voices = "".join(NAMES[voice] for voice in SUBSETS[place])
            name = f"training chorales, each beside the other tunes, {voices}"
            rows.append([name, *distribution(stored["longest"][place], stored["share"][place])])
        splits = np.array([split[name] for name in stored["held_names"]])
        for place, beside in enumerate(("all training chorales", "those of other tunes")):
            for name in HELD_OUT:
                longest, share = stored["held_longest"][place], stored["held_share"][place]
                figures = distribution(longest[splits == name], share[splits == name])
                rows.insert(2, [f"{name} chorales beside {beside}, {NAMES}", *figures])
    return markdown(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--write", action="store_true", help="make the file of passages anew (some minutes)")
    arguments = parser.parse_args()
    if arguments.write:
        began = time.perf_counter()
        write_passages(passages_path(), printed(chorales(*TRAINED)), printed(chorales(*HELD_OUT)))
        print(f"wrote {passages_path()} in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    told = circumstances(
        "longest copy in beats (quarters); copied: share of a piece in copies of at least a measure",
        f"a copy: the same pitches in all {len(VOICES)} voices at every sixteenth, in any transposition",
        model=None,
    )
    print(told, table(), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
