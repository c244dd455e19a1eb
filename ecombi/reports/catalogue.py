"""The reports of a project: a notebook in notebooks/reports and a YAML of the same stem in parameters/reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ecombi.errors import ReportError, UnknownReportError, did_you_mean
from ecombi.reports.declaration import read_notes, read_parameters
from ecombi.reports.parameters import Parameter, Value, bind, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report that can be run.

    Attributes:
        name: Stem of its notebook.
        notebook: Path of the notebook.
        title: Heading of the document.
        description: The question it answers.
        parameters: In the order of the notebook.
        key: Names of the parameters whose values tell one output from another.
    """

    name: str
    notebook: Path
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    key: tuple[str, ...]

    def bind(self, given: Mapping[str, object], *, as_of: date | None = None) -> dict[str, Value]:
        """Check and complete the values for a run; see ecombi.reports.parameters.bind."""
        return bind(self.name, self.parameters, given, as_of=as_of)

    def stem(self, bound: Mapping[str, Value]) -> str:
        """Return the name of a run's outputs without their ending: NAME, then the key parameters that have a value."""
        return "-".join([self.name, *(str(bound[name]) for name in self.key if bound[name] is not None)])


def names(project_root: Path) -> tuple[str, ...]:
    """List the reports of a project by name."""
    return tuple(sorted(path.stem for path in (project_root / "notebooks" / "reports").glob("*.ipynb")))


def find(name: str, project_root: Path) -> Report:
    """Return the report of that name.

    Raises:
        UnknownReportError: There is none; the message has the nearest names.
        ReportError: Its notebook or its YAML breaks a rule.
    """
    known = names(project_root)
    if name not in known:
        raise UnknownReportError(f"There is no report {shown(name)}. {did_you_mean(name[:80], known)}")
    notebook = project_root / "notebooks" / "reports" / f"{name}.ipynb"
    notes = read_notes(project_root / "parameters" / "reports" / f"{name}.yml")
    parameters = read_parameters(notebook, notes)
    # The key becomes part of a file name, so only kinds that cannot hold a path are allowed.
    safe = {p.name for p in parameters if p.kind in {"Day", "int", "bool"}}
    if wrong := set(notes.key) - safe:
        raise ReportError(
            f"Report {name}: the key can only hold days and numbers it declares, not {', '.join(sorted(wrong))}."
        )
    return Report(
        name=name,
        notebook=notebook,
        title=notes.title,
        description=notes.description,
        parameters=parameters,
        key=notes.key,
    )
