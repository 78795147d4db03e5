"""Marks taken out of a score, and whatever stands around them left."""

from __future__ import annotations

from lxml import etree

from scoreassist.score.stems import remove


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
            sound = direction.find("sound")
            if sound is not None:  # the tempo is played on, without its word
                direction.addprevious(sound)
                sound.tail = direction.getparent().text  # type: ignore[union-attr]  # it stands in a measure
            remove(direction)
