"""Imports run down the table of ARCHITECTURE.md, and every file stands in a room of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "scoreassist"
EVERYWHERE = {"errors", "folders", "options"}


def rooms() -> dict[str, int]:
    """Rooms by their row in the table; those of one row belong together."""
    table = (ROOT / "ARCHITECTURE.md").read_text().split("## The rooms")[1].split("\n\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    return {
        name.strip("`/").removesuffix(".py"): place for place, row in enumerate(rows) for name in row.split(", ")
    }


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file: Path) -> set[str]:
    """Rooms that a file imports from, also inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scoreassist"):
            _, *path = str(node.module).split(".")
            found |= {path[0]} if path else {alias.name for alias in node.names}
    return found


def test_every_file_stands_in_a_room():
    files = {room_of(file) for file in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert files == set(rooms())


def test_imports_run_down_the_table_only():
    order = rooms()
    wrong = [
        f"{file.relative_to(PACKAGE)} imports {other}"
        for file in PACKAGE.rglob("*.py")
        if (room := room_of(file)) in order
        for other in imported(file) - EVERYWHERE
        if other in order and order[other] > order[room]
    ]
    assert wrong == []
