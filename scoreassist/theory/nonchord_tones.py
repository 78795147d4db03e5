"""Non-chord tones, named by how they are reached and left (Kostka & Payne, *Tonal Harmony*, ch. 11 and 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoreassist.grid.voices import Grid
from scoreassist.theory.chord_fit import FAR, line, sounding
from scoreassist.theory.chords import Chord

STEP = 2  # semitones, at most


@dataclass(frozen=True)
class NonChordTone:
    """A note outside the chord.

    Attributes
    ----------
    voice : int
        Row of the grid.
    tick : int
        Where it is outside the chord first: a suspension, where the chord comes in.
    kind : str
        A row of `KINDS`.
    """

    voice: int
    tick: int
    kind: str


def _is_step(interval: int) -> bool:
    return 0 < abs(interval) <= STEP


# Name, and whether a note is one: by the semitones from the note before and to the note after (`FAR` where there
# is none), and whether it sounds already, or did last, when its chord comes in. The first that holds counts.
KINDS = (
    ("suspension", lambda into, out, held: held and -STEP <= out < 0),
    ("retardation", lambda into, out, held: held and 0 < out <= STEP),
    ("pedal", lambda into, out, held: held),
    ("passing", lambda into, out, held: _is_step(into) and _is_step(out) and (into > 0) == (out > 0)),
    ("neighbour", lambda into, out, held: _is_step(into) and _is_step(out)),
    ("anticipation", lambda into, out, held: out == 0),
    ("appoggiatura", lambda into, out, held: _is_step(out)),
    ("escape", lambda into, out, held: _is_step(into)),
    ("free", lambda into, out, held: True),
)


def find_non_chord_tones(grid: Grid, chords: Sequence[Chord]) -> list[NonChordTone]:
    """The notes that are outside their chords, in order of time; of a note that is so twice, the first time.

    Parameters
    ----------
    grid : Grid
    chords : chords in order of time
    """
    chord_at = np.full(grid.ticks, -1)
    for place, chord in enumerate(chords):
        chord_at[chord.first : chord.end] = place
    found = []
    for voice, row in enumerate(sounding(grid)):
        notes = line(row, grid.struck[voice])
        places = zip(
            *(a.tolist() for a in (notes.begin, notes.end, notes.pitch, notes.before, notes.after)), strict=True
        )
        for begin, end, pitch, into, out in places:
            ticks = (tick for tick in range(begin, end) if chord_at[tick] >= 0)
            tick = next((t for t in ticks if pitch % 12 not in chords[chord_at[t]].pitch_classes), None)
            if tick is not None:
                held = tick > begin or into == 0
                kind = next(name for name, holds in KINDS if holds(into, out, held))
                found.append(NonChordTone(voice, tick, kind))
    return sorted(found, key=lambda tone: (tone.tick, tone.voice))


__all__ = ["FAR", "KINDS", "NonChordTone", "find_non_chord_tones"]
