"""What has been heard so far, and what followed when the same was heard before.

Chorales repeat themselves: a Stollen is sung twice, a phrase returns. A recurrent state forgets that after a few
measures, so it is looked up instead: an *echo* is what followed the longest stretch of the past that equals what
has just been heard, for the whole frame and for each voice alone. (Self-attention over relative positions finds
the same; Huang et al., *Music Transformer*, ICLR 2019, section 4.) A *profile* is how much each pitch class has
sounded lately, which tells the key.

Shapes: N candidates, V voices, T ticks.
"""

from __future__ import annotations

import numpy as np

from scoreassist.grid.vocabulary import INPUTS, LOWEST, REST, UNKNOWN

# An echo is looked for no nearer than a measure, so that a held chord is no echo of itself, and no farther than
# forty measures, so that time grows with the length of a piece and not with its square.
NEAREST, FARTHEST = 16, 640

# Lengths of a match in ticks, as buckets; 0 is none.
MATCH_EDGES = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48)
MATCHES = len(MATCH_EDGES) + 1

HALF_LIVES = (8, 32, 128)  # ticks
DECAYS = 0.5 ** (1 / np.array(HALF_LIVES))
PROFILE = 12 * len(HALF_LIVES)

NOTHING = -1  # in place of a frame that is not known

_BUCKETS = np.searchsorted(np.array(MATCH_EDGES), np.arange(MATCH_EDGES[-1] + 1), side="right")
_CLASSES = np.zeros((INPUTS, 12))  # which pitch class each token sounds
_CLASSES[np.arange(REST), (np.arange(REST) + LOWEST) % 12] = 1


class Memory:
    """The past of N candidates, one frame after the other.

    Parameters
    ----------
    candidates, voices, ticks : int
        N, V, and the most ticks that will be heard.

    Attributes
    ----------
    echo : int array (N, V)
        Tokens that followed the longest stretch equal to the recent past in all voices; `UNKNOWN` if none.
    echo_match : int array (N,)
        How long that stretch is, as a bucket of `MATCH_EDGES`.
    line, line_match : int arrays (N, V)
        The same for each voice by itself.
    profile : float array (N, PROFILE)
        Share of the recent past that each pitch class sounded, C first, for each of `HALF_LIVES`.
    """

    def __init__(self, candidates: int, voices: int, ticks: int) -> None:
        # Frames from the last backwards, so that what lies `back` ticks before one is always at the same distance
        # behind it; before the first there is nothing. Row 0 has all voices as one number.
        self._heard = np.full((candidates, voices + 1, ticks + FARTHEST), NOTHING, dtype=np.int32)
        self._at = ticks
        # How long the stretch is that ends `NEAREST` ticks back, or one more, ..., and equals the latest one.
        self._match = np.zeros((candidates, voices + 1, FARTHEST - NEAREST + 1), dtype=np.int16)
        self._row = np.arange(candidates * (voices + 1)).reshape(candidates, -1)
        self._power = INPUTS ** np.arange(voices)
        self._sums = np.zeros((candidates, len(HALF_LIVES), 12))
        self._weight = np.zeros(len(HALF_LIVES))
        self.count = 0
        self.echo = np.full((candidates, voices), UNKNOWN, dtype=np.int64)
        self.echo_match = np.zeros(candidates, dtype=np.int64)
        self.line = self.echo.copy()
        self.line_match = np.zeros((candidates, voices), dtype=np.int64)
        self.profile = np.zeros((candidates, PROFILE), dtype=np.float32)

    def hear(self, frame: np.ndarray) -> None:
        """Add the next tick's tokens, int (N, V)."""
        self._listen_for_echoes(frame)
        self._weigh(frame)
        self.count += 1

    def select(self, rows: np.ndarray) -> None:
        """Go on with these candidates, each from where one was: int (N,)."""
        for name in ("_heard", "_match", "_sums", "echo", "echo_match", "line", "line_match", "profile"):
            setattr(self, name, getattr(self, name)[rows])

    def _weigh(self, frame: np.ndarray) -> None:
        self._sums *= DECAYS[:, None]
        self._sums += (_CLASSES.take(frame, 0).sum(1) / frame.shape[1])[:, None]
        self._weight = self._weight * DECAYS + 1
        self.profile = (self._sums / self._weight[:, None]).reshape(len(frame), -1).astype(np.float32)

    def _listen_for_echoes(self, frame: np.ndarray) -> None:
        self._at -= 1
        known = frame < UNKNOWN
        now = self._heard[:, :, self._at]
        now[:, 0] = np.where(known.all(1), frame @ self._power, NOTHING)
        now[:, 1:] = np.where(known, frame, NOTHING)
        reach = min(self.count, FARTHEST) - NEAREST + 1
        if reach <= 0:
            return
        past = self._heard[:, :, self._at + NEAREST : self._at + NEAREST + reach]
        match = self._match[:, :, :reach]
        self._match[:, :, -1] = 0  # what lies before the farthest tick is out of reach
        match += 1
        np.copyto(match, 0, where=past != now[..., None])
        if not known.all():
            match[now == NOTHING] = 0
        back = match.argmax(2)  # of equally long ones the latest
        length = self._match.reshape(-1).take(self._row * self._match.shape[2] + back)
        bucket = _BUCKETS.take(length, mode="clip")
        width = self._heard.shape[2]
        after = self._at + NEAREST - 1 + back  # where what followed stands
        rows, heard = self._row * width, self._heard.reshape(-1)
        echo, line = heard.take(rows[:, 1:] + after[:, :1]), heard.take(rows[:, 1:] + after[:, 1:])
        self.echo_match, self.line_match = bucket[:, 0], bucket[:, 1:]
        self.echo = np.where((bucket[:, :1] > 0) & (echo != NOTHING), echo, UNKNOWN)
        self.line = np.where((bucket[:, 1:] > 0) & (line != NOTHING), line, UNKNOWN)


def remember(token: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A memory before each tick of a whole piece.

    Parameters
    ----------
    token : int array (V, T)

    Returns
    -------
    echo (V, T), echo_match (T,), line (V, T), line_match (V, T), profile (T, PROFILE)
        As `Memory` has them when the ticks before have been heard.
    """
    voices, ticks = token.shape
    memory = Memory(1, voices, ticks)
    echo = np.empty((voices, ticks), dtype=np.int64)
    line, line_match = np.empty_like(echo), np.empty_like(echo)
    echo_match = np.empty(ticks, dtype=np.int64)
    profile = np.empty((ticks, PROFILE), dtype=np.float32)
    for tick in range(ticks):
        echo[:, tick], echo_match[tick] = memory.echo[0], memory.echo_match[0]
        line[:, tick], line_match[:, tick] = memory.line[0], memory.line_match[0]
        profile[tick] = memory.profile[0]
        memory.hear(token[None, :, tick])
    return echo, echo_match, line, line_match, profile
