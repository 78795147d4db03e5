"""Passages of small scores to wish for, and notes put straight into them, without a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from filling import new
from shorthand import Staff, score

from scoreassist.files.document import Score
from scoreassist.grid.passage import Passage, build_passage
from scoreassist.grid.voices import Grid
from scoreassist.score.flags import by_flags, select
from scoreassist.score.marks import find_harmony
from scoreassist.score.singers import VOICES, find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.wishes.broken import broken
from scoreassist.wishes.demands import Demands, demands_of
from scoreassist.wishes.table import wishes_of
from scoreassist.writing.parts import add_missing_singers


def to_harmonize(*parts: Staff | str) -> Passage:
    """A score called hymn in which the voices that it lacks are to be written."""
    timeline = read_timeline(Score(score(*parts), "hymn"))
    choir = find_choir(timeline)
    add_missing_singers(timeline, choir, choir.layout)
    return build_passage(timeline, choir, find_harmony(timeline, choir, select()).regions)


def to_complete(*parts: Staff | str, measures: str, of: list[str]) -> Passage:
    """A score called hymn of which these measures of these parts are to be written."""
    timeline = read_timeline(Score(score(*parts), "hymn"))
    choir = find_choir(timeline)
    return build_passage(timeline, choir, by_flags(timeline, choir, select(measures, of)))


def asked(passage: Passage, **options: object) -> Demands:
    """What wishes, as users write them, demand of a passage."""
    return demands_of(wishes_of(**options), passage)


def sung(passage: Passage, **voices: str) -> Grid:
    """The passage with new notes, ``alto="g4/8 a4/8"``; new cells of which nothing is said are silent."""
    pitch, struck = passage.grid.pitch.copy(), passage.grid.struck.copy()
    pitch[~passage.grid.known], struck[~passage.grid.known] = -1, False
    for name, text in voices.items():
        row = VOICES.index(name.capitalize())
        for note in new(text):
            span = slice(note.onset, note.onset + note.ticks)
            pitch[row, span] = -1 if note.midi is None else note.midi
            struck[row, note.onset] = not note.tied_from
    return replace(passage.grid, pitch=pitch, struck=struck, known=np.ones_like(struck))


def not_kept(passage: Passage, filled: Grid, **options: object) -> list[tuple[str, str, int]]:
    """Wishes that are not kept: name, voice, first tick."""
    wishes = wishes_of(**options)
    rows = broken(demands_of(wishes, passage), wishes, passage, filled)
    return [(row.wish, VOICES[row.voice], row.tick) for row in rows]
