"""Pitch spelling on the line of fifths (Temperley, *The Cognition of Basic Musical Structures*, 2001, ch. 5).

A spelling is a place on the line of fifths: C 0, G 1, F -1, F sharp 6, B flat -2. Notes are first put as near as
they can be to the key, which begins at the signature and follows the music. Then each is weighed anew, a few times
over, against its surroundings. What a spelling weighs is the sum of:

- how far it lies from the key around it (`FAR`);
- the intervals to what sounds with it (`CHORD`);
- the intervals to the pitches before and behind it in its line (`BEFORE`, `AFTER`): a chromatic note is named by
  where it goes, so that leading tones rise and sevenths fall.

A pitch that a line holds, ties or repeats has one spelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from scoreassist.grid.voices import NO_KEY

# All weights were chosen on the `train`, `extra` and `valid` chorales: as they are, with signatures two and three
# places wrong (so that the key must be found in the music), and each voice alone.

# A key's centre lies so far above its signature's place (a little above D in C major, as degrees are raised more
# often than lowered), and so many places to either side of it cost nothing.
CENTRE, REACH = 3.25, 3.0
FAR = 0.8  # each place beyond

# The key around a note: so much of it is heard in the music, up to so many ticks away; the rest is the signature.
HEARD, WITHIN = 0.55, 32
# At first only what came before is known: it fades by half in so many ticks; the signature counts as so many.
FADING, SIGNATURE = 24.0, 64.0

# Cost of an interval by its size on the line of fifths. Up to a tritone (6) it is diatonic; beyond follow the
# chromatic semitone, augmented fifth, augmented second, augmented sixth, augmented third and enharmonic change.
CHORD = (0.0,) * 7 + (0.6, 1.5, 1.2, 1.2, 3.0, 3.6)
BEFORE = (0.0,) * 7 + (1.0, 0.0, 1.0, 2.0, 2.0, 3.0)
AFTER = (0.0,) * 7 + (2.6, 0.5, 1.0, 2.0, 2.0, 3.0)
WIDEST = 12

# How often notes are weighed, and how much chords count then. Lines in unison hold each other's spelling fast,
# so that at first each is spelled as if alone.
PASSES = (0.0, 1.0, 1.0, 1.0)

# Spellings that come into question: so far below and above the signature, and no more than a double accidental.
BELOW, ABOVE = 9, 14
MOST_FIFTHS = 14  # a transposing part may lie in a key beyond what anybody writes
F_DOUBLE_FLAT, B_DOUBLE_SHARP = -15, 19
FARTHEST = 10  # signature that leaves a spelling for every pitch; files may hold any number


@dataclass(slots=True, eq=False)
class _Note:
    """A pitch that one voice holds, ties or repeats, and what it is weighed against.

    Attributes
    ----------
    places : list of int
        Spellings that come into question; one if it is given.
    line : list of (note, costs)
        Its neighbours of another pitch in the same voice.
    chord : list of (note, share)
        What sounds with it, for which share of the shorter of the two.
    """

    voice: int
    start: int
    end: int
    key: int
    midi: int
    places: list[int]
    place: int = 0
    line: list[tuple[_Note, tuple[float, ...]]] = field(default_factory=list)
    chord: list[tuple[_Note, float]] = field(default_factory=list)


def spell(pitch: np.ndarray, fifths: np.ndarray, given: Mapping[tuple[int, int], int]) -> np.ndarray:
    """Spell every note of a grid; a pitch that is struck again keeps its spelling.

    Parameters
    ----------
    pitch : int array (voices, ticks)
        MIDI numbers, negative for silence.
    fifths : int array (ticks,)
        Key signature.
    given : mapping of (voice, tick) to int
        Spellings that are known, at the first tick of their notes.

    Returns
    -------
    int array (voices, ticks)
        Place on the line of fifths; 0 in silence.
    """
    signature = np.clip(np.where(fifths == NO_KEY, 0, fifths), -FARTHEST, FARTHEST).tolist()
    lines = [list(_line(voice, row.tolist(), signature, given)) for voice, row in enumerate(pitch)]
    notes = sorted((note for line in lines for note in line), key=lambda note: (note.start, note.voice))
    for line in lines:
        _join_line(line)
    _join_chords(notes)
    _first_spelling(notes)
    free = [note for note in notes if len(note.places) > 1]
    for chords in PASSES:
        heard = _heard(notes, pitch.shape[1])
        for note in free:
            note.place = _lightest(note, _centre(note, heard), chords)
    result = np.zeros(pitch.shape, dtype=np.int64)
    for note in notes:
        result[note.voice, note.start : note.end] = note.place
    return result


def _line(
    voice: int, row: list[int], signature: list[int], given: Mapping[tuple[int, int], int]
) -> Iterator[_Note]:
    """The notes of one voice; of two given spellings of a repeated pitch, each has its own."""
    begins: list[int] = []
    known: list[int | None] = []
    for tick, midi in enumerate(row):
        name = given.get((voice, tick))
        if name is not None and (name * 7 - midi) % 12:
            name = None  # of a note finer than a tick, which has lost the cell to another
        anew = name is not None and known[-1:] not in ([None], [name])
        if not begins or midi != row[tick - 1] or anew:
            begins.append(tick)
            known.append(name)
        elif known[-1] is None:
            known[-1] = name
    for start, end, name in zip(begins, [*begins[1:], len(row)], known, strict=True):
        if row[start] >= 0:
            key = max(-MOST_FIFTHS, min(signature[start], MOST_FIFTHS))
            yield _Note(voice, start, end, key, row[start], _places(row[start], key) if name is None else [name])


def _places(midi: int, key: int) -> list[int]:
    """Spellings of a pitch within reach of a key."""
    low, high = max(key - BELOW, F_DOUBLE_FLAT), min(key + ABOVE, B_DOUBLE_SHARP)
    return list(range(low + (midi * 7 - low) % 12, high + 1, 12))


def _join_line(line: list[_Note]) -> None:
    """Tell each note of a voice its neighbours of another pitch."""
    for before, note in pairwise(line):
        if before.midi != note.midi:
            note.line.append((before, BEFORE))
            before.line.append((note, AFTER))


def _join_chords(notes: list[_Note]) -> None:
    """Tell each note what sounds with it: notes in order of their beginning."""
    sounding: list[_Note] = []
    for note in notes:
        sounding = [other for other in sounding if other.end > note.start]
        for other in sounding:
            shorter = min(note.end - note.start, other.end - other.start)
            share = (min(note.end, other.end) - note.start) / shorter
            note.chord.append((other, share))
            other.chord.append((note, share))
        sounding.append(note)


def _first_spelling(notes: list[_Note]) -> None:
    """Put each note as near as it can be to the key so far."""
    total = weight = 0.0
    now = 0
    for note in notes:
        faded = 0.5 ** ((note.start - now) / FADING)
        total, weight, now = total * faded, weight * faded, note.start
        centre = (total + SIGNATURE * (note.key + CENTRE)) / (weight + SIGNATURE)
        note.place = _nearest(note.places, centre)
        total += note.place * (note.end - note.start)
        weight += note.end - note.start


def _nearest(places: list[int], centre: float) -> int:
    return min(places, key=lambda place: abs(place - centre))


def _heard(notes: list[_Note], ticks: int) -> tuple[list[float], list[float]]:
    """Sums of all spellings, and of the voices that sound, before each tick: lists of ticks + 1."""
    steps = np.zeros((2, ticks + 1))
    for note in notes:
        steps[:, note.start] += note.place, 1
        steps[:, note.end] -= note.place, 1
    sums = np.zeros((2, ticks + 1))
    sums[:, 1:] = np.cumsum(np.cumsum(steps, axis=1)[:, :-1], axis=1)
    places, voices = sums.tolist()
    return places, voices


def _centre(note: _Note, heard: tuple[list[float], list[float]]) -> float:
    """Centre of the key around a note: between the signature's and that of the music."""
    places, voices = heard
    first, end = max(note.start - WITHIN, 0), min(note.end + WITHIN, len(places) - 1)
    mean = (places[end] - places[first]) / (voices[end] - voices[first])
    return HEARD * mean + (1 - HEARD) * (note.key + CENTRE)


def _lightest(note: _Note, centre: float, chords: float) -> int:
    """The spelling of a note that weighs least, all others being as they are."""
    weights = []
    for place in note.places:
        weight = FAR * max(abs(place - centre) - REACH, 0.0)
        for other, share in note.chord:
            weight += chords * share * CHORD[min(abs(place - other.place), WIDEST)]
        for other, costs in note.line:
            weight += costs[min(abs(place - other.place), WIDEST)]
        weights.append(weight)
    return note.places[weights.index(min(weights))]
