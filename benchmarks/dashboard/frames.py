"""The same questions in pandas, on frames that are in memory already: what people would do without a warehouse."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property

import duckdb
import pandas as pd

from dashboard.draws import LAST, Draw

_GOODS = "kind IN ('sale', 'discount', 'return')"


class Frames:
    """The marts as frames, each read when it is first used: texts that repeat as categories, amounts as floats.

    Args:
        connection: Where the tables are.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    @cached_property
    def goods(self) -> pd.DataFrame:
        """The ledger rows of goods."""
        return self._read(
            f"""SELECT event_on AS booked, order_on AS ordered, l.kind, l.country, l.channel, l.sku, p.category,
                       CAST(l.amount AS DOUBLE) AS amount, CAST(l.cost_amount AS DOUBLE) AS cost, l.qty
                FROM ledger l LEFT JOIN products p ON p.sku = l.sku WHERE {_GOODS}""",
            "kind country channel sku category",
        )

    @cached_property
    def orders(self) -> pd.DataFrame:
        """The orders; customers as whole numbers, -1 for a guest."""
        return self._read(
            """SELECT booked_on AS booked, ordered_on AS ordered, channel, country, customer_order_number,
                      CAST(goods_amount AS DOUBLE) AS amount,
                      coalesce(dense_rank() OVER (ORDER BY customer_id), -1) AS customer,
                      customer_id IS NOT NULL AS known
               FROM orders""",
            "channel country",
        )

    @cached_property
    def sessions(self) -> pd.DataFrame:
        """The sessions, and which steps they reached."""
        return self._read(
            """SELECT started_on AS day, device, traffic_source, viewed_at IS NOT NULL AS viewed,
                      added_at IS NOT NULL AS added, checkout_at IS NOT NULL AS checkout,
                      completed_at IS NOT NULL AS completed
               FROM sessions""",
            "device traffic_source",
        )

    @cached_property
    def fulfilments(self) -> pd.DataFrame:
        """The orders that had to be sent."""
        return self._read(
            "SELECT due_on AS day, country, is_on_time, is_in_full FROM fulfilments WHERE due_on IS NOT NULL", "country"
        )

    @cached_property
    def purchases(self) -> pd.DataFrame:
        """The lines of purchase orders."""
        return self._read("SELECT * FROM purchase_lines", "supplier_id")

    @cached_property
    def parcels(self) -> pd.DataFrame:
        """The parcels."""
        return self._read(
            """SELECT carrier, shipped_on AS day, promised_on, delivered_on, CAST(cost_amount AS DOUBLE) AS cost
               FROM shipments""",
            "carrier",
        )

    @cached_property
    def payments(self) -> pd.DataFrame:
        """The payments."""
        return self._read(
            """SELECT method, kind, paid_on AS day, CAST(amount AS DOUBLE) AS amount, CAST(fee_amount AS DOUBLE) AS fee
               FROM payments""",
            "method kind",
        )

    @cached_property
    def stock(self) -> pd.DataFrame:
        """The stock of every evening."""
        return self._read(
            """SELECT day, sku, category, i.on_hand - i.committed AS available, i.incoming
               FROM inventory_daily i LEFT JOIN products USING (sku)""",
            "sku category",
        )

    def _read(self, sql: str, texts: str) -> pd.DataFrame:
        frame = self._connection.execute(sql).df()
        return frame.astype(dict.fromkeys(texts.split(), "category"))


def _within(frame: pd.DataFrame, days: str, start: date, end: date) -> pd.DataFrame:
    return frame[(frame[days] >= pd.Timestamp(start)) & (frame[days] < pd.Timestamp(end))]


def _by(frame: pd.DataFrame, *keys: object) -> pd.api.typing.DataFrameGroupBy:
    return frame.groupby(list(keys), observed=True)


def trend(frames: Frames, draw: Draw) -> pd.DataFrame:
    """Sum both periods by day, and move the earlier one onto the later one."""
    now = _by(_within(frames.goods, draw.basis, draw.start, draw.end), draw.basis)["amount"].sum()
    before = _by(_within(frames.goods, draw.basis, draw.before, draw.start), draw.basis)["amount"].sum()
    before.index = before.index + timedelta(days=(draw.start - draw.before).days)
    both = pd.DataFrame({"now": now, "before": before})
    return both.assign(change=both["now"] / both["before"] - 1)


def by_month(frames: Frames, draw: Draw, dimension: str, country: str | None = None) -> object:
    """Sum by a dimension and month, of one country or of all."""
    rows = _within(frames.goods, draw.basis, draw.start, draw.end)
    rows = rows if country is None else rows[rows["country"] == country]
    return _by(rows, dimension, rows[draw.basis].dt.to_period("M"))["amount"].sum()


def orders_by_channel(frames: Frames, draw: Draw) -> object:
    """Count orders and average their value, in both periods."""
    sides = (_within(frames.orders, draw.basis, *days) for days in _periods(draw))
    return [_by(rows, "channel")["amount"].agg(["count", "mean"]) for rows in sides]


def tiles(frames: Frames, draw: Draw) -> object:
    """Compute six figures in both periods."""
    figures = []
    for days in _periods(draw):
        goods, orders = _within(frames.goods, "ordered", *days), _within(frames.orders, "ordered", *days)
        net, customers = goods["amount"].sum(), orders.loc[orders["known"], "customer"].nunique()
        first = (orders["customer_order_number"] == 1).sum()
        cost = goods.loc[goods["kind"] != "discount", "cost"].sum()
        value = orders["amount"].mean()
        figures.append((net, (net - cost) / net, len(orders), value, customers, (customers - first) / customers))
    return figures


def customers(frames: Frames, draw: Draw, by: str) -> object:
    """Count the customers of both periods."""
    sides = (_within(frames.orders, "ordered", *days) for days in _periods(draw))
    return [_by(rows[rows["known"]], by)["customer"].nunique() for rows in sides]


def customers_by_month(frames: Frames, draw: Draw) -> object:
    """Count the customers of each month in one country and channel."""
    rows = _within(frames.orders, "ordered", draw.start, draw.end)
    rows = rows[rows["known"] & (rows["country"] == draw.country) & (rows["channel"] == draw.channel)]
    return rows.groupby(rows["ordered"].dt.to_period("M"))["customer"].nunique()


def funnel(frames: Frames, draw: Draw, by: str) -> object:
    """Count the sessions that reached each step."""
    rows = _within(frames.sessions, "day", draw.start, draw.end)
    steps = _by(rows, by)[["viewed", "added", "checkout", "completed"]].sum()
    return steps.assign(sessions=_by(rows, by).size())


def products(frames: Frames, draw: Draw, where: dict[str, object]) -> object:
    """Sum sales, units and returns by product."""
    rows = _within(frames.goods, draw.basis, draw.start, draw.end)
    for name, value in where.items():
        rows = rows[rows[name] == value]
    sold, back = (_by(rows[rows["kind"] == kind], "sku")["qty"].sum() for kind in ("sale", "return"))
    return pd.DataFrame({"net": _by(rows, "sku")["amount"].sum(), "units": sold, "rate": -back / sold})


def otif(frames: Frames, draw: Draw) -> object:
    """Count orders due by country, on time and in full."""
    rows = _within(frames.fulfilments, "day", draw.start, draw.end)
    both = rows["is_on_time"] & rows["is_in_full"]
    return _by(rows.assign(both=both), "country")[["is_on_time", "both"]].mean()


def suppliers(frames: Frames, draw: Draw) -> object:
    """Average promises kept and lead times by supplier."""
    due = _within(frames.purchases, "confirmed_on", draw.start, draw.end)
    good = (due["received_on"] <= due["confirmed_on"]) & (due["received_qty"] >= due["ordered_qty"])
    came = _within(frames.purchases, "first_received_on", draw.start, draw.end)
    days = (came["first_received_on"] - came["ordered_on"]).dt.days
    return good.groupby(due["supplier_id"], observed=True).mean(), days.groupby(
        came["supplier_id"], observed=True
    ).mean()


def parcels(frames: Frames, draw: Draw) -> object:
    """Count parcels, what they cost and those on time by carrier."""
    sent = _by(_within(frames.parcels, "day", draw.start, draw.end), "carrier")["cost"].agg(["count", "mean"])
    due = _within(frames.parcels, "promised_on", draw.start, draw.end)
    return sent, (due["delivered_on"] <= due["promised_on"]).groupby(due["carrier"], observed=True).mean()


def payments(frames: Frames, draw: Draw) -> object:
    """Sum captures and fees by method and month."""
    rows = _within(frames.payments, "day", draw.start, draw.end)
    months = rows["day"].dt.to_period("M")
    captured = rows["amount"].where(rows["kind"] == "capture")
    return _by(rows.assign(captured=captured), "method", months)[["captured", "fee"]].sum()


def stock_outs(frames: Frames, draw: Draw) -> object:
    """Share the evenings without stock by category and month."""
    rows = _within(frames.stock, "day", draw.start, draw.end)
    return (rows["available"] <= 0).groupby([rows["category"], rows["day"].dt.to_period("M")], observed=True).mean()


def cohorts(frames: Frames, draw: Draw) -> object:
    """Count the customers of each month of first order in each month they ordered in."""
    rows = frames.orders[frames.orders["known"] & (frames.orders["country"] == draw.country)]
    month = rows["ordered"].dt.to_period("M")
    first = month.groupby(rows["customer"]).transform("min")
    return rows["customer"].groupby([first, month]).nunique()


def segments(frames: Frames) -> object:
    """Score customers by recency, frequency and value in fifths, and sum them by score."""
    rows = frames.orders[frames.orders["known"]]
    per = rows.groupby("customer").agg(last=("ordered", "max"), count=("ordered", "size"), value=("amount", "sum"))
    scores = {name: (per[name].rank(method="min", pct=True) * 5).clip(upper=4.99).astype(int) for name in per}
    return per.groupby([scores["last"], (scores["count"] + scores["value"]) // 2])["value"].agg(["size", "sum"])


def reorder(frames: Frames) -> object:
    """Measure demand over eight weeks on days with stock, and lead times, and put both into the formula."""
    start, end = LAST - timedelta(days=56), LAST
    sold = _within(frames.goods, "ordered", start, end)
    sold = _by(sold[sold["kind"] == "sale"], "sku", "ordered")["qty"].sum()
    stock = _within(frames.stock, "day", start, end)
    days = stock[stock["available"] > 0].join(sold.rename_axis(["sku", "day"]), on=["sku", "day"])
    demand = _by(days.fillna({"qty": 0}), "sku")["qty"].agg(["mean", "std"])
    came = frames.purchases.dropna(subset="first_received_on")
    lead = (came["first_received_on"] - came["ordered_on"]).dt.days.groupby(came["sku"]).agg(["mean", "std"])
    both = demand.join(lead, rsuffix="_lead")
    spread = both["mean_lead"] * both["std"] ** 2 + (both["mean"] * both["std_lead"]) ** 2
    return both["mean"] * both["mean_lead"] + 1.645 * spread**0.5


def _periods(draw: Draw) -> tuple[tuple[date, date], tuple[date, date]]:
    return (draw.start, draw.end), (draw.before, draw.start)
