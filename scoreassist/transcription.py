"""From the notes of a piano roll to notation on two staves: tidied, given to hands, spelled, written.

The steps are pure functions of `theory/`; here they meet the user's score. Given notes never change: new ones are
put on their stems as further heads, or take the place of what a hole covers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise

import numpy as np

from scoreassist.grid.given_notes import GivenNote, given_notes
from scoreassist.grid.holes import jumps
from scoreassist.grid.notes import written_fifth
from scoreassist.grid.roll import LEFT, LOWEST_KEY, RIGHT, RollNote, notes_of_roll
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Event, Timeline
from scoreassist.theory.hands import FREE, JOINED, split_hands
from scoreassist.theory.spelling import spell
from scoreassist.theory.tidy import EIGHTH, chords_in_turn, without_leaps, without_slivers
from scoreassist.writing.copyist import Stretch, write_notes
from scoreassist.writing.pen import NewNote, Placed
from scoreassist.writing.piano import join_stem

Hands = tuple[list[RollNote], list[RollNote]]
"""Notes of the right and of the left hand."""


def new_notes(struck: np.ndarray, sounding: np.ndarray, hidden: np.ndarray) -> list[RollNote]:
    """The notes that filled cells stand for, which begin in hidden cells and end where these do.

    Parameters
    ----------
    struck, sounding : bool arrays (88, ticks)
        Filled, the given cells included or not.
    hidden : bool array (88, ticks)
        Cells that were to be filled.
    """
    notes = notes_of_roll(struck & hidden, sounding & hidden)
    begins = struck | ~np.pad(sounding, ((0, 0), (1, 0)))[:, :-1]  # else it goes on from a given one
    return [note for note in notes if begins[note.midi - LOWEST_KEY, note.onset]]


def transcribe(
    timeline: Timeline,
    hands: Choir,
    access: np.ndarray,
    notes: Collection[RollNote],
    melody: Collection[RollNote] = (),
) -> dict[tuple[int, int], list[Placed]]:
    """Write new notes into a score for piano.

    Parameters
    ----------
    timeline : Timeline
        Its score is changed.
    hands : Choir
        Both hands; see `writing.piano.add_left_hand` for a lone melody.
    access : int array (2, ticks)
        As `access_of` gives it. What stands in `FREE` ticks of a hand is replaced.
    notes : collection of RollNote
        New ones, the melody where it is new among them or not. Notes that nobody can play are left out.
    melody : collection of RollNote, optional
        The new melody, if the right hand is free: its notes are the right hand's, which strikes others only
        together with them. Without one the hands are told apart by pitch.

    Returns
    -------
    dict of (hand, measure index) to list of Placed
        The new notes and rests.
    """
    score = _PianoScore(timeline, hands, access)
    played = score.playable(notes, melody)
    names = score.spelled(played)
    joined: dict[tuple[int, int], list[Placed]] = defaultdict(list)
    stretches: dict[tuple[int, int], list[Stretch]] = {}
    for hand, singer in hands.singers.items():
        for index, placed in score.join(hand, singer, played[hand], names):
            joined[hand, index].append(placed)
        stretches.update(score.stretches(hand, played[hand], names))
    written = write_notes(timeline, hands, stretches, [], joined)
    for place, heads in joined.items():
        written.setdefault(place, []).extend(heads)
    return written


class _PianoScore:
    """A score for piano on the grid: what its hands have, and where its measures begin."""

    def __init__(self, timeline: Timeline, hands: Choir, access: np.ndarray) -> None:
        self.timeline, self.hands, self.access = timeline, hands, access
        self.ticks = access.shape[1]
        self.starts = [int(measure.onset * TICKS_PER_QUARTER) for measure in timeline.measures]
        self.given = [
            [
                given
                for given in (given_notes(timeline, hands.singers[hand]) if hand in hands.singers else [])
                if access[hand, given.note.onset] != FREE
            ]
            for hand in (RIGHT, LEFT)
        ]

    def playable(self, notes: Collection[RollNote], melody: Collection[RollNote]) -> Hands:
        """New notes as hands play them, tidied; the melody first."""
        top = [note for note in melody if self.access[RIGHT, note.onset] == FREE]
        at = {(note.onset, note.midi) for note in top}
        new = [note for note in notes if (note.onset, note.midi) not in at and 0 <= note.onset < self.ticks]
        given = [[row.note for row in rows] for rows in self.given]
        fixed = [[*given[RIGHT], *top], given[LEFT]]
        new = without_slivers(new, [*fixed[RIGHT], *fixed[LEFT]])
        access = self.access.copy()
        if top:  # in its rests another note would be heard as the melody
            access[RIGHT, access[RIGHT] == FREE] = JOINED
        right, left = split_hands(new, fixed, access)
        eighths = self._eighths()
        left = without_leaps(left, given[LEFT], eighths)
        stops = [self._stops(hand, given[hand]) for hand in (RIGHT, LEFT)]
        # On the melody's stems, given or new, a note lasts as long as that; without one it is a chord of its own.
        played = []
        for hand, split in enumerate((right, left)):
            lengths = {note.onset: note.ticks for note in fixed[hand]}
            beside = [replace(note, ticks=lengths[note.onset]) for note in split if note.onset in lengths]
            alone = [note for note in split if note.onset not in lengths]
            played.append([*beside, *chords_in_turn(alone, {*stops[hand], *lengths}, eighths)])
        return sorted([*top, *played[RIGHT]]), sorted(played[LEFT])

    def _eighths(self) -> set[int]:
        """Ticks at which eighths begin, as their measures count them."""
        found = set()
        for measure, start in zip(self.timeline.measures, self.starts, strict=True):
            pickup = int(measure.pickup * TICKS_PER_QUARTER)
            length = int(measure.length * TICKS_PER_QUARTER)
            found |= {start + tick for tick in range(length + 1) if (tick + pickup) % EIGHTH == 0}
        return found

    def _stops(self, hand: int, given: list[RollNote]) -> set[int]:
        """Where a new chord has to end: given notes, edges of holes, barlines behind which the music jumps."""
        free = self.access[hand] == FREE
        edges = np.flatnonzero(np.diff(free.astype(int))) + 1
        part = self.hands.singers[hand].part if hand in self.hands.singers else self.timeline.parts[0]
        jumped = [
            self.starts[index]
            for index, (before, behind) in enumerate(pairwise(part.measures), 1)
            if jumps(before.element, behind.element)
        ]
        return {*(note.onset for note in given), *edges.tolist(), *jumped, self.ticks}

    def spelled(self, played: Hands) -> dict[tuple[int, int], int]:
        """Spelling of each new note by its onset and pitch: place on the line of fifths, at sounding pitch."""
        names = {
            (row.note.onset, row.note.midi): written_fifth(row.chain[0])
            + self.hands.singers[hand].part.measures[row.chain[0].measure].at(row.chain[0].offset).transpose_fifths
            for hand in (RIGHT, LEFT)
            for row in self.given[hand]
        }
        written = {
            (tick, row.note.midi % 12): names[row.note.onset, row.note.midi]
            for rows in self.given
            for row in rows
            for tick in range(row.note.onset, row.note.onset + row.note.ticks)
        }
        lines = [
            line
            for hand in (RIGHT, LEFT)
            for line in _lines([*played[hand], *(row.note for row in self.given[hand])], from_top=hand == RIGHT)
        ]
        pitch = np.full((len(lines), self.ticks), REST_PITCH, dtype=np.int64)
        given: dict[tuple[int, int], int] = {}
        for voice, line in enumerate(lines):
            for note in line:
                pitch[voice, note.onset : note.onset + note.ticks] = note.midi
                # Octaves and repetitions of what is written have its name while it sounds.
                name = names.get((note.onset, note.midi), written.get((note.onset, note.midi % 12)))
                if name is not None:
                    given[voice, note.onset] = name
        fifths = np.zeros(self.ticks, dtype=np.int64)
        for measure, start in zip(self.timeline.measures, self.starts, strict=True):
            fifths[start:] = measure.concert_fifths
            for offset, key in measure.keys:
                fifths[start + int(offset * TICKS_PER_QUARTER) :] = key
        spelling = spell(pitch, fifths, given)
        return {
            (note.onset, note.midi): int(spelling[voice, note.onset])
            for voice, line in enumerate(lines)
            for note in line
        }

    def join(
        self, hand: int, singer: Singer, notes: list[RollNote], names: dict[tuple[int, int], int]
    ) -> list[tuple[int, Placed]]:
        """Put the notes that are struck together with given ones of a hand on their stems."""
        stems: dict[int, GivenNote] = {}
        for row in sorted(self.given[hand], key=lambda row: (row.note.onset, row.chain[0].offset, -row.note.midi)):
            stems.setdefault(row.note.onset, row)
        placed = []
        chords: dict[int, list[RollNote]] = defaultdict(list)
        for note in notes:
            if note.onset in stems and self.access[hand, note.onset] == JOINED:
                chords[note.onset].append(note)
        for onset, chord in sorted(chords.items()):
            chain = stems[onset].chain
            ends = [self._tick(event) for event in chain[1:]]
            heads = []
            for note in sorted(chord):
                reached = 1 + sum(end < onset + note.ticks for end in ends)
                heads.append(NewNote(onset, reached, note.midi, names[onset, note.midi]))
            placed += join_stem(singer.part, chain, heads)
        return placed

    def _tick(self, event: Event) -> int:
        return self.starts[event.measure] + int(event.offset * TICKS_PER_QUARTER)

    def stretches(
        self, hand: int, notes: list[RollNote], names: dict[tuple[int, int], int]
    ) -> dict[tuple[int, int], list[Stretch]]:
        """A hand's holes, measure by measure, with the chords and rests that fill them."""
        free = self.access[hand] == FREE
        chords: dict[int, list[RollNote]] = defaultdict(list)
        for note in notes:
            chords[note.onset].append(note)
        owner = np.full(self.ticks, -1)
        for onset, chord in chords.items():
            if free[onset]:
                owner[onset : onset + chord[0].ticks] = onset
        result: dict[tuple[int, int], list[Stretch]] = {}
        measures = len(self.hands.singers[hand].part.measures)
        for index, first in enumerate(self.starts[:measures]):
            end = self.starts[index + 1] if index + 1 < len(self.starts) else self.ticks
            edges = [tick for tick in range(first, end) if tick == first or free[tick] != free[tick - 1]]
            for start, stop in pairwise([*edges, end]):
                if free[start]:
                    written = self._written(owner, chords, names, start, stop, first)
                    result.setdefault((hand, index), []).append((start - first, stop - first, written))
        return result

    def _written(
        self,
        owner: np.ndarray,
        chords: dict[int, list[RollNote]],
        names: dict[tuple[int, int], int],
        start: int,
        stop: int,
        first: int,
    ) -> list[NewNote]:
        """Chords and rests between two ticks of a measure that begins at `first`."""
        edges = [tick for tick in range(start, stop) if tick == start or owner[tick] != owner[tick - 1]]
        written = []
        for begin, end in pairwise([*edges, stop]):
            onset = int(owner[begin])
            if onset < 0:
                written.append(NewNote(begin - first, end - begin))
                continue
            lowest, *others = [(note.midi, names[onset, note.midi]) for note in sorted(chords[onset])]
            tied = onset < begin, bool(end < self.ticks and owner[end] == onset)
            written.append(NewNote(begin - first, end - begin, *lowest, *tied, chord=tuple(others)))
        return written


def _lines(notes: list[RollNote], *, from_top: bool) -> list[list[RollNote]]:
    """Notes of a hand as lines, each one note at a time: the outer ones first."""
    lines: list[list[RollNote]] = []
    order = sorted(set(notes), key=lambda note: (note.onset, -note.midi if from_top else note.midi))
    for note in order:
        line = next((line for line in lines if line[-1].onset + line[-1].ticks <= note.onset), None)
        if line is None:
            lines.append([note])
        else:
            line.append(note)
    return lines
