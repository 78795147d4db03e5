"""The child process in which Verovio runs, started by :mod:`scoreassist.rendering` and by nothing else.

Of well-formed scores with a few elements removed, doubled or overwritten, about one in forty makes Verovio
divide by zero (a ``beat-type`` of 0 is enough) or never come back; no process survives that. In a child it
is an exit status or a timeout. The child also gives each call a fresh toolkit, without which the same score
is not drawn with the same ids twice, and a main thread, outside of which Verovio does not find its fonts.

One JSON object comes in on stdin, one goes out on stdout; Verovio's own log stays on stderr. This file is run
by its path and imports nothing from scoreassist.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

MOST_MEMORY = 4 * 2**30


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Engrave one score.

    Parameters
    ----------
    request : dict
        ``musicxml`` (text), ``options`` (Verovio's own names) and ``want`` (``"svg"`` or ``"midi"``).

    Returns
    -------
    dict
        ``loaded``; then ``pages``, a list of SVG documents, or ``midi``, a file in base64.
    """
    import verovio

    verovio.enableLog(verovio.LOG_ERROR)
    toolkit = verovio.toolkit()
    if not toolkit.setOptions(request["options"]) or not toolkit.loadData(request["musicxml"]):
        return {"loaded": False}
    page_count = toolkit.getPageCount()
    if request["want"] == "midi":
        # After a load that left no page, renderToMIDI is a segmentation fault.
        return {"loaded": True, "midi": toolkit.renderToMIDI() if page_count else ""}
    return {"loaded": True, "pages": [toolkit.renderToSVG(page) for page in range(1, page_count + 1)]}


def main() -> None:
    """Read the request, keep stdout clean of whatever C++ prints, write the answer."""
    with contextlib.suppress(ImportError, ValueError, OSError):  # where there is no such limit, time is one
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(answer(json.load(sys.stdin.buffer)), stdout)
    stdout.close()


if __name__ == "__main__":
    main()
