"""Reports: notebooks with typed parameters, run to a notebook and an HTML document."""

from __future__ import annotations

from ecombi.reports.catalogue import Report, find, names
from ecombi.reports.parameters import Day
from ecombi.reports.runner import ReportRun, records, run

__all__ = ["Day", "Report", "ReportRun", "find", "names", "records", "run"]
