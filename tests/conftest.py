"""Shared by all tests."""

from __future__ import annotations

from hypothesis import settings

# The same examples every time, however slow the machine is.
settings.register_profile("scoreassist", derandomize=True, deadline=None)
settings.load_profile("scoreassist")
