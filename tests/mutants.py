"""Scores that no program has written: bytes flipped, elements dropped, moved and doubled, numbers garbled.

Nothing here imports scoreassist. The same seed makes the same mutant.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random

from lxml import etree

ODD_TEXTS = (
    *("", " ", "0", "-1", "1", "2", "3", "7", "12", "63", "1000000", "1000000000000000000", "1" + 5000 * "0"),
    *(
        "0.333333",
        "1.5",
        "-0.5",
        "1e9",
        "1E-9",
        "NaN",
        "inf",
        "-inf",
        "0x10",
        "1/2",
        "1_000",
        "+3",
        "½",
        "٣",
        "３",
    ),
    *("C", "H", "treble", "yes", "no", "start", "stop", "G", "percussion", "quarter", "64th", "half", "sharp"),
    *("complete", "harmonize", "end", "keep", "complete all", "slash", "\u200b", "\U0001d11e", "a\nb", "<&>\"'"),
)
TELLING = (
    *("note", "measure", "part", "attributes", "divisions", "duration", "backup", "forward", "voice", "staff"),
    *("time", "beats", "beat-type", "key", "fifths", "staves", "clef", "pitch", "rest", "chord", "grace", "tie"),
    *("transpose", "octave", "alter", "type", "dot", "part-list", "score-part", "time-modification", "direction"),
)  # fmt: skip


def mutant(data: bytes, seed: int) -> bytes:
    """A document or an archive with up to a dozen things wrong in it."""
    dice = Random(seed)
    ways = (_garble_bytes, _garble_tree, _garble_tree, _garble_tree)
    way = _garble_bytes if data[:2] == b"PK" else dice.choice(ways)
    return way(data, dice)


# --- bytes -----------------------------------------------------------------------------------------------


def _garble_bytes(data: bytes, dice: Random) -> bytes:
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(data) + 1)
        until = min(len(data), at + dice.choice((1, 2, 4, 20, 300)))
        piece = data[at:until]
        other = dice.choice(
            (
                bytes(dice.randrange(256) for _ in piece),
                bytes(byte ^ 1 << dice.randrange(8) for byte in piece),
                b"",
                piece + piece,
                piece[::-1],
                data[(start := dice.randrange(len(data))) : start + 50],
                dice.choice((b"\0", b"\xff\xff\xff\xff", b"<", b"&", b">", b'"', b"0", b"9999999", b"-", b"]]>")),
            )
        )
        data = data[:at] + other + data[until:]
        if len(data) < 2:
            break
    return data[: dice.randrange(len(data) + 1)] if dice.random() < 0.05 else data


# --- elements --------------------------------------------------------------------------------------------


def _garble_tree(data: bytes, dice: Random) -> bytes:
    root = etree.fromstring(data)
    tree = root.getroottree()
    for _ in range(dice.choice((1, 1, 2, 3, 5, 12))):
        elements = [e for e in root.iter() if isinstance(e.tag, str) and e is not root]
        telling = [e for e in elements if e.tag in TELLING]
        pool = telling if telling and dice.random() < 0.7 else elements
        if not pool:
            break
        dice.choice(_CHANGES)(dice.choice(pool), pool, dice)
    return bytes(etree.tostring(tree, encoding=dice.choice(("UTF-8", "UTF-8", "UTF-16", "ISO-8859-1"))))


def _drop(element: etree._Element, _: list[etree._Element], __: Random) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _double(element: etree._Element, _: list[etree._Element], dice: Random) -> None:
    for _ in range(dice.choice((1, 1, 1, 2, 40))):
        element.addnext(copy.deepcopy(element))


def _move(element: etree._Element, pool: list[etree._Element], dice: Random) -> None:
    target = dice.choice(pool)
    if target is not element and element not in target.iterancestors():
        dice.choice((target.addnext, target.addprevious, target.append))(element)


def _swap_with_next(element: etree._Element, _: list[etree._Element], __: Random) -> None:
    if (follower := element.getnext()) is not None:
        follower.addnext(element)


def _empty(element: etree._Element, _: list[etree._Element], __: Random) -> None:
    for child in list(element):
        element.remove(child)
    element.text = None


def _say_something_odd(element: etree._Element, _: list[etree._Element], dice: Random) -> None:
    leaves = [e for e in element.iter() if isinstance(e.tag, str) and len(e) == 0]
    dice.choice(leaves or [element]).text = dice.choice(ODD_TEXTS)


def _say_what_another_says(element: etree._Element, pool: list[etree._Element], dice: Random) -> None:
    element.text = dice.choice(pool).text


def _nudge_a_number(element: etree._Element, _: list[etree._Element], dice: Random) -> None:
    numbers = [e for e in element.iter() if (e.text or "").strip().lstrip("-").isdecimal()]
    if numbers:
        chosen = dice.choice(numbers)
        chosen.text = str(int(chosen.text or 0) * dice.choice((1, 2, 3, -1)) + dice.choice((-1, 0, 1, 5)))


def _spoil_an_attribute(element: etree._Element, _: list[etree._Element], dice: Random) -> None:
    names = [*element.attrib, "number", "type", "id"]
    name = dice.choice(names)
    if name in element.attrib and dice.random() < 0.3:
        del element.attrib[name]
    else:
        element.set(name, dice.choice(ODD_TEXTS))


def _rename(element: etree._Element, pool: list[etree._Element], dice: Random) -> None:
    element.tag = dice.choice((*TELLING, dice.choice(pool).tag, "{urn:odd}note"))


def _put_a_comment_in(element: etree._Element, _: list[etree._Element], dice: Random) -> None:
    node = dice.choice((etree.Comment(" odd "), etree.ProcessingInstruction("odd", "yes")))
    dice.choice((element.addnext, element.addprevious, element.append))(node)


_CHANGES: tuple[Callable[[etree._Element, list[etree._Element], Random], None], ...] = (
    *(_drop, _drop, _double, _move, _swap_with_next, _empty, _say_something_odd, _say_something_odd),
    *(_say_what_another_says, _nudge_a_number, _nudge_a_number, _spoil_an_attribute, _rename, _put_a_comment_in),
)  # fmt: skip
