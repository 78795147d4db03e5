"""The MusicXML 4.0 schema, offline, and its verdicts in plain words.

The schema is the one that the package `musicxml` ships. What it borrows from the W3C (``xlink`` and ``xml:lang``)
is written out here, so that nothing is looked up in a network.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

from scoreassist.errors import OutputError
from scoreassist.validation.finding import Finding, Page

# Attributes that the schema takes from the W3C: namespace, then names and types.
_BORROWED = {
    "xlink.xsd": (
        "http://www.w3.org/1999/xlink",
        dict.fromkeys(("href", "type", "role", "title", "show", "actuate"), "xs:string"),
    ),
    "xml.xsd": ("http://www.w3.org/XML/1998/namespace", {"lang": "xs:language", "space": "xs:NCName"}),
}
_SCHEMA = "{http://www.w3.org/2001/XMLSchema}"


def _borrowed(name: str) -> str:
    namespace, attributes = _BORROWED[name]
    rows = "".join(f'<xs:attribute name="{key}" type="{kind}"/>' for key, kind in attributes.items())
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{namespace}">{rows}</xs:schema>'
    )


class _Local(etree.Resolver):
    """Answers what the schema looks up elsewhere."""

    def resolve(self, system_url: Any, public_id: Any, context: Any = None) -> Any:
        name = str(system_url).rsplit("/", 1)[-1]
        if name in _BORROWED:
            return self.resolve_string(_borrowed(name), context, base_url=system_url)
        raise OSError(f"the schema asks for {system_url}")


def schema_path() -> Path:
    """Where musicxml_4_0.xsd lies.

    Raises
    ------
    OutputError
        The package `musicxml` is not installed.
    """
    spec = find_spec("musicxml")
    path = Path(spec.origin).parent / "generate_classes" / "musicxml_4_0.xsd" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise OutputError("the schema comes with the package musicxml; pip install 'musicxml>=1.4,<2'")
    return path


@lru_cache(maxsize=1)
def _source() -> etree._Element:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    return etree.fromstring(schema_path().read_bytes(), parser)


@lru_cache(maxsize=1)
def schema() -> etree.XMLSchema:
    """The MusicXML 4.0 schema; see `schema_path`."""
    return etree.XMLSchema(_source())


@lru_cache(maxsize=1)
def element_names() -> frozenset[str]:
    """The names of all elements that MusicXML has."""
    return frozenset(str(e.get("name")) for e in _source().iter(f"{_SCHEMA}element") if e.get("name"))


def schema_findings(page: Page) -> Iterator[Finding]:
    """What is wrong with a document under the schema."""
    rules = schema()
    tree = page.root.getroottree()
    if rules.validate(tree):
        return
    said = set()
    spaces = {prefix: uri for e in page.root.iter("*") for prefix, uri in e.nsmap.items() if prefix}
    for error in _errors(rules):
        element = _element_at(page.root, str(error.path), spaces)
        if _GIVEN_TWICE.search(str(error.message)):
            continue  # a rule of `parts` says where it was given first
        rule, message = in_plain_words(str(error.message), element)
        if (element, message) not in said:
            said.add((element, message))
            yield page.finding(element, rule, message, "schema")


def _errors(rules: etree.XMLSchema) -> list[Any]:
    log: Any = rules.error_log
    return list(log)


def _element_at(root: etree._Element, path: str, spaces: dict[str, str]) -> etree._Element:
    found: Any = root.xpath(path, namespaces=spaces)
    return found[0] if found else root


# What libxml2 says, after "Element 'x'" and of attributes ", attribute 'y'"; the rule it offends; how we say it.
_WHERE = re.compile(
    r"Element '(?P<element>[^']*)'(?:, attribute '(?P<attribute>[^']*)')?: (?P<what>.*)", re.DOTALL
)
_GIVEN_TWICE = re.compile(r"'[^\W\d][\w.-]*' is not a valid value of the atomic type 'xs:ID'")
_SET = re.compile(r"'([^']*)'")
_ROWS: tuple[tuple[str, str, str], ...] = (
    (
        r"\[facet 'enumeration'\] The value '(?P<value>.*)' is not an element of the set \{(?P<set>.*)\}\.",
        "value",
        "{here} is {given}; it must be {set}",
    ),
    (
        r"\[facet '(?:max|min)(?:In|Ex)clusive'\] The value '(?P<value>.*?)'"
        r" (?:is|must be) (?P<how>greater|less) than .*?\(?'(?P<limit>.*)'\)?\.",
        "value",
        "{here} is {given}; {bound}",
    ),
    (r"\[facet 'minLength'\].*", "value", "{here} is empty; it must hold something"),
    (
        r"\[facet 'pattern'\] The value '(?P<value>.*)' is not accepted by the pattern '(?P<pattern>.*)'\.",
        "value",
        "{here} is {given}, which is not of the form {pattern}",
    ),
    (
        r"'(?P<value>.*)' is not a valid value of the atomic type 'xs:IDREF'\.",
        "value",
        "{here} '{value}' is no name",
    ),
    (
        r"'(?P<value>.*)' is not a valid value of the atomic type 'xs:ID'\.",
        "value",
        "{here} is {given}; it must be one word that begins with a letter",
    ),
    (
        r"'(?P<value>.*)' is not a valid value of the (?:\w+ )?(?:atomic |union |list )?type '(?P<kind>.*)'\.",
        "value",
        "{here} is {given}; it must be {kind}",
    ),
    (
        r"The attribute '(?P<name>.*)' is not allowed\.",
        "attribute",
        "<{element}> has an attribute '{name}', which it cannot have",
    ),
    (
        r"The attribute '(?P<name>.*)' is required but missing\.",
        "attribute",
        "<{element}> lacks its attribute '{name}'",
    ),
    (
        r"Missing child element\(s\)\.(?: Expected is (?:one of )?\( (?P<expected>.*) \)\.)?",
        "missing",
        "<{element}> is not complete; {missing}",
    ),
    (
        r"This element is not expected\.(?: Expected is (?:one of )?\( (?P<expected>.*) \)\.)?",
        "element-order",
        "{misplaced}",
    ),
    (
        r"Character content other than whitespace is not allowed .*",
        "content",
        "<{element}> holds text, '{text}'; it can hold elements only",
    ),
    (r"Character content is not allowed, .*", "content", "<{element}> holds '{text}'; it must be empty"),
    (r"Element content is not allowed, .*", "content", "<{element}> holds <{child}>; it can hold text only"),
)
_COMPILED = tuple((re.compile(pattern, re.DOTALL), rule, words) for pattern, rule, words in _ROWS)

# What values of the types that XML Schema brings along are.
_BUILT_IN = {
    "xs:positiveInteger": "a whole number above 0",
    "xs:nonNegativeInteger": "a whole number, 0 or above",
    "xs:integer": "a whole number",
    "xs:decimal": "a number",
    "xs:date": "a date such as 2025-12-31",
    "xs:NMTOKEN": "one word",
    "xs:language": "a language such as en or pt-BR",
}


def _kind(name: str) -> str:
    """What values of a type are, by the type's own restrictions: ``a whole number from 1 to 16``."""
    if name in _BUILT_IN or name.startswith("xs:"):
        return _BUILT_IN.get(name, f"of the type {name}")
    definition = _source().find(f"{_SCHEMA}simpleType[@name='{name}']/{_SCHEMA}restriction")
    if definition is None:
        return f"of the type {name}"
    base = _kind(str(definition.get("base")))
    low, high = (definition.find(f"{_SCHEMA}{end}Inclusive") for end in ("min", "max"))
    if low is not None and high is not None:
        return f"{base.split(' above')[0].split(',')[0]} from {low.get('value')} to {high.get('value')}"
    above = definition.find(f"{_SCHEMA}minExclusive")
    if above is not None:
        return f"{base} above {above.get('value')}"
    return f"{base}, {low.get('value')} or above" if low is not None else base


def in_plain_words(message: str, element: etree._Element) -> tuple[str, str]:
    """The rule that a document offends and a sentence about it; what is not known here stays as it is.

    Parameters
    ----------
    message : str
        What libxml2 says.
    element : lxml.etree._Element
        What it says it of.
    """
    where = _WHERE.fullmatch(message)
    if where is None:
        return "schema", message
    tag = _short(where["element"])
    for pattern, rule, words in _COMPILED:
        if match := pattern.fullmatch(where["what"]):
            facts = {key: value or "" for key, value in match.groupdict().items()}
            name = where["attribute"]
            facts |= {
                "element": tag,
                "here": f"the attribute '{_short(name)}' of <{tag}>" if name else f"<{tag}>",
                "given": f"'{_cut(facts['value'])}'" if facts.get("value") else "empty",
                "text": _cut(_own_text(element)),
                "child": _short(element[0].tag) if len(element) else "",
                "set": _choice(_SET.findall(facts.get("set", "")), facts.get("value", "")),
                "kind": _kind(facts["kind"]) if "kind" in facts else "",
                "bound": _bound(where["what"], facts.get("limit", "")),
                "missing": f"it lacks {_expected(facts.get('expected', ''))}",
            }
            if "misplaced" in words:
                rule, facts["misplaced"] = _misplaced(element, facts["expected"])
            return rule, words.format_map(facts)
    return "schema", message


def _misplaced(element: etree._Element, expected: str) -> tuple[str, str]:
    """Why an element cannot stand where it stands."""
    tag, parent, before = _short(element.tag), element.getparent(), element.getprevious()
    while before is not None and not isinstance(before.tag, str):
        before = before.getprevious()
    what = f"; what can: {_expected(expected)}" if expected else ""
    inside = f" in <{_short(parent.tag)}>" if parent is not None else ""
    if tag not in element_names():
        return (
            "unknown-element",
            f"MusicXML has no element <{tag}>{f'; here can stand {_expected(expected)}' if expected else ''}",
        )
    if before is None:
        return "element-order", f"<{tag}> cannot come first{inside}{what}"
    return "element-order", f"<{tag}> cannot follow <{_short(before.tag)}>{inside}{what}"


def _bound(what: str, limit: str) -> str:
    for facet, words in (
        ("minInclusive", "at least"),
        ("maxInclusive", "at most"),
        ("minExclusive", "above"),
        ("maxExclusive", "below"),
    ):
        if facet in what:
            return f"it must be {words} {limit}"
    return ""


def _expected(names: str) -> str:
    return _choice([f"<{_short(name.strip())}>" for name in names.split(",") if name.strip()])


def _choice(names: list[str], like: str = "", most: int = 12) -> str:
    """``a, b or c``; of many, the ones that are most like what stands there."""
    if len(names) > most:
        names = sorted(names, key=lambda name: -SequenceMatcher(None, name, like).ratio())
        return f"{', '.join(names[:most])} or {len(names) - most} others"
    return " or ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def _own_text(element: etree._Element) -> str:
    texts = [element.text, *(child.tail for child in element)]
    return " ".join(" ".join(text for text in texts if text).split())


def _cut(text: str, most: int = 40) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _short(name: Any) -> str:
    return str(name).rsplit("}", 1)[-1]
