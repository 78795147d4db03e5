"""New parts and staves for singers that a score does not have yet, and finer divisions."""

from __future__ import annotations

import contextlib
import copy
from math import gcd

from lxml import etree

from scoreassist.errors import UnsupportedError
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.singers import VOICES, Choir, Singer
from scoreassist.score.timeline import Part, Timeline, decimal, read_part

# Sign, line, octave change of the clef that a new staff gets, by its highest voice.
CLEFS = {0: ("G", 2, 0), 1: ("G", 2, 0), 2: ("G", 2, -1), 3: ("F", 4, 0)}
CLOSED_CLEFS = {0: ("G", 2, 0), 2: ("F", 4, 0)}
ABBREVIATIONS = ("S.", "A.", "T.", "B.")


def add_missing_singers(timeline: Timeline, choir: Choir, layout: str) -> list[str]:
    """Give a score, and its choir, the singers that it lacks.

    Parameters
    ----------
    timeline : Timeline
        Its score is changed; new parts are added to `timeline.parts`.
    choir : Choir
        Gets all four singers.
    layout : str
        ``open``: a part for each missing singer. ``closed``: missing singers join the staff of their
        neighbour (soprano with alto, tenor with bass) or share one new part.

    Returns
    -------
    list of str
        Ids of the parts added.
    """
    missing = [v for v in range(4) if v not in choir.singers]
    added: list[str] = []
    for voice in missing:
        pair = (0, 1) if voice < 2 else (2, 3)
        upper = voice == pair[0]
        partner = choir.singers.get(pair[1] if upper else pair[0])
        if layout == "open":
            part = _add_part(timeline, choir, [voice])
            singer = _silent(voice, part, 1, "1", None)
            added.append(part.id)
        elif partner is None:
            part = _add_part(timeline, choir, list(pair))
            singer = _silent(voice, part, 1, "1", upper)
            added.append(part.id)
        else:
            partner.upper = not upper
            number = _free_voice_number(partner)
            singer = _silent(voice, partner.part, partner.staff, number, upper)
        choir.singers[voice] = singer
    if added:
        _join_with_bracket(timeline, choir)
    return added


def _silent(voice: int, part: Part, staff: int, number: str, upper: bool | None) -> Singer:
    return Singer(voice, part, staff, number, upper, [[] for _ in part.measures])


def _free_voice_number(partner: Singer) -> str:
    taken = {event.voice for event in partner.part.events()} | {partner.number}
    number = int(partner.number) + 1 if partner.number.isdigit() else 2
    while str(number) in taken:
        number += 1
    return str(number)


def suits_closed(choir: Choir) -> bool:
    """Whether two voices could share the staves that a choir has: right clefs, not transposing."""
    for singer in choir.singers.values():
        start = singer.part.measures[0].start
        clef = start.clef(singer.staff)
        wanted = CLOSED_CLEFS[0 if singer.voice < 2 else 2]
        if start.transpose or (clef is not None and clef != wanted):
            return False
    return True


def refine_divisions(part: Part) -> int:
    """Make a part's divisions divisible by four, so that sixteenths can be written; returns the factor used."""
    values = {measure.start.divisions for measure in part.measures}
    values |= {measure.end.divisions for measure in part.measures}
    factor = 1
    for value in values:
        need = TICKS_PER_QUARTER // gcd(value, TICKS_PER_QUARTER)
        factor = factor * need // gcd(factor, need)
    if factor > 1:
        _say_divisions(part)
        for tag in ("divisions", "duration", "offset"):
            for element in part.element.iter(tag):
                with contextlib.suppress(ValueError):  # an offset may be no number; all else has been read before
                    scaled = decimal(element.text) * factor
                    element.text = str(scaled) if scaled.denominator == 1 else str(float(scaled))
    return factor


def _say_divisions(part: Part) -> None:
    """Write the divisions that a part takes for granted, one a quarter, where it begins without any."""
    first = part.measures[0]
    begins = next((child for child in first.element if child.tag in ("attributes", "note", "forward")), None)
    if begins is not None and begins.tag == "attributes":
        if begins.find("divisions") is None:
            divisions = etree.Element("divisions")
            divisions.text = str(first.start.divisions)
            place = sum(1 for child in begins if child.tag in ("footnote", "level"))
            begins.insert(place, divisions)
        return
    attributes = etree.Element("attributes")
    etree.SubElement(attributes, "divisions").text = str(first.start.divisions)
    first.element.insert(0 if begins is None else first.element.index(begins), attributes)


def _closed_name(pair: tuple[int, int]) -> str:
    return " ".join(VOICES[v] for v in pair)


def _add_part(timeline: Timeline, choir: Choir, voices: list[int]) -> Part:
    root = timeline.score.root
    neighbour = min(choir.singers.values(), key=lambda s: abs(s.voice - voices[0]))
    above = neighbour.voice > voices[-1]
    part_id = _free_part_id(root)
    score_part = etree.Element("score-part", id=part_id)
    name = VOICES[voices[0]] if len(voices) == 1 else _closed_name((voices[0], voices[-1]))
    abbreviation = " ".join(ABBREVIATIONS[v] for v in voices)
    etree.SubElement(score_part, "part-name").text = name
    etree.SubElement(score_part, "part-abbreviation").text = abbreviation
    rows = root.findall("part-list/score-part")
    beside = next((row for row in rows if row.get("id") == neighbour.part.id), None)
    if beside is None:
        raise UnsupportedError(
            "is not in the part list; export the score again", source=timeline.score.name, part=neighbour.part.id
        )
    _insert_beside(beside, score_part, above)
    clef = CLEFS[voices[0]] if len(voices) == 1 else CLOSED_CLEFS[voices[0]]
    part = _like(neighbour.part, part_id, clef, above)
    _insert_beside(neighbour.part.element, part, above)
    added = read_part(timeline.score.name, part, part_id, name)
    timeline.parts.append(added)
    return added


def _insert_beside(old: etree._Element, new: etree._Element, above: bool) -> None:
    """Put an element next to another one, on a line of its own if that has one."""
    parent = old.getparent()
    assert parent is not None
    if above:
        new.tail = parent.text
        old.addprevious(new)
    else:
        tail = old.tail
        old.addnext(new)
        old.tail, new.tail = parent.text, tail


def _free_part_id(root: etree._Element) -> str:
    taken = {e.get("id") for e in root.iter() if e.get("id") is not None}
    number = sum(1 for _ in root.iter("score-part")) + 1
    while f"P{number}" in taken:
        number += 1
    return f"P{number}"


def _like(part: Part, part_id: str, clef: tuple[str, int, int], above: bool) -> etree._Element:
    """A part with the measures, keys, times and barlines of another, at sounding pitch, and no notes."""
    new = etree.Element("part", id=part_id)
    new.text = part.element.text
    for index, old in enumerate(part.measures):
        measure = etree.SubElement(new, "measure")
        for name in ("number", "implicit", "non-controlling", "text"):
            if old.element.get(name) is not None:
                measure.set(name, str(old.element.get(name)))
        measure.tail = old.element.tail
        measure.text = old.element.text
        for child in old.element:
            if child.tag == "attributes":
                begins = index == 0 and measure.find("attributes") is None
                attributes = _attributes_like(child, part, index, clef if begins else None)
                if len(attributes):
                    attributes.tail = child.tail
                    measure.append(attributes)
            elif child.tag == "barline":
                barline = copy.deepcopy(child)
                barline.attrib.pop("id", "")
                # Programs draw an ending once for each part that has it; the top one is enough.
                extras = ["segno", "coda", "fermata", "footnote", "level", *([] if above else ["ending"])]
                for extra in extras:
                    for element in barline.findall(extra):
                        barline.remove(element)
                if len(barline):
                    measure.append(barline)
        if index == 0 and measure.find("attributes/clef") is None:
            attributes = etree.Element("attributes")
            etree.SubElement(attributes, "divisions").text = str(old.start.divisions)
            attributes.append(_clef(clef))
            measure.insert(0, attributes)
    return new


def _attributes_like(
    old: etree._Element, part: Part, index: int, clef: tuple[str, int, int] | None
) -> etree._Element:
    new = etree.Element("attributes")
    shift = part.measures[index].end.transpose_fifths
    for tag in ("divisions", "key", "time"):
        for element in old.findall(tag):
            if element.get("number") not in (None, "1"):
                continue
            element = copy.deepcopy(element)
            element.attrib.pop("number", "")
            element.attrib.pop("id", "")
            fifths = element.find("fifths")
            if fifths is not None and shift:
                fifths.text = str(_within_seven(int(fifths.text or 0) + shift))
                for cancel in element.findall("cancel"):
                    element.remove(cancel)
            new.append(element)
    if clef is not None:
        new.append(_clef(clef))
    return new


def _within_seven(fifths: int) -> int:
    """The key signature of at most seven accidentals that sounds the same."""
    return fifths - 12 if fifths > 7 else fifths + 12 if fifths < -7 else fifths


def _clef(clef: tuple[str, int, int]) -> etree._Element:
    sign, line, octave = clef
    element = etree.Element("clef")
    etree.SubElement(element, "sign").text = sign
    etree.SubElement(element, "line").text = str(line)
    if octave:
        etree.SubElement(element, "clef-octave-change").text = str(octave)
    return element


def _join_with_bracket(timeline: Timeline, choir: Choir) -> None:
    """A bracket and common barlines around the choir, if it stands together and in no group yet."""
    part_list = timeline.score.root.find("part-list")
    if part_list is None or part_list.find("part-group") is not None:
        return
    members = {singer.part.id for singer in choir.singers.values()}
    rows = part_list.findall("score-part")
    inside = [i for i, row in enumerate(rows) if row.get("id") in members]
    if len(inside) < 2 or inside[-1] - inside[0] != len(inside) - 1:
        return
    start = etree.Element("part-group", number="1", type="start")
    etree.SubElement(start, "group-symbol").text = "bracket"
    etree.SubElement(start, "group-barline").text = "yes"
    stop = etree.Element("part-group", number="1", type="stop")
    _insert_beside(rows[inside[0]], start, above=True)
    _insert_beside(rows[inside[-1]], stop, above=False)
