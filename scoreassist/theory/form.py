"""How a new chorale is laid out: an upbeat, phrases that come to rest under fermatas, and a close on the tonic.

What is settled are known cells and fermatas, so that a network that anticipates leads there.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

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
    length = int(metre.length * TICKS_PER_QUARTER)
    phrase = phrase_measures(metre) * length
    last = grid.ticks - (length - beat)  # the last chord fills its measure
    rows = [(BASS, 0, beat, 0, FIRST_BASS)]
    steps, weights = zip(*RESTS[key.minor].items(), strict=True)
    draw = np.random.default_rng(abs(seed))
    ends = [*range(phrase, last, phrase), grid.ticks]
    for end in ends[:-1]:
        step = int(draw.choice(steps, p=np.array(weights) / sum(weights)))
        rows.append((BASS, end - beat, end, step, INNER_BASS))
        rows.append((TENOR, end - beat, end, step + FIFTH, INNER_TENOR))
    if last - beat >= (ends[-2] if len(ends) > 1 else beat):
        rows.append((BASS, last - beat, last, FIFTH, BEFORE_LAST))
    rows += [(BASS, last, grid.ticks, 0, LAST_BASS), (SOPRANO, last, grid.ticks, 0, LAST_SOPRANO)]
    pitch, struck, known, fermata = (a.copy() for a in (grid.pitch, grid.struck, grid.known, grid.fermata))
    for voice, first, stop, step, near in rows:
        pitch[voice, first:stop] = _nearest(key.tonic + step, near)
        struck[voice, first] = True
        known[voice, first:stop] = True
    for end in ends:
        fermata[end - beat : end] = True
    fermata[last:] = True
    return replace(grid, pitch=pitch, struck=struck, known=known, fermata=fermata)


def _nearest(pitch_class: int, near: int) -> int:
    """The MIDI number of a pitch class nearest to another one."""
    return near + (pitch_class - near + 6) % 12 - 6
