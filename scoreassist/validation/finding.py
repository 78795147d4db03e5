"""A finding, and the page on which it stands."""

from __future__ import annotations

import pyexpat
from dataclasses import asdict, dataclass
from typing import Any

from lxml import etree

from scoreassist.files.document import Score


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    line : int
        Of the file's text, from 1; of the score inside the archive for ``.mxl``.
    part : str or None
        Part id.
    measure : str or None
        Number as printed.
    rule : str
        What it offends, such as ``tie`` or ``element-order``.
    message : str
    kind : str
        ``schema`` or ``music``.
    """

    line: int
    part: str | None
    measure: str | None
    rule: str
    message: str
    kind: str

    def __str__(self) -> str:
        part = f", part {self.part}" if self.part is not None else ""
        measure = f", measure {self.measure}" if self.measure is not None else ""
        return f"line {self.line}{part}{measure}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        return asdict(self)


@dataclass(frozen=True)
class Page:
    """A document and the line on which each of its elements begins."""

    root: etree._Element
    lines: dict[etree._Element, int]

    def finding(self, element: etree._Element, rule: str, message: str, kind: str = "music") -> Finding:
        """Something that is wrong with an element."""
        part, measure = _ancestor(element, "part"), _ancestor(element, "measure")
        return Finding(
            self.lines[element],
            part.get("id") if part is not None else None,
            measure.get("number") if measure is not None else None,
            rule,
            message,
            kind,
        )


def open_page(score: Score) -> Page:
    """The text of a score with its lines.

    Lines are counted by expat: libxml2 counts to 65535, knows no line ends of a lone carriage return, and says
    where a tag ends instead of where it begins.
    """
    elements = list(score.root.iter("*"))
    starts: list[int] = []
    parser = pyexpat.ParserCreate()
    parser.StartElementHandler = lambda *_: starts.append(parser.CurrentLineNumber)
    try:
        parser.Parse(score.to_xml(), True)
    except (pyexpat.ExpatError, LookupError, ValueError):  # an encoding that expat does not know
        starts = []
    if len(starts) != len(elements):
        starts = [getattr(element, "sourceline", 0) or 1 for element in elements]
    return Page(score.root, dict(zip(elements, starts, strict=True)))


def _ancestor(element: etree._Element, tag: str) -> etree._Element | None:
    return element if element.tag == tag else next(element.iterancestors(tag), None)
