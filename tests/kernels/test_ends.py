"""Whoever ends, however: a kernel goes on where it should, ends where it should, and says how it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.conftest import ENDLESS, SECONDS, Kernel, Start, cpu, is_zygote, lives, until


def test_a_running_query_is_interrupted_and_the_kernel_goes_on(shared: Start) -> None:
    kernel = shared(preload=["duckdb"])
    kernel.client.execute(ENDLESS, stop_on_error=False)
    assert until(lambda: cpu(kernel.pid) > 1, SECONDS)
    kernel.manager.interrupt_kernel()
    assert kernel.client.get_shell_msg(timeout=SECONDS)["content"]["status"] == "error"
    assert kernel.run("print(duckdb.execute('SELECT 6 * 7').fetchone())") == "(42,)"


def test_a_kernel_that_is_started_again_is_another_process_on_the_same_ports(shared: Start) -> None:
    kernel = shared()
    kernel.run("kept = 1")
    first, ports = kernel.pid, kernel.manager.shell_port
    kernel.manager.restart_kernel()
    kernel.client.wait_for_ready(timeout=SECONDS)
    assert kernel.pid != first
    assert not lives(first)
    assert (kernel.manager.shell_port, is_zygote(kernel.parent)) == (ports, True)
    with pytest.raises(AssertionError, match="NameError"):
        kernel.run("kept")


@pytest.mark.parametrize(
    ("code", "exit_code"), [("import os; os._exit(3)", 3), ("import os; os.kill(os.getpid(), 11)", -11)]
)
def test_a_kernel_that_dies_says_how(shared: Start, code: str, exit_code: int) -> None:
    kernel = shared()
    kernel.client.execute(code)
    process = kernel.manager.provisioner.process
    assert until(lambda: process.poll() is not None)
    assert process.returncode == exit_code
    assert not kernel.manager.is_alive()


def test_kernels_go_on_without_what_they_were_forked_from_and_the_next_start_makes_another(start: Start) -> None:
    kernel = start()
    source = kernel.parent
    os.kill(source, signal.SIGKILL)
    assert until(lambda: not lives(source))
    assert kernel.run("print('still here')") == "still here"
    other = start()
    assert is_zygote(other.parent)
    assert other.parent != source
    assert other.run("print('new')") == "new"
    kernel.manager.shutdown_kernel()
    assert not lives(kernel.pid)


MANAGER = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.kernels.conftest import starting
with starting(Path({folder!r})) as start:
    kernel = start(linger=0.5)
    print(kernel.pid, kernel.parent, flush=True)
    time.sleep(600)
"""


def test_a_kernel_ends_with_its_manager_and_then_what_it_was_forked_from(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    code = MANAGER.format(root=root, folder=str(tmp_path / "kernels"))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    kernel, source = map(int, process.stdout.readline().split())
    assert lives(kernel)
    process.kill()
    process.wait()
    process.stdout.close()
    assert until(lambda: not lives(kernel))
    assert until(lambda: not lives(source))


def test_a_polite_end_runs_what_is_registered_for_it_and_complains_of_nothing(
    shared: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel: Kernel = shared(preload=["duckdb"])
    file = tmp_path / "said"
    kernel.run(f"import atexit, pathlib; atexit.register(lambda: pathlib.Path({str(file)!r}).write_text('bye'))")
    capfd.readouterr()
    kernel.manager.shutdown_kernel()
    assert file.read_text() == "bye"
    assert capfd.readouterr().err == ""
