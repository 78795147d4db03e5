"""What may be written, and what had better not: the table `RULES`, acting on logits.

Every row says of each candidate token whether it breaks the rule, or how much it is worth. A row that forbids
takes tokens away; one that avoids makes them less likely.

Rules run some thousand times a second on a handful of candidates, where a call costs more than what it computes:
they look up rows of tables over tokens, in numpy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from scoreassist.grid.vocabulary import INPUTS, LOWEST, REST, UNKNOWN, VOCABULARY
from scoreassist.grid.voices import NO_KEY
from scoreassist.score.metre import BEAT
from scoreassist.theory.harmony import altered_table, chord_worth, consonant_parts, hollow
from scoreassist.theory.resolution import (
    INNER_STEPS,
    LEADING_RISES,
    LEADING_STEPS,
    NO_TONIC,
    SEVENTH_FALLS,
    SEVENTH_STEPS,
    doubled_table,
    leading_table,
    seventh_table,
)
from scoreassist.theory.voice_leading import CHOIR_RANGES, FIFTH, LEAPS, OCTAVE, SEVENTH, SIXTH, SPACING, STEP
from scoreassist.wishes.table import WISHES

STRENGTHS = FORBID, AVOID, ALLOW = ("forbid", "avoid", "allow")

# What the rules that weigh add to a logit, in nats; revision judges by the same.
OVERLAP, STILLNESS = -2.0, -8.0
CLASH, WHOLE_CHORD, HOLLOW = -2.0, 0.8, -1.5
NO_TRIAD, FOREIGN, NO_ROOT = -3.0, -6.0, -3.0
UNRESOLVED, DOUBLED, HIDDEN, LEAP = -5.0, -5.0, -2.0, -2.5
SAME = -1.5
FAULT = -4.0  # of a rule that forbids by itself, where it is only to be avoided
X_RELATION = -4.0
CANDIDATE = np.arange(VOCABULARY)  # every token that can be drawn, the last of them silence
SINGS = CANDIDATE < REST


@dataclass
class Moment:
    """What a rule sees when one voice's cell is drawn, for N candidates at once.

    Attributes
    ----------
    voice, tick : int
    now, before : int array (N, V)
        Tokens of this tick (`UNKNOWN` where not drawn yet) and of the one before.
    after : int array (V,)
        Known tokens of the next tick, `UNKNOWN` elsewhere.
    level : int
        Metrical strength of the tick.
    must_rest : bool
        Whether silence is what must be written here.
    held : bool
        Whether this is no moment to move: a given voice holds a fermata that began before, or beats are
        dotted and the given voices move neither here nor is this a beat.
    arrival : bool
        Whether a phrase comes to rest here, under a fermata.
    chord : tuple of int
        Pitch classes of the tonic triad where the piece begins or ends on it; else empty.
    ranges : four pairs of MIDI numbers
    owed : int array (N, V)
        What the notes before have still to do; see `scoreassist.theory.resolution`.
    tonic : int
        Pitch class, `NO_TONIC` where it is not known.
    max_leap : int
        Semitones.
    stuck : bool array (N,)
        Whether the voice must not strike its last note once more.
    sated : bool array (N,)
        Whether the voice has begun as many notes as it may by now.
    copied : bool array (N, K), optional
        Tokens that would copy too much.
    old : int
        The token that stood here, from which a variation departs.
    fifths : int
        Key signature, `NO_KEY` where it is not known.
    leaves : int array (V,), optional
        By how many semitones a given note moves on at last; 0 where it is not given, or not known.
    """

    voice: int
    tick: int
    now: np.ndarray
    before: np.ndarray
    after: np.ndarray
    level: int
    must_rest: bool
    held: bool
    arrival: bool
    chord: tuple[int, ...]
    ranges: tuple[tuple[int, int], ...] = CHOIR_RANGES
    owed: np.ndarray = field(default_factory=lambda: np.zeros((1, len(CHOIR_RANGES)), dtype=np.int64))
    tonic: int = NO_TONIC
    max_leap: int = VOCABULARY
    stuck: np.ndarray = field(default_factory=lambda: np.zeros(1, dtype=bool))
    sated: np.ndarray = field(default_factory=lambda: np.zeros(1, dtype=bool))
    copied: np.ndarray | None = None
    old: int = UNKNOWN
    leaves: np.ndarray | None = None
    fifths: int = NO_KEY


# What rules say that forbid no token, and that weigh none.
NOBODY = np.zeros((1, VOCABULARY), dtype=bool)
NOTHING = np.zeros((1, VOCABULARY), dtype=np.float32)
_TOKEN = np.arange(INPUTS)[:, None]  # of another voice, beside `CANDIDATE`
_SOUNDS = _TOKEN < REST
_ROWS = np.arange(len(CHOIR_RANGES)) * INPUTS  # where each voice's rows begin in a table over voices and tokens


def _rests(m: Moment) -> np.ndarray:
    """Silence where every given voice is silent, and nowhere else."""
    return (SINGS if m.must_rest else ~SINGS)[None]


def _range(m: Moment) -> np.ndarray:
    """What the voice can sing."""
    return _outside(*m.ranges[m.voice])


@lru_cache
def _outside(low: int, high: int) -> np.ndarray:
    midi = CANDIDATE + LOWEST
    return (((midi < low) | (midi > high)) & SINGS)[None]


def _over_voices(row: Callable[[int, int], np.ndarray]) -> np.ndarray:
    """A table of what each voice's token forbids another one: bool (V, V * INPUTS, K).

    Parameters
    ----------
    row : function of the voice drawn and the other one
        Of bools (INPUTS, K), by the other one's token and the candidate.
    """
    voices = range(len(CHOIR_RANGES))
    rows = [[row(voice, other) & _SOUNDS & SINGS for other in voices] for voice in voices]
    return np.array(rows).reshape(len(voices), -1, VOCABULARY)


def _crossed(voice: int, other: int) -> np.ndarray:
    if other == voice:
        return np.zeros((INPUTS, VOCABULARY), dtype=bool)
    return CANDIDATE > _TOKEN if other < voice else CANDIDATE < _TOKEN


def _far(voice: int, other: int) -> np.ndarray:
    if abs(voice - other) != 1:
        return np.zeros((INPUTS, VOCABULARY), dtype=bool)
    apart = _TOKEN - CANDIDATE if other < voice else CANDIDATE - _TOKEN
    return apart > SPACING[min(voice, other)]


_CROSSED, _FAR = _over_voices(_crossed), _over_voices(_far)


def _forbidden(table: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """What tokens (N, V) forbid together, by a table (V * INPUTS, K): bool (N, K)."""
    return np.asarray(np.logical_or.reduce(table.take(tokens + _ROWS[: tokens.shape[1]], 0), 1))


def _crossing(m: Moment) -> np.ndarray:
    """Above an upper voice or below a lower one."""
    return _forbidden(_CROSSED[m.voice], m.now)


def _spacing(m: Moment) -> np.ndarray:
    """More than an octave between neighbouring upper voices, or far above the bass."""
    return _forbidden(_FAR[m.voice], m.now)


def _parallels(m: Moment) -> np.ndarray:
    """Fifths, octaves and unisons in parallel with voices already there, behind and ahead."""
    kinds, rows = _parallel_tables()
    mine = m.before[:, m.voice, None]
    kind = kinds.take((mine * INPUTS + m.before) * INPUTS + m.now)
    bad = NOBODY
    if kind.any():
        bad = np.logical_or.reduce(rows.take((kind * INPUTS + m.now) * INPUTS + mine, 0), 1)
    if m.after[m.voice] < REST:
        bad = bad | _parallel(CANDIDATE, m.after[m.voice], m.now[..., None], m.after[:, None]).any(1)
    return bad


def _parallel(mine0: np.ndarray, mine1: np.ndarray, other0: np.ndarray, other1: np.ndarray) -> np.ndarray:
    """Whether a voice going from `mine0` to `mine1` runs parallel to one from `other0` to `other1`; broadcasts."""
    sounding = (other0 < REST) & (other1 < REST) & (mine0 < REST) & (mine1 < REST)
    same_way = np.sign(mine1 - mine0) * np.sign(other1 - other0) > 0
    interval = abs(mine1 - other1) % 12
    kept = (abs(mine0 - other0) % 12 == interval) & ((interval == FIFTH) | (interval == OCTAVE))
    return np.asarray(sounding & same_way & kept)


@lru_cache(maxsize=1)
def _parallel_tables() -> tuple[np.ndarray, np.ndarray]:
    """Parallels by what comes before.

    Returns
    -------
    kinds : int array (INPUTS ** 3,)
        By own token before, another voice's before and now: 0 if no parallel can follow; else which, of four:
        fifths or octaves, upwards or downwards.
    rows : bool (5 * INPUTS ** 2, K)
        By kind, the other voice's token now and the own before: candidates that make a parallel.
    """
    mine, before, now = (_TOKEN.reshape(shape) for shape in ((-1, 1, 1), (1, -1, 1), (1, 1, -1)))
    sounding = (mine < REST) & (before < REST) & (now < REST)
    interval, motion = abs(mine - before) % 12, np.sign(now - before)
    perfect = np.where(interval == FIFTH, 1, np.where(interval == OCTAVE, 3, 0))
    kinds = np.where(sounding & (perfect > 0) & (motion != 0), perfect + (motion < 0), 0)
    rows = np.zeros((5, INPUTS, INPUTS, VOCABULARY), dtype=bool)
    other, mine = _TOKEN[:, :, None], _TOKEN[None]
    for kind in range(1, 5):
        arrived = abs(CANDIDATE - other) % 12 == (FIFTH if kind < 3 else OCTAVE)
        ahead = (CANDIDATE - mine) * (1 if kind % 2 else -1) > 0
        rows[kind] = arrived & ahead & SINGS
    return kinds.ravel(), rows.reshape(-1, VOCABULARY)


_MOVES = (_TOKEN != CANDIDATE) & SINGS  # candidates that are no such token


def _overlap(m: Moment) -> np.ndarray:
    """Beyond where a neighbour has just been."""
    return np.asarray(_forbidden(_CROSSED[m.voice], m.before) & _MOVES.take(m.before[:, m.voice], 0))


# Sets of pitch classes as bit masks; silence among the candidates has a bit of its own, beyond them.
_SILENT = 4096
_BITS = np.where(np.arange(INPUTS) < REST, 1 << ((np.arange(INPUTS) + LOWEST) % 12), 0)
_CANDIDATE_BITS = np.where(SINGS, _BITS[:VOCABULARY], _SILENT)


_CANDIDATE_CLASS = (CANDIDATE + LOWEST) % 12


def _by_set(weights: np.ndarray) -> np.ndarray:
    """Weights of sets of pitch classes (4096,) with 0 for those with a candidate's silence."""
    return np.pad(weights, (0, _SILENT)).astype(np.float32)


_PARTIAL_CHORD = _by_set(np.where(chord_worth() < 0, CLASH, 0.0))
_CHORD = _PARTIAL_CHORD + _by_set(np.where(chord_worth() > 0, WHOLE_CHORD, 0.0))
_HOLLOW = np.pad(hollow(), (0, _SILENT))
_TRIAD = _by_set(np.where(consonant_parts(), 0.0, NO_TRIAD))


def _chords(m: Moment) -> np.ndarray:
    """On beats, prefer what makes a triad or seventh chord, or leaves room for one."""
    if m.level > BEAT:
        return NOTHING
    return (_CHORD if _is_last(m) else _PARTIAL_CHORD).take(_sounding_with(m))


def _is_last(m: Moment) -> bool:
    """Whether all other voices sound already."""
    return bool((m.now < REST).sum(1).max() >= m.now.shape[1] - 1)


def _incomplete(m: Moment) -> np.ndarray:
    """A chord of all voices on a beat that has no third."""
    if m.level > BEAT or not _is_last(m):
        return NOBODY
    return np.asarray(_HOLLOW.take(_sounding_with(m)) & SINGS)


def _arrival(m: Moment) -> np.ndarray:
    """Where a phrase comes to rest, prefer a triad; where the piece begins and ends, that of the tonic."""
    if not m.arrival and not m.chord:
        return NOTHING
    weight = _TRIAD.take(_sounding_with(m))
    if m.chord:
        weight = weight + _foreign(m.chord)
    if m.chord and m.voice == m.now.shape[1] - 1:
        weight = weight + _not_root(m.chord[0])
    return np.asarray(weight)


@lru_cache
def _not_root(root: int) -> np.ndarray:
    return np.asarray(((root != (CANDIDATE + LOWEST) % 12) & SINGS) * np.float32(NO_ROOT))


@lru_cache
def _foreign(chord: tuple[int, ...]) -> np.ndarray:
    strange = ~np.isin((CANDIDATE + LOWEST) % 12, chord) & SINGS
    return strange * np.float32(FOREIGN)


def _sounding_with(m: Moment) -> np.ndarray:
    """Pitch-class sets, as bit masks, that each candidate makes with what sounds already: (N, K)."""
    return np.asarray(_heard(m)[:, None] | _CANDIDATE_BITS)


def _heard(m: Moment) -> np.ndarray:
    """Pitch-class sets, as bit masks, of the other voices: (N,)."""
    bits = _BITS.take(m.now)
    bits[:, m.voice] = 0
    return np.asarray(np.bitwise_or.reduce(bits, 1))


def _stillness(m: Moment) -> np.ndarray:
    """Under a fermata, come to rest with the voice that has it; in compound time, move with the given voices."""
    if not m.held:
        return NOTHING
    return np.asarray(_MOVES.take(m.before[:, m.voice], 0) * np.float32(STILLNESS))


def _steps(table: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """A table over the token before and the candidate, of a function of the step: bool (INPUTS, K)."""
    return np.asarray(table(CANDIDATE - _TOKEN) & _SOUNDS & SINGS)


_NOT_DOWN = _steps(lambda step: (step != 0) & ~np.isin(step, SEVENTH_STEPS))
_NOT_UP = _steps(lambda step: (step != 0) & ~np.isin(step, LEADING_STEPS))
_NOT_UP_INSIDE = _steps(lambda step: (step != 0) & ~np.isin(step, LEADING_STEPS + INNER_STEPS))
_LEAPS = _steps(lambda step: np.isin(abs(step), LEAPS) | (abs(step) > 12))
_WIDTH = _steps(lambda step: step != 0) * abs(CANDIDATE - _TOKEN)


def _owing(m: Moment, what: int, table: np.ndarray) -> np.ndarray:
    owes = m.owed[:, m.voice] == what
    if not owes.any():
        return NOBODY
    return np.asarray(table.take(m.before[:, m.voice], 0) & owes[:, None])


def _sevenths(m: Moment) -> np.ndarray:
    """A seventh that goes elsewhere than a step down, or what makes a seventh of a given note that does."""
    return _either(_owing(m, SEVENTH_FALLS, _NOT_DOWN), _making(m, seventh_table(), SEVENTH_STEPS))


def _leading_tones(m: Moment) -> np.ndarray:
    """A leading tone that goes elsewhere than up, or that an inner voice lets fall elsewhere than a third.

    Or what makes a leading tone of a given note that does.
    """
    inside = 0 < m.voice < m.now.shape[1] - 1
    bad = _owing(m, LEADING_RISES, _NOT_UP_INSIDE if inside else _NOT_UP)
    return _either(bad, _making(m, leading_table(), LEADING_STEPS))


def _either(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one is NOBODY or other is NOBODY:
        return other if one is NOBODY else one
    return np.asarray(one | other)


def _making(m: Moment, table: np.ndarray, steps: tuple[int, ...]) -> np.ndarray:
    """What makes a given note one that is obliged to take certain steps, and will not; by a table (13, 4096)."""
    if m.level > BEAT or m.leaves is None:
        return NOBODY
    wrong = [
        (int(m.now[0, voice]) + LOWEST) % 12
        for voice, step in enumerate(m.leaves.tolist())
        if step and step not in steps and voice != m.voice and m.now[0, voice] < REST
    ]
    if not wrong:
        return NOBODY
    obliged = table[m.tonic].take(_sounding_with(m) & (_SILENT - 1))
    return np.asarray(np.logical_or.reduce([obliged == given for given in wrong]) & SINGS)


def _doubled_leading(m: Moment) -> np.ndarray:
    """A second leading tone on a beat."""
    if m.level > BEAT:
        return NOBODY
    doubled = _doublings().take((m.tonic * 4096 + _heard(m)), 0)
    return doubled if doubled.any() else NOBODY


@lru_cache(maxsize=1)
def _doublings() -> np.ndarray:
    """Candidates that double the leading tone, by tonic and set of what sounds: bool (13 * 4096, K)."""
    table = doubled_table().ravel()[:, None]
    return np.asarray((table == (CANDIDATE + LOWEST) % 12) & SINGS)


def _cross_relations(m: Moment) -> np.ndarray:
    """A note beside its own chromatic alteration, as far as the key signature tells these from other semitones."""
    heard = _heard(m)
    if not heard.any() or m.fifths == NO_KEY:
        return NOBODY
    return np.asarray((altered_table()[m.fifths % 12][_CANDIDATE_CLASS] & heard[:, None] > 0) & SINGS)


def _hidden(m: Moment) -> np.ndarray:
    """Outer voices that reach a fifth or an octave in the same direction, the upper one by a leap."""
    bass = m.now.shape[1] - 1
    if m.voice not in (0, bass) or not bass:
        return NOBODY
    other = bass - m.voice
    mine, then, now = m.before[:, m.voice], m.before[:, other], m.now[:, other]
    heard = (then < REST) & (now < REST) & (mine < REST)
    move = np.where(heard, now - then, 0)
    if m.voice == bass:
        leap = abs(move) > STEP
        if not leap.any():
            return NOBODY
        same_way = (CANDIDATE - mine[:, None]) * np.sign(move)[:, None] > 0
        same_way &= leap[:, None]
    else:
        same_way = (CANDIDATE - mine[:, None]) * np.sign(move)[:, None] > STEP
    interval, was = abs(CANDIDATE - now[:, None]) % 12, abs(mine - then) % 12
    perfect = ((interval == FIFTH) | (interval == OCTAVE)) & (interval != was[:, None])
    return np.asarray(same_way & perfect & SINGS)


def _leap(m: Moment) -> np.ndarray:
    """A tritone, a seventh, an augmented second, or more than an octave."""
    return _reaching(m, _leaps_in(m.tonic))


@lru_cache
def _leaps_in(tonic: int) -> np.ndarray:
    """By the token before and the candidate, bool (INPUTS, K)."""
    if tonic == NO_TONIC:
        return _LEAPS
    low, high = ((pitch + LOWEST - tonic) % 12 for pitch in (_TOKEN, CANDIDATE))
    odd = ((low == SIXTH) & (high == SEVENTH)) | ((low == SEVENTH) & (high == SIXTH))
    return np.asarray(_LEAPS | (odd & _steps(lambda step: abs(step) == SEVENTH - SIXTH)))


def _wide(m: Moment) -> np.ndarray:
    """Wider than the user wants leaps to be."""
    return _reaching(m, m.max_leap < _WIDTH)


def _reaching(m: Moment, table: np.ndarray) -> np.ndarray:
    """What is a leap of a kind from the note before, or to a known one after: by a table (INPUTS, K)."""
    bad = table.take(m.before[:, m.voice], 0)
    after = int(m.after[m.voice])
    return bad | table[after] if after < REST else bad


def _repeats(m: Moment) -> np.ndarray:
    """A note that would be struck too often in a row."""
    if not m.stuck.any():
        return NOBODY
    return np.asarray(~_MOVES.take(m.before[:, m.voice], 0) & SINGS & m.stuck[:, None])


def _density(m: Moment) -> np.ndarray:
    """A new note where the voice has had as many as it may."""
    if not m.sated.any():
        return NOBODY
    return np.asarray(_MOVES.take(m.before[:, m.voice], 0) & m.sated[:, None])


def _copies(m: Moment) -> np.ndarray:
    """What would copy the corpus longer than the user wants."""
    return NOBODY if m.copied is None else m.copied


def _variety(m: Moment) -> np.ndarray:
    """What stood here before, on a beat."""
    return NOBODY if m.level > BEAT else np.equal(CANDIDATE, m.old)[None] & SINGS


@dataclass(frozen=True)
class Rule:
    """One row of `RULES`.

    Attributes
    ----------
    says : function of a `Moment`
        Which tokens break it, bool (N, K) or (1, K); or what to add to the logits, float, if it `weighs`.
    meaning : str
        For users.
    source : str
        Where it is taught.
    strength : ``forbid`` or ``avoid``
        If nothing else is said.
    penalty : float
        Nats to add to tokens that break it, where they are to be avoided.
    weighs : bool
        Whether it speaks in nats; such a rule never forbids.
    wish : str
        The attribute of `scoreassist.wishes.demands.Demands` that must be there for it to act; "" for none.
    """

    says: Callable[[Moment], np.ndarray]
    meaning: str
    source: str
    strength: str = FORBID
    penalty: float = FAULT
    weighs: bool = False
    wish: str = ""

    @property
    def firmness(self) -> int:
        """The larger, the later it gives way: as that of the wish, of all wishes about voice leading alike."""
        return WISHES[self.wish if self.wish in WISHES else "rules"].firmness


_FUX = "Fux, Gradus ad Parnassum (1725)"
_ALDWELL = "Aldwell & Schachter, Harmony and Voice Leading"
_PISTON = "Piston, Harmony"
_BACH = "counted in Bach's chorales"

# Where they leave no choice, the less firm give way, and of those that are equally firm the later ones.
RULES: dict[str, Rule] = {
    "rests": Rule(_rests, "silence where all given voices are silent, and nowhere else", _BACH),
    "max-leap": Rule(_wide, "no wider leap than asked for", WISHES["max_leap"].source, wish="max_leap"),
    "max-repeats": Rule(
        _repeats,
        "no more strokes of a note in a row than asked for",
        WISHES["max_repeats"].source,
        wish="max_repeats",
    ),
    "density": Rule(_density, "no more notes a beat than asked for", WISHES["density"].source, wish="density"),
    "max-copy": Rule(
        _copies,
        "no longer quotation than asked for",
        WISHES["max_copy"].source,
        wish="max_copy",
    ),
    "crossing": Rule(_crossing, "no voice above an upper or below a lower one", _ALDWELL),
    "parallels": Rule(_parallels, "no parallel fifths, octaves or unisons", _FUX),
    "range": Rule(_range, "what a choir can sing", _PISTON),
    "spacing": Rule(_spacing, "upper neighbours no more than an octave apart", _ALDWELL),
    "overlap": Rule(_overlap, "no voice beyond where its neighbour has just been", _ALDWELL, AVOID, OVERLAP),
    "hidden": Rule(
        _hidden, "outer voices do not leap into a fifth or an octave the same way", _ALDWELL, AVOID, HIDDEN
    ),
    "seventh": Rule(_sevenths, "sevenths fall by a step", _ALDWELL, AVOID, UNRESOLVED),
    "leading-tone": Rule(_leading_tones, "leading tones rise", _ALDWELL, AVOID, UNRESOLVED),
    "doubled-leading-tone": Rule(_doubled_leading, "one leading tone in a chord", _PISTON, AVOID, DOUBLED),
    "incomplete-chord": Rule(_incomplete, "no chord without its third", _PISTON, AVOID, HOLLOW),
    "cross-relation": Rule(
        _cross_relations, "no note beside its own chromatic alteration", _ALDWELL, AVOID, X_RELATION
    ),
    "leaps": Rule(_leap, "no tritone, seventh, augmented second, or more than an octave", _FUX, AVOID, LEAP),
    "variety": Rule(
        _variety,
        "a variation departs from what stood there",
        "Vijayakumar et al., Diverse Beam Search (AAAI 2018)",
        AVOID,
        SAME,
        wish="old",
    ),
    "chords": Rule(_chords, "triads and seventh chords on beats", _BACH, AVOID, weighs=True),
    "arrival": Rule(
        _arrival, "phrases rest on triads; the piece begins and ends on the tonic", _BACH, AVOID, weighs=True
    ),
    "stillness": Rule(_stillness, "rest under a fermata; dotted beats are not cut up", _BACH, AVOID, weighs=True),
}
