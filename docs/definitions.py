"""Renew the lock of the definitions, or say what is wrong with it (`--check`)."""

from __future__ import annotations

import sys
from pathlib import Path

from ecombi.errors import MetricError
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.versions import EMPTY, Definition, Lock, problems, renewed
from ecombi.workspace.questions import analyses

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "ecombi" / "metrics" / "definitions.lock.json"
CHANGELOG = ROOT / "CHANGELOG.md"


def definitions() -> list[Definition]:
    """Return every metric and every analysis."""
    return [*CATALOGUE.values(), *analyses().values()]


def lock() -> Lock:
    """Return the lock as it was last written."""
    return Lock.read(LOCK.read_text("utf-8")) if LOCK.exists() else EMPTY


def check() -> list[str]:
    """Return what is wrong."""
    return problems(definitions(), lock(), CHANGELOG.read_text("utf-8"))


def renew() -> list[str]:
    """Write the lock, or return why not."""
    try:
        LOCK.write_text(renewed(definitions(), lock()).text(), "utf-8")
    except MetricError as error:
        return str(error).splitlines()
    return []


def main() -> int:
    """Renew or check; returns the exit code."""
    wrong = check() if "--check" in sys.argv[1:] else renew()
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
