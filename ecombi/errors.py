"""Every error ecombi raises: what happened, with which value, and what would work.

EcombiError
├─ ConfigurationError             a setting is missing or wrong
├─ SourceError                    a source cannot be read
│  ├─ SourceUnavailable           (Transient) the source did not answer
│  ├─ SourceSchemaError           a column is missing, or the mapping does not fit the file
│  └─ MappingError                a mapping file is wrong
├─ BackendError                   a store refused or failed
│  ├─ BackendUnavailable          (Transient) the store cannot be reached
│  ├─ WarehouseBusy               (Transient) another process is building
│  └─ EmptyWarehouse              nothing has been loaded yet
├─ DataQualityError               a check failed before publishing
├─ MetricError
│  ├─ UnknownMetricError          (KeyError) with the nearest names
│  ├─ UnknownDimensionError       (KeyError) with the nearest names
│  └─ IncompatibleMetricsError    these metrics cannot be cut that way
├─ ModelError                     a model cannot be fitted or used
│  └─ NotEnoughHistoryError       too little has happened yet for a model to learn from
├─ AccessDenied                   (PermissionError) the identity may not see that
├─ KernelError                    a kernel cannot be forked; the words say why
├─ PeriodError                    (ValueError) an impossible period or date
└─ ReportError
   ├─ UnknownReportError          (KeyError) with the nearest names
   ├─ ParameterError              (ValueError) unknown, missing or ill-typed parameter
   ├─ NotebookFailed              a cell failed; carries the cell and its source
   │  └─ NotebookMustWait         (Transient) a cell failed for a reason that may pass
   ├─ KernelNotStarted            (Transient) the kernel was gone before the first cell
   ├─ SnapshotMoved               (Transient) new data were published while the report ran
   ├─ DeadlinePassed              the whole run took longer than it may
   ├─ RunCancelled                somebody cancelled the run
   ├─ PdfNotMade                  the Chromium there is made no PDF
   ├─ SecretLeaked                an output held the value of a secret; nothing was stored
   ├─ UnknownRunError             (KeyError) no run of that number
   ├─ RunConflict                 the run is not in a state in which that can be done
   └─ ScheduleError               a schedule is wrong; the message names the file and the place
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

_LISTED: Final = 50
"""How many known names a message lists."""


class EcombiError(Exception):
    """Root of the tree; catching it catches everything ecombi raises on purpose."""

    def __str__(self) -> str:
        # KeyError's own __str__ would show the message in quotes.
        return str(self.args[0]) if self.args else self.__class__.__name__


class Transient:
    """Mixin: trying again later may succeed."""


class ConfigurationError(EcombiError):
    """A setting is missing or has a value that cannot work."""


class SourceError(EcombiError):
    """A source cannot be read."""


class SourceUnavailable(SourceError, Transient):
    """A source did not answer."""


class SourceSchemaError(SourceError):
    """A file lacks a column, or is of another kind than its mapping says."""


class MappingError(SourceError):
    """A mapping file is wrong; the message names the file, the place and what would work."""


class BackendError(EcombiError):
    """A store refused or failed."""


class BackendUnavailable(BackendError, Transient):
    """A store cannot be reached."""


class WarehouseBusy(BackendError, Transient):
    """Another process is building the same warehouse."""


class EmptyWarehouse(BackendError):
    """Nothing has been published yet."""


class DataQualityError(EcombiError):
    """A check failed, so nothing was published.

    Attributes:
        check: Name of the check.
        failing_rows: How many rows break it, where rows can be counted.
    """

    def __init__(self, message: str, *, check: str, failing_rows: int | None = None) -> None:
        super().__init__(message)
        self.check = check
        self.failing_rows = failing_rows


class MetricError(EcombiError):
    """A metric query cannot be answered."""


class UnknownMetricError(MetricError, KeyError):
    """No metric of that name."""


class UnknownDimensionError(MetricError, KeyError):
    """No dimension of that name."""


class IncompatibleMetricsError(MetricError):
    """These metrics and dimensions have no common answer."""


class ModelError(EcombiError):
    """A model cannot be fitted or used."""


class NotEnoughHistoryError(ModelError):
    """Too little has happened yet for a model to learn from."""


class AccessDenied(EcombiError, PermissionError):
    """The identity that asks may not see that."""


class KernelError(EcombiError):
    """A kernel cannot be forked."""


class PeriodError(EcombiError, ValueError):
    """An impossible period or an unreadable date."""


class ReportError(EcombiError):
    """A report cannot be run."""


class UnknownReportError(ReportError, KeyError):
    """No report of that name."""


class ParameterError(ReportError, ValueError):
    """A report parameter is unknown, missing or of the wrong type."""


class NotebookFailed(ReportError):
    """A cell of a report failed.

    Attributes:
        cell: Number of the failing cell, from 1.
        source: The cell's code.
    """

    def __init__(self, message: str, *, cell: int, source: str) -> None:
        super().__init__(message)
        self.cell = cell
        self.source = source


class NotebookMustWait(NotebookFailed, Transient):
    """A cell failed for a reason that may pass: a server that did not answer."""


class KernelNotStarted(ReportError, Transient):
    """The kernel was gone before the first cell."""


class SnapshotMoved(ReportError, Transient):
    """New data were published while a report ran, so its figures would not be of one state."""


class DeadlinePassed(NotebookFailed):
    """The whole run took longer than it may; the cell is the one that was running."""


class RunCancelled(ReportError):
    """Somebody cancelled the run."""


class PdfNotMade(ReportError):
    """The Chromium that is there made no PDF, or not in time."""


class SecretLeaked(ReportError):
    """An output held the value of a secret, so nothing was stored; the message names the secret, never its value."""


class UnknownRunError(ReportError, KeyError):
    """No run of that number."""


class RunConflict(ReportError):
    """The run is not in a state in which that can be done."""


class ScheduleError(ReportError):
    """A schedule is wrong; the message names the file, the place and what would work."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say which known names are near to `name`, as a sentence to end a message with.

    Returns:
        "Did you mean 'net_sales'?" where something is near, else "Known: a, b, c.", the first ones of many.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(repr(n) for n in near)}?"
    more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return f"Known: {', '.join(names[:_LISTED])}{more}."
