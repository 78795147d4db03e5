"""How a piece ends: its tonic, and a last chord that rests on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import NO_KEY, Grid
from scoreassist.theory.voice_leading import CHOIR_RANGES

# Weight of each degree in major and minor (Krumhansl, *Cognitive Foundations of Musical Pitch*, 1990, table 2.1).
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

# A melody that ends on a tonic speaks for it as much as this much correlation; chosen on the training chorales.
LAST_NOTE_WEIGHT = 0.2

# The tonics of a signature: semitones above that of its major key, profile, whether its triad is major, and how
# much correlation it takes to be heard. Chosen, with what the last note speaks for its tonic, on the training
# chorales: of 247, 221 have the tonic on which they end, of 80 valid ones 72 (with the two keys alone 194 and 64).
MODES = ((0, MAJOR, True, 0.0), (9, MINOR, False, 0.0), (2, MINOR, False, 0.1), (7, MAJOR, True, 0.4))
FINAL_WEIGHT = 0.4
PHRYGIAN, FOURTH, PHRYGIAN_WEIGHT = 4, 5, 0.1

BASS = 3
BASS_CENTRE = 45  # A2; the final tonic is taken in the octave nearest to it


def tonic(grid: Grid) -> tuple[int, bool] | None:
    """Pitch class of the tonic, and whether its triad is major: of the last signature's two keys or its modes.

    Judged by how long each pitch class is known to sound, and by the last note of the highest known voice: a
    melody that ends on its second or fifth degree is rather Dorian or Mixolydian, as all 29 such training chorales
    are. None where there is no key signature or nothing known.
    """
    found = _fits(grid)
    return None if found is None else max(found)[1:]


def _fits(grid: Grid) -> list[tuple[float, int, bool]] | None:
    """How well each tonic that the last signature can have fits, its pitch class, whether its triad is major."""
    fifths = int(grid.fifths[-1])
    if fifths == NO_KEY:
        return None
    sounding = grid.known & (grid.pitch != REST_PITCH)
    here = sounding & (grid.fifths == fifths)
    weights = np.bincount(grid.pitch[here] % 12, minlength=12).astype(float)
    if weights.std() == 0:
        return None
    last = last_note(grid)
    final = None if last is None else last[1] % 12
    scores = []
    for step, profile, major, rarity in MODES:
        pitch_class = (fifths * 7 + step) % 12
        fit = float(np.corrcoef(weights, np.roll(profile, pitch_class))[0, 1]) - rarity
        scores.append((fit + (FINAL_WEIGHT if final == pitch_class else 0.0), pitch_class, major))
    return scores


def closing(grid: Grid) -> tuple[int, bool] | None:
    """Root of the last chord, and whether it is major: the tonic, or the end of a Phrygian tune.

    Such a tune ends on the third degree of its signature's major key, mostly from a semitone above, over the
    dominant of the relative minor key: so do 17 of the 25 training chorales that end on this degree.
    """
    found, last = _fits(grid), last_note(grid)
    if found is None or last is None:
        return None
    root = (int(grid.fifths[-1]) * 7 + PHRYGIAN) % 12
    if last[1] % 12 == root:
        before = grid.pitch[0, : last[0]][grid.known[0, : last[0]]]
        falls = bool(before.size) and int(before[-1]) - last[1] == 1
        minor = next(fit for fit, pitch_class, _ in found if pitch_class == (root + FOURTH) % 12)
        found.append((minor + PHRYGIAN_WEIGHT * (1 if falls else 0), root, True))
    return max(found)[1:]


def likelier_key(fifths: int, weights: np.ndarray, last: int | None) -> tuple[int, bool]:
    """Pitch class of the tonic, and whether the key is major: of the two keys of a signature.

    Parameters
    ----------
    fifths : int
    weights : array (12,)
        How long each pitch class sounds; not all alike.
    last : int, optional
        The pitch on which the melody ends.
    """
    scores = []
    for pitch_class, profile, major in ((fifths * 7 % 12, MAJOR, True), ((fifths * 7 + 9) % 12, MINOR, False)):
        fit = float(np.corrcoef(weights, np.roll(profile, pitch_class))[0, 1])
        if last is not None and last % 12 == pitch_class:
            fit += LAST_NOTE_WEIGHT
        scores.append((fit, pitch_class, major))
    _, pitch_class, major = max(scores)
    return pitch_class, major


def last_note(grid: Grid) -> tuple[int, int] | None:
    """First tick and pitch of the last note of the highest voice known at the end; None if nobody sings there."""
    sounding = grid.known & (grid.pitch != REST_PITCH)
    if not sounding.any():
        return None
    end = int(np.flatnonzero(sounding.any(axis=0))[-1])
    voice = int(np.flatnonzero(sounding[:, end])[0])
    tick = end
    while tick > 0 and not grid.struck[voice, tick] and sounding[voice, tick - 1]:
        tick -= 1
    return tick, int(grid.pitch[voice, end])


def ending(grid: Grid, rest: np.ndarray) -> tuple[int, int] | None:
    """First tick and end of the last note, where a given voice sings it and nothing is to be sung after it."""
    last = last_note(grid)
    if last is None:
        return None
    stop = int(np.flatnonzero((grid.known & (grid.pitch != REST_PITCH)).any(axis=0))[-1]) + 1
    return None if (~grid.known & ~rest)[:, stop:].any() else (last[0], stop)


def final_chord(grid: Grid, rest: np.ndarray) -> tuple[int, ...]:
    """Pitch classes of the tonic triad, root first, if a piece ends on it: with all that is given there in it.

    In minor both thirds are among them. Empty where the ending is not free, or something given speaks against it.
    """
    end, key = ending(grid, rest), closing(grid)
    if end is None or key is None:
        return ()
    root, major = key
    chord = tuple((root + step) % 12 for step in ((0, 4, 7) if major else (0, 3, 4, 7)))
    here = grid.known[:, end[0] : end[1]] & (grid.pitch[:, end[0] : end[1]] != REST_PITCH)
    given = set((grid.pitch[:, end[0] : end[1]][here] % 12).tolist())
    return chord if given <= set(chord) else ()


def first_chord(grid: Grid, rest: np.ndarray) -> tuple[int, int, tuple[int, ...]] | None:
    """Ticks of the first given note, and the tonic triad, if a piece may begin on it.

    None where something is to be sung before that note, the key changes later, or the note is not in the triad.
    """
    sounding = grid.known & (grid.pitch != REST_PITCH)
    key = tonic(grid)
    if key is None or not sounding.any() or grid.fifths[0] != grid.fifths[-1]:
        return None
    start = int(np.flatnonzero(sounding.any(axis=0))[0])
    if (~grid.known & ~rest)[:, :start].any():
        return None
    voices = np.flatnonzero(sounding[:, start])
    stop = start + 1
    while stop < grid.ticks and not grid.struck[voices, stop].any() and sounding[voices, stop].all():
        stop += 1
    root, major = key
    chord = tuple((root + step) % 12 for step in ((0, 4, 7) if major else (0, 3, 7)))
    given = set((grid.pitch[voices, start] % 12).tolist())
    return (start, stop, chord) if given <= set(chord) else None


def settle_ending(
    grid: Grid,
    rest: np.ndarray,
    rhythm: np.ndarray,
    hold: int,
    lowest: int = CHOIR_RANGES[-1][0],
    allowed: np.ndarray | None = None,
) -> tuple[Grid, np.ndarray]:
    """Let a piece that is free to end as it likes end on its tonic, and the voices hold their last notes.

    The tonic in the bass becomes a known cell, so that a network that anticipates prepares the cadence.

    Parameters
    ----------
    grid : Grid
    rest : bool array (4, ticks)
        Hidden cells that must be silent.
    rhythm : int array (4, ticks)
        Required articulations, negative where there is none.
    hold : int
        The value of `rhythm` that means held.
    lowest : int
        Note of the bass.
    allowed : bool array (ticks, 128), optional
        MIDI numbers that the bass may have; where the tonic is not among them it is not settled.

    Returns
    -------
    grid, rhythm
        Unchanged where the ending is given, or the melody's last note belongs to no tonic triad.
    """
    end = ending(grid, rest)
    if end is None:
        return grid, rhythm
    tick, stop = end
    free = ~grid.known & ~rest
    rhythm = rhythm.copy()
    unruled = rhythm < 0
    unruled[:, tick] |= rhythm[:, tick] != hold  # that a note begins there is no rule against it
    # A voice holds what it has chosen, not a given note: from the second tick of its hole on.
    holds = free[:, tick + 1 : stop] & free[:, tick : stop - 1] & unruled[:, tick + 1 : stop]
    rhythm[:, tick + 1 : stop][holds] = hold
    chord = final_chord(grid, rest)
    if not chord or not (free & unruled)[BASS, tick:stop].all():
        return grid, rhythm
    notes = [p for p in range(chord[0] + 24, 128, 12) if allowed is None or allowed[tick:stop, p].all()]
    if not notes:
        return grid, rhythm
    note = min(notes, key=lambda p: (p < lowest, abs(p - BASS_CENTRE)))
    lowest_known = grid.pitch[:BASS, tick:stop][grid.known[:BASS, tick:stop]]
    if (lowest_known[lowest_known >= 0] < note).any():
        return grid, rhythm
    new_pitch, struck, known = grid.pitch.copy(), grid.struck.copy(), grid.known.copy()
    new_pitch[BASS, tick:stop] = note
    struck[BASS, tick:stop] = False
    struck[BASS, tick] = True
    known[BASS, tick:stop] = True
    return replace(grid, pitch=new_pitch, struck=struck, known=known), rhythm
