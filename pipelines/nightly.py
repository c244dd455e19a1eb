"""The nightly pipeline: load, build, check, publish, report."""

from __future__ import annotations

from datetime import timedelta

from ecombi.cli.pipelines import Steps

REPORTS = ("daily_sales", "product_performance", "inventory_replenishment", "data_quality")


def run(steps: Steps) -> None:
    """Load every remembered source, publish if the checks pass, then report on the last day and on its month."""
    steps.load()
    last = steps.last
    month = {"start": last.replace(day=1).isoformat(), "end": (last + timedelta(days=1)).isoformat()}
    parameters = {"daily_sales": {"day": last.isoformat()}}
    steps.reports({name: parameters.get(name, month) for name in REPORTS})
