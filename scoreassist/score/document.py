"""Safe reading and faithful saving of MusicXML, plain and compressed.

Reading refuses whatever could harm the reader (entities, network access, archives that inflate without
end). Saving gives back the very bytes that were read when nothing was edited; after an edit, everything in
front of and behind the root element, the encoding, the line ends and the other members of an archive stay.
"""

from __future__ import annotations

import codecs
import copy
import io
import os
import re
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from lxml import etree

from scoreassist.errors import OutputError, RequestError, UnreadableError, UnsupportedError

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
XML_SUFFIXES = (".musicxml", ".xml")
SUFFIXES = (*XML_SUFFIXES, ".mxl")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def safe_parser() -> etree.XMLParser:
    """A parser that resolves no entities, loads no DTD and never touches the network."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


class Score:
    """One MusicXML document.

    Attributes
    ----------
    root : lxml.etree._Element
        The ``score-partwise`` element; edit it freely, `to_bytes` notices.
    name : str
        What error messages call this score, usually the file name.
    """

    def __init__(self, data: bytes, name: str = "score") -> None:
        self.name = name
        self._read = data
        self._archive = data if data[:4] == b"PK\x03\x04" else None
        self._member = None
        if self._archive is not None:
            self._member, data = _read_archive(data, name)
        self._xml = data
        text, self._codec = _decode(data, name)
        self.root = _parse(data, text, name)
        self._head, self._foot = _around_root(text, name)
        self._line_end = _line_end(text)
        self._print = etree.tostring(self.root)

    @property
    def edited(self) -> bool:
        """Whether the tree differs from what was read."""
        return etree.tostring(self.root) != self._print

    def copy(self) -> Score:
        """An independent score with the same content."""
        twin = object.__new__(Score)
        twin.__dict__.update(self.__dict__)
        twin.root = copy.deepcopy(self.root)
        return twin

    def to_xml(self) -> bytes:
        """The document as plain MusicXML; the bytes that were read if nothing was edited."""
        if not self.edited:
            return self._xml
        body = etree.tostring(self.root, encoding="unicode", with_tail=False)
        text = self._head + body.replace("\n", self._line_end) + self._foot
        return text.encode(self._codec, "xmlcharrefreplace")

    def to_mxl(self) -> bytes:
        """The document as a compressed archive; other members of the archive it came from stay."""
        if self._archive is not None and not self.edited:
            return self._archive
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            if self._archive is None:
                for member, text in (
                    ("mimetype", MXL_MIMETYPE.encode()),
                    (CONTAINER, CONTAINER_XML.encode()),
                    ("score.musicxml", self.to_xml()),
                ):
                    kind = zipfile.ZIP_STORED if member == "mimetype" else zipfile.ZIP_DEFLATED
                    new.writestr(zipfile.ZipInfo(member), text, compress_type=kind)
            else:
                with zipfile.ZipFile(io.BytesIO(self._archive)) as old:
                    for info in old.infolist():
                        own = info.filename == self._member
                        new.writestr(info, self.to_xml() if own else _read_other(old, info, self.name))
        return out.getvalue()

    def to_bytes(self) -> bytes:
        """The document in the form in which it was read: an archive stays an archive."""
        return self.to_xml() if self._archive is None else self.to_mxl()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the score; ``.mxl`` compresses, ``.musicxml`` and ``.xml`` do not.

        Raises
        ------
        RequestError
            The extension is none of these.
        OutputError
            The file cannot be written; whatever stood there is unharmed.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix not in SUFFIXES:
            raise RequestError(
                f"cannot save as '{suffix or target.name}'; use one of {', '.join(SUFFIXES)}",
                source=str(target),
            )
        write_whole(target, self.to_mxl() if suffix == ".mxl" else self.to_xml())
        return target

    def to_music21(self) -> Any:
        """The score as a `music21.stream.Score`."""
        from scoreassist.score.convert import to_music21

        return to_music21(self)


def open_score(source: Any, name: str | None = None) -> Score:
    """Open a score from a path, bytes, a file object or a music21 Stream.

    Parameters
    ----------
    source : str, os.PathLike, bytes, binary file object, or music21.stream.Stream
        MusicXML (``.musicxml``, ``.xml``, ``.mxl``) is read as it stands; formats that music21 reads
        (kern, ABC, MIDI, ...) are converted to MusicXML first.
    name : str, optional
        What error messages call the score; default the file name.

    Raises
    ------
    UnreadableError
        The source is missing, empty, broken, unsafe, or not music.
    UnsupportedError
        The source is MusicXML of a kind that scoreassist does not edit (``score-timewise``).
    """
    if isinstance(source, Score):
        return source
    if isinstance(source, bytes | bytearray | memoryview):
        return _from_bytes(bytes(source), name or "score")
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return _from_bytes(_read_file(path), name or str(path), path.suffix.lower())
    if hasattr(source, "read"):
        label = name or str(getattr(source, "name", "score"))
        return _from_bytes(_read_capped(source, label), label, Path(label).suffix.lower())
    if hasattr(source, "recurse"):
        from scoreassist.score.convert import from_music21

        return Score(from_music21(source), name or "Stream")
    raise UnreadableError(
        f"cannot open a {type(source).__name__}; give a path, bytes, a file object or a music21 Stream"
    )


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path` so that the file appears whole or not at all.

    Raises
    ------
    OutputError
        The folder is missing or not writable, or `path` is a folder.
    """
    try:
        if path.is_dir():
            raise OutputError("is a folder; give a file name", source=str(path))
        path = path.resolve()  # a link stays a link; what it points to is replaced
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        handle, temporary = tempfile.mkstemp(dir=path.parent or ".", prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(_cannot_write(error), source=str(path)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(_cannot_write(error), source=str(path)) from error
        raise


def _cannot_write(error: OSError) -> str:
    return f"cannot be written ({error.strerror}); choose another place with -o"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _read_file(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UnreadableError("is a folder; give a score file", source=str(path))
        with open(path, "rb") as file:
            return _read_capped(file, str(path))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        raise UnreadableError(f"cannot be read ({reason}); check the path", source=str(path)) from error


def _read_capped(file: IO[Any], name: str) -> bytes:
    data: bytes | str = file.read(MAX_BYTES + 1)
    if isinstance(data, str):
        data = data.encode()
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES >> 20} MiB; split the score into movements", source=name)
    return data


def _from_bytes(data: bytes, name: str, suffix: str = "") -> Score:
    if not data.strip():
        raise UnreadableError("is empty; export the score again", source=name)
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"is larger than {MAX_BYTES >> 20} MiB; split the score into movements", source=name)
    from scoreassist.score.convert import FOREIGN_SUFFIXES, convert_foreign

    if suffix in FOREIGN_SUFFIXES:
        return Score(convert_foreign(data, suffix, name), name)
    return Score(data, name)


def _decode(data: bytes, name: str) -> tuple[str, str]:
    codec = "utf-8"
    for bom, known in _BOMS:
        if data.startswith(bom):
            codec = known
            break
    else:
        if data.startswith((b"<\x00", b"\x00<")):
            codec = "utf-16-le" if data.startswith(b"<\x00") else "utf-16-be"
        elif declared := _DECLARED.match(data[:400]):
            codec = declared.group(1).decode("ascii")
    try:
        return data.decode(codec), codec
    except (UnicodeError, LookupError) as error:
        raise _no_text(name) from error


def _no_text(name: str) -> UnreadableError:
    return UnreadableError("is not readable as text, so not MusicXML; export the score as MusicXML", source=name)


def _parse(data: bytes, text: str, name: str) -> etree._Element:
    """The root element; `text` is the document as we read it, in which harm is looked for first."""
    try:
        declares_entities = "<!ENTITY" in text
        root = None if declares_entities else etree.fromstring(data, safe_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f"line {line}: " if line else ""
        raise UnreadableError(
            f"is not well-formed XML ({where}{str(error).split(', line')[0]}); export the score again",
            source=name,
        ) from error
    if root is None or _entities(root):
        raise UnreadableError(
            "declares XML entities, which can hide harm; save it again from your notation program",
            source=name,
        )
    if root.tag == "score-timewise":
        raise UnsupportedError(
            "is score-timewise MusicXML; open it in a notation program and export it as score-partwise",
            source=name,
        )
    if root.tag != "score-partwise":
        raise UnreadableError(
            f"is not MusicXML (its root element is <{root.tag}>); export the score as MusicXML", source=name
        )
    if root.find("part") is None:
        raise UnsupportedError("has no parts; add at least one staff", source=name)
    if root.find("part/measure") is None:
        raise UnsupportedError("has no measures; add at least one", source=name)
    return root


def _entities(root: etree._Element) -> bool:
    """Whether the parser has seen a declaration of entities, in whatever encoding."""
    dtd = root.getroottree().docinfo.internalDTD
    return dtd is not None and bool(dtd.entities())  # type: ignore[attr-defined]  # not in the stubs


_COMMENT, _INSTRUCTION = r"<!--(?:(?!--).)*-->", r"<\?(?:(?!\?>).)*\?>"
_HEAD = re.compile(
    rf"""\ufeff?(?:\s|{_COMMENT}|{_INSTRUCTION}
    |<!DOCTYPE(?:"[^"]*"|'[^']*'|\[(?:{_COMMENT}|{_INSTRUCTION}|"[^"]*"|'[^']*'|[^\]"'])*+\]|[^\[>"'])*+>)*+""",
    re.DOTALL | re.VERBOSE,
)
_FOOT = re.compile(rf"(?<=</score-partwise)\s*>((?:\s|{_COMMENT}|{_INSTRUCTION})*)\Z", re.DOTALL)


def _around_root(text: str, name: str) -> tuple[str, str]:
    """What stands in front of the root element and what behind it."""
    head, foot = _HEAD.match(text), _FOOT.search(text)
    if head is None or foot is None or not text.startswith("<score-partwise", head.end()):
        raise _no_text(name)
    return head.group(), foot.group(1)


def _line_end(text: str) -> str:
    """How most lines of a text end."""
    windows = text.count("\r\n")
    counts = {"\n": text.count("\n") - windows, "\r\n": windows, "\r": text.count("\r") - windows}
    return max(counts, key=lambda end: counts[end])


# What zipfile raises where an archive is not what it says.
_DAMAGE = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError)


def _read_archive(data: bytes, name: str) -> tuple[str, bytes]:
    """Root member's name and bytes of an ``.mxl`` archive; nothing is ever extracted to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS:
                raise _unsafe(f"holds {len(infos)} members", name)
            if sum(info.file_size for info in infos) > MAX_BYTES:
                raise _unsafe("inflates without measure", name)
            member = _root_member(archive, name)
            info = archive.getinfo(member)
            if (info.external_attr >> 16) & 0o170000 == 0o120000:
                raise _unsafe("points to a link", name)
            return member, _inflate(archive, info, MAX_BYTES, name)
    except _DAMAGE as error:
        raise UnreadableError("is a damaged .mxl archive; export the score again", source=name) from error


def _root_member(archive: zipfile.ZipFile, name: str) -> str:
    names = archive.namelist()
    if CONTAINER not in names:
        raise UnreadableError(
            f"is an archive without {CONTAINER}, so not an .mxl score; export the score again", source=name
        )
    text = _inflate(archive, archive.getinfo(CONTAINER), MAX_CONTAINER_BYTES, name)
    if b"<!ENTITY" in text:
        raise _unsafe("declares XML entities", name)
    try:
        container = etree.fromstring(text, safe_parser())
    except etree.XMLSyntaxError as error:
        raise UnreadableError(f"has a broken {CONTAINER}; export the score again", source=name) from error
    rootfiles = [e for e in container.iter("{*}rootfile") if e.get("full-path")]
    typed = [e for e in rootfiles if "musicxml" in (e.get("media-type") or "musicxml")]
    for element in typed or rootfiles:
        member = str(element.get("full-path"))
        if member.startswith("/") or ".." in member.split("/") or member not in names:
            raise _unsafe(f"names a score '{member}' that is not inside it", name)
        return member
    raise UnreadableError(f"names no score in {CONTAINER}; export the score again", source=name)


def _inflate(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, name: str) -> bytes:
    if info.flag_bits & 1:
        raise UnreadableError("is encrypted; save it without a password", source=name)
    with archive.open(info) as file:
        data = file.read(limit + 1)
    if len(data) > limit or (len(data) > 2**20 and len(data) > MAX_RATIO * max(info.compress_size, 1)):
        raise _unsafe("inflates without measure", name)
    return data


def _read_other(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> bytes:
    """A member that is not the score, which goes into the new archive as it is."""
    try:
        return archive.read(info)
    except _DAMAGE as error:
        raise OutputError(
            f"the member '{info.filename}' of the archive is damaged; save as .musicxml instead", source=name
        ) from error


def _unsafe(what: str, name: str) -> UnreadableError:
    return UnreadableError(f"is an archive that {what}; it was not opened", source=name)
