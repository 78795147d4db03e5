"""Anticipation-RNN for any number of voices (Hadjeres & Nielsen, arXiv 1709.06404, section 3).

A *constraint* LSTM reads what is known from the end backwards; its output at tick t, the anticipation, sums up
all that is required from t on. A *token* LSTM runs forwards on the cells of the tick before and on the
anticipation. The paper writes one voice; here the tick's voices are drawn one after the other, each head seeing
the voices already drawn and those known, so that the likelihood of a grid is exact by the chain rule.

What is not in the paper: metre, key signature and fermatas as metadata of both LSTMs; the articulation of a
cell (held or struck again) as a binary choice of its own; and log-linear tables of intervals and motions added
to the logits, which teach voice leading faster than the recurrent layers do.

Shapes: B batch, V voices, T ticks, K vocabulary. Recurrent layers take (B, T, features).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scoreassist.grid.vocabulary import INPUTS, PITCHES, REST, UNKNOWN, VOCABULARY

# Metadata classes.
LEVELS = 7  # 0-4 metrical strength, 5 unknown, 6 after the end of the piece
LEVEL_END = 6
KEYS = 13  # tonic of the key signature as a pitch class on the line of fifths; 12 unknown
FERMATAS = 3  # no, yes, unknown

# How long a note has been held, in ticks, as buckets: 0 is silence or unknown.
HOLD_EDGES = (1, 2, 3, 4, 6, 8, 12)
HOLDS = len(HOLD_EDGES) + 1

MOTIONS = 5  # leap down, step down, none, step up, leap up
HELD, STRUCK, HIDDEN = 0, 1, 2  # articulation of another voice at this tick, as a head sees it


@dataclass(frozen=True)
class AnticipationConfig:
    """Sizes of the network; stored beside the weights.

    Attributes
    ----------
    order : tuple of int
        Voice indices in the order in which a tick's cells are drawn.
    embedding : int
        Of a cell's pitch.
    metadata : int
        Of metre, key and fermata together, after projection.
    token_units, token_layers, constraint_units, constraint_layers : int
    head_units : int
    dropout : float
    """

    order: tuple[int, ...] = (0, 3, 1, 2)
    embedding: int = 32
    metadata: int = 24
    token_units: int = 384
    token_layers: int = 2
    constraint_units: int = 160
    constraint_layers: int = 2
    head_units: int = 256
    dropout: float = 0.5

    @property
    def voices(self) -> int:
        """Number of voices."""
        return len(self.order)


@dataclass
class Batch:
    """Grids as the network reads them.

    Attributes
    ----------
    token : long (B, V, T)
        Pitch tokens, `UNKNOWN` where nothing is there to be learned.
    struck : long (B, V, T)
        `HELD` or `STRUCK`.
    known : bool (B, V, T)
        Cells given as constraints.
    previous : long (B, V, T)
        Token of the tick before; at the first tick of a piece `REST`.
    earlier : long (B, V, T)
        The last pitch that was different from `previous`, or `UNKNOWN`.
    hold : long (B, V, T)
        Bucket of how long `previous` has been held.
    level, key, fermata : long (B, T)
    """

    token: Tensor
    struck: Tensor
    known: Tensor
    previous: Tensor
    earlier: Tensor
    hold: Tensor
    level: Tensor
    key: Tensor
    fermata: Tensor


def motion_class(interval: Tensor) -> Tensor:
    """0 leap down, 1 step down, 2 none, 3 step up, 4 leap up, of semitones."""
    return 2 + interval.sign() * (1 + (interval.abs() > 2).long()) * (interval != 0)


class PairTables(nn.Module):
    """Log-linear terms of one voice's candidates against another voice, and against its own past.

    For every candidate pitch: a weight for (interval class before, motion of the other voice) × (interval class
    after, own motion), one for the vertical interval, and one for the melodic interval given metre and time held.
    """

    def __init__(self, voices: int) -> None:
        super().__init__()
        pairs = voices * voices
        self.voices = voices
        self.motion = nn.Parameter(torch.zeros(pairs * (12 * MOTIONS + 1), 12 * MOTIONS))
        self.vertical = nn.Parameter(torch.zeros(pairs, 2 * PITCHES + 1))
        self.melodic = nn.Parameter(torch.zeros(voices * LEVELS * HOLDS, 28))
        tokens = torch.arange(INPUTS).unsqueeze(1)
        candidates = torch.arange(PITCHES).unsqueeze(0)
        sounding = tokens < REST
        difference = tokens - candidates
        self.register_buffer("after", (difference % 12) * MOTIONS, persistent=False)
        own = motion_class(candidates - tokens)
        self.register_buffer("own", torch.where(sounding, own, 2), persistent=False)
        spread = torch.where(sounding, difference + PITCHES, 0).clamp(0, 2 * PITCHES)
        self.register_buffer("spread", spread, persistent=False)
        step = torch.where(sounding, (candidates - tokens).clamp(-13, 13) + 14, 0)
        self.register_buffer("step", step, persistent=False)

        self.frozen: Tensor | None = None

    after: Tensor
    own: Tensor
    spread: Tensor
    step: Tensor

    def forward(
        self, voice: int, visible: Sequence[Tensor | None], previous: Tensor, hold: Tensor, level: Tensor
    ) -> Tensor:
        """Terms for each candidate pitch.

        Parameters
        ----------
        voice : int
        visible : per voice, long (N,) tokens seen at this tick, None for the voice itself
        previous : long (N, V)
        hold : long (N,) of this voice
        level : long (N,)

        Returns
        -------
        float (N, PITCHES)
        """
        mine = previous[:, voice]
        row = (voice * LEVELS + level) * HOLDS + hold
        total = torch.gather(F.embedding(row, self.melodic), 1, self.step[mine])
        others = [other for other, shown in enumerate(visible) if shown is not None]
        seen = torch.stack([shown for shown in visible if shown is not None], 1)  # (N, V - 1)
        before = previous[:, others]
        pair = torch.tensor([voice * self.voices + other for other in others])
        heard = seen < REST
        tracked = heard & (before < REST) & (mine < REST).unsqueeze(1)
        row = ((before - mine.unsqueeze(1)) % 12) * MOTIONS + motion_class(seen - before)
        row = torch.where(tracked, row + 1, 0) + pair * (12 * MOTIONS + 1)
        column = self.after[seen] + self.own[mine].unsqueeze(1)  # (N, V - 1, PITCHES)
        total = total + torch.gather(F.embedding(row, self.motion), 2, column).sum(1)
        rows = self.frozen if self.frozen is not None else self.vertical_rows()
        vertical = F.embedding(seen + pair * INPUTS, rows)
        return total + (vertical * heard.unsqueeze(-1)).sum(1)

    def vertical_rows(self) -> Tensor:
        """Weights of vertical intervals: (pairs * INPUTS, PITCHES), by pair and token seen."""
        return self.vertical[:, self.spread].flatten(0, 1)

    def freeze(self) -> None:
        """Compute once what depends on the weights alone; call again after changing them."""
        self.frozen = self.vertical_rows().detach()


class LockedDropout(nn.Module):
    """Dropout with one mask for all ticks of a window (Gal & Ghahramani 2016); input (B, T, features)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def mask(self, batch: int, features: int) -> Tensor | None:
        """Factors (B, 1, features), or None when nothing is dropped."""
        if not self.training or self.rate == 0:
            return None
        keep = torch.rand(batch, 1, features) >= self.rate
        return keep.float() / (1 - self.rate)

    def forward(self, x: Tensor) -> Tensor:
        """The input with whole features zeroed, in training."""
        mask = self.mask(x.shape[0], x.shape[-1])
        return x if mask is None else x * mask.to(x.dtype)


State = list[tuple[Tensor, Tensor]]


class Recurrence(nn.Module):
    """LSTM layers with locked dropout between them."""

    def __init__(self, inputs: int, units: int, layers: int, dropout: LockedDropout) -> None:
        super().__init__()
        sizes = [inputs] + [units] * (layers - 1)
        self.layers = nn.ModuleList(nn.LSTM(size, units, batch_first=True) for size in sizes)
        self.dropout = dropout

    def weights(self) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Input weights (4H, inputs), recurrent weights (4H, H) and biases (4H,) of each layer."""
        state = dict(self.layers.named_parameters())
        return [
            (
                state[f"{i}.weight_ih_l0"],
                state[f"{i}.weight_hh_l0"],
                state[f"{i}.bias_ih_l0"] + state[f"{i}.bias_hh_l0"],
            )
            for i in range(len(self.layers))
        ]

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """(B, T, inputs) to (B, T, units), and the state at the end; dropout on what goes in and comes out."""
        x = self.dropout(x)
        after: State = []
        for index, layer in enumerate(self.layers):
            x, last = layer(x, None if state is None else state[index])
            x = self.dropout(x)
            after.append(last)
        return x, after


class AnticipationRNN(nn.Module):
    """The network; see the module's docstring."""

    def __init__(self, config: AnticipationConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AnticipationConfig()
        voices, e, m = config.voices, config.embedding, config.metadata
        self.cell = nn.Embedding(INPUTS, e)
        self.hold = nn.Embedding(HOLDS, 4)
        self.level = nn.Embedding(LEVELS, m)
        self.key = nn.Embedding(KEYS, m)
        self.fermata = nn.Embedding(FERMATAS, m)
        c, h, u = config.constraint_units, config.token_units, config.head_units
        self.dropout = LockedDropout(config.dropout)
        self.constraint_lstm = Recurrence(voices * (e + 3) + m, c, config.constraint_layers, self.dropout)
        self.token_lstm = Recurrence(voices * (2 * e + 4) + m + c, h, config.token_layers, self.dropout)
        self.shared = nn.Linear(h + c + m, voices * u)
        local = (2 * voices - 1) * e + e + 4 + 3 * (voices - 1)
        self.local = nn.ModuleList(nn.Linear(local, u) for _ in range(voices))
        self.pitch = nn.ModuleList(nn.Linear(u, VOCABULARY) for _ in range(voices))
        self.again = nn.ModuleList(nn.Linear(u, 1) for _ in range(voices))
        self.tables = PairTables(voices)

    def metadata(self, level: Tensor, key: Tensor, fermata: Tensor) -> Tensor:
        """Embedded metre, key and fermata: (B, T) each to (B, T, M)."""
        embedded: Tensor = self.level(level) + self.key(key) + self.fermata(fermata)
        return embedded

    def anticipate(self, batch: Batch, metadata: Tensor) -> Tensor:
        """The constraint LSTM, from the end backwards.

        Returns
        -------
        float (B, T, C)
            At tick t, a summary of everything known from t on, t included.
        """
        known = batch.known
        cells = self.cell(torch.where(known, batch.token, UNKNOWN))  # (B, V, T, E)
        struck = F.one_hot(torch.where(known, batch.struck, HIDDEN), 3).to(cells.dtype)
        read = torch.cat([cells, struck], -1).transpose(1, 2).flatten(2)  # (B, T, V * (E + 3))
        read = torch.cat([read, metadata], -1)
        out: Tensor = self.constraint_lstm(read.flip(1))[0]
        return out.flip(1)

    def token_inputs(
        self, previous: Tensor, earlier: Tensor, hold: Tensor, metadata: Tensor, anticipation: Tensor
    ) -> Tensor:
        """What the token LSTM reads: (B, V, T) cells of the past, (B, T, M), (B, T, C) to (B, T, features)."""
        past = torch.cat([self.cell(previous), self.cell(earlier), self.hold(hold)], -1)
        return torch.cat([past.transpose(1, 2).flatten(2), metadata, anticipation], -1)

    def head(
        self,
        index: int,
        shared: Tensor,
        visible: Sequence[Tensor | None],
        visible_struck: Sequence[Tensor | None],
        previous: Tensor,
        earlier: Tensor,
        hold: Tensor,
        level: Tensor,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits of one voice's cell.

        Parameters
        ----------
        index : int
            The voice.
        shared : float (N, U)
            This voice's share of what the recurrent layers say.
        visible, visible_struck : per voice, long (N,), None for the voice itself
            Tokens (`UNKNOWN` where not yet drawn) and articulations (`HIDDEN`) of this tick.
        previous, earlier, hold : long (N, V)
        level : long (N,)
        mask : float (N, U), optional
            Dropout of the hidden layer.

        Returns
        -------
        pitch : float (N, K)
        again : float (N,)
            Logit of striking the note again, if the pitch stays.
        """
        dtype = shared.dtype
        others = [self.cell(seen) for seen in visible if seen is not None]
        struck = [F.one_hot(seen, 3).to(dtype) for seen in visible_struck if seen is not None]
        local = torch.cat(
            [
                *others,
                self.cell(previous).flatten(1),
                self.cell(earlier[:, index]),
                self.hold(hold[:, index]),
                *struck,
            ],
            -1,
        )
        hidden = F.relu(shared + self.local[index](local))
        if mask is not None:
            hidden = hidden * mask.to(hidden.dtype)
        tables = self.tables(index, visible, previous, hold[:, index], level)
        logits = self.pitch[index](hidden).float() + F.pad(tables.float(), (0, VOCABULARY - PITCHES))
        return logits, self.again[index](hidden).float().squeeze(-1)

    def forward(self, batch: Batch, past_dropout: float = 0.0) -> tuple[Tensor, Tensor]:
        """Logits of every cell given the cells before it in the order of drawing, and the known ones.

        Parameters
        ----------
        batch : Batch
        past_dropout : float
            Share of past cells hidden from the token LSTM, in training.

        Returns
        -------
        pitch : float (B, V, T, K)
        again : float (B, V, T)
        """
        b, voices, ticks = batch.token.shape
        metadata = self.metadata(batch.level, batch.key, batch.fermata)
        anticipation = self.anticipate(batch, metadata)
        previous, earlier = batch.previous, batch.earlier
        if past_dropout:
            keep = torch.rand(previous.shape, device=previous.device) >= past_dropout
            previous = torch.where(keep, previous, UNKNOWN)
        read = self.token_inputs(previous, earlier, batch.hold, metadata, anticipation)
        state, _ = self.token_lstm(read)
        shared = self.shared(torch.cat([state, anticipation, metadata], -1)).flatten(0, 1)
        shares = shared.view(b * ticks, voices, -1)

        def rows(cells: Tensor) -> Tensor:  # (B, V, T) to (B * T, V)
            return cells.transpose(1, 2).flatten(0, 1)

        token, struck = rows(batch.token), rows(batch.struck)
        past, older, hold = rows(batch.previous), rows(batch.earlier), rows(batch.hold)
        shown = torch.where(rows(batch.known), token, UNKNOWN)
        shown_struck = torch.where(rows(batch.known), struck, HIDDEN)
        level = batch.level.flatten()
        pitch: list[Tensor] = [shared] * voices
        again: list[Tensor] = [shared] * voices
        drawn: set[int] = set()
        for voice in self.config.order:
            visible: list[Tensor | None] = []
            visible_struck: list[Tensor | None] = []
            for other in range(voices):
                if other == voice:
                    visible.append(None)
                    visible_struck.append(None)
                else:
                    seen = other in drawn
                    visible.append((token if seen else shown)[:, other])
                    visible_struck.append((struck if seen else shown_struck)[:, other])
            mask = self.dropout.mask(b, shares.shape[-1])
            if mask is not None:
                mask = mask.expand(b, ticks, -1).flatten(0, 1)
            logits, stay = self.head(
                voice, shares[:, voice], visible, visible_struck, past, older, hold, level, mask
            )
            pitch[voice], again[voice] = logits.view(b, ticks, -1), stay.view(b, ticks)
            drawn.add(voice)
        return torch.stack(pitch, 1), torch.stack(again, 1)

    def log_prob(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Exact log-probability of every cell, by the chain rule in the order of drawing.

        Returns
        -------
        pitch : float (B, V, T)
            Nats; 0 where the cell is known or nothing is there (`UNKNOWN`).
        articulation : float (B, V, T)
            Log-probability of held or struck given the pitch; 0 too where the pitch changes or is silence.
        """
        logits, again = self(batch)
        return cell_log_prob(batch, logits, again)


def cell_log_prob(batch: Batch, logits: Tensor, again: Tensor) -> tuple[Tensor, Tensor]:
    """Log-probabilities of a batch's hidden cells under given logits; see `AnticipationRNN.log_prob`."""
    hidden = ~batch.known & (batch.token < VOCABULARY)
    target = batch.token.clamp(max=VOCABULARY - 1)
    pitch = F.log_softmax(logits, -1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
    free = hidden & (batch.token == batch.previous) & (batch.token < REST)
    stay = F.logsigmoid(torch.where(batch.struck == STRUCK, again, -again))
    return pitch * hidden, stay * free
