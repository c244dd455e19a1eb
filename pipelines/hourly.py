"""The hourly pipeline: load what is new, build, check, publish."""

from __future__ import annotations

from ecombi.cli.pipelines import Steps


def run(steps: Steps) -> None:
    """Load every remembered source; where nothing is new, nothing is published."""
    steps.load()
