"""Cadences: what kind of close the chords at the end of a phrase make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoreassist.grid.voices import Grid
from scoreassist.theory.chord_fit import sounding
from scoreassist.theory.chords import Chord, degrees


@dataclass(frozen=True)
class Cadence:
    """The close of a phrase.

    Attributes
    ----------
    tick : int
        Where its last chord begins.
    kind : str
        A key of `KINDS`.
    tonic : int
        Pitch class of the key in which it is heard.
    minor : bool
    """

    tick: int
    kind: str
    tonic: int
    minor: bool


def _to_tonic(before: Chord, last: Chord) -> bool:
    return (
        last.degree.root == 0
        and last.degree.is_triad
        and last.inversion < 2
        and not before.degree.of
        and not last.degree.of
    )


def _authentic(before: Chord, last: Chord) -> bool:
    return _to_tonic(before, last) and before.degree.numeral in ("V", "vii")


def _perfect(before: Chord, last: Chord, top: int) -> bool:
    rooted = before.inversion == 0 and before.degree.numeral == "V" and last.inversion == 0
    return _authentic(before, last) and rooted and top == last.root


def _imperfect(before: Chord, last: Chord, top: int) -> bool:
    return _authentic(before, last)


def _phrygian(before: Chord, last: Chord, top: int) -> bool:
    prepared = before.degree.numeral == "iv" and before.inversion == 1
    return last.minor and prepared and last.degree.name(last.inversion) == "V"


def _half(before: Chord, last: Chord, top: int) -> bool:
    return last.degree.numeral == "V" and not last.degree.of and last.inversion == 0


def _plagal(before: Chord, last: Chord, top: int) -> bool:
    return _to_tonic(before, last) and before.degree.numeral in ("IV", "iv") and last.inversion == 0


def _deceptive(before: Chord, last: Chord, top: int) -> bool:
    dominant = before.degree.numeral == "V" and not before.degree.of and before.inversion == 0
    return dominant and last.degree.numeral in ("vi", "VI") and last.inversion == 0


# The first that holds counts (Kostka & Payne, *Tonal Harmony*, ch. 10; Aldwell & Schachter, *Harmony and Voice
# Leading*, units 10, 11 and 14).
KINDS: dict[str, Callable[[Chord, Chord, int], bool]] = {
    "perfect authentic": _perfect,
    "imperfect authentic": _imperfect,
    "Phrygian half": _phrygian,
    "half": _half,
    "plagal": _plagal,
    "deceptive": _deceptive,
}


def find_cadences(grid: Grid, chords: Sequence[Chord], ends: np.ndarray) -> list[Cadence]:
    """The cadences of a piece, one for each phrase at most.

    Parameters
    ----------
    grid : Grid
    chords : chords in order of time
    ends : bool array (ticks,)
        Where the last notes of phrases sound; a run of ticks is one end.
    """
    pitch = sounding(grid)
    heard = (pitch >= 0).any(axis=0)
    last_ticks = np.flatnonzero(ends & heard & ~np.append((ends & heard)[1:], False))
    found = []
    for tick in last_ticks:
        place = next((i for i, chord in enumerate(chords) if chord.first <= tick < chord.end), 0)
        last = chords[place]
        first = place
        while first > 0 and _same_harmony(chords[first - 1], last) and not ends[chords[first].first - 1]:
            first -= 1
        before = _in_key_of(last, chords[first - 1]) if first else None
        if before is None or before.end != chords[first].first:
            continue
        top = int(pitch[:, tick].max()) % 12
        arrived = next(chord for chord in chords[first : place + 1] if chord.degree == last.degree)
        kind = next((name for name, holds in KINDS.items() if holds(before, arrived, top)), None)
        if kind is not None:
            found.append(Cadence(arrived.first, kind, last.tonic, last.minor))
    return found


def _in_key_of(last: Chord, before: Chord) -> Chord | None:
    """A chord as the key of the next one has it; None where it has no such chord."""
    if (before.tonic, before.minor) == (last.tonic, last.minor):
        return before
    sounds = (before.root, before.quality)
    degree = next((d for d in degrees(last.minor) if ((last.tonic + d.root) % 12, d.quality) == sounds), None)
    return None if degree is None else replace(before, tonic=last.tonic, minor=last.minor, degree=degree)


def _same_harmony(one: Chord, other: Chord) -> bool:
    """Whether two neighbours are one chord in two inversions, or with and without its seventh."""
    return one.root == other.root and one.degree.numeral == other.degree.numeral and one.end == other.first
