"""PNG and PDF hold what the SVG shows, text included, without any font of the system."""

from __future__ import annotations

import io

import pypdf
import pytest
from fontTools.misc.transform import Identity

from scoreassist import picture
from scoreassist.errors import OutputError
from scoreassist.picture.shapes import color

# In the manner of Verovio: a page of 100 by 50 mm in which 1 mm is 100 units.
PAGE = (
    '<svg width="100mm" height="50mm" xmlns="http://www.w3.org/2000/svg" '
    'xmlns:xlink="http://www.w3.org/1999/xlink">'
    '<defs><g id="head"><path transform="scale(1,-1)" d="M0 0h100v100h-100z"/></g></defs>'
    "<style>#x g.placeholder {{visibility:hidden}} #x path, #x rect {{stroke:currentColor}} "
    "#x g.reh {{font-weight:bold}}</style>"
    '<svg class="definition-scale" color="black" font-family="Times, serif" viewBox="0 0 10000 5000">'
    '<g transform="translate(1000, 500)">{}</g></svg></svg>'
)


def shapes(content: str) -> tuple[picture.Shape, ...]:
    return picture.drawing(PAGE.format(content)).shapes


def corners(shape: picture.Shape) -> list[tuple[float, float]]:
    """Left upper and right lower corner on the page, in mm."""
    points = [shape.place.transformPoint(numbers[-2:]) for _, numbers in shape.outline if numbers]
    return [tuple(round(pick(axis), 2) for axis in zip(*points, strict=True)) for pick in (min, max)]


def text(content: str, attributes: str = "") -> str:
    return f'<text x="2000" y="1000" font-size="0px" {attributes}>\n  {content}\n</text>'


def test_a_rectangle_lies_where_the_nested_scales_and_shifts_put_it():
    (shape,) = shapes('<rect x="100" y="200" width="300" height="400"/>')
    assert corners(shape) == [(11, 7), (14, 11)]  # (1000 + 100) / 100 … mm
    assert (shape.fill, shape.stroke, shape.stroke_width) == ("#000000", "#000000", 1)


def test_a_symbol_is_drawn_where_it_is_used_upside_up_and_not_where_it_is_defined():
    (shape,) = shapes('<use xlink:href="#head" transform="translate(1000, 1000) scale(2, 2)"/>')
    assert corners(shape) == [(20, 13), (22, 15)]


def test_a_quarter_turn_goes_clockwise_about_its_centre():
    (shape,) = shapes('<path transform="rotate(90 0,0)" d="M0 0 L1000 0"/>')
    assert corners(shape) == [(10, 5), (10, 15)]


@pytest.mark.parametrize(
    ("content", "box"),
    [
        ('<ellipse cx="500" cy="500" rx="300" ry="100"/>', [(12, 9), (18, 11)]),
        ('<polygon points="0,0 100,0 100,300"/>', [(10, 5), (11, 8)]),
        ('<polyline points="0,0 100,0 100,300"/>', [(10, 5), (11, 8)]),
    ],
)
def test_the_other_shapes_have_their_size(content: str, box: list[tuple[float, float]]):
    (shape,) = shapes(content)
    assert corners(shape) == box


def test_the_colour_of_a_note_reaches_its_head_its_stem_and_its_syllable():
    note = (
        '<g class="note" color="#C00000" fill="#C00000"><use xlink:href="#head"/><path d="M0 0 L0 500"/>'
        + text('<tspan font-size="400px">a</tspan>')
        + "</g>"
    )
    head, stem, syllable = shapes(note)
    assert [shape.fill for shape in (head, stem, syllable)] == ["#c00000"] * 3
    assert [shape.stroke for shape in (head, stem, syllable)] == ["#c00000", "#c00000", None]


def test_what_verovio_hides_stays_hidden():
    assert shapes('<g class="section placeholder"><rect width="9" height="9"/></g>') == ()
    assert shapes('<g visibility="hidden"><rect width="9" height="9"/></g>') == ()


def test_a_dashed_line_keeps_its_dashes():
    (shape,) = shapes('<path d="M0 0 L900 0" stroke-width="13" stroke-dasharray="36 72" stroke-linecap="round"/>')
    assert (shape.stroke_width, shape.dashes, shape.linecap) == (13, (36, 72), "round")


# --- text ------------------------------------------------------------------------------------------------


def test_text_becomes_one_outline_for_each_letter_and_titles_of_elements_none():
    content = '<tspan class="rend"><title>label</title><tspan font-size="400px">Amen</tspan></tspan>'
    assert len(shapes(text(content))) == 4


def test_an_h_is_as_tall_as_in_times():
    (letter,) = shapes(text('<tspan font-size="1000px">H</tspan>'))
    (left, top), (_, bottom) = corners(letter)
    assert bottom == 15  # on the line: (500 + 1000) / 100 mm
    assert bottom - top == pytest.approx(6.6, abs=0.1)  # Times has capitals of 0.662 em
    assert 30 <= left < 31


@pytest.mark.parametrize(("anchor", "shift_in_widths"), [("start", 0), ("middle", 0.5), ("end", 1)])
def test_text_is_anchored_at_its_start_middle_or_end(anchor: str, shift_in_widths: float):
    # Times gives M 0.889 em: at 1000 units 8.89 mm each.
    plain = shapes(text('<tspan font-size="1000px">MM</tspan>'))
    anchored = shapes(text('<tspan font-size="1000px">MM</tspan>', f'text-anchor="{anchor}"'))
    shift = corners(plain[0])[0][0] - corners(anchored[0])[0][0]
    assert shift == pytest.approx(shift_in_widths * 2 * 8.89, abs=0.02)


def test_a_place_inside_of_a_text_begins_a_new_line_with_its_own_anchor():
    above, below = shapes(
        text(
            '<tspan font-size="500px">H</tspan>'
            '<tspan x="2000" y="3000" text-anchor="end"><tspan font-size="500px">H</tspan></tspan>'
        )
    )
    assert corners(above)[1][1] == 15
    assert corners(below)[1][1] == 35
    assert corners(below)[1][0] < corners(above)[0][0]


def test_bold_and_italic_are_other_letters():
    letter = '<tspan font-size="400px">a</tspan>'
    (plain,) = shapes(text(letter))
    (bold,) = shapes(f'<g class="reh">{text(letter)}</g>')
    (italic,) = shapes(text(f'<tspan font-style="italic">{letter}</tspan>'))
    assert len({plain.outline, bold.outline, italic.outline}) == 3


def test_a_character_that_the_fonts_lack_is_a_box_and_not_nothing():
    (letter,) = shapes(text('<tspan font-size="1000px">中</tspan>'))
    assert [step for step, _ in letter.outline] == [*"MLLLZ", *"MLLLZ"]
    assert corners(letter) == [(30.5, 8.5), (35.5, 15)]


def test_characters_without_a_shape_leave_none():
    # A space, a no-break space, a soft hyphen, a zero-width joiner.
    assert shapes(text('<tspan font-size="400px">\u0020\u00a0\u00ad\u200d</tspan>')) == ()


@pytest.mark.parametrize("character", ["ö", "o\u0308", "ß", "ř", "Ж", "λ", "—", "♭", "♯"])
def test_letters_of_europe_and_accidentals_are_not_boxes(character: str):
    (missing,) = shapes(text('<tspan font-size="400px">中</tspan>'))
    (letter,) = shapes(text(f'<tspan font-size="400px">{character}</tspan>'))
    assert letter.outline != missing.outline


def test_the_note_of_a_tempo_mark_comes_from_the_music_font():
    quarter_note = "\ueca5"  # SMuFL metNoteQuarterUp
    (note,) = shapes(text(f'<tspan font-family="Leipzig" font-size="700px">{quarter_note}</tspan>'))
    (missing,) = shapes(text('<tspan font-size="700px">中</tspan>'))
    assert note.outline != missing.outline


# --- files -----------------------------------------------------------------------------------------------

RED_SQUARE = picture.Shape(
    (("M", (1, 1)), ("L", (3, 1)), ("L", (3, 3)), ("L", (1, 3)), ("Z", ())), Identity, "#ff0000", None
)
BLUE_LINE = picture.Shape((("M", (0, 3.5)), ("L", (4, 3.5))), Identity, None, "#0000ff", stroke_width=1)
"""On a page of 4 by 4 mm: a square in the middle, a line along the lower edge."""

FOUR_BY_FOUR = picture.Drawing(4, 4, (RED_SQUARE, BLUE_LINE))


def test_a_png_has_the_square_in_the_middle_and_the_line_below():
    from matplotlib import image

    pixels = image.imread(io.BytesIO(picture.png(FOUR_BY_FOUR, dpi=25.4)))  # 1 pixel is 1 mm
    nothing, red, blue = [0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 1, 1]
    assert pixels.tolist() == [
        [nothing] * 4,
        [nothing, red, red, nothing],
        [nothing, red, red, nothing],
        [blue] * 4,
    ]


def test_a_pdf_says_the_same_with_its_own_operators():
    document = pypdf.PdfReader(io.BytesIO(picture.pdf([FOUR_BY_FOUR])), strict=True)
    (page,) = document.pages
    content = page.get_contents().get_data().decode().split("\n")
    assert content == [
        "2.834646 0 0 -2.834646 0 11.339 cm",  # 72 / 25.4 points a millimetre, upside down
        "q 1 0 0 1 0 0 cm 1 0 0 rg 1 1 m 3 1 l 3 3 l 1 3 l h f Q",
        "q 1 0 0 1 0 0 cm 0 0 1 RG 1 w 0 J 0 j [] 0 d 0 3.5 m 4 3.5 l S Q",
    ]


def test_a_pdf_has_its_pages_in_order():
    wide = picture.Drawing(8, 4, ())
    document = pypdf.PdfReader(io.BytesIO(picture.pdf([FOUR_BY_FOUR, wide])), strict=True)
    assert [round(float(page.mediabox.width) / 72 * 25.4, 2) for page in document.pages] == [4, 8]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("#C00000", "#c00000"),
        ("#C00", "#cc0000"),
        ("Red", "#ff0000"),
        ("none", None),
        ("no such colour", "#000000"),
    ],
)
def test_colours_are_brought_into_one_form(written: str, meant: str | None):
    assert color(written) == meant


def test_an_svg_of_another_make_is_refused():
    with pytest.raises(OutputError, match="gives no size in millimetres"):
        picture.drawing('<svg xmlns="http://www.w3.org/2000/svg" width="100px" height="100px"/>')
