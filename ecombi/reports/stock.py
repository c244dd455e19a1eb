"""The stock of a report: what to order, what met an empty shelf, what does not sell, and which classes it is in."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from typing import Final

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.result import AnalysisResult, Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.figures import Row
from ecombi.reports.grid import Column, finding, table
from ecombi.reports.listings import Columns, listing, shown_of
from ecombi.reports.recorded import why_not

NO_STOCK: Final = "The records hold no stock of these days."

_PRODUCT: Final = ("product_name", "product")


def to_order(advice: AnalysisResult, title: str, *, top: int) -> Block:
    """Show what has to be ordered now, what runs out first on top.

    Args:
        advice: The answer of `inventory.reorder`.
        title: Heading.
        top: How many products at most.
    """
    rows = figures.rows(advice)
    if not rows:
        return Block(state(f"{title}: not known. {NO_STOCK}"))
    wanted = sorted((row for row in rows if row["reorder"]), key=_urgency)
    unknown = len([row for row in rows if row["order_quantity"] is None])
    gaps = (
        f"For {unknown:,} there is no reorder point: demand, or the lead time of the supplier, is not known yet."
        if unknown
        else ""
    )
    if not wanted:
        said = f"{title}: nothing. None of {len(rows):,} products is at or below its reorder point. {gaps}"
        return Block(state(said.strip()))
    columns: Columns = {
        "Product": _PRODUCT,
        "Supplier": "supplier_name",
        "Available": "available",
        "Incoming": "incoming",
        "Sold a day": "daily_units",
        "Lead time": "lead_days",
        "Safety stock": "safety_stock",
        "Reorder point": "reorder_point",
        "Order": "order_quantity",
    }
    low = ("Supplier", "Incoming", "Sold a day", "Lead time", "Safety stock")
    most = listing(advice, title, wanted[:top], columns, low=low)
    verb = "is" if len(wanted) == 1 else "are"
    head = f"<b>{len(wanted):,}</b> of {len(rows):,} products {verb} at or below the reorder point."
    return Block(most + finding(head, gaps, shown_of(min(top, len(wanted)), len(wanted))))


def counts(advice: AnalysisResult) -> dict[str, int | None]:
    """Return how many products have to be ordered, have nothing available, and have no advice, to be published."""
    rows = figures.rows(advice)
    if not rows:
        return dict.fromkeys(("products_in_stock_records", "products_to_order", "products_out", "products_no_advice"))
    return {
        "products_in_stock_records": len(rows),
        "products_to_order": len([row for row in rows if row["reorder"]]),
        "products_out": len([row for row in rows if _amount(row, "available") <= 0]),
        "products_no_advice": len([row for row in rows if row["order_quantity"] is None]),
    }


def of_best_sellers(cut: Result, title: str, *, top: int) -> Block:
    """Show the stock of the products that brought most.

    Args:
        cut: One row per product and its name, with net_sales, available, days_of_inventory and stock_out_days.
        title: Heading.
        top: How many products at most.
    """
    if missing := why_not(cut.passport, figures.metric(cut, "available")):
        return Block(state(f"{title}: not known. {missing}"))
    rows = [row for row in figures.rows(cut) if row["product"] is not None and _amount(row, "net_sales") > 0]
    rows.sort(key=lambda row: (-_amount(row, "net_sales"), str(row["product"])))
    if not rows:
        return Block(state(f"{title}: no product was sold in these days."))
    columns: Columns = {
        "Product": _PRODUCT,
        "Net sales": "net_sales",
        "Available": "available",
        "Days left": "days_of_inventory",
        "Days out of stock": "stock_out_days",
    }
    shown = rows[:top]
    out = len([row for row in shown if row["stock_out_days"]])
    said = f"{out:,} of these {len(shown):,} were out of stock on at least one evening." if out else ""
    return Block(listing(cut, title, shown, columns, low=("Available",)) + finding(said))


def idle(classes: AnalysisResult, title: str, *, top: int) -> Block:
    """Show the products that lie in stock and were not sold in the window, the dearest first.

    Args:
        classes: The answer of `inventory.classes`.
        title: Heading.
        top: How many products at most.
    """
    rows = figures.rows(classes)
    if not any(row["stock_value"] for row in rows):
        return Block(state(f"{title}: not known. {NO_STOCK}"))
    lying = [row for row in rows if row["stock_value"] and not row["units"]]
    if not lying:
        return Block(state(f"{title}: none. Every product in stock was sold in these weeks."))
    lying.sort(key=lambda row: (-_amount(row, "stock_value"), str(row["product"])))
    columns: Columns = {"Product": _PRODUCT, "Stock value": "stock_value"}
    said = f"<b>{len(lying):,}</b> {_products(len(lying))} in stock without a sale."
    return Block(
        listing(classes, title, lying[:top], columns) + finding(said, shown_of(min(top, len(lying)), len(lying)))
    )


def matrix(cells: AnalysisResult, title: str) -> Block:
    """Show the nine classes as a square: what brings most on top, what sells most evenly on the left.

    Args:
        cells: The answer of `inventory.class_cells`.
        title: Heading.
    """
    found = {(str(row["abc"]), str(row["xyz"])): row for row in figures.rows(cells)}
    if not any(row["products"] for row in found.values()):
        return Block(state(f"{title}: no product was sold in these weeks, and none is in stock."))
    sells = {"X": "X, evenly", "Y": "Y, unevenly", "Z": "Z, now and then"}
    brings = {"A": "the first 80% of net sales", "B": "the next 15%", "C": "the last 5%"}
    stocked = any(row["stock_value"] for row in found.values())
    left = [f'{abc} <span class="muted">{said}</span>' for abc, said in brings.items()]
    columns = [Column("Brings", left, "")]
    columns += [
        Column(head, [_cell(cells, found[abc, xyz], stocked=stocked) for abc in brings]) for xyz, head in sells.items()
    ]
    return Block(framed(title, cells, table(columns)) + ("" if stocked else finding(NO_STOCK)))


def _cell(cells: AnalysisResult, row: Row, *, stocked: bool) -> str:
    count = row["products"]
    if not count:
        return '<span class="muted">none</span>'
    currency = cells.passport.shop.currency
    lines = [f"{fmt.short(row['net_sales'], Unit.MONEY, currency)} sales"]
    lines += [f"{fmt.short(row['stock_value'], Unit.MONEY, currency)} stock"] if stocked else []
    small = "".join(f'<br><span class="muted">{escape(line)}</span>' for line in lines)
    return f"{figures.data(f'{count:,}', count)} {_products(int(str(count)))}{small}"


def stock_outs(answer: AnalysisResult, title: str) -> Block:
    """Show how much of the demand met an empty shelf, part by part.

    Args:
        answer: The answer of the analysis stock_outs, by category.
        title: Heading.
    """
    rows = figures.rows(answer)
    if not rows:
        return Block(state(f"{title}: not known. {NO_STOCK}"))
    rows = [{**row, "part": "Unknown" if row["part"] is None else row["part"]} for row in rows]
    columns = {
        "Category": "part",
        "Products": "products",
        "Stock-out days": "stock_out_days",
        "Stock-out rate": "stock_out_rate",
        "Units missed": "lost_units",
        "Of demand": "demand_stock_out_rate",
    }
    return Block(listing(answer, title, rows, columns, low=("Products", "Stock-out days")))


def _urgency(row: Row) -> tuple[bool, Decimal, str]:
    left = figures.number(row["days_left"])
    return left is None, left or Decimal(0), str(row["product"])


def _amount(row: Row, name: str) -> Decimal:
    return figures.number(row[name]) or Decimal(0)


def _products(count: int) -> str:
    return "product" if count == 1 else "products"
