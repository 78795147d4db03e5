"""An analysis written into its score: chord symbols above the top staff, numerals as a verse below the bass."""

from __future__ import annotations

from fractions import Fraction

from lxml import etree

from scoreassist.counsel.analyze import Moment, Report, key_sign, moment_of
from scoreassist.counsel.check import Music, read
from scoreassist.errors import RequestError
from scoreassist.files.document import Score
from scoreassist.score.events import Event
from scoreassist.score.singers import Singer
from scoreassist.theory.chords import QUALITIES, Chord
from scoreassist.writing.pen import spelled
from scoreassist.writing.stems import head_of, insert_child, remove

HARMONY, NUMERALS, BOTH = "harmony", "numerals", "both"
WAYS = (HARMONY, NUMERALS, BOTH)

VERSE = "Roman numerals"  # name of the verse

# How chord symbols are printed behind their root.
SYMBOLS = {
    "major": "",
    "minor": "m",
    "diminished": "°",
    "augmented": "+",
    "dominant seventh": "7",
    "major seventh": "maj7",
    "minor seventh": "m7",
    "half-diminished seventh": "ø7",
    "diminished seventh": "°7",
}


def written(report: Report, what: str = BOTH, *, force: bool = False) -> Score:
    """The score with its analysis in it; nothing else differs.

    Parameters
    ----------
    report : Report
    what : ``harmony``, ``numerals`` or ``both``
        Chord symbols above the top staff, or numerals as a further verse of the lowest voice.
    force : bool
        Whether chord symbols that are there already give way.

    Raises
    ------
    RequestError
        There are no chords; or chord symbols, and no force.
    """
    if what not in WAYS:
        raise RequestError(f"cannot write '{what}'; use {', '.join(WAYS)}")
    score = report.music.timeline.score
    if report.one_voice:
        raise RequestError("one voice only: there are no chords to write", source=score.name)
    music = read(score.copy())
    if what != NUMERALS:
        _clear(music, force=force)
        _write_symbols(music, report)
    if what != HARMONY:
        _write_numerals(music, report)
    return music.timeline.score


def _clear(music: Music, *, force: bool) -> None:
    given = list(music.timeline.score.root.iter("harmony"))
    if given and not force:
        number = next(given[0].iterancestors("measure")).get("number")
        raise RequestError(
            "has chord symbols already; add --force to replace them, or write the numerals alone",
            source=music.timeline.score.name,
            measure=number,
        )
    for symbol in given:
        remove(symbol)


# --- chord symbols ---------------------------------------------------------------------------------------


def _write_symbols(music: Music, report: Report) -> None:
    top = music.choir.singers[min(music.choir.singers)]
    for chord in report.analysis.chords:
        moment = moment_of(music, chord.first)
        part = top.part.measures[moment.index]
        attributes = part.at(moment.offset)
        place = report.root_of(chord) - attributes.transpose_fifths
        before, at = _event_before(top, part.events, moment)
        symbol = _symbol(chord, place)
        if at != moment.offset:
            late = (moment.offset - at) * attributes.divisions
            etree.SubElement(symbol, "offset").text = str(late if late.denominator == 1 else float(late))
        if top.part.staves > 1:
            etree.SubElement(symbol, "staff").text = str(top.staff)
        _insert(part.element, before, symbol)


def _symbol(chord: Chord, root: int) -> etree._Element:
    """A `<harmony>`; `root` is the written root on the line of fifths."""
    harmony = etree.Element("harmony", placement="above")
    _pitch(harmony, "root", root)
    kind = etree.SubElement(harmony, "kind", text=SYMBOLS[chord.quality])
    kind.text = QUALITIES[chord.quality].kind
    if chord.inversion:
        _pitch(harmony, "bass", root + chord.degree.member_fifths(chord.inversion))
    return harmony


def _pitch(harmony: etree._Element, tag: str, place: int) -> None:
    step, alter = spelled(place)
    pitch = etree.SubElement(harmony, tag)
    etree.SubElement(pitch, f"{tag}-step").text = step
    if alter:
        etree.SubElement(pitch, f"{tag}-alter").text = str(alter)


def _event_before(singer: Singer, others: list[Event], moment: Moment) -> tuple[etree._Element | None, Fraction]:
    """The note in front of which a symbol stands, and its offset: the singer's own, else another of the part."""
    own = singer.measures[moment.index] if moment.index < len(singer.measures) else []
    for events in (own, [e for e in others if e.kind != "grace"]):
        begun = [event for event in events if event.offset <= moment.offset]
        if begun:
            event = max(begun, key=lambda e: e.offset)
            return head_of(event.element), event.offset
    return None, Fraction(0)


def _insert(measure: etree._Element, before: etree._Element | None, child: etree._Element) -> None:
    """Put a child into a measure, on a line of its own if the others are."""
    place = len(measure) if before is None else measure.index(before)
    child.tail = measure[place - 1].tail if place else measure.text
    measure.insert(place, child)


# --- numerals ----------------------------------------------------------------------------------------------


def _write_numerals(music: Music, report: Report) -> None:
    texts: dict[etree._Element, list[str]] = {}
    key = None
    for chord in report.analysis.chords:
        note = _lowest_note(music, moment_of(music, chord.first))
        if note is None:
            continue  # in silence, or in a tuplet finer than the grid
        sign = "" if key == (chord.tonic, chord.minor) else f"{key_sign(report, chord)} "
        key = (chord.tonic, chord.minor)
        texts.setdefault(note, []).append(f"{sign}{chord.numeral}")
    verses = {part.element: _free_verse(part.element) for part in music.timeline.parts}
    for note, words in texts.items():
        part = next(note.iterancestors("part"))
        lyric = etree.Element("lyric", number=str(verses[part]), name=VERSE, placement="below")
        etree.SubElement(lyric, "syllabic").text = "single"
        etree.SubElement(lyric, "text").text = " ".join(words)
        insert_child(note, lyric)


def _lowest_note(music: Music, moment: Moment) -> etree._Element | None:
    """The note of the lowest voice that sounds at a moment."""
    for _, singer in sorted(music.choir.singers.items(), reverse=True):
        for event in singer.measures[moment.index] if moment.index < len(singer.measures) else ():
            if event.kind == "note" and event.offset <= moment.offset < event.end:
                return head_of(event.element)
    return None


def _free_verse(part: etree._Element) -> int:
    """The first verse number behind those that a part has."""
    numbers = [lyric.get("number", "1") for lyric in part.iter("lyric")]
    return max((int(n) if n.isascii() and n.isdigit() else 1 for n in numbers), default=0) + 1
