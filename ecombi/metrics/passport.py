"""Where figures come from: formula, days, filters, SQL, snapshot, and what is not settled about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ecombi.errors import MetricError
from ecombi.metrics import format as fmt
from ecombi.metrics import markup
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.definitions import Metric
from ecombi.metrics.planner import Parameter
from ecombi.metrics.policy import OWNER, Identity
from ecombi.metrics.query import MetricQuery, Values
from ecombi.metrics.state import Known
from ecombi.schema.periods import Period
from ecombi.schema.shop import Shop

Cell = Mapping[str, object] | int
"""A row of a result: the values of its keys, or its position from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where the figures of one answer come from, whatever was asked.

    Attributes:
        shop: Whose figures; its currency and time zone.
        engine: The dialect of the engine that answered.
        warehouse: Where it answered, without a password.
        tables: The marts, rollups or other tables that were read.
        sql: The SQL that ran, with $name placeholders.
        params: Their values.
        snapshot: Number of the snapshot read.
        published_at: When that snapshot was published, aware, UTC.
        identity: Who asked: what they may not see is not in the figures.
        known: What was known of the snapshot: its loads, and up to which day it is final.
        notes: What to know before trusting the figures, a sentence each; most often nothing.
    """

    shop: Shop
    engine: str
    warehouse: str
    tables: tuple[str, ...]
    sql: str
    params: dict[str, Parameter]
    snapshot: int
    published_at: datetime
    identity: Identity = OWNER
    known: Known = field(default_factory=Known)
    notes: tuple[str, ...] = ()

    def lines(self) -> list[tuple[str, str]]:
        """Return what it says but for the SQL, as heading and plain text, in reading order."""
        lines = [("Read from", ", ".join(self.tables))]
        if not self.identity.unlimited:
            lines.append(
                ("Seen by", f"{self.identity.name}: {self.identity.words} (policy {self.identity.policy_hash})")
            )
        published = f"{fmt.day(self.published_at)}, {self.published_at:%H:%M} UTC"
        lines.append(("Snapshot", f"{self.snapshot}, published {published}"))
        if self.known.loads:
            last = max(load.at for load in self.known.loads)
            lines.append(("Freshness", f"loaded last on {fmt.day(last)}, {last:%H:%M} UTC"))
        if self.known.final_until is not None:
            lines.append(("Final", f"every day up to {fmt.day(self.known.final_until - timedelta(days=1))}"))
        lines.append(("Engine", f"{self.engine}, {self.warehouse}"))
        lines += [("Note", note) for note in self.notes]
        return lines

    def html(self) -> str:
        """Return all of it as HTML without a frame, the SQL folded."""
        values = markup.pairs((f"${name}", str(value)) for name, value in self.params.items())
        return markup.pairs(self.lines()) + markup.folded("SQL", markup.preformatted(self.sql) + values)

    def _repr_html_(self) -> str:
        return markup.framed(self.html())


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport(Stamp):
    """Where the figures of metrics come from: enough to compute each of them again.

    Attributes:
        query: The question: basis, days, comparison, filters.
        metrics: The definitions used: formula, unit, null rule, version, owner.
        narrow: Returns the passport of one figure; None where the result is not at hand.
    """

    query: MetricQuery
    metrics: tuple[Metric, ...]
    narrow: Callable[[str | None, Cell], Passport] | None = field(default=None, repr=False, compare=False)

    def __call__(self, metric: str | None = None, cell: Cell = 0) -> Passport:
        """Return the passport of one figure: the same question, narrowed to the row the figure stands in.

        Args:
            metric: The figure's metric; needed where there are several.
            cell: The row, by the values of its keys or by its position from 0.

        Raises:
            MetricError: No such row or metric, or the passport has been taken from its result.
        """
        if self.narrow is None:
            raise MetricError("This passport was taken from its result. Ask again, then result.passport(metric, cell).")
        return self.narrow(metric, cell)

    @property
    def start(self) -> date | None:
        """First day counted; None where the question left it open."""
        return self.query.start

    @property
    def end(self) -> date | None:
        """The day after the last one counted; None where the question left it open."""
        return self.query.end

    @property
    def compared(self) -> Period | None:
        """The other days compared with."""
        return self.query.compared

    @property
    def unfinished_from(self) -> date | None:
        """The first day asked for that is not final yet; None where all of them are."""
        until = self.known.final_until
        if until is None or self.end is None or self.end <= until:
            return None
        return until if self.start is None else max(until, self.start)

    @property
    def restated_since(self) -> datetime | None:
        """When the period was closed, where rows of its days have come since: its figures may have changed.

        None: nothing has come, or the period is open, or the question is about an earlier day's knowledge.
        """
        if self.query.period is None or self.query.as_of is not None:
            return None
        measures = {measure for metric in self.metrics for measure in metric.measures()}
        dated = {(measure.mart, measure.mart.role(measure.dated, self.query.basis)) for measure in measures}
        return self.known.restated({name for mart, role in dated for name in mart.noted(role)}, self.query.period)

    @property
    def partly_recorded(self) -> tuple[tuple[str, date], ...]:
        """Label and first recorded day of each metric that is recorded on a part of the days compared with only."""
        other = self.compared
        if other is None:
            return ()
        found: dict[str, date] = {}
        for metric in self.metrics:
            for measure in metric.measures():
                role = measure.mart.role(measure.dated, self.query.basis)
                first, _ = self.known.recorded(measure.mart.table.name, role)
                if other.start < first <= other.last:
                    found[metric.label] = max(first, found.get(metric.label, first))
        return tuple(found.items())

    def is_unfinished(self, bucket: date) -> bool:
        """Whether rows of the time bucket that begins on a day may still come, as far as it was asked for."""
        if self.unfinished_from is None or self.query.grain is None:
            return False
        end = self.query.grain.end_of(bucket)
        return min(end, self.end or end) > self.unfinished_from

    def lines(self) -> list[tuple[str, str]]:
        """Return what it says but for the SQL, as heading and plain text, in reading order."""
        lines = [("Shop", f"{self.shop.name}, {self.shop.currency}, days in {self.shop.time_zone}")]
        lines += [(metric.label, _definition(metric)) for metric in self.metrics]
        lines.append(("Counted", f"{self._range}; {self.query.basis.words}"))
        if self.compared is not None:
            lines.append(("Compared with", fmt.days(self.compared)))
            lines += [
                ("Recorded", f"{label} only from {fmt.day(first)}: not on all of the days compared with")
                for label, first in self.partly_recorded
            ]
        lines += [(f"Only {name}", _listed(values)) for name, values in self.query.where]
        lines += [(f"Without {name}", _listed(values)) for name, values in self.query.without]
        if self.query.as_of is not None:
            lines.append(("As known", f"on {fmt.day(self.query.as_of)}, {self.query.as_of:%H:%M %Z}"))
        closed = self.restated_since
        if closed is not None:
            said = f"rows of these days came after {fmt.day(closed)}, when the period was closed"
            lines.append(("Restated", f"{said}; restated() says what changed"))
        if self.unfinished_from is not None:
            lines.append(("Unfinished", f"from {fmt.day(self.unfinished_from)}: rows of these days may still come"))
        return [*lines, *Stamp.lines(self)]

    @property
    def _range(self) -> str:
        if self.query.period is not None:
            return fmt.days(self.query.period)
        if self.start is not None:
            return f"from {fmt.day(self.start)}"
        return f"before {fmt.day(self.end)}" if self.end is not None else "all days there are"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisPassport(Stamp):
    """Where the table of an analysis comes from.

    Attributes:
        analysis: The definition.
        options: Its options.
    """

    analysis: Analysis
    options: Mapping[str, object] = field(default_factory=dict)

    def lines(self) -> list[tuple[str, str]]:
        """Return what it says but for the SQL, as heading and plain text, in reading order."""
        lines = [
            ("Shop", f"{self.shop.name}, {self.shop.currency}, days in {self.shop.time_zone}"),
            (self.analysis.label, self.analysis.question),
            ("Formula", self.analysis.formula),
            ("Definition", f"version {self.analysis.definition_version}, owner {self.analysis.owner}"),
        ]
        lines += [(name, str(value)) for name, value in {**self.options, **self.params}.items()]
        return [*lines, *Stamp.lines(self)]


def _listed(values: Values) -> str:
    return ", ".join("unknown" if value is None else str(value) for value in values)


def _definition(metric: Metric) -> str:
    version = f"Definition version {metric.definition_version}, owner {metric.owner}."
    return f"{metric.formula} Unit: {metric.unit.value}. {metric.null_rule} {version}"
