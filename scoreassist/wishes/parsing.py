"""Wishes as users write them, read into values; each reader takes its own values back as they are.

Several of a kind stand in one text, divided by spaces or commas, or in a list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scoreassist.errors import RequestError
from scoreassist.score.flags import parse_measures
from scoreassist.score.singers import VOICES, named_voices
from scoreassist.theory.keys import Key, parse_key

FORBID, AVOID, ALLOW = "forbid", "avoid", "allow"
STRENGTHS = (FORBID, AVOID, ALLOW)

# What acts where nothing is asked: what a choir cannot do without is forbidden, matters of style are avoided.
DEFAULT_STRENGTHS = {
    "parallels": FORBID,
    "crossing": FORBID,
    "spacing": FORBID,
    "hidden": AVOID,
    "overlap": AVOID,
    "leading-tone": AVOID,
    "seventh": AVOID,
    "doubled-leading-tone": AVOID,
    "incomplete-chord": AVOID,
    "cross-relation": AVOID,
    "leaps": AVOID,
}

# The names that `scoreassist check` gives to what the rules of voice leading forbid.
_OTHER_NAMES = {
    "parallel-fifths": "parallels",
    "parallel-octaves": "parallels",
    "hidden-fifths": "hidden",
    "hidden-octaves": "hidden",
    "voice-crossing": "crossing",
    "unresolved-seventh": "seventh",
    "unresolved-leading-tone": "leading-tone",
    "leap": "leaps",
}

CADENCES = ("perfect", "imperfect", "half", "plagal", "deceptive", "phrygian")
TONALITIES = ("free", "diatonic", "harmonic")
CHORDS = ("follow", "roots", "ignore")
RHYTHMS = ("free", "half", "quarter", "eighth")
_AS = "as:"

# Semitones of intervals by their sizes (of two, the larger) and by their short names.
_SIZES = {"second": 2, "third": 4, "fourth": 5, "fifth": 7, "sixth": 9, "seventh": 11, "octave": 12, "tenth": 16}
_SHORT = {
    "m2": 1,
    "M2": 2,
    "m3": 3,
    "M3": 4,
    "P4": 5,
    "A4": 6,
    "d5": 6,
    "P5": 7,
    "m6": 8,
    "M6": 9,
    "m7": 10,
    "M7": 11,
}
_INTERVALS = _SIZES | _SHORT | {"P8": 12, "m9": 13, "M9": 14, "m10": 15, "M10": 16}
WIDEST_LEAP = 24  # semitones

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_SIGNS = {"": 0, "#": 1, "♯": 1, "##": 2, "b": -1, "♭": -1, "bb": -2}
_NOTE = re.compile(r"([A-Ga-g])(##|bb|[#♯b♭]?)(-?\d)")

Range = tuple[int, int, int]
"""A voice, the lowest and the highest MIDI number that it is to sing."""

Place = tuple[str, str, str]
"""A measure as printed, the kind of cadence, and its key; no key is that of the piece."""

Echo = tuple[str, str, str]
"""First and last measure, as printed, and the first of those that are to be like them."""


LONGEST = 40  # characters of what was typed that a message repeats


def shown(value: Any) -> str:
    """What was typed, as a message repeats it: not longer than a line can bear, rows without their brackets."""
    text = ":".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def one_of(name: str, known: tuple[str, ...]) -> Callable[[Any], str]:
    """A reader of one word of several."""

    def read(text: Any) -> str:
        word = str(text).strip().casefold()
        if word not in known:
            raise RequestError(f"there is no {name} '{shown(text)}'; write {', '.join(known[:-1])} or {known[-1]}")
        return word

    return read


def number(name: str, least: float, most: float = math.inf, *, whole: bool = False) -> Callable[[Any], Any]:
    """A reader of a number within limits; `name` as flags are written."""

    def read(text: Any) -> Any:
        try:
            if isinstance(text, bool):
                raise ValueError
            value = int(str(text)) if whole else float(text)
        except (TypeError, ValueError, OverflowError) as error:
            kind = "a whole number" if whole else "a number"
            raise RequestError(
                f"--{name} '{shown(text)}' is not {kind}; write --{name} {least:g}, or more"
            ) from error
        if not least <= value <= most or value == math.inf:  # an integer may be too large for isfinite
            limits = f"at least {least:g}" if most == math.inf else f"between {least:g} and {most:g}"
            raise RequestError(f"--{name} is {shown(text).strip()}; it must be {limits}")
        return value

    return read


def flag(value: Any) -> bool:
    """A flag without a value."""
    if not isinstance(value, bool):
        raise RequestError(f"--strict is '{shown(value)}'; it is either there or not")
    return value


def key(text: Any) -> Key:
    """A key; see `parse_key`."""
    return text if isinstance(text, Key) else parse_key(str(text))


def rhythm(text: Any) -> str:
    """``free``, ``half``, ``quarter``, ``eighth`` or ``as:`` with a singer."""
    word = str(text).strip()
    if word.casefold().startswith(_AS):
        return f"{_AS}{VOICES[voice(word[len(_AS) :], '--rhythm as:Soprano')]}"
    if word.casefold() not in RHYTHMS:
        raise RequestError(f"there is no rhythm '{shown(text)}'; write {', '.join(RHYTHMS)}, or as:Soprano")
    return word.casefold()


def rhythm_leader(text: str) -> int | None:
    """The voice whose rhythm the others are to have; None if it is no voice's."""
    return VOICES.index(text[len(_AS) :]) if text.startswith(_AS) else None


def voice(text: str, example: str) -> int:
    """The voice that a text names.

    Raises
    ------
    RequestError
        It names none, or several; the message gives the example.
    """
    found = named_voices(text.strip())
    if len(found) != 1:
        raise RequestError(f"'{shown(text.strip())}' is none of {', '.join(VOICES)}; write {example}")
    return found[0]


def note(text: str) -> int:
    """The MIDI number of a note: ``C4`` (60), ``F#3``, ``Bb2``.

    Raises
    ------
    RequestError
        It is none.
    """
    match = _NOTE.fullmatch(text.strip())
    midi = -1
    if match:
        midi = STEPS[match[1].upper()] + _SIGNS[match[2]] + 12 * (int(match[3]) + 1)
    if not 0 <= midi <= 127:
        raise RequestError(f"'{shown(text)}' is no note; write C4 for middle C, F#3 or Bb2")
    return midi


def _words(value: Any) -> list[Any]:
    """The texts or values of a wish that can be said several times."""
    if isinstance(value, str):
        return [word for word in re.split(r"[\s,;]+", value) if word]
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, Iterable):
        return [word for row in value for word in (_words(row) if isinstance(row, str) else [row])]
    raise RequestError(f"'{shown(value)}' is neither a text nor a list of texts")


def _fields(word: Any, least: int, most: int, example: str) -> tuple[Any, ...]:
    """The fields of a row that is given as a tuple."""
    if isinstance(word, tuple | list) and least <= len(word) <= most:
        return tuple(word)
    raise RequestError(f"'{shown(word)}' cannot be read; write {example}")


def ranges(value: Any) -> tuple[Range, ...]:
    """Ranges of voices: ``Tenor:C3-G4``, tuples ``("Tenor", "C3", "G4")``, ``{"Tenor": ("C3", "G4")}``."""
    example = "Tenor:C3-G4"
    found: dict[int, Range] = {}
    for word in [_flat(row) for row in _words(value)]:
        if isinstance(word, str):
            match = re.fullmatch(r"(.+?)[:=]([A-Ga-g][^-–]*-?\d)[-–](.+)", word)
            if match is None:
                raise RequestError(f"'{shown(word)}' is no range; write {example}")
            name, low, high = match.groups()
        else:
            name, low, high = _fields(word, 3, 3, example)
        known = isinstance(name, int) and name in range(len(VOICES))
        singer = int(name) if known else voice(str(name), example)
        row = singer, _midi(low), _midi(high)
        if row[2] < row[1]:
            raise RequestError(f"the range {low}-{high} is empty; write the lower note first: {example}")
        if found.setdefault(singer, row) != row:
            raise RequestError(f"--range {VOICES[singer]} is asked twice; leave one out")
    return tuple(found[singer] for singer in sorted(found))


def _flat(word: Any) -> Any:
    """A voice with its range, as a mapping has them, in one row, or one text."""
    match word:
        case (name, (low, high)):
            return name, low, high
        case (str(name), str(text)):
            return f"{name}:{text}"
    return word


def _midi(text: Any) -> int:
    """The MIDI number of a note that is given by its name or as such."""
    return text if isinstance(text, int) and 0 <= text <= 127 else note(str(text))


def leap(text: Any) -> int:
    """The widest leap in semitones: ``7``, ``fifth``, ``P5``."""
    word = str(text).strip()
    if word in _INTERVALS:
        return _INTERVALS[word]
    if not re.fullmatch(r"\d{1,3}", word) or not 1 <= int(word) <= WIDEST_LEAP:
        raise RequestError(
            f"'{shown(text)}' is no interval; write fifth, octave, P5, or semitones from 1 to {WIDEST_LEAP}"
        )
    return int(word)


def rules(value: Any) -> tuple[tuple[str, str], ...]:
    """Strengths of rules: ``hidden=forbid``, or a mapping; names as `DEFAULT_STRENGTHS` or `check` have them."""
    example = "hidden=forbid"
    found: dict[str, str] = {}
    for word in _words(value):
        row = word.replace(":", "=").split("=") if isinstance(word, str) else word
        name, strength = (str(text).strip().casefold() for text in _fields(row, 2, 2, example))
        rule = _OTHER_NAMES.get(name, name)
        if rule not in DEFAULT_STRENGTHS:
            raise RequestError(f"there is no rule '{shown(name)}'; the rules are {', '.join(DEFAULT_STRENGTHS)}")
        if strength not in STRENGTHS:
            raise RequestError(
                f"a rule is not '{shown(strength)}'; write {rule}=forbid, {rule}=avoid or {rule}=allow"
            )
        if found.setdefault(rule, strength) != strength:
            raise RequestError(f"--rule {rule}={found[rule]} and --rule {rule}={strength} contradict each other")
    return tuple(found.items())


def cadences(value: Any) -> tuple[Place, ...]:
    """Cadences: ``4:half 8:perfect``, ``4:perfect:A`` in a key other than the piece's; or ``(4, "half")``."""
    example = "4:half 8:perfect"
    found: dict[str, Place] = {}
    for word in _words(value):
        row = word.split(":") if isinstance(word, str) else word
        measure, kind, *where = (str(text).strip() for text in _fields(row, 2, 3, example))
        kind = one_of("cadence", CADENCES)(kind)
        named = where[0] if where else ""
        if named:
            parse_key(named)
        place = measure, kind, named
        if found.setdefault(measure, place) != place:
            raise RequestError(
                f"--cadence {measure}:{found[measure][1]} and --cadence {measure}:{kind} contradict each other;"
                " a measure has one cadence"
            )
    return tuple(found.values())


def echoes(value: Any) -> tuple[Echo, ...]:
    """Echoes: ``M1-4@9`` (measures 9 to 12 are to be like 1 to 4), or tuples ``("1", "4", "9")``."""
    example = "M1-4@9"
    found = []
    for word in _words(value):
        if isinstance(word, str):
            source, sign, target = word.partition("@")
            if not sign or "." in word:
                raise RequestError(f"'{shown(word)}' names no measures; write {example}")
            first, last = parse_measures(source.strip().lstrip("Mm"))
            found.append((first, last, target.strip().lstrip("Mm")))
        else:
            first, last, target = (str(text) for text in _fields(word, 3, 3, example))
            found.append((first, last, target))
    return tuple(found)
