"""Runs a command and says on stdout, as JSON, how it ended, how long it took and how much memory it held at most.

A process of its own, small and without imports, because Linux counts the memory of whoever starts a process as the
memory of that process, and a test run holds hundreds of megabytes.

    python measured.py SECONDS COMMAND...
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time


def main() -> None:
    began = time.perf_counter()
    patience, *command = sys.argv[1:]
    try:
        done = subprocess.run(command, capture_output=True, timeout=float(patience), check=False)
        status, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        status, out, err = -1, late.stdout or b"", b"was still running"
    report = {
        "status": status,
        "seconds": time.perf_counter() - began,
        "megabytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "stdout": out[:5000].decode(errors="replace"),
        "stderr": err[:5000].decode(errors="replace"),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
