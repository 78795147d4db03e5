"""Reading safely, saving faithfully: what comes back, and what is refused."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from scoreassist.errors import OutputError, RequestError, UnreadableError, UnsupportedError
from scoreassist.files import document
from scoreassist.files.document import Score, open_score

NOTE = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration></note>"
BODY = (
    '<score-partwise version="4.0">\n'
    '  <part-list><score-part id="P1"><part-name>Für Elise</part-name></score-part></part-list>\n'
    f'  <part id="P1">\n    <measure number="1">{NOTE}</measure>\n  </part>\n'
    "</score-partwise>"
)
DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">'
)
CONTAINER = '<?xml version="1.0"?><container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'

FILES = {
    "UTF-8 without declaration": BODY.encode(),
    "UTF-8 with declaration": f'<?xml version="1.0" encoding="UTF-8"?>\n{BODY}\n'.encode(),
    "UTF-8 with a byte order mark": b"\xef\xbb\xbf" + f'<?xml version="1.0" encoding="UTF-8"?>\n{BODY}'.encode(),
    "UTF-16 little endian": b"\xff\xfe" + f'<?xml version="1.0" encoding="UTF-16"?>\n{BODY}'.encode("utf-16-le"),
    "UTF-16 big endian": b"\xfe\xff" + f'<?xml version="1.0" encoding="UTF-16"?>\n{BODY}'.encode("utf-16-be"),
    "UTF-16 without a byte order mark": f'<?xml version="1.0" encoding="UTF-16LE"?>\n{BODY}'.encode("utf-16-le"),
    "ISO-8859-1": f"<?xml version='1.0' encoding='ISO-8859-1'?>\n{BODY}".encode("latin-1"),
    "line ends of Windows": f'<?xml version="1.0" encoding="UTF-8"?>\n{BODY}\n'.replace("\n", "\r\n").encode(),
    "line ends of Windows, none before the root": BODY.replace("\n", "\r\n").encode(),
    "line ends of the old Macintosh": f'<?xml version="1.0"?>\n{BODY}\n'.replace("\n", "\r").encode(),
    "document type": f'<?xml version="1.0" standalone="no"?>\n{DOCTYPE}\n{BODY}\n'.encode(),
    "document type with comments inside": f'<!DOCTYPE score-partwise [ <!-- a > b ] --> ]>\n{BODY}'.encode(),
    "comments and instructions around the root": (
        f"<?xml version='1.0'?>\n<!-- by <me> -->\n<?view all?>\n{BODY}\n<!-- <score-partwise> --><?end?>".encode()
    ),
    "a comment behind the root that names it": f"{BODY}\n<!-- </score-partwise> -->\n".encode(),
}  # fmt: skip


def mxl(members: dict[str, bytes | str], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


MXL = mxl(
    {
        "mimetype": "application/vnd.recordare.musicxml",
        "META-INF/container.xml": CONTAINER.format("song/hymn.xml"),
        "song/hymn.xml": FILES["UTF-8 with declaration"],
        "cover.png": b"\x89PNG picture",
    }
)


def lower_the_note(score: Score) -> None:
    (step,) = score.root.iter("step")
    step.text = "A"


# --- the same bytes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_an_unedited_score_gives_back_the_bytes_that_were_read(data: bytes, tmp_path: Path):
    score = open_score(data)
    assert not score.edited
    assert score.to_bytes() == data
    assert score.save(tmp_path / "copy.musicxml").read_bytes() == data


def test_what_no_parser_would_write_again_comes_back_as_it_was():
    data = (
        "<?xml version='1.0' ?>\n"
        + BODY.replace('id="P1"', "id = 'P1' ").replace("Elise", "<![CDATA[<E&E>]]>&#233;").replace("/>", "  />")
    ).encode()
    assert open_score(data).to_bytes() == data
    assert open_score(data).copy().to_bytes() == data


def test_an_unedited_archive_gives_back_the_bytes_that_were_read(tmp_path: Path):
    score = open_score(MXL)
    assert score.to_bytes() == MXL
    assert score.save(tmp_path / "copy.mxl").read_bytes() == MXL


@pytest.mark.parametrize("data", FILES.values(), ids=FILES)
def test_after_an_edit_only_what_was_edited_differs(data: bytes):
    # Every document here is written as lxml would write it, so that one letter in the file is one letter in the
    # result, whatever the encoding.
    score = open_score(data)
    lower_the_note(score)
    assert score.edited
    old, new = "<step>C</step>", "<step>A</step>"
    for codec in ("utf-8", "utf-16-le", "utf-16-be"):
        if old.encode(codec) in data:
            assert score.to_xml() == data.replace(old.encode(codec), new.encode(codec))
            return
    pytest.fail("the note is in none of these encodings")


def test_undoing_an_edit_gives_the_same_bytes_again():
    score = open_score(FILES["document type"])
    lower_the_note(score)
    (step,) = score.root.iter("step")
    step.text = "C"
    assert not score.edited
    assert score.to_bytes() == FILES["document type"]


def test_a_letter_that_the_encoding_lacks_becomes_a_character_reference():
    score = open_score(FILES["ISO-8859-1"])
    (name,) = score.root.iter("part-name")
    name.text = "♯ and ü"
    assert b"<part-name>&#9839; and \xfc</part-name>" in score.to_xml()


def test_an_edited_archive_keeps_its_other_members_and_their_order():
    score = open_score(MXL)
    lower_the_note(score)
    before, after = members(MXL), members(score.to_bytes())
    assert list(after) == ["mimetype", "META-INF/container.xml", "song/hymn.xml", "cover.png"]
    assert after.pop("song/hymn.xml") == before.pop("song/hymn.xml").replace(b"<step>C<", b"<step>A<")
    assert after == before


def test_saving_as_mxl_makes_an_archive_with_mimetype_first_and_uncompressed(tmp_path: Path):
    data = FILES["line ends of Windows"]
    saved = open_score(data).save(tmp_path / "hymn.mxl")
    with zipfile.ZipFile(saved) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"application/vnd.recordare.musicxml"
        container = etree.fromstring(archive.read("META-INF/container.xml"))
        (rootfile,) = container.iter("rootfile")
        assert archive.read(rootfile.get("full-path")) == data
    assert open_score(saved).to_xml() == data


def test_the_same_score_makes_the_same_archive(tmp_path: Path):
    one, two = (open_score(BODY.encode()).save(tmp_path / name) for name in ("one.mxl", "two.mxl"))
    assert one.read_bytes() == two.read_bytes()


def test_saving_an_archive_as_plain_xml_gives_the_bytes_inside(tmp_path: Path):
    saved = open_score(MXL).save(tmp_path / "hymn.xml")
    assert saved.read_bytes() == FILES["UTF-8 with declaration"]


def test_a_copy_is_independent_of_its_original():
    score = open_score(FILES["document type"])
    twin = score.copy()
    lower_the_note(twin)
    assert (score.edited, twin.edited) == (False, True)
    assert score.to_bytes() == FILES["document type"]
    assert b"<step>A</step>" in twin.to_bytes()


def test_a_copy_of_an_edited_score_is_as_edited():
    score = open_score(MXL)
    lower_the_note(score)
    twin = score.copy()
    assert twin.edited
    assert twin.to_xml() == score.to_xml()


def test_a_reference_to_an_entity_of_the_outer_dtd_survives_a_copy_and_an_edit():
    # MusicXML's DTD may define it; scoreassist never fetches that.
    data = f"{DOCTYPE}\n{BODY}".replace("Für", "F&uuml;r").encode()
    score = open_score(data).copy()
    lower_the_note(score)
    assert score.to_xml() == data.replace(b"<step>C<", b"<step>A<")


@pytest.mark.parametrize("kind", ["path", "string", "bytes", "bytearray", "file", "text file", "score"])
def test_a_score_opens_from(kind: str, tmp_path: Path):
    path = tmp_path / "hymn.musicxml"
    path.write_bytes(BODY.encode())
    source = {
        "path": lambda: path,
        "string": lambda: str(path),
        "bytes": lambda: BODY.encode(),
        "bytearray": lambda: bytearray(BODY.encode()),
        "file": lambda: io.BytesIO(BODY.encode()),
        "text file": lambda: io.StringIO(BODY),
        "score": lambda: Score(BODY.encode()),
    }[kind]()
    assert open_score(source).to_bytes() == BODY.encode()


def test_a_score_is_called_by_its_file_name(tmp_path: Path):
    path = tmp_path / "hymn.musicxml"
    path.write_bytes(BODY.encode())
    assert open_score(path).name == str(path)
    with open(path, "rb") as file:
        assert open_score(file).name == str(path)
    assert open_score(BODY.encode(), name="stdin").name == "stdin"


# --- what is refused -------------------------------------------------------------------------------------


def refused(source: object, error: type[Exception] = UnreadableError, name: str | None = "hymn.mxl") -> str:
    """The message with which a source is refused, without the name that it begins with; always one line."""
    with pytest.raises(error) as caught:
        open_score(source, name=name)
    message = str(caught.value)
    assert "\n" not in message
    if name is None:
        return message
    assert message.startswith(f"{name}: ")
    return message.removeprefix(f"{name}: ")


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE score-partwise [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    + "".join(f'<!ENTITY {y} "{10 * f"&{x};"}">' for x, y in zip("bcdefgh", "cdefghi", strict=True))
    + "]>"
)
OUTSIDE = '<!DOCTYPE score-partwise [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE score-partwise [<!ENTITY % outer SYSTEM "file:///etc/passwd"> %outer;]>'


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "is empty; export the score again"),
        (b" \r\n\t ", "is empty; export the score again"),
        (b"do re mi", "is not well-formed XML"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not readable as text, so not MusicXML; export the score as MusicXML"),
        (bytes(range(256)), "is not readable as text, so not MusicXML; export the score as MusicXML"),
        (BODY[:200].encode(), "is not well-formed XML"),
        (BODY.encode("utf-16-le")[:-1], "is not readable as text, so not MusicXML"),
        (b'<?xml version="1.0" encoding="klingon"?>' + BODY.encode(), "is not readable as text, so not Mus"),
        (b'<?xml version="1.0" encoding="undefined"?>' + BODY.encode(), "is not readable as text, so not Mus"),
        (b'<?xml version="1.0" encoding="UTF-16"?>' + BODY.encode(), "is not"),
        (BODY.encode("utf-32"), "is not"),
        (b"<html><body/></html>", "is not MusicXML (its root element is <html>); export the score as MusicXML"),
        (b"<opus/>", "is not MusicXML (its root element is <opus>); export the score as MusicXML"),
        ((BOMB + BODY.replace("Elise", "&i;")).encode(), "declares XML entities, which can hide harm"),
        ((OUTSIDE + BODY.replace("Elise", "&secret;")).encode(), "declares XML entities, which can hide harm"),
        ((PARAMETER + BODY).encode(), "declares XML entities, which can hide harm"),
        (("\ufeff" + OUTSIDE + BODY).encode("utf-16-le"), "declares XML entities, which can hide harm"),
        ((BODY[:-17] + 5000 * "<a>" + 5000 * "</a>" + BODY[-17:]).encode(), "is nested deeper than any score"),
    ],
)  # fmt: skip
def test_what_is_no_musicxml_is_refused(source: bytes, message: str):
    assert refused(source).startswith(message)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            b'<score-timewise version="4.0"><measure number="1"/></score-timewise>',
            "is score-timewise MusicXML; open it in a notation program and export it as score-partwise",
        ),
        (b"<score-partwise/>", "has no parts; add at least one staff"),
        (b"<score-partwise><part-list/></score-partwise>", "has no parts; add at least one staff"),
        (b'<score-partwise><part id="P1"/></score-partwise>', "has no measures; add at least one"),
    ],
)
def test_musicxml_that_cannot_be_edited_is_refused(source: bytes, message: str):
    assert refused(source, UnsupportedError) == message


def test_a_broken_document_is_refused_with_the_line_that_breaks_it():
    # The step is closed as if it were an octave, in the fourth line.
    assert "(line 4: " in refused(BODY.replace("</step>", "</octave>").encode())


def test_no_external_dtd_is_fetched_or_read(tmp_path: Path):
    (tmp_path / "partwise.dtd").write_text('<!ATTLIST measure number CDATA "99">')
    path = tmp_path / "hymn.xml"
    body = BODY.replace(' number="1"', "")
    path.write_text(f'<!DOCTYPE score-partwise SYSTEM "{tmp_path}/partwise.dtd">\n{body}')
    (measure,) = open_score(path).root.iter("measure")
    assert measure.get("number") is None


def test_a_file_that_is_missing_or_a_folder_or_unnameable_is_refused(tmp_path: Path):
    missing = tmp_path / "nowhere.musicxml"
    assert refused(missing, name=None) == f"{missing}: cannot be read (No such file or directory); check the path"
    assert refused(tmp_path, name=None) == f"{tmp_path}: is a folder; give a score file"
    assert "cannot be read (File name too long)" in refused(tmp_path / (300 * "x"), name=None)
    assert "cannot be read" in refused("a\0b.musicxml", name=None)


def test_what_is_no_source_at_all_is_refused():
    assert refused(42, name=None) == "cannot open a int; give a path, bytes, a file object or a music21 Stream"


def test_a_file_beyond_the_limit_is_refused_without_reading_it_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(document, "MAX_BYTES", 2**20)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert size >= 0, "asks for everything"
            self.given += size
            return size * b" "

    endless = Endless()
    assert refused(endless) == "is larger than 1 MiB; split the score into movements"
    assert endless.given <= 2**20 + 1
    path = tmp_path / "hymn.xml"
    path.write_bytes(BODY.encode() + 2**20 * b" ")
    assert refused(path, name=None) == f"{path}: is larger than 1 MiB; split the score into movements"
    assert refused(path.read_bytes()) == "is larger than 1 MiB; split the score into movements"


# --- archives that are refused ---------------------------------------------------------------------------


def archive(path: str = "hymn.xml", **changes: bytes | str) -> bytes:
    """A sound archive, whose container names `path`, with some members otherwise."""
    return mxl({"META-INF/container.xml": CONTAINER.format(path), "hymn.xml": BODY, **changes})


def test_the_archive_that_the_next_tests_spoil_is_sound():
    assert open_score(archive()).to_xml() == BODY.encode()


@pytest.mark.parametrize("path", ["../hymn.xml", "a/../../hymn.xml", "/etc/passwd", "song.xml", ".."])
def test_a_container_may_only_name_a_member(path: str):
    message = f"is an archive that names a score '{path}' that is not inside it; it was not opened"
    assert refused(archive(path)) == message


@pytest.mark.parametrize("path", ["../hymn.xml", "/hymn.xml"])
def test_a_member_whose_own_name_leads_outside_is_refused(path: str):
    data = mxl({"META-INF/container.xml": CONTAINER.format(path), path: BODY})
    assert refused(data) == f"is an archive that names a score '{path}' that is not inside it; it was not opened"


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ("<container", "has a broken META-INF/container.xml; export the score again"),
        ("<container/>", "names no score in META-INF/container.xml; export the score again"),
        (
            OUTSIDE.replace("score-partwise", "container") + "<container/>",
            "is an archive that declares XML entities",
        ),
        (2**21 * " ", "is an archive that inflates without measure; it was not opened"),
    ],
)
def test_a_bad_container_is_refused(container: str, message: str):
    assert refused(archive(**{"META-INF/container.xml": container})).startswith(message)


def test_an_archive_without_a_container_is_refused():
    data = mxl({"hymn.xml": BODY})
    assert refused(data) == (
        "is an archive without META-INF/container.xml, so not an .mxl score; export the score again"
    )


def test_the_score_is_found_by_its_media_type():
    container = (
        '<container><rootfiles><rootfile full-path="hymn.pdf" media-type="application/pdf"/><rootfile'
        ' full-path="hymn.xml" media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>'
    )
    data = archive(**{"META-INF/container.xml": container, "hymn.pdf": b"%PDF"})
    assert open_score(data).to_xml() == BODY.encode()


def test_a_small_archive_that_inflates_beyond_the_limit_is_refused():
    # 129 MiB of blanks deflate to about 130 kB.
    data = archive("hymn.xml", **{"hymn.xml": BODY.encode() + (129 * 2**20) * b" "})
    assert len(data) < 2**18
    assert refused(data) == "is an archive that inflates without measure; it was not opened"


def test_an_archive_that_inflates_a_thousandfold_is_refused_far_below_the_limit():
    data = archive(**{"hymn.xml": BODY.encode() + (2 * 2**20) * b" "})
    assert refused(data) == "is an archive that inflates without measure; it was not opened"


def test_other_members_count_too():
    data = archive(**{"cover.png": (129 * 2**20) * b" "})
    assert refused(data) == "is an archive that inflates without measure; it was not opened"


def test_an_archive_of_very_many_members_is_refused():
    data = archive(**{f"{i}.txt": "" for i in range(1000)})
    assert refused(data) == "is an archive that holds 1002 members; it was not opened"


def central(data: bytes, member: str) -> int:
    """Where a member's row in the central directory begins."""
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(member.encode()))
    assert data[at + 46 :].startswith(member.encode())
    return at


def test_a_member_that_lies_about_its_size_is_refused():
    data = bytearray(archive(**{"hymn.xml": BODY.encode() + (3 * 2**20) * b" "}))
    data[central(data, "hymn.xml") + 24 :][:4] = struct.pack("<I", 1000)
    at = central(bytes(data), "hymn.xml") + 24
    data[at : at + 4] = struct.pack("<I", 1000)
    assert refused(bytes(data)) == "is a damaged .mxl archive; export the score again"


@pytest.mark.parametrize("member", ["hymn.xml", "META-INF/container.xml"])
def test_an_encrypted_archive_is_refused(member: str):
    data = bytearray(archive())
    for at in (central(bytes(data), member) + 8, data.index(b"PK\x03\x04") + 6):
        data[at] |= 1
    assert refused(bytes(data)) == "is encrypted; save it without a password"


def test_a_link_in_place_of_the_score_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        new.writestr("META-INF/container.xml", CONTAINER.format("hymn.xml"))
        link = zipfile.ZipInfo("hymn.xml")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        new.writestr(link, "/etc/passwd")
    assert refused(out.getvalue()) == "is an archive that points to a link; it was not opened"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-30],
        lambda data: data[:4] + 40 * b"\0" + data[44:],
        lambda data: data.replace(b"PK\x01\x02", b"PK\x01\x03"),
        lambda data: b"PK\x03\x04",
    ],
)
def test_a_damaged_archive_is_refused(spoil: Callable[[bytes], bytes]):
    assert refused(spoil(archive())) == "is a damaged .mxl archive; export the score again"


def test_damaged_compressed_data_is_refused():
    data = bytearray(archive())
    at = data.index(b"hymn.xml") + len("hymn.xml")
    data[at : at + 60] = 60 * b"\xff"
    assert refused(bytes(data)) == "is a damaged .mxl archive; export the score again"


def test_an_unknown_compression_is_refused():
    data = bytearray(archive())
    data[central(bytes(data), "hymn.xml") + 10] = 77
    assert refused(bytes(data)) == "is compressed as MusicXML does not allow; export the score again"


def test_a_damaged_picture_in_the_archive_stays_as_damaged_as_it_was(tmp_path: Path):
    data = mxl({"META-INF/container.xml": CONTAINER.format("hymn.xml"), "hymn.xml": BODY, "a.png": b"x"}, 0)
    at = data.index(b"a.png") + len("a.png")
    score = open_score(data[:at] + b"y" + data[at + 1 :])
    lower_the_note(score)
    saved = score.save(tmp_path / "new.mxl").read_bytes()
    assert b"a.pngy" in saved
    assert b"<step>A</step>" in open_score(saved).to_xml()


def with_wide_end(data: bytes) -> bytes:
    """The same archive with the 64-bit end of directory that archives beyond 4 GiB need."""
    at = data.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack_from("<H2L", data, at + 10)
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, start)
    return data[:at] + end + struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1) + data[at:]


def test_an_archive_with_64_bit_fields_is_packed_anew():
    data = with_wide_end(MXL)
    score = open_score(data)
    assert score.to_bytes() == data
    lower_the_note(score)
    before, after = members(data), members(score.to_bytes())
    assert after.pop("song/hymn.xml") == before.pop("song/hymn.xml").replace(b"<step>C<", b"<step>A<")
    assert list(after.items()) == list(before.items())


def test_a_damaged_picture_is_said_where_the_archive_has_to_be_packed_anew(tmp_path: Path):
    data = mxl({"META-INF/container.xml": CONTAINER.format("hymn.xml"), "hymn.xml": BODY, "a.png": b"x"}, 0)
    at = data.index(b"a.png") + len("a.png")
    score = open_score(with_wide_end(data[:at] + b"y" + data[at + 1 :]))
    lower_the_note(score)
    with pytest.raises(OutputError, match=r"member 'a\.png' .* is damaged; save as \.musicxml"):
        score.save(tmp_path / "new.mxl")
    assert os.listdir(tmp_path) == []


# --- writing whole or not at all -------------------------------------------------------------------------


def edited() -> Score:
    score = open_score(BODY.encode())
    lower_the_note(score)
    return score


def test_saving_replaces_a_file_and_keeps_its_permissions(tmp_path: Path):
    path = tmp_path / "hymn.xml"
    path.write_text("old")
    path.chmod(0o640)
    edited().save(path)
    assert b"<step>A</step>" in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["hymn.xml"]


def test_saving_over_a_link_keeps_the_link_and_replaces_what_it_points_to(tmp_path: Path):
    (tmp_path / "real.xml").write_text("old")
    (tmp_path / "link.xml").symlink_to(tmp_path / "real.xml")
    edited().save(tmp_path / "link.xml")
    assert (tmp_path / "link.xml").is_symlink()
    assert b"<step>A</step>" in (tmp_path / "real.xml").read_bytes()


def test_a_new_file_is_as_readable_as_any_other(tmp_path: Path):
    (tmp_path / "other").write_text("")
    saved = edited().save(tmp_path / "hymn.xml")
    assert saved.stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("name", ["hymn.pdf", "hymn", "hymn.mxl.bak", ".xml"])
def test_an_extension_that_is_none_of_musicxml_is_refused(name: str, tmp_path: Path):
    with pytest.raises(RequestError, match=r"cannot save as '.*'; use one of \.musicxml, \.xml, \.mxl"):
        edited().save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_the_case_of_the_extension_does_not_matter(tmp_path: Path):
    assert zipfile.is_zipfile(edited().save(tmp_path / "HYMN.MXL"))


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["chmod", "replace"])
def test_a_failing_save_leaves_the_old_file_and_nothing_else(
    step: str, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "hymn.xml"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        with pytest.raises((OutputError, KeyboardInterrupt)) as caught:
            edited().save(path)
    if isinstance(failure, OSError):
        assert str(caught.value) == (
            f"{path}: cannot be written (No space left on device); choose another place with -o"
        )
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["hymn.xml"]


def test_a_folder_a_missing_folder_and_a_name_too_long_are_one_clear_error(tmp_path: Path):
    (tmp_path / "folder.xml").mkdir()
    for path, message in (
        (tmp_path / "folder.xml", "is a folder; give a file name"),
        (tmp_path / "nowhere" / "hymn.xml", "cannot be written (No such file or directory)"),
        (tmp_path / f"{300 * 'x'}.xml", "cannot be written (File name too long)"),
    ):
        with pytest.raises(OutputError) as caught:
            edited().save(path)
        assert str(caught.value).startswith(f"{path}: {message}")
    assert os.listdir(tmp_path) == ["folder.xml"]
