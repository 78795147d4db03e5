"""Stems and what hangs on them: chords that two singers share, beams between neighbours, words."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from scoreassist.score.singers import Singer

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


def leave_chord(note: etree._Element) -> None:
    """Take one note out of its chord; beams, words and signs stay with the others."""
    parent = note.getparent()
    heir = note.getnext()
    assert parent is not None
    if note.find("chord") is None and heir is not None and (chord := heir.find("chord")) is not None:
        heir.remove(chord)
        for tag in _OF_THE_STEM:
            if heir.find(tag) is None:
                for child in note.findall(tag):
                    insert_child(heir, child)
        _hand_over_notations(note, heir)
    parent.remove(note)


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
    """Grace notes that stand right in front of a note, in its voice."""
    graces = []
    for other in note.itersiblings(preceding=True):
        if other.tag != "note" or other.find("grace") is None or other.findtext("voice") != note.findtext("voice"):
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
    if (note := next(_sounding(_neighbours(gone[0], gone, forwards=False)), None)) is not None:
        _mend(note, {"begin": None, "continue": "end", "forward hook": "backward hook"}, "backward hook")
    if (note := next(_sounding(_neighbours(gone[-1], gone, forwards=True)), None)) is not None:
        _mend(note, {"end": None, "continue": "begin", "backward hook": "forward hook"}, "forward hook")
    return before, behind


def _was_beamed(
    note: etree._Element, gone: list[etree._Element], signs: tuple[str, str], *, forwards: bool
) -> etree._Element | None:
    """What comes next to a note, if its first beam goes on there."""
    other = next(_neighbours(note, gone, forwards=forwards), None)
    return other if other is not None and other.findtext("beam") in signs else None


def _sounding(notes: Iterator[etree._Element]) -> Iterator[etree._Element]:
    return (note for note in notes if note.find("rest") is None)


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
    """The notes of the same voice that follow (or precede) in the measure, one of each chord."""
    voice = next((e.findtext("voice") for e in gone if e.tag == "note"), None)
    for other in note.itersiblings("note", preceding=not forwards):
        if other.findtext("voice") == voice and other.find("chord") is None and other.find("grace") is None:
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


# Notations that begin on one note and end on another.
_PAIRED = ("slur", "glissando", "slide", "tuplet", "tremolo", "wavy-line")


def loose_ends(singer: Singer) -> list[etree._Element]:
    """Ends of slurs, and of whatever else joins two notes, in a singer's voice whose other end is not there."""
    begun: dict[tuple[str, str], etree._Element] = {}
    loose = []
    for note in singer.part.element.iterfind("measure/note"):
        if (note.findtext("voice") or "1").strip() != singer.number:
            continue
        for sign in note.iterfind("notations//*[@type]"):
            place = str(sign.tag), sign.get("number") or "1"
            if place[0] not in _PAIRED:
                continue
            if sign.get("type") == "start":
                if place in begun:
                    loose.append(begun[place])
                begun[place] = sign
            elif sign.get("type") == "stop":
                if place not in begun:
                    loose.append(sign)
                begun.pop(place, None)
    return loose + list(begun.values())


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
