"""What a piece does harmonically: its keys, chords, cadences and non-chord tones, from its notes alone.

analysis = analyse(grid)
[chord.numeral for chord in analysis.chords]      # ["I", "IV6", "V65/V", ...]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np

from scoreassist.grid.voices import Grid
from scoreassist.theory.cadence_kinds import Cadence, find_cadences
from scoreassist.theory.chord_fit import Frames, cut, sounding
from scoreassist.theory.chords import Chord, Degree, degrees
from scoreassist.theory.key_path import KEYS, likeliest_path
from scoreassist.theory.nonchord_tones import NonChordTone, find_non_chord_tones

__all__ = ["Analysis", "Cadence", "Chord", "KeyStretch", "NonChordTone", "analyse", "local_keys", "phrase_ends"]

WEAK = 3  # from this metrical level on, a fifth in the bass is an arpeggio's, not a six-four chord's


@dataclass(frozen=True)
class KeyStretch:
    """A key, from its first chord to the end of its last one.

    Attributes
    ----------
    first, end : int
        Ticks.
    tonic : int
        Pitch class.
    minor : bool
    """

    first: int
    end: int
    tonic: int
    minor: bool


@dataclass(frozen=True)
class Analysis:
    """What was found; all in order of time.

    Attributes
    ----------
    keys : list of KeyStretch
    chords : list of Chord
        A chord whose bass moves to another of its notes is two, and so is one with which a new phrase begins.
    cadences : list of Cadence
    non_chord_tones : list of NonChordTone
    """

    keys: list[KeyStretch]
    chords: list[Chord]
    cadences: list[Cadence]
    non_chord_tones: list[NonChordTone]


def analyse(grid: Grid, ends: np.ndarray | None = None) -> Analysis:
    """Find the keys, chords, cadences and non-chord tones of a piece.

    Parameters
    ----------
    grid : Grid
        One to four voices that are known; a single one has keys alone.
    ends : bool array (ticks,), optional
        Where the last notes of phrases sound; default `phrase_ends`.

    Returns
    -------
    Analysis

    Examples
    --------
    >>> from scoreassist.corpus import chorales
    >>> analyse(chorales("valid")[2].grid).cadences[-1].kind
    'perfect authentic'
    """
    pitch = sounding(grid)
    if not (pitch >= 0).any():
        return Analysis([], [], [], [])
    ends = phrase_ends(grid) if ends is None else ends
    frames = cut(grid)
    key, degree = likeliest_path(grid, frames, ends)
    keys = list(_stretches(key, frames))
    if int((pitch >= 0).any(axis=1).sum()) == 1:
        return Analysis(keys, [], [], [])
    chords = _dominants_of_iv(list(_chords(pitch, frames, key, degree, _phrases(ends, frames))), ends)
    return Analysis(keys, chords, find_cadences(grid, chords, ends), find_non_chord_tones(grid, chords))


def local_keys(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """The key that is in force at each tick.

    Parameters
    ----------
    grid : Grid
        Any number of voices.

    Returns
    -------
    tonic : int array (ticks,)
        Pitch class.
    minor : bool array (ticks,)
    """
    if grid.ticks == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool)
    frames = cut(grid)
    key, _ = likeliest_path(grid, frames, phrase_ends(grid))
    by_tick = key[frames.of_ticks()]
    return by_tick % 12, by_tick >= 12


def phrase_ends(grid: Grid) -> np.ndarray:
    """Where the last notes of phrases sound: under fermatas, before general rests, and at the end.

    Returns
    -------
    bool array (ticks,)
    """
    cells = sounding(grid) >= 0
    heard: np.ndarray = np.any(cells, axis=0)
    ends: np.ndarray = grid.fermata & heard
    struck = np.flatnonzero(np.any(grid.struck & cells, axis=0))
    for stop in np.flatnonzero(heard & ~np.append(heard[1:], False)):
        before = struck[struck <= stop]
        ends[before[-1] if len(before) else stop : stop + 1] = True
    ends &= heard
    return ends


def _stretches(key: np.ndarray, frames: Frames) -> Iterator[KeyStretch]:
    bounds = np.append(frames.first, frames.ticks)
    for first, end in _runs(key):
        yield KeyStretch(int(bounds[first]), int(bounds[end]), int(key[first]) % 12, bool(key[first] >= 12))


def _runs(row: np.ndarray) -> list[tuple[int, int]]:
    """First and end of each stretch of equal values."""
    cuts = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    return list(pairwise(cuts))


def _phrases(ends: np.ndarray, frames: Frames) -> np.ndarray:
    """Number of the phrase of each frame: int array (frames,)."""
    ended = ends[frames.first]
    number: np.ndarray = np.cumsum(~ended & np.concatenate([[False], ended[:-1]]))
    return number


def _chords(
    pitch: np.ndarray, frames: Frames, key: np.ndarray, degree: np.ndarray, phrase: np.ndarray
) -> Iterator[Chord]:
    """The chords of a path, where two voices sound at least, parted where the bass moves or a phrase begins."""
    voices = (pitch >= 0).sum(axis=0)
    lowest = np.where(pitch >= 0, pitch, 128).min(axis=0)
    bounds = np.append(frames.first, frames.ticks).tolist()
    for first, end in _runs((phrase * KEYS + key) * (int(degree.max()) + 1) + degree):
        tonic, minor = int(key[first]) % 12, bool(key[first] >= 12)
        chosen = degrees(minor)[int(degree[first])]
        basses = [int(lowest[bounds[f]]) % 12 if voices[bounds[f]] else -1 for f in range(first, end)]
        start = first
        for inversion, group in groupby(_inversions(chosen, tonic, basses, frames.level[first:end].tolist())):
            stop = start + len(list(group))
            heard = voices[bounds[start] : bounds[stop]]
            if (heard > 1).any():
                own = bounds[start] + np.flatnonzero(heard)  # without the silence around it
                yield Chord(int(own[0]), int(own[-1]) + 1, tonic, minor, chosen, inversion)
            start = stop


def _inversions(degree: Degree, tonic: int, basses: list[int], levels: list[int]) -> list[int]:
    """Inversion in each frame of a chord.

    A bass that is outside the chord goes with what it moves to, at the beginning, else with what it comes from.
    """
    members = [(tonic + degree.root + step) % 12 for step in degree.steps]
    own = [members.index(bass) if bass in members else None for bass in basses]
    now = next((place for place in own if place is not None), 0)
    found: list[int] = []
    for place, level in zip(own, levels, strict=True):
        arpeggio = place == 2 and degree.is_triad and level >= WEAK and found
        if place is not None and not arpeggio:
            now = place
        found.append(now)
    return found


def _dominants_of_iv(chords: list[Chord], ends: np.ndarray) -> list[Chord]:
    """A minor key's major tonic is the dominant of its fourth degree where it goes there, else a Picardy third."""
    dominant = Degree("V", 0, "major", 0.0, "iv")
    found: list[Chord] = []
    for chord in reversed(chords):
        after = found[-1].degree if found else None
        major_tonic = chord.minor and chord.degree.numeral == "I" and not ends[chord.first]
        if major_tonic and after is not None and (after.numeral in ("iv", "IV") or after.of == "iv"):
            chord = replace(chord, degree=dominant)
        found.append(chord)
    return found[::-1]
