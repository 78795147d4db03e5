"""Whether wishes are kept in a written score, asked of its notes by simple means of their own.

Nothing here looks at how wishes are compiled or judged in the program: what a wish means is said anew. A check
returns cells (voice, tick) that do not keep it. What depends on a reading of the harmony is asked of `check`, and
what depends on the corpus of `originality`, as a user would ask.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from scoreassist.counsel.check import Music, report_on
from scoreassist.counsel.originality import copied_of, originality

Cell = tuple[int, int]
Chord = tuple[tuple[set[int], set[int]], int | None, int | None]
BASS = 3
VOICES = ("Soprano", "Alto", "Tenor", "Bass")
BEAT = 2  # the weakest metrical level that is a beat

# Semitones above the tonic by (tonality, minor).
SCALES = {
    ("diatonic", False): {0, 2, 4, 5, 7, 9, 11},
    ("diatonic", True): {0, 2, 3, 5, 7, 8, 9, 10, 11},
    ("harmonic", False): {0, 2, 4, 5, 7, 9, 11} | {6, 8, 10},
    ("harmonic", True): {0, 2, 3, 5, 7, 8, 9, 10, 11} | {4, 6},
}
CHOIRS = {
    "youth": ((60, 77), (57, 72), (50, 65), (43, 60)),
    "amateur": ((60, 79), (55, 72), (48, 67), (40, 60)),
    "professional": ((58, 82), (53, 77), (47, 71), (38, 65)),
}
LEAPS = {"fourth": 5, "fifth": 7, "P5": 7, "sixth": 9, "octave": 12}
# What `check` calls a fault against each rule of voice leading.
FAULTS = {
    "parallels": ("parallel-fifths", "parallel-octaves"),
    "hidden": ("hidden-fifths", "hidden-octaves"),
    "crossing": ("voice-crossing",),
    "overlap": ("overlap",),
    "spacing": ("spacing",),
    "leading-tone": ("unresolved-leading-tone",),
    "seventh": ("unresolved-seventh",),
    "doubled-leading-tone": ("doubled-leading-tone",),
    "leaps": ("leap",),
    "cross-relation": ("cross-relation",),
    "incomplete-chord": ("incomplete-chord",),
}
FORBIDDEN = ("parallels", "crossing", "spacing")  # where nothing else is asked
# Roots and bass of the chord of arrival, and of the one before: semitones above the tonic, (major, minor).
_TONIC, _DOMINANT = ({0, 4, 7}, {0, 3, 4, 7}), ({7, 11, 2, 5}, {7, 11, 2, 5})
ARRIVALS: dict[str, Chord] = {
    "perfect": (_TONIC, 0, 0),
    "imperfect": (_TONIC, None, None),
    "half": (({7, 11, 2}, {7, 11, 2}), 7, 7),
    "plagal": (_TONIC, 0, 0),
    "deceptive": (({9, 0, 4}, {8, 0, 3}), 9, 8),
    "phrygian": (({7, 11, 2}, {7, 11, 2}), 7, 7),
}
BEFORE: dict[str, Chord | None] = {
    "perfect": (_DOMINANT, 7, 7),
    "imperfect": (_DOMINANT, None, None),
    "half": None,
    "plagal": (({5, 9, 0}, {5, 8, 0}), 5, 5),
    "deceptive": (_DOMINANT, 7, 7),
    "phrygian": ((set(), {8, 5, 0}), None, 8),
}


@dataclass(frozen=True)
class Page:
    """A written score, and what was asked of it.

    Attributes
    ----------
    music : Music
        Read again.
    document : bytes
    before : int array (4, ticks)
        Pitches that were there before, -1 for none.
    new : bool array (4, ticks)
        Cells that were written.
    wishes : dict
        As they were asked.
    keys : list of (tonic, minor)
        The one that was asked, or else both of the signature.
    chords : list of (first tick, end, pitch classes, bass)
        Chord symbols of the score.
    varied : bool
        Whether something stood in the cells that were to be written.
    """

    music: Music
    document: bytes
    before: np.ndarray
    new: np.ndarray
    wishes: dict[str, Any]
    keys: list[tuple[int, bool]]
    chords: list[tuple[int, int, set[int], int]]
    varied: bool = False

    @property
    def pitch(self) -> np.ndarray:
        """What sounds, -1 in silence."""
        return np.where(self.music.grid.known, self.music.grid.pitch, -1)

    @property
    def begins(self) -> np.ndarray:
        """Where a note begins."""
        other = np.ones_like(self.music.grid.struck)
        other[:, 1:] = self.pitch[:, 1:] != self.pitch[:, :-1]
        return np.asarray((self.pitch >= 0) & (self.music.grid.struck | other))

    def notes(self, voice: int) -> Iterator[tuple[int, int, int]]:
        """First tick, end and pitch of every note of a voice."""
        row = self.pitch[voice]
        for first in np.flatnonzero(self.begins[voice]).tolist():
            end = first + 1
            while end < len(row) and row[end] == row[first] and not self.begins[voice, end]:
                end += 1
            yield first, end, int(row[first])

    def measures(self) -> Iterator[tuple[int, int, Any]]:
        """First tick and end of every measure, and the measure."""
        for measure in self.music.timeline.measures:
            first, end = self.music.grid.measure_ticks(measure.index)
            if first < end:
                yield first, end, measure


def _cells(mask: np.ndarray) -> list[Cell]:
    return [(int(voice), int(tick)) for voice, tick in np.argwhere(mask)]


def tonality(page: Page) -> list[Cell]:
    """New notes outside of the key; where none was asked, of the better of the signature's two keys."""
    kind = page.wishes["tonality"]
    if kind == "free":
        return []
    sung = page.new & (page.pitch >= 0)
    if "key" in page.wishes:
        return _cells(sung & ~_in_scale(page, kind, *page.keys[0]))
    wrong: list[Cell] = []
    fifths = page.music.grid.fifths
    for signature in np.unique(fifths).tolist():
        here = sung & (fifths == signature)
        keys = ((signature * 7 % 12, False), ((signature * 7 + 9) % 12, True))
        wrong += min((_cells(here & ~_in_scale(page, kind, *key)) for key in keys), key=len)
    return wrong


def _in_scale(page: Page, kind: str, tonic: int, minor: bool) -> np.ndarray:
    return np.isin((page.pitch - tonic) % 12, list(SCALES[kind, minor]))


def chords(page: Page) -> list[Cell]:
    """On beats under a chord symbol, notes that are not in it; under its beginning, another bass."""
    way = page.wishes.get("chords", "follow")
    wrong = []
    for first, end, classes, bass in page.chords:
        for tick in range(first, end) if way != "ignore" else ():
            level = page.music.grid.level[tick]
            for voice in range(4):
                pitch = int(page.pitch[voice, tick])
                if not page.new[voice, tick] or pitch < 0:
                    continue
                other_bass = voice == BASS and tick == first and pitch % 12 != bass
                on_beat = way == "follow" and (level <= BEAT or tick == first)
                if other_bass or (on_beat and pitch % 12 not in classes | {bass}):
                    wrong.append((voice, tick))
    return wrong


def rhythm(page: Page) -> list[Cell]:
    """New notes that begin elsewhere than they should, or do not begin where they should.

    Where a voice is new for the first tick, or comes out of a rest, it begins when it can; and it must behind a
    barline that splits a measure, since there may be a repeat.
    """
    asked = str(page.wishes["rhythm"])
    entered = page.new & ~np.pad(page.new & (page.pitch >= 0), ((0, 0), (1, 0)))[:, :-1]
    for first, _, measure in page.measures():
        entered[:, first] |= first > 0 and measure.pickup > 0
    if asked.startswith("as:"):
        leader = VOICES.index(asked[3:])
        own = page.begins[leader]
        wrong = page.begins & ~own & (page.pitch[leader] >= 0) & ~entered
        wrong |= (page.pitch >= 0) & ~page.begins & own
        return _cells(wrong & page.new)
    return _cells(page.new & page.begins & ~_on_grid(page, asked) & ~entered)


def _on_grid(page: Page, asked: str) -> np.ndarray:
    """Ticks that are a whole number of such values from where their full measure begins."""
    found = np.zeros(page.pitch.shape[1], dtype=bool)
    for first, end, measure in page.measures():
        compound = measure.metre.beat_type == 8 and measure.metre.beats % 3 == 0 and measure.metre.beats > 3
        unit = {"half": Fraction(2), "quarter": Fraction(1), "eighth": Fraction(1, 2)}[asked]
        unit *= Fraction(3, 2) if compound and asked != "eighth" else 1
        for tick in range(first, end):
            found[tick] = (measure.pickup + Fraction(tick - first, 4)) % unit == 0
    return found


def max_repeats(page: Page) -> list[Cell]:
    """New notes that strike a pitch again more often than they may."""
    wrong = []
    for voice in range(4):
        row = list(page.notes(voice))
        again = 0
        for (_, end, old), (first, _, pitch) in pairwise(row):
            again = again + 1 if end == first and old == pitch else 0
            if again > int(page.wishes["max_repeats"]) and page.new[voice, first]:
                wrong.append((voice, first))
    return wrong


def density(page: Page) -> list[Cell]:
    """Measures in which more new notes begin in a voice than so many a beat of it is new; one may always.

    What a variation could have changed is not to be seen in it: there the whole measure counts.
    """
    wrong = []
    level = page.music.grid.level
    for first, end, _ in page.measures():
        beats = int((level[first:end] <= BEAT).sum()) or Fraction(end - first, 4)
        for voice in range(4):
            new = page.new[voice, first:end] & (page.pitch[voice, first:end] >= 0)
            share = 1.0 if page.varied else float(new.mean())
            most = max(int(float(page.wishes["density"]) * beats * share + 1e-9), 1)
            begin = np.flatnonzero(new & page.begins[voice, first:end])
            wrong += [(voice, first + int(tick)) for tick in begin[most:]]
    return wrong


def ranges(page: Page) -> list[Cell]:
    """New notes outside of what was asked for their voice."""
    return [cell for word in page.wishes["ranges"] for cell in _outside(page, *word)]


def _outside(page: Page, name: str, low: int, high: int) -> list[Cell]:
    voice = VOICES.index(name)
    wrong = np.zeros_like(page.new)
    wrong[voice] = page.new[voice] & (page.pitch[voice] >= 0)
    return _cells(wrong & ((page.pitch < low) | (page.pitch > high)))


def choir(page: Page) -> list[Cell]:
    """New notes that such a choir does not sing, in voices for which no other range was asked."""
    own = {name for name, _, _ in page.wishes.get("ranges", ())}
    limits = zip(VOICES, CHOIRS[page.wishes["choir"]], strict=True)
    return [cell for name, (low, high) in limits if name not in own for cell in _outside(page, name, low, high)]


def max_leap(page: Page) -> list[Cell]:
    """Wider leaps to or from a new note."""
    asked = str(page.wishes["max_leap"])
    most = LEAPS.get(asked) or int(asked)
    wrong = []
    for voice in range(4):
        row = list(page.notes(voice))
        for (start, end, old), (first, _, pitch) in pairwise(row):
            new = page.new[voice, start:end].any() or page.new[voice, first]
            if end == first and abs(pitch - old) > most and new:
                wrong.append((voice, first))
    return wrong


def rules_of(names: Collection[str]) -> Callable[[Page], list[Cell]]:
    """A check of some rules of voice leading: what `check` finds where something is new."""

    def find(page: Page) -> list[Cell]:
        asked = [finding for name in names for finding in FAULTS[name]]
        if not asked:
            return []
        cells = []
        for finding in report_on(page.music, rules=asked).findings:
            voices = [voice for voice, _ in finding.cells]
            if page.new[voices, max(finding.tick - 1, 0) : finding.end].any():
                cells += [(voice, finding.tick) for voice in voices]
        return cells

    return find


def rules(page: Page) -> list[Cell]:
    """Faults against the rules that were to forbid."""
    return rules_of([name for name, strength in page.wishes["rules"].items() if strength == "forbid"])(page)


def strict(page: Page) -> list[Cell]:
    """Faults against any rule."""
    return rules_of(list(FAULTS))(page)


def default_rules(page: Page) -> list[Cell]:
    """Faults against what is forbidden if nothing is asked."""
    asked = page.wishes.get("rules", {})
    return [] if "strict" in page.wishes else rules_of([name for name in FORBIDDEN if name not in asked])(page)


def cadences(page: Page) -> list[Cell]:
    """Measures in which no beat has the chord of arrival, or none before it the chord that leads there."""
    wrong = []
    for word in page.wishes["cadences"]:
        number, kind, *_ = word.split(":")
        spans = [(first, end) for first, end, measure in page.measures() if measure.number == number]
        first, end = spans[-1]
        arrived = any(_arrives(page, kind, tick, *key) for tick in range(first, end) for key in page.keys)
        if page.new[:, first:end].any() and not arrived:
            wrong += [(voice, tick) for voice in range(4) for tick in range(first, end) if page.new[voice, tick]]
    return wrong


def _arrives(page: Page, kind: str, tick: int, tonic: int, minor: bool) -> bool:
    """Whether a cadence arrives at a tick: somebody begins a note there, after its first chord."""
    if not page.begins[:, tick].any() or not _is_chord(page, ARRIVALS[kind], tick, tonic, minor):
        return False
    before = BEFORE[kind]
    beats = [t for t in range(tick) if page.music.grid.level[t] <= BEAT][-2:]
    if before is None or not beats:
        return True
    return any(_is_chord(page, before, t, tonic, minor) for t in range(beats[0], tick))


def _is_chord(page: Page, chord: Chord, tick: int, tonic: int, minor: bool) -> bool:
    classes, *basses = chord
    column = page.pitch[:, tick]
    sounding = {(int(pitch) - tonic) % 12 for pitch in column[column >= 0]}
    bass = basses[minor]
    held = bass is None or column[BASS] < 0 or (int(column[BASS]) - tonic) % 12 == bass
    return bool(sounding) and sounding <= classes[minor] and held


def like(page: Page) -> list[Cell]:
    """New notes on beats that echo others with the same given notes, and have other pitches or beginnings."""
    wrong: list[Cell] = []
    rows = list(page.measures())
    place = {measure.number: index for index, (_, _, measure) in enumerate(rows)}
    given = np.where(page.new, -2, page.pitch)
    for word in page.wishes["like"]:
        source, _, target = word.lstrip("M").partition("@")
        first, _, last = source.partition("-")
        for index in range(place[first], place[last or first] + 1):
            here, end, _ = rows[index]
            there = rows[index + place[target] - place[first]][0]
            wrong += _unlike(page, given, here, end, there)
    return wrong


def _unlike(page: Page, given: np.ndarray, here: int, end: int, there: int) -> list[Cell]:
    """The same for one measure, beat by beat."""
    level = page.music.grid.level
    starts = [t for t in range(here, end) if t == here or level[t] <= BEAT]
    wrong = []
    for start, stop in zip(starts, [*starts[1:], end], strict=True):
        one, other = given[:, start:stop], given[:, start - here + there : stop - here + there]
        if ((one != other) & (one != -2) & (other != -2)).any():
            continue
        for tick in range(start, stop):
            echo = tick - here + there
            for voice in np.flatnonzero(page.new[:, echo]).tolist():
                struck = tick > start and "rhythm" not in page.wishes
                other_rhythm = struck and page.begins[voice, tick] != page.begins[voice, echo]
                if page.pitch[voice, tick] != page.pitch[voice, echo] or other_rhythm:
                    wrong.append((voice, echo))
    return wrong


def near(page: Page) -> list[Cell]:
    """All that was changed, if it is too much."""
    sung = (page.before >= 0) | (page.pitch >= 0)
    same = (page.before == page.pitch)[sung].mean()
    return _cells(sung & (page.before != page.pitch)) if same < float(page.wishes["near"]) else []


def max_copy(page: Page) -> list[Cell]:
    """New notes in the measures of the longest quotation, if it is too long.

    That is the longest of those that were written throughout; the score's longest counts too, if it holds anything
    new wherever in its measures it begins.
    """
    most = float(page.wishes["max_copy"])
    numbers = [measure.number for measure in page.music.timeline.measures]
    written = copied_of(page.music.grid, page.new, numbers=numbers).longest
    if written is not None and written.beats > most:
        return _between(page, *written.measures)
    longest = originality(page.document).longest
    if longest is None or longest.beats <= most:
        return []
    rows = {measure.number: (first, end) for first, end, measure in page.measures()}
    first, last = (rows[number] for number in longest.measures)
    length = round(4 * longest.beats)
    starts = [start for start in range(*first) if last[0] < start + length <= last[1]]
    certain = bool(starts) and all(page.new[:, start : start + length].any() for start in starts)
    return _between(page, *longest.measures) if certain else []


def _between(page: Page, first: str, last: str) -> list[Cell]:
    """New cells from one measure to another."""
    rows = {measure.number: (start, end) for start, end, measure in page.measures()}
    inside = np.zeros_like(page.new)
    inside[:, rows[first][0] : rows[last][1]] = True
    return _cells(inside & page.new)


# One for each row of `scoreassist.wishes.table.WISHES`, and what holds if nothing is asked.
CHECKS: dict[str, Callable[[Page], list[Cell]]] = {
    "key": lambda page: [],
    "tonality": tonality,
    "chords": chords,
    "rhythm": rhythm,
    "max_repeats": max_repeats,
    "density": density,
    "ranges": ranges,
    "choir": choir,
    "max_leap": max_leap,
    "rules": rules,
    "strict": strict,
    "cadences": cadences,
    "like": like,
    "near": near,
    "max_copy": max_copy,
}
