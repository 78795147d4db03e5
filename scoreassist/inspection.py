"""What a score holds and what was understood of it, before anything is generated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scoreassist.access import access_of, check_regions, closed_of, stretches_of
from scoreassist.errors import RequestError, UnsupportedError
from scoreassist.files.document import open_score
from scoreassist.grid.passage import build_passage
from scoreassist.score.flags import Selection, select
from scoreassist.score.hands import HANDS, RIGHT_HAND, find_hands
from scoreassist.score.marks import find_marks
from scoreassist.score.regions import Region, common, describe
from scoreassist.score.singers import VOICES, Choir, find_choir
from scoreassist.score.timeline import Part, Timeline, read_timeline
from scoreassist.styles import STYLE, find_style
from scoreassist.theory.hands import FREE

_MAJOR = ["C", "G", "D", "A", "E", "B", "F♯", "C♯"]
_FLAT = ["C", "F", "B♭", "E♭", "A♭", "D♭", "G♭", "C♭"]
_MINOR = ["A", "E", "B", "F♯", "C♯", "G♯", "D♯", "A♯"]
_FLAT_MINOR = ["A", "D", "G", "C", "F", "B♭", "E♭", "A♭"]


def inspect(source: Any, *, style: str = STYLE, measures: Any = None, parts: Sequence[str] = ()) -> dict[str, Any]:
    """Describe a score.

    Parameters
    ----------
    source : Score, path, bytes, file object or music21 Stream
    style : a key of `scoreassist.styles.STYLES`
        Singers are a choir's, or a pianist's hands.
    measures, parts
        As `scoreassist.complete` takes them: say what they would mark.

    Returns
    -------
    dict
        ``score``; ``parts`` (``id, name, staves, voices, measures, notes, key, transposition``); ``measures``
        (count); ``numbers`` (first, last); ``metres`` and ``keys`` with the measure where each begins; ``pickup``;
        ``layout``; ``singers`` (voice, part, staff, voice number, notes); ``missing`` voices; ``regions`` that
        `complete` would fill, each with what marked it; ``kept``, what a mark covers and no hole can open;
        ``doubts``, what looks like a mark and is none; ``problem`` if nobody could be found to sing, or a marked
        region cannot be filled.
    """
    score = open_score(source)
    timeline = read_timeline(score)
    lead = timeline.measures[0]
    report: dict[str, Any] = {
        "score": score.name,
        "parts": [_part(part) for part in timeline.parts],
        "measures": len(timeline.measures),
        "numbers": [lead.number, timeline.measures[-1].number],
        "pickup": bool(lead.pickup),
        "metres": _changes([(m.number, str(m.metre) if m.metre else "none") for m in timeline.measures]),
        "keys": _changes([(m.number, key_name(m.concert_fifths)) for m in timeline.measures]),
        "layout": None,
        "singers": [],
        "missing": [],
        "regions": [],
        "kept": [],
        "doubts": [],
    }
    lines = _hands if find_style(style).for_piano else _choir
    try:
        return report | lines(timeline, select(measures, parts))
    except (UnsupportedError, RequestError) as error:
        if measures is not None or parts:
            raise
        return report | {"problem": str(error)}


def _choir(timeline: Timeline, selection: Selection) -> dict[str, Any]:
    """Who sings, and what of it is to be filled."""
    choir = find_choir(timeline).written()
    marks = find_marks(timeline, choir, selection)
    try:
        passage = build_passage(timeline, choir, marks.regions)
    except UnsupportedError as error:
        found: dict[str, Any] = {"problem": str(error), "regions": describe(marks.regions, timeline)}
    else:
        holes = common(marks.regions, passage.stretches(passage.fill, ""))
        kept = passage.stretches(passage.kept, "kept")
        found = {"regions": describe(holes, timeline), "kept": describe(kept, timeline)}
    return {
        "layout": choir.layout,
        "singers": _singers(choir),
        "missing": [name for voice, name in enumerate(VOICES) if voice not in choir.singers],
        "doubts": marks.doubts,
    } | found


def _hands(timeline: Timeline, selection: Selection) -> dict[str, Any]:
    """What a pianist's hands have, and what of it is to be filled."""
    hands = find_hands(timeline)
    marks = find_marks(timeline, hands, selection)
    missing = [name for hand, name in enumerate(HANDS) if hand not in hands.singers]
    last = timeline.measures[-1]
    unwritten = [Region(RIGHT_HAND, timeline.measures[0].onset, last.onset + last.length, "missing")]
    try:
        check_regions(timeline, hands, unwritten if missing and not selection.given else marks.regions)
    except (UnsupportedError, RequestError) as error:
        found: dict[str, Any] = {"problem": str(error), "regions": describe(marks.regions, timeline, HANDS)}
    else:
        access = access_of(timeline, hands, marks.regions, join=False)
        holes = common(marks.regions, stretches_of(access == FREE, ""))
        kept = closed_of(timeline, hands, marks.regions, access)
        found = {"regions": describe(holes, timeline, HANDS), "kept": describe(kept, timeline, HANDS)}
    return {
        "layout": "piano",
        "singers": _singers(hands),
        "missing": missing,
        "doubts": marks.doubts,
    } | found


def _singers(choir: Choir) -> list[dict[str, Any]]:
    return [
        {
            "voice": s.name,
            "part": s.part.name or s.part.id,
            "staff": s.staff,
            "number": s.number,
            "notes": len(s.notes()),
        }
        for _, s in sorted(choir.singers.items())
    ]


def key_name(fifths: int) -> str:
    """Major and minor key of a signature: 2 is ``D major or B minor``."""
    if not -7 <= fifths <= 7:
        return f"{abs(fifths)} {'sharps' if fifths > 0 else 'flats'}"
    major, minor = (_MAJOR, _MINOR) if fifths >= 0 else (_FLAT, _FLAT_MINOR)
    return f"{major[abs(fifths)]} major or {minor[abs(fifths)]} minor"


def _part(part: Part) -> dict[str, Any]:
    return {
        "id": part.id,
        "name": part.name,
        "staves": part.staves,
        "voices": sorted({event.voice for event in part.events()}),
        "measures": len(part.measures),
        "notes": sum(1 for event in part.events() if event.kind == "note"),
        "key": key_name(part.measures[0].start.fifths),
        "transposition": part.measures[0].start.transpose,
    }


def _changes(rows: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Only the rows at which the value changes."""
    changes: list[dict[str, str]] = []
    for number, value in rows:
        if not changes or changes[-1]["value"] != value:
            changes.append({"measure": number, "value": value})
    return changes


def as_text(report: dict[str, Any]) -> str:
    """A report of `inspect` for people."""
    lines = [f"{report['score']}: {_count(report['measures'], 'measure')} ({' to '.join(report['numbers'])})"]
    if report["pickup"]:
        lines[0] += ", with a pickup"
    for name in ("metres", "keys"):
        changes = [
            f"{c['value']}" + (f" from measure {c['measure']}" if i else "") for i, c in enumerate(report[name])
        ]
        sounding = " (as it sounds)" if name == "keys" and any(p["transposition"] for p in report["parts"]) else ""
        lines.append(f"  {name[:-1]}{sounding}: {', '.join(changes)}")
    for part in report["parts"]:
        staves = "1 staff" if part["staves"] == 1 else f"{part['staves']} staves"
        notes = _count(part["notes"], "note")
        voices = ", ".join(part["voices"]) or "none"
        lines.append(f"  part {part['id']} “{part['name']}”: {staves}, voices {voices}, {notes}")
    if "problem" in report:
        what = "cannot be filled" if report["singers"] else "nobody to harmonize"
        lines.append(f"  {what}: {report['problem']}")
        return "\n".join(lines)
    lines += [
        f"  {s['voice']}: {s['part']}, staff {s['staff']}, voice {s['number']}, {_count(s['notes'], 'note')}"
        for s in report["singers"]
    ]
    if report["missing"]:
        lines.append(f"  missing, harmonize would write: {', '.join(report['missing'])}")
    for region in report["regions"]:
        lines.append(f"  to fill: {region['voice']}, {_extent(region)} ({region['by']})")
    if not report["regions"]:
        lines.append("  nothing is marked or empty")
    lines += [
        f"  kept as it is: {row['voice']}, {_extent(row)} (it reaches over an edge)" for row in report["kept"]
    ]
    lines += [f"  unclear: {doubt}" for doubt in report["doubts"]]
    return "\n".join(lines)


def _extent(region: dict[str, str]) -> str:
    """``measures 5 to 8``, ``measure 5, beats 2 to 3``, ``measures 5, beat 3, to 8, beat 1``."""
    (first, _, begin), (last, _, end) = (region[key].partition(".") for key in ("first", "last"))
    if first == last:
        beats = {(True, True): f", beats {begin} to {end}", (True, False): f", from beat {begin}"}
        beats |= {(False, True): f", to beat {end}", (False, False): ""}
        one = f", beat {begin}" if begin and begin == end else beats[bool(begin), bool(end)]
        return f"measure {first}{one}"
    start, stop = (f"{number}, beat {beat}" if beat else number for number, beat in ((first, begin), (last, end)))
    return f"measures {start}{',' if begin else ''} to {stop}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
