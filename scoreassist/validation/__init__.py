"""What is wrong with a MusicXML file, by line: the MusicXML 4.0 schema, then what it cannot say.

`schema` asks the schema, `reading` lays out the notes of a part in time, `measures`, `spans` and `parts` hold the
rules of music. A rule is a function and a row in `RULES`; in `TIME_RULES`, if it asks how long notes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from scoreassist.errors import UnsupportedError
from scoreassist.files.convert import FOREIGN_SUFFIXES
from scoreassist.files.document import open_score
from scoreassist.validation.finding import Finding, Page, open_page
from scoreassist.validation.measures import beyond_start, disagreements, lengths, overlaps, values
from scoreassist.validation.parts import (
    chords,
    divisions,
    identities,
    measure_counts,
    part_list,
    references,
    staves,
)
from scoreassist.validation.reading import PartReading, read_parts
from scoreassist.validation.schema import schema_findings
from scoreassist.validation.spans import beams, spans, ties

__all__ = ["RULES", "TIME_RULES", "Finding", "as_text", "validate"]

Rule = Callable[[Page, list[PartReading]], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    part_list,
    measure_counts,
    identities,
    references,
    divisions,
    chords,
    staves,
    beams,
    spans,
)

# Of a part that does not say how long its notes last they would find the one mistake again in every measure.
TIME_RULES: tuple[Rule, ...] = (beyond_start, lengths, disagreements, overlaps, values, ties)


def validate(source: Any, name: str | None = None) -> list[Finding]:
    """Say what is wrong with a MusicXML file.

    Older versions are held against MusicXML 4.0 too, which allows what they allowed.

    Parameters
    ----------
    source : path, bytes, file object or Score
    name : str, optional
        What error messages call the file; default its path.

    Returns
    -------
    list of Finding
        In the order of their lines; empty if nothing is wrong.

    Raises
    ------
    UnreadableError
        The file is missing, broken or no MusicXML.
    UnsupportedError
        It is of another format, or ``score-timewise``.

    Examples
    --------
    >>> import scoreassist
    >>> scoreassist.validate("examples/amazing-grace.musicxml")
    []
    """
    label = name or str(getattr(source, "name", source if isinstance(source, str) else ""))
    if label.lower().endswith(tuple(FOREIGN_SUFFIXES)) or hasattr(source, "recurse"):
        raise UnsupportedError(
            "is no MusicXML; only .musicxml, .xml and .mxl can be validated", source=label or None
        )
    page = open_page(open_score(source, name))
    parts = read_parts(page.root)
    timed = [part for part in parts if part.untimed is None]
    found = list(schema_findings(page))
    for rules, read in ((RULES, parts), (TIME_RULES, timed)):
        found += [finding for rule in rules for finding in rule(page, read)]
    return sorted(found, key=lambda finding: finding.line)


def as_text(findings: list[Finding], name: str) -> str:
    """Findings for people, a line each."""
    return "\n".join(f"{name}, {finding}" for finding in findings)
