"""Whoever compares the file before and after sees the filled cells, and nothing else.

Real scores are written in many hands (`disguises`), filled with dice, and compared as bytes. Where elements stand
in a text is found by expat here, and by other means in the code.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from random import Random
from xml.parsers import expat

import judge
import music21
import pytest
from dicing import dice
from disguises import Hand, hand
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree
from shorthand import Staff, score

import scoreassist
from scoreassist.errors import ScoreassistError
from scoreassist.files import document
from scoreassist.files.document import Score, open_score
from scoreassist.files.splicing import Astray, splice

ROOT = Path(__file__).parent.parent
MUSIC21 = Path(music21.__file__).parent
EXAMPLES = ("chorale-with-holes", "closed-hymn-key-change", "marked-words", "amazing-grace", "clarinet-in-b-flat")
SUITE = (
    *("11a-TimeSignatures", "12a-Clefs", "13a-KeySignatures", "22b-Staff-Notestyles", "24a-GraceNotes"),
    *(
        "23c-Tuplet-Display-NonStandard",
        "31a-Directions",
        "33a-Spanners",
        "42a-MultiVoice-TwoVoicesOnStaff-Lyrics",
    ),
    *("43e-Multistaff-ClefDynamics", "45b-RepeatWithAlternatives", "61b-MultipleLyrics", "71a-Chordnames"),
)
MARKED = ("marked-words", "22b-Staff-Notestyles", "31a-Directions", "33a-Spanners")
CORPUS = (
    "bach/bwv324.mxl",
    "bach/bwv66.6.mxl",
    "bach/bwv11.6.mxl",
    "bach/bwv846.mxl",
    "monteverdi/madrigal.3.1.mxl",
)


@lru_cache
def scores() -> dict[str, str]:
    """The root elements of real scores, as text."""
    paths = [ROOT / "examples" / f"{name}.musicxml" for name in EXAMPLES]
    paths += [MUSIC21 / "musicxml" / "lilypondTestSuite" / f"{name}.xml" for name in SUITE]
    paths += [MUSIC21 / "corpus" / name for name in CORPUS]
    texts = {}
    for path in paths:
        if path.exists():
            text = etree.tostring(open_score(path).root, encoding="unicode")
            if len(text) < 200_000:
                texts[path.stem] = text
    return texts


NAMES = sorted(scores())


def test_there_are_scores_of_many_kinds():
    assert len(NAMES) >= 18
    assert {"chorale-with-holes", "bwv324", "24a-GraceNotes"} <= set(NAMES)


# --- where things stand ----------------------------------------------------------------------------------


def texts(data: bytes, codec: str, tag: str) -> list[tuple[str, str]]:
    """Canonical form and text of every element of a name, by expat's offsets."""
    plain = data.decode(codec).removeprefix("\ufeff").encode()
    spans: list[tuple[int, int]] = []
    starts: list[int] = []
    parser = expat.ParserCreate("utf-8")

    def start(name: str, _: dict[str, str]) -> None:
        if name == tag:
            starts.append(parser.CurrentByteIndex)

    def end(name: str) -> None:
        if name == tag:
            first, at = starts.pop(), parser.CurrentByteIndex
            empty = plain[at - 2 : at] == b"/>" and b"<" not in plain[first + 1 : at]  # expat is behind it then
            spans.append((first, at if empty else plain.index(b">", at) + 1))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(plain, True)
    elements = etree.fromstring(plain, etree.XMLParser(encoding="utf-8")).iter(tag)
    cut = [plain[a:b].decode() for a, b in sorted(spans)]
    return [(judge.canonical(e).decode(), text) for e, text in zip(elements, cut, strict=True)]


def test_the_texts_that_the_next_tests_compare_are_those_of_the_elements():
    document = b"<!-- <n/> --><a><n x='1'/>\n<n ><!-- </n> -->t</n ></a>"
    first, second = ('<n x="1"></n>', "<n x='1'/>"), ("<n><!-- </n> -->t</n>", "<n ><!-- </n> -->t</n >")
    assert texts(document, "utf-8", "n") == [first, second]
    assert texts("\ufeff".encode("utf-16-be") + document.decode().encode("utf-16-be"), "utf-16-be", "n") == [
        first,
        second,
    ]


# --- any hand --------------------------------------------------------------------------------------------

hands = st.integers(0, 2**32 - 1).map(lambda seed: hand(Random(seed)))
some = settings(max_examples=40, suppress_health_check=list(HealthCheck))


@given(name=st.sampled_from(NAMES), hand=hands)
@some
def test_a_disguise_changes_nothing_but_the_bytes(name: str, hand: Hand):
    seen = etree.fromstring(hand.write(scores()[name]).decode(hand.codec).removeprefix("\ufeff").encode(), RAW)
    for element in (seen, plain := etree.fromstring(scores()[name])):
        for child in element.iter():
            child.text, child.tail = (" ".join((text or "").split()) for text in (child.text, child.tail))
    assert judge.canonical(seen) == judge.canonical(plain)


RAW = etree.XMLParser(encoding="utf-8", load_dtd=False, no_network=True)


@given(name=st.sampled_from(NAMES), hand=hands)
@some
def test_what_is_opened_and_saved_has_the_same_bytes(name: str, hand: Hand):
    data = hand.write(scores()[name])
    assert open_score(data).to_bytes() == data
    assert open_score(data).copy().to_bytes() == data


@given(name=st.sampled_from(NAMES), hand=hands, seed=st.integers(0, 999))
@some
@example(name="chorale-with-holes", hand=Hand("utf-16", "\r\n"), seed=1)
@example(name="bwv324", hand=Hand("iso-8859-1", "\r", seed=3), seed=2)
def test_after_a_fill_all_other_text_is_the_same(name: str, hand: Hand, seed: int):
    data = hand.write(scores()[name])
    before = open_score(data)
    after = fill(name, before, seed)
    if after is None:
        return
    saved = after.to_bytes()
    check_around_the_root(data, saved, hand)
    for tag in ("measure", "note", "direction", "attributes", "score-part", "defaults", "credit", "barline"):
        was: dict[str, list[str]] = {}
        for canonical, text in texts(data, decoder(hand), tag):
            was.setdefault(canonical, []).append(text)
        for canonical, text in texts(saved, decoder(hand), tag):
            if tag == "measure" or text not in was.get(canonical, [text]):
                assert text in was.get(canonical, [text]), f"<{tag}> was written anew: {text[:300]}"


def decoder(hand: Hand) -> str:
    """By what the whole file is read, its byte order mark included."""
    return "utf-16-be" if hand.codec == "utf-16-be" else hand.codec


def check_around_the_root(data: bytes, saved: bytes, hand: Hand) -> None:
    """What stands before and behind the root element."""
    was, now = data.decode(decoder(hand)), saved.decode(decoder(hand))
    at = was.index("<score-partwise", max(len(hand.declaration + hand.head + hand.doctype) - 5, 0))
    assert now[:at] == was[:at]
    behind = len(hand.foot.replace("\n", hand.line_end))
    assert now[len(now) - behind :] == was[len(was) - behind :]


def fill(name: str, before: Score, seed: int) -> Score | None:
    """A score after `complete` of a random stretch of a random singer, or of what is empty; None if it refuses."""
    chance = Random(seed)
    numbers = [m.get("number") for m in before.root.find("part").findall("measure")]
    first = chance.randrange(len(numbers))
    last = min(first + chance.randrange(4), len(numbers) - 1)
    wishes = {"measures": f"{numbers[first]}-{numbers[last]}"} if chance.random() < 0.8 else {}
    with dice():
        try:
            result = scoreassist.complete(before, seed=seed, **wishes)
        except ScoreassistError:
            return None
    if name in MARKED:  # what marked the place goes too; tests of marks say what does
        return result.score if result.filled else None
    parts = {part.get("id") for part in before.root.findall("part")}
    reach = range(first, last + 1) if wishes else range(len(numbers))
    touched = [(part, index) for part in parts for index in reach]
    assert judge.differences(before.root, result.score.root, touched) == []
    return result.score if result.filled else None


def test_many_of_these_fills_fill_something():
    done = sum(
        fill(name, open_score(scores()[name].encode()), seed) is not None for seed, name in enumerate(3 * NAMES)
    )
    assert done > len(NAMES)


# --- examples that can be read ---------------------------------------------------------------------------

MEASURE = "<measure  number='1' ><note><rest></rest><voice>1</voice></note>&#233;<!-- <note> --></measure>"


def edit_a_voice(measure: etree._Element) -> None:
    measure.find("note/voice").text = "2"


def add_a_note(measure: etree._Element) -> None:
    note = etree.Element("note")
    note.text, note.tail = "\n", "\n"
    etree.SubElement(note, "rest")
    measure.insert(0, note)


def drop_the_note(measure: etree._Element) -> None:
    measure.remove(measure.find("note"))


def set_an_attribute(measure: etree._Element) -> None:
    measure.set("width", '"9"')


def empty_it(measure: etree._Element) -> None:
    for child in list(measure):
        measure.remove(child)
    measure.text = "a & b < c"


def nothing(measure: etree._Element) -> None:
    measure.set("width", "9")
    del measure.attrib["width"]


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (nothing, MEASURE),
        (edit_a_voice, MEASURE.replace("<voice>1<", "<voice>2<")),
        (add_a_note, MEASURE.replace("><note>", "><note>\r\n<rest/></note>\r\n<note>")),
        (drop_the_note, "<measure  number='1' ><!-- <note> --></measure>"),
        (set_an_attribute, MEASURE.replace("  number='1' ", ' number="1" width="&quot;9&quot;"')),
        (empty_it, "<measure  number='1' >a &amp; b &lt; c</measure>"),
    ],
)
def test_only_what_was_edited_is_written(edit: Callable[[etree._Element], None], expected: str):
    new = etree.fromstring(MEASURE)
    edit(new)
    assert splice(MEASURE, etree.fromstring(MEASURE), new, "\r\n") == expected


def test_an_empty_element_opens_when_something_comes_into_it():
    for text in ("<measure a='1' />", "<measure a='1'></measure>"):
        new = etree.fromstring(text)
        new.append(etree.Element("note"))
        assert splice(text, etree.fromstring(text), new) == "<measure a='1'><note/></measure>"


def test_a_note_that_gets_a_stem_keeps_its_other_text():
    first = "<note ><pitch><step>C</step></pitch><type>half</type></note>"
    second = "<note  ><pitch><step>D</step></pitch><type>half</type></note>"
    text = f"<measure>{first}{second}</measure>"
    new = etree.fromstring(text)
    etree.SubElement(new[1], "stem").text = "up"
    new.insert(1, etree.Element("note"))
    new.insert(1, etree.Element("note"))
    stemmed = second.replace("</note>", "<stem>up</stem></note>")
    assert splice(text, etree.fromstring(text), new) == f"<measure>{first}<note/><note/>{stemmed}</measure>"


def test_namespaces_of_the_root_are_not_declared_again():
    text = '<score-partwise xmlns:x="u"><part><measure><a x:y="1"/></measure></part></score-partwise>'
    new = etree.fromstring(text)
    etree.SubElement(new[0][0], "note").set("{u}y", "2")
    assert splice(text, etree.fromstring(text), new) == text.replace("</measure>", '<note x:y="2"/></measure>')


@pytest.mark.parametrize("alike", [False, True])
def test_very_many_children_are_spliced_soon(alike: bool):
    middle = "".join(f"<note a='{0 if alike else i}'></note>" for i in range(5000))
    text = f"<measure>{middle}</measure>"
    new = etree.fromstring(text)
    for _ in range(3):
        new.insert(0, etree.Element("rest"))
        new.append(etree.Element("rest"))
    began = time.perf_counter()
    spliced = splice(text, etree.fromstring(text), new)
    assert time.perf_counter() - began < 5
    expected = f"<measure>{3 * '<rest/>'}{middle}{3 * '<rest/>'}</measure>"
    assert judge.canonical(etree.fromstring(spliced)) == judge.canonical(etree.fromstring(expected))
    assert alike or spliced == expected  # five thousand of the same are not told apart, and written anew


def test_a_text_that_is_not_that_of_the_tree_is_noticed():
    old, new = etree.fromstring("<a><b/><c/></a>"), etree.fromstring("<a><b/><c/>t</a>")
    for text in ("", "<a><b/></a>", "<a><b/><c/></a> ", "<a><b/><c/>"):
        with pytest.raises(Astray):
            splice(text, old, new)


@pytest.mark.parametrize("mistake", [Astray("lost"), "<score-partwise/>", "<score-partwise><"])
def test_where_splicing_goes_wrong_the_document_is_serialised_as_a_whole(
    mistake: object, monkeypatch: pytest.MonkeyPatch
):
    def wrong(*_: object) -> str:
        if isinstance(mistake, Exception):
            raise mistake
        return str(mistake)

    data = b"<!-- a -->\r\n" + score(Staff("c5:q R | d5:w")).replace(b"/>", b" />").replace(b"><", b">\r\n<")
    opened = open_score(data)
    next(opened.root.iter("step")).text = "A"
    spliced = opened.to_xml()
    assert spliced == data.replace(b"<step>C<", b"<step>A<", 1)
    monkeypatch.setattr(document, "splice", wrong)
    whole = opened.to_xml()
    assert whole != spliced
    assert whole.startswith(b"<!-- a -->\r\n<score-partwise")
    assert judge.canonical(etree.fromstring(whole)) == judge.canonical(etree.fromstring(spliced))


# --- archives --------------------------------------------------------------------------------------------

CONTAINER = (
    '<?xml version="1.0"?><container><rootfiles><rootfile full-path="{}"/>'
    '<rootfile full-path="song.pdf" media-type="application/pdf"/></rootfiles></container>'
)


def archive(document: bytes, seed: int) -> bytes:
    """An archive with members of many kinds around the score, in any order, stored, deflated or streamed."""
    chance = Random(seed)
    path = chance.choice(("song.xml", "música/Lied ♯1.musicxml", "a/b/c.xml"))
    rows = [
        ("META-INF/container.xml", CONTAINER.format(path).encode()),
        (path, document),
        ("song.pdf", b"%PDF" + chance.randbytes(300)),
        ("META-INF/", b""),
        ("imágen.png", 3000 * b"\x89PNG"),
        ("empty.txt", b""),
        ("inner.zip", zipped([("x.txt", b"x")])),
    ]
    first, *others = [("mimetype", b"application/vnd.recordare.musicxml"), *chance.sample(rows, len(rows))]
    return zipped([first, *others], chance, comment=chance.choice((b"", b"by hand")))


def zipped(rows: list[tuple[str, bytes]], chance: Random | None = None, comment: bytes = b"") -> bytes:
    out = io.BytesIO()
    chance = chance or Random(0)
    target = Streaming(out) if chance.random() < 0.4 else out
    with zipfile.ZipFile(target, "w") as new:
        new.comment = comment
        for name, data in rows:
            info = zipfile.ZipInfo(name, (1990 + chance.randrange(30), 5, 17, 12, chance.randrange(60), 2))
            info.external_attr = chance.choice((0o600, 0o755, 0o644)) << 16
            info.compress_type = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
            info.comment = chance.choice((b"", b"a picture"))
            if chance.random() < 0.3:
                info.extra = b"\x55\x54\x05\x00\x01abcd"
            new.writestr(info, data)
    return out.getvalue()


class Streaming(io.RawIOBase):
    """What can only be written forwards, so that sizes come behind the data."""

    def __init__(self, out: io.BytesIO) -> None:
        self.out = out

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:  # type: ignore[no-untyped-def, override]
        return self.out.write(data)


def raw_members(data: bytes) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Every member with all that is said of it, and its bytes as they are compressed."""
    with zipfile.ZipFile(io.BytesIO(data)) as whole:
        for info in whole.infolist():
            start = info.header_offset
            name_length, extra_length = (
                int.from_bytes(data[start + at : start + at + 2], "little") for at in (26, 28)
            )
            body = start + 30 + name_length + extra_length
            yield info.filename, (
                *(info.date_time, info.external_attr, info.create_system, info.compress_type, info.flag_bits),
                *(info.extra, info.comment, info.CRC, info.file_size, data[start:body]),
                data[body : body + info.compress_size],
            )  # fmt: skip


@given(name=st.sampled_from(NAMES), seed=st.integers(0, 2**32 - 1))
@settings(some, max_examples=25)
def test_the_other_members_of_an_archive_keep_every_byte(name: str, seed: int):
    data = archive(hand(Random(seed)).write(scores()[name]), seed)
    opened = open_score(data)
    assert opened.to_bytes() == data
    after = fill(name, opened, seed) or edited(opened)
    saved = after.to_bytes()
    before, now = dict(raw_members(data)), dict(raw_members(saved))
    assert list(before) == list(now)
    (changed,) = [member for member in before if before[member] != now[member]]
    assert changed.endswith(("xml", "musicxml"))
    date_and_mode = slice(0, 4)
    assert before[changed][date_and_mode] == now[changed][date_and_mode]
    with zipfile.ZipFile(io.BytesIO(saved)) as whole, zipfile.ZipFile(io.BytesIO(data)) as old:
        assert whole.testzip() is None
        assert whole.comment == old.comment
        assert whole.read(changed) == after.to_xml()
    assert open_score(saved).to_xml() == after.to_xml()


def edited(opened: Score) -> Score:
    twin = opened.copy()
    twin.root.set("version", "4.1")
    return twin
