"""New notes as elements, put into measures so that nothing else moves.

Notes replace the rests (or notes) of their own voice in place; where the voice has nothing in the measure, they
are appended behind a `<backup>`. The only marks on given notes that may change are those that a copyist must
change when a second voice joins a staff: stem directions, and accidentals that the new notes make necessary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from scoreassist.score.metre import COMMON_TIME, TICKS_PER_QUARTER, Metre
from scoreassist.score.notation import VALUES, beams, split
from scoreassist.score.singers import Singer
from scoreassist.score.stems import STEMLESS, insert_child, is_there, leave_chord, set_stem, unbeam
from scoreassist.score.timeline import Attributes, Event, Measure, PartMeasure

STEP_NAMES = "FCGDAEB"  # on the line of fifths, from -1
ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}


@dataclass(frozen=True, slots=True)
class NewNote:
    """A note or rest to write.

    Attributes
    ----------
    onset, ticks : int
        Within the measure, in sixteenths.
    midi : int or None
        Sounding pitch; None for a rest.
    fifth : int
        Spelling at sounding pitch on the line of fifths (C 0, G 1, F -1, F sharp 6).
    tied_from, tied_to : bool
        Whether it goes on from the measure before, into the next one.
    fermata : str or None
        ``upright`` or ``inverted``.
    """

    onset: int
    ticks: int
    midi: int | None = None
    fifth: int = 0
    tied_from: bool = False
    tied_to: bool = False
    fermata: str | None = None


def spelled(fifth: int) -> tuple[str, int]:
    """Step and alteration of a place on the line of fifths: 6 is F sharp."""
    return STEP_NAMES[(fifth + 1) % 7], (fifth + 1) // 7


@dataclass(slots=True)
class Placed:
    """A new note's element and where it stands in the measure, in quarters."""

    element: etree._Element
    offset: Fraction
    note: NewNote


class MeasureWriter:
    """Writes one singer's new notes into one measure.

    Parameters
    ----------
    singer, part_measure, measure
    events : list of Event
        What the singer has in the measure.
    divisions : int
        At the start of the measure, as they are now.
    kept : collection of elements, optional
        Notes that the other singer of the staff goes on singing, and rests that stand for that one too.
    partner : Singer, optional
        That other singer.
    """

    def __init__(
        self,
        singer: Singer,
        part_measure: PartMeasure,
        measure: Measure,
        events: list[Event],
        divisions: int,
        kept: Collection[etree._Element] = (),
        partner: Singer | None = None,
    ) -> None:
        self.singer, self.part_measure, self.measure, self.events = singer, part_measure, measure, events
        self.divisions = divisions
        self.kept, self.partner = kept, partner
        self.metre: Metre = measure.metre or COMMON_TIME
        self.ticks = int(measure.length * TICKS_PER_QUARTER)
        self.pickup = int(measure.pickup * TICKS_PER_QUARTER)

    def write(self, start: int, end: int, notes: list[NewNote]) -> list[Placed]:
        """Put notes that fill the ticks from `start` to `end` in place of what the singer has there."""
        begin, finish = Fraction(start, TICKS_PER_QUARTER), Fraction(end, TICKS_PER_QUARTER)
        if not self._anything_new(begin, finish, notes):
            return []
        replaced = [e for e in self.events if e.offset < finish and e.end > begin and is_there(e.element)]
        given = [e for e in replaced if e.element in self.kept]
        own = [e for e in replaced if e.element not in self.kept]
        # The lower singer of a staff rests together with the upper one, whose rest stands for both.
        shared = [n for n in notes if n.midi is None] if self.singer.upper is False else []
        notes = self._with_rests_left_over(own, begin, finish, notes)
        placed = self._elements(notes, shared)
        first, last = placed[0], placed[-1]
        end_of_notes = last.offset + Fraction(last.note.ticks, TICKS_PER_QUARTER)
        if not given and self._is_run(own, first.offset, end_of_notes):
            self._put_in_place(own, placed)
        else:
            self._take_out(own)
            self._leave_to_partner(begin, finish)
            self._append(placed)
        self.events = [e for e in self.events if e not in own] + [self._event(item) for item in placed]
        return placed

    def _event(self, item: Placed) -> Event:
        """What was written, as an event that a later hole may cut: the rest of a rest."""
        length = Fraction(item.note.ticks, TICKS_PER_QUARTER)
        kind = "rest" if item.note.midi is None else "note"
        place = (self.measure.index, item.offset, length, self.singer.number, self.singer.staff)
        return Event(item.element, kind, *place, item.note.midi)

    def _anything_new(self, begin: Fraction, finish: Fraction, notes: list[NewNote]) -> bool:
        """False where silence would replace silence."""
        if any(n.midi is not None for n in notes):
            return True
        old = [e for e in self.events if e.offset < finish and e.end > begin]
        return any(e.kind != "rest" for e in old)

    def _with_rests_left_over(
        self, replaced: list[Event], begin: Fraction, finish: Fraction, notes: list[NewNote]
    ) -> list[NewNote]:
        """The notes, with what remains of rests that reach beyond the hole on either side."""
        front = [e for e in replaced if e.offset < begin]
        behind = [e for e in replaced if e.end > finish]
        result = list(notes)
        if front:
            first = int(front[0].offset * TICKS_PER_QUARTER)
            result.insert(0, NewNote(first, int(begin * TICKS_PER_QUARTER) - first))
        if behind:
            first = int(finish * TICKS_PER_QUARTER)
            result.append(NewNote(first, int(behind[-1].end * TICKS_PER_QUARTER) - first))
        return result

    def _elements(self, notes: list[NewNote], shared: list[NewNote]) -> list[Placed]:
        placed: list[Placed] = []
        for note in notes:
            pieces = note_values(note, self.measure)
            at = note.onset
            for index, ticks in enumerate(pieces):
                first, last = index == 0, index == len(pieces) - 1
                piece = NewNote(
                    at,
                    ticks,
                    note.midi,
                    note.fifth,
                    note.tied_from or not first,
                    note.tied_to or not last,
                    note.fermata if last else None,
                )
                element = self._silence(piece) if note in shared else self._note(piece)
                placed.append(Placed(element, Fraction(at, TICKS_PER_QUARTER), piece))
                at += ticks
        self._beam(placed)
        return placed

    def _silence(self, note: NewNote) -> etree._Element:
        return self._move("forward", Fraction(note.ticks, TICKS_PER_QUARTER))

    def _note(self, note: NewNote) -> etree._Element:
        element = etree.Element("note")
        attributes = self.part_measure.at(Fraction(note.onset, TICKS_PER_QUARTER))
        whole_measure = note.midi is None and note.onset == 0 and note.ticks == self.ticks
        if note.midi is None:
            rest = etree.SubElement(element, "rest")
            if whole_measure:
                rest.set("measure", "yes")
        else:
            pitch = etree.SubElement(element, "pitch")
            step, alter, octave = written_pitch(note, attributes)
            _text(pitch, "step", step)
            if alter:
                _text(pitch, "alter", str(alter))
            _text(pitch, "octave", str(octave))
        _text(element, "duration", str(note.ticks * self.divisions // TICKS_PER_QUARTER))
        if note.midi is not None:
            for kind, on in (("stop", note.tied_from), ("start", note.tied_to)):
                if on:
                    etree.SubElement(element, "tie", type=kind)
        _text(element, "voice", self.singer.number)
        if not whole_measure:
            kind, dots = VALUES[note.ticks]
            _text(element, "type", kind)
            for _ in range(dots):
                etree.SubElement(element, "dot")
        stemless = VALUES[note.ticks][0] in STEMLESS
        if self.singer.upper is not None and note.midi is not None and not stemless:
            _text(element, "stem", "up" if self.singer.upper else "down")
        if self.singer.part.staves > 1:
            _text(element, "staff", str(self.singer.staff))
        if note.midi is not None and (note.tied_from or note.tied_to or note.fermata):
            notations = etree.SubElement(element, "notations")
            for kind, on in (("stop", note.tied_from), ("start", note.tied_to)):
                if on:
                    etree.SubElement(notations, "tied", type=kind)
            if note.fermata:
                etree.SubElement(notations, "fermata", type=note.fermata)
        return element

    def _beam(self, placed: list[Placed]) -> None:
        sounding = [p for p in placed if p.note.midi is not None]
        values = beams([(p.note.onset, p.note.ticks) for p in sounding], self.metre, self.ticks, self.pickup)
        for item, levels in zip(sounding, values, strict=True):
            for number, value in enumerate(levels, 1):
                beam = etree.Element("beam", number=str(number))
                beam.text = value
                insert_child(item.element, beam)

    def _is_run(self, own: list[Event], begin: Fraction, finish: Fraction) -> bool:
        """Whether the notes to be replaced follow one another, all that time, without a gap or a jump."""
        if not own or any(self._shares_stem(e) for e in own):
            return False
        moments = [begin, *(moment for e in own for moment in (e.offset, e.end)), finish]
        if any(left != right for left, right in zip(moments[::2], moments[1::2], strict=True)):
            return False
        parent = self.part_measure.element
        first, last = parent.index(own[0].element), parent.index(own[-1].element)
        return not any(child.tag in ("backup", "forward") for child in list(parent)[first:last])

    def _put_in_place(self, run: list[Event], placed: list[Placed]) -> None:
        """Replace a run of notes; directions between them keep their moment in time."""
        parent = self.part_measure.element
        first, last = parent.index(run[0].element), parent.index(run[-1].element)
        while last + 1 < len(parent) and parent[last + 1].find("chord") is not None:
            last += 1
        while parent[first].find("chord") is not None:
            first -= 1
        while first and parent[first - 1].find("grace") is not None:
            first -= 1
        unbeam(list(parent)[first : last + 1])
        at = run[0].offset
        between: list[tuple[Fraction, etree._Element]] = []
        for child in list(parent)[first : last + 1]:
            if child.tag == "note":
                own = next((e for e in run if e.element is child), None)
                at = own.end if own is not None else at
            else:
                between.append((at, child))
        tail = parent[last].tail
        for child in list(parent)[first : last + 1]:
            parent.remove(child)
        sequence: list[etree._Element] = []
        for item in placed:
            end = item.offset + Fraction(item.note.ticks, TICKS_PER_QUARTER)
            sequence += [child for when, child in between if when == item.offset]
            sequence.append(item.element)
            for when, child in between:
                if item.offset < when < end:
                    back, forth = self._move("backup", end - when), self._move("forward", end - when)
                    sequence += [back, child, forth]
            between = [(when, child) for when, child in between if when >= end]
        sequence += [child for _, child in between]
        _insert(parent, first, sequence, tail)

    def _shares_stem(self, event: Event) -> bool:
        """Whether the note hangs on a stem, or stands in a voice, of the other singer's."""
        if self.singer.upper is None:
            return False
        return event.element.findtext("voice", "1").strip() != self.singer.number or any(
            element in self.kept for element in self._stem(event)
        )

    def _stem(self, event: Event) -> list[etree._Element]:
        """The notes of a chord, this one among them, that are still there."""
        return [
            e.element
            for e in self.part_measure.events
            if (e.staff, e.voice, e.offset, e.kind) == (event.staff, event.voice, event.offset, event.kind)
            and is_there(e.element)
        ] or [event.element]

    def _take_out(self, own: list[Event]) -> None:
        """Remove notes whose time cannot simply be filled; it stays as a `<forward>` where nothing else sounds."""
        parent = self.part_measure.element
        for event in own:
            stem = self._stem(event)
            gone = stem if self.singer.upper is None else [event.element]
            if len(gone) < len(stem):
                leave_chord(event.element)
                continue
            unbeam(stem)
            gap = self._move("forward", event.duration)
            gap.tail = stem[-1].tail
            parent.replace(stem[0], gap)
            for element in stem[1:]:
                parent.remove(element)

    def _leave_to_partner(self, begin: Fraction, finish: Fraction) -> None:
        """What was written as this singer's, and is the other's alone now, gets the other's voice number."""
        if self.partner is None:
            return
        for event in self.part_measure.events:
            inside = event.offset < finish and event.end > begin and event.staff == self.singer.staff
            number = event.element.find("voice")
            if inside and is_there(event.element) and number is not None and number.text == self.singer.number:
                number.text = self.partner.number
                if event.kind == "note":
                    set_stem(event.element, "up" if self.partner.upper else "down")

    def _append(self, placed: list[Placed]) -> None:
        """Write at the end of the measure, behind a `<backup>` to where the notes begin."""
        parent = self.part_measure.element
        place = len(parent)
        while place and parent[place - 1].tag == "barline" and parent[place - 1].get("location") != "left":
            place -= 1
        cursor = self._final_cursor()
        sequence: list[etree._Element] = []
        begin = placed[0].offset
        if cursor > begin:
            sequence.append(self._move("backup", cursor - begin))
        elif cursor < begin:
            sequence.append(self._move("forward", begin - cursor))
        sequence += [item.element for item in placed]
        end = placed[-1].offset + Fraction(placed[-1].note.ticks, TICKS_PER_QUARTER)
        if end < self.measure.length:
            sequence.append(self._move("forward", self.measure.length - end))
        tail = parent[place - 1].tail if place else parent.text
        if place:
            parent[place - 1].tail = parent.text
        _insert(parent, place, sequence, tail)

    def _final_cursor(self) -> Fraction:
        """Where the measure's last element leaves off, in quarters."""
        cursor = Fraction(0)
        for child in self.part_measure.element:
            if child.tag not in ("note", "backup", "forward"):
                continue
            skip = child.find("chord") is not None or child.find("grace") is not None
            length = Fraction(child.findtext("duration") or 0) / self.divisions
            if child.tag == "backup":
                cursor = max(cursor - length, Fraction(0))
            elif child.tag == "forward" or not skip:
                cursor += length
        return cursor

    def _move(self, tag: str, quarters: Fraction) -> etree._Element:
        element = etree.Element(tag)
        _text(element, "duration", str(int(quarters * self.divisions)))
        if tag == "forward":
            _text(element, "voice", self.singer.number)
            if self.singer.part.staves > 1:
                _text(element, "staff", str(self.singer.staff))
        return element


def note_values(note: NewNote, measure: Measure) -> list[int]:
    """Lengths of the tied values in which a note is written, in sixteenths."""
    ticks, pickup = int(measure.length * TICKS_PER_QUARTER), int(measure.pickup * TICKS_PER_QUARTER)
    if note.midi is None and note.onset == 0 and note.ticks == ticks:
        return [ticks]  # a full-measure rest
    return split(note.onset, note.ticks, measure.metre or COMMON_TIME, ticks, pickup, note.midi is None)


def written_pitch(note: NewNote, attributes: Attributes) -> tuple[str, int, int]:
    """Step, alteration and octave as written, for a part that may transpose."""
    assert note.midi is not None
    step, alter = spelled(note.fifth - attributes.transpose_fifths)
    natural = note.midi - attributes.transpose - alter
    return step, alter, natural // 12 - 1


def write_accidentals(measure: PartMeasure, staff: int, events: Iterable[Event], new: list[Placed]) -> None:
    """Accidentals of the new notes of a staff's measure, by key signature and what stood before.

    A given note gets one only where it read right before, and would not any more.

    Parameters
    ----------
    measure : PartMeasure
        As it was before.
    staff : int
    events : iterable of Event
        Those of the measure that are still there.
    new : list of Placed
    """
    given = [(e.offset, 0, e.element) for e in events]
    was = [(e.offset, 0, e.element) for e in measure.events if e.staff == staff]
    now = given + [(p.offset, 1, p.element) for p in new if p.note.midi is not None]
    fifths = measure.start.fifths
    read_right = {element for element, alter, read in _readings(was, fifths) if alter == read}
    read_right |= {p.element for p in new}
    for element, alter, read in _readings(now, fifths):
        if alter != read and element in read_right and element.find("accidental") is None:
            accidental = etree.Element("accidental")
            accidental.text = ACCIDENTALS.get(alter, "natural")
            insert_child(element, accidental)


def _readings(
    rows: list[tuple[Fraction, int, etree._Element]], fifths: int
) -> Iterator[tuple[etree._Element, int, int]]:
    """Each note with its alteration, and the one that key and earlier accidentals of the measure make of it.

    An accidental holds for its step and octave until the barline; a tie carries it over, for its own note. One
    that is printed on a note between this step and the next counts.
    """
    state: dict[tuple[str, str], int] = {}
    for _, _, element in sorted(rows, key=lambda row: row[:2]):
        step, octave = element.findtext("pitch/step"), element.findtext("pitch/octave")
        if step is None or octave is None:
            continue
        alter = round(float(element.findtext("pitch/alter") or 0))
        if element.find("accidental") is None and element.find("tie[@type='stop']") is not None:
            yield element, alter, alter
            continue
        place = STEP_NAMES.index(step) if step in STEP_NAMES else 0
        # Sharps come from the front of the line of fifths, flats from its back.
        in_key = int(place < fifths) if fifths >= 0 else -int(place >= 7 + fifths)
        yield element, alter, state.get((step, octave), in_key)
        if element.find("accidental") is not None:
            state[step, octave] = alter


def _insert(parent: etree._Element, place: int, children: list[etree._Element], tail: str | None) -> None:
    """Put children into a measure, each on a line of its own if the others are; `tail` follows the last."""
    for step, child in enumerate(children):
        child.tail = parent.text if step < len(children) - 1 else tail
        parent.insert(place + step, child)


def _text(parent: etree._Element, tag: str, text: str) -> etree._Element:
    child = etree.SubElement(parent, tag)
    child.text = text
    return child
