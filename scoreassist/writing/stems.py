"""Stems and what hangs on them: chords that two singers share, beams between neighbours, words."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from scoreassist.score.timeline import Event

# Children of a <note> in the order of the schema (MusicXML 4.0).
NOTE_ORDER = (
    *("grace", "cue", "chord", "pitch", "unpitched", "rest", "duration", "tie", "instrument"),
    *("footnote", "level", "voice", "type", "dot", "accidental", "time-modification", "stem"),
    *("notehead", "notehead-text", "staff", "beam", "notations", "lyric", "play", "listen"),
)

STEMLESS = ("whole", "breve", "long", "maxima")

# What belongs to a stem, rather than to one of its notes.
_OF_THE_STEM = ("stem", "beam", "lyric")


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
        if note.findtext("type") in STEMLESS:
            return
        stem = etree.Element("stem")
        insert_child(note, stem)
    if stem.text not in ("none", "double", direction):
        stem.text = direction


def is_there(element: etree._Element) -> bool:
    """Whether an element still stands in its measure."""
    return element.getparent() is not None


def chord_of(events: list[Event], element: etree._Element) -> list[etree._Element]:
    """The notes of a chord, this one among them, that are still there; words may stand between them."""
    place = next((i for i, event in enumerate(events) if event.element is element), None)
    if place is None:
        return [element]
    first, last = place, place + 1
    while first and events[first].chord:
        first -= 1
    while last < len(events) and events[last].chord:
        last += 1
    return [event.element for event in events[first:last] if is_there(event.element)]


def head_of(note: etree._Element) -> etree._Element:
    """The note that a chord begins with."""
    while note.find("chord") is not None:
        before = next(note.itersiblings("note", preceding=True), None)
        if before is None:
            break
        note = before
    return note


def leave_chord(note: etree._Element, others: list[etree._Element]) -> None:
    """Take one note out of its chord; beams, words and signs stay with the others."""
    parent, heir = note.getparent(), others[0]
    assert parent is not None
    if note.find("chord") is None and (chord := heir.find("chord")) is not None:
        heir.remove(chord)
        for tag in _OF_THE_STEM:
            if heir.find(tag) is None:
                for child in note.findall(tag):
                    insert_child(heir, child)
        _hand_over_notations(note, heir)
        remove(heir)
        heir.tail = note.tail
        parent.replace(note, heir)  # in front of what stood between them, as the note that left
    else:
        remove(note)


def _hand_over_notations(note: etree._Element, heir: etree._Element) -> None:
    """Slurs, fermatas and articulations; ties are each note's own."""
    for sign in note.findall("notations/*"):
        if sign.tag != "tied":
            append_notation(heir, sign)


def append_notation(note: etree._Element, sign: etree._Element) -> None:
    """Put a sign into a note's notations."""
    notations = note.find("notations")
    if notations is None:
        notations = etree.Element("notations")
        insert_child(note, notations)
    notations.append(sign)


def graces_before(note: etree._Element) -> list[etree._Element]:
    """Grace notes in front of a note, in its voice; the last one first. Words may stand between them."""
    graces = []
    for other in note.itersiblings("note", "backup", "forward", "barline", preceding=True):
        if other.find("grace") is None or other.findtext("voice") != note.findtext("voice"):
            break
        graces.append(other)
    return graces


def unbeam(gone: list[etree._Element]) -> tuple[etree._Element | None, etree._Element | None]:
    """Given notes on either side of those that will go are no longer beamed to them.

    Returns
    -------
    before, behind : elements or None
        The notes next to them that were, and may be joined by `join_beams` to those that take their place.
    """
    before = _was_beamed(gone[0], gone, ("begin", "continue"), forwards=False)
    behind = _was_beamed(gone[-1], gone, ("continue", "end"), forwards=True)
    if (note := _next_sounding(gone[0], gone, forwards=False)) is not None:
        _mend(note, {"begin": None, "continue": "end", "forward hook": "backward hook"}, "backward hook")
    if (note := _next_sounding(gone[-1], gone, forwards=True)) is not None:
        _mend(note, {"end": None, "continue": "begin", "backward hook": "forward hook"}, "forward hook")
    return before, behind


def _was_beamed(
    note: etree._Element, gone: list[etree._Element], signs: tuple[str, str], *, forwards: bool
) -> etree._Element | None:
    """What comes next to a note, if its first beam goes on there."""
    other = next(_neighbours(note, gone, forwards=forwards), None)
    return other if other is not None and other.findtext("beam") in signs else None


def _next_sounding(note: etree._Element, gone: list[etree._Element], *, forwards: bool) -> etree._Element | None:
    """The note to which one may be beamed: next to it in the voice, also over rests and over a barline."""
    within = _neighbours(note, gone, forwards=forwards)
    beyond = _over_the_barline(note, gone, forwards=forwards)
    return next((other for row in (within, beyond) for other in row if other.find("rest") is None), None)


def _over_the_barline(
    note: etree._Element, gone: list[etree._Element], *, forwards: bool
) -> Iterator[etree._Element]:
    """The notes of the same voice and staff in the next (or the last) measure, the nearest one first."""
    lost = next((e for e in gone if e.tag == "note"), None)
    measure = note.getparent()
    if lost is None or measure is None:
        return
    beyond = next(measure.itersiblings("measure", preceding=not forwards), None)
    notes = [] if beyond is None else beyond.findall("note")
    for other in notes if forwards else reversed(notes):
        if _is_head(other) and _same_voice(other, lost, same_staff=True):
            yield other


def _same_voice(one: etree._Element, other: etree._Element, *, same_staff: bool) -> bool:
    (staff, voice), (other_staff, other_voice) = line_of(one), line_of(other)
    return voice == other_voice and (staff == other_staff or not same_staff)


def _is_head(note: etree._Element) -> bool:
    return note.find("chord") is None and note.find("grace") is None


def line_of(note: etree._Element) -> tuple[str, str]:
    """Staff and voice."""
    return note.findtext("staff", "1").strip(), note.findtext("voice", "1").strip()


# How many beams a value has.
_BEAMS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5, "256th": 6}

# What a beam becomes where it goes on to the right, and to the left; no beam yet is None.
_ON_TO_THE_RIGHT = {None: "begin", "end": "continue", "forward hook": "begin", "backward hook": "begin"}
_ON_TO_THE_LEFT = {None: "end", "begin": "continue", "forward hook": "end", "backward hook": "end"}


def join_beams(left: etree._Element, right: etree._Element) -> None:
    """Beam two neighbouring notes, and thereby their groups, if both have flags."""
    depths = [
        _BEAMS.get(note.findtext("type", ""), 0) if note.find("pitch") is not None else 0 for note in (left, right)
    ]
    for level in range(1, max(depths) + 1 if min(depths) else 1):
        both = level <= min(depths)
        if level <= depths[0]:
            _set_beam(left, level, _ON_TO_THE_RIGHT if both else {None: "forward hook"})
        if level <= depths[1]:
            _set_beam(right, level, _ON_TO_THE_LEFT if both else {None: "backward hook"})


def _set_beam(note: etree._Element, level: int, changes: dict[str | None, str]) -> None:
    """Change one beam of a note, or give it one."""
    beam = next((beam for beam in note.findall("beam") if beam.get("number", "1") == str(level)), None)
    change = changes.get(None if beam is None else beam.text)
    if change is None:
        return
    if beam is None:
        beam = etree.Element("beam", number=str(level))
        insert_child(note, beam)
    beam.text = change


def _neighbours(note: etree._Element, gone: list[etree._Element], *, forwards: bool) -> Iterator[etree._Element]:
    """The notes of the same voice that follow (or precede) in the measure, one of each chord.

    A voice may cross to another staff; behind a `<backup>` its number there is another voice's.
    """
    lost = next((e for e in gone if e.tag == "note"), None)
    if lost is None:
        return
    apart = False
    for other in note.itersiblings("note", "backup", preceding=not forwards):
        if other.tag == "backup":
            apart = True
        elif _is_head(other) and _same_voice(other, lost, same_staff=apart):
            yield other


def _mend(note: etree._Element, changes: dict[str, str | None], hook: str) -> None:
    """Change a note's beams; without its first beam it has none, and a second one without partner is a hook."""
    for beam in note.findall("beam"):
        text = beam.text or ""
        if text not in changes:
            continue
        change = changes[text] or (None if beam.get("number", "1") == "1" else hook)
        if change is not None:
            beam.text = change
        else:
            for other in note.findall("beam"):
                note.remove(other)
            return


def remove_notation(sign: etree._Element) -> None:
    """Take a sign out of a note, and the notations that held it if they are then empty."""
    parent = sign.getparent()
    assert parent is not None
    parent.remove(sign)
    if parent.tag != "note" and len(parent) == 0:
        remove_notation(parent)


def remove(element: etree._Element) -> None:
    """Remove an element with its line."""
    parent, before = element.getparent(), element.getprevious()
    assert parent is not None
    if element.getnext() is None:
        if before is not None:
            before.tail = element.tail
        else:
            parent.text = element.tail
    parent.remove(element)
