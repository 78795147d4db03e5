"""Where shipped data and derived data lie."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder(kind: str) -> Path:
    """The folder ``models`` or ``corpora``: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / kind
    return installed if installed.is_dir() else package.parent / kind


def cache_folder() -> Path:
    """Where derived data may be kept: ``$SCOREASSIST_CACHE``, else the user's cache folder."""
    if chosen := os.environ.get("SCOREASSIST_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scoreassist"
