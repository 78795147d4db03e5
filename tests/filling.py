"""Notes put straight into small scores, without a model: what is written is checked, and read back by others."""

from __future__ import annotations

import re
from fractions import Fraction

from judge import accidentals_that_mislead, dangling_ties, lines, values_that_do_not_fit
from lxml import etree
from schema import schema_errors

from scoreassist.files.document import Score
from scoreassist.score.singers import VOICES, find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.writing.copyist import write_notes
from scoreassist.writing.parts import add_missing_singers
from scoreassist.writing.pen import NewNote

FIFTHS = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_NEW = re.compile(
    r"(?P<before>~?)(?P<name>[a-gr])(?P<sign>#*|b*)(?P<octave>\d?)/(?P<ticks>\d+)(?P<tie>~?)(?P<hat>\^?)"
)


def new(text: str, start: int = 0) -> list[NewNote]:
    """Notes one after another: ``f#4/8`` lasts eight sixteenths; ``~`` ties, ``^`` a fermata, ``r/4`` a rest."""
    notes = []
    for word in text.split():
        match = _NEW.fullmatch(word)
        assert match, word
        ticks, step = int(match["ticks"]), match["name"].upper()
        if step == "R":
            notes.append(NewNote(start, ticks))
        else:
            alter = len(match["sign"]) * (1 if match["sign"].startswith("#") else -1)
            midi = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[step] + alter
            midi += 12 * (int(match["octave"]) + 1)
            ties = bool(match["before"]), bool(match["tie"])
            hat = "upright" if match["hat"] else None
            notes.append(NewNote(start, ticks, midi, FIFTHS[step] + 7 * alter, *ties, hat))
        start += ticks
    return notes


def filled(
    source: bytes, fill: dict[str, dict[int, str]], *, layout: str = "", check: bool = True
) -> etree._Element:
    """The score with notes in it: singer, measure (from 1), and notes, ``4: e4/4`` from the fourth sixteenth on.

    Stretches are divided by ``|``.
    """
    timeline = read_timeline(Score(source, "hymn"))
    choir = find_choir(timeline)
    added = add_missing_singers(timeline, choir, layout) if layout else []
    notes = {}
    for singer, measures in fill.items():
        for number, text in measures.items():
            stretches = []
            for piece in text.split("|"):
                begin, _, written = piece.rpartition(":")
                stretch = new(written, int(begin or 0))
                stretches.append((stretch[0].onset, stretch[-1].onset + stretch[-1].ticks, stretch))
            notes[VOICES.index(singer), number - 1] = stretches
    write_notes(timeline, choir, notes, added)
    saved = timeline.score.to_xml()
    root = etree.fromstring(saved)
    if check:
        assert schema_errors(saved) == []
        assert collisions(root) == []
        assert accidentals_that_mislead(root) == []
        for row in lines(root):
            assert values_that_do_not_fit(root, row) == []
            assert dangling_ties(root, row) == []
    return root


def collisions(root: etree._Element) -> list[str]:
    """Notes of one voice that sound into one another, or over the end of the measure."""
    found = []
    for key, rows in lines(root).items():
        for index, row in enumerate(rows):
            at = Fraction(0)
            for sound in sorted(row, key=lambda s: s.onset):
                inside = sound.element.find("chord") is not None or sound.element.tag == "forward"
                if inside or sound.duration == 0:
                    continue
                if sound.onset < at:
                    found.append(f"{key}, measure {index}: {sound.onset} before {at}")
                at = sound.end
            if at > max(s.end for rows in lines(root).values() for s in rows[index]):
                found.append(f"{key}, measure {index} is too long")
    return found
