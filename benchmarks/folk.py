"""Harmonizes folk melodies of music21's corpus and judges the written scores, beside Bach's chorales.

Melodies are drawn by the seed, as many of each collection, read as the program reads any ABC file, and harmonized
with what acts by default, with ``--strict``, and with every rule of voice leading allowed. What cannot be read or
is not for a choir is left out, counted, and another one drawn.

    python benchmarks/folk.py --jobs 2
    python benchmarks/folk.py --limit 12 --ways default --each
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from settings import Tune, add_arguments, each, report, run  # noqa: E402
from sopranos import bachs  # noqa: E402

from scoreassist.counsel.check import read  # noqa: E402
from scoreassist.errors import ScoreassistError  # noqa: E402
from scoreassist.evaluation.counsel import tonics_of_melody  # noqa: E402
from scoreassist.files.converter import convert  # noqa: E402

# Folders of music21's corpus.
COLLECTIONS = ("essenFolksong", "nottingham-dataset", "airdsAirs", "ryansMammoth")
TUNES = 200
LEAST_NOTES = 12
_TUNE = re.compile(r"^X:\s*(\S+)", re.MULTILINE)
_TITLE = re.compile(r"^T:\s*(.+)$", re.MULTILINE)


def songs(folder: str) -> list[tuple[str, str]]:
    """Name and ABC of every tune of a collection."""
    import music21

    found = []
    for path in sorted((Path(music21.__file__).parent / "corpus" / folder).glob("*.abc")):
        text = path.read_text(encoding="utf-8", errors="replace")
        starts = [match.start() for match in _TUNE.finditer(text)]
        for first, end in zip(starts, [*starts[1:], len(text)], strict=True):
            number, title = _TUNE.match(text[first:]), _TITLE.search(text, first, end)
            assert number is not None
            found.append((f"{path.stem} {number[1]} {title[1].strip() if title else ''}".strip(), text[first:end]))
    return found


def tune(name: str, abc: str) -> Tune:
    """A melody as MusicXML, by the converter that reads ABC for users, here without a process of its own.

    Raises
    ------
    ScoreassistError, ValueError
        It cannot be read, or is no melody; the text says why.
    """
    document = convert(abc.encode(), "abc", ".abc")
    music = read(document)
    if len(music.choir.singers) != 1:
        raise ValueError("has more than one voice")
    if any(measure.metre is None for measure in music.timeline.measures):
        raise ValueError("has no metre")
    voice = next(iter(music.choir.singers))
    notes = music.grid.struck[voice] & (music.grid.pitch[voice] >= 0)
    if notes.sum() < LEAST_NOTES:
        raise ValueError(f"has fewer than {LEAST_NOTES} notes")
    return Tune(name, document, tonics_of_melody(music.grid))


def drawn(folder: str, count: int, seed: int, left_out: Counter[str]) -> Iterator[Tune]:
    """So many tunes of a collection, and why others are not among them."""
    rows = songs(folder)
    random.Random(f"{seed} {folder}").shuffle(rows)
    for name, abc in rows:
        if count == 0:
            return
        try:
            yield tune(name, abc)
            count -= 1
        except (ScoreassistError, ValueError) as error:
            reason = error.what if isinstance(error, ScoreassistError) else str(error)
            left_out[f"{folder}: {reason.partition(';')[0]}"] += 1


def selected(count: int, seed: int) -> tuple[list[Tune], Counter[str]]:
    """Tunes of all collections, as many of each, the first taking what the others do not have."""
    left_out: Counter[str] = Counter()
    found = []
    for place, folder in enumerate(reversed(COLLECTIONS)):
        found += list(drawn(folder, (count - len(found)) // (len(COLLECTIONS) - place), seed, left_out))
    return found, left_out


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    add_arguments(parser)
    arguments = parser.parse_args()
    tunes, left_out = selected(arguments.limit or TUNES, arguments.seed)
    tunes = [replace(row, name=f"{place}: {row.name}") for place, row in enumerate(tunes, 1)]
    outcomes = run(tunes, arguments.ways, arguments.seed, arguments.jobs)
    what = f"of {len(tunes)} melodies, {', '.join(COLLECTIONS)}; Bach: the split `test`"
    print(report(what, outcomes, bachs("test", None), arguments))
    print(f"\nLeft out when they were drawn: {left_out.total()}")
    print(*(f"- {reason}: {count}" for reason, count in left_out.most_common()), sep="\n")
    if arguments.each:
        print("", *each(outcomes), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
