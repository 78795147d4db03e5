"""What the user wants filled: flags, words in the score, or simply what is empty.

In order of precedence, the first found wins: measures and parts named by flags; the words ``harmonize``,
``complete``, ``keep``, ended by ``end`` or the next such word; a `<bracket>` line; slash noteheads; measures in
which a singer has nothing but rest. Words stand above the part that they are for; with ``all``, for every part.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from lxml import etree

from scoreassist.errors import RequestError
from scoreassist.score.singers import VOICES, Choir, Singer, named_voices
from scoreassist.score.timeline import Measure, Part, Timeline, decimal

_WORD = re.compile(r"(harmoni[sz]e|complete|keep|end)(\s+all)?[.:]?", re.IGNORECASE)


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


def find_regions(timeline: Timeline, choir: Choir, selection: Selection) -> list[Region]:
    """The regions of a choir that are to be filled, by the first way of marking that is found.

    Raises
    ------
    RequestError
        A flag names a part or measure that the score does not have.
    """
    if selection.given:
        return _by_flags(timeline, choir, selection)
    for regions in (_by_words(timeline, choir), _by_brackets(timeline, choir), _by_slashes(timeline, choir)):
        if regions is not None:
            return regions
    return _by_emptiness(timeline, choir)


def find_harmony(timeline: Timeline, choir: Choir, selection: Selection) -> list[Region]:
    """The regions that are to be harmonized: where singers have nothing to sing while others do.

    Flags and the word ``harmonize`` narrow this down, ``keep`` takes from it, ``complete`` adds to it; a given
    line is never written over unless ``complete`` stands above it. Brackets and slashes are left to `complete`.

    Raises
    ------
    RequestError
        A flag names a part or measure that the score does not have.
    """
    words = _words(timeline)
    regions = _by_emptiness(timeline, choir)
    if any(word.verb == "harmonize" for word in words):
        regions = _common(regions, _asked(timeline, choir, words, "harmonize"))
    regions += _asked(timeline, choir, words, "complete")
    regions = _without(regions, _kept(timeline, choir, words))
    return _common(regions, _by_flags(timeline, choir, selection)) if selection.given else regions


def _common(regions: list[Region], others: list[Region]) -> list[Region]:
    """Stretches that lie in regions of both lists, voice by voice."""
    return [
        Region(one.voice, max(one.start, other.start), min(one.end, other.end), one.by)
        for one in regions
        for other in others
        if one.voice == other.voice and one.start < other.end and other.start < one.end
    ]


def _by_flags(timeline: Timeline, choir: Choir, selection: Selection) -> list[Region]:
    voices = _named(timeline, choir, selection.parts) if selection.parts else sorted(choir.singers)
    start, end = Fraction(0), timeline.measures[-1].onset + timeline.measures[-1].length
    if selection.measures is not None:
        start, end = _extent(timeline, *selection.measures)
    return [Region(voice, start, end, "flag") for voice in voices]


def _named(timeline: Timeline, choir: Choir, names: Sequence[str]) -> list[int]:
    voices: set[int] = set()
    for name in names:
        wanted = name.strip().casefold()
        found = {
            v
            for v, singer in choir.singers.items()
            if wanted in (singer.name.casefold(), singer.part.name.casefold(), singer.part.id.casefold())
        }
        found = found or {v for v in named_voices(wanted) if v in choir.singers}
        if not found:
            known = ", ".join(choir.singers[v].name for v in sorted(choir.singers))
            raise RequestError(
                f"no singer is called '{name.strip()}'; there are {known}", source=timeline.score.name
            )
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
    beats = _beats(rows)
    if beat_text not in beats:
        known = list(beats)
        raise RequestError(
            f"measure {number} has no beat '{beat_text}'; its beats are {known[0]} to {known[-1]}",
            source=timeline.score.name,
        )
    return beats[beat_text]


def _beats(rows: list[Measure]) -> dict[str, tuple[Fraction, Fraction]]:
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


@dataclass(frozen=True, slots=True)
class _Word:
    part: Part
    staff: int | None
    at: Fraction
    verb: str
    everyone: bool


def _words(timeline: Timeline) -> list[_Word]:
    found = []
    for part in timeline.parts:
        for at, direction in _directions(timeline, part):
            for element in direction.iterfind("direction-type/*"):
                if element.tag not in ("words", "rehearsal"):
                    continue
                match = _WORD.fullmatch(" ".join((element.text or "").split()))
                if match:
                    verb = match.group(1).lower().replace("harmonise", "harmonize")
                    found.append(_Word(part, _staff(direction, part), at, verb, bool(match.group(2))))
    return sorted(found, key=lambda w: w.at)


def _directions(timeline: Timeline, part: Part) -> list[tuple[Fraction, etree._Element]]:
    """Directions of a part with their moments, in quarters from the start of the score."""
    found = []
    for measure, row in zip(timeline.measures, part.measures, strict=False):
        cursor = Fraction(0)
        divisions = row.start.divisions
        for child in row.element:
            if child.tag == "direction":
                offset = _offset(child) / divisions
                found.append((measure.onset + max(cursor + offset, Fraction(0)), child))
            elif child.tag == "attributes" and child.find("divisions") is not None:
                divisions = int(decimal(child.findtext("divisions")))
            elif child.tag in ("note", "backup", "forward"):
                if child.find("chord") is not None or child.find("grace") is not None:
                    continue
                length = decimal(child.findtext("duration")) / divisions
                cursor = max(cursor - length, Fraction(0)) if child.tag == "backup" else cursor + length
    return found


def _offset(direction: etree._Element) -> Fraction:
    try:
        return decimal(direction.findtext("offset"))
    except ValueError:
        return Fraction(0)


def _staff(direction: etree._Element, part: Part) -> int | None:
    """The staff of a part that a direction stands at, if the part has several."""
    text = (direction.findtext("staff") or "").strip()
    return int(text) if part.staves > 1 and text.isdigit() else None


def _by_words(timeline: Timeline, choir: Choir) -> list[Region] | None:
    words = _words(timeline)
    if not any(w.verb in ("harmonize", "complete") for w in words):
        if any(w.verb == "keep" for w in words):
            return _without(_by_emptiness(timeline, choir), _kept(timeline, choir, words))
        return None
    regions = _asked(timeline, choir, words, "complete") + _asked(timeline, choir, words, "harmonize")
    return _without(regions, _kept(timeline, choir, words))


def _asked(timeline: Timeline, choir: Choir, words: list[_Word], verb: str) -> list[Region]:
    """What the words of one verb ask for."""
    return [
        Region(voice, start, end, "words")
        for voice, singer in choir.singers.items()
        for word, start, end in _spans(timeline, words)
        if word.verb == verb and _asks(word, singer, timeline, start, end)
    ]


def _asks(word: _Word, singer: Singer, timeline: Timeline, start: Fraction, end: Fraction) -> bool:
    """Whether a word asks for a singer: `complete` for those of its staff, `harmonize` for all but those."""
    if word.verb == "complete":
        return word.everyone or _over(word, singer)
    # Who stands over a second singer who has not come yet asks for that one too.
    return word.verb == "harmonize" and not (_over(word, singer) and _sings(timeline, singer, start, end))


def _kept(timeline: Timeline, choir: Choir, words: list[_Word]) -> list[Region]:
    return [
        Region(voice, start, end, "words")
        for voice, singer in choir.singers.items()
        for word, start, end in _spans(timeline, words)
        if word.verb == "keep"
        and (word.everyone or (_over(word, singer) and any(singer.measures)))  # not who has yet to come
    ]


def _spans(timeline: Timeline, words: list[_Word]) -> list[tuple[_Word, Fraction, Fraction]]:
    """Each word's stretch: up to the next word over the same staff, or over everyone."""
    end = timeline.measures[-1].onset + timeline.measures[-1].length
    spans = []
    for word in words:
        closers = [w.at for w in words if w.at > word.at and (_meet(w, word) or w.everyone or word.everyone)]
        if word.verb != "end":
            spans.append((word, word.at, min(closers, default=end)))
    return spans


def _meet(one: _Word, two: _Word) -> bool:
    """Whether two words stand over the same staff."""
    return one.part is two.part and (one.staff == two.staff or None in (one.staff, two.staff))


def _over(word: _Word, singer: Singer) -> bool:
    """Whether a word stands over a singer's staff."""
    return word.part is singer.part and word.staff in (None, singer.staff)


def _sings(timeline: Timeline, singer: Singer, start: Fraction, end: Fraction) -> bool:
    """Whether a singer has any note in a stretch."""
    return any(
        measure.onset + e.offset < end and measure.onset + e.end > start
        for measure, events in zip(timeline.measures, singer.measures, strict=False)
        for e in events
        if e.kind == "note"
    )


def _without(regions: list[Region], kept: list[Region]) -> list[Region]:
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


def _by_brackets(timeline: Timeline, choir: Choir) -> list[Region] | None:
    """Stretches under a `<bracket>` line, matched by part and number."""
    regions = []
    for part in timeline.parts:
        begun: dict[str, tuple[Fraction, int | None]] = {}
        for at, direction in _directions(timeline, part):
            for bracket in direction.iterfind("direction-type/bracket"):
                number = bracket.get("number") or "1"
                if bracket.get("type") == "start":
                    begun[number] = (at, _staff(direction, part))
                elif bracket.get("type") == "stop" and number in begun:
                    start, staff = begun.pop(number)
                    regions += [
                        Region(voice, start, at, "bracket")
                        for voice, singer in choir.singers.items()
                        if singer.part is part and staff in (None, singer.staff)
                    ]
    return regions or None


def _by_slashes(timeline: Timeline, choir: Choir) -> list[Region] | None:
    """Notes with slash noteheads, tied ones joined."""
    regions: list[Region] = []
    for voice, singer in choir.singers.items():
        for measure, events in zip(timeline.measures, singer.measures, strict=False):
            for event in events:
                start, end = measure.onset + event.offset, measure.onset + event.end
                if event.element.findtext("notehead") != "slash":
                    continue
                last = regions[-1] if regions else None
                if event.tied_from and last and (last.voice, last.end) == (voice, start):
                    regions[-1] = Region(voice, last.start, end, "slashes")
                else:
                    regions.append(Region(voice, start, end, "slashes"))
    return regions or None


def _by_emptiness(timeline: Timeline, choir: Choir) -> list[Region]:
    """Measures in which a singer has nothing but rest; one that is empty for all is a general pause."""
    regions = []
    for measure in timeline.measures:
        empty = [v for v, s in choir.singers.items() if _is_empty(s, measure)]
        if len(empty) < len(choir.singers):
            end = measure.onset + measure.length
            regions += [Region(v, measure.onset, end, "empty") for v in empty]
    return regions


def _is_empty(singer: Singer, measure: Measure) -> bool:
    if measure.index >= len(singer.measures):
        return False  # the part has no such measure to write into
    return all(event.kind == "rest" for event in singer.measures[measure.index])


def describe(regions: list[Region], timeline: Timeline) -> list[dict[str, str]]:
    """Regions in words: singer, first and last measure, and what marked them, neighbours joined."""
    rows: list[dict[str, str]] = []
    joined: list[Region] = []
    for region in sorted(regions, key=lambda r: (r.voice, r.start)):
        last = joined[-1] if joined else None
        if last and (last.voice, last.end, last.by) == (region.voice, region.start, region.by):
            joined[-1] = Region(last.voice, last.start, region.end, last.by)
        else:
            joined.append(region)
    for region in joined:
        inside = [m for m in timeline.measures if m.onset < region.end and m.onset + m.length > region.start]
        if inside:
            rows.append(
                {
                    "voice": VOICES[region.voice],
                    "first": inside[0].number,
                    "last": inside[-1].number,
                    "by": region.by,
                }
            )
    return rows
