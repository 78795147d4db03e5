"""From one page of Verovio's SVG to shapes.

Only the SVG that Verovio 6 writes is read, which is little: nested ``svg`` with a ``viewBox``, ``g``,
``use``, five shapes, ``text`` with ``tspan``, and a style sheet of selectors ``#id tag`` and
``#id tag.class``.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from fontTools.misc.transform import Identity, Transform
from fontTools.svgLib.path import parse_path
from lxml import etree

from scoreassist.errors import OutputError
from scoreassist.picture.letters import Face, face_for
from scoreassist.picture.shapes import Drawing, Outline, OutlinePen, Shape, color

Style = Mapping[str, str]
"""SVG properties by name, all of them."""

# The properties that Verovio uses, with SVG's initial values; every one of them is inherited.
_INITIAL: Style = {
    "color": "black",
    "fill": "black",
    "fill-opacity": "1",
    "stroke": "none",
    "stroke-width": "1",
    "stroke-linecap": "butt",
    "stroke-linejoin": "miter",
    "stroke-dasharray": "none",
    "visibility": "visible",
    "font-family": "serif",
    "font-size": "0px",
    "font-style": "normal",
    "font-weight": "normal",
    "letter-spacing": "0px",
    "text-anchor": "start",
}

_NEVER_DRAWN = {"defs", "desc", "style", "title", "metadata"}
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"


def drawing(svg: str) -> Drawing:
    """Read one page of Verovio's SVG, made with its option ``mmOutput``.

    Parameters
    ----------
    svg : str
        As returned by :func:`scoreassist.rendering.svg_pages`.

    Returns
    -------
    Drawing
        Everything visible, text included.

    Raises
    ------
    OutputError
        If the SVG is of another make.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)  # fonts are long
    root = etree.fromstring(svg.encode(), parser)
    width, height = (re.fullmatch(r"([\d.]+)mm", root.get(side, "")) for side in ("width", "height"))
    if width is None or height is None:
        raise OutputError("the SVG gives no size in millimetres; make it with scoreassist.rendering.svg_pages")
    reader = _Reader(root, float(width[1]), float(height[1]))
    return Drawing(reader.width_mm, reader.height_mm, tuple(reader.shapes(root, Identity, _INITIAL)))


@dataclass
class _Line:
    """Characters that are set, and anchored, together."""

    x: float
    y: float
    anchor: str
    characters: list[tuple[str, Style]] = field(default_factory=list)


class _Reader:
    """Walks through one SVG document."""

    def __init__(self, root: etree._Element, width_mm: float, height_mm: float) -> None:
        self.width_mm, self.height_mm = width_mm, height_mm
        self._rules = _style_rules("".join(style.text or "" for style in root.iter("{*}style")))
        self._symbols = {element.get("id", ""): element for element in root.iterfind(".//{*}defs/*")}

    def shapes(self, element: etree._Element, place: Transform, inherited: Style) -> Iterator[Shape]:
        """Yield the shapes of an element and of everything in it, in the order they are painted."""
        tag = _tag(element)
        if tag is None:
            return
        style = self._style(element, tag, inherited)
        place = place.transform(self._transform(element))
        if tag == "text":
            yield from self._text(element, place, style)
            return
        if tag == "use":
            symbol = self._symbols.get(element.get(_XLINK_HREF, element.get("href", "")).removeprefix("#"))
            if symbol is not None:
                yield from self.shapes(symbol, place, style)
            return
        d = self._path_data(element, tag)
        if d is not None:
            yield from _inked(_outline(d), place, style)
        for child in element:
            yield from self.shapes(child, place, style)

    def _style(self, element: etree._Element, tag: str, inherited: Style) -> Style:
        """Inherited properties, overruled by attributes, then the style sheet, then the style attribute."""
        own = {str(name): str(value) for name, value in element.attrib.items() if name in _INITIAL}
        classes = set(element.get("class", "").split())
        for rule_tag, rule_classes, declarations in self._rules:
            if rule_tag == tag and rule_classes <= classes:
                own.update(declarations)
        own.update(_declarations(element.get("style", "")))
        return {**inherited, **own} if own else inherited

    def _transform(self, element: etree._Element) -> Transform:
        if (box := element.get("viewBox")) is not None:
            left, top, width, height = map(float, box.split())
            return Identity.scale(self.width_mm / width, self.height_mm / height).translate(-left, -top)
        place = Identity
        for name, arguments in re.findall(r"(\w+)\s*\(([^)]*)\)", element.get("transform", "")):
            numbers = [float(number) for number in re.findall(r"-?[\d.]+", arguments)]
            if name == "rotate":
                degrees, x, y = (*numbers, 0.0, 0.0)[:3]
                place = place.translate(x, y).rotate(math.radians(degrees)).translate(-x, -y)
            elif name in ("translate", "scale"):
                place = getattr(place, name)(*numbers)
            else:
                raise OutputError(f"the SVG holds {name}(), which Verovio 6 does not write; install Verovio 6")
        return place

    def _path_data(self, element: etree._Element, tag: str) -> str | None:
        """The element in the language of ``path/@d``; None for one that is no shape itself."""

        def number(name: str) -> float:
            value = element.get(name, "0")
            if value == "100%":
                return self.width_mm if name == "width" else self.height_mm
            return _pixels(value)

        if tag == "path":
            return element.get("d")
        if tag == "rect":
            width, height = number("width"), number("height")
            return f"M{number('x')} {number('y')} h{width} v{height} h{-width} z"
        if tag == "ellipse":
            rx, ry = number("rx"), number("ry")
            arc = f"a{rx} {ry} 0 1 0"
            return f"M{number('cx') - rx} {number('cy')} {arc} {2 * rx} 0 {arc} {-2 * rx} 0 z"
        if tag in ("polygon", "polyline"):
            return f"M{element.get('points')}{' z' if tag == 'polygon' else ''}"
        return None

    def _text(self, element: etree._Element, place: Transform, style: Style) -> Iterator[Shape]:
        lines = [_Line(0.0, 0.0, "start")]
        self._collect(element, style, lines)
        for line in lines:
            widths = [_width(character, own) for character, own in line.characters]
            x = line.x - {"start": 0.0, "middle": 0.5, "end": 1.0}[line.anchor] * sum(widths)
            for (character, own), width in zip(line.characters, widths, strict=True):
                face = _face(character, own)
                scale = _pixels(own["font-size"]) / face.units_per_em
                # Fonts count upwards, SVG downwards.
                yield from _inked(face.outline(character), place.translate(x, line.y).scale(scale, -scale), own)
                x += width

    def _collect(self, element: etree._Element, style: Style, lines: list[_Line]) -> None:
        """Gather the characters of a ``<text>`` in reading order; an element with a place begins a line."""
        x, y = element.get("x"), element.get("y")
        if x is not None or y is not None:
            last = lines[-1]
            lines.append(
                _Line(last.x if x is None else float(x), last.y if y is None else float(y), style["text-anchor"])
            )
        if _pixels(style["font-size"]) > 0:  # the line ends between the elements have size 0
            written = unicodedata.normalize("NFC", re.sub(r"\s", " ", element.text or ""))
            lines[-1].characters += [
                (character, style) for character in written if unicodedata.category(character) != "Cf"
            ]
        for child in element:
            if (tag := _tag(child)) is not None:
                self._collect(child, self._style(child, tag, style), lines)


def _tag(element: etree._Element) -> str | None:
    """The name of the element without its namespace; None if it leaves no ink."""
    if not isinstance(element.tag, str):  # a comment
        return None
    name = etree.QName(element).localname
    return None if name in _NEVER_DRAWN else name


@cache
def _outline(d: str) -> Outline:
    pen = OutlinePen()
    parse_path(d, pen)
    return pen.outline


def _inked(outline: Outline, place: Transform, style: Style) -> Iterator[Shape]:
    """Yield the outline as a shape, unless it is empty or hidden."""
    fill, stroke = (
        color(style["color"] if style[name] == "currentColor" else style[name]) for name in ("fill", "stroke")
    )
    if float(style["fill-opacity"]) == 0:
        fill = None
    if outline and style["visibility"] != "hidden" and (fill or stroke):
        yield Shape(
            outline,
            place,
            fill,
            stroke,
            stroke_width=_pixels(style["stroke-width"]),
            dashes=tuple(float(length) for length in re.findall(r"[\d.]+", style["stroke-dasharray"])),
            linecap=style["stroke-linecap"],
            linejoin=style["stroke-linejoin"],
        )


def _face(character: str, style: Style) -> Face:
    return face_for(
        character,
        family=style["font-family"],
        bold=style["font-weight"] == "bold",
        italic=style["font-style"] in ("italic", "oblique"),
    )


def _width(character: str, style: Style) -> float:
    face = _face(character, style)
    letter = face.width(character) * _pixels(style["font-size"]) / face.units_per_em
    return letter + _pixels(style["letter-spacing"])


def _pixels(length: str) -> float:
    return float(length.removesuffix("px"))


def _declarations(text: str) -> dict[str, str]:
    pairs = (declaration.partition(":") for declaration in text.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip() in _INITIAL}


def _style_rules(sheet: str) -> list[tuple[str, set[str], dict[str, str]]]:
    """Split a style sheet into (tag, classes, declarations), fonts left out."""
    rules = []
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"@font-face\s*\{[^}]*\}", "", sheet)):
        for selector in selectors.split(","):
            tag, *classes = selector.split()[-1].split(".")
            rules.append((tag, set(classes), _declarations(body)))
    return rules
