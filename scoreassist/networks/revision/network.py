"""A network that sees both sides, to revise drafts: any cells may be hidden, all others are read.

Orderless NADE (Uria, Murray & Larochelle, ICML 2014) as Coconet (Huang et al., ISMIR 2017) and DeepBach (Hadjeres,
Pachet & Nielsen, ICML 2017) use it for chorales: one network gives the distribution of every hidden cell from the
cells that are shown. Here an LSTM reads the masked grid in both directions over ticks; a head for each voice
sees, besides, what is shown around its cell: neighbours two ticks to both sides, the nearest notes, where the same
was heard elsewhere; as pitches, and as intervals from the voice's own nearest note, so that what is learned in
one key holds in all.

Heads can be run in two ways. *Orderless*: they see what the LSTM sees. *Causal*: hidden cells that come earlier
(tick by tick, and in the order of voices) are shown to the heads though not to the LSTM. Then the likelihood of
a whole span of hidden cells is exact by the chain rule, and drawing it costs one run of the LSTM.

Shapes: B batch, V voices, T ticks, K vocabulary, N hidden cells of one voice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scoreassist.grid.vocabulary import INPUTS, PITCHES, REST, UNKNOWN, VOCABULARY
from scoreassist.networks.anticipation_rnn.tables import MOTIONS, motion_class
from scoreassist.networks.batch import FERMATAS, HIDDEN, HOLDS, KEYS, LEVEL_BEAT, LEVELS, STRUCK
from scoreassist.networks.layers import LockedDropout
from scoreassist.networks.revision.surroundings import (
    AFTER_1,
    BEFORE_1,
    CELLS,
    EARLIER,
    ECHOES,
    FAR_AFTER,
    FAR_BEFORE,
    HELD_AFTER,
    HELD_BEFORE,
    LATER,
    NEAR_AFTER,
    NEAR_BEFORE,
    STRUCK_AFTER,
    STRUCK_BEFORE,
    Surroundings,
    echoes,
    surroundings,
)

REACH = 24  # widest interval, in semitones, that heads tell apart
INTERVALS = 2 * REACH + 1
SILENT, UNTOLD = INTERVALS, INTERVALS + 1  # interval classes of silence, and of what is not shown
ARTICULATIONS = 3
MOTION_ROWS = 12 * MOTIONS + 1  # interval class and motion of another voice, or not told


@dataclass(frozen=True)
class RevisionConfig:
    """Sizes of the network; stored beside the weights.

    Attributes
    ----------
    order : tuple of int
        Voice indices in the order in which a tick's cells are drawn.
    embedding, interval : int
        Of a cell's pitch, and of its interval from the reference.
    metadata : int
        Of metre, key and fermata together.
    units, layers : int
        Of the LSTM, in each direction.
    head_units : int
    dropout : float
    """

    order: tuple[int, ...] = (0, 3, 1, 2)
    embedding: int = 24
    interval: int = 16
    metadata: int = 24
    units: int = 224
    layers: int = 2
    head_units: int = 256
    dropout: float = 0.3

    @property
    def voices(self) -> int:
        """Number of voices."""
        return len(self.order)


class Masked(Protocol):
    """What the network reads of a `Batch`; see there."""

    token: Tensor
    struck: Tensor
    known: Tensor
    level: Tensor
    key: Tensor
    fermata: Tensor


@dataclass
class View:
    """A batch as the network sees it.

    Attributes
    ----------
    token, struck : long (B, V, T)
        What is shown; `UNKNOWN` and `HIDDEN` elsewhere.
    echo : long (B, V, T)
    strength : long (B, T)
        See `scoreassist.networks.revision.surroundings.echoes`.
    share : float (B, T, V, U)
        What the LSTM says to each head.
    """

    token: Tensor
    struck: Tensor
    echo: Tensor
    strength: Tensor
    share: Tensor


class MotionTable(nn.Module):
    """Log-linear terms of a voice's candidates against the motion of the other voices, in one direction of time.

    For each candidate pitch a weight of (interval class there, motion of the other voice) × (interval class here,
    own motion), *there* being the neighbouring tick.
    """

    after: Tensor
    own: Tensor

    def __init__(self, voices: int) -> None:
        super().__init__()
        self.voices = voices
        self.weight = nn.Parameter(torch.zeros(voices * MOTION_ROWS, 12 * MOTIONS))
        token = torch.arange(INPUTS).unsqueeze(1)
        candidate = torch.arange(PITCHES).unsqueeze(0)
        self.register_buffer("after", ((token - candidate) % 12) * MOTIONS, persistent=False)
        own = torch.where(token < REST, motion_class(candidate - token), 2)
        self.register_buffer("own", own, persistent=False)

    def forward(self, voice: int, there: Tensor, here: Tensor) -> Tensor:
        """Terms of each candidate, from tokens of all voices (N, V) there and here: float (N, PITCHES)."""
        others = [v for v in range(self.voices) if v != voice]
        mine, their, seen = there[:, voice], there[:, others], here[:, others]
        told = (seen < REST) & (their < REST) & (mine < REST).unsqueeze(1)
        row = ((their - mine.unsqueeze(1)) % 12) * MOTIONS + motion_class(seen - their)
        row = torch.where(told, row + 1, 0) + torch.tensor(others) * MOTION_ROWS
        column = self.after[seen] + self.own[mine].unsqueeze(1)  # (N, V - 1, PITCHES)
        return torch.gather(F.embedding(row, self.weight), 2, column).sum(1)


class IntervalTable(nn.Module):
    """Log-linear terms of a voice's candidates: a weight for the interval to each cell that is shown around."""

    column: Tensor

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places
        # Columns: intervals -48 to 48 semitones, then silence and not shown, which tell nothing of a pitch.
        self.weight = nn.Parameter(torch.zeros(places, 2 * PITCHES))
        token = torch.arange(INPUTS).unsqueeze(1)
        difference = token - torch.arange(PITCHES).unsqueeze(0) + PITCHES - 1
        column = torch.where(token < REST, difference, 2 * PITCHES - 1)
        self.register_buffer("column", column, persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, places) to float (N, PITCHES)."""
        return F.embedding_bag(tokens + torch.arange(self.places) * INPUTS, self.rows(), mode="sum")

    def rows(self) -> Tensor:
        """Terms of each token in each place: (places * INPUTS, PITCHES)."""
        told = torch.cat([self.weight[:, :-1], torch.zeros_like(self.weight[:, -1:])], 1)
        return told[:, self.column].flatten(0, 1)


class Head(nn.Module):
    """One voice's distribution of pitch and articulation."""

    def __init__(self, config: RevisionConfig) -> None:
        super().__init__()
        voices, units = config.voices, config.head_units
        self.places = len(CELLS) * voices + 2 * voices  # around, now, echo
        marks = 4 * 4 * voices + 3 * ARTICULATIONS * voices + 4  # held and far, struck, strength of the echo
        self.local = nn.Linear(self.places * (config.embedding + config.interval) + marks, units)
        self.pitch = nn.Linear(units, VOCABULARY)
        self.interval = nn.Linear(units, INTERVALS)
        self.again = nn.Linear(units, 1)
        self.table = IntervalTable(self.places)
        self.behind, self.ahead = MotionTable(voices), MotionTable(voices)


class RevisionNetwork(nn.Module):
    """The network; see the module's docstring."""

    relative: Tensor
    placed: Tensor

    def __init__(self, config: RevisionConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or RevisionConfig()
        voices, m = config.voices, config.metadata
        self.cell = nn.Embedding(INPUTS, config.embedding)
        self.interval = nn.Embedding(INTERVALS + 2, config.interval)
        self.held, self.far = nn.Embedding(HOLDS, 4), nn.Embedding(HOLDS, 4)
        self.strength = nn.Embedding(ECHOES, 4)
        self.level, self.key = nn.Embedding(LEVELS, m), nn.Embedding(KEYS, m)
        self.fermata = nn.Embedding(FERMATAS, m)
        self.dropout = LockedDropout(config.dropout)
        width = voices * (2 * config.embedding + ARTICULATIONS) + 4 + m
        sizes = [width] + [2 * config.units] * (config.layers - 1)
        self.lstm = nn.ModuleList(
            nn.LSTM(size, config.units, batch_first=True, bidirectional=True) for size in sizes
        )
        self.shared = nn.Linear(2 * config.units + m, voices * config.head_units)
        self.heads = nn.ModuleList(Head(config) for _ in range(voices))
        token, reference = torch.arange(INPUTS).unsqueeze(0), torch.arange(INPUTS).unsqueeze(1)
        between = (token - reference).clamp(-REACH, REACH) + REACH
        between = torch.where(token == REST, SILENT, between)
        between = torch.where((token == UNKNOWN) | (reference >= REST), UNTOLD, between)
        self.register_buffer("relative", between, persistent=False)
        column = (torch.arange(PITCHES).unsqueeze(0) - reference).clamp(-REACH, REACH) + REACH
        self.register_buffer("placed", column, persistent=False)

    def look(self, batch: Masked) -> View:
        """Run the LSTM over what is shown of a batch: its known cells."""
        token = torch.where(batch.known, batch.token, UNKNOWN)
        struck = torch.where(batch.known & (token < REST), told_articulation(batch), HIDDEN)
        with torch.no_grad():
            echo, strength = echoes(token)
        metadata = self.level(batch.level) + self.key(batch.key) + self.fermata(batch.fermata)
        read = torch.cat([self.cell(token), self.cell(echo), F.one_hot(struck, ARTICULATIONS)], -1)
        x = torch.cat([read.transpose(1, 2).flatten(2), self.strength(strength), metadata], -1)
        x = self.dropout(x)
        for layer in self.lstm:
            x = self.dropout(layer(x)[0])
        share = self.shared(torch.cat([x, metadata], -1))
        return View(token, struck, echo, strength, share.unflatten(-1, (self.config.voices, -1)))

    def head(
        self,
        voice: int,
        share: Tensor,
        around: Surroundings,
        now: Tensor,
        struck: Tensor,
        echo: Tensor,
        strength: Tensor,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits of one voice's cells.

        Parameters
        ----------
        voice : int
        share : float (N, U)
        around : Surroundings of the cells, (N, 8, V) and (N, 6, V)
        now, struck : long (N, V)
            What is shown at this tick; the voice's own cell is not looked at.
        echo : long (N, V)
        strength : long (N,)
        mask : float (N, U), optional
            Dropout of the hidden layer.

        Returns
        -------
        pitch : float (N, K)
        again : float (N,)
            Logit of striking, where the pitch is that of the tick before, or that one is not shown.
        """
        head = cast(Head, self.heads[voice])
        own = torch.arange(now.shape[1]) == voice
        now, struck = torch.where(own, UNKNOWN, now), torch.where(own, HIDDEN, struck)
        tokens = torch.cat([around.cells.flatten(1), now, echo], 1)
        reference = self.reference(around, voice)
        marks = around.marks
        held = self.held(marks[:, [HELD_BEFORE, HELD_AFTER]]).flatten(1)
        far = self.far(marks[:, [FAR_BEFORE, FAR_AFTER]]).flatten(1)
        articulation = torch.cat([marks[:, [STRUCK_BEFORE, STRUCK_AFTER]].flatten(1), struck], 1)
        local = torch.cat(
            [
                self.cell(tokens).flatten(1),
                self.interval(self.relative[reference.unsqueeze(1), tokens]).flatten(1),
                held,
                far,
                F.one_hot(articulation, ARTICULATIONS).to(held.dtype).flatten(1),
                self.strength(strength),
            ],
            1,
        )
        hidden = F.relu(share + head.local(local))
        if mask is not None:
            hidden = hidden * mask.to(hidden.dtype)
        relative = head.interval(hidden).float().gather(1, self.placed[reference])
        terms = torch.where((reference < REST).unsqueeze(1), relative, 0.0) + head.table(tokens)
        terms = terms + head.behind(voice, around.cells[:, BEFORE_1], now)
        terms = terms + head.ahead(voice, around.cells[:, AFTER_1], now)
        logits = head.pitch(hidden).float() + F.pad(terms.float(), (0, VOCABULARY - PITCHES))
        return logits, head.again(hidden).float().squeeze(-1)

    def reference(self, around: Surroundings, voice: int) -> Tensor:
        """The voice's nearest note, from which intervals are counted: tokens (N,), `UNKNOWN` if it has none."""
        cells, marks = around.cells[:, :, voice], around.marks[:, :, voice]
        before, after = cells[:, NEAR_BEFORE], cells[:, NEAR_AFTER]
        # A rest is no reference: look past it.
        before = torch.where(before < REST, before, cells[:, EARLIER])
        after = torch.where(after < REST, after, cells[:, LATER])
        ahead = (before >= REST) | ((after < REST) & (marks[:, FAR_AFTER] < marks[:, FAR_BEFORE]))
        chosen = torch.where(ahead, after, before)
        return torch.where(chosen < REST, chosen, UNKNOWN)

    def forward(self, batch: Masked, causal: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits of every hidden cell; see the module's docstring.

        Parameters
        ----------
        batch : Masked
            Cells that are not `known` are hidden; cells whose token is `UNKNOWN` are not there.
        causal : bool (B,), optional
            Windows whose heads are shown earlier hidden cells. Default: none.

        Returns
        -------
        pitch : float (B, V, T, K)
        again : float (B, V, T)
            0 where nothing is hidden.
        """
        view = self.look(batch)
        count, voices, ticks = batch.token.shape
        drawn, drawn_struck = view.token, view.struck
        if causal is not None:
            reveal = causal[:, None, None] & (batch.token != UNKNOWN)
            drawn = torch.where(reveal, batch.token, drawn)
            articulation = torch.where(batch.token < REST, told_articulation(batch), HIDDEN)
            drawn_struck = torch.where(reveal, articulation, drawn_struck)
        around = surroundings(drawn, drawn_struck, view.token, view.struck)
        now, struck = view.token.clone(), view.struck.clone()
        hidden = hidden_cells(batch)
        pitch = torch.zeros(count, voices, ticks, VOCABULARY)
        again = torch.zeros(count, voices, ticks)
        for voice in self.config.order:
            rows, at = hidden[:, voice].nonzero(as_tuple=True)
            mask = self.dropout.mask(count, self.config.head_units)
            logits, stay = self.head(
                voice,
                view.share[rows, at, voice],
                around.at(rows, at),
                now[rows, :, at],
                struck[rows, :, at],
                view.echo[rows, :, at],
                view.strength[rows, at],
                None if mask is None else mask[rows, 0],
            )
            pitch[rows, voice, at] = logits
            again[rows, voice, at] = stay
            now[:, voice], struck[:, voice] = drawn[:, voice], drawn_struck[:, voice]
        return pitch, again

    def log_prob(self, batch: Masked, causal: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Log-probability of every hidden cell: orderless, from what is shown alone; causal, by the chain rule.

        Returns
        -------
        pitch : float (B, V, T)
            Nats; 0 where nothing is hidden.
        articulation : float (B, V, T)
            Of held or struck, given the pitch; 0 too where that is told already, or not known.
        """
        logits, again = self(batch, causal)
        return masked_log_prob(batch, logits, again, causal)


def told_articulation(batch: Masked) -> Tensor:
    """Articulations (B, V, T), `HIDDEN` where they are but made from pitches: where beats alone are known."""
    made = (batch.level == LEVEL_BEAT).any(1)[:, None, None]
    return torch.where(made, HIDDEN, batch.struck)


def hidden_cells(batch: Masked) -> Tensor:
    """Cells whose token is there, and not shown: bool (B, V, T)."""
    return ~batch.known & (batch.token < VOCABULARY)


def masked_log_prob(
    batch: Masked, logits: Tensor, again: Tensor, causal: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Log-probabilities of hidden cells under given logits; see `RevisionNetwork.log_prob`."""
    hidden = hidden_cells(batch)
    target = batch.token.clamp(max=VOCABULARY - 1)
    pitch = F.log_softmax(logits, -1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
    before = F.pad(batch.token, (1, 0), value=UNKNOWN)[..., :-1]
    seen = F.pad(batch.known, (1, 0), value=False)[..., :-1]
    if causal is not None:
        seen = seen | causal[:, None, None]
    seen = seen & (before != UNKNOWN)
    struck = told_articulation(batch)
    free = hidden & (batch.token < REST) & (struck != HIDDEN) & ~(seen & (before != batch.token))
    stay = F.logsigmoid(torch.where(struck == STRUCK, again, -again))
    return pitch * hidden, stay * free
