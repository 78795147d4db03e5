"""Wishes that contradict each other in one score: a table of pairs, asked when wishes are compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from scoreassist.errors import RequestError
from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.wishes.cadences import Cadence, Sounding
from scoreassist.wishes.chord_symbols import ChordSymbol
from scoreassist.wishes.echoes import Stretch
from scoreassist.wishes.table import Wishes

COMMON_NOTES = 2  # of a chord symbol and a cadence's chord that go together: vi7 and I, but not IV and I


@dataclass(frozen=True)
class Compiled:
    """What wishes have become in a score.

    Attributes
    ----------
    wishes : Wishes
    passage : Passage
    symbols : list of ChordSymbol
        Those that are to be obeyed.
    cadences : list of Cadence
    echoes : tuple of (first tick, end, first tick of the echo)
    scale : bool array (ticks, 12) or None
        Pitch classes that the tonality has.
    """

    wishes: Wishes
    passage: Passage
    symbols: list[ChordSymbol]
    cadences: list[Cadence]
    echoes: tuple[Stretch, ...]
    scale: np.ndarray | None

    @property
    def tonality(self) -> str:
        """The flag of the tonality."""
        return f"--tonality {self.wishes.tonality}"

    @property
    def chords(self) -> str:
        """The flag that says how chord symbols are taken."""
        return f"--chords {self.wishes.chords}"

    @property
    def sounding(self) -> Iterator[tuple[Cadence, Sounding]]:
        """The chords of all cadences."""
        return ((cadence, chord) for cadence in self.cadences for chord in cadence.chords)


Found = Iterator[tuple[int, str, str, str]]
"""At which tick which two contradict each other, and why."""


def _foreign_symbols(compiled: Compiled) -> Found:
    """Chord symbols with notes that the tonality does not have."""
    for symbol in compiled.symbols:
        asked = symbol.classes if compiled.wishes.chords == "follow" else {symbol.bass}
        if compiled.scale is not None and not compiled.scale[symbol.first, list(asked)].all():
            why = f"the chord {symbol.text} has notes of another key; write --chords ignore or --tonality free"
            yield symbol.first, compiled.tonality, compiled.chords, why


def _foreign_cadences(compiled: Compiled) -> Found:
    """Cadences with new notes that the tonality does not have."""
    grid = compiled.passage.grid
    for cadence, chord in compiled.sounding:
        heard = grid.pitch[grid.known[:, chord.first], chord.first]
        asked = set(chord.classes) - set((heard[heard != REST_PITCH] % 12).tolist())
        if compiled.scale is not None and not compiled.scale[chord.first, list(asked)].all():
            why = f"its {chord.name} has notes of another key; write --tonality free, or another cadence"
            yield chord.first, compiled.tonality, _written(cadence), why


def _other_symbols(compiled: Compiled) -> Found:
    """Cadences under a chord symbol that is another chord."""
    for cadence, chord in compiled.sounding:
        for symbol in compiled.symbols:
            if symbol.first <= chord.first < symbol.end and _differ(symbol, chord, compiled.wishes.chords):
                why = f"the chord symbol {symbol.text} stands where the cadence has {chord.name}"
                why += "; write --chords ignore, or another cadence"
                yield chord.first, _written(cadence), compiled.chords, why


def _differ(symbol: ChordSymbol, chord: Sounding, chords: str) -> bool:
    bass = chord.bass is not None and symbol.first == chord.first and chord.bass != symbol.bass
    return bass or (chords == "follow" and len(symbol.classes & set(chord.classes)) < COMMON_NOTES)


def _other_echoes(compiled: Compiled) -> Found:
    """Measures that echo others and are to have another cadence."""
    arrivals = {cadence.chords[-1].first: cadence for cadence in compiled.cadences}
    for first, end, target in compiled.echoes:
        for tick, cadence in arrivals.items():
            echo = arrivals.get(target + tick - first) if first <= tick < end else None
            if echo is not None and echo.chords[-1].classes != cadence.chords[-1].classes:
                why = f"measure {cadence.place[0]}, which is echoed, is to have {_written(cadence)}; leave one out"
                yield echo.chords[-1].first, _written(echo), "--like", why


def _written(cadence: Cadence) -> str:
    """A cadence as it was asked for."""
    return f"--cadence {':'.join(filter(None, cadence.place))}"


PAIRS: tuple[Callable[[Compiled], Found], ...] = (
    _foreign_symbols,
    _foreign_cadences,
    _other_symbols,
    _other_echoes,
)


def refuse_in(compiled: Compiled) -> None:
    """Refuse wishes of which two contradict each other in this score.

    Raises
    ------
    RequestError
        Naming both flags, and the measure.
    """
    for pair in PAIRS:
        for tick, one, other, why in pair(compiled):
            measure = compiled.passage.timeline.measures[int(compiled.passage.grid.measure[tick])]
            raise RequestError(
                f"{one} and {other} contradict each other: {why}",
                source=compiled.passage.timeline.score.name,
                measure=measure.number,
            )
