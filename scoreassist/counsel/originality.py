"""How much of a score stands in the chorales that the models have read, and how much of Bach does.

What counts as the same is said in `scoreassist.theory.likeness`. A score with fewer than four voices is compared
in those that it has, each with the same voice of the chorales: a lone melody with Bach's sopranos, if it is one.
Bach's own figures are of the same voices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from scoreassist.counsel.passages import SUBSETS, usual_measure
from scoreassist.errors import UnsupportedError
from scoreassist.files.document import open_score
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid, encode
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import VOICES, find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.theory.likeness import CHANGES, Copy, copies, share
from scoreassist.theory.passages import Corpus, bach_passages, open_passages

EVERYBODY = (0, 1, 2, 3)
HIGH = 90  # percentile


@dataclass(frozen=True)
class Quotation:
    """A passage that stands in a chorale too.

    Attributes
    ----------
    beats : float
        Quarters.
    measures : pair of str
        Numbers of the measures in which it begins and ends.
    source : str
        ``bwv269``; the first of several.
    source_measures : pair of str
    semitones : int
        How much higher it is than there.
    """

    beats: float
    measures: tuple[str, str]
    source: str
    source_measures: tuple[str, str]
    semitones: int


@dataclass(frozen=True)
class Usual:
    """How much Bach's chorales have in common with those of other tunes, in the voices that are compared.

    Attributes
    ----------
    pieces : int
    longest_median, longest_90 : float
        Of the longest passages, in beats: median and 90th percentile.
    share_median, share_mean, share_90 : float
        Of what lies in copies of at least a measure.
    """

    pieces: int
    longest_median: float
    longest_90: float
    share_median: float
    share_mean: float
    share_90: float


@dataclass(frozen=True)
class Originality:
    """What a score has in common with the chorales.

    Attributes
    ----------
    voices : tuple of str
        Those that are compared.
    longest : Quotation or None
        None if nothing is the same for so long that what sounds changes `CHANGES` times.
    whole : bool
        Whether the longest passage is all there is of the score.
    share : float
        Of the score's time in which anybody sings, what lies in copies of at least a measure.
    bach : Usual
    percentile : float
        How many of a hundred chorales of Bach's have a shorter longest passage.
    quotations : tuple of Quotation
        All copies of at least a measure; they may overlap.
    """

    voices: tuple[str, ...]
    longest: Quotation | None
    whole: bool
    share: float
    bach: Usual
    percentile: float
    quotations: tuple[Quotation, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as lists, numbers and strings."""
        return asdict(self)


def originality(source: Any) -> Originality:
    """Lay a score beside the chorales that the models have read.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream

    Raises
    ------
    UnsupportedError
        Nobody sings in it.
    RequestError
        Its lines cannot be told apart.

    Examples
    --------
    >>> originality("examples/bass-line.musicxml").voices
    ('Bass',)
    """
    score = open_score(source)
    timeline = read_timeline(score)
    choir = find_choir(timeline)
    rows = tuple(voice for voice, singer in sorted(choir.singers.items()) if singer.notes())
    if not rows:
        raise UnsupportedError("has no notes to compare; harmonize or complete it first", source=score.name)
    numbers = [measure.number for measure in timeline.measures]
    return copied_of(encode(timeline, choir), rows=rows, numbers=numbers)


def copied_of(
    grid: Grid,
    cells: np.ndarray | None = None,
    *,
    rows: tuple[int, ...] = EVERYBODY,
    numbers: Sequence[str] | None = None,
) -> Originality:
    """Lay a filled grid beside the chorales that the models have read.

    Parameters
    ----------
    grid : Grid
    cells : bool array (4, ticks), optional
        What was written. Then only ticks at which something was count: that the rest may be Bach's is given.
    rows : tuple of int
        The voices that are compared.
    numbers : sequence of str, optional
        Of the measures, as printed; default 1, 2, 3, ...
    """
    voices = list(rows)
    pitch = grid.pitch[voices]
    counted = _counted(grid, cells, voices)
    corpus = bach_passages()
    found = copies(corpus, pitch, rows, counted)
    best = max(found, key=lambda copy: copy.ticks, default=None)
    sounds = np.flatnonzero((pitch != REST_PITCH).any(0) & counted)
    measure = usual_measure(grid)
    names = numbers or [str(number) for number in range(1, int(grid.measure.max(initial=0)) + 2)]
    usual, longest = _usual(rows)
    return Originality(
        voices=tuple(VOICES[voice] for voice in rows),
        longest=_quotation(best, grid, names, corpus) if best else None,
        whole=best is not None and bool(best.first <= sounds[0] and best.end > sounds[-1]),
        share=share(found, pitch, measure, counted),
        bach=usual,
        percentile=float(100 * (longest < (best.ticks if best else 0)).mean()),
        quotations=tuple(_quotation(copy, grid, names, corpus) for copy in found if copy.ticks >= measure),
    )


def _counted(grid: Grid, cells: np.ndarray | None, voices: list[int]) -> np.ndarray:
    """Ticks that are compared: all of them known, or written and something of them new; bool (ticks,)."""
    known = grid.known[voices]
    if cells is None:
        return np.asarray(known.all(0))
    return np.asarray((known | cells[voices]).all(0) & cells[voices].any(0))


def _quotation(copy: Copy, grid: Grid, numbers: Sequence[str], corpus: Corpus) -> Quotation:
    first, last = int(grid.measure[copy.first]), int(grid.measure[copy.end - 1])
    return Quotation(
        beats=copy.ticks / TICKS_PER_QUARTER,
        measures=(numbers[first], numbers[last]),
        source=corpus.names[corpus.piece(copy.source)],
        source_measures=(corpus.number(copy.source), corpus.number(copy.source + copy.ticks - 1)),
        semitones=copy.semitones,
    )


@lru_cache
def _usual(rows: tuple[int, ...]) -> tuple[Usual, np.ndarray]:
    """Bach beside Bach in some voices, and the longest passage of each chorale, in ticks."""
    place = SUBSETS.index(rows)
    with open_passages() as stored:
        longest, parts = stored["longest"][place], stored["share"][place].astype(float)
    beats = longest / TICKS_PER_QUARTER
    usual = Usual(
        pieces=int(longest.size),
        longest_median=float(np.median(beats)),
        longest_90=float(np.percentile(beats, HIGH)),
        share_median=float(np.median(parts)),
        share_mean=float(parts.mean()),
        share_90=float(np.percentile(parts, HIGH)),
    )
    return usual, longest


def as_text(report: Originality, name: str) -> str:
    """A report for people."""
    bach = report.bach
    voices = ", ".join(voice.lower() for voice in report.voices)
    those = "alone, compared with that" if len(report.voices) == 1 else "compared with those"
    lines = [f"{name}: {voices} {those} of {bach.pieces} chorales by Bach"]
    if report.longest is None:
        lines.append(f"  no passage with {CHANGES} changes or more is the same")
    elif report.whole:
        lines.append(f"  the whole piece stands there, note for note: {_place(report.longest)}")
    else:
        first, last = report.longest.measures
        where = f"measure {first}" if first == last else f"measures {first} to {last}"
        lines.append(f"  longest passage that stands there too: {where}, {_place(report.longest)}")
    lines.append(f"  in copies of at least a measure: {100 * report.share:.0f} %")
    lines.append(
        f"  Bach's own chorales, each beside those of other tunes: longest passage {bach.longest_median:g} beats,"
        f" in a tenth {bach.longest_90:g} or more; in copies {100 * bach.share_mean:.0f} %"
    )
    lines.append(f"  the longest passage is longer than in {report.percentile:.0f} of 100 of them")
    return "\n".join(lines)


def _place(found: Quotation) -> str:
    """``6.5 beats, as in bwv269, measures 7 to 8, here 2 semitones higher``."""
    first, last = found.source_measures
    where = f"measure {first}" if first == last else f"measures {first} to {last}"
    moved = ""
    if found.semitones:
        count = "1 semitone" if abs(found.semitones) == 1 else f"{abs(found.semitones)} semitones"
        moved = f", here {count} {'higher' if found.semitones > 0 else 'lower'}"
    return f"{found.beats:g} beats, as in {found.source}, {where}{moved}"
