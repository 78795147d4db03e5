"""Spells every chorale of a split anew from its MIDI numbers, and compares with what the source has.

Known are the key signature and the spelling of one given voice (of each in turn, or of none). As a check of
robustness the chorales are moved to all keys of up to seven accidentals, and other music of music21's corpus is
spelled too: four lines of each work, nothing given. The weights of the speller come from the chorales.

    python benchmarks/spelling.py --split valid
    python benchmarks/spelling.py --split train --others

Exit status 1 if less than 99.5 % of the notes agree in some way of giving.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import music21  # noqa: E402
import numpy as np  # noqa: E402
from circumstances import circumstances, markdown  # noqa: E402

import scoreassist  # noqa: E402
from scoreassist.corpus import chorale_path  # noqa: E402
from scoreassist.errors import ScoreassistError  # noqa: E402
from scoreassist.folders import data_folder  # noqa: E402
from scoreassist.grid.notes import given_spellings  # noqa: E402
from scoreassist.grid.passage import build_passage  # noqa: E402
from scoreassist.grid.voices import NO_KEY, encode  # noqa: E402
from scoreassist.score.singers import VOICES, Choir, Singer, find_choir  # noqa: E402
from scoreassist.score.timeline import Event, Timeline, read_timeline  # noqa: E402
from scoreassist.theory.spelling import spell  # noqa: E402
from scoreassist.writing.pen import spelled  # noqa: E402

LEAST = 0.995
MOST_ACCIDENTALS = 7
GIVEN: dict[str, int | None] = {"none": None, **{voice.lower(): index for index, voice in enumerate(VOICES)}}

# Composers in music21's corpus with works in MusicXML for several lines.
OTHERS = (
    *("beach", "beethoven", "corelli", "cpebach", "handel", "haydn", "joplin", "monteverdi", "mozart"),
    *("schubert", "schumann_clara", "schumann_robert", "trecento", "verdi", "weber"),
)
# Of a work's lines, those count that have at least so much of the notes of the fullest.
FULL_LINE = 0.15


@dataclass(frozen=True)
class Piece:
    """What a speller may know of a piece, and what it is to find.

    Attributes
    ----------
    source : dict of (voice, tick) to int
        Place on the line of fifths of every note that begins there.
    where : list of str
        By tick: measure as printed and beat in quarters.
    """

    name: str
    pitch: np.ndarray
    fifths: np.ndarray
    source: dict[tuple[int, int], int]
    where: list[str]

    def moved(self, places: int) -> Piece:
        """The same music elsewhere on the line of fifths."""
        semitones = (places * 7 + 6) % 12 - 6
        return Piece(
            self.name,
            np.where(self.pitch < 0, self.pitch, self.pitch + semitones),
            self.fifths + places,
            {note: place + places for note, place in self.source.items()},
            self.where,
        )

    def transpositions(self) -> range:
        """Places by which the piece can be moved so that no signature has more than seven accidentals."""
        known = self.fifths[self.fifths != NO_KEY]
        return range(-MOST_ACCIDENTALS - int(known.min()), MOST_ACCIDENTALS - int(known.max()) + 1)


@dataclass
class Tally:
    """Notes, and those that are spelled otherwise than in the source: piece, where, voice, source, ours."""

    notes: int = 0
    otherwise: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def agreement(self) -> float:
        """Share of the notes that are spelled as in the source."""
        return 1 - len(self.otherwise) / self.notes if self.notes else 1.0

    def take(self, piece: Piece, given: int | None) -> None:
        """Spell a piece, of which one voice is given, and count."""
        known = {note: place for note, place in piece.source.items() if note[0] == given}
        began = time.perf_counter()
        found = spell(piece.pitch, piece.fifths, known)
        self.seconds.append(time.perf_counter() - began)
        asked = {note: place for note, place in piece.source.items() if note not in known}
        self.notes += len(asked)
        for (voice, tick), place in sorted(asked.items(), key=lambda item: (item[0][1], item[0][0])):
            if found[voice, tick] != place:
                row = (piece.name, piece.where[tick], VOICES[voice], named(place), named(int(found[voice, tick])))
                self.otherwise.append(row)


def named(place: int) -> str:
    """``F♯`` for 6."""
    step, alter = spelled(place)
    return step + ("♯" * alter if alter > 0 else "♭" * -alter)


def read(path: Path, name: str, four_lines: bool = False) -> Piece:
    """A score as a piece: its choir, or its first four lines whoever plays them."""
    timeline = read_timeline(scoreassist.open_score(path))
    choir = lines(timeline) if four_lines else find_choir(timeline)
    grid = encode(timeline, choir)
    notes = given_spellings(build_passage(timeline, choir, []))
    source = {
        (voice, tick): place
        for (voice, tick), place in notes.items()
        # A note finer than a sixteenth may have lost its cell; one that is tied is counted where it begins.
        if tick < grid.ticks
        and grid.struck[voice, tick]
        and grid.pitch[voice, tick] >= 0
        and (grid.pitch[voice, tick] - place * 7) % 12 == 0
    }
    starts = [grid.measure_ticks(measure.index)[0] for measure in timeline.measures]
    where = [
        f"{timeline.measures[index].number}, {(tick - starts[index]) / 4 + 1:g}"
        for tick, index in enumerate(grid.measure.tolist())
    ]
    return Piece(name, grid.pitch, grid.fifths, source, where)


def lines(timeline: Timeline) -> Choir:
    """The first four lines of a score; of chords, the note that is written first."""
    counts = Counter(
        (index, event.staff, event.voice)
        for index, part in enumerate(timeline.parts)
        for event in part.events()
        if event.kind == "note" and _in_line(event)
    )
    full = [line for line in counts if counts[line] >= FULL_LINE * max(counts.values())][: len(VOICES)]
    singers = {}
    for voice, (index, staff, number) in enumerate(full):
        part = timeline.parts[index]
        rows = [
            [
                event
                for event in measure.events
                if (event.staff, event.voice) == (staff, number) and _in_line(event)
            ]
            for measure in part.measures
        ]
        singers[voice] = Singer(voice, part, staff, number, None, rows)
    return Choir(singers, "open")


def _in_line(event: Event) -> bool:
    return event.kind in ("note", "rest") and not event.chord


def other_pieces() -> Iterator[Piece]:
    """Other works of music21's corpus."""
    corpus = Path(music21.__file__).parent / "corpus"
    for composer in OTHERS:
        paths = [path for path in sorted((corpus / composer).rglob("*.*")) if path.suffix in (".mxl", ".xml")]
        for path in paths:
            try:
                piece = read(path, f"{composer}/{path.stem}", four_lines=True)
            except ScoreassistError as error:
                print(f"{composer}/{path.name} is left out: {error}", file=sys.stderr)
                continue
            if piece.source:
                yield piece


def _row(name: str, tally: Tally) -> list[str]:
    return [name, str(tally.notes), str(len(tally.otherwise)), f"{100 * tally.agreement:.3f} %"]


def as_the_source_has_it(pieces: list[Piece]) -> dict[str, Tally]:
    """Each way of giving a voice."""
    tallies = {name: Tally() for name in GIVEN}
    for piece in pieces:
        for name, voice in GIVEN.items():
            tallies[name].take(piece, voice)
    return tallies


def in_all_keys(pieces: list[Piece]) -> dict[str, Tally]:
    """By signature at the beginning, nothing given."""
    tallies: dict[int, Tally] = {}
    for piece in pieces:
        for places in piece.transpositions():
            tallies.setdefault(int(piece.fifths[0]) + places, Tally()).take(piece.moved(places), None)
    return {f"{abs(key)} {'♯' if key > 0 else '♭'}" if key else "none": tallies[key] for key in sorted(tallies)}


def by_composer(pieces: Iterator[Piece]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for piece in pieces:
        tallies.setdefault(piece.name.split("/")[0], Tally()).take(piece, None)
    return tallies


def speed(pieces: list[Piece], seconds: list[float]) -> str:
    """How long a chorale is spelled."""
    length = statistics.median(len(piece.pitch[0]) for piece in pieces) / 16
    return (
        f"a chorale (median: {length:.0f} whole notes long) is spelled in"
        f" {1000 * statistics.median(seconds):.1f} ms, the slowest in {1000 * max(seconds):.1f} ms"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--split", choices=["train", "extra", "valid", "test"], default="valid")
    parser.add_argument("--limit", type=int, help="only so many chorales, to try things out")
    parser.add_argument("--others", action="store_true", help="also other music, which takes some minutes")
    arguments = parser.parse_args()
    manifest = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())["chorales"]
    names = sorted(name for name, row in manifest.items() if row["split"] == arguments.split)[: arguments.limit]
    pieces = [read(chorale_path(name), name) for name in names]
    given = as_the_source_has_it(pieces)
    head = ["notes", "spelled otherwise", "agreement"]
    what = f"{len(pieces)} chorales of the split `{arguments.split}`, spelled anew"
    print(circumstances(what, speed(pieces, given["none"].seconds)))
    print("\n" + markdown([["given voice", *head], *(_row(name, tally) for name, tally in given.items())]))
    rows = [[name, *row] for name, tally in given.items() for row in tally.otherwise]
    if rows:
        print("\n" + markdown([["given", "piece", "measure, beat", "voice", "source", "ours"], *rows]))
    keys = in_all_keys(pieces)
    print("\n" + markdown([["signature", *head], *(_row(name, tally) for name, tally in keys.items())]))
    if arguments.others:
        composers = by_composer(other_pieces())
        print("\n" + markdown([["composer", *head], *(_row(name, tally) for name, tally in composers.items())]))
    return 1 if any(tally.agreement < LEAST for tally in given.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
