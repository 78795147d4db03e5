"""Which voices a part's name speaks of, in the languages in which choirs sing."""

from __future__ import annotations

import re

VOICES = ("Soprano", "Alto", "Tenor", "Bass")

_NAMES = (
    (
        r"s|so?pr?\.?|sopran|soprán|soprano|sopranos|soprani|soprane|sopraan|sopraano|szoprán|сопрано"
        r"|mezzo-?soprano|mezzo|cantus|discantus|descant|trebles?|dessus|superius|melody|canto|tiple",
        0,
    ),
    (r"a|alt\.?|alto|altos|alti|altus|altto|contralto|contraltos|contralti|haute-?contre|counter-?tenor|альт", 1),
    (r"t|ten\.?|tenor|tenors|tenore|tenores|tenori|tenöre|ténor|ténors|taille|тенор", 2),
    (
        r"b|bas|bass|basses|basso|bassi|bassus|basse|bässe|bajo|bajos|baixo|basszus|бас"
        r"|baritone|baritones|bariton|baritono|barítono|baryton",
        3,
    ),
)
_NAME_ROWS = tuple((re.compile(rf"(?:{pattern})(?:\s*(?:voice|solo|\d+|i+))?"), v) for pattern, v in _NAMES)
_INSTRUMENT = re.compile(
    r"sax|clarinet|klarin|flute|flöte|flaut|recorder|oboe|basso?on|fagott|dulcian|shawm|pommer|krumm|rackett"
    r"|horn|corno|kornett|cornet|zink|trump|trompet|tromb|posaun|tuba|ophicl|serpent|bugle"
    r"|viol|gamba|cello|geige|bratsche|string|double|[ck]ontr[ae]b|upright|lute|laute|harp|zither"
    r"|guitar|gitarr|chitarr|ukulele|banjo|mandol|balalai|acoustic|electric|fretless|slap|e-bass|bass(?=-)|synth"
    r"|piano|organ|orgel|continuo|keyboard|klavier|clav|accord|harmoni|celest|bell|glocken|marimba|phone?\b"
    r"|drum|timpani|pauke|percussion|accomp|reduction|begleit"
)


def is_instrument(name: str) -> bool:
    """Whether a part's name is that of an instrument: ``Alto Saxophone``, ``Organ``."""
    return bool(_INSTRUMENT.search(name.casefold()))


def named_voices(name: str) -> tuple[int, ...]:
    """Voices that a part's name speaks of: ``Soprano`` (0,), ``S A`` or ``Soprano/Alto`` (0, 1), ``Flute`` ()."""
    text = name.casefold().strip()
    if not text or _INSTRUMENT.search(text):
        return ()
    whole = [v for pattern, v in _NAME_ROWS if pattern.fullmatch(text)]
    if whole:
        return (whole[0],)
    if re.fullmatch(r"[satb]{2,4}", text):
        words = list(text)
    elif re.search(r"(?<!\w)[^satb\W\d_]\.|a cappella", text):
        return ()  # other single letters: B.C. is a basso continuo
    else:
        words = [w for w in re.split(r"[\s/,&+.]+|\band\b|\bund\b|\bet\b", text) if w]
    found = [v for word in words for pattern, v in _NAME_ROWS if pattern.fullmatch(word)]
    return tuple(sorted(set(found)))
