"""What the promises mean, measured on MusicXML alone by a reader of its own, so that it shares no mistake
with the code under test. Nothing here imports scoreassist.

Axes and units: measures are counted from 0 in document order; onsets and durations are quarters, as Fractions.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
Line = tuple[str, int, str]
"""A line of notes: part id, staff, voice number."""


@dataclass(frozen=True)
class Sound:
    """A note, rest or forward of one line.

    Attributes
    ----------
    onset, duration : Fraction
        Quarters from the start of the measure; grace notes last 0.
    midi : int or None
        Sounding pitch; None for silence.
    written : str
        Step, alteration and octave as they stand, such as ``F1 5`` for F sharp 5; empty for silence.
    tied_from, tied_to : bool
    element : lxml.etree._Element
    """

    onset: Fraction
    duration: Fraction
    midi: int | None
    written: str
    tied_from: bool
    tied_to: bool
    element: etree._Element

    @property
    def end(self) -> Fraction:
        return self.onset + self.duration


def parse(document: bytes) -> etree._Element:
    """Root of a document."""
    return etree.fromstring(document)


def lines(root: etree._Element) -> dict[Line, list[list[Sound]]]:
    """Every line of a score: its notes, rests and forwards, measure by measure."""
    found: dict[Line, list[list[Sound]]] = {}
    for part in root.findall("part"):
        rows = part.findall("measure")
        divisions, shift = Fraction(1), 0
        for index, measure in enumerate(rows):
            cursor = last = Fraction(0)
            for child in measure:
                if child.tag == "attributes":
                    divisions = Fraction(child.findtext("divisions") or divisions)
                    if (transpose := child.find("transpose")) is not None:
                        shift = int(transpose.findtext("chromatic") or 0)
                        shift += 12 * int(transpose.findtext("octave-change") or 0)
                elif child.tag == "backup":
                    cursor -= Fraction(child.findtext("duration") or 0) / divisions
                    assert cursor >= 0, f"a backup leads out of measure {measure.get('number')}"
                elif child.tag in ("note", "forward"):
                    grace = child.find("grace") is not None
                    chord = child.find("chord") is not None
                    length = Fraction(0) if grace else Fraction(child.findtext("duration") or 0) / divisions
                    at = last if chord else cursor
                    line = (
                        part.get("id") or "",
                        int(child.findtext("staff") or 1),
                        child.findtext("voice") or "1",
                    )
                    ties = {tie.get("type") for tie in child.findall("tie")}
                    midi, written = _pitch(child, shift)
                    if line not in found:
                        found[line] = [[] for _ in rows]
                    found[line][index].append(
                        Sound(at, length, midi, written, "stop" in ties, "start" in ties, child)
                    )
                    if not chord:
                        last = cursor
                        cursor += length
    return found


def _pitch(note: etree._Element, shift: int) -> tuple[int | None, str]:
    pitch = note.find("pitch")
    if pitch is None:
        return None, ""
    step, alter, octave = (pitch.findtext(tag) or "0" for tag in ("step", "alter", "octave"))
    return STEPS[step] + int(float(alter)) + 12 * (int(octave) + 1) + shift, f"{step}{int(float(alter))} {octave}"


def lengths(root: etree._Element) -> list[Fraction]:
    """How long each measure lasts: to the end of the longest line of any part; 0 where nothing stands."""
    longest: list[Fraction] = []
    for rows in lines(root).values():
        for index, row in enumerate(rows):
            if index == len(longest):
                longest.append(Fraction(0))
            longest[index] = max([longest[index], *(sound.end for sound in row)])
    return longest


def gaps(root: etree._Element, line: Line) -> list[str]:
    """Measures that a line does not fill from the first moment to the last, and where notes overlap.

    A line may be absent from a measure in which another one rests for both on their staff.
    """
    wrong = []
    every = lines(root)
    for index, (row, length) in enumerate(zip(every[line], lengths(root), strict=False)):
        at = Fraction(0)
        if not row and any(_rests(rows[index], length) for key, rows in every.items() if key[:2] == line[:2]):
            continue
        for sound in sorted(row, key=lambda s: (s.onset, s.duration)):
            if sound.element.find("chord") is not None or sound.duration == 0:
                continue
            if sound.onset != at:
                wrong.append(f"measure {index}: {sound.onset} follows {at}")
            at = sound.end
        if at != length:
            wrong.append(f"measure {index}: ends at {at} of {length}")
    return wrong


def _rests(row: list[Sound], length: Fraction) -> bool:
    return all(s.midi is None for s in row) and sum((s.duration for s in row), Fraction(0)) == length


def dangling_ties(root: etree._Element, line: Line) -> list[str]:
    """Ties of a line that lead nowhere, or come from nowhere, or join two pitches."""
    wrong = []
    waiting: Sound | None = None
    for index, row in enumerate(lines(root)[line]):
        for sound in sorted(row, key=lambda s: s.onset):
            if sound.duration == 0 or sound.element.find("chord") is not None:
                continue
            came = waiting.midi if waiting is not None else None
            if sound.tied_from and came != sound.midi:
                wrong.append(f"measure {index}: a tie into {sound.written or 'a rest'} comes from {came}")
            if waiting is not None and not sound.tied_from:
                wrong.append(f"measure {index}: the tie from {waiting.written} ends nowhere")
            waiting = sound if sound.tied_to else None
    if waiting is not None:
        wrong.append(f"the last tie, from {waiting.written}, ends nowhere")
    return wrong


def values_that_do_not_fit(root: etree._Element, line: Line) -> list[str]:
    """Notes whose type and dots say another length than their duration."""
    names = ("maxima", "long", "breve", "whole", "half", "quarter", "eighth")
    names += ("16th", "32nd", "64th", "128th", "256th", "512th", "1024th")
    kinds = {name: Fraction(32, 2**power) for power, name in enumerate(names)}
    wrong = []
    for index, row in enumerate(lines(root)[line]):
        for sound in row:
            kind = sound.element.findtext("type")
            if kind is None or sound.duration == 0 or sound.element.find("time-modification") is not None:
                continue
            dots = len(sound.element.findall("dot"))
            if kinds[kind] * (2 - Fraction(1, 2**dots)) != sound.duration:
                wrong.append(f"measure {index}: a {kind} with {dots} dots lasts {sound.duration}")
    return wrong


def accidentals_that_mislead(root: etree._Element) -> list[str]:
    """Notes that a reader who follows signature and accidentals would play wrong, staff by staff.

    Accidentals hold for their step and octave until the barline or the next signature; a tie carries one over it.
    Of two different notes struck at once on one line or space of a staff, both must show what they are.
    """
    wrong = []
    signatures = keys(root)
    for part in root.findall("part"):
        rows = {line: row for line, row in lines(root).items() if line[0] == part.get("id")}
        for index in range(len(part.findall("measure"))):
            signature = signatures[str(part.get("id"))][index]
            for staff in sorted({line[1] for line in rows}):
                sounds = [s for line, row in rows.items() if line[1] == staff for s in row[index]]
                where = f"part {part.get('id')}, measure {index}"
                for fifths, span in _by_signature(signature, sounds, staff):
                    wrong += [f"{where}: {what}" for what in _misread(span, fifths)]
    return wrong


Signature = tuple[Fraction, int, int]
"""A key signature: moment, sharps, and the staff that it is for, 0 for all."""


def keys(root: etree._Element) -> dict[str, list[list[Signature]]]:
    """Signatures by part and measure, the first at 0."""
    found: dict[str, list[list[Signature]]] = {}
    for part in root.findall("part"):
        now, divisions = {0: 0}, Fraction(1)
        measures = found.setdefault(str(part.get("id")), [])
        for measure in part.findall("measure"):
            cursor, signatures = Fraction(0), [(Fraction(0), fifths, staff) for staff, fifths in now.items()]
            for child in measure:
                if child.tag == "attributes":
                    divisions = Fraction(child.findtext("divisions") or divisions)
                    for key in child.findall("key"):
                        staff, fifths = int(key.get("number") or 0), int(key.findtext("fifths") or 0)
                        now = {**now, staff: fifths} if staff else {0: fifths}
                        signatures.append((cursor, fifths, staff))
                elif child.tag in ("note", "backup", "forward") and child.find("chord") is None:
                    sign = -1 if child.tag == "backup" else 1
                    cursor += sign * Fraction(child.findtext("duration") or 0) / divisions
            measures.append(sorted(signatures, key=lambda row: row[0]))
    return found


def _by_signature(
    signatures: list[Signature], sounds: list[Sound], staff: int
) -> Iterator[tuple[int, list[Sound]]]:
    """A staff's notes of one measure in time, those under each signature apart."""
    here = [(moment, fifths) for moment, fifths, number in signatures if number in (0, staff)]
    ends = [moment for moment, _ in here[1:]] + [Fraction(1_000_000)]
    for (begin, fifths), end in zip(here, ends, strict=True):
        yield fifths, sorted((s for s in sounds if begin <= s.onset < end), key=lambda s: s.onset)


def _misread(sounds: list[Sound], fifths: int) -> Iterator[str]:
    shown: dict[str, int] = {}
    struck: dict[tuple[Fraction, str], set[tuple[str, bool]]] = {}
    for sound in sounds:
        if sound.midi is None:
            continue
        step, octave = sound.written[0], sound.written.split()[1]
        alter = int(sound.written[1:].split()[0])
        sign = sound.element.findtext("accidental")
        if sign is not None:
            shown[step + octave] = ACCIDENTALS.get(sign, alter)
        elif sound.tied_from:
            continue
        if shown.get(step + octave, in_key(step, fifths)) != alter:
            yield f"{sound.written} reads otherwise"
        if sound.duration:
            struck.setdefault((sound.onset, step + octave), set()).add((sound.written, sign is not None))
    for (onset, _), together in struck.items():
        if len({written for written, _ in together}) > 1 and not all(printed for _, printed in together):
            yield f"{' and '.join(sorted(written for written, _ in together))} at {onset} are taken for one"


ACCIDENTALS = {"flat-flat": -2, "flat": -1, "natural": 0, "sharp": 1, "double-sharp": 2, "sharp-sharp": 2}


def in_key(step: str, fifths: int) -> int:
    """Alteration of a step in a key signature; the eighth sharp is a second one on F, the eighth flat one on B."""
    order = "FCGDAEB"
    if fifths >= 0:
        return (fifths - order.index(step) + 6) // 7
    return -((-fifths - order[::-1].index(step) + 6) // 7)


def unnumbered(note: etree._Element) -> bytes:
    """A note's canonical text, without the number of its staff."""
    bare = copy.deepcopy(note)
    for staff in bare.findall("staff"):
        cut(staff)
    return canonical(bare)


def canonical(element: etree._Element) -> bytes:
    """An element as canonical XML, without what follows it."""
    if not isinstance(element.tag, str):  # lxml crashes on a comment of its own
        return bytes(etree.tostring(element, with_tail=False))
    return bytes(etree.tostring(element, method="c14n", with_tail=False))


def cut(element: etree._Element) -> None:
    """Remove an element with the white space in front of it, where each stands on a line of its own."""
    parent, before = element.getparent(), element.getprevious()
    assert parent is not None
    if before is None:
        parent.text = element.tail if element.getnext() is None else parent.text
    else:
        before.tail = element.tail if element.getnext() is None else before.tail
    parent.remove(element)


def plain(element: etree._Element) -> bytes:
    """A note without what a copyist may change when a second voice joins its staff: stem and accidental."""
    alone = copy.deepcopy(element)
    for child in list(alone.iter()):
        if child.tag in ("stem", "accidental") and child.getparent() is alone:
            alone.remove(child)
    for child in alone.iter():
        child.text = (child.text or "").strip()
        child.tail = (child.tail or "").strip()
    return canonical(alone)


def differences(
    before: etree._Element,
    after: etree._Element,
    touched: Collection[tuple[str, int]] = (),
    added: Collection[str] = (),
) -> list[str]:
    """Where two scores differ under canonical XML outside of what was to be written.

    Parameters
    ----------
    before, after : roots
    touched : collection of (part id, measure index)
        Measures whose notes may differ; all else in them must be there still, in the same order.
    added : collection of part ids
        New parts, which only `after` has.

    Notes
    -----
    A part's divisions may be finer afterwards by a factor; its durations are then compared as multiples of it.
    """
    wrong = []
    before, after = copy.deepcopy(before), copy.deepcopy(after)
    for part in after.findall("part"):
        if part.get("id") in added:
            after.remove(part)
    if added:
        _forget_parts(after, added, before)
    _rescale(before, after)
    if before.attrib != after.attrib:
        wrong.append("the root's attributes")
    heads = [[canonical(e) for e in root if e.tag != "part"] for root in (before, after)]
    if heads[0] != heads[1]:
        wrong.append("what stands before the parts")
    parts = [root.findall("part") for root in (before, after)]
    if [p.get("id") for p in parts[0]] != [p.get("id") for p in parts[1]]:
        return [*wrong, "the parts"]
    for old, new in zip(*parts, strict=True):
        part_id = str(old.get("id"))
        measures = [part.findall("measure") for part in (old, new)]
        if len(measures[0]) != len(measures[1]):
            wrong.append(f"part {part_id}: {len(measures[0])} measures became {len(measures[1])}")
            continue
        for index, (one, two) in enumerate(zip(*measures, strict=True)):
            if (part_id, index) in touched:
                if _frame(one) != _frame(two):
                    wrong.append(f"part {part_id}, measure {index}: what is not a note")
            elif canonical(one) != canonical(two):
                wrong.append(f"part {part_id}, measure {index}")
    return wrong


def _frame(measure: etree._Element) -> tuple[dict[str, str], list[bytes]]:
    """What a measure holds besides notes."""
    kept = [canonical(e) for e in measure if e.tag not in ("note", "backup", "forward")]
    return dict(measure.attrib), kept


def _forget_parts(root: etree._Element, added: Collection[str], model: etree._Element) -> None:
    """Take added parts, and groups that `model` does not have, out of the part list."""
    part_list = root.find("part-list")
    assert part_list is not None
    for row in part_list.findall("score-part"):
        if row.get("id") in added:
            part_list.remove(row)
    known = [canonical(group) for group in model.findall("part-list/part-group")]
    for group in part_list.findall("part-group"):
        if canonical(group) not in known:
            part_list.remove(group)
    one, two = model.find("part-list"), part_list
    assert one is not None
    rows = [[e for e in part if isinstance(e.tag, str)] for part in (one, two)]
    if [canonical(e) for e in rows[0]] == [canonical(e) for e in rows[1]]:
        root.replace(part_list, copy.deepcopy(one))


def _rescale(before: etree._Element, after: etree._Element) -> None:
    """Where a part's divisions have become finer by a factor, bring the old ones to the same."""
    for old, new in zip(before.findall("part"), after.findall("part"), strict=False):
        first = [part.findtext("measure/attributes/divisions") for part in (old, new)]
        if first[0] is None or first[1] is None or first[0] == first[1]:
            continue
        factor = Fraction(first[1]) / Fraction(first[0])
        for element in old.iter("divisions", "duration", "offset"):
            value = Fraction(element.text or "0") * factor
            element.text = str(value) if value.denominator == 1 else str(float(value))


def notes_of(rows: list[list[Sound]]) -> list[tuple[int, Fraction, Fraction, str, bytes]]:
    """A line's notes as a singer reads them: measure, onset, duration, pitch as written, words."""
    return [
        (index, s.onset, s.duration, s.written, b"".join(canonical(e) for e in s.element.findall("lyric")))
        for index, row in enumerate(rows)
        for s in row
        if s.written
    ]


def sounding(rows: list[list[Sound]], index: int) -> Iterator[tuple[Fraction, Fraction]]:
    """Stretches of a measure in which a line sounds."""
    for sound in rows[index]:
        if sound.midi is not None and sound.duration:
            yield sound.onset, sound.end


def silent_where_given_sings(
    given: list[list[list[Sound]]], new: list[list[Sound]], length: list[Fraction]
) -> list[str]:
    """Sixteenths in which a new line rests although a given one sings, or sings although all given ones rest."""
    wrong = []
    sixteenth = Fraction(1, 4)
    for index, whole in enumerate(length):
        for tick in range(int(whole / sixteenth)):
            at, end = tick * sixteenth, (tick + 1) * sixteenth
            heard = [_covered(rows, index, at, end) for rows in given]
            mine = _covered(new, index, at, end)
            if any(share == 1 for share in heard) and mine != 1:
                wrong.append(f"measure {index}: silence at {at}")
            if all(share == 0 for share in heard) and mine != 0:
                wrong.append(f"measure {index}: a note at {at}, where all others rest")
    return wrong


def _covered(rows: list[list[Sound]], index: int, at: Fraction, end: Fraction) -> Fraction:
    total = Fraction(0)
    for start, stop in sounding(rows, index):
        total += max(min(stop, end) - max(start, at), Fraction(0))
    return min(total / (end - at), Fraction(1))


# --- making holes ----------------------------------------------------------------------------------------


def keep_parts(root: etree._Element, part_ids: Collection[str]) -> None:
    """Take all other parts out of a score, and the groups that they stood in."""
    for part in root.findall("part"):
        if part.get("id") not in part_ids:
            root.remove(part)
    part_list = root.find("part-list")
    assert part_list is not None
    for row in list(part_list):
        if row.tag == "part-group" or (row.tag == "score-part" and row.get("id") not in part_ids):
            part_list.remove(row)


def dig(root: etree._Element, part_ids: Collection[str], first: int, last: int) -> None:
    """Empty measures `first` to `last` (by index) of parts of one line each: a rest each, ties cut."""
    for part in root.findall("part"):
        if part.get("id") not in part_ids:
            continue
        divisions = Fraction(1)
        for index, measure in enumerate(part.findall("measure")):
            length = Fraction(0)
            for child in list(measure):
                if child.tag == "attributes":
                    divisions = Fraction(child.findtext("divisions") or divisions)
                elif child.tag == "note":
                    if child.find("chord") is None:
                        length += Fraction(child.findtext("duration") or 0)
                    if first <= index <= last:
                        measure.remove(child)
            if first <= index <= last:
                rest = etree.Element("note")
                etree.SubElement(rest, "rest", measure="yes")
                etree.SubElement(rest, "duration").text = str(length)
                etree.SubElement(rest, "voice").text = "1"
                place = sum(1 for e in measure if e.tag in ("print", "attributes", "direction"))
                measure.insert(place, rest)
            notes = measure.findall("note")
            if index == first - 1 and notes:
                _cut_tie(notes[-1], "start")
            if index == last + 1 and notes:
                _cut_tie(notes[0], "stop")


def _cut_tie(note: etree._Element, kind: str) -> None:
    for tie in note.findall("tie") + note.findall("notations/tied"):
        if tie.get("type") == kind:
            parent = tie.getparent()
            assert parent is not None
            parent.remove(tie)
            if parent.tag == "notations" and len(parent) == 0:
                note.remove(parent)
