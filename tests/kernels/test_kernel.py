"""A forked kernel has everything of its own that one started by itself would have."""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from ecombi.reports.kernel import kernel_manager
from tests.kernels.conftest import Kernel, Start, is_zygote, lives, parent, until


def test_it_is_forked_and_has_a_session_and_a_name_of_its_own(shared: Start) -> None:
    kernel = shared()
    assert is_zygote(kernel.parent)
    assert kernel.run("import os; print(os.getpid(), os.getsid(0), os.getpgid(0))") == " ".join([str(kernel.pid)] * 3)
    assert Path(f"/proc/{kernel.pid}/comm").read_text().strip() == "ecombi-kernel"
    assert kernel.run("import __main__; print('get_ipython' in vars(__main__), __name__)") == "True __main__"


def test_it_has_its_own_variables_and_no_others(shared: Start) -> None:
    one = shared(env={"SHOWN": "one", "ONLY_ONE": "1", "PYTHONDONTWRITEBYTECODE": "1"})
    two = shared(env={"SHOWN": "two"})
    show = (
        "import os; print({k: v for k, v in os.environ.items() if k.startswith(('SHOWN', 'ONLY')) or 'BYTECODE' in k})"
    )
    assert one.parent == two.parent
    assert one.run(show) == "{'SHOWN': 'one', 'ONLY_ONE': '1'}"
    assert two.run(show) == "{'SHOWN': 'two'}"
    assert two.run("import os; print('JPY_PARENT_PID' in os.environ, 'PATH' in os.environ)") == "False True"
    assert two.run("!echo $SHOWN") == "two"


def test_it_runs_in_its_folder_with_the_umask_and_limits_of_its_manager(shared: Start, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        kernel = shared(cwd=tmp_path)
    finally:
        os.umask(before)
    (tmp_path / "beside.py").write_text("who = 'a file in the folder of the kernel'")
    assert kernel.run("import os, beside; print(os.getcwd())") == str(tmp_path)
    assert kernel.run("open('made', 'w').close(); import os; print(oct(os.stat('made').st_mode & 0o777))") == "0o640"
    known = [name for name in dir(resource) if name.startswith("RLIMIT_")]
    limits = {name: list(resource.getrlimit(getattr(resource, name))) for name in known}
    shown = (
        f"import resource, json; print(json.dumps({{n: resource.getrlimit(getattr(resource, n)) for n in {known}}}))"
    )
    assert json.loads(kernel.run(shown)) == limits


def test_options_of_its_interpreter_hold_for_it(shared: Start, tmp_path: Path) -> None:
    (tmp_path / "json5.py").write_text("raise SystemExit('shadowed')")
    kernel = shared("--InteractiveShellApp.ignore_cwd=True", flags=("-P", "-X", "importtime=0", "-O"), cwd=tmp_path)
    assert kernel.run("import sys; print(sys.flags.optimize, sys.flags.safe_path, '' in sys.path)") == "1 True False"


def test_variables_that_are_read_at_import_hold_for_it(shared: Start) -> None:
    plain, other = shared(), shared(env={"OMP_NUM_THREADS": "1", "TZ": "Asia/Tokyo"})
    assert plain.parent != other.parent
    assert other.run("import time; print(time.tzname[0])") == "JST"


def test_no_two_kernels_draw_the_same_numbers(shared: Start) -> None:
    draw = "import random, numpy, uuid; print(random.random(), numpy.random.random(), uuid.uuid4())"
    drawn = [shared(preload=["numpy"]).run(draw).split() for _ in range(2)]
    assert all(one != other for one, other in zip(*drawn, strict=True))


def test_more_data_than_allowed_is_an_error_and_the_kernel_lives(shared: Start) -> None:
    kernel = shared(memory=600 * 2**20)
    # Arrow's allocator does not take the limit for itself.
    assert kernel.run("import pyarrow as pa; print(len(pa.array(range(1000))))") == "1000"
    assert kernel.run("kept = bytearray(200 * 2**20); print(len(kept) // 2**20)") == "200"
    with pytest.raises(AssertionError, match="MemoryError"):
        kernel.run("bytearray(700 * 2**20)")
    assert kernel.run("print(1)") == "1"


def test_a_plain_kernel_has_the_same_limit(shared: Start) -> None:
    kernel = shared(memory=600 * 2**20, plain=True)
    assert kernel.parent == os.getpid()
    with pytest.raises(AssertionError, match="MemoryError"):
        kernel.run("bytearray(700 * 2**20)")


class Unlucky(KernelManager):
    """Between the choice of a port and its use, another process takes it."""

    def write_connection_file(self, **options: object) -> None:
        import socket

        super().write_connection_file(**options)
        if not hasattr(self, "taken"):
            self.taken = []
            for port in (self.shell_port, self.iopub_port, self.stdin_port, self.control_port):
                other = socket.socket()
                other.bind(("127.0.0.1", port))
                other.listen()
                self.taken.append(other)


def test_a_port_that_another_process_takes_meanwhile_does_no_harm(shared: Start) -> None:
    kernel = shared(base=Unlucky)
    assert is_zygote(kernel.parent)
    assert kernel.run("print('here')") == "here"
    bound = json.loads(Path(kernel.manager.connection_file).read_text())
    assert bound["shell_port"] == kernel.manager.shell_port
    assert bound["shell_port"] not in {other.getsockname()[1] for other in kernel.manager.taken}
    for other in kernel.manager.taken:
        other.close()


def test_a_report_has_its_guarantees_in_a_forked_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    (tmp_path / "colorsys.py").write_text("raise SystemExit('shadowed')")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    made = kernel_manager(scratch, {"ECOMBI_WORKSPACE": "a $HOME {shop}"})
    asynchronous = made()
    from jupyter_core.utils import run_sync

    run_sync(asynchronous.start_kernel)(cwd=str(tmp_path))
    manager = KernelManager(connection_file=asynchronous.connection_file)
    manager.load_connection_file()
    manager.provisioner = asynchronous.provisioner
    kernel = Kernel(manager)
    try:
        assert is_zygote(kernel.parent)
        assert "curve_secretkey" in json.loads((scratch / "connection.json").read_text())
        said = kernel.run(
            "import colorsys, os, sys\n"
            "print([sys.executable, os.environ['ECOMBI_WORKSPACE'], os.environ['IPYTHONDIR']])"
        )
        assert said == str([sys.executable, "a $HOME {shop}", str(scratch)])
        assert kernel.run("print(get_ipython().history_manager.enabled, 'pandas' in sys.modules)") == "False True"
        source = parent(kernel.parent)
    finally:
        kernel.client.stop_channels()
        run_sync(asynchronous.shutdown_kernel)(now=True)
    assert until(lambda: not lives(kernel.pid))
    os.kill(source, 15)
