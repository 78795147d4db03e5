"""Anticipation-RNN for any number of voices (Hadjeres & Nielsen, arXiv 1709.06404, section 3).

A *constraint* LSTM reads what is known from the end backwards; its output at tick t, the anticipation, sums up
all that is required from t on. A *token* LSTM runs forwards on the cells of the tick before and on the
anticipation. The paper writes one voice; here the tick's voices are drawn one after the other, each head seeing
the voices already drawn and those known, so that the likelihood of a grid is exact by the chain rule.

What is not in the paper: metre, key signature and fermatas as metadata of both LSTMs; the articulation of a
cell (held or struck again) as a binary choice of its own; log-linear tables of intervals and motions (`tables`);
pitches as intervals (`relations`), echoes and profiles of what was heard (`memory`), and what is given next in
each voice (`batches.ahead`), all of which heads read. Each can be left out (`AnticipationConfig`).

Shapes: B batch, V voices, T ticks, K vocabulary. Recurrent layers take (B, T, features).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from scoreassist.errors import RequestError
from scoreassist.grid.vocabulary import INPUTS, PITCHES, REST, UNKNOWN, VOCABULARY
from scoreassist.networks.anticipation_rnn.tables import PairTables
from scoreassist.networks.anticipation_rnn.views import AGREEMENTS, View, views
from scoreassist.networks.batch import AHEADS, FERMATAS, HIDDEN, HOLDS, KEYS, LEVELS, STRUCK, Batch, by_tick
from scoreassist.networks.layers import LockedDropout, Recurrence
from scoreassist.networks.memory import MATCHES, PROFILE
from scoreassist.networks.relations import CLASSES, INTERVALS, LEAPS, Relations, first_sounding


@dataclass(frozen=True)
class AnticipationConfig:
    """Sizes of the network; stored beside the weights.

    Attributes
    ----------
    rows : tuple of int
        The voices of a grid that the network reads and writes.
    order : tuple of int
        Indices of these in the order in which a tick's cells are drawn.
    embedding : int
        Of a cell's pitch.
    metadata : int
        Of metre, key and fermata together, after projection.
    token_units, token_layers, constraint_units, constraint_layers : int
    head_units : int
    dropout : float
        Of the recurrent layers and the heads' hidden layer, locked over the ticks of a window.
    local_dropout : float
        Of what the heads read of this tick and the ones before.
    tables : bool
        Log-linear tables of intervals and motions, added to the logits.
    relations : bool
        Read pitches as intervals, in `interval` numbers each, and write them so too; of pitches themselves but
        one is read (`scoreassist.networks.relations`).
    echo : bool
        Look up what followed when the same was heard before (`scoreassist.networks.memory`).
    interval : int
    ahead : bool
        Let heads see, as intervals, what is given next in each voice (`scoreassist.networks.batches.ahead`).
    deaf : bool
        Know nothing of what is to come, to measure what anticipation is worth.
    """

    rows: tuple[int, ...] = (0, 1, 2, 3)
    order: tuple[int, ...] = (0, 3, 1, 2)
    embedding: int = 32
    metadata: int = 24
    token_units: int = 256
    token_layers: int = 2
    constraint_units: int = 160
    constraint_layers: int = 2
    head_units: int = 256
    dropout: float = 0.5
    local_dropout: float = 0.5
    tables: bool = True
    relations: bool = True
    echo: bool = True
    interval: int = 16
    ahead: bool = True
    deaf: bool = False

    @property
    def voices(self) -> int:
        """Number of voices."""
        return len(self.order)

    def __post_init__(self) -> None:
        if self.ahead and not self.relations:
            raise RequestError("what is given next is read as intervals; set relations too, or ahead=no")

    @property
    def remembers(self) -> bool:
        """Whether anything is read of what `scoreassist.networks.memory` keeps."""
        return self.relations or self.echo


class AnticipationRNN(nn.Module):
    """The network; see the module's docstring.

    Attributes
    ----------
    deaf : bool
        Set, the anticipation is zero: nothing is known of what is to come, to measure what it is worth.
    """

    def __init__(self, config: AnticipationConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AnticipationConfig()
        self.deaf = config.deaf
        voices, e, m = config.voices, config.embedding, config.metadata
        c, h, u = config.constraint_units, config.token_units, config.head_units
        self.cell = nn.Embedding(INPUTS, e)
        self.hold = nn.Embedding(HOLDS, 4)
        self.level = nn.Embedding(LEVELS, m)
        self.key = nn.Embedding(KEYS, m)
        self.fermata = nn.Embedding(FERMATAS, m)
        self.relations = Relations()
        if config.relations:
            self.interval = nn.Embedding(INTERVALS, config.interval)
            self.tonic = nn.Embedding(CLASSES, 8)
        if config.echo:
            self.agreement = nn.Embedding(AGREEMENTS * MATCHES, 8)
            self.match = nn.Embedding(MATCHES, 8)
            self.copied = nn.Parameter(torch.zeros(voices, AGREEMENTS * MATCHES))
            self.repeated = nn.Parameter(torch.zeros(voices, MATCHES))
        if config.ahead:
            self.distance = nn.Embedding(AHEADS, 6)
        self.dropout = LockedDropout(config.dropout)
        self.constraint_lstm = Recurrence(voices * (e + 3) + m, c, config.constraint_layers, self.dropout)
        past = sum(table.shape[1] for table in self.past_embeddings()) + self.profile_size
        self.token_lstm = Recurrence(past + m + c, h, config.token_layers, self.dropout)
        self.shared = nn.Linear(h + c + m, voices * u)
        local = sum(table.shape[1] for table in self.head_embeddings()) + self.profile_size
        self.local = nn.ModuleList(nn.Linear(local, u) for _ in range(voices))
        self.out = nn.ModuleList(nn.Linear(u, sum(self.outputs)) for _ in range(voices))
        self.tables = PairTables(voices) if config.tables else None

    @property
    def profile_size(self) -> int:
        """How many numbers the profile of pitch classes has, as far as it is read."""
        return PROFILE if self.config.relations else 0

    @property
    def outputs(self) -> tuple[int, int, int, int]:
        """What a head writes: logits of tokens, striking again, logits of intervals, trust in both echoes."""
        return VOCABULARY, 1, LEAPS if self.config.relations else 0, 2 if self.config.echo else 0

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
        if self.deaf:
            return torch.zeros(*batch.level.shape, self.config.constraint_units)
        cells = self.cell(torch.where(known, batch.token, UNKNOWN))  # (B, V, T, E)
        struck = F.one_hot(torch.where(known, batch.struck, HIDDEN), 3).to(cells.dtype)
        read = torch.cat([cells, struck], -1).transpose(1, 2).flatten(2)  # (B, T, V * (E + 3))
        read = torch.cat([read, metadata], -1)
        out: Tensor = self.constraint_lstm(read.flip(1))[0]
        return out.flip(1)

    def past_embeddings(self) -> list[Tensor]:
        """The table that each column of `past_indices` looks into."""
        voices = self.config.voices
        holds = [self.hold.weight] * voices
        if self.config.relations:
            return [self.cell.weight, *holds, *[self.interval.weight] * (2 * voices)]
        return [self.cell.weight] * (2 * voices) + holds

    def past_indices(self, previous: Tensor, earlier: Tensor, hold: Tensor) -> tuple[Tensor, Tensor]:
        """What the token LSTM reads of the cells before.

        Parameters
        ----------
        previous, earlier, hold : long (N, V)

        Returns
        -------
        indices : long (N, places)
        reference : long (N,)
            The lowest pitch before, from which intervals are counted.
        """
        reference = first_sounding(*previous.flip(1).unbind(1))
        columns = [previous, earlier, hold]
        if self.config.relations:
            above, before = self.relations.seen(previous, reference), self.relations.interval[previous, earlier]
            columns = [reference.unsqueeze(1), hold, above, before]
        return torch.cat(columns, 1), reference

    def head_embeddings(self) -> list[Tensor]:
        """The table that each column of `head_indices` looks into."""
        voices, others = self.config.voices, self.config.voices - 1
        marks = [self.hold.weight] * voices + [self.articulations] * others
        if self.config.relations:
            tables = [self.cell.weight, *marks, *[self.interval.weight] * (others + 2 * voices), self.tonic.weight]
        else:
            tables = [self.cell.weight] * (others + voices + 1) + marks
        if self.config.echo:
            tables += [self.agreement.weight, self.match.weight]
            if self.config.relations:
                tables += [self.interval.weight] * 2
        if self.config.ahead:
            tables += [self.interval.weight] * (2 * voices) + [self.distance.weight] * (2 * voices)
        return tables

    @property
    def articulations(self) -> Tensor:
        """Held, struck and hidden as one-hot rows."""
        return torch.eye(3)

    def head_indices(self, voice: int, view: View) -> tuple[Tensor, Tensor, Tensor]:
        """What a head reads of the cells of this tick and before.

        Parameters
        ----------
        voice : int
        view : View

        Returns
        -------
        indices : long (N, places)
        reference : long (N,)
            This voice's pitch before, from which intervals are counted.
        agreement : long (N,)
            Whether what is seen of this tick agrees with the echo, and how long that matched; a row of `copied`.
        """
        m, own = view, slice(voice, voice + 1)
        others = [v for v in range(m.now.shape[1]) if v != voice]
        now, shown = m.now[:, others], m.shown[:, others]
        reference = first_sounding(m.previous[:, voice], m.earlier[:, voice])
        if self.config.relations:
            above = self.relations.seen(torch.cat([now, m.previous, m.earlier], 1), reference)
            tonic = self.relations.tonic[reference, m.key].unsqueeze(1)
            columns = [reference.unsqueeze(1), m.hold, shown, above, tonic]
        else:
            columns = [now, m.previous, m.earlier[:, own], m.hold, shown]
        agreement = m.echo_match
        if self.config.echo:
            seen = now < UNKNOWN
            differs = (seen & (now != m.echo[:, others])).any(1)
            state = torch.where(differs, 2, seen.any(1).long())
            agreement = state * MATCHES + m.echo_match
            columns += [agreement.unsqueeze(1), m.line_match[:, own]]
            if self.config.relations:
                heard = torch.cat([m.echo[:, own], m.line[:, own]], 1)
                columns.append(self.relations.seen(heard, reference))
        if self.config.ahead:
            columns.append(self.relations.seen(torch.cat([m.coming, m.change], 1), reference))
            columns += [m.coming_in, m.change_in]
        return torch.cat(columns, 1), reference, agreement

    def head_logits(
        self, voice: int, hidden: Tensor, view: View, reference: Tensor, agreement: Tensor
    ) -> tuple[Tensor, Tensor]:
        """From what a head writes to logits: float (N, sum(outputs)) to (N, K) and (N,)."""
        logits, again, leaps, trust = hidden.split(self.outputs, 1)
        on_pitches = torch.zeros_like(logits[:, :PITCHES])
        if self.tables is not None:
            on_pitches = on_pitches + self.tables(voice, view)
        if self.config.relations:
            on_pitches = on_pitches + self.relations.placed(leaps, reference)
        logits = logits + F.pad(on_pitches, (0, VOCABULARY - PITCHES))
        if self.config.echo:
            terms = torch.stack(
                [self.copied[voice][agreement], self.repeated[voice][view.line_match[:, voice]]], 1
            )
            heard = torch.stack([view.echo[:, voice], view.line[:, voice]], 1)
            terms = (terms + trust) * (heard < UNKNOWN)
            logits = logits.scatter_add(1, heard.clamp(max=REST), terms.to(logits.dtype))
        return logits, again.squeeze(1)

    def head(self, voice: int, shared: Tensor, view: View, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Logits of one voice's cell.

        Parameters
        ----------
        voice : int
        shared : float (N, U)
            This voice's share of what the recurrent layers say.
        view : View
        mask : float (N, U), optional
            Dropout of the hidden layer.

        Returns
        -------
        pitch : float (N, K)
        again : float (N,)
            Logit of striking the note again, if the pitch stays.
        """
        indices, reference, agreement = self.head_indices(voice, view)
        read = [F.embedding(i, table) for i, table in zip(indices.unbind(1), self.head_embeddings(), strict=True)]
        if self.config.relations:
            read.append(self.relations.turned(view.profile, reference))
        local = F.dropout(torch.cat(read, -1), self.config.local_dropout, self.training)
        hidden = F.relu(shared + self.local[voice](local))
        if mask is not None:
            hidden = hidden * mask.to(hidden.dtype)
        return self.head_logits(voice, self.out[voice](hidden).float(), view, reference, agreement)

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
        if self.deaf:
            batch = batch.deafened()
        metadata = self.metadata(batch.level, batch.key, batch.fermata)
        anticipation = self.anticipate(batch, metadata)
        state, _ = self.token_lstm(self.token_inputs(batch, metadata, anticipation, past_dropout))
        shared = self.shared(torch.cat([state, anticipation, metadata], -1)).flatten(0, 1)
        shares = shared.view(b * ticks, voices, -1)
        token, struck = by_tick(batch.token), by_tick(batch.struck)
        view = views(batch)
        pitch: list[Tensor] = [shared] * voices
        again: list[Tensor] = [shared] * voices
        for voice in self.config.order:
            mask = self.dropout.mask(b, shares.shape[-1])
            if mask is not None:
                mask = mask.expand(b, ticks, -1).flatten(0, 1)
            logits, stay = self.head(voice, shares[:, voice], view, mask)
            pitch[voice], again[voice] = logits.view(b, ticks, -1), stay.view(b, ticks)
            drawn = torch.arange(voices) == voice
            view = replace(
                view,
                now=torch.where(drawn, token, view.now),
                shown=torch.where(drawn, struck, view.shown),
            )
        return torch.stack(pitch, 1), torch.stack(again, 1)

    def token_inputs(
        self, batch: Batch, metadata: Tensor, anticipation: Tensor, past_dropout: float = 0.0
    ) -> Tensor:
        """What the token LSTM reads: float (B, T, features)."""
        b, _, ticks = batch.token.shape
        previous = batch.previous
        if past_dropout:
            keep = torch.rand(previous.shape, device=previous.device) >= past_dropout
            previous = torch.where(keep, previous, UNKNOWN)
        indices, reference = self.past_indices(*(by_tick(x) for x in (previous, batch.earlier, batch.hold)))
        read = [F.embedding(i, table) for i, table in zip(indices.unbind(1), self.past_embeddings(), strict=True)]
        if self.config.relations:
            read.append(self.relations.turned(batch.profile.flatten(0, 1), reference))
        return torch.cat([torch.cat(read, -1).view(b, ticks, -1), metadata, anticipation], -1)

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
