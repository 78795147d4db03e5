"""The only place where a token is drawn.

Known cells are never drawn: they are copied. For every other cell the network's logits are divided by the
temperature, then each row of `rules.RULES` forbids tokens or adds to their logits, and one token is drawn. A
rule that would leave no token to choose gives way, and the result says so. Candidates are particles: along the
way those that keep the rules easily take the place of those that do not (`sampler`).
"""

from scoreassist.sampling.options import SamplingOptions
from scoreassist.sampling.rules import RULES, Moment, Rule
from scoreassist.sampling.sampler import NEVER, Sampler

__all__ = ["NEVER", "RULES", "Moment", "Rule", "Sampler", "SamplingOptions"]
