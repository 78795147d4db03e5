"""MusicXML 4.0 schema validation, offline, with the schema that the PyPI package `musicxml` ships."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lxml import etree

# Attributes that the schema takes from the W3C: namespace, then names and types.
_BORROWED = {
    "xlink.xsd": (
        "http://www.w3.org/1999/xlink",
        dict.fromkeys(("href", "type", "role", "title", "show", "actuate"), "xs:string"),
    ),
    "xml.xsd": ("http://www.w3.org/XML/1998/namespace", {"lang": "xs:language", "space": "xs:NCName"}),
}


def _borrowed(name: str) -> str:
    namespace, attributes = _BORROWED[name]
    rows = "".join(f'<xs:attribute name="{key}" type="{kind}"/>' for key, kind in attributes.items())
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{namespace}">{rows}</xs:schema>'
    )


def schema_folder() -> Path | None:
    """Where musicxml_4_0.xsd and xml.xsd lie, or None if the package is not installed."""
    spec = find_spec("musicxml")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "generate_classes"
    return folder if (folder / "musicxml_4_0.xsd").is_file() else None


@lru_cache(maxsize=1)
def schema() -> etree.XMLSchema | None:
    """The schema, or None if the package is not installed."""
    folder = schema_folder()
    if folder is None:
        return None

    class Local(etree.Resolver):
        def resolve(self, url: str | None, public_id: str | None, context: Any) -> Any:
            name = (url or "").rsplit("/", 1)[-1]
            if name in _BORROWED:
                return self.resolve_string(_borrowed(name), context, base_url=url)
            raise OSError(f"the schema asks for {url}")

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Local())
    return etree.XMLSchema(etree.fromstring((folder / "musicxml_4_0.xsd").read_bytes(), parser))


def schema_errors(document: bytes) -> list[str]:
    """What is wrong with a document under the schema, without line numbers; nothing if it is valid.

    Raises
    ------
    RuntimeError
        The package `musicxml` is not installed.
    """
    rules = schema()
    if rules is None:
        raise RuntimeError("the schema comes with the package musicxml; pip install musicxml")
    rules.validate(etree.fromstring(document))
    return [str(error.message) for error in rules.error_log]
