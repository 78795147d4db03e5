"""The whole path for piano: a melody, or a rag with holes, in; the same score with the holes filled out.

The melody of a hole is drawn by `ragtime-melody` if the right hand is to be filled, DeepHear finds what goes with
it, and both are written as a copyist would.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from lxml import etree

from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import open_score
from scoreassist.grid.hollow import melody_cells
from scoreassist.grid.melody_mask import melody_mask
from scoreassist.grid.roll import LEFT, RIGHT, Roll, RollNote, notes_of_roll, read_roll
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.networks.store import load_pianist
from scoreassist.options import ITERATIONS, PIANO_MODEL, RESTARTS, SPREAD
from scoreassist.result import Result, options_of
from scoreassist.score.flags import select
from scoreassist.score.hands import LEFT_HAND, RIGHT_HAND, find_hands
from scoreassist.score.marks import Marks, find_harmony, find_marks
from scoreassist.score.regions import Region
from scoreassist.score.singers import Choir
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.transcription import FREE, JOINED, access_of, new_notes, transcribe
from scoreassist.writing.blank import blank_score
from scoreassist.writing.elements import erase
from scoreassist.writing.piano import add_left_hand
from scoreassist.writing.stems import is_there

if TYPE_CHECKING:
    from scoreassist.networks.deephear.options import ManipulationOptions

Progress = Callable[[int, int], None]

# Metres, in quarters, that are read as measures of 2/4.
DUPLE = (2, 4)


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
    _check_sounding(timeline, find_hands(timeline))
    hands = add_left_hand(timeline)
    return _fill(began, timeline, hands, find_harmony(timeline, hands, select(measures, parts)), wishes)


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
    end = timeline.measures[-1].onset + timeline.measures[-1].length
    everything = [Region(hand, timeline.measures[0].onset, end, "flag") for hand in hands.singers]
    return _fill(began, timeline, hands, Marks(everything), wishes, minor=minor)


def _check_sounding(timeline: Timeline, hands: Choir) -> None:
    if not any(hand.notes() for hand in hands.singers.values()):
        raise UnsupportedError("has no note; write a melody, or try `generate`", source=timeline.score.name)


def _fill(
    began: float, timeline: Timeline, hands: Choir, marks: Marks, wishes: PianoOptions, *, minor: bool = False
) -> Result:
    _check_metre(timeline, marks.regions)
    access = access_of(timeline, hands, marks.regions, join=_is_single_line(hands))
    read = time.perf_counter()
    written: dict[tuple[int, int], list[Any]] = {}
    modelled = read
    if (access == FREE).any():
        given = _given(read_roll(timeline, [(hand.part, hand.staff) for hand in hands.singers.values()]), access)
        given = _with_melody(given, access, wishes, minor)
        filled = load_pianist(wishes.model).fill(given, wishes.descent(), wishes.progress)
        modelled = time.perf_counter()
        notes = new_notes(filled.struck, filled.sounding, ~given.known)
        written = transcribe(timeline, hands, access, notes, _new_melody(given, access))
        if not wishes.keep_marks:
            erase(marks.signs)
    return Result(
        score=timeline.score,
        filled=_rows(timeline, hands, written),
        model=wishes.model,
        seed=wishes.seed,
        seconds={
            "reading": read - began,
            "model": modelled - read,
            "writing": time.perf_counter() - modelled,
        },
        log_probability=None,
        replaced=_replaced(hands),
        doubts=marks.doubts,
        new=[element for row in written.values() for placed in row for element in placed.elements],
    )


def _check_metre(timeline: Timeline, regions: list[Region]) -> None:
    """Refuse to fill measures that are not of two or four quarters."""
    for measure in timeline.measures:
        inside = any(
            region.start < measure.onset + measure.length and measure.onset < region.end for region in regions
        )
        metre = measure.metre
        if inside and (metre is None or metre.length not in DUPLE or metre.beat_type not in DUPLE):
            named = "no metre" if metre is None else f"the metre {metre}"
            raise UnsupportedError(
                f"has {named}, and rags are in 2/4; write the melody in 2/4, 2/2 or 4/4,"
                " or harmonize it as a chorale, without --style",
                source=timeline.score.name,
                measure=measure.number,
            )


def _is_single_line(hands: Choir) -> bool:
    """Whether the right hand has a melody alone, so that chords may be put below it."""
    singer = hands.singers[RIGHT_HAND]
    moments = [(event.measure, event.offset) for measure in singer.part.measures for event in measure.events
               if event.staff == singer.staff and event.kind == "note"]  # fmt: skip
    return len(set(moments)) == len(moments)


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


def _with_melody(roll: Roll, access: np.ndarray, wishes: PianoOptions, minor: bool) -> Roll:
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
            minor=minor,
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


def _rows(timeline: Timeline, hands: Choir, written: dict[tuple[int, int], list[Any]]) -> list[dict[str, Any]]:
    rows = []
    for (hand, index), placed in sorted(written.items()):
        count = sum(_is_note_head(element) for item in placed for element in item.elements)
        if count:
            singer = hands.singers[hand]
            rows.append(
                {
                    "part": singer.part.name or singer.part.id,
                    "measure": timeline.measures[index].number,
                    "voice": singer.name,
                    "notes": count,
                }
            )
    return rows


def _is_note_head(element: etree._Element) -> bool:
    """Whether an element is a note that begins: no rest, and no continuation of a tie."""
    return element.find("pitch") is not None and element.find("tie[@type='stop']") is None


def _replaced(hands: Choir) -> dict[str, int]:
    """How many given notes are no longer there, by hand."""
    gone = {
        singer.name: sum(
            event.kind == "note" and event.staff == singer.staff and not is_there(event.element)
            for event in singer.part.events()
        )
        for _, singer in sorted(hands.singers.items())
    }
    return {name: count for name, count in gone.items() if count}
