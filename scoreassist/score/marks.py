"""What the user wants filled: flags, words in the score, or simply what is empty.

In order of precedence, the first found wins: measures named by flags; the words ``harmonize``, ``complete``,
``keep``, ended by ``end`` or the next such word; a `<bracket>` line; slash noteheads; measures in which a singer
has nothing but rest. Words stand above the part that they are for; with ``all``, for every part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from scoreassist.score.directions import Bracket, read_brackets, read_texts
from scoreassist.score.emptiness import empty_measures
from scoreassist.score.flags import Selection, by_flags
from scoreassist.score.regions import Region, common, without
from scoreassist.score.singers import Choir
from scoreassist.score.timeline import Timeline
from scoreassist.score.words import Words

# Whoever marks by hand does not draw more brackets than this; editors of old music do, over ligatures.
MANY_BRACKETS = 12

# What marks, as `Region.by` has it, in words for the user.
WAYS = {"words": "words", "bracket": "brackets", "slashes": "slash noteheads"}


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

    Parts without measures narrow down what is marked or empty; where nothing is, they are meant as a whole.

    Raises
    ------
    RequestError
        A flag names a part or measure that the score does not have.
    """
    found = _in_the_score(timeline, choir)
    if not selection.given:
        return found
    named = by_flags(timeline, choir, selection)
    if selection.measures is not None:
        ways = {WAYS[region.by] for region in found.regions[:1] if region.by in WAYS}
        ignored = [f"{way} in the score do not count, since flags go first" for way in ways]
        return Marks(named, doubts=found.doubts + ignored)
    inside = common(found.regions, named)
    # Marks that ask for others too are still needed.
    return Marks(inside or named, found.signs if len(inside) == len(found.regions) else [], found.doubts)


def _in_the_score(timeline: Timeline, choir: Choir) -> Marks:
    words, brackets = Words(timeline, read_texts(timeline)), read_brackets(timeline)
    doubts = [*words.doubts(), *_doubts(timeline, brackets)]
    possible = (_by_words(timeline, choir, words), _by_brackets(choir, brackets), _by_slashes(timeline, choir))
    ways = [way for way in possible if way is not None]
    if not ways:
        return Marks(empty_measures(timeline, choir, divisi=False), doubts=doubts)
    found, *others = ways
    if words.verbs:
        doubts += _unasked(choir, words)
    by = WAYS["words" if words.verbs else found.regions[0].by]
    doubts += [f"{WAYS[other.regions[0].by]} in the score do not count, since {by} go first" for other in others]
    return Marks(found.regions, found.signs, doubts)


def _unasked(choir: Choir, words: Words) -> Iterator[str]:
    if "harmonize" in words.verbs and not words.asked(choir, "harmonize"):
        yield "“harmonize” asks for voices that are not there; the command harmonize adds them"


def find_harmony(timeline: Timeline, choir: Choir, selection: Selection) -> Marks:
    """What `harmonize` is to fill: where singers have nothing to sing while others do.

    Flags and the word ``harmonize`` narrow this down, ``keep`` takes from it, ``complete`` adds to it; a given
    line is never written over unless ``complete`` stands above it. Brackets and slashes are left to `complete`.

    Raises
    ------
    RequestError
        A flag names a part or measure that the score does not have.
    """
    words = Words(timeline, read_texts(timeline))
    regions = empty_measures(timeline, choir, divisi=True)
    if "harmonize" in words.verbs:
        regions = common(regions, words.asked(choir, "harmonize"))
    regions += words.asked(choir, "complete")
    regions = without(regions, words.kept(choir))
    if selection.given:
        regions = common(regions, by_flags(timeline, choir, selection))
    return Marks(regions, words.signs(choir), list(words.doubts()))


def find_written(timeline: Timeline, choir: Choir, selection: Selection) -> Marks:
    """What `vary` may write anew: what flags name, or everything.

    The word ``keep`` takes from this, unless measures are named.

    Raises
    ------
    RequestError
        A flag names a part or measure that the score does not have.
    """
    words = Words(timeline, read_texts(timeline))
    regions = by_flags(timeline, choir, selection)
    if selection.measures is None:
        return Marks(without(regions, words.kept(choir)), doubts=list(words.doubts()))
    ignored = ["words in the score do not count, since flags go first"] if "keep" in words.verbs else []
    return Marks(regions, doubts=[*words.doubts(), *ignored])


def _by_words(timeline: Timeline, choir: Choir, words: Words) -> Marks | None:
    if not words.verbs:
        return None
    if words.verbs & {"harmonize", "complete"}:
        asked = words.asked(choir, "complete") + words.asked(choir, "harmonize")
    else:
        asked = empty_measures(timeline, choir, divisi=False)
    return Marks(without(asked, words.kept(choir)), words.signs(choir))


def _doubts(timeline: Timeline, brackets: list[Bracket]) -> Iterator[str]:
    for bracket in brackets:
        if bracket.start is None or bracket.end is None:
            what = "ends here and never begins" if bracket.start is None else "begins here and never ends"
            yield f"{bracket.place.named(timeline)}: a bracket {what}"
    if len(brackets) > MANY_BRACKETS:
        yield f"{len(brackets)} brackets count as marks; if they mean something else, use --measures"


def _by_brackets(choir: Choir, brackets: list[Bracket]) -> Marks | None:
    regions, signs = [], []
    for bracket in brackets:
        under = [
            Region(voice, bracket.start, bracket.end, "bracket")
            for voice, singer in choir.singers.items()
            if bracket.start is not None and bracket.end is not None and bracket.place.over(singer)
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
