"""What must hold of any bytes whatever: they are understood, or refused in one clear line, and soon."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import music21
from dicing import dice

import scoreassist
from scoreassist.errors import ScoreassistError
from scoreassist.inspection import inspect

ROOT = Path(__file__).parent.parent
MUSIC21 = Path(music21.__file__).parent
SECONDS = 5

# Real scores: our examples, a chorale and a Mozart quartet movement as archives, and what the unofficial MusicXML
# test suite has of everything.
_SUITE = (
    *("01a-Pitches-Pitches", "02a-Rests-Durations", "03c-Rhythm-DivisionChange", "11a-TimeSignatures"),
    *(
        "11e-TimeSignatures-CompoundMixed",
        "12a-Clefs",
        "13a-KeySignatures",
        "21a-Chord-Basic",
        "22b-Staff-Notestyles",
    ),
    *(
        "23c-Tuplet-Display-NonStandard",
        "24a-GraceNotes",
        "31a-Directions",
        "33a-Spanners",
        "41b-MultiParts-MoreThan10",
    ),
    *("42a-MultiVoice-TwoVoicesOnStaff-Lyrics", "43e-Multistaff-ClefDynamics", "45b-RepeatWithAlternatives"),
    *("46a-Barlines", "51b-Header-Quotes", "61b-MultipleLyrics", "71a-Chordnames", "72a-TransposingInstruments"),
)
_CORPUS = ("bach/bwv324.mxl", "bach/bwv66.6.mxl", "handel/rinaldo/lascia_chio_pianga.mxl")


class Failure(Exception):
    """Something happened that must not happen to any bytes."""


def base_files() -> list[tuple[str, bytes]]:
    """Name and bytes of the scores that mutants are made of."""
    paths = sorted((ROOT / "examples").glob("*.musicxml"))
    paths += [path for stem in _SUITE if (path := MUSIC21 / f"musicxml/lilypondTestSuite/{stem}.xml").exists()]
    archives = [MUSIC21 / "corpus" / name for name in _CORPUS]
    files = [(path.name, path.read_bytes()) for path in (*paths, *archives) if path.exists()]
    return [*files, *((f"{Path(name).stem}.xml", inside(data)) for name, data in files if name.endswith(".mxl"))]


def inside(archive: bytes) -> bytes:
    """The plain document in an archive."""
    return scoreassist.open_score(archive).to_xml()


@contextmanager
def at_most(seconds: float, what: str) -> Iterator[None]:
    """Whoever takes longer is a failure."""

    def late(*_: Any) -> None:
        raise Failure(f"{what} takes more than {seconds} seconds")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attempt(what: str, function: Any, *args: Any, **options: Any) -> tuple[Any, str]:
    """What a function gives back, None where it refuses; and which of both, in a word or two."""
    try:
        with at_most(SECONDS, what):
            return function(*args, **options), f"{what} done"
    except ScoreassistError as error:
        text = str(error)
        if "\n" in text or not text:
            raise Failure(f"{what} refuses in other than one line: {text!r}") from error
        return None, f"{what} refused"
    except Failure:
        raise
    except BaseException as error:
        raise Failure(f"{what} raises {type(error).__name__}") from error


def try_everything(data: bytes, name: str, seed: int) -> list[str]:
    """Put bytes through what users call, with dice in place of the model; how each call ended.

    Raises
    ------
    Failure
    """
    score, said = attempt("open", scoreassist.open_score, data, name)
    if score is None:
        return [said]
    report, *rest = attempt("info", inspect, score)
    ends = [said, *rest]
    chance = Random(seed)
    fills: list[tuple[str, Any, dict[str, Any]]] = [
        ("complete", scoreassist.complete, {}),
        ("harmonize", scoreassist.harmonize, {"layout": chance.choice((None, "open", "closed"))}),
    ]
    if report:
        first, last = report["numbers"]
        region = (
            f"{first}-{last}" if chance.random() < 0.3 else f"{chance.randrange(1, 9)}-{chance.randrange(1, 12)}"
        )
        fills.append(("complete with measures", scoreassist.complete, {"measures": region}))
    for what, function, options in fills:
        with dice():
            result, said = attempt(what, function, score, seed=seed, **options)
        ends.append(said)
        if score.to_bytes() != data:
            raise Failure(f"{what} changes its input")
        if result is not None:
            written, _ = attempt(f"saving after {what}", result.score.to_bytes)
            again, _ = attempt(f"opening after {what}", scoreassist.open_score, written)
            if again is None or attempt(f"info after {what}", inspect, again)[0] is None:
                raise Failure(f"what {what} writes is refused")
    return ends


def draw(data: bytes, name: str) -> str:
    """Draw bytes as SVG; how that ended. Verovio may take the minute that it is given."""
    with tempfile.TemporaryDirectory() as folder:
        score = attempt("open", scoreassist.open_score, data, name)[0]
        if score is None:
            return "render refused"
        try:
            scoreassist.render(score, Path(folder) / "page.svg")
        except ScoreassistError:
            return "render refused"
        except Exception as error:
            raise Failure(f"render raises {type(error).__name__}") from error
    return "render done"
