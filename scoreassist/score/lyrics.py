"""The words of a song: kept where notes are replaced, shared with voices that are added."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from fractions import Fraction

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.pen import Placed
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.stems import append_notation, insert_child, is_there
from scoreassist.score.timeline import Event

Text = dict[tuple[int, Fraction], list[etree._Element]]
"""Syllables, one `<lyric>` a verse, by the moment at which they begin: measure index, offset in quarters."""

# Where a program has put a syllable is no matter for another staff.
_OF_THE_PLACE = ("id", "default-x", "default-y", "relative-x", "relative-y")


def text_of(singer: Singer) -> Text:
    """The syllables of a singer."""
    return {
        (index, event.offset): lyrics
        for index, events in enumerate(singer.measures)
        for event in events
        if event.kind == "note" and (lyrics := event.element.findall("lyric"))
    }


def find_text(choir: Choir) -> tuple[Singer, Text] | None:
    """The singer with the most syllables, the highest of several, and the text; None if nobody has any."""
    texts = [(singer, text_of(singer)) for _, singer in sorted(choir.singers.items())]
    singer, text = max(texts, key=lambda row: len(row[1]))
    return (singer, text) if text else None


def keep_text(replaced: Iterable[Event], placed: list[Placed]) -> None:
    """Give the syllables of notes that were replaced to the new notes that begin with them, or sound then."""
    for event in replaced:
        lost = [lyric for lyric in event.element.findall("lyric") if not is_there(event.element)]
        note = next((p.element for p in placed if p.note.midi is not None and _sounds(p, event.offset)), None)
        if note is not None and note.find("lyric") is None:
            for lyric in lost:
                insert_child(note, lyric)


def _sounds(placed: Placed, offset: Fraction) -> bool:
    return placed.offset <= offset < placed.offset + Fraction(placed.note.ticks, TICKS_PER_QUARTER)


def share_text(
    singer: Singer,
    text: Text,
    choir: Choir,
    written: dict[tuple[int, int], list[Placed]],
) -> None:
    """Write a singer's text under the new notes of the others, once on a staff.

    Parameters
    ----------
    singer : Singer
    text : dict
        As `text_of` gives it.
    choir : Choir
    written : by (voice, measure index)
        New notes.
    """
    served = {(singer.part.id, singer.staff)}
    for voice, other in sorted(choir.singers.items()):
        own = {key: placed for key, placed in written.items() if key[0] == voice}
        staff = (other.part.id, other.staff)
        if own and staff not in served and not text_of(other):
            served.add(staff)
            _underlay(text, own)


def _underlay(text: Text, written: dict[tuple[int, int], list[Placed]]) -> None:
    """Put syllables under the new notes of one voice that begin with them, and slurs over those that go on."""
    placed = [((index, p.offset), p) for (_, index), row in written.items() for p in row]
    placed.sort(key=lambda row: row[0])
    sung = [(moment, p) for moment, p in placed if p.note.midi is not None]
    begins = [place for place, (moment, p) in enumerate(sung) if moment in text and not p.note.tied_from]
    for place, following in zip(begins, [*begins[1:], len(sung)], strict=True):
        moment, first = sung[place]
        silent = next((m for m, p in placed if p.note.midi is None and m > moment), None)
        syllable = [p for m, p in sung[place:following] if silent is None or m < silent]
        for lyric in text[moment]:
            insert_child(first.element, _copy_of(lyric, goes_on=len(syllable) > 1))
        if any(not p.note.tied_from for p in syllable[1:]):
            append_notation(first.element, etree.Element("slur", number="1", type="start"))
            append_notation(syllable[-1].element, etree.Element("slur", number="1", type="stop"))


def _copy_of(lyric: etree._Element, *, goes_on: bool) -> etree._Element:
    """A copy of a syllable, with a line behind it if its word ends and more notes are sung on it."""
    syllable = copy.deepcopy(lyric)
    for name in _OF_THE_PLACE:
        syllable.attrib.pop(name, "")
    for extend in syllable.findall("extend"):
        syllable.remove(extend)
    ends = syllable.findtext("syllabic", "single") in ("single", "end")
    if goes_on and ends and syllable.find("text") is not None:
        place = max(syllable.index(child) for child in syllable if child.tag in ("text", "syllabic", "elision"))
        syllable.insert(place + 1, etree.Element("extend"))
    return syllable
