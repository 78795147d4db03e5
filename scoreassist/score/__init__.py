"""MusicXML documents: reading, onsets, singers, marks, writing. No torch here."""
