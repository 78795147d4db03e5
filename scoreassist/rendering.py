"""From MusicXML to SVG, PNG, PDF and MIDI, by Verovio with its traps closed.

Verovio never raises. Junk makes it answer ``False``, truncated files ``True``; some scores end the whole
process. So every score passes three gates here: a safe parser before Verovio, a process of its own around
it (:mod:`scoreassist.engraver`), and a look at the pages after it. PNG and PDF are drawn from the same SVG by
:mod:`scoreassist.picture`.

The same bytes and options give the same SVG, PNG, PDF and MIDI.

>>> pages = svg_pages(Path("hymn.musicxml").read_bytes())               # doctest: +SKIP
>>> write(Path("hymn.musicxml").read_bytes(), "hymn.pdf")               # doctest: +SKIP
[PosixPath('hymn.pdf')]
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from scoreassist.errors import OutputError, RequestError, UnreadableError
from scoreassist.paper import RenderOptions

if TYPE_CHECKING:
    from lxml import etree

FORMATS = (".svg", ".png", ".pdf", ".mid", ".midi")
"""The extensions that :func:`write` knows."""

_PATIENCE_SECONDS = 60  # and a second more for every 50 kB of score
_CHARACTERS_PER_SECOND = 50_000
MOST_PIXELS = 100_000_000
"""In a PNG: 400 MB while it is painted."""

_DEFAULTS = RenderOptions()


def svg_pages(musicxml: bytes, *, options: RenderOptions = _DEFAULTS) -> list[str]:
    """Draw every page.

    Parameters
    ----------
    musicxml : bytes
        A ``score-partwise`` document in any XML encoding.
    options : RenderOptions
        Paper, staff size and breaks.

    Returns
    -------
    list of str
        One SVG document per page, at least one. Ids and colours of notes are those of the score.

    Raises
    ------
    UnreadableError
        If the bytes are not a MusicXML score, or not safe to read.
    OutputError
        If Verovio cannot draw the score.
    """
    root = _checked(musicxml)
    pages: list[str] = _engrave(root, "svg", options)["pages"]
    if not pages:
        raise OutputError("Verovio drew no page of this score; try to open it in a notation editor")
    if _has_noteheads(root) and not any('class="note' in page for page in pages):
        raise OutputError("Verovio drew none of the notes; try to export the score again from an editor")
    return [on_paper(page) for page in pages] if options.paper else pages


def midi(musicxml: bytes) -> bytes:
    """Play the score into a standard MIDI file.

    Parameters
    ----------
    musicxml : bytes
        As for :func:`svg_pages`.

    Returns
    -------
    bytes
        The contents of a ``.mid`` file.

    Raises
    ------
    UnreadableError, OutputError
        As for :func:`svg_pages`.
    """
    data = base64.b64decode(_engrave(_checked(musicxml), "midi", _DEFAULTS)["midi"])
    if not data.startswith(b"MThd"):
        raise OutputError("Verovio made no MIDI of this score; try to open it in a notation editor")
    return data


def write(
    musicxml: bytes,
    path: str | os.PathLike[str],
    *,
    page: int | None = None,
    options: RenderOptions = _DEFAULTS,
    decorate: Callable[[list[str]], list[str]] | None = None,
) -> list[Path]:
    """Draw or play the score into files, the format chosen by the extension.

    PDF and MIDI are one file. SVG and PNG hold one page each: a score of one page is written to `path`
    itself, a longer one to ``name-1.svg``, ``name-2.svg`` and so on beside it. With `page`, exactly that page
    is written, to `path` itself. Files appear whole or not at all, and only after every page has been drawn.

    Parameters
    ----------
    musicxml : bytes
        As for :func:`svg_pages`.
    path : str or path
        Where to write: ``.svg``, ``.png``, ``.pdf``, ``.mid`` or ``.midi``.
    page : int, optional
        The only page wanted, counted from 1. Not for MIDI.
    options : RenderOptions
        Paper, staff size, breaks and resolution.
    decorate : callable, optional
        Takes all pages as SVG and returns as many, with something added, as
        :func:`scoreassist.picture.strip.explained` does. Not asked for MIDI.

    Returns
    -------
    list of Path
        The files written, in the order of their pages.

    Raises
    ------
    RequestError
        If the extension is unknown, or the score has no such page.
    UnreadableError
        If the bytes are not a MusicXML score, or not safe to read.
    OutputError
        If the score cannot be drawn, or a file not be written.
    """
    target = Path(path)
    extension = target.suffix.lower()
    if extension not in FORMATS:
        unknown = f"{extension} is no known format" if extension else "the name has no extension"
        raise RequestError(f"{unknown}; try {', '.join(FORMATS)}", source=str(target))
    if extension in (".mid", ".midi"):
        if page is not None:
            raise RequestError("MIDI has no pages; leave the page out")
        return put({target: midi(musicxml)})

    pages = svg_pages(musicxml, options=options)
    if decorate is not None:
        pages = decorate(pages)
    if page is not None:
        if not 1 <= page <= len(pages):
            has = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
            raise RequestError(f"there is no page {page}; the score has {has}")
        pages = [pages[page - 1]]
    if extension == ".pdf":
        from scoreassist import picture

        return put({target: picture.pdf([picture.drawing(svg) for svg in pages])})
    return put(
        {
            name: svg.encode() if extension == ".svg" else _png(svg, options.dpi)
            for name, svg in zip(_page_names(target, len(pages)), pages, strict=True)
        }
    )


def _checked(musicxml: bytes) -> etree._Element:
    """Parse with everything unsafe turned off; refuse what Verovio would draw as an empty page."""
    from lxml import etree

    if musicxml.startswith(b"PK"):
        raise UnreadableError("this is a compressed .mxl archive; unpack it first")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(musicxml, parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"this is not well-formed XML: {error.msg}; export the score again") from error
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and dtd.entities():
        raise UnreadableError("this declares XML entities, which can hide harm; export the score again")
    if root.tag == "score-timewise":
        raise UnreadableError("this is MusicXML in score-timewise form; export it as score-partwise")
    if root.tag != "score-partwise":
        raise UnreadableError(f"the document is a <{root.tag}>, not a MusicXML <score-partwise>")
    if root.find("part/measure") is None:
        raise UnreadableError("the score has no part with a measure in it")
    return root


def _has_noteheads(root: etree._Element) -> bool:
    """Whether any note should be seen on the page."""
    return any(
        note.get("print-object") != "no" and any(child.tag in ("pitch", "unpitched") for child in note)
        for note in root.iterfind("part/measure/note")
    )


def _for_verovio(root: etree._Element) -> str:
    """Write the score without DOCTYPE, in a dialect that Verovio and SVG read right; alters `root`."""
    from lxml import etree

    for element in root.iter("print"):
        if element.get("new-page") == "yes":  # not looked at when the page is not the file's own
            element.set("new-system", "yes")
    for rest in _false_rests(root):
        rest.getparent().remove(rest)
    for element in root.iterfind(".//*[@color]"):
        color = element.get("color", "")
        if len(color) == 9:  # MusicXML says #AARRGGBB where SVG says #RRGGBBAA
            element.set("color", "#" + color[3:])
    return etree.tostring(root, encoding="unicode")


def _false_rests(root: etree._Element) -> list[Any]:
    """Rests over several measures of one part during which another has notes, which Verovio would not draw."""
    parts = [part.findall("measure") for part in root.iterfind("part")]
    return [
        rest
        for measures in parts
        for first, measure in enumerate(measures)
        for rest in measure.iterfind("attributes/measure-style/multiple-rest")
        for count in map(int, re.findall(r"^\s*(\d{1,6})\s*$", rest.text or ""))
        if any(
            covered.find("note/pitch") is not None or covered.find("note/unpitched") is not None
            for other in parts
            for covered in other[first : first + count]
        )
    ]


def _engrave(root: etree._Element, want: Literal["svg", "midi"], options: RenderOptions) -> dict[str, Any]:
    """Let a child process draw or play the score; whatever goes wrong there is an OutputError here."""
    text = _for_verovio(root)
    request = json.dumps({"musicxml": text, "options": options.for_verovio(), "want": want}).encode()
    patience = _PATIENCE_SECONDS + len(text) / _CHARACTERS_PER_SECOND
    engraver = Path(__file__).with_name("engraver.py")
    try:
        child = subprocess.run(
            [sys.executable, "-P", str(engraver)],  # -P: this folder's modules hide no other's
            input=request,
            capture_output=True,
            timeout=patience,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OutputError(
            f"Verovio was still at work after {patience:.0f} seconds and was stopped; try fewer measures"
        ) from error
    except OSError as error:
        raise OutputError(f"Verovio could not be started: {error.strerror}") from error
    log = child.stderr.decode(errors="replace").strip().splitlines()
    if child.returncode == 1:  # an exception in the child's own few lines
        raise OutputError(f"Verovio could not be run: {log[-1] if log else 'no reason given'}")
    if child.returncode != 0:
        raise OutputError(
            "Verovio crashed on this score; look for impossible values, such as a time signature with a 0 "
            "in it, or export the score again from an editor"
        )
    answer: dict[str, Any] = json.loads(child.stdout)
    if not answer["loaded"]:
        reason = log[0].removeprefix("[Error]").strip().rstrip(".") if log else "no reason given"
        raise OutputError(f"Verovio cannot read this score: {reason}; try to export it again from an editor")
    return answer


def on_paper(svg: str) -> str:
    """Lay white paper under a page; the style keeps Verovio's outline for every rect away."""
    head, end_of_description, music = svg.partition("</desc>")
    paper = '\n   <rect width="100%" height="100%" fill="white" style="stroke:none" />'
    return head + end_of_description + paper + music


def _png(svg: str, dpi: float) -> bytes:
    from scoreassist import picture

    drawing = picture.drawing(svg)
    pixels = drawing.width_mm * drawing.height_mm * (dpi / 25.4) ** 2
    if pixels > MOST_PIXELS:
        raise RequestError(
            f"the picture would have {pixels / 1e6:.0f} million pixels; try a lower resolution than {dpi:g} "
            "dots per inch, separate pages or PDF"
        )
    return picture.png(drawing, dpi=dpi)


def _page_names(target: Path, page_count: int) -> list[Path]:
    if page_count == 1:
        return [target]
    return [target.with_name(f"{target.stem}-{number}{target.suffix}") for number in range(1, page_count + 1)]


def put(contents: Mapping[Path, bytes]) -> list[Path]:
    """Write all files beside their places, then move all into place; on failure leave nothing behind."""
    waiting: dict[Path, Path] = {}
    target = Path()
    try:
        for target, data in contents.items():
            if target.is_dir():
                raise OutputError("is a folder; give the name of a file", source=str(target))
            waiting[target] = target.with_name(f".scoreassist-{secrets.token_hex(8)}")
            with waiting[target].open("xb") as file:
                file.write(data)
        for target, temporary in waiting.items():
            temporary.replace(target)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}; try another place", source=str(target)) from error
    finally:
        for temporary in waiting.values():
            with contextlib.suppress(OSError):
                temporary.unlink()
    return list(contents)
