"""Scores as arrays: frozen vocabulary, voice × tick grids. No torch here."""
