"""The kernel specification by which JupyterLab, papermill and Voila find our kernels."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Final

SPEC: Final = "ecombi"


def provisioner(trust: str, **options: object) -> dict[str, object]:
    """Return what a kernel specification says, in its metadata, of kernels to be forked.

    Args:
        trust: Their class; see `trust`.
        options: Further traits of the provisioner.
    """
    return {
        "kernel_provisioner": {"provisioner_name": "ecombi-fork", "config": {"trust": trust, **options}},
        "supported_encryption": ["curve"],
    }


def install(prefix: str | Path = sys.prefix) -> Path:
    """Write the kernel specification `ecombi` for this Python, in place of an earlier one.

    Args:
        prefix: Environment whose Jupyter is to find it.

    Returns:
        The file written.
    """
    file = Path(prefix) / "share" / "jupyter" / "kernels" / SPEC / "kernel.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    said = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "ecombi",
        "language": "python",
        "metadata": {"debugger": True, **provisioner("notebooks")},
    }
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    beside.replace(file)
    return file
