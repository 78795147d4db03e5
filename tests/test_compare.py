"""Several scores in one picture: each is there, under its heading, and nothing lies on anything else."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from scoreassist import rendering
from scoreassist.errors import OutputError, RequestError, UnreadableError
from scoreassist.picture import drawing
from scoreassist.picture.compare import compared, write_compared
from scoreassist.rendering import RenderOptions

TIME = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"


def score(step: str, count: int = 4, *, title: str = "") -> bytes:
    """A measure of quarter notes, the first with the id "first", in red."""
    note = f"<pitch><step>{step}</step><octave>5</octave></pitch><duration>1</duration><type>quarter</type></note>"
    notes = '<note id="first" color="#C00000">' + note + (count - 1) * ("<note>" + note)
    return (
        f'<score-partwise version="4.0"><work><work-title>{title}</work-title></work><part-list>'
        '<score-part id="P1"><part-name>Cantus</part-name></score-part></part-list><part id="P1">'
        f'<measure number="1">{TIME}{notes}</measure></part></score-partwise>'
    ).encode()


def heights(svg: str, element: etree._Element) -> tuple[float, float]:
    """From where to where an element of the picture leaves ink, in millimetres."""
    keep = {*element.iter(), *element.iterancestors()}
    tree = element.getroottree().getroot()
    # What is not the element, nor around it, nor a symbol, is taken out of a copy.
    copy = etree.fromstring(etree.tostring(tree))
    for mine, other in zip(list(tree.iter()), list(copy.iter()), strict=True):
        in_defs = any("defs" in str(above.tag) for above in (mine, *mine.iterancestors()))
        if mine not in keep and not in_defs and other.getparent() is not None:
            other.getparent().remove(other)
    ys = [
        shape.place.transformPoint(point)[1]
        for shape in drawing(etree.tostring(copy, encoding="unicode")).shapes
        for _, numbers in shape.outline
        for point in zip(numbers[::2], numbers[1::2], strict=True)
    ]
    return min(ys), max(ys)


def test_every_score_is_drawn_under_its_heading_in_order():
    svg = compared([score("C", 4), score("D", 3), score("E", 2)], ["1: first", "2: second", "3: third"])
    root = etree.fromstring(svg.encode())
    canvas = root.find("{*}svg")
    seen = [
        child.text if child.tag.endswith("text") else len(child.findall(".//{*}g[@class='note']"))
        for child in canvas
    ]
    assert seen == ["1: first", 4, "2: second", 3, "3: third", 2]


def test_headings_and_scores_follow_one_another_down_the_page_and_stay_on_it():
    svg = compared([score("C"), score("D")], ["1: " + 30 * "a long heading ", "2"])
    root = etree.fromstring(svg.encode())
    places = [heights(svg, child) for child in root.find("{*}svg")]
    assert len(places) > 4  # the long heading has several lines
    assert all(one[1] < other[0] for one, other in pairwise(places))
    assert places[0][0] > 5
    assert places[-1][1] < float(root.get("height").removesuffix("mm")) - 5


def test_each_score_is_drawn_as_it_is_alone():
    alone = rendering.svg_pages(
        score("G"), options=RenderOptions(staff_height_mm=5.5, one_page=True, heading=False)
    )[0]
    (group,) = etree.fromstring(compared([score("G")], [""]).encode()).iterfind(".//{*}g[@class='candidate']")
    written = etree.tostring(group, encoding="unicode")
    music = r'\b(?:d|transform|points|x|y|color)="[^"]*"'
    assert len(re.findall(music, written)) > 13  # five lines, four heads, four stems
    assert re.findall(music, written)[1:] == re.findall(music, alone.partition("definition-scale")[2])[1:]


def test_ids_are_told_apart_and_every_symbol_is_found():
    root = etree.fromstring(compared([score("C"), score("C")], ["1", "2"]).encode())
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert {"c1-first", "c2-first"} <= set(ids)
    used = {element.get("{http://www.w3.org/1999/xlink}href") for element in root.iterfind(".//{*}use")}
    assert {name.removeprefix("#") for name in used} <= set(ids)


def test_new_notes_keep_their_colour_and_titles_of_the_scores_are_left_out():
    svg = compared([score("C", title="Hymn"), score("D", title="Hymn")], ["1", "2"])
    assert svg.count('color="#C00000"') == 2
    assert "Hymn" not in svg


@pytest.mark.parametrize(
    ("extension", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF-1.4"), ("PNG", b"\x89PNG")]
)
def test_the_extension_chooses_the_format(tmp_path: Path, extension: str, begins: bytes):
    target = tmp_path / f"candidates.{extension}"
    assert write_compared([score("C"), score("D")], ["1", "2"], target) == [target]
    assert target.read_bytes().startswith(begins)
    assert list(tmp_path.iterdir()) == [target]


def test_a_png_holds_all_scores_and_a_pdf_a_page_for_each(tmp_path: Path):
    from PIL import Image

    scores, titles = [score("C"), score("D"), score("E")], ["1", "2", "3"]
    svg = compared(scores, titles)
    height_mm = float(re.search(r'height="([\d.]+)mm"', svg)[1])
    (png,) = write_compared(scores, titles, tmp_path / "all.png", options=RenderOptions(dpi=50.8))  # 2 a mm
    assert Image.open(png).size[0] == 420
    assert Image.open(write_compared(scores, titles, tmp_path / "usual.png")[0]).size == (
        1240,  # 210 mm at 150 dpi
        pytest.approx(height_mm / 25.4 * 150, abs=2),
    )
    (pdf,) = write_compared(scores, titles, tmp_path / "all.pdf")
    assert b"/Count 3" in pdf.read_bytes()


def test_a_picture_that_would_be_too_large_is_painted_more_coarsely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from PIL import Image

    monkeypatch.setattr(rendering, "MOST_PIXELS", 200_000)
    (png,) = write_compared([score("C")] * 3, ["1", "2", "3"], tmp_path / "all.png")
    width, height = Image.open(png).size
    assert 190_000 < width * height < 201_000


@pytest.mark.parametrize(
    ("scores", "titles", "problem"),
    [
        ([], [], "0 scores cannot be compared"),
        ([score("C")] * 17, ["x"] * 17, "take 1 to 16"),
        ([score("C")] * 2, ["1"], "1 titles for 2 scores; give one to each"),
    ],
)
def test_what_cannot_be_compared_is_refused(scores: list[bytes], titles: list[str], problem: str):
    with pytest.raises(RequestError, match=problem):
        compared(scores, titles)


def test_another_extension_lists_the_known_ones_before_anything_is_drawn(tmp_path: Path):
    with pytest.raises(RequestError, match=r"\.mid is no format of a comparison; try \.svg, \.png, \.pdf"):
        write_compared([b"junk"], ["1"], tmp_path / "all.mid")


def test_the_score_that_cannot_be_drawn_is_named_and_no_file_appears(tmp_path: Path):
    with pytest.raises(UnreadableError, match="score 2: this is not well-formed XML"):
        write_compared([score("C"), b"<score-partwise>"], ["1", "2"], tmp_path / "all.svg")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_compared([score("C")], ["1"], tmp_path / "no" / "all.svg")


def test_the_same_scores_give_the_same_picture():
    assert compared([score("C"), score("D")], ["1", "2"]) == compared([score("C"), score("D")], ["1", "2"])
