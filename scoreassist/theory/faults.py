"""What the rules of counterpoint look at, what they find, and how they name it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scoreassist.score.voice_names import VOICES
from scoreassist.writing.pen import spelled

SIGNS = {-3: "♭♭♭", -2: "♭♭", -1: "♭", 0: "", 1: "♯", 2: "♯♯", 3: "♯♯♯"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that a strict teacher would mark.

    Attributes
    ----------
    rule : str
        A key of `scoreassist.theory.counterpoint.RULES`.
    tick, end : int
        Where it is heard: of a motion, the tick of arrival.
    voices : tuple of int
        0 soprano to 3 bass, from the top.
    message : str
        What is wrong, and why.
    """

    rule: str
    tick: int
    end: int
    voices: tuple[int, ...]
    message: str


@dataclass(frozen=True)
class Reading:
    """What the rules look at; every array's last axis is the tick.

    Attributes
    ----------
    pitch : int array (4, ticks)
        MIDI numbers, negative for silence and for what is not known.
    struck : bool array (4, ticks)
        Where a note begins.
    fifth : int array (4, ticks)
        Spelling, as a place on the line of fifths: C 0, G 1, F -1, F sharp 6.
    level : int array (ticks,)
        Metrical strength; see `scoreassist.grid.voices.Grid`.
    fermata : bool array (ticks,)
    tonic : int array (ticks,)
        Pitch class, 12 where it is not known.
    ranges : tuple of (lowest, highest) MIDI number, by voice
    """

    pitch: np.ndarray
    struck: np.ndarray
    fifth: np.ndarray
    level: np.ndarray
    fermata: np.ndarray
    tonic: np.ndarray
    ranges: tuple[tuple[int, int], ...]

    @property
    def singing(self) -> list[int]:
        """The voices that sing anywhere, from the top."""
        return [int(voice) for voice in np.flatnonzero((self.pitch >= 0).any(axis=1))]

    def note(self, voice: int, tick: int) -> str:
        """The name of what sounds: ``F♯``."""
        return note_name(int(self.fifth[voice, tick]))

    def note_with_octave(self, voice: int, tick: int) -> str:
        """The name of what sounds with its octave: ``F♯4``."""
        return pitch_name(int(self.pitch[voice, tick]), int(self.fifth[voice, tick]))

    def note_end(self, voice: int, tick: int) -> int:
        """The first tick after the note that sounds at a tick."""
        row, struck = self.pitch[voice], self.struck[voice]
        end = tick + 1
        while end < len(row) and row[end] == row[tick] and not struck[end]:
            end += 1
        return end


def note_name(fifth: int) -> str:
    """The name of a place on the line of fifths: 6 is ``F♯``."""
    step, alter = spelled(fifth)
    return f"{step}{SIGNS.get(alter, f'({alter:+d})')}"


def whole_note_name(fifth: int) -> str:
    """The same where it is to be told from its alterations: 5 is ``B♮``."""
    name = note_name(fifth)
    return name if len(name) > 1 else f"{name}♮"


def pitch_name(midi: int, fifth: int) -> str:
    """The name of a pitch with its octave, C4 being middle C."""
    _, alter = spelled(fifth)
    return f"{note_name(fifth)}{(midi - alter) // 12 - 1}"


def both(voices: tuple[int, ...]) -> str:
    """``Soprano and Bass``."""
    *others, last = [VOICES[voice] for voice in voices]
    return f"{', '.join(others)} and {last}" if others else last


def runs(mask: np.ndarray) -> Iterator[tuple[int, int]]:
    """First tick and end of each stretch in which something holds: bool (ticks,)."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def diatonic_steps(semitones: np.ndarray, fifths: np.ndarray) -> np.ndarray:
    """Staff steps of intervals, from their semitones and their size on the line of fifths: a fifth has 4."""
    return np.asarray(4 * fifths - 7 * ((7 * fifths - semitones) // 12))
