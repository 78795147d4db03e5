"""The whole path for choirs: a score with holes in, the same score with the holes filled out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scoreassist.choosing import choose
from scoreassist.counsel.fills import Counsel, counsel_of
from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import Score, open_score
from scoreassist.grid.notes import given_spellings, notes_of
from scoreassist.grid.passage import Passage, build_passage
from scoreassist.grid.varying import to_vary
from scoreassist.grid.voices import Grid
from scoreassist.result import LYRICS, FillOptions, Result, options_of, replaced_of, rows_of
from scoreassist.score.flags import select, wanted_voices
from scoreassist.score.marks import Marks, find_harmony, find_marks, find_written
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.regions import describe
from scoreassist.score.singers import VOICES, Choir, find_choir
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.theory.cadence import tonic
from scoreassist.theory.form import UPBEAT, settle_continuation, settle_form
from scoreassist.theory.keys import Key
from scoreassist.theory.spelling import spell
from scoreassist.wishes.contradictions import refuse_near
from scoreassist.wishes.demands import MIDI, Demands, demands_of
from scoreassist.wishes.table import WISHES, Wishes, wishes_of
from scoreassist.writing.blank import blank_score
from scoreassist.writing.copyist import write_notes
from scoreassist.writing.elements import erase
from scoreassist.writing.extend import extend
from scoreassist.writing.lyrics import find_text, share_text, sung_on, text_of
from scoreassist.writing.parts import add_missing_singers, suits_closed
from scoreassist.writing.pen import NewNote

if TYPE_CHECKING:
    from scoreassist.networks.filler import Filling
    from scoreassist.score.metre import Metre

LAYOUTS = ("open", "closed")
NEAR = 0.7  # share of the cells that a variation leaves, if nothing is said


@dataclass(frozen=True)
class Prepared:
    """A copy of a score, and what of it is to be filled.

    Attributes
    ----------
    score : Score
    timeline : Timeline
    choir : Choir
    marks : Marks
    passage : Passage
    added : list of str
        Ids of new parts.
    arrivals : bool array (ticks,), optional
        Where phrases are to end, that the score does not mark.
    """

    score: Score
    timeline: Timeline
    choir: Choir
    marks: Marks
    passage: Passage
    added: list[str] = field(default_factory=list)
    arrivals: np.ndarray | None = None


def harmonize(
    source: Any,
    *,
    layout: str | None = None,
    given: str | None = None,
    measures: Any = None,
    parts: Sequence[str] = (),
    **options: Any,
) -> Result:
    """As `scoreassist.assistant.harmonize`."""
    if layout is not None and layout not in LAYOUTS:
        raise RequestError(f"there is no layout '{layout}'; use open or closed")
    opened, selection, chosen = open_score(source), select(measures, parts), _options(options)

    def prepare() -> Prepared:
        score, timeline, choir = _read(opened, given)
        usual = choir.layout if choir.layout == "open" or suits_closed(choir) else "open"
        added = add_missing_singers(timeline, choir, layout or usual, wanted_voices(selection))
        marks = find_harmony(timeline, choir, selection)
        return Prepared(score, timeline, choir, marks, build_passage(timeline, choir, marks.regions), added)

    return _fill(prepare, chosen)


def complete(source: Any, *, measures: Any = None, parts: Sequence[str] = (), **options: Any) -> Result:
    """As `scoreassist.assistant.complete`."""
    opened, selection, chosen = open_score(source), select(measures, parts), _options(options)

    def prepare() -> Prepared:
        score, timeline, choir = _read(opened, None)
        choir = choir.written()
        marks = find_marks(timeline, choir, selection)
        return Prepared(score, timeline, choir, marks, build_passage(timeline, choir, marks.regions))

    return _fill(prepare, chosen)


def vary(source: Any, *, measures: Any = None, parts: Sequence[str] = (), **options: Any) -> Result:
    """As `scoreassist.assistant.vary`."""
    opened, selection = open_score(source), select(measures, parts)
    chosen = _options(options, varies=True)
    near = NEAR if chosen.wishes.near is None else chosen.wishes.near

    def prepare() -> Prepared:
        score, timeline, choir = _read(opened, None)
        choir = choir.written()
        named = find_written(timeline, choir, selection)
        whole = build_passage(timeline, choir, named.regions)
        regions = whole.stretches(to_vary(whole, near, chosen.seed), "flag")
        passage = build_passage(timeline, choir, regions)
        return Prepared(score, timeline, choir, replace(named, regions=regions), passage)

    return _fill(prepare, chosen, varied=True)


def go_on(source: Any, *, measures: int = 8, parts: Sequence[str] = (), **options: Any) -> Result:
    """As `scoreassist.assistant.continue_`."""
    opened, chosen = open_score(source), _options(options)

    def prepare() -> Prepared:
        score, timeline, _ = _read(opened, None)
        first, last = extend(score, timeline, measures)
        timeline = read_timeline(score)
        choir = find_choir(timeline).written()
        marks = find_marks(timeline, choir, select((first, last), parts))
        passage = build_passage(timeline, choir, marks.regions)
        metre = timeline.measures[-1].metre
        key = chosen.wishes.key or _key(passage.grid)
        if metre is None or key is None or not passage.fill.any():
            return Prepared(score, timeline, choir, marks, passage)
        start = int(np.flatnonzero(passage.fill.any(axis=0))[0])
        old = passage.grid
        formed = settle_continuation(old, key, metre, chosen.seed, start, sorted(choir.singers))
        grid = _yielding(formed, passage, chosen.wishes)
        if old.fermata.any():
            return Prepared(score, timeline, choir, marks, replace(passage, grid=grid))
        # Who writes no fermatas gets none; the model knows all the same where phrases end.
        passage = replace(passage, grid=replace(grid, fermata=old.fermata))
        return Prepared(score, timeline, choir, marks, passage, arrivals=grid.fermata)

    return _fill(prepare, chosen)


def generate(measures: int, key: Key, metre: Metre, layout: str, title: str | None, **options: Any) -> Result:
    """A new chorale, with an upbeat that does not count."""
    if options.get("lyrics", LYRICS[0]) != LYRICS[0]:
        raise RequestError("a new chorale has no words; leave lyrics out")
    chosen = _options(options)

    def prepare() -> Prepared:
        score = blank_score(measures, key.fifths, metre, layout, title, UPBEAT, minor=key.minor)
        timeline = read_timeline(score)
        choir = find_choir(timeline)
        marks = _everything(timeline, choir)
        passage = build_passage(timeline, choir, marks.regions)
        formed = settle_form(passage.grid, key, metre, chosen.seed)
        passage = replace(passage, grid=_yielding(formed, passage, chosen.wishes))
        return Prepared(score, timeline, choir, marks, passage)

    return _fill(prepare, chosen)


_FLAGS = {wish.flag.lstrip("-").replace("-", "_"): name for name, wish in WISHES.items()}


def _options(options: dict[str, Any], *, varies: bool = False) -> FillOptions:
    """What was asked for, wishes among it: each by its name or as its flag is called, or all as `Wishes`."""
    options = {_FLAGS.get(name, name): value for name, value in options.items()}
    rest = {name: value for name, value in options.items() if name not in WISHES}
    single = {name: value for name, value in options.items() if name in WISHES and value is not None}
    wishes = rest.pop("wishes", None)
    if wishes is not None and not isinstance(wishes, Wishes):
        raise RequestError("wishes is not what wishes_of gives back; name each wish: max_leap='fifth'")
    if wishes is not None and single:
        raise RequestError(f"wishes is given, and {next(iter(single))} too; put it into wishes_of")
    wishes = wishes or wishes_of(**single)
    if not varies:
        refuse_near(wishes)
    return options_of(FillOptions, {**rest, "wishes": wishes}, "chorales")


def _everything(timeline: Timeline, choir: Choir) -> Marks:
    """All measures of all singers, as if they had been named."""
    return find_marks(timeline, choir, select((timeline.measures[0].number, timeline.measures[-1].number)))


def _yielding(formed: Grid, passage: Passage, wishes: Wishes) -> Grid:
    """A grid whose form has been settled, but where wishes ask for other cadences or for a range."""
    settled = formed.known & ~passage.grid.known
    for number, *_ in wishes.cadences:
        for measure in passage.timeline.measures:
            if measure.number == number:
                first, end = formed.measure_ticks(measure.index)
                settled[:, max(first - TICKS_PER_QUARTER, 0) : end] = False
    for voice in range(len(settled)):
        low, high = wishes.range_of(voice) or (0, MIDI - 1)
        settled[voice] &= (formed.pitch[voice] >= low) & (formed.pitch[voice] <= high)
    return replace(formed, known=passage.grid.known | settled)


def _key(grid: Grid) -> Key | None:
    """The key in which what is known ends."""
    found = tonic(grid)
    if found is None:
        return None
    root, major = found
    fifths = int(grid.fifths[-1])
    near = (fifths, fifths - 1, fifths + 1)  # of modes, the key with their tonic
    return next((key for f in near if (key := Key(f, minor=not major)).tonic == root), None)


def _read(source: Score, given: str | None) -> tuple[Score, Timeline, Choir]:
    score = source.copy()
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


def _fill(prepare: Callable[[], Prepared], options: FillOptions, *, varied: bool = False) -> Result:
    """Fill what is prepared; of several answers each goes into a copy of its own."""
    began = time.perf_counter()
    first = prepare()
    words = find_text(first.choir) if options.lyrics == "copy" else None
    passage = first.passage.with_syllables(words[1]) if words is not None else first.passage
    demands = demands_of(options.wishes, passage)
    wishes = options.wishes
    if first.arrivals is not None:
        demands = replace(demands, arrivals=demands.arrivals | first.arrivals)
    if varied:  # what stays has been left out of the passage
        demands, wishes = replace(demands, old=passage.grid.pitch), replace(wishes, near=None)
    read = time.perf_counter()
    if not passage.fill.any():
        return _result(first, options, {"reading": read - began, "model": 0.0, "writing": 0.0})
    fillings = choose(passage, demands, options)
    chosen = time.perf_counter()
    results = []
    for number, filling in enumerate(fillings):
        score = first if number == 0 else prepare()
        counsel = counsel_of(passage, filling.grid, filling.log_prob, filling.drawn, demands, wishes)
        results.append(_written(score, filling, counsel, options, demands))
    done = time.perf_counter()
    seconds = {"reading": read - began, "model": chosen - read, "writing": done - chosen}
    ranked = sorted((replace(result, seconds=seconds) for result in results), key=_rank)
    return replace(ranked[0], answers=ranked) if options.answers > 1 else ranked[0]


def _rank(result: Result) -> tuple[int, float]:
    """Better answers come first: that break fewer wishes and rules, then that are sounder and likelier."""
    counsel = result.counsel or Counsel()
    notes = max(sum(row["notes"] for row in result.filled), 1)
    return len(counsel.gave_way), len(counsel.findings) / notes - (result.log_probability or 0.0)


def _written(
    prepared: Prepared, filled: Filling, counsel: Counsel, options: FillOptions, demands: Demands
) -> Result:
    """Write a filling into the score that was prepared for it."""
    timeline, choir, passage = prepared.timeline, prepared.choir, prepared.passage
    words = find_text(choir) if options.lyrics == "copy" else None
    if words is not None:
        passage = passage.with_syllables(words[1])
    passage = replace(passage, rhythm=demands.rhythm)
    sung = {voice: sung_on(singer, text_of(singer)) for voice, singer in choir.singers.items()}
    leader = words[0].voice if words is not None else None
    if leader is not None:
        sung = {voice: own or sung[leader] for voice, own in sung.items()}
    notes = _notes(passage, passage.held_on_syllables(filled.grid, sung, leader))
    written = write_notes(timeline, choir, notes, prepared.added)
    if words is not None:
        share_text(*words, choir, written)
    if not options.keep_marks:
        erase(prepared.marks.signs)
    drawn = filled.drawn & passage.fill
    return _result(
        prepared,
        options,
        {},
        filled=rows_of(timeline, choir, _counts(notes)),
        log_probability=float(filled.log_prob[drawn].mean()) if drawn.any() else None,
        transposition=filled.transposition,
        counsel=counsel,
        new=[placed.element for row in written.values() for placed in row],
    )


def _result(prepared: Prepared, options: FillOptions, seconds: dict[str, float], **found: Any) -> Result:
    passage = prepared.passage
    rest: dict[str, Any] = {"filled": [], "log_probability": None, **found}
    return Result(
        score=prepared.score,
        model=options.model,
        seed=options.seed,
        seconds=seconds,
        replaced=replaced_of(prepared.choir),
        kept=describe(passage.stretches(passage.kept, "kept"), prepared.timeline),
        doubts=prepared.marks.doubts,
        **rest,
    )


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
