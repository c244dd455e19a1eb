"""Playing the dashboards through before anybody looks, so that the statements they ask with are written by then.

Playing needs a warehouse, writing does not: `rehearse` runs in a process of its own, and what it returns holds no value
of anybody's data; `learn` runs in the process that the pages' kernels are forked from, and connects to nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING

from ecombi.errors import EcombiError
from ecombi.metrics.planner import plan
from ecombi.metrics.state import Known
from ecombi.workspace import open_workspace

if TYPE_CHECKING:
    from ecombi.metrics.query import MetricQuery, Values
    from ecombi.metrics.shapes import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked, without values.

    Attributes:
        dialect: Of the warehouse.
        built: Its rollups, the smallest first.
        queries: The questions, in their order; a filter's values are all the same.
    """

    dialect: Dialect
    built: tuple[str, ...]
    queries: tuple[MetricQuery, ...]


def rehearse() -> Asked | None:
    """Load what each dashboard loads at first, and with one filter of each kind, and forget the figures.

    Returns:
        What was asked. None where a workspace has no figures, or cannot be read: there the reader is told in words.
    """
    from ecombi.dashboards.desk import Desk
    from ecombi.dashboards.showing import NAMES

    try:
        with open_workspace() as workspace:
            desk = Desk(workspace)
            desk.turn()
            for name in NAMES:
                data, state = (import_module(f"ecombi.dashboards.{name}.{part}") for part in ("data", "state"))
                for chosen in state.rehearsals(desk):
                    question = chosen.ask(desk)
                    for load in data.LOADS:
                        load(desk, question)
            asked = dict.fromkeys(_without_values(query) for query in desk.asked)
            built = workspace.answers.known().built
            return Asked(dialect=workspace.warehouse.dialect, built=built, queries=tuple(asked))
    except EcombiError:
        return None


def learn(asked: Asked | None) -> Iterator[None]:
    """Write the statements of what was asked, a step at a time; whoever asks the like then finds them written."""
    if asked is not None:
        for query in asked.queries:
            plan(query, asked.dialect, known=Known(built=asked.built))
            yield


def _without_values(query: MetricQuery) -> MetricQuery:
    def alike(filters: tuple[tuple[str, Values], ...]) -> tuple[tuple[str, Values], ...]:
        return tuple((name, tuple(None if value is None else "0" for value in values)) for name, values in filters)

    return replace(query, where=alike(query.where), without=alike(query.without))
