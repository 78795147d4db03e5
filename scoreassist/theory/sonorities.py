"""Rules for what sounds together: doubled leading tones, hollow chords, dissonances that come from nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from scoreassist.score.metre import BEAT
from scoreassist.score.voice_names import VOICES
from scoreassist.theory.faults import Fault, Reading, both
from scoreassist.theory.harmony import OTHER, chord_classes, hollow
from scoreassist.theory.resolution import bits, doubled_leading, leading_table

CLASHES = (1, 2, 10, 11)  # of seconds and sevenths
WHOLE_TONE = 2


def doubled_leading_tone(reading: Reading) -> Iterator[Fault]:
    """Two voices have the leading tone on a beat."""
    doubled = doubled_leading(reading.pitch, reading.level, reading.tonic)
    leading = leading_table()[reading.tonic, bits(reading.pitch)]
    last: tuple[int, ...] = ()
    for tick in np.flatnonzero(doubled).tolist():
        column = reading.pitch[:, tick]
        voices = tuple(np.flatnonzero((column >= 0) & (column % 12 == leading[tick])).tolist())
        if voices == last and not _moved(reading, voices, tick):
            continue  # still the same notes
        last = voices
        message = (
            f"{both(voices)} both have the leading tone {reading.note(voices[0], tick)}: both want to rise to the"
            " tonic, which makes octaves, or one is let down; double another note of the chord"
        )
        yield Fault("doubled-leading-tone", tick, tick + 1, voices, message)


def _moved(reading: Reading, voices: tuple[int, ...], tick: int) -> bool:
    """Whether one of some voices begins a note."""
    rows = list(voices)
    if tick == 0:
        return True
    changed = reading.pitch[rows, tick] != reading.pitch[rows, tick - 1]
    return bool((changed | reading.struck[rows, tick]).any())


def incomplete_chord(reading: Reading) -> Iterator[Fault]:
    """Through a whole beat the four voices have no third."""
    beats = np.flatnonzero(reading.level <= BEAT)
    if not beats.size:
        return
    full = (reading.pitch >= 0).all(axis=0)
    bare = hollow()[bits(reading.pitch)]
    throughout = np.logical_and.reduceat(bare & full, beats)
    ends = np.append(beats[1:], reading.pitch.shape[1])
    last = -1
    for beat, end in zip(beats[throughout].tolist(), ends[throughout].tolist(), strict=True):
        goes_on = last == beat and not _moved(reading, (0, 1, 2, 3), beat)
        last = end
        if goes_on:
            continue
        names = sorted({reading.note(voice, beat) for voice in range(4)})
        only = " and ".join(names)
        message = f"only {only} sound{'s' if len(names) == 1 else ''}: the chord has no third and sounds hollow"
        yield Fault("incomplete-chord", beat, end, (0, 1, 2, 3), message)


def unprepared_dissonance(reading: Reading) -> Iterator[Fault]:
    """On a beat, a note that is foreign to the chord, and to which its voice leaps."""
    classes = chord_classes()[bits(reading.pitch)]
    free = _leapt(reading)
    sounding = (reading.pitch >= 0).sum(axis=0)
    suspicious = (reading.level <= BEAT) & free.any(axis=0) & (sounding > 1)
    for tick in np.flatnonzero(suspicious & ((classes == OTHER) | (sounding == 2))).tolist():
        column = reading.pitch[:, tick]
        voices = np.flatnonzero(column >= 0).tolist()
        wrong = (
            _clash(column, voices, free[:, tick]) if len(voices) == 2 else _foreign(column, voices, free[:, tick])
        )
        if not wrong:
            continue
        against = both(tuple(voice for voice in voices if voice not in wrong))
        for voice in wrong:
            message = (
                f"the {VOICES[voice]} leaps to {reading.note(voice, tick)}, a dissonance against {against};"
                " hold it over from the chord before, or go there by step"
            )
            yield Fault("unprepared-dissonance", tick, reading.note_end(voice, tick), (voice,), message)


def _leapt(reading: Reading) -> np.ndarray:
    """Where a voice begins a note that it neither had before nor comes to by step: bool (4, ticks)."""
    pitch = reading.pitch
    found = pitch >= 0
    before = pitch[:, :-1]
    found[:, 1:] &= (before < 0) | (np.abs(pitch[:, 1:] - before) > WHOLE_TONE)
    return found


def _clash(column: np.ndarray, voices: list[int], free: np.ndarray) -> tuple[int, ...]:
    """Of two voices that clash those that leap, if both do."""
    apart = abs(int(column[voices[0]] - column[voices[1]])) % 12
    return (voices[0],) if apart in CLASHES and free[voices].all() else ()


def _foreign(column: np.ndarray, voices: list[int], free: np.ndarray) -> tuple[int, ...]:
    """The voices that leap to a note outside of the chord; none if what leaps can be read as the chord.

    Of all readings that leave out as few pitch classes as can be, those count that leave the fullest chord.
    """
    table = chord_classes()
    by_class: dict[int, list[int]] = {}
    for voice in voices:
        by_class.setdefault(int(column[voice]) % 12, []).append(voice)
    for count in range(1, len(by_class) - 1):
        readings = []
        for left_out in combinations(by_class, count):
            rest = sum(1 << pc for pc in by_class if pc not in left_out)
            readings.append((int(table[rest]), [v for pc in left_out for v in by_class[pc]]))
        best = max(quality for quality, _ in readings)
        if best == OTHER:
            continue
        foreign = [group for quality, group in readings if quality == best]
        if any(not free[group].any() for group in foreign):
            return ()
        return tuple(v for v in foreign[0] if free[v])
    return ()
