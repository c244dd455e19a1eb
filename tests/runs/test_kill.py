"""Runner, kernel, or both are killed at random moments: no output is half-written; the next start puts all right."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from ecombi.reports.runner import ENDINGS
from ecombi.runs.record import Run, State
from ecombi.runs.runner import Runner
from tests.runs.jobs import alive, asked, open_runner, wait_until, write_report

KILLS = 50
AT_ONCE = 5

# Forks a runner with its imports done for every line it reads: a folder, and the number of a run.
NURSERY = """
import os, sys
from pathlib import Path
import nbconvert, papermill, xlsxwriter
import ecombi.reports.documents, ecombi.reports.execution, ecombi.reports.html, ecombi.reports.leaks
from tests.runs.jobs import open_runner

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        folder, run_id = line.split()
        with open_runner(Path(folder)) as runner:
            runner.recover()
            runner.run(run_id)
        os._exit(0)
    print(pid, flush=True)
"""

NOTEBOOK = (
    "import os, subprocess, time\nchild = subprocess.Popen(['sleep', '300'], start_new_session=True)",
    "with open(f'{pids}.new', 'w') as file: file.write(f'{os.getpid()} {child.pid}')",
    "os.replace(f'{pids}.new', pids)",
    "time.sleep(0.2)\nprint('the label is', label)\nreport.publish(label=label)",
)


class Nursery:
    """Starts runners, each a process that can be killed; threads may share it."""

    def __init__(self, scratch: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(scratch)}
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self._lock = threading.Lock()

    def start(self, folder: Path, run: Run) -> int:
        """Return the number of a process that runs this."""
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(f"{folder} {run.run_id}\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


@dataclass
class Shop:
    """A workspace in which one run after the other is killed.

    Attributes:
        folder: Of the workspace and the project.
        runner: What starts next.
        nursery: Starts runners.
        rng: Says what is killed and when.
        outcomes: How the next start found the runs.
    """

    folder: Path
    runner: Runner
    nursery: Nursery
    rng: random.Random
    outcomes: list[str] = field(default_factory=list)

    def kill_some(self) -> None:
        """Kill so often that all shops together come to the number wanted."""
        for number in range(KILLS // AT_ONCE):
            self.kill_one(f"run {number}")

    def kill_one(self, label: str) -> None:
        """Start a run, kill something, start again, and look."""
        runner = self.runner
        run = asked(runner, label)
        pids = self.folder / "pids"
        pids.unlink(missing_ok=True)
        process = self.nursery.start(self.folder, run)
        self._kill(process, pids, runner, run)
        self._every_file_is_whole(run)
        killed = [int(pid) for pid in pids.read_text().split()] if pids.exists() else []

        runner.recover()

        found = runner.store.get(run.run_id)
        assert found.state is not State.RUNNING
        assert wait_until(lambda: not any(alive(pid) for pid in [process, *killed])), (label, killed)
        self._all_is_of_one_run(runner, found)
        self.outcomes.append(found.failure.kind if found.failure else found.state.value)
        if found.state is State.QUEUED:
            found = runner.run(run.run_id)
        elif found.state is not State.SUCCEEDED:
            found = runner.run(runner.retry(run.run_id).run_id)
        assert found.state is State.SUCCEEDED, found.failure
        self._all_is_of_one_run(runner, found)

    def _kill(self, process: int, pids: Path, runner: Runner, run: Run) -> None:
        victim = self.rng.choice(["runner", "kernel", "both"])
        self._wait(self.rng.choice(["any time", "in a cell", "while writing"]), process, pids, runner, run)
        victims = [process] if victim != "kernel" or not pids.exists() else []
        if victim != "runner" and pids.exists():
            victims += map(int, pids.read_text().split()[:1])
        for pid in victims:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        # A runner whose kernel was killed says so itself.
        assert wait_until(lambda: not alive(process))

    def _wait(self, moment: str, process: int, pids: Path, runner: Runner, run: Run) -> None:
        """Wait for a random moment: cells take a fifth of the time, and outputs are written within milliseconds."""
        half, whole = runner.folders.root / f".{run.run_id}", runner.folders.of(run.run_id)
        if moment == "any time":
            time.sleep(self.rng.uniform(0, 1.5))
            return
        while alive(process) and not (pids.exists() if moment == "in a cell" else half.exists() or whole.exists()):
            time.sleep(0.001)
        time.sleep(self.rng.uniform(0, 0.2 if moment == "in a cell" else 0.02))

    def _every_file_is_whole(self, run: Run) -> None:
        for path in run.request.folder.glob("tiny*"):
            content = path.read_bytes()
            match path.suffix:
                case ".html":
                    assert content.rstrip().endswith(b"</html>")
                case ".ipynb":
                    nbformat.reads(content.decode("utf-8"), as_version=4)
                case ".json":
                    json.loads(content)
                case _:
                    assert zipfile.ZipFile(path).testzip() is None

    def _all_is_of_one_run(self, runner: Runner, run: Run) -> None:
        found = {path.name: path.read_bytes() for path in run.request.folder.iterdir()}
        found.pop("tiny.failed.ipynb", None)
        folders = [path for path in runner.folders.root.glob("*") if path.name != "code"]
        sets = [self._documents(folder) for folder in folders]
        assert found in sets or not (found or any(sets)), (found.keys(), [of.keys() for of in sets])

    def _documents(self, folder: Path) -> dict[str, bytes]:
        """What a run's folder has for people, by the name they know; the folder is what its receipt says."""
        receipt = json.loads((folder / "receipt.json").read_bytes())
        files = {kind: (folder / one["file"]).read_bytes() for kind, one in receipt["outputs"].items()}
        assert {kind: hashlib.sha256(content).hexdigest() for kind, content in files.items()} == {
            kind: one["sha256"] for kind, one in receipt["outputs"].items()
        }
        return {f"tiny{ENDINGS[kind]}": content for kind, content in files.items() if kind != "failed"}


@pytest.mark.slow
def test_nothing_is_half_written_and_all_is_put_right_whatever_is_killed_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    left = []
    with ExitStack() as opened, ThreadPoolExecutor(AT_ONCE) as pool:
        nursery = Nursery(scratch)
        opened.callback(nursery.close)
        shops = []
        for number in range(AT_ONCE):
            folder = tmp_path / str(number)
            declared = f"label: str = ''\npids: str = {str(folder / 'pids')!r}"
            write_report(folder / "project", *NOTEBOOK, parameters=declared)
            runner = opened.enter_context(open_runner(folder))
            shops.append(Shop(folder, runner, nursery, random.Random(number)))
        for _ in pool.map(Shop.kill_some, shops):
            pass
        # The last run of each shop has come to its end; one more is killed, and the next start finds what it left.
        run = asked(shops[0].runner, "last")
        process = nursery.start(shops[0].folder, run)
        assert wait_until(lambda: list(scratch.glob("ecombi-[a-z]*")))
        os.kill(process, signal.SIGKILL)
        assert wait_until(lambda: not alive(process))
        left = sorted(path.name for path in scratch.glob("ecombi-[a-z]*"))
        shops[0].runner.recover()
        assert list(scratch.glob("ecombi-[a-z]*")) == []
        assert [path.name for shop in shops for path in (shop.folder / "shop" / "runs").glob(".*")] == []
    # Those of the fifty were removed at their own next start.
    assert len(left) == 1
    outcomes = [outcome for shop in shops for outcome in shop.outcomes]
    assert len(outcomes) == KILLS
    # The moments were spread: some before the outputs were whole, some after, some killed kernels only.
    assert {"lost", "NotebookFailed", "succeeded"} <= set(outcomes), outcomes
