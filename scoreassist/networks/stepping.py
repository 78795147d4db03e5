"""The token LSTM one tick at a time, with everything that does not depend on drawn cells computed beforehand."""

from __future__ import annotations

import torch
from torch import Tensor

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
        self.inputs = [first[:, :past].T.contiguous(), *(w.T.contiguous() for w, _, _ in layers[1:])]
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
        network = self.network
        past = torch.cat([network.cell(previous), network.cell(earlier), network.hold(hold)], -1)
        x = past.flatten(1)
        after: State = []
        for layer, (h, c) in enumerate(self.state):
            gates = torch.addmm(self.gates[tick] if layer == 0 else self.biases[layer], x, self.inputs[layer])
            i, f, g, o = torch.addmm(gates, h, self.recurrent[layer]).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            x = torch.sigmoid(o) * torch.tanh(c)
            after.append((x, c))
        self.state = after
        shares = torch.addmm(self.shared[tick], x, self.shared_weight)
        return shares.view(self.candidates, network.config.voices, -1)
