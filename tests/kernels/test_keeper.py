"""What the processes of a job's kernel leave stays below it, whatever they do to get away, and ends with it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from ecombi.kernels import keeper
from tests.kernels.conftest import Kernel, Start, command, is_zygote, lives, parent, state, until


def left_behind(kernel: Kernel, folder: Path, what: str = "sleep 300", name: str = "left") -> int:
    """Have a kernel leave a process: of a session of its own, without variables, its parent ended."""
    file = folder / name
    said = f"{what} >/dev/null 2>&1 & echo $! > {file}"
    kernel.run(f"import os, subprocess; subprocess.run(['setsid', 'sh', '-c', {said!r}], env={{'PATH': os.defpath}})")
    return int(file.read_text())


# Nobody is above a plain kernel: whoever waits for it ends what it has left.
@pytest.mark.parametrize(("plain", "how"), [(False, "well"), (False, "exit"), (False, "killed"), (True, "well")])
def test_what_was_left_ends_with_the_kernel(shared: Start, tmp_path: Path, plain: bool, how: str) -> None:
    kernel = shared(trust="jobs", plain=plain)
    left = left_behind(kernel, tmp_path)
    above = kernel.pid if plain else kernel.manager.provisioner.keeper
    assert parent(left) == above
    if how == "well":
        keeper.end(lambda: psutil.Process(above).children(recursive=True))
    elif how == "exit":
        kernel.client.execute("import os; os._exit(0)")
    else:
        os.kill(kernel.pid, signal.SIGKILL)
    assert until(lambda: not lives(left))
    kernel.manager.shutdown_kernel(now=True)
    assert until(lambda: not lives(above))


def test_families_that_go_on_multiplying_end_too(shared: Start, tmp_path: Path) -> None:
    kernel = shared(trust="jobs")
    (tmp_path / "again").write_text(f"sleep 0.01; echo x >> {tmp_path}/count; setsid sh {tmp_path}/again &\n")
    left_behind(kernel, tmp_path, f"sh {tmp_path}/again")
    assert until(lambda: (tmp_path / "count").exists())
    os.kill(kernel.pid, signal.SIGKILL)
    assert until(lambda: not lives(kernel.manager.provisioner.keeper))
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path / "again") in (p.info["cmdline"] or [])]


def test_nobody_who_was_left_stays_a_zombie_and_own_children_are_not_taken_away(shared: Start, tmp_path: Path) -> None:
    kernel = shared(trust="jobs")
    left = left_behind(kernel, tmp_path, "sleep 0.2")
    assert until(lambda: state(left) == "")
    assert kernel.run("print(subprocess.run(['sh', '-c', 'exit 7']).returncode)") == "7"


@pytest.mark.parametrize(
    ("code", "exit_code"), [("import os; os._exit(3)", 3), ("import os; os.kill(os.getpid(), 11)", -11)]
)
def test_how_the_kernel_ended_is_said_all_the_same(shared: Start, tmp_path: Path, code: str, exit_code: int) -> None:
    kernel = shared(trust="jobs")
    left = left_behind(kernel, tmp_path)
    kernel.client.execute(code)
    process = kernel.manager.provisioner.process
    assert until(lambda: process.poll() is not None)
    assert process.returncode == exit_code
    assert not lives(left)


def test_a_kernel_ends_with_the_process_above_it(shared: Start) -> None:
    kernel = shared(trust="jobs")
    above = kernel.manager.provisioner.keeper
    assert (kernel.parent, is_zygote(above), command(above)) == (above, True, command(parent(above)))
    assert Path(f"/proc/{above}/comm").read_text().strip() == "ecombi-keeper"
    os.kill(above, signal.SIGKILL)
    assert until(lambda: not lives(kernel.pid))


def test_what_a_notebook_of_a_person_leaves_goes_on(shared: Start, tmp_path: Path) -> None:
    kernel = shared(trust="notebooks")
    assert kernel.manager.provisioner.keeper is None
    left = left_behind(kernel, tmp_path)
    kernel.manager.shutdown_kernel(now=True)
    assert lives(left)
    os.kill(left, signal.SIGKILL)
