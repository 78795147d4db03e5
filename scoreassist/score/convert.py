"""Other formats and music21 Streams, in and out, by music21. The only room that imports it for documents."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from scoreassist.errors import UnreadableError

if TYPE_CHECKING:
    from scoreassist.score.document import Score

# File extension to music21's name of the format.
FOREIGN_SUFFIXES = {
    ".krn": "humdrum",
    ".abc": "abc",
    ".mid": "midi",
    ".midi": "midi",
    ".mei": "mei",
    ".capx": "capella",
    ".capxml": "capella",
    ".musedata": "musedata",
    ".md": "musedata",
}


def convert_foreign(data: bytes, suffix: str, name: str) -> bytes:
    """Convert a file that music21 reads to MusicXML.

    Raises
    ------
    UnreadableError
        music21 cannot read it, or finds no music in it.
    """
    from music21 import converter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"score{suffix}"
        path.write_bytes(data)
        try:
            stream = converter.parse(path, format=FOREIGN_SUFFIXES[suffix], forceSource=True, storePickle=False)
        except Exception as error:  # music21 raises whatever its readers stumble over
            raise UnreadableError(
                f"cannot be read as {suffix} ({type(error).__name__}); export the score as MusicXML",
                source=name,
            ) from error
    songs = len(list(getattr(stream, "scores", ()))) if "Opus" in stream.classes else 1
    if songs > 1:
        raise UnreadableError(f"holds {songs} pieces; save the one that you mean as a file", source=name)
    if not any(True for _ in stream.recurse().notesAndRests):
        raise UnreadableError("holds no notes; export the score as MusicXML", source=name)
    return from_music21(stream)


def from_music21(stream: Any) -> bytes:
    """MusicXML of a music21 Stream.

    Raises
    ------
    UnreadableError
        music21 cannot write the Stream as MusicXML.
    """
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    try:
        return bytes(GeneralObjectExporter(stream).parse())
    except Exception as error:  # music21 raises whatever its writer stumbles over
        raise UnreadableError(
            f"music21 cannot write this Stream as MusicXML ({error}); give a Score with Parts"
        ) from error


def to_music21(score: Score) -> Any:
    """A `music21.stream.Score` of a score.

    Raises
    ------
    UnreadableError
        music21 cannot read the MusicXML.
    """
    from music21 import converter

    try:
        # In UTF-8 whatever the file's own encoding is, for music21 reads no other.
        return converter.parseData(etree.tostring(score.root, encoding="utf-8"), format="musicxml")
    except Exception as error:  # music21 raises whatever its reader stumbles over
        raise UnreadableError(f"music21 cannot read it ({error})", source=score.name) from error
