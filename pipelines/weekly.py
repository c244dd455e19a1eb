"""The weekly pipeline: what the week before the as-of day was like, and how customers, suppliers and payments stand."""

from __future__ import annotations

from ecombi.cli.pipelines import Steps

REPORTS = (
    "weekly_executive_summary",
    "cohort_retention",
    "rfm_segments",
    "supplier_scorecard",
    "payments_reconciliation",
)


def run(steps: Steps) -> None:
    """Report on the last whole week, on the data that have been loaded."""
    week = steps.week
    parameters = {"payments_reconciliation": {"start": week.start.isoformat()}}
    steps.reports({name: parameters.get(name, {}) for name in REPORTS}, as_of=week.end)
