"""Rows of the part list: names, instruments and brackets of new parts."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence

from lxml import etree

from scoreassist.score.voice_names import VOICES

ABBREVIATIONS = ("S.", "A.", "T.", "B.")
SOUNDS = ("voice.soprano", "voice.alto", "voice.tenor", "voice.bass")
SOUND_OF_SEVERAL = "voice.vocals"

CHOIR_AAHS = "53"  # General MIDI, counted from 1
CHANNELS, DRUMS = range(1, 17), 10


def new_score_part(root: etree._Element, voices: Sequence[int], beside: etree._Element) -> etree._Element:
    """A `<score-part>` for one or two singers, with an instrument that sounds like its neighbour's."""
    taken = {e.get("id") for e in root.iter() if e.get("id") is not None}
    part_id = _free(taken, "P{}", sum(1 for _ in root.iter("score-part")) + 1)
    instrument_id = _free(taken, part_id + "-I{}", 1)
    row = etree.Element("score-part", id=part_id)
    name = " ".join(VOICES[v] for v in voices)
    etree.SubElement(row, "part-name").text = name
    etree.SubElement(row, "part-abbreviation").text = " ".join(ABBREVIATIONS[v] for v in voices)
    instrument = etree.SubElement(row, "score-instrument", id=instrument_id)
    etree.SubElement(instrument, "instrument-name").text = name
    sound = SOUNDS[voices[0]] if len(voices) == 1 else SOUND_OF_SEVERAL
    etree.SubElement(instrument, "instrument-sound").text = sound
    midi = etree.SubElement(row, "midi-instrument", id=instrument_id)
    channel = _free_channel(root)
    if channel is not None:
        etree.SubElement(midi, "midi-channel").text = str(channel)
    program = (beside.findtext("midi-instrument/midi-program") or "").strip()
    known = program.isdecimal() and 1 <= int(program) <= 128
    etree.SubElement(midi, "midi-program").text = program if known else CHOIR_AAHS
    for tag in ("volume", "pan"):
        if (setting := beside.find(f"midi-instrument/{tag}")) is not None:
            setting = copy.deepcopy(setting)
            setting.tail = None
            midi.append(setting)
    _set_out_like(row, beside)
    return row


def _free(taken: Collection[str | None], pattern: str, number: int) -> str:
    while pattern.format(number) in taken:
        number += 1
    return pattern.format(number)


def _free_channel(root: etree._Element) -> int | None:
    """A MIDI channel that nobody has, drums' apart; None if there is none."""
    taken = {(e.text or "").strip() for e in root.iter("midi-channel")}
    return next((n for n in CHANNELS if n != DRUMS and str(n) not in taken), None)


def _set_out_like(new: etree._Element, old: etree._Element) -> None:
    """Each element on a line of its own, where the neighbour has them so."""
    inside = old.text
    if inside is None or inside.strip() or "\n" not in inside or len(old) == 0:
        return
    outside = old[-1].tail if old[-1].tail is not None else inside
    deeper = inside + inside[len(outside) :] if inside.startswith(outside) else inside
    new.text = inside
    for child in new:
        child.tail = inside
        if len(child):
            child.text = deeper
            for grandchild in child:
                grandchild.tail = deeper
            child[-1].tail = inside
    new[-1].tail = outside


def insert_beside(old: etree._Element, new: etree._Element, above: bool) -> None:
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


def join_with_bracket(root: etree._Element, members: Collection[str], *, barlines: bool) -> None:
    """A bracket around a choir that stands together, unless one of it is in a group already.

    Parameters
    ----------
    root : root of the score
    members : collection of part ids
    barlines : bool
        Whether barlines run through all staves; where each has words below it, they do not.
    """
    part_list = root.find("part-list")
    if part_list is None:
        return
    rows = part_list.findall("score-part")
    inside = [i for i, row in enumerate(rows) if row.get("id") in members]
    if len(inside) < 2 or inside[-1] - inside[0] != len(inside) - 1:
        return
    if _grouped(part_list) & set(members):
        return
    taken = {group.get("number", "1") for group in part_list.findall("part-group")}
    number = _free(taken, "{}", 1)
    start = etree.Element("part-group", number=number, type="start")
    etree.SubElement(start, "group-symbol").text = "bracket"
    etree.SubElement(start, "group-barline").text = "yes" if barlines else "no"
    stop = etree.Element("part-group", number=number, type="stop")
    insert_beside(rows[inside[0]], start, above=True)
    insert_beside(rows[inside[-1]], stop, above=False)


def _grouped(part_list: etree._Element) -> set[str]:
    """Ids of parts that lie in a group."""
    begun: set[str] = set()
    grouped = set()
    for row in part_list:
        if row.tag == "part-group":
            number = row.get("number", "1")
            if row.get("type") == "start":
                begun.add(number)
            else:
                begun.discard(number)
        elif row.tag == "score-part" and begun:
            grouped.add(row.get("id") or "")
    return grouped
