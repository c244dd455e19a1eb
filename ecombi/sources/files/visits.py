"""From raw events to sessions with their ordered funnel: the SQL of an entry with `steps`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Boolean

from ecombi.schema import tables
from ecombi.sources.files.expressions import Scope, Term
from ecombi.sources.files.mapping import Rows, Steps, Value

_STEPS = tuple(Steps.model_fields)


@dataclass(frozen=True, slots=True)
class Visits:
    """An entry with `steps` as SQL over typed rows, each of them one event.

    A step's time is that of its first event after the step before, where `after` is strictly later in the order of
    time and, at one time, of the rows in the file. So a step that is skipped leaves all later ones null, one event is
    never two steps, and what is done again counts once. A session begins with its first event of any kind and ends
    with its last one; of every other column the first value that is not empty counts, and is_bot is true where any
    event says so.

    Attributes:
        columns: Column of sessions -> what one event gives it; with session_id and, as the time of the event,
            started_at.
        steps: Column of the step -> the test of an event.
        when: Which rows are events.
    """

    columns: dict[str, Term]
    steps: dict[str, str]
    when: str

    def parts(self, source: str) -> str:
        """Compile which session each event belongs to: source_row, session_id."""
        return f"SELECT source_row, {self.columns['session_id'].sql} AS session_id FROM {source} WHERE {self.when}"

    def body(self, source: str) -> str:
        """Compile the sessions: one row per session_id, and as source_row the first of its rows."""
        given = ", ".join(f'{term.sql} AS "{name}"' for name, term in self.columns.items())
        tests = ", ".join(f"({test}) AS is_{step}" for step, test in self.steps.items())
        others = [name for name in self.columns if name not in ("session_id", "started_at")]
        kept = "".join(f', {_of_all(name)} AS "{name}"' for name in others)
        lists = ", ".join(f"list(moment) FILTER (is_{step}) AS all_{step}" for step in _STEPS)
        found = f"""
            SELECT session_id, min(source_row) AS source_row, min(moment).at AS started_at, max(moment).at AS ended_at
                   {kept}, {lists}
            FROM (SELECT *, {{'at': started_at, 'row': source_row}} AS moment
                  FROM (SELECT source_row, {given}, {tests} FROM {source} WHERE {self.when}))
            GROUP BY session_id
        """
        for step, before in zip(_STEPS, (None, *_STEPS), strict=False):
            later = f"[m FOR m IN all_{step} IF m > in_{before}]" if before else f"all_{step}"
            found = f"SELECT *, list_min({later}) AS in_{step} FROM ({found})"
        reached = ", ".join(f"in_{step}.at AS {step}" for step in _STEPS)
        listed = "".join(f', "{name}"' for name in others)
        return f"SELECT source_row, session_id, started_at, ended_at, {reached} {listed} FROM ({found})"


def compile_visits(scope: Scope, rows: Rows, columns: dict[str, Term]) -> Visits:
    """Compile an entry with `steps`; `columns` are those it sets.

    Raises:
        MappingError: A column does not exist or is of a type that does not fit.
    """
    assert rows.steps is not None  # noqa: S101 - the model's own type
    own = {"session_id": rows.one_per, "started_at": rows.at}
    worked_out = {
        name: scope.value(Value.model_validate(column), tables.sessions.c[name].type) for name, column in own.items()
    }
    steps = {step: scope.condition(getattr(rows.steps, step)) for step in _STEPS}
    return Visits({**worked_out, **columns}, steps, scope.condition(rows.when))


def _of_all(name: str) -> str:
    if isinstance(tables.sessions.c[name].type, Boolean):
        return f'bool_or("{name}")'
    return f'arg_min("{name}", moment)'
