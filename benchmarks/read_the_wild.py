"""Reads, saves, describes, fills and harmonizes hundreds of files by many programs, and checks what comes out.

The files are those that music21 ships: the unofficial MusicXML test suite, each file of which has one thing that
programs trip over, and the MusicXML of its corpus, by Finale, Sibelius, MuseScore, music21 and others. Each is
saved unedited, plain and in an archive, described, and compared with what music21 counts; where somebody sings,
two measures of one voice are emptied and filled again, and a lone melody is harmonized. `tests/wild.py` says what
is checked.

    python benchmarks/read_the_wild.py --jobs 2
    python benchmarks/read_the_wild.py --group "MusicXML test suite"
    python benchmarks/read_the_wild.py --limit 40

Failures are named on stderr, the table is printed on stdout. Exit status 1 if anything failed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import signal
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import torch  # noqa: E402
import wild  # noqa: E402  (lies beside the tests, which use it too)
from circumstances import circumstances, markdown  # noqa: E402

from scoreassist.networks.store import load_filler  # noqa: E402

HANG_SECONDS = 600
GROUPS = tuple(dict.fromkeys(wild.group(name) for name in wild.files()))

# Columns of the table: what they count in a list of accounts.
COLUMNS = {
    "files": len,
    "opened": lambda rows: sum(not row.refused for row in rows),
    "refused": lambda rows: sum(bool(row.refused) for row in rows),
    "saved the same": lambda rows: sum(row.same for row in rows),
    "counts right": lambda rows: sum(row.counted for row in rows),
    "filled": lambda rows: sum(row.filled for row in rows),
    "of them valid": lambda rows: sum(bool(row.valid) for row in rows),
    "equal outside": lambda rows: sum(bool(row.equal) for row in rows),
    "harmonized": lambda rows: sum(row.harmonized for row in rows),
    "failures": lambda rows: sum(bool(row.failures) for row in rows),
}


def prepare() -> None:
    """Make a process ready: one thread, the model loaded, which no file is to be charged with."""
    torch.set_num_threads(1)
    load_filler()


def work(task: tuple[str, int]) -> wild.Account:
    """Examine one file, and stop if it hangs."""

    def stop(*_: object) -> None:
        raise TimeoutError(f"hangs: stopped after {HANG_SECONDS} s")

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, stop)
        signal.alarm(HANG_SECONDS)
    try:
        return wild.examine(*task)
    finally:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)


def examine(names: list[str], seed: int, jobs: int) -> list[wild.Account]:
    """Examine all files, in processes of their own, and name failures as they come."""
    accounts = []
    with multiprocessing.get_context("spawn").Pool(jobs, prepare) as pool:
        for account in pool.imap_unordered(work, [(name, seed) for name in names]):
            accounts.append(account)
            for failure in account.failures:
                print(f"\r{account.name}: {failure}", file=sys.stderr, flush=True)
            if sys.stderr.isatty():
                print(f"\r{len(accounts)}/{len(names)}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 20, end="\r", file=sys.stderr)
    return accounts


def table(accounts: list[wild.Account]) -> str:
    """The accounts by group."""
    rows = [["group", *COLUMNS]]
    for group in (*GROUPS, "all"):
        own = [account for account in accounts if group in (wild.group(account.name), "all")]
        if own:
            rows.append([group, *(str(count(own)) for count in COLUMNS.values())])
    return markdown(rows)


def reasons(accounts: list[wild.Account]) -> str:
    """Why files were refused or not filled, the most frequent first."""
    lines = []
    for what, texts in (
        ("refused", [account.refused for account in accounts]),
        ("not filled", [account.unfilled for account in accounts]),
    ):
        for text, count in Counter(wild.without_place(text) for text in texts if text).most_common():
            lines.append(f"- {what}, {count}: {text}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--group", choices=GROUPS, help="only these files")
    parser.add_argument("--limit", type=int, help="only so many files, evenly spread")
    parser.add_argument("--match", default="", help="only files whose path holds this text")
    parser.add_argument("--seed", type=int, default=1, help="of the notes and of the places of the holes")
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    arguments = parser.parse_args()
    names = [
        name for name in wild.files() if arguments.group in (None, wild.group(name)) and arguments.match in name
    ]
    names = wild.spread(names, arguments.limit)
    accounts = examine(names, arguments.seed, arguments.jobs)
    slowest = max(accounts, key=lambda account: account.seconds)
    told = circumstances(
        f"{len(names)} files of music21, seed {arguments.seed}, one candidate",
        f"the slowest file took scoreassist {slowest.seconds:.1f} s: {slowest.name}",
    )
    print(told, table(accounts), reasons(accounts), sep="\n\n")
    return 1 if any(account.failures for account in accounts) else 0


if __name__ == "__main__":
    sys.exit(main())
