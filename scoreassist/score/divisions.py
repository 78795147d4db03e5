"""Finer divisions, where a part's own are too coarse for sixteenths."""

from __future__ import annotations

import contextlib
from math import gcd

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.timeline import Part, decimal


def refine_divisions(part: Part) -> int:
    """Make a part's divisions divisible by four, so that sixteenths can be written; returns the factor used."""
    values = {measure.start.divisions for measure in part.measures}
    values |= {measure.end.divisions for measure in part.measures}
    factor = 1
    for value in values:
        need = TICKS_PER_QUARTER // gcd(value, TICKS_PER_QUARTER)
        factor = factor * need // gcd(factor, need)
    if factor > 1:
        _say_divisions(part)
        for tag in ("divisions", "duration", "offset"):
            for element in part.element.iter(tag):
                with contextlib.suppress(ValueError):  # an offset may be no number; all else has been read before
                    scaled = decimal(element.text) * factor
                    element.text = str(scaled) if scaled.denominator == 1 else str(float(scaled))
    return factor


def _say_divisions(part: Part) -> None:
    """Write the divisions that a part takes for granted, one a quarter, where it begins without any."""
    first = part.measures[0]
    begins = next((child for child in first.element if child.tag in ("attributes", "note", "forward")), None)
    if begins is not None and begins.tag == "attributes":
        if begins.find("divisions") is None:
            divisions = etree.Element("divisions")
            divisions.text = str(first.start.divisions)
            place = sum(1 for child in begins if child.tag in ("footnote", "level"))
            begins.insert(place, divisions)
        return
    attributes = etree.Element("attributes")
    etree.SubElement(attributes, "divisions").text = str(first.start.divisions)
    first.element.insert(0 if begins is None else first.element.index(begins), attributes)
