"""The heads of an `AnticipationRNN` one tick at a time, in tables made once for a network.

What `AnticipationRNN.head` computes for all ticks of a batch is computed here for the N candidates of one tick,
where a call costs more than what it computes: indices in numpy, layers on embeddings as sums of table rows, and
what does not depend on the cells of the tick for all voices at once.

Shapes: N candidates, V voices, P places that a head reads, U units, K vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from scoreassist.grid.vocabulary import INPUTS, PITCHES, REST, UNKNOWN, VOCABULARY
from scoreassist.networks.anticipation_rnn.lookups import Lookup
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
from scoreassist.networks.anticipation_rnn.tables import MOTIONS, PairTables, motion_class
from scoreassist.networks.batch import HOLDS, LEVELS
from scoreassist.networks.memory import MATCHES, Memory
from scoreassist.networks.relations import CLASSES, LEAPS, first_sounding

AGAIN, FIRST_LEAP = VOCABULARY + 1, VOCABULARY + 2  # columns of `Heads.out`; the one at VOCABULARY is zero


@dataclass
class Now:
    """A tick while it is drawn.

    Attributes
    ----------
    token, shown : int arrays (N, V)
        Tokens (`UNKNOWN` where not drawn yet) and articulations (`HIDDEN`).
    previous, earlier, hold : int arrays (N, V)
        As in `Batch`.
    coming, coming_in, change, change_in : int arrays (V,)
        As in `Batch`.
    level, key : int
    memory : Memory
        Of the ticks before.
    """

    token: np.ndarray
    shown: np.ndarray
    previous: np.ndarray
    earlier: np.ndarray
    hold: np.ndarray
    coming: np.ndarray
    coming_in: np.ndarray
    change: np.ndarray
    change_in: np.ndarray
    level: int
    key: int
    memory: Memory


class Heads:
    """All heads of a network.

    Parameters
    ----------
    network : AnticipationRNN
    """

    def __init__(self, network: AnticipationRNN) -> None:
        config = network.config
        self.voices, self.related = config.voices, config.relations
        self.echoes, self.ahead = config.echo, config.ahead
        self.others = [np.flatnonzero(np.arange(self.voices) != v) for v in range(self.voices)]
        self.places = _places(self.voices, self.related, self.echoes, self.ahead)
        local, out = dict(network.local.named_parameters()), dict(network.out.named_parameters())
        self.local = [
            Lookup(network.head_embeddings(), local[f"{v}.weight"], local[f"{v}.bias"]) for v in range(self.voices)
        ]
        self.out = [_outputs(out[f"{v}.weight"], out[f"{v}.bias"]) for v in range(self.voices)]
        self.tables = None if network.tables is None else _Pairs(network.tables)
        tokens = torch.arange(INPUTS)
        pairs = first_sounding(*torch.meshgrid(tokens, tokens, indexing="ij"))
        self.first_sounding = pairs.numpy().ravel()  # by previous and earlier token
        relations = network.relations
        self.interval, self.turn = relations.interval.numpy().ravel(), relations.turn.numpy()
        self.tonic = relations.tonic.numpy().ravel()
        leap = relations.leap.numpy()
        self.leap = np.where(leap < LEAPS, leap + FIRST_LEAP, VOCABULARY)
        if self.echoes:
            self.copied, self.repeated = network.copied.numpy(), network.repeated.numpy()
            self.trust = FIRST_LEAP + network.outputs[2]


def _places(voices: int, related: bool, echoes: bool, ahead: bool) -> dict[str, slice]:
    """Columns of what a head reads, in the order of `AnticipationRNN.head_embeddings`."""
    others = voices - 1
    sizes = {"reference": 1} if related else {"now": others, "previous": voices, "earlier": 1}
    sizes |= {"hold": voices, "shown": others}
    if related:
        sizes |= {"now above": others, "previous above": voices, "earlier above": voices, "tonic": 1}
    if echoes:
        sizes |= {"agreement": 1, "match": 1} | ({"echo above": 1, "line above": 1} if related else {})
    if ahead:
        sizes |= {"coming above": voices, "change above": voices, "coming in": voices, "change in": voices}
    ends = np.cumsum(list(sizes.values())).tolist()
    return {name: slice(end - size, end) for (name, size), end in zip(sizes.items(), ends, strict=True)} | {
        "all": slice(ends[-1], ends[-1])
    }


def _outputs(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (U, outputs + 1) and biases of a head's outputs, with a column of zeros behind the tokens."""
    nothing = weight.new_zeros(1, weight.shape[1])
    weight = torch.cat([weight[:VOCABULARY], nothing, weight[VOCABULARY:]]).T.contiguous()
    return weight, torch.cat([bias[:VOCABULARY], bias.new_zeros(1), bias[VOCABULARY:]])


class Tick:
    """One tick of all candidates: what the heads read, filled in as cells are drawn."""

    def __init__(self, heads: Heads, now: Now) -> None:
        self.heads, self.now = heads, now
        n, voices, place = len(now.token), heads.voices, heads.places
        self.offset = np.arange(n)
        read = np.empty((n, voices, place["all"].stop), dtype=np.int64)  # (N, V, P)
        read[:, :, place["hold"]] = now.hold[:, None]
        memory = now.memory
        if not heads.related:
            read[:, :, place["previous"]] = now.previous[:, None]
            read[:, :, place["earlier"]] = now.earlier[:, :, None]
        else:
            self.reference = heads.first_sounding.take(now.previous * INPUTS + now.earlier)  # (N, V)
            read[:, :, place["reference"].start] = self.reference
            row = self.row = (self.reference * INPUTS)[:, :, None]
            read[:, :, place["previous above"]] = heads.interval.take(row + now.previous[:, None])
            read[:, :, place["earlier above"]] = heads.interval.take(row + now.earlier[:, None])
            read[:, :, place["tonic"]] = heads.tonic.take(self.reference * CLASSES + now.key)[:, :, None]
            # (N, V, profile), beginning at each voice's reference
            turn = heads.turn.take(self.reference, 0) + (self.offset * memory.profile.shape[1])[:, None, None]
            self.profile = torch.from_numpy(memory.profile.take(turn))
        if heads.echoes:
            read[:, :, place["match"]] = memory.line_match[:, :, None]
            self.differs, self.seen = np.zeros(n, dtype=bool), False
            if heads.related:
                read[:, :, place["echo above"].start] = heads.interval.take(row[:, :, 0] + memory.echo)
                read[:, :, place["line above"].start] = heads.interval.take(row[:, :, 0] + memory.line)
        if heads.ahead:
            read[:, :, place["coming above"]] = heads.interval.take(row + now.coming)
            read[:, :, place["change above"]] = heads.interval.take(row + now.change)
            read[:, :, place["coming in"]], read[:, :, place["change in"]] = now.coming_in, now.change_in
        self.read = read
        for voice, token in enumerate(now.token[0].tolist()):
            if token != UNKNOWN:
                self._compare(voice)
        if heads.tables is not None:
            self.before = heads.tables.before(now)

    def write(self, voice: int, token: np.ndarray, shown: np.ndarray) -> None:
        """A voice's cells, int (N,) each, are drawn."""
        self.now.token[:, voice], self.now.shown[:, voice] = token, shown
        self._compare(voice)

    def _compare(self, voice: int) -> None:
        if self.heads.echoes:
            self.differs |= self.now.token[:, voice] != self.now.memory.echo[:, voice]
            self.seen = True

    def head(self, voice: int, share: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Logits of one voice's cell, as `AnticipationRNN.head` gives them: (N, U) to (N, K) and (N,)."""
        heads, place, read = self.heads, self.heads.places, self.read[:, voice]
        others = heads.others[voice]
        token = self.now.token.take(others, 1)
        read[:, place["shown"]] = self.now.shown.take(others, 1)
        if heads.related:
            read[:, place["now above"]] = heads.interval.take(self.row[:, voice] + token)
        else:
            read[:, place["now"]] = token
        if heads.echoes:
            agreement = self.now.memory.echo_match
            if self.seen:
                agreement = (self.differs + 1) * MATCHES + agreement
            read[:, place["agreement"].start] = agreement
        local = heads.local[voice]
        hidden = local(read).add_(share)
        if local.dense is not None:
            hidden.addmm_(self.profile[:, voice], local.dense)
        weight, bias = heads.out[voice]
        out = torch.addmm(bias, hidden.relu_(), weight).numpy()  # (N, outputs + 1)
        logits, start = out[:, :VOCABULARY], self.offset * out.shape[1]
        again = out[:, AGAIN]
        if heads.related:
            leaps = heads.leap.take(self.reference[:, voice], 0) + start[:, None]
            logits[:, :PITCHES] += out.take(leaps)
        if heads.tables is not None:
            logits[:, :PITCHES] += heads.tables(voice, self.now, token, others, self.before)
        if heads.echoes:
            self._echo(voice, out, start, agreement)
        return logits, again

    def _echo(self, voice: int, out: np.ndarray, start: np.ndarray, agreement: np.ndarray) -> None:
        """Add to the logits of the tokens that the echoes bring; that of `UNKNOWN` is the column of zeros."""
        memory, flat, trust = self.now.memory, out.reshape(-1), self.heads.trust
        copied = self.heads.copied[voice].take(agreement)
        flat[start + memory.echo[:, voice]] += copied + out[:, trust]
        repeated = self.heads.repeated[voice].take(memory.line_match[:, voice])
        flat[start + memory.line[:, voice]] += repeated + out[:, trust + 1]


class _Pairs:
    """`PairTables` by rows and columns of flat tables."""

    def __init__(self, tables: PairTables) -> None:
        voices = self.voices = tables.voices
        tokens, width = torch.arange(INPUTS), 12 * MOTIONS
        self.motion = tables.motion.numpy().ravel()
        heard = (tokens < REST).repeat(voices * voices).unsqueeze(1)
        self.vertical = (tables.vertical_rows() * heard).detach().numpy()
        melodic = tables.melodic.detach().gather(1, tables.step.view(1, -1).expand(len(tables.melodic), -1))
        self.melodic = melodic.view(-1, PITCHES).numpy()  # by voice, level, hold and token before
        self.after, self.own = tables.after.numpy(), tables.own.numpy()
        # Rows of `motion`: by own token and another's before, and by how that one moves. Where any of the three is
        # silent the sum is below zero, which stands for row 0.
        silent = -1000
        difference = tokens - tokens.unsqueeze(1)  # (before, now)
        sounding = (tokens < REST) & (tokens < REST).unsqueeze(1)
        from_before = torch.where(sounding, difference % 12 * MOTIONS + 1, silent)
        moving = torch.where(sounding, motion_class(difference), silent)
        self.from_before, self.moving = from_before.numpy().ravel(), moving.numpy().ravel()
        pair = np.arange(voices)[:, None] * voices + np.arange(voices)
        self.motion_pair, self.vertical_pair = pair * (width + 1), pair * INPUTS
        self.width = width

    def before(self, now: Now) -> np.ndarray:
        """Rows of `from_before`, for each voice and each other: int (N, V, V)."""
        return np.asarray(self.from_before.take((now.previous * INPUTS)[:, :, None] + now.previous[:, None]))

    def __call__(
        self, voice: int, now: Now, token: np.ndarray, others: np.ndarray, before: np.ndarray
    ) -> np.ndarray:
        """Terms for each candidate pitch of a voice: float (N, PITCHES)."""
        mine = now.previous[:, voice]
        row = ((voice * LEVELS + now.level) * HOLDS + now.hold[:, voice]) * INPUTS + mine
        total: np.ndarray = self.melodic.take(row, 0)
        if not others.size:
            return total
        moving = self.moving.take(now.previous.take(others, 1) * INPUTS + token)
        row = np.maximum(before[:, voice].take(others, 1) + moving, 0) + self.motion_pair[voice, others]
        column = self.after.take(token, 0) + self.own.take(mine, 0)[:, None]
        column += (row * self.width)[:, :, None]
        total += np.add.reduce(self.motion.take(column), 1)
        total += np.add.reduce(self.vertical.take(token + self.vertical_pair[voice, others], 0), 1)
        return total
