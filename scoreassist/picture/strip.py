"""A strip under each system that shows how sure the model is of each measure, and where findings stand.

>>> rows = [MeasureRow(0, -0.08), MeasureRow(1, -0.41, (Mark("parallel-fifths", 0.5),))]
>>> write(musicxml, "hymn.pdf", options=with_room(RenderOptions(), rows, ["copied: 12 %"]),
...       decorate=lambda pages: explained(pages, rows, ["copied: 12 %"]))          # doctest: +SKIP
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoreassist.errors import RequestError
from scoreassist.picture.lettering import NO_BREAK, arrowhead, field, label, width, wrapped
from scoreassist.picture.systems import MeasureBox, Page, System

if TYPE_CHECKING:
    from lxml import etree

    from scoreassist.rendering import RenderOptions

# What is written over a mark. The text font has no accidentals and few signs, a strip has little room.
SHORT_NAMES: Mapping[str, str] = {
    "parallel-fifths": "||5",
    "parallel-octaves": "||8",
    "hidden-fifths": "(5)",
    "hidden-octaves": "(8)",
    "voice-crossing": "×",
    "overlap": "><",
    "spacing": "<>",
    "range": "range",
    "leap": "leap",
    "unresolved-seventh": "7→?",
    "unresolved-leading-tone": "L→?",
    "doubled-leading-tone": "2L",
    "incomplete-chord": "no 3",
    "unprepared-dissonance": "diss.",
    "cross-relation": "X-rel",
    "measure-length": "≠",
}

SCALE_NATS = 0.5
"""How unsure the strongest colour is; beyond, there is no stronger one."""

# From sure to unsure: YlOrBr, which ColorBrewer (Harrower & Brewer 2003) tells to be safe for the colour-blind;
# it darkens from end to end, so that it is read in grey too.
_COLORS = ("#ffffd4", "#fed98e", "#fe9929", "#d95f0e", "#993404")

# Heights in millimetres, from the music down.
_ABOVE, _NAME, _ARROW, _STRIP, _BELOW = 0.8, 2.9, 1.0, 1.7, 1.2
_NAME_SIZE, _LEGEND_SIZE, _LEGEND_LINE = 2.6, 2.7, 3.6
_OUTLINE = 0.08
_SWATCH, _SWATCHES = 8.0, 6
_APART = 0.6  # between two names
_BETWEEN = 0.4  # two measures
_FOOT = 4.0  # white paper that stays at the lower edge


@dataclass(frozen=True)
class Mark:
    """A finding.

    Attributes
    ----------
    rule : str
        A key of `SHORT_NAMES`; any other word is written as it is.
    at : float
        How much of the measure has passed, from 0 to 1.
    """

    rule: str
    at: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.at <= 1:
            raise RequestError(f"a mark stands at {self.at:g} of its measure; it must lie between 0 and 1")

    @property
    def name(self) -> str:
        """What is written."""
        return SHORT_NAMES.get(self.rule, self.rule)


@dataclass(frozen=True)
class MeasureRow:
    """What is known about a measure.

    Attributes
    ----------
    index : int
        Its place in the score, from 0, whatever number is printed.
    nats : float or None
        Mean log-probability of the cells that were written in it, at most 0; None where none was.
    marks : tuple of Mark
        Findings.
    """

    index: int
    nats: float | None = None
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        if self.nats is not None and not self.nats <= 0:
            raise RequestError(f"a log-probability is {self.nats}; it must be at most 0")


def explained(pages: Sequence[str], rows: Sequence[MeasureRow], legend: Sequence[str] = ()) -> list[str]:
    """Draw a strip under every system, and a legend under the last.

    Pages that were drawn with the options of :func:`with_room` keep their size. On others, systems move down,
    and a page that becomes too short gets taller.

    Parameters
    ----------
    pages : sequence of str
        All pages of a score, as returned by :func:`scoreassist.rendering.svg_pages`.
    rows : sequence of MeasureRow
        At most one a measure; measures without a row get no strip.
    legend : sequence of str
        Lines at the end, below the scale of colours and the names of the marks.

    Returns
    -------
    list of str
        As many pages; one to which nothing is added is the same, byte for byte.

    Raises
    ------
    OutputError
        If a page is not of Verovio's make.
    """
    by_index = {row.index: row for row in rows}
    result, next_measure = [], 0
    for number, svg in enumerate(pages, 1):
        page = Page(svg, next_measure)
        next_measure = page.next_measure
        strips = _strips(page, by_index)
        if strips:
            page.add(strips, "how-sure")
        key = _legend(page, rows, legend) if number == len(pages) else []
        if key:
            page.add(key, "how-sure-legend")
        result.append(str(page) if strips or key else svg)
    return result


def with_room(options: RenderOptions, rows: Sequence[MeasureRow], legend: Sequence[str] = ()) -> RenderOptions:
    """Options with which the systems leave room for strips, and the pages for the legend.

    Parameters
    ----------
    options : RenderOptions
        What is wanted otherwise.
    rows, legend
        As for :func:`explained`.
    """
    width_mm = options.page_width_mm - 2 * options.margin_mm
    return dataclasses.replace(
        options,
        room_below_systems_mm=_height(rows),
        room_at_foot_mm=_LEGEND_LINE * _lines(rows, legend, width_mm),
    )


def color_of(nats: float) -> str:
    """The colour of a mean log-probability, between those of `SCALE_NATS` and of certainty: ``#rrggbb``."""
    place = min(1.0, -nats / SCALE_NATS) * (len(_COLORS) - 1)
    first = min(int(place), len(_COLORS) - 2)
    low, high = (bytes.fromhex(color[1:]) for color in _COLORS[first : first + 2])
    return "#" + bytes(round(a + (b - a) * (place - first)) for a, b in zip(low, high, strict=True)).hex()


def _height(rows: Sequence[MeasureRow]) -> float:
    """What the strip of a system with these measures takes below the music, in millimetres."""
    if not any(row.nats is not None or row.marks for row in rows):
        return 0.0
    return _ABOVE + (_NAME + _ARROW if any(row.marks for row in rows) else 0.0) + _STRIP + _BELOW


def _strips(page: Page, by_index: Mapping[int, MeasureRow]) -> list[etree._Element]:
    """Draw the strips of a page; systems that stand too near move down."""
    drawn: list[etree._Element] = []
    needed = shift = 0.0  # how far down the strip before reaches; how far all that follows has moved
    for system in page.systems:
        shift += max(0.0, needed - system.top - shift)
        if shift:
            system.move(shift)
        rows = [by_index[box.index] for box in system.measures if box.index in by_index]
        height = _height(rows) * page.per_mm
        needed = system.bottom + height if height else 0.0
        if height:
            drawn += _strip(page, system, needed - _BELOW * page.per_mm, by_index)
    _keep_on_paper(page, max((system.bottom for system in page.systems[-1:]), default=0.0))
    _keep_on_paper(page, needed)
    return drawn


def _strip(
    page: Page, system: System, bottom: float, by_index: Mapping[int, MeasureRow]
) -> Iterator[etree._Element]:
    """Yield the fields of a system, then its marks from left to right."""
    top = bottom - _STRIP * page.per_mm
    marks: list[tuple[float, str]] = []
    for box in system.measures:
        row = by_index.get(box.index, MeasureRow(box.index))
        if row.nats is not None:
            right = box.right - _BETWEEN * page.per_mm
            yield field(box.left, top, right, bottom, color_of(row.nats), _OUTLINE * page.per_mm)
        marks += ((_place(box, mark), mark.name) for mark in row.marks)
    yield from _marks(page, sorted(set(marks)), top)


def _place(box: MeasureBox, mark: Mark) -> float:
    return box.first_note + mark.at * (box.right - box.first_note)


def _marks(page: Page, marks: Sequence[tuple[float, str]], bottom: float) -> Iterator[etree._Element]:
    """Yield an arrowhead for each mark, and its name if there is room for it; "+2" says that two had none."""
    size, apart = _NAME_SIZE * page.per_mm, _APART * page.per_mm
    arrow_top = bottom - _ARROW * page.per_mm
    base = arrow_top - 0.2 * size  # letters reach below their line
    free_from, untold = 0.0, 0
    for x, names in itertools.groupby(marks, key=lambda mark: mark[0]):
        yield arrowhead(x, arrow_top, bottom)
        several = [name for _, name in names]
        text = " ".join([*([f"+{untold}"] if untold else []), *several])
        half = width(text, size) / 2
        middle = min(x, page.width - half)
        if middle - half < free_from:
            untold += len(several)
            continue
        yield label(text, middle, base, size, anchor="middle")
        free_from, untold = middle + half + apart, 0
    if untold:
        yield label(f"+{untold}", free_from, base, size)


def _lines(rows: Sequence[MeasureRow], legend: Sequence[str], width_mm: float) -> int:
    """How many lines the legend has."""
    scale = 2 if any(row.nats is not None for row in rows) else 0
    return scale + len(_texts(rows, legend, width_mm))


def _texts(rows: Sequence[MeasureRow], legend: Sequence[str], width_mm: float) -> list[str]:
    """The lines of words in the legend: what the marks mean that were made, then what else is to be said."""
    made = {mark.rule for row in rows for mark in row.marks}
    meanings = [
        f"{short} {rule.replace('-', ' ')}"
        for rule, short in SHORT_NAMES.items()
        if rule in made and short != rule
    ]
    texts = ["; ".join(meaning.replace(" ", NO_BREAK) for meaning in meanings)] if meanings else []
    return [line for text in (*texts, *legend) for line in wrapped(text, _LEGEND_SIZE, width_mm)]


def _legend(page: Page, rows: Sequence[MeasureRow], legend: Sequence[str]) -> list[etree._Element]:
    """Draw scale, marks and words where there is room under the last system, or else under the footer."""
    width_mm = (page.width - 2 * page.left) / page.per_mm
    line = _LEGEND_LINE * page.per_mm
    height = line * _lines(rows, legend, width_mm)
    if not height:
        return []
    top = max((system.bottom for system in page.systems), default=page.top)
    top += (_height(rows) + _ABOVE) * page.per_mm
    for foot_top, foot_bottom in page.feet():
        if top + height > foot_top:
            top = max(top, foot_bottom + _ABOVE * page.per_mm)
    _keep_on_paper(page, top + height)
    drawn: list[etree._Element] = []
    if any(row.nats is not None for row in rows):
        drawn += _scale(page, top)
        top += 2 * line
    for number, text in enumerate(_texts(rows, legend, width_mm), 1):
        drawn.append(label(text, page.left, top + number * line, _LEGEND_SIZE * page.per_mm))
    return drawn


def _scale(page: Page, top: float) -> Iterator[etree._Element]:
    """Yield the colours with the numbers that they stand for, in two lines."""
    size, line = _LEGEND_SIZE * page.per_mm, _LEGEND_LINE * page.per_mm
    words = "How sure the model is of what it wrote, mean log-probability of a cell in nats:  sure "
    yield label(words, page.left, top + line, size)
    x = page.left + width(words, size) + size
    base = top + line
    for number in range(_SWATCHES):
        nats = -SCALE_NATS * number / (_SWATCHES - 1)
        right = x + _SWATCH * page.per_mm
        yield field(x, base - _STRIP * page.per_mm, right, base, color_of(nats), _OUTLINE * page.per_mm)
        text = f"{nats:.3g}".replace("-", "−") if number else "0"
        text = f"≤ {text}" if number == _SWATCHES - 1 else text
        yield label(text, (x + right) / 2, base + line * 0.9, size, anchor="middle")
        x = right
    yield label("unsure", x + size / 2, base, size)


def _keep_on_paper(page: Page, bottom: float) -> None:
    """Make the page taller if what is drawn reaches to its lower edge."""
    wanted = math.ceil(bottom + _FOOT * page.per_mm)
    if wanted > page.height:
        page.grow(wanted)
