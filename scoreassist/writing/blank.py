"""Empty scores: staves, clefs, key and metre, and a rest in every measure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from scoreassist.errors import RequestError
from scoreassist.files.document import Score
from scoreassist.score.metre import Metre
from scoreassist.score.voice_names import VOICES
from scoreassist.writing.part_list import (
    ABBREVIATIONS,
    CHOIR_AAHS,
    SOUND_OF_SEVERAL,
    SOUNDS,
    join_with_bracket,
)
from scoreassist.writing.parts import CLEFS, CLOSED_CLEFS
from scoreassist.writing.silence import Clef

MEASURES = (1, 512)  # how few and how many there may be
DIVISIONS = 4  # of a quarter: the grid's sixteenths


@dataclass(frozen=True)
class _Part:
    """What a new part is.

    Attributes
    ----------
    name, short : str
        In front of its first system, and of the others.
    sound, program : str
        MusicXML's name of the sound, and General MIDI's number, counted from 1.
    clefs : tuple of Clef
        By staff.
    voices : tuple of tuples of int
        Voice numbers by staff.
    """

    name: str
    short: str
    sound: str
    program: str
    clefs: tuple[Clef, ...]
    voices: tuple[tuple[int, ...], ...]


PIANO = _Part("Piano", "Pno.", "keyboard.piano", "1", (("G", 2, 0), ("F", 4, 0)), ((1,), (5,)))

# Voices of each staff, by layout of a choir.
STAVES: dict[str, tuple[tuple[int, ...], ...]] = {"open": ((0,), (1,), (2,), (3,)), "closed": ((0, 1), (2, 3))}
LAYOUTS = ("piano", *STAVES)

_HEAD = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0'
    b' Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)


def blank_score(
    measures: int = 16,
    fifths: int = 0,
    metre: str | Metre = "2/4",
    layout: str = "piano",
    title: str | None = None,
    pickup: Fraction | int = 0,
    *,
    minor: bool = False,
) -> Score:
    """An empty score, to be filled.

    Parameters
    ----------
    measures : int
        Full ones, 1 to 512.
    fifths : int
        Key signature, sharps positive.
    metre : Metre, or text such as ``2/4``
    layout : ``piano`` (two staves, one part), ``open`` (S A T B, a staff each) or ``closed`` (two staves)
    title : str, optional
    pickup : Fraction
        Length in quarters of an upbeat measure before the first, by which the last one is shorter; 0 for none.
    minor : bool
        What the signature says of the mode.

    Raises
    ------
    RequestError
        One of them is out of its limits.
    """
    metre = parse_metre(metre) if isinstance(metre, str) else metre
    pickup = Fraction(pickup)
    low, high = MEASURES
    if not isinstance(measures, int) or isinstance(measures, bool):
        raise RequestError(f"measures is {measures!r}; it must be a whole number")
    if not low <= measures <= high:
        raise RequestError(f"{measures} measures cannot be written; ask for {low} to {high}")
    if layout not in LAYOUTS:
        raise RequestError(f"there is no layout '{layout}'; use {', '.join(LAYOUTS)}")
    if not 0 <= pickup < metre.length or (pickup * DIVISIONS).denominator != 1:
        raise RequestError(
            f"a pickup of {pickup} quarters does not go with {metre}; it is sixteenths, less than a measure"
        )
    root = etree.Element("score-partwise", version="4.0")
    if title:
        etree.SubElement(etree.SubElement(root, "work"), "work-title").text = title
    part_list = etree.SubElement(root, "part-list")
    signature = (_key(fifths, minor), time_signature(metre))
    parts = [PIANO] if layout == "piano" else [_choir_part(voices) for voices in STAVES[layout]]
    for number, part in enumerate(parts, 1):
        part_list.append(_row(part, number))
        element = etree.SubElement(root, "part", id=f"P{number}")
        element.extend(_measures(part, signature, metre.length, pickup, measures))
    if len(parts) > 1:
        join_with_bracket(root, [str(row.get("id")) for row in part_list], barlines=True)
    etree.indent(root)
    return Score(_HEAD + etree.tostring(root) + b"\n", title or "new score")


def parse_metre(text: str) -> Metre:
    """The metre that a text such as ``3/4`` or ``3+2/8`` names.

    Raises
    ------
    RequestError
        It names none.
    """
    above, _, below = text.partition("/")
    try:
        groups, unit = tuple(int(group) for group in above.split("+")), int(below)
    except ValueError:
        groups, unit = (), 0
    if unit not in (2, 4, 8, 16) or not groups or min(groups) < 1 or sum(groups) > 32:
        raise RequestError(f"'{text}' is no metre; write 2/4, 4/4 or 6/8")
    return Metre(groups, unit)


def _choir_part(voices: Sequence[int]) -> _Part:
    """A staff for one singer or two."""
    alone = len(voices) == 1
    return _Part(
        name=" ".join(VOICES[v] for v in voices),
        short=" ".join(ABBREVIATIONS[v] for v in voices),
        sound=SOUNDS[voices[0]] if alone else SOUND_OF_SEVERAL,
        program=CHOIR_AAHS,
        clefs=((CLEFS if alone else CLOSED_CLEFS)[voices[0]],),
        voices=(tuple(range(1, len(voices) + 1)),),
    )


def _row(part: _Part, number: int) -> etree._Element:
    """What the part list says of a part."""
    row = etree.Element("score-part", id=f"P{number}")
    _write(row, ("part-name", part.name), ("part-abbreviation", part.short))
    instrument = etree.SubElement(row, "score-instrument", id=f"P{number}-I1")
    _write(instrument, ("instrument-name", part.name), ("instrument-sound", part.sound))
    midi = etree.SubElement(row, "midi-instrument", id=f"P{number}-I1")
    _write(midi, ("midi-channel", str(number)), ("midi-program", part.program))
    return row


def _measures(
    part: _Part, signature: Iterable[etree._Element], length: Fraction, pickup: Fraction, count: int
) -> list[etree._Element]:
    measures = [etree.Element("measure", number=str(number)) for number in range(0 if pickup else 1, count + 1)]
    if pickup:
        measures[0].set("implicit", "yes")
    measures[0].append(_attributes(part.clefs, signature))
    for measure in measures:
        quarters = length
        if pickup and measure is measures[0]:
            quarters = pickup
        elif measure is measures[-1]:
            quarters = length - pickup
        measure.extend(measure_rests(part.voices, int(quarters * DIVISIONS)))
    barline = etree.SubElement(measures[-1], "barline", location="right")
    _write(barline, ("bar-style", "light-heavy"))
    return measures


def _attributes(clefs: Sequence[Clef], signature: Iterable[etree._Element]) -> etree._Element:
    attributes = etree.Element("attributes")
    _write(attributes, ("divisions", str(DIVISIONS)))
    for element in signature:
        attributes.append(etree.fromstring(etree.tostring(element)))
    several = len(clefs) > 1
    if several:
        _write(attributes, ("staves", str(len(clefs))), ("part-symbol", "brace"))
    for staff, (sign, line, octave) in enumerate(clefs, 1):
        clef = etree.SubElement(attributes, "clef", {"number": str(staff)} if several else {})
        _write(clef, ("sign", sign), ("line", str(line)))
        if octave:
            _write(clef, ("clef-octave-change", str(octave)))
    return attributes


def measure_rests(voices: Sequence[Sequence[int | str]], duration: int) -> list[etree._Element]:
    """A rest over the full measure for each voice of each staff, with the way back between them.

    Parameters
    ----------
    voices : sequence of sequences of int or str
        Voice numbers by staff.
    duration : int
        Of the measure, in divisions.
    """
    elements: list[etree._Element] = []
    for staff, numbers in enumerate(voices, 1):
        for number in numbers:
            if elements:
                back = etree.Element("backup")
                _write(back, ("duration", str(duration)))
                elements.append(back)
            note = etree.Element("note")
            etree.SubElement(note, "rest", measure="yes")
            _write(note, ("duration", str(duration)), ("voice", str(number)))
            if len(voices) > 1:
                _write(note, ("staff", str(staff)))
            elements.append(note)
    return elements


def _key(fifths: int, minor: bool) -> etree._Element:
    key = etree.Element("key")
    _write(key, ("fifths", str(fifths)), ("mode", "minor" if minor else "major"))
    return key


def time_signature(metre: Metre) -> etree._Element:
    """A `<time>`."""
    time = etree.Element("time")
    _write(time, ("beats", "+".join(map(str, metre.groups))), ("beat-type", str(metre.beat_type)))
    return time


def _write(parent: etree._Element, *rows: tuple[str, str]) -> None:
    """Children with a text each."""
    for tag, text in rows:
        etree.SubElement(parent, tag).text = text
