"""Where figures come from: formula, days, filters, SQL, snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ecombi.metrics import format as fmt
from ecombi.metrics import markup
from ecombi.metrics.definitions import Metric
from ecombi.metrics.planner import Parameter
from ecombi.metrics.query import MetricQuery
from ecombi.schema.periods import Period
from ecombi.schema.shop import Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """Where the figures of a result come from: enough to compute each of them again.

    Attributes:
        query: The question: basis, days, comparison, filters.
        metrics: The definitions used: formula, unit, null rule, version, owner.
        shop: Whose figures; its currency and time zone.
        engine: The dialect of the engine that answered.
        warehouse: Where it answered, without a password.
        tables: The marts or rollups that were summed.
        sql: The SQL that ran, with $name placeholders.
        params: Their values.
        snapshot: Number of the snapshot read.
        published_at: When that snapshot was published, aware, UTC.
        notes: What to know before trusting the figures, a sentence each; most often nothing.
    """

    query: MetricQuery
    metrics: tuple[Metric, ...]
    shop: Shop
    engine: str
    warehouse: str
    tables: tuple[str, ...]
    sql: str
    params: dict[str, Parameter]
    snapshot: int
    published_at: datetime
    notes: tuple[str, ...] = ()

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
        """The earlier days compared with."""
        return self.query.compared

    def lines(self) -> list[tuple[str, str]]:
        """Return what it says but for the SQL, as heading and plain text, in reading order."""
        lines = [("Shop", f"{self.shop.name}, {self.shop.currency}, days in {self.shop.time_zone}")]
        lines += [(metric.label, _definition(metric)) for metric in self.metrics]
        lines.append(("Counted", f"{self._range}; {self.query.basis.words}"))
        if self.compared is not None:
            lines.append(("Compared with", fmt.days(self.compared)))
        for name, values in self.query.where:
            lines.append((f"Only {name}", ", ".join("unknown" if value is None else str(value) for value in values)))
        lines.append(("Summed from", ", ".join(self.tables)))
        published = f"{fmt.day(self.published_at)}, {self.published_at:%H:%M} UTC"
        lines.append(("Snapshot", f"{self.snapshot}, published {published}"))
        lines.append(("Engine", f"{self.engine}, {self.warehouse}"))
        lines += [("Note", note) for note in self.notes]
        return lines

    @property
    def _range(self) -> str:
        if self.query.period is not None:
            return fmt.days(self.query.period)
        if self.start is not None:
            return f"from {fmt.day(self.start)}"
        return f"before {fmt.day(self.end)}" if self.end is not None else "all days there are"

    def html(self) -> str:
        """Return all of it as HTML without a frame, the SQL folded."""
        values = markup.pairs((f"${name}", str(value)) for name, value in self.params.items())
        return markup.pairs(self.lines()) + markup.folded("SQL", markup.preformatted(self.sql) + values)

    def _repr_html_(self) -> str:
        return markup.framed(self.html())


def _definition(metric: Metric) -> str:
    version = f"Definition version {metric.definition_version}, owner {metric.owner}."
    return f"{metric.formula} Unit: {metric.unit.value}. {metric.null_rule} {version}"
