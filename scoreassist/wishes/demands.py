"""What wishes demand of each cell of a passage: compiled once, before a note is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scoreassist.grid.holes import FREE, HOLD, STRIKE
from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import BEAT
from scoreassist.theory.voice_leading import CHOIR_RANGES
from scoreassist.wishes.agreement import Compiled, refuse_in
from scoreassist.wishes.cadences import BASS, SOPRANO, Cadence, find_cadence
from scoreassist.wishes.chord_symbols import ChordSymbol, read_chord_symbols
from scoreassist.wishes.echoes import NOTHING, Stretch, echoed, stretches
from scoreassist.wishes.phrases import phrase_ends
from scoreassist.wishes.pins import Need, Pin, settle_bass
from scoreassist.wishes.rhythms import most_notes, rhythm_of
from scoreassist.wishes.table import WISHES, Wishes
from scoreassist.wishes.tonality import allowed_classes, keys_along

MIDI = 128
_CADENCE, _SYMBOL = 1, 0  # which of two needs of the bass counts


@dataclass(frozen=True)
class Demands:
    """What is asked of the cells that are to be chosen.

    Attributes
    ----------
    pitch : dict of bool arrays (4, ticks, 128)
        By wish, ``tonality, chords, cadences, ranges, like``, the firmest first: the sounding MIDI numbers that
        each hidden cell may have. Silence is never forbidden here. Only wishes that are asked; all True in cells
        that they leave alone.
    rhythm : int array (4, ticks)
        `FREE`, `HOLD` or `STRIKE`: the passage's own, and what rhythm and echoes add.
    pins : tuple of (voice, first tick, end, MIDI number)
        Notes to settle beforehand, struck at their first tick.
    arrivals : bool array (ticks,)
        Cells of the last note of each phrase.
    echoes : tuple of (first tick, end, first tick of the echo)
        New cells that are to be as others, which may be new themselves.
    ranges : four pairs of MIDI numbers
        What a choir sings; of voices with a range of their own, which is among `pitch`, everything.
    most_notes : int array (4, ticks)
        How many new notes may begin in a voice in the measure of each cell.
    strengths : dict
        ``forbid``, ``avoid`` or ``allow``, by rule of voice leading.
    max_leap, max_repeats, density, max_copy
        As in `Wishes`.
    tonic : int or None
        Pitch class of the key that is wished for.
    old : int array (4, ticks) or None
        MIDI numbers that stood there, from which a variation departs.
    """

    pitch: dict[str, np.ndarray]
    rhythm: np.ndarray
    pins: tuple[Pin, ...]
    arrivals: np.ndarray
    echoes: tuple[Stretch, ...]
    ranges: tuple[tuple[int, int], ...]
    most_notes: np.ndarray
    strengths: dict[str, str]
    max_leap: int | None = None
    max_repeats: int | None = None
    density: float | None = None
    max_copy: float | None = None
    tonic: int | None = None
    old: np.ndarray | None = None

    def transposed(self, semitones: int) -> Demands:
        """The same for the music higher (or lower) by some semitones, but for what has been settled (`pins`)."""
        if semitones == 0:
            return self
        return replace(
            self,
            pitch={name: np.roll(allowed, semitones, axis=2) for name, allowed in self.pitch.items()},
            tonic=None if self.tonic is None else (self.tonic + semitones) % 12,
            old=None if self.old is None else np.where(self.old == REST_PITCH, REST_PITCH, self.old + semitones),
        )

    def cut(self, first: int, end: int) -> Demands:
        """The ticks from `first` to `end`, but for what is settled; of echoes what has both its sides there."""
        return replace(
            self,
            pitch={name: allowed[:, first:end] for name, allowed in self.pitch.items()},
            rhythm=self.rhythm[:, first:end],
            echoes=tuple(
                (begin - first, stop - first, target - first)
                for begin, stop, target in self.echoes
                if begin >= first and target + stop - begin <= end
            ),
            most_notes=self.most_notes[:, first:end],
            old=None if self.old is None else self.old[:, first:end],
        )

    def echoing(self, grid: Grid) -> Demands:
        """The same with what hidden cells echo of the cells that this grid knows, as ``like`` in `pitch`.

        A sampler that fills a score window by window asks for it again when what is echoed has been written.
        """
        if not self.echoes:
            return self
        pitch, struck = echoed(self.echoes, grid.pitch, grid.struck, grid.known)
        pitch[grid.known] = NOTHING
        rhythm = self.rhythm.copy()
        cells = (pitch != NOTHING) & (rhythm == FREE)
        held = cells & ~struck
        held[:, 1:] &= ~grid.known[:, :-1] & (pitch[:, 1:] == pitch[:, :-1])
        held[:, 0] = False
        rhythm[cells & struck] = STRIKE
        rhythm[held] = HOLD
        notes = np.flatnonzero(pitch.ravel() >= 0)
        allowed = np.ones((pitch.size, MIDI), dtype=bool)
        allowed[notes] = False
        allowed[notes, pitch.ravel()[notes]] = True
        return replace(self, rhythm=rhythm, pitch={**self.pitch, "like": allowed.reshape(*pitch.shape, MIDI)})


def demands_of(wishes: Wishes, passage: Passage) -> Demands:
    """Compile wishes for a passage.

    Raises
    ------
    RequestError
        They name what the score does not have, what is given speaks against them, or two of them contradict each
        other in this score.
    """
    grid = passage.grid
    ends = phrase_ends(passage.timeline, passage.choir, grid)
    tonic, minor = keys_along(grid, wishes.key)
    symbols = [] if wishes.chords == "ignore" else read_chord_symbols(passage.timeline, grid)
    scale = None if wishes.tonality == "free" else allowed_classes(wishes.tonality, tonic, minor)
    cadences = [find_cadence(place, passage, ends, tonic, minor) for place in wishes.cadences]
    echoes = stretches(wishes.like, passage)
    refuse_in(Compiled(wishes, passage, symbols, cadences, echoes, scale))
    rhythm = rhythm_of(wishes, passage)
    most = most_notes(wishes, passage, rhythm)
    arrivals = ends.copy()
    for cadence in cadences:
        arrivals[cadence.chords[-1].first : cadence.chords[-1].end] = True
    demands = Demands(
        pitch=_pitches(wishes, passage, symbols, cadences, scale),
        rhythm=rhythm,
        pins=settle_bass(_needs(grid, symbols, cadences), passage, rhythm, wishes.voice_ranges, wishes.max_leap),
        arrivals=arrivals,
        echoes=echoes,
        ranges=tuple(
            usual if wishes.range_of(voice) is None else (0, MIDI - 1) for voice, usual in enumerate(CHOIR_RANGES)
        ),
        most_notes=most,
        strengths=wishes.strengths,
        max_leap=wishes.max_leap,
        max_repeats=wishes.max_repeats,
        density=wishes.density,
        max_copy=wishes.max_copy,
        tonic=None if wishes.key is None else wishes.key.tonic,
    )
    return demands.echoing(grid)


def _pitches(
    wishes: Wishes,
    passage: Passage,
    symbols: list[ChordSymbol],
    cadences: list[Cadence],
    scale: np.ndarray | None,
) -> dict[str, np.ndarray]:
    """What each wish allows, by name."""
    grid = passage.grid
    found: dict[str, np.ndarray] = {}
    if scale is not None:
        found["tonality"] = np.broadcast_to(scale, (4, *scale.shape)).copy()
    if symbols:
        found["chords"] = _of_symbols(wishes, grid, symbols)
    if cadences:
        found["cadences"] = _of_cadences(grid, cadences)
    classes = np.arange(MIDI) % 12
    hidden = ~grid.known & ~passage.rest
    masks = {name: allowed[..., classes] | ~hidden[..., None] for name, allowed in found.items()}
    asked = [wishes.range_of(voice) for voice in range(4)]
    if any(asked):
        low, high = np.array([limits or (0, MIDI - 1) for limits in asked]).T[..., None]
        inside = (np.arange(MIDI) >= low) & (np.arange(MIDI) <= high)
        masks["ranges"] = inside[:, None] | ~hidden[..., None]
    return dict(sorted(masks.items(), key=lambda mask: -WISHES[mask[0]].firmness))


def _of_symbols(wishes: Wishes, grid: Grid, symbols: list[ChordSymbol]) -> np.ndarray:
    """Pitch classes that chord symbols allow: bool (4, ticks, 12)."""
    allowed = np.ones((4, grid.ticks, 12), dtype=bool)
    for symbol in symbols:
        if wishes.chords == "follow":
            span = np.arange(symbol.first, symbol.end)
            beats = span[(grid.level[span] <= BEAT) | (span == symbol.first)]
            allowed[:, beats] = np.isin(np.arange(12), list(symbol.classes))
        allowed[BASS, symbol.first] = np.arange(12) == symbol.bass
    return allowed


def _of_cadences(grid: Grid, cadences: list[Cadence]) -> np.ndarray:
    """Pitch classes that cadences allow: bool (4, ticks, 12).

    The chord before counts where it begins, that of arrival as long as it lasts.
    """
    allowed = np.ones((4, grid.ticks, 12), dtype=bool)
    for cadence in cadences:
        for chord in cadence.chords:
            arrives = chord is cadence.chords[-1]
            span = slice(chord.first, chord.end if arrives else chord.first + 1)
            allowed[:, span] = np.isin(np.arange(12), chord.classes)
            if chord.bass is not None:
                allowed[BASS, chord.first : chord.end] = np.arange(12) == chord.bass
            if chord.top is not None:
                allowed[SOPRANO, span] = np.arange(12) == chord.top
    return allowed


def _needs(grid: Grid, symbols: list[ChordSymbol], cadences: list[Cadence]) -> list[Need]:
    """What the bass must have, and from when to when: a chord symbol's note for a beat at most."""
    needs = []
    for symbol in symbols:
        beats = np.flatnonzero(grid.level[symbol.first + 1 : symbol.end] <= BEAT)
        end = symbol.first + 1 + int(beats[0]) if len(beats) else symbol.end
        needs.append(Need(symbol.first, end, symbol.bass, _SYMBOL))
    for cadence in cadences:
        needs += [Need(c.first, c.end, c.bass, _CADENCE) for c in cadence.chords if c.bass is not None]
    return needs
