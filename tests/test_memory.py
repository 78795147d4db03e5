"""What a network remembers: echoes of what was heard before, and how much each pitch class sounded."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from scoreassist.corpus import bare_grid
from scoreassist.grid.vocabulary import LOWEST, REST, UNKNOWN
from scoreassist.networks.batches import cells
from scoreassist.networks.memory import FARTHEST, MATCH_EDGES, NEAREST, Memory, remember
from scoreassist.networks.relations import Relations, first_sounding


def heard(line: list[int], voices: int = 1) -> np.ndarray:
    return np.tile(np.array(line), (voices, 1))


PHRASE = [10, 12, 14, 15, 17, 15, 14, 12]
OTHER = [20, 22, 24, 25, 27, 29, 31, 32, 30, 28]


def test_an_echo_is_what_followed_when_the_same_was_heard_before():
    echo, match, line, line_match, _ = remember(heard([*PHRASE, *OTHER, *PHRASE[:4]]))
    at = len(PHRASE) + len(OTHER) + 3  # three notes of the phrase have returned
    assert echo[0, at] == line[0, at] == PHRASE[3]
    assert match[at] == line_match[0, at] == MATCH_EDGES.index(2) + 1  # three ticks are in the bucket from two on


def test_nothing_is_remembered_of_music_that_has_not_been_heard():
    echo, match, _, _, profile = remember(heard([*PHRASE, *OTHER]))
    assert (echo == UNKNOWN).all()
    assert (match == 0).all()
    assert (profile[0] == 0).all()


def test_a_frame_returns_only_if_all_voices_do():
    token = np.stack([[*PHRASE, *OTHER, *PHRASE], [*PHRASE, *OTHER, *reversed(PHRASE)]])
    echo, _, line, _, _ = remember(token)
    at = len(PHRASE) + len(OTHER) + 3
    assert line[0, at] == PHRASE[3]  # the upper voice by itself returns
    assert echo[0, at] == UNKNOWN


def test_of_two_returns_the_longer_one_speaks():
    first, second = [1, 2, 3, 4, 40], [9, 2, 3, 4, 41]
    token = heard([*first, *OTHER, *second, *OTHER, 1, 2, 3, 4])
    echo = remember(np.concatenate([token, heard([0])], axis=1))[0]
    assert echo[0, -1] == 40


def test_a_held_note_is_no_echo_of_itself():
    echo = remember(heard([10] * NEAREST))[0]
    assert (echo == UNKNOWN).all()


def test_what_is_unknown_never_returns():
    echo = remember(heard([UNKNOWN] * 40))[0]
    assert (echo == UNKNOWN).all()


def test_candidates_remember_each_its_own_past():
    lines = np.array([[*PHRASE, *OTHER, *PHRASE], [*PHRASE, *OTHER, *reversed(PHRASE)]])
    memory = Memory(2, 1, lines.shape[1])
    for tick in range(lines.shape[1] - 4):
        memory.hear(lines[:, None, tick])
    alone = [remember(line[None])[0][0, lines.shape[1] - 4] for line in lines]
    assert memory.echo[:, 0].tolist() == alone
    assert alone[0] == PHRASE[4]


def test_a_profile_is_the_share_of_each_pitch_class():
    c, g = 60 - LOWEST, 67 - LOWEST
    profile = remember(heard([c, c, g, REST, c]))[4][4].reshape(-1, 12)
    assert profile[:, 0] > profile[:, 7] if profile.ndim == 1 else (profile[:, 0] > profile[:, 7]).all()
    assert np.allclose(profile[-1, [0, 7]], [0.5, 0.25], atol=0.02)  # three notes and a rest, hardly faded
    assert profile[:, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]].sum() == 0


def test_moving_the_music_moves_what_is_remembered():
    grid = bare_grid(np.tile(np.array([*PHRASE, *OTHER, *PHRASE]) + 48, (4, 1)))
    here = cells(grid, grid.known).moved(2)
    there = cells(grid.transposed(2), grid.known)
    for name in ("token", "previous", "earlier", "echo", "line", "echo_match", "line_match"):
        assert np.array_equal(getattr(here, name), getattr(there, name)), name
    assert np.allclose(here.profile, there.profile)


@pytest.mark.parametrize("reference", [60, 67, 71])
def test_intervals_are_the_same_at_every_height(reference):
    relations, mine = Relations(), torch.tensor([reference - LOWEST])
    third = relations.seen(mine.unsqueeze(1) + 4, mine)
    assert third.item() == relations.seen(torch.tensor([[52 - LOWEST]]), torch.tensor([48 - LOWEST])).item()
    logits = torch.zeros(1, 49)
    logits[0, 24 + 4] = 1.0  # a third up
    assert relations.placed(logits, mine).argmax().item() == reference + 4 - LOWEST


def test_a_profile_is_turned_to_the_reference():
    profile = torch.zeros(1, 36)
    profile[0, [7, 19, 31]] = 1.0  # G
    turned = Relations().turned(profile, torch.tensor([67 - LOWEST]))
    assert turned[0, [0, 12, 24]].tolist() == [1.0, 1.0, 1.0]


def test_without_a_pitch_there_is_no_reference():
    silent = first_sounding(torch.tensor([REST]), torch.tensor([UNKNOWN]))
    assert silent.item() == UNKNOWN
    assert Relations().placed(torch.ones(1, 49), silent).abs().sum() == 0
    assert first_sounding(torch.tensor([REST]), torch.tensor([12])).item() == 12


def test_what_was_heard_can_be_asked_of_the_first_ticks_alone():
    grid = bare_grid(np.tile(np.array([*PHRASE, *OTHER, *PHRASE]) + 48, (4, 1)))
    whole, asked = cells(grid, grid.known), cells(grid, grid.known, heard=22)
    for name in ("previous", "earlier", "hold", "echo", "echo_match", "line", "line_match"):
        assert np.array_equal(getattr(whole, name)[..., :22], getattr(asked, name)[..., :22]), name
    assert np.array_equal(whole.profile[:22], asked.profile[:22])
    assert asked.ticks == whole.ticks == asked.profile.shape[0] == asked.hold.shape[1]


def test_a_stretch_that_lies_too_far_back_is_forgotten():
    far = [*PHRASE, *([1, 2, 3] * FARTHEST)[: FARTHEST + 10 - len(PHRASE)], *PHRASE[:4]]
    assert remember(heard(far))[0][0, -1] != PHRASE[3]
    near = [*PHRASE, *([1, 2, 3] * FARTHEST)[: FARTHEST - 10 - len(PHRASE)], *PHRASE[:4]]
    assert remember(heard(near))[0][0, -1] == PHRASE[3]
