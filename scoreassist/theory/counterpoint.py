"""A strict teacher's rules of four-part writing, as one table over grids.

A rule is a function of a `Reading` that yields a `Fault` where it is broken, and a row in `RULES`. What goes on is
one fault: a crossing of eight ticks begins once. Motions are judged between one tick and the next; a repeated or
held note does not move.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np

from scoreassist.errors import RequestError
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.theory.analysis import local_keys
from scoreassist.theory.faults import Fault, Reading
from scoreassist.theory.lines import leap, unresolved_leading_tone, unresolved_seventh, voice_range
from scoreassist.theory.pairs import (
    cross_relation,
    hidden_fifths,
    hidden_octaves,
    overlap,
    parallel_fifths,
    parallel_octaves,
    spacing,
    voice_crossing,
)
from scoreassist.theory.sonorities import doubled_leading_tone, incomplete_chord, unprepared_dissonance
from scoreassist.theory.spelling import spell
from scoreassist.theory.voice_leading import CHOIR_RANGES

__all__ = ["RULES", "Fault", "Reading", "Rule", "chosen_rules", "faults", "reading_of"]

MUSIC21 = "music21 figuredBass.possibility"
ALDWELL = "Aldwell & Schachter, Harmony and Voice Leading"


@dataclass(frozen=True)
class Rule:
    """A rule.

    Attributes
    ----------
    meaning : str
        What is found, for people who ask.
    source : str
        Who says so.
    find : function of a Reading that yields Faults
    """

    meaning: str
    source: str
    find: Callable[[Reading], Iterator[Fault]]


RULES: dict[str, Rule] = {
    "parallel-fifths": Rule(
        "two voices go the same way from a perfect fifth to a perfect fifth",
        f"Fux, Gradus ad Parnassum, book I; {MUSIC21}.parallelFifths, contrary motion apart",
        parallel_fifths,
    ),
    "parallel-octaves": Rule(
        "two voices go the same way from an octave or a unison to an octave or a unison",
        f"Fux, Gradus ad Parnassum, book I; {MUSIC21}.parallelOctaves, contrary motion apart",
        parallel_octaves,
    ),
    "hidden-fifths": Rule(
        "the outer voices go the same way into a perfect fifth, and the upper one leaps",
        f"{ALDWELL}, ch. 5; {MUSIC21}.hiddenFifth, steps of the upper voice apart",
        hidden_fifths,
    ),
    "hidden-octaves": Rule(
        "the outer voices go the same way into an octave, and the upper one leaps",
        f"{ALDWELL}, ch. 5; {MUSIC21}.hiddenOctave, steps of the upper voice apart",
        hidden_octaves,
    ),
    "voice-crossing": Rule(
        "a voice sounds above one that belongs above it",
        f"{ALDWELL}, ch. 5; {MUSIC21}.voiceCrossing",
        voice_crossing,
    ),
    "overlap": Rule(
        "a voice moves beyond the note that its neighbour has just left, within a phrase",
        f"{ALDWELL}, ch. 5; {MUSIC21}.voiceOverlap, crossings and what follows a fermata apart",
        overlap,
    ),
    "spacing": Rule(
        "neighbours lie more than an octave apart, tenor and bass more than two octaves and a third",
        f"{ALDWELL}, ch. 5; {MUSIC21}.upperPartsWithinLimit, of neighbours",
        spacing,
    ),
    "range": Rule(
        "a note lies outside the range of its voice in a choir: C4–A5, G3–D5, C3–A4, E2–E4",
        f"{ALDWELL}, ch. 5",
        voice_range,
    ),
    "leap": Rule(
        "a voice leaps an augmented interval, a seventh, more than an octave, or a diminished interval without a"
        " step back",
        f"{ALDWELL}, ch. 5; Piston, Harmony, ch. 2",
        leap,
    ),
    "unresolved-seventh": Rule(
        "the seventh of a chord does not fall by a step, nor does another voice step to where it should have gone",
        f"{ALDWELL}, on V7; Piston, Harmony, on the dominant seventh",
        unresolved_seventh,
    ),
    "unresolved-leading-tone": Rule(
        "the leading tone does not rise, though the next chord has the tonic; inner voices may fall a third",
        f"{ALDWELL}, on leading to I",
        unresolved_leading_tone,
    ),
    "doubled-leading-tone": Rule(
        "two voices have the leading tone on a beat",
        f"{ALDWELL}, ch. 5",
        doubled_leading_tone,
    ),
    "incomplete-chord": Rule(
        "four voices sound, and through a whole beat no third is among them",
        f"{ALDWELL}, ch. 5",
        incomplete_chord,
    ),
    "unprepared-dissonance": Rule(
        "on a beat, a voice leaps to a note that is foreign to the chord",
        "Fux, Gradus ad Parnassum, book I, fourth species; Jeppesen, Counterpoint",
        unprepared_dissonance,
    ),
    "cross-relation": Rule(
        "two voices sound a note and its chromatic alteration at the same time",
        "Zarlino, Le istitutioni harmoniche, part III, ch. 30 and 31; Piston, Harmony, on the cross relation",
        cross_relation,
    ),
}


def faults(
    grid: Grid,
    *,
    fifth_lines: np.ndarray | None = None,
    tonics: np.ndarray | None = None,
    ranges: tuple[tuple[int, int], ...] = CHOIR_RANGES,
    rules: Collection[str] | None = None,
) -> list[Fault]:
    """What a strict teacher would mark in four voices.

    Parameters
    ----------
    grid : Grid
        Cells that are not known are silent.
    fifth_lines : int array (4, ticks), optional
        How every note is spelled, as its place on the line of fifths; default a guess.
    tonics : int array (ticks,), optional
        Pitch class of the tonic in force, 12 where there is none; default found in the music.
    ranges : tuple of (lowest, highest) MIDI number, by voice
    rules : collection of str, optional
        Keys of `RULES`; default all.

    Returns
    -------
    list of Fault
        In order of time; at one tick, in the order of the rules.

    Raises
    ------
    RequestError
        There is no such rule.
    """
    chosen = chosen_rules(rules, RULES)
    reading = reading_of(grid, fifth_lines=fifth_lines, tonics=tonics, ranges=ranges)
    if not reading.singing:
        return []
    found = [fault for name in chosen for fault in RULES[name].find(reading)]
    return sorted(found, key=lambda fault: fault.tick)


def reading_of(
    grid: Grid,
    *,
    fifth_lines: np.ndarray | None = None,
    tonics: np.ndarray | None = None,
    ranges: tuple[tuple[int, int], ...] = CHOIR_RANGES,
) -> Reading:
    """What the rules look at; parameters as of `faults`."""
    pitch = np.where(grid.known, grid.pitch, REST_PITCH)
    if fifth_lines is None:
        fifth_lines = spell(pitch, grid.fifths, {})
    if tonics is None:
        tonics, _ = local_keys(grid)
    return Reading(
        pitch, grid.struck & grid.known, np.asarray(fifth_lines), grid.level, grid.fermata, tonics, ranges
    )


def chosen_rules(rules: Collection[str] | None, known: Collection[str]) -> list[str]:
    """The rules that are asked for, in the order of the table.

    Raises
    ------
    RequestError
        One is not there.
    """
    if rules is None:
        return list(known)
    for name in rules:
        if name not in known:
            raise RequestError(f"there is no rule '{name}'; use {', '.join(known)}")
    return [name for name in known if name in rules]
