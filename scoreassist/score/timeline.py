"""Where every note of a document stands in time, as exact fractions of a quarter.

Measures of all parts are lined up by their order. A measure lasts as long as the longest part makes it last;
where no part holds anything, as long as its time signature says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from lxml import etree

from scoreassist.errors import UnsupportedError
from scoreassist.score.document import Score
from scoreassist.score.metre import COMMON_TIME, Metre

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ZERO = Fraction(0)

# Limits in quarters; Mahler's Eighth, a long symphony, lasts some 7000.
LONGEST_MEASURE, LONGEST_SCORE = 4096, 65536
MOST_BEATS, FINEST_BEAT = 128, 256

_DECIMAL = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})")


def decimal(text: str | None) -> Fraction:
    """A number as MusicXML writes it; nothing is 0.

    Raises
    ------
    ValueError
        It is none.
    """
    text = (text or "0").strip()
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"'{text}' is not a number")
    return Fraction(text)


@dataclass(frozen=True, slots=True)
class Attributes:
    """What `<attributes>` have set for a part at some moment.

    Attributes
    ----------
    divisions : int
        Units of `<duration>` in a quarter.
    fifths : int
        Written key signature, sharps positive.
    metre : Metre or None
        None without time signature (senza misura).
    clefs : tuple of (staff, sign, line, octave change)
    transpose : int
        Semitones from written to sounding pitch.
    transpose_fifths : int
        The same transposition on the line of fifths (B flat clarinet: -2).
    """

    divisions: int = 1
    fifths: int = 0
    metre: Metre | None = COMMON_TIME
    clefs: tuple[tuple[int, str, int, int], ...] = ()
    transpose: int = 0
    transpose_fifths: int = 0

    def clef(self, staff: int) -> tuple[str, int, int] | None:
        """Sign, line and octave change of a staff's clef, None if it has none."""
        for number, sign, line, octave in self.clefs:
            if number == staff:
                return sign, line, octave
        return None

    @property
    def concert_fifths(self) -> int:
        """Key signature at sounding pitch."""
        return self.fifths + self.transpose_fifths


@dataclass(slots=True)
class Event:
    """One `<note>` in time.

    Attributes
    ----------
    element : lxml.etree._Element
    kind : str
        ``note``, ``rest``, ``grace``, ``cue`` or ``unpitched``.
    measure : int
        Index of the measure.
    offset, duration : Fraction
        Quarters from the start of the measure; duration 0 for grace notes.
    voice : str
    staff : int
    midi : int or None
        Sounding pitch.
    chord : bool
        Whether the note shares its onset with the one before it.
    tied_from, tied_to : bool
        Whether a tie ends, begins here.
    """

    element: etree._Element
    kind: str
    measure: int
    offset: Fraction
    duration: Fraction
    voice: str
    staff: int
    midi: int | None = None
    chord: bool = False
    tied_from: bool = False
    tied_to: bool = False
    fermata: bool = False

    @property
    def end(self) -> Fraction:
        """Offset of the end within the measure, in quarters."""
        return self.offset + self.duration


@dataclass(slots=True)
class PartMeasure:
    """One `<measure>` of one part: its element, its notes, and the attributes in force at its start and end.

    Attributes
    ----------
    changes : tuple of (offset, Attributes)
        What is set after the start of the measure, in order of time; offsets in quarters.
    """

    element: etree._Element
    events: list[Event]
    length: Fraction
    start: Attributes
    end: Attributes
    changes: tuple[tuple[Fraction, Attributes], ...] = ()

    def at(self, offset: Fraction) -> Attributes:
        """The attributes in force at a moment, in quarters from the start of the measure."""
        return next((then for when, then in reversed(self.changes) if when <= offset), self.start)


@dataclass(slots=True)
class Part:
    """One `<part>`: id, printed name, number of staves, measures."""

    element: etree._Element
    id: str
    name: str
    staves: int
    measures: list[PartMeasure]

    def events(self) -> Iterator[Event]:
        """All notes in document order."""
        for measure in self.measures:
            yield from measure.events


@dataclass(slots=True)
class Measure:
    """One measure of the whole score.

    Attributes
    ----------
    index : int
    number : str
        As printed.
    onset, length : Fraction
        Quarters.
    metre : Metre or None
    concert_fifths : int
    pickup : Fraction
        Quarters of the metre's full measure that are missing in front.
    keys : tuple of (offset, concert fifths)
        Key signatures that begin after the start of the measure; offsets in quarters.
    """

    index: int
    number: str
    onset: Fraction
    length: Fraction
    metre: Metre | None
    concert_fifths: int
    pickup: Fraction = ZERO
    keys: tuple[tuple[Fraction, int], ...] = ()


@dataclass(slots=True)
class Timeline:
    """The whole score in time."""

    score: Score
    parts: list[Part]
    measures: list[Measure] = field(default_factory=list)


def read_timeline(score: Score) -> Timeline:
    """Find the onset of every note of a score.

    Raises
    ------
    UnsupportedError
        A duration, a divisions or a pitch is not a number, or a measure goes on without end.
    """
    names = {e.get("id"): _part_name(e) for e in score.root.findall("part-list/score-part")}
    parts: list[Part] = []
    for element in score.root.findall("part"):
        part_id = element.get("id") or f"part {len(parts) + 1}"
        if element.find("measure") is None:
            continue
        parts.append(read_part(score.name, element, part_id, names.get(part_id, "")))
    timeline = Timeline(score, parts)
    timeline.measures = _line_up(parts)
    last = timeline.measures[-1]
    if last.onset + last.length > LONGEST_SCORE:
        raise UnsupportedError(
            f"lasts more than {LONGEST_SCORE} quarters; split it into movements", source=score.name
        )
    return timeline


def read_part(source: str, element: etree._Element, part_id: str, name: str) -> Part:
    """Read one `<part>`; see `read_timeline`."""
    reader = _PartReader(source, part_id)
    measures = [reader.read(index, e) for index, e in enumerate(element.findall("measure"))]
    return Part(element, part_id, name, reader.staves, measures)


def _part_name(score_part: etree._Element) -> str:
    display = score_part.find("part-name-display")
    if display is not None and (text := "".join(map(str, display.itertext())).strip()):
        return " ".join(text.split())
    return " ".join((score_part.findtext("part-name") or "").split())


def _line_up(parts: list[Part]) -> list[Measure]:
    measures: list[Measure] = []
    onset = ZERO
    for index in range(max(len(part.measures) for part in parts)):
        row = [part.measures[index] for part in parts if index < len(part.measures)]
        lead = row[0]
        metre = lead.start.metre
        length = max(m.length for m in row)
        full = metre.length if metre else length
        if length == 0:
            length = full
        number, key = lead.element.get("number") or "", lead.start.concert_fifths
        measure = Measure(index, number, onset, length, metre, key, keys=_keys(lead))
        if length < full and _is_upbeat(measure, measures):
            measure.pickup = full - length
        measures.append(measure)
        onset += length
    return measures


def _keys(lead: PartMeasure) -> tuple[tuple[Fraction, int], ...]:
    """Key signatures that begin within a measure."""
    keys, now = [], lead.start.concert_fifths
    for offset, attributes in lead.changes:
        if attributes.concert_fifths != now:
            now = attributes.concert_fifths
            keys.append((offset, now))
    return tuple(keys)


def _is_upbeat(measure: Measure, before: list[Measure]) -> bool:
    """Whether a short measure is the end of a full one: the first, or the second half of a split measure."""
    if not before:
        return True
    last = before[-1]
    if last.metre is None or last.metre != measure.metre or last.pickup:
        return False
    return last.length < last.metre.length and last.length + measure.length == last.metre.length


class _PartReader:
    """Walks one part's measures, carrying the attributes along."""

    def __init__(self, source: str, part_id: str) -> None:
        self.source, self.part_id = source, part_id
        self.now = Attributes()
        self.staves = 1

    def read(self, index: int, element: etree._Element) -> PartMeasure:
        number = element.get("number") or str(index + 1)
        start = self.now
        cursor = previous = length = ZERO
        events: list[Event] = []
        changes: list[tuple[Fraction, Attributes]] = []
        for child in element:
            tag = child.tag
            if tag == "note":
                event = self._note(index, number, child, cursor, previous)
                events.append(event)
                if not event.chord:
                    previous = event.offset
                    cursor += event.duration
                    length = max(length, cursor)
            elif tag == "attributes":
                before = self.now
                self._attributes(child, number)
                if cursor == 0 and not events:
                    start = self.now
                elif self.now != before:
                    changes.append((cursor, self.now))
            elif tag == "backup":
                cursor -= self._duration(child, number)
                if cursor < 0:
                    cursor = ZERO
            elif tag == "forward":
                cursor += self._duration(child, number)
                length = max(length, cursor)
        if length > LONGEST_MEASURE:
            raise self._wrong(f"lasts {float(length):.0f} quarters", number)
        changes.sort(key=lambda change: change[0])
        return PartMeasure(element, events, length, start, self.now, tuple(changes))

    def _note(self, index: int, number: str, note: etree._Element, cursor: Fraction, previous: Fraction) -> Event:
        tags = {child.tag for child in note}
        grace = "grace" in tags
        chord = "chord" in tags
        midi = self._pitch(note, number) if "pitch" in tags else None
        if grace:
            kind = "grace"
        elif "cue" in tags:
            kind = "cue"
        elif "rest" in tags:
            kind = "rest"
        else:
            kind = "note" if midi is not None else "unpitched"
        ties = {tie.get("type") for tie in note.iterfind("tie")}
        staff = note.findtext("staff") or "1"
        return Event(
            element=note,
            kind=kind,
            measure=index,
            offset=previous if chord else cursor,
            duration=ZERO if grace else self._duration(note, number),
            voice=(note.findtext("voice") or "1").strip(),
            staff=int(staff) if staff.strip().isdigit() else 1,
            midi=midi,
            chord=chord,
            tied_from="stop" in ties,
            tied_to="start" in ties,
            fermata=note.find("notations/fermata") is not None,
        )

    def _pitch(self, note: etree._Element, number: str) -> int:
        step = (note.findtext("pitch/step") or "").strip()
        try:
            alter = float(note.findtext("pitch/alter") or 0)
            octave = int(note.findtext("pitch/octave") or "")
            return round(STEPS[step] + alter) + 12 * (octave + 1) + self.now.transpose
        except (KeyError, ValueError) as error:
            raise self._wrong("a pitch is not a step with an octave", number) from error

    def _duration(self, element: etree._Element, number: str) -> Fraction:
        text = element.findtext("duration")
        try:
            duration = decimal(text)
        except ValueError as error:
            raise self._wrong(f"the duration '{text}' is not a number", number) from error
        if duration < 0:
            raise self._wrong(f"the duration '{text}' is negative", number)
        return duration / self.now.divisions

    def _attributes(self, element: etree._Element, number: str) -> None:
        now = self.now
        divisions, fifths, metre = now.divisions, now.fifths, now.metre
        clefs = {c[0]: c for c in now.clefs}
        transpose, transpose_fifths = now.transpose, now.transpose_fifths
        for child in element:
            try:
                if child.tag == "divisions":
                    divisions = int(decimal(child.text))
                    if divisions < 1:
                        raise ValueError
                elif child.tag == "key" and child.get("number") in (None, "1"):
                    fifths = int(child.findtext("fifths") or 0)
                elif child.tag == "time" and child.get("number") in (None, "1"):
                    metre = _metre(child)
                elif child.tag == "staves":
                    self.staves = max(self.staves, int(child.text or 1))
                elif child.tag == "clef":
                    staff = int(child.get("number") or 1)
                    octave = int(child.findtext("clef-octave-change") or 0)
                    sign = (child.findtext("sign") or "G").strip()
                    line = int(child.findtext("line") or {"F": 4, "C": 3}.get(sign, 2))
                    clefs[staff] = (staff, sign, line, octave)
                elif child.tag == "transpose" and child.get("number") in (None, "1"):
                    chromatic = int(float(child.findtext("chromatic") or 0))
                    diatonic = int(child.findtext("diatonic") or round(chromatic * 7 / 12))
                    octaves = int(child.findtext("octave-change") or 0)
                    transpose = chromatic + 12 * octaves
                    # An interval of d steps and c semitones is 7c - 12d fifths.
                    transpose_fifths = 7 * chromatic - 12 * diatonic
            except (ValueError, ZeroDivisionError) as error:
                raise self._wrong(f"<{child.tag}> holds no usable number", number) from error
        self.now = Attributes(divisions, fifths, metre, tuple(clefs.values()), transpose, transpose_fifths)

    def _wrong(self, what: str, number: str) -> UnsupportedError:
        return UnsupportedError(
            f"{what}; correct it in a notation program and export again",
            source=self.source,
            part=self.part_id,
            measure=number,
        )


def _metre(time: etree._Element) -> Metre | None:
    if time.find("senza-misura") is not None:
        return None
    pairs = list(zip(time.findall("beats"), time.findall("beat-type"), strict=False))
    if not pairs:
        return None
    finest = max(int(beat_type.text or 4) for _, beat_type in pairs)
    groups: list[int] = []
    for beats, beat_type in pairs:
        scale = finest // int(beat_type.text or 4)
        groups += [int(group) * scale for group in (beats.text or "4").split("+")]
    if min(groups) < 1 or sum(groups) > MOST_BEATS or finest > FINEST_BEAT:
        raise ValueError("a time signature without beats, or with too many")
    return Metre(tuple(groups), finest)
