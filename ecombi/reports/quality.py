"""How far the records can be trusted: how fresh they are, which days are final, what they leave open, what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from html import escape
from typing import Final

import pandas as pd

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.passport import Stamp
from ecombi.metrics.result import Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, Tile, framed, state, tiles
from ecombi.reports.grid import Column, captioned, finding, listed, table
from ecombi.schema.periods import Grain, Period, add_months, time_zone

TABLES: Final[Mapping[str, tuple[str, str]]] = {
    "ledger": ("booked", "Sales, refunds and other money"),
    "sessions": ("day", "Visits"),
    "payments": ("day", "Payments"),
    "inventory_daily": ("day", "Stock of each evening"),
    "purchase_lines": ("day", "Purchase orders"),
    "shipments": ("day", "Parcels"),
    "ad_spend": ("day", "Advertising costs"),
}
"""Table -> the date its days are of, and what it records."""

_NAMED: Final = 12


def verdict(total: Result, held: int, changed: pd.DataFrame) -> Block:
    """Say in a sentence whether the figures of a period can be relied on."""
    unfinished = total.passport.unfinished_from
    if unfinished is None:
        first = "Every day of this period is <b>final</b>"
    else:
        first = f"From <b>{escape(fmt.day(unfinished))}</b> on, days are not final: their rows may still come"
    rows = "no row is held back" if not held else f"<b>{held:,}</b> {'row is' if held == 1 else 'rows are'} held back"
    months = "no closed month has changed" if changed.empty else "figures of closed months have changed since"
    return Block(f'<p class="lead">{first}; {rows}; {months}.</p>')


def summary(total: Result, held: int, checks: int, covered: pd.DataFrame, changed: pd.DataFrame) -> Block:
    """Show the state of the records in six figures."""
    known = total.passport.known
    final = None if known.final_until is None else fmt.day(known.final_until - timedelta(days=1))
    loads = known.loads
    last = f"loaded last on {_moment(loads[-1].at)}" if loads else "nothing was loaded"
    shares = {row["carries"]: row["known_share"] for row in figures.rows(covered)}
    months = len(set(changed["month"]))
    cost = figures.number(figures.only(total)["cost_coverage"])
    return tiles([
        Tile(label="Final up to", value=final and escape(final), said=[escape(last)]),
        Tile(label="Rows held back", value=f"{held:,}", said=["delivered, and in no figure"]),
        Tile(label="Checks passed", value=f"{checks:,}", said=["before this snapshot was published"]),
        Tile(label="Cost known", value=_rate(cost), said=["of net sales of goods"]),
        Tile(label="Country known", value=_rate(shares.get("country")), said=["of gross sales"]),
        Tile(label="Closed months changed", value=f"{months:,}", said=["by rows that came later"]),
    ])  # fmt: skip


def freshness(stamp: Stamp, title: str) -> Block:
    """Show when each source was loaded last, and up to which day its rows have all come.

    Args:
        stamp: The passport of a result: what was known when it was answered.
        title: Heading.
    """
    frame = sources(stamp)
    rows = figures.rows(frame)
    columns = [
        Column("Source", [escape(str(row["source"])) for row in rows], ""),
        Column("Loaded last", [_moment(row["loaded_at"]) for row in rows]),
        Column("Settles in", [f"{row['settle_hours']:,} h" for row in rows], "num lo"),
        Column("Last event", [figures.plain(row["last_day"]) for row in rows]),
        Column("Final up to", [figures.plain(row["final_day"]) for row in rows]),
    ]
    finals = [day for row in rows if isinstance(day := row["final_day"], date)]
    slow = [str(row["source"]) for row in rows if row["final_day"] == min(finals)]
    said = (
        f"Days are final up to {fmt.day(min(finals))} only because of {escape(listed(slow))}."
        if len(set(finals)) > 1
        else ""
    )
    source = f"times in UTC, days in {stamp.shop.time_zone}"
    return Block(captioned(title, source, table(columns)) + finding(said))


def sources(stamp: Stamp) -> pd.DataFrame:
    """Return when each source was loaded last, and up to which day its rows have all come, one row per source."""
    zone = time_zone(stamp.shop.time_zone)
    last: dict[str, tuple[datetime, int, date | None]] = {}
    for load in stamp.known.loads:
        before = last[load.source][2] if load.source in last else None
        days = [day for day in (before, load.last_day) if day is not None]
        last[load.source] = (load.at, load.settle_hours, max(days, default=None))
    rows = []
    for source, (at, hours, day) in sorted(last.items()):
        settled = (at - timedelta(hours=hours)).astimezone(zone).date() - timedelta(days=1)
        rows.append((source, at, hours, day, settled))
    return pd.DataFrame(rows, columns=["source", "loaded_at", "settle_hours", "last_day", "final_day"])


def completeness(stamp: Stamp, title: str) -> Block:
    """Show of which days there are records, kind by kind."""
    rows = figures.rows(recorded_days(stamp))
    columns = [
        Column("Records of", [escape(str(row["records"])) for row in rows], ""),
        Column("First day", ["none" if row["first_day"] is None else figures.plain(row["first_day"]) for row in rows]),
        Column("Last day", [figures.plain(row["last_day"]) for row in rows]),
        Column("Days behind sales", [figures.plain(row["days_behind"]) for row in rows]),
    ]
    none = [str(row["records"]).lower() for row in rows if row["first_day"] is None]
    said = f"Not recorded at all: {escape(listed(none))}. Figures that need them are not known." if none else ""
    return Block(captioned(title, f"days in {stamp.shop.time_zone}", table(columns)) + finding(said))


def recorded_days(stamp: Stamp) -> pd.DataFrame:
    """Return the first and the last recorded day of each kind of record; none where nothing is recorded."""
    known = stamp.known
    _, newest = known.recorded("ledger", "booked")
    rows = []
    for name, (role, words) in TABLES.items():
        first, last = known.recorded(name, role)
        rows.append((words, first, last, (newest - last).days) if first <= last else (words, None, None, None))
    frame = pd.DataFrame(rows, columns=["records", "first_day", "last_day", "days_behind"])
    return frame.assign(days_behind=frame["days_behind"].astype("Int64"))


def quiet_days(by_day: Result, title: str) -> Block:
    """Name the days on which no order is recorded: closed, or lost."""
    rows = figures.rows(by_day)
    quiet = [day.date() for row in rows if not row["orders"] and isinstance(day := row[Grain.DAY.value], datetime)]
    if not quiet:
        each = "The one recorded day" if len(rows) == 1 else f"Each of {len(rows):,} recorded days"
        return Block(state(f"{title}: none. {each} has an order."))
    runs = _runs(quiet)
    named = listed([fmt.days(run) for run in runs[:_NAMED]])
    more = " and later ones" if len(runs) > _NAMED else ""
    asks = "Was the shop closed, or is a delivery missing?"
    return Block(state(f"{title}: {len(quiet):,} of {len(rows):,}: {named}{more}. {asks}"))


def _runs(days: Sequence[date]) -> list[Period]:
    """Put days that follow each other together."""
    runs: list[Period] = []
    for day in days:
        after = day + timedelta(days=1)
        if runs and runs[-1].end == day:
            runs[-1] = Period(runs[-1].start, after)
        else:
            runs.append(Period(day, after))
    return runs


def coverage(total: Result, covered: pd.DataFrame, title: str) -> Block:
    """Show for how much of gross sales the records say where, through which channel, and of what they were.

    Args:
        total: One row with gross_sales.
        covered: What `covered` returned.
        title: Heading.
    """
    rows = figures.rows(covered)
    if all(row["known_share"] is None for row in rows):
        return Block(state(f"{title}: nothing was sold in these days."))
    columns = [
        Column("The records say the", [escape(str(row["carries"]).replace("_", " ")) for row in rows], ""),
        Column("Of gross sales", [_rate(row["known_share"]) or fmt.NO_VALUE for row in rows]),
        Column("Sold without it", [figures.data(text, row["not_known"]) for text, row in zip(
            figures.column(total, "gross_sales", [row["not_known"] for row in rows]), rows, strict=True)]),
    ]  # fmt: skip
    return Block(framed(title, total, table(columns)))


def covered(total: Result, unknown: Mapping[str, Result]) -> pd.DataFrame:
    """Return the gross sales for which the records do not carry each dimension, and the share for which they do.

    Args:
        total: One row with gross_sales.
        unknown: Dimension -> one row with gross_sales of the rows without a value of it.
    """
    whole = figures.number(figures.only(total)["gross_sales"])
    rows = []
    for name, result in unknown.items():
        missing = figures.number(figures.only(result)["gross_sales"]) or Decimal(0)
        rows.append((name, missing, 1 - float(missing / whole) if whole else None))
    return pd.DataFrame(rows, columns=["carries", "not_known", "known_share"])


def months_before(coverage: Period, end: date, count: int) -> list[Period]:
    """Return the last whole months before a day, as far as the records reach, the newest first."""
    first = end.replace(day=1)
    found = [Period(add_months(first, -n - 1), add_months(first, -n)) for n in range(count)]
    return [month for month in found if month.end > coverage.start]


def restated(closed: Sequence[Result]) -> pd.DataFrame:
    """Return the figures of closed months that have changed since they were closed: as answered then, now, difference.

    Args:
        closed: One row each, asked for a month.
    """
    rows = []
    for result in closed:
        for row in figures.rows(result.restated()):
            month, metric = figures.period_of(result).start, figures.metric(result, str(row["metric"]))
            rows.append((month, metric.name, *(figures.number(row[name]) for name in ("first", "now", "difference"))))
    return pd.DataFrame(rows, columns=["month", "metric", "first", "now", "difference"])


def changes(closed: Sequence[Result], changed: pd.DataFrame, title: str) -> Block:
    """Show what `restated` found, figure by figure."""
    if not closed:
        return Block(state(f"{title}: not known. The records hold no whole month before this day."))
    if changed.empty:
        return Block(state(f"{title}: none of the last {len(closed):,}. What was reported then still holds."))
    rows = figures.rows(changed)
    # A month's figures are of two units, so each is written by itself.
    units = {metric.name: metric for metric in closed[0].passport.metrics}
    currency = closed[0].passport.shop.currency

    def written(name: str) -> list[str]:
        return [fmt.full(row[name], units[str(row["metric"])].unit, currency) for row in rows]

    months = [fmt.bucket(day, Grain.MONTH) for row in rows if isinstance(day := row["month"], date)]
    columns = [
        Column("Month", months, ""),
        Column("Figure", [escape(units[str(row["metric"])].label) for row in rows], ""),
        Column("When closed", written("first"), "num lo"),
        Column("Now", written("now")),
        Column("Difference", [
            escape(fmt.plus_minus(row["difference"], units[str(row["metric"])].unit, currency)) for row in rows
        ]),
    ]  # fmt: skip
    source = f"{currency}, booked, the last {len(closed):,} whole months"
    return Block(captioned(title, source, table(columns)))


def _rate(value: object) -> str | None:
    number = figures.number(value)
    return None if number is None else fmt.short(number, Unit.RATE)


def _moment(at: object) -> str:
    return escape(fmt.bucket(at, Grain.HOUR)) if isinstance(at, date) else fmt.NO_VALUE
