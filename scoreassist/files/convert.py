"""Other formats and music21 Streams, in and out, by music21. The only room that imports it for documents."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from lxml import etree

from scoreassist.errors import UnreadableError
from scoreassist.files.converter import REFUSED

if TYPE_CHECKING:
    from scoreassist.files.document import Score

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


# music21 reads some 10 kB of these a second, the measures of an opera in minutes.
MOST_BYTES = 4 * 2**20
PATIENCE_SECONDS = 20
BYTES_PER_SECOND = 2000


def convert_foreign(data: bytes, suffix: str, name: str) -> bytes:
    """Convert a file that music21 reads to MusicXML, in a process of its own (`scoreassist.files.converter`).

    Raises
    ------
    UnreadableError
        music21 cannot read it, finds no music in it, or does not come back.
    """
    if len(data) > MOST_BYTES:
        raise UnreadableError(f"is larger than {MOST_BYTES >> 20} MiB; export the score as MusicXML", source=name)
    patience = PATIENCE_SECONDS + len(data) / BYTES_PER_SECOND
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-m", "scoreassist.files.converter", FOREIGN_SUFFIXES[suffix], suffix],
            input=data,
            capture_output=True,
            timeout=patience,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableError(
            f"takes too long to read as {suffix}, more than {patience:.0f} seconds; export the score as MusicXML",
            source=name,
        ) from error
    except OSError as error:
        raise UnreadableError(f"cannot be read as {suffix}: {error.strerror}", source=name) from error
    said = child.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
    if child.returncode == REFUSED:
        raise UnreadableError(said[-1], source=name)
    if child.returncode != 0:
        raise UnreadableError(
            f"cannot be read as {suffix} ({said[-1]}); export the score as MusicXML", source=name
        )
    return child.stdout


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
