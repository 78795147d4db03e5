"""Pitch spelling on the line of fifths (Temperley, *The Cognition of Basic Musical Structures*, 2001, ch. 5).

A spelling is a place on the line of fifths: C 0, G 1, F -1, F sharp 6, B flat -2. Spellings close to the key,
to what sounds with them and to a diatonic semitone from their neighbours are preferred.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scoreassist.grid.voices import NO_KEY

# Costs per place on the line of fifths away from the key's centre, per place beyond a tritone away from a
# sounding note, and for a chromatic semitone to a neighbour. Chosen on the `valid` chorales.
KEY_COST, CHORD_COST, CHROMATIC_COST = 1.0, 0.6, 2.0

# The key's centre: a signature's scale lies from one fifth below its tonic to five above, and chorales raise
# degrees (leading tones) more often than they lower them.
CENTRE = 3.5


def spell(
    pitch: np.ndarray, struck: np.ndarray, fifths: np.ndarray, given: Mapping[tuple[int, int], int]
) -> np.ndarray:
    """Spell every note of a grid.

    Parameters
    ----------
    pitch : int array (4, ticks)
        MIDI numbers, negative for silence.
    struck : bool array (4, ticks)
    fifths : int array (ticks,)
        Key signature.
    given : mapping of (voice, tick) to int
        Spellings that are known, at the first tick of their notes.

    Returns
    -------
    int array (4, ticks)
        Place on the line of fifths; 0 in silence.
    """
    voices, ticks = pitch.shape
    result = np.zeros((voices, ticks), dtype=np.int64)
    notes = [
        (tick, voice, end) for voice in range(voices) for tick, end in note_spans(pitch[voice], struck[voice])
    ]
    notes.sort()
    for tick, voice, end in notes:
        key = 0 if fifths[tick] == NO_KEY else int(fifths[tick])
        place = given.get((voice, tick))
        if place is None:
            place = min(_places(int(pitch[voice, tick]), key), key=lambda p: abs(p - key - CENTRE + 0.5))
        result[voice, tick:end] = place
    for _ in range(2):
        for tick, voice, end in notes:
            if (voice, tick) in given:
                continue
            key = 0 if fifths[tick] == NO_KEY else int(fifths[tick])
            around = _sounding(pitch, result, voice, tick, end)
            beside = _neighbours(pitch[voice], result[voice], tick, end)
            result[voice, tick:end] = min(
                _places(int(pitch[voice, tick]), key),
                key=lambda p: _cost(p, key, int(pitch[voice, tick]), around, beside),
            )
    return result


def note_spans(pitch: np.ndarray, struck: np.ndarray) -> list[tuple[int, int]]:
    """First tick and end of each note of one voice: arrays (ticks,)."""
    begins = [t for t in range(len(pitch)) if t == 0 or struck[t] or pitch[t] != pitch[t - 1]]
    ends = [*begins[1:], len(pitch)]
    return [(t, end) for t, end in zip(begins, ends, strict=True) if pitch[t] >= 0]


def _places(midi: int, key: int) -> list[int]:
    """Spellings of a pitch within reach of a key: no more than a double accidental away."""
    base = midi * 7 % 12
    return [p for p in range(base - 36, base + 37, 12) if key - 6 <= p <= key + 12]


def _sounding(pitch: np.ndarray, places: np.ndarray, voice: int, tick: int, end: int) -> list[int]:
    return [
        int(places[other, t])
        for other in range(pitch.shape[0])
        if other != voice
        for t in {tick, end - 1}
        if pitch[other, t] >= 0
    ]


def _neighbours(pitch: np.ndarray, places: np.ndarray, tick: int, end: int) -> list[tuple[int, int, float]]:
    """Pitch, spelling and cost of a chromatic semitone of the notes before and behind.

    Where a chromatic line leaves the choice, a note is spelled by where it goes.
    """
    rows = ((tick - 1, CHROMATIC_COST), (end, 1.1 * CHROMATIC_COST))
    return [(int(pitch[t]), int(places[t]), cost) for t, cost in rows if 0 <= t < len(pitch) and pitch[t] >= 0]


def _cost(place: int, key: int, midi: int, around: list[int], beside: list[tuple[int, int, float]]) -> float:
    cost = KEY_COST * max(abs(place - key - CENTRE + 0.5) - 3, 0)
    cost += CHORD_COST * sum(max(abs(place - other) - 6, 0) for other in around)
    for other_midi, other, chromatic in beside:
        semitones, fifths = abs(other_midi - midi), abs(other - place)
        if (semitones == 1 and fifths == 7) or (semitones <= 2 and fifths > 7):
            cost += chromatic
    return cost
