"""The nightly pipeline: load, build, check, publish, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from ecombi import reports
from ecombi.cli.progress import Progress
from ecombi.workspace import Workspace

REPORTS = ("daily_sales", "product_performance")


def run(ws: Workspace, *, as_of: date | None, at: datetime, progress: Progress) -> Sequence[Mapping[str, object]]:
    """Load every remembered source, publish if the checks pass, then run the reports on the last day before `as_of`.

    Args:
        ws: The workspace; at least one source has been loaded into it before.
        as_of: Rows of this day and later are not loaded and not reported. None: everything there is.
        at: The instant written as loaded_at.
        progress: Told about each step.

    Returns:
        One record per delivery loaded and per report written.
    """
    loaded = ws.loading.again(until=as_of, at=at, progress=progress)
    last = ws.coverage.last if as_of is None else min(ws.coverage.last, as_of - timedelta(days=1))
    month = last.replace(day=1)
    parameters = {
        "daily_sales": {"day": last.isoformat()},
        "product_performance": {"start": month.isoformat(), "end": (last + timedelta(days=1)).isoformat()},
    }
    written = [
        reports.run(
            reports.find(name, ws.project),
            parameters[name],
            settings=ws.settings,
            out=ws.path / "reports",
            progress=progress,
        )
        for name in REPORTS
    ]
    return [
        *(
            {"step": "load", "name": f"{one.source}: {one.delivery}", "rows_in": one.rows_in, "rows_new": one.rows_new,
             "rows_quarantined": one.rows_quarantined, "output": None, "seconds": round(one.seconds, 2)}
            for one in loaded
        ),
        *(
            {"step": "report", "name": one.report, "rows_in": None, "rows_new": None,
             "rows_quarantined": None, "output": str(one.html), "seconds": round(one.seconds, 2)}
            for one in written
        ),
    ]  # fmt: skip
