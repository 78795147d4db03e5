"""Safe reading and faithful saving of MusicXML, plain and compressed.

Reading refuses whatever could harm the reader (entities, network access, archives that inflate without
end). Saving gives back the very bytes that were read when nothing was edited; after an edit, the text of all
that was not edited stays as it is, and so do the encoding, the line ends and the other members of an archive.
"""

from __future__ import annotations

import codecs
import copy
import io
import os
import re
import tempfile
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any

from lxml import etree

from scoreassist.errors import OutputError, RequestError, UnreadableError, UnsupportedError
from scoreassist.files.archive import (
    MAX_BYTES,
    declares_entities,
    new_archive,
    read_archive,
    replace_member,
    safe_parser,
)
from scoreassist.files.splicing import Astray, splice

XML_SUFFIXES = (".musicxml", ".xml")
SUFFIXES = (*XML_SUFFIXES, ".mxl")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What Python calls encodings, but no XML is written in: escapes, and some that take the square of a text's length.
_NO_ENCODINGS = {"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


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
            self._member, data = read_archive(data, name)
        self._xml = data
        text, self._codec = _decode(data, name)
        self.root = _parse(text, name)
        self._start, self._end = _find_root(text, name)
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
        text = self._xml.decode(self._codec)
        return self._edited(text).encode(self._codec, "xmlcharrefreplace")

    def _edited(self, text: str) -> str:
        """The document after an edit; `text` is what it was before."""
        head, body, foot = text[: self._start], text[self._start : self._end], text[self._end :]
        line_end = _line_end(body)
        try:
            spliced = head + splice(body, _root(text), self.root, line_end) + foot
            if _are_alike(_root(spliced), self.root):
                return spliced
        except (Astray, etree.XMLSyntaxError):
            pass
        whole = etree.tostring(self.root, encoding="unicode", with_tail=False)
        return head + whole.replace("\n", line_end) + foot

    def to_mxl(self) -> bytes:
        """The document as a compressed archive; other members of the archive it came from stay."""
        if self._archive is not None and not self.edited:
            return self._archive
        if self._archive is None or self._member is None:
            return new_archive(self.to_xml())
        return replace_member(self._archive, self._member, self.to_xml(), self.name)

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
        from scoreassist.files.convert import to_music21

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
        from scoreassist.files.convert import from_music21

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
    if isinstance(file, io.BufferedReader) and os.fstat(file.fileno()).st_size > MAX_BYTES:
        raise _too_large(name)
    data: bytes | str = file.read(MAX_BYTES + 1)
    if isinstance(data, str):
        data = data.encode()
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    return data


def _too_large(name: str) -> UnreadableError:
    return UnreadableError(f"is larger than {MAX_BYTES >> 20} MiB; split the score into movements", source=name)


def _from_bytes(data: bytes, name: str, suffix: str = "") -> Score:
    if not data.strip():
        raise UnreadableError("is empty; export the score again", source=name)
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    from scoreassist.files.convert import FOREIGN_SUFFIXES, convert_foreign

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
        if codecs.lookup(codec).name in _NO_ENCODINGS:
            raise _no_text(name)
        return data.decode(codec), codec
    except (UnicodeError, LookupError) as error:
        raise _no_text(name) from error


def _no_text(name: str) -> UnreadableError:
    return UnreadableError("is not readable as text, so not MusicXML; export the score as MusicXML", source=name)


def _root(text: str) -> etree._Element:
    """The root element of a document, whatever encoding it declares: what was looked through is what is parsed."""
    return etree.fromstring(text.removeprefix("\ufeff").encode(), safe_parser())


def _parse(text: str, name: str) -> etree._Element:
    try:
        root = None if "<!ENTITY" in text else _root(text)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableError(_not_well_formed(error), source=name) from error
    if root is None or declares_entities(root):
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


# What libxml2 says of documents that go beyond its limits.
_LIMITS = {
    "Excessive depth": "is nested deeper than any score",
    "Resource limit exceeded": "holds a longer text than any score",
}


def _not_well_formed(error: Exception) -> str:
    what, line = str(error).split(", line")[0], getattr(error, "lineno", None)
    for limit, finding in _LIMITS.items():
        if what.startswith(limit):
            return f"{finding}; export the score again"
    where = f"line {line}: " if line else ""
    return f"is not well-formed XML ({where}{what}); export the score again"


_COMMENT, _INSTRUCTION = r"(?><!--.*?-->)", r"(?><\?.*?\?>)"
_HEAD = re.compile(
    rf"""\ufeff?(?:\s++|{_COMMENT}|{_INSTRUCTION}
    |<!DOCTYPE(?:"[^"]*+"|'[^']*+'|\[(?:{_COMMENT}|{_INSTRUCTION}|"[^"]*+"|'[^']*+'|[^\]"'])*+\]|[^\[>"'])*+>)*+""",
    re.DOTALL | re.VERBOSE,
)
_CLOSE = "</score-partwise"
_FOOT = re.compile(rf"\s*+>(?=(?:\s++|{_COMMENT}|{_INSTRUCTION})*+\Z)", re.DOTALL)


def _find_root(text: str, name: str) -> tuple[int, int]:
    """Where the root element begins and ends."""
    head = _HEAD.match(text)
    if head is None or not text.startswith("<score-partwise", head.end()):
        raise _no_text(name)
    close = len(text)
    while (close := text.rfind(_CLOSE, 0, close)) >= 0:  # the last one may stand in a comment
        if foot := _FOOT.match(text, close + len(_CLOSE)):
            return head.end(), foot.end()
    raise _no_text(name)


def _are_alike(one: etree._Element, other: etree._Element) -> bool:
    """Whether two trees say the same; the order of attributes says nothing."""
    if etree.tostring(one) == etree.tostring(other):
        return True
    pairs = zip_longest(one.iter(), other.iter())
    return all(a is not None and b is not None and _content(a) == _content(b) for a, b in pairs)


def _content(node: etree._Element) -> tuple[object, ...]:
    return node.tag, getattr(node, "target", None), sorted(node.attrib.items()), node.text, node.tail, len(node)


def _line_end(text: str) -> str:
    """How most lines of a text end."""
    windows = text.count("\r\n")
    counts = {"\n": text.count("\n") - windows, "\r\n": windows, "\r": text.count("\r") - windows}
    return max(counts, key=lambda end: counts[end])
