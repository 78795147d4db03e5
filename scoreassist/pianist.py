"""The whole path for piano: a melody, or a rag with holes, in; the same score with the holes filled out.

The melody of a hole is drawn by `ragtime-melody` if the right hand is to be filled, DeepHear finds what goes with
it, and both are written as a copyist would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from lxml import etree

from scoreassist.access import access_of, check_grid, check_regions, closed_of
from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import open_score
from scoreassist.grid.hollow import melody_cells
from scoreassist.grid.melody_mask import melody_mask
from scoreassist.grid.roll import LEFT, RIGHT, Roll, RollNote, notes_of_roll, read_roll
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.networks.store import load_pianist
from scoreassist.options import ITERATIONS, PIANO_MODEL, RESTARTS, SPREAD
from scoreassist.result import SEARCH_LIMITS, Result, check_limits, options_of, replaced_of, rows_of
from scoreassist.score.directions import read_texts
from scoreassist.score.flags import by_flags, select
from scoreassist.score.hands import HANDS, LEFT_HAND, RIGHT_HAND, at_home, find_hands
from scoreassist.score.marks import Marks, find_harmony, find_marks
from scoreassist.score.regions import Region, describe
from scoreassist.score.singers import Choir
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.score.words import Words
from scoreassist.theory.close import settle_close
from scoreassist.theory.hands import FREE, JOINED
from scoreassist.transcription import new_notes, transcribe
from scoreassist.writing.blank import blank_score
from scoreassist.writing.elements import erase
from scoreassist.writing.extend import extend
from scoreassist.writing.pen import Placed
from scoreassist.writing.piano import add_left_hand

if TYPE_CHECKING:
    from scoreassist.networks.deephear.options import ManipulationOptions

Progress = Callable[[int, int], None]

# Keys below a melody that a bass and chords need: two octaves.
ROOM = 24


@dataclass(frozen=True)
class PianoOptions:
    """How piano music is filled.

    Attributes
    ----------
    seed : int
    iterations : int
        Steps of gradient descent on the code.
    candidates : int
        Codes that are descended from at once.
    temperature : float
        How far from the expected code they begin, in deviations.
    model : str
    keep_marks : bool
        Whether words and brackets that marked what to fill stay in the score.
    progress : function of the steps done and the most that there may be
    """

    seed: int = 0
    iterations: int = ITERATIONS
    candidates: int = RESTARTS
    temperature: float = SPREAD
    model: str = PIANO_MODEL
    keep_marks: bool = False
    progress: Progress = lambda done, most: None

    def __post_init__(self) -> None:
        check_limits(self, (*SEARCH_LIMITS, ("candidates", 1, 256)))

    def descent(self) -> ManipulationOptions:
        """What of this the model is told."""
        from scoreassist.networks.deephear.options import ManipulationOptions

        return ManipulationOptions(self.seed, self.iterations, self.candidates, self.temperature)


def harmonize(source: Any, *, measures: Any = None, parts: Sequence[str] = (), **options: Any) -> Result:
    """Write a left hand, and chords below the melody, for a melody or a piano part without them.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
        One melody, or two staves for piano; in 2/4, 2/2 or 4/4.
    measures, parts
        Only these of what is empty; parts are ``right hand`` and ``left hand``.
    **options
        Fields of `PianoOptions`.

    Raises
    ------
    InputError
        The score cannot be read, or has no melody.
    RequestError
        The request does not fit the score.
    """
    began = time.perf_counter()
    wishes = options_of(PianoOptions, options, "ragtime")
    score = open_score(source).copy()
    timeline = read_timeline(score)
    given = find_hands(timeline)
    _check_sounding(timeline, given)
    if LEFT_HAND not in given.singers:  # rests are written below all of it
        check_grid(timeline, given, [_whole(timeline, RIGHT_HAND)])
    hands = add_left_hand(timeline)
    selection = select(measures, parts)
    marks = find_harmony(timeline, hands, selection)
    asked = not parts or any(region.voice == RIGHT_HAND for region in by_flags(timeline, hands, selection))
    return _fill(began, timeline, hands, marks, wishes, join=asked and _is_single_line(hands))


def complete(source: Any, *, measures: Any = None, parts: Sequence[str] = (), **options: Any) -> Result:
    """Fill what is marked or empty in a score for piano, melody included, and nothing else.

    Parameters
    ----------
    source, measures, parts, **options
        As in `harmonize`.
    """
    began = time.perf_counter()
    wishes = options_of(PianoOptions, options, "ragtime")
    score = open_score(source).copy()
    timeline = read_timeline(score)
    hands = find_hands(timeline)
    if LEFT_HAND not in hands.singers:
        raise RequestError("has one staff; write its left hand first, with harmonize", source=score.name)
    _check_sounding(timeline, hands)
    return _fill(began, timeline, hands, find_marks(timeline, hands, select(measures, parts)), wishes)


def generate(
    measures: int, fifths: int, *, minor: bool = False, title: str | None = None, **options: Any
) -> Result:
    """Write a new piece in 2/4.

    Parameters
    ----------
    measures : int
    fifths : int
        Key signature, sharps positive.
    minor : bool
        Whether the key is the minor one of that signature.
    title : str, optional
    **options
        Fields of `PianoOptions`.
    """
    began = time.perf_counter()
    wishes = options_of(PianoOptions, options, "ragtime")
    timeline = read_timeline(blank_score(measures, fifths, "2/4", "piano", title, minor=minor))
    hands = find_hands(timeline)
    everything = [_whole(timeline, hand) for hand in hands.singers]
    return _fill(began, timeline, hands, Marks(everything), wishes, minor=minor)


def _check_sounding(timeline: Timeline, hands: Choir) -> None:
    if any(hand.notes() for hand in hands.singers.values()):
        return
    if any(event.kind == "note" for part in timeline.parts for event in part.events()):
        raise UnsupportedError(
            "the piano part has no note; copy the melody into its upper staff",
            source=timeline.score.name,
            part=hands.singers[RIGHT_HAND].part.id,
        )
    raise UnsupportedError("has no note; write a melody, or try `generate`", source=timeline.score.name)


def _whole(timeline: Timeline, hand: int) -> Region:
    last = timeline.measures[-1]
    return Region(hand, timeline.measures[0].onset, last.onset + last.length, "flag")


def _fill(
    began: float,
    timeline: Timeline,
    hands: Choir,
    marks: Marks,
    wishes: PianoOptions,
    *,
    join: bool = False,
    minor: bool | None = None,
) -> Result:
    """Fill what is marked; with `join`, new notes may hang on the right hand's given stems where it is not."""
    check_regions(timeline, hands, marks.regions)
    protected = Words(timeline, read_texts(timeline)).kept(hands)
    access = access_of(timeline, hands, marks.regions, join=join, kept=protected)
    read = time.perf_counter()
    written: dict[tuple[int, int], list[Placed]] = {}
    modelled = read
    if (access == FREE).any():
        staves = [(at_home(hand.part), hand.staff) for hand in hands.singers.values()]
        given = _given(read_roll(timeline, staves), access)
        given = _with_melody(given, access, wishes, minor)
        asked = settle_close(given, access[LEFT] == FREE, minor)
        filled = load_pianist(wishes.model).fill(asked, wishes.descent(), wishes.progress)
        modelled = time.perf_counter()
        notes = new_notes(filled.struck, filled.sounding, ~given.known)
        written = transcribe(timeline, hands, access, notes, _new_melody(given, access))
        if not any(_heads(written).values()):
            _check_room(timeline, given, access)
        if not wishes.keep_marks:
            erase(marks.signs)
    return Result(
        score=timeline.score,
        filled=rows_of(timeline, hands, _heads(written)),
        model=wishes.model,
        seed=wishes.seed,
        seconds={
            "reading": read - began,
            "model": modelled - read,
            "writing": time.perf_counter() - modelled,
        },
        log_probability=None,
        replaced=replaced_of(hands),
        kept=describe(closed_of(timeline, hands, marks.regions, access), timeline, HANDS),
        doubts=marks.doubts,
        new=[element for row in written.values() for placed in row for element in placed.elements],
    )


def _check_room(timeline: Timeline, given: Roll, access: np.ndarray) -> None:
    """Say why nothing was found, if that is the melody's fault."""
    free = access == FREE
    if not free[RIGHT].any() and (~given.known[:, free[LEFT]]).sum(axis=0).max(initial=0) < ROOM:
        raise UnsupportedError(
            "no accompaniment fits below this melody; write it an octave higher", source=timeline.score.name
        )


def _is_single_line(hands: Choir) -> bool:
    """Whether the right hand has a melody alone, so that chords may be put below it: one note at a time."""
    singer = hands.singers[RIGHT_HAND]
    for row in at_home(singer.part).measures:
        notes = (event for event in row.events if event.staff == singer.staff and event.kind == "note")
        own = sorted((event.offset, event.end) for event in notes)
        if any(onset < end for (_, end), (onset, _) in pairwise(own)):
            return False
    return True


def _given(roll: Roll, access: np.ndarray) -> Roll:
    """What of a roll is given once the hands' holes are emptied; the melody of free ticks is not known."""
    free = access == FREE
    kept = np.where(roll.right, ~free[RIGHT], ~free[LEFT])
    melody = np.where(free[RIGHT], REST_PITCH, roll.melody)
    return replace(
        roll,
        sounding=roll.sounding & kept,
        struck=roll.struck & kept,
        right=roll.right & ~free[RIGHT],
        melody=melody,
        melody_struck=roll.melody_struck & ~free[RIGHT],
    )


def _with_melody(roll: Roll, access: np.ndarray, wishes: PianoOptions, minor: bool | None) -> Roll:
    """A roll with a melody wherever the right hand is free, and its known cells said."""
    free = access == FREE
    if free[RIGHT].any():
        from scoreassist.networks.melodies import compose

        melody, struck = compose(
            roll.melody,
            roll.melody_struck,
            ~free[RIGHT],
            roll.place,
            roll.fifths,
            roll.measure,
            seed=wishes.seed,
            minor=bool(minor),
        )
        roll = replace(roll, melody=melody, melody_struck=struck)
        strikes, sounds = melody_cells(roll)
        roll = replace(
            roll,
            sounding=roll.sounding | (sounds & free[RIGHT]),
            struck=roll.struck | (strikes & free[RIGHT]),
            right=roll.right | (sounds & free[RIGHT]),
        )
    lid = melody_mask(roll.melody) | roll.sounding
    # Where the right hand stays as it is, nothing new sounds within it; where the left one does, nothing below.
    closed_above = ~free[RIGHT] & (access[RIGHT] != JOINED)
    above = np.maximum.accumulate(roll.right, axis=0) & closed_above
    left = roll.sounding & ~roll.right
    below = np.maximum.accumulate(left[::-1], axis=0)[::-1] & ~free[LEFT]
    known = lid | above | below | ~free.any(axis=0)
    return replace(roll, known=known)


def _new_melody(given: Roll, access: np.ndarray) -> list[RollNote]:
    free = access[RIGHT] == FREE
    struck, sounding = melody_cells(given)
    return notes_of_roll(struck & free, sounding & free)


def _heads(written: dict[tuple[int, int], list[Placed]]) -> dict[tuple[int, int], int]:
    """How many new notes there are, by hand and measure."""
    return {
        place: sum(_is_note_head(element) for item in placed for element in item.elements)
        for place, placed in written.items()
    }


def _is_note_head(element: etree._Element) -> bool:
    """Whether an element is a note that begins: no rest, and no continuation of a tie."""
    return element.find("pitch") is not None and element.find("tie[@type='stop']") is None


def go_on(source: Any, *, measures: int = 8, parts: Sequence[str] = (), **options: Any) -> Result:
    """Append measures to a score for piano, and fill them; parameters as of `complete`, and how many."""
    score = open_score(source).copy()
    first, last = extend(score, read_timeline(score), measures)
    return complete(score, measures=(first, last), parts=parts, **options)
