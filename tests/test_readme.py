"""What the README shows can be run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from scoreassist.cli import program
from scoreassist.wishes.table import WISHES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with the files that the README speaks of."""
    import scoreassist

    monkeypatch.chdir(tmp_path)
    examples = ROOT / "examples"
    hymn = (examples / "amazing-grace.musicxml").read_bytes()
    chorale = examples / "chorale-with-holes.musicxml"
    Path("hymn.musicxml").write_bytes(hymn)
    Path("melody.musicxml").write_bytes((examples / "oh-susanna.musicxml").read_bytes())
    Path("chorale-with-holes.musicxml").write_bytes(chorale.read_bytes())
    scoreassist.open_score(chorale).save("chorale.mxl")
    return tmp_path


def test_the_commands_run_one_after_the_other(desk):
    block = re.search(r"## On the command line\n\n((?:    .*\n)+)", README)
    assert block
    lines = [line.split("#")[0].strip() for line in block.group(1).splitlines()]
    assert len(lines) == 11
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "scoreassist"
        outcome = CliRunner().invoke(program, words[1:], catch_exceptions=False)
        assert outcome.exit_code == 0, (line, outcome.output)
    for name in ("hymn-satb.musicxml", "hymn.svg", "done.musicxml", "done.mxl", "new-rag.musicxml"):
        assert (desk / name).stat().st_size > 1000


@pytest.mark.parametrize("heading", ["Wishes", "Several answers, and why", "Counsel"])
def test_the_commands_of_a_chapter_run(desk, heading):
    chapter = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line.split("  #")[0].strip() for line in re.findall(r"^    (scoreassist .+)$", chapter, re.MULTILINE)]
    assert lines
    for line in lines:
        outcome = CliRunner().invoke(program, shlex.split(line)[1:], catch_exceptions=False)
        findings = line.startswith("scoreassist check")
        assert outcome.exit_code in ((0, 1) if findings else (0,)), (line, outcome.output)


def test_the_table_of_wishes_is_the_programs_own():
    rows = [f"| `{f'{wish.flag} {wish.metavar}'.replace('|', ' | ').strip()}` |" for wish in WISHES.values()]
    told = [line for line in README.replace("\\|", "|").splitlines() if line.startswith("| `--")]
    assert len(told) == len(rows)
    for row, line, wish in zip(rows, told, WISHES.values(), strict=True):
        assert line.startswith(row)
        assert wish.meaning.replace("|", "") in line
        assert wish.source in line


def test_the_python_example_runs(desk):
    block = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert block
    source = block.group(1).replace('open_score("hymn.musicxml")', 'open_score("chorale.mxl")', 1)
    exec(compile(source, "README.md", "exec"), {})
    assert (desk / "out.musicxml").is_file()
    assert list(desk.glob("out*.svg"))


def test_every_picture_and_page_that_is_linked_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).is_file(), target


def test_every_command_is_spoken_of():
    for name in program.commands:
        assert f"scoreassist {name}" in README or f"`{name}`" in README, name
