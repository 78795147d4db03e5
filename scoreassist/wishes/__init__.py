"""What a user wants of the notes that are to be written, and what of it was kept. No torch."""
