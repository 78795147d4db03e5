"""Rules for one voice: its range, its leaps, where its sevenths and leading tones go."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scoreassist.score.voice_names import VOICES
from scoreassist.theory.faults import Fault, Reading, diatonic_steps, pitch_name
from scoreassist.theory.resolution import LEADING_RISES, SEVENTH_FALLS, unresolved

OCTAVE_SEMITONES = 12
SEVENTH_STEPS = 6
WHOLE_TONE = 2
AUGMENTED, DIMINISHED = 6, -6  # on the line of fifths, of ascending intervals: beyond lie the altered ones
NUMBERS = ("unison", "second", "third", "fourth", "fifth", "sixth", "seventh", "octave")
COMPOUND = ("octave", "ninth", "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "two octaves")


def voice_range(reading: Reading) -> Iterator[Fault]:
    """A note lies beyond what the voice of a choir sings with ease."""
    for voice in reading.singing:
        low, high = reading.ranges[voice]
        row = reading.pitch[voice]
        outside = (row >= 0) & ((row < low) | (row > high))
        begins = reading.struck[voice] | np.concatenate(([True], row[1:] != row[:-1]))
        for tick in np.flatnonzero(outside & begins).tolist():
            above = row[tick] > high
            limit = high if above else low
            message = (
                f"the {VOICES[voice]} sings {reading.note_with_octave(voice, tick)},"
                f" {'above' if above else 'below'} {_natural(limit)}, the {'highest' if above else 'lowest'} note"
                " of the voice in a choir"
            )
            yield Fault("range", tick, reading.note_end(voice, tick), (voice,), message)


def _natural(midi: int) -> str:
    """A limit of a range, spelled with few accidentals."""
    return pitch_name(midi, (midi * 7 + 5) % 12 - 5)


def leap(reading: Reading) -> Iterator[Fault]:
    """A melodic interval that is hard to sing, judged by its spelling.

    Augmented ones, the chromatic semitone apart; sevenths; more than an octave; and diminished ones that are not
    followed by a step back inside. A new phrase, after a rest or a fermata, begins where it likes.
    """
    for voice in reading.singing:
        row, fifth = reading.pitch[voice], reading.fifth[voice]
        moves = (row[1:] >= 0) & (row[:-1] >= 0) & (row[1:] != row[:-1])
        ticks = np.flatnonzero(moves & ~reading.fermata[:-1]) + 1
        semitones = row[ticks] - row[ticks - 1]
        up = np.sign(semitones)
        places = (fifth[ticks] - fifth[ticks - 1]) * up
        steps = diatonic_steps(np.abs(semitones), places)
        rows = (column.tolist() for column in (ticks, np.abs(semitones), places, steps, up))
        for tick, size, place, number, way in zip(*rows, strict=True):
            what = _strange(size, place, number)
            if what is None or (place <= DIMINISHED and _turns_back(reading, voice, tick, way)):
                continue
            notes = f"{reading.note_with_octave(voice, tick - 1)} to {reading.note_with_octave(voice, tick)}"
            message = (
                f"the {VOICES[voice]} leaps {'up' if way > 0 else 'down'} {what}, {notes}: hard to sing in tune;"
                " go by smaller intervals, or take a note of the chord between"
            )
            yield Fault("leap", tick, reading.note_end(voice, tick), (voice,), message)


def _strange(semitones: int, place: int, steps: int) -> str | None:
    """The name of an ascending interval that is hard to sing; None if it is none."""
    simple = NUMBERS[steps % 7] if 0 <= steps <= 6 else COMPOUND[steps % 7] if steps < 14 else COMPOUND[-1]
    if place >= AUGMENTED and steps != 0:
        return f"an augmented {simple}"
    if place <= DIMINISHED and steps > 1:
        return f"a diminished {simple}"
    if semitones > OCTAVE_SEMITONES:
        return f"{'an' if simple[0] in 'oe' else 'a'} {simple}, more than an octave"
    if steps == SEVENTH_STEPS:
        return f"a {'major' if place > 0 else 'minor'} seventh"
    return None


def _turns_back(reading: Reading, voice: int, tick: int, way: int) -> bool:
    """Whether the next other pitch of a voice lies a step back."""
    row = reading.pitch[voice]
    later = np.flatnonzero(row[tick:] != row[tick])
    if not later.size or row[tick + later[0]] < 0:
        return False
    return 1 <= -way * int(row[tick + later[0]] - row[tick]) <= WHOLE_TONE


def unresolved_seventh(reading: Reading) -> Iterator[Fault]:
    """The seventh of a chord does not fall by a step, nor does another voice step to where it should have gone.

    So the fourth-third chord that passes from a tonic triad to its sixth chord is free to rise in parallel tenths.
    """
    wrong = unresolved(reading.pitch, reading.level, reading.tonic)[SEVENTH_FALLS]
    for voice, tick in _in_a_phrase(reading, wrong):
        goals = {(int(reading.pitch[voice, tick - 1]) - step) % 12 for step in (1, WHOLE_TONE)}
        if goals.isdisjoint(_arriving(reading, tick)) and not _root_of_diminished(reading, voice, tick - 1):
            yield _unresolved(reading, voice, tick, "unresolved-seventh", "the seventh", "let it fall by a step")


def unresolved_leading_tone(reading: Reading) -> Iterator[Fault]:
    """The leading tone goes elsewhere, although the next chord has the tonic to which it wants to rise."""
    wrong = unresolved(reading.pitch, reading.level, reading.tonic)[LEADING_RISES]
    for voice, tick in _in_a_phrase(reading, wrong):
        tonic = (reading.pitch[voice, tick - 1] + 1) % 12
        column = reading.pitch[:, tick]
        if ((column >= 0) & (column % 12 == tonic)).any():
            rule, what = "unresolved-leading-tone", "the leading tone"
            yield _unresolved(reading, voice, tick, rule, what, "let it rise by a semitone")


def _in_a_phrase(reading: Reading, wrong: np.ndarray) -> list[tuple[int, int]]:
    """Voice and tick of what is wrong, but for first notes of phrases: a fermata ends what was owed."""
    at = np.argwhere(wrong).tolist()
    return [(voice, tick) for voice, tick in at if not reading.fermata[tick - 1]]


def _arriving(reading: Reading, tick: int) -> set[int]:
    """Pitch classes to which voices move by step at a tick."""
    now, before = reading.pitch[:, tick], reading.pitch[:, tick - 1]
    moved = (now >= 0) & (before >= 0) & (now != before) & (np.abs(now - before) <= WHOLE_TONE)
    return {int(pitch) % 12 for pitch in now[moved]}


def _root_of_diminished(reading: Reading, voice: int, tick: int) -> bool:
    """Whether a note is by its spelling no seventh of the diminished seventh chord that sounds.

    Its pitches do not say which of them is the seventh: only that is the flattest one.
    """
    sounding = reading.pitch[:, tick] >= 0
    classes = sorted({int(pitch) % 3 for pitch in reading.pitch[sounding, tick]})
    flattest = reading.fifth[sounding, tick].min()
    return len(classes) == 1 and bool(reading.fifth[voice, tick] > flattest)


def _unresolved(reading: Reading, voice: int, tick: int, rule: str, what: str, advice: str) -> Fault:
    message = (
        f"the {VOICES[voice]} leaves {what}, {reading.note(voice, tick - 1)}, for {reading.note(voice, tick)},"
        f" and what it promises is not kept; {advice}"
    )
    return Fault(rule, tick, reading.note_end(voice, tick), (voice,), message)
