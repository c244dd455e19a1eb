"""Runs a report of the project and reads what it declares: the one place tests do so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup

from ecombi.reports import find
from ecombi.reports.declared import Declared, Value
from ecombi.reports.execution import execute
from ecombi.reports.html import as_html
from ecombi.reports.results import collect
from ecombi.settings import Settings
from tests.reports.document import words

PROJECT = Path(__file__).parents[2]
DEADLINE = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A report that was run.

    Attributes:
        declared: What it declares.
        document: The same in the shape of result.json.
        html: What people read.
    """

    declared: Declared
    document: dict[str, Any]
    html: str

    @property
    def text(self) -> str:
        """Everything people read, with single spaces."""
        return words(BeautifulSoup(self.html, "html.parser").main)

    def figure(self, name: str) -> Value:
        """A declared figure as Python has it; None for no value."""
        return self.declared.figure(name)

    def figures(self, *names: str) -> list[Value]:
        """Several of them."""
        return [self.declared.figure(name) for name in names]

    def rows(self, table: str, *columns: str) -> list[tuple[Value, ...]]:
        """The rows of a declared table: all of its columns, or these."""
        return [tuple(row[name] for name in columns or row) for row in self.declared.rows(table)]


def ask(name: str, values: Mapping[str, object], settings: Settings) -> Asked:
    """Run a report of the project; writes nothing."""
    report = find(name, PROJECT)
    bound = report.bind(values)
    executed = execute(report.notebook, bound, environment=settings.environment(), deadline=DEADLINE)
    found = collect(executed)
    snapshot = found.snapshots[-1] if found.snapshots else None
    return Asked(
        declared=found,
        document=found.document(report=name, parameters=bound, snapshot=snapshot),
        html=as_html(executed, title=report.title),
    )


def declared(name: str, values: Mapping[str, object], settings: Settings) -> dict[str, Any]:
    """Run a report of the project and return what it declares, in the shape of result.json."""
    return ask(name, values, settings).document
