"""MusicXML files: safe reading, faithful saving, other formats. No torch here."""
