"""Measures, beats and singers as users name them, and the regions that such names ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from scoreassist.errors import RequestError
from scoreassist.score.regions import Region, beats_of
from scoreassist.score.singers import VOICES, Choir, named_voices
from scoreassist.score.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Selection:
    """What flags say.

    Attributes
    ----------
    measures : (first, last) or None
        As printed: ``(5, 8)``, ``("5.3", "8.1")`` with beats, inclusive.
    parts : names of singers, parts or part ids; empty for all
    """

    measures: tuple[str, str] | None = None
    parts: tuple[str, ...] = ()

    @property
    def given(self) -> bool:
        """Whether any flag was set."""
        return self.measures is not None or bool(self.parts)


def parse_measures(text: object) -> tuple[str, str]:
    """First and last measure of ``5-8``, ``5``, ``5.3-8.1``, ``(5, 8)`` or ``5``.

    Raises
    ------
    RequestError
        It is none of these.
    """
    if isinstance(text, Sequence) and not isinstance(text, str):
        if len(text) == 2:
            return str(text[0]), str(text[1])
    elif match := re.fullmatch(r"\s*([\w.]+)\s*(?:-\s*([\w.]+))?\s*", str(text)):
        return match.group(1), match.group(2) or match.group(1)
    raise RequestError(f"measures '{text}' are not a range; write 5-8, or 5.3-8.1 with beats")


def select(measures: object = None, parts: str | Sequence[str] = ()) -> Selection:
    """A selection from what users write: measures as `parse_measures` takes them, names in a list or by commas.

    Raises
    ------
    RequestError
        The measures are no range.
    """
    names = parts.split(",") if isinstance(parts, str) else parts
    return Selection(
        None if measures is None else parse_measures(measures),
        tuple(name.strip() for name in names if name.strip()),
    )


def by_flags(timeline: Timeline, choir: Choir, selection: Selection) -> list[Region]:
    """The regions that flags name.

    Raises
    ------
    RequestError
        A flag names a part or measure that the score does not have.
    """
    voices = _named(timeline, choir, selection.parts) if selection.parts else sorted(choir.singers)
    start, end = Fraction(0), timeline.measures[-1].onset + timeline.measures[-1].length
    if selection.measures is not None:
        start, end = _extent(timeline, *selection.measures)
    return [Region(voice, start, end, "flag") for voice in voices]


def wanted_voices(selection: Selection) -> set[int]:
    """The voices that a selection's names speak of; all where it names parts by other names, or none."""
    voices = [named_voices(name) for name in selection.parts]
    return {v for row in voices for v in row} if voices and all(voices) else set(range(len(VOICES)))


def _named(timeline: Timeline, choir: Choir, names: Sequence[str]) -> list[int]:
    voices: set[int] = set()
    for name in names:
        wanted = name.strip().casefold()
        found = {
            v
            for v, singer in choir.singers.items()
            if wanted in (singer.name.casefold(), singer.part.name.casefold(), singer.part.id.casefold())
            or (singer.title and wanted in singer.title.casefold().split())
        }
        others = [p for p in timeline.parts if wanted in (p.name.casefold(), p.id.casefold())]
        if not found and not others and not any(letter.isdecimal() for letter in wanted):
            found = {v for v in named_voices(wanted) if v in choir.singers and not choir.singers[v].title}
        if not found:
            known = ", ".join(
                singer.name
                if singer.name == singer.part.name
                else f"{singer.name} ({singer.part.name or singer.part.id})"
                for _, singer in sorted(choir.singers.items())
            )
            what = (
                f"'{name.strip()}' is none of the four voices"
                if others
                else f"no singer is called '{name.strip()}'"
            )
            raise RequestError(f"{what}; there are {known}", source=timeline.score.name)
        voices |= found
    return sorted(voices)


def _extent(timeline: Timeline, first: str, last: str) -> tuple[Fraction, Fraction]:
    start, _ = _place(timeline, first, last=False)
    _, end = _place(timeline, last, last=True)
    if end <= start:
        raise RequestError(
            f"measures {first}-{last} run backwards; name the first one first", source=timeline.score.name
        )
    return start, end


def _place(timeline: Timeline, text: str, *, last: bool) -> tuple[Fraction, Fraction]:
    """Onset and end of a measure, or of a beat of it, in quarters."""
    number, _, beat_text = text.partition(".")
    rows = [m for m in timeline.measures if m.number == number]
    if not rows:
        numbers = [m.number for m in timeline.measures]
        raise RequestError(
            f"there is no measure '{number}'; measures are numbered {numbers[0]} to {numbers[-1]}",
            source=timeline.score.name,
        )
    if any(after.index - before.index > 1 for before, after in pairwise(rows)):
        raise RequestError(
            f"there are {len(rows)} measures '{number}' in different places; number them differently",
            source=timeline.score.name,
        )
    if not beat_text:
        measure = rows[-1] if last else rows[0]
        return measure.onset, measure.onset + measure.length
    beats = beats_of(rows)
    if beat_text not in beats:
        known = list(beats)
        raise RequestError(
            f"measure {number} has no beat '{beat_text}'; its beats are {known[0]} to {known[-1]}",
            source=timeline.score.name,
        )
    return beats[beat_text]
