"""The shape of the code: small files, described exports."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

PYTHON_FILES = [*(ROOT / "ecombi").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]


def test_no_file_is_longer_than_400_lines():
    long = {str(f.relative_to(ROOT)): n for f in PYTHON_FILES if (n := len(f.read_text("utf-8").splitlines())) > 400}
    assert long == {}


def test_nothing_is_called_utils():
    assert [f for f in PYTHON_FILES if f.stem in {"utils", "helpers", "common", "misc"}] == []


def test_help_lists_every_command_quickly_enough_to_be_pleasant():
    done = subprocess.run([sys.executable, "-m", "ecombi", "--help"], check=True, capture_output=True, text=True)
    for command in (
        "load",
        "query",
        "ledger",
        "quarantine",
        "metrics",
        "report",
        "runs",
        "replay",
        "run",
        "backfill",
        "schedule",
        "serve",
    ):
        assert f"\n  {command} " in done.stdout
