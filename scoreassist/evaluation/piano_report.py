"""Every figure of a model for piano on held-out rags, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from lxml import etree

from scoreassist.access import access_of
from scoreassist.corpus import RagPiece, ragtime
from scoreassist.corpus.ragtime import manifest, split_of
from scoreassist.errors import InputError, RequestError
from scoreassist.evaluation.piano_baselines import BASELINES
from scoreassist.evaluation.piano_style import mean_and_range, piano_style
from scoreassist.evaluation.ragtime import (
    ALL_KEYS,
    UNMOVED,
    accompanied,
    accompaniment_hits,
    copied_share,
    given_melody,
    mean_hits,
    melody_kept,
    melody_notes,
    windows,
    wrong_cells,
)
from scoreassist.files.convert import FOREIGN_SUFFIXES
from scoreassist.files.document import SUFFIXES, Score, open_score
from scoreassist.grid.hollow import under_melody
from scoreassist.grid.roll import MEASURE_TICKS, Roll, notes_of_roll, read_roll
from scoreassist.networks.deephear.options import ManipulationOptions
from scoreassist.networks.deephear.paper import Paper
from scoreassist.networks.deephear.pianist import Pianist
from scoreassist.score.hands import LEFT_HAND, find_hands, piano_staves
from scoreassist.score.metre import TICKS_PER_QUARTER
from scoreassist.score.regions import Region
from scoreassist.score.timeline import Timeline, read_timeline
from scoreassist.transcription import new_notes, transcribe
from scoreassist.writing.blank import blank_score

TASK = "accompany"
DIGITS = 4
GENERATED = 256  # windows that are invented, to see what of them is copied
EDITION, OWN = "Joplin's rags", "rags of a folder"


def evaluate_piano(
    pianist: Pianist,
    split: str,
    options: ManipulationOptions,
    *,
    folder: str | Path | None = None,
    limit: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Any]:
    """Every figure of a split's rags under a model, beside the baselines and the rags themselves.

    Parameters
    ----------
    pianist : Pianist
    split : ``valid`` or ``test``
    options : ManipulationOptions
    folder : path, optional
        Of one's own rags; default the corpus that was built.
    limit : int, optional
        Only so many pieces, for a quick look.
    progress : function of the number of pieces done, optional

    Returns
    -------
    dict
        ``task, split, data, seed, iterations, restarts, pieces``; ``training_pieces``, with which the baselines
        and what is copied are measured; ``moved_by``, by how many semitones at most training windows are moved
        when what is copied is counted; ``f1, f1_pitch_class`` of the struck cells that the model writes to the
        melodies, and ``f1_written`` of what of it comes out as notation; ``baselines``, by
        name; ``per_piece``, by the pieces' names; ``wrong_cells``, of a window of 88 × 64 that goes through the
        code and back; ``copied_share`` of the sounding cells of windows that random codes decode to, and
        ``copied_share_real`` of those of the rags; ``copied_share_written, copied_share_written_real`` of
        accompaniments alone, of their strikes, not of what sounds; ``melody_kept``; ``style`` of the ``rags`` and
        of the ``outputs``, read from the written scores.

    Raises
    ------
    InputError
        There are no rags of this split, or none to train on.
    """
    pieces = held_out(split, folder, limit)
    rags, train = [piece.roll for piece in pieces], training_rags(folder)
    semitones = UNMOVED if isinstance(pianist, Paper) else ALL_KEYS
    filled, outputs = [], []
    for rag in rags:
        filled.append(pianist.fill(under_melody(rag), options))
        outputs.append(read_again(written(rag, filled[-1]), rag))
        if progress is not None:
            progress(1)
    rows = [accompaniment_hits(rag, answer.struck) for rag, answer in zip(rags, filled, strict=True)]
    as_notation = mean_hits(accompaniment_hits(rag, out.struck) for rag, out in zip(rags, outputs, strict=True))
    report: dict[str, Any] = {
        "task": TASK,
        "split": split,
        "data": EDITION if folder is None else OWN,
        "seed": options.seed,
        "iterations": options.iterations,
        "restarts": options.restarts,
        "pieces": len(pieces),
        "training_pieces": len(train),
        "moved_by": max(semitones),
        **mean_hits(rows),
        "f1_written": as_notation["f1"],
        "baselines": baselines(rags, train),
        "per_piece": {piece.name: mean_hits([row]) for piece, row in zip(pieces, rows, strict=True)},
        **of_windows(pianist, rags, train, options.seed, semitones),
        **of_accompaniments(rags, filled, train, semitones),
        "melody_kept": kept_in(rags, outputs),
        "style": {"rags": style_of(rags), "outputs": style_of(outputs)},
    }
    return dict(_rounded(report))


def held_out(split: str, folder: str | Path | None = None, limit: int | None = None) -> list[RagPiece]:
    """The rags of a split; of a folder also those of one's own, which neither the manifest nor the corpus knows.

    Raises
    ------
    InputError
        There are none, or the corpus that was built has them all among its training pieces.
    RequestError
        `limit` is no positive number.
    """
    if limit is not None and limit < 1:
        raise RequestError(f"--limit is {limit}; ask for one piece or more")
    if folder is None or not _names(folder) - set(manifest()):
        return ragtime(split, folder=folder)[:limit]
    of_split = {name for name in _names(folder) if split_of(name) == split and name in manifest()}
    wanted = of_split | _names(folder) - set(manifest()) - {piece.name for piece in ragtime("train")}
    pieces = [piece for piece in ragtime(folder=folder) if piece.name in wanted]
    if not pieces:
        raise InputError(
            "has no rags but those that are trained on; name a folder with others", source=str(folder)
        )
    return pieces[:limit]


def training_rags(folder: str | Path | None = None) -> list[Roll]:
    """What the models are trained on: the corpus that was built, or a folder's rags if it has them."""
    if folder is not None and any(split_of(name) == "train" for name in _names(folder) & set(manifest())):
        return [piece.roll for piece in ragtime("train", folder=folder) if piece.name in manifest()]
    return [piece.roll for piece in ragtime("train")]


def _names(folder: str | Path) -> set[str]:
    """Names of the scores of a folder."""
    readable = {*SUFFIXES, *FOREIGN_SUFFIXES}
    return {file.stem for file in Path(folder).iterdir() if file.suffix.lower() in readable}


def baselines(rags: Sequence[Roll], train: Sequence[Roll]) -> dict[str, dict[str, float]]:
    """``f1, f1_pitch_class`` of each of `BASELINES`."""
    return {
        name: accompanied(rags, lambda rag, play=play: play(rag, train))  # type: ignore[misc]
        for name, play in BASELINES.items()
    }


def of_windows(
    pianist: Pianist, rags: Sequence[Roll], train: Sequence[Roll], seed: int, semitones: Sequence[int]
) -> dict[str, float]:
    """``wrong_cells, copied_share, copied_share_real``: windows rebuilt and invented, and the rags' own."""
    real, library = windows(rags), windows(train).sounding  # Sun's notes are the sounding cells of his rolls
    rebuilt = pianist.reconstruct(real.sounding, real.struck, real.fifths)
    return {
        "wrong_cells": wrong_cells(real.sounding, rebuilt),
        "copied_share": copied_share(pianist.generate(GENERATED, seed), library, semitones),
        "copied_share_real": copied_share(real.sounding, library, semitones),
    }


def of_accompaniments(
    rags: Sequence[Roll], filled: Sequence[Roll], train: Sequence[Roll], semitones: Sequence[int]
) -> dict[str, float]:
    """``copied_share_written, copied_share_written_real``: of the strikes of all but the melodies."""
    library = windows([_without_melody(rag) for rag in train]).struck
    answers = [
        replace(rag, struck=answer.struck & ~given_melody(rag).known)
        for rag, answer in zip(rags, filled, strict=True)
    ]
    return {
        "copied_share_written": copied_share(windows(answers).struck, library, semitones),
        "copied_share_written_real": copied_share(
            windows([_without_melody(rag) for rag in rags]).struck, library, semitones
        ),
    }


def _without_melody(rag: Roll) -> Roll:
    return replace(rag, struck=rag.accompaniment())


def melody_score(rag: Roll) -> Score:
    """A score for piano with a rag's melody in the right hand, and nothing in the left one."""
    pickup = int(-rag.place[0]) % MEASURE_TICKS
    measures = -(-(rag.ticks - pickup) // MEASURE_TICKS) + bool(pickup)
    score = blank_score(measures, int(rag.fifths[0]), pickup=Fraction(pickup, TICKS_PER_QUARTER), title="melody")
    _change_keys(score, rag, pickup)
    timeline = read_timeline(score)
    hands = find_hands(timeline)
    everything = [_whole(timeline, hand) for hand in hands.singers]
    transcribe(timeline, hands, access_of(timeline, hands, everything, join=False), [], melody_notes(rag))
    return timeline.score


def _change_keys(score: Score, rag: Roll, pickup: int) -> None:
    """Write the rag's later key signatures, each into the first measure that begins in it."""
    starts = [*([0] if pickup else []), *range(pickup, rag.ticks, MEASURE_TICKS)]
    fifths = rag.fifths[starts]
    for measure, before, now in zip(list(score.root.iter("measure"))[1:], fifths, fifths[1:], strict=False):
        if now != before:
            attributes = etree.Element("attributes")
            etree.SubElement(etree.SubElement(attributes, "key"), "fifths").text = str(now)
            measure.insert(0, attributes)


def written(rag: Roll, filled: Roll) -> Score:
    """A score with a rag's melody and what a model has written to it, as a user gets it.

    The melody is read from a file in which it stands alone; that file is filled.

    Parameters
    ----------
    rag, filled : Roll
        With the same melody; cells that are known from it are not written.
    """
    timeline = read_timeline(open_score(melody_score(rag).to_xml()))
    hands = find_hands(timeline)
    access = access_of(timeline, hands, [_whole(timeline, LEFT_HAND)], join=True)
    hidden = ~given_melody(rag).known
    transcribe(timeline, hands, access, new_notes(filled.struck, filled.sounding, hidden))
    return timeline.score


def _whole(timeline: Timeline, hand: int) -> Region:
    end = timeline.measures[-1].onset + timeline.measures[-1].length
    return Region(hand, timeline.measures[0].onset, end, "empty")


def read_again(score: Score, rag: Roll) -> Roll:
    """The roll of a written score, as long as the rag whose melody it has."""
    timeline = read_timeline(score)
    return read_roll(timeline, piano_staves(timeline)).cut(0, rag.ticks)


def kept_in(rags: Sequence[Roll], outputs: Sequence[Roll]) -> float:
    """Share of the notes of the rags' melodies that the right hand of the outputs has, note for note."""
    notes = [melody_notes(rag) for rag in rags]
    kept = [
        melody_kept(own, notes_of_roll(out.struck & out.right, out.sounding & out.right)) * len(own)
        for own, out in zip(notes, outputs, strict=True)
    ]
    return sum(kept) / max(sum(map(len, notes)), 1)


def style_of(rolls: Sequence[Roll]) -> dict[str, dict[str, float]]:
    """Mean and range over pieces of the figures of `piano_style`."""
    return mean_and_range([piano_style(roll) for roll in rolls])


def _rounded(value: Any) -> Any:
    """All fractions within a report, to so many digits."""
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, DIGITS) if isinstance(value, float) else value
