"""What scoreassist does with one file of unknown origin, checked by `judge` and by music21.

The file is opened, saved, described, and where somebody sings, two measures of one voice are emptied and filled
again; a lone melody is harmonized too. An `Account` says how far that came and what went wrong on the way.
"""

from __future__ import annotations

import copy
import re
import time
import traceback
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import judge
import music21
from holes import Hole, choose_hole, dig
from lxml import etree
from schema import schema_errors

import scoreassist
from scoreassist.score.singers import Choir, find_choir
from scoreassist.score.timeline import read_timeline

SLOW_SECONDS = 20
NOBODY = "nobody"
MUSIC21 = Path(music21.__file__).parent
SUITE = "musicxml/lilypondTestSuite"
SUFFIXES = (".xml", ".musicxml", ".mxl")


class Watch:
    """Adds up the processor's seconds that scoreassist takes, without those of its judges."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __enter__(self) -> None:
        self._began = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.process_time() - self._began


@dataclass
class Account:
    """What became of one file.

    Attributes
    ----------
    name : str
        Path below music21's folder.
    refused : str
        Why the file was not opened; empty if it was.
    same, counted : bool
        Whether it was saved as it was, and described as music21 describes it.
    filled, harmonized : bool
    unfilled : str
        Why nothing was filled, where nothing was.
    valid, equal : bool or None
        Whether what was filled brought no new errors under the schema, and all else stayed; None if unfilled.
    failures : list of str
    seconds : float
    """

    name: str
    refused: str = ""
    same: bool = False
    counted: bool = False
    filled: bool = False
    harmonized: bool = False
    unfilled: str = ""
    valid: bool | None = None
    equal: bool | None = None
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def files() -> list[str]:
    """The unofficial MusicXML test suite and the corpus, as music21 ships them."""
    found = [p for folder in (SUITE, "corpus") for p in sorted((MUSIC21 / folder).rglob("*"))]
    return [p.relative_to(MUSIC21).as_posix() for p in found if p.suffix in SUFFIXES]


def group(name: str) -> str:
    """Which row of the table a file belongs to."""
    if name.startswith(SUITE):
        return "MusicXML test suite"
    composer = name.split("/")[1]
    return {"bach": "Bach", "trecento": "trecento"}.get(composer, "other composers")


def spread(names: list[str], limit: int | None) -> list[str]:
    """So many of some files, evenly spread; all if there are fewer."""
    if limit is None or limit >= len(names):
        return names
    return [names[place * len(names) // limit] for place in range(limit)]


def without_place(reason: str) -> str:
    """A reason without file, part, measure and numbers, so that like ones can be counted."""
    return re.sub(r"\d+", "#", re.sub(r"^[^:]*(?:score|part|measure)[^:]*: ", "", reason)).strip()


def examine(name: str, seed: int = 1) -> Account:
    """Put one file through everything; whatever goes wrong is in the account."""
    account, watch = Account(name), Watch()
    data = (MUSIC21 / name).read_bytes()
    try:
        try:
            with watch:
                score = scoreassist.open_score(data, name)
                described = scoreassist.inspect(score)
        except scoreassist.ScoreassistError as error:
            account.refused = str(error).removeprefix(name)
            return account
        account.same = _noted(account, "saved", saved_otherwise(score, data))
        account.counted = _noted(account, "described", counted_otherwise(described, MUSIC21 / name, score.root))
        _fill(account, score, seed, watch)
        _harmonize(account, score, seed, watch)
    except Exception as error:  # a failure of this file, and the rest goes on
        account.failures.append(f"{type(error).__name__}: {error}{_where(error)}")
    finally:
        account.seconds = watch.seconds
        if account.seconds > SLOW_SECONDS:
            account.failures.append(f"took {account.seconds:.0f} s")
    return account


def _where(error: Exception) -> str:
    """Where an error arose."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f" ({Path(frame.filename).name}:{frame.lineno}, {frame.name})"


def _noted(account: Account, what: str, wrong: list[str]) -> bool:
    account.failures += [f"{what}: {row}" for row in wrong]
    return not wrong


# --- opening and saving ----------------------------------------------------------------------------------


def saved_otherwise(score: scoreassist.Score, data: bytes) -> list[str]:
    """What differs when a score that nobody edited is saved, plain and in an archive."""
    wrong = [] if score.to_bytes() == data else ["other bytes than were read"]
    plain, packed = score.to_xml(), score.to_mxl()
    if scoreassist.open_score(plain).to_bytes() != plain:
        wrong.append("other bytes as .musicxml")
    again = scoreassist.open_score(packed)
    if again.to_xml() != plain or again.to_bytes() != packed:
        wrong.append("other bytes inside .mxl")
    return wrong


def counted_otherwise(described: dict[str, Any], path: Path, root: etree._Element) -> list[str]:
    """Where `inspect` counts other parts or measures than music21.

    music21 makes a part of each staff, of which the first counts here, and leaves out what the part list lacks.
    """
    listed = {row.get("id") for row in root.findall("part-list/score-part")}
    unlisted = {part.get("id") for part in root.findall("part")} - listed
    read = music21.converter.parse(path, forceSource=True, storePickle=False)
    theirs = [
        len(part.getElementsByClass(music21.stream.Measure))
        for part in read.parts
        if not isinstance(part, music21.stream.PartStaff) or str(part.id).endswith("-Staff1")
    ]
    ours = [part["measures"] for part in described["parts"] if part["id"] not in unlisted]
    return [] if ours == theirs else [f"measures of each part {ours}, by music21 {theirs}"]


# --- filling it ------------------------------------------------------------------------------------------


def _fill(account: Account, score: scoreassist.Score, seed: int, watch: Watch) -> None:
    choir = _singers(score)
    if choir is None:
        account.unfilled = "nobody sings"
        return
    root = judge.parse(score.to_xml())
    if (reason := _unjudged(root)) is not None:
        account.unfilled = f"the judge cannot read it: {reason}"
        return
    hole = choose_hole(choir.written(), root, f"{seed} {account.name}")
    if hole is None:
        account.unfilled = "no two measures with notes and numbers of their own"
        return
    whole = copy.deepcopy(root)
    dig(root, hole)
    before = etree.tostring(root)
    voice = _voice_of(scoreassist.open_score(before), hole.line)
    if voice is None:
        account.unfilled = "without the notes of the hole nobody tells who sings there"
        return
    try:
        with watch:
            result = scoreassist.complete(before, measures=hole.numbers, parts=[voice], seed=seed, candidates=1)
    except scoreassist.InputError as error:
        account.unfilled = str(error)
        return
    account.filled = True
    after = result.score.to_xml()
    account.valid = _noted(account, f"filled {hole}", new_errors(before, after, hole.numbers))
    touched = [(hole.line[0], index) for index in range(hole.first, hole.last + 1)]
    account.equal = _noted(
        account, f"filled {hole}", moved(judge.parse(before), judge.parse(after), touched, hole.line)
    )
    _noted(account, f"filled {hole}", badly_filled(whole, judge.parse(before), judge.parse(after), hole))


def _unjudged(root: etree._Element) -> str | None:
    """Why `judge` makes nothing of a score, whose notes need not be where they seem."""
    try:
        judge.lines(root)
    except AssertionError as error:
        return str(error)
    return None


def _voice_of(score: scoreassist.Score, line: judge.Line) -> str | None:
    """Name of the singer of a line."""
    choir = _singers(score)
    singers = choir.written().singers.values() if choir else ()
    return next((s.name for s in singers if (s.part.id, s.staff, s.number) == line), None)


def _singers(score: scoreassist.Score) -> Choir | None:
    try:
        choir = find_choir(read_timeline(score))
    except scoreassist.ScoreassistError:
        return None
    return choir if any(singer.notes() for singer in choir.singers.values()) else None


def new_errors(before: bytes, after: bytes, touched: Collection[str] | None = None) -> list[str]:
    """What is wrong under the schema, or as `scoreassist.validate` finds, that was not wrong before.

    Beams count in the measures `touched` alone, if these are given: where a file leaves beams open, those that are
    written into a hole end them, and what follows is found to be loose.
    """
    known = Counter(map(_kind, scoreassist.validate(before)))
    found = []
    for finding in scoreassist.validate(after):
        known[_kind(finding)] -= 1
        beside = finding.rule == "beam" and touched is not None and finding.measure not in touched
        if known[_kind(finding)] < 0 and not beside:
            found.append(f"part {finding.part}, measure {finding.measure}: {finding.message}")
    schema = schema_errors(before)
    return [*found, *(f"schema: {row}" for row in schema_errors(after) if row not in schema)]


def _kind(finding: scoreassist.Finding) -> tuple[str | None, str | None, str]:
    return finding.part, finding.measure, finding.rule


def moved(
    before: etree._Element, after: etree._Element, touched: list[tuple[str, int]], hole: judge.Line
) -> list[str]:
    """What changed outside the hole: in other measures, or in other lines of the same measures."""
    bare = [_without_beams_beside(_without_styles(root), touched) for root in (before, after)]
    wrong = judge.differences(*bare, touched=touched)
    now = judge.lines(after)
    for line, rows in judge.lines(before).items():
        if line != hole and judge.notes_of(now.get(line, [])) != judge.notes_of(rows):
            wrong.append(f"the notes of {line}")
    return wrong


def _without_styles(root: etree._Element) -> etree._Element:
    """A score without slashes and signs of repetition, which go where notes come."""
    bare = copy.deepcopy(root)
    for style in bare.xpath(".//measure-style[slash or measure-repeat or beat-repeat]"):
        attributes = style.getparent()
        attributes.remove(style)
        if len(attributes) == 0:
            attributes.getparent().remove(attributes)
    return bare


def _without_beams_beside(root: etree._Element, touched: list[tuple[str, int]]) -> etree._Element:
    """A score without the beams of the measures next to those that were touched: they may reach over a barline."""
    for part in root.findall("part"):
        inside = {index for part_id, index in touched if part_id == part.get("id")}
        for index, measure in enumerate(part.findall("measure")):
            if inside & {index - 1, index + 1}:
                for beam in measure.findall("note/beam"):
                    judge.cut(beam)
    return root


def badly_filled(whole: etree._Element, before: etree._Element, after: etree._Element, hole: Hole) -> list[str]:
    """What is wrong with the notation that was not wrong before, and whether anything was written."""
    lines = judge.lines(after)
    region = [s for line, rows in lines.items() if line[:2] == hole.line[:2] for s in _span(rows, hole)]
    old = judge.lines(before)
    kept = [s for line, rows in old.items() if line[:2] == hole.line[:2] for s in _span(rows, hole)]
    wrong = new_mistakes([_near(whole, hole), _near(before, hole)], _near(after, hole))
    if sum(s.midi is not None for s in region) <= sum(s.midi is not None for s in kept):
        wrong.append("nothing was written")
    return wrong


def _near(root: etree._Element, hole: Hole) -> etree._Element:
    """The hole and the measures beside it, in a part that is empty elsewhere; the rest is known to be the same."""
    near = copy.deepcopy(root)
    judge.keep_parts(near, [hole.line[0]])
    for index, measure in enumerate(near.iterfind("part/measure")):
        for child in list(measure) if not hole.first - 1 <= index <= hole.last + 1 else ():
            if child.tag != "attributes":
                measure.remove(child)
    return near


def _span(rows: list[list[judge.Sound]], hole: Hole) -> list[judge.Sound]:
    return [sound for row in rows[hole.first : hole.last + 1] for sound in row]


def new_mistakes(before: list[etree._Element], after: etree._Element) -> list[str]:
    """Gaps, loose ties, values and accidentals that mislead, if they were in none of the scores before."""
    known = {row for root in before for row in mistakes(root)}
    return [row for row in mistakes(after) if row not in known]


def mistakes(root: etree._Element) -> list[str]:
    """Gaps, loose ties, values and accidentals that mislead.

    A `<forward>` that names no voice only leads on to a later moment; no voice is held to fill it.
    """
    root = copy.deepcopy(root)
    for forward in root.iter("forward"):
        if forward.find("voice") is None:
            etree.SubElement(forward, "voice").text = NOBODY
    wrong = judge.accidentals_that_mislead(root)
    for line in judge.lines(root):
        if line[2] == NOBODY:
            continue
        for measure in (judge.gaps, judge.dangling_ties, judge.values_that_do_not_fit):
            wrong += [f"{line}: {row}" for row in measure(root, line)]
    return wrong


# --- harmonizing -----------------------------------------------------------------------------------------


def _harmonize(account: Account, score: scoreassist.Score, seed: int, watch: Watch) -> None:
    choir = _singers(score)
    if choir is None or len(choir.singers) != 1 or len(score.root.findall("part")) != 1:
        return
    before = score.to_xml()
    try:
        with watch:
            result = scoreassist.harmonize(before, layout="open", seed=seed, candidates=1)
    except scoreassist.InputError as error:
        account.unfilled += f"; not harmonized: {error}"
        return
    account.harmonized = True
    after = result.score.to_xml()
    root, new = judge.parse(before), judge.parse(after)
    given = {part.get("id") for part in root.findall("part")}
    added = [str(part.get("id")) for part in new.findall("part") if part.get("id") not in given]
    wrong = judge.differences(root, new, added=added) + new_mistakes([root], new)
    # New measures are as long as those of the melody, be they right or wrong.
    wrong += [row for row in new_errors(before, after) if " lasts " not in row]
    lines = judge.lines(new)
    # Measures that do not last whole sixteenths stay empty, as the README says.
    length = [whole if (4 * whole).denominator == 1 else Fraction(0) for whole in judge.lengths(new)]
    melody = [rows for line, rows in lines.items() if line[0] in given]
    for line, rows in lines.items():
        if line[0] in added:
            wrong += judge.silent_where_given_sings(melody, rows, length)
    _noted(account, "harmonized", wrong)
