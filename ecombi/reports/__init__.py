"""Reports: notebooks with typed parameters, run to documents for people and a result for programs."""

from __future__ import annotations

from ecombi.reports.catalogue import Report, find, names
from ecombi.reports.parameters import Day, Secret
from ecombi.reports.results import report
from ecombi.reports.runner import ReportRun, records, run
from ecombi.reports.secrets import reveal

__all__ = ["Day", "Report", "ReportRun", "Secret", "find", "names", "records", "report", "reveal", "run"]
