"""What advertising cost and brought, source by source, and what came by itself."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import Final

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block
from ecombi.reports.breakdown import by_part, label, not_known, ranked
from ecombi.reports.figures import Row
from ecombi.reports.grid import finding
from ecombi.reports.recorded import Unrecorded

METRICS: Final = ["ad_spend", "clicks", "cost_per_click", "new_customers", "cac", "attributed_sales", "roas"]
"""What the table here needs of a question by traffic source."""

_HEADS: Final = {
    "ad_spend": "Spend",
    "cost_per_click": "Per click",
    "new_customers": "New customers",
    "cac": "Per customer",
    "attributed_sales": "Sales",
    "roas": "Return",
}


def paid_sources(cut: Result, total: Result, title: str) -> Block:
    """Show what each source that cost something brought, and say which pays and what came for nothing.

    Args:
        cut: `METRICS` by traffic_source, asked with a comparison.
        total: One row: the same without the source.
        title: Heading.
    """
    spend = figures.metric(cut, "ad_spend")
    shown = by_part(
        cut,
        total,
        title,
        order="ad_spend",
        heads=_HEADS,
        changes=("ad_spend", "roas"),
        minor=("clicks", "cost_per_click", "attributed_sales"),
        keep=_cost_something,
    )
    if isinstance(spend, Unrecorded) or not_known(cut, title):
        return shown
    return Block(shown.html + finding(_pays(cut), _free(cut)))


def _cost_something(row: Row) -> bool:
    return bool(figures.number(row["ad_spend"]))


def _pays(cut: Result) -> str:
    """Say which source brought most and least for each 1 spent."""
    known = [
        (value, row)
        for row in ranked(cut, "ad_spend")
        if _cost_something(row) and (value := figures.number(row["roas"])) is not None
    ]
    if not known:
        return ""
    value, best = max(known, key=lambda item: item[0])
    said = f"<b>{_source(best)}</b> brought {_unit(cut, value)} of sales for each {_unit(cut)} spent"
    if len(known) > 1:
        value, worst = min(known, key=lambda item: item[0])
        said += f", <b>{_source(worst)}</b> {_unit(cut, value)}"
    return said + "."


def _free(cut: Result) -> str:
    """Say how many new customers came from sources that cost nothing."""
    free = [row for row in figures.rows(cut) if not _cost_something(row)]
    came = sum((figures.number(row["new_customers"]) or Decimal(0) for row in free), Decimal(0))
    if not came:
        return ""
    return (
        f"{came:,} new customers came from elsewhere, which cost no advertising: so the cost of a new customer in the "
        "last line is lower than that of the sources above it."
    )


def _source(row: Row) -> str:
    return label("traffic_source", row["traffic_source"])


def _unit(cut: Result, value: Decimal = Decimal(1)) -> str:
    text = fmt.column([value], Unit.MONEY, cut.passport.shop.currency)[0]
    return escape(text.removesuffix(".00") if value == 1 else text)
