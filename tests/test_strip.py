"""The strip under each system: where it stands, what colour it has, and that it never lies on music."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from scoreassist.counsel.check import RULES
from scoreassist.errors import OutputError, RequestError
from scoreassist.picture import drawing
from scoreassist.picture.strip import SHORT_NAMES, Mark, MeasureRow, color_of, explained, with_room
from scoreassist.picture.systems import Page
from scoreassist.rendering import RenderOptions, svg_pages, write

EXAMPLES = Path(__file__).parent.parent / "examples"
NOTE = "<note><pitch><step>{}</step><octave>{}</octave></pitch><duration>1</duration><type>quarter</type>{}</note>"
LOW = NOTE.format("C", 3, "<lyric><syllabic>single</syllabic><text>gypsy</text></lyric>")
"""Four ledger lines under a treble staff, and a word below it."""
FOUR = 4 * NOTE.format("C", 5, "")
NARROW = RenderOptions(page_width_mm=80)
"""Paper on which a measure fills a line."""
REST = '<note><rest measure="yes"/><duration>4</duration></note>'
THREE_RESTS = "<attributes><measure-style><multiple-rest>3</multiple-rest></measure-style></attributes>" + REST
NEW_SYSTEM, NEW_PAGE = '<print new-system="yes"/>', '<print new-page="yes"/>'
SURE, UNSURE = "#ffffd4", "#993404"


def score(*parts: list[str], first: int = 1) -> bytes:
    """Parts in 4/4; each measure is what stands in it."""
    time = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    names = "".join(
        f'<score-part id="P{n}"><part-name>Part</part-name></score-part>' for n in range(1, len(parts) + 1)
    )
    music = "".join(
        f'<part id="P{n}">'
        + "".join(
            f'<measure number="{number}">{time if number == first else ""}{content}</measure>'
            for number, content in enumerate(measures, first)
        )
        + "</part>"
        for n, measures in enumerate(parts, 1)
    )
    return f'<score-partwise version="4.0"><part-list>{names}</part-list>{music}</score-partwise>'.encode()


def rows_of(nats: list[float | None]) -> list[MeasureRow]:
    return [MeasureRow(index, value) for index, value in enumerate(nats)]


def fields(page: str) -> list[dict[str, str]]:
    """The coloured fields of the strips, in the order in which they are drawn."""
    drawn = etree.fromstring(page.encode()).iterfind(".//{*}g[@class='how-sure']/{*}rect")
    return [dict(field.attrib) for field in drawn]


def names(page: str) -> list[str]:
    """What is written over marks."""
    return [text.text for text in etree.fromstring(page.encode()).iterfind(".//{*}g[@class='how-sure']/{*}text")]


def key(page: str) -> str:
    """All words of the legend."""
    return " ".join(etree.fromstring(page.encode()).xpath(".//*[@class='how-sure-legend']//text()"))


def inked(page: str, top_mm: float, bottom_mm: float, left_mm: float, right_mm: float) -> list[str]:
    """Colours of what has a point strictly inside of a box."""
    found = []
    for shape in drawing(page).shapes:
        for _, numbers in shape.outline:
            for point in zip(numbers[::2], numbers[1::2], strict=True):
                x, y = shape.place.transformPoint(point)
                if top_mm < y < bottom_mm and left_mm < x < right_mm:
                    found.append(shape.fill or shape.stroke)
    return found


def box(field: dict[str, str]) -> tuple[float, float, float, float]:
    """Top, bottom, left, right in millimetres."""
    x, y, width, height = (float(field[side]) / 100 for side in ("x", "y", "width", "height"))
    return y, y + height, x, x + width


# --- where strips stand ----------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [True, False], ids=["with room", "without"])
def test_each_field_lies_under_the_staff_lines_of_its_measure(room: bool):
    rows = rows_of([-0.1, -0.2, -0.3, -0.4])
    options = with_room(RenderOptions(), rows) if room else RenderOptions()
    pages = svg_pages(score([FOUR, FOUR, NEW_SYSTEM + FOUR, FOUR], [FOUR] * 4), options=options)
    # The uppermost line of each staff as Verovio draws it, in the margin of 1000; two staves a measure.
    lines = re.findall(r'class="staff">\s*<path d="M(\d+) \d+ L(\d+)', pages[0])
    drawn = fields(explained(pages, rows)[0])
    assert len(drawn) == 4
    for field, (left, right) in zip(drawn, lines[::2], strict=True):
        assert int(field["x"]) == int(left) + 1000
        assert int(field["x"]) + int(field["width"]) == pytest.approx(int(right) + 1000, abs=50)


@pytest.mark.parametrize("room", [True, False], ids=["with room", "without"])
def test_no_field_touches_notes_words_or_the_next_system(room: bool):
    rows = [MeasureRow(index, -0.3, (Mark("leap", 0.5),)) for index in range(3)]
    options = with_room(NARROW, rows) if room else NARROW
    (before,) = svg_pages(score([4 * LOW, NEW_SYSTEM + 4 * LOW, NEW_SYSTEM + 4 * LOW]), options=options)
    (page,) = explained([before], rows)
    music_alone = page.replace('class="how-sure"', 'class="how-sure" visibility="hidden"')
    boxes = [box(field) for field in fields(page)]
    assert len(boxes) == len(Page(page).systems) == 3
    assert inked(music_alone, boxes[0][0] - 9, boxes[0][1], 0, 80)  # the words
    for top, bottom, _, _ in boxes:
        # From the names down to the lower edge there is nothing else, from one side of the paper to the other.
        assert not inked(music_alone, top - 3.9, bottom + 1.1, 0, 80)
    assert [bottom - top for top, bottom, _, _ in boxes] == pytest.approx([1.7] * 3, abs=0.02)


def test_with_room_left_for_it_nothing_moves_and_even_a_full_page_keeps_its_size():
    def rows(count: int) -> list[MeasureRow]:
        return [MeasureRow(index, -0.3, (Mark("leap"),)) for index in range(count)]

    legend = ["copied: 12 %"] * 6
    options = with_room(NARROW, rows(1), legend)
    fits = len(Page(svg_pages(score([NEW_SYSTEM + 4 * LOW] * 30), options=options)[0]).systems)
    pages = svg_pages(score([NEW_SYSTEM + 4 * LOW] * 2 * fits), options=options)
    done = explained(pages, rows(2 * fits), legend)
    assert len(done) == 2
    for before, after in zip(pages, done, strict=True):
        assert 'height="297mm"' in after
        assert [system.top for system in Page(before).systems] == [system.top for system in Page(after).systems]


def test_without_room_systems_keep_their_distance_and_a_full_page_grows():
    pages = svg_pages(score([NEW_SYSTEM + 4 * LOW] * 60), options=NARROW)
    page = explained(pages, [MeasureRow(index, -0.3, (Mark("leap"),)) for index in range(60)])[0]
    assert float(re.search(r'height="([\d.]+)mm"', page)[1]) > 297
    systems = Page(page).systems
    fallen = [box(field)[1] * 100 for field in fields(page)]
    assert all(bottom < system.top for bottom, system in zip(fallen, systems[1:], strict=False))
    assert all(one.bottom < other.top for one, other in pairwise(systems))


def test_a_system_without_rows_gets_no_strip_and_follows_what_moved_above_it():
    (before,) = svg_pages(score([NEW_SYSTEM + 4 * LOW] * 3), options=NARROW)
    (after,) = explained([before], [MeasureRow(0, -0.1, (Mark("leap"),))])
    moved = [new.top - old.top for old, new in zip(Page(before).systems, Page(after).systems, strict=True)]
    assert len(fields(after)) == 1
    assert moved[0] == 0
    assert moved[1] == pytest.approx(moved[2])
    assert moved[1] > 100


def test_a_pickup_a_repeat_and_a_second_ending_are_counted_as_in_the_file():
    start = '<barline location="left"><repeat direction="forward"/></barline>'
    first = '<barline location="left"><ending number="1" type="start"/></barline>'
    first_end = (
        '<barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline>'
    )
    second = '<barline location="left"><ending number="2" type="start"/></barline>'
    measures = [NOTE.format("G", 4, ""), start + FOUR, first + FOUR + first_end, second + FOUR, FOUR]
    pages = svg_pages(score(measures, first=0))
    page = Page(pages[0])
    assert [measure.index for system in page.systems for measure in system.measures] == [0, 1, 2, 3, 4]
    lefts = [measure.left for system in page.systems for measure in system.measures]
    (field,) = fields(explained(pages, [MeasureRow(3, -0.1)])[0])
    assert float(field["x"]) == pytest.approx(lefts[3], abs=1)


def test_a_rest_over_three_measures_counts_as_three():
    measures = [FOUR, THREE_RESTS, REST, REST, FOUR]
    pages = svg_pages(score(measures, measures))
    (system,) = Page(pages[0]).systems
    assert [measure.index for measure in system.measures] == [0, 1, 4]
    drawn = fields(explained(pages, [MeasureRow(4, -0.1)])[0])
    assert [float(field["x"]) for field in drawn] == pytest.approx([system.measures[2].left], abs=1)


def test_notes_during_another_parts_long_rest_are_drawn():
    # Verovio 6.4 draws one rest for all parts as soon as one part asks for it.
    (page,) = svg_pages(score([FOUR, THREE_RESTS, REST, REST, FOUR], [FOUR] * 5))
    assert page.count('class="note"') == 4 * (2 + 5)


def test_measures_are_counted_on_over_pages():
    measures = [NEW_SYSTEM + FOUR] * 60
    pages = svg_pages(score(measures))
    on_first = pages[0].count('class="measure"')
    done = explained(pages, [MeasureRow(on_first, -0.1)])
    assert len(pages) > 1
    assert done[0] == pages[0]  # byte for byte
    (field,) = fields(done[1])
    assert float(field["x"]) == pytest.approx(Page(pages[1]).systems[0].measures[0].left, abs=1)


def test_without_rows_and_legend_pages_are_the_same_byte_for_byte():
    pages = svg_pages((EXAMPLES / "closed-hymn-key-change.musicxml").read_bytes())
    assert explained(pages, []) == pages
    assert explained(pages, [MeasureRow(0)]) == pages


def test_with_a_strip_every_note_and_id_stays():
    pages = svg_pages((EXAMPLES / "closed-hymn-key-change.musicxml").read_bytes())
    (after,) = explained(pages, rows_of([-0.2] * 8))
    assert set(re.findall(r'id="[^"]*"', pages[0])) == set(re.findall(r'id="[^"]*"', after))
    assert re.findall(r' d="[^"]*"', pages[0]) == re.findall(r' d="[^"]*"', after)


# --- what they say ---------------------------------------------------------------------------------------


def test_the_surer_the_paler():
    assert color_of(0.0) == SURE
    assert color_of(-0.5) == UNSURE
    assert color_of(-7.0) == UNSURE
    assert color_of(-0.25) == "#fe9929"  # the middle one of five
    # Half way between the first two of ColorBrewer's YlOrBr: (fe + ff) / 2 and so on, by hand.
    assert color_of(-0.0625) == "#feecb1"


def test_colours_darken_from_end_to_end_so_that_they_are_read_in_grey():
    def lightness(color: str) -> float:  # ITU-R BT.601
        red, green, blue = bytes.fromhex(color[1:])
        return 0.299 * red + 0.587 * green + 0.114 * blue

    greys = [lightness(color_of(-step / 100)) for step in range(51)]
    assert all(one > other for one, other in pairwise(greys))


def test_each_measure_has_the_colour_of_its_value_and_none_where_nothing_was_written():
    (page,) = svg_pages(score([FOUR] * 4))
    (after,) = explained([page], rows_of([0.0, None, -0.25, -1.0]))
    assert [field["fill"] for field in fields(after)] == [SURE, "#fe9929", UNSURE]


def test_marks_stand_at_their_beat_under_their_short_names():
    (page,) = svg_pages(score([FOUR, FOUR]))
    rows = [MeasureRow(1, None, (Mark("parallel-fifths", 0.0), Mark("unresolved-seventh", 0.5)))]
    (after,) = explained([page], rows)
    assert names(after) == ["||5", "7→?"]
    tree = etree.fromstring(after.encode())
    tips = [float(arrow.get("points").split()[-1].split(",")[0]) for arrow in tree.iterfind(".//{*}polygon")][-2:]
    measure = Page(page).systems[0].measures[1]
    notes = [float(x) + 1000 for x in re.findall(r'class="notehead">\s*<use [^>]*translate\((\d+)', page)][4:]
    assert tips[0] == pytest.approx(notes[0], abs=1)
    assert tips[1] == pytest.approx((notes[0] + measure.right) / 2, abs=1)
    assert notes[1] < tips[1] < notes[3]


def test_names_that_have_no_room_are_counted_and_not_written_over_one_another():
    (page,) = svg_pages(score([FOUR]))
    marks = tuple(Mark("unresolved-leading-tone", step / 100) for step in range(4))
    (after,) = explained([page], [MeasureRow(0, -0.2, marks)])
    assert names(after) == ["L→?", "+3"]


def test_a_finding_that_two_pairs_of_voices_share_is_written_once():
    (page,) = svg_pages(score([FOUR]))
    fifths = Mark("parallel-fifths", 0.5)
    (after,) = explained([page], [MeasureRow(0, -0.2, (fifths, fifths))])
    assert names(after) == ["||5"]


def test_every_rule_of_check_has_a_short_name():
    assert set(RULES) <= set(SHORT_NAMES)


def test_the_text_font_has_every_letter_of_the_strip():
    from scoreassist.picture.letters import face_for

    for character in "".join(SHORT_NAMES.values()) + "−≤%":
        face = face_for(character, family="Times, serif", bold=False, italic=False)
        assert character in face, character


def test_the_legend_says_the_scale_the_marks_that_were_made_and_what_else_there_is():
    (page,) = svg_pages(score([FOUR]))
    (after,) = explained([page], [MeasureRow(0, -0.2, (Mark("hidden-octaves"),))], ["copied: 12 %"])
    words = key(after).replace("\u00a0", " ")
    assert "≤ −0.5" in words
    assert "(8) hidden octaves" in words
    assert "parallel" not in words
    assert words.endswith("copied: 12 %")


def test_the_legend_stands_on_the_last_page_only_and_is_wrapped_to_its_width():
    pages = svg_pages(score([NEW_SYSTEM + FOUR] * 60))
    long = "copied: " + ", ".join(f"measure {number} from bwv {number}" for number in range(40))
    done = explained(pages, rows_of([-0.1] * 60), [long])
    assert [bool(key(page)) for page in done] == [False] * (len(done) - 1) + [True]
    assert key(done[-1]).endswith(long)
    rightmost = max(
        shape.place.transformPoint((x, y))[0]
        for shape in drawing(done[-1]).shapes
        for _, numbers in shape.outline
        for x, y in zip(numbers[::2], numbers[1::2], strict=True)
        if shape.fill == "#000000"
    )
    assert rightmost <= 200.5  # millimetres: A4 less its margin


@pytest.mark.parametrize("height_mm", [45, 60, 90])
def test_the_legend_lies_over_a_footer_or_under_it_and_not_on_it(height_mm: int):
    (page,) = svg_pages(score([FOUR]), options=RenderOptions(page_height_mm=height_mm))
    # From MusicXML, Verovio 6.4 makes headers only; its footers lie on the lower margin.
    line = f'<text x="9500" y="{height_mm * 100 - 2000}" font-size="400px">Nobody</text>'
    start, systems = page.split('<g class="page-margin" transform="translate(1000, 1000)">')
    page = f'{start}<g class="page-margin" transform="translate(1000, 1000)"><g class="pgFoot">{line}</g>{systems}'
    (after,) = explained([page], rows_of([-0.1]), ["copied: 12 %"] * 4)
    ((top, bottom),) = Page(page).feet()
    lines = [float(y) for y in etree.fromstring(after.encode()).xpath(".//*[@class='how-sure-legend']/*/@y")]
    # 190: two thirds of the size of the letters, of which capitals are as tall.
    assert all(y < top for y in lines) or all(y - 190 > bottom for y in lines)
    assert all(y < top for y in lines) == (height_mm == 90)
    assert max(lines) < Page(after).height


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: MeasureRow(0, 0.4), "must be at most 0"),
        (lambda: MeasureRow(0, float("nan")), "must be at most 0"),
        (lambda: Mark("leap", 1.5), "between 0 and 1"),
    ],
)
def test_values_that_cannot_be_are_refused(make, problem: str):
    with pytest.raises(RequestError, match=problem):
        make()


def test_an_svg_of_another_make_is_refused():
    with pytest.raises(OutputError, match=r"use scoreassist\.rendering\.svg_pages"):
        explained(['<svg xmlns="http://www.w3.org/2000/svg" width="9mm"/>'], rows_of([-0.1]))


# --- in files --------------------------------------------------------------------------------------------


def test_strips_are_painted_in_png_and_pdf(tmp_path: Path):
    from PIL import Image

    rows = rows_of([-9.0])
    seen: list[int] = []

    def decorate(pages: list[str]) -> list[str]:
        seen.append(len(pages))
        return explained(pages, rows)

    data = score([FOUR])
    (png,) = write(data, tmp_path / "a.png", options=with_room(RenderOptions(dpi=60), rows), decorate=decorate)
    colors = {color for _, color in Image.open(png).convert("RGB").getcolors(10**6)}
    assert tuple(bytes.fromhex(UNSURE[1:])) in colors
    (plain,) = write(data, tmp_path / "plain.pdf")
    (pdf,) = write(data, tmp_path / "a.pdf", decorate=decorate)
    assert pdf.read_bytes() != plain.read_bytes()
    write(data, tmp_path / "a.mid", decorate=decorate)
    assert seen == [1, 1]  # MIDI has no strips


def test_one_page_of_several_is_decorated_as_the_page_that_it_is(tmp_path: Path):
    data = score([NEW_SYSTEM + FOUR] * 60)
    rows = rows_of([-0.1] * 60)
    (file,) = write(data, tmp_path / "two.svg", page=2, decorate=lambda pages: explained(pages, rows))
    assert file.read_text() == explained(svg_pages(data), rows)[1]
