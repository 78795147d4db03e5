"""The child process in which music21 reads other formats, started by :mod:`scoreassist.files.convert` alone.

A few bytes of ABC or MIDI can ask for a note of a billion beats, and music21 then goes on writing measures
until memory ends. In a child that is a timeout or an exit status.

The file comes in on stdin, MusicXML goes out on stdout; a refusal is exit status 3 and one line on stderr.

    python converter.py FORMAT SUFFIX
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path

MOST_MEMORY = 2 * 2**30
REFUSED = 3


def convert(data: bytes, kind: str, suffix: str) -> bytes:
    """MusicXML of a file.

    Parameters
    ----------
    data : bytes
    kind : str
        music21's name of the format.
    suffix : str
        The extension that goes with it.

    Raises
    ------
    ValueError
        music21 cannot read it, or finds none or several pieces in it; the text is for people.
    """
    from music21 import converter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"score{suffix}"
        path.write_bytes(data)
        try:
            stream = converter.parse(path, format=kind, forceSource=True, storePickle=False)
        except Exception as error:  # music21 raises whatever its readers stumble over
            name = type(error).__name__
            raise ValueError(f"cannot be read as {suffix} ({name}); export the score as MusicXML") from error
    songs = len(list(getattr(stream, "scores", ()))) if "Opus" in stream.classes else 1
    if songs > 1:
        raise ValueError(f"holds {songs} pieces; save the one that you mean as a file")
    if not any(True for _ in stream.recurse().notesAndRests):
        raise ValueError("holds no notes; export the score as MusicXML")
    from scoreassist.files.convert import from_music21

    return from_music21(stream)


def main() -> None:
    """Read stdin, keep stdout clean of whatever music21 prints, write MusicXML."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # where there is no such limit, time is one
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        stdout.write(convert(sys.stdin.buffer.read(), *sys.argv[1:]))
    except ValueError as error:
        sys.exit(_said(str(error)))
    except MemoryError:
        sys.exit(_said("needs more memory than any score; export the score as MusicXML"))
    stdout.close()


def _said(what: str) -> int:
    print(what, file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    main()
