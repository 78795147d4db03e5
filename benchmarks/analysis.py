"""Compares keys, roots and numerals with analyses by theorists, over chorales of music21's corpus.

The analyses are Riemenschneider 1-20 in RomanText (Jones, Tymoczko, Robb). Every eighth counts once: whether its
local key, the root of its chord, and key, numeral and inversion together are those of the analysis. Where an
analysis is in another key than the score it is transposed; where the two do not go together (repeats that are
written out), the chorale is left out. Beside it stands music21: one key for the piece, or a key a measure
(`floatingKey`), and `romanNumeralFromChord` for what sounds in each eighth.

    python benchmarks/analysis.py                 # all; chosen on train and valid, so test is what counts
    python benchmarks/analysis.py --split test --without-baseline

Exit status 1 if the share of right roots is below 90 %.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import music21  # noqa: E402
import numpy as np  # noqa: E402
from circumstances import circumstances, markdown  # noqa: E402
from music21.analysis.floatingKey import KeyAnalyzer  # noqa: E402

from scoreassist.corpus import chorale_path  # noqa: E402
from scoreassist.corpus.chorales import Piece, chorales  # noqa: E402
from scoreassist.theory.analysis import analyse  # noqa: E402

ANALYSES = Path(music21.__file__).parent / "corpus" / "bach" / "choraleAnalyses"
BWV = re.compile(r"^BWV: *(\S+)", re.MULTILINE)
OTHER_NAMES = {"248(2).12": "248.12-2", "41.6s": "41.6"}
EIGHTH = 2  # ticks
LEAST_AGREEMENT = 0.7  # share of eighths in which the analysis has the bass that sounds
LEAST_ROOTS = 0.9

# Numeral, sign, figure, what it is applied to. RomanText writes iiø65 as ii/o6/5, and V42 as V2.
_FIGURE = re.compile(r"(b?)#?([ivIV]+|N|Ger|It|Fr)(/o|[oø+]?)([\d/]*?)(/[b#]?[ivIV]+)?(\[.*\])?")


@dataclass(frozen=True)
class Label:
    """What an eighth is said to be: tonic and mode, root, bass (pitch classes), numeral."""

    tonic: int
    minor: bool
    root: int
    bass: int
    numeral: str

    def moved(self, semitones: int) -> Label:
        """The same elsewhere."""
        tonic, root, bass = ((pitch + semitones) % 12 for pitch in (self.tonic, self.root, self.bass))
        return Label(tonic, self.minor, root, bass, self.numeral)


Labels = dict[int, Label]
"""By tick, every eighth."""


def normal(figure: str) -> str:
    """A numeral as this project writes it."""
    match = _FIGURE.fullmatch(figure)
    if match is None:
        return figure
    flat, numeral, sign, figures, of, _ = match.groups()
    figures = figures.replace("/", "")
    figures = {"2": "42", "53": "", "63": "6", "753": "7"}.get(figures, figures)
    return f"{flat}{numeral}{sign.replace('/o', 'ø')}{figures}{of or ''}"


def label(numeral: Any) -> Label:
    """A music21 RomanNumeral."""
    key = numeral.key
    root, bass = numeral.root().pitchClass, numeral.bass().pitchClass
    return Label(key.tonic.pitchClass, key.mode == "minor", root, bass, normal(numeral.figure))


def theorists(file: Path, ticks: int) -> Labels:
    """The analysis of a file, until the end of the shorter of both."""
    score = music21.converter.parse(str(file), format="romantext")
    rows = [
        (round(4 * (measure.offset + numeral.offset)), label(numeral))
        for measure in score.parts[0].getElementsByClass("Measure")
        for numeral in measure.getElementsByClass("RomanNumeral")
    ]
    stops = [tick for tick, _ in rows[1:]] + [min(ticks, round(4 * score.parts[0].duration.quarterLength))]
    return {
        tick: said
        for (first, said), stop in zip(rows, stops, strict=True)
        for tick in range(first + first % EIGHTH, min(stop, ticks), EIGHTH)
    }


def in_key(labels: Labels, piece: Piece) -> Labels | None:
    """The labels in the key of the score; None if they do not go with it."""
    bass = piece.grid.pitch[3] % 12
    agree = [np.mean([(said.bass + by) % 12 == bass[tick] for tick, said in labels.items()]) for by in range(12)]
    by = int(np.argmax(agree))
    return {tick: said.moved(by) for tick, said in labels.items()} if agree[by] >= LEAST_AGREEMENT else None


def ours(piece: Piece) -> Labels:
    """What this project says."""
    return {
        tick: Label(chord.tonic, chord.minor, chord.root, chord.bass, normal(chord.numeral))
        for chord in analyse(piece.grid).chords
        for tick in range(chord.first + chord.first % EIGHTH, chord.end, EIGHTH)
    }


def music21_says(piece: Piece, *, floating: bool) -> Labels:
    """What music21 says of the sonority in each eighth."""
    score = music21.converter.parse(str(chorale_path(piece.name)))
    whole = score.analyze("key")
    keys = KeyAnalyzer(score).run() if floating else []
    slices = list(score.chordify().flatten().getElementsByClass("Chord"))
    begins = np.array([float(chord.offset) for chord in slices])
    labels = {}
    for tick in range(0, piece.grid.ticks, EIGHTH):
        place = int(np.searchsorted(begins, tick / 4, side="right")) - 1
        index = int(piece.grid.measure[tick])
        if place >= 0:
            key = keys[index] if index < len(keys) else whole
            labels[tick] = label(music21.roman.romanNumeralFromChord(slices[place], key))
    return labels


def counts(found: Labels, truth: Labels) -> np.ndarray:
    """Eighths, and of them those with the right key, root, and key and numeral."""
    row = np.zeros(4, dtype=int)
    for tick, said in truth.items():
        own = found.get(tick)
        key = own is not None and (own.tonic, own.minor) == (said.tonic, said.minor)
        root = own is not None and own.root == said.root
        row += [1, key, root, key and own is not None and own.numeral == said.numeral]
    return row


def pieces(split: str | None) -> Iterator[tuple[Piece, Labels | None]]:
    """The chorales that have an analysis, and what it says."""
    known = {piece.name: piece for piece in chorales()}
    for file in sorted(ANALYSES.glob("riemenschneider*.rntxt")):
        found = BWV.search(file.read_text())
        assert found, file
        piece = known[f"bwv{OTHER_NAMES.get(found[1], found[1])}"]
        if split in (None, piece.split):
            yield piece, in_key(theorists(file, piece.grid.ticks), piece)


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=("train", "valid", "test"), help="only chorales of this split")
    parser.add_argument("--without-baseline", action="store_true", help="do not ask music21")
    options = parser.parse_args()
    totals: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(4, dtype=int))
    number: dict[str, int] = defaultdict(int)
    seconds, left_out = [], []
    for piece, truth in pieces(options.split):
        if truth is None:
            left_out.append(piece.name)
            continue
        began = time.perf_counter()
        found = {"scoreassist": ours(piece)}
        seconds.append((time.perf_counter() - began) / piece.grid.ticks * 256)
        if not options.without_baseline:
            found["music21, one key"] = music21_says(piece, floating=False)
            found["music21, a key a measure"] = music21_says(piece, floating=True)
        number[piece.split] += 1
        for who, labels in found.items():
            totals[piece.split, who] += counts(labels, truth)
    table = [["split", "chorales", "eighths", "by", "local key", "root", "key, numeral and inversion"]]
    for (split, who), row in sorted(totals.items()):
        shares = [f"{100 * part / row[0]:.1f} %" for part in row[1:]]
        table.append([split, str(number[split]), str(row[0]), who, *shares])
    print(circumstances("Harmonic analysis, beside that of theorists", model=None))
    print(f"- left out, since score and analysis do not go together: {', '.join(left_out) or 'none'}")
    print(f"- {1000 * float(np.median(seconds)):.0f} ms for 16 measures of 4/4 (median)\n")
    print(markdown(table))
    roots = sum(row[2] for (_, who), row in totals.items() if who == "scoreassist")
    eighths = sum(row[0] for (_, who), row in totals.items() if who == "scoreassist")
    return 0 if roots >= LEAST_ROOTS * eighths else 1


if __name__ == "__main__":
    sys.exit(main())
