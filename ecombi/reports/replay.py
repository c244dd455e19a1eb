"""What a reorder rule would have done, beside what happened: in figures, a sentence, and product by product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING

from ecombi.errors import MetricError
from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.result import AnalysisResult
from ecombi.reports import figures
from ecombi.reports.blocks import Block, Tile, state, tiles
from ecombi.reports.figures import Row
from ecombi.reports.grid import Column, captioned, finding, table
from ecombi.reports.listings import label, shown_of
from ecombi.schema.periods import Period

if TYPE_CHECKING:
    from ecombi.inventory.advice import ReplayAdvice
    from ecombi.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A reorder rule over what happened, or why there is none.

    Attributes:
        advice: What the rule would have done; None where the records cannot tell.
        why: Why they cannot; empty where they can.
        currency: The shop's.
    """

    advice: ReplayAdvice | None
    why: str
    currency: str

    @property
    def declared(self) -> Mapping[str, object]:
        """Its figures, to be published."""
        names = ("stock_out_rate", "stock_out_rate_before", "stock_value", "stock_value_before",
                 "unmet_units", "unmet_units_before", "products")  # fmt: skip
        return {f"replay_{name}": None if self.advice is None else getattr(self.advice, name) for name in names}


def replayed(
    ws: Workspace, until: date, *, days: int, service_level: float, review_days: int, cover_days: int
) -> Replay:
    """Replay history under a reorder rule; see `Inventory.replay`. Says why where the records cannot tell."""
    try:
        advice = ws.inventory.replay(
            until, days=days, service_level=service_level, review_days=review_days, cover_days=cover_days
        )
    except MetricError as error:
        return Replay(advice=None, why=str(error), currency=ws.shop.currency)
    return Replay(advice=advice, why="", currency=ws.shop.currency)


def compared(replay: Replay) -> Block:
    """Show the rule beside what happened: three figures and a sentence."""
    advice = replay.advice
    if advice is None:
        return Block(state(f"Not known. {replay.why}"))
    rates = fmt.column([advice.stock_out_rate, advice.stock_out_rate_before], Unit.RATE)
    values = fmt.column([advice.stock_value, advice.stock_value_before], Unit.MONEY, replay.currency)
    units = fmt.column([advice.unmet_units, advice.unmet_units_before], Unit.COUNT)
    shown = [("Stock-out days", *rates), ("Stock value, on average", *values), ("Units missed", *units)]
    said = [Tile(label=name, value=escape(ruled), said=[f"instead of {escape(was)}"]) for name, ruled, was in shown]
    days = f"Replayed are {advice.products:,} products over {fmt.days(Period(advice.start, advice.end))}."
    left = f"{advice.left_out:,} could not be: their stock, or two deliveries of their supplier, are not recorded."
    return Block(tiles(said).html + finding(f"<b>{escape(advice.sentence)}</b>", days, left if advice.left_out else ""))


def changed(replay: Replay, names: AnalysisResult, title: str, *, top: int) -> Block:
    """Show the products by the days without stock that the rule saves or adds.

    Args:
        replay: The rule over what happened.
        names: The answer of `inventory.reorder`, which knows what products are called.
        title: Heading.
        top: How many products at most.
    """
    if replay.advice is None:
        return Block("")
    called = {row["product"]: row["product_name"] for row in figures.rows(names)}
    rows = figures.rows(replay.advice.by_product)
    moved = [row for row in rows if row["stock_out_days"] != row["stock_out_days_before"]]
    moved.sort(key=lambda row: (-abs(_saved(row)), -_saved(row), str(row["product"])))
    if not moved:
        return Block(state(f"{title}: none. No product would have been out of stock on more or fewer days."))
    shown = moved[:top]
    columns = [
        Column("Product", [label(called.get(row["product"]), row["product"]) for row in shown], ""),
        Column("Out, as it was", [f"{row['stock_out_days_before']:,}" for row in shown]),
        Column("Out, with the rule", [f"{row['stock_out_days']:,}" for row in shown]),
        Column("Orders placed", [f"{row['orders']:,}" for row in shown], "num lo"),
    ]
    days = fmt.days(Period(replay.advice.start, replay.advice.end))
    return Block(captioned(title, days, table(columns)) + finding(shown_of(len(shown), len(moved))))


def _saved(row: Row) -> Decimal:
    was, ruled = figures.number(row["stock_out_days_before"]), figures.number(row["stock_out_days"])
    return (was or Decimal(0)) - (ruled or Decimal(0))
