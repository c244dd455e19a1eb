"""Renew the lock of the definitions, or say what is wrong with it (`--check`)."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ecombi.errors import MetricError
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.areas import METRICS
from ecombi.metrics.versions import EMPTY, Definition, Lock, problems, renewed

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "ecombi" / "metrics" / "definitions.lock.json"
CHANGELOG = ROOT / "CHANGELOG.md"
PACKAGES = ("ecombi.metrics", "ecombi.customers", "ecombi.inventory")


def definitions() -> list[Definition]:
    """Return every metric of the catalogue, and every analysis wherever it is declared."""
    analyses = {id(analysis): analysis for package in PACKAGES for analysis in _analyses(package)}
    return [*METRICS.values(), *analyses.values()]


def _analyses(package: str) -> Iterator[Analysis]:
    for found in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        for value in vars(importlib.import_module(found.name)).values():
            if isinstance(value, Analysis):
                yield value


def lock() -> Lock:
    """Return the lock as it was last written."""
    return Lock.read(LOCK.read_text("utf-8")) if LOCK.exists() else EMPTY


def main() -> int:
    """Renew or check; returns the exit code."""
    if "--check" in sys.argv[1:]:
        wrong = problems(definitions(), lock(), CHANGELOG.read_text("utf-8"))
    else:
        try:
            LOCK.write_text(renewed(definitions(), lock()).text(), "utf-8")
            wrong = []
        except MetricError as error:
            wrong = str(error).splitlines()
    sys.stderr.writelines(f"{line}\n" for line in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
