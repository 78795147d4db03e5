"""DeepHear as it was published: a stacked autoencoder of piano rolls, and gradient descent on its code.

Felix Sun, *DeepHear: Composing and harmonizing music with neural networks* (2015), and the code published with it;
discussed by Briot & Pachet, *Music Generation by Deep Learning: Challenges and Directions*, on input manipulation.
Cells sound or do not; what is struck and what is held are not told apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from scoreassist.grid.roll import KEYS, Roll
from scoreassist.networks.anticipation_rnn.filler import one_thread
from scoreassist.networks.deephear.options import ManipulationOptions
from scoreassist.networks.deephear.pianist import Progress

RATE = 0.03  # of the descent on the code; the paper names none, this one was chosen on the valid rags


@dataclass(frozen=True)
class DeepHear2015Config:
    """Sizes of the network.

    Attributes
    ----------
    ticks : int
        Sixteenths of a window.
    units : tuple of int
        Of the layers, the code last.
    threshold : float
        A cell sounds where its probability is above this.
    """

    ticks: int = 64
    units: tuple[int, ...] = (1024, 256, 64, 16)
    threshold: float = 0.5

    @property
    def cells(self) -> int:
        """Cells of a window."""
        return KEYS * self.ticks


class DeepHear2015(nn.Module):
    """A stacked autoencoder of logistic units; each decoding layer has the transposed weights of an encoding one.

    Cells are those of a window (88, ticks), key by key.
    """

    def __init__(self, config: DeepHear2015Config) -> None:
        super().__init__()
        self.config = config
        sizes = (config.cells, *config.units)
        matrices = [torch.empty(lower, upper) for lower, upper in pairwise(sizes)]
        self.weights = nn.ParameterList([nn.Parameter(nn.init.normal_(matrix, std=0.01)) for matrix in matrices])
        self.up = nn.ParameterList([nn.Parameter(torch.zeros(size)) for size in sizes[1:]])
        self.down = nn.ParameterList([nn.Parameter(torch.zeros(size)) for size in sizes[:-1]])

    def encode(self, cells: Tensor, layer: int = 0) -> Tensor:
        """Codes (n, units[-1]), from 0 to 1, of windows (n, 88 × ticks) of zeros and ones.

        With `layer` of what stands below that layer instead.
        """
        hidden = cells
        for weight, bias in list(zip(self.weights, self.up, strict=True))[layer:]:
            hidden = torch.sigmoid(hidden @ weight + bias)
        return hidden

    def logits(self, code: Tensor, layer: int = 0) -> Tensor:
        """What codes (n, units[-1]) say of each cell, before the logistic function, (n, 88 × ticks).

        With `layer` of what stands below that layer instead.
        """
        (weight, bias), *above = list(zip(self.weights, self.down, strict=True))[layer:]
        hidden = code
        for matrix, vector in reversed(above):
            hidden = torch.sigmoid(hidden @ matrix.T + vector)
        logits: Tensor = hidden @ weight.T + bias
        return logits

    def decode(self, code: Tensor) -> Tensor:
        """Probabilities (n, 88 × ticks) that cells sound."""
        return torch.sigmoid(self.logits(code))

    def forward(self, cells: Tensor) -> Tensor:
        """Windows (n, 88 × ticks) through the code and back: probabilities."""
        return self.decode(self.encode(cells))


class Paper:
    """Fills, rebuilds and invents piano rolls, as the paper does.

    Parameters
    ----------
    network : DeepHear2015
    rate : float, optional
        Of the gradient descent on the code.
    """

    def __init__(self, network: DeepHear2015, rate: float = RATE) -> None:
        self.network = network.eval().requires_grad_(False)
        self.rate = rate

    def fill(self, roll: Roll, options: ManipulationOptions, progress: Progress = lambda done, most: None) -> Roll:
        """A roll with its hidden cells chosen; known cells stay as they are.

        Windows of 64 sixteenths, eight measures, are filled each by itself, one after the other. A cell is struck
        where it begins to sound, or where a given note ends.

        Parameters
        ----------
        roll : Roll
            Its `known` is the mask of the paper: cells that the code must agree with, sounding or not. See
            `scoreassist.grid.melody_mask`.
        options : ManipulationOptions
            `iterations` of plain gradient descent from `restarts` random codes, of which the one with the smallest
            error is kept. The rest is not used.
        progress : called with the steps done and the most that there may be
        """
        if not roll.ticks or roll.known.all():
            return replace(roll, known=np.ones_like(roll.known))
        ticks = self.network.config.ticks
        front = int(roll.place[0])  # a pickup is preceded by silence
        windows = math.ceil((front + roll.ticks) / ticks)
        given = cut(roll.sounding, front, windows, ticks)
        known = cut(roll.known, front, windows, ticks)  # ticks that only fill up the windows are not known
        with one_thread():
            codes = self.descend(self._tensor(given), self._tensor(known), options, progress)
            decoded = self._windows(self.network.decode(codes))
        filled = joined(decoded, front, roll.ticks)
        sounding = np.where(roll.known, roll.sounding, filled)
        struck = np.where(roll.known, roll.struck, begins(sounding, roll.known))
        return replace(roll, sounding=sounding, struck=struck, known=np.ones_like(roll.known))

    def descend(self, given: Tensor, known: Tensor, options: ManipulationOptions, progress: Progress) -> Tensor:
        """Codes whose rolls agree with what is given: gradient descent on the squared error of the known cells.

        Parameters
        ----------
        given, known : zeros and ones (n, 88 × ticks)
        options : ManipulationOptions
        progress : called with the steps done and all steps

        Returns
        -------
        Tensor (n, units[-1])
            Of each window the best of the restarts. As in the published code nothing keeps them from 0 to 1.
        """
        generator = torch.Generator().manual_seed(options.seed)
        shape = (options.restarts, len(given), self.network.config.units[-1])
        code = torch.rand(shape, generator=generator).requires_grad_(True)

        def errors() -> Tensor:
            return ((self.network.decode(code) - given) ** 2 * known).sum(-1)

        for step in range(options.iterations):
            (slope,) = torch.autograd.grad(errors().sum(), code)
            code.data.sub_(slope, alpha=self.rate)
            progress(step + 1, options.iterations)
        with torch.no_grad():
            best = errors().argmin(0)
            return code[best, torch.arange(len(given))].detach()

    @torch.no_grad()
    def reconstruct(
        self, sounding: np.ndarray, struck: np.ndarray | None = None, fifths: np.ndarray | None = None
    ) -> np.ndarray:
        """Windows through the code and back.

        Parameters
        ----------
        sounding : bool array (n, 88, 64)
        struck, fifths : not used
            Other models read them.

        Returns
        -------
        bool array (n, 88, 64)
            What sounds.
        """
        return self._windows(self.network(self._tensor(sounding)))

    @torch.no_grad()
    def generate(self, windows: int, seed: int) -> np.ndarray:
        """What random codes of zeros and ones decode to: bool (windows, 88, 64), what sounds."""
        generator = torch.Generator().manual_seed(seed)
        code = torch.randint(2, (windows, self.network.config.units[-1]), generator=generator).float()
        return self._windows(self.network.decode(code))

    def _tensor(self, cells: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(cells)).float().flatten(1)

    def _windows(self, probability: Tensor) -> np.ndarray:
        cells: np.ndarray = (probability > self.network.config.threshold).numpy()
        return cells.reshape(-1, KEYS, self.network.config.ticks)


def cut(cells: np.ndarray, front: int, windows: int, ticks: int) -> np.ndarray:
    """Windows (windows, 88, ticks) of cells (88, all ticks), with False in front and behind."""
    behind = windows * ticks - front - cells.shape[1]
    whole = np.pad(cells, ((0, 0), (front, behind)))
    return whole.reshape(KEYS, windows, ticks).transpose(1, 0, 2)


def joined(windows: np.ndarray, front: int, ticks: int) -> np.ndarray:
    """Cells (88, ticks) of which `cut` made windows."""
    return np.asarray(windows.transpose(1, 0, 2).reshape(KEYS, -1)[:, front : front + ticks])


def begins(sounding: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Where something begins to sound, or goes on where a known cell ends: bool (88, ticks)."""
    goes_on = np.zeros_like(sounding)
    goes_on[:, 1:] = sounding[:, :-1] & ~known[:, :-1]
    return np.asarray(sounding & ~goes_on)
