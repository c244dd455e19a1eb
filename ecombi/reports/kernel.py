"""The kernel a report runs in: this very interpreter, with nothing of the folder it is started from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager, KernelManager

from ecombi.kernels.spec import provisioner


def kernel_manager(
    scratch: Path, environment: Mapping[str, str], *, memory: int | None = None, fork: bool = True
) -> type[KernelManager]:
    """Return a kernel manager class that starts ipykernel on `sys.executable`, whatever kernel specs are installed.

    Args:
        scratch: Folder for the connection file and IPython's own files, so no user profile or history plays a part.
        environment: Variables set for the kernel only.
        memory: Bytes of data the kernel may hold; more is a MemoryError in it. None: as much as there is.
        fork: Forks the kernel from a process with the imports done; False starts a plain one.
    """
    # Jupyter fills in $NAME in these values; a dollar sign of ours is to stay one.
    variables = {**environment, "IPYTHONDIR": str(scratch)}
    spec = KernelSpec(
        # -P and ignore_cwd: a file called pandas.py in the current folder must not be imported by a report.
        argv=[
            sys.executable,
            "-P",
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--InteractiveShellApp.ignore_cwd=True",
            "--HistoryManager.enabled=False",
        ],
        env={name: value.replace("$", "$$") for name, value in variables.items()},
        display_name="ecombi report",
        language="python",
        metadata=provisioner("jobs", memory=memory, plain=not fork),
    )

    class ReportKernelManager(AsyncKernelManager):
        """Knows the one kernel spec above and no other."""

        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        def _connection_file_default(self) -> str:
            return str(scratch / "connection.json")

        def _transport_encryption_default(self) -> str:
            return "auto"

    return ReportKernelManager
