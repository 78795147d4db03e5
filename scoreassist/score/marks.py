"""What the user wants filled: flags, words in the score, or simply what is empty.

In order of precedence, the first found wins: measures and parts named by flags; the words ``harmonize``,
``complete``, ``keep``, ended by ``end`` or the next such word; a `<bracket>` line; slash noteheads; measures in
which a singer has nothing but rest. Words stand above the part that they are for; with ``all``, for every part.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from lxml import etree

from scoreassist.score.flags import Selection, by_flags
from scoreassist.score.regions import Region, common, without
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.stems import remove
from scoreassist.score.timeline import Event, Measure, Part, Timeline, decimal

_WORD = re.compile(r"(harmoni[sz]e|complete|keep|end)(\s+all)?[.:!]?", re.IGNORECASE)

# Words so like these that a slip of the pen is more probable than another meaning.
_LIKELY = ("harmonize", "complete")
_LIKENESS = 0.8

# A second voice in less than this share of the measures of the first is no line with holes, but divisi.
DIVISI = 0.25


@dataclass(frozen=True, slots=True)
class Marks:
    """What is to be filled, and how that was said.

    Attributes
    ----------
    regions : list of Region
    signs : list of elements
        The `<words>`, `<rehearsal>` and `<bracket>` that did the marking.
    doubts : list of str
        What looks like a mark and did not count, in words for the user.
    """

    regions: list[Region]
    signs: list[etree._Element] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def find_marks(timeline: Timeline, choir: Choir, selection: Selection) -> Marks:
    """What `complete` is to fill, by the first way of marking that is found.

    Raises
    ------
    RequestError
        A flag names a part or measure that the score does not have.
    """
    words, brackets = _words(timeline), _brackets(timeline)
    doubts = _misspelled(timeline) + [b.doubt(timeline) for b in brackets if b.end is None]
    if selection.given:
        return Marks(by_flags(timeline, choir, selection), doubts=doubts + _overruled(words, "named by flags"))
    for found in (_by_words(timeline, choir, words), _by_brackets(choir, brackets), _by_slashes(timeline, choir)):
        if found is not None:
            return Marks(found.regions, found.signs, doubts)
    return Marks(_by_emptiness(timeline, choir, _divisi(choir)), doubts=doubts)


def find_harmony(timeline: Timeline, choir: Choir, selection: Selection) -> Marks:
    """What `harmonize` is to fill: where singers have nothing to sing while others do.

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
        regions = common(regions, _asked(timeline, choir, words, "harmonize"))
    regions += _asked(timeline, choir, words, "complete")
    regions = without(regions, _kept(timeline, choir, words))
    if selection.given:
        regions = common(regions, by_flags(timeline, choir, selection))
    return Marks(regions, _signs(words), _misspelled(timeline))


def erase(signs: list[etree._Element]) -> None:
    """Take marks out of the score; whatever else a direction says or plays stays."""
    for sign in signs:
        kind = sign.getparent()
        direction = kind.getparent() if kind is not None else None
        if kind is None or direction is None:
            continue  # gone already
        remove(sign)
        if len(kind) == 0:
            remove(kind)
        if direction.find("direction-type") is None:
            sound = direction.find("sound")
            if sound is not None:  # the tempo is played on, without its word
                direction.addprevious(sound)
                sound.tail = direction.getparent().text  # type: ignore[union-attr]  # it stands in a measure
            remove(direction)


@dataclass(frozen=True, slots=True)
class _Word:
    part: Part
    staff: int | None
    at: Fraction
    verb: str
    everyone: bool
    sign: etree._Element


def _words(timeline: Timeline) -> list[_Word]:
    found = []
    for part, at, direction, sign, text in _texts(timeline):
        if match := _WORD.fullmatch(text):
            verb = match.group(1).lower().replace("harmonise", "harmonize")
            found.append(_Word(part, _staff(direction, part), at, verb, bool(match.group(2)), sign))
    return sorted(found, key=lambda w: w.at)


def _texts(timeline: Timeline) -> Iterator[tuple[Part, Fraction, etree._Element, etree._Element, str]]:
    """Everything that is written over the staves: part, moment, direction, element, text."""
    for part in timeline.parts:
        for at, direction in _directions(timeline, part):
            for element in direction.iterfind("direction-type/*"):
                if element.tag in ("words", "rehearsal"):
                    yield part, at, direction, element, " ".join((element.text or "").split())


def _signs(words: list[_Word]) -> list[etree._Element]:
    """Words that do mark: an ``end`` alone means something else."""
    return [word.sign for word in words] if any(word.verb != "end" for word in words) else []


def _misspelled(timeline: Timeline) -> list[str]:
    doubts = []
    for part, at, _, _, text in _texts(timeline):
        word = re.sub(r"\s+all$|\W+$", "", text.lower())
        like = difflib.get_close_matches(word, _LIKELY, 1, _LIKENESS)
        if like and not _WORD.fullmatch(text):
            doubts.append(f"{_where(timeline, part, at)}: “{text}” is no mark; did you mean “{like[0]}”?")
    return doubts


def _overruled(words: list[_Word], by: str) -> list[str]:
    asking = [word.verb for word in words if word.verb != "end"]
    return [f"“{asking[0]}” in the score does not count, since the region is {by}"] if asking else []


def _where(timeline: Timeline, part: Part, at: Fraction) -> str:
    number = next((m.number for m in reversed(timeline.measures) if m.onset <= at), "")
    return f"part {part.id}, measure {number}"


def _directions(timeline: Timeline, part: Part) -> list[tuple[Fraction, etree._Element]]:
    """Directions of a part with their moments, in quarters from the start of the score."""
    found = []
    for measure, row in zip(timeline.measures, part.measures, strict=False):
        if row.element.find("direction") is None:
            continue
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


def _by_words(timeline: Timeline, choir: Choir, words: list[_Word]) -> Marks | None:
    signs = _signs(words)
    kept = _kept(timeline, choir, words)
    if any(w.verb in ("harmonize", "complete") for w in words):
        asked = _asked(timeline, choir, words, "complete") + _asked(timeline, choir, words, "harmonize")
        return Marks(without(asked, kept), signs)
    if any(w.verb == "keep" for w in words):
        return Marks(without(_by_emptiness(timeline, choir, _divisi(choir)), kept), signs)
    return None


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


@dataclass(slots=True)
class _Bracket:
    part: Part
    staff: int | None
    start: Fraction
    signs: list[etree._Element]
    end: Fraction | None = None

    def doubt(self, timeline: Timeline) -> str:
        return f"{_where(timeline, self.part, self.start)}: the bracket that begins here never ends"


def _brackets(timeline: Timeline) -> list[_Bracket]:
    """Stretches under a `<bracket>` line, matched by part and number."""
    brackets = []
    for part in timeline.parts:
        begun: dict[str, _Bracket] = {}
        for at, direction in _directions(timeline, part):
            for sign in direction.iterfind("direction-type/bracket"):
                number, kind = sign.get("number") or "1", sign.get("type")
                if kind == "start":
                    begun[number] = _Bracket(part, _staff(direction, part), at, [])
                    brackets.append(begun[number])
                if number in begun:
                    begun[number].signs.append(sign)
                    if kind == "stop":
                        begun.pop(number).end = at
    return brackets


def _by_brackets(choir: Choir, brackets: list[_Bracket]) -> Marks | None:
    regions, signs = [], []
    for bracket in brackets:
        under = [
            Region(voice, bracket.start, bracket.end, "bracket")
            for voice, singer in choir.singers.items()
            if bracket.end is not None and singer.part is bracket.part and bracket.staff in (None, singer.staff)
        ]
        regions += under
        signs += bracket.signs if under else []
    return Marks(regions, signs) if regions else None


def _by_slashes(timeline: Timeline, choir: Choir) -> Marks | None:
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
    return Marks(regions) if regions else None


def _by_emptiness(timeline: Timeline, choir: Choir, divisi: Collection[int] = ()) -> list[Region]:
    """Measures in which a singer has nothing but rest; one that is empty for all is a general pause.

    Where singers of `divisi` have not even a rest, they are not missing.
    """
    regions = []
    repeats = {part.id: _repeats(part) for part in timeline.parts}
    for measure in timeline.measures:
        empty = [
            voice
            for voice, singer in choir.singers.items()
            if _is_empty(singer, measure) and measure.index not in repeats[singer.part.id]
        ]
        if len(empty) < len(choir.singers):
            end = measure.onset + measure.length
            regions += [
                Region(voice, measure.onset, end, "empty")
                for voice in empty
                if voice not in divisi or choir.singers[voice].measures[measure.index]
            ]
    return regions


def _divisi(choir: Choir) -> set[int]:
    """Singers whose voice only joins another one of their staff here and there."""
    sings = {voice: sum(map(_has_note, singer.measures)) for voice, singer in choir.singers.items()}
    return {
        voice
        for voice, singer in choir.singers.items()
        for beside, other in choir.singers.items()
        if (other.part.id, other.staff) == (singer.part.id, singer.staff) and sings[voice] < DIVISI * sings[beside]
    }


def _has_note(events: list[Event]) -> bool:
    return any(event.kind == "note" for event in events)


def _is_empty(singer: Singer, measure: Measure) -> bool:
    if measure.index >= len(singer.measures):
        return False  # the part has no such measure to write into
    return all(event.kind == "rest" for event in singer.measures[measure.index])


def _repeats(part: Part) -> set[int]:
    """Measures in which a sign says that those before are played again; they are not empty, whatever they hold."""
    inside, repeated = False, set()
    for index, row in enumerate(part.measures):
        for sign in row.element.iterfind("attributes/measure-style/measure-repeat"):
            inside = sign.get("type") == "start"
        if inside:
            repeated.add(index)
    return repeated
