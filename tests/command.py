"""Running the `ecombi` command as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def ecombi(
    *arguments: str | Path, workspace: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its exit code."""
    command = [sys.executable, "-m", "ecombi", *map(str, arguments), "--workspace", str(workspace)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})}, cwd=workspace.parent
    )


def records(*arguments: str | Path, workspace: Path, env: Mapping[str, str] | None = None) -> list[dict[str, object]]:
    """Run a command that must succeed and return the records it writes as JSON."""
    done = ecombi(*arguments, "--format", "json", workspace=workspace, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
