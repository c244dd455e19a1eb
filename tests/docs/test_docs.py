"""The documentation is true: links lead somewhere, commands run, generated pages are fresh."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ecombi.cli import main
from tests.command import records
from tests.conftest import ROOT

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
ASKING = ("query", "ledger", "metrics", "quarantine")
"""Commands that only read, so that every example of them can be run."""


def commands(page: Path) -> list[str]:
    """Return the `ecombi` commands in the code blocks of a page, without their comments."""
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines = (line.partition("  #")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line.startswith("ecombi ")]


EXAMPLES = sorted({line for page in PAGES for line in commands(page) if line.split()[1] in ASKING})


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """A shop that covers the days the examples ask about."""
    workspace = tmp_path_factory.mktemp("docs") / "shop"
    records("load", "simulated", "--orders", "300", "--years", "2", workspace=workspace)
    return workspace


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_there_are_examples():
    assert len(EXAMPLES) > 5


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_runs(example, demo, monkeypatch, capsys):
    monkeypatch.setenv("ECOMBI_WORKSPACE", str(demo))
    monkeypatch.setattr("sys.argv", shlex.split(example))
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code in (0, None), said.err
    assert said.out


def test_python_of_the_readme_runs(demo, monkeypatch):
    [code] = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    monkeypatch.setenv("ECOMBI_WORKSPACE", str(demo))
    names: dict[str, object] = {}
    exec(code, names)
    names["ws"].close()


def test_generated_pages_are_fresh():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_make_target_of_the_docs_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {
        name
        for page in PAGES
        for name in re.findall(r"\bmake ([a-z-]+)\b(?=`|\s{2,}#|\s*$)", page.read_text("utf-8"), flags=re.MULTILINE)
    }
    assert {"demo", "test"} <= named <= targets
