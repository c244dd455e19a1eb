"""Folders for a while: gone after it, or at the next start where their owner was killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecombi.reports.scratch import scratch, sweep
from tests.runs.jobs import alive, wait_until

OWNER = """
import os, subprocess, time
from ecombi.reports.scratch import scratch
with scratch("pdf") as folder:
    (folder / "inner").mkdir()
    child = subprocess.Popen(["sleep", "300"], cwd=folder / "inner", start_new_session=True)
    print(folder, child.pid, flush=True)
    time.sleep(300)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's folders are."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def owner() -> Iterator[tuple[subprocess.Popen[str], Path, int]]:
    """A process that works in a folder, that folder, and another process that works in it."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        folder, child = process.stdout.readline().split()
        yield process, Path(folder), int(child)
        process.kill()
        if alive(int(child)):
            os.kill(int(child), signal.SIGKILL)


def test_it_is_for_this_user_alone_and_gone_after_the_block(temporary: Path) -> None:
    with scratch("report") as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "file").touch()
        assert sweep() == []
        assert (folder / "file").exists()
    assert list(temporary.iterdir()) == []


def test_one_whose_owner_was_killed_is_removed_and_what_works_in_it_ended(
    owner: tuple[subprocess.Popen[str], Path, int],
) -> None:
    process, folder, child = owner
    assert (sweep(), folder.exists(), alive(child)) == ([], True, True)
    process.kill()
    process.wait()
    assert (sweep(), folder.exists()) == ([folder], False)
    assert wait_until(lambda: not alive(child))
    assert sweep() == []


def test_what_only_looks_like_one_stays(temporary: Path) -> None:
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (temporary / "ecombi-scratch-link").symlink_to(elsewhere)
    (temporary / "ecombi-scratch-file").touch()
    assert sweep() == []
    assert len(list(temporary.iterdir())) == 3
