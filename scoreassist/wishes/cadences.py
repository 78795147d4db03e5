"""Cadences that are asked for: which chords they are, and where in the measure they fall.

A cadence arrives with the melody's last note of the measure, or that of the phrase that ends in it; the chord
before stands on the beat before that. (W. Caplin, *Classical Form*, ch. 2 and 3; W. Piston, *Harmony*.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scoreassist.errors import RequestError
from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.score.metre import BEAT, HALF_MEASURE
from scoreassist.theory.keys import parse_key
from scoreassist.wishes.parsing import CADENCES, Place
from scoreassist.writing.pen import spelled

SOPRANO, BASS = 0, 3
BEATS_BEFORE = 2  # how far before its arrival a cadence's first chord may stand

# Semitones from a tonic to those of the keys next to it, and whether they are minor, the nearest first.
_NEIGHBOURS = {
    False: ((7, False), (9, True), (5, False), (4, True), (2, True)),
    True: ((3, False), (7, True), (10, False), (5, True), (8, False)),
}

_NAMES = ("C", "D-", "D", "E-", "E", "F", "F#", "G", "A-", "A", "B-", "B")
_MINOR_NAMES = ("c", "c#", "d", "e-", "e", "f", "f#", "g", "g#", "a", "b-", "b")


@dataclass(frozen=True)
class Chord:
    """A chord of a cadence: what it is called, semitones above the tonic in major and minor, and its bass.

    Attributes
    ----------
    name : str
    major, minor : tuple of int
        The bass first; empty where the mode has none.
    bass : bool
        Whether the first of them must be in the bass.
    """

    name: str
    major: tuple[int, ...]
    minor: tuple[int, ...]
    bass: bool = True

    def steps(self, minor: bool) -> tuple[int, ...]:
        """Semitones above the tonic."""
        return self.minor if minor else self.major


_V, _I = Chord("V", (7, 11, 2, 5), (7, 11, 2, 5)), Chord("I", (0, 4, 7), (0, 3, 7))
_ANY_V, _ANY_I = Chord("V", _V.major, _V.minor, bass=False), Chord("I", _I.major, _I.minor, bass=False)
_TRIAD_V = Chord("V", (7, 11, 2), (7, 11, 2))
_IV, _VI = Chord("IV", (5, 9, 0), (5, 8, 0)), Chord("VI", (9, 0, 4), (8, 0, 3))
_IV6 = Chord("iv6", (), (8, 5, 0))
_PICARDY = (0, 4, 7)  # instead of the minor tonic, where the major third is given

# The chord before, if it is said, and the one of arrival.
CHORDS: dict[str, tuple[Chord | None, Chord]] = {
    "perfect": (_V, _I),
    "imperfect": (_ANY_V, _ANY_I),
    "half": (None, _TRIAD_V),
    "plagal": (_IV, _I),
    "deceptive": (_V, _VI),
    "phrygian": (_IV6, _TRIAD_V),
}
assert tuple(CHORDS) == CADENCES


@dataclass(frozen=True)
class Sounding:
    """A chord of a cadence in its place.

    Attributes
    ----------
    first, end : int
        Ticks.
    name : str
    classes : tuple of int
        Pitch classes; the bass first, if it is said.
    bass : int or None
        Pitch class that must be in the bass.
    top : int or None
        Pitch class that a new soprano must have.
    """

    first: int
    end: int
    name: str
    classes: tuple[int, ...]
    bass: int | None
    top: int | None = None


@dataclass(frozen=True)
class Cadence:
    """A cadence that is asked for, in its place.

    Attributes
    ----------
    place : (measure, kind, key)
        As it was asked for.
    chords : tuple of Sounding
        Of the chord before, if it is said and found, and of the arrival, which comes last.
    """

    place: Place
    chords: tuple[Sounding, ...]


def find_cadence(
    place: Place, passage: Passage, ends: np.ndarray, tonic: np.ndarray, minor: np.ndarray
) -> Cadence:
    """Where a cadence falls, and which notes it allows.

    Parameters
    ----------
    place : (measure, kind, key)
    passage : Passage
    ends : bool array (ticks,)
        Cells of the last note of each phrase.
    tonic : int array (ticks,)
    minor : bool array (ticks,)
        The key of the piece; the one that the place names goes before.

    Raises
    ------
    RequestError
        There is no such measure, nothing is to be written there, or what is given fits no such cadence.
    """
    number, kind, named = place
    grid = passage.grid
    index = _measure(passage, number)
    first, end = _arrival(grid, index, ends)
    hidden = ~grid.known & ~passage.rest
    if not hidden[:, first:end].any():
        what = f"has no cell to be written where its cadence falls; leave {number} out of --cadence"
        raise _wrong(passage, number, what)
    root, is_minor = int(tonic[first]), bool(minor[first])
    if named:
        root, is_minor = parse_key(named).tonic, parse_key(named).minor
    chords = _fitting(grid, kind, root, is_minor, first, end)
    if chords is None:
        raise _wrong(passage, number, _reason(grid, place, root, is_minor, first, end))
    return Cadence(place, chords)


def _measure(passage: Passage, number: str) -> int:
    rows = [m.index for m in passage.timeline.measures if m.number == number]
    if not rows:
        numbers = [m.number for m in passage.timeline.measures]
        raise RequestError(
            f"--cadence asks for measure '{number}'; measures are numbered {numbers[0]} to {numbers[-1]}",
            source=passage.timeline.score.name,
        )
    return rows[-1]  # of a measure that a repeat has split, the end


def _wrong(passage: Passage, number: str, what: str) -> RequestError:
    return RequestError(what, source=passage.timeline.score.name, measure=number)


def melody_onsets(grid: Grid, first: int, end: int) -> list[int]:
    """Where in some ticks the highest given voice begins a note."""
    sounding = grid.known & (grid.pitch != REST_PITCH)
    found = []
    for tick in range(first, end):
        voices = np.flatnonzero(sounding[:, tick])
        if len(voices) and grid.struck[voices[0], tick]:
            found.append(tick)
    return found


def _arrival(grid: Grid, index: int, ends: np.ndarray) -> tuple[int, int]:
    """First tick and end of the note with which a phrase ends in a measure."""
    first, end = grid.measure_ticks(index)
    onsets = melody_onsets(grid, first, end)
    for marks in (grid.fermata, ends):
        marked = np.flatnonzero(marks[first:end])
        if len(marked):
            last = first + int(marked[-1])
            tick = max((onset for onset in onsets if onset <= last), default=None)
            if tick is None:  # a note that began before, or nobody is given: where the mark begins
                tick = last
                while tick > first and marks[tick - 1]:
                    tick -= 1
            return tick, last + 1
    if onsets:
        return onsets[-1], end
    if (grid.known & (grid.pitch != REST_PITCH))[:, first].any():
        return first, end
    strong = np.flatnonzero(grid.level[first:end] <= HALF_MEASURE)
    last_measure = index == int(grid.measure[-1])
    return first + (int(strong[-1]) if len(strong) and not last_measure else 0), end


def _before(grid: Grid, first: int) -> list[int]:
    """Where the chord before an arrival may begin, the likeliest first."""
    beats = np.flatnonzero(grid.level[:first] <= BEAT)[::-1][:BEATS_BEFORE].tolist()
    last_onset = melody_onsets(grid, max(beats[-1] if beats else 0, 0), first)[-1:]
    return [*beats[:1], *last_onset, *beats[1:]]


def _fitting(grid: Grid, kind: str, tonic: int, minor: bool, first: int, end: int) -> tuple[Sounding, ...] | None:
    """The chords of a cadence in their places; None if what is given does not fit."""
    before, after = CHORDS[kind]
    arrival = _sounding(grid, after, tonic, minor, first, end)
    if arrival is None:
        return None
    if kind == "perfect":
        arrival = Sounding(first, end, after.name, arrival.classes, arrival.bass, tonic)
    if before is None:
        return (arrival,)
    places = _before(grid, first)
    for tick in places:
        chord = _sounding(grid, before, tonic, minor, tick, first)
        if chord is not None:
            return chord, arrival
    return None if places else (arrival,)  # a piece may begin with its arrival


def _sounding(grid: Grid, chord: Chord, tonic: int, minor: bool, first: int, end: int) -> Sounding | None:
    """A chord in its place; None if something given there is not in it."""
    given = grid.known[:, first] & (grid.pitch[:, first] != REST_PITCH)
    heard = set((grid.pitch[given, first] % 12).tolist())
    steps = chord.steps(minor)
    if steps == _I.minor and (tonic + _PICARDY[1]) % 12 in heard:
        steps = _PICARDY
    classes = tuple((tonic + step) % 12 for step in steps)
    if not classes or not heard <= set(classes):
        return None
    bass = classes[0] if chord.bass else None
    if bass is not None and given[BASS] and grid.pitch[BASS, first] % 12 != bass:
        return None
    return Sounding(first, end, chord.name, classes, bass)


def _reason(grid: Grid, place: Place, tonic: int, minor: bool, first: int, end: int) -> str:
    """Why a cadence does not fit, and which would, or in which key."""
    kind = place[1]
    key = _named(tonic, minor)
    fits = [other for other in CADENCES if _fitting(grid, other, tonic, minor, first, end) is not None]
    keys = [near for near in _neighbours(tonic, minor) if _fitting(grid, kind, *near, first, end) is not None]
    ways = [f"what fits is {' or '.join(fits)}"] if fits else []
    ways += [f"write {place[0]}:{kind}:{_named(*keys[0])} if {_named(*keys[0])} is meant"] if keys else []
    others = ", or ".join(ways) or "leave it out"
    before, after = CHORDS[kind]
    if not after.steps(minor) or (before is not None and not before.steps(minor)):
        return f"a {kind} cadence belongs to minor, and {key} is major; {others}"
    arrives = _sounding(grid, after, tonic, minor, first, end) is not None
    chord, tick = (after, first) if before is None or not arrives else (before, _before(grid, first)[0])
    notes = [
        f"the {voice} has {_note(int(grid.pitch[row, tick]), int(grid.fifths[tick]))}"
        for row, voice in enumerate(("soprano", "alto", "tenor", "bass"))
        if grid.known[row, tick] and grid.pitch[row, tick] != REST_PITCH
    ]
    article = "an" if kind == "imperfect" else "a"
    return f"{article} {kind} cadence in {key} needs {chord.name}, and {', '.join(notes)}; {others}"


def _named(tonic: int, minor: bool) -> str:
    """A key as it is written behind a cadence: ``B-``, ``f#``."""
    return _MINOR_NAMES[tonic] if minor else _NAMES[tonic]


def _neighbours(tonic: int, minor: bool) -> list[tuple[int, bool]]:
    """The keys whose signature has at most one sign more or less."""
    return [((tonic + up) % 12, mode) for up, mode in _NEIGHBOURS[minor]]


def _note(midi: int, fifths: int) -> str:
    """The name of a note, spelled with few signs beside a key signature."""
    centre = 0 if fifths == NO_KEY else fifths
    place = centre + 2 + (midi * 7 - centre - 2 + 5) % 12 - 5
    step, alter = spelled(place)
    return step + ("#" * alter if alter > 0 else "b" * -alter)
