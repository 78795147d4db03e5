"""The MusicXML 4.0 schema and nothing else: the very words of libxml2, without the rules of music."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from scoreassist.validation.schema import schema, schema_path


def schema_folder() -> Path:
    """Where musicxml_4_0.xsd and xml.xsd lie."""
    return schema_path().parent


def schema_errors(document: bytes) -> list[str]:
    """What is wrong with a document under the schema, without line numbers; nothing if it is valid."""
    rules = schema()
    rules.validate(etree.fromstring(document))
    return [str(error.message) for error in rules.error_log]
