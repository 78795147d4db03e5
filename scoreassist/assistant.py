"""The whole path: a score with holes in, the same score with the holes filled out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from lxml import etree

from scoreassist.errors import RequestError, ScoreassistError, UnsupportedError
from scoreassist.files.document import Score, open_score
from scoreassist.grid.notes import given_spellings, notes_of
from scoreassist.grid.passage import Passage, build_passage
from scoreassist.grid.voices import Grid
from scoreassist.grid.windows import windows
from scoreassist.networks.store import load_filler
from scoreassist.options import CANDIDATES, MODEL, PASSES, TEMPERATURE
from scoreassist.score.flags import select, wanted_voices
from scoreassist.score.marks import Marks, find_harmony, find_marks
from scoreassist.score.regions import describe
from scoreassist.score.singers import VOICES, Choir, find_choir
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.theory.spelling import spell
from scoreassist.writing.copyist import write_notes
from scoreassist.writing.elements import erase
from scoreassist.writing.lyrics import find_text, share_text, sung_on, text_of
from scoreassist.writing.parts import add_missing_singers, suits_closed
from scoreassist.writing.pen import NewNote, Placed
from scoreassist.writing.stems import is_there

if TYPE_CHECKING:
    from scoreassist.networks.filler import Filling

LAYOUTS = ("open", "closed")
LYRICS = ("none", "copy")

# What options may be: single precision still tells logits apart, memory suffices, a seed fits 64 bits.
_LIMITS = (("seed", -(2**63), 2**63 - 1), ("temperature", 0.01, 100), ("candidates", 1, 256), ("passes", 0, 256))


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
        Mean over the chosen cells, in nats; None when nothing was chosen.
    gave_way : dict
        Rules that had to give way, and how often.
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
    """

    score: Score
    filled: list[dict[str, Any]]
    model: str
    seed: int
    seconds: dict[str, float]
    log_probability: float | None
    gave_way: dict[str, int] = field(default_factory=dict)
    transposition: int = 0
    replaced: dict[str, int] = field(default_factory=dict)
    kept: list[dict[str, str]] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    new: list[etree._Element] = field(default_factory=list, repr=False)

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
        }


@dataclass(frozen=True)
class FillOptions:
    """How holes are filled; the same for `harmonize` and `complete`.

    Attributes
    ----------
    seed : int
    temperature : float
        Divides the logits.
    candidates : int
    passes : int
        How often what was drawn is revised.
    model : str
    lyrics : ``none`` or ``copy``
        Whether new voices get the words of a given one, and notes to sing them on.
    keep_marks : bool
        Whether words and brackets that marked what to fill stay in the score.

    Raises
    ------
    RequestError
        One of them is out of its limits.
    """

    seed: int = 0
    temperature: float = TEMPERATURE
    candidates: int = CANDIDATES
    passes: int = PASSES
    model: str = MODEL
    lyrics: str = LYRICS[0]
    keep_marks: bool = False

    def __post_init__(self) -> None:
        if self.lyrics not in LYRICS:
            raise RequestError(f"lyrics is '{self.lyrics}'; it must be {' or '.join(LYRICS)}")
        for name, low, high in _LIMITS:
            value = getattr(self, name)
            whole = name != "temperature"
            if not isinstance(value, int if whole else int | float) or isinstance(value, bool):
                raise RequestError(f"{name} is {value!r}; it must be a {'whole ' if whole else ''}number")
            if not low <= value <= high:
                raise RequestError(f"{name} is {value}; it must lie between {low} and {high}")


def harmonize(
    source: Any,
    *,
    layout: str | None = None,
    given: str | None = None,
    measures: Any = None,
    parts: Sequence[str] = (),
    **options: Any,
) -> Result:
    """Write the voices of SATB that a score lacks, and fill those that are empty.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
        With at least one voice that sings; a lone melody is the soprano unless its clef says otherwise.
    layout : ``open`` (four staves) or ``closed`` (two); default what the score has, closed for a lone melody
    given : ``soprano``, ``alto``, ``tenor`` or ``bass``, optional
        The voice that a lone melody sings.
    measures, parts
        Only these of what is missing or empty; see `complete`.
    **options
        Fields of `FillOptions`: ``seed, temperature, candidates, passes, model, lyrics, keep_marks``.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        The score cannot be read, or nobody sings.
    RequestError
        The request does not fit the score.

    Examples
    --------
    >>> import scoreassist
    >>> result = scoreassist.harmonize("examples/amazing-grace.musicxml", seed=1)
    >>> result.score.save("amazing-grace-satb.musicxml")  # doctest: +SKIP
    """
    if layout is not None and layout not in LAYOUTS:
        raise RequestError(f"there is no layout '{layout}'; use open or closed")
    began = time.perf_counter()
    wishes = FillOptions(**options)
    score, timeline, choir = _read(source, given)
    chosen = layout or (choir.layout if choir.layout == "open" or suits_closed(choir) else "open")
    selection = select(measures, parts)
    added = add_missing_singers(timeline, choir, chosen, wanted_voices(selection))
    marks = find_harmony(timeline, choir, selection)
    return _fill(began, score, timeline, choir, marks, wishes, added)


def complete(source: Any, *, measures: Any = None, parts: Sequence[str] = (), **options: Any) -> Result:
    """Fill what is marked or empty, and nothing else.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
    measures : (first, last), ``"5-8"`` or ``"5.3-8.1"``, optional
        Measure numbers as printed, with beats after a point; both ends are meant.
    parts : names of singers, parts or part ids
        Default all.
    **options
        Fields of `FillOptions`: ``seed, temperature, candidates, passes, model, lyrics, keep_marks``.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        The score cannot be read, or nobody sings.
    RequestError
        Measures or parts are not in the score.
    """
    began = time.perf_counter()
    wishes = FillOptions(**options)
    score, timeline, choir = _read(source, None)
    choir = choir.written()
    return _fill(began, score, timeline, choir, find_marks(timeline, choir, select(measures, parts)), wishes, [])


def _read(source: Any, given: str | None) -> tuple[Score, Timeline, Choir]:
    opened = open_score(source)
    score = opened.copy()
    timeline = read_timeline(score)
    names = [name.casefold() for name in VOICES]
    if given is not None and given.casefold() not in names:
        raise RequestError(f"there is no voice '{given}'; use {', '.join(names)}", source=score.name)
    choir = find_choir(timeline, names.index(given.casefold()) if given else None)
    singing = [singer.name for _, singer in sorted(choir.singers.items()) if singer.notes()]
    if not singing:
        raise UnsupportedError("has no sung note; write at least one voice", source=score.name)
    if given is not None and given.capitalize() not in singing:
        raise RequestError(
            f"the {given} cannot be the given voice where {' and '.join(singing)} sing; leave it out",
            source=score.name,
        )
    return score, timeline, choir


def _fill(
    began: float,
    score: Score,
    timeline: Timeline,
    choir: Choir,
    marks: Marks,
    options: FillOptions,
    added: list[str],
) -> Result:
    passage = build_passage(timeline, choir, marks.regions)
    words = find_text(choir) if options.lyrics == "copy" else None
    if words is not None:
        passage = passage.with_syllables(words[1])
    read = time.perf_counter()
    filled, notes = None, {}
    written: dict[tuple[int, int], list[Placed]] = {}
    if passage.fill.any():
        filled = _choose(passage, options)
        modelled = time.perf_counter()
        sung = {voice: sung_on(singer, text_of(singer)) for voice, singer in choir.singers.items()}
        leader = words[0].voice if words is not None else None
        if leader is not None:
            sung = {voice: own or sung[leader] for voice, own in sung.items()}
        notes = _notes(passage, passage.held_on_syllables(filled.grid, sung, leader))
        written = write_notes(timeline, choir, notes, added)
        if words is not None:
            share_text(*words, choir, written)
        if not options.keep_marks:
            erase(marks.signs)
        drawn = filled.drawn & passage.fill
        mean = float(filled.log_prob[drawn].mean()) if drawn.any() else None
    else:
        modelled, mean = read, None
    return Result(
        score=score,
        filled=_rows(timeline, choir, notes),
        model=options.model,
        seed=options.seed,
        seconds={
            "reading": read - began,
            "model": modelled - read,
            "writing": time.perf_counter() - modelled,
        },
        log_probability=mean,
        gave_way=filled.gave_way if filled else {},
        transposition=filled.transposition if filled else 0,
        replaced=_replaced(choir),
        kept=describe(passage.stretches(passage.kept, "kept"), timeline),
        doubts=marks.doubts,
        new=[placed.element for row in written.values() for placed in row],
    )


def _replaced(choir: Choir) -> dict[str, int]:
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


def _choose(passage: Passage, options: FillOptions) -> Filling:
    from scoreassist.networks.filler import Task, fill_spans
    from scoreassist.sampling import SamplingOptions

    sampling = SamplingOptions(
        seed=options.seed,
        temperature=options.temperature,
        candidates=options.candidates,
        passes=options.passes,
    )
    task = Task(passage.grid, passage.rest, passage.rhythm)
    return fill_spans(load_filler(options.model), task, windows(passage), sampling)


Notes = dict[tuple[int, int], list[tuple[int, int, list[NewNote]]]]


def _notes(passage: Passage, filled: Grid) -> Notes:
    """New notes by (voice, measure index): stretches of first tick, end, notes."""
    spelling = spell(filled.pitch, filled.fifths, given_spellings(passage))
    notes: Notes = {}
    for voice in passage.choir.singers:
        for index, start, end in passage.segments(voice):
            written = notes_of(passage, filled, np.asarray(spelling), voice, (index, start, end))
            notes.setdefault((voice, index), []).append((start, end, written))
    return notes


def _rows(timeline: Timeline, choir: Choir, notes: Notes) -> list[dict[str, Any]]:
    rows = []
    for (voice, index), stretches in sorted(notes.items()):
        count = sum(1 for _, _, row in stretches for note in row if note.midi is not None)
        if count:
            singer = choir.singers[voice]
            rows.append(
                {
                    "part": singer.part.name or singer.part.id,
                    "measure": timeline.measures[index].number,
                    "voice": singer.name,
                    "notes": count,
                }
            )
    return rows


def picture(source: Result | Score, *, highlight: str | None = None) -> bytes:
    """MusicXML for a picture, with the new notes of a result in colour.

    Parameters
    ----------
    source : Result or Score
    highlight : str, optional
        Colour of the notes that a result has written, such as ``#C00000``.
    """
    if isinstance(source, Score):
        return source.to_xml()
    coloured = [e for e in source.new if e.tag == "note"] if highlight else []
    for element in coloured:
        element.set("color", str(highlight))
    try:
        return source.score.to_xml()
    finally:
        for element in coloured:
            del element.attrib["color"]


def render(
    source: Any, path: str | Path, *, page: int | None = None, highlight: str | None = "#C00000"
) -> list[Path]:
    """Draw a score (``.svg``, ``.png``, ``.pdf``) or write it as ``.mid``.

    Parameters
    ----------
    source : Result, Score, path, bytes, file object or music21 Stream
        The new notes of a `Result` are drawn in the colour `highlight`.
    path : path
        The extension decides the format; several pages of SVG or PNG are numbered ``name-1.svg``, ...
    page : int, optional
        Only this page.

    Returns
    -------
    list of paths written

    Raises
    ------
    RequestError
        Unknown extension, or no such page.
    OutputError
        The file cannot be written.
    """
    from scoreassist.rendering import write

    drawn = source if isinstance(source, Result) else open_score(source)
    try:
        return write(picture(drawn, highlight=highlight), path, page=page)
    except ScoreassistError as error:
        error.source = error.source or (drawn.score if isinstance(drawn, Result) else drawn).name
        raise
