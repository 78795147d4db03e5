"""Linear layers in forms that are quick for a few rows at a time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor


class Product:
    """A product with a weight matrix.

    A tick's products read megabytes of weights for a few rows, so that what counts is how many bytes. Weights that
    are stored in half precision lose nothing if they are kept so, and are widened on their way to the
    processor, where torch can do that.

    Parameters
    ----------
    weight : float (inputs, outputs)

    Attributes
    ----------
    bytes : int
        That are read at every call.
    """

    def __init__(self, weight: Tensor) -> None:
        self.weight, self._multiply, size = weight.contiguous(), torch.mm, weight.element_size()
        if torch.equal(weight.half().float(), weight):
            try:
                packed = torch.ops.quantized.linear_prepack_fp16(weight.T.contiguous(), None)
                multiply = torch.ops.quantized.linear_dynamic_fp16
                multiply(weight.new_zeros(1, len(weight)), packed)
            except (RuntimeError, AttributeError):
                pass  # this build of torch, or this processor, has none
            else:
                self.weight, self._multiply, size = packed, multiply, 2
        self.bytes = weight.numel() * size

    def __call__(self, rows: Tensor) -> Tensor:
        """Float (N, inputs) to float (N, outputs)."""
        return self._multiply(rows, self.weight)


class Lookup:
    """A linear layer on embeddings as one table: a row for each token of each place.

    Parameters
    ----------
    embeddings : list of float (tokens, E)
        Of each place.
    weight : float (U, features)
        Of the places one after the other, and of what else is read behind them.
    bias : float (U,) or None

    Attributes
    ----------
    starts : int array (places,)
        Where each place's rows begin.
    dense : float (rest, U) or None
        Weights of what is no embedding.
    """

    def __init__(self, embeddings: list[Tensor], weight: Tensor, bias: Tensor | None) -> None:
        segments, at = [], 0
        for embedding in embeddings:
            segments.append(embedding @ weight[:, at : at + embedding.shape[1]].T)
            at += embedding.shape[1]
        if bias is not None:
            segments[0] = segments[0] + bias
        self.dense = weight[:, at:].T.contiguous() if at < weight.shape[1] else None
        self.table = torch.cat(segments)
        self.starts = np.cumsum([0] + [len(segment) for segment in segments[:-1]])

    def __call__(self, index: np.ndarray) -> Tensor:
        """Int (N, places) to float (N, U)."""
        rows, begins = torch.from_numpy((index + self.starts).reshape(-1)), _begins(*index.shape)
        summed: Tensor = torch.embedding_bag(self.table, rows, begins)[0]
        return summed


@lru_cache(maxsize=64)
def _begins(bags: int, size: int) -> Tensor:
    """Where bags of equal size begin."""
    return torch.arange(0, bags * size, size)
