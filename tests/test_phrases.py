"""Where phrases end: fermatas, rests, long notes, words, breath marks, double bars; and where Bach's do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from shorthand import Staff
from wishing import to_harmonize

from scoreassist.corpus import bare_grid, chorales
from scoreassist.wishes.phrases import ends_of, melody, phrase_ends
from scoreassist.wishes.signs import COMMA, sign_weights

FERMATA = "<notations><fermata/></notations>"
DOUBLE_BAR = "<barline location='right'><bar-style>light-light</bar-style></barline>"
REPEAT = "<barline location='right'><repeat direction='backward'/></barline>"


def last_beats(*parts: Staff | str) -> list[int]:
    """The ticks with which phrases end, divided by those of a quarter."""
    passage = to_harmonize(*parts)
    ends = phrase_ends(passage.timeline, passage.choir, passage.grid)
    return [(tick + 1) // 4 for tick in np.flatnonzero(np.diff(np.append(ends, False).astype(int)) < 0)]


def quarters(text: str) -> str:
    """Quarters; measures of four are divided by hand."""
    return " | ".join(" ".join(f"{note}:q" for note in bar.split()) for bar in text.split("|"))


EVEN = "c5 d5 e5 f5 | g5 a5 g5 f5 | e5 d5 c5 d5 | e5 f5 e5 d5 | c5 d5 e5 f5 | g5 f5 e5 c5"


def test_the_last_note_ends_a_phrase_and_its_cells_are_marked():
    passage = to_harmonize("c5:h d5:h | e5:h c5:h")
    ends = phrase_ends(passage.timeline, passage.choir, passage.grid)
    assert np.flatnonzero(ends).tolist() == list(range(24, 32))


def test_long_notes_end_phrases():
    text = "c5:q d5:q e5:q f5:q | g5:q f5:q e5:h | e5:q f5:q g5:q a5:q | g5:q f5:q e5:h"
    assert last_beats(text) == [8, 16]


def test_rests_end_phrases():
    text = "c5:q d5:q e5:q f5:q | g5:q f5:q e5:q r:q | e5:q f5:q g5:q a5:q | g5:q d5:q c5:q r:q"
    assert last_beats(text) == [7, 15]


def test_words_end_phrases_at_their_punctuation():
    plain = quarters(EVEN)
    sung = plain.replace("f5:q | e5:q d5", "f5:q=Lord, | e5:q d5")
    assert 8 not in last_beats(plain)
    assert 8 in last_beats(sung)


def test_a_comma_in_one_verse_of_three_weighs_less_than_in_all():
    def weight(*verses: str) -> float:
        lyrics = "".join(f"<lyric number='{i}'><text>{v}</text></lyric>" for i, v in enumerate(verses, 1))
        note = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>16</duration><voice>1</voice>"
        passage = to_harmonize(f"{note}<type>whole</type>{lyrics}</note> | c5:w")
        return float(sign_weights(passage.timeline, passage.choir, passage.grid)[15])

    assert weight("Lord,", "God,", "King,") == pytest.approx(COMMA)
    assert weight("Lord,", "God", "King") == pytest.approx(COMMA / 3)


def test_a_melisma_ends_with_its_last_note():
    passage = to_harmonize("c5:q=A d5:q=men. e5:q f5:q | g5:w=So")
    weights = sign_weights(passage.timeline, passage.choir, passage.grid)
    assert np.flatnonzero(weights).tolist() == [15]


@pytest.mark.parametrize("sign", [DOUBLE_BAR, REPEAT])
def test_double_bars_and_repeats_end_phrases(sign: str):
    bars = quarters(EVEN).split("|")
    marked = "|".join([bars[0] + sign, *bars[1:]])
    assert 4 not in last_beats("|".join(bars))
    assert 4 in last_beats(marked)


def test_a_breath_mark_ends_a_phrase():
    breath = "<notations><articulations><breath-mark/></articulations></notations>"
    pitch = "<pitch><step>F</step><octave>5</octave></pitch>"
    note = f"<note>{pitch}<duration>4</duration><voice>1</voice>{breath}</note>"
    assert 4 not in last_beats(quarters(EVEN))
    assert 4 in last_beats(quarters(EVEN).replace("f5:q", note, 1))


def test_where_fermatas_mark_all_phrases_nothing_else_does():
    bach = next(p for p in chorales("valid") if p.name == "bwv269")
    ends = ends_of(melody(bach.grid), bach.grid)
    assert ends[:-16].tolist() == bach.grid.fermata[:-16].tolist()


def test_a_fermata_on_the_last_note_alone_leaves_the_others_to_be_found():
    grid = next(p for p in chorales("valid") if p.name == "bwv269").grid
    only_last = np.zeros_like(grid.fermata)
    only_last[-4:] = True
    assert ends_of(melody(grid), replace(grid, fermata=only_last))[:-16].any()


def test_without_any_note_there_is_no_phrase():
    grid = bare_grid(np.full((4, 16), 60))
    nothing = replace(grid, known=np.zeros_like(grid.known))
    assert len(melody(nothing)) == 0


def test_the_melody_is_what_the_highest_given_voice_sings():
    pitch = np.array([[72, 72, -1, -1], [67, 67, 67, 65], [60] * 4, [48] * 4]).repeat(4, axis=1)
    line = melody(bare_grid(pitch))
    assert line.pitch.tolist() == [72, 67, 65]
    assert line.onset.tolist() == [0, 8, 12]
    assert line.end.tolist() == [8, 12, 16]


def test_most_of_bachs_phrases_are_found_from_rhythm_and_melody_alone():
    found = right = there = 0
    for piece in chorales("valid"):
        if not piece.grid.fermata.any():
            continue
        line = melody(piece.grid)
        ends = ends_of(line, replace(piece.grid, fermata=np.zeros_like(piece.grid.fermata)))
        marks = [
            (ends[a:b].all(), piece.grid.fermata[a:b].any()) for a, b in zip(line.onset, line.end, strict=True)
        ]
        found += sum(mine for mine, _ in marks[:-1])
        there += sum(bach for _, bach in marks[:-1])
        right += sum(mine and bach for mine, bach in marks[:-1])
    assert right / found > 0.80
    assert right / there > 0.80
