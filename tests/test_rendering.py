"""Drawing and playing: what comes out, and what is said when nothing can."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from pathlib import Path

import pytest

from scoreassist import rendering as render
from scoreassist.errors import OutputError, RequestError, UnreadableError
from scoreassist.rendering import RenderOptions, midi, svg_pages, write

C5 = "<pitch><step>C</step><octave>5</octave></pitch>"
WHOLE_NOTE = f"<note>{C5}<duration>4</duration><type>whole</type></note>"
COMMON_TIME = "<time><beats>4</beats><beat-type>4</beat-type></time>"
NEW_SYSTEM, NEW_PAGE = '<print new-system="yes"/>', '<print new-page="yes"/>'


def score(*measures: str, time: str = COMMON_TIME) -> bytes:
    """One part named Cantus; each measure is what stands inside of it."""
    numbered = "".join(
        f'<measure number="{number}">'
        + (f"<attributes><divisions>1</divisions>{time}</attributes>" if number == 1 else "")
        + f"{content}</measure>"
        for number, content in enumerate(measures, 1)
    )
    return (
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>Cantus</part-name>'
        f'</score-part></part-list><part id="P1">{numbered}</part></score-partwise>'
    ).encode()


ONE_NOTE = score(WHOLE_NOTE)
SIXTY_LINES = score(*[NEW_SYSTEM + 4 * WHOLE_NOTE.replace("whole", "quarter").replace(">4<", ">1<")] * 60)
"""A line of four quarter notes, sixty times: more than one page of A4."""


def measures_in_each_system(page: str) -> list[int]:
    return [system.count('class="measure"') for system in page.split('class="system"')[1:]]


# --- what comes out --------------------------------------------------------------------------------------


def test_a_score_becomes_one_svg_of_a4_size_with_its_note():
    (page,) = svg_pages(ONE_NOTE)
    assert 'width="210mm" height="297mm"' in page
    assert page.count('class="note"') == 1


def test_the_same_score_gives_the_same_svg_also_after_another_one_and_in_a_thread():
    first = svg_pages(ONE_NOTE)
    svg_pages(score(WHOLE_NOTE, WHOLE_NOTE))
    in_thread: list[list[str]] = []
    thread = threading.Thread(target=lambda: in_thread.append(svg_pages(ONE_NOTE)))
    thread.start()
    thread.join()
    assert svg_pages(ONE_NOTE) == first
    assert in_thread == [first]


def test_the_colour_and_the_id_of_a_note_survive():
    (page,) = svg_pages(score(WHOLE_NOTE.replace("<note>", '<note id="filled" color="#C00000">')))
    (note,) = re.findall(r'<g [^>]*class="note"[^>]*>', page)
    assert 'id="filled"' in note
    assert 'color="#C00000"' in note


def test_a_colour_with_alpha_is_red_and_not_what_svg_makes_of_its_digits():
    # MusicXML writes #AARRGGBB, SVG reads #RRGGBBAA.
    (page,) = svg_pages(score(WHOLE_NOTE.replace("<note>", '<note color="#FFC00000">')))
    (note,) = re.findall(r'<g [^>]*class="note"[^>]*>', page)
    assert 'color="#C00000"' in note


@pytest.mark.parametrize(
    "data",
    [
        b'<?xml version="1.0"?><!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
        b'"http://www.musicxml.org/dtds/partwise.dtd">' + ONE_NOTE,
        b"\xef\xbb\xbf" + ONE_NOTE,
        ('<?xml version="1.0" encoding="UTF-16"?>' + ONE_NOTE.decode()).encode("utf-16"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + ONE_NOTE,
    ],
    ids=["doctype", "byte order mark", "UTF-16", "Latin 1"],
)
def test_doctype_byte_order_mark_and_encoding_make_no_difference(data: bytes):
    assert svg_pages(data) == svg_pages(ONE_NOTE)


def test_a_score_of_rests_alone_is_drawn():
    (page,) = svg_pages(score('<note><rest measure="yes"/><duration>4</duration></note>'))
    assert 'class="mRest"' in page


def test_midi_plays_the_c_above_middle_c():
    data = midi(ONE_NOTE)
    assert data[:4] == b"MThd"
    assert b"\x90\x48" in data  # note on, channel 1, number 72


# --- breaks and paper ------------------------------------------------------------------------------------


def test_a_system_break_in_the_file_is_kept_and_full_lines_break_by_themselves():
    measures = [WHOLE_NOTE] * 40
    measures[6] = NEW_SYSTEM + WHOLE_NOTE
    (page,) = svg_pages(score(*measures))
    first, *others = measures_in_each_system(page)
    assert first == 6
    assert len(others) > 1  # 34 measures do not fit on one line


def test_a_page_break_in_the_file_is_kept_as_the_end_of_a_line():
    measures = [WHOLE_NOTE] * 12
    measures[6] = NEW_PAGE + WHOLE_NOTE
    (page,) = svg_pages(score(*measures))
    assert measures_in_each_system(page) == [6, 6]


def test_breaks_auto_leaves_the_breaks_of_the_file_aside():
    measures = [WHOLE_NOTE] * 8
    measures[4] = NEW_SYSTEM + WHOLE_NOTE
    assert measures_in_each_system(svg_pages(score(*measures))[0]) == [4, 4]
    (page,) = svg_pages(score(*measures), options=RenderOptions(breaks="auto"))
    assert measures_in_each_system(page) == [8]


def test_one_page_holds_all_systems_and_is_as_tall_as_they_are():
    (short,) = svg_pages(ONE_NOTE, options=RenderOptions(one_page=True))
    (tall,) = svg_pages(SIXTY_LINES, options=RenderOptions(one_page=True))
    height_short, height_tall = (
        float(re.search(r'height="([\d.]+)mm"', page)[1])
        for page in (short, tall)  # type: ignore[index]
    )
    assert height_short < 60
    assert height_tall > 297
    assert sum(measures_in_each_system(tall)) == 60


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"page_width_mm": 0}, "page_width_mm is 0; it must lie between 10 and 10000"),
        ({"staff_height_mm": 70}, "staff_height_mm is 70; it must lie between 3.6 and 9.6"),
        ({"dpi": float("nan")}, "dpi is nan; it must lie between 10 and 1200"),
        ({"breaks": "page"}, "breaks is 'page'; try 'encoded', 'auto' or 'none'"),
    ],
)
def test_options_that_cannot_be_drawn_are_refused_at_once(wish: dict, problem: str):
    with pytest.raises(RequestError) as error:
        RenderOptions(**wish)
    assert str(error.value) == problem


@pytest.mark.parametrize("extreme", [10, 10_000])
def test_every_width_that_the_options_accept_is_drawn(extreme: float):
    (page,) = svg_pages(ONE_NOTE, options=RenderOptions(page_width_mm=extreme, margin_mm=0))
    assert f'width="{extreme}mm"' in page


# --- what is not a score ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not well-formed XML"),
        (b"a hymn", "not well-formed XML"),
        (ONE_NOTE[:-30], "not well-formed XML"),  # Verovio would draw what it can
        (b"PK\x03\x04", "compressed .mxl"),
        (b"<html/>", "<html>, not a MusicXML <score-partwise>"),
        (b"<score-timewise/>", "export it as score-partwise"),  # Verovio would draw an empty page
        (score(), "no part with a measure"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + ONE_NOTE, "declares XML entities"),
        (b'<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd">]>' + ONE_NOTE, "declares XML entities"),
    ],
)
@pytest.mark.parametrize("work", [svg_pages, midi])
def test_what_is_no_safe_score_is_refused_before_verovio_sees_it(work, data: bytes, problem: str):
    with pytest.raises(UnreadableError) as error:
        work(data)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("work", [svg_pages, midi])
def test_a_score_that_crashes_verovio_is_one_clear_error(work):
    # Verovio divides by the 0 and takes its process with it.
    four_nothings = score(WHOLE_NOTE, time="<time><beats>4</beats><beat-type>0</beat-type></time>")
    with pytest.raises(OutputError, match="Verovio crashed on this score"):
        work(four_nothings)


def test_a_score_that_verovio_never_finishes_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(render, "_PATIENCE_SECONDS", 0)
    monkeypatch.setattr(render, "_CHARACTERS_PER_SECOND", float("inf"))
    with pytest.raises(OutputError, match="still at work after 0 seconds"):
        svg_pages(ONE_NOTE)


def test_a_missing_verovio_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "verovio.py").write_text("raise ImportError('no verovio here')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(OutputError, match="Verovio could not be run: ImportError: no verovio here"):
        svg_pages(ONE_NOTE)


def test_a_page_without_the_notes_of_the_score_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(render, "_engrave", lambda *_: {"loaded": True, "pages": ["<svg></svg>"]})
    with pytest.raises(OutputError, match="none of the notes"):
        svg_pages(ONE_NOTE)


def test_no_page_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(render, "_engrave", lambda *_: {"loaded": True, "pages": []})
    with pytest.raises(OutputError, match="no page"):
        svg_pages(ONE_NOTE)


# --- files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("hymn.svg", b"<svg"),
        ("hymn.png", b"\x89PNG"),
        ("hymn.pdf", b"%PDF-1.4"),
        ("hymn.mid", b"MThd"),
        ("hymn.midi", b"MThd"),
        ("HYMN.SVG", b"<svg"),
    ],
)
def test_the_extension_chooses_the_format_and_the_bytes_are_always_the_same(
    tmp_path: Path, name: str, beginning: bytes
):
    assert write(ONE_NOTE, tmp_path / name) == [tmp_path / name]
    first = (tmp_path / name).read_bytes()
    assert first.startswith(beginning)
    write(ONE_NOTE, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "problem"), [("hymn.gif", ".gif is no known format"), ("hymn", "the name has no extension")]
)
def test_an_unknown_format_lists_the_known_ones(tmp_path: Path, name: str, problem: str):
    with pytest.raises(RequestError) as error:
        write(ONE_NOTE, tmp_path / name)
    assert str(error.value) == f"{tmp_path / name}: {problem}; try .svg, .png, .pdf, .mid, .midi"


@pytest.mark.parametrize("extension", [".svg", ".png"])
def test_several_pages_are_numbered_files_beside_each_other(tmp_path: Path, extension: str):
    names = write(SIXTY_LINES, tmp_path / f"long{extension}", options=RenderOptions(dpi=20))
    assert len(names) > 1
    assert names == [tmp_path / f"long-{number}{extension}" for number in range(1, len(names) + 1)]
    assert sorted(os.listdir(tmp_path)) == sorted(name.name for name in names)
    assert len({name.read_bytes() for name in names}) == len(names)


def test_one_page_of_several_is_written_under_the_name_given(tmp_path: Path):
    assert write(SIXTY_LINES, tmp_path / "second.svg", page=2) == [tmp_path / "second.svg"]
    assert (tmp_path / "second.svg").read_text(encoding="utf-8") == svg_pages(SIXTY_LINES)[1]


@pytest.mark.parametrize("page", [0, -1, 2])
def test_a_page_that_is_not_there_is_refused_with_the_number_of_pages(tmp_path: Path, page: int):
    with pytest.raises(RequestError, match=f"there is no page {page}; the score has 1 page$"):
        write(ONE_NOTE, tmp_path / "hymn.svg", page=page)
    assert os.listdir(tmp_path) == []


def test_midi_has_no_pages(tmp_path: Path):
    with pytest.raises(RequestError, match="MIDI has no pages"):
        write(ONE_NOTE, tmp_path / "hymn.mid", page=1)


def test_a_pdf_holds_all_pages_in_the_size_of_the_paper(tmp_path: Path):
    import pypdf

    write(SIXTY_LINES, tmp_path / "long.pdf")
    write(SIXTY_LINES, tmp_path / "second.pdf", page=2)
    document = pypdf.PdfReader(tmp_path / "long.pdf", strict=True)
    assert len(document.pages) == len(svg_pages(SIXTY_LINES)) > 1
    assert len(pypdf.PdfReader(tmp_path / "second.pdf", strict=True).pages) == 1
    assert [round(float(side)) for side in document.pages[0].mediabox] == [0, 0, 595, 842]  # A4 in points


def test_a_png_has_as_many_pixels_as_asked_for_and_white_paper(tmp_path: Path):
    from matplotlib import image

    write(ONE_NOTE, tmp_path / "hymn.png", options=RenderOptions(dpi=100, page_width_mm=127, one_page=True))
    pixels = image.imread(io.BytesIO((tmp_path / "hymn.png").read_bytes()))
    assert pixels.shape[1] == 500  # 127 mm are 5 inches
    assert pixels[0, 0].tolist() == [1, 1, 1, 1]
    assert pixels[..., 0].min() == 0  # and black ink


def test_a_png_too_large_for_memory_is_refused(tmp_path: Path):
    with pytest.raises(RequestError, match="the picture would have 139 million pixels"):  # 1200² × 96.7 in²
        write(ONE_NOTE, tmp_path / "hymn.png", options=RenderOptions(dpi=1200))


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    (tmp_path / "hymn.svg").write_text("old")
    with pytest.raises(UnreadableError):
        write(b"<html/>", tmp_path / "hymn.svg")
    assert (tmp_path / "hymn.svg").read_text() == "old"
    assert os.listdir(tmp_path) == ["hymn.svg"]


def test_a_folder_in_the_place_of_one_page_keeps_all_pages_from_being_written(tmp_path: Path):
    (tmp_path / "long-2.svg").mkdir()
    with pytest.raises(OutputError, match=r"long-2\.svg: is a folder; give the name of a file"):
        write(SIXTY_LINES, tmp_path / "long.svg")
    assert os.listdir(tmp_path) == ["long-2.svg"]


def test_a_folder_that_is_not_there_is_one_clear_error(tmp_path: Path):
    with pytest.raises(OutputError, match=r"hymn\.svg: cannot be written: No such file or directory"):
        write(ONE_NOTE, tmp_path / "nowhere" / "hymn.svg")


def test_a_file_in_the_place_of_the_folder_is_one_clear_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"hymn\.svg: cannot be written: Not a directory"):
        write(ONE_NOTE, tmp_path / "file" / "hymn.svg")


def test_importing_the_module_waits_for_no_other_library():
    import subprocess

    heavy = "{'verovio', 'lxml', 'fontTools', 'resvg_py', 'numpy', 'torch', 'music21'}"
    program = f"import sys, scoreassist.rendering; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")
