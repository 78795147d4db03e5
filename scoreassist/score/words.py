"""What the words ``harmonize``, ``complete``, ``keep`` and ``end`` ask for, each until the next over its staff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from fractions import Fraction

from lxml import etree

from scoreassist.score.directions import Text, Word, as_word
from scoreassist.score.regions import Region
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Timeline

# Words so like these that a slip of the pen is more probable than another meaning: of the short ones, only in a
# score in which others mark.
_LONG, _SHORT = ("harmonize", "complete"), ("keep", "end")
_LIKENESS = 0.8


class Words:
    """The words of a score that mark, in order of time."""

    def __init__(self, timeline: Timeline, texts: list[Text]) -> None:
        self.timeline, self.texts = timeline, texts
        self.words = [word for text in texts if (word := as_word(text)) is not None]
        if all(word.verb == "end" for word in self.words):
            self.words = []  # an ``end`` alone means something else
        self.verbs = {word.verb for word in self.words}
        last = timeline.measures[-1]
        self._spans = [
            (word, self._end(word, last.onset + last.length)) for word in self.words if word.verb != "end"
        ]

    def _end(self, word: Word, otherwise: Fraction) -> Fraction:
        """Where a word's stretch ends: at the next word over the same staff, or over everyone."""
        return min((w.at for w in self.words if w.at > word.at and _closes(w, word)), default=otherwise)

    def asked(self, choir: Choir, verb: str) -> list[Region]:
        """What the words of one verb, ``complete`` or ``harmonize``, ask for."""
        return [
            Region(voice, word.at, end, "words")
            for voice, singer in choir.singers.items()
            for word, end in self._spans
            if word.verb == verb and self._asks(word, singer, end)
        ]

    def signs(self, choir: Choir) -> list[etree._Element]:
        """The words that asked for something, or kept it, and those that ended it."""
        used = [
            (word, end)
            for word, end in self._spans
            if any(self._speaks_to(word, s, end) for s in choir.singers.values())
        ]
        return [
            word.sign
            for word in self.words
            if any(word is w for w, _ in used)
            or (word.verb == "end" and any(end == word.at and _closes(word, w) for w, end in used))
        ]

    def _speaks_to(self, word: Word, singer: Singer, end: Fraction) -> bool:
        return word.everyone or word.place.over(singer) if word.verb == "keep" else self._asks(word, singer, end)

    def kept(self, choir: Choir) -> list[Region]:
        """What ``keep`` keeps: not of a singer who has yet to come."""
        return [
            Region(voice, word.at, end, "words")
            for voice, singer in choir.singers.items()
            for word, end in self._spans
            if word.verb == "keep" and (word.everyone or (word.place.over(singer) and any(singer.measures)))
        ]

    def _asks(self, word: Word, singer: Singer, end: Fraction) -> bool:
        """Whether a word asks for a singer: `complete` for those of its staff, `harmonize` for all but those."""
        if word.verb == "complete":
            return word.everyone or word.place.over(singer)
        # Who stands over a second singer who has not come yet asks for that one too.
        return not (word.place.over(singer) and _sings(self.timeline, singer, word.at, end))

    def doubts(self) -> Iterator[str]:
        """What looks like a mark and is none, or marks nothing."""
        likely = (*_LONG, *_SHORT) if self.words else _LONG
        for text in self.texts:
            if as_word(text) is None and (meant := _meant(text.text, likely)):
                yield f"{text.place.named(self.timeline)}: “{text.text}” is no mark; did you mean “{meant}”?"
        for word in self.words:
            if word.verb == "end" and not any(end == word.at and _closes(word, w) for w, end in self._spans):
                yield f"{word.place.named(self.timeline)}: “end” ends nothing over this staff"


def _closes(later: Word, word: Word) -> bool:
    return later.everyone or word.everyone or later.place.meets(word.place)


def _meant(text: str, likely: tuple[str, ...]) -> str | None:
    """The word that a text may have been meant to be: spelled wrongly, or with too much behind it."""
    first, *rest = text.lower().strip(".:!?,").split() or [""]
    if first in _LONG and rest:
        return first
    whole = first if rest in ([], ["all"]) else " ".join([first, *rest])
    return next(iter(difflib.get_close_matches(whole, likely, 1, _LIKENESS)), None)


def _sings(timeline: Timeline, singer: Singer, start: Fraction, end: Fraction) -> bool:
    """Whether a singer has any note in a stretch."""
    return any(
        measure.onset + e.offset < end and measure.onset + e.end > start
        for measure, events in zip(timeline.measures, singer.measures, strict=False)
        for e in events
        if e.kind == "note"
    )
