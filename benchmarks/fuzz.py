"""Throw spoiled scores at scoreassist: every one must be understood or refused in one clear line.

    python benchmarks/fuzz.py --count 10000 --seed 1 --render

Each mutant (bytes flipped, elements dropped, moved, doubled, numbers garbled) goes through `inspect`, `complete`
and `harmonize`, with dice in place of the model; one in twenty is drawn as well if asked for. What counts as a
failure: any exception but ScoreassistError, more than five seconds, an input that changes, a result that cannot be
opened again. Failures are printed and, with --keep, written to a folder.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from fuzzing import Failure, base_files, draw, try_everything  # noqa: E402
from mutants import mutant  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many mutants (default 1000)")
    parser.add_argument("--seed", type=int, default=0, help="of the first one; the others follow")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--render", action="store_true", help="draw one in twenty")
    parser.add_argument("--keep", type=Path, help="a folder for mutants that fail")
    options = parser.parse_args()
    files = base_files()
    began, slowest, said, failures = time.perf_counter(), (0.0, -1), Counter[str](), Counter[str]()
    seed = options.seed
    for seed in range(options.seed, options.seed + options.count):
        name, data = files[seed % len(files)]
        spoiled = mutant(data, seed)
        start = time.perf_counter()
        try:
            said.update(try_everything(spoiled, name, seed))
            if options.render and seed % 20 == 0:
                said[draw(spoiled, name)] += 1
        except Failure as failure:
            report(failure, failures, seed, name)
            if options.keep:
                options.keep.mkdir(exist_ok=True, parents=True)
                (options.keep / f"{seed}-{Path(name).name}").write_bytes(spoiled)
        slowest = max(slowest, (time.perf_counter() - start, seed))
        if time.perf_counter() - began > 60 * options.minutes:
            break
    print(f"{seed + 1 - options.seed} mutants of {len(files)} files in {time.perf_counter() - began:.0f} s")
    print(f"slowest {slowest[0]:.1f} s (seed {slowest[1]})")
    for what, count in said.most_common():
        print(f"  {count:6} {what}")
    print(f"{sum(failures.values())} failures of {len(failures)} kinds")
    for what, count in failures.most_common():
        print(f"  {count:6} {what}")
    return bool(failures)


def report(failure: Failure, failures: Counter[str], seed: int, name: str) -> None:
    """Count a failure by its place; of each kind the first is printed in full."""
    cause = failure.__cause__ or failure
    frames = [f for f in traceback.extract_tb(cause.__traceback__) if "scoreassist" in f.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "-"
    kind = f"{failure} in {place}: {type(cause).__name__}: {str(cause)[:100]}"
    known = any(other.startswith(kind[:60]) for other in failures)
    failures[kind] += 1
    if not known:
        print(f"seed {seed}, {name}: {kind}", flush=True)
        traceback.print_exception(cause, file=sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
