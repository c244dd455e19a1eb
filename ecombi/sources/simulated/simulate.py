"""Write a simulated shop as Parquet files of canonical tables, with the truth beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ecombi.sources.simulated import tables
from ecombi.sources.simulated.ads import simulate_ads
from ecombi.sources.simulated.calendar import TIME_ZONE
from ecombi.sources.simulated.columns import Later
from ecombi.sources.simulated.config import ShopConfig
from ecombi.sources.simulated.ledger import Entries, bill_entries, sale_entries
from ecombi.sources.simulated.lock import alone
from ecombi.sources.simulated.manifest import Manifest, read_manifest
from ecombi.sources.simulated.output import SHOP, Output
from ecombi.sources.simulated.parcels import ParcelLines, Parcels, Promises, list_lines, pack, promise
from ecombi.sources.simulated.payments import Payments, captures, refund_payments
from ecombi.sources.simulated.returns import return_parcels
from ecombi.sources.simulated.sessions import simulate_sessions
from ecombi.sources.simulated.shop import Month, Shop, adjustments, written_off
from ecombi.sources.simulated.truth import stock_flows, write_truth

SHOP_FACTS: Final = {"name": "Linden & Loom", "currency": "GBP", "time_zone": TIME_ZONE}

Progress = Callable[[str, float], None]


def simulate(config: ShopConfig, folder: Path, *, progress: Progress | None = None) -> Manifest:
    """Simulate a shop into `folder`: one folder of Parquet files per table, shop.json, truth/ and manifest.json.

    The same config gives the same bytes of every file. Nothing known on or after `config.end` is in the data. The
    manifest is written last: a folder that has the manifest of the same config is left as it is, any other simulated
    shop in it is replaced.

    Args:
        config: What to simulate.
        folder: Where to; made where it is missing.
        progress: Told what is being done and how much of it is done, 0 to 1.

    Raises:
        SourceError: The folder holds other things, or cannot be written to.
    """
    tell = progress or _silent
    known = read_manifest(folder)
    if known is not None and known.config == config:
        return known
    with alone(folder, lambda: tell("Waiting for another process that simulates here", 0.0)):
        known = read_manifest(folder)
        return known if known is not None and known.config == config else _write(config, folder, tell)


def _write(config: ShopConfig, folder: Path, tell: Progress) -> Manifest:
    tell("Customers and products", 0.0)
    output = Output(folder)
    shop = Shop(config)
    output.write_json(SHOP, SHOP_FACTS)
    output.write("products", "all", tables.products_table(shop))
    output.write("suppliers", "all", tables.suppliers_table())
    writer = _MonthWriter(shop, output)
    for month in shop.trade():
        writer.write(month)
        tell(f"Trading until {shop.calendar.day(month.last)}", month.last / shop.calendar.days)
    output.write("purchase_orders", "all", tables.purchase_orders_table(shop))
    output.write("receipts", "all", tables.receipts_table(shop))
    write_truth(shop, output)
    return output.finish(config)


class _MonthWriter:
    """Writes each month's file of each table; rows made ahead of their time wait for their month."""

    def __init__(self, shop: Shop, output: Output) -> None:
        self._shop, self._output = shop, output
        self._ledger: Later[Entries] = Later()
        self._payments: Later[Payments] = Later()
        self._parcels: Later[Parcels] = Later()
        self._parcel_lines: Later[ParcelLines] = Later()
        self._promises: Later[Promises] = Later()

    def write(self, month: Month) -> None:
        self._make(month)
        output, shop, name = self._output, self._shop, month.name
        before = int(shop.calendar.midnight[month.last])
        ledger = self._ledger.pop(before)
        if ledger is not None:
            output.write("ledger", name, tables.ledger_table(shop, ledger))
        payments = self._payments.pop(before)
        if payments is not None:
            output.write("payments", name, tables.payments_table(payments))
        parcels = self._parcels.pop(before)
        if parcels is not None:
            output.write("shipments", name, tables.shipments_table(parcels, shop.config.start))
        held = self._parcel_lines.pop(before)
        if held is not None:
            output.write("shipment_lines", name, tables.shipment_lines_table(shop, held))
        promises = self._promises.pop(before)
        if promises is not None:
            output.write("promises", name, tables.promises_table(promises, shop.config.start))
        output.write("inventory_daily", name, tables.inventory_table(shop, month.stock, month.number))
        output.write_truth(f"stock_flows/{name}", stock_flows(shop, month.stock))
        sessions = simulate_sessions(shop, month)
        output.write("sessions", name, tables.sessions_table(sessions, name))
        ads = simulate_ads(shop, month, sessions)
        output.write("ad_spend", name, tables.ad_spend_table(ads, shop.config.start))

    def _make(self, month: Month) -> None:
        config, calendar = self._shop.config, self._shop.calendar
        paid, fees = captures(config, calendar, month.bills, month.number)
        back, refunds = return_parcels(calendar, month.sold, month.shipped)
        for entries in (*sale_entries(month.lines), *bill_entries(month.bills), *fees, *back):
            self._ledger.push(entries)
        self._ledger.push(written_off(calendar, month.stock))
        self._ledger.push(adjustments(self._shop, month))
        for payments in (*paid, *(refund_payments(calendar, part) for part in refunds)):
            self._payments.push(payments)
        self._parcels.push(pack(calendar, month.sold, month.shipped))
        self._parcel_lines.push(list_lines(calendar, month.sold, month.shipped))
        self._promises.push(promise(month.lines))


def _silent(step: str, done: float) -> None:
    del step, done
