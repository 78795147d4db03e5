"""Who plays what: the notes of a piano roll between two hands.

At each onset the lower notes go to the left hand and the upper ones to the right, so that the hands never
cross. Of all places to cut, the one is taken that loses the fewest notes and then asks the least of both hands
(`WEIGHTS`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from scoreassist.grid.roll import LEFT, RIGHT, RollNote

SPAN = 14  # semitones: a ninth
FINGERS = 5

# What a hand may do at a tick: nothing, add notes to what it strikes anyway, or play whatever it likes.
KEPT, JOINED, FREE = range(3)


@dataclass(frozen=True, slots=True)
class Weights:
    """What it costs to give notes to hands, in semitones.

    Attributes
    ----------
    lost : float
        A note that nobody plays.
    bass : float
        The lowest one, if nobody plays it.
    left_top, right_bottom : int
        Up to which pitch (MIDI) the left hand, and down to which one the right hand plays without cost.
    stretch : float
        Each semitone of a hand's span.
    between : float
        A strike of the left hand between two eighths, where the right hand strikes.
    """

    lost: float = 100.0
    bass: float = 400.0
    left_top: int = 64
    right_bottom: int = 67
    stretch: float = 0.25
    between: float = 9.0


WEIGHTS = Weights()


@dataclass(slots=True)
class _Hand:
    """What one hand has at an onset.

    Attributes
    ----------
    access : int
    held : set of int
        Pitches that it has to hold on from before.
    struck : set of int
        Pitches that it strikes in any case.
    """

    access: int
    held: set[int] = field(default_factory=set)
    struck: set[int] = field(default_factory=set)

    @property
    def fixed(self) -> set[int]:
        return self.held | self.struck

    @property
    def ready(self) -> bool:
        """Whether it can take new notes at this onset."""
        return self.access != KEPT and (bool(self.struck) or (self.access == FREE and not self.held))


def split_hands(
    notes: Collection[RollNote],
    given: Sequence[Collection[RollNote]],
    access: np.ndarray,
    weights: Weights = WEIGHTS,
) -> tuple[list[RollNote], list[RollNote]]:
    """New notes of the right and of the left hand; notes that neither can reach are left out.

    Where the right hand has a melody, given or new, nothing new lies above it. A hand that holds a note strikes
    no other one in the meantime: what the right one would have to, and the left one cannot reach, is struck with
    the melody if that begins a sixteenth before or after.

    Parameters
    ----------
    notes : collection of RollNote
        New ones.
    given : (right, left), collections of RollNote
        What the hands play in any case; new notes whose hand is known, such as a melody, are among them.
    access : int array (2, ticks)
        `KEPT`, `JOINED` or `FREE`, for each hand.
    """
    chords: dict[int, set[int]] = defaultdict(set)
    ticks = {(note.onset, note.midi): note.ticks for note in notes}
    for note in notes:
        chords[note.onset].add(note.midi)
    around = {tick for onset in chords for tick in (onset - 1, onset, onset + 1) if 0 <= tick < access.shape[1]}
    hands = _at_onsets(around, given, access)
    result: tuple[list[RollNote], list[RollNote]] = ([], [])
    lost: list[RollNote] = []
    for onset, chord in sorted(chords.items()):
        pitches = sorted(chord - hands[onset][RIGHT].fixed - hands[onset][LEFT].fixed)
        ways = [_dealt(pitches, cut, hands[onset]) for cut in range(len(pitches) + 1)]
        costs = [_cost(pitches, way, hands[onset], onset % 2 == 1, weights) for way in ways]
        parts = ways[costs.index(min(costs))]
        for hand, part in enumerate(parts):
            result[hand].extend(RollNote(onset, midi, ticks[onset, midi]) for midi in part)
        lost += [RollNote(onset, m, ticks[onset, m]) for m in pitches if m not in parts[RIGHT] + parts[LEFT]]
    _strike_with_melody(lost, *result, hands)
    return result


def _strike_with_melody(
    lost: list[RollNote],
    right: list[RollNote],
    left: list[RollNote],
    hands: dict[int, tuple[_Hand, _Hand]],
) -> None:
    """Add to the right hand what lies a sixteenth beside its melody's strikes and within its reach there."""
    chords = {tick: (set(row[RIGHT].fixed), set(row[LEFT].fixed)) for tick, row in hands.items()}
    for hand, notes in enumerate((right, left)):
        for note in notes:
            chords[note.onset][hand].add(note.midi)
    for note in lost:
        for tick in (note.onset - 1, note.onset + 1):
            if tick not in hands or not hands[tick][RIGHT].struck or not hands[tick][RIGHT].ready:
                continue
            high, low = chords[tick]
            inside = max(low, default=note.midi - 1) < note.midi < max(high) and note.midi not in high
            if inside and _reached([note.midi], high, from_top=True):
                right.append(RollNote(tick, note.midi, note.ticks))
                high.add(note.midi)
                break


def _at_onsets(
    onsets: Collection[int], given: Sequence[Collection[RollNote]], access: np.ndarray
) -> dict[int, tuple[_Hand, _Hand]]:
    """What both hands have at each onset."""
    found = {onset: (_Hand(int(access[RIGHT, onset])), _Hand(int(access[LEFT, onset]))) for onset in onsets}
    for hand in (RIGHT, LEFT):
        for note in given[hand]:
            if note.onset in found:
                found[note.onset][hand].struck.add(note.midi)
            for tick in range(note.onset + 1, note.onset + note.ticks):
                if tick in found:
                    found[tick][hand].held.add(note.midi)
    return found


def _dealt(pitches: list[int], cut: int, hands: tuple[_Hand, _Hand]) -> tuple[list[int], list[int]]:
    """What right and left hand can play of the notes above and below a cut."""
    right, left = hands
    low = [m for m in pitches[:cut] if m < min(right.fixed, default=m + 1)] if left.ready else []
    low = _reached(low, left.fixed, from_top=False)
    high = pitches[cut:] if right.ready else []
    high = [m for m in high if m > max([*left.fixed, *low], default=m - 1) and m < max(right.fixed, default=m + 1)]
    return _reached(high, right.fixed, from_top=True), low


def _reached(pitches: list[int], fixed: set[int], *, from_top: bool) -> list[int]:
    """Those of a hand's notes that lie within its span, from the outer one on; the inner ones give way first."""
    whole, reached = [*fixed], []
    for midi in sorted(pitches, reverse=from_top):
        if max([*whole, midi]) - min([*whole, midi]) <= SPAN:
            whole.append(midi)
            reached.append(midi)
    room = FINGERS - len(fixed)
    return reached if len(reached) <= room else [*reached[: max(room - 1, 0)], *reached[-1:][: max(room, 0)]]


def _cost(
    pitches: list[int],
    parts: tuple[list[int], list[int]],
    hands: tuple[_Hand, _Hand],
    between: bool,
    weights: Weights,
) -> float:
    right, left = parts
    played = [*right, *left]
    cost = weights.lost * (len(pitches) - len(played))
    cost += weights.bass * (bool(pitches) and pitches[0] not in played)
    cost += sum(max(midi - weights.left_top, 0) for midi in left)
    cost += sum(max(weights.right_bottom - midi, 0) for midi in right)
    for hand, part in enumerate(parts):
        if part:
            whole = [*part, *hands[hand].struck]
            cost += weights.stretch * (max(whole) - min(whole))
    return cost + weights.between * (between and bool(left) and bool(hands[RIGHT].struck))
