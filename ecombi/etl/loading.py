"""Loading a source: stage, check, hold back, recognise what is known, and write the rest. The same for every source."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

import duckdb

from ecombi.backends.warehouse import Build
from ecombi.errors import DataQualityError, SourceError
from ecombi.etl.holding import hold, release
from ecombi.etl.reports import LoadReport
from ecombi.etl.writing import Writer
from ecombi.sources import Delivery, Shop, Source, Staged

logger = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Called before each delivery with its name, how many are done and how many there are; at the end with all done."""


def load(
    build: Build, source: Source, *, run_id: str, at: datetime, progress: Progress | None = None
) -> list[LoadReport]:
    """Load everything a source delivers into the builder; nothing is published.

    A delivery with bytes that were loaded before is skipped. Loading rows again, or an export that overlaps an
    earlier one, changes nothing.

    Args:
        build: An open build.
        source: Where the rows come from.
        run_id: Identity of the run, noted with every load.
        at: Aware; becomes loaded_at of every new row.
        progress: Told how far the load is.

    Returns:
        One report per delivery, in the order they were loaded.

    Raises:
        SourceError: A delivery cannot be read, or belongs to a shop with another currency or time zone.
        DataQualityError: Rows in are not rows loaded plus rows quarantined.
    """
    if at.tzinfo is None:
        raise ValueError(f"A load happens at an aware time, not at {at!r}.")
    connection = build.connection
    _settle_shop(connection, source.shop)
    deliveries = source.deliveries()
    reports = []
    for done, delivery in enumerate(deliveries):
        if progress:
            progress(delivery.name, done, len(deliveries))
        report = _skipped(connection, source, delivery)
        reports.append(report or load_delivery(connection, source, delivery, run_id=run_id, at=at))
    if progress and deliveries:
        progress(deliveries[-1].name, len(deliveries), len(deliveries))
    return reports


def _settle_shop(connection: duckdb.DuckDBPyConnection, shop: Shop) -> None:
    """Note the workspace's shop, or make sure that it is this one."""
    found = connection.execute("SELECT name, currency, time_zone FROM shop").fetchall()
    if not found:
        connection.execute(
            "INSERT INTO shop (name, currency, time_zone) VALUES (?, ?, ?)", [shop.name, shop.currency, shop.time_zone]
        )
        return
    name, currency, zone = found[0]
    if (currency, zone) != (shop.currency, shop.time_zone):
        raise SourceError(
            f"This workspace holds the shop {name!r}, in {currency} and {zone}, but {shop.name!r} is in "
            f"{shop.currency} and {shop.time_zone}. Sums over both would mean nothing. "
            "Load it into a workspace of its own: --workspace another-folder."
        )


def _skipped(connection: duckdb.DuckDBPyConnection, source: Source, delivery: Delivery) -> LoadReport | None:
    """Report a delivery whose very bytes were loaded before as what it is now: known, or still held back."""
    started = time.monotonic()
    found = connection.execute(
        """
        SELECT rows_in, rows_duplicate, (
            SELECT count(*) FROM quarantine q WHERE q.source = l.source AND q.delivery = l.delivery
            AND q.fingerprint = l.fingerprint AND q.replayed_at IS NULL)
        FROM loads l WHERE source = ? AND fingerprint = ?
        """,
        [source.name, delivery.fingerprint],
    ).fetchall()
    if not found:
        return None
    rows_in, duplicate, quarantined = found[0]
    return LoadReport(
        source=source.name,
        delivery=delivery.name,
        rows_in=rows_in,
        rows_new=0,
        rows_known=rows_in - quarantined,
        rows_quarantined=quarantined,
        rows_duplicate=duplicate,
        seconds=time.monotonic() - started,
        skipped=True,
    )


def load_delivery(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    delivery: Delivery,
    *,
    run_id: str,
    at: datetime,
    replay: bool = False,
) -> LoadReport:
    """Load one delivery and note it in loads.

    Args:
        connection: The builder.
        source: The source it belongs to.
        delivery: What to load.
        run_id: Identity of the run.
        at: Aware.
        replay: True for rows that were held back before: the quarantine has them already.

    Returns:
        Its report.

    Raises:
        SourceError: It cannot be read.
        DataQualityError: Not every row was accounted for.
    """
    started = time.monotonic()
    (load_id,) = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0]
    naive = at.astimezone(UTC).replace(tzinfo=None)
    staged = delivery.stage(connection)
    writer = Writer(connection, source.name, source.shop.time_zone, int(load_id), naive)
    writer.hold_back(staged)
    new, known = writer.write(staged)
    report = LoadReport(
        source=source.name,
        delivery=delivery.name,
        rows_in=staged.rows_in,
        rows_new=new,
        rows_known=known,
        rows_quarantined=writer.count(f"(SELECT DISTINCT source_row FROM {staged.rejected})"),
        rows_duplicate=writer.count(
            f"(SELECT DISTINCT source_row FROM {staged.duplicates} "
            f"WHERE source_row NOT IN (SELECT source_row FROM {staged.rejected}))"
        ),
        seconds=time.monotonic() - started,
    )
    _account(report)
    noted = {
        "run_id": run_id,
        "source": source.name,
        "delivery": delivery.name,
        "fingerprint": delivery.fingerprint,
        "at": naive,
        "load_id": load_id,
    }
    _note(connection, staged, report, noted, settle_hours=source.settle_hours, replay=replay)
    logger.info("loaded %s.%s %s", report.source, report.delivery, report.record())
    return report


def _account(report: LoadReport) -> None:
    found = report.rows_new + report.rows_known + report.rows_quarantined
    if report.rows_in != found:
        raise DataQualityError(
            f"{report.delivery} has {report.rows_in:,} rows, but {report.rows_new:,} new, {report.rows_known:,} known "
            f"and {report.rows_quarantined:,} quarantined ones were counted. Nothing was loaded.",
            check="rows_accounted_for",
            failing_rows=abs(report.rows_in - found),
        )


def _note(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    report: LoadReport,
    noted: dict[str, object],
    *,
    settle_hours: int,
    replay: bool,
) -> None:
    (release if replay else hold)(connection, staged, noted)
    row = {
        "load_id": noted["load_id"],
        "run_id": noted["run_id"],
        "source": report.source,
        "delivery": report.delivery,
        # The delivery itself stays the one load with its fingerprint.
        "fingerprint": f"replay:{noted['fingerprint']}" if replay else noted["fingerprint"],
        "rows_in": report.rows_in,
        "rows_new": report.rows_new,
        "rows_known": report.rows_known,
        "rows_quarantined": report.rows_quarantined,
        "rows_duplicate": report.rows_duplicate,
        "loaded_at": noted["at"],
        "settle_hours": settle_hours,
    }
    places = ", ".join(f"${name}" for name in row)
    connection.execute(f"INSERT INTO loads ({', '.join(row)}) VALUES ({places})", row)
