"""The left hand of a rag closes on the tonic, where it is free to and the melody agrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoreassist.grid.hollow import under_melody
from scoreassist.grid.roll import KEYS, LOWEST_KEY, Roll
from scoreassist.theory.close import settle_close

REST = -1


def melody_of(*notes: tuple[int, int], fifths: int = 0) -> Roll:
    """A melody from pitches (`REST` for a rest) and lengths in sixteenths, and nothing else."""
    pitch = np.array([midi for midi, ticks in notes for _ in range(ticks)])
    begins = np.zeros(pitch.size, dtype=bool)
    begins[np.cumsum([0, *(ticks for _, ticks in notes[:-1])])] = True
    nothing = np.zeros((KEYS, pitch.size), dtype=bool)
    ticks = np.arange(pitch.size)
    return under_melody(
        Roll(
            nothing, nothing, nothing, ~nothing, pitch, begins & (pitch != REST), ticks % 8,
            np.full(pitch.size, fifths), ticks // 8,
        )
    )  # fmt: skip


def closing(roll: Roll, free: bool = True, minor: bool | None = None) -> dict[int, list[int]]:
    """Pitches of the left hand's last strikes, by tick."""
    settled = settle_close(roll, np.full(roll.ticks, free), minor)
    new = settled.struck & ~roll.struck
    assert (settled.known | ~new).all()
    return {int(t): (np.flatnonzero(new[:, t]) + LOWEST_KEY).tolist() for t in np.flatnonzero(new.any(axis=0))}


UP = ((72, 4), (76, 4), (79, 4), (74, 4))  # C E G D


@pytest.mark.parametrize(
    ("roll", "found"),
    [
        (melody_of(*UP, (72, 8)), {20: [36, 48]}),
        (melody_of(*UP, (76, 4), (REST, 4)), {16: [36, 48]}),
        (melody_of(*UP, (72, 6)), {20: [36, 48]}),
        (melody_of((77, 4), (81, 4), (77, 8), fifths=-1), {12: [41, 53]}),
        (melody_of(*UP, (74, 8)), {}),
        (melody_of((69, 8), (72, 4), (68, 4), (69, 8)), {20: [33, 45]}),
        (melody_of((50, 8), (52, 4), (55, 4), (48, 8)), {20: [36]}),
    ],
    ids=[
        "on the last beat",
        "where the melody ends",
        "in a short measure",
        "in F",
        "not on D",
        "in A minor",
        "low",
    ],
)
def test_the_tonic_is_struck_last_in_an_octave_below_the_melody(roll: Roll, found: dict[int, list[int]]) -> None:
    assert closing(roll) == found


def test_nothing_is_struck_below_it_nor_after_it() -> None:
    roll = melody_of(*UP, (76, 4), (REST, 4))
    settled = settle_close(roll, np.ones(roll.ticks, dtype=bool))
    assert settled.known[:, 17:].all()
    assert settled.known[: 48 - LOWEST_KEY, 16].all()
    assert not settled.known[49 - LOWEST_KEY : 60 - LOWEST_KEY, 16].any()


def test_it_closes_before_rests_that_are_not_filled_and_in_the_key_that_it_has_there() -> None:
    roll = melody_of(*UP, (72, 8), (REST, 8))
    fifths = np.where(np.arange(roll.ticks) < 24, 0, 1)
    settled = settle_close(replace(roll, fifths=fifths), np.arange(roll.ticks) < 24)
    assert settled.struck[36 - LOWEST_KEY, 20]


def test_a_key_may_be_said() -> None:
    assert closing(melody_of(*UP, (72, 8)), minor=True) == {20: [33, 45]}


def test_a_left_hand_that_is_given_at_the_end_is_left_alone() -> None:
    assert closing(melody_of(*UP, (72, 8)), free=False) == {}
