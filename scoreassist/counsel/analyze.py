"""Keys, chords, cadences and non-chord tones of a score, with the names that musicians give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from scoreassist.counsel.check import Music, read, spellings_of
from scoreassist.grid.voices import NO_KEY
from scoreassist.score.metre import COMMON_TIME, TICKS_PER_QUARTER
from scoreassist.theory.analysis import Analysis, Chord, KeyStretch, analyse, phrase_ends
from scoreassist.wishes.phrases import phrase_ends as ends_of_tune
from scoreassist.writing.pen import spelled

__all__ = ["Moment", "Report", "analyze", "key_place", "key_sign", "moment_of", "pitch_name", "report_of"]

ONE_VOICE = "one voice only: no chords"
MOST = 7  # sharps or flats of a signature
RELATIVE = 3  # fifths from a major key's tonic on to that of its relative minor key
ALTERS = {-2: "bb", -1: "b", 0: "", 1: "#", 2: "##"}


@dataclass(frozen=True)
class Moment:
    """A place in the score.

    Attributes
    ----------
    index : int
        Of the measure.
    measure : str
        Its number as printed.
    offset : Fraction
        Quarters from its start.
    beat : Fraction
        As the time signature counts them, from 1; an upbeat counts from the beat on which it begins.
    """

    index: int
    measure: str
    offset: Fraction
    beat: Fraction

    def as_json(self) -> dict[str, Any]:
        """``measure`` and ``beat``."""
        beat = int(self.beat) if self.beat.denominator == 1 else round(float(self.beat), 3)
        return {"measure": self.measure, "beat": beat}


@dataclass(frozen=True)
class Report:
    """What was found in a score.

    Attributes
    ----------
    music : Music
        The score as it was read.
    analysis : Analysis
    """

    music: Music
    analysis: Analysis

    @property
    def one_voice(self) -> bool:
        """Whether there are no chords, since nobody sings with the melody."""
        return not self.analysis.chords

    def key_of(self, stretch: KeyStretch | Chord) -> int:
        """Tonic of a key on the line of fifths, spelled near the key signature."""
        return key_place(stretch.tonic, stretch.minor, int(self.music.grid.fifths[stretch.first]))

    def root_of(self, chord: Chord) -> int:
        """A chord's root on the line of fifths."""
        return self.key_of(chord) + chord.degree.fifths

    def as_json(self) -> dict[str, Any]:
        """What the command line prints with ``--json``.

        Returns
        -------
        dict
            ``score``; ``keys``: ``measure, beat, key``, where each begins; ``chords``: ``measure, beat, quarters,
            key, numeral, root, quality, bass, inversion``; ``cadences``: ``measure, beat, kind, key``;
            ``non_chord_tones``: ``measure, beat, voice, pitch, kind``; ``note``, if there is one voice only.
        """
        found = {
            "score": self.music.timeline.score.name,
            "keys": [self._at(key.first) | {"key": self._key_name(key)} for key in self.analysis.keys],
            "chords": [self._chord(chord) for chord in self.analysis.chords],
            "cadences": [
                self._at(row.tick)
                | {"kind": row.kind, "key": self._key_name(KeyStretch(row.tick, row.tick, row.tonic, row.minor))}
                for row in self.analysis.cadences
            ],
            "non_chord_tones": list(self._tones()),
        }
        return found | ({"note": ONE_VOICE} if self.one_voice else {})

    def _at(self, tick: int) -> dict[str, Any]:
        return moment_of(self.music, tick).as_json()

    def _key_name(self, stretch: KeyStretch | Chord) -> str:
        return f"{pitch_name(self.key_of(stretch))} {'minor' if stretch.minor else 'major'}"

    def _chord(self, chord: Chord) -> dict[str, Any]:
        return self._at(chord.first) | {
            "quarters": (chord.end - chord.first) / TICKS_PER_QUARTER,
            "key": self._key_name(chord),
            "numeral": chord.numeral,
            "root": pitch_name(self.root_of(chord)),
            "quality": chord.quality,
            "bass": pitch_name(self.root_of(chord) + chord.degree.member_fifths(chord.inversion)),
            "inversion": chord.inversion,
        }

    def _tones(self) -> Iterator[dict[str, Any]]:
        spelling = spellings_of(self.music.grid, self.music.timeline, self.music.choir)
        for tone in self.analysis.non_chord_tones:
            midi, fifth = int(self.music.grid.pitch[tone.voice, tone.tick]), int(spelling[tone.voice, tone.tick])
            yield self._at(tone.tick) | {
                "voice": self.music.choir.singers[tone.voice].name,
                "pitch": f"{pitch_name(fifth)}{(midi - spelled(fifth)[1]) // 12 - 1}",
                "kind": tone.kind,
            }


def analyze(source: Any, *, name: str | None = None) -> Report:
    """Find the keys, chords, cadences and non-chord tones of a score, as it is printed: repeats once.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
    name : str, optional
        What error messages call the file.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        The score cannot be read, or nobody sings.
    RequestError
        Its lines cannot be told apart.

    Examples
    --------
    >>> analyze("examples/amazing-grace.musicxml").as_json()["keys"]
    [{'measure': '0', 'beat': 3, 'key': 'G major'}]
    """
    return report_of(read(source, name))


def report_of(music: Music) -> Report:
    """The same of a score that has been read; phrases end where signs, words, rhythm and the tune say so."""
    ends = phrase_ends(music.grid) | ends_of_tune(music.timeline, music.choir, music.grid)
    return Report(music, analyse(music.grid, ends))


def key_place(tonic: int, minor: bool, fifths: int) -> int:
    """Tonic of a key on the line of fifths, spelled so that its signature is nearest to a given one.

    Parameters
    ----------
    tonic : int
        Pitch class.
    minor : bool
    fifths : int
        Key signature, `NO_KEY` where unknown.
    """
    near = 0 if fifths == NO_KEY else max(-MOST, min(fifths, MOST))
    third = RELATIVE if minor else 0
    signature = (tonic * 7 - third - near + 6) % 12 - 6 + near
    if abs(signature) > MOST:
        signature -= 12 if signature > 0 else -12
    return signature + third


def key_sign(report: Report, chord: Chord) -> str:
    """``G:`` of G major, ``f#:`` of F sharp minor."""
    name = pitch_name(report.key_of(chord))
    return f"{name.lower() if chord.minor else name}:"


def pitch_name(place: int) -> str:
    """Name of a place on the line of fifths: ``Bb``, ``F#``."""
    step, alter = spelled(place)
    return f"{step}{ALTERS.get(alter, '')}"


def moment_of(music: Music, tick: int) -> Moment:
    """Where a tick of the grid lies in the score."""
    index = int(music.grid.measure[tick])
    measure = music.timeline.measures[index]
    offset = Fraction(tick - music.grid.measure_ticks(index)[0], TICKS_PER_QUARTER)
    unit = Fraction(4, (measure.metre or COMMON_TIME).beat_type)
    return Moment(index, measure.number, offset, 1 + (offset + measure.pickup) / unit)
