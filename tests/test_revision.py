"""Revision sees both sides and nothing that is hidden, keeps what is given, and adds no fault."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from scoreassist.corpus import bare_grid, chorales
from scoreassist.grid.holes import FREE, HOLD, STRIKE
from scoreassist.grid.vocabulary import REST_PITCH, UNKNOWN, VOCABULARY
from scoreassist.grid.voices import Grid
from scoreassist.networks.batch import Batch
from scoreassist.networks.batches import cells, collate_padded
from scoreassist.networks.filler import Candidates, Task
from scoreassist.networks.revision.any_order import any_order_nll, random_cells
from scoreassist.networks.revision.filler import DraftAndRevise, Reviser, Revising, still_ticks
from scoreassist.networks.revision.network import RevisionConfig, RevisionNetwork, hidden_cells
from scoreassist.networks.revision.passages import APART, least_likely
from scoreassist.networks.revision.stepping import QuickHeads
from scoreassist.networks.revision.stretches import stretches
from scoreassist.networks.revision.surroundings import echoes, surroundings
from scoreassist.networks.revision.verdict import NO_LIMIT, Terms, faults, merits
from scoreassist.recipes.revision import MaskedWindows, RevisionOptions, loss, scattered, together
from scoreassist.sampling import SamplingOptions
from scoreassist.theory.resolution import NO_TONIC
from scoreassist.theory.voice_leading import CHOIR_RANGES
from scoreassist.training import train

SOPRANO, ALTO, TENOR, BASS = range(4)

# A cadence in C major, quarters: C - F - G7 - C; twice.
CADENCE = np.repeat(np.array([[76, 77, 74, 72], [67, 69, 71, 67], [60, 60, 65, 64], [48, 53, 55, 48]]), 4, axis=1)
TWICE = np.tile(CADENCE, 2)


@pytest.fixture(scope="module")
def network() -> RevisionNetwork:
    torch.manual_seed(3)
    small = RevisionConfig(embedding=6, interval=6, metadata=6, units=12, head_units=16, dropout=0.3)
    built = RevisionNetwork(small)
    for name, parameter in built.named_parameters():  # tables start at zero, which would hide mistakes
        if name.endswith(("table.weight", "behind.weight", "ahead.weight")):
            torch.nn.init.normal_(parameter, std=0.3)
    return built.eval()


def piece(pitch: np.ndarray = TWICE) -> Grid:
    """The cadence with metre and key."""
    level = np.tile([0, 4, 3, 4, 2, 4, 3, 4], pitch.shape[1] // 8)
    return replace(bare_grid(pitch), level=level, fifths=np.zeros(pitch.shape[1], dtype=np.int64))


def nothing() -> np.ndarray:
    return np.zeros(TWICE.shape, dtype=bool)


def given(*voices: int) -> np.ndarray:
    known = nothing()
    known[list(voices)] = True
    return known


def read(grid: Grid, known: np.ndarray, *, bare: bool = False) -> Batch:
    return collate_padded([cells(grid, known, bare=bare)], bare=bare)


def hiding(batch: Batch, known: np.ndarray) -> Batch:
    """Hide cells of a whole piece, as training does."""
    shown = torch.zeros_like(batch.known)
    shown[0, :, : known.shape[1]] = torch.from_numpy(known)
    return replace(batch, known=shown)


def look(network: RevisionNetwork, batch: Batch, *, causal: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    with torch.inference_mode():
        return network(batch, torch.tensor([True]) if causal else None)


def checkered() -> np.ndarray:
    """Half of the cells, scattered."""
    return np.random.default_rng(5).random(TWICE.shape) < 0.5


def test_pitches_of_every_hidden_cell_sum_to_one(network):
    batch = read(piece(), checkered())
    logits, _ = look(network, batch)
    sums = torch.softmax(logits, -1).sum(-1)[hidden_cells(batch)]
    assert torch.allclose(sums, torch.ones_like(sums))
    assert logits[hidden_cells(batch)].std(-1).min() > 0


@pytest.mark.parametrize("bare", [False, True])
def test_what_is_hidden_changes_nothing(network, bare):
    known = checkered()
    changed = piece()
    changed.pitch[~known] = 61
    changed.struck[~known] ^= True
    before, after = (
        look(network, hiding(read(grid, ~nothing(), bare=bare), known)) for grid in (piece(), changed)
    )
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])


def test_every_shown_cell_counts_on_both_sides(network):
    known = ~nothing()
    known[ALTO, 16] = False
    before = look(network, read(piece(), known))[0][0, ALTO, 16]
    for voice, tick in [(ALTO, 15), (ALTO, 17), (BASS, 16), (SOPRANO, 0), (TENOR, 31)]:
        changed = piece()
        changed.pitch[voice, tick] += 1
        assert not torch.equal(look(network, read(changed, known))[0][0, ALTO, 16], before), (voice, tick)


def test_drawn_from_left_to_right_a_cell_sees_the_earlier_hidden_cells_only(network):
    known = given(SOPRANO)
    changed = piece()
    changed.pitch[ALTO, 16] = 69  # drawn after soprano and bass, before the tenor
    before = look(network, read(piece(), known), causal=True)[0][0]
    after = look(network, read(changed, known), causal=True)[0][0]
    assert torch.equal(before[:, :16], after[:, :16])
    assert torch.equal(before[[SOPRANO, BASS, ALTO], 16], after[[SOPRANO, BASS, ALTO], 16])
    assert not torch.equal(before[TENOR, 16], after[TENOR, 16])
    assert not torch.equal(before[ALTO, 17], after[ALTO, 17])


def test_cells_that_nobody_knows_are_not_predicted_and_not_read(network):
    grid = piece()
    grid.known[TENOR] = False
    changed = replace(grid, pitch=grid.pitch.copy())
    changed.pitch[TENOR] = 50
    batch = read(grid, given(SOPRANO))
    assert not hidden_cells(batch)[0, TENOR].any()
    assert torch.equal(look(network, batch)[0], look(network, read(changed, given(SOPRANO)))[0])


def test_any_order_likelihood_of_a_network_that_knows_nothing_is_that_of_a_guess(network):
    class Guess(RevisionNetwork):
        def forward(self, batch, causal=None):
            return torch.zeros(*batch.token.shape, VOCABULARY), torch.zeros(batch.token.shape)

    figures = any_order_nll(Guess(network.config), [piece(), piece(CADENCE)], draws=3)
    assert figures["nll_cell"] == pytest.approx(np.log(50))
    assert figures["nll_piece"] == pytest.approx(np.log(50))
    assert figures["cells"] == 4 * (32 + 16)


def test_any_order_likelihood_hides_sets_of_every_size():
    sizes = []

    class Count(RevisionNetwork):
        def log_prob(self, batch, causal=None):
            hidden = hidden_cells(batch)
            sizes.extend(hidden.sum((1, 2)).tolist())
            return -hidden.float() * hidden.sum((1, 2))[:, None, None], torch.zeros(hidden.shape)

    figures = any_order_nll(Count(RevisionConfig(units=4, head_units=4)), [piece()], bare=True, draws=4)
    # Shown are the squares of 7/8, 5/8, 3/8 and 1/8 of 128 cells: 98, 50, 18 and 2.
    assert sizes == [30, 78, 110, 126]
    # A cell costs as many nats as cells are hidden, weighed with 7, 5, 3 and 1 sixteenths; uniformly it is 64.5.
    assert figures["nll_cell"] == pytest.approx((7 * 30 + 5 * 78 + 3 * 110 + 126) / 16)
    assert figures["nll_cell"] == pytest.approx(64.5, abs=2)


def test_where_the_same_was_heard_the_other_place_is_shown():
    token = torch.from_numpy(TWICE - 36).unsqueeze(0)
    shown = token.clone()
    shown[:, ALTO, 20] = UNKNOWN
    found, strength = echoes(shown)
    assert found[0, ALTO, 20] == TWICE[ALTO, 4] - 36  # sixteen ticks before
    assert int(strength[0, 20]) > 0
    other = torch.from_numpy(np.random.default_rng(0).integers(0, 49, TWICE.shape)).unsqueeze(0)
    assert not echoes(other)[1].any()


def test_the_tables_for_drawing_say_what_the_heads_say(network):
    batch = read(piece(), checkered())
    quick = QuickHeads(network)
    with torch.inference_mode():
        view = network.look(batch)
        around = surroundings(view.token, view.struck, view.token, view.struck)
        for voice in range(4):
            rows, at = hidden_cells(batch)[:, voice].nonzero(as_tuple=True)
            seen = (
                view.share[rows, at, voice],
                around.at(rows, at),
                view.token[rows, :, at],
                view.struck[rows, :, at],
                view.echo[rows, :, at],
                view.strength[rows, at],
            )
            for one, other in zip(network.head(voice, *seen), quick(voice, *seen), strict=True):
                assert torch.allclose(one, other, atol=1e-4)


def draft(known: np.ndarray, grid: Grid | None = None, **more) -> Candidates:
    """Two candidates for what is hidden: C major chords throughout, and the cadence itself."""
    grid = grid or piece()
    rest = more.get("rest", nothing())
    rhythm = more.get("rhythm", np.full(TWICE.shape, FREE))
    task = Task(replace(grid, known=known), rest, rhythm)
    still = np.repeat(TWICE[:, :1], 32, axis=1)
    pitch = np.where(known, grid.pitch, np.stack([still, TWICE]))
    pitch = np.where(~known & rest, REST_PITCH, pitch)
    for tick in range(1, pitch.shape[2]):
        held = rhythm[:, tick] == HOLD
        pitch[:, held, tick] = pitch[:, held, tick - 1]
    struck = np.zeros(pitch.shape, dtype=bool)
    struck[:, :, :: more.get("length", 4)] = True
    struck = np.where(known, grid.struck, (struck | (rhythm == STRIKE)) & (rhythm != HOLD)) & (pitch >= 0)
    log_prob = np.where(known, 0, -9.0) * np.ones(pitch.shape)  # less likely than anything drawn
    return Candidates(task, pitch, struck, log_prob, ~known, {"range": np.array([0, 0])})


# Whatever is drawn and adds no fault is as good: an untrained network's taste would keep what stands there.
BOTH = Revising(proposals=3, revised=2, sharpness=0, taste=0)


def test_no_pass_is_the_draft(network):
    known = given(SOPRANO)
    drafted = draft(known)
    assert Reviser(network).revise(drafted, SamplingOptions(), 0) is drafted


def test_draft_and_revision_together_are_a_filler(network):
    known = given(SOPRANO)
    drafted = draft(known)

    class Drafter:
        def draft(self, task: Task, options: SamplingOptions) -> Candidates:
            assert task is drafted.task
            return drafted

    filler = DraftAndRevise(Drafter(), lambda: Reviser(network, replace(BOTH, revised=1)))
    best = drafted.pitch[drafted.best()[0]]
    assert (filler.fill(drafted.task, SamplingOptions(passes=0)).grid.pitch == best).all()
    revised = filler.fill(drafted.task, SamplingOptions(passes=2, temperature=3.0, rules=("rests",)))
    assert (revised.grid.pitch != best).any()
    assert (revised.grid.pitch[SOPRANO] == best[SOPRANO]).all()
    assert revised.grid.known.all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_given_cells_never_change_and_others_do(network, seed, temperature):
    known = checkered() | given(SOPRANO)
    drafted = draft(known)
    options = SamplingOptions(seed=seed, temperature=temperature)
    revised = Reviser(network, BOTH).revise(drafted, options, 3)
    assert (revised.pitch[:, known] == TWICE[known]).all()
    assert (revised.struck[:, known] == piece().struck[known]).all()
    assert (revised.pitch != drafted.pitch).any()


def test_the_same_seed_writes_the_same_and_another_seed_another(network):
    drafted = draft(given(SOPRANO))
    first, again, other = (
        Reviser(network, BOTH).revise(drafted, SamplingOptions(seed=seed), 2) for seed in (4, 4, 5)
    )
    assert (first.pitch == again.pitch).all()
    assert (first.struck == again.struck).all()
    assert (first.log_prob == again.log_prob).all()
    assert (first.pitch != other.pitch).any()


def terms(grid: Grid, **more) -> Terms:
    nothing_known = Terms(
        level=grid.level,
        arrival=grid.fermata,
        chord=np.ones((grid.ticks, 12), dtype=bool),
        root=np.full(grid.ticks, -1),
        tonic=np.full((1, grid.ticks), NO_TONIC),
        measure=grid.measure,
        allowance=np.full((4, grid.ticks), NO_LIMIT),
        ranges=np.array(CHOIR_RANGES),
    )
    return replace(nothing_known, **more)


FIRM = [name for name, _ in SamplingOptions().acting("forbid")]


@pytest.mark.parametrize("seed", range(3))
def test_no_fault_of_voice_leading_is_added(network, seed):
    drafted = draft(given(SOPRANO))
    options = SamplingOptions(seed=seed, temperature=3.0)
    revised = Reviser(network, BOTH).revise(drafted, options, 4)
    grid = piece()
    before = faults(drafted.pitch, terms(grid), FIRM).sum()
    after = faults(revised.pitch, terms(grid), FIRM).sum()
    assert after <= before
    wild = Reviser(network, BOTH).revise(drafted, SamplingOptions(seed=seed, temperature=3.0, rules=("rests",)), 4)
    assert faults(wild.pitch, terms(grid), FIRM).sum() > before  # so there was something to avoid


def test_slash_rhythm_is_kept(network):
    known = ~nothing()
    known[ALTO] = False
    rhythm = np.full(TWICE.shape, FREE)
    rhythm[ALTO] = HOLD
    rhythm[ALTO, [0, 8, 14, 16, 30]] = STRIKE
    drafted = draft(known, rhythm=rhythm)
    revised = Reviser(network, BOTH).revise(drafted, SamplingOptions(temperature=3.0), 6)
    for candidate in range(2):
        assert list(np.flatnonzero(revised.struck[candidate, ALTO])) == [0, 8, 14, 16, 30]
        for first, end in [(0, 8), (8, 14), (14, 16), (16, 30), (30, 32)]:
            assert len(set(revised.pitch[candidate, ALTO, first:end])) == 1
    assert (revised.pitch != drafted.pitch).any()


def test_voices_rest_where_they_must_and_nowhere_else(network):
    rest = nothing()
    rest[1:, 8:12] = True
    grid = piece()
    grid.pitch[SOPRANO, 8:12] = REST_PITCH
    revised = Reviser(network, BOTH).revise(
        draft(given(SOPRANO), grid, rest=rest), SamplingOptions(temperature=3.0, rules=("rests",)), 4
    )
    assert (revised.pitch[:, 1:, 8:12] == REST_PITCH).all()
    assert (np.delete(revised.pitch, range(8, 12), axis=2) != REST_PITCH).all()


def test_under_a_fermata_nobody_moves(network):
    grid = piece()
    grid.fermata[16:24] = True
    drafted = draft(given(SOPRANO), grid)
    options = SamplingOptions(temperature=1.5, rules=("rests", "stillness"))
    without = replace(options, rules=("rests",))

    def moves(chosen: SamplingOptions) -> int:
        revised = Reviser(network, BOTH).revise(drafted, chosen, 6)
        return int((revised.struck[:, 1:, 17:24] & (revised.pitch[:, 1:, 17:24] >= 0)).sum())

    assert moves(options) < 0.3 * moves(without)


def test_what_is_left_of_a_long_note_is_struck_where_a_passage_leads_elsewhere(network):
    long_notes = draft(given(SOPRANO), length=32)
    options = SamplingOptions(temperature=3.0, rules=("rests",))
    revised = Reviser(network, BOTH).revise(long_notes, options, 1)
    line, struck = revised.pitch[0, ALTO], revised.struck[0, ALTO]
    moved = np.flatnonzero(line[1:] != line[:-1]) + 1
    assert moved.size
    assert struck[moved].all()


def test_a_given_note_beyond_what_the_network_reads_comes_back_as_it_was(network):
    grid = piece()
    grid.pitch[BASS, 8:12] = 31  # G1
    revised = Reviser(network, BOTH).revise(draft(given(BASS), grid), SamplingOptions(temperature=3.0), 2)
    assert (revised.pitch[:, BASS, 8:12] == 31).all()


def test_the_least_likely_passage_comes_first_whole_and_apart_from_the_next():
    log_prob = np.full((1, *TWICE.shape), -0.1)
    log_prob[0, BASS, 17] = -9.0
    begins = np.zeros((1, *TWICE.shape), dtype=bool)
    begins[:, :, ::4] = True
    begins[0, BASS, 12] = False  # half notes
    free = ~given(SOPRANO)
    rhythm = np.full(TWICE.shape, FREE)
    passages = least_likely(log_prob, np.zeros((1, 32), dtype=int), begins, free, rhythm, 0)
    assert (passages.first[0], passages.end[0]) in {(12, 20), (8, 20), (16, 24)}
    assert not passages.hidden[0, SOPRANO].any()
    spans = sorted(zip(passages.first.tolist(), passages.end.tolist(), strict=True))
    assert all(after - end >= APART for (_, end), (after, _) in pairwise(spans))
    for voice in (ALTO, TENOR, BASS):
        edges = np.flatnonzero(np.diff(np.pad(passages.hidden[0, voice].astype(int), 1)))
        assert all(edge == 32 or begins[0, voice, edge] for edge in edges)


def test_what_has_been_looked_at_waits():
    log_prob = np.full((1, *TWICE.shape), -0.1)
    log_prob[0, :, 0:8] = -0.2
    begins = np.ones((1, *TWICE.shape), dtype=bool)
    seen = np.zeros((1, 32), dtype=int)
    free, rhythm = ~given(SOPRANO), np.full(TWICE.shape, FREE)
    assert least_likely(log_prob, seen, begins, free, rhythm, 0).first[0] == 0
    seen[0, :8] = 1
    assert least_likely(log_prob, seen, begins, free, rhythm, 0).first[0] > 0


def test_faults_are_counted_where_they_are():
    # Soprano and bass in octaves from C to D; then the tenor above the alto; then a bass below E2.
    pitch = np.array([[72, 74, 74, 74], [67, 66, 60, 65], [64, 62, 62, 62], [48, 50, 50, 38]])[None]
    grid = piece(np.zeros((4, 8), dtype=int)).cut(0, 4)

    def found(rule: str) -> list[int]:
        return faults(pitch, terms(grid), (rule,))[0].tolist()

    assert found("parallels") == [0, 1, 0, 0]
    assert found("crossing") == [0, 0, 1, 0]
    assert found("range") == [0, 0, 0, 1]
    assert found("spacing") == [0, 0, 1, 0]  # D5 over C4


def test_faults_of_a_voice_are_counted_where_they_are():
    # C major: a leap of a tritone in the soprano, then of a major seventh in the bass.
    pitch = np.array([[72, 78, 77, 76], [67, 67, 67, 67], [60, 60, 60, 60], [48, 48, 48, 59]])[None]
    grid = piece(np.zeros((4, 8), dtype=int)).cut(0, 4)
    struck = np.ones(pitch.shape, dtype=bool)

    def found(rule: str, **more) -> list[int]:
        return faults(pitch, terms(grid, **more), (rule,), struck)[0].tolist()

    assert found("leaps") == [0, 1, 0, 1]
    assert found("max-leap", max_leap=6) == [0, 0, 0, 1]
    # Alto and tenor strike three times again, the bass twice; where that is too often, each time counts.
    assert found("max-repeats", max_repeats=1) == [0, 3, 3, 2]
    assert found("max-repeats", max_repeats=2) == [0, 2, 2, 2]
    assert found("max-repeats", max_repeats=3) == [0, 0, 0, 0]
    assert found("density", allowance=np.full((4, 4), 3)) == [4, 4, 4, 4]
    assert found("density", allowance=np.full((4, 4), 4)) == [0, 0, 0, 0]


def test_what_wants_to_be_resolved_is_counted_where_it_is_not():
    # G7 with the third on top and the seventh in the alto; then C.
    seventh = [[71, 72], [65, 64], [62, 60], [55, 48]]
    wrong = [[71, 67], [65, 67], [62, 64], [55, 48]]
    doubled = [[71, 72], [67, 67], [59, 60], [55, 48]]
    grid = piece(np.zeros((4, 8), dtype=int)).cut(0, 2)
    in_c = terms(grid, level=np.zeros(2, dtype=int), tonic=np.zeros((1, 2), dtype=int))

    def found(rule: str, *pieces: list[list[int]]) -> list[list[int]]:
        return faults(np.array(pieces), in_c, (rule,)).tolist()

    assert found("seventh", seventh, wrong) == [[0, 0], [0, 1]]
    assert found("leading-tone", seventh, wrong) == [[0, 0], [0, 1]]
    assert found("doubled-leading-tone", seventh, doubled) == [[0, 0], [1, 0]]
    # Soprano and bass leap upwards into a fifth.
    assert found("hidden", [[67, 72], [64, 67], [60, 60], [45, 53]]) == [[0, 1]]
    assert found("hidden", [[71, 72], [64, 67], [60, 60], [45, 53]]) == [[0, 0]]  # by a step


def test_merits_are_chords_on_beats_and_triads_where_a_phrase_rests():
    pitch = np.array([[72, 73, 70], [67, 67, 67], [64, 62, 64], [48, 48, 48]])[None]  # C, a clash, C7
    grid = piece(np.zeros((4, 8), dtype=int)).cut(0, 3)
    at = terms(grid, level=np.array([0, 2, 0]), arrival=np.array([False, False, True]))

    def found(rule: str) -> list[float]:
        return merits(pitch, at, SamplingOptions(rules=(rule,)))[0].tolist()

    assert found("chords")[0] == found("chords")[2] > 0 > found("chords")[1]
    assert found("arrival") == [0, 0, -3]
    assert found("crossing") == [0, 0, 0]  # which forbids, and is no merit


def test_masks_hide_something_and_scattered_ones_have_every_size():
    rng = np.random.default_rng(0)
    token, struck = TWICE - 36, piece().struck
    sizes = [int(scattered(rng, token, struck).sum()) for _ in range(400)]
    assert min(sizes) < 8
    assert max(sizes) > 120
    assert np.mean(sizes) == pytest.approx(64.5, abs=6)
    share = [together(rng, token, struck).mean() for _ in range(200)]
    assert 0.2 < np.mean(share) < 0.7
    assert random_cells(rng, np.ones((2, 3), dtype=bool), 4).sum() == 4


def test_training_learns_a_piece(tmp_path):
    torch.manual_seed(0)
    small = RevisionConfig(embedding=8, interval=6, metadata=4, units=16, layers=1, head_units=24, dropout=0.0)
    options = RevisionOptions(
        steps=15, batch=4, window=32, warmup=5, learning_rate=0.02, average=0.8, validate_every=15, log_every=15
    )
    few = chorales("train")[:2]

    def validate(network: RevisionNetwork) -> dict[str, float]:
        return {"nll": any_order_nll(network, [piece.grid for piece in few], draws=2)["nll_cell"]}

    trained = train(RevisionNetwork(small), MaskedWindows(few, options), loss, options, tmp_path, validate)
    assert validate(trained)["nll"] < np.log(50) - 1  # a uniform guess costs log 50 nats


def test_still_ticks_are_held_fermatas_and_places_between_dotted_beats():
    grid = piece(CADENCE)
    grid.fermata[4:8] = True
    assert list(np.flatnonzero(still_ticks(grid, ~given(SOPRANO)[:, :16]))) == [5, 6, 7]


def long_draft(times: int) -> Candidates:
    """A draft of the lower voices that is the cadence again and again."""
    pitch = np.tile(CADENCE, times)
    known = np.zeros(pitch.shape, dtype=bool)
    known[SOPRANO] = True
    grid = replace(piece(pitch), known=known)
    task = Task(grid, np.zeros_like(known), np.full(known.shape, FREE))
    log_prob = np.zeros((1, *pitch.shape), dtype=np.float32)
    return Candidates(task, pitch[None], grid.struck[None], log_prob, ~known)


def test_a_long_piece_is_revised_in_parts_that_cut_no_note(network):
    drafted = long_draft(80)  # 1280 ticks
    parts = list(stretches(drafted))
    assert len(parts) > 1
    covered = np.sum([part.free for part in parts], axis=0)
    assert covered.max() == 1
    begins = drafted.struck[0]
    for part in parts:
        edge = part.free[:, 1:] & ~part.free[:, :-1]
        assert begins[:, 1:][edge].all()  # what may change begins where a note begins
        edge = part.free[:, :-1] & ~part.free[:, 1:]
        assert begins[:, 1:][edge].all()  # and ends where the next one does
    wild = SamplingOptions(temperature=3.0, rules=("rests",))
    revised = Reviser(network, replace(BOTH, revised=1)).revise(drafted, wild, 1)
    assert (revised.pitch[:, SOPRANO] == drafted.pitch[:, SOPRANO]).all()
    for first in range(0, 1280 - 256, 256):
        assert (revised.pitch != drafted.pitch)[..., first : first + 256].any()  # no part was forgotten


def test_a_short_piece_is_revised_as_a_whole():
    (only,) = stretches(long_draft(10))
    assert (only.first, only.end) == (0, 160)


def test_a_rule_that_is_no_longer_broken_did_not_give_way(network):
    drafted = long_draft(4)
    told = replace(drafted, gave_way={"parallels": np.array([3]), "rests": np.array([1])})
    revised = Reviser(network, replace(BOTH, revised=1)).revise(told, SamplingOptions(), 1)
    assert revised.gave_way["parallels"].tolist() == [0]  # the cadence has none
    assert revised.gave_way["rests"].tolist() == [1]  # of which nothing is known afterwards
