"""Keys as musicians write them: ``A-``, ``Ab``, ``A-flat major``, ``f#``, ``D minor``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scoreassist.errors import RequestError
from scoreassist.writing.pen import STEP_NAMES

_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "sharp": 1, "-": -1, "b": -1, "♭": -1, "flat": -1}
_KEY = re.compile(r"([A-Ga-g])[\s-]*?(#|♯|-|b|♭|sharp|flat)?(?:[\s-]+|$)(major|minor|maj|min)?", re.IGNORECASE)
MOST = 7  # sharps or flats of a signature
THIRD = 3  # fifths from a major key's tonic on to that of its relative minor key


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes
    ----------
    fifths : int
        Of its signature, sharps positive.
    minor : bool
    """

    fifths: int
    minor: bool = False

    @property
    def tonic(self) -> int:
        """Its pitch class."""
        return (self.fifths + (THIRD if self.minor else 0)) * 7 % 12


def parse_key(text: str) -> Key:
    """The key that a text names; a small letter is a minor key, unless the word says otherwise.

    Raises
    ------
    RequestError
        It names none, or one whose signature has more than seven sharps or flats.

    Examples
    --------
    >>> parse_key("A-flat"), parse_key("f#")
    (Key(fifths=-4, minor=False), Key(fifths=3, minor=True))
    """
    match = _KEY.fullmatch(text.strip())
    if match is None:
        raise RequestError(f"'{text}' is no key; write A-, F# or D for major, f# or 'D minor' for minor")
    letter, accidental, mode = match.groups()
    minor = mode.lower().startswith("min") if mode else letter.islower()
    place = STEP_NAMES.index(letter.upper()) - 1 + 7 * _ACCIDENTALS[(accidental or "").lower()]
    fifths = place - (THIRD if minor else 0)
    if abs(fifths) > MOST:
        other = Key((fifths + 5) % 12 - 5, minor)
        raise RequestError(f"'{text}' would have {abs(fifths)} {_sign(fifths)}; write {_name(other)}")
    return Key(fifths, minor)


def _sign(fifths: int) -> str:
    return "sharps" if fifths > 0 else "flats"


def _name(key: Key) -> str:
    place = key.fifths + (THIRD if key.minor else 0) + 1
    letter = STEP_NAMES[place % 7] + {-1: "-", 0: "", 1: "#"}[place // 7]
    return letter.lower() if key.minor else letter
