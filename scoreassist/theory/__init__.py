"""What musicians know, as pure functions and tables over grids."""
