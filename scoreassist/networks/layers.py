"""Layers that several networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
