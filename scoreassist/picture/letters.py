"""The fonts that come with Verovio: Liberation Serif for text and Leipzig for music.

Verovio reckons text with the widths of Times, which Liberation Serif shares, so words take the space that was
left for them. Both fonts stand as WOFF2 in the style sheets that Verovio puts into its SVG for browsers.
"""

from __future__ import annotations

import base64
import io
import re
from functools import cache
from importlib.resources import files

from fontTools.ttLib import TTFont

from scoreassist.picture.shapes import Outline, OutlinePen

MUSIC, TEXT = "Leipzig", "Liberation"


# For a character in neither font: a frame, as their own empty ".notdef" would let words vanish unseen.
_BOX_EM = (0.05, 0.0, 0.55, 0.65), (0.09, 0.04, 0.51, 0.61)
_BOX_WIDTH_EM = 0.6


class Face:
    """One face of a font: outlines and widths of characters, in font units, y upwards."""

    def __init__(self, file: bytes) -> None:
        font = TTFont(io.BytesIO(file))
        self.units_per_em = int(font["head"].unitsPerEm)
        self._names: dict[int, str] = font.getBestCmap()
        self._glyphs = font.getGlyphSet()
        self._outlines: dict[str, Outline] = {}

    def __contains__(self, character: str) -> bool:
        return ord(character) in self._names

    def width(self, character: str) -> float:
        """How far the next character stands from this one."""
        if character not in self:
            return _BOX_WIDTH_EM * self.units_per_em
        return float(self._glyphs[self._names[ord(character)]].width)

    def outline(self, character: str) -> Outline:
        """The character's shape; that of a box if the face does not have it."""
        if character not in self._outlines:
            pen = OutlinePen(self._glyphs)
            if character in self:
                self._glyphs[self._names[ord(character)]].draw(pen)
            else:
                self._draw_box(pen)
            self._outlines[character] = pen.outline
        return self._outlines[character]

    def _draw_box(self, pen: OutlinePen) -> None:
        outer, inner = (tuple(em * self.units_per_em for em in edges) for edges in _BOX_EM)
        for (left, low, right, high), clockwise in ((outer, False), (inner, True)):
            corners = [(left, low), (right, low), (right, high), (left, high)]
            pen.moveTo(corners[0])
            for corner in reversed(corners[1:]) if clockwise else corners[1:]:
                pen.lineTo(corner)
            pen.closePath()


def face_for(character: str, *, family: str, bold: bool, italic: bool) -> Face:
    """Choose the face in which a character is drawn.

    Parameters
    ----------
    character : str
        One character.
    family : str
        The SVG's ``font-family``; whatever does not name the music font is text.
    bold, italic : bool
        Which of the text font's four faces; the music font has one.

    Returns
    -------
    Face
        The first of the two fonts that has the character, else the text font.
    """
    text, music = _faces(TEXT)[bold, italic], _faces(MUSIC)[False, False]
    order = (music, text) if MUSIC in family else (text, music)
    return next((face for face in order if character in face), text)


@cache
def _faces(font: str) -> dict[tuple[bool, bool], Face]:
    """All faces of a font by (bold, italic)."""
    sheet = (files("verovio") / "data" / f"{font}.css").read_text(encoding="utf-8")
    return {
        ("font-weight: bold" in rule, "font-style: italic" in rule): Face(base64.b64decode(data[1]))
        for rule in sheet.split("@font-face")
        if (data := re.search(r"base64,([^)]+)\)", rule))
    }
