"""What a piece has in common with a corpus, note for note.

Two passages are the same if at every sixteenth all voices have the same pitches, one of them transposed as a
whole by some semitones. Whether a note is struck again or held makes no difference, metre neither. A passage
begins and ends with sound. It counts as a copy only if what sounds changes at least `CHANGES` times within it: a
chord that is held for two measures is nobody's idea.

Axes are (voice, tick): soprano, alto, tenor, bass; a tick is a sixteenth.

That music which a model writes is to be laid beside what it has read: Briot & Pachet 2017, *Music Generation by
Deep Learning: Challenges and Directions*, on creativity. That copies are to be kept short while one writes:
Papadopoulos, Roy & Pachet 2014, *Avoiding Plagiarism in Markov Sequence Generation* (their `MaxOrder`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.theory.passages import SILENT, Corpus, Index, shapes_of

CHANGES = 3
VOICES = (0, 1, 2, 3)

_NOT_COUNTED = -1  # the shape of a tick that belongs to no passage
_LONG_AGO = -(10**9)
_NO_FRAMES = np.empty((0, len(VOICES)), dtype=np.int64)


@dataclass(frozen=True)
class Copy:
    """A passage that a piece has in common with a corpus.

    Attributes
    ----------
    first, end : int
        Ticks of the piece.
    source : int
        Tick of the corpus at which it begins there.
    semitones : int
        How much higher the piece has it.
    """

    first: int
    end: int
    source: int
    semitones: int

    @property
    def ticks(self) -> int:
        """How long it is."""
        return self.end - self.first


class Follower:
    """Follows several pieces tick by tick, and knows at each where in a corpus the same has just been heard.

    Parameters
    ----------
    corpus : Corpus
    rows : tuple of int
        The voices that are compared.
    pieces : int
    allowed : bool array (corpus ticks,), optional
        Where in the corpus one looks; default everywhere.
    """

    def __init__(
        self,
        corpus: Corpus,
        rows: tuple[int, ...] = VOICES,
        pieces: int = 1,
        allowed: np.ndarray | None = None,
    ) -> None:
        self.index, self._shapes, self._bounds, self._order = corpus.in_voices(rows)
        self._allowed = allowed
        # Ticks of the corpus that end a common run, and its length, by piece and, a tick later, by corpus tick.
        self._lengths = np.zeros((pieces, corpus.ticks + 1), dtype=np.int32)
        self.places = [np.empty(0, dtype=np.int64)] * pieces
        self.runs = [np.empty(0, dtype=np.int32)] * pieces

    def hear(self, piece: int, shape: int, step: int) -> None:
        """Go on by a tick: what sounds now in a piece, and how far it has moved."""
        lengths, old = self._lengths[piece], self.places[piece]
        places = self._with_shape(shape)
        runs = np.where(self.index.step[places] == step, lengths[places], 0)
        lengths[old + 1] = 0
        if shape == SILENT:  # goes on with a passage, and begins none
            places, runs = places[runs > 0], runs[runs > 0]
        runs += 1
        lengths[places + 1] = runs
        self.places[piece], self.runs[piece] = places, runs

    def _with_shape(self, shape: int) -> np.ndarray:
        """Ticks of the corpus that have a shape."""
        at = int(np.searchsorted(self._shapes, shape))
        if at == self._shapes.size or self._shapes[at] != shape:
            return self._order[:0]
        places = self._order[self._bounds[at] : self._bounds[at + 1]]
        return places if self._allowed is None else places[self._allowed[places]]

    def select(self, rows: Sequence[int] | np.ndarray) -> None:
        """Go on with these pieces, each from where one was: int (pieces,)."""
        self._lengths = self._lengths[rows]
        self.places = [self.places[row] for row in rows]
        self.runs = [self.runs[row] for row in rows]


def matches(
    corpus: Corpus,
    pitch: np.ndarray,
    rows: tuple[int, ...] = VOICES,
    counted: np.ndarray | None = None,
    allowed: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The longest passage in common with a corpus that ends at each tick of a piece.

    Parameters
    ----------
    corpus : Corpus
    pitch : int array (voices, ticks)
        MIDI numbers, `REST_PITCH` for silence.
    rows : tuple of int
        Which of the corpus's voices these are.
    counted : bool array (ticks,), optional
        Ticks that may belong to a passage; default all.
    allowed : bool array (corpus ticks,), optional
        Where in the corpus one looks; default everywhere.

    Returns
    -------
    length : int array (ticks,)
        0 where there is none, and in silence.
    place : int array (ticks,)
        Tick of the corpus at which it ends there; the first of several. Meaningless where there is none.
    """
    index = Index.of(pitch)
    shape = index.shape if counted is None else np.where(counted, index.shape, _NOT_COUNTED)
    follower = Follower(corpus, rows, 1, allowed)
    length, place = np.zeros_like(shape), np.zeros_like(shape)
    for tick, (now, step) in enumerate(zip(shape.tolist(), index.step.tolist(), strict=True)):
        follower.hear(0, now, step)
        runs = follower.runs[0]
        if now != SILENT and runs.size:
            best = int(runs.argmax())
            length[tick], place[tick] = runs[best], follower.places[0][best]
    return length, place


def copies(
    corpus: Corpus,
    pitch: np.ndarray,
    rows: tuple[int, ...] = VOICES,
    counted: np.ndarray | None = None,
    allowed: np.ndarray | None = None,
) -> list[Copy]:
    """Passages of a piece that a corpus has too, each as long as it goes; parameters as for `matches`.

    They may overlap, and each has at least `CHANGES` changes. Of the places in the corpus, the first is named.
    """
    length, place = matches(corpus, pitch, rows, counted, allowed)
    changed = _changes(pitch).cumsum()
    end = np.arange(length.size)
    first = end - length + 1
    many = np.flatnonzero((length > 0) & (changed - changed[np.minimum(first, end)] >= CHANGES))
    # What another one contains that ends later is no passage of its own.
    later = np.append(np.minimum.accumulate(first[many][::-1])[::-1], length.size)[1:]
    index, root = corpus.in_voices(rows)[0], Index.of(pitch).root
    return [
        Copy(
            int(first[tick]),
            int(tick) + 1,
            int(place[tick] - length[tick] + 1),
            int(root[tick] - index.root[place[tick]]),
        )
        for tick in many[first[many] < later]
    ]


def _changes(pitch: np.ndarray) -> np.ndarray:
    """Ticks at which something else sounds than before: (voices, ticks) to bool (ticks,)."""
    changed = np.zeros(pitch.shape[1], dtype=bool)
    changed[1:] = (pitch[:, 1:] != pitch[:, :-1]).any(0)
    return changed


def covered(found: Sequence[Copy], ticks: int, at_least: int) -> np.ndarray:
    """Ticks that lie in copies of some length or more: bool (ticks,)."""
    inside = np.zeros(ticks, dtype=bool)
    for copy in found:
        if copy.ticks >= at_least:
            inside[copy.first : copy.end] = True
    return inside


def share(found: Sequence[Copy], pitch: np.ndarray, at_least: int, counted: np.ndarray | None = None) -> float:
    """How much of a piece lies in copies, of the ticks that sound.

    Parameters
    ----------
    found : sequence of Copy
    pitch : int array (voices, ticks)
    at_least : int
        Ticks; shorter copies do not count.
    counted : bool array (ticks,), optional
        What is to count of the piece; default all.
    """
    sounds = (pitch != REST_PITCH).any(0)
    if counted is not None:
        sounds &= counted
    inside = covered(found, sounds.size, at_least) & sounds
    return float(inside.sum() / max(sounds.sum(), 1))


class Copied:
    """Says while candidates are written which chords would go on with a copy for too long.

    Before each tick ask `reproducing`, after it tell `hear` what was written, to the last voice.

    Parameters
    ----------
    corpus : Corpus
    limit : int
        Ticks; a copy that is longer than that is too long.
    candidates : int
    """

    def __init__(self, corpus: Corpus, limit: int, candidates: int) -> None:
        self.limit = limit
        self._pitch = corpus.pitch.T.astype(np.int64)  # (corpus ticks, voices)
        self._last = np.isin(np.arange(1, corpus.ticks + 1), [*corpus.starts, corpus.ticks])  # nothing goes on
        self._follower = Follower(corpus, VOICES, candidates)
        self._heard = 0
        self._before = np.full((candidates, len(VOICES)), REST_PITCH)
        self._root = np.zeros(candidates, dtype=np.int64)
        # When what a candidate sings last changed, newest first; long ago where it has not.
        self._changed = np.full((candidates, CHANGES), _LONG_AGO)

    def alive(self, candidate: int) -> np.ndarray:
        """Ticks of the corpus that end what a candidate has copied, where it reaches the limit: int (M,)."""
        return self._follower.places[candidate][self._follower.runs[candidate] >= self.limit]

    def reproducing(self, candidate: int) -> np.ndarray:
        """Chords that would make a copy too long if they came next.

        Returns
        -------
        int array (M, 4)
            MIDI numbers as the candidate would sing them, `REST_PITCH` for silence; no two rows are the same.
        """
        follower = self._follower
        full = np.flatnonzero(follower.runs[candidate] >= self.limit)
        if not full.size:
            return _NO_FRAMES
        places, runs = follower.places[candidate][full], follower.runs[candidate][full]
        goes_on = ~self._last[places]
        places, runs = places[goes_on], runs[goes_on]
        now, then = self._pitch[places], self._pitch[places + 1]
        changes = (then != now).any(1)
        # A run of r ticks holds the changes of its last r - 1; the chord that comes next may be another one.
        since = self._heard - self._changed[candidate]
        counts = runs > np.where(changes, since[CHANGES - 2], since[CHANGES - 1])
        sounds = then != REST_PITCH
        higher = self._root[candidate] - follower.index.root[places]
        frames = np.where(sounds, then + higher[:, None], REST_PITCH)
        return np.unique(frames[counts & sounds.any(1)], axis=0)

    def hear(self, frames: np.ndarray) -> None:
        """Go on by a tick: what each candidate sings now, int (candidates, 4)."""
        shapes, root = shapes_of(frames.T)
        root = np.where(shapes == SILENT, self._root, root)
        steps = root - self._root
        changed = (frames != self._before).any(1) & (self._heard > 0)
        if changed.any():
            self._changed[changed, 1:] = self._changed[changed, :-1]
            self._changed[changed, 0] = self._heard
        for candidate, (shape, step) in enumerate(zip(shapes.tolist(), steps.tolist(), strict=True)):
            self._follower.hear(candidate, shape, step)
        self._heard, self._before, self._root = self._heard + 1, frames.copy(), root

    def select(self, rows: Sequence[int] | np.ndarray) -> None:
        """Go on with these candidates, each from where one was: int (candidates,)."""
        self._follower.select(rows)
        self._before, self._root = self._before[rows], self._root[rows]
        self._changed = self._changed[rows]
