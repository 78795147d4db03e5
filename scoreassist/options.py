"""Defaults that the command line, the assistant and the sampler share, without importing torch."""

from __future__ import annotations

# Chosen on the `valid` chorales: the share of beats on complete triads and seventh chords comes closest to Bach's.
TEMPERATURE = 0.7
CANDIDATES = 8
MODEL = "bach-chorale"
