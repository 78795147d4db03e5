"""What is said about a finished score: faults, keys and chords, likeness. No torch here."""
