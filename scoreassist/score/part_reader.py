"""Reads one `<part>`: walks its measures with a cursor, as MusicXML means them, and carries attributes along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from lxml import etree

from scoreassist.errors import UnsupportedError
from scoreassist.score.events import Attributes, Event, Part, PartMeasure
from scoreassist.score.metre import Metre

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ZERO = Fraction(0)

# Limits; Mahler's Eighth, a long symphony, lasts some 7000 quarters.
LONGEST_MEASURE = 1024
MOST_BEATS, FINEST_BEAT = 128, 256
MOST_STAVES, MOST_FIFTHS, MOST_SEMITONES = 64, 14, 240

# Quarters in each note value, for notes that do not say their duration.
_LONGEST_FIRST = "maxima long breve whole half quarter eighth 16th 32nd 64th 128th 256th 512th 1024th"
TYPES = {name: Fraction(32, 2**place) for place, name in enumerate(_LONGEST_FIRST.split())}

_DECIMAL = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})")
_USUAL_LINES = {"F": 4, "C": 3}

# Durations in units of the divisions; whole numbers in nearly every file, and ints are quick.
Units = int | Fraction


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


def read_part(source: str, element: etree._Element, part_id: str, name: str) -> Part:
    """Read one `<part>`.

    Raises
    ------
    UnsupportedError
        A duration, a divisions or a pitch is not a number, or a measure goes on without end.
    """
    reader = _PartReader(source, part_id)
    measures = [reader.read(index, e) for index, e in enumerate(element.findall("measure"))]
    return Part(element, part_id, name, reader.staves, measures)


def moments(measure: PartMeasure) -> Iterator[tuple[Fraction, etree._Element]]:
    """Every child of a measure with the place of the cursor in front of it, in quarters."""
    cursor = ZERO
    divisions = measure.start.divisions
    events = {event.element: event for event in measure.events}
    for child in measure.element:
        yield cursor, child
        if child.tag == "attributes" and child.find("divisions") is not None:
            divisions = int(decimal(child.findtext("divisions")))
        elif child.tag == "backup":
            cursor = max(cursor - decimal(child.findtext("duration")) / divisions, ZERO)
        elif child.tag == "forward":
            cursor += decimal(child.findtext("duration")) / divisions
        elif child.tag == "note":
            event = events.get(child)
            if event is not None and not event.chord:
                cursor = event.end


class _PartReader:
    """Walks one part's measures, carrying the attributes along."""

    def __init__(self, source: str, part_id: str) -> None:
        self.source, self.part_id = source, part_id
        self.now = Attributes()
        self.staves = 1
        self.transpositions: dict[int, tuple[int, int]] = {}  # by staff; 0 is all others
        # A score has thousands of moments, but few different ones.
        self._quarters: dict[Units, Fraction] = {}
        self._pitches: dict[tuple[str | None, ...], int] = {}

    def read(self, index: int, element: etree._Element) -> PartMeasure:
        """One `<measure>`; the attributes that it leaves behind count for the next."""
        number = element.get("number") or str(index + 1)
        start = self.now
        cursor: Units = 0
        longest: Units = 0
        onset = ZERO
        events: list[Event] = []
        changes: list[tuple[Fraction, Attributes]] = []
        for child in element:
            tag = child.tag
            if tag == "note":
                event, units = self._note(index, number, child, cursor, onset)
                events.append(event)
                if not event.chord:
                    onset = event.offset
                    cursor += units
                    if cursor > longest:  # as `max`, for every note of a symphony
                        longest = cursor
            elif tag == "backup":
                cursor = max(cursor - self._units(child, number), 0)
            elif tag == "forward":
                cursor += self._units(child, number)
                longest = max(cursor, longest)
            elif tag == "attributes":
                before = self.now
                self._attributes(child, number)
                if cursor == 0:
                    start = self._from_the_start(start, bool(events))
                elif self.now != before:
                    changes.append((Fraction(cursor) / before.divisions, self.now))
                if self.now.divisions != before.divisions:
                    cursor, longest = (self._rescaled(value, before) for value in (cursor, longest))
        length = self._in_quarters(longest)
        if length > LONGEST_MEASURE:
            raise self._wrong(f"lasts {float(length):.0f} quarters", number)
        changes.sort(key=lambda change: change[0])
        return PartMeasure(element, events, length, start, self.now, tuple(changes))

    def _from_the_start(self, start: Attributes, late: bool) -> Attributes:
        """What counts at the first moment of a measure, also where it is said behind a `<backup>`."""
        now = self.now
        if late and now.divisions != start.divisions:  # the notes in front of it have been counted otherwise
            return start
        return now

    def _rescaled(self, units: Units, before: Attributes) -> Units:
        scaled = Fraction(units) * self.now.divisions / before.divisions
        return scaled.numerator if scaled.denominator == 1 else scaled

    def _in_quarters(self, units: Units) -> Fraction:
        quarters = self._quarters.get(units)
        if quarters is None:
            quarters = self._quarters[units] = Fraction(units) / self.now.divisions
        return quarters

    def _note(
        self, index: int, number: str, note: etree._Element, cursor: Units, onset: Fraction
    ) -> tuple[Event, Units]:
        """A `<note>` that stands at the cursor, or with the one before at its onset; and how long it lasts."""
        fields = {child.tag: child for child in note}
        midi = self._pitch(fields["pitch"], number) if "pitch" in fields else None
        units: Units = 0
        if "grace" in fields:
            kind = "grace"
        else:
            kind = "cue" if "cue" in fields else "rest" if "rest" in fields else "note"
            if kind == "note" and midi is None:
                kind = "unpitched"
            units = self._units(note, number, fields.get("duration"))
        chord = "chord" in fields
        voice, staff = fields.get("voice"), fields.get("staff")
        event = Event(
            note,
            kind,
            index,
            onset if chord else self._in_quarters(cursor),
            self._in_quarters(units),
            "1" if voice is None else (voice.text or "1").strip(),
            _staff_number(staff),
            midi,
            chord,
        )
        if "notations" in fields:
            signs = {sign.tag for notations in note.iterfind("notations") for sign in notations}
            event.fermata = "fermata" in signs
            if "tie" in fields or "tied" in signs:
                _tie(event)
        elif "tie" in fields:
            _tie(event)
        if note.get("print-object") == "no":
            event.hidden = True
        if self.staves < event.staff <= MOST_STAVES:  # some files forget to say how many staves they use
            self.staves = event.staff
        return event, units

    def _pitch(self, pitch: etree._Element, number: str) -> int:
        """Sounding MIDI number."""
        texts = {child.tag: child.text for child in pitch}
        written = texts.get("step"), texts.get("alter"), texts.get("octave")
        midi = self._pitches.get(written)
        if midi is None:
            step, alter, octave = written
            try:
                midi = round(STEPS[(step or "").strip()] + float(alter or 0)) + 12 * (int(octave or "") + 1)
                _within(MOST_SEMITONES, midi)
            except (KeyError, ValueError, OverflowError) as error:
                raise self._wrong("a pitch is not a step with an octave", number) from error
            self._pitches[written] = midi
        return midi + self.now.transpose

    def _units(self, element: etree._Element, number: str, duration: etree._Element | None = None) -> Units:
        """How long a note, backup or forward lasts."""
        if duration is None:
            duration = element.find("duration")
        if duration is None:
            return self._by_type(element)
        text = duration.text or "0"
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
        try:
            units = decimal(text)
        except ValueError as error:
            raise self._wrong(f"the duration '{duration.text}' is not a number", number) from error
        if units < 0:
            raise self._wrong(f"the duration '{duration.text}' is negative", number)
        return units.numerator if units.denominator == 1 else units

    def _by_type(self, note: etree._Element) -> Units:
        """How long a note without duration lasts by its value; a full-measure rest as the metre says."""
        value = TYPES.get((note.findtext("type") or "").strip())
        if value is None:
            whole = note.find("rest[@measure='yes']") is not None and self.now.metre is not None
            length = self.now.metre.length if whole and self.now.metre else ZERO
        else:
            length = value * (2 - Fraction(1, 2 ** len(note.findall("dot"))))
            actual = decimal(note.findtext("time-modification/actual-notes") or "1")
            length = length * decimal(note.findtext("time-modification/normal-notes") or "1") / (actual or 1)
        units = length * self.now.divisions
        return units.numerator if units.denominator == 1 else units

    def _attributes(self, element: etree._Element, number: str) -> None:
        now = self.now
        divisions, fifths, metre, other = now.divisions, now.fifths, now.metre, now.other_metre
        clefs = {c[0]: c for c in now.clefs}
        own_fifths = dict(now.staff_fifths)
        for child in element:
            try:
                if child.tag == "divisions":
                    divisions = int(decimal(child.text))
                    if divisions < 1:
                        raise ValueError
                elif child.tag == "key":
                    fifths = _keys(child, fifths, own_fifths)
                elif child.tag == "time" and child.get("number") in (None, "1"):
                    metre = _metre(child)
                    interchangeable = child.find("interchangeable")
                    other = None if interchangeable is None else _metre(interchangeable)
                elif child.tag == "staves":
                    self.staves = max(self.staves, _within(MOST_STAVES, int(child.text or 1)))
                elif child.tag == "clef":
                    staff = int(child.get("number") or 1)
                    octave = int(child.findtext("clef-octave-change") or 0)
                    sign = (child.findtext("sign") or "G").strip()
                    line = int(child.findtext("line") or _USUAL_LINES.get(sign, 2))
                    clefs[staff] = (staff, sign, line, octave)
                elif child.tag == "transpose":
                    _transpose(child, self.transpositions)
            except (ValueError, ZeroDivisionError, OverflowError) as error:
                raise self._wrong(f"<{child.tag}> holds no usable number", number) from error
        if divisions != now.divisions:
            self._quarters = {}
        self.now = Attributes(
            divisions,
            fifths,
            metre,
            tuple(clefs.values()),
            *self._transposition(number),
            tuple(own_fifths.items()),
            other,
        )

    def _transposition(self, number: str) -> tuple[int, int]:
        """Semitones and fifths by which all staves of the part transpose."""
        rest = self.transpositions.get(0, (0, 0))
        found = {self.transpositions.get(staff, rest) for staff in range(1, self.staves + 1)}
        if len(found) > 1:
            raise self._wrong(
                "the staves of the part transpose differently", number, "give each a part of its own"
            )
        return found.pop()

    def _wrong(self, what: str, number: str, remedy: str = "correct it") -> UnsupportedError:
        return UnsupportedError(
            f"{what}; {remedy} in a notation program and export again",
            source=self.source,
            part=self.part_id,
            measure=number,
        )


def _within(most: int, number: int) -> int:
    """The number, if it lies within what music has, up or down.

    Raises
    ------
    ValueError
        It does not.
    """
    if abs(number) > most:
        raise ValueError(f"{number} is more than {most}")
    return number


def _staff_number(staff: etree._Element | None) -> int:
    text = "" if staff is None else (staff.text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _tie(event: Event) -> None:
    """Say which ends of ties a note has; some programs write only the sign, and not the sound."""
    ties = {tie.get("type") for tie in event.element.iterfind("tie")}
    ties = ties or {tied.get("type") for tied in event.element.iterfind("notations/tied")}
    event.tied_from, event.tied_to = "stop" in ties, "start" in ties


def _keys(key: etree._Element, fifths: int, own: dict[int, int]) -> int:
    """The first staff's key signature after a `<key>`; those of the other staves go into `own`."""
    new, staff = _within(MOST_FIFTHS, int(key.findtext("fifths") or 0)), int(key.get("number") or 0)
    if staff > 1:
        own[staff] = new
        return fifths
    if staff == 0:
        own.clear()  # it is for all staves
    return new


def _transpose(element: etree._Element, known: dict[int, tuple[int, int]]) -> None:
    """Note by which interval a staff, or without number each of them, transposes from here on."""
    staff = int(element.get("number") or 0)
    if staff == 0:
        known.clear()
    known[staff] = transposition(element)


def transposition(element: etree._Element) -> tuple[int, int]:
    """Semitones and fifths from written to sounding pitch."""
    chromatic = _within(MOST_SEMITONES, int(float(element.findtext("chromatic") or 0)))
    diatonic = _within(MOST_SEMITONES, int(element.findtext("diatonic") or round(chromatic * 7 / 12)))
    octaves = _within(MOST_SEMITONES // 12, int(element.findtext("octave-change") or 0))
    # An interval of d steps and c semitones is 7c - 12d fifths.
    return chromatic + 12 * octaves, 7 * chromatic - 12 * diatonic


def _in_finer_units(beats: int, beat_type: int, scale: int) -> list[int]:
    """A group of beats beside one of a finer unit, which shows each of them: 3/4 beside 3/8 is 2+2+2 eighths."""
    if scale < 2 or beat_type * scale < 8 or beats > MOST_BEATS:
        return [beats * scale]
    in_beat = 3 if beat_type >= 8 and beats % 3 == 0 else 1
    return [in_beat * scale] * (beats // in_beat)


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
        for group in (beats.text or "4").split("+"):
            groups += _in_finer_units(int(group), int(beat_type.text or 4), scale)
    coarsest = min(int(beat_type.text or 4) for _, beat_type in pairs)
    if min(groups) < 1 or sum(groups) > MOST_BEATS or coarsest < 1 or finest > FINEST_BEAT:
        raise ValueError("a time signature without beats, or with too many")
    return Metre(tuple(groups), finest)
