"""Trained networks, one paper a file; all fill grids the same way."""
