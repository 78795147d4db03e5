"""Small scores from lines of text, and lines of text from scores. Nothing here imports scoreassist.

A note is its pitch, a colon and its value: ``c5:q`` is a quarter on C5, ``f#4:e.`` a dotted eighth on F sharp 4::

    c5 bb3 f##4     step, # or b, octave; c4+e4 a chord, in this order
    f#4! f4!        with its sharp (its natural) printed before it
    :w :h :q :e :s  whole, half, quarter, eighth, sixteenth; :h. a dotted half; :e3 a triplet eighth
    c5:q~           tied to the next note; ~c5:q is tied to the note before, where that is in another measure
    c5:q=Love       with a syllable
    r:q   R         a rest; a rest over the full measure
    *c5:q  *R       not printed
    _:q             a <forward>: time in which the voice has nothing
    (d5)            a grace note
    <.../>          MusicXML as it stands
    ;   //          the next voice, on the same or on the next staff: back to the start of the measure
    |               the next measure

The voices of the first staff are 1 and 2, of the second 5 and 6, as notation programs number them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

VALUES = {"w": Fraction(4), "h": Fraction(2), "q": Fraction(1), "e": Fraction(1, 2), "s": Fraction(1, 4)}
TYPES = {"W": "breve", "w": "whole", "h": "half", "q": "quarter", "e": "eighth", "s": "16th"}
FACTORS = {"": Fraction(1), ".": Fraction(3, 2), "3": Fraction(2, 3)}
ALTERS = {"##": 2, "#": 1, "": 0, "b": -1, "bb": -2}
ACCIDENTALS = {2: "double-sharp", 1: "sharp", 0: "natural", -1: "flat", -2: "flat-flat"}
CLEFS = {
    "treble": "<sign>G</sign><line>2</line>",
    "treble8": "<sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change>",
    "soprano": "<sign>C</sign><line>1</line>",
    "alto": "<sign>C</sign><line>3</line>",
    "tenor": "<sign>C</sign><line>4</line>",
    "bass": "<sign>F</sign><line>4</line>",
    "percussion": "<sign>percussion</sign>",
    "TAB": "<sign>TAB</sign><line>5</line>",
}
_TOKEN = re.compile(r"<[^>]*/>|<([\w-]+)[^>]*>.*?</\1>|[^\s<]+", re.DOTALL)
_NOTE = re.compile(
    r"(?P<hidden>\*?)(?P<before>~?)(?P<what>[^:]+):(?P<value>[whqes])(?P<change>[.3]?)(?P<tie>~?)(?:=(?P<text>.+))?"
)
_PITCH = re.compile(r"([a-g])(##|#|bb|b)?(-?\d)(!?)")


@dataclass(frozen=True)
class Staff:
    """A part in shorthand.

    Attributes
    ----------
    music : str
        Measures, as above.
    name : str
    time : str
        Signature of the first measure; ``""`` for none, ``free`` for senza misura.
    key : int
        Sharps of the signature, flats negative.
    clefs : names of clefs, one for each staff; ``""`` for none
    divisions : int
    transpose : str
        What `<transpose>` holds.
    numbers : measure numbers, if they are not 1, 2, 3, ...
    """

    music: str
    name: str = ""
    time: str = "4/4"
    key: int = 0
    clefs: tuple[str, ...] = ("treble",)
    divisions: int = 4
    transpose: str = ""
    numbers: tuple[str, ...] = ()


def score(*parts: Staff | str) -> bytes:
    """A MusicXML document of parts P1, P2, ...; a string stands for a `Staff` in 4/4 and C major."""
    staves = [part if isinstance(part, Staff) else Staff(part) for part in parts]
    rows = "".join(
        f'<score-part id="P{i}"><part-name>{staff.name}</part-name></score-part>'
        for i, staff in enumerate(staves, 1)
    )
    bodies = "".join(f'<part id="P{i}">{_measures(staff)}</part>' for i, staff in enumerate(staves, 1))
    document = f'<score-partwise version="4.0"><part-list>{rows}</part-list>{bodies}</score-partwise>'
    return document.encode()


def _measures(staff: Staff) -> str:
    texts = staff.music.split("|")
    numbers = staff.numbers or tuple(str(i) for i in range(1, len(texts) + 1))
    first = _signatures(staff)
    return "".join(
        f'<measure number="{number}">{"" if i else first}{_measure(text, staff)}</measure>'
        for i, (number, text) in enumerate(zip(numbers, texts, strict=True))
    )


def _signatures(staff: Staff) -> str:
    beats, _, beat_type = staff.time.partition("/")
    time = f"<time><beats>{beats}</beats><beat-type>{beat_type}</beat-type></time>" if beat_type else ""
    time = "<time><senza-misura/></time>" if staff.time == "free" else time
    staves, clefs = "", "".join(f"<clef>{CLEFS[clef]}</clef>" for clef in staff.clefs if clef)
    if len(staff.clefs) > 1:
        staves = f"<staves>{len(staff.clefs)}</staves>"
        clefs = "".join(f'<clef number="{n}">{CLEFS[clef]}</clef>' for n, clef in enumerate(staff.clefs, 1))
    transpose = f"<transpose>{staff.transpose}</transpose>" if staff.transpose else ""
    key = f"<key><fifths>{staff.key}</fifths></key>"
    return (
        f"<attributes><divisions>{staff.divisions}</divisions>{key}{time}{staves}{clefs}{transpose}</attributes>"
    )


def _measure(text: str, staff: Staff) -> str:
    written, back = "", 0
    for number, on_staff in enumerate(text.split("//"), 1):
        for voice, tokens in enumerate(on_staff.split(";"), 4 * (number - 1) + 1):
            if back:
                written += f"<backup><duration>{back}</duration></backup>"
            in_staff = f"<staff>{number}</staff>" if len(staff.clefs) > 1 else ""
            line, length = _line(tokens, f"<voice>{voice}</voice>", in_staff, staff)
            written, back = written + line, length
    return written


def _line(tokens: str, voice: str, in_staff: str, staff: Staff) -> tuple[str, int]:
    """The elements of one voice of a measure, and how long they last, in divisions."""
    written, length, tied = "", 0, False
    for token in (match.group() for match in _TOKEN.finditer(tokens)):
        if token.startswith("<"):
            written += token
        elif token.startswith("("):
            written += f"<note><grace/>{_pitch_xml(token.strip('()'))[0]}{voice}{in_staff}</note>"
        elif token in ("R", "*R"):
            units = _units(_measure_length(staff.time), staff)
            duration = f"<duration>{units}</duration>"
            written += f'{_start(token)}<rest measure="yes"/>{duration}{voice}{in_staff}</note>'
            length += units
        else:
            match = _NOTE.fullmatch(token)
            assert match, f"'{token}' is not a note"
            units = _units(VALUES[match["value"]] * FACTORS[match["change"]], staff)
            written += _note(match, f"<duration>{units}</duration>", voice, in_staff, tied)
            length += units
            tied = bool(match["tie"])
    return written, length


def _note(match: re.Match[str], duration: str, voice: str, in_staff: str, tied: bool) -> str:
    if match["what"] == "_":
        return f"<forward>{duration}</forward>"
    dot = "<dot/>" if match["change"] == "." else ""
    kind = f"<type>{TYPES[match['value']]}</type>{dot}"
    triplet = "<actual-notes>3</actual-notes><normal-notes>2</normal-notes>"
    triplet = f"<time-modification>{triplet}</time-modification>" if match["change"] == "3" else ""
    kinds = ["stop"] * (tied or bool(match["before"])) + ["start"] * bool(match["tie"])
    ties = "".join(f'<tie type="{kind}"/>' for kind in kinds)
    tieds = "".join(f'<tied type="{kind}"/>' for kind in kinds)
    notations = f"<notations>{tieds}</notations>" if tieds else ""
    lyric = f"<lyric><text>{match['text']}</text></lyric>" if match["text"] else ""
    written = ""
    for place, name in enumerate(match["what"].split("+")):
        pitch, accidental = ("<rest/>", "") if name == "r" else _pitch_xml(name)
        chord = "<chord/>" if place else ""
        head = f"{_start(match['hidden'])}{chord}{pitch}{duration}{ties}{voice}{kind}{accidental}{triplet}"
        written += f"{head}{in_staff}{notations}{'' if place else lyric}</note>"
    return written


def _start(token: str) -> str:
    return '<note print-object="no">' if token.startswith("*") else "<note>"


def _measure_length(time: str) -> Fraction:
    beats, _, beat_type = time.partition("/")
    return sum((Fraction(4 * int(group), int(beat_type)) for group in beats.split("+")), Fraction(0))


def _units(length: Fraction, staff: Staff) -> int:
    units = length * staff.divisions
    assert units.denominator == 1, f"{length} quarters cannot be written with {staff.divisions} divisions"
    return int(units)


def _pitch_xml(name: str) -> tuple[str, str]:
    match = _PITCH.fullmatch(name)
    assert match, f"'{name}' is not a pitch"
    step, sign, octave = match.group(1).upper(), match.group(2) or "", match.group(3)
    alter = f"<alter>{ALTERS[sign]}</alter>" if ALTERS[sign] else ""
    accidental = f"<accidental>{ACCIDENTALS[ALTERS[sign]]}</accidental>" if match.group(4) else ""
    return f"<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>", accidental


# --- reading ---------------------------------------------------------------------------------------------


def measure_of(root: etree._Element, number: str | int, part: str = "P1") -> etree._Element:
    """A measure by its number and its part's id."""
    (measure,) = root.xpath(f"part[@id='{part}']/measure[@number='{number}']")
    return measure


def line(measure: etree._Element, voice: str | int = 1) -> str:
    """The notes and forwards of one voice of a measure; values by `<type>`, as a reader of the page sees them."""
    own = [child for child in measure if child.findtext("voice") == str(voice)]
    return " ".join(shorthand(child) for child in own if child.tag in ("note", "forward"))


def sequence(measure: etree._Element) -> str:
    """Everything that a measure holds, in order: notes, moves with their durations, words, other elements."""
    return " ".join(shorthand(child) for child in measure)


def shorthand(child: etree._Element) -> str:
    """One child of a measure; the further notes of a chord begin with ``+``."""
    if child.tag in ("backup", "forward"):
        return f"{child.tag}={child.findtext('duration')}"
    if child.tag == "direction":
        return f"'{child.findtext('direction-type/words')}'"
    if child.tag != "note":
        return str(child.tag)
    if child.find("grace") is not None:
        return f"({pitch(child)})"
    what = "r" if child.find("rest") is not None else pitch(child)
    kind = child.findtext("type")
    if kind is None:
        return "R" if what == "r" else what
    value = next(letter for letter, name in TYPES.items() if name == kind)
    change = "3" if child.find("time-modification") is not None else "." * len(child.findall("dot"))
    chord = "+" if child.find("chord") is not None else ""
    tie = "~" if child.find("tie[@type='start']") is not None else ""
    return f"{chord}{what}:{value}{change}{tie}"


def pitch(note: etree._Element) -> str:
    """``f#4`` of a note, ``f#4!`` where its accidental is printed and is the right one."""
    signs = {alter: sign for sign, alter in ALTERS.items()}
    alter = int(note.findtext("pitch/alter") or 0)
    printed = note.findtext("accidental")
    mark = "" if printed is None else "!" if printed == ACCIDENTALS[alter] else f"[{printed}]"
    return f"{str(note.findtext('pitch/step')).lower()}{signs[alter]}{note.findtext('pitch/octave')}{mark}"


def sung(root: etree._Element, voice: str | int | None = None) -> list[etree._Element]:
    """The notes with a pitch, of one voice or of all, in document order."""
    notes = [note for note in root.iter("note") if note.find("pitch") is not None]
    return [note for note in notes if voice is None or note.findtext("voice") == str(voice)]
