"""Files that mean harm, each made by a function, and what is to be said of them.

Nothing here imports scoreassist. `ATTACKS` is the table: name, file name, maker, and a pattern that the answer
must match: `info` refuses with it (exit 3), or, where it says ``read:``, reads the file as if nothing were there.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shorthand import Staff, score

HERE = Path(__file__).parent
PORT = "{port}"  # in a file, this is where somebody listens
PLAIN = score(Staff("c5:q d5:q e5:q f5:q | g5:w", name="Soprano"), Staff("c3:w | R", name="Bass")).decode()
BODY = PLAIN.replace("Soprano", "&x;")
OPEN, REST = PLAIN.split("<part-list>")
REST = "<part-list>" + REST
CONTAINER = '<?xml version="1.0"?><container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
ENTITIES = r"declares XML entities, which can hide harm; save it again from your notation program"


@dataclass(frozen=True)
class Attack:
    """A file that means harm.

    Attributes
    ----------
    name : str
    file : str
        Its extension decides how it is read.
    make : function without parameters that gives the file's bytes
    answer : str
        Pattern of what is said of it; an alternative after ``read:`` is a pattern of what `info` prints.
    slow : bool
        Whether only the patience of whoever waits for music21 ends it.
    """

    name: str
    file: str
    make: Callable[[], bytes]
    answer: str
    slow: bool = False


def run(*words: str, seconds: float = 60) -> dict[str, Any]:
    """``python -m scoreassist`` with these words: status, seconds, megabytes, stdout, stderr."""
    command = [sys.executable, "-m", "scoreassist", *words]
    measured = [sys.executable, "-S", "-E", str(HERE / "measured.py"), str(seconds), *command]
    answer: dict[str, Any] = json.loads(subprocess.run(measured, stdout=subprocess.PIPE, check=True).stdout)
    return answer


# --- XML -------------------------------------------------------------------------------------------------


def declared(subset: str, body: str = BODY) -> bytes:
    return f'<?xml version="1.0"?>\n<!DOCTYPE score-partwise [{subset}]>\n{body}'.encode()


ATTRIBUTE, NAMESPACE = "a{}='1'", "xmlns:a{0}='u{0}'"


def laughs() -> bytes:
    rows = "".join(f'<!ENTITY {y} "{10 * f"&{x};"}">' for x, y in zip("abcdefgh", "bcdefghx", strict=True))
    return declared(f'<!ENTITY a "ha">{rows}')


def with_text(text: str) -> bytes:
    return PLAIN.replace("Soprano", text).encode()


def nested(depth: int) -> bytes:
    return (OPEN + depth * "<a>" + depth * "</a>" + REST).encode()


def replaced(old: str, new: str) -> bytes:
    assert old in PLAIN
    return PLAIN.replace(old, new, 1).encode()


def declared_as(encoding: str, data: bytes) -> bytes:
    return f'<?xml version="1.0" encoding="{encoding}"?>'.encode() + data


XML: tuple[tuple[str, Callable[[], bytes], str], ...] = (
    ("billion laughs", laughs, ENTITIES),
    (
        "quadratic blow-up",
        lambda: declared(f'<!ENTITY x "{10**5 * "a"}">', with_text(10**4 * "&x;").decode()),
        ENTITIES,
    ),
    ("entity of a file", lambda: declared('<!ENTITY x SYSTEM "file:///etc/passwd">'), ENTITIES),
    ("entity from the network", lambda: declared(f'<!ENTITY x SYSTEM "http://127.0.0.1:{PORT}/x">'), ENTITIES),
    ("entity of a device", lambda: declared('<!ENTITY x SYSTEM "file:///dev/zero">'), ENTITIES),
    ("parameter entity", lambda: declared(f'<!ENTITY % p SYSTEM "http://127.0.0.1:{PORT}/p"> %p;'), ENTITIES),
    (
        "entities in UTF-16",
        lambda: laughs().decode().replace("1.0", '1.0" encoding="UTF-16', 1).encode("utf-16"),
        ENTITIES,
    ),
    ("entities in UTF-7", lambda: declared_as("UTF-7", laughs().decode().encode("utf-7")), "not readable as text"),
    (
        "outer DTD from the network",
        lambda: f'<!DOCTYPE score-partwise SYSTEM "http://127.0.0.1:{PORT}/dtd">{PLAIN}'.encode(),
        "read:Soprano",
    ),
    (
        "XInclude",
        lambda: with_text('<i xmlns="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'),
        "read:",
    ),
    (
        "stylesheet",
        lambda: b'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:{port}/x"?>' + PLAIN.encode(),
        "read:",
    ),
    (
        "schema elsewhere",
        lambda: replaced(
            ' version="4.0"',
            ' xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
            ' i:noNamespaceSchemaLocation="http://127.0.0.1:{port}/x"',
        ),
        "read:",
    ),
    ("100,000 levels", lambda: nested(10**5), "is nested deeper than any score"),
    ("300 levels", lambda: nested(300), "is nested deeper than any score"),
    ("200 levels", lambda: nested(200), "read:"),
    (
        "attribute of 20 MB",
        lambda: replaced("<part-list>", f'<part-list a="{20 * 10**6 * "x"}">'),
        "holds a longer text",
    ),
    ("text of 20 MB", lambda: with_text(20 * 10**6 * "x"), "holds a longer text"),
    (
        "100,000 attributes",
        lambda: replaced("<part-list>", f"<part-list {' '.join(map(ATTRIBUTE.format, range(10**5)))}>"),
        "read:",
    ),
    ("the same attribute twice", lambda: replaced("<part-list>", '<part-list a="1" a="1">'), "is not well-formed"),
    (
        "100,000 namespaces",
        lambda: replaced("<part-list>", f"<part-list {' '.join(map(NAMESPACE.format, range(10**5)))}>"),
        "read:",
    ),
    (
        "20 MB of blanks behind the root",
        lambda: PLAIN.encode() + 20 * 10**6 * b" ",
        "holds a longer text than any score",
    ),
    ("9 MB of blanks behind the root", lambda: PLAIN.encode() + 9 * 10**6 * b" ", "read:"),
    ("a comment of 9 MB", lambda: f"<!--{9 * 10**6 * 'x'}-->{PLAIN}".encode(), "read:"),
    (
        "a million end tags in a comment",
        lambda: f"{PLAIN}<!--{3 * 10**5 * '</score-partwise> '}-->".encode(),
        "read:",
    ),
    ("UTF-7", lambda: declared_as("UTF-7", PLAIN.encode("utf-7")), "not readable as text"),
    ("punycode", lambda: declared_as("punycode", 10**6 * b"a"), "not readable as text"),
    ("unicode_escape", lambda: declared_as("unicode_escape", PLAIN.encode()), "not readable as text"),
    ("UTF-16 that says UTF-8", lambda: declared_as("UTF-8", PLAIN.encode("utf-16-le")), "is not"),
    ("NULs in the text", lambda: with_text("Sop\0rano"), "is not well-formed"),
    ("NULs behind the root", lambda: PLAIN.encode() + b"\0\0\0", "is not well-formed"),
    ("140 MB", lambda: PLAIN.encode() + 140 * 10**6 * b" ", "is larger than 128 MiB"),
)

# --- numbers ---------------------------------------------------------------------------------------------

NUMBERS: tuple[tuple[str, str, str, str], ...] = (
    ("duration 10^18", "<duration>4</duration>", f"<duration>{10**18}</duration>", "is not a number"),
    (
        "duration of 10^5 digits",
        "<duration>4</duration>",
        f"<duration>{10**5 * '9'}</duration>",
        "is not a number",
    ),
    ("duration 1e999999999", "<duration>4</duration>", "<duration>1e999999999</duration>", "is not a number"),
    ("duration that lasts 10^9 quarters", "<duration>4</duration>", f"<duration>{4 * 10**9}</duration>", "lasts"),
    ("forward of 10^9 quarters", "<note>", f"<forward><duration>{4 * 10**9}</duration></forward><note>", "lasts"),
    ("divisions 10^9", "<divisions>4<", f"<divisions>{10**9}<", "read:"),
    ("divisions 0", "<divisions>4<", "<divisions>0<", "holds no usable number"),
    ("staves 10^9", "<key>", f"<staves>{10**9}</staves><key>", "<staves> holds no usable number"),
    ("staff 10^9", "<voice>1</voice>", f"<voice>1</voice><staff>{10**9}</staff>", "read:"),
    ("staff of 10^4 digits", "<voice>1</voice>", f"<voice>1</voice><staff>{10**4 * '9'}</staff>", "read:"),
    ("octave 10^6", "<octave>5<", f"<octave>{10**6}<", "a pitch is not a step with an octave"),
    ("octave of 10^5 digits", "<octave>5<", f"<octave>{10**5 * '9'}<", "a pitch is not a step with an octave"),
    ("alter NaN", "<octave>5<", "<alter>NaN</alter><octave>5<", "a pitch is not a step with an octave"),
    ("alter infinite", "<octave>5<", "<alter>inf</alter><octave>5<", "a pitch is not a step with an octave"),
    ("alter 1e300", "<octave>5<", "<alter>1e300</alter><octave>5<", "a pitch is not a step with an octave"),
    ("10^6 dots", "<type>quarter</type>", f"<type>quarter</type>{10**6 * '<dot/>'}", "read:"),
    ("beats of 10^5 terms", "<beats>4<", f"<beats>{'+'.join(10**5 * '1')}<", "holds no usable number"),
    ("beats 10^9", "<beats>4<", f"<beats>{10**9}<", "holds no usable number"),
    ("beat-type 0", "<beat-type>4<", "<beat-type>0<", "holds no usable number"),
    ("fifths 10^9", "<fifths>0<", f"<fifths>{10**9}<", "<key> holds no usable number"),
    ("fifths of 10^4 digits", "<fifths>0<", f"<fifths>{10**4 * '9'}<", "holds no usable number"),
    (
        "transposition 1e308",
        "<key>",
        "<transpose><chromatic>1e308</chromatic></transpose><key>",
        "<transpose> holds no",
    ),
    (
        "transposition infinite",
        "<key>",
        "<transpose><chromatic>inf</chromatic></transpose><key>",
        "<transpose> holds no",
    ),
    ("clef on staff 10^9", "<clef>", f'<clef number="{10**9}">', "read:"),
    ("measure number of 10^6 letters", 'number="1"', f'number="{10**6 * "1"}"', "read:"),
    ("voice of 10^6 letters", "<voice>1</voice>", f"<voice>{10**6 * '1'}</voice>", "read:"),
    ("10^5 empty measures", "</part>", f"{10**5 * '<measure/>'}</part>", "lasts more than"),
    (
        "20,000 voices",
        "</measure>",
        "".join(
            f"<backup><duration>4</duration></backup><note><rest/><duration>4</duration><voice>{i}</voice></note>"
            for i in range(2 * 10**4)
        )
        + "</measure>",
        "read:",
    ),
)

# --- archives --------------------------------------------------------------------------------------------


def mxl(
    *rows: tuple[str | zipfile.ZipInfo, bytes | str], path: str = "a.xml", kind: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """An archive of a container that names `path`, and these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, data in (("META-INF/container.xml", CONTAINER.format(path)), *rows):
            archive.writestr(name, data, compress_type=kind)
    return out.getvalue()


SCORE = ("a.xml", PLAIN)


def blanks(megabytes: int, name: str = "b.bin") -> bytes:
    """An archive of a score and a member that inflates to very many zeros, of which we hold one megabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in (("META-INF/container.xml", CONTAINER.format("a.xml")), SCORE):
            if row[0] != name:
                archive.writestr(*row)
        with archive.open(name, "w") as member:
            for _ in range(megabytes):
                member.write(bytes(2**20))
    return out.getvalue()


def patched(
    data: bytes, name: bytes, *, row: dict[int, bytes] | None = None, own: dict[int, bytes] | None = None
) -> bytes:
    """An archive with bytes changed in a member's row of the directory, and in the member's own header."""
    changed = bytearray(data)
    for offset, new in (row or {}).items():
        at = data.index(name, data.index(b"PK\x01\x02")) - 46 + offset
        changed[at : at + len(new)] = new
    for offset, new in (own or {}).items():
        at = data.index(name) - 30 + offset
        changed[at : at + len(new)] = new
    return bytes(changed)


def size(value: int) -> bytes:
    return struct.pack("<I", value)


def link(name: str, to: str) -> tuple[zipfile.ZipInfo, str]:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info, to


def overlapping(count: int = 250) -> bytes:
    """Members that share one compressed kernel: each quotes the header of the next and goes on into it."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = kernel.compress(bytes(10**6)) + kernel.flush()
    sound = mxl(SCORE)
    directory = sound.index(b"PK\x01\x02")
    records, rows = bytearray(sound[:directory]), bytearray(sound[directory : sound.rindex(b"PK\x05\x06")])
    names = [b"%04d" % i for i in range(count)]
    headers = [struct.pack("<4s5H3L2H4s", b"PK\3\4", 20, 0, 8, 0, 33, 0, 0, 0, 4, 0, name) for name in names]
    crc = zlib.crc32(bytes(10**6))
    for i, name in enumerate(names):
        here = len(records)
        quote = b"" if i == count - 1 else struct.pack("<BHH", 0, 34, 34 ^ 0xFFFF)
        compressed = (count - 1 - i) * 39 + len(body)
        rows += struct.pack(
            "<4s6H3L5H2L4s", b"PK\1\2", 20, 20, 0, 8, 0, 33, crc, compressed, 10**5, 4, 0, 0, 0, 0, 0, here, name
        )
        records += headers[i] + quote
    records += body
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count + 2, count + 2, len(rows), len(records), 0)
    return bytes(records + rows + end)


def wide(data: bytes, count: int, length: int, start: int) -> bytes:
    """An archive whose 64-bit end of directory says something else."""
    at = data.rindex(b"PK\5\6")
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start)
    return data[:at] + end + struct.pack("<4sLQL", b"PK\6\7", 0, at, 1) + data[at:]


def many() -> bytes:
    return mxl(SCORE, *((f"{i}.txt", b"") for i in range(10**5)))


UNMEASURED = "inflates without measure; it was not opened"
DAMAGED = "is a damaged .mxl archive; export the score again"
OUTSIDE = "names a score '.*' that is not inside it; it was not opened"
ARCHIVES: tuple[tuple[str, Callable[[], bytes], str], ...] = (
    ("a bomb of 300 MB", lambda: blanks(300, "a.xml"), UNMEASURED),
    ("a bomb of 300 MB beside the score", lambda: blanks(300), UNMEASURED),
    ("a bomb of 100 MB", lambda: blanks(100, "a.xml"), UNMEASURED),
    (
        "a bomb of 300 MB that claims 1000 bytes",
        lambda: patched(blanks(300, "a.xml"), b"a.xml", row={24: size(1000)}, own={22: size(1000)}),
        DAMAGED,
    ),
    ("a container of 50 MB", lambda: blanks(50, "META-INF/container.xml"), UNMEASURED),
    ("an archive in an archive", lambda: mxl(("a.xml", blanks(100))), "is not"),
    ("an archive beside the score", lambda: mxl(SCORE, ("b.zip", blanks(100))), "read:Soprano"),
    (
        "a size that only the header lies about",
        lambda: patched(mxl(SCORE), b"a.xml", own={22: size(5)}),
        "read:Soprano",
    ),
    (
        "a size that only the directory lies about",
        lambda: patched(mxl(SCORE), b"a.xml", row={24: size(5)}),
        DAMAGED,
    ),
    (
        "a compressed size beyond the file",
        lambda: patched(mxl(SCORE), b"a.xml", row={20: size(2**31)}),
        "has members that lie inside each other",
    ),
    ("an offset beyond the file", lambda: patched(mxl(SCORE), b"a.xml", row={42: size(2**31)}), DAMAGED),
    ("members that overlap", overlapping, "has members that lie inside each other; it was not opened"),
    ("a path upwards", lambda: mxl(SCORE, path="../../../../etc/passwd"), OUTSIDE),
    ("a path from the root", lambda: mxl(SCORE, path="/etc/passwd"), OUTSIDE),
    ("a path upwards that is there", lambda: mxl(("../a.xml", PLAIN), path="../a.xml"), OUTSIDE),
    ("a path of Windows", lambda: mxl(SCORE, path="C:\\a.xml"), OUTSIDE),
    ("a path of a network", lambda: mxl(SCORE, path="http://127.0.0.1:{port}/a.xml"), OUTSIDE),
    ("a folder as score", lambda: mxl(("a/", b""), path="a/"), "names a folder as its score; it was not opened"),
    ("a container with entities", lambda: mxl(SCORE, path='"/><!ENTITY'), "has a broken META-INF/container.xml"),
    ("a link as score", lambda: mxl(link("a.xml", "/etc/passwd")), "points to a link; it was not opened"),
    ("a link beside the score", lambda: mxl(SCORE, link("b.xml", "/etc/passwd")), "read:Soprano"),
    ("100,000 members", many, "holds very many members; it was not opened"),
    (
        "2000 members",
        lambda: mxl(SCORE, *((f"{i}.txt", b"") for i in range(2000))),
        "holds 2002 members; it was not opened",
    ),
    ("64-bit fields that lie", lambda: wide(mxl(SCORE), 2**60, 2**60, 2**60), DAMAGED),
    ("64-bit fields that count 10^15", lambda: wide(mxl(SCORE), 10**15, 100, 0), DAMAGED),
    (
        "encrypted",
        lambda: patched(mxl(SCORE), b"a.xml", row={8: b"\1"}, own={6: b"\1"}),
        "is encrypted; save it without a pass",
    ),
    (
        "two scores of one name",
        lambda: mxl(SCORE, ("b.xml", PLAIN)).replace(b"b.xml", b"a.xml"),
        "two members called 'a.xml'",
    ),
    (
        "two pictures of one name",
        lambda: mxl(SCORE, ("b.png", b"1"), ("c.png", b"2")).replace(b"c.png", b"b.png"),
        "read:Soprano",
    ),
    ("a name with a NUL", lambda: mxl(("aXxml", PLAIN), path="aXxml").replace(b"aXxml", b"a\0xml"), OUTSIDE),
    ("a name that is not UTF-8", lambda: mxl(("é.xml", PLAIN)).replace("é".encode(), b"\xff\xff"), DAMAGED),
    ("a name that is not ASCII", lambda: mxl(("Glück♯.xml", PLAIN), path="Glück♯.xml"), "read:Soprano"),
    ("LZMA", lambda: mxl(SCORE, kind=zipfile.ZIP_LZMA), "is compressed as MusicXML does not allow"),
    ("bzip2", lambda: mxl(SCORE, kind=zipfile.ZIP_BZIP2), "is compressed as MusicXML does not allow"),
)


# --- other formats ---------------------------------------------------------------------------------------


def midi(tracks: int, *chunks: bytes) -> bytes:
    rows = b"".join(b"MTrk" + struct.pack(">I", len(chunk)) + chunk for chunk in chunks)
    return b"MThd" + struct.pack(">IHHH", 6, 1, tracks, 480) + rows


def abc(music: str) -> bytes:
    return f"X:1\nT:Attack\nM:4/4\nL:1/4\nK:C\n{music}\n".encode()


FOREIGN: tuple[tuple[Any, ...], ...] = (
    ("MIDI that claims 65,535 tracks", "a.mid", lambda: midi(65535), "cannot be read as .mid"),
    ("MIDI chunk that claims 4 GB", "a.mid", lambda: midi(1) + b"MTrk\xff\xff\xff\xff\x00", "holds no notes"),
    (
        "MIDI of 10^6 notes",
        "a.mid",
        lambda: midi(1, 10**6 * b"\x00\x90\x40\x40\x60\x80\x40\x00" + b"\x00\xff\x2f\x00"),
        "is larger than 4 MiB",
    ),
    (
        "MIDI note that lasts for years",
        "a.mid",
        lambda: midi(1, b"\x00\x90\x40\x40\xff\xff\xff\x7f\x80\x40\x00\x00\xff\x2f\x00"),
        "takes too long|memory",
        True,
    ),
    ("ABC of 10^6 repeats", "a.abc", lambda: abc(10**6 * "|:CDEF:|"), "is larger than 4 MiB"),
    ("ABC of a note of 10^9 beats", "a.abc", lambda: abc("C1000000000"), "takes too long|memory", True),
    (
        "kern of two million rows",
        "a.krn",
        lambda: b"**kern\n" + 2 * 10**6 * b"4c\n" + b"*-\n",
        "is larger than 4 MiB",
    ),
    ("MEI with entities", "a.mei", lambda: laughs().replace(b"score-partwise", b"mei"), "entities|cannot be read"),
    (
        "MEI with a file",
        "a.mei",
        lambda: declared('<!ENTITY x SYSTEM "file:///etc/passwd">', "<mei>&x;</mei>"),
        "entities|cannot be read",
    ),
    ("Capella with entities", "a.capx", lambda: laughs(), "entities|cannot be read"),
)

ATTACKS: tuple[Attack, ...] = (
    *(Attack(name, "a.musicxml", make, answer) for name, make, answer in XML),
    *(Attack(n, "a.musicxml", lambda old=old, new=new: replaced(old, new), a) for n, old, new, a in NUMBERS),  # type: ignore[misc]
    *(Attack(name, "a.mxl", make, answer) for name, make, answer in ARCHIVES),
    *(Attack(*row) for row in FOREIGN),
)
