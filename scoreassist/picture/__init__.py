"""PNG and PDF from Verovio's SVG, the same on every machine, without a font or library of the system.

What other programs made of one page with a title, lyrics, a tempo mark and a coloured note:

- CairoSVG needs the system's libcairo, and draws a box for the notehead in the tempo mark, because it does
  not read the font that Verovio puts into the SVG.
- resvg, and Typst, which has the same parser, leave out or misplace all text: Verovio's ``<text>`` has font
  size 0, and the words stand in ``<tspan>`` inside ``<tspan>`` that set their own place and size.

So `reading` draws the text itself, as outlines, in the `letters` that come with Verovio, and what is left is
filled and stroked `shapes`. resvg, which is one self-contained wheel, turns those into pixels; in a PDF they
are the same four operators (`ink`).

What is added to the music is added to the SVG, and so is in all formats: a strip under the systems (`strip`),
headings over several scores (`compare`), by what is known about where things lie (`systems`, `lettering`).

A script that Verovio's text font lacks (it has Latin, Greek, Cyrillic and Hebrew) shows as boxes. The SVG
itself leaves such text to the viewer's fonts.
"""

from scoreassist.picture.ink import pdf, png
from scoreassist.picture.reading import drawing
from scoreassist.picture.shapes import Drawing, Shape

__all__ = ["Drawing", "Shape", "drawing", "pdf", "png"]
