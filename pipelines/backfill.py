"""The backfill pipeline: the daily and weekly reports that are missing, as after days without a nightly run."""

from __future__ import annotations

from datetime import timedelta

from ecombi.cli.pipelines import Steps
from ecombi.schema.periods import Grain

DAYS = 28
WEEKS = 8


def run(steps: Steps) -> None:
    """Run the missing reports of the last four weeks by day, and of the last eight weeks by week."""
    end = steps.last + timedelta(days=1)
    steps.backfill("daily_sales", since=end - timedelta(days=DAYS), each=Grain.DAY)
    steps.backfill("weekly_executive_summary", since=end - timedelta(weeks=WEEKS + 1), each=Grain.WEEK)
