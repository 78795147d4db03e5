"""What is said of written settings, in figures: findings of `check`, harmony, endings, fermatas and copies.

All is judged on the score as it was written and read again, by what a user would run. What is wrong with a given
voice by itself is the user's own, and not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scoreassist.counsel.check import Report, read, report_on
from scoreassist.counsel.originality import copied_of
from scoreassist.evaluation.musicianship import last_chord
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.score.metre import BEAT
from scoreassist.score.singers import VOICES
from scoreassist.theory.cadence import last_note
from scoreassist.theory.faults import runs
from scoreassist.theory.harmony import SEVENTH, SUBSET, chord_class

PARALLELS = ("parallel-fifths", "parallel-octaves")
PER_CHORD = {"leaps": "leap", "doubled": "doubled-leading-tone", "sevenths": "unresolved-seventh"}
OF_FRAMES = {"crossing": "voice-crossing", "spacing": "spacing"}
MAJOR_THIRD, MINOR_THIRD, FIFTH = 4, 3, 7

# Figures of `figures`, with digits behind the point.
ROWS = (
    ("parallel fifths and octaves per 1000 onsets", "parallels", 2),
    ("frames with a crossing, %", "crossing", 2),
    ("frames with upper neighbours over an octave apart, %", "spacing", 2),
    ("notes out of a choir's range", "range", 0),
    ("leaps hard to sing, per 100 chords", "leaps", 2),
    ("doubled leading tones, per 100 chords", "doubled", 2),
    ("unresolved sevenths, per 100 chords", "sevenths", 2),
    ("all findings, per 100 chords", "findings", 2),
    ("beats on a complete triad or seventh chord, %", "complete", 1),
    ("last chord on the tonic where the melody allows it, %", "tonic", 1),
    ("fermatas on a chord in which all voices sound, %", "fermatas", 1),
    ("longest copied passage in beats, median", "longest", 2),
    ("in copies of a measure or more, mean, %", "copied", 1),
)


@dataclass(frozen=True)
class Setting:
    """A written setting, judged.

    Attributes
    ----------
    grid : Grid
    report : Report
        What `check` finds, the given voice's own findings apart.
    chords : int
        Beats on which four voices sound.
    beats, complete : int
        Beats on which anybody sings; those of them on a complete triad or seventh chord.
    on_tonic : bool or None
        Whether the last chord is a tonic triad over its root, or a part of it; None if the melody speaks against.
    fermatas, full : int
        Fermatas; those of them through which four voices sound, and make a chord or a part of one at the end.
    longest : float
        Of the longest passage that stands in the training corpus too, in beats.
    copied : float
        Share in copies of at least a measure.
    """

    grid: Grid
    report: Report
    chords: int
    beats: int
    complete: int
    on_tonic: bool | None
    fermatas: int
    full: int
    longest: float
    copied: float


def judge(source: Any, tonics: Collection[int], given: str = VOICES[0]) -> Setting:
    """Read a written score and judge it.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
        In four voices.
    tonics : collection of int
        Pitch classes on which the piece may end.
    given : str
        The voice that was not written.

    Raises
    ------
    InputError, RequestError
        As of `scoreassist.counsel.check.check`.
    """
    music = read(source)
    whole = report_on(music)
    findings = [replace(finding, element=None) for finding in whole.findings if finding.voices != (given,)]
    likeness = copied_of(music.grid)
    return Setting(
        music.grid,
        replace(whole, findings=findings),
        *_harmony(music.grid),
        ends_on_tonic(music.grid, tonics),
        *_fermatas(music.grid),
        likeness.longest.beats if likeness.longest else 0.0,
        likeness.share,
    )


def _sounding(grid: Grid) -> np.ndarray:
    return np.asarray(grid.known & (grid.pitch != REST_PITCH))


def _harmony(grid: Grid) -> tuple[int, int, int]:
    """Beats on which all sing, on which anybody does, and on which there is a complete chord."""
    sounding = _sounding(grid)
    beat = grid.level <= BEAT
    kinds = chord_class(np.where(sounding, grid.pitch, REST_PITCH))
    sung = beat & sounding.any(axis=0)
    return int((beat & sounding.all(axis=0)).sum()), int(sung.sum()), int((sung & (kinds >= SEVENTH)).sum())


def _fermatas(grid: Grid) -> tuple[int, int]:
    """Fermatas, and those of them that all voices sing."""
    sounding = _sounding(grid)
    kinds = chord_class(np.where(sounding, grid.pitch, REST_PITCH))
    spans = list(runs(grid.fermata))
    full = [sounding[:, first:end].all() and kinds[end - 1] >= SUBSET for first, end in spans]
    return len(spans), sum(map(bool, full))


def ends_on_tonic(grid: Grid, tonics: Collection[int]) -> bool | None:
    """Whether the last chord is a triad on a tonic, or a part of it, over its root.

    Parameters
    ----------
    grid : Grid
    tonics : collection of int
        Pitch classes; those count in whose triad the highest voice ends, in minor with either third.

    Returns
    -------
    bool or None
        None if the highest voice ends in none of the triads.
    """
    last = last_note(grid)
    if last is None:
        return None
    allowed = [tonic for tonic in tonics if last[1] % 12 in _triad(tonic)]
    if not allowed:
        return None
    chord = last_chord(grid)
    return any(
        int(chord[0]) % 12 == tonic and {int(pitch) % 12 for pitch in chord} <= _triad(tonic) for tonic in allowed
    )


def _triad(tonic: int) -> set[int]:
    """Pitch classes of the major and the minor triad."""
    return {(tonic + step) % 12 for step in (0, MINOR_THIRD, MAJOR_THIRD, FIFTH)}


def tonics_of_melody(grid: Grid) -> tuple[int, ...]:
    """On which pitch classes a melody may end, by its last key signature and its last note.

    The tonic of the major or of the minor key if the melody ends on it; else those of the two in whose own triad
    it ends; none if it ends elsewhere, as a Dorian tune does, or there is no signature.
    """
    fifths, last = int(grid.fifths[-1]), last_note(grid)
    if fifths == NO_KEY or last is None:
        return ()
    note, major = last[1] % 12, fifths * 7 % 12
    minor = (major + 9) % 12
    if note in (major, minor):
        return (note,)
    triads = {major: {major + MAJOR_THIRD, major + FIFTH}, minor: {minor + MINOR_THIRD, minor + FIFTH}}
    return tuple(tonic for tonic, rest in triads.items() if note in {pitch % 12 for pitch in rest})


def figures(settings: Sequence[Setting]) -> dict[str, float]:
    """Figures of some settings together, keyed as in `ROWS`; a share of nothing is not a number.

    Parameters
    ----------
    settings : sequence of Setting
        At least one.
    """
    found: Counter[str] = Counter()
    frames: Counter[str] = Counter()
    for setting in settings:
        found.update(setting.report.counts)
        frames.update({rule: setting.report.ticks(rule) for rule in OF_FRAMES.values()})
    chords = sum(setting.chords for setting in settings)
    ended = [setting.on_tonic for setting in settings if setting.on_tonic is not None]
    onsets, ticks = sum(s.report.onsets for s in settings), sum(s.report.frames for s in settings)
    return {
        "parallels": _per(1000, sum(found[rule] for rule in PARALLELS), onsets),
        **{name: _per(100, frames[rule], ticks) for name, rule in OF_FRAMES.items()},
        "range": float(found["range"]),
        **{name: _per(100, found[rule], chords) for name, rule in PER_CHORD.items()},
        "findings": _per(100, sum(found.values()), chords),
        "complete": _per(100, sum(s.complete for s in settings), sum(s.beats for s in settings)),
        "tonic": _per(100, sum(ended), len(ended)),
        "fermatas": _per(100, sum(s.full for s in settings), sum(s.fermatas for s in settings)),
        "longest": float(np.median([s.longest for s in settings])),
        "copied": 100 * float(np.mean([s.copied for s in settings])),
    }


def _per(times: int, count: int, whole: int) -> float:
    return times * count / whole if whole else float("nan")
