"""What kernels are forked from: it only imports, one there is for each purpose, and it ends when nobody needs it."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ecombi
from ecombi.errors import KernelError
from ecombi.kernels.environment import read_at_import
from ecombi.kernels.starting import Lease, Source
from ecombi.kernels.trust import PRELOADS
from tests.kernels.conftest import Start, lives, open_files, starting, threads, until

SECRET = "sk_live_5f2b0c_not_for_everybody"


def source(folder: Path, **options: object) -> Source:
    return Source(**{"trust": "notebooks", "folder": folder, "preload": (), "linger": 0.0, **options})


@pytest.mark.parametrize("trust", PRELOADS)
def test_all_imports_of_a_class_start_no_thread_and_open_nothing(trust: str, tmp_path: Path) -> None:
    lease = Lease(source(tmp_path, trust=trust, preload=None))
    try:
        pid = lease.process.pid
        assert len([name for name in threads(pid) if name != "jemalloc_bg_thd"]) == 1
        others = [name for name in open_files(pid) if not name.startswith(("/dev/null", str(tmp_path), "anon_inode:["))]
        # Where it listens, and the connection of the lease.
        assert sorted(name.partition(":")[0] for name in others) == ["socket", "socket"]
        assert Path(f"/proc/{pid}/cwd").readlink() == Path("/")
    finally:
        lease.end()
    assert not lives(pid)


BAD = {
    "a_thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(600,), name='busy', daemon=True).start()",
        "started a thread while it was imported: busy",
    ),
    "a_native_thread": (
        "import duckdb; kept = duckdb.connect(); kept.execute('SELECT 1')",
        "native threads while it was imported",
    ),
    "a_socket": ("import socket; kept = socket.socket()", "has opened socket"),
    "a_file": (
        "import sqlite3; kept = sqlite3.connect('{folder}/never.db'); kept.execute('CREATE TABLE t (a)')",
        "has opened {folder}/never.db",
    ),
    "no_module": (None, "no_module cannot be imported: ModuleNotFoundError"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_module_that_does_more_than_import_is_refused_and_a_plain_kernel_started(
    name: str, start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    code, words = BAD[name]
    if code is not None:
        (tmp_path / f"{name}.py").write_text(code.replace("{folder}", str(tmp_path)))
    with caplog.at_level(logging.WARNING, logger="ecombi"):
        kernel = start(preload=[name], env={"PYTHONPATH": str(tmp_path)})
    assert words.replace("{folder}", str(tmp_path)) in caplog.text
    assert "A kernel is started by itself, not forked" in caplog.text
    assert kernel.parent == os.getpid()
    assert kernel.run("print('plain')") == "plain"


def test_it_knows_no_secret(start: Start) -> None:
    kernel = start(env={"STRIPE_KEY": SECRET, "DATABASE_URL": f"postgresql://user:{SECRET}@host/shop"})
    assert kernel.run("import os; print(os.environ['STRIPE_KEY'])") == SECRET
    pid = kernel.parent
    assert SECRET in memory(kernel.pid), "the way we look must find what is there"
    assert SECRET not in memory(pid)
    known = {entry.partition("=")[0] for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if entry}
    assert known == set(read_at_import({**os.environ, "STRIPE_KEY": SECRET}))
    # Nor do kernels that are forked later.
    assert SECRET not in memory(start().pid)


def memory(pid: int) -> str:
    """Everything a process can write to, as one text."""
    found = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as held:  # noqa: PTH123
        for line in maps:
            addresses, rights, *_ = line.split()
            if rights.startswith("rw"):
                begin, end = (int(place, 16) for place in addresses.split("-"))
                held.seek(begin)
                try:
                    found.append(held.read(end - begin))
                except OSError:
                    continue  # A page that is there for nobody.
    return b"".join(found).decode("ascii", "ignore")


def test_classes_never_share_one(start: Start) -> None:
    kernels = [start(trust=trust) for trust in PRELOADS]
    assert len({kernel.parent for kernel in kernels}) == len(PRELOADS)


def test_of_two_starters_at_once_one_starts_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(6) as pool:
        leases = list(pool.map(Lease, [source(tmp_path)] * 6))
    assert len({lease.process.pid for lease in leases}) == 1
    for lease in leases:
        lease.end()


def test_a_socket_that_nobody_listens_on_any_more_is_replaced(tmp_path: Path) -> None:
    first = Lease(source(tmp_path))
    first.process.kill()
    first.process.wait()
    [left] = [file for file in tmp_path.iterdir() if stat.S_ISSOCK(file.stat().st_mode)]
    second = Lease(source(tmp_path))
    assert second.process.pid != first.process.pid
    assert left.exists()
    second.end()


def test_a_long_folder_does_no_harm_and_only_we_get_in(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    lease = Lease(source(folder))
    assert len(str(folder)) > 108
    modes = {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert (stat.S_IMODE(folder.stat().st_mode), modes) == (0o700, {0o600})
    lease.end()


def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(KernelError, match="is not for this user alone"):
        Lease(source(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KernelError, match="cannot be used"):
        Lease(source(tmp_path / "link"))


def test_it_ends_when_nothing_was_asked_for_long_and_takes_its_address_away(start: Start, tmp_path: Path) -> None:
    kernel = start(idle=0.5, linger=100.0)
    pid = kernel.parent
    assert not until(lambda: not lives(pid), 1.5), "not while a kernel lives"
    kernel.manager.shutdown_kernel(now=True)
    assert until(lambda: not lives(pid))
    assert not [file for file in (tmp_path / "kernels").iterdir() if stat.S_ISSOCK(file.stat().st_mode)]


def test_a_connection_that_asks_for_nothing_stops_nobody(start: Start, tmp_path: Path) -> None:
    first = start()
    [address] = [file for file in (tmp_path / "kernels").iterdir() if stat.S_ISSOCK(file.stat().st_mode)]
    silent, odd = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    for connection in (silent, odd):
        connection.connect(str(address))
    odd.sendall(b"?")
    odd.settimeout(30)
    assert odd.recv(1) == b""
    assert start().parent == first.parent
    silent.close()
    odd.close()


def test_a_change_of_the_code_makes_a_new_one_and_the_old_one_ends_with_its_kernels(
    start: Start, tmp_path: Path
) -> None:
    copy = tmp_path / "code"
    shutil.copytree(Path(ecombi.__file__).parent, copy / "ecombi", ignore=shutil.ignore_patterns("__pycache__"))
    for path in copy.rglob("*.py"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    environment = {"PYTHONPATH": str(copy)}
    asked = {"env": environment, "preload": ["ecombi.errors"], "linger": 60.0}
    show = "import ecombi.errors as errors; print(errors.__file__, getattr(errors, 'NEW', 'old'))"
    changed = copy / "ecombi" / "errors.py"

    first = start(**asked)
    assert first.run(show) == f"{changed} old"
    assert start(**asked).parent == first.parent
    with changed.open("a") as file:
        file.write("\nNEW = 'new'\n")
    os.utime(changed, (1_700_000_001, 1_700_000_001))
    second = start(**asked)
    assert second.run(show) == f"{changed} new"
    assert first.run("print('goes on')") == "goes on"
    old = first.parent
    assert second.parent != old
    with starting(tmp_path / "kernels") as others:
        assert others(**asked).parent == second.parent


def test_the_kernel_specification_is_for_this_python_and_found_by_jupyter(tmp_path: Path) -> None:
    from ecombi.kernels import install

    file = install(tmp_path)
    again = install(tmp_path)
    assert file == again == tmp_path / "share/jupyter/kernels/ecombi/kernel.json"
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "kernelspec", "list", "--json"],
        env={**os.environ, "JUPYTER_PATH": str(tmp_path / "share/jupyter")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(file.parent) in listed
    assert list(file.parent.iterdir()) == [file]
