"""Marks taken out of a score, and whatever stands around them left."""

from __future__ import annotations

from lxml import etree

from scoreassist.writing.stems import remove


def erase(signs: list[etree._Element]) -> None:
    """Take marks out of the score; whatever else a direction says or plays stays."""
    for sign in signs:
        kind = sign.getparent()
        direction = kind.getparent() if kind is not None else None
        if kind is None or direction is None:
            continue  # gone already
        remove(sign)
        if len(kind) == 0:
            remove(kind)
        if direction.find("direction-type") is None:
            _leave_playing(direction)
            remove(direction)


def _leave_playing(direction: etree._Element) -> None:
    """What a direction without words plays stands in the measure itself, at the same moment."""
    measure, offset = direction.getparent(), direction.find("offset")
    assert measure is not None
    for tag in ("sound", "listening"):
        child = direction.find(tag)
        if child is None:
            continue
        if offset is not None and offset.get("sound", "no") == "yes" and child.find("offset") is None:
            moved = etree.SubElement(child, "offset")
            moved.text = offset.text
        direction.addprevious(child)
        child.tail = measure.text
