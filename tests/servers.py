"""Real servers for tests, started on 127.0.0.1 with their data in a temporary folder, and stopped afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def free_port() -> int:
    """Return a TCP port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_program(name: str) -> str:
    candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or (str(candidates[0]) if candidates else None)
    if found is None:
        raise FileNotFoundError(
            f"PostgreSQL's {name} is not installed. Run 'make test', or install the package postgresql."
        )
    return found


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL server with its data in a temporary folder; yields the URL of its database `postgres`."""
    # Not below pytest's own folder: that is closed to the user the server runs as.
    folder, port = Path(tempfile.mkdtemp(prefix="ecombi-postgres-")), free_port()
    # initdb refuses root: there, the server runs as the user the system package made.
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    data, control = folder / "data", _postgres_program("pg_ctl")
    settings = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c listen_addresses=127.0.0.1"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        run(
            _postgres_program("initdb"),
            *("--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", str(data)),
        )
        options = f"{settings} -k {folder} -p {port}"
        run(control, "-w", "-D", str(data), "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            run(control, "-w", "-m", "immediate", "-D", str(data), "stop")
    finally:
        shutil.rmtree(folder)
