"""Stretches of a singer's line, and what can be said of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoreassist.score.singers import VOICES
from scoreassist.score.timeline import Measure, Timeline


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of one singer's line that is to be filled.

    Attributes
    ----------
    voice : int
    start, end : Fraction
        Quarters from the start of the score.
    by : str
        What marked it: ``flag``, ``words``, ``bracket``, ``slashes``, ``empty`` or ``missing`` voice.
    """

    voice: int
    start: Fraction
    end: Fraction
    by: str


def common(regions: list[Region], others: list[Region]) -> list[Region]:
    """Stretches that lie in regions of both lists, voice by voice."""
    return [
        Region(one.voice, max(one.start, other.start), min(one.end, other.end), one.by)
        for one in regions
        for other in others
        if one.voice == other.voice and one.start < other.end and other.start < one.end
    ]


def without(regions: list[Region], kept: list[Region]) -> list[Region]:
    """Regions less the stretches that are to be kept."""
    result = []
    for region in regions:
        pieces = [(region.start, region.end)]
        for keep in kept:
            if keep.voice == region.voice:
                pieces = [
                    piece
                    for start, end in pieces
                    for piece in ((start, min(end, keep.start)), (max(start, keep.end), end))
                    if piece[0] < piece[1]
                ]
        result += [Region(region.voice, start, end, region.by) for start, end in pieces]
    return result


def beats_of(rows: list[Measure]) -> dict[str, tuple[Fraction, Fraction]]:
    """Onset and end of every beat of a measure, which a repeat may have split, by its number."""
    beats: dict[str, tuple[Fraction, Fraction]] = {}
    for measure in rows:
        unit = Fraction(4, measure.metre.beat_type if measure.metre else 4)
        end = measure.pickup + measure.length
        for beat in range(int(measure.pickup / unit), math.ceil(end / unit)):
            start, stop = max(beat * unit, measure.pickup), min((beat + 1) * unit, end)
            shift = measure.onset - measure.pickup
            first, _ = beats.get(str(beat + 1), (shift + start, None))
            beats[str(beat + 1)] = first, shift + stop
    return beats


def describe(regions: list[Region], timeline: Timeline, names: Sequence[str] = VOICES) -> list[dict[str, str]]:
    """Regions in words: singer, first and last measure, and what marked them, neighbours joined.

    Measures are named as flags name them; ``5.3`` is the third beat of measure 5, to which a region reaches only.
    `names` are those of the singers, by voice.
    """
    joined: list[Region] = []
    for region in sorted(regions, key=lambda r: (r.voice, r.start)):
        last = joined[-1] if joined else None
        if last and (last.voice, last.end, last.by) == (region.voice, region.start, region.by):
            joined[-1] = Region(last.voice, last.start, region.end, last.by)
        else:
            joined.append(region)
    rows = []
    for region in joined:
        inside = [m for m in timeline.measures if m.onset < region.end and m.onset + m.length > region.start]
        if inside:
            first, last_one = _named_start(inside[0], region.start), _named_end(inside[-1], region.end)
            rows.append({"voice": names[region.voice], "first": first, "last": last_one, "by": region.by})
    return rows


def _named_start(measure: Measure, moment: Fraction) -> str:
    """A measure, or the beat of it in which a region begins."""
    begun = [beat for beat, (start, _) in beats_of([measure]).items() if start <= moment]
    return f"{measure.number}.{begun[-1]}" if moment > measure.onset and begun else measure.number


def _named_end(measure: Measure, moment: Fraction) -> str:
    """A measure, or the beat of it in which a region ends."""
    begun = [beat for beat, (start, _) in beats_of([measure]).items() if start < moment]
    return f"{measure.number}.{begun[-1]}" if moment < measure.onset + measure.length and begun else measure.number
