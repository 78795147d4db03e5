"""Finer divisions, where a part's own are too coarse for what is written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from fractions import Fraction
from math import gcd, lcm

from lxml import etree

from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.timeline import Part, PartMeasure, decimal


def off_the_grid(measure: PartMeasure, length: Fraction) -> int:
    """By how much a measure's divisions must be refined, so that all of its moments are whole numbers of them.

    Durations may be decimal numbers, and another part may make the measure last longer than this one does.
    """
    moments = [length, *(moment for event in measure.events for moment in (event.offset, event.end))]
    units = [decimal(move.findtext("duration")) for move in measure.element.iter("backup", "forward")]
    units += [moment * measure.start.divisions for moment in moments]
    return lcm(*(unit.denominator for unit in units))


def refine_divisions(part: Part, needs: Iterable[int] = ()) -> int:
    """Make a part's divisions divisible by four, so that sixteenths can be written; returns the factor used.

    Parameters
    ----------
    part : Part
    needs : iterable of int, optional
        What the factor must be a multiple of besides.
    """
    values = {measure.start.divisions for measure in part.measures}
    values |= {measure.end.divisions for measure in part.measures}
    factor = lcm(*needs, *(TICKS_PER_QUARTER // gcd(value, TICKS_PER_QUARTER) for value in values))
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
