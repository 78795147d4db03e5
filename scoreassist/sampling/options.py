"""How tokens are drawn: what a filler can be asked, whatever the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from scoreassist.errors import RequestError
from scoreassist.options import CANDIDATES, PASSES, TEMPERATURE
from scoreassist.sampling.rules import ALLOW, RULES, STRENGTHS, Rule
from scoreassist.theory.voice_leading import CHOIR_RANGES


def groups(candidates: int, answers: int) -> list[slice]:
    """Which candidates compete for one answer."""
    edges = [candidates * number // answers for number in range(answers + 1)]
    return [slice(first, end) for first, end in pairwise(edges)]


@dataclass(frozen=True)
class SamplingOptions:
    """How tokens are drawn.

    Attributes
    ----------
    seed : int
        The same seed gives the same notes on one machine and release.
    temperature : float
        Divides the logits; below 1 safer, above 1 bolder. Must be positive.
    candidates : int
        Drawn as one batch; the best are kept (fewest rules given way, then best harmony and likelihood).
    answers : int
        How many are kept. Candidates are drawn in as many groups, each of which avoids what those before it chose.
    ranges : four pairs of MIDI numbers
        Lowest and highest note to write in each voice.
    rules : names of rows of `RULES` that act
    strengths : mapping of such names to ``forbid``, ``avoid`` or ``allow``
        Where it is not the rule's own.
    passes : int
        How often what has been drawn is revised by a model that sees both sides, where the filler has one.
    greedy : bool
        Take the likeliest token instead of drawing one.
    resampling : bool
        Whether candidates that keep the rules easily take the place of those that do not, along the way.
    """

    seed: int = 0
    temperature: float = TEMPERATURE
    candidates: int = CANDIDATES
    answers: int = 1
    ranges: tuple[tuple[int, int], ...] = CHOIR_RANGES
    rules: tuple[str, ...] = tuple(RULES)
    strengths: Mapping[str, str] = field(default_factory=dict)
    passes: int = PASSES
    greedy: bool = False
    resampling: bool = True

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise RequestError("the temperature must be above 0; try 0.8")
        if self.candidates < 1:
            raise RequestError("at least one candidate is needed; try --candidates 4")
        if not 1 <= self.answers <= self.candidates:
            raise RequestError(f"{self.answers} answers cannot be chosen among {self.candidates} candidates")
        if self.passes < 0:
            raise RequestError("there cannot be fewer than no passes; try --passes 0")
        if unknown := {*self.rules, *self.strengths} - set(RULES):
            raise RequestError(f"no rule named {min(unknown)}; the rules are {', '.join(RULES)}")
        for name, strength in self.strengths.items():
            if strength not in STRENGTHS:
                raise RequestError(f"the rule {name} cannot be '{strength}'; use {', '.join(STRENGTHS)}")

    def strength(self, name: str) -> str:
        """How strong a row of `RULES` is."""
        return self.strengths.get(name, RULES[name].strength) if name in self.rules else ALLOW

    def acting(self, strength: str) -> list[tuple[str, Rule]]:
        """Rows of `RULES` that act with a strength, the firmest first."""
        return [(name, rule) for name, rule in RULES.items() if self.strength(name) == strength]
