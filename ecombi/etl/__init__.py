"""From what sources deliver to the tables the business reads: load, check, quarantine, build."""

from __future__ import annotations

from ecombi.etl.loading import Progress, load
from ecombi.etl.marts import build_marts, is_current
from ecombi.etl.quarantine import replay
from ecombi.etl.reports import LoadReport
from ecombi.etl.totals import Condition, ledger_totals

__all__ = ["Condition", "LoadReport", "Progress", "build_marts", "is_current", "ledger_totals", "load", "replay"]
