"""All the shapes that music has on paper, from end to end: read, filled, written, and read again by the judge.

Where a model would choose, a `Plain` one sings here: every singer one pitch, a note a beat, so that what must be
written can be said beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import judge
import numpy as np
import pytest
from lxml import etree
from schema import schema_errors
from shorthand import Staff, line, measure_of, score, sequence

import scoreassist
from scoreassist.errors import RequestError, ScoreassistError, UnsupportedError
from scoreassist.files.document import Score
from scoreassist.grid.vocabulary import REST_PITCH
from scoreassist.grid.voices import encode
from scoreassist.networks.filler import Filling, Task
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline

GRAND = ("treble", "bass")


class Plain:
    """A model that sings C5, E4, G3 and C3, a quarter at a time from the start of each measure."""

    PITCHES = (72, 64, 55, 48)

    def answers(self, task: Task, options: Any) -> list[Filling]:
        grid = task.grid
        starts = np.searchsorted(grid.measure, grid.measure)
        on_beat = (np.arange(grid.ticks) - starts) % 4 == 0
        pitch = np.where(task.rest, REST_PITCH, np.array(self.PITCHES)[:, None])
        pitch = np.where(grid.known, grid.pitch, pitch)
        struck = np.where(grid.known, grid.struck, on_beat[None, :] | (task.rhythm == 1))
        filled = replace(grid, pitch=pitch, struck=struck, known=np.ones_like(grid.known))
        return [Filling(filled, np.zeros(pitch.shape), task.hidden)]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoreassist.choosing.load_filler", lambda _: Plain())


def harmonized(source: bytes, **wishes: Any) -> etree._Element:
    """Root of a score with the voices that it lacked, after the judge has looked at it."""
    return judged(source, scoreassist.harmonize(source, **wishes))


def completed(source: bytes, **wishes: Any) -> etree._Element:
    """Root of a score whose holes are filled, after the judge has looked at it."""
    return judged(source, scoreassist.complete(source, **wishes))


def judged(source: bytes, result: scoreassist.Result) -> etree._Element:
    """The result, if it is what the promises say: valid, complete, and the same outside of what was filled."""
    saved = result.score.to_xml()
    before, after = judge.parse(source), judge.parse(saved)
    assert result.filled, "nothing was filled"
    assert schema_errors(saved) == []
    given = {part.get("id") for part in before.findall("part")}
    added = [str(part.get("id")) for part in after.findall("part") if part.get("id") not in given]
    touched, lines = set(), set()
    for element in result.new:
        measure = element.getparent()
        assert measure is not None
        part = measure.getparent()
        assert part is not None
        touched.add((str(part.get("id")), part.findall("measure").index(measure)))
        if element.tag == "note":
            staff, voice = int(element.findtext("staff") or 1), element.findtext("voice") or "1"
            lines.add((str(part.get("id")), staff, voice))
    assert judge.differences(before, after, touched, added) == []
    for sung in lines:
        assert judge.dangling_ties(after, sung) == []
        assert judge.values_that_do_not_fit(after, sung) == []
        assert [gap for gap in judge.gaps(after, sung) if (sung[0], int(gap.split()[1][:-1])) in touched] == []
    assert judge.accidentals_that_mislead(after) == []
    return after


def singers(source: bytes) -> list[str]:
    """What `info` says of who sings: voice, part, staff, voice number, notes."""
    return [
        f"{s['voice']} {s['part']} {s['staff']}/{s['number']}: {s['notes']}"
        for s in scoreassist.inspect(source)["singers"]
    ]


def holes(source: bytes) -> list[str]:
    """What `info` says that is marked or empty."""
    return [f"{r['voice']} {r['first']}-{r['last']}" for r in scoreassist.inspect(source)["regions"]]


def music(root: etree._Element, part: str, voice: str = "1") -> str:
    """One voice of a part, measure by measure."""
    found = root.find(f"part[@id='{part}']")
    assert found is not None
    return " | ".join(line(measure, voice) for measure in found.findall("measure"))


def attributes(inside: str) -> str:
    return f"<attributes>{inside}</attributes>"


def named(*rows: tuple[str, str], **shape: Any) -> tuple[Staff, ...]:
    """Parts by name."""
    clefs = {"Tenor": ("treble8",), "Bass": ("bass",)}
    return tuple(Staff(text, name, clefs=clefs.get(name, ("treble",)), **shape) for name, text in rows)


# --- measures that are not full --------------------------------------------------------------------------


def test_a_pickup_and_the_last_measure_that_completes_it():
    melody = Staff("c5:q | c5:q d5:q e5:q f5:q | c5:h.", "Soprano", numbers=("0", "1", "2"))
    source = score(melody).replace(b'number="0"', b'number="0" implicit="yes"')
    root = harmonized(source, layout="open")
    assert music(root, "P4") == "c3:q | c3:q c3:q c3:q c3:q | c3:q c3:q c3:q"
    assert [m.get("implicit") for m in root.findall("part")[3]] == ["yes", None, None]
    assert scoreassist.inspect(source)["pickup"] is True


def test_an_empty_pickup_in_one_voice_is_filled():
    soprano, alto = named(("Soprano", "c5:q | c5:w"), ("Alto", "r:q | e4:w"))
    assert holes(score(soprano, alto)) == ["Alto 1-1"]
    assert music(completed(score(soprano, alto)), "P2") == "e4:q | e4:w"


@pytest.mark.parametrize("implicit", [b"", b' implicit="yes"'])
def test_a_measure_that_a_repeat_splits_keeps_its_beats(implicit: bytes):
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    source = score(
        Staff(f"c5:w | c5:h. {repeat} | d5:q | e5:w", "Soprano", numbers=("1", "2", "X1", "3")),
        Staff(f"e4:w | r:h. {repeat} | r:q | r:w", "Alto", numbers=("1", "2", "X1", "3")),
    ).replace(b'number="X1"', b'number="X1"' + implicit)
    assert holes(source) == ["Alto 2-3"]
    assert music(completed(source), "P2") == "e4:w | e4:q e4:q e4:q | e4:q | e4:q e4:q e4:q e4:q"
    # Half a measure later is the fourth beat: what is to be filled can be named by it.
    assert music(completed(source, measures="X1", parts=["Alto"]), "P2") == "e4:w | r:h. | e4:q | r:w"


def test_first_and_second_ending():
    def ending(number: int, text: str) -> str:
        end = '<repeat direction="backward"/>' if number == 1 else ""
        left = f'<barline location="left"><ending number="{number}" type="start"/></barline>'
        return f'{left} {text} <barline location="right"><ending number="{number}" type="stop"/>{end}</barline>'

    melody = f"c5:w | {ending(1, 'd5:h.')} | {ending(2, 'e5:h.')}"
    root = harmonized(score(Staff(melody, "Soprano")), layout="open")
    assert music(root, "P4") == "c3:q c3:q c3:q c3:q | c3:q c3:q c3:q | c3:q c3:q c3:q"
    bass = root.findall("part")[3]
    assert len(bass.findall("measure/barline/repeat")) == 1
    assert bass.find("measure/barline/ending") is None


def test_an_incomplete_measure_in_the_middle_stays_as_long_as_it_is():
    soprano, alto = named(("Soprano", "c5:w | d5:h | e5:w"), ("Alto", "e4:w | r:h | e4:w"))
    assert music(completed(score(soprano, alto)), "P2") == "e4:w | e4:q e4:q | e4:w"


def test_a_measure_that_says_nothing_at_all_is_a_hole_of_its_full_length():
    soprano, alto = named(("Soprano", "c5:w | d5:w | e5:w"), ("Alto", "e4:w | | e4:w"))
    assert holes(score(soprano, alto)) == ["Alto 2-2"]
    assert music(completed(score(soprano, alto)), "P2") == "e4:w | e4:q e4:q e4:q e4:q | e4:w"


def test_a_measure_of_nothing_but_forwards_is_a_hole():
    soprano, alto = named(("Soprano", "c5:w | d5:w"), ("Alto", "e4:w | _:w"))
    assert holes(score(soprano, alto)) == ["Alto 2-2"]
    root = etree.fromstring(scoreassist.complete(score(soprano, alto)).score.to_xml())
    assert music(root, "P2") == "e4:w | e4:q e4:q e4:q e4:q"


def test_parts_of_different_lengths():
    soprano, alto = named(("Soprano", "c5:w | d5:w | e5:w"), ("Alto", "e4:w | R"))
    assert holes(score(soprano, alto)) == ["Alto 2-2"]
    assert music(completed(score(soprano, alto)), "P2") == "e4:w | e4:q e4:q e4:q e4:q"
    # Who comes new sings to the end, also beside a part that ends early.
    root = harmonized(score(soprano, alto), layout="open")
    assert music(root, "P4") == " | ".join(3 * ["c3:q c3:q c3:q c3:q"])


def test_a_part_that_leaves_out_a_measure_in_the_middle_is_refused():
    soprano, alto = named(("Soprano", "c5:w | d5:w | e5:w | f5:w"), ("Alto", "e4:w | R | e4:w"))
    with pytest.raises(UnsupportedError) as caught:
        scoreassist.complete(score(soprano, replace(alto, numbers=("1", "3", "4"))))
    assert str(caught.value) == (
        "score, part P2, measure 3: stands where part P1 has its measure 2, and the part is shorter;"
        " add the measures that it lacks, empty, in a notation program and export again"
    )
    # As long as the others it may count as it likes.
    other = replace(alto, music="e4:w | R | e4:w | e4:w", numbers=("0", "1", "2", "3"))
    assert holes(score(soprano, other)) == ["Alto 2-2"]


# --- key, clef, metre ------------------------------------------------------------------------------------

IN_D = "<key><fifths>2</fifths></key>"
IN_3 = "<time><beats>3</beats><beat-type>4</beat-type></time>"


def test_key_and_metre_change_inside_what_is_filled():
    source = score(*named(
        ("Soprano", f"c5:w | {attributes(IN_D + IN_3)} f#5:h. | d5:h."),
        ("Alto", f"R | {attributes(IN_D + IN_3)} r:h. | r:h."),
    ))  # fmt: skip
    assert music(completed(source), "P2") == "e4:q e4:q e4:q e4:q | e4:q e4:q e4:q | e4:q e4:q e4:q"


def test_staves_of_one_part_that_have_keys_of_their_own():
    source = score(Staff("c5:w // R | R // g3!:w", clefs=("treble", "treble")))
    keys = b'<key number="1"><fifths>0</fifths></key><key number="2"><fifths>-5</fifths></key>'
    source = source.replace(b"<key><fifths>0</fifths></key>", keys)
    # G natural is foreign to the five flats of the lower staff.
    root = completed(source)
    assert music(root, "P1", "1") == "c5:w | c5:q c5:q c5:q c5:q"
    assert music(root, "P1", "5") == "g3!:q g3:q g3:q g3:q | g3!:w"


def test_a_key_that_changes_inside_a_measure_changes_there_in_new_parts_too():
    melody = Staff(f"c5:h {attributes('<key><fifths>-3</fifths></key>')} c5:h | c5:w", "Soprano")
    root = harmonized(score(melody), layout="open")
    for part in ("P2", "P3", "P4"):
        assert sequence(measure_of(root, 1, part)).split()[3] == "attributes"
        assert measure_of(root, 1, part).findall("attributes")[1].findtext("key/fifths") == "-3"


def test_a_clef_that_changes_inside_a_measure_that_is_filled_stays_where_it_was():
    clef = attributes("<clef><sign>C</sign><line>4</line></clef>")
    source = score(*named(("Soprano", "c5:w"), ("Bass", f"r:h {clef} r:h")))
    measure = measure_of(completed(source, measures="1", parts=["Bass"]), 1, "P2")
    assert sequence(measure) == "attributes c3:q c3:q attributes c3:q c3:q"


TIMES = {
    "3/8": ("e5:q.", "c3:q c3:e"),
    "6/8": ("e5:h.", "c3:q c3:e~ c3:e c3:q"),
    "9/8": ("e5:h. e5:q.", "c3:q c3:e~ c3:e c3:q c3:q c3:e"),
    "12/8": ("e5:h. e5:h.", "c3:q c3:e~ c3:e c3:q c3:q c3:e~ c3:e c3:q"),
    "5/4": ("e5:w e5:q", "c3:q c3:q c3:q c3:q c3:q"),
    "2/2": ("e5:w", "c3:q c3:q c3:q c3:q"),
    "3+2/8": ("e5:h e5:e", "c3:q c3:e~ c3:e c3:e"),
    "2/4": ("e5:h", "c3:q c3:q"),
    "3/2": ("e5:w.", "c3:q c3:q c3:q c3:q c3:q c3:q"),
    "free": ("e5:w e5:w e5:q", " ".join(9 * ["c3:q"])),
}


@pytest.mark.parametrize("time", TIMES)
def test_time_signatures(time: str):
    melody, bass = TIMES[time]
    root = harmonized(score(Staff(f"{melody} | {melody}", "Soprano", time=time)), layout="open")
    assert music(root, "P4") == f"{bass} | {bass}"


def test_two_and_three_quarters_by_turns():
    pair = "<beats>2</beats><beat-type>4</beat-type>"
    other = "<interchangeable><beats>3</beats><beat-type>4</beat-type></interchangeable>"
    source = score(Staff("c5:h | c5:h. | c5:h", "Soprano", time="2/4")).replace(
        f"<time>{pair}</time>".encode(), f"<time>{pair}{other}</time>".encode()
    )
    root = harmonized(source, layout="open")
    assert music(root, "P4") == "c3:q c3:q | c3:q c3:q c3:q | c3:q c3:q"
    metres = [m["value"] for m in scoreassist.inspect(source)["metres"]]
    assert metres == ["2/4", "3/4", "2/4"]


def test_a_measure_that_no_grid_of_sixteenths_can_hold_is_refused_with_what_to_do():
    triplet = Staff("c5:e3 d5:e3 | c5:w", "Soprano", divisions=6)
    with pytest.raises(UnsupportedError) as caught:
        scoreassist.complete(score(triplet), measures="1")
    assert "measure 1: lasts 2/3 quarters, which is not a whole number of sixteenths" in str(caught.value)


# --- tuplets, grace notes, ties --------------------------------------------------------------------------


def test_new_voices_beside_triplets():
    melody = Staff("c5:e3 d5:e3 e5:e3 f5:q c5:h", "Soprano", divisions=3)
    root = harmonized(score(melody), layout="open")
    assert music(root, "P4") == "c3:q c3:q c3:q c3:q"
    assert music(root, "P1") == "c5:e3 d5:e3 e5:e3 f5:q c5:h"


def test_triplets_in_what_is_named_are_replaced_whole_or_kept_whole():
    soprano = Staff("c5:w", "Soprano", divisions=6)
    alto = Staff("e4:e3 f4:e3 g4:e3 e4:e3 f4:e3 g4:e3 e4:h", "Alto", divisions=6)
    source = score(soprano, alto)
    assert music(completed(source, measures="1.1-1.2", parts=["Alto"]), "P2") == "e4:q e4:q e4:h"
    assert music(completed(source, measures="1.1-1.1", parts=["Alto"]), "P2").startswith("e4:q e4:e3 f4:e3 g4:e3")


def test_grace_notes_go_with_the_note_that_they_belong_to_and_others_stay():
    source = score(*named(("Soprano", "c5:h (d5) c5:h"), ("Alto", "(f4) e4:h (f4) e4:h")))
    assert music(completed(source, measures="1.3-1.4", parts=["Alto"]), "P2") == "(f4) e4:h e4:q e4:q"


def test_cue_notes_are_somebody_elses_and_the_measure_is_no_hole():
    cue = (
        "<note><cue/><pitch><step>C</step><octave>5</octave></pitch><duration>16</duration><voice>1</voice>"
        "<type>whole</type></note>"
    )
    source = score(*named(("Soprano", "c5:w | c5:w | c5:w"), ("Alto", f"e4:w | {cue} | R")))
    assert holes(source) == ["Alto 3-3"]
    assert singers(source) == ["Soprano Soprano 1/1: 3", "Alto Alto 1/1: 1"]
    assert sequence(measure_of(completed(source), 2, "P2")) == "c5:w"


def cells(source: bytes, voice: int) -> list[int]:
    """MIDI numbers of a voice, a sixteenth each; -1 for silence."""
    timeline = read_timeline(Score(source))
    return [int(pitch) for pitch in encode(timeline, find_choir(timeline)).pitch[voice]]


def test_for_the_model_cue_notes_are_silence():
    cue = "<note><cue/><pitch><step>C</step><octave>5</octave></pitch><duration>8</duration></note>"
    assert cells(score("c5:w", f"e4:h {cue}", "g3:w", "c3:w"), 1) == 8 * [64] + 8 * [-1]


def test_of_two_notes_that_one_voice_sings_at_once_the_earlier_is_held_to_its_end():
    back = "<backup><duration>4</duration></backup>"
    assert cells(score(f"c5:h {back} d5:h"), 0) == 8 * [72] + 4 * [74]


def test_a_tie_that_leads_into_what_is_named_and_one_that_leads_out():
    source = score(*named(
        ("Soprano", "c5:w | c5:w | c5:w"), ("Alto", "e4:w~ | ~e4:h f4:q g4:q~ | ~g4:w"),
    ))  # fmt: skip
    assert music(completed(source, measures="2", parts=["Alto"]), "P2") == "e4:w~ | e4:h e4:q g4:q~ | g4:w"


def test_notes_that_replace_tied_ones_leave_no_tie_behind():
    source = score(*named(("Soprano", "c5:w | c5:w | c5:w"), ("Alto", "e4:w | f4:w~ | ~f4:w")))
    assert music(completed(source, measures="2-3", parts=["Alto"]), "P2").startswith(
        "e4:w | e4:q e4:q e4:q e4:q |"
    )


# --- voices, staves, parts -------------------------------------------------------------------------------


def test_two_voices_on_each_of_two_staves_of_one_part():
    source = score(Staff("c5:w ; e4:w // g3:w ; c3:w | c5:w ; R // R ; c3:w", clefs=GRAND))
    assert holes(source) == ["Alto 2-2", "Tenor 2-2"]
    root = completed(source)
    assert music(root, "P1", "2") == "e4:w | e4:q e4:q e4:q e4:q"
    assert music(root, "P1", "5") == "g3:w | g3:q g3:q g3:q g3:q"


@pytest.mark.parametrize("name", ["SATB", "", "Choir"])
def test_a_choir_in_one_part_of_four_staves(name: str):
    source = score(
        Staff("c5:w // e4:w // R // c3:w | R // e4:w // g3:w // c3:w", name,
              clefs=("treble", "treble", "treble8", "bass"))
    )  # fmt: skip
    assert holes(source) == ["Soprano 2-2", "Tenor 1-1"]
    root = completed(source)
    assert music(root, "P1", "9") == "g3:q g3:q g3:q g3:q | g3:w"


def test_an_organ_on_three_staves_that_plays_a_chorale():
    source = score(
        Staff("c5:w ; e4:w // g3:w // c3:w | c5:w ; R // R // c3:w", "Organ", clefs=("treble", "bass", "bass"))
    )
    assert singers(source) == [
        "Soprano Organ 1/1: 2", "Alto Organ 1/2: 1", "Tenor Organ 2/5: 1", "Bass Organ 3/9: 2",
    ]  # fmt: skip
    assert music(completed(source), "P1", "5") == "g3:w | g3:q g3:q g3:q g3:q"


def test_soprano_and_alto_share_a_staff_above_tenor_and_bass_on_their_own():
    source = score(
        Staff("c5:w ; e4:w | c5:w ; e4:w"),
        Staff("g3:w | R", clefs=("treble8",)),
        Staff("c3:w | c3:w", clefs=("bass",)),
    )
    assert holes(source) == ["Tenor 2-2"]
    assert len(singers(source)) == 4


def test_a_melody_beside_an_organ_is_what_is_harmonized():
    organ = Staff("c5:w // c4:w // c3:w", "Organ", clefs=("treble", "bass", "bass"))
    root = harmonized(score(Staff("c5:w", "Soprano"), organ), layout="open")
    names = [row.findtext("part-name") for row in root.findall("part-list/score-part")]
    assert names == ["Soprano", "Alto", "Tenor", "Bass", "Organ"]


def crossing(pitch: str, octave: int, staff: int) -> str:
    return (
        f"<note><pitch><step>{pitch}</step><octave>{octave}</octave></pitch><duration>8</duration>"
        f"<voice>5</voice><type>half</type><staff>{staff}</staff></note>"
    )


def test_a_voice_that_crosses_to_the_other_staff_is_one_voice():
    tenor = f"{crossing('C', 4, 1)}{crossing('G', 3, 2)}"
    away = f"{crossing('C', 4, 1)}{crossing('D', 4, 1)}"
    home = f"{crossing('G', 3, 2)}{crossing('A', 3, 2)}"
    back = "<backup><duration>16</duration></backup>"
    rows = [f"c5:w ; e4:w // {notes} {back} _:w ; c3:w" for notes in (tenor, away, home, home)]
    source = score(Staff(" | ".join(rows), clefs=GRAND))
    assert "Tenor P1 2/5: 8" in singers(source)
    assert holes(source) == []
    root = completed(source, measures="1", parts=["Tenor"])
    assert music(root, "P1", "5").split(" | ")[0].startswith("g3:q g3:q g3:q g3:q")
    assert {n.findtext("staff") for n in measure_of(root, 1).findall("note") if n.findtext("voice") == "5"} == {
        "2"
    }


def test_of_two_singers_who_cross_together_the_one_who_stays_gets_a_voice_number_of_its_own():
    away = crossing("G", 4, 1) + crossing("C", 4, 1).replace("<note>", "<note><chord/>")
    chords = away + crossing("G", 3, 2) + crossing("C", 3, 2).replace("<note>", "<note><chord/>")
    home = chords.replace("<staff>1</staff>", "<staff>2</staff>")
    back = "<backup><duration>16</duration></backup><backup><duration>16</duration></backup>"
    rows = [f"c5:w {back.split('</backup>')[0]}</backup>{notes}" for notes in (chords, home)]
    root = completed(score(Staff(" | ".join(rows), clefs=GRAND)), measures="1", parts=["Tenor"])
    voices = {
        (n.findtext("staff"), n.findtext("voice")): n.findtext("pitch/step")
        for n in measure_of(root, 1).findall("note")
        if n.find("pitch") is not None and n.findtext("pitch/step") == "C" and n.findtext("duration") == "8"
    }
    new = {n.findtext("voice") for n in measure_of(root, 1).findall("note") if n.findtext("duration") == "4"}
    assert len(new) == 1
    assert len({voice for _, voice in voices}) == 1
    assert new.isdisjoint({voice for _, voice in voices})


def test_voice_numbers_that_each_staff_counts_for_itself_are_lines_of_their_own():
    second = "<backup><duration>16</duration></backup><note><pitch><step>C</step><octave>3</octave></pitch>"
    second += "<duration>16</duration><voice>1</voice><type>whole</type><staff>2</staff></note>"
    source = score(Staff(f"c5:w {second}", clefs=GRAND))
    assert singers(source) == ["Soprano P1 1/1: 1", "Bass P1 2/1: 1"]


def test_in_a_passage_that_another_voice_number_holds_the_singer_of_a_staff_still_sings():
    source = score(*named(("Soprano", "c5:w | c5:w"), ("Alto", "e4:w | _:w ; f4:w"), ("Tenor", "g3:w | R ; a3:w")))
    assert holes(source) == []
    assert singers(source) == ["Soprano Soprano 1/1: 2", "Alto Alto 1/1: 2", "Tenor Tenor 1/1: 2"]


def test_voices_without_numbers_or_with_names():
    source = score(*named(("Soprano", "c5:w | c5:w"), ("Alto", "e4:w | R")))
    without = source.replace(b"<voice>1</voice>", b"")
    assert holes(without) == ["Alto 2-2"]
    assert line(measure_of(completed(without), 2, "P2")) == "e4:q e4:q e4:q e4:q"
    words = source.replace(b"<voice>1</voice>", b"<voice>alto one</voice>")
    assert line(measure_of(completed(words), 2, "P2"), "alto one") == "e4:q e4:q e4:q e4:q"
    assert len(harmonized(words, layout="closed").findall("part")) == 3


def test_parts_in_the_file_in_another_order_than_on_the_page():
    source = score("c5:w | c5:w", "e4:w | R", "g3:w | R", "c3:w | c3:w")
    root = etree.fromstring(source)
    root.append(root.find("part"))  # the first part of the list comes last
    turned = etree.tostring(root)
    assert [s.split(":")[0] for s in singers(turned)] == [
        "Soprano P1 1/1", "Alto P2 1/1", "Tenor P3 1/1", "Bass P4 1/1",
    ]  # fmt: skip
    completed(turned)


def test_several_parts_of_one_name_are_told_apart_by_their_place():
    source = score(*(Staff(f"{pitch}:w | {rest}", "Voice") for pitch, rest in
                     (("c5", "c5:w"), ("e4", "R"), ("g3", "g3:w"), ("c3", "R"))))  # fmt: skip
    assert holes(source) == ["Alto 2-2", "Bass 2-2"]
    completed(source)


def test_the_long_ids_that_music21_gives_to_nameless_parts_are_no_names():
    long = "P0d3a5c9f1b7e2468ace013579bdf2468"
    source = score(Staff("c5:w", long)).replace(b'"P1"', f'"{long}"'.encode())
    root = harmonized(source, layout="closed")
    names = [row.findtext("part-name") for row in root.findall("part-list/score-part")]
    assert names == [long, "Tenor Bass"]
    assert scoreassist.inspect(source)["parts"][0]["name"] == ""


def test_a_part_that_the_list_does_not_name_and_a_name_without_part():
    source = score(*named(("Soprano", "c5:w | c5:w"), ("Alto", "e4:w | R")))
    source = source.replace(b'<score-part id="P2"><part-name>Alto', b'<score-part id="P9"><part-name>Oboe')
    assert music_without_schema(source, "P2") == "e4:w | e4:q e4:q e4:q e4:q"


def music_without_schema(source: bytes, part: str) -> str:
    """What `complete` makes of a score that is no valid MusicXML to begin with."""
    return music(etree.fromstring(scoreassist.complete(source).score.to_xml()), part)


# --- pitch -----------------------------------------------------------------------------------------------

TRANSPOSING = {
    "clarinet in B flat": ("<diatonic>-1</diatonic><chromatic>-2</chromatic>", "d5", "f#4", 2),
    "alto saxophone in E flat": ("<diatonic>-5</diatonic><chromatic>-9</chromatic>", "a5", "c#5", 3),
    "baritone saxophone": (
        "<diatonic>-5</diatonic><chromatic>-9</chromatic><octave-change>-1</octave-change>", "a6", "c#6", 3,
    ),
    "horn in F": ("<diatonic>-4</diatonic><chromatic>-7</chromatic>", "g5", "b4", 1),
}  # fmt: skip


@pytest.mark.parametrize("instrument", TRANSPOSING)
def test_a_transposing_part_is_filled_at_its_written_pitch(instrument: str):
    transpose, c5, e4, key = TRANSPOSING[instrument]
    source = score(
        Staff(f"{c5}:w | {c5}:w", "", key=key, transpose=transpose),
        Staff(f"{e4}:w | R", "", key=key, transpose=transpose),
    )
    assert music(completed(source), "P2") == f"{e4}:w | {e4}:q {e4}:q {e4}:q {e4}:q"


def test_a_part_that_changes_its_transposition_half_way():
    in_a = attributes(
        "<key><fifths>-3</fifths></key><transpose><diatonic>-2</diatonic><chromatic>-3</chromatic></transpose>"
    )
    clarinet = Staff(f"d5:w | {in_a} eb5:w", "Soprano", key=2,
                     transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>")  # fmt: skip
    root = harmonized(score(clarinet))
    keys = [m.findtext("attributes/key/fifths") for m in root.findall("part")[1]]
    assert keys == ["0", "0"]


def test_a_transposition_that_changes_without_a_new_signature_changes_the_key_of_the_others():
    in_c = attributes("<transpose><diatonic>0</diatonic><chromatic>0</chromatic></transpose>")
    clarinet = Staff(f"d5:w | {in_c} d5:w", "Soprano", key=2,
                     transpose="<diatonic>-1</diatonic><chromatic>-2</chromatic>")  # fmt: skip
    root = harmonized(score(clarinet))
    assert [m.findtext("attributes/key/fifths") for m in root.findall("part")[1]] == ["0", "2"]


UP = "<diatonic>1</diatonic><chromatic>2</chromatic>"


@pytest.mark.parametrize(
    ("transposes", "pitches"),
    [
        ("<transpose>{}</transpose>", [74, 62]),
        ('<transpose number="1">{0}</transpose><transpose number="2">{0}</transpose>', [74, 62]),
        ('<transpose number="1">{}</transpose>', None),
        ('<transpose number="2">{}</transpose>', None),
    ],
)
def test_staves_of_one_part_transpose_alike_or_are_refused(transposes: str, pitches: list[int] | None):
    source = score(Staff("c5:w // c4:w", clefs=GRAND))
    source = source.replace(b"</attributes>", f"{transposes.format(UP)}</attributes>".encode())
    assert schema_errors(source) == []
    if pitches is not None:
        events = read_timeline(Score(source)).parts[0].events()
        assert [event.midi for event in events] == pitches
        return
    with pytest.raises(UnsupportedError) as caught:
        scoreassist.harmonize(source)
    assert str(caught.value) == (
        "score, part P1, measure 1: the staves of the part transpose differently;"
        " give each a part of its own in a notation program and export again"
    )


def test_clefs_of_another_octave_do_not_change_what_is_written():
    # MusicXML writes the sounding pitch, whatever the clef says of octaves.
    above = "<sign>G</sign><line>2</line><clef-octave-change>1</clef-octave-change>"
    source = score(Staff("c5:w | R", "Soprano"), *named(("Tenor", "g3:w | R"), ("Bass", "c3:w | c3:w")))
    source = source.replace(b"<sign>G</sign><line>2</line></clef>", f"{above}</clef>".encode(), 1)
    root = completed(source)
    assert music(root, "P1") == "c5:w | c5:q c5:q c5:q c5:q"
    assert music(root, "P2") == "g3:w | g3:q g3:q g3:q g3:q"


def test_under_an_octave_line_notes_are_written_as_they_sound():
    def ottava(kind: str) -> str:
        sign = f'<octave-shift type="{kind}" size="8"/>'
        return f"<direction><direction-type>{sign}</direction-type></direction>"

    source = score(*named(("Soprano", f"{ottava('down')} c5:w | r:w {ottava('stop')}"), ("Alto", "e4:w | e4:w")))
    assert music(completed(source), "P1") == "c5:w | c5:q c5:q c5:q c5:q"


def test_the_key_is_that_of_most_parts():
    horn = Staff("g5:w | g5:w", "Horn", key=0, transpose="<diatonic>-4</diatonic><chromatic>-7</chromatic>")
    choir = named(("Soprano", "c5:w | c5:w"), ("Alto", "e4:w | R"), key=-3)
    assert scoreassist.inspect(score(horn, *choir))["keys"][0]["value"] == "E♭ major or C minor"


# --- what is not sung, or not seen -----------------------------------------------------------------------


def test_percussion_and_tablature_are_left_alone():
    drum = "<note><unpitched/><duration>16</duration><voice>1</voice><type>whole</type></note>"
    others = Staff(f"{drum} | R", "Drums", clefs=("percussion",)), Staff("e4:w | R", "Guitar", clefs=("TAB",))
    source = score(*named(("Soprano", "c5:w | c5:w"), ("Alto", "e4:w | R")), *others)
    assert holes(source) == ["Alto 2-2"]
    completed(source)


def test_a_hidden_rest_is_emptiness():
    source = score(*named(("Soprano", "c5:w | c5:w"), ("Alto", "e4:w | *R")))
    assert holes(source) == ["Alto 2-2"]
    assert sequence(measure_of(completed(source), 2, "P2")) == "e4:q e4:q e4:q e4:q"


def test_a_part_whose_rests_are_all_hidden_gets_its_notes_in_their_place():
    source = score(*named(("Soprano", "c5:w | c5:w"), ("Alto", "*R | *R")))
    root = harmonized(source)
    assert music(root, "P2") == "e4:q e4:q e4:q e4:q | e4:q e4:q e4:q e4:q"
    assert [note.get("print-object") for note in root.iter("note")] == len(list(root.iter("note"))) * [None]


def test_hidden_rests_beside_a_melody_are_no_second_singer():
    assert singers(score("c5:w ; *R")) == ["Soprano P1 1/1: 1"]


def test_a_voice_of_which_nothing_is_printed_is_there_to_be_heard_and_nobody_sings_it():
    source = score(*named(("Soprano", "c5:w ; *e4:w"), ("Alto", "e4:w")))
    assert singers(source) == ["Soprano Soprano 1/1: 1", "Alto Alto 1/1: 1"]
    with pytest.raises(UnsupportedError, match="has no staff that can be sung"):
        scoreassist.harmonize(score("*c5:w"))
    # The new voice is written beside it, in a number of its own.
    root = harmonized(score(Staff("c5:w ; *e4:w", "Soprano")), layout="closed")
    assert line(measure_of(root, 1), "3") == "e4:q e4:q e4:q e4:q"


def test_a_hidden_note_in_a_voice_that_is_printed_is_sung():
    # Where both sing the same note, editors hide the second one.
    source = score("c5:w ; e4:w | c5:w ; *c5:w")
    assert holes(source) == []
    assert singers(source) == ["Soprano P1 1/1: 2", "Alto P1 1/2: 2"]


def test_who_claps_for_a_measure_is_a_singer_still_and_claps_are_no_hole():
    clap = "<note><unpitched/><duration>8</duration><voice>1</voice><type>half</type></note>"
    source = score(*named(("Soprano", "c5:w | c5:w | c5:w"), ("Alto", f"e4:q e4:q e4:h | {clap} {clap} | R")))
    assert singers(source)[1] == "Alto Alto 1/1: 3"
    assert holes(source) == ["Alto 3-3"]
    completed(source)


def test_a_part_that_forgets_to_say_that_it_has_two_staves():
    source = score(Staff("c5:w ; e4:w // g3:w ; c3:w | c5:w ; e4:w // R ; c3:w", clefs=GRAND))
    source = source.replace(b"<staves>2</staves>", b"")
    assert holes(source) == ["Tenor 2-2"]
    assert music(completed(source), "P1", "5") == "g3:w | g3:q g3:q g3:q g3:q"


def test_multiple_measure_rests_are_opened_where_notes_come():
    rest = attributes("<measure-style><multiple-rest>2</multiple-rest></measure-style>")
    source = score(*named(("Soprano", "c5:w | c5:w | c5:w"), ("Alto", f"e4:w | {rest} R | R")))
    root = etree.fromstring(scoreassist.complete(source).score.to_xml())
    assert root.find(".//multiple-rest") is None
    assert music(root, "P2") == "e4:w | e4:q e4:q e4:q e4:q | e4:q e4:q e4:q e4:q"


def test_chord_symbols_figures_and_verses_stay_with_their_offsets():
    harmony = (
        "<harmony><root><root-step>C</root-step></root><kind>major</kind><offset>2</offset></harmony>"
        "<figured-bass><figure><figure-number>6</figure-number></figure><duration>2</duration></figured-bass>"
    )
    lyrics = "".join(f'<lyric number="{n}"><text>{word}</text></lyric>' for n, word in ((1, "one"), (2, "two")))
    pitch = "<pitch><step>C</step><octave>5</octave></pitch>"
    verses = f"<note>{pitch}<duration>2</duration><voice>1</voice><type>half</type>{lyrics}</note>"
    source = score(Staff(f"{harmony} {verses} c5:h", "Soprano", divisions=1))
    root = harmonized(source, layout="closed")
    measure = measure_of(root, 1)
    assert measure.findtext("harmony/offset") == "2"
    assert measure.findtext("figured-bass/duration") == "2"
    assert [e.text for e in measure.iter("text")] == ["one", "two"]


# --- what files leave out --------------------------------------------------------------------------------


def test_without_divisions_a_unit_is_a_quarter():
    source = score(Staff("c5:q d5:q e5:h", "Soprano", divisions=1)).replace(b"<divisions>1</divisions>", b"")
    assert music(harmonized(source, layout="open"), "P4") == "c3:q c3:q c3:q c3:q"


def test_divisions_that_change_from_one_measure_to_the_next():
    c = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>32</duration><voice>1</voice></note>"
    melody = Staff(f"c5:w | {attributes('<divisions>8</divisions>')} {c}", "Soprano")
    assert music(harmonized(score(melody), layout="closed"), "P1", "2") == " | ".join(2 * ["e4:q e4:q e4:q e4:q"])


def test_a_note_that_does_not_say_its_duration_lasts_as_long_as_its_value():
    source = score(*named(("Soprano", "c5:h. d5:q | c5:w"), ("Alto", "e4:w | R")))
    source = source.replace(b"<duration>12</duration>", b"")
    assert [m["value"] for m in scoreassist.inspect(source)["metres"]] == ["4/4"]
    assert music_without_schema(source, "P2") == "e4:w | e4:q e4:q e4:q e4:q"


def test_measure_numbers_may_be_words_and_come_twice():
    numbers = ("1", "12a", "12a", "X1")
    source = score(
        Staff("c5:w | c5:h | c5:h | c5:w", "Soprano", numbers=numbers),
        Staff("e4:w | e4:h | e4:h | e4:w", "Alto", numbers=numbers),
    )
    root = completed(source, measures="12a-X1", parts=["Alto"])
    assert music(root, "P2") == "e4:w | e4:q e4:q | e4:q e4:q | e4:q e4:q e4:q e4:q"


def test_comments_and_instructions_between_notes_stay():
    source = score(*named(("Soprano", "c5:w | c5:w"), ("Alto", "e4:w | r:h r:h")))
    between = b"</note><!-- hm --><?player louder?><note>"
    head, tail = source.rsplit(b"</note><note>", 1)
    root = completed(head + between + tail)
    kept = [e for e in measure_of(root, 2, "P2") if not isinstance(e.tag, str)]
    assert [str(e.text) for e in kept] == [" hm ", "louder"]


# --- what is refused -------------------------------------------------------------------------------------

REFUSED: list[tuple[Sequence[Staff | str], type[ScoreassistError], str]] = [
    ([Staff("c5:w", clefs=("percussion",))], UnsupportedError,
     "score: has no staff that can be sung; add a melody"),
    (["R"], UnsupportedError,
     "score: has no sung note; write at least one voice"),
    (5 * ["c5:w"], RequestError,
     "score: 5 staves, and no names tell who sings; name the parts Soprano, Alto, Tenor, Bass"),
    (["c8:w"], UnsupportedError,
     "score, part P1, measure 1: Soprano lies outside any singer's range in 1 of 1 notes"
     " (MIDI 108; C2 to C7 is 36 to 96); transpose it by octaves"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "kind", "message"), REFUSED, ids=["drums", "rests", "five", "too high"])
def test_what_cannot_be_understood_is_refused_in_one_line(
    parts: Sequence[Staff | str], kind: type[ScoreassistError], message: str
):
    with pytest.raises(kind) as caught:
        scoreassist.harmonize(score(*parts))
    assert str(caught.value) == message
