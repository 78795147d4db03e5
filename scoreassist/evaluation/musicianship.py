"""What a strict teacher would count in four-part harmony."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scoreassist.evaluation.distributions import begins
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import BEAT
from scoreassist.theory.cadence import tonic
from scoreassist.theory.harmony import SEVENTH, SUBSET, TRIAD, TRIADS, chord_class
from scoreassist.theory.voice_leading import (
    CHOIR_RANGES,
    FIFTH,
    OCTAVE,
    crossings,
    onsets,
    parallels,
    wide_spacings,
)


def musicianship(grids: Sequence[Grid]) -> dict[str, float]:
    """Harmony, voice leading and rhythm of some pieces.

    Returns
    -------
    dict
        ``triad``, ``triad_or_seventh``, ``chord_or_part`` (shares of beats, in per cent, by the pitch classes that
        sound on them); ``parallel_fifths``, ``parallel_octaves`` (per 1000 ticks at which a note begins);
        ``crossing``, ``spacing`` (shares of ticks, in per cent); ``out_of_range`` (share of sounding cells, in
        per cent, that lie outside of `CHOIR_RANGES`, in which Bach himself does not always stay);
        ``onsets_per_tick`` (notes begun in a sixteenth, four voices together, which is as many as in a quarter in
        each voice); ``changes_per_tick`` (the same without notes repeated, as data without articulation counts).
    """
    kinds = np.concatenate([chord_class(g.pitch)[g.level <= BEAT] for g in grids])
    moments = max(sum(onsets(g.pitch, g.struck) for g in grids), 1)
    ticks = sum(g.ticks for g in grids)
    sounding = sum(int((g.pitch != REST_PITCH).sum()) for g in grids)
    return {
        "triad": 100 * float((kinds == TRIAD).mean()),
        "triad_or_seventh": 100 * float((kinds >= SEVENTH).mean()),
        "chord_or_part": 100 * float((kinds >= SUBSET).mean()),
        "parallel_fifths": 1000 * sum(int(parallels(g.pitch, FIFTH).sum()) for g in grids) / moments,
        "parallel_octaves": 1000 * sum(int(parallels(g.pitch, OCTAVE).sum()) for g in grids) / moments,
        "crossing": 100 * sum(int((crossings(g.pitch) > 0).sum()) for g in grids) / ticks,
        "spacing": 100 * sum(int((wide_spacings(g.pitch) > 0).sum()) for g in grids) / ticks,
        "out_of_range": 100 * sum(_out_of_range(g) for g in grids) / max(sounding, 1),
        "onsets_per_tick": sum(int(begins(g).sum()) for g in grids) / ticks,
        "changes_per_tick": sum(_changes(g) for g in grids) / ticks,
    }


def _out_of_range(grid: Grid) -> int:
    low, high = np.array(CHOIR_RANGES).T[:, :, None]
    return int(((grid.pitch != REST_PITCH) & ((grid.pitch < low) | (grid.pitch > high))).sum())


def _changes(grid: Grid) -> int:
    """Cells that sound, and something else than the tick before."""
    changed = np.ones_like(grid.struck)
    changed[:, 1:] = grid.pitch[:, 1:] != grid.pitch[:, :-1]
    return int((changed & (grid.pitch != REST_PITCH)).sum())


def final_chords(grids: Sequence[Grid], bach: Sequence[Grid]) -> dict[str, float]:
    """How pieces end, beside Bach's endings of the same tunes.

    Parameters
    ----------
    grids, bach : sequences of Grid, of the same length

    Returns
    -------
    dict
        Shares of pieces, in per cent: ``final_root``, whose last chord has the root of Bach's;
        ``final_tonic_triad``, whose last chord is a complete triad on the tonic, as
        `scoreassist.theory.cadence.tonic` hears it in Bach's four voices.
    """
    same, complete = [], []
    for grid, truth in zip(grids, bach, strict=True):
        same.append(chord_root(last_chord(grid)) == chord_root(last_chord(truth)))
        key = tonic(truth)
        complete.append(key is not None and _is_triad_on(last_chord(grid), key[0]))
    return {"final_root": 100 * float(np.mean(same)), "final_tonic_triad": 100 * float(np.mean(complete))}


def last_chord(grid: Grid) -> np.ndarray:
    """Pitches of the last tick that sounds, from the lowest: int (voices that sing,), empty for silence."""
    sounding = np.flatnonzero((grid.pitch != REST_PITCH).any(axis=0))
    if sounding.size == 0:
        return np.zeros(0, dtype=np.int64)
    column = grid.pitch[:, sounding[-1]]
    return np.sort(column[column != REST_PITCH])


def chord_root(chord: np.ndarray) -> int | None:
    """Pitch class of a chord's root, the root of a triad that holds all its notes; None for silence.

    Of several such notes the lowest that sounds goes first; where there is none, as in a seventh chord, it is the
    lowest that sounds.
    """
    if chord.size == 0:
        return None
    classes = {int(pitch) % 12 for pitch in chord}
    lowest = int(chord.min()) % 12
    for shapes in (TRIADS[:2], TRIADS[2:]):  # major and minor before diminished and augmented
        for root in (lowest, *sorted(classes - {lowest})):
            if any(classes <= {(root + step) % 12 for step in shape} for shape in shapes):
                return root
    return lowest


def _is_triad_on(chord: np.ndarray, root: int) -> bool:
    classes = {int(pitch) % 12 for pitch in chord}
    return any(classes == {(root + step) % 12 for step in shape} for shape in TRIADS[:2])
