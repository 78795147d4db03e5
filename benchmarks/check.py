"""What `check` finds in Bach's own chorales: the measure for what it finds in anybody else's.

For every rule, findings per 1000 onsets and per 100 chords (beats on which all voices sound), the share of the
frames (sixteenths) in which it is broken, and the chorales that break it at all. `--against` holds another program
against ours: music21's `figuredBass.possibility`, frame by frame.

    python benchmarks/check.py
    python benchmarks/check.py --split test --against
    python benchmarks/check.py --read bwv269 bwv347

Exit status 1 if a chorale takes longer than 30 ms, or music21 disagrees without a reason.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from circumstances import circumstances, markdown  # noqa: E402

from scoreassist.corpus import chorale_path, chorales  # noqa: E402
from scoreassist.counsel.check import as_text, check, chords  # noqa: E402
from scoreassist.grid.voices import Grid  # noqa: E402
from scoreassist.theory.counterpoint import RULES, faults, reading_of  # noqa: E402
from scoreassist.theory.voice_leading import onsets  # noqa: E402

SPLITS = ("train", "valid", "test")
MOST_SECONDS = 0.03


@dataclass
class Tally:
    """What was found in how much music.

    Attributes
    ----------
    found, ticks, pieces : dict by rule
        Findings, frames in which the rule is broken, pieces that break it.
    seconds : list of float
        What the rules take, by piece, once the music is spelled and its keys are known.
    """

    onsets: int = 0
    chords: int = 0
    frames: int = 0
    found: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    ticks: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    pieces: dict[str, int] = field(default_factory=lambda: dict.fromkeys(RULES, 0))
    seconds: list[float] = field(default_factory=list)

    def take(self, grid: Grid) -> None:
        """Read a piece and count."""
        reading = reading_of(grid)
        began = time.perf_counter()
        rows = faults(grid, fifth_lines=reading.fifth, tonics=reading.tonic)
        self.seconds.append(time.perf_counter() - began)
        self.onsets += onsets(reading.pitch, reading.struck)
        self.chords += chords(grid)
        self.frames += grid.ticks
        for rule in RULES:
            own = [row for row in rows if row.rule == rule]
            self.found[rule] += len(own)
            self.ticks[rule] += len({tick for row in own for tick in range(row.tick, row.end)})
            self.pieces[rule] += bool(own)

    def rows(self) -> list[list[str]]:
        """A line a rule."""
        return [
            [
                rule,
                str(self.found[rule]),
                f"{1000 * self.found[rule] / self.onsets:.2f}",
                f"{100 * self.found[rule] / self.chords:.2f}",
                f"{100 * self.ticks[rule] / self.frames:.2f} %",
                f"{self.pieces[rule]} of {len(self.seconds)}",
            ]
            for rule in RULES
        ]


def tally(*splits: str) -> Tally:
    """The chorales of some splits."""
    counted = Tally()
    for piece in chorales(*splits):
        counted.take(piece.grid)
    return counted


def against_music21(*splits: str) -> tuple[int, list[tuple[str, str, int]]]:
    """Frames compared, and what differs without a reason; the tests say which reasons there are."""
    sys.path.insert(0, str(ROOT / "tests"))
    from test_counterpoint import disagreements

    return disagreements(*splits)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--split", choices=SPLITS, help="only this one")
    parser.add_argument("--against", action="store_true", help="compare with music21 frame by frame")
    parser.add_argument("--read", nargs="+", metavar="CHORALE", help="print what is found in some chorales")
    arguments = parser.parse_args()
    if arguments.read:
        for name in arguments.read:
            print(as_text(check(chorale_path(name)), name))
        return 0
    splits = (arguments.split,) if arguments.split else SPLITS
    slow, strange = False, []
    print(circumstances("Bach's chorales as printed, read by `scoreassist check`", model=None))
    for split in splits:
        counted = tally(split)
        head = ["rule", "findings", "per 1000 onsets", "per 100 chords", "frames", "chorales"]
        print(f"\n`{split}`: {len(counted.seconds)} chorales, {counted.onsets} onsets, {counted.chords} chords,")
        print(f"{counted.frames} frames; a chorale is read in {1000 * statistics.median(counted.seconds):.1f} ms,")
        print(f"the slowest in {1000 * max(counted.seconds):.1f} ms\n")
        print(markdown([head, *counted.rows()]))
        slow |= statistics.median(counted.seconds) > MOST_SECONDS
        if arguments.against:
            frames, unexplained = against_music21(split)
            strange += unexplained
            print(
                f"\nmusic21's figuredBass.possibility, {frames} frames: {len(unexplained)} unexplained differences"
            )
            for name, rule, tick in unexplained:
                print(f"  {name}, tick {tick}: {rule}")
    return 1 if slow or strange else 0


if __name__ == "__main__":
    sys.exit(main())
