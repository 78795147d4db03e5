"""An analysis as RomanText, which music21 and people read (Tymoczko et al., ISMIR 2019)."""

from __future__ import annotations

from collections.abc import Iterator

from scoreassist.counsel.analyze import ONE_VOICE, Moment, Report, key_sign, moment_of
from scoreassist.score.timeline import Measure
from scoreassist.theory.chords import SEVENTH_FIGURES, Chord

# RomanText writes figures with strokes between them.
_STROKES = {figure: "/".join(figure) for figure in (*SEVENTH_FIGURES, "64") if len(figure) > 1}


def as_text(report: Report) -> str:
    """A report for people: a line a measure, and notes on keys, cadences and non-chord tones."""
    lines = [f"Piece: {report.music.timeline.score.name}", "Analyst: scoreassist", ""]
    lines += _keys(report)
    if report.one_voice:
        return "\n".join([*lines, f"Note: {ONE_VOICE}"])
    return "\n".join([*lines, "", *_measures(report)])


def numeral_of(chord: Chord) -> str:
    """``V6/5/V`` of ``V65/V``."""
    figure = chord.figure
    if chord.degree.of or chord.numeral.startswith(chord.degree.numeral):
        head = chord.numeral.removesuffix(f"/{chord.degree.of}") if chord.degree.of else chord.numeral
        of = f"/{chord.degree.of}" if chord.degree.of else ""
        return head.removesuffix(figure) + _STROKES.get(figure, figure) + of
    return chord.numeral


def _keys(report: Report) -> Iterator[str]:
    rows = report.as_json()["keys"]
    for place, row in enumerate(rows):
        since = f"from measure {row['measure']}, beat {row['beat']:g}"
        yield f"Note: {'then' if place else 'key'} {row['key']} {since}"


def _measures(report: Report) -> Iterator[str]:
    """Lines of measures with what begins in them; pieces of one measure are one line."""
    json = report.as_json()
    rows: dict[int, list[str]] = {}
    notes: dict[int, list[str]] = {}
    heads = _heads(report.music.timeline.measures)
    key = None
    for chord in report.analysis.chords:
        moment = moment_of(report.music, chord.first)
        row = rows.setdefault(heads[moment.index], [])
        if moment.beat != 1:
            row.append(f"b{_beat(moment)}")
        if key != (chord.tonic, chord.minor):
            row.append(key_sign(report, chord))
            key = (chord.tonic, chord.minor)
        row.append(numeral_of(chord))
    for cadence, said in zip(report.analysis.cadences, json["cadences"], strict=True):
        moment = moment_of(report.music, cadence.tick)
        text = f"b{_beat(moment)} {cadence.kind} cadence in {said['key']}"
        notes.setdefault(heads[moment.index], []).append(text)
    for tone, said in zip(report.analysis.non_chord_tones, json["non_chord_tones"], strict=True):
        moment = moment_of(report.music, tone.tick)
        text = f"b{_beat(moment)} {said['voice']} {said['pitch']} {tone.kind}"
        notes.setdefault(heads[moment.index], []).append(text)
    signature = None
    for index, measure in enumerate(report.music.timeline.measures):
        if heads[index] == index and measure.metre is not None and str(measure.metre) != signature:
            signature = str(measure.metre)
            yield f"Time Signature: {signature}"
        if index in rows:
            yield f"m{measure.number} {' '.join(rows[index])}"
        if index in notes:
            yield f"Note: {', '.join(notes[index])}"


def _heads(measures: list[Measure]) -> list[int]:
    """Of every measure the index of the one whose line it is on: of pieces of a measure, the first."""
    heads: list[int] = []
    for index, measure in enumerate(measures):
        before = measures[index - 1] if index else None
        goes_on = before is not None and measure.pickup and before.pickup + before.length == measure.pickup
        heads.append(heads[-1] if goes_on else index)
    return heads


def _beat(moment: Moment) -> str:
    return f"{round(float(moment.beat), 2):g}"
