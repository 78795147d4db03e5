"""Defaults that the command line, the assistant and the sampler share, without importing torch."""

from __future__ import annotations

# Chosen on the `valid` chorales, with the passes: chords, rhythm and endings come closest to Bach's.
TEMPERATURE = 0.75
CANDIDATES = 8
ANSWERS = 4  # of several that are shown
MOST_ANSWERS = 64
PASSES = 8
MODEL = "bach-chorale"

# Of DeepHear: steps of gradient descent on the code, codes descended from at once, and how far from the expected
# one they begin, in deviations.
ITERATIONS = 25
RESTARTS = 8
SPREAD = 0.4
PIANO_MODEL = "deephear"
