"""The scores on which `wishes.py` asks for wishes: melodies, holes, chord symbols, upbeats, several metres."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import judge as pages
from kept import VOICES
from lxml import etree
from shorthand import Staff
from shorthand import score as shorthand

import scoreassist
from scoreassist.corpus import chorale_path
from scoreassist.counsel.check import read
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@dataclass(frozen=True)
class Case:
    """A score, and how it is filled.

    Attributes
    ----------
    name : str
    document : bytes
    key : str
        In which it stands.
    fill : name of a function of scoreassist
    options : dict
        Which measures and parts.
    chords : tuple of (first tick, end, pitch classes, bass)
        Its chord symbols.
    """

    name: str
    document: bytes
    key: str
    fill: str = "harmonize"
    options: dict[str, Any] = field(default_factory=dict)
    chords: tuple[tuple[int, int, frozenset[int], int], ...] = ()


def soprano(name: str, key: str) -> Case:
    """The soprano of a chorale."""
    root, parts = _chorale(name)
    pages.keep_parts(root, parts[:1])
    return Case(f"soprano of {name}", etree.tostring(root), key)


def hole(title: str, name: str, key: str, voices: str, first: int, last: int) -> Case:
    """A chorale of which measures (by index) of some voices are empty: ``voices`` of S, A, T, B."""
    root, parts = _chorale(name)
    pages.dig(root, [parts["SATB".index(voice)] for voice in voices], first, last)
    numbers = [measure.get("number") for measure in root.iterfind("part[1]/measure")]
    # What all voices lack must be named, or is a general pause.
    named = {"measures": (numbers[first], numbers[last]), "parts": list(VOICES)} if voices == "SATB" else {}
    return Case(f"{title} of {name}", etree.tostring(root), key, "complete", named)


def whole(name: str, key: str) -> Case:
    """A chorale that is to be varied."""
    return Case(f"variation of {name}", etree.tostring(_chorale(name)[0]), key, "vary")


def example(name: str, key: str, fill: str = "harmonize") -> Case:
    """One of the example scores."""
    return Case(name, (EXAMPLES / f"{name}.musicxml").read_bytes(), key, fill)


def closed(name: str, key: str) -> Case:
    """A soprano harmonized on two staves, of which the inner voices of measures 3 to 8 are to be written anew."""
    made = scoreassist.harmonize(soprano(name, key).document, layout="closed", seed=1)
    options = {"measures": (3, 8), "parts": ["Alto", "Tenor"]}
    return Case(f"closed score of {name}", made.score.to_xml(), key, "complete", options)


def with_chords(title: str, key: str, staff: Staff, chords: str) -> Case:
    """A melody with chord symbols: ``chords`` has one for each ``@`` of the music: ``Am``, ``G7``, ``C/E``."""
    symbols = [_symbol(text) for text in chords.split()]
    music = staff.music
    for xml, _, _ in symbols:
        music = music.replace("@", xml, 1)
    document = shorthand(Staff(music, staff.name, staff.time, staff.key, numbers=staff.numbers))
    ticks = _ticks_of_symbols(document)
    grid = read(document).grid
    spans = zip(ticks, [*ticks[1:], grid.ticks], symbols, strict=True)
    return Case(title, document, key, chords=tuple((a, b, frozenset(s[1]), s[2]) for a, b, s in spans))


_SHAPES = {
    "": ("major", (0, 4, 7)),
    "m": ("minor", (0, 3, 7)),
    "7": ("dominant", (0, 4, 7, 10)),
    "m7": ("minor-seventh", (0, 3, 7, 10)),
}


def _symbol(text: str) -> tuple[str, set[int], int]:
    """MusicXML, pitch classes and bass of a chord symbol."""
    found = re.fullmatch(r"([A-G])([#b]?)(m7|m|7|)(?:/([A-G]))?", text)
    assert found is not None
    step, sign, shape, below = found.groups()
    kind, steps = _SHAPES[shape]
    alter = {"": 0, "#": 1, "b": -1}[sign]
    root = (pages.STEPS[step] + alter) % 12
    bass = pages.STEPS[below] if below else root
    xml = f"<harmony><root><root-step>{step}</root-step><root-alter>{alter}</root-alter></root><kind>{kind}</kind>"
    xml += f"<bass><bass-step>{below}</bass-step></bass></harmony>" if below else "</harmony>"
    return xml, {(root + s) % 12 for s in steps}, bass


def _ticks_of_symbols(document: bytes) -> list[int]:
    """Where chord symbols stand, in sixteenths: in one part of one voice with divisions of a quarter by four."""
    tick, found = 0, []
    for element in etree.fromstring(document).iter("harmony", "note"):
        if element.tag == "harmony":
            found.append(tick)
        else:
            tick += int(element.findtext("duration") or 0)
    return found


def _chorale(name: str) -> tuple[etree._Element, list[str]]:
    """A chorale without its words, whose syllables would keep their notes, and the ids of its parts."""
    score = scoreassist.open_score(chorale_path(name))
    choir = find_choir(read_timeline(score))
    root = pages.parse(score.to_xml())
    for lyric in list(root.iter("lyric")):
        parent = lyric.getparent()
        assert parent is not None
        parent.remove(lyric)
    return root, [choir.singers[voice].part.id for voice in range(4)]


SYMBOLS_MAJOR = Staff(
    "@e4:q e4:q f4:q g4:q | @g4:q f4:q @e4:q d4:q | @c4:q c4:q d4:q e4:q | @e4:q. d4:e @d4:h |"
    " @e4:q e4:q f4:q g4:q | @g4:q f4:q e4:q d4:q | @c5:q c5:q @d5:q @e5:q | @d5:q. c5:e @c5:h".replace(
        "4:", "5:"
    ),
    "Melody",
)
SYMBOLS_MINOR = Staff(
    "@a4:q | @d5:h e5:q | @f5:h e5:q | @d5:q e5:q c#5:q | @d5:h f5:q | @g5:h f5:q | @e5:q d5:q e5:q |"
    " @f5:q @e5:q c#5:q | @d5:h",
    "Melody",
    "3/4",
    -1,
    numbers=("0", "1", "2", "3", "4", "5", "6", "7", "8"),
)
COMPOUND_MINOR = Staff(
    "e5:e | a4:q b4:e c5:q d5:e | e5:q. c5:q a4:e | d5:q c5:e b4:q a4:e | g#4:q. e4:q e5:e |"
    " a4:q b4:e c5:q d5:e | e5:q f5:e e5:q c5:e | d5:q c5:e b4:q g#4:e | a4:q. a4:q",
    "Melody",
    "6/8",
    numbers=("0", "1", "2", "3", "4", "5", "6", "7", "8"),
)
TWO_FOUR = Staff(
    "g4:q g4:e a4:e | b4:q b4:q | c5:q b4:e a4:e | b4:h |"
    " d5:q d5:e c5:e | b4:q a4:q | b4:e a4:e g4:e f#4:e | g4:h",
    "Soprano",
    "2/4",
    1,
)

CASES: tuple[Callable[[], Case], ...] = (
    partial(soprano, "bwv290", "F"),
    partial(hole, "all voices of measures", "bwv248.53-5", "A", "SATB", 2, 4),
    partial(with_chords, "melody with chord symbols", "C", SYMBOLS_MAJOR, "C G7 C Am C G7 C Dm7 F G7 C G7 C"),
    partial(soprano, "bwv153.9", "C"),
    partial(hole, "inner voices", "bwv256", "a", "AT", 2, 7),
    partial(example, "compound-melody", "C"),
    partial(closed, "bwv245.5", "d"),
    partial(whole, "bwv32.6", "G"),
    partial(soprano, "bwv404", "a"),
    partial(example, "amazing-grace", "G"),
    partial(hole, "bass", "bwv36.8-2", "b", "B", 0, 7),
    partial(with_chords, "waltz with chord symbols", "d", SYMBOLS_MINOR, "Dm Dm Bb A7 Dm/F Gm A7 Dm A7 Dm"),
    partial(example, "bass-line", "F"),
    partial(example, "clarinet-in-b-flat", "C"),
    partial(example, "chorale-with-holes", "A", "complete"),
    partial(lambda: Case("jig in minor", shorthand(COMPOUND_MINOR), "a")),
    partial(example, "closed-hymn-key-change", "F", "complete"),
    partial(soprano, "bwv331", "a"),
    partial(lambda: Case("melody in 2/4", shorthand(TWO_FOUR), "G")),
    partial(hole, "tenor and bass", "bwv431", "F", "TB", 3, 8),
)


@lru_cache
def case(number: int) -> Case:
    """One of the scores; made once."""
    return CASES[number]()
