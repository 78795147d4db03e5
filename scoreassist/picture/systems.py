"""Where the systems and measures of a drawn page lie, so that something can be written under them.

Lengths are in units of the page's own ``viewBox``, from its upper left corner; ``Page.per_mm`` of them are a
millimetre.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from scoreassist.errors import OutputError
from scoreassist.picture.reading import drawing
from scoreassist.picture.shapes import Shape

SVG = "http://www.w3.org/2000/svg"


def parsed(svg: str) -> etree._Element:
    """Read an SVG document."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)  # fonts are long
    return etree.fromstring(svg.encode(), parser)


@dataclass(frozen=True)
class MeasureBox:
    """A measure as it is drawn.

    Attributes
    ----------
    index : int
        Place of the measure in the score, from 0, whatever number is printed; of several measures drawn as one
        rest, the first.
    left, right : float
        From where to where its staff lines go.
    first_note : float
        Where its first note or rest stands, after clef, key and time signature.
    """

    index: int
    left: float
    right: float
    first_note: float


@dataclass
class System:
    """A system: its measures, and the height between which all of it lies, lyrics and slurs included."""

    element: etree._Element
    measures: list[MeasureBox]
    top: float
    bottom: float

    def move(self, down: float) -> None:
        """Draw it and all that is in it lower on the page."""
        place = self.element.get("transform", "")
        self.element.set("transform", f"translate(0, {down:.0f}) {place}".strip())
        self.top, self.bottom = self.top + down, self.bottom + down


class Page:
    """One page of Verovio's SVG, to be added to.

    Parameters
    ----------
    svg : str
        As returned by :func:`scoreassist.rendering.svg_pages`.
    first_measure : int
        How many measures of the score stand on the pages before.

    Raises
    ------
    OutputError
        If the SVG is of another make.
    """

    def __init__(self, svg: str, first_measure: int = 0) -> None:
        self._root = parsed(svg)
        canvas, margin = self._root.find("{*}svg"), self._root.find("{*}svg/{*}g[@class='page-margin']")
        width = re.fullmatch(r"([\d.]+)mm", self._root.get("width", ""))
        if canvas is None or margin is None or width is None:
            raise OutputError("the SVG has no pages as Verovio draws them; use scoreassist.rendering.svg_pages")
        self._canvas, self._margin = canvas, margin
        *_, self.width, self.height = (float(length) for length in canvas.get("viewBox", "").split())
        self.per_mm = self.width / float(width[1])
        self.left, self.top = _numbers(margin.get("transform", ""))
        self.next_measure = first_measure
        self.systems = [self._system(element) for element in margin.iterfind("{*}g[@class='system']")]

    def __str__(self) -> str:
        return etree.tostring(self._root, encoding="unicode")

    def feet(self) -> list[tuple[float, float]]:
        """From where to where, vertically, footers reach."""
        return [self._extent(element) for element in self._margin.iterfind("{*}g[@class='pgFoot']")]

    def add(self, elements: list[etree._Element], name: str) -> None:
        """Draw on top of the page, as one group of the class `name`."""
        group = etree.SubElement(self._canvas, f"{{{SVG}}}g", {"class": name})
        group.extend(elements)

    def grow(self, height: float) -> None:
        """Make the paper taller."""
        self.height = height
        self._canvas.set("viewBox", f"0 0 {self.width:.0f} {height:.0f}")
        self._root.set("height", f"{height / self.per_mm:g}mm")

    def _system(self, element: etree._Element) -> System:
        boxes: list[MeasureBox] = []
        for measure in element.iter(f"{{{SVG}}}g"):
            if "measure" in measure.get("class", "").split():
                boxes += self._box(measure)
                self.next_measure += _measures_in(measure)
        return System(element, boxes, *self._extent(element))

    def _box(self, measure: etree._Element) -> Iterator[MeasureBox]:
        """Yield the box, if the measure has staff lines at all."""
        lines = [
            _numbers(line.get("d", ""))
            for staff in measure.iterfind("{*}g[@class='staff']")
            for line in staff.iterfind("{*}path")
        ]
        if lines:
            left, right = min(line[0] for line in lines), max(line[2] for line in lines)
            heads = [
                _numbers(use.get("transform", ""))[0]
                for group in measure.iter(f"{{{SVG}}}g")
                if group.get("class", "") in ("notehead", "rest")
                for use in group.iterfind("{*}use")
            ]
            yield MeasureBox(
                self.next_measure,
                left + self.left,
                right + self.left,
                min(heads, default=left + (right - left) / 8) + self.left,
            )

    def _extent(self, element: etree._Element) -> tuple[float, float]:
        """From where to where, vertically, an element of the page leaves ink."""
        page, canvas, margin = (_empty(holder) for holder in (self._root, self._canvas, self._margin))
        page.extend([*(copy.deepcopy(defs) for defs in self._root.iterfind("{*}defs")), canvas])
        canvas.append(margin)
        margin.append(copy.deepcopy(element))
        shapes = drawing(etree.tostring(page, encoding="unicode")).shapes
        heights = [y * self.per_mm for shape in shapes for y in _heights(shape)]
        return min(heights, default=self.top), max(heights, default=self.top)


def _empty(element: etree._Element) -> etree._Element:
    """The element without what is in it."""
    copied = etree.Element(element.tag)
    for name, value in element.items():
        copied.set(name, value)
    return copied


def _measures_in(measure: etree._Element) -> int:
    """How many measures of the score a drawn one stands for; more than one where it is a rest over several."""
    rests = (rest.get("data-num") for rest in measure.iter(f"{{{SVG}}}g"))
    return max([int(number) for number in rests if number], default=1)


def _heights(shape: Shape) -> Iterator[float]:
    """Yield the height of each point of a shape, with half its stroke above and below, in millimetres."""
    half = abs(shape.place.yy) * shape.stroke_width / 2 if shape.stroke else 0.0
    for _, numbers in shape.outline:
        for point in zip(numbers[::2], numbers[1::2], strict=True):
            y = shape.place.transformPoint(point)[1]
            yield from (y - half, y + half)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]
