"""What can be wished, in one table: name, flag, what it means and where it comes from.

A wish acts on what is new, never on what is given. Where no note is left to choose, the softest wish gives way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from scoreassist.errors import RequestError
from scoreassist.theory.keys import Key
from scoreassist.theory.voice_leading import CHOIR_RANGES
from scoreassist.wishes import parsing
from scoreassist.wishes.contradictions import refuse
from scoreassist.wishes.parsing import DEFAULT_STRENGTHS, FORBID, Echo, Place, Range

# Lowest and highest note of each voice (MIDI, inclusive), soprano to bass.
CHOIRS: dict[str, tuple[tuple[int, int], ...]] = {
    "youth": ((60, 77), (57, 72), (50, 65), (43, 60)),  # C4-F5, A3-C5, D3-F4, G2-C4
    "amateur": ((60, 79), (55, 72), (48, 67), (40, 60)),  # C4-G5, G3-C5, C3-G4, E2-C4
    "professional": ((58, 82), (53, 77), (47, 71), (38, 65)),  # Bb3-Bb5, F3-F5, B2-B4, D2-F4
}


@dataclass(frozen=True)
class Wishes:
    """What holds of the notes that are to be written; None, empty and the defaults ask for nothing.

    Fields are read by `wishes_of` from what users write; what each means stands in `WISHES`.

    Attributes
    ----------
    key : Key or None
    tonality : ``free``, ``diatonic`` or ``harmonic``
    chords : ``follow``, ``roots`` or ``ignore``
    rhythm : ``free``, ``half``, ``quarter``, ``eighth`` or ``as:Soprano``
    max_repeats : int or None
    density : float or None
        Notes a beat.
    ranges : tuple of (voice, lowest, highest MIDI number)
        Sounding.
    choir : a key of `CHOIRS`, or None
    max_leap : int or None
        Semitones.
    rules : tuple of (rule, strength)
    strict : bool
    cadences : tuple of (measure, kind, key or "")
    like : tuple of (first measure, last measure, first measure that is to be like them)
    near : float or None
        Share of the cells.
    max_copy : float or None
        Beats.

    Raises
    ------
    RequestError
        Two of them contradict each other.
    """

    key: Key | None = None
    tonality: str = "free"
    chords: str = "follow"
    rhythm: str = "free"
    max_repeats: int | None = None
    density: float | None = None
    ranges: tuple[Range, ...] = ()
    choir: str | None = None
    max_leap: int | None = None
    rules: tuple[tuple[str, str], ...] = ()
    strict: bool = False
    cadences: tuple[Place, ...] = ()
    like: tuple[Echo, ...] = ()
    near: float | None = None
    max_copy: float | None = None

    def __post_init__(self) -> None:
        refuse(self)

    @property
    def strengths(self) -> dict[str, str]:
        """How firm each rule of voice leading stands: ``forbid``, ``avoid`` or ``allow``."""
        rest = dict.fromkeys(DEFAULT_STRENGTHS, FORBID) if self.strict else DEFAULT_STRENGTHS
        return {**rest, **dict(self.rules)}

    def range_of(self, voice: int) -> tuple[int, int] | None:
        """What a voice is asked to keep within; None if nothing is asked."""
        own = {singer: (low, high) for singer, low, high in self.ranges}
        return own.get(voice, CHOIRS[self.choir][voice] if self.choir else None)

    @property
    def voice_ranges(self) -> tuple[tuple[int, int], ...]:
        """Lowest and highest note of each voice: what is asked, or else what a choir sings."""
        return tuple(self.range_of(voice) or usual for voice, usual in enumerate(CHOIR_RANGES))

    def asked(self) -> list[str]:
        """Names of the wishes that are not as they are by default."""
        return [field.name for field in fields(self) if getattr(self, field.name) != field.default]


@dataclass(frozen=True)
class Wish:
    """One row of `WISHES`.

    Attributes
    ----------
    name : str
        Of the field.
    flag : str
    metavar : str
        What stands behind the flag; empty if nothing does.
    meaning : str
    source : str
        Paper or treatise.
    firmness : int
        The larger, the later it gives way.
    read : function
        From what users write, or a value, to the value; raises `RequestError`.
    many : bool
        Whether it can be said several times.
    """

    name: str
    flag: str
    metavar: str
    meaning: str
    source: str
    firmness: int
    read: Callable[[Any], Any]
    many: bool = False


def _spelled(rows: tuple[tuple[int, int], ...]) -> str:
    """Ranges as musicians write them: ``C4-F5, A3-C5, ...``."""
    names = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
    return ", ".join("-".join(f"{names[midi % 12]}{midi // 12 - 1}" for midi in row) for row in rows)


_ROWS = (
    Wish(
        "key",
        "--key",
        "KEY",
        "the key that tonality and cadences are meant in: 'D minor', A-, f#; else judged by signature and notes",
        "C. Krumhansl, Cognitive Foundations of Musical Pitch (1990), ch. 4, judges it where it is not said",
        10,
        parsing.key,
    ),
    Wish(
        "tonality",
        "--tonality",
        "|".join(parsing.TONALITIES),
        "diatonic: notes of the key alone, in minor with the raised sixth and seventh; harmonic: also those of the"
        " dominants of neighbouring keys (raised fourth and fifth and lowered seventh in major, raised third and"
        " fourth in minor)",
        "W. Piston, Harmony, on tonality and modality and on secondary dominants",
        5,
        parsing.one_of("tonality", parsing.TONALITIES),
    ),
    Wish(
        "chords",
        "--chords",
        "|".join(parsing.CHORDS),
        "chord symbols of the score. follow: on beats new notes belong to the chord, and the bass has its root, or"
        " the note behind the slash, where the symbol stands; roots: the bass alone; ignore: neither",
        "MusicXML 4.0, <harmony>; J.-P. Briot & F. Pachet, Deep learning for music generation (2018), section 2",
        8,
        parsing.one_of("way to take chords", parsing.CHORDS),
    ),
    Wish(
        "rhythm",
        "--rhythm",
        "|".join((*parsing.RHYTHMS, "as:VOICE")),
        "half, quarter, eighth: no new note begins between these (in compound time, dotted halves and quarters);"
        " as:Soprano: new notes begin where that singer's do",
        "G. Hadjeres & F. Nielsen, Anticipation-RNN (2017), section 3: positional constraints",
        8,
        parsing.rhythm,
    ),
    Wish(
        "max_repeats",
        "--max-repeats",
        "N",
        "most times that a new note is struck again in a row",
        "K. Jeppesen, Counterpoint (1939), on melody: repeated notes",
        4,
        parsing.number("max-repeats", 0, 64, whole=True),
    ),
    Wish(
        "density",
        "--density",
        "N",
        "at most so many notes a beat in each new voice, counted measure by measure, where each may have one",
        "J.-P. Briot & F. Pachet, Deep learning for music generation (2018), section 2: control by sampling",
        4,
        parsing.number("density", 0.1, 16),
    ),
    Wish(
        "ranges",
        "--range",
        "VOICE:LOW-HIGH",
        "notes that a voice is to keep within, as they sound: Tenor:C3-G4",
        "E. Aldwell & C. Schachter, Harmony and Voice Leading, on vocal ranges",
        9,
        parsing.ranges,
        many=True,
    ),
    Wish(
        "choir",
        "--choir",
        "|".join(CHOIRS),
        "the ranges of such a choir: " + "; ".join(f"{name} {_spelled(rows)}" for name, rows in CHOIRS.items()),
        "amateur: B. Benward & M. Saker, Music in Theory and Practice, on four-voice texture; youth: after"
        " J. Cooksey, Working with Adolescent Voices (1992); professional: what a trained choir's"
        " firsts and seconds add",
        9,
        parsing.one_of("choir", tuple(CHOIRS)),
    ),
    Wish(
        "max_leap",
        "--max-leap",
        "INTERVAL",
        "widest leap in a new voice: fifth, P5, or semitones",
        "K. Jeppesen, Counterpoint (1939), on melody: leaps",
        4,
        parsing.leap,
    ),
    Wish(
        "rules",
        "--rule",
        "RULE=forbid|avoid|allow",
        f"how firm a rule of voice leading stands; the rules are {', '.join(DEFAULT_STRENGTHS)}",
        "E. Aldwell & C. Schachter, Harmony and Voice Leading, on chord construction and voice leading",
        7,
        parsing.rules,
        many=True,
    ),
    Wish(
        "strict",
        "--strict",
        "",
        "every rule of voice leading forbids",
        "E. Aldwell & C. Schachter, Harmony and Voice Leading, on chord construction and voice leading",
        7,
        parsing.flag,
    ),
    Wish(
        "cadences",
        "--cadence",
        "MEASURE:KIND",
        "a phrase ends so: '4:half 8:perfect', in another key 4:perfect:A; kinds are"
        f" {', '.join(parsing.CADENCES)}",
        "W. Caplin, Classical Form (1998), ch. 2 and 3; plagal and phrygian: W. Piston, Harmony, on cadences",
        9,
        parsing.cadences,
        many=True,
    ),
    Wish(
        "like",
        "--like",
        "MEASURES@MEASURE",
        "new notes echo measures: M1-4@9 makes 9 to 12 like 1 to 4, where what is given is the same",
        "J.-P. Briot & F. Pachet, Deep learning for music generation (2018), section 3: structure",
        3,
        parsing.echoes,
        many=True,
    ),
    Wish(
        "near",
        "--near",
        "SHARE",
        "share of the cells that keep what stood there, from 0 to 1; of vary alone",
        "G. Hadjeres, F. Pachet & F. Nielsen, DeepBach (2017), section 2: resampling what stands there",
        1,
        parsing.number("near", 0, 1),
    ),
    Wish(
        "max_copy",
        "--max-copy",
        "BEATS",
        "never quotes the training corpus for longer",
        "A. Papadopoulos, P. Roy & F. Pachet, Avoiding Plagiarism in Markov Sequence Generation (2014)",
        2,
        parsing.number("max-copy", 0),
    ),
)

WISHES: dict[str, Wish] = {row.name: row for row in _ROWS}


def wishes_of(**options: Any) -> Wishes:
    """Wishes from what users write: texts as behind flags, or values; None asks for nothing.

    Raises
    ------
    RequestError
        One is not known or cannot be read, or two contradict each other.

    Examples
    --------
    >>> wishes_of(ranges="Tenor:C3-G4", max_leap="fifth").max_leap
    7
    """
    if unknown := sorted(set(options) - set(WISHES)):
        raise RequestError(f"there is no wish '{unknown[0]}'; the wishes are {', '.join(WISHES)}")
    return Wishes(**{name: WISHES[name].read(value) for name, value in options.items() if value is not None})
