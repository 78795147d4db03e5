"""Who sings soprano, alto, tenor and bass: from names, staves, clefs, voice numbers and range.

A *singer* is a line of notes in a part: one voice of one staff, or the upper or lower notes of a staff whose
two singers share stems. Rows are tried from the surest sign to the weakest: part names, then the number of
staves, then clef and range.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.score.staves import Staff, read_staves
from scoreassist.score.timeline import Event, Part, Timeline
from scoreassist.score.voice_names import VOICES, is_instrument, named_voices

__all__ = ["SINGABLE", "VOICES", "Choir", "Singer", "find_choir", "named_voices"]

# Lowest and highest pitch that any singer reaches (MIDI): C2 to C7, sopranino descants and whistle tones apart.
SINGABLE = (36, 96)


@dataclass(slots=True)
class Singer:
    """One line of the choir.

    Attributes
    ----------
    voice : int
        0 soprano, 1 alto, 2 tenor, 3 bass.
    part : Part
    staff : int
    number : str
        Voice number in the file; for a line that is not there yet, the one that it will get.
    upper : bool or None
        Of two singers on a staff, the upper (stems up) or lower one; None when alone on the staff.
    measures : list of list of Event
        The singer's own notes and rests, measure by measure (shared stems resolved).
    title : str
        What the line is called if it is no voice of a choir: a hand of a pianist.
    """

    voice: int
    part: Part
    staff: int
    number: str
    upper: bool | None
    measures: list[list[Event]] = field(default_factory=list)
    title: str = ""

    @property
    def name(self) -> str:
        """``Soprano``, ``Alto``, ``Tenor`` or ``Bass``; or the title."""
        return self.title or VOICES[self.voice]

    def stem(self, index: int, event: Event) -> list[Event]:
        """What goes with an event of a measure: the other notes of its chord, if nobody else sings them."""
        if self.upper is not None or event.kind == "rest":
            return [event]
        place = (event.voice, event.offset, event.staff)
        row = self.part.measures[index].events
        return [e for e in row if (e.voice, e.offset, e.staff) == place and e.kind == event.kind] or [event]

    def notes(self) -> list[Event]:
        """All sounding notes."""
        return [e for events in self.measures for e in events if e.kind == "note"]


@dataclass(slots=True)
class Choir:
    """The singers that a score has, by voice index, and how they are laid out.

    Attributes
    ----------
    singers : dict of int to Singer
    layout : str
        ``open`` (a staff each) or ``closed`` (two on a staff).
    """

    singers: dict[int, Singer]
    layout: str

    def written(self) -> Choir:
        """Only the singers that have anything in the score, notes or rests."""
        singers = {voice: singer for voice, singer in self.singers.items() if any(singer.measures)}
        for singer in singers.values():
            beside = [s for s in singers.values() if s.part is singer.part and s.staff == singer.staff]
            if len(beside) == 1:
                singer.upper = None  # alone on the staff, stems are free
        return Choir(singers, self.layout)


def find_choir(timeline: Timeline, given: int | None = None) -> Choir:
    """Say which lines of a score are soprano, alto, tenor and bass.

    Parameters
    ----------
    timeline : Timeline
    given : int, optional
        For a score of a single line: the voice it sings, whatever its clef says.

    Raises
    ------
    UnsupportedError
        Nothing in the score can be sung.
    RequestError
        The score's lines cannot be told apart.
    """
    staves = read_staves(timeline)
    if not staves:
        raise UnsupportedError("has no staff that can be sung; add a melody", source=timeline.score.name)
    named = _colla_parte(staves) or [(staff, named_voices(staff.part.name)) for staff in staves]
    sung = [pair for pair in named if pair[1]]
    choir = _by_names(sung) if len(staves) > 1 or (sung and len(sung[0][1]) == 1) else None
    if choir is None or (len(staves) == 1 and given is not None):
        choir = _by_staves(_choose(staves, timeline), timeline, given)
    elif len(choir.singers) < len(VOICES):
        _add_unnamed(choir, named)
    by_place = {(id(staff.part), staff.number): staff for staff in staves}
    for singer in choir.singers.values():
        _collect(singer, by_place[id(singer.part), singer.staff])
    _check_range(choir, timeline)
    return choir


def _colla_parte(staves: list[Staff]) -> list[tuple[Staff, tuple[int, ...]]]:
    """A whole choir whose names go on with the instruments that double it: ``Soprano Oboe 1``; else nothing."""
    first = [(staff, named_voices((staff.part.name.split() or [""])[0])) for staff in staves]
    single = [voices for _, voices in first if len(voices) == 1]
    return first if sorted(single) == [(0,), (1,), (2,), (3,)] else []


def _by_names(named: list[tuple[Staff, tuple[int, ...]]]) -> Choir | None:
    """Singers by part names; None when names leave it open."""
    singers: dict[int, Singer] = {}
    closed = False
    for staff, voices in named:
        if len(voices) == staff.part.staves > 1:
            voices = voices[staff.number - 1 : staff.number]
        elif len(voices) == 4 and staff.part.staves == 2:
            voices = voices[:2] if staff.number == 1 else voices[2:]
        if len(voices) > 2:
            return None
        if len(voices) == 1:
            # Divisi and doubled parts: the first part of a name sings it.
            singers.setdefault(voices[0], _alone(staff, voices[0]))
        else:
            closed = True
            for singer in _pair(staff, *voices):
                singers.setdefault(singer.voice, singer)
    lone = len(named) == 1  # a melody; its harmony goes on two staves
    return Choir(singers, "closed" if closed or lone else "open") if singers else None


def _add_unnamed(choir: Choir, named: list[tuple[Staff, tuple[int, ...]]]) -> None:
    """Give a choir the lines that no name speaks of, in the voices that the names have left.

    A second voice on a named staff sings what is paired with it. An instrument is one of the lines only where
    it plays the melody above a tenor and a bass.
    """
    for staff, voices in named:
        pair = (0, 1) if voices and voices[0] < 2 else (2, 3)
        if len(voices) == 1 and not set(pair) <= set(choir.singers) and not _take_turns(staff):
            choir.singers.update({singer.voice: singer for singer in _pair(staff, *pair)})
            choir.layout = "closed"
    free = [v for v in range(len(VOICES)) if v not in choir.singers]
    lines = [
        staff
        for place, (staff, voices) in enumerate(named)
        if not voices
        and staff.part.staves == 1
        and (not is_instrument(staff.part.name) or (place == 0 and not {2, 3} & set(free)))
    ]
    lone = all(staff.singers == 1 for staff in lines)
    for place, staff in enumerate(lines):
        pair = (2, 3) if staff.low else (0, 1)
        if lone and len(lines) == len(free):
            new = [_alone(staff, free[place])]
        elif staff.singers == 1:
            # Below a soprano that is named, another treble staff is the alto.
            new = [_alone(staff, staff.voice if staff.voice in free else staff.voice ^ 1)]
        else:
            new = list(_pair(staff, *pair))
        if all(singer.voice in free and singer.voice not in choir.singers for singer in new):
            choir.singers.update({singer.voice: singer for singer in new})


def _take_turns(staff: Staff) -> bool:
    """Whether a staff is sung by one: it has one voice, or another one only where the first has no notes."""
    if len(staff.voices) < 2:
        return True
    singing = [{e.voice for e in row if e.kind == "note"} for row in staff.rows]
    return all(len(voices) < 2 for voices in singing) and len(set().union(*singing)) > 1


def _choose(staves: list[Staff], timeline: Timeline) -> list[Staff]:
    """The staves that sing, where an accompaniment stands beside them."""
    singles = [s for s in staves if s.part.staves == 1]
    if len(staves) == 1 or (len(staves) == 4 and len(singles) in (0, 4)):
        return staves
    with_words = {id(s.part) for s in staves if s.lyrics}
    chosen = [s for s in staves if id(s.part) in with_words]
    if len(staves) == 3 and not singles and sum(staff.singers for staff in staves) in (3, 4):
        return staves  # a choir in one part, or an organ that plays one: two hands and the pedal
    if len(staves) <= 2:
        return chosen if len(chosen) == 1 and len({id(s.part) for s in staves}) > 1 else staves
    if 0 < len(chosen) <= 4:
        return chosen
    if 1 <= len(singles) <= 4:
        return singles
    raise RequestError(
        f"{len(staves)} staves, and no names tell who sings; name the parts Soprano, Alto, Tenor, Bass",
        source=timeline.score.name,
    )


def _by_staves(staves: list[Staff], timeline: Timeline, given: int | None) -> Choir:
    if len(staves) == 4:
        return Choir({v: _alone(staff, v) for v, staff in enumerate(staves)}, "open")
    if len(staves) == 3 and sum(staff.singers for staff in staves) == 4:
        return _from_the_top(staves)
    if len(staves) == 3:
        lowest = 3 if staves[2].low else 2
        return Choir({v: _alone(staff, v) for v, staff in zip((0, 1, lowest), staves, strict=True)}, "open")
    if len(staves) == 2:
        upper, lower = staves
        same_part = upper.part is lower.part
        shared = any(s.singers == 2 for s in staves)
        if same_part or shared or lower.low:
            pairs = [*_pair(upper, 0, 1), *_pair(lower, 2, 3)]
            return Choir({s.voice: s for s in pairs}, "closed")
        return Choir({0: _alone(upper, 0), 1: _alone(lower, 1)}, "open")
    staff = staves[0]
    if staff.singers == 2:
        low = staff.low if given is None else given >= 2
        pairs = [*_pair(staff, *((2, 3) if low else (0, 1)))]
        return Choir({s.voice: s for s in pairs}, "closed")
    voice = staff.voice if given is None else given
    return Choir({voice: _alone(staff, voice)}, "closed")


def _from_the_top(staves: list[Staff]) -> Choir:
    """Four singers on fewer staves, where lines and voices are equally many."""
    singers: list[Singer] = []
    for staff in staves:
        voice = len(singers)
        singers += _pair(staff, voice, voice + 1) if staff.singers == 2 else [_alone(staff, voice)]
    return Choir({singer.voice: singer for singer in singers}, "closed")


def _alone(staff: Staff, voice: int) -> Singer:
    return Singer(voice, staff.part, staff.number, staff.voices[0] if staff.voices else "1", None)


def _pair(staff: Staff, upper: int, lower: int) -> tuple[Singer, Singer]:
    """Two singers of one staff; a voice number that is missing gets the next free one of the part."""
    numbers = list(staff.voices[:2])
    taken = {e.voice for e in staff.part.events()} if len(numbers) < 2 else set()
    lone = len(numbers) == 1 and bool(staff.pitches) and not staff.chords
    while len(numbers) < 2:
        if numbers:
            base = int(numbers[0]) + 1 if numbers[0].isdigit() else 2
        else:
            base = 4 * (staff.number - 1) + 1
        while str(base) in taken or str(base) in numbers:
            base += 1
        numbers.append(str(base))
    if (lone and lower == 3 and staff.voice == 3) or _lies_below(staff, numbers[0], numbers[1]):
        numbers.reverse()  # a line alone on the lower staff is the bass
    return (
        Singer(upper, staff.part, staff.number, numbers[0], True),
        Singer(lower, staff.part, staff.number, numbers[1], False),
    )


def _lies_below(staff: Staff, first: str, second: str) -> bool:
    """Whether the first voice lies below the second in most measures in which both sing.

    Only those count: elsewhere one voice may hold the notes of both singers.
    """
    below = 0
    for row in staff.rows:
        mine, other = (
            [e.midi for e in row if e.voice == number and e.kind == "note" and e.midi is not None]
            for number in (first, second)
        )
        if mine and other:
            one, two = sum(mine) * len(other), sum(other) * len(mine)  # of their means
            below += (one < two) - (one > two)
    return below > 0


def _collect(singer: Singer, staff: Staff) -> None:
    """Fill in a singer's own notes, resolving stems that two singers share."""
    if singer.upper is None:
        singer.measures = [_line(row, singer.number) for row in staff.rows]
        return
    second_voice = len(staff.voices) > 1
    for events in staff.rows:
        own = [e for e in events if e.voice == singer.number]
        others = [e for e in events if e.voice != singer.number]
        shared = any(e.chord for e in events) or (
            staff.chords and not second_voice and any(e.kind == "note" for e in events)
        )
        if own and others:
            beside = _beside(own, others) if staff.chords and not singer.upper else []
            singer.measures.append(_layer([*own, *beside], top=singer.upper))
        else:
            singer.measures.append(_layer((own or others) if shared else own, top=singer.upper))


def _line(events: list[Event], number: str) -> list[Event]:
    """What one sings who has a staff alone: the notes of another voice too, while the own one has none."""
    own = [e for e in events if e.voice == number]
    if len(own) < len(events) and not any(e.kind == "note" for e in own):
        others = [e for e in events if e.voice != number]
        if any(e.kind == "note" for e in others):
            return sorted([*_layer(others, top=True), *own], key=lambda e: e.offset)
    return _layer(own, top=True)


def _beside(own: list[Event], others: list[Event]) -> list[Event]:
    """What the upper voice has where the lower one has nothing: on a staff of chords it is theirs both."""
    return [e for e in others if not any(o.offset < e.end and o.end > e.offset for o in own)]


def _layer(events: list[Event], *, top: bool) -> list[Event]:
    """The highest (or lowest) note of each onset."""
    chosen: dict[tuple[int, int], Event] = {}
    in_order = True
    last: Event | None = None
    for event in events:
        onset = event.offset.as_integer_ratio()
        held = chosen.get(onset)
        if held is None:
            in_order = in_order and (last is None or last.offset < event.offset)
            chosen[onset] = last = event
        elif _outdoes(event, held, top):
            chosen[onset] = event
    layer = list(chosen.values())
    return layer if in_order else sorted(layer, key=lambda e: e.offset)


def _outdoes(event: Event, held: Event, top: bool) -> bool:
    """Whether of two events at one moment this is the one that a singer sings."""
    if (event.kind == "note") != (held.kind == "note"):
        return event.kind == "note"
    if event.midi is None or held.midi is None:
        return held.midi is None
    return event.midi > held.midi if top else event.midi < held.midi


def _check_range(choir: Choir, timeline: Timeline) -> None:
    """Refuse lines that nobody could sing; single notes out of range are the composer's business."""
    low, high = SINGABLE
    for singer in choir.singers.values():
        notes = [(e.midi, e) for e in singer.notes() if e.midi is not None]
        strange = [event for midi, event in notes if not low <= midi <= high]
        if strange and len(strange) * 2 >= len(notes):
            raise UnsupportedError(
                f"{singer.name} lies outside any singer's range in {len(strange)} of {len(notes)} notes (MIDI"
                f" {strange[0].midi}; C2 to C7 is {low} to {high}); transpose it by octaves",
                source=timeline.score.name,
                part=singer.part.id,
                measure=timeline.measures[strange[0].measure].number,
            )
