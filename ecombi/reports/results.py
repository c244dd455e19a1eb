"""The machine-readable result of a report: its notebook publishes figures and tables, whoever runs it collects them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from ecombi.errors import ReportError
from ecombi.reports.declared import Declared, Difference, Plain, Published, differences

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["MIME", "Declared", "Difference", "Publisher", "collect", "differences", "message", "report"]

MIME: Final = "application/vnd.ecombi.result+json"
"""The kind of output that carries what is published: it shows nothing, and the document leaves it out."""

_NAME: Final = r"[a-z][a-z0-9_]*"


class _Message(Plain):
    version: Literal[1]
    published: dict[Annotated[str, Field(pattern=rf"^{_NAME}$")], Published]


class Publisher:
    """What a notebook hands its figures to: `from ecombi.reports import report`."""

    def publish(self, **named: object) -> None:
        """Declare figures and tables as the report's machine-readable result.

        Nothing is shown. Outside a notebook the values are only checked.

        Args:
            **named: By name: a result of a question or an analysis, or a DataFrame, becomes a table; the metrics of a
                result without keys, so of one row, are figures too, under NAME.METRIC. A number, text, day, time,
                truth value or None is a figure.

        Raises:
            ReportError: A name is not in snake case, or a value cannot be declared.
        """
        _emit(message(named))


report: Final = Publisher()
"""The report that a notebook is: `report.publish(net_sales=today, by_country=by_country)`."""


def message(named: Mapping[str, object]) -> dict[str, Any]:
    """Return what publish() puts in the notebook: plain data."""
    from ecombi.reports.tabulation import published

    for name in named:
        if not re.fullmatch(_NAME, name):
            raise ReportError(f"A result cannot be called {name!r}. Use small letters, digits and _: net_sales.")
    said = _Message(version=1, published={name: published(name, value) for name, value in named.items()})
    return said.model_dump(mode="json")


def collect(notebook: NotebookNode) -> Declared:
    """Return what an executed notebook declared.

    Raises:
        ReportError: A name was published twice, or an output claims to be a result and is not one.
    """
    found: dict[str, tuple[int, Published]] = {}
    for number, output in _outputs(notebook):
        try:
            message = _Message.model_validate(output)
        except ValidationError as error:
            raise ReportError(f"Cell {number} has an output that is not a result of publish(): {error}") from error
        for name, value in message.published.items():
            if name in found:
                raise ReportError(
                    f"{name} was published twice: in cell {found[name][0]} and in cell {number}. Name each result once."
                )
            found[name] = number, value
    values = {name: value for name, (_, value) in found.items()}
    return Declared(
        figures={f"{name}{rest}": f for name, value in values.items() for rest, f in value.figures.items()},
        tables={name: value.table for name, value in values.items() if value.table is not None},
        snapshots=tuple(sorted({v.snapshot for v in values.values() if v.snapshot is not None})),
    )


def _outputs(notebook: NotebookNode) -> Iterator[tuple[int, object]]:
    """Yield every published message with the number of its cell, as the author counts them."""
    number = 0
    for cell in notebook.cells:
        number += "injected-parameters" not in cell.metadata.get("tags", ())
        for output in cell.get("outputs", ()):
            if MIME in (data := output.get("data", {})):
                yield number, data[MIME]


def _emit(data: dict[str, Any]) -> None:
    import IPython
    from IPython.display import display

    if IPython.get_ipython() is not None:
        display({MIME: data}, raw=True)  # type: ignore[no-untyped-call]
