"""New notes, words and parts as a copyist writes them. No torch here."""
