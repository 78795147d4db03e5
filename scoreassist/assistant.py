"""What can be asked of scoreassist, in whatever style: `choirmaster` and `pianist` do it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from scoreassist.errors import ScoreassistError
from scoreassist.files.document import Score, open_score
from scoreassist.result import FillOptions, Result
from scoreassist.styles import STYLE, find_style
from scoreassist.theory.keys import parse_key
from scoreassist.writing.blank import parse_metre

if TYPE_CHECKING:
    from scoreassist.rendering import RenderOptions

__all__ = [
    "FillOptions",
    "Result",
    "compare",
    "complete",
    "continue_",
    "generate",
    "harmonize",
    "picture",
    "render",
    "vary",
]


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
        keep_marks``; of chorales ``answers, passes, lyrics`` and all wishes of
        `scoreassist.wishes.table.WISHES`, as they are written behind flags, or ``wishes``, all in one, as
        `wishes_of` there makes it; of ragtime ``iterations, progress``.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        The score cannot be read, or nobody sings.
    RequestError
        The request does not fit the score, or contradicts itself.

    Examples
    --------
    >>> import scoreassist
    >>> result = scoreassist.harmonize("examples/amazing-grace.musicxml", seed=1, max_leap="octave")
    >>> result.score.save("amazing-grace-satb.musicxml")  # doctest: +SKIP
    """
    choral = {name: wish for name, wish in (("layout", layout), ("given", given)) if wish is not None}
    result: Result = _master(style).harmonize(source, measures=measures, parts=parts, **choral, **options)
    return result


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
        As of `harmonize`.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        The score cannot be read, or nobody sings.
    RequestError
        Measures or parts are not in the score, or the request contradicts itself.
    """
    result: Result = _master(style).complete(source, measures=measures, parts=parts, **options)
    return result


def vary(source: Any, *, measures: Any = None, parts: Sequence[str] = (), **options: Any) -> Result:
    """Write some of what stands there anew, near to what it was.

    What changes are whole stretches of a beat or two, chosen by the seed; a share of the cells stays.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
        For a choir.
    measures, parts
        What may vary, named as of `complete`; default everything but what the word ``keep`` keeps. Rests stay.
    **options
        As of `harmonize`, and ``near``: the share that stays, 0 to 1, default `scoreassist.choirmaster.NEAR`.

    Returns
    -------
    Result

    Raises
    ------
    InputError, RequestError
        As of `complete`.

    Examples
    --------
    >>> import scoreassist
    >>> result = scoreassist.vary("examples/marked-words.musicxml", near=0.5, seed=2)  # doctest: +SKIP
    """
    from scoreassist import choirmaster

    return choirmaster.vary(source, measures=measures, parts=parts, **options)


def continue_(
    source: Any, *, style: str = STYLE, measures: int = 8, parts: Sequence[str] = (), **options: Any
) -> Result:
    """Append measures to a score and fill them, to a close.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
    style : ``chorale`` or ``ragtime``
    measures : int
        1 to 512. Where an upbeat has left the last measure short, what completes it does not count.
    parts
        Who is to go on, default all; the others get rests.
    **options
        As of `harmonize`.

    Returns
    -------
    Result

    Raises
    ------
    InputError, RequestError
        As of `complete`.
    """
    result: Result = _master(style).go_on(source, measures=measures, parts=parts, **options)
    return result


def _master(style: str) -> ModuleType:
    """The module that fills scores of a style."""
    if find_style(style).for_piano:
        from scoreassist import pianist

        return pianist
    from scoreassist import choirmaster

    return choirmaster


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
        As of `harmonize`, where they make sense of a new score.

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
    if chosen.for_piano:
        from scoreassist import pianist

        chosen.check_options(options)
        return pianist.generate(measures, named.fifths, minor=named.minor, title=title, **options)
    from scoreassist import choirmaster

    return choirmaster.generate(measures, named, signature, where, title, **options)


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
    source: Any,
    path: str | Path,
    *,
    page: int | None = None,
    highlight: str | None = "#C00000",
    explain: bool = False,
    options: RenderOptions | None = None,
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
    explain : bool
        Under each system of a `Result`, a strip that says how sure the model is of each measure, and where a
        strict teacher would mark something; what is copied stands at the end.
    options : RenderOptions, optional
        Paper, staff size and breaks.

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
    from scoreassist.rendering import RenderOptions, write

    drawn = source if isinstance(source, Result) else open_score(source)
    look = options or RenderOptions()
    strips = _strips(drawn, look) if explain and isinstance(drawn, Result) else {"options": look}
    try:
        return write(picture(drawn, highlight=highlight), path, page=page, **strips)
    except ScoreassistError as error:
        error.source = error.source or (drawn.score if isinstance(drawn, Result) else drawn).name
        raise


def _strips(result: Result, options: RenderOptions) -> dict[str, Any]:
    """How `rendering.write` draws strips under a result."""
    from scoreassist.picture.strip import Mark, MeasureRow, explained, with_room

    counsel = result.counsel
    if counsel is None:
        return {"options": options}
    marks: dict[int, list[Mark]] = {}
    for finding, index, at in counsel.placed:
        marks.setdefault(index, []).append(Mark(finding.rule, at))
    nats = {row.index: row.nats for row in counsel.likelihood}
    rows = [MeasureRow(index, nats.get(index), tuple(marks.get(index, ()))) for index in sorted({*nats, *marks})]
    legend = [counsel.copied_text()]
    return {
        "options": with_room(options, rows, legend),
        "decorate": lambda pages: explained(pages, rows, legend),
    }


def compare(result: Result, path: str | Path, *, highlight: str | None = "#C00000") -> list[Path]:
    """Draw all answers of a result in one picture, each with what is said about it.

    Parameters
    ----------
    result : Result
    path : path
        ``.svg``, ``.png`` or ``.pdf``.
    highlight : str, optional
        Colour of the new notes.

    Returns
    -------
    list of paths written

    Raises
    ------
    RequestError
        Unknown extension.
    OutputError
        The picture cannot be drawn, or the file not be written.
    """
    from scoreassist.picture.compare import write_compared

    answers = result.answers or [result]
    titles = [f"{number}: {answer.summary()}" for number, answer in enumerate(answers, 1)]
    return write_compared([picture(answer, highlight=highlight) for answer in answers], titles, path)
