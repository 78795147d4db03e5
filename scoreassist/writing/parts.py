"""New parts and staves for singers that a score does not have yet."""

from __future__ import annotations

from collections.abc import Collection

from scoreassist.errors import UnsupportedError
from scoreassist.score.singers import VOICES, Choir, Singer
from scoreassist.score.timeline import Part, Timeline, read_part
from scoreassist.writing.divisions import refine_divisions
from scoreassist.writing.part_list import insert_beside, join_with_bracket, new_score_part
from scoreassist.writing.silence import Clef, silent_part

__all__ = ["add_missing_singers", "refine_divisions", "suits_closed"]

# Sign, line, octave change of the clef that a new staff gets, by its highest voice.
CLEFS: dict[int, Clef] = {0: ("G", 2, 0), 1: ("G", 2, 0), 2: ("G", 2, -1), 3: ("F", 4, 0)}
CLOSED_CLEFS: dict[int, Clef] = {0: ("G", 2, 0), 2: ("F", 4, 0)}


def add_missing_singers(
    timeline: Timeline, choir: Choir, layout: str, wanted: Collection[int] = range(4)
) -> list[str]:
    """Give a score, and its choir, the singers that it lacks.

    Parameters
    ----------
    timeline : Timeline
        Its score is changed; new parts are added to `timeline.parts`.
    choir : Choir
        Gets the singers that are added.
    layout : str
        ``open``: a part for each missing singer. ``closed``: missing singers join the staff of their
        neighbour (soprano with alto, tenor with bass) or share one new part.
    wanted : collection of int
        Only these voices are added.

    Returns
    -------
    list of str
        Ids of the parts added.
    """
    missing = [v for v in sorted(wanted) if v not in choir.singers]
    added: list[str] = []
    for voice in missing:
        pair = (0, 1) if voice < 2 else (2, 3)
        upper = voice == pair[0]
        partner = choir.singers.get(pair[1] if upper else pair[0])
        if layout == "open":
            part = _add_part(timeline, choir, [voice])
            singer = _silent(voice, part, 1, "1", None)
            added.append(part.id)
        elif partner is None:
            together = [v for v in pair if v in wanted]
            part = _add_part(timeline, choir, together)
            singer = _silent(voice, part, 1, "1", upper if len(together) > 1 else None)
            added.append(part.id)
        else:
            partner.upper = not upper
            number = _free_voice_number(partner)
            singer = _silent(voice, partner.part, partner.staff, number, upper)
        choir.singers[voice] = singer
    if added:
        members = {singer.part.id for singer in choir.singers.values()}
        with_words = any(e.element.find("lyric") is not None for s in choir.singers.values() for e in s.notes())
        join_with_bracket(timeline.score.root, members, barlines=layout == "closed" or not with_words)
    return added


def _silent(voice: int, part: Part, staff: int, number: str, upper: bool | None) -> Singer:
    """A singer without notes; rests of a new part are those of its first voice."""
    rows = [[e for e in m.events if (e.staff, e.voice) == (staff, number)] for m in part.measures]
    return Singer(voice, part, staff, number, upper, rows)


def _free_voice_number(partner: Singer) -> str:
    taken = {event.voice for event in partner.part.events()} | {partner.number}
    number = int(partner.number) + 1 if partner.number.isdigit() else 2
    while str(number) in taken:
        number += 1
    return str(number)


def suits_closed(choir: Choir) -> bool:
    """Whether two voices could share the staves that a choir has: right clefs, not transposing."""
    for singer in choir.singers.values():
        start = singer.part.measures[0].start
        clef = start.clef(singer.staff)
        wanted = CLOSED_CLEFS[0 if singer.voice < 2 else 2]
        transposing = any(measure.end.transpose for measure in singer.part.measures)
        if transposing or start.transpose or (clef is not None and clef != wanted):
            return False
    return True


def _add_part(timeline: Timeline, choir: Choir, voices: list[int]) -> Part:
    """A new part for one or two singers, silent, next to the one who is nearest to them."""
    root = timeline.score.root
    neighbour = min(choir.singers.values(), key=lambda s: abs(s.voice - voices[0]))
    above = neighbour.voice > voices[-1]
    rows = root.findall("part-list/score-part")
    beside = next((row for row in rows if row.get("id") == neighbour.part.id), None)
    if beside is None:
        raise UnsupportedError(
            "is not in the part list; export the score again", source=timeline.score.name, part=neighbour.part.id
        )
    row = new_score_part(root, voices, beside)
    part_id = str(row.get("id"))
    insert_beside(beside, row, above)
    clef = CLEFS[voices[0]] if len(voices) == 1 else CLOSED_CLEFS[voices[0]]
    element = silent_part(timeline, neighbour.part, part_id, clef, above)
    insert_beside(neighbour.part.element, element, above)
    added = read_part(timeline.score.name, element, part_id, " ".join(VOICES[v] for v in voices))
    timeline.parts.append(added)
    return added
