"""Every error that scoreassist raises on purpose.

::

    ScoreassistError
    ├── InputError              the file or Stream cannot be used           (exit 3)
    │   ├── UnreadableError     not MusicXML, broken, or unsafe to open
    │   └── UnsupportedError    read, but holds something a grid cannot
    ├── RequestError            the request does not fit the score          (exit 2)
    ├── OutputError             the result cannot be written or drawn       (exit 3)
    └── ModelError              weights are missing, damaged or unknown     (exit 3)

A message says where, what and what to do: ``hymn.musicxml, part P2, measure 7: …; try …``.
"""

from __future__ import annotations

_LONGEST_LINE = 2000


class ScoreassistError(Exception):
    """Base of all errors raised on purpose; its text is one line.

    Parameters
    ----------
    what : str
        What is wrong, and after a semicolon what to do about it.
    source : str, optional
        File name or other label of the score.
    part : str, optional
        Part id or name.
    measure : str, optional
        Measure number as printed in the score.
    """

    exit_code = 3

    def __init__(
        self,
        what: str,
        *,
        source: str | None = None,
        part: str | None = None,
        measure: str | None = None,
    ) -> None:
        self.what, self.source, self.part, self.measure = what, source, part, measure
        super().__init__(what)

    def __str__(self) -> str:
        places = [
            self.source,
            f"part {self.part}" if self.part else None,
            f"measure {self.measure}" if self.measure is not None else None,
        ]
        where = ", ".join(place for place in places if place)
        line = " ".join(f"{where}: {self.what}".split()) if where else " ".join(self.what.split())
        # A file may hold a "number" of a million digits.
        return (
            line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE // 2]} … {line[-_LONGEST_LINE // 2 :]}"
        )


class InputError(ScoreassistError):
    """The score given cannot be used."""


class UnreadableError(InputError):
    """Not MusicXML, broken, or unsafe to open."""


class UnsupportedError(InputError):
    """Readable, but it holds something that cannot be put on a grid."""


class RequestError(ScoreassistError):
    """The request does not fit the score, or contradicts itself."""

    exit_code = 2


class OutputError(ScoreassistError):
    """The result cannot be written or drawn."""


class ModelError(ScoreassistError):
    """A model's weights are missing, damaged or unknown."""
