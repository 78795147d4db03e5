"""What two pieces have in common, note for note, in any transposition."""

from __future__ import annotations

import numpy as np
import pytest

from scoreassist.theory.likeness import Copied, copies, covered, matches, share
from scoreassist.theory.passages import Corpus, bach_passages

CHORDS = {  # in C
    "I": (72, 67, 64, 48),
    "ii": (74, 69, 65, 50),
    "IV": (72, 69, 65, 53),
    "V": (71, 67, 62, 55),
    "V'": (71, 67, 62, 43),  # its bass an octave lower
    "vi": (72, 64, 60, 57),
    "-": (-1, -1, -1, -1),
}


def quarters(chords: str, higher: int = 0) -> np.ndarray:
    """Chords of a quarter each, by their names: (voices, ticks)."""
    pitch = np.repeat(np.array([CHORDS[name] for name in chords.split()]).T, 4, axis=1)
    return np.where(pitch < 0, pitch, pitch + higher)


def corpus(*pieces: np.ndarray) -> Corpus:
    """Pieces a, b, ... in measures of four quarters."""
    ends = np.cumsum([piece.shape[1] for piece in pieces])
    measures = np.arange(0, ends[-1], 16)
    numbers = tuple(str(number) for number in range(1, len(measures) + 1))
    return Corpus(np.concatenate(pieces, axis=1), np.array([0, *ends[:-1]]), tuple("abc"), measures, numbers)


def test_a_passage_is_the_same_in_another_key():
    (copy,) = copies(corpus(quarters("ii I IV V I")), quarters("vi I IV V I", higher=-3))
    assert (copy.first, copy.end, copy.source, copy.semitones) == (4, 20, 4, -3)


def test_all_voices_move_together_or_it_is_no_copy():
    assert copies(corpus(quarters("I IV V I")), quarters("I IV V' I")) == []


def test_a_change_of_key_within_a_passage_ends_it():
    piece = np.concatenate([quarters("I IV V I"), quarters("I IV V I", higher=2)], axis=1)
    found = copies(corpus(quarters("I IV V I I IV V I")), piece)
    assert [(copy.first, copy.end) for copy in found] == [(0, 16), (16, 32)]


def test_three_changes_make_a_copy_and_two_do_not():
    bach = corpus(quarters("I I I I IV IV IV IV V V V V I"))
    assert copies(bach, quarters("I I I I IV IV IV IV V V V V")) == []
    assert [copy.ticks for copy in copies(bach, quarters("I I I I IV IV IV IV V V V V I"))] == [52]


def test_the_same_chords_in_another_rhythm_are_no_copy():
    assert copies(corpus(quarters("I I IV IV V V I I")), quarters("I IV V I")) == []


def test_silence_within_a_passage_belongs_to_it_before_and_after_it_does_not():
    bach = corpus(quarters("- - I IV V vi - V I -"))
    (copy,) = copies(bach, quarters("- I IV V vi - V I -", higher=5))
    assert (copy.first, copy.end, copy.semitones) == (4, 32, 5)
    assert copies(bach, quarters("- - -")) == []


def test_a_voice_that_rests_is_not_one_that_sings():
    piece = quarters("I IV V I")
    piece[2] = -1
    assert copies(corpus(quarters("I IV V I")), piece) == []


def test_a_passage_does_not_go_on_from_one_piece_of_the_corpus_into_the_next():
    assert copies(corpus(quarters("vi I IV"), quarters("V I vi")), quarters("I IV V I")) == []
    assert len(copies(corpus(quarters("vi I IV V I vi")), quarters("I IV V I"))) == 1


def test_what_a_piece_repeats_of_its_own_is_no_copy():
    assert copies(corpus(quarters("I IV V I")), quarters("ii vi ii vi ii vi ii vi")) == []


def test_fewer_voices_are_compared_with_the_same_voices():
    bach = corpus(quarters("I V I ii I"))
    soprano = quarters("vi V IV ii I")[:1]  # C B C D C, as there, over other chords
    assert [copy.ticks for copy in copies(bach, soprano, (0,))] == [20]
    assert copies(bach, soprano, (3,)) == []  # no bass sings that


def test_a_passage_is_cut_to_the_ticks_that_count():
    bach, piece = corpus(quarters("I IV V I ii vi")), quarters("I IV V I ii vi")
    assert [(copy.first, copy.end) for copy in copies(bach, piece, counted=np.arange(24) >= 4)] == [(4, 24)]


def test_a_piece_can_be_left_out_of_the_corpus():
    bach = corpus(quarters("I IV V I"), quarters("I IV V I", higher=2))
    for allowed, semitones in ((np.arange(32) < 16, 0), (np.arange(32) >= 16, -2)):
        (copy,) = copies(bach, quarters("I IV V I"), allowed=allowed)
        assert copy.semitones == semitones


def test_the_share_is_of_the_time_in_which_anybody_sings():
    piece = quarters("I IV V I - vi ii vi ii")
    found = copies(corpus(quarters("I IV V I")), piece)
    assert covered(found, 36, 16).tolist() == [True] * 16 + [False] * 20
    assert share(found, piece, 16) == 16 / 32
    assert share(found, piece, 17) == 0
    with_rest = quarters("I IV V I - I")
    assert share(copies(corpus(with_rest), with_rest), with_rest, 16) == 1


def by_definition(bach: np.ndarray, starts: set[int], piece: np.ndarray) -> list[int]:
    """Longest common passages that end at each tick, found by trying every pair of ticks and going back."""

    def length(tick: int, place: int) -> int:
        moved: set[int] = set()
        best = steps = 0
        while tick >= 0 and ((piece[:, tick] < 0) == (bach[:, place] < 0)).all():
            sings = piece[:, tick] >= 0
            moved |= set((piece[:, tick] - bach[:, place])[sings].tolist())
            if len(moved) > 1:
                break
            steps += 1
            best = steps if sings.any() else best
            if place in starts:
                break
            tick, place = tick - 1, place - 1
        return best

    sings = (piece >= 0).any(0)
    return [
        max(length(tick, place) for place in range(bach.shape[1])) if sings[tick] else 0
        for tick in range(piece.shape[1])
    ]


@pytest.mark.parametrize("voices", [1, 2, 4])
def test_matches_are_those_of_the_definition(voices: int):
    rng = np.random.default_rng(voices)
    for _ in range(6):
        bach = np.repeat(rng.choice([-1, 60, 61, 62], (4, 30), p=[0.3, 0.3, 0.3, 0.1]), 2, axis=1)
        piece = rng.choice([-1, 62, 63], (voices, 30))
        piece[:, 4:24] = np.where(bach[:voices, 10:30] < 0, -1, bach[:voices, 10:30] + 3)
        pieces = Corpus(bach, np.array([0, 20, 45]), ("a", "b", "c"), np.array([0]), ("1",))
        length, _ = matches(pieces, piece, tuple(range(voices)))
        assert length.tolist() == by_definition(bach[:voices], {0, 20, 45}, piece)


# --- while a piece is written -----------------------------------------------------------------------------


def heard(copied: Copied, *candidates: np.ndarray) -> Copied:
    for frames in zip(*(piece.T for piece in candidates), strict=True):
        copied.hear(np.array(frames))
    return copied


def test_the_chord_that_makes_a_copy_too_long_is_named_in_the_candidates_key():
    copied = Copied(corpus(quarters("I IV V I vi")), 16, 2)
    heard(copied, quarters("I IV V I", higher=2), quarters("ii IV V I", higher=2))
    assert copied.alive(0).tolist() == [15]
    assert copied.reproducing(0).tolist() == [[74, 66, 62, 59]]  # vi, in D
    assert copied.reproducing(1).tolist() == []  # its copy is a quarter shorter


def test_a_chord_that_is_held_for_long_is_no_copy():
    copied = heard(Copied(corpus(quarters("I I I I IV V I")), 8, 1), quarters("I I I I IV"))
    assert copied.alive(0).size
    assert copied.reproducing(0).tolist() == []  # with V, what sounds will have changed but twice
    assert heard(copied, quarters("V")).reproducing(0).tolist() == [list(CHORDS["I"])]


def test_nothing_goes_on_where_a_piece_of_the_corpus_ends():
    copied = Copied(corpus(quarters("I IV V I"), quarters("vi ii")), 12, 1)
    assert heard(copied, quarters("I IV V I")).reproducing(0).tolist() == []


def test_a_candidate_that_is_taken_twice_takes_its_copy_with_it():
    copied = Copied(corpus(quarters("I IV V I vi")), 16, 3)
    heard(copied, quarters("I IV V I", higher=2), quarters("ii IV V I"), quarters("I V IV I"))
    copied.select([1, 0, 0])
    own = [[74, 66, 62, 59]]  # vi, in D
    assert [copied.reproducing(candidate).tolist() for candidate in range(3)] == [[], own, own]
    copied.hear(np.array([own[0], own[0], CHORDS["ii"]]))
    assert copied.alive(1).tolist() == [16]
    assert copied.alive(2).size == 0


@pytest.mark.parametrize("beats", [1, 2, 4, 6])
def test_whoever_avoids_those_chords_copies_nothing_longer(beats: int):
    """Bach's own chorales, transposed, with another chord wherever the next one would copy too much."""
    bach, ticks = bach_passages(), 160
    own = [bach.pitch[:, start : start + ticks].astype(int) for start in bach.starts[:40:10]]
    copied = Copied(bach, 4 * beats, len(own))
    written = np.zeros((len(own), 4, ticks), dtype=int)
    for tick in range(ticks):
        for candidate, piece in enumerate(own):
            avoid = copied.reproducing(candidate).tolist()
            frame = (piece[:, tick] + candidate).tolist()
            while frame in avoid:
                frame[3] -= 1
            written[candidate, :, tick] = frame
        copied.hear(written[:, :, tick])
    longest = [max((copy.ticks for copy in copies(bach, piece)), default=0) for piece in written]
    assert max(longest) <= 4 * beats
    assert max(longest) > 4 * beats - 4  # no more is avoided than need be
