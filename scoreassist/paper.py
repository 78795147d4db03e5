"""How the pages of a drawn score look, and how Verovio is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from scoreassist.errors import RequestError

_TALLEST_PAGE_MM = 6000  # Verovio's upper bound for a page
_SPACING_UNITS = 4  # Verovio's default between systems; at most 48


@dataclass(frozen=True)
class RenderOptions:
    """How the pages look; the defaults are A4 portrait with a usual staff for singing and piano.

    Raises
    ------
    RequestError
        If a measure is outside of what Verovio can draw.
    """

    # Paper, in millimetres: A4 portrait; 215.9 by 279.4 is US Letter.
    page_width_mm: float = 210.0
    page_height_mm: float = 297.0
    # White space on all four sides.
    margin_mm: float = 10.0
    # From the lowest to the highest line of a staff: 7 mm for most printed music, 5.5 mm for a study score.
    staff_height_mm: float = 7.0
    # "encoded" starts a new system where the file asks for one (its page breaks too, so that what fits on the
    # file's pages need not fit on ours) and adds more where a line is full; a line that would stay less than
    # a third full is carried on, as the file was broken for another width. "auto" ignores the file's breaks.
    # "none" writes one endless line.
    breaks: Literal["encoded", "auto", "none"] = "encoded"
    # One page as tall as its music, for pictures; page_height_mm is then not used.
    one_page: bool = False
    # White behind the music, so that an SVG or PNG can be read on a dark page too.
    paper: bool = True
    # Resolution of PNG files; A4 is 1240 by 1754 pixels at 150.
    dpi: float = 150.0
    # Title, composer and the like over the first page.
    heading: bool = True
    # White paper for what is drawn afterwards, as by scoreassist.picture.strip: below each system, and at the
    # foot of each page.
    room_below_systems_mm: float = 0.0
    room_at_foot_mm: float = 0.0

    def __post_init__(self) -> None:
        for name, low, high in _LIMITS:
            value = getattr(self, name)
            if not low <= value <= high:
                raise RequestError(f"{name} is {value:g}; it must lie between {low:g} and {high:g}")
        if self.breaks not in ("encoded", "auto", "none"):
            raise RequestError(f"breaks is {self.breaks!r}; try 'encoded', 'auto' or 'none'")

    def for_verovio(self) -> dict[str, Any]:
        """Return the same wishes under Verovio's names, lengths in tenths of a millimetre."""
        margin = round(self.margin_mm * 10)
        unit_mm = self.staff_height_mm / 8  # half the distance between two of the five lines
        return {
            "xmlIdSeed": 1,
            "mmOutput": True,
            "footer": "encoded",  # "auto" is an advertisement for Verovio
            "pageWidth": round(self.page_width_mm * 10),
            "pageHeight": round((_TALLEST_PAGE_MM if self.one_page else self.page_height_mm) * 10),
            "adjustPageHeight": self.one_page,
            "pageMarginTop": margin,
            "pageMarginBottom": round(margin + (self.room_below_systems_mm + self.room_at_foot_mm) * 10),
            "pageMarginLeft": margin,
            "pageMarginRight": margin,
            "unit": unit_mm * 10,
            "spacingSystem": _SPACING_UNITS + math.ceil(self.room_below_systems_mm / unit_mm),
            "header": "auto" if self.heading else "none",
            "svgAdditionalAttribute": ["multiRest@num"],  # how many measures it stands for
            # Verovio's own "encoded" and "line" squeeze the rest of a piece with one break into one system.
            "breaks": {"encoded": "smart", "auto": "auto", "none": "none"}[self.breaks],
            "breaksSmartSb": 0.33,
        }


_LIMITS = (
    ("page_width_mm", 10, 10_000),
    ("page_height_mm", 10, _TALLEST_PAGE_MM),
    ("margin_mm", 0, 50),
    ("staff_height_mm", 3.6, 9.6),
    ("dpi", 10, 1200),
    ("room_below_systems_mm", 0, 15),
    ("room_at_foot_mm", 0, 40),
)
