"""What a piano roll has and nobody would write: slivers, ragged chords, notes that overlap within a hand.

A model decides cell by cell, so a long note may break for a sixteenth, and the notes of a chord may end one after
the other. The functions here take and give lists of notes; none of them moves an onset or a pitch.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

from scoreassist.grid.roll import RollNote

NEAR = 12  # semitones within which sixteenths follow one another as a run
EIGHTH, DOTTED_EIGHTH = 2, 3  # ticks


def without_slivers(notes: list[RollNote], given: Collection[RollNote] = ()) -> list[RollNote]:
    """Notes without lone sixteenths: those that belong to no chord, neither new nor given, and to no run.

    One that splits off from a longer note of its pitch is joined to that; one that comes right before it is taken
    for an early start and dropped.

    Parameters
    ----------
    notes : list of RollNote
        New ones.
    given : collection of RollNote
        What else is struck; it stays as it is.
    """
    struck = Counter(note.onset for note in [*notes, *given])
    alone = {note for note in notes if note.ticks == 1 and struck[note.onset] == 1}
    joined: dict[RollNote, int] = {}
    early: set[RollNote] = set()
    for before, note in pairwise(sorted(notes, key=lambda note: (note.midi, note.onset))):
        if before.midi != note.midi or before.onset + before.ticks != note.onset:
            continue
        if note in alone and before.ticks > 1:
            joined[before] = 1
            early.add(note)
        elif before in alone and note.ticks > 1:
            early.add(before)
    beside = _neighbours([*notes, *given])
    return [
        replace(note, ticks=note.ticks + joined.get(note, 0))
        for note in notes
        if note not in early and not (note in alone and not _in_run(note, beside))
    ]


def without_leaps(notes: list[RollNote], given: Collection[RollNote], eighths: Collection[int]) -> list[RollNote]:
    """Notes of a left hand without those to which it would have to leap too far.

    Such a chord lies more than two octaves, off the eighths more than one, from all that the hand strikes within
    an eighth before and after; in the left hands of the training rags there is none.

    Parameters
    ----------
    notes, given : collections of RollNote
        New ones, and those of the same hand that stay as they are.
    eighths : collection of int
        Ticks at which an eighth of the measure begins.
    """
    struck: dict[int, list[int]] = defaultdict(list)
    for note in [*notes, *given]:
        struck[note.onset].append(note.midi)

    def leaps(note: RollNote) -> bool:
        near = [midi for way in (-2, -1, 1, 2) for midi in struck.get(note.onset + way, [])]
        reach = 2 * NEAR if note.onset in eighths else NEAR
        return bool(near) and all(abs(midi - own) > reach for midi in near for own in struck[note.onset])

    kept = []
    # What is left out no longer counts: of two sides of a leap the one off the eighths goes, or the upper one.
    for note in sorted(notes, key=lambda note: (note.onset in eighths, -note.midi)):
        if leaps(note):
            struck[note.onset].remove(note.midi)
        else:
            kept.append(note)
    return sorted(kept)


def _neighbours(notes: list[RollNote]) -> dict[int, list[int]]:
    """Pitches of short notes, up to dotted eighths, by the onsets of sixteenths that come right beside them."""
    pitches: dict[int, list[int]] = defaultdict(list)
    for note in notes:
        if note.ticks <= DOTTED_EIGHTH:
            pitches[note.onset - 1].append(note.midi)
            pitches[note.onset + note.ticks].append(note.midi)
    return pitches


def _in_run(note: RollNote, beside: dict[int, list[int]]) -> bool:
    return any(0 < abs(midi - note.midi) <= NEAR for midi in beside.get(note.onset, []))


def chords_in_turn(notes: list[RollNote], stops: Collection[int], eighths: Collection[int]) -> list[RollNote]:
    """One hand's notes as chords, one after the other.

    The notes of a chord get the length that most of them have. A chord ends where the hand strikes again or has to
    stop. One that begins on an eighth ends on one, or where the hand strikes again: a sixteenth's gap in front of
    that is filled, and other gaps begin on the eighth, as the editions of Joplin's rags write them.

    Parameters
    ----------
    notes : list of RollNote
    stops : collection of int
        Ticks at which a chord has to end: given notes of the hand, edges of holes.
    eighths : collection of int
        Ticks at which an eighth of the measure begins.
    """
    chords: dict[int, dict[int, int]] = {}
    for note in notes:
        row = chords.setdefault(note.onset, {})
        row[note.midi] = max(row.get(note.midi, 0), note.ticks)
    limits = sorted({*chords, *stops})
    result = []
    for onset, row in sorted(chords.items()):
        lengths = Counter(row.values())
        ticks = max(lengths, key=lambda length: (lengths[length], length))
        limit = next((tick for tick in limits if tick > onset), onset + ticks + EIGHTH)
        ticks = _released(onset, min(ticks, limit - onset), limit, eighths)
        result += [RollNote(onset, midi, ticks) for midi in sorted(row)]
    return result


def _released(onset: int, ticks: int, limit: int, eighths: Collection[int]) -> int:
    """Length of a chord that ends, if it can, on an eighth or where the next one begins."""
    end = onset + ticks
    if end >= limit or end in eighths:
        return ticks
    if end + 1 == limit or (onset in eighths and ticks < EIGHTH):
        return ticks + 1
    return ticks - 1 if onset in eighths else ticks
