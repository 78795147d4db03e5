"""From filled cells back to notes to be written."""

from __future__ import annotations

import math

import numpy as np

from scoreassist.grid.passage import Passage
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Singer
from scoreassist.score.timeline import STEPS, Event
from scoreassist.writing.pen import STEP_NAMES, NewNote


def given_spellings(passage: Passage) -> dict[tuple[int, int], int]:
    """Spelling, at sounding pitch, of every given note: (voice, first tick) to place on the line of fifths."""
    spellings = {}
    for voice, singer in passage.choir.singers.items():
        for index, events in enumerate(singer.measures):
            first, _ = passage.grid.measure_ticks(index)
            for event in events:
                tick = first + math.floor(event.offset * TICKS_PER_QUARTER)
                if event.kind == "note" and passage.grid.known[voice, min(tick, passage.grid.ticks - 1)]:
                    place = written_fifth(event)
                    attributes = singer.part.measures[index].at(event.offset)
                    spellings[voice, tick] = place + attributes.transpose_fifths
    return spellings


def written_fifth(event: Event) -> int:
    """Place of a note on the line of fifths, as it is written."""
    step = event.element.findtext("pitch/step") or "C"
    alter = round(float(event.element.findtext("pitch/alter") or 0))
    return (STEP_NAMES.index(step) if step in STEPS else 1) - 1 + 7 * alter


def notes_of(
    passage: Passage, filled: Grid, spelling: np.ndarray, voice: int, segment: tuple[int, int, int]
) -> list[NewNote]:
    """The notes and rests that a filled stretch of one measure stands for."""
    index, start, end = segment
    first, measure_end = filled.measure_ticks(index)
    pitch, struck, fill = filled.pitch[voice], filled.struck[voice], passage.fill[voice]
    singer = passage.choir.singers[voice]

    def begins(tick: int) -> bool:
        return pitch[tick] != pitch[tick - 1] or bool(struck[tick] and pitch[tick] != REST_PITCH)

    notes = []
    tick = first + start
    while tick < first + end:
        stop = tick + 1
        while stop < first + end and not begins(stop):
            stop += 1
        midi = int(pitch[tick])
        if midi == REST_PITCH:
            notes.append(NewNote(tick - first, stop - tick))
        else:
            goes_on = stop == measure_end and stop < filled.ticks and fill[stop] and not begins(stop)
            came_from = tick == first and tick > 0 and fill[tick - 1] and not begins(tick)
            notes.append(
                NewNote(
                    tick - first,
                    stop - tick,
                    midi,
                    int(spelling[voice, tick]),
                    bool(came_from),
                    bool(goes_on),
                    _fermata(filled.fermata, tick, stop, singer),
                )
            )
        tick = stop
    return notes


def _fermata(fermata: np.ndarray, start: int, end: int, singer: Singer) -> str | None:
    """The fermata of a new note under the end of a given one; in closed score only the outer voices."""
    ends = [t for t in range(start, end) if fermata[t] and (t + 1 == len(fermata) or not fermata[t + 1])]
    inner = (singer.upper is True and singer.voice == 2) or (singer.upper is False and singer.voice == 1)
    if not ends or inner:
        return None
    return "inverted" if singer.upper is False else "upright"
