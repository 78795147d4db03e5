"""scoreassist: harmonizes melodies and fills holes in scores, and writes the same MusicXML back.

>>> import scoreassist
>>> result = scoreassist.harmonize("examples/amazing-grace.musicxml", seed=1)
>>> sorted({row["voice"] for row in result.filled})
['Alto', 'Bass', 'Tenor']
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scoreassist.assistant import (
        FillOptions,
        Result,
        compare,
        complete,
        continue_,
        generate,
        harmonize,
        render,
        vary,
    )
    from scoreassist.counsel.analyze import analyze
    from scoreassist.counsel.check import check
    from scoreassist.counsel.originality import originality
    from scoreassist.errors import (
        InputError,
        ModelError,
        OutputError,
        RequestError,
        ScoreassistError,
        UnreadableError,
        UnsupportedError,
    )
    from scoreassist.files.document import Score, open_score
    from scoreassist.inspection import inspect
    from scoreassist.networks.store import list_models
    from scoreassist.validation import Finding, validate

__version__ = "0.1.0"

# Public names and the modules they live in; imported when first used, so that importing scoreassist is fast.
_PUBLIC = {
    "FillOptions": "assistant",
    "Result": "assistant",
    "compare": "assistant",
    "complete": "assistant",
    "continue_": "assistant",
    "generate": "assistant",
    "harmonize": "assistant",
    "render": "assistant",
    "vary": "assistant",
    "analyze": "counsel.analyze",
    "check": "counsel.check",
    "originality": "counsel.originality",
    "inspect": "inspection",
    "list_models": "networks.store",
    "Score": "files.document",
    "open_score": "files.document",
    "Finding": "validation",
    "validate": "validation",
    "ScoreassistError": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "OutputError": "errors",
    "RequestError": "errors",
    "UnreadableError": "errors",
    "UnsupportedError": "errors",
}

__all__ = [
    "FillOptions",
    "Finding",
    "InputError",
    "ModelError",
    "OutputError",
    "RequestError",
    "Result",
    "Score",
    "ScoreassistError",
    "UnreadableError",
    "UnsupportedError",
    "analyze",
    "check",
    "compare",
    "complete",
    "continue_",
    "generate",
    "harmonize",
    "inspect",
    "list_models",
    "open_score",
    "originality",
    "render",
    "validate",
    "vary",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        value = getattr(import_module(f"scoreassist.{_PUBLIC[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'scoreassist' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
