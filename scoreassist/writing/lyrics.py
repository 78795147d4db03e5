"""The words of a song: kept where notes are replaced, shared with voices that are added."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Choir, Singer
from scoreassist.score.timeline import Event
from scoreassist.writing.pen import Placed
from scoreassist.writing.stems import append_notation, insert_child, is_there

Moment = tuple[int, Fraction]
"""Measure index, offset in quarters."""

Text = dict[Moment, list[etree._Element]]
"""Syllables, one `<lyric>` a verse, by the moment at which they begin."""

Written = dict[tuple[int, int], list[Placed]]
"""New notes by (voice, measure index)."""

_SUNG = ("text", "laughing", "humming")

# Where a program has put a syllable is no matter for another staff.
_OF_THE_PLACE = ("id", "default-x", "default-y", "relative-x", "relative-y")


def syllables_of(note: etree._Element) -> list[etree._Element]:
    """The lyrics of a note that hold a syllable, and not only the end of a line behind one."""
    return [lyric for lyric in note.findall("lyric") if any(child.tag in _SUNG for child in lyric)]


def text_of(singer: Singer) -> Text:
    """The syllables of a singer, wherever in a chord they stand."""
    return {
        (index, event.offset): lyrics
        for index, events in enumerate(singer.measures)
        for event in events
        if event.kind == "note"
        and (lyrics := [lyric for e in singer.stem(index, event) for lyric in syllables_of(e.element)])
    }


def sung_on(singer: Singer, text: Text) -> list[tuple[Moment, Moment]]:
    """From when to when a singer sings each syllable.

    A note without words belongs to the syllable before it where a tie, a slur, an extender or a hyphen says so, or
    where it stands in the same measure. What follows otherwise has no words at all.
    """
    stretches: list[tuple[Moment, Moment]] = []
    going_on, slurs, ended = False, 0, True
    for index, events in enumerate(singer.measures):
        for event in events:
            if event.kind == "grace":
                continue
            begin, end = (index, event.offset), (index, event.end)
            if begin in text:
                stretches.append((begin, end))
                going_on, ended = any(map(_goes_on, text[begin])), False
            elif not ended:
                held = event.tied_from or slurs > 0 or going_on or stretches[-1][0][0] == index
                ended = event.kind != "note" or not held
                if not ended:
                    stretches[-1] = stretches[-1][0], end
            kinds = [slur.get("type") for slur in event.element.iterfind("notations/slur")]
            slurs = max(slurs + kinds.count("start") - kinds.count("stop"), 0)
    return stretches


def _goes_on(lyric: etree._Element) -> bool:
    return _has_hyphen(lyric) or lyric.find("extend") is not None


def _has_hyphen(lyric: etree._Element) -> bool:
    return lyric.findtext("syllabic") in ("begin", "middle") or lyric.findtext("text", "").endswith("-")


def find_text(choir: Choir) -> tuple[Singer, Text] | None:
    """The singer with the most syllables, the highest of several, and the text; None if nobody has any."""
    texts = [(singer, text_of(singer)) for _, singer in sorted(choir.singers.items())]
    singer, text = max(texts, key=lambda row: len(row[1]))
    return (singer, text) if text else None


def keep_text(replaced: Iterable[Event], placed: list[Placed]) -> None:
    """Give the syllables of notes that were replaced to the new notes that begin with them, or sound then."""
    for event in replaced:
        lost = [lyric for lyric in syllables_of(event.element) if not is_there(event.element)]
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
    written: Written,
) -> None:
    """Write a singer's text under the new notes of the others, once on a staff, and slurs where it asks for them.

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
    ends = dict(sung_on(singer, text))
    for voice, other in sorted(choir.singers.items()):
        own = {key: placed for key, placed in written.items() if key[0] == voice}
        staff = (other.part.id, other.staff)
        if own and other is not singer and not text_of(other):
            _underlay(text, ends, own, words=staff not in served, slur=_slur_number(other, choir))
            served.add(staff)


def slur_kept_text(
    choir: Choir, sung: dict[int, tuple[Text, list[tuple[Moment, Moment]]]], written: Written
) -> None:
    """Slurs and extenders of the syllables that new notes have got from those that they replace.

    Parameters
    ----------
    choir : Choir
    sung : by voice
        The text before anything was replaced, and from when to when each syllable was sung.
    written : by (voice, measure index)
        New notes.
    """
    for voice, (text, syllables) in sung.items():
        own = {key: placed for key, placed in written.items() if key[0] == voice}
        _underlay(text, dict(syllables), own, words=False, slur=_slur_number(choir.singers[voice], choir))


def _slur_number(singer: Singer, choir: Choir) -> str:
    company = sum(one.part is singer.part for one in choir.singers.values())
    return str(singer.voice + 1) if company > 1 else "1"


def _underlay(
    text: Text,
    ends: dict[Moment, Moment],
    written: Written,
    *,
    words: bool,
    slur: str,
) -> None:
    """Put syllables under the new notes of one voice that begin with them, and slurs over those that go on.

    Parameters
    ----------
    text
    ends : by the moment at which a syllable begins
        When it ends.
    written
    words : bool
        Whether the syllables are written, and not only sung.
    slur : str
        Number of the slurs: each voice of a part may have one at the same time.
    """
    placed = [((index, p.offset), p) for (_, index), row in written.items() for p in row]
    placed.sort(key=lambda row: row[0])
    sung = [(moment, p) for moment, p in placed if p.note.midi is not None]
    begins = [place for place, (moment, p) in enumerate(sung) if moment in text and not p.note.tied_from]
    for place, following in pairwise([*begins, len(sung)]):
        moment, first = sung[place]
        silent = next((m for m, p in placed if p.note.midi is None and m > moment), None)
        syllable = [p for m, p in sung[place:following] if m < ends[moment] and (silent is None or m < silent)]
        for lyric in text[moment] if words else ():
            insert_child(first.element, _copy_of(lyric))
        last = syllable[-1]
        end = sung[place + len(syllable) - 1][0][0], last.offset + Fraction(last.note.ticks, TICKS_PER_QUARTER)
        for lyric in syllables_of(first.element):
            _extend(lyric, goes_on=len(syllable) > 1 or (not words and end < ends[moment]))
        if first.element.find("notations/slur") is None and any(not p.note.tied_from for p in syllable[1:]):
            append_notation(first.element, etree.Element("slur", number=slur, type="start"))
            append_notation(syllable[-1].element, etree.Element("slur", number=slur, type="stop"))


def _copy_of(lyric: etree._Element) -> etree._Element:
    syllable = copy.deepcopy(lyric)
    for name in _OF_THE_PLACE:
        syllable.attrib.pop(name, "")
    return syllable


def _extend(syllable: etree._Element, *, goes_on: bool) -> None:
    """Put a line behind a syllable if its word ends and more notes are sung on it; otherwise there is none."""
    for extend in syllable.findall("extend"):
        syllable.remove(extend)
    if goes_on and not _has_hyphen(syllable) and syllable.find("text") is not None:
        place = max(syllable.index(child) for child in syllable if child.tag in ("text", "syllabic", "elision"))
        syllable.insert(place + 1, etree.Element("extend"))
