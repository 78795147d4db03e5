"""An edited document in the words of the original: what was not edited keeps its text, letter by letter.

A serialiser writes the same XML in its own hand: other quotes around attributes, ``<a/>`` for ``<a></a>``, letters
for character references. So only what was edited is serialised. The tree that was read and the tree that was
edited are laid side by side, from the root down; where they agree, the text is copied.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from lxml import etree

# Of a well-formed document: what may hold anything that looks like a tag, tags, references to entities of a DTD.
_OPAQUE = r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
_REST_OF_TAG = r"""(?=[\s/>])(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>"""
_NODE = re.compile(
    rf"{_OPAQUE}|<(?P<name>[^\s/<>!?]++){_REST_OF_TAG}|&(?!\#|(?:lt|gt|amp|quot|apos);)[^;]*+;", re.DOTALL
)
_MOST_PAIRS = (
    10**6
)  # Comparing children takes time by the pairs that are alike; beyond this they are written anew.


class Astray(ValueError):
    """Text and tree do not fit together; the document has to be serialised as a whole."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a node stands in the text.

    Attributes
    ----------
    start, end : int
        From its first letter to behind its last.
    inner, close : int
        Where its content begins and ends; of a node without content both are `end`.
    """

    start: int
    inner: int
    close: int
    end: int


def splice(text: str, old: etree._Element, new: etree._Element, line_end: str = "\n") -> str:
    """The text of an edited element.

    Parameters
    ----------
    text : str
        The text of `old`, from ``<`` to ``>``.
    old : lxml.etree._Element
        As it was read from `text`.
    new : lxml.etree._Element
        The same after an edit.
    line_end : str
        How lines of new text end.

    Raises
    ------
    Astray
        `text` is not the text of `old`.
    """
    span = next(_nodes(text, 0, len(text)), None)
    if span is None or (span.start, span.end) != (0, len(text)):
        raise Astray("the text is not that of one element")
    return "".join(_Splicer(text, new.nsmap, line_end).element(span, old, new))


class _Splicer:
    """Writes elements, taking what it can from the text."""

    def __init__(self, text: str, namespaces: dict[str | None, str], line_end: str) -> None:
        self.text, self.line_end = text, line_end
        # What the root declares need not be declared again.
        self.declared = [f' xmlns{":" + p if p else ""}="{uri}"' for p, uri in namespaces.items()]

    def element(self, span: Span, old: etree._Element, new: etree._Element) -> Iterator[str]:
        """The text of an element that stood at `span` as `old`."""
        text = self.text
        if _whole(old) == _whole(new):
            yield text[span.start : span.end]
            return
        if old.tag != new.tag or not isinstance(new.tag, str):
            yield self.fresh(new)
            return
        children = list(_nodes(text, span.inner, span.close))
        if len(children) != len(old):
            raise Astray(f"<{new.tag}> has {len(old)} children, of which {len(children)} were found")
        edges = [span.inner, *(edge for child in children for edge in (child.start, child.end)), span.close]
        between = [text[edges[i] : edges[i + 1]] for i in range(0, len(edges), 2)]
        yield self.start_tag(span, old, new)
        yield between[0] if old.text == new.text else self.escaped(new.text)
        for child, index in zip(new, _partners(list(old), list(new)), strict=True):
            if index is None:
                yield self.fresh(child)
                yield self.escaped(child.tail)
                continue
            yield from self.element(children[index], old[index], child)
            yield between[index + 1] if old[index].tail == child.tail else self.escaped(child.tail)
        yield text[span.close : span.end] or f"</{_name(text, span)}>"

    def start_tag(self, span: Span, old: etree._Element, new: etree._Element) -> str:
        """The start tag of an element that has content now."""
        if old.attrib == new.attrib:
            tag = self.text[span.start : span.inner]
            return tag[:-2].rstrip() + ">" if tag.endswith("/>") else tag
        return self.fresh(etree.Element(new.tag, {str(k): str(v) for k, v in new.attrib.items()}))[:-2] + ">"

    def fresh(self, element: etree._Element) -> str:
        """The text of an element that was not there before, without what follows it."""
        alone = copy.deepcopy(element)  # takes along only those namespaces that it uses
        text = etree.tostring(alone, encoding="unicode", with_tail=False)
        for declaration in self.declared:
            text = text.replace(declaration, "")
        return text.replace("\n", self.line_end)

    def escaped(self, text: str | None) -> str:
        """Text between elements as a serialiser writes it."""
        for letter, reference in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
            text = (text or "").replace(letter, reference)
        return (text or "").replace("\n", self.line_end)


def _nodes(text: str, start: int, end: int) -> Iterator[Span]:
    """The nodes of the outermost level of a stretch of text: elements, comments, instructions, entities."""
    while match := _NODE.search(text, start, end):
        first, start = match.span()
        if match["name"] is not None and text[start - 2] != "/":
            inner = start
            close, start = _closing(text, match["name"], start, end)
            yield Span(first, inner, close, start)
        elif not text.startswith("<![CDATA[", first):  # that is text
            yield Span(first, start, start, start)


def _name(text: str, span: Span) -> str:
    """The name in the start tag of an element."""
    match = _NODE.match(text, span.start)
    assert match is not None
    return match["name"]


@lru_cache(maxsize=256)
def _tags(name: str) -> re.Pattern[str]:
    """Start and end tags of one name, and what only looks like them."""
    return re.compile(rf"{_OPAQUE}|<(?P<kind>/?){re.escape(name)}{_REST_OF_TAG}", re.DOTALL)


def _closing(text: str, name: str, start: int, end: int) -> tuple[int, int]:
    """Where the end tag stands of an element whose content begins at `start`."""
    depth = 1
    for match in _tags(name).finditer(text, start, end):
        if match["kind"] == "/":
            depth -= 1
            if depth == 0:
                return match.span()
        elif match["kind"] == "" and text[match.end() - 2] != "/":
            depth += 1
    raise Astray(f"<{name}> has no end")


def _whole(element: etree._Element) -> bytes:
    return bytes(etree.tostring(element, with_tail=False))


def _tag(element: etree._Element) -> Any:
    return element.tag


def _start(element: etree._Element) -> Hashable:
    attributes = tuple(element.attrib.items()) if isinstance(element.tag, str) else ()
    return element.tag, attributes


def _start_and_first(element: etree._Element) -> Hashable:
    return _start(element), _whole(element[0]) if len(element) else element.text


# By what old and new children are recognized as the same, the surest first.
_LIKENESS: tuple[Callable[[etree._Element], Hashable], ...] = (_whole, _start_and_first, _start, _tag)


def _partners(old: Sequence[etree._Element], new: Sequence[etree._Element]) -> list[int | None]:
    """For each new child the index of the old one that it was; None if it was none. Ascending."""
    tags = [e.tag for e in old]
    if tags == [e.tag for e in new] and len(set(tags)) == len(tags):  # most often what a note holds
        return list(range(len(tags)))
    partners: list[int | None] = [None] * len(new)
    _pair(old, new, 0, 0, partners, _LIKENESS)
    return partners


def _pair(
    old: Sequence[etree._Element],
    new: Sequence[etree._Element],
    old_start: int,
    new_start: int,
    partners: list[int | None],
    likeness: Sequence[Callable[[etree._Element], Hashable]],
) -> None:
    """Pair what is alike in two runs of children, and what is left between by the next likeness."""
    for key in likeness[:1]:
        for (i, i_end), (j, j_end), alike in _blocks([key(e) for e in old], [key(e) for e in new]):
            if alike:
                for step in range(i_end - i):
                    partners[new_start + j + step] = old_start + i + step
            else:
                _pair(old[i:i_end], new[j:j_end], old_start + i, new_start + j, partners, likeness[1:])


def _blocks(old: list[Hashable], new: list[Hashable]) -> Iterator[tuple[tuple[int, int], tuple[int, int], bool]]:
    """Runs of two lists in order, each the same in both or not at all, as (start, end) in either."""
    shorter = min(len(old), len(new))
    head = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    tail = next((i for i in range(shorter - head) if old[-1 - i] != new[-1 - i]), shorter - head)
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    yield (0, head), (0, head), True
    counts = Counter(middle[0]), Counter(middle[1])
    if (
        not (middle[0] and middle[1])
        or sum(count * counts[1][key] for key, count in counts[0].items()) > _MOST_PAIRS
    ):
        yield (head, len(old) - tail), (head, len(new) - tail), False
    else:
        for name, i, i_end, j, j_end in SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
            yield (head + i, head + i_end), (head + j, head + j_end), name == "equal"
    yield (len(old) - tail, len(old)), (len(new) - tail, len(new)), True
