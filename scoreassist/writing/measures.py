"""New notes put into measures so that nothing else moves.

Notes replace the rests (or notes) of their own voice in place; where the voice has nothing in the measure, they
are appended behind a `<backup>`. The only marks on given notes that may change are those that a copyist must
change when a second voice joins a staff: stem directions, and accidentals that the new notes make necessary.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import Singer
from scoreassist.score.timeline import Event, Measure, PartMeasure, decimal
from scoreassist.writing.pen import NewNote, Pen, Placed
from scoreassist.writing.stems import (
    chord_of,
    graces_before,
    is_there,
    join_beams,
    leave_chord,
    remove,
    set_stem,
    unbeam,
)


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
        self.pen = Pen(singer, part_measure, measure, divisions)
        self._lengths = {event.element: event.duration for event in part_measure.events}

    def write(self, start: int, end: int, notes: list[NewNote]) -> list[Placed]:
        """Put notes that fill the ticks from `start` to `end` in place of what the singer has there."""
        begin, finish = Fraction(start, TICKS_PER_QUARTER), Fraction(end, TICKS_PER_QUARTER)
        if not self._anything_new(begin, finish, notes):
            return []
        replaced = [e for e in self.events if e.offset < finish and e.end > begin and is_there(e.element)]
        given = [e for e in replaced if e.element in self.kept]
        own = self._with_pauses([e for e in replaced if e.element not in self.kept], begin, finish)
        # Where the lower singer of a staff rests together with the upper one, the rest of that stands for both.
        lower = self.singer.upper is False
        shared = [n for n in notes if lower and n.midi is None and not self._partner_sings(n)]
        notes = self._with_rests_left_over(own, begin, finish, notes)
        placed = self.pen.elements(notes, shared)
        first, last = placed[0], placed[-1]
        end_of_notes = last.offset + Fraction(last.note.ticks, TICKS_PER_QUARTER)
        if not given and self._is_run(own, first.offset, end_of_notes):
            self._put_in_place(own, placed)
        else:
            self._take_out(own)
            self._leave_to_partner(begin, finish)
            self._append(placed)
            self._shorten_moves()
        self.events = [e for e in self.events if e not in own] + [self._event(item) for item in placed]
        return placed

    def rest(self) -> None:
        """Write rests for the whole measure, in which the singer has nothing yet; none if it is off the grid."""
        ticks = self.measure.length * TICKS_PER_QUARTER
        if ticks and ticks.denominator == 1:
            self._append(self.pen.elements([NewNote(0, int(ticks))]))

    def _with_pauses(self, own: list[Event], begin: Fraction, finish: Fraction) -> list[Event]:
        """Notes and rests, with each `<forward>` that is time of their voice: by its number, or beside one."""
        beside = {e.element.getprevious() for e in own} | {e.element.getnext() for e in own}
        pauses = [
            Event(child, "rest", self.measure.index, onset, end - onset, self.singer.number, self.singer.staff)
            for child, onset, end in self._children()
            if child.tag == "forward" and begin <= onset < end <= finish and self._is_own(child, child in beside)
            and not any(e.offset < end and e.end > onset for e in own)
        ]  # fmt: skip
        return sorted([*own, *pauses], key=lambda e: e.offset)

    def _is_own(self, forward: etree._Element, beside: bool) -> bool:
        number, staff = forward.findtext("voice"), forward.findtext("staff", str(self.singer.staff))
        return (
            beside if number is None else (number.strip(), staff) == (self.singer.number, str(self.singer.staff))
        )

    def _partner_sings(self, rest: NewNote) -> bool:
        """Whether the other singer of the staff has a note while this one rests."""
        if self.partner is None:
            return False
        begin, end = (Fraction(tick, TICKS_PER_QUARTER) for tick in (rest.onset, rest.onset + rest.ticks))
        return any(
            onset < end and finish > begin
            for note, onset, finish in self._notes()
            if (note.findtext("voice") or "1").strip() == self.partner.number
        )

    def _notes(self) -> Iterator[tuple[etree._Element, Fraction, Fraction]]:
        """The measure's notes as they stand now, with onset and end in quarters."""
        return (row for row in self._children() if row[0].tag == "note" and row[0].find("pitch") is not None)

    def _children(self) -> Iterator[tuple[etree._Element, Fraction, Fraction]]:
        """What lasts in the measure as it stands now, notes and moves, with onset and end in quarters."""
        cursor = last = Fraction(0)
        for child in self.part_measure.element:
            if child.tag not in ("note", "backup", "forward"):
                continue
            length = self._length(child)
            if child.tag == "backup":
                last, cursor = cursor, max(cursor - length, Fraction(0))
            elif child.find("chord") is None:
                last, cursor = cursor, cursor + length
            yield child, last, last + length

    def _length(self, child: etree._Element) -> Fraction:
        """Quarters that a child of the measure lasts; a note that does not say goes by its value."""
        return self._lengths.get(child, decimal(child.findtext("duration")) / self.divisions)

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

    def _is_run(self, own: list[Event], begin: Fraction, finish: Fraction) -> bool:
        """Whether the notes to be replaced follow one another, all that time, without a gap or a jump."""
        if not own or any(self._shares_stem(e) for e in own):
            return False
        moments = [begin, *(moment for e in own for moment in (e.offset, e.end)), finish]
        if any(left != right for left, right in zip(moments[::2], moments[1::2], strict=True)):
            return False
        parent = self.part_measure.element
        first, last = parent.index(own[0].element), parent.index(own[-1].element)
        among = {e.element for e in own}
        return not any(
            child.tag in ("backup", "forward") and child not in among for child in list(parent)[first:last]
        )

    def _put_in_place(self, run: list[Event], placed: list[Placed]) -> None:
        """Replace a run of notes; directions between them keep their moment in time."""
        parent = self.part_measure.element
        ends = {note: event.end for event in run for note in self._stem(event)}
        heads = [parent.index(note) for note in ends]
        first, last = min(heads), max(heads)
        first = min([first, *(parent.index(grace) for grace in graces_before(parent[first]))])
        before, behind = unbeam(list(parent)[first : last + 1])
        at = run[0].offset
        between: list[tuple[Fraction, etree._Element]] = []
        for child in list(parent)[first : last + 1]:
            if child in ends:
                at = ends[child]
            elif child.tag != "note":
                between.append((at, child))
        tail = parent[last].tail
        for child in list(parent)[first : last + 1]:
            parent.remove(child)
        sequence: list[etree._Element] = []
        for item in placed:
            end = item.offset + Fraction(item.note.ticks, TICKS_PER_QUARTER)
            sequence += [child for when, child in between if when == item.offset]
            sequence += item.elements
            sequence += self._within([row for row in between if item.offset < row[0] < end], end)
            between = [(when, child) for when, child in between if when >= end]
        sequence += [child for _, child in between]
        _insert(parent, first, sequence, tail)
        for left, right in ((before, placed[0].element), (placed[-1].element, behind)):
            if left is not None and right is not None:
                join_beams(left, right)

    def _within(self, signs: list[tuple[Fraction, etree._Element]], end: Fraction) -> Iterator[etree._Element]:
        """Signs at moments within a note that ends there: back to the first of them, and forth to the end.

        MuseScore ignores an `<offset>`, but writes and reads this; and the sign itself stays as it is.
        """
        at = end
        for when, sign in signs:
            if not isinstance(sign.tag, str):  # a comment has no moment
                yield sign
                continue
            if when != at:
                yield self.pen.move("backup", at - when) if when < at else self.pen.move("forward", when - at)
            yield sign
            at = when
        if at != end:
            yield self.pen.move("forward", end - at)

    def _shares_stem(self, event: Event) -> bool:
        """Whether the note hangs on a stem, or stands in a voice, of the other singer's."""
        if self.singer.upper is None:
            return False
        return event.element.findtext("voice", "1").strip() != self.singer.number or any(
            element in self.kept for element in self._stem(event)
        )

    def _stem(self, event: Event) -> list[etree._Element]:
        """The notes of a chord, this one among them, that are still there."""
        return chord_of(self.part_measure.events, event.element)

    def _take_out(self, own: list[Event]) -> None:
        """Remove notes whose time cannot simply be filled; it stays as a `<forward>` where nothing else sounds."""
        parent = self.part_measure.element
        for event in own:
            stem = self._stem(event)
            gone = stem if self.singer.upper is None else [event.element]
            if len(gone) < len(stem):
                leave_chord(event.element, [note for note in stem if note is not event.element])
                continue
            unbeam(stem)
            for grace in graces_before(stem[0]):
                parent.remove(grace)
            gap = self.pen.move("forward", event.duration)
            gap.tail = stem[0].tail
            parent.replace(stem[0], gap)
            for element in stem[1:]:
                remove(element)

    def _leave_to_partner(self, begin: Fraction, finish: Fraction) -> None:
        """What was written as this singer's, and is the other's alone now, gets the other's voice number."""
        if self.partner is None:
            return
        # The voice may stand on the other staff for a moment.
        moments = {event.offset for event in self.part_measure.events if event.element in self.kept}
        for event in self.part_measure.events:
            here = event.staff == self.singer.staff or event.offset in moments
            inside = event.offset < finish and event.end > begin and here
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
        while place and parent[place - 1] in self.pen.moves:  # nothing is left there
            place -= 1
            remove(parent[place])
        cursor = self._final_cursor()
        sequence: list[etree._Element] = []
        begin = placed[0].offset
        if cursor > begin:
            sequence.append(self.pen.move("backup", cursor - begin))
        elif cursor < begin:
            sequence.append(self.pen.move("forward", begin - cursor))
        sequence += [element for item in placed for element in item.elements]
        end = placed[-1].offset + Fraction(placed[-1].note.ticks, TICKS_PER_QUARTER)
        if end < self.measure.length:
            sequence.append(self.pen.pause(self.measure.length - end))
        tail = parent[place - 1].tail if place else parent.text
        if place:
            parent[place - 1].tail = parent.text
        _insert(parent, place, sequence, tail)

    def _shorten_moves(self) -> None:
        """One move of the cursor where there are several at a time, a new one among them."""
        run: list[etree._Element] = []
        for child in [*self.part_measure.element, None]:
            if child is not None and child.tag in ("backup", "forward") and len(child) == 1:
                run.append(child)
                continue
            if len(run) > 1 and not self.pen.moves.isdisjoint(run):
                sizes = [decimal(move.findtext("duration")) * (-1 if move.tag == "backup" else 1) for move in run]
                way = sum(sizes, Fraction(0)) / self.divisions
                for move in run[1:] if way else run:
                    remove(move)
                if way:
                    new = self.pen.move("forward" if way > 0 else "backup", abs(way))
                    new.tail = run[0].tail
                    self.part_measure.element.replace(run[0], new)
            run = []

    def _final_cursor(self) -> Fraction:
        """Where the measure's last element leaves off, in quarters."""
        cursor = Fraction(0)
        for child, onset, end in self._children():
            if child.tag == "backup":
                cursor = max(onset - (end - onset), Fraction(0))
            elif child.find("chord") is None:
                cursor = end
        return cursor


def _insert(parent: etree._Element, place: int, children: list[etree._Element], tail: str | None) -> None:
    """Put children into a measure, each on a line of its own if the others are; `tail` follows the last."""
    for step, child in enumerate(children):
        child.tail = parent.text if step < len(children) - 1 else tail
        parent.insert(place + step, child)
