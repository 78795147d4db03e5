"""The token LSTM one tick at a time, with everything that does not depend on drawn cells computed beforehand."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scoreassist.grid.vocabulary import INPUTS, REST, UNKNOWN
from scoreassist.networks.anticipation_rnn.heads import Heads, Now
from scoreassist.networks.anticipation_rnn.lookups import Lookup, Product
from scoreassist.networks.anticipation_rnn.network import AnticipationRNN
from scoreassist.networks.batch import Batch
from scoreassist.networks.memory import Memory


class Steps:
    """What a network's ticks need of its weights, computed once for a network.

    Each layer's state goes into two products, those of its own next tick and of what comes above it, which are one
    product here.

    Parameters
    ----------
    network : AnticipationRNN
    """

    def __init__(self, network: AnticipationRNN) -> None:
        self.network, self.heads = network, Heads(network)
        config, units = network.config, network.config.token_units
        layers = [[_gates_in_order(part.detach()) for part in layer] for layer in network.token_lstm.weights()]
        self.context_size = config.metadata + config.constraint_units
        first = layers[0][0]
        past = first.shape[1] - self.context_size
        self.context = first[:, past:].T  # (M + C, 4H)
        self.past = Lookup(network.past_embeddings(), first[:, :past], None)
        self.biases = [bias.numpy() for _, _, bias in layers]
        shared = network.shared.weight
        above = [inputs for inputs, _, _ in layers[1:]] + [shared[:, :units]]
        self.products = [
            Product(torch.cat([recurrent, up]).T) for (_, recurrent, _), up in zip(layers, above, strict=True)
        ]
        self.shared_rest, self.shared_bias = shared[:, units:].T, network.shared.bias


def _gates_in_order(weights: Tensor) -> Tensor:
    """An LSTM's weights (4H, ...) in the order input, forget, output, cell."""
    i, f, g, o = weights.chunk(4)
    return torch.cat([i, f, o, g])


class Stepper:
    """Runs an `AnticipationRNN`'s token LSTM over one grid for N candidates.

    The constraint LSTM, the metadata, and what both contribute to the first layer's gates and to the heads are
    computed once for all ticks.

    Parameters
    ----------
    steps : Steps
    batch : Batch
        Of a single grid (B = 1).
    candidates : int
        N.
    """

    def __init__(self, steps: Steps, batch: Batch, candidates: int) -> None:
        network = steps.network
        batch = batch.deafened() if network.deaf else batch
        self.steps, self.batch, self.candidates = steps, batch, candidates
        self.voices, self.units = network.config.voices, network.config.token_units
        self.metadata = network.metadata(batch.level, batch.key, batch.fermata)
        self.anticipation = network.anticipate(batch, self.metadata)
        context = torch.cat([self.metadata, self.anticipation], -1)[0]  # (T, M + C)
        self.gates = (context @ steps.context + torch.from_numpy(steps.biases[0])).numpy()  # (T, 4H)
        rest = torch.cat([self.anticipation, self.metadata], -1)[0]
        self.shared = (rest @ steps.shared_rest + steps.shared_bias).numpy()  # (T, V * U)
        layers = len(steps.products)
        # Of each layer: its cells, and what its last output adds to its gates.
        self.cells = [np.zeros((candidates, self.units), dtype=np.float32)] * layers
        self.recurrent = [np.zeros((candidates, 4 * self.units), dtype=np.float32)] * layers
        self.level, self.key = batch.level[0].tolist(), batch.key[0].tolist()
        coming = (batch.coming, batch.coming_in, batch.change, batch.change_in)
        self.ahead = np.stack([x[0].T.numpy() for x in coming], 1)  # (T, 4, V)
        self.remembers = network.config.remembers
        self.memory = Memory(candidates, self.voices, batch.level.shape[1])
        self.rows = np.arange(candidates)[:, None] * self.memory.profile.shape[1]

    def skip(self, ticks: int) -> None:
        """Run over the first ticks, all of whose cells are known, at once."""
        if ticks == 0:
            return
        network, n = self.steps.network, self.candidates
        read = network.token_inputs(self.batch.cut(ticks), self.metadata[:, :ticks], self.anticipation[:, :ticks])
        _, state = network.token_lstm(read)
        self.cells = [c[0].expand(n, -1).numpy() for _, c in state]
        outputs = [multiply(h[0]) for multiply, (h, _) in zip(self.steps.products, state, strict=True)]
        self.recurrent = [out[:, : 4 * self.units].expand(n, -1).numpy() for out in outputs]
        if self.remembers:
            for tick in range(ticks):
                self.memory.hear(self.batch.token[:, :, tick].expand(n, -1).numpy())

    def now(
        self, tick: int, token: np.ndarray, shown: np.ndarray, past: tuple[np.ndarray, np.ndarray, np.ndarray]
    ) -> Now:
        """A tick that is to be drawn, of its cells and of previous, earlier and hold: int (N, V) each."""
        previous, earlier, hold = past
        coming, coming_in, change, change_in = self.ahead[tick]
        return Now(
            token,
            shown,
            previous,
            earlier,
            hold,
            coming,
            coming_in,
            change,
            change_in,
            self.level[tick],
            self.key[tick],
            self.memory,
        )

    def step(self, tick: int, now: Now) -> Tensor:
        """Advance by one tick.

        Returns
        -------
        float (N, V, U)
            Each voice's share of what the recurrent layers say.
        """
        gates = self.gates[tick] + self._past(now)
        for layer, multiply in enumerate(self.steps.products):
            out, self.cells[layer] = _lstm(gates + self.recurrent[layer], self.cells[layer])
            ahead = multiply(torch.from_numpy(out)).numpy()
            self.recurrent[layer], gates = ahead[:, : 4 * self.units], ahead[:, 4 * self.units :]
            gates += self.steps.biases[layer + 1] if layer + 1 < len(self.cells) else self.shared[tick]
        return torch.from_numpy(gates).view(self.candidates, self.voices, -1)

    def _past(self, now: Now) -> np.ndarray:
        """What the cells before add to the first layer's gates: float (N, 4H)."""
        heads, columns = self.steps.heads, [now.previous, now.earlier, now.hold]
        if heads.related:
            reference = _lowest(now.previous)[:, None]
            above = heads.interval.take(reference * INPUTS + now.previous)
            before = heads.interval.take(now.previous * INPUTS + now.earlier)
            columns = [reference, now.hold, above, before]
        past = self.steps.past(np.concatenate(columns, 1))
        if self.steps.past.dense is not None:
            turned = self.memory.profile.take(heads.turn.take(reference[:, 0], 0) + self.rows)
            past.addmm_(torch.from_numpy(turned), self.steps.past.dense)
        return past.numpy()

    def select(self, rows: np.ndarray) -> None:
        """Go on with these candidates, each from where one was: int (N,)."""
        self.cells = [state[rows] for state in self.cells]
        self.recurrent = [state[rows] for state in self.recurrent]
        if self.remembers:
            self.memory.select(rows)

    def hear(self, token: np.ndarray) -> None:
        """Remember what has been drawn, int (N, V)."""
        if self.remembers:
            self.memory.hear(token)


def _lowest(tokens: np.ndarray) -> np.ndarray:
    """The lowest voice's token that is a pitch, `UNKNOWN` if none is: int (N, V) to (N,)."""
    if tokens[:, -1].max() < REST:
        return tokens[:, -1]
    lowest = np.full(len(tokens), UNKNOWN)
    for token in tokens.T:
        lowest = np.where(token < REST, token, lowest)
    return lowest


def _lstm(gates: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Output and new cell, (N, H) each, of gates (N, 4H) in the order input, forget, output, cell."""
    units = cell.shape[1]
    opened = gates[:, : 3 * units]
    opened *= 0.5  # sigmoid(x) = (1 + tanh(x / 2)) / 2, so that all gates are one call
    np.tanh(gates, out=gates)
    opened *= 0.5
    opened += 0.5
    cell = opened[:, units : 2 * units] * cell
    cell += opened[:, :units] * gates[:, 3 * units :]
    return opened[:, 2 * units :] * np.tanh(cell), cell
