"""What a score says about the ends of phrases beside its notes: words, breath marks and barlines."""

from __future__ import annotations

import math

import numpy as np
from lxml import etree

from scoreassist.grid.holes import jumps
from scoreassist.grid.voices import Grid
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Timeline
from scoreassist.writing.lyrics import sung_on, text_of

# In nats, beside those of `phrases.LAST_NOTE`; there is no corpus of signs to fit them to.
STOP, COMMA, BREATH, BAR = 8.0, 5.0, 10.0, 10.0

PUNCTUATION = {",": COMMA} | dict.fromkeys(".;:!?…", STOP)
_CLOSING = "\"'”’»)]"  # what may stand behind a full stop


def sign_weights(timeline: Timeline, choir: Choir, grid: Grid) -> np.ndarray:
    """What signs add to the weight of the note that sounds at a tick as the last of its phrase: float (ticks,).

    Verses speak together: where only one of three has a comma, it counts a third.
    """
    weights = np.zeros(grid.ticks)
    for tick, weight in _words(choir, grid).items():
        weights[tick] += weight
    for tick in _breaths(choir, grid):
        weights[tick] = max(weights[tick], BREATH)
    for tick in _bars(timeline, grid):
        weights[tick] = max(weights[tick], BAR)
    return weights


def _ticks(singer: Singer, grid: Grid) -> list[tuple[int, etree._Element]]:
    """The given notes of a singer with the ticks at which they begin."""
    found = []
    for index, events in enumerate(singer.measures):
        first, end = grid.measure_ticks(index)
        for event in events:
            tick = first + math.floor(event.offset * TICKS_PER_QUARTER)
            if event.kind == "note" and tick < end:
                found += [(tick, note.element) for note in singer.stem(index, event)]
    return found


def _words(choir: Choir, grid: Grid) -> dict[int, float]:
    """Weights of punctuation, of the highest singer that has words, at the last tick of each syllable."""
    for _, singer in sorted(choir.singers.items()):
        text = text_of(singer)
        if not text:
            continue
        verses = {lyric.get("number", "1") for lyrics in text.values() for lyric in lyrics}
        found = {}
        for begin, (index, offset) in sung_on(singer, text):
            tick = grid.measure_ticks(index)[0] + math.ceil(offset * TICKS_PER_QUARTER) - 1
            weight = sum(_punctuation(lyric.findtext("text[last()]") or "") for lyric in text[begin])
            found[min(tick, grid.ticks - 1)] = weight / len(verses)
        return found
    return {}


def _punctuation(text: str) -> float:
    text = text.strip().rstrip(_CLOSING)
    return PUNCTUATION.get(text[-1:], 0.0)


def _breaths(choir: Choir, grid: Grid) -> list[int]:
    """Ticks of notes after which somebody breathes."""
    signs = ("breath-mark", "caesura")
    return [
        tick
        for singer in choir.singers.values()
        for tick, element in _ticks(singer, grid)
        if any(element.find(f"notations/articulations/{sign}") is not None for sign in signs)
    ]


def _bars(timeline: Timeline, grid: Grid) -> list[int]:
    """Last ticks of measures behind which a section ends: a repeat, an ending, a double bar."""
    found = []
    for measure in timeline.measures[:-1]:
        rows = [p.measures[measure.index : measure.index + 2] for p in timeline.parts]
        first, end = grid.measure_ticks(measure.index)
        if end > first and any(len(row) == 2 and _ends(row[0].element, row[1].element) for row in rows):
            found.append(end - 1)
    return found


def _ends(before: etree._Element, behind: etree._Element) -> bool:
    styles = [b.findtext("bar-style") or "" for b in before.iterfind("barline") if b.get("location") != "left"]
    return jumps(before, behind) or any(style.startswith(("light-", "heavy")) for style in styles)
