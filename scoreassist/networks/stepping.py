"""The token LSTM one tick at a time, with everything that does not depend on drawn cells computed beforehand."""

from __future__ import annotations

import torch
from torch import Tensor

from scoreassist.grid.vocabulary import PITCHES, VOCABULARY
from scoreassist.networks.anticipation_rnn import AnticipationRNN, Batch, State


class Stepper:
    """Runs an `AnticipationRNN`'s token LSTM over one grid for N candidates.

    The constraint LSTM, the metadata, and what both contribute to the first layer's gates and to the heads are
    computed once for all ticks.

    Parameters
    ----------
    network : AnticipationRNN
    batch : Batch
        Of a single grid (B = 1).
    candidates : int
        N.
    """

    def __init__(self, network: AnticipationRNN, batch: Batch, candidates: int) -> None:
        self.network, self.batch, self.candidates = network, batch, candidates
        self.metadata = network.metadata(batch.level, batch.key, batch.fermata)
        self.anticipation = network.anticipate(batch, self.metadata)
        context = torch.cat([self.metadata, self.anticipation], -1)[0]  # (T, M + C)
        layers = network.token_lstm.weights()
        first, _, bias = layers[0]
        past = first.shape[1] - context.shape[1]
        self.gates = context @ first[:, past:].T + bias  # (T, 4H)
        self.inputs = [w.T.contiguous() for w, _, _ in layers[1:]]
        self.past = _Lookup(self._past_segments(first[:, :past]), None)
        self.heads = [self._head(voice) for voice in range(network.config.voices)]
        self.recurrent = [w.T.contiguous() for _, w, _ in layers]
        self.biases = [b for _, _, b in layers]
        units = network.config.token_units
        weight = network.shared.weight
        rest = torch.cat([self.anticipation, self.metadata], -1)[0]
        self.shared = rest @ weight[:, units:].T + network.shared.bias  # (T, V * U)
        self.shared_weight = weight[:, :units].T.contiguous()
        zero = torch.zeros(candidates, units)
        self.state: State = [(zero, zero) for _ in layers]

    def skip(self, ticks: int) -> None:
        """Run over the first ticks, all of whose cells are known, at once."""
        if ticks == 0:
            return
        b = self.batch
        read = self.network.token_inputs(
            b.previous[:, :, :ticks],
            b.earlier[:, :, :ticks],
            b.hold[:, :, :ticks],
            self.metadata[:, :ticks],
            self.anticipation[:, :ticks],
        )
        _, state = self.network.token_lstm(read)
        self.state = [(h[0].expand(self.candidates, -1), c[0].expand(self.candidates, -1)) for h, c in state]

    def step(self, tick: int, previous: Tensor, earlier: Tensor, hold: Tensor) -> Tensor:
        """Advance by one tick.

        Parameters
        ----------
        tick : int
        previous, earlier, hold : long (N, V)

        Returns
        -------
        float (N, V, U)
            Each voice's share of what the recurrent layers say.
        """
        x = self.past(torch.stack([previous, earlier, hold], 2).flatten(1))
        after: State = []
        for layer, (h, c) in enumerate(self.state):
            if layer == 0:
                gates = self.gates[tick] + x
            else:
                gates = torch.addmm(self.biases[layer], x, self.inputs[layer - 1])
            i, f, g, o = torch.addmm(gates, h, self.recurrent[layer]).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            x = torch.sigmoid(o) * torch.tanh(c)
            after.append((x, c))
        self.state = after
        shares = torch.addmm(self.shared[tick], x, self.shared_weight)
        return shares.view(self.candidates, self.network.config.voices, -1)

    def head(
        self,
        voice: int,
        share: Tensor,
        now: Tensor,
        shown: Tensor,
        previous: Tensor,
        earlier: Tensor,
        hold: Tensor,
        level: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Logits of one voice's cell, as `AnticipationRNN.head` gives them.

        Parameters
        ----------
        voice : int
        share : float (N, U)
        now, shown : long (N, V)
            Tokens of this tick (`UNKNOWN` where not drawn) and articulations (`HIDDEN`).
        previous, earlier, hold : long (N, V)
        level : long (N,)

        Returns
        -------
        pitch : float (N, K)
        again : float (N,)
        """
        lookup, weight, bias, others = self.heads[voice]
        own = slice(voice, voice + 1)
        index = torch.cat([now[:, others], previous, earlier[:, own], hold[:, own], shown[:, others]], 1)
        hidden = torch.relu(share + lookup(index))
        logits = torch.addmm(bias, hidden, weight)
        visible = [None if v == voice else now[:, v] for v in range(now.shape[1])]
        tables = self.network.tables(voice, visible, previous, hold[:, voice], level)
        logits[:, :PITCHES] += tables
        return logits[:, :VOCABULARY], logits[:, VOCABULARY]

    def _past_segments(self, weight: Tensor) -> list[Tensor]:
        """What each possible past cell of each voice adds to the first layer's gates."""
        segments = []
        embeddings = (self.network.cell.weight, self.network.cell.weight, self.network.hold.weight)
        at = 0
        for _ in range(self.network.config.voices):
            for embedding in embeddings:
                segments.append(embedding @ weight[:, at : at + embedding.shape[1]].T)
                at += embedding.shape[1]
        return segments

    def _head(self, voice: int) -> tuple[_Lookup, Tensor, Tensor, list[int]]:
        """A voice's local layer as a table, and its two outputs as one product."""
        network = self.network
        local = dict(network.local.named_parameters())
        weight, bias = local[f"{voice}.weight"], local[f"{voice}.bias"]
        others = [v for v in range(network.config.voices) if v != voice]
        cell, hold = network.cell.weight, network.hold.weight
        embeddings = [cell] * (len(others) + network.config.voices + 1) + [hold]
        embeddings += [torch.eye(3)] * len(others)
        segments, at = [], 0
        for embedding in embeddings:
            segments.append(embedding @ weight[:, at : at + embedding.shape[1]].T)
            at += embedding.shape[1]
        out = dict(network.pitch.named_parameters()) | {
            f"again.{key}": value for key, value in network.again.named_parameters()
        }
        joined = torch.cat([out[f"{voice}.weight"], out[f"again.{voice}.weight"]])
        biases = torch.cat([out[f"{voice}.bias"], out[f"again.{voice}.bias"]])
        return _Lookup(segments, bias), joined.T.contiguous(), biases, others


class _Lookup:
    """A linear layer on embeddings as one table: a row for each token of each place.

    Parameters
    ----------
    segments : list of float (tokens, U)
        What each token of each place adds.
    bias : float (U,) or None
    """

    def __init__(self, segments: list[Tensor], bias: Tensor | None) -> None:
        if bias is not None:
            segments = [segments[0] + bias, *segments[1:]]
        self.table = torch.cat(segments)
        sizes = torch.tensor([0] + [len(segment) for segment in segments[:-1]])
        self.starts = sizes.cumsum(0)

    def __call__(self, index: Tensor) -> Tensor:
        """Long (N, places) to float (N, U)."""
        return torch.nn.functional.embedding_bag(index + self.starts, self.table, mode="sum")
