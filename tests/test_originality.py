"""How much of a score stands in the chorales that the models have read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from shorthand import Staff, score

from scoreassist.cli.originality import originality as command
from scoreassist.corpus import bare_grid, chorale_path, chorales
from scoreassist.counsel.originality import as_text, copied_of, originality
from scoreassist.counsel.passages import (
    SUBSETS,
    Printed,
    likeness,
    same_tune,
    usual_measure,
    write_passages,
)
from scoreassist.errors import InputError, UnsupportedError
from scoreassist.files.document import open_score
from scoreassist.folders import data_folder
from scoreassist.grid.voices import Grid, encode
from scoreassist.score.singers import find_choir
from scoreassist.score.timeline import read_timeline
from scoreassist.theory import passages
from scoreassist.theory.passages import bach_passages, open_passages

# The pickup and the first measure of BWV 6/6 as printed, and a chord that is not Bach's.
SOPRANO = "g4:e a4:e | bb4:q a4:e g4:e f#4:q g4:e a4:e | b4:w"
ALTO = "d4:q | g4:e f4:e eb4:q d4:q d4:e f#4:e | g#4:w"
TENOR = "bb3:e c4:e | d4:q c4:e bb3:e a3:q bb3:e c4:e | e4:w"
BASS = "g2:q | g3:q c3:q d3:e c4:e bb3:e a3:e | e3:w"
CLARINET = "a4:e b4:e | c5:q b4:e a4:e g#4:q a4:e b4:e | c#5:w"  # what a clarinet in B flat reads there
ONE_TONE_DOWN = "<diatonic>-1</diatonic><chromatic>-2</chromatic>"
FOUR = (SOPRANO, ALTO, TENOR, BASS)
NAMES = ("Soprano", "Alto", "Tenor", "Bass")


def choir(*lines: str, names: tuple[str, ...] = NAMES, numbers: tuple[str, ...] = ("0", "1", "2")) -> bytes:
    """A staff to each voice."""
    clefs = {"Tenor": ("bass",), "Bass": ("bass",)}
    rows = zip(lines, names, strict=True)
    return score(
        *(Staff(music, name, key=-2, clefs=clefs.get(name, ("treble",)), numbers=numbers) for music, name in rows)
    )


def grid_of(document: bytes) -> Grid:
    timeline = read_timeline(open_score(document))
    return encode(timeline, find_choir(timeline))


def test_a_passage_of_bach_is_found_with_its_measures_here_and_there():
    report = originality(choir(*FOUR, numbers=("7", "8", "9")))
    longest = report.longest
    assert longest is not None
    assert (longest.beats, longest.source, longest.semitones) == (5, "bwv6.6", 0)
    assert (longest.measures, longest.source_measures) == (("7", "8"), ("0", "1"))
    assert report.share == 5 / 9
    assert not report.whole


def test_what_sounds_is_compared_not_what_is_written():
    clarinet = Staff(CLARINET, "Soprano", key=0, transpose=ONE_TONE_DOWN, numbers=("0", "1", "2"))
    others = [
        Staff(music, name, key=-2, numbers=("0", "1", "2"))
        for music, name in zip(FOUR[1:], NAMES[1:], strict=True)
    ]
    assert originality(score(clarinet, *others)) == originality(choir(*FOUR))


def test_two_voices_on_a_staff_are_two_voices():
    def beside(upper: str, lower: str) -> str:
        return " | ".join(" ; ".join(pair) for pair in zip(upper.split("|"), lower.split("|"), strict=True))

    numbers = ("0", "1", "2")
    high = Staff(beside(SOPRANO, ALTO), key=-2, numbers=numbers)
    low = Staff(beside(TENOR, BASS), key=-2, clefs=("bass",), numbers=numbers)
    assert originality(score(high, low)) == originality(choir(*FOUR))


def test_three_voices_are_compared_with_the_same_three_of_bachs():
    without_tenor = choir(SOPRANO, ALTO, BASS, names=("Soprano", "Alto", "Bass"))
    report = originality(without_tenor)
    assert report.voices == ("Soprano", "Alto", "Bass")
    assert report.longest is not None
    assert (report.longest.source, report.longest.beats) == ("bwv6.6", 5)


def test_a_lone_melody_is_compared_with_sopranos_and_the_text_says_so():
    report = originality(score(Staff(SOPRANO, key=-2, numbers=("0", "1", "2"))))
    assert report.voices == ("Soprano",)
    assert "soprano alone, compared with that of 247" in as_text(report, "tune")
    # Among sopranos alone long passages are nothing unusual, so other figures stand beside it.
    assert report.bach.longest_median > originality(choir(*FOUR)).bach.longest_median


def test_a_voice_that_has_a_hole_there_ends_the_passage():
    report = originality(choir(SOPRANO, ALTO, TENOR.split("|")[0] + "| R | e4:w", BASS))
    assert report.longest is None
    assert (report.share, report.percentile) == (0, 0)


def test_a_chorale_of_the_corpus_is_found_out_as_a_whole():
    report = originality(chorale_path("bwv6.6"))
    assert report.whole
    assert report.longest is not None
    assert (report.longest.source, report.longest.beats, report.share) == ("bwv6.6", 33, 1)
    assert report.percentile == 100
    assert "the whole piece stands there, note for note: 33 beats, as in bwv6.6, measures 0 to 8" in as_text(
        report, "x"
    )


def test_a_chorale_of_the_corpus_is_found_out_in_another_key():
    grid = grid_of(chorale_path("bwv6.6").read_bytes()).transposed(3)
    report = copied_of(grid)
    assert report.whole
    assert report.longest is not None
    assert (report.longest.source, report.longest.semitones) == ("bwv6.6", 3)
    assert "here 3 semitones higher" in as_text(report, "x")


def test_a_chorale_that_was_not_read_is_not_there_as_a_whole():
    report = originality(chorale_path("bwv269"))  # of the split `valid`
    assert not report.whole
    assert report.share < 0.5


def test_of_a_fill_only_what_was_written_counts():
    grid = grid_of(choir(*FOUR))
    alto, last = np.zeros_like(grid.known), np.zeros_like(grid.known)
    alto[1, 4:20] = last[:, 20:] = True  # the alto of the first measure; the last measure
    written = copied_of(grid, alto)
    assert written.longest is not None
    assert (written.longest.beats, written.longest.measures, written.share) == (4, ("2", "2"), 1)
    assert copied_of(grid, last).longest is None
    assert copied_of(grid, np.zeros_like(last)).share == 0


def test_a_piece_that_only_ends_like_bachs_is_not_his():
    lines = [f"{music.split('|')[-1]} | {music.rpartition('|')[0]}" for music in FOUR]
    report = originality(choir(*lines))
    assert report.longest is not None
    assert report.longest.measures == ("1", "2")
    assert not report.whole


def test_what_is_shorter_than_a_measure_has_no_share():
    grid = grid_of(choir(*FOUR))
    report = copied_of(replace(grid, measure=np.zeros_like(grid.measure)))  # nine quarters long
    assert report.longest is not None
    assert (report.longest.beats, report.share, report.quotations) == (5, 0, ())


def test_a_score_in_which_nobody_sings_is_refused():
    with pytest.raises(UnsupportedError, match="no notes"):
        originality(choir("R", "R", "R", "R", numbers=("1",)))


def test_the_command_prints_for_people_and_for_programs(tmp_path: Path):
    file = tmp_path / "hymn.musicxml"
    file.write_bytes(choir(*FOUR))
    text = CliRunner().invoke(command, [str(file)])
    assert text.exit_code == 0
    assert "measures 0 to 1, 5 beats, as in bwv6.6, measures 0 to 1" in text.stdout
    answer = json.loads(CliRunner().invoke(command, [str(file), "--json"]).stdout)
    assert answer["longest"]["source_measures"] == ["0", "1"]
    assert answer["quotations"] == [answer["longest"]]
    assert answer["bach"]["pieces"] == 247
    piped = CliRunner().invoke(command, ["-"], input=file.read_bytes())
    assert piped.stdout.startswith("stdin: soprano, alto, tenor, bass compared with those of 247 chorales")


# --- what is shipped --------------------------------------------------------------------------------------


def test_the_corpus_is_what_the_models_have_read():
    rows = json.loads((data_folder("corpora") / "bach-chorales" / "split.json").read_text())["chorales"]
    assert list(bach_passages().names) == sorted(
        n for n, row in rows.items() if row["split"] in ("train", "extra")
    )


def test_the_corpus_says_of_a_tick_which_piece_and_measure_it_is_of():
    bach = bach_passages()
    start = int(bach.starts[bach.names.index("bwv6.6")])
    assert [bach.number(start + tick) for tick in (0, 3, 4, 19, 20)] == ["0", "0", "1", "1", "2"]  # a pickup
    assert bach.names[bach.piece(start - 1)] == "bwv59.3"  # in the order of the names


def test_bach_beside_bach_is_about_a_measure():
    with open_passages() as stored:
        four = SUBSETS.index((0, 1, 2, 3))
        assert np.median(stored["longest"][four]) == 14  # three quarters and a half
        assert stored["longest"].shape == (15, 247)


def test_a_file_of_passages_that_is_damaged_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    broken = tmp_path / "passages.npz"
    broken.write_bytes(b"no archive")
    monkeypatch.setattr(passages, "passages_path", lambda: broken)
    with (
        pytest.raises(InputError, match=r"passages\.npz: cannot be read .*install scoreassist again"),
        open_passages(),
    ):
        pass


def test_settings_of_a_tune_are_told_by_their_sopranos():
    tune = [67, 69, 70, 69, 67, 66, 67, 69, 70, 70, 69, 67]
    assert same_tune(tune, [note + 5 for note in tune])
    assert same_tune(tune, [*tune[:4], 68, *tune[4:]])  # a passing note
    assert not same_tune(tune, tune[:6])
    assert not same_tune(tune, [67, 72, 64, 65, 60, 62, 71, 72, 64, 62, 60, 59])
    assert not same_tune(tune, [])


def test_bachs_five_settings_of_the_passion_chorale_have_one_tune():
    """Herzlich tut mich verlangen, in the Passion according to St Matthew; 244/3 is another tune."""
    names = ("bwv244.15", "bwv244.17", "bwv244.44", "bwv244.54", "bwv244.62")
    pieces = {p.name: Printed(p.name, p.grid, p.order, ()) for p in chorales() if p.name in (*names, "bwv244.3")}
    settings = [pieces[name].tune for name in names if name in pieces]
    assert len(settings) >= 4
    assert all(same_tune(settings[0], other) for other in settings)
    assert not same_tune(settings[0], pieces["bwv244.3"].tune)


def test_the_usual_measure_is_not_the_pickup():
    assert usual_measure(grid_of(choir(*FOUR))) == 16


def test_the_same_chorales_make_the_same_file(tmp_path: Path):
    rng = np.random.default_rng(0)
    pieces = [Printed(name, bare_grid(rng.integers(60, 64, (4, 32))), [0, 1], ("1", "2")) for name in "abc"]
    for name in ("one.npz", "two.npz"):
        write_passages(tmp_path / name, pieces[:2], pieces[2:])
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as stored:
        assert stored["numbers"].tolist() == ["1", "2", "1", "2"]
        assert stored["measures"].tolist() == [0, 16, 32, 48]


def test_the_figures_of_a_chorale_can_be_found_again():
    pieces = [Printed(p.name, p.grid, p.order, ()) for p in chorales("train", "extra")]
    place = bach_passages().names.index("bwv6.6")
    own = pieces[place]
    same = np.array([same_tune(own.tune, other.tune) for other in pieces])
    assert same[place]
    with open_passages() as stored:
        for row, rows in enumerate(SUBSETS):
            longest, part = likeness(bach_passages(), own, rows, same)
            assert longest == stored["longest"][row, place]
            assert part == pytest.approx(stored["share"][row, place])
