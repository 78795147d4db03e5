"""What a page consists of once it is read: outlines with a place and ink."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fontTools.misc.transform import Transform
from fontTools.pens.basePen import BasePen

Outline = tuple[tuple[str, tuple[float, ...]], ...]
"""Steps of a path: SVG's letters ``M L C Z``, each with its absolute coordinates."""


@dataclass(frozen=True)
class Shape:
    """One path, where it lies and how it is inked."""

    outline: Outline
    # From the outline's own units to millimetres from the upper left corner of the page.
    place: Transform
    # Colours as #rrggbb; None is no ink. At least one of the two is there.
    fill: str | None
    stroke: str | None
    # In the outline's own units.
    stroke_width: float = 1.0
    dashes: tuple[float, ...] = ()
    # "butt", "round" or "square"; "miter", "round" or "bevel".
    linecap: str = "butt"
    linejoin: str = "miter"


@dataclass(frozen=True)
class Drawing:
    """A page: its shapes in the order in which they are painted."""

    width_mm: float
    height_mm: float
    shapes: tuple[Shape, ...]


class OutlinePen(BasePen):
    """Collects an outline; quadratic curves become cubic ones, parts of composed glyphs are put in."""

    def __init__(self, glyphs: object = None) -> None:
        super().__init__(glyphs)
        self._steps: list[tuple[str, tuple[float, ...]]] = []

    @property
    def outline(self) -> Outline:
        """What has been drawn so far."""
        return tuple(self._steps)

    def _moveTo(self, point: tuple[float, float]) -> None:
        self._steps.append(("M", tuple(point)))

    def _lineTo(self, point: tuple[float, float]) -> None:
        self._steps.append(("L", tuple(point)))

    def _curveToOne(self, *points: tuple[float, float]) -> None:
        self._steps.append(("C", tuple(number for point in points for number in point)))

    def _closePath(self) -> None:
        self._steps.append(("Z", ()))


# MusicXML allows only #RRGGBB, but programs write names too.
_NAMED_COLORS = {
    "black": "#000000",
    "silver": "#c0c0c0",
    "gray": "#808080",
    "white": "#ffffff",
    "maroon": "#800000",
    "red": "#ff0000",
    "purple": "#800080",
    "fuchsia": "#ff00ff",
    "green": "#008000",
    "lime": "#00ff00",
    "olive": "#808000",
    "yellow": "#ffff00",
    "navy": "#000080",
    "blue": "#0000ff",
    "teal": "#008080",
    "aqua": "#00ffff",
    "orange": "#ffa500",
}


def color(value: str) -> str | None:
    """Bring a CSS colour into the form ``#rrggbb``.

    Parameters
    ----------
    value : str
        A name, ``#rgb``, ``#rrggbb`` or ``none``.

    Returns
    -------
    str or None
        None for no ink; black, as ink is, for a colour that cannot be read.
    """
    value = value.strip().lower()
    if value in ("none", "transparent"):
        return None
    if re.fullmatch("#[0-9a-f]{6}", value):
        return value
    if re.fullmatch("#[0-9a-f]{3}", value):
        return "#" + "".join(2 * digit for digit in value[1:])
    return _NAMED_COLORS.get(value, "#000000")
