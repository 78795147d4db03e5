"""Marks taken out of a score, and whatever stands around them left."""

from __future__ import annotations

import pytest
from lxml import etree

from scoreassist.writing.elements import erase

MARK = "<direction-type><words>end</words></direction-type>"
OFFSET = '<offset sound="yes">8</offset>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"<direction>{MARK}</direction>", ""),
        (f"<direction>{MARK}<sound tempo='60'/></direction>", '<sound tempo="60"/>'),
        (
            f"<direction>{MARK}{OFFSET}<sound tempo='60'/></direction>",
            '<sound tempo="60"><offset>8</offset></sound>',
        ),
        (f"<direction>{MARK}<offset>8</offset><sound tempo='60'/></direction>", '<sound tempo="60"/>'),
        (
            f"<direction>{MARK}<listening><sync type='none'/></listening></direction>",
            '<listening><sync type="none"/></listening>',
        ),
        (
            "<direction><direction-type><words>end</words><words>rit.</words></direction-type></direction>",
            "<direction><direction-type><words>rit.</words></direction-type></direction>",
        ),
        (
            f"<direction>{MARK}<direction-type><wedge type='stop'/></direction-type><staff>1</staff></direction>",
            '<direction><direction-type><wedge type="stop"/></direction-type><staff>1</staff></direction>',
        ),
    ],
)
def test_a_mark_is_erased_and_nothing_else(before: str, after: str):
    measure = etree.fromstring(f"<measure>\n <a/>\n {before}\n <b/>\n</measure>")
    erase(list(measure.iterfind(".//words"))[:1])
    kept = f"\n {after}" if after else ""
    assert etree.tostring(measure).decode() == f"<measure>\n <a/>{kept}\n <b/>\n</measure>"


def test_the_last_mark_of_a_measure_leaves_its_end_where_it_was():
    measure = etree.fromstring(f"<measure>\n <a/>\n <direction>{MARK}</direction>\n</measure>")
    erase(list(measure.iterfind(".//words")))
    assert etree.tostring(measure) == b"<measure>\n <a/>\n</measure>"
