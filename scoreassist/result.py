"""What a fill gives back, and what it can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

from lxml import etree

from scoreassist.counsel.fills import Counsel
from scoreassist.errors import RequestError
from scoreassist.files.document import Score
from scoreassist.options import CANDIDATES, MODEL, MOST_ANSWERS, PASSES, TEMPERATURE
from scoreassist.score.singers import Choir
from scoreassist.score.timeline import Timeline
from scoreassist.styles import no_effect
from scoreassist.wishes.table import Wishes
from scoreassist.writing.stems import is_there

LYRICS = ("none", "copy")

Options = TypeVar("Options")


def options_of(cls: type[Options], wishes: dict[str, Any], style: str) -> Options:
    """A dataclass of options from options by name.

    Raises
    ------
    RequestError
        One is none of the style's.
    """
    known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
    for name in wishes:
        if name not in known:
            raise no_effect(name, style, known)
    return cls(**wishes)


Limit = tuple[str, float, float]
"""The name of an option, and the least and the most that it may be; `TEMPERED` takes fractions."""

TEMPERED = "temperature"

# What options may be: single precision still tells logits apart, memory suffices, a seed fits 64 bits.
SEEDS: Limit = ("seed", -(2**63), 2**63 - 1)
_LIMITS: tuple[Limit, ...] = (
    SEEDS,
    (TEMPERED, 0.01, 100),
    ("candidates", 1, 256),
    ("answers", 1, MOST_ANSWERS),
    ("passes", 0, 256),
)
SEARCH_LIMITS: tuple[Limit, ...] = (SEEDS, ("iterations", 0, 10_000), (TEMPERED, 0, 10))  # of ragtime


def check_limits(options: Any, rows: Iterable[Limit]) -> None:
    """Refuse options, attributes of an object, that are no numbers or out of their limits.

    Raises
    ------
    RequestError
        There is such an option.
    """
    for name, low, high in rows:
        value = getattr(options, name)
        whole = name != TEMPERED
        if not isinstance(value, int if whole else int | float) or isinstance(value, bool):
            raise RequestError(f"{name} is {value!r}; it must be a {'whole ' if whole else ''}number")
        if not low <= value <= high:
            raise RequestError(f"{name} is {value}; it must lie between {low} and {high}")


@dataclass(frozen=True)
class Result:
    """A filled score and what was done to it.

    Attributes
    ----------
    score : Score
    filled : list of dict
        One row a singer and measure: ``part, measure, voice, notes``.
    model : str
    seed : int
    seconds : dict
        ``reading``, ``model``, ``writing``.
    log_probability : float or None
        Mean over the chosen cells, in nats; None when nothing was chosen, and for ragtime.
    transposition : int
        Semitones by which the model read the score higher.
    replaced : dict of str to int
        Given notes that gave way to new ones, by singer.
    kept : list of dict
        What marks cover and no hole could open, a note that reaches over their edge: ``voice, first, last, by``.
    doubts : list of str
        What looks like a mark and is none.
    new : list of elements
        The notes that were written, for pictures.
    counsel : Counsel or None
        What is said about it; None for ragtime, and when nothing was chosen.
    answers : list of Result
        All of them, the best first, this one among them; empty where one was asked for.
    """

    score: Score
    filled: list[dict[str, Any]]
    model: str
    seed: int
    seconds: dict[str, float]
    log_probability: float | None
    transposition: int = 0
    replaced: dict[str, int] = field(default_factory=dict)
    kept: list[dict[str, str]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    new: list[etree._Element] = field(default_factory=list, repr=False)
    counsel: Counsel | None = field(default=None, repr=False)
    answers: list[Result] = field(default_factory=list, repr=False)

    @property
    def gave_way(self) -> dict[str, int]:
        """Wishes and rules that had to give way, and how often."""
        names = [row.name for row in self.counsel.gave_way] if self.counsel else []
        return {name: names.count(name) for name in dict.fromkeys(names)}

    def summary(self) -> str:
        """What is said about it, in a line."""
        sure = "" if self.log_probability is None else f"log-probability {self.log_probability:.2f} nats a cell"
        if self.counsel is None:
            return sure
        gave_way = ", ".join(f"{name} gave way {count} times" for name, count in self.gave_way.items())
        told = (sure, self.counsel.findings_text(), self.counsel.copied_text(), gave_way)
        return "; ".join(text for text in told if text)

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``."""
        return {
            "score": self.score.name,
            "filled": self.filled,
            "notes": sum(row["notes"] for row in self.filled),
            "model": self.model,
            "seed": self.seed,
            "seconds": {key: round(value, 3) for key, value in self.seconds.items()},
            "log_probability": None if self.log_probability is None else round(self.log_probability, 4),
            "gave_way": self.gave_way,
            "transposition": self.transposition,
            "replaced": self.replaced,
            "kept": self.kept,
            "doubts": self.doubts,
            **(self.counsel.as_json() if self.counsel else {}),
        }


def rows_of(timeline: Timeline, choir: Choir, counts: Mapping[tuple[int, int], int]) -> list[dict[str, Any]]:
    """Rows of `Result.filled`, from how many notes are new by (voice, measure index)."""
    return [
        {
            "part": choir.singers[voice].part.name or choir.singers[voice].part.id,
            "measure": timeline.measures[index].number,
            "voice": choir.singers[voice].name,
            "notes": count,
        }
        for (voice, index), count in sorted(counts.items())
        if count
    ]


def replaced_of(choir: Choir) -> dict[str, int]:
    """How many given notes are no longer there, by singer."""
    gone = {
        singer.name: sum(
            not is_there(note.element)
            for index, events in enumerate(singer.measures)
            for event in events
            if event.kind != "rest"
            for note in singer.stem(index, event)
        )
        for _, singer in sorted(choir.singers.items())
    }
    return {name: count for name, count in gone.items() if count}


@dataclass(frozen=True)
class FillOptions:
    """How holes are filled; the same for `harmonize` and `complete`.

    Attributes
    ----------
    seed : int
    temperature : float
        Divides the logits.
    candidates : int
        Drawn as one batch, the best of which are kept.
    answers : int
        How many are kept, made different from one another.
    passes : int
        How often what was drawn is revised.
    model : str
    lyrics : ``none`` or ``copy``
        Whether new voices get the words of a given one, and notes to sing them on.
    keep_marks : bool
        Whether words and brackets that marked what to fill stay in the score.
    wishes : Wishes
        What holds of the notes that are written.

    Raises
    ------
    RequestError
        One of them is out of its limits.
    """

    seed: int = 0
    temperature: float = TEMPERATURE
    candidates: int = CANDIDATES
    answers: int = 1
    passes: int = PASSES
    model: str = MODEL
    lyrics: str = LYRICS[0]
    keep_marks: bool = False
    wishes: Wishes = field(default_factory=Wishes)

    def __post_init__(self) -> None:
        if self.lyrics not in LYRICS:
            raise RequestError(f"lyrics is '{self.lyrics}'; it must be {' or '.join(LYRICS)}")
        check_limits(self, _LIMITS)
