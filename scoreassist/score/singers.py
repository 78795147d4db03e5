"""Who sings soprano, alto, tenor and bass: from names, staves, clefs, voice numbers and range.

A *singer* is a line of notes in a part: one voice of one staff, or the upper or lower notes of a staff whose
two singers share stems. Rows are tried from the surest sign to the weakest: part names, then the number of
staves, then clef and range.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.score.timeline import Attributes, Event, Part, Timeline

VOICES = ("Soprano", "Alto", "Tenor", "Bass")

# Lowest and highest pitch that any singer reaches (MIDI): C2 to C7, sopranino descants and whistle tones apart.
SINGABLE = (36, 96)

_NAMES = (
    (
        r"s|so?pr?\.?|sopran|soprán|soprano|sopranos|soprani|soprane|sopraan|sopraano|szoprán|сопрано"
        r"|mezzo-?soprano|mezzo|cantus|discantus|descant|trebles?|dessus|superius|melody|canto|tiple",
        0,
    ),
    (r"a|alt\.?|alto|altos|alti|altus|altto|contralto|contraltos|contralti|haute-?contre|counter-?tenor|альт", 1),
    (r"t|ten\.?|tenor|tenors|tenore|tenores|tenori|tenöre|ténor|ténors|taille|тенор", 2),
    (
        r"b|bas|bass|basses|basso|bassi|bassus|basse|bässe|bajo|bajos|baixo|basszus|бас"
        r"|baritone|baritones|bariton|baritono|barítono|baryton",
        3,
    ),
)
_NAME_ROWS = tuple((re.compile(rf"(?:{pattern})(?:\s*(?:voice|solo|\d+|i+))?"), v) for pattern, v in _NAMES)
_INSTRUMENT = re.compile(
    r"sax|clarinet|klarin|flute|flöte|flaut|recorder|oboe|basso?on|fagott|dulcian|shawm|pommer|krumm|rackett"
    r"|horn|corno|kornett|cornet|zink|trump|trompet|tromb|posaun|tuba|ophicl|serpent|bugle"
    r"|viol|gamba|cello|geige|bratsche|string|double|[ck]ontr[ae]b|upright|lute|laute|harp|zither"
    r"|guitar|gitarr|chitarr|ukulele|banjo|mandol|balalai|acoustic|electric|fretless|slap|e-bass|bass(?=-)|synth"
    r"|piano|organ|orgel|continuo|keyboard|klavier|clav|accord|harmoni|celest|bell|glocken|marimba|phone?\b"
    r"|drum|timpani|pauke|percussion|accomp|reduction|begleit"
)


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
    """

    voice: int
    part: Part
    staff: int
    number: str
    upper: bool | None
    measures: list[list[Event]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """``Soprano``, ``Alto``, ``Tenor`` or ``Bass``."""
        return VOICES[self.voice]

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


@dataclass(slots=True)
class _Staff:
    """One staff and the voices that write on it."""

    part: Part
    number: int
    voices: list[str]
    attributes: Attributes
    pitches: list[int]
    chords: bool
    lyrics: bool

    @property
    def low(self) -> bool:
        """Whether the staff is a low one by its clef, or without clef by its range."""
        clef = self.attributes.clef(self.number)
        if clef is not None:
            return clef[0] == "F" and clef[2] <= 0
        return bool(self.pitches) and statistics.median(self.pitches) < 55

    @property
    def voice(self) -> int:
        """Which one voice the staff's single line is most like, by clef and range."""
        clef = self.attributes.clef(self.number)
        if clef is not None and clef[0] == "G" and clef[2] == -1:
            return 2
        if clef is not None and clef[0] == "C":
            return 2 if clef[1] == 4 else (1 if clef[1] == 3 else 0)
        if self.low:
            return 2 if self.pitches and statistics.median(self.pitches) > 57 else 3
        return 0


def named_voices(name: str) -> tuple[int, ...]:
    """Voices that a part's name speaks of: ``Soprano`` (0,), ``S A`` or ``Soprano/Alto`` (0, 1), ``Flute`` ()."""
    text = name.casefold().strip()
    if not text or _INSTRUMENT.search(text):
        return ()
    whole = [v for pattern, v in _NAME_ROWS if pattern.fullmatch(text)]
    if whole:
        return (whole[0],)
    if re.fullmatch(r"[satb]{2,4}", text):
        words = list(text)
    elif re.search(r"(?<!\w)[^satb\W\d_]\.|a cappella", text):
        return ()  # other single letters: B.C. is a basso continuo
    else:
        words = [w for w in re.split(r"[\s/,&+.]+|\band\b|\bund\b|\bet\b", text) if w]
    found = [v for word in words for pattern, v in _NAME_ROWS if pattern.fullmatch(word)]
    return tuple(sorted(set(found)))


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
    staves = _staves(timeline)
    if not staves:
        raise UnsupportedError("has no staff that can be sung; add a melody", source=timeline.score.name)
    named = _colla_parte(staves) or [(staff, named_voices(staff.part.name)) for staff in staves]
    sung = [pair for pair in named if pair[1]]
    choir = _by_names(sung) if len(staves) > 1 or (sung and len(sung[0][1]) == 1) else None
    if choir is None or (len(staves) == 1 and given is not None):
        choir = _by_staves(_choose(staves, timeline), timeline, given)
    elif len(choir.singers) < len(VOICES):
        _add_unnamed(choir, named)
    for singer in choir.singers.values():
        _collect(singer)
    _check_range(choir, timeline)
    return choir


def _colla_parte(staves: list[_Staff]) -> list[tuple[_Staff, tuple[int, ...]]]:
    """A whole choir whose names go on with the instruments that double it: ``Soprano Oboe 1``; else nothing."""
    first = [(staff, named_voices((staff.part.name.split() or [""])[0])) for staff in staves]
    single = [voices for _, voices in first if len(voices) == 1]
    return first if sorted(single) == [(0,), (1,), (2,), (3,)] else []


def _staves(timeline: Timeline) -> list[_Staff]:
    """Staves that could be sung, from the top; percussion and tablature left out."""
    staves = []
    for part in timeline.parts:
        for number in range(1, part.staves + 1):
            events = [e for e in part.events() if e.staff == number]
            attributes = next((m.start for m in part.measures if m.start.clef(number)), part.measures[0].start)
            clef = attributes.clef(number)
            if clef is not None and clef[0] in ("percussion", "TAB", "jianpu"):
                continue
            if any(e.kind == "unpitched" for e in events):
                continue
            notes = [e for e in events if e.kind == "note"]
            staves.append(
                _Staff(
                    part,
                    number,
                    sorted({e.voice for e in events if e.kind in ("note", "rest")}, key=_voice_order),
                    attributes,
                    [e.midi for e in notes if e.midi is not None],
                    any(e.chord for e in notes),
                    any(e.element.find("lyric") is not None for e in notes),
                )
            )
    return staves


def _voice_order(number: str) -> tuple[int, str]:
    return (int(number), "") if number.isdigit() else (10**6, number)


def _by_names(named: list[tuple[_Staff, tuple[int, ...]]]) -> Choir | None:
    """Singers by part names; None when names leave it open."""
    singers: dict[int, Singer] = {}
    closed = False
    for staff, voices in named:
        if len(voices) == 4 and staff.part.staves == 2:
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


def _add_unnamed(choir: Choir, named: list[tuple[_Staff, tuple[int, ...]]]) -> None:
    """Give a choir the lines that no name speaks of, in the voices that the names have left.

    A second voice on a named staff sings what is paired with it. An instrument is one of the lines only where
    it plays the melody above a tenor and a bass.
    """
    for staff, voices in named:
        pair = (0, 1) if voices and voices[0] < 2 else (2, 3)
        if len(voices) == 1 and len(staff.voices) > 1 and not set(pair) <= set(choir.singers):
            choir.singers.update({singer.voice: singer for singer in _pair(staff, *pair)})
            choir.layout = "closed"
    free = [v for v in range(len(VOICES)) if v not in choir.singers]
    lines = [
        staff
        for place, (staff, voices) in enumerate(named)
        if not voices
        and staff.part.staves == 1
        and (not _INSTRUMENT.search(staff.part.name.casefold()) or (place == 0 and not {2, 3} & set(free)))
    ]
    lone = all(len(staff.voices) < 2 and not staff.chords for staff in lines)
    for place, staff in enumerate(lines):
        pair = (2, 3) if staff.low else (0, 1)
        if lone and len(lines) == len(free):
            new = [_alone(staff, free[place])]
        elif len(staff.voices) < 2 and not staff.chords:
            new = [_alone(staff, staff.voice)]
        else:
            new = list(_pair(staff, *pair))
        if all(singer.voice in free and singer.voice not in choir.singers for singer in new):
            choir.singers.update({singer.voice: singer for singer in new})


def _choose(staves: list[_Staff], timeline: Timeline) -> list[_Staff]:
    """The staves that sing, where an accompaniment stands beside them."""
    singles = [s for s in staves if s.part.staves == 1]
    with_words = {id(s.part) for s in staves if s.lyrics}
    chosen = [s for s in staves if id(s.part) in with_words]
    if len(staves) == 4 and len(singles) in (0, 4):
        return staves
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


def _by_staves(staves: list[_Staff], timeline: Timeline, given: int | None) -> Choir:
    if len(staves) == 4:
        return Choir({v: _alone(staff, v) for v, staff in enumerate(staves)}, "open")
    if len(staves) == 3:
        lowest = 3 if staves[2].low else 2
        return Choir({v: _alone(staff, v) for v, staff in zip((0, 1, lowest), staves, strict=True)}, "open")
    if len(staves) == 2:
        upper, lower = staves
        same_part = upper.part is lower.part
        shared = any(len(s.voices) > 1 or s.chords for s in staves)
        if same_part or shared or lower.low:
            pairs = [*_pair(upper, 0, 1), *_pair(lower, 2, 3)]
            return Choir({s.voice: s for s in pairs}, "closed")
        return Choir({0: _alone(upper, 0), 1: _alone(lower, 1)}, "open")
    staff = staves[0]
    if len(staff.voices) > 1 or staff.chords:
        low = staff.low if given is None else given >= 2
        pairs = [*_pair(staff, *((2, 3) if low else (0, 1)))]
        return Choir({s.voice: s for s in pairs}, "closed")
    voice = staff.voice if given is None else given
    return Choir({voice: _alone(staff, voice)}, "closed")


def _alone(staff: _Staff, voice: int) -> Singer:
    return Singer(voice, staff.part, staff.number, staff.voices[0] if staff.voices else "1", None)


def _pair(staff: _Staff, upper: int, lower: int) -> tuple[Singer, Singer]:
    """Two singers of one staff; a voice number that is missing gets the next free one of the part."""
    numbers = list(staff.voices[:2])
    taken = {e.voice for e in staff.part.events()}
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


def _lies_below(staff: _Staff, first: str, second: str) -> bool:
    """Whether the first voice lies below the second in most measures in which both sing.

    Only those count: elsewhere one voice may hold the notes of both singers.
    """
    below = 0
    for measure in staff.part.measures:
        tops = [
            [e.midi for e in measure.events if (e.staff, e.voice) == (staff.number, number) and e.midi is not None]
            for number in (first, second)
        ]
        if all(tops):
            mine, other = (statistics.mean(pitches) for pitches in tops)
            below += (mine < other) - (mine > other)
    return below > 0


def _collect(singer: Singer) -> None:
    """Fill in a singer's own notes, resolving stems that two singers share."""
    on_staff = [
        [e for e in m.events if e.staff == singer.staff and e.kind in ("note", "rest")]
        for m in singer.part.measures
    ]
    if singer.upper is None:
        pick: Callable[[list[Event]], list[Event]] = _top_line(singer.number)
        singer.measures = [pick(events) for events in on_staff]
        return
    second_voice = len({e.voice for events in on_staff for e in events}) > 1
    chords = any(e.chord for events in on_staff for e in events)
    for events in on_staff:
        own = [e for e in events if e.voice == singer.number]
        others = [e for e in events if e.voice != singer.number]
        shared = any(e.chord for e in events) or (
            chords and not second_voice and any(e.kind == "note" for e in events)
        )
        if own and others:
            beside = _beside(own, others) if chords and not singer.upper else []
            singer.measures.append(_layer([*own, *beside], top=singer.upper))
        else:
            singer.measures.append(_layer((own or others) if shared else own, top=singer.upper))


def _beside(own: list[Event], others: list[Event]) -> list[Event]:
    """What the upper voice has where the lower one has nothing: on a staff of chords it is theirs both."""
    return [e for e in others if not any(o.offset < e.end and o.end > e.offset for o in own)]


def _top_line(number: str) -> Callable[[list[Event]], list[Event]]:
    return lambda events: _layer([e for e in events if e.voice == number], top=True)


def _layer(events: list[Event], *, top: bool) -> list[Event]:
    """The highest (or lowest) note of each onset."""
    chosen: dict[object, Event] = {}
    for event in events:
        held = chosen.get(event.offset)
        if (
            held is None
            or held.midi is None
            or (event.midi is not None and ((event.midi > held.midi) if top else (event.midi < held.midi)))
        ):
            chosen[event.offset] = event
    return sorted(chosen.values(), key=lambda e: e.offset)


def _check_range(choir: Choir, timeline: Timeline) -> None:
    notes = [(s, e) for s in choir.singers.values() for e in s.notes()]
    for singer, event in notes:
        if event.midi is not None and not SINGABLE[0] <= event.midi <= SINGABLE[1]:
            raise UnsupportedError(
                f"{singer.name} has a note outside any singer's range (MIDI {event.midi}, C2 to C7 is"
                f" {SINGABLE[0]} to {SINGABLE[1]}); transpose it by octaves",
                source=timeline.score.name,
                part=singer.part.id,
                measure=timeline.measures[event.measure].number,
            )
