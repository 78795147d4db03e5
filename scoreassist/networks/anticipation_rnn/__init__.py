"""Anticipation-RNN: the network, and how it fills grids."""
