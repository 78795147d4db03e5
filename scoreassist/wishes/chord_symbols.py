"""Chord symbols, the `<harmony>` of a score, as spans of pitch classes at sounding pitch.

A symbol counts until the next one, in whichever part it stands; N.C. ends it. (MusicXML 4.0, elements `harmony`,
`kind`, `degree`, `bass`, `inversion`.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from lxml import etree

from scoreassist.grid.voices import Grid
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.part_reader import STEPS, decimal, moments
from scoreassist.score.timeline import Part, PartMeasure, Timeline

_MAJOR, _MINOR, _DIMINISHED, _AUGMENTED = (0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8)

# Semitones above the root, by the values of `<kind>`, in the order in which thirds are piled up. Augmented sixths
# are built on the sixth degree, which is their root and bass.
KINDS: dict[str, tuple[int, ...]] = {
    "major": _MAJOR,
    "minor": _MINOR,
    "augmented": _AUGMENTED,
    "diminished": _DIMINISHED,
    "dominant": (*_MAJOR, 10),
    "major-seventh": (*_MAJOR, 11),
    "minor-seventh": (*_MINOR, 10),
    "diminished-seventh": (*_DIMINISHED, 9),
    "augmented-seventh": (*_AUGMENTED, 10),
    "half-diminished": (*_DIMINISHED, 10),
    "major-minor": (*_MINOR, 11),
    "major-sixth": (*_MAJOR, 9),
    "minor-sixth": (*_MINOR, 9),
    "dominant-ninth": (*_MAJOR, 10, 14),
    "major-ninth": (*_MAJOR, 11, 14),
    "minor-ninth": (*_MINOR, 10, 14),
    "dominant-11th": (*_MAJOR, 10, 14, 17),
    "major-11th": (*_MAJOR, 11, 14, 17),
    "minor-11th": (*_MINOR, 10, 14, 17),
    "dominant-13th": (*_MAJOR, 10, 14, 17, 21),
    "major-13th": (*_MAJOR, 11, 14, 17, 21),
    "minor-13th": (*_MINOR, 10, 14, 17, 21),
    "suspended-second": (0, 2, 7),
    "suspended-fourth": (0, 5, 7),
    "Neapolitan": _MAJOR,
    "Italian": (0, 4, 10),
    "French": (0, 4, 6, 10),
    "German": (0, 4, 7, 10),
    "pedal": (0,),
    "power": (0, 7),
    "Tristan": (0, 3, 6, 10),
    "other": (0,),
}
_NO_CHORD = "none"

# Semitones of a degree above the root, before it is altered; sevenths count as in a dominant.
_DEGREES = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 9: 14, 11: 17, 13: 21}
# Which semitones of a chord are its degree: thirds, fifths and sevenths come in several sizes.
_SIZES = {2: (2,), 3: (3, 4), 4: (5,), 5: (6, 7, 8), 6: (9,), 7: (9, 10, 11), 9: (14,), 11: (17,), 13: (21,)}
_ACCIDENTALS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


@dataclass(frozen=True)
class ChordSymbol:
    """A chord symbol in force.

    Attributes
    ----------
    first, end : int
        Ticks.
    classes : frozenset of int
        Pitch classes at sounding pitch; that of the bass is one of them.
    root, bass : int
        Pitch classes.
    text : str
        As it is printed, about: ``G7/B``, at written pitch.
    part : str
        Id of the part in which it stands.
    """

    first: int
    end: int
    classes: frozenset[int]
    root: int
    bass: int
    text: str
    part: str


def read_chord_symbols(timeline: Timeline, grid: Grid) -> list[ChordSymbol]:
    """The chord symbols of a score in order of time, each until the next; symbols without a root are left out.

    Of several at one moment the first part's counts; of a pile of chords (V of II) the first.

    Parameters
    ----------
    timeline : Timeline
    grid : Grid
        Of the same score.
    """
    heard: dict[int, tuple[Part, PartMeasure, Fraction, etree._Element]] = {}
    for part in timeline.parts:
        for index, measure in enumerate(part.measures):
            if measure.element.find("harmony") is None:
                continue
            first, end = grid.measure_ticks(index)
            for at, element in moments(measure):
                if element.tag == "harmony" and _says(element):
                    moment = max(at + _offset(element, measure, at), Fraction(0))
                    tick = first + math.floor(moment * TICKS_PER_QUARTER)
                    if tick < end:
                        heard.setdefault(tick, (part, measure, moment, element))
    ticks = [*sorted(heard), grid.ticks]
    found = []
    for first, end in pairwise(ticks):
        part, measure, moment, element = heard[first]
        if (element.findtext("kind") or "").strip() != _NO_CHORD:
            found.append(_symbol(element, first, end, measure.at(moment).transpose, part.id))
    return found


def _says(element: etree._Element) -> bool:
    """Whether a symbol says which chord it is, or that there is none."""
    kind = (element.findtext("kind") or "").strip()
    return kind == _NO_CHORD or (element.findtext("root/root-step") or "").strip() in STEPS


def _offset(element: etree._Element, measure: PartMeasure, at: Fraction) -> Fraction:
    """How much later than where it stands a symbol counts, in quarters."""
    try:
        return decimal(element.findtext("offset")) / measure.at(at).divisions
    except ValueError:
        return Fraction(0)


def _symbol(element: etree._Element, first: int, end: int, transpose: int, part: str) -> ChordSymbol:
    root, name = _note(element, "root")
    kind = (element.findtext("kind") or "").strip()
    steps = _steps(element, KINDS.get(kind, KINDS["other"]))
    label = next((k.get("text") for k in element.iterfind("kind")), None)
    text = f"{name}{label if label is not None else '' if kind == 'major' else ' ' + kind}"
    bass = root
    if element.find("bass/bass-step") is not None:
        bass, name = _note(element, "bass")
        text += f"/{name}"
    else:
        inversion = (element.findtext("inversion") or "0").strip()
        place = int(inversion) if inversion.isdigit() else 0
        bass += steps[place] if place < len(steps) else 0
    sounding = [(root + step + transpose) % 12 for step in steps]
    below = (bass + transpose) % 12
    return ChordSymbol(first, end, frozenset((*sounding, below)), sounding[0], below, text, part)


def _note(element: etree._Element, which: str) -> tuple[int, str]:
    """Pitch class and name of a root or a bass, as written."""
    step = (element.findtext(f"{which}/{which}-step") or "").strip()
    alter = _number(element.findtext(f"{which}/{which}-alter"))
    return STEPS.get(step, 0) + alter, step + _ACCIDENTALS.get(alter, "")


def _number(text: str | None) -> int:
    try:
        return round(decimal(text))
    except ValueError:
        return 0


def _steps(element: etree._Element, kind: tuple[int, ...]) -> list[int]:
    """Semitones above the root of a kind with its degrees added, altered and taken away; the root first."""
    steps = list(kind)
    for degree in element.iterfind("degree"):
        number, alter = _number(degree.findtext("degree-value")), _number(degree.findtext("degree-alter"))
        what = (degree.findtext("degree-type") or "").strip()
        if number not in _DEGREES:
            continue
        there = [step for step in steps if step in _SIZES.get(number, ())]
        if what == "add":
            steps.append(_DEGREES[number] + alter)
        elif there:
            steps = [step for step in steps if step not in there]
        if what == "alter":
            # What is not in the chord is altered as if it were: a ninth of a seventh chord.
            steps.append((there[0] if there else _DEGREES[number]) + alter)
    if 0 in steps:
        steps.remove(0)
    return [0, *sorted(set(steps))]
