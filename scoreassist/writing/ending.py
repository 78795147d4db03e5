"""How a score ends: its final barline, signs that are still running, and words that send the player back."""

from __future__ import annotations

import re
from textwrap import shorten

from lxml import etree

from scoreassist.score.events import Part
from scoreassist.writing.stems import remove

FINAL_BARLINE = "light-heavy"
_FINAL_STYLES = (FINAL_BARLINE, "heavy", "heavy-heavy")

# What says that the end of the page is not the end of the piece, or that the end of the piece is here.
_JUMPS = re.compile(r"\bd\.\s*[cs]\.|\bda\s+capo\b|\bdal\s+segno\b|^\W*(al\s+)?fine\W*$", re.IGNORECASE)
_LONGEST_WORDS = 60  # letters of them in a message
_JUMPING_SOUNDS = ("dacapo", "dalsegno", "fine")

# Signs that go on from measure to measure until they are stopped.
_RUNNING_STYLES = ("measure-repeat", "beat-repeat", "slash")


def final_barline() -> etree._Element:
    """A thin and a thick stroke."""
    bar = etree.Element("barline", location="right")
    etree.SubElement(bar, "bar-style").text = FINAL_BARLINE
    return bar


def jump(measure: etree._Element) -> str | None:
    """The words, or the sound, by which a measure is the last one that is played."""
    for words in measure.iterfind("direction/direction-type/words"):
        if _JUMPS.search(text := " ".join("".join(map(str, words.itertext())).split())):
            return shorten(text, _LONGEST_WORDS, placeholder="…")
    for sound in measure.iter("sound"):
        for name in _JUMPING_SOUNDS:
            if sound.get(name, "no") != "no":
                return name
    return None


def running_styles(part: Part) -> dict[tuple[str, str | None], bool]:
    """Whether signs are running at the end of a part, by their tag and the number of their staff."""
    running: dict[tuple[str, str | None], bool] = {}
    for row in part.measures:
        for style in row.element.iterfind("attributes/measure-style"):
            for tag in _RUNNING_STYLES:
                if (sign := style.find(tag)) is not None:
                    running[tag, style.get("number")] = sign.get("type") == "start"
    return running


def take_final_barline(measure: etree._Element) -> etree._Element | None:
    """The final barline, taken out of the old last measure.

    One at which music is repeated, or which is a mark to jump to, stays as it is; from one that ends an ending,
    the double stroke alone goes.
    """
    for bar in measure.findall("barline"):
        style = bar.find("bar-style")
        if bar.get("location", "right") != "right" or style is None or style.text not in _FINAL_STYLES:
            continue
        if any(bar.find(tag) is not None for tag in ("repeat", "segno", "coda")):
            continue
        if bar.find("ending") is None:
            remove(bar)
            return bar
        remove(style)
    return None
