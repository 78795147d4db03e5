"""Two networks, or one with and without its anticipation, on the same pieces."""

from __future__ import annotations

import copy

import numpy as np
from numpy.typing import ArrayLike

from scoreassist.networks.anticipation_rnn.network import AnticipationRNN


def without_anticipation(network: AnticipationRNN) -> AnticipationRNN:
    """The same weights with the constraint LSTM's output zeroed: what comes later is not heard.

    The network itself stays as it is, and shares its weights.
    """
    quiet = copy.copy(network)
    quiet.deaf = True
    return quiet


def paired(ours: ArrayLike, theirs: ArrayLike) -> dict[str, float]:
    """Compare two lists of negative log-probabilities, or of errors, of the same pieces in the same order.

    Parameters
    ----------
    ours, theirs : a figure for each piece, of which less is better

    Returns
    -------
    dict
        ``difference`` (mean over pieces of ours less theirs: below 0 where ours is better), its
        ``standard_error``, ``percent`` (the difference in per cent of their mean), ``share_better`` (of
        pieces of which ours is less; ties count half), ``pieces``.

    Raises
    ------
    ValueError
        The lists are not equally long.
    """
    a, b = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"{a.size} and {b.size} pieces cannot be paired; measure both on the same pieces")
    difference = a - b
    spread = float(difference.std(ddof=1)) if a.size > 1 else float("nan")
    return {
        "difference": float(difference.mean()),
        "standard_error": spread / float(np.sqrt(a.size)),
        "percent": 100 * float(difference.mean() / b.mean()),
        "share_better": float(((a < b) + 0.5 * (a == b)).mean()),
        "pieces": int(a.size),
    }
