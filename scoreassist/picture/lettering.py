"""Short lines of text and coloured fields that are added to a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from lxml import etree

from scoreassist.picture.letters import face_for
from scoreassist.picture.systems import SVG

NO_BREAK = "\u00a0"
"""A space at which no line is broken."""

FAMILY = "Times, serif"  # the words of the music around it


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How long a line of text is, in the unit of its font size."""
    faces = [(face_for(character, family=FAMILY, bold=bold, italic=False), character) for character in text]
    return sum(face.width(character) / face.units_per_em for face, character in faces) * size


def label(
    text: str,
    x: float,
    y: float,
    size: float,
    *,
    anchor: Literal["start", "middle", "end"] = "start",
    bold: bool = False,
) -> etree._Element:
    """A line of text on the base line `y`."""
    place = {"x": f"{x:.0f}", "y": f"{y:.0f}", "font-size": f"{size:.0f}px", "text-anchor": anchor}
    weight = {"font-weight": "bold"} if bold else {}
    element = etree.Element(f"{{{SVG}}}text", {**place, "font-family": FAMILY, "fill": "#000000", **weight})
    element.text = text
    return element


def field(left: float, top: float, right: float, bottom: float, fill: str, outline: float) -> etree._Element:
    """A coloured rectangle with a thin grey outline, `outline` wide, so that the palest is seen on paper."""
    sides = {
        "x": f"{left:.0f}",
        "y": f"{top:.0f}",
        "width": f"{right - left:.0f}",
        "height": f"{bottom - top:.0f}",
    }
    ink = {"fill": fill, "style": f"stroke:#808080; stroke-width:{outline:.0f}px"}
    return etree.Element(f"{{{SVG}}}rect", {**sides, **ink})


def arrowhead(x: float, top: float, bottom: float) -> etree._Element:
    """A small black triangle that points down at `x`."""
    half = (bottom - top) / 2
    points = f"{x - half:.0f},{top:.0f} {x + half:.0f},{top:.0f} {x:.0f},{bottom:.0f}"
    return etree.Element(f"{{{SVG}}}polygon", {"points": points, "fill": "#000000"})


def wrapped(text: str, size: float, widest: float, *, bold: bool = False) -> Iterator[str]:
    """Yield the lines in which a text fits, broken between words; a longer word has a line for itself."""
    line = ""
    for word in re.split(r"[ \t\r\n]+", text.strip()):  # and not at `NO_BREAK`
        longer = f"{line} {word}".strip()
        if line and width(longer, size, bold=bold) > widest:
            yield line
            longer = word
        line = longer
    yield line
