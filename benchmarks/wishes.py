"""Asks for random combinations of wishes on different scores, and looks in what is written if they are kept.

Every wish of the table takes part. Wishes that are refused up front, since they contradict each other or the
score, are drawn again and counted. A wish is kept if `kept.py` finds nothing in the written MusicXML; else every
stretch that does not keep it must be named as given way, by name, voice and measure.

    python benchmarks/wishes.py --jobs 2
    python benchmarks/wishes.py --combinations 5 --scores 4
    python benchmarks/wishes.py --only 17 "inner voices"      # one of them, said and written out

Exit status 1 if a wish is broken and not named, or a fill fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402
from cases import CASES, Case, case  # noqa: E402
from circumstances import circumstances, markdown  # noqa: E402
from kept import CHECKS, VOICES, Cell, Page, default_rules  # noqa: E402
from settings import prepare  # noqa: E402

import scoreassist  # noqa: E402
from scoreassist.counsel.check import Music, read  # noqa: E402
from scoreassist.errors import InputError, RequestError  # noqa: E402
from scoreassist.score.timeline import read_timeline  # noqa: E402
from scoreassist.theory.keys import parse_key  # noqa: E402
from scoreassist.wishes.parsing import DEFAULT_STRENGTHS, STRENGTHS  # noqa: E402
from scoreassist.wishes.table import WISHES  # noqa: E402

MOST_TRIES = 120
TRIES_OF_VALUES = 8  # before other wishes are drawn
DEFAULTS = "what is forbidden by default"
KINDS = ("perfect", "imperfect", "half", "plagal", "deceptive", "phrygian")
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
USUAL = {"Soprano": (60, 81), "Alto": (53, 74), "Tenor": (48, 69), "Bass": (40, 64)}  # from which ranges are drawn


# --- wishes ----------------------------------------------------------------------------------------------


def _numbers(case: Case) -> list[str]:
    return [measure.number for measure in read_timeline(scoreassist.open_score(case.document)).measures]


def _key(rng: random.Random, case: Case) -> str:
    """Mostly the score's own key, else one with the same tonic or a neighbour's."""
    return case.key if rng.random() < 0.8 else rng.choice(["C", "G", "F", "a", "d", "e", "D", "b"])


def _ranges(rng: random.Random, case: Case) -> list[tuple[str, int, int]]:
    names = rng.sample(VOICES, rng.randint(1, 2))
    return [(name, USUAL[name][0] + rng.randint(0, 4), USUAL[name][1] - rng.randint(0, 5)) for name in names]


def _rules(rng: random.Random, case: Case) -> dict[str, str]:
    return {rule: rng.choice(STRENGTHS) for rule in rng.sample(list(DEFAULT_STRENGTHS), rng.randint(1, 3))}


def _cadences(rng: random.Random, case: Case) -> list[str]:
    numbers = _numbers(case)
    chosen = {numbers[-1], rng.choice(numbers[2:])} if rng.random() < 0.5 else {rng.choice(numbers[1:])}
    return [f"{number}:{rng.choice(KINDS)}" for number in sorted(chosen)]


def _like(rng: random.Random, case: Case) -> list[str]:
    numbers = _numbers(case)
    count = rng.randint(1, 3)
    first = rng.randrange(0, max(len(numbers) - 2 * count, 1))
    target = rng.randrange(first + count, len(numbers))
    return [f"M{numbers[first]}-{numbers[min(first + count, len(numbers)) - 1]}@{numbers[target]}"]


DRAWN: dict[str, Callable[[random.Random, Case], Any]] = {
    "key": _key,
    "tonality": lambda rng, case: rng.choice(["diatonic", "harmonic"]),
    "chords": lambda rng, case: rng.choice(["follow", "roots", "ignore"]),
    "rhythm": lambda rng, case: rng.choice(["half", "quarter", "eighth", *(f"as:{voice}" for voice in VOICES)]),
    "max_repeats": lambda rng, case: rng.randint(0, 3),
    "density": lambda rng, case: rng.choice([0.5, 1, 1.25, 1.5, 2]),
    "ranges": _ranges,
    "choir": lambda rng, case: rng.choice(["youth", "amateur", "professional"]),
    "max_leap": lambda rng, case: rng.choice(["fourth", "fifth", "P5", "sixth", "octave", 10]),
    "rules": _rules,
    "strict": lambda rng, case: True,
    "cadences": _cadences,
    "like": _like,
    "near": lambda rng, case: round(rng.uniform(0.3, 0.9), 2),
    "max_copy": lambda rng, case: rng.choice([1, 1.5, 2, 3, 4, 6]),
}
assert list(DRAWN) == list(WISHES)


def drawn(seed: int, combination: int, attempt: int, case: Case) -> dict[str, Any]:
    """A combination of wishes: the same rows of the table for all scores, with values for this one."""
    names = random.Random(f"{seed} {combination} {attempt // TRIES_OF_VALUES}").sample(
        list(WISHES), 2 + combination % 4
    )
    rng = random.Random(f"{seed} {combination} {attempt} {case.name}")
    return {name: DRAWN[name](rng, case) for name in WISHES if name in names}


def written(wishes: dict[str, Any]) -> dict[str, Any]:
    """Wishes as they are written behind flags; ranges are drawn as MIDI numbers."""
    texts = {"ranges": lambda rows: [f"{n}:{_note(low)}-{_note(high)}" for n, low, high in rows]}
    return {name: texts[name](value) if name in texts else value for name, value in wishes.items()}


def _note(midi: int) -> str:
    return f"{NAMES[midi % 12]}{midi // 12 - 1}"


# --- filling and judging ---------------------------------------------------------------------------------


@dataclass
class Tally:
    """What came of all combinations; counted by wish.

    Attributes
    ----------
    asked, kept, gave_way, unnamed : Counter
    spurious : Counter
        Named as given way, where nothing is found.
    refused : Counter
        By the flags that the refusal names.
    examples, failed : list of str
    """

    asked: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    gave_way: Counter[str] = field(default_factory=Counter)
    unnamed: Counter[str] = field(default_factory=Counter)
    spurious: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another one too."""
        for name, value in vars(other).items():
            own = getattr(self, name)
            if isinstance(value, list):
                own.extend(value)
            else:
                own.update(value)


def fill(
    case: Case, seed: int, combination: int, tally: Tally
) -> tuple[scoreassist.Result, dict[str, Any]] | None:
    """Ask until nothing is refused."""
    task = getattr(scoreassist, case.fill)
    for attempt in range(MOST_TRIES):
        wishes = drawn(seed, combination, attempt, case)
        try:
            return task(case.document, seed=seed, **case.options, **written(wishes)), wishes
        except (RequestError, InputError) as error:
            flags = sorted(set(re.findall(r"--[a-z][a-z-]*", str(error))))
            cadence = "cadence" if " cadence " in str(error) else ""
            tally.refused[" and ".join(flags) or cadence or str(error)] += 1
        except Exception as error:  # whatever goes wrong is a failure of this one, and the rest goes on
            tally.failed.append(f"{where(case, combination, wishes)}: {type(error).__name__}: {error}")
            return None
    tally.failed.append(f"{where(case, combination, wishes)}: refused {MOST_TRIES} times")
    return None


def where(case: Case, combination: int, wishes: dict[str, Any]) -> str:
    """What was asked, and how to ask again."""
    return f'--only {combination} "{case.name}" {written(wishes)}'


def page_of(case: Case, result: scoreassist.Result, wishes: dict[str, Any]) -> Page:
    """What was written, read again."""
    document = result.score.to_xml()
    music, before = read(document), read(case.document)
    old = np.where(before.grid.known, before.grid.pitch, -1)
    fifths = music.grid.fifths[-1]
    keys = [(int(fifths) * 7 % 12, False), ((int(fifths) * 7 + 9) % 12, True)]
    if "key" in wishes:
        key = parse_key(wishes["key"])
        keys = [(key.tonic, key.minor)]
    chords = [(first, end, set(classes), bass) for first, end, classes, bass in case.chords]
    return Page(music, document, old, _new(case, music, before), wishes, keys, chords, case.fill == "vary")


def _new(case: Case, music: Music, before: Music) -> np.ndarray:
    """Cells that were written: of those that were asked, or else where nobody sang before or something changed."""
    grid, old = music.grid, before.grid
    if "measures" in case.options:
        found = np.zeros(grid.pitch.shape, dtype=bool)
        first, last = (str(number) for number in case.options["measures"])
        rows = [m.index for m in music.timeline.measures]
        numbers = [m.number for m in music.timeline.measures]
        inside = np.isin(grid.measure, rows[numbers.index(first) : numbers.index(last) + 1])
        for name in case.options["parts"]:
            found[VOICES.index(name)] = inside
        return found
    if case.fill == "vary":
        return np.asarray((grid.pitch != old.pitch) | (grid.struck != old.struck))
    return np.asarray(grid.known & (grid.pitch >= 0) & ~(old.known & (old.pitch >= 0)))


def unnamed(page: Page, result: scoreassist.Result, flags: set[str], cells: list[Cell]) -> list[str]:
    """Stretches of cells that do not keep a wish and are not named: voice and measure."""
    assert result.counsel is not None
    named = {
        (voice, row.measure)
        for row in result.counsel.gave_way
        if row.name in flags
        for voice in row.voice.split(" and ")
    }
    numbers = [measure.number for measure in page.music.timeline.measures]
    found = []
    for stretch in _stretches(cells):
        voice = VOICES[stretch[0][0]]
        measures = {numbers[int(page.music.grid.measure[tick])] for _, tick in stretch}
        if not any((voice, number) in named for number in measures):
            beat = (
                stretch[0][1] - page.music.grid.measure_ticks(int(page.music.grid.measure[stretch[0][1]]))[0]
            ) / 4
            found.append(
                f"{voice}, measure {numbers[int(page.music.grid.measure[stretch[0][1]])]}, quarter {beat + 1:g}"
            )
    return found


def _stretches(cells: list[Cell]) -> Iterator[list[Cell]]:
    """Cells of a voice that follow one another."""
    row: list[Cell] = []
    for cell in sorted(set(cells)):
        if row and cell != (row[-1][0], row[-1][1] + 1):
            yield row
            row = []
        row.append(cell)
    if row:
        yield row


def together(found: list[str], page: Page, wish: str, cells: list[Cell], named: set[tuple[str, str]]) -> list[str]:
    """Of what two voices do together, or a whole measure, one voice that is named is enough."""
    if wish not in ("rules", "strict", DEFAULTS, "cadences", "max_copy", "near"):
        return found
    if wish in ("max_copy", "near", "cadences"):
        return [] if named else found[:1]
    numbers = [measure.number for measure in page.music.timeline.measures]
    by_tick: dict[int, set[str]] = {}
    for voice, tick in cells:
        by_tick.setdefault(tick, set()).add(VOICES[voice])
    return [
        f"{' and '.join(sorted(voices))}, measure {numbers[int(page.music.grid.measure[tick])]}"
        for tick, voices in sorted(by_tick.items())
        if not any((voice, numbers[int(page.music.grid.measure[tick])]) in named for voice in voices)
    ]


def judged(number: int, combination: int, seed: int) -> Tally:
    """One combination on one score."""
    tally, asked = Tally(), case(number)
    filled = fill(asked, seed, combination, tally)
    if filled is None:
        return tally
    result, wishes = filled
    if result.counsel is None:
        tally.failed.append(f"{where(asked, combination, wishes)}: nothing was filled")
        return tally
    page = page_of(asked, result, wishes)
    for wish in [*wishes, DEFAULTS, *(["chords"] if asked.chords and "chords" not in wishes else [])]:
        cells = default_rules(page) if wish == DEFAULTS else CHECKS[wish](page)
        flags = set(DEFAULT_STRENGTHS) if wish == DEFAULTS else {WISHES[wish].flag.lstrip("-")}
        named = {
            (voice, row.measure)
            for row in result.counsel.gave_way
            if row.name in flags
            for voice in row.voice.split(" and ")
        }
        missing = together(unnamed(page, result, flags, cells), page, wish, cells, named)
        tally.asked[wish] += 1
        tally.kept[wish] += not cells
        tally.gave_way[wish] += bool(cells) and not missing
        tally.unnamed[wish] += bool(missing)
        tally.spurious[wish] += bool(named) and not cells
        if missing:
            tally.examples.append(f"{wish}: {'; '.join(missing[:3])}: {where(asked, combination, wishes)}")
    return tally


def table(tally: Tally) -> str:
    """By wish."""
    rows = [["wish", "asked", "kept", "gave way", "unnamed", "named, though nothing is found"]]
    for wish in [*WISHES, DEFAULTS]:
        counts = (tally.asked, tally.kept, tally.gave_way, tally.unnamed, tally.spurious)
        rows.append([wish, *(str(counter[wish]) for counter in counts)])
    return markdown(rows)


def say(number: int, combination: int, seed: int) -> None:
    """Ask for one combination on one score, and write it out."""
    asked, tally = case(number), Tally()
    filled = fill(asked, seed, combination, tally)
    assert filled is not None, tally.failed
    result, wishes = filled
    for name, document in (("before", asked.document), ("after", result.score.to_xml())):
        Path(f"{name}.musicxml").write_bytes(document)
    print(f"scoreassist.{asked.fill}('before.musicxml', seed={seed}, **{asked.options | written(wishes)})")
    assert result.counsel is not None
    print(*result.counsel.gave_way, sep="\n")
    found = judged(number, combination, seed)
    print(table(found), *found.examples, sep="\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--combinations", type=int, default=100)
    parser.add_argument("--scores", type=int, default=len(CASES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--only", nargs=2, metavar=("COMBINATION", "SCORE"), help="writes before and after here")
    arguments = parser.parse_args()
    if arguments.only:
        prepare()
        chosen = next(n for n in range(len(CASES)) if arguments.only[1] in case(n).name)
        say(chosen, int(arguments.only[0]), arguments.seed)
        return 0
    pairs = [(n, c) for c in range(arguments.combinations) for n in range(min(arguments.scores, len(CASES)))]
    tally = Tally()
    with multiprocessing.get_context("spawn").Pool(arguments.jobs, prepare) as pool:
        tasks = [pool.apply_async(judged, (n, c, arguments.seed)) for n, c in pairs]
        for done, task in enumerate(tasks, 1):
            one = task.get()
            tally.add(one)
            for text in (*one.examples, *one.failed):
                print(f"{done}/{len(pairs)} {text}", file=sys.stderr, flush=True)
    print(circumstances(f"{len(pairs)} fills: {arguments.combinations} combinations on {arguments.scores} scores"))
    print(f"\n{table(tally)}\n\nRefused up front and drawn again: {tally.refused.total()}")
    print(*(f"- {flags}: {count}" for flags, count in tally.refused.most_common()), sep="\n")
    print(f"\nBroken and not named: {len(tally.examples)}; failed: {len(tally.failed)}")
    print(*(f"- {text}" for text in (*tally.failed, *tally.examples)), sep="\n")
    return 1 if tally.examples or tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
