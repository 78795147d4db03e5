"""New notes as elements, put into measures so that nothing else moves.

Notes replace the rests (or notes) of their own voice in place; where the voice has nothing in the measure, they
are appended behind a `<backup>`. The only marks on given notes that may change are those that a copyist must
change when a second voice joins a staff: stem directions, and accidentals that the new notes make necessary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from lxml import etree

from scoreassist.score.metre import COMMON_TIME, TICKS_PER_QUARTER, Metre
from scoreassist.score.notation import VALUES, beams, split
from scoreassist.score.singers import Singer
from scoreassist.score.timeline import Attributes, Event, Measure, PartMeasure

STEP_NAMES = "FCGDAEB"  # on the line of fifths, from -1
ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
# Children of a <note> in the order of the schema (MusicXML 4.0).
NOTE_ORDER = (
    *("grace", "cue", "chord", "pitch", "unpitched", "rest", "duration", "tie", "instrument"),
    *("footnote", "level", "voice", "type", "dot", "accidental", "time-modification", "stem"),
    *("notehead", "notehead-text", "staff", "beam", "notations", "lyric", "play", "listen"),
)


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
    """Writes one singer's new notes into one measure."""

    def __init__(
        self,
        singer: Singer,
        part_measure: PartMeasure,
        measure: Measure,
        events: list[Event],
        divisions: int,
    ) -> None:
        self.singer, self.part_measure, self.measure, self.events = singer, part_measure, measure, events
        self.divisions = divisions
        self.metre: Metre = measure.metre or COMMON_TIME
        self.ticks = int(measure.length * TICKS_PER_QUARTER)
        self.pickup = int(measure.pickup * TICKS_PER_QUARTER)

    def write(self, start: int, end: int, notes: list[NewNote]) -> list[Placed]:
        """Put notes that fill the ticks from `start` to `end` in place of what the singer has there."""
        begin, finish = Fraction(start, TICKS_PER_QUARTER), Fraction(end, TICKS_PER_QUARTER)
        if not self._anything_new(begin, finish, notes):
            return []
        replaced = [e for e in self.events if e.offset < finish and e.end > begin]
        # The lower singer of a staff rests together with the upper one, whose rest stands for both.
        shared = [n for n in notes if n.midi is None] if self.singer.upper is False else []
        notes = self._with_rests_left_over(replaced, begin, finish, notes)
        placed = self._elements(notes, shared)
        run = self._run(replaced)
        if run is not None:
            self._put_in_place(run, placed)
        else:
            self._take_out(replaced)
            self._append(placed)
        return placed

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
            if note.midi is None and note.onset == 0 and note.ticks == self.ticks:
                pieces = [note.ticks]  # a full-measure rest
            else:
                pieces = split(note.onset, note.ticks, self.metre, self.ticks, self.pickup, note.midi is None)
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
        attributes = self.part_measure.start
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
        if self.singer.upper is not None and note.midi is not None:
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

    def _run(self, replaced: list[Event]) -> list[Event] | None:
        """The replaced notes if they follow one another without a gap or a jump, else None."""
        if not replaced or any(self._shares_stem(e) for e in replaced):
            return None
        for before, after in pairwise(replaced):
            if before.end != after.offset:
                return None
        parent = self.part_measure.element
        first, last = parent.index(replaced[0].element), parent.index(replaced[-1].element)
        if any(child.tag in ("backup", "forward") for child in list(parent)[first:last]):
            return None
        return replaced

    def _put_in_place(self, run: list[Event], placed: list[Placed]) -> None:
        """Replace a run of notes; directions between them keep their moment in time."""
        parent = self.part_measure.element
        first, last = parent.index(run[0].element), parent.index(run[-1].element)
        while last + 1 < len(parent) and parent[last + 1].find("chord") is not None:
            last += 1
        while first and parent[first - 1].find("grace") is not None:
            first -= 1
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
                    sequence += [self._move("backup", end - when), child, self._move("forward", end - when)]
            between = [(when, child) for when, child in between if when >= end]
        sequence += [child for _, child in between]
        for place, child in enumerate(sequence):
            child.tail = tail
            parent.insert(first + place, child)

    def _shares_stem(self, event: Event) -> bool:
        """Whether the note hangs on a stem with the other singer's."""
        if self.singer.upper is None:
            return False
        together = [
            e
            for e in self.part_measure.events
            if e.staff == event.staff and e.voice == event.voice and e.offset == event.offset
        ]
        return len(together) > 1 or event.voice != self.singer.number

    def _take_out(self, replaced: list[Event]) -> None:
        """Remove a voice's notes where their time cannot simply be filled: the time stays as a `<forward>`."""
        parent = self.part_measure.element
        for event in replaced:
            following = event.element.getnext()
            if event.chord:
                parent.remove(event.element)
            elif following is not None and (stem := following.find("chord")) is not None:
                following.remove(stem)
                parent.remove(event.element)
            elif event.voice == self.singer.number:
                gap = self._move("forward", event.duration)
                gap.tail = event.element.tail
                parent.replace(event.element, gap)

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
        for step, child in enumerate(sequence):
            child.tail = tail
            parent.insert(place + step, child)

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


def written_pitch(note: NewNote, attributes: Attributes) -> tuple[str, int, int]:
    """Step, alteration and octave as written, for a part that may transpose."""
    assert note.midi is not None
    step, alter = spelled(note.fifth - attributes.transpose_fifths)
    natural = note.midi - attributes.transpose - alter
    return step, alter, natural // 12 - 1


def insert_child(note: etree._Element, child: etree._Element) -> None:
    """Put a child into a `<note>` where the schema wants it, behind its like."""
    rank = NOTE_ORDER.index(str(child.tag))
    place = sum(1 for other in note if other.tag in NOTE_ORDER and NOTE_ORDER.index(other.tag) <= rank)
    child.tail = note[place - 1].tail if place else note.text
    note.insert(place, child)


def set_stem(note: etree._Element, direction: str) -> None:
    """Turn a note's stem, unless it has none on purpose."""
    stem = note.find("stem")
    if stem is None:
        if note.findtext("type") in ("whole", "breve", "long", "maxima"):
            return
        stem = etree.Element("stem")
        insert_child(note, stem)
    if stem.text not in ("none", "double", direction):
        stem.text = direction


def write_accidentals(measure: PartMeasure, staff: int, events: Iterable[Event], new: list[Placed]) -> None:
    """Accidentals of the new notes of a staff's measure, by key signature and what stood before.

    A given note gets one only where a new note before it in the measure changed what it would sound like.
    """
    key = dict.fromkeys(STEP_NAMES, 0)
    fifths = measure.start.fifths
    for place in range(abs(fifths)):  # sharps F C G D A E B, flats the other way round
        key[STEP_NAMES[place % 7 if fifths > 0 else -1 - place % 7]] += 1 if fifths > 0 else -1
    rows: list[tuple[Fraction, int, etree._Element, bool]] = [
        (e.offset, 0, e.element, False) for e in events if e.kind in ("note", "grace", "cue")
    ]
    rows += [(p.offset, 1, p.element, True) for p in new if p.note.midi is not None]
    state: dict[tuple[str, str], tuple[int, bool]] = {}
    for _, _, element, is_new in sorted(rows, key=lambda row: row[:2]):
        step, octave = element.findtext("pitch/step"), element.findtext("pitch/octave")
        if step is None or octave is None:
            continue
        alter = int(float(element.findtext("pitch/alter") or 0))
        now, by_new = state.get((step, octave), (key[step], False))
        continues = any(t.get("type") == "stop" for t in element.iterfind("tie"))
        if continues and (step, octave) not in state:
            continue  # a tie carries its accidental over the barline
        if element.find("accidental") is None and alter != now and (is_new or by_new) and not continues:
            accidental = etree.Element("accidental")
            accidental.text = ACCIDENTALS.get(alter, "natural")
            insert_child(element, accidental)
        state[step, octave] = (alter, is_new)


def _text(parent: etree._Element, tag: str, text: str) -> etree._Element:
    child = etree.SubElement(parent, tag)
    child.text = text
    return child
