"""Time and memory that hostile files cost, through the real command line.

    python benchmarks/attacks.py [--match WORDS] [--command info]

A table: attack, seconds, megabytes resident at most (all of `python -m scoreassist`, which needs some 25 of them
to start), exit status, and what was said.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from attacks import ATTACKS, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--match", default="", help="only attacks whose name holds this")
    parser.add_argument("--command", default="info", choices=["info", "complete", "render"])
    options = parser.parse_args()
    print(f"{'attack':<42} {'s':>5} {'MB':>5} exit  said")
    with tempfile.TemporaryDirectory() as folder:
        for attack in ATTACKS:
            if options.match not in attack.name:
                continue
            path = Path(folder) / attack.file
            path.write_bytes(attack.make().replace(b"{port}", b"9"))
            more = {"info": [], "complete": ["-o", f"{folder}/out.mxl"], "render": ["-o", f"{folder}/out.svg"]}
            answer = run(options.command, str(path), *more[options.command])
            said = (answer["stderr"] or answer["stdout"]).replace(str(path), "FILE")
            first = said.splitlines()[0] if said else ""
            row = f"{answer['seconds']:5.2f} {answer['megabytes']:5.0f} {answer['status']:4}  {first[:110]}"
            print(f"{attack.name:<42} {row}", flush=True)


if __name__ == "__main__":
    main()
