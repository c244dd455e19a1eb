"""From an analysis to SQL: compiled once for each engine, set of options and scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import sqlglot

from ecombi.errors import MetricError, did_you_mean
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.parameters import names_in, parameter, to_sql
from ecombi.metrics.planner import Parameter
from ecombi.metrics.shapes import Dialect, Scope
from ecombi.metrics.tables import Tables, in_sight

Options = tuple[tuple[str, int | float | str | bool], ...]

_SQLGLOT = {"pyspark": "spark"}
"""Dialect -> its name in sqlglot, where they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledAnalysis:
    """SQL with $name placeholders, the names of its parameters, and the tables it reads."""

    analysis: Analysis
    sql: str
    parameters: frozenset[str]
    tables: tuple[str, ...]

    def bind(self, values: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """Return the values its parameters have.

        Raises:
            MetricError: One is missing.
        """
        missing = sorted(name for name in self.parameters if name not in values)
        if missing:
            raise MetricError(f"{self.analysis.label} needs a value for {', '.join(missing)}.")
        return {name: values[name] for name in sorted(self.parameters)}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundAnalysis:
    """All that is needed to compute an analysis on one engine."""

    options: Options
    sql: str
    params: dict[str, Parameter]
    tables: tuple[str, ...]


def settled(analysis: Analysis, options: Mapping[str, int | float | str | bool]) -> Options:
    """Return all options, those given and those of the analysis.

    Raises:
        MetricError: It has no such option.
    """
    for name in options:
        if name not in analysis.options:
            raise MetricError(f"{analysis.label} has no option {name!r}. {did_you_mean(name, analysis.options)}")
    return tuple(sorted({**analysis.options, **options}.items()))


@lru_cache(maxsize=512)
def compile_analysis(analysis: Analysis, options: Options, scope: Scope, dialect: Dialect) -> CompiledAnalysis:
    """Write the SQL of an analysis.

    Raises:
        AccessDenied: It rests on a hidden column, or on rows the policy cannot divide.
    """
    bound = {name: parameter(name, kind) for name, kind in analysis.bound.items()}
    with in_sight(scope, analysis.label):
        built = analysis.build(Tables(scope), **bound, **dict(options))
        sql = to_sql(built.select(*analysis.fields), dialect)
    parsed = sqlglot.parse_one(sql, dialect=_SQLGLOT.get(dialect, dialect))
    named = {common.alias for common in parsed.find_all(sqlglot.exp.CTE)}
    read = dict.fromkeys(table.name for table in parsed.find_all(sqlglot.exp.Table) if table.name not in named)
    return CompiledAnalysis(analysis=analysis, sql=sql, parameters=names_in(sql), tables=tuple(sorted(read)))
