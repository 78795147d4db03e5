"""The whole path: a score with holes in, the same score with the holes filled out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scoreassist.errors import RequestError, ScoreassistError, UnsupportedError
from scoreassist.files.document import Score, open_score
from scoreassist.grid.notes import given_spellings, notes_of
from scoreassist.grid.passage import Passage, build_passage
from scoreassist.grid.voices import Grid
from scoreassist.grid.windows import windows
from scoreassist.networks.store import load_filler
from scoreassist.result import FillOptions, Result, options_of, replaced_of, rows_of
from scoreassist.score.flags import select, wanted_voices
from scoreassist.score.marks import Marks, find_harmony, find_marks
from scoreassist.score.regions import describe
from scoreassist.score.singers import VOICES, Choir, find_choir
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.styles import STYLE, find_style
from scoreassist.theory.form import UPBEAT, settle_form
from scoreassist.theory.keys import parse_key
from scoreassist.theory.spelling import spell
from scoreassist.writing.blank import blank_score, parse_metre
from scoreassist.writing.copyist import write_notes
from scoreassist.writing.elements import erase
from scoreassist.writing.lyrics import find_text, share_text, sung_on, text_of
from scoreassist.writing.parts import add_missing_singers, suits_closed
from scoreassist.writing.pen import NewNote, Placed

if TYPE_CHECKING:
    from scoreassist.networks.filler import Filling

LAYOUTS = ("open", "closed")


def harmonize(
    source: Any,
    *,
    style: str = STYLE,
    layout: str | None = None,
    given: str | None = None,
    measures: Any = None,
    parts: Sequence[str] = (),
    **options: Any,
) -> Result:
    """Write the voices of SATB that a score lacks, and fill those that are empty; or a rag under a melody.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
        With at least one voice that sings; a lone melody is the soprano unless its clef says otherwise.
    style : ``chorale`` or ``ragtime``
        See `scoreassist.styles`; the latter writes what goes with a melody on the piano.
    layout : ``open`` (four staves) or ``closed`` (two); default what the score has, closed for a lone melody
    given : ``soprano``, ``alto``, ``tenor`` or ``bass``, optional
        The voice that a lone melody sings.
    measures, parts
        Only these of what is missing or empty; see `complete`.
    **options
        Fields of `FillOptions`, or of `scoreassist.pianist.PianoOptions`: ``seed, temperature, candidates, model,
        keep_marks``; of chorales ``passes, lyrics``; of ragtime ``iterations, progress``.

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
    if find_style(style).for_piano:
        from scoreassist import pianist

        choral = {name: wish for name, wish in (("layout", layout), ("given", given)) if wish is not None}
        return pianist.harmonize(source, measures=measures, parts=parts, **choral, **options)
    if layout is not None and layout not in LAYOUTS:
        raise RequestError(f"there is no layout '{layout}'; use open or closed")
    began = time.perf_counter()
    wishes = options_of(FillOptions, options, "chorales")
    score, timeline, choir = _read(source, given)
    chosen = layout or (choir.layout if choir.layout == "open" or suits_closed(choir) else "open")
    selection = select(measures, parts)
    added = add_missing_singers(timeline, choir, chosen, wanted_voices(selection))
    marks = find_harmony(timeline, choir, selection)
    return _fill(began, score, timeline, choir, marks, wishes, added)


def complete(
    source: Any, *, style: str = STYLE, measures: Any = None, parts: Sequence[str] = (), **options: Any
) -> Result:
    """Fill what is marked or empty, and nothing else.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
    style : ``chorale`` or ``ragtime``
    measures : (first, last), ``"5-8"`` or ``"5.3-8.1"``, optional
        Measure numbers as printed, with beats after a point; both ends are meant.
    parts : names of singers, parts or part ids
        Default all.
    **options
        Fields of `FillOptions`, or of `scoreassist.pianist.PianoOptions`: ``seed, temperature, candidates, model,
        keep_marks``; of chorales ``passes, lyrics``; of ragtime ``iterations, progress``.

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
    if find_style(style).for_piano:
        from scoreassist import pianist

        return pianist.complete(source, measures=measures, parts=parts, **options)
    began = time.perf_counter()
    wishes = options_of(FillOptions, options, "chorales")
    score, timeline, choir = _read(source, None)
    choir = choir.written()
    return _fill(began, score, timeline, choir, find_marks(timeline, choir, select(measures, parts)), wishes, [])


def generate(
    *,
    style: str = STYLE,
    measures: int = 16,
    key: str | None = None,
    metre: str | None = None,
    layout: str | None = None,
    title: str | None = None,
    **options: Any,
) -> Result:
    """Write a new score.

    Parameters
    ----------
    style : a key of `scoreassist.styles.STYLES`
    measures : int
        1 to 512; an upbeat does not count.
    key : str, optional
        ``A-``, ``F#``; ``f#`` or ``D minor`` for minor keys. Default the style's.
    metre, layout : str, optional
        Of those that the style has; default its first.
    title : str, optional
    **options
        Those that the style has: ``seed, temperature, candidates``, and ``passes`` or ``iterations``.

    Returns
    -------
    Result

    Raises
    ------
    RequestError
        One of them is not what can be written.

    Examples
    --------
    >>> import scoreassist
    >>> result = scoreassist.generate(style="chorale", measures=4, key="G", seed=1)
    """
    chosen = find_style(style)
    named = parse_key(key or chosen.key)
    signature = parse_metre(chosen.choose("metre", metre))
    where = chosen.choose("layout", layout)
    chosen.check_options(options)
    if chosen.for_piano:
        from scoreassist.pianist import generate as generate_rag

        return generate_rag(measures, named.fifths, minor=named.minor, title=title, **options)
    began = time.perf_counter()
    wishes = options_of(FillOptions, options, "chorales")
    score = blank_score(measures, named.fifths, signature, where, title, UPBEAT, minor=named.minor)
    timeline = read_timeline(score)
    choir = find_choir(timeline)
    marks = find_marks(timeline, choir, select((timeline.measures[0].number, timeline.measures[-1].number)))

    def shaped(passage: Passage) -> Passage:
        return replace(passage, grid=settle_form(passage.grid, named, signature, wishes.seed))

    return _fill(began, score, timeline, choir, marks, wishes, [], shaped)


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
    shaped: Callable[[Passage], Passage] = lambda passage: passage,
) -> Result:
    passage = shaped(build_passage(timeline, choir, marks.regions))
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
        filled=rows_of(timeline, choir, _counts(notes)),
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
        replaced=replaced_of(choir),
        kept=describe(passage.stretches(passage.kept, "kept"), timeline),
        doubts=marks.doubts,
        new=[placed.element for row in written.values() for placed in row],
    )


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


def _counts(notes: Notes) -> dict[tuple[int, int], int]:
    """How many new notes there are, by voice and measure."""
    return {
        place: sum(1 for _, _, row in stretches for note in row if note.midi is not None)
        for place, stretches in notes.items()
    }


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
