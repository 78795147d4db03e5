"""From shapes to files: PNG by resvg, PDF by hand."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from scoreassist.picture.shapes import Drawing, Shape

_POINTS_PER_MM = 72 / 25.4


def png(page: Drawing, *, dpi: float) -> bytes:
    """Paint a page.

    Parameters
    ----------
    page : Drawing
        What to paint.
    dpi : float
        Pixels per inch.

    Returns
    -------
    bytes
        A PNG file, transparent where nothing was painted.
    """
    import resvg_py

    size = _numbers((page.width_mm, page.height_mm))
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}">',
        *map(_svg_path, page.shapes),
        "</svg>",
    ]
    width = max(1, round(page.width_mm / 25.4 * dpi))
    return bytes(resvg_py.svg_to_bytes(svg_string="\n".join(svg), width=width, skip_system_fonts=True))


def pdf(pages: Sequence[Drawing]) -> bytes:
    """Bind pages into one document of vector graphics.

    Parameters
    ----------
    pages : sequence of Drawing
        In reading order.

    Returns
    -------
    bytes
        A PDF 1.4 file, the same bytes for the same pages. Its text is drawn, so it cannot be searched.
    """
    kids = " ".join(f"{3 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(pages)}/Kids[{kids}]>>".encode(),
    ]
    for index, page in enumerate(pages):
        k, width, height = (_POINTS_PER_MM * mm for mm in (1, page.width_mm, page.height_mm))
        # PDF counts points from the lower left corner, upwards.
        content = "\n".join([f"{k:.6f} 0 0 {-k:.6f} 0 {height:.3f} cm", *map(_pdf_path, page.shapes)])
        stream = zlib.compress(content.encode("ascii"), 9)
        box = f"/MediaBox[0 0 {width:.3f} {height:.3f}]/Resources<<>>/Contents {4 + 2 * index} 0 R"
        objects.append(f"<</Type/Page/Parent 2 0 R{box}>>".encode())
        objects.append(b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(stream), stream))
    return _pdf_file(objects)


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    """Number the objects from 1, which is the catalogue, and add the table of where each begins."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    starts = []
    for number, body in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _svg_path(shape: Shape) -> str:
    attributes = {
        "d": "".join(letter + _numbers(points) for letter, points in shape.outline),
        "transform": f"matrix({_numbers(shape.place)})",
        "fill": shape.fill or "none",
        "stroke": shape.stroke or "none",
        "stroke-width": _number(shape.stroke_width),
        "stroke-dasharray": _numbers(shape.dashes) or "none",
        "stroke-linecap": shape.linecap,
        "stroke-linejoin": shape.linejoin,
    }
    written = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"<path {written}/>"


_PDF_STEPS = {"M": "m", "L": "l", "C": "c", "Z": "h"}
_PDF_CAPS = {"butt": 0, "round": 1, "square": 2}
_PDF_JOINS = {"miter": 0, "round": 1, "bevel": 2}


def _pdf_path(shape: Shape) -> str:
    words = ["q", _numbers(shape.place), "cm"]
    if shape.fill:
        words += [_pdf_color(shape.fill), "rg"]
    if shape.stroke:
        words += [_pdf_color(shape.stroke), "RG", _number(shape.stroke_width), "w"]
        words += [f"{_PDF_CAPS[shape.linecap]} J {_PDF_JOINS[shape.linejoin]} j"]
        words += [f"[{_numbers(shape.dashes)}] 0 d"]
    for letter, points in shape.outline:
        words.append(f"{_numbers(points)} {_PDF_STEPS[letter]}".lstrip())
    paint = "B" if shape.fill and shape.stroke else "f" if shape.fill else "S"
    return " ".join([*words, paint, "Q"])


def _pdf_color(color: str) -> str:
    return _numbers(part / 255 for part in bytes.fromhex(color.removeprefix("#")))


def _numbers(values: Iterable[float]) -> str:
    return " ".join(map(_number, values))


def _number(value: float) -> str:
    """Write a number without an exponent, which PDF does not know."""
    return f"{value:.5f}".rstrip("0").rstrip(".")
