"""Defaults that the command line, the assistant and the sampler share, without importing torch."""

from __future__ import annotations

# Chosen on the `valid` chorales, with the passes: chords, rhythm and endings come closest to Bach's.
TEMPERATURE = 0.75
CANDIDATES = 8
PASSES = 8
MODEL = "bach-chorale"
