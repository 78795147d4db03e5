"""Several answers to one question in one picture, one below the other, each under its own heading.

>>> write_compared([first, second], ["1: no findings", "2: one"], "candidates.svg")  # doctest: +SKIP
[PosixPath('candidates.svg')]
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lxml import etree

from scoreassist import rendering
from scoreassist.errors import OutputError, RequestError, ScoreassistError
from scoreassist.picture.ink import pdf, png
from scoreassist.picture.lettering import label, wrapped
from scoreassist.picture.reading import drawing
from scoreassist.picture.systems import SVG, parsed
from scoreassist.rendering import RenderOptions

FORMATS = (".svg", ".png", ".pdf")
"""The extensions that :func:`write_compared` knows."""

MOST = 16
"""As many scores are compared at most."""

_OPTIONS = RenderOptions(staff_height_mm=5.5)

# In millimetres: a heading, its line, and the white below it and below each score.
_SIZE, _LINE, _BELOW, _APART = 3.6, 5.0, 3.0, 6.0


def compared(musicxmls: Sequence[bytes], titles: Sequence[str], *, options: RenderOptions = _OPTIONS) -> str:
    """Draw scores below one another on one page as tall as they need.

    Parameters
    ----------
    musicxmls : sequence of bytes
        One to `MOST` ``score-partwise`` documents; new notes have their colours in them.
    titles : sequence of str
        A heading for each.
    options : RenderOptions
        Paper, staff size and breaks; the page is always one, and the scores' own titles are left out.

    Returns
    -------
    str
        An SVG document. Its ids are those of the scores, with ``c1-``, ``c2-``, ... before them.

    Raises
    ------
    RequestError
        If there are no scores, too many, or not as many titles.
    UnreadableError, OutputError
        As for :func:`scoreassist.rendering.svg_pages`; the message says which of the scores it is.
    """
    _check(musicxmls, titles)
    return _stacked(_drawn(musicxmls, options), titles, options)


def write_compared(
    musicxmls: Sequence[bytes],
    titles: Sequence[str],
    path: str | os.PathLike[str],
    *,
    options: RenderOptions = _OPTIONS,
) -> list[Path]:
    """Write the picture of :func:`compared`, the format chosen by the extension; whole or not at all.

    A PNG that would be larger than `scoreassist.rendering.MOST_PIXELS` gets a lower resolution. A PDF has a page
    for each score, since no reader shows a page of more than five metres.

    Parameters
    ----------
    musicxmls, titles, options
        As for :func:`compared`.
    path : str or path
        Where to write: ``.svg``, ``.png`` or ``.pdf``.

    Returns
    -------
    list of Path
        The file written.

    Raises
    ------
    RequestError
        If the extension is unknown, too; otherwise as for :func:`compared`.
    OutputError
        If the file cannot be written, too.
    """
    target = Path(path)
    extension = target.suffix.lower()
    if extension not in FORMATS:
        unknown = f"{extension} is no format of a comparison" if extension else "the name has no extension"
        raise RequestError(f"{unknown}; try {', '.join(FORMATS)}", source=str(target))
    _check(musicxmls, titles)
    drawn = _drawn(musicxmls, options)
    if extension == ".pdf":
        pages = [_stacked([svg], [title], options) for svg, title in zip(drawn, titles, strict=True)]
        return rendering.put({target: pdf([drawing(page) for page in pages])})
    picture = _stacked(drawn, titles, options)
    return rendering.put({target: picture.encode() if extension == ".svg" else _png(picture, options.dpi)})


def _check(musicxmls: Sequence[bytes], titles: Sequence[str]) -> None:
    if not 1 <= len(musicxmls) <= MOST:
        raise RequestError(f"{len(musicxmls)} scores cannot be compared in a picture; take 1 to {MOST}")
    if len(titles) != len(musicxmls):
        raise RequestError(f"there are {len(titles)} titles for {len(musicxmls)} scores; give one to each")


def _drawn(musicxmls: Sequence[bytes], options: RenderOptions) -> list[str]:
    """One page of SVG a score."""
    bare = dataclasses.replace(options, one_page=True, heading=False, paper=False)

    def one(number: int, musicxml: bytes) -> str:
        try:
            page, *more = rendering.svg_pages(musicxml, options=bare)
        except ScoreassistError as error:
            error.source = error.source or f"score {number}"
            raise
        if more:
            raise RequestError(
                "is too long to be compared in a picture; compare fewer measures", source=f"score {number}"
            )
        return page

    # Each is drawn by a process of its own; the threads only wait for them.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(one, range(1, len(musicxmls) + 1), musicxmls))


def _stacked(svgs: Sequence[str], titles: Sequence[str], options: RenderOptions) -> str:
    """Lay pages under one another, each under its heading."""
    roots = [parsed(svg) for svg in svgs]
    for number, root in enumerate(roots, 1):
        _rename(root, f"c{number}-")
    whole, canvas = roots[0], _canvas(roots[0])
    page_width = _size(canvas)[0]
    per_mm = page_width / options.page_width_mm
    margin, size = options.margin_mm * per_mm, _SIZE * per_mm
    stacked: list[etree._Element] = []
    y = margin
    for root, title in zip(roots, titles, strict=True):
        for line in wrapped(title, size, page_width - 2 * margin, bold=True):
            y += _LINE * per_mm
            stacked.append(label(line, margin, y, size, bold=True))
        y += _BELOW * per_mm
        own, height = list(_canvas(root)), _size(_canvas(root))[1]
        group = etree.Element(
            f"{{{SVG}}}g", {"class": "candidate", "transform": f"translate(0, {y - margin:.0f})"}
        )
        group.extend(own)
        stacked.append(group)
        y += height - 2 * margin + _APART * per_mm
        if root is not whole:
            for defs in root.iterfind("{*}defs"):
                canvas.addprevious(defs)
    y += margin - _APART * per_mm
    canvas.extend(stacked)
    canvas.set("viewBox", f"0 0 {page_width:.0f} {y:.0f}")
    whole.set("height", f"{y / per_mm:g}mm")
    return rendering.on_paper(etree.tostring(whole, encoding="unicode"))


def _rename(root: etree._Element, prefix: str) -> None:
    """Put the prefix before each id and each reference to one."""
    for element in root.iter():
        for name in ("id", "href", "{http://www.w3.org/1999/xlink}href"):
            if value := element.get(name):
                sign = "#" if value.startswith("#") else ""
                element.set(name, sign + prefix + value.removeprefix("#"))


def _canvas(root: etree._Element) -> etree._Element:
    canvas = root.find("{*}svg")
    if canvas is None:
        raise OutputError("the SVG has no pages as Verovio draws them; use scoreassist.rendering.svg_pages")
    return canvas


def _size(canvas: etree._Element) -> tuple[float, float]:
    *_, width, height = (float(length) for length in canvas.get("viewBox", "").split())
    return width, height


def _png(svg: str, dpi: float) -> bytes:
    """Paint the picture as finely as wanted, or as its size allows."""
    page = drawing(svg)
    square_inches = page.width_mm * page.height_mm / 25.4**2
    return png(page, dpi=min(dpi, math.sqrt(rendering.MOST_PIXELS / square_inches)))
