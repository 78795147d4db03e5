"""Melodies for a pianist's right hand: grids of one voice, of which `ragtime-melody` fills what is hidden.

An Anticipation-RNN is made for this: what is given to the right of a hole is read from the end backwards, so that
what is drawn leads there. How a melody ends is given to it in the same way, as known cells; so is what returns in
the second half of a strain.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from scoreassist.errors import ModelError
from scoreassist.grid.holes import FREE, STRIKE
from scoreassist.grid.roll import MEASURE_TICKS
from scoreassist.grid.vocabulary import HIGHEST, LOWEST, REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.networks.anticipation_rnn.filler import AnticipationFiller
from scoreassist.networks.filler import Candidates, Task
from scoreassist.networks.store import load_network
from scoreassist.sampling import SamplingOptions
from scoreassist.score.metre import Metre, strengths
from scoreassist.theory.keys import Key
from scoreassist.theory.tunes import RAGTIME, strangeness

MODEL = "ragtime-melody"
TEMPERATURE, CANDIDATES = 0.95, 16

LOWERED = 12  # semitones: the vocabulary ends at C6, so that a pianist's melodies are read an octave lower
READ_RANGE = (LOWEST + LOWERED, HIGHEST + LOWERED)  # C3 to C7, as sounding
WRITTEN_RANGE = (60, 93)  # C4 to A6; 98 % of the training melodies lie in it

# How 22 of the 27 training rags end: the tonic for a quarter, the one above it for an eighth, and a rest.
LAST_TONIC = (68, 79)  # where that tonic lies
LAST_MEASURE = ((0, 4, 0), (4, 6, 12))  # first tick, end, semitones above the tonic

# A strain has sixteen measures; the second eight begin as the first did.
STRAIN, RETURN, RETURNING = 16, 8, 3

FIFTH = 7  # semitones

_LEVELS = np.array(strengths(Metre((2,), 4), MEASURE_TICKS))


def compose(
    melody: np.ndarray,
    struck: np.ndarray,
    known: np.ndarray,
    place: np.ndarray,
    fifths: np.ndarray,
    measure: np.ndarray,
    *,
    seed: int = 0,
    temperature: float = TEMPERATURE,
    candidates: int = CANDIDATES,
    minor: bool = False,
    model: str = MODEL,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw what is hidden of a melody; what is known comes back unchanged.

    Where nothing is given at the end it closes as rags do, and where nothing is given at the beginning it begins
    on a note of the tonic triad. Where twelve measures or more in succession are hidden, the ninth and the two
    after it return to the first ones.

    Parameters
    ----------
    melody : int array (ticks,)
        MIDI numbers, `REST_PITCH` where it rests; meaningless where not known.
    struck, known : bool arrays (ticks,)
    place, fifths, measure : int arrays (ticks,)
        As `scoreassist.grid.roll.Roll` has them.
    seed : int
    temperature : float
        Divides the logits.
    candidates : int
        Drawn at once; the one most like the rags that begins in its key is kept.
    minor : bool
        Whether the key is the minor one of its signature.
    model : str
        An Anticipation-RNN of one voice.

    Returns
    -------
    melody, struck : int and bool arrays (ticks,)

    Raises
    ------
    ModelError
        There is no such model, or it writes more than one voice.
    """
    known = known.astype(bool)
    if known.all():
        return melody.copy(), struck.copy()
    settled = _settle_end(melody_grid(melody, struck, place, fifths, measure, known), place, minor)
    options = SamplingOptions(
        seed=seed,
        temperature=temperature,
        candidates=candidates,
        ranges=(tuple(pitch - LOWERED for pitch in WRITTEN_RANGE),),  # type: ignore[arg-type]
        rules=("range",),
    )
    returns, anew = _returns(settled, ~known)
    drawn = _draw(settled, options, minor, model, ~anew)
    if returns:
        again = _with_returns(drawn, returns, settled.known | ~anew)
        drawn = _draw(again, replace(options, seed=seed + 1), minor, model, np.ones_like(anew))
    pitch = np.where(drawn.pitch[0] == REST_PITCH, REST_PITCH, drawn.pitch[0] + LOWERED)
    return np.where(known, melody, pitch), np.where(known, struck, drawn.struck[0])


def melody_grid(
    melody: np.ndarray,
    struck: np.ndarray,
    place: np.ndarray,
    fifths: np.ndarray,
    measure: np.ndarray,
    known: np.ndarray | None = None,
) -> Grid:
    """A melody in 2/4 as a grid of one voice, an octave lower; arrays (ticks,) as `Roll` has them.

    Notes beyond C3 and C7 are put into the nearest octave that the vocabulary has.
    """
    given = np.ones(melody.size, dtype=bool) if known is None else known
    sounding = given & (melody != REST_PITCH)
    return Grid(
        pitch=np.where(sounding, _folded(melody) - LOWERED, REST_PITCH)[None],
        struck=(struck.astype(bool) & sounding)[None],
        known=given[None],
        fermata=np.zeros(melody.size, dtype=bool),
        level=_LEVELS[place % MEASURE_TICKS],
        fifths=fifths,
        measure=measure,
        compound=np.zeros(melody.size, dtype=bool),
    )


def _folded(melody: np.ndarray) -> np.ndarray:
    """MIDI numbers put by octaves into `READ_RANGE`."""
    low, high = READ_RANGE
    raised = np.where(melody < low, low + (melody - low) % 12, melody)
    return np.where(raised > high, high - (high - raised) % 12, raised)


@lru_cache(maxsize=1)
def _filler(model: str) -> AnticipationFiller:
    network = load_network(model)
    if getattr(network.config, "rows", None) != (0,):
        raise ModelError(f"'{model}' does not write one voice; try {MODEL}")
    return AnticipationFiller(network)


def _draw(grid: Grid, options: SamplingOptions, minor: bool, model: str, counted: np.ndarray) -> Grid:
    """A grid of which everything is known; the ticks `counted` decide which candidate is kept."""
    hidden = ~grid.known
    rhythm = np.full(hidden.shape, FREE)
    begins = hidden.copy()
    begins[:, 1:] &= grid.known[:, :-1]
    rhythm[begins] = STRIKE  # a given note is never lengthened
    drawn = _filler(model).draft(Task(grid, np.zeros_like(hidden), rhythm), options)
    chosen = _best(drawn, minor, counted)
    pitch, struck = drawn.pitch[chosen].copy(), drawn.struck[chosen]
    if not grid.known[0, 0]:
        _begin_in_key(pitch[0], struck[0], hidden[0], _triad(int(grid.fifths[0]), minor))
    return replace(grid, pitch=pitch, struck=struck, known=np.ones_like(hidden))


def _best(drawn: Candidates, minor: bool, counted: np.ndarray) -> int:
    """The least strange candidate, among those that begin on a note of the tonic triad if there are any.

    Leaps to what is given after a hole make it stranger. The likeliest one would be the dullest: of all melodies
    one that holds a note is the easiest to foresee.
    """
    grid = drawn.task.grid
    pitch = np.where(drawn.pitch == REST_PITCH, REST_PITCH, drawn.pitch + LOWERED)[:, 0, counted]
    struck, fifths = drawn.struck[:, 0, counted], grid.fifths[counted]
    cost = np.array([strangeness(p, s, fifths, RAGTIME) for p, s in zip(pitch, struck, strict=True)])
    cost += [_leaps(row[0], grid.known[0]) for row in drawn.pitch]
    chord = _triad(int(grid.fifths[0]), minor)
    begins = np.array([bool(grid.known[0, 0]) or _first_class(row[0]) in chord for row in drawn.pitch])
    return int(np.where(begins | ~begins.any(), cost, np.inf).argmin())


def _leaps(pitch: np.ndarray, known: np.ndarray) -> float:
    """Mean square, in fifths, of the intervals from what was drawn to the given notes after it."""
    joints = np.flatnonzero(known[1:] & ~known[:-1] & (pitch[1:] != REST_PITCH) & (pitch[:-1] != REST_PITCH))
    return float(((np.diff(pitch)[joints] / FIFTH) ** 2).mean()) if joints.size else 0.0


def _first_class(pitch: np.ndarray) -> int:
    """Pitch class of the first note; -1 if there is none."""
    sounding = pitch[pitch != REST_PITCH]
    return int(sounding[0]) % 12 if sounding.size else -1


def _begin_in_key(pitch: np.ndarray, struck: np.ndarray, hidden: np.ndarray, chord: frozenset[int]) -> None:
    """Move a first note that was drawn to the nearest one of a chord."""
    onsets = np.flatnonzero(pitch != REST_PITCH)
    if not onsets.size or not hidden[onsets[0]]:
        return
    first = old = int(pitch[onsets[0]])
    while first % 12 not in chord:
        first += 1
    end = int(onsets[0])
    while end < pitch.size and hidden[end] and pitch[end] == old and not (struck[end] and end > onsets[0]):
        pitch[end] = first
        end += 1


def _triad(fifths: int, minor: bool) -> frozenset[int]:
    tonic = Key(fifths, minor).tonic
    return frozenset((tonic + step) % 12 for step in ((0, 3, 7) if minor else (0, 4, 7)))


def _settle_end(grid: Grid, place: np.ndarray, minor: bool) -> Grid:
    """Give a melody whose last measure is hidden the end that rags have, as known cells."""
    start = grid.ticks - MEASURE_TICKS
    if start < 0 or place[start] != 0 or grid.known[0, start:].any():
        return grid
    low, high = LAST_TONIC
    tonic = Key(int(grid.fifths[-1]), minor).tonic
    pitch, struck, known = grid.pitch.copy(), grid.struck.copy(), grid.known.copy()
    lowest = low + (tonic - low) % 12
    assert lowest <= high
    known[0, start:] = True
    pitch[0, start:] = REST_PITCH
    for first, end, above in LAST_MEASURE:
        pitch[0, start + first : start + end] = lowest + above - LOWERED
        struck[0, start + first] = True
    return replace(grid, pitch=pitch, struck=struck, known=known)


def _returns(asked: Grid, hidden: np.ndarray) -> tuple[list[tuple[slice, slice]], np.ndarray]:
    """Where strains return to their beginnings: pairs of ticks that are alike; and, bool (ticks,), what follows.

    What follows is drawn anew once the others stand, so that it follows from them.
    """
    pairs = []
    anew = np.zeros(asked.ticks, dtype=bool)
    for first, last in _blank_stretches(asked, hidden):
        for strain in range(first, last, STRAIN):
            back = strain + RETURN
            if back + RETURNING >= last:
                continue
            old = slice(asked.measure_ticks(strain)[0], asked.measure_ticks(strain + RETURNING)[0])
            new = slice(asked.measure_ticks(back)[0], asked.measure_ticks(back + RETURNING)[0])
            pairs.append((old, new))
            anew[new.stop : asked.measure_ticks(min(strain + STRAIN, last) - 1)[1]] = True
    return pairs, anew


def _with_returns(drawn: Grid, pairs: list[tuple[slice, slice]], known: np.ndarray) -> Grid:
    """What was drawn, the second of each pair like the first, and of it what is known."""
    pitch, struck = drawn.pitch.copy(), drawn.struck.copy()
    for old, new in pairs:
        pitch[:, new], struck[:, new] = pitch[:, old], struck[:, old]
    return replace(drawn, pitch=pitch, struck=struck, known=known)


def _blank_stretches(grid: Grid, hidden: np.ndarray) -> list[tuple[int, int]]:
    """Full measures in succession of which all was hidden: first index, and the first after them."""
    blank = []
    for index in range(int(grid.measure[0]), int(grid.measure[-1]) + 1):
        first, end = grid.measure_ticks(index)
        blank.append(end - first == MEASURE_TICKS and bool(hidden[first:end].all()))
    edges = np.flatnonzero(np.diff(np.array([False, *blank, False]).astype(int))) + int(grid.measure[0])
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
