"""Compressed MusicXML (``.mxl``): finding the score in an archive, and putting it back without touching the rest.

Nothing is ever extracted to disk, and no member but the container and the score is inflated. When the score
is written back, the other members stay as the very bytes that they are, with their dates and modes.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib

from lxml import etree

from scoreassist.errors import OutputError, ScoreassistError, UnreadableError

# Limits on what is read. A full symphony is about 30 MB of MusicXML; its archive inflates some 30 times.
MAX_BYTES = 128 * 2**20
MAX_MEMBERS = 1000
MAX_RATIO = 300
MAX_CONTAINER_BYTES = 2**20

CONTAINER = "META-INF/container.xml"
CONTAINER_XML = """<?xml version="1.0" encoding="UTF-8"?>
<container>
  <rootfiles>
    <rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/>
  </rootfiles>
</container>
"""
MXL_MIMETYPE = "application/vnd.recordare.musicxml"

# What zipfile raises where an archive is not what it says.
_BAD_NUMBERS = (struct.error, ValueError, OverflowError)
_DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, *_BAD_NUMBERS)

# Of the format: a member's own header, its row in the directory at the end, and what ends the directory. The
# names of fields are those of the specification (PKWARE, APPNOTE.TXT).
_LOCAL = struct.Struct("<4s5H3L2H")
_ROW_BYTES, _ROW_SIGNATURE = 46, b"PK\x01\x02"
_ROW_LENGTHS, _ROW_SIZES, _ROW_OFFSET = struct.Struct("<3H"), struct.Struct("<3L"), struct.Struct("<L")
_END_SIGNATURE, _END_OFFSET_AT = b"PK\x05\x06", 16
_STREAMED, _ENCRYPTED = 0x8, 0x1  # flags: sizes follow the data; a password is needed
_ZIP64_FIELD, _ZIP64_SIZE = 0x0001, 0xFFFFFFFF


def safe_parser() -> etree.XMLParser:
    """A parser of UTF-8 that resolves no entities, loads no DTD and never touches the network."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )


def read_archive(data: bytes, name: str) -> tuple[str, bytes]:
    """The score in an archive.

    Parameters
    ----------
    data : bytes
    name : str
        What error messages call the archive.

    Returns
    -------
    Name of the member, and its bytes.

    Raises
    ------
    UnreadableError
        The archive is damaged, unsafe, encrypted, or no ``.mxl``.
    """
    if data.count(_ROW_SIGNATURE) > 10 * MAX_MEMBERS:  # an archive inside may have some rows of its own
        raise _unsafe("holds very many members", name)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS:
                raise _unsafe(f"holds {len(infos)} members", name)
            if sum(info.file_size for info in infos) > MAX_BYTES:
                raise _unsafe("inflates without measure", name)
            if _overlap(data, infos, archive.start_dir):
                raise _unsafe("has members that lie inside each other", name)
            info = _score(archive, name)
            return info.filename, _inflate(archive, info, MAX_BYTES, name)
    except _DAMAGE as error:
        raise UnreadableError("is a damaged .mxl archive; export the score again", source=name) from error


def new_archive(score: bytes) -> bytes:
    """An archive that holds a score and what the format demands."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member, data, kind in (
            ("mimetype", MXL_MIMETYPE.encode(), zipfile.ZIP_STORED),
            (CONTAINER, CONTAINER_XML.encode(), zipfile.ZIP_DEFLATED),
            ("score.musicxml", score, zipfile.ZIP_DEFLATED),
        ):
            new.writestr(zipfile.ZipInfo(member), data, compress_type=kind)
    return out.getvalue()


def replace_member(data: bytes, member: str, content: bytes, name: str) -> bytes:
    """An archive with other content in one of its members.

    Every other member keeps its bytes, compressed as they are. Archives that use the 64-bit fields, or are
    glued to something else, are packed anew instead, with the same dates, modes and order.

    Parameters
    ----------
    data : bytes
        As `read_archive` has accepted it.
    member : str
    content : bytes
    name : str
        What error messages call the archive.

    Raises
    ------
    OutputError
        An archive that has to be packed anew holds a damaged member.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos, directory = archive.infolist(), archive.start_dir
        index = infos.index(archive.getinfo(member))
    offsets = [info.header_offset for info in infos]
    rows = _rows(data, directory, len(infos))
    if rows is None or [_ROW_OFFSET.unpack_from(row, 42)[0] for row in rows] != offsets:
        return _pack_anew(data, member, content, name)
    start = offsets[index]
    end = min((offset for offset in offsets if offset > start), default=directory)
    sizes, header, body = _record(data, start, infos[index].compress_type, content)
    shift = len(header) + len(body) - (end - start)
    for i, row in enumerate(rows):
        if i == index:
            row[8] &= ~_STREAMED
            _ROW_SIZES.pack_into(row, 16, *sizes)
        elif offsets[i] > start:
            _ROW_OFFSET.pack_into(row, 42, offsets[i] + shift)
    foot = bytearray(data[directory + sum(map(len, rows)) :])
    _ROW_OFFSET.pack_into(foot, _END_OFFSET_AT, directory + shift)
    return b"".join((data[:start], header, body, data[end:directory], *rows, foot))


def _rows(data: bytes, directory: int, count: int) -> list[bytearray] | None:
    """The rows of the directory; None where they are not followed by a plain end, or use 64-bit fields."""
    rows, at = [], directory
    for _ in range(count):
        if data[at : at + 4] != _ROW_SIGNATURE:
            return None
        length = _ROW_BYTES + sum(_ROW_LENGTHS.unpack_from(data, at + 28))
        rows.append(bytearray(data[at : at + length]))
        at += length
    wide = any(_ZIP64_SIZE in (*_ROW_SIZES.unpack_from(r, 16), _ROW_OFFSET.unpack_from(r, 42)[0]) for r in rows)
    return None if wide or data[at : at + 4] != _END_SIGNATURE else rows


def _record(data: bytes, start: int, method: int, content: bytes) -> tuple[tuple[int, int, int], bytes, bytes]:
    """CRC and sizes, header and compressed content of a member that replaces the one at `start`."""
    fields = list(_LOCAL.unpack_from(data, start))
    name_end = start + _LOCAL.size + fields[9]
    extra = _without_zip64(data[name_end : name_end + fields[10]])
    body = content
    if method == zipfile.ZIP_DEFLATED:
        deflate = zlib.compressobj(wbits=-15)
        body = deflate.compress(content) + deflate.flush()
    sizes = (zlib.crc32(content), len(body), len(content))
    fields[2] &= ~_STREAMED
    fields[6:9] = sizes
    fields[10] = len(extra)
    return sizes, _LOCAL.pack(*fields) + data[start + _LOCAL.size : name_end] + extra, body


def _without_zip64(extra: bytes) -> bytes:
    """Extra fields of a header without the one that would say its sizes once more."""
    kept, at = b"", 0
    while at + 4 <= len(extra):
        field, length = struct.unpack_from("<2H", extra, at)
        if field != _ZIP64_FIELD:
            kept += extra[at : at + 4 + length]
        at += 4 + length
    return kept + extra[at:]


def _pack_anew(data: bytes, member: str, content: bytes, name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        new.comment = old.comment
        for info in old.infolist():
            new.writestr(info, content if info.filename == member else _read_other(old, info, name))
    return out.getvalue()


def _read_other(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    try:
        return archive.read(info)
    except _DAMAGE as error:
        raise OutputError(
            f"the member '{info.filename}' of the archive is damaged; save as .musicxml instead", source=name
        ) from error


def _overlap(data: bytes, infos: list[zipfile.ZipInfo], directory: int) -> bool:
    """Whether two members share bytes, as they do in archives that inflate without end, or one is cut off."""
    end = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        if info.header_offset < end:
            return True
        *_, name_length, extra_length = _LOCAL.unpack_from(data, info.header_offset)
        end = info.header_offset + _LOCAL.size + name_length + extra_length + info.compress_size
    return end > directory


def _score(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The member that holds the score."""
    if CONTAINER not in archive.namelist():
        raise UnreadableError(
            f"is an archive without {CONTAINER}, so not an .mxl score; export the score again", source=name
        )
    member = _named(_inflate(archive, _only(archive, CONTAINER, name), MAX_CONTAINER_BYTES, name), name)
    if member.startswith("/") or ".." in member.split("/") or member not in archive.namelist():
        raise _unsafe(f"names a score '{member}' that is not inside it", name)
    info = _only(archive, member, name)
    if info.is_dir():
        raise _unsafe("names a folder as its score", name)
    if stat.S_ISLNK(info.external_attr >> 16):
        raise _unsafe("points to a link", name)
    return info


def _only(archive: zipfile.ZipFile, member: str, name: str) -> zipfile.ZipInfo:
    """The member of a name; where two share it, programs disagree on which is meant."""
    if archive.namelist().count(member) > 1:
        raise _unsafe(f"holds two members called '{member}'", name)
    return archive.getinfo(member)


def _named(container: bytes, name: str) -> str:
    """The path that a container gives for the score."""
    try:
        root = etree.fromstring(container.decode("utf-8-sig").encode(), safe_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableError(f"has a broken {CONTAINER}; export the score again", source=name) from error
    if declares_entities(root):
        raise _unsafe("declares XML entities", name)
    rootfiles = [e for e in root.iter("{*}rootfile") if e.get("full-path")]
    typed = [e for e in rootfiles if "musicxml" in (e.get("media-type") or "musicxml")]
    for element in typed or rootfiles:
        return str(element.get("full-path"))
    raise UnreadableError(f"names no score in {CONTAINER}; export the score again", source=name)


def declares_entities(root: etree._Element) -> bool:
    """Whether the parser has seen a declaration of entities."""
    dtd = root.getroottree().docinfo.internalDTD
    return dtd is not None and bool(dtd.entities())  # type: ignore[attr-defined]  # not in the stubs


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, name: str) -> bytes:
    if info.flag_bits & _ENCRYPTED:
        raise UnreadableError("is encrypted; save it without a password", source=name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableError("is compressed as MusicXML does not allow; export the score again", source=name)
    # zipfile inflates no more than the member says of itself.
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > limit or (info.file_size > 2**20 and ratio > MAX_RATIO):
        raise _unsafe("inflates without measure", name)
    with archive.open(info) as file:
        return file.read(info.file_size + 1)  # a bare read() inflates whatever comes


def _unsafe(what: str, name: str) -> ScoreassistError:
    return UnreadableError(f"is an archive that {what}; it was not opened", source=name)
