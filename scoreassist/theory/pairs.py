"""Rules for two voices: parallels, hidden fifths and octaves, crossing, overlap, spacing, cross-relations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from scoreassist.score.voice_names import VOICES
from scoreassist.theory.faults import Fault, Reading, both, diatonic_steps, runs, whole_note_name
from scoreassist.theory.voice_leading import FIFTH, OCTAVE, SPACING

NAMES = {FIFTH: "fifth", OCTAVE: "octave"}
FIFTH_STEPS = 4
STEP = 2  # semitones of a whole tone
CHROMATIC = 7  # places on the line of fifths from a note to its alteration


def parallel_fifths(reading: Reading) -> Iterator[Fault]:
    """Two voices a fifth apart go the same way and are a fifth apart again."""
    return _parallels(reading, FIFTH, "parallel-fifths")


def parallel_octaves(reading: Reading) -> Iterator[Fault]:
    """Two voices in unison or octaves go the same way and are so again."""
    return _parallels(reading, OCTAVE, "parallel-octaves")


def _parallels(reading: Reading, interval: int, rule: str) -> Iterator[Fault]:
    """As `scoreassist.theory.voice_leading.parallels` counts them, pair by pair."""
    for upper, lower in combinations(reading.singing, 2):
        pair = reading.pitch[[upper, lower]]
        motion = np.sign(np.diff(pair, axis=1))
        apart = _apart(pair)
        kept = (apart[1:] == interval) & (apart[:-1] == interval)
        found = (motion[0] * motion[1] > 0) & kept & _sounding(pair)
        for tick in (np.flatnonzero(found) + 1).tolist():
            before, after = (_named(reading, upper, lower, t, interval) for t in (tick - 1, tick))
            message = (
                f"{both((upper, lower))} move in parallel from {before} to {after},"
                " and two voices become one; let one of them move the other way"
            )
            yield Fault(rule, tick, tick + 1, (upper, lower), message)


def _named(reading: Reading, upper: int, lower: int, tick: int, interval: int) -> str:
    """``the fifth D–A``, ``the octave D3–D4``, from below; ``the unison D4``."""
    low, high = sorted((upper, lower), key=lambda voice: int(reading.pitch[voice, tick]))
    if interval == FIFTH:
        return f"the fifth {reading.note(low, tick)}–{reading.note(high, tick)}"
    below, above = (reading.note_with_octave(voice, tick) for voice in (low, high))
    return f"the unison {below}" if below == above else f"the octave {below}–{above}"


def _apart(pair: np.ndarray) -> np.ndarray:
    """Semitones between two voices, octaves left out."""
    return np.asarray(np.abs(pair[0] - pair[1]) % 12)


def _sounding(pair: np.ndarray) -> np.ndarray:
    """Whether both voices sound before and after each move: (ticks - 1,)."""
    sounding = (pair[0] >= 0) & (pair[1] >= 0)
    return np.asarray(sounding[1:] & sounding[:-1])


def hidden(reading: Reading, interval: int, *, leaps_only: bool = True) -> np.ndarray:
    """Where the outer voices go the same way into a fifth or an octave that they did not have before.

    With `leaps_only` the upper voice leaps. Without, this is what music21's
    `figuredBass.possibility.hiddenFifth` and `hiddenOctave` find: also the close in which the leading tone rises
    to the tonic over a bass that leaps from dominant to tonic, to which no treatise objects.

    Parameters
    ----------
    reading : Reading
    interval : `FIFTH` or `OCTAVE`
    leaps_only : bool

    Returns
    -------
    bool array (ticks,)
        True at the arrival.
    """
    found = np.zeros(reading.pitch.shape[1], dtype=bool)
    if len(reading.singing) < 2:
        return found
    outer = [reading.singing[0], reading.singing[-1]]
    pair = reading.pitch[outer]
    motion = np.diff(pair, axis=1)
    same_way = np.sign(motion[0]) * np.sign(motion[1]) > 0
    arrives = _apart(pair)[1:] == interval
    # Of a diminished fifth that becomes a perfect one music21 says that it moves in parallel.
    steps = diatonic_steps(pair[0] - pair[1], reading.fifth[outer[0]] - reading.fifth[outer[1]])
    parallel = np.abs(steps[1:]) % 7 == np.abs(steps[:-1]) % 7
    found[1:] = same_way & arrives & ~parallel & _sounding(pair)
    if leaps_only:
        found[1:] &= np.abs(motion[0]) > STEP
    return found


def hidden_fifths(reading: Reading) -> Iterator[Fault]:
    """The outer voices go the same way into a fifth, and the upper one leaps."""
    return _hidden(reading, FIFTH, "hidden-fifths")


def hidden_octaves(reading: Reading) -> Iterator[Fault]:
    """The outer voices go the same way into an octave, and the upper one leaps."""
    return _hidden(reading, OCTAVE, "hidden-octaves")


def _hidden(reading: Reading, interval: int, rule: str) -> Iterator[Fault]:
    if len(reading.singing) < 2:
        return
    upper, lower = reading.singing[0], reading.singing[-1]
    for tick in np.flatnonzero(hidden(reading, interval)).tolist():
        way = "up" if reading.pitch[upper, tick] > reading.pitch[upper, tick - 1] else "down"
        message = (
            f"{both((upper, lower))} both go {way} into {_named(reading, upper, lower, tick, interval)}, the"
            f" {VOICES[upper]} by a leap from {reading.note(upper, tick - 1)}: the bare {NAMES[interval]} is laid"
            " open; let one of them go the other way, or the upper one move by step"
        )
        yield Fault(rule, tick, tick + 1, (upper, lower), message)


def crossed(pitch: np.ndarray, upper: int, lower: int) -> np.ndarray:
    """Where a voice sounds above one that belongs above it, nobody singing between them: bool (ticks,)."""
    between = (pitch[upper + 1 : lower] >= 0).any(axis=0)
    both_sing = (pitch[upper] >= 0) & (pitch[lower] >= 0)
    return np.asarray(both_sing & ~between & (pitch[lower] > pitch[upper]))


def voice_crossing(reading: Reading) -> Iterator[Fault]:
    """A voice sounds above one that belongs above it."""
    for upper, lower in combinations(reading.singing, 2):
        for tick, end in runs(crossed(reading.pitch, upper, lower)):
            message = (
                f"the {VOICES[lower]} ({reading.note_with_octave(lower, tick)}) sings above the {VOICES[upper]}"
                f" ({reading.note_with_octave(upper, tick)}), and the ear loses both lines; exchange their notes"
            )
            yield Fault("voice-crossing", tick, end, (upper, lower), message)


def overlapping(pitch: np.ndarray, upper: int, lower: int) -> np.ndarray:
    """Where a voice moves beyond the note that its neighbour has just left, without crossing it: bool (ticks,)."""
    found = np.zeros(pitch.shape[1], dtype=bool)
    pair = pitch[[upper, lower]]
    between = (pitch[upper + 1 : lower] >= 0).any(axis=0)
    crossing = pair[1] > pair[0]
    over = (pair[1, 1:] > pair[0, :-1]) | (pair[0, 1:] < pair[1, :-1])
    found[1:] = over & _sounding(pair) & ~(crossing | between)[1:] & ~(crossing | between)[:-1]
    return found


def overlap(reading: Reading) -> Iterator[Fault]:
    """A voice moves beyond the note that its neighbour has just left, within a phrase."""
    new_phrase = np.concatenate(([False], reading.fermata[:-1]))
    for upper, lower in combinations(reading.singing, 2):
        for tick in np.flatnonzero(overlapping(reading.pitch, upper, lower) & ~new_phrase).tolist():
            rises = reading.pitch[lower, tick] > reading.pitch[upper, tick - 1]
            mover, left = (lower, upper) if rises else (upper, lower)
            message = (
                f"the {VOICES[mover]} goes {'up' if rises else 'down'} to {reading.note_with_octave(mover, tick)},"
                f" {'above' if rises else 'below'} the {reading.note_with_octave(left, tick - 1)} that the"
                f" {VOICES[left]} has just left: the ear takes it for the {VOICES[left]}'s next note"
            )
            yield Fault("overlap", tick, tick + 1, (upper, lower), message)


def spacing(reading: Reading) -> Iterator[Fault]:
    """Neighbours lie farther apart than chords hold together."""
    for upper, widest in enumerate(SPACING):
        high, low = reading.pitch[upper], reading.pitch[upper + 1]
        limit = "an octave" if widest == 12 else "two octaves and a third"
        for tick, end in runs((high >= 0) & (low >= 0) & (high - low > widest)):
            message = (
                f"{both((upper, upper + 1))} lie more than {limit} apart"
                f" ({reading.note_with_octave(upper + 1, tick)}, {reading.note_with_octave(upper, tick)}),"
                " and the chord falls to pieces; bring one of them nearer"
            )
            yield Fault("spacing", tick, end, (upper, upper + 1), message)


def cross_relation(reading: Reading) -> Iterator[Fault]:
    """Two voices sound a note and its chromatic alteration at once, in whatever octaves."""
    for upper, lower in combinations(reading.singing, 2):
        sounding = (reading.pitch[upper] >= 0) & (reading.pitch[lower] >= 0)
        altered = np.abs(reading.fifth[upper] - reading.fifth[lower]) == CHROMATIC
        for tick, end in runs(sounding & altered):
            high, low = (whole_note_name(int(reading.fifth[voice, tick])) for voice in (upper, lower))
            message = (
                f"the {VOICES[upper]} has {high} while the {VOICES[lower]} has {low}, and the ear cannot tell"
                f" which {high[0]} is meant; give both voices the same one, or one voice both, one after the other"
            )
            yield Fault("cross-relation", tick, end, (upper, lower), message)
