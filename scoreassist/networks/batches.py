"""Grids to the arrays that a recurrent network reads, with everything that can be known of the past."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch

from scoreassist.grid.vocabulary import REST, UNKNOWN, tokens
from scoreassist.grid.voices import LEVEL_UNKNOWN, NO_KEY, Grid
from scoreassist.networks.batch import AHEAD_EDGES, HOLD_EDGES, LEVEL_BEAT, LEVEL_END, Batch
from scoreassist.networks.memory import remember

FERMATA_UNKNOWN = 2
KEY_UNKNOWN = 12
ALL_VOICES = (0, 1, 2, 3)
COUNTED = (LEVEL_BEAT, 4, 3, 4)  # metrical strengths where only the place in a quarter is counted
END_TICKS = 4  # ticks after the end, so that the constraint LSTM sees it coming


@dataclass(frozen=True)
class Cells:
    """One grid as network inputs; arrays (voices, ticks) and (ticks,), as in `Batch`."""

    token: np.ndarray
    struck: np.ndarray
    known: np.ndarray
    previous: np.ndarray
    earlier: np.ndarray
    hold: np.ndarray
    echo: np.ndarray
    echo_match: np.ndarray
    line: np.ndarray
    line_match: np.ndarray
    profile: np.ndarray
    level: np.ndarray
    key: np.ndarray
    fermata: np.ndarray

    @property
    def ticks(self) -> int:
        """Number of ticks."""
        return int(self.level.shape[0])

    def cut(self, first: int, end: int) -> Cells:
        """The ticks from `first` to `end`, with what is remembered of those before."""
        return Cells(
            **{
                f.name: getattr(self, f.name)[first:end]
                if f.name in ROWS
                else getattr(self, f.name)[..., first:end]
                for f in fields(self)
            }
        )

    def moved(self, semitones: int) -> Cells:
        """The same music higher (or lower) by some semitones."""
        pitched = {name: _moved(getattr(self, name), semitones) for name in PITCHED}
        turned = np.roll(self.profile.reshape(self.ticks, -1, 12), semitones, axis=-1)
        key = np.where(self.key == KEY_UNKNOWN, KEY_UNKNOWN, (self.key + 7 * semitones) % 12)
        return replace(self, **pitched, profile=turned.reshape(self.ticks, -1), key=key)


ROWS = ("profile",)  # whose first axis is the tick
PITCHED = ("token", "previous", "earlier", "echo", "line")


def _moved(token: np.ndarray, semitones: int) -> np.ndarray:
    return np.where(token < REST, token + semitones, token)


def hold_bucket(ticks: np.ndarray) -> np.ndarray:
    """Bucket of a time held in ticks; 0 for none."""
    return np.searchsorted(np.array(HOLD_EDGES), ticks, side="right")


def past(token: np.ndarray, struck: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is known of each voice's past at each tick.

    Parameters
    ----------
    token : int array (voices, ticks)
    struck : bool array (voices, ticks)

    Returns
    -------
    previous, earlier, length : int arrays (voices, ticks)
        Token before; last token different from that; ticks that it has been held.
    """
    voices, ticks = token.shape
    previous = np.full((voices, ticks), REST, dtype=np.int64)
    earlier = np.full((voices, ticks), UNKNOWN, dtype=np.int64)
    length = np.zeros((voices, ticks), dtype=np.int64)
    for t in range(1, ticks):
        now = token[:, t - 1]
        begins = struck[:, t - 1] | (now != previous[:, t - 1])
        previous[:, t] = now
        earlier[:, t] = np.where(now != previous[:, t - 1], previous[:, t - 1], earlier[:, t - 1])
        length[:, t] = np.where(now >= REST, 0, np.where(begins, 1, length[:, t - 1] + 1))
    return previous, earlier, length


def cells(
    grid: Grid,
    known: np.ndarray,
    *,
    bare: bool = False,
    rows: tuple[int, ...] = ALL_VOICES,
    heard: int | None = None,
) -> Cells:
    """Network inputs of a grid.

    Parameters
    ----------
    grid : Grid
        Cells that its own `known` marks False are `UNKNOWN` to the network too.
    known : bool array (4, ticks)
        Cells given as constraints.
    bare : bool
        Leave out metre, key, fermatas, the end of the piece, and repeated notes; ticks are counted from the
        first, on a beat.
    rows : tuple of int
        The voices of the grid that the network reads.
    heard : int, optional
        Only of so many ticks is it asked what was heard before each, which takes long; of later ones it is what
        it was then.
    """
    voices = list(rows)
    token = tokens(grid.pitch[voices], grid.known[voices])
    struck = grid.struck[voices]
    if bare:
        struck = np.ones_like(struck)
        struck[:, 1:] = token[:, 1:] != token[:, :-1]
        # What is given right of a hole must not tell whether the pitch in the hole is the same.
        given = (known & grid.known)[voices]
        struck[:, 1:] |= given[:, 1:] & ~given[:, :-1]
    struck = struck & (token < REST)
    asked = slice(0, grid.ticks if heard is None else max(min(heard, grid.ticks), 1))
    before = past(token[:, asked], struck[:, asked])
    arrays = (*before, *remember(token[:, asked]))
    previous, earlier, length, echo, echo_match, line, line_match, profile = (
        _lasting(array, grid.ticks) for array in arrays
    )
    if bare:
        level = np.resize(np.array(COUNTED), grid.ticks)
        key = np.full(grid.ticks, KEY_UNKNOWN)
        fermata = np.full(grid.ticks, FERMATA_UNKNOWN)
    else:
        level = grid.level
        key = np.where(grid.fifths == NO_KEY, KEY_UNKNOWN, grid.fifths % 12)
        fermata = grid.fermata.astype(np.int64)
        if not grid.fermata.any():
            fermata = np.full(grid.ticks, FERMATA_UNKNOWN)
    return Cells(
        token,
        struck.astype(np.int64),
        (known & grid.known)[voices],
        previous,
        earlier,
        hold_bucket(length),
        echo,
        echo_match,
        line,
        line_match,
        profile,
        level,
        key,
        fermata,
    )


def _lasting(array: np.ndarray, ticks: int) -> np.ndarray:
    """Values by tick (..., ticks), or a profile's (ticks, PROFILE), of which the last goes on to the end."""
    axis = 0 if array.dtype == np.float32 else -1
    lengths = [(0, 0)] * array.ndim
    lengths[axis] = (0, ticks - array.shape[axis])
    return np.pad(array, lengths, mode="edge") if lengths[axis][1] else array


def end_padded(item: Cells, ticks: int, *, bare: bool = False) -> Cells:
    """The same cells with `ticks` more after the end, where nothing is to be learned."""

    def pad(array: np.ndarray, value: int) -> np.ndarray:
        return np.pad(array, [(0, 0)] * (array.ndim - 1) + [(0, ticks)], constant_values=value)

    def goes_on(array: np.ndarray) -> np.ndarray:
        return np.pad(array, ((0, ticks), (0, 0)), mode="edge")

    return Cells(
        pad(item.token, UNKNOWN),
        pad(item.struck, 0),
        pad(item.known, 0),
        pad(item.previous, UNKNOWN),
        pad(item.earlier, UNKNOWN),
        pad(item.hold, 0),
        pad(item.echo, UNKNOWN),
        pad(item.echo_match, 0),
        pad(item.line, UNKNOWN),
        pad(item.line_match, 0),
        goes_on(item.profile),
        pad(item.level, LEVEL_UNKNOWN if bare else LEVEL_END),
        pad(item.key, KEY_UNKNOWN),
        pad(item.fermata, FERMATA_UNKNOWN),
    )


def ahead(token: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What is given next in each voice, after each tick.

    Parameters
    ----------
    token : int array (..., ticks)
    known : bool array, same shape

    Returns
    -------
    coming, coming_in, change, change_in : int arrays, same shape
        Token of the next known cell (`UNKNOWN` if there is none) and how far it is, as a bucket of `AHEAD_EDGES`;
        the next known token after it that is another, and how far that is.
    """
    ticks = token.shape[-1]
    coming, change = np.full_like(token, UNKNOWN), np.full_like(token, UNKNOWN)
    coming_in, change_in = np.zeros_like(token), np.zeros_like(token)
    for t in range(ticks - 2, -1, -1):
        after = known[..., t + 1]
        other = after & (coming[..., t + 1] != token[..., t + 1]) & (coming[..., t + 1] < UNKNOWN)
        coming[..., t] = np.where(after, token[..., t + 1], coming[..., t + 1])
        change[..., t] = np.where(other, coming[..., t + 1], change[..., t + 1])
        coming_in[..., t] = np.where(after, 0, coming_in[..., t + 1]) + 1
        change_in[..., t] = np.where(other, coming_in[..., t + 1], change_in[..., t + 1]) + 1
    there, others = coming < UNKNOWN, change < UNKNOWN
    edges = np.array(AHEAD_EDGES)
    return (
        coming,
        np.where(there, np.searchsorted(edges, coming_in, side="right"), 0),
        change,
        np.where(others, np.searchsorted(edges, change_in, side="right"), 0),
    )


def collate(items: list[Cells]) -> Batch:
    """Cells of equal length as one `Batch`."""
    arrays = {f.name: np.stack([getattr(item, f.name) for item in items]) for f in fields(Cells)}
    names = ("coming", "coming_in", "change", "change_in")
    arrays |= zip(names, ahead(arrays["token"], arrays["known"]), strict=True)
    return Batch(**{name: torch.from_numpy(array) for name, array in arrays.items()})


def collate_padded(items: list[Cells], *, bare: bool = False) -> Batch:
    """Cells of any lengths as one `Batch`, each padded after its end to the longest (and at least `END_TICKS`)."""
    longest = max(item.ticks for item in items) + (0 if bare else END_TICKS)
    return collate([end_padded(item, longest - item.ticks, bare=bare) for item in items])
