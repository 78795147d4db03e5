"""How new music for a choir is laid out: phrases that come to rest under fermatas, and a close on the tonic.

What is settled are known cells and fermatas, so that a network that anticipates leads there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import TICKS_PER_QUARTER, Metre
from scoreassist.theory.keys import Key

SOPRANO, TENOR, BASS = 0, 2, 3
FIFTH = 7

# On which note above the tonic the bass rests at the end of a phrase, in major and in minor, and in how many of a
# hundred phrases: of the training chorales that end on a tonic of their signature, 95 in major and 65 in minor.
RESTS = {
    False: {7: 40, 0: 29, 9: 13, 5: 6, 2: 6, 4: 4},
    True: {7: 32, 0: 25, 3: 22, 10: 12, 5: 5, 8: 3},
}

# 151 of these 160 close from the dominant in the bass. Of all 201, 196 end with the same note in soprano and bass,
# and 180 begin with it in the bass. The octave of each note is the one nearest to these.
LAST_SOPRANO, LAST_BASS, BEFORE_LAST, FIRST_BASS = 69, 46, 50, 50
INNER_TENOR, INNER_BASS = 59, 48  # with the fifth in the tenor a chord under a fermata rests on its root

PHRASE_QUARTERS = (8, 12)  # what phrases mostly last, in triple time the second
UPBEAT = Fraction(1)  # quarters; 162 of 235 training chorales begin with one


def phrase_measures(metre: Metre) -> int:
    """How many measures a phrase has: two of 4/4, four of 3/4."""
    duple, triple = PHRASE_QUARTERS
    return max(int((triple if metre.beats % 3 == 0 else duple) / metre.length), 1)


def settle_form(grid: Grid, key: Key, metre: Metre, seed: int) -> Grid:
    """Fermatas at the ends of phrases with root and fifth of the chords there, and how the whole begins and ends.

    Parameters
    ----------
    grid : Grid
        Of a score with an upbeat of `UPBEAT`, whose last measure is shorter by as much, and nothing in it.
    key : Key
    metre : Metre
        In quarters.
    seed : int
        Of the choice among `RESTS`.
    """
    beat = int(UPBEAT * TICKS_PER_QUARTER)
    phrase = phrase_measures(metre) * int(metre.length * TICKS_PER_QUARTER)
    last, _ = grid.measure_ticks(int(grid.measure[-1]))  # the last chord fills its measure
    rests = [(end - beat, end) for end in range(phrase, last, phrase)]
    cells = [_Settled(BASS, 0, beat, 0, FIRST_BASS), *_phrase_ends(rests, key, seed)]
    before = max([beat, *(end for _, end in rests)])
    return _settle(grid, key, [*cells, *_close(grid, last, beat, before)], [*rests, (last, grid.ticks)])


def settle_continuation(
    grid: Grid, key: Key, metre: Metre, seed: int, first_tick: int, voices: Collection[int] = (0, 1, 2, 3)
) -> Grid:
    """The same of what is appended to a score; what stands there, and before, remains.

    Phrases are counted from the first new tick, which may be that of an upbeat: the chord at the end of a phrase
    begins on the last strong beat before.

    Parameters
    ----------
    grid : Grid
        Nothing is known from `first_tick` on of what is to be written.
    key : Key
        In which it ends.
    metre : Metre
        Of the new measures.
    seed : int
        Of the choice among `RESTS`.
    first_tick : int
    voices : collection of int
        Those that will be written: nothing is settled in the others.
    """
    full = int(metre.length * TICKS_PER_QUARTER)
    half = int((metre.half_measure() or 0) * TICKS_PER_QUARTER)
    beat = int((*metre.beat_starts(), metre.length)[1] * TICKS_PER_QUARTER)
    begin, end = grid.measure_ticks(int(grid.measure[first_tick]))
    upbeat = (end - begin) % full
    last, _ = grid.measure_ticks(int(grid.measure[-1]))
    phrase = phrase_measures(metre) * full
    strong = full - (half if half < full - upbeat else 0)  # before the barline
    rests = [(stop + upbeat - strong, stop) for stop in range(first_tick + phrase, last, phrase)]
    before = max([first_tick, *(stop for _, stop in rests)])
    cells = [*_phrase_ends(rests, key, seed), *_close(grid, last, beat, before)]
    mine = [
        replace(cell, near=_within_reach(grid, cell))
        for cell in cells
        if cell.voice in voices and not grid.known[cell.voice, cell.first : cell.stop].any()
    ]
    return _settle(grid, key, mine, [*rests, (last, grid.ticks)])


@dataclass(frozen=True, slots=True)
class _Settled:
    """A note that is settled.

    Attributes
    ----------
    voice : int
    first, stop : int
        Its ticks.
    step : int
        Semitones above the tonic.
    near : int
        The MIDI number that its octave is nearest to.
    """

    voice: int
    first: int
    stop: int
    step: int
    near: int


def _phrase_ends(rests: Sequence[tuple[int, int]], key: Key, seed: int) -> Iterator[_Settled]:
    """Root and fifth of the chords on which phrases come to rest."""
    steps, weights = zip(*RESTS[key.minor].items(), strict=True)
    draw = np.random.default_rng(seed % 2**64)
    for first, stop in rests:
        step = int(draw.choice(steps, p=np.array(weights) / sum(weights)))
        yield _Settled(BASS, first, stop, step, INNER_BASS)
        yield _Settled(TENOR, first, stop, step + FIFTH, INNER_TENOR)


def _close(grid: Grid, last: int, beat: int, before: int) -> Iterator[_Settled]:
    """The tonic at the end, and the dominant before it if there is room behind the tick `before`."""
    if last - beat >= before:
        yield _Settled(BASS, last - beat, last, FIFTH, BEFORE_LAST)
    yield _Settled(BASS, last, grid.ticks, 0, LAST_BASS)
    yield _Settled(SOPRANO, last, grid.ticks, 0, LAST_SOPRANO)


def _settle(grid: Grid, key: Key, cells: Sequence[_Settled], rests: Sequence[tuple[int, int]]) -> Grid:
    """A grid with notes that are known, and fermatas over stretches of ticks."""
    pitch, struck, known, fermata = (a.copy() for a in (grid.pitch, grid.struck, grid.known, grid.fermata))
    for cell in cells:
        pitch[cell.voice, cell.first : cell.stop] = _nearest(key.tonic + cell.step, cell.near)
        struck[cell.voice, cell.first] = True
        struck[cell.voice, cell.first + 1 : cell.stop] = False
        known[cell.voice, cell.first : cell.stop] = True
    for first, stop in rests:
        fermata[first:stop] = True
    return replace(grid, pitch=pitch, struck=struck, known=known, fermata=fermata)


def _within_reach(grid: Grid, cell: _Settled) -> int:
    """The pitch near which a note is taken, within what its voice is known to sing."""
    row = grid.pitch[cell.voice]
    sung = row[grid.known[cell.voice] & (row != REST_PITCH)]
    return int(np.clip(cell.near, sung.min(), sung.max())) if len(sung) else cell.near


def _nearest(pitch_class: int, near: int) -> int:
    """The MIDI number of a pitch class nearest to another one."""
    return near + (pitch_class - near + 6) % 12 - 6
