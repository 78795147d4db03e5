"""The words of a song: kept under notes that are replaced, shared with voices that are added."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from lxml import etree
from schema import schema_errors
from shorthand import Staff, pitch, score

import scoreassist
from scoreassist.files.document import Score
from scoreassist.grid.passage import build_passage
from scoreassist.score.regions import Region
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.writing.lyrics import find_text, sung_on

HYMN = "c5:q=O d5:q=my e5:q=soul f5:q=sing | e5:h=praise d5:q c5:q=thee"


def underlay(document: bytes, part: str, voice: str = "1") -> str:
    """The syllables of a voice in order, ``-`` for a note without, ``_`` behind an extender."""
    return " | ".join(" ".join(_syllables(measure, voice)) for measure in _part(document, part).iter("measure"))


def _part(document: bytes, name: str) -> etree._Element:
    root = etree.fromstring(document)
    (part_id,) = root.xpath(f"part-list/score-part[part-name='{name}']/@id")
    (part,) = root.xpath(f"part[@id='{part_id}']")
    return part


def _syllables(measure: etree._Element, voice: str) -> Iterator[str]:
    for note in measure.iter("note"):
        if note.findtext("voice") != voice or note.find("pitch") is None:
            continue
        if note.find("tie[@type='stop']") is None or note.find("lyric") is not None:
            texts = [lyric.findtext("text") or "" for lyric in note.findall("lyric")]
            line = "_" if note.find("lyric/extend") is not None else ""
            yield "/".join(texts) + line or "-"


def harmonized(music: str, **options: object) -> bytes:
    source = score(Staff(music, "Soprano"))
    result = scoreassist.harmonize(source, layout="open", candidates=2, **options).score.to_xml()
    assert schema_errors(result) == schema_errors(source)
    return result


def words_alone(text: str) -> str:
    return " ".join(re.sub("[-|_]", " ", text).split())


# --- shared ----------------------------------------------------------------------------------------------


MELISMAS = "c5:h=Al- d5:e e5:e f5:q | g5:h e5:h | d5:q=le e5:q f5:e e5:e d5:q | c5:w=lu"


@pytest.mark.parametrize("seed", range(6))
def test_no_new_voice_repeats_a_note_on_one_syllable(seed: int):
    root = etree.fromstring(harmonized(MELISMAS, lyrics="copy", seed=seed))
    for part in root.findall("part")[1:]:
        notes = [note for note in part.iter("note") if note.find("pitch") is not None]
        for before, note in pairwise(notes):
            same = pitch(before).strip("!") == pitch(note).strip("!")
            held = note.find("tie[@type='stop']") is not None
            assert not same or held or note.find("lyric") is not None


def test_a_note_that_the_given_voice_repeats_without_a_syllable_may_be_repeated():
    source = score(Staff("c5:q=La c5:q d5:q=la d5:q", "Soprano"), Staff("R", "Tenor"))
    timeline = read_timeline(Score(source, "hymn"))
    passage = build_passage(timeline, find_choir(timeline), [Region(2, Fraction(0), Fraction(4), "flag")])
    grid = replace(passage.grid, pitch=passage.grid.pitch.copy(), struck=passage.grid.struck.copy())
    grid.pitch[2] = 60
    grid.struck[2, ::2] = True  # eighths
    syllables = [((0, Fraction(0)), (0, Fraction(2))), ((0, Fraction(2)), (0, Fraction(4)))]
    held = passage.with_syllables([begin for begin, _ in syllables]).held_on_syllables(
        grid, {2: syllables}, leader=0
    )
    assert np.flatnonzero(held.struck[2]).tolist() == [0, 4, 8, 12]
    held = passage.held_on_syllables(grid, {2: syllables[:1]}, leader=0)
    assert np.flatnonzero(held.struck[2]).tolist() == [
        0,
        4,
        8,
        10,
        12,
        14,
    ]  # without words from the third quarter on


SLUR_STARTS, SLUR_ENDS = (f'<notations><slur number="1" type="{kind}"/></notations>' for kind in ("start", "stop"))


@pytest.mark.parametrize(
    ("last", "ends"),
    [
        ("e5:q=lo d5:q | e5:q f5:q e5:h", (0, 4)),
        ("e5:q=lo- d5:q | e5:q f5:q e5:h", (2, 4)),
        ("e5:h~=lo | ~e5:q g5:q e5:h", (1, 1)),
        ("e5:q=slurred d5:q | e5:q f5:q e5:h", (1, 2)),
        ("e5:q=lo r:q | e5:q f5:q e5:h", (0, 3)),
    ],
)
def test_notes_behind_the_last_word_are_sung_on_it_where_the_page_says_so(last: str, ends: tuple[int, int]):
    source = score(Staff(f"c5:q=La d5:q=la {last} | c5:w", "Soprano")).decode()
    if "slurred" in source:
        source = source.replace("<lyric><text>slurred", f"{SLUR_STARTS}<lyric><text>slurred")
        source = re.sub(r"(<step>F</step>.*?</type>)", rf"\1{SLUR_ENDS}", source)
    words = find_text(find_choir(read_timeline(Score(source.encode(), "hymn"))))
    assert words is not None
    assert sung_on(*words)[-1] == ((0, 2), ends)


@pytest.mark.parametrize("seed", range(3))
def test_no_slur_reaches_into_measures_without_words(seed: int):
    result = harmonized("c5:q=La d5:q=la e5:q=lo d5:q | e5:q d5:q e5:h | c5:w", lyrics="copy", seed=seed)
    for part in ("Alto", "Tenor", "Bass"):
        _, *later = _part(result, part).iter("measure")
        assert all(measure.find("note/notations/slur") is None for measure in later)


def test_each_voice_of_a_staff_has_slurs_over_what_it_sings_on_one_syllable():
    source = score(Staff(MELISMAS, "Soprano"))
    root = scoreassist.harmonize(source, layout="closed", candidates=2, lyrics="copy").score.root
    women, men = root.findall("part")
    for part, voice, number in ((women, "2", "2"), (men, "1", "3"), (men, "2", "4")):
        notes = [n for n in part.iter("note") if n.findtext("voice") == voice and n.find("pitch") is not None]
        kinds = [
            slur.get("type") for note in notes for slur in note.iterfind(f"notations/slur[@number='{number}']")
        ]
        assert kinds == ["start", "stop"] * (len(kinds) // 2) != []
    assert all(
        note.find("lyric") is None
        for part in (women, men)
        for note in part.iter("note")
        if note.findtext("voice") == "2"
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("part", ["Alto", "Tenor", "Bass"])
def test_every_new_voice_sings_every_syllable(part: str, seed: int):
    result = harmonized(HYMN, lyrics="copy", seed=seed)
    assert words_alone(underlay(result, part)) == "O my soul sing praise thee"


@pytest.mark.parametrize("part", ["Soprano", "Alto"])
def test_the_words_of_all_verses_are_shared_with_their_numbers(part: str):
    verses = '<lyric number="{}"><syllabic>single</syllabic><text>{}</text></lyric>'
    note = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>16</duration><voice>1</voice>{}</note>"
    result = harmonized(note.format(verses.format(1, "Joy") + verses.format(2, "Peace")), lyrics="copy")
    assert underlay(result, part) == "Joy/Peace"
    assert [lyric.get("number") for lyric in _part(result, part).iter("lyric")] == ["1", "2"]


def test_without_being_asked_new_voices_get_no_words():
    result = harmonized(HYMN)
    assert words_alone(underlay(result, "Alto")) == ""
    assert words_alone(underlay(result, "Soprano")) == "O my soul sing praise thee"


def test_a_melody_without_words_shares_none():
    assert words_alone(underlay(harmonized("c5:q d5:q e5:h", lyrics="copy"), "Bass")) == ""


def test_two_singers_of_a_staff_share_one_text():
    document = scoreassist.harmonize(
        score(Staff(HYMN, "Soprano")), layout="closed", lyrics="copy", candidates=2
    ).score.to_xml()
    with_words = etree.fromstring(document).xpath("//note[lyric]")
    texts = [(note.xpath("string(../../@id)"), note.findtext("voice")) for note in with_words]
    assert set(texts) == {("P1", "1"), ("P2", "1")}
    assert words_alone(underlay(document, "Tenor Bass")) == "O my soul sing praise thee"


def test_a_word_that_more_notes_are_sung_on_gets_a_line_and_one_that_ends_loses_it():
    extended = (
        "<note><pitch><step>C</step><octave>5</octave></pitch><duration>16</duration><voice>1</voice>"
        '<lyric default-y="-80" id="l1"><syllabic>single</syllabic><text>Ah</text><extend/></lyric></note>'
    )
    result = harmonized(extended + " | c5:w=men", lyrics="copy", seed=1)
    for part in ("Alto", "Tenor", "Bass"):
        first = _part(result, part).find("measure")
        onsets = [
            n for n in first.iter("note") if n.find("pitch") is not None and n.find("tie[@type='stop']") is None
        ]
        lyric = onsets[0].find("lyric")
        assert (lyric.find("extend") is not None) is (len(onsets) > 1)
        assert lyric.attrib == {}


@pytest.mark.parametrize("seed", range(4))
def test_notes_on_one_syllable_are_slurred_and_each_slur_has_its_end(seed: int):
    result = harmonized("c5:w=Glo d5:w=ri e5:w=a".replace(" ", " | "), lyrics="copy", seed=seed)
    for part in ("Alto", "Tenor", "Bass"):
        notes = [n for n in _part(result, part).iter("note") if n.find("pitch") is not None]
        open_slur = False
        for note in notes:
            tied = note.find("tie[@type='stop']") is not None
            assert open_slur or tied or note.find("lyric") is not None  # a note without words is under a slur
            kinds = [slur.get("type") for slur in note.iterfind("notations/slur")]
            assert kinds in ([], ["stop"] if open_slur else ["start"])
            open_slur = open_slur is not bool(kinds)
        assert not open_slur


# --- kept ------------------------------------------------------------------------------------------------


def filled(music: str, **options: object) -> bytes:
    staves = [Staff(music, "Soprano"), Staff(re.sub("[a-g]5", "g4", re.sub("=[^ ]+", "", music)), "Alto")]
    return scoreassist.complete(score(*staves), candidates=2, **options).score.to_xml()


@pytest.mark.parametrize("seed", range(3))
def test_notes_that_replace_others_keep_their_syllables(seed: int):
    result = filled(HYMN, measures=(1, 2), parts=["Soprano"], seed=seed)
    assert words_alone(underlay(result, "Soprano")) == "O my soul sing praise thee"
    assert words_alone(underlay(result, "Alto")) == ""


def test_words_stand_where_they_stood():
    result = filled(HYMN, measures=(2, 2), parts=["Soprano"], seed=2)
    assert underlay(result, "Soprano").startswith("O my soul sing | praise")
    measure = _part(result, "Soprano").findall("measure")[1]
    at, moments = 0, {}
    for note in measure.iter("note"):
        if note.find("lyric") is not None:
            moments[note.findtext("lyric/text")] = at
        at += int(note.findtext("duration"))
    assert moments == {"praise": 0, "thee": 12}


def test_a_slash_notehead_keeps_its_words_and_signs():
    slash = (
        "<note><pitch><step>B</step><octave>4</octave></pitch><duration>8</duration><voice>1</voice><type>half</type>"
        "<notehead>slash</notehead><notations><articulations><accent/></articulations></notations>"
        "<lyric><text>{}</text></lyric></note>"
    )
    source = score(Staff("c5:h d5:h", "Soprano"), Staff(slash.format("Glo") + slash.format("ry"), "Alto"))
    result = scoreassist.complete(source, candidates=2).score.to_xml()
    assert underlay(result, "Alto") == "Glo ry"
    part = _part(result, "Alto")
    assert len(part.findall(".//accent")) == 2
    assert part.find(".//notehead") is None


def test_a_syllable_of_a_stem_that_goes_on_stays_with_it_alone():
    source = score(Staff("e4+c5:q=Lord d4+b4:q=God e4+c5:h=King", "SA"), Staff("c3:w", "Bass", clefs=("bass",)))
    result = scoreassist.complete(source, measures=(1, 1), parts=["Alto"], candidates=2).score.to_xml()
    assert [t.text for t in etree.fromstring(result).iter("text")] == ["Lord", "God", "King"]
    assert words_alone(underlay(result, "SA")) == "Lord God King"


@pytest.mark.parametrize("seed", range(4))
def test_notes_that_replace_others_are_slurred_on_one_syllable_and_do_not_repeat(seed: int):
    alto = "e4:q=O f4:e=my g4:e a4:q=soul g4:q=sing | c4:q=a- d4:q e4:h=men"
    source = score(Staff("c5:h=O b4:h=sing | c5:h a4:h=men", "Soprano"), Staff(alto, "Alto"))
    result = scoreassist.complete(source, measures=(1, 2), parts=["Alto"], seed=seed, temperature=1.5)
    document = result.score.to_xml()
    assert schema_errors(document) == schema_errors(source)
    words, word = ["O", "my", "soul", "sing", "a-", "men"], ""
    sung: dict[str, list[etree._Element]] = {word: [] for word in words}
    for note in _part(document, "Alto").iter("note"):
        word = note.findtext("lyric/text") or word
        sung[word].append(note)
    for word in words:
        notes = [note for note in sung[word] if note.find("tie[@type='stop']") is None]
        assert all(pitch(before) != pitch(note) for before, note in pairwise(notes))
        slurs = [slur.get("type") for note in sung[word] for slur in note.iterfind("notations/slur")]
        assert slurs == (["start", "stop"] if len(notes) > 1 else [])
        extended = sung[word][0].find("lyric/extend") is not None
        assert extended == (len(sung[word]) > 1 and not word.endswith("-"))


def test_the_end_of_a_line_behind_a_word_is_no_syllable():
    line = '<lyric><extend type="stop"/></lyric>'
    source = score(Staff("e4:q=O f4:q a4:h=sing | R", "Soprano")).decode()
    source = re.sub(r"(<step>F</step>.*?</type>)", rf"\1{line}", source)
    words = find_text(find_choir(read_timeline(Score(source.encode(), "hymn"))))
    assert words is not None
    assert sorted(words[1]) == [(0, 0), (0, 2)]


def test_the_words_of_a_divided_singer_stand_on_any_note_of_the_chord():
    source = score(Staff("c5+e5:q=Love d5+f5:q=so c5:h=great", "Soprano"), Staff("g4:w", "Alto"))
    result = scoreassist.complete(source, measures=(1, 1), parts=["Soprano"], candidates=2)
    assert words_alone(underlay(result.score.to_xml(), "Soprano")) == "Love so great"
    assert result.replaced == {"Soprano": 5}
