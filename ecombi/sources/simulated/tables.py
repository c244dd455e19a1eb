"""The simulated rows as tables of ecombi.schema.tables, without the columns the loader computes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import pyarrow as pa

from ecombi.sources.simulated.ads import CAMPAIGNS, AdSpend
from ecombi.sources.simulated.arrow import days, decimal, identities, instants, money, names, whole
from ecombi.sources.simulated.columns import NONE, Ints, integers
from ecombi.sources.simulated.goods import CATEGORIES
from ecombi.sources.simulated.ledger import KIND_OF, Code, Entries
from ecombi.sources.simulated.markets import CARRIERS, CHANNELS, COUNTRIES, CURRENCIES, PAYMENT_METHODS
from ecombi.sources.simulated.parcels import ParcelLines, Parcels, Promises
from ecombi.sources.simulated.payments import PAYMENT_KINDS, PREFIX, Payments
from ecombi.sources.simulated.sessions import DEVICES, SOURCES, Sessions
from ecombi.sources.simulated.shop import Shop
from ecombi.sources.simulated.stock import StockDay
from ecombi.sources.simulated.suppliers import SUPPLIERS

ORDER: Final = "LL"
COUNTRY_NAMES: Final = tuple(country.name for country in COUNTRIES)
KINDS: Final = tuple(dict.fromkeys(kind.value for kind in KIND_OF.values()))
CODES: Final = tuple(code.name for code in Code)
SUPPLIER_IDS: Final = tuple(f"SUP-{number:02d}" for number in range(1, len(SUPPLIERS) + 1))
FIRST_CUSTOMER: Final = 1_000_001
TELLS_EVERY: Final = 3
"""Every third late purchase order is confirmed anew."""


def customer_ids(customer: Ints) -> pa.Array:
    """Return the identities of customers by number, null where NONE."""
    return identities("C", np.where(customer == NONE, NONE, customer + FIRST_CUSTOMER))


def ledger_table(shop: Shop, rows: Entries) -> pa.Table:
    """Return ledger entries; source_id is code, number and line, the same in every run."""
    kind = integers([KINDS.index(KIND_OF[code].value) for code in Code])[rows.code]
    ordered = ~np.isin(rows.code, [Code.AJ, Code.WO])
    return pa.table(
        {
            "source_id": identities(
                names(CODES, rows.code), "-", rows.number, "-", np.where(rows.line == NONE, 0, rows.line)
            ),
            "kind": names(KINDS, kind),
            "event_at": instants(rows.at),
            "order_at": instants(rows.order_at),
            "order_id": identities(ORDER, np.where(ordered, rows.number, NONE)),
            "line_id": identities(np.where(rows.sku == NONE, NONE, rows.line)),
            "customer_id": customer_ids(rows.customer),
            "sku": names(shop.catalogue.sku, rows.sku),
            "channel": names(CHANNELS, rows.channel),
            "country": names(COUNTRY_NAMES, rows.country),
            "qty": whole(rows.qty),
            "amount": money(rows.amount),
            "cost_amount": money(rows.cost),
            "currency": names(CURRENCIES, rows.currency),
            "fx_to_shop": decimal(rows.fx, scale=8),
        }
    )


def products_table(shop: Shop) -> pa.Table:
    """Return all products."""
    catalogue = shop.catalogue
    return pa.table(
        {
            "sku": pa.array(catalogue.sku),
            "name": pa.array(catalogue.name),
            "category": names([category.name for category in CATEGORIES], catalogue.category),
        }
    )


def sessions_table(rows: Sessions, month: str) -> pa.Table:
    """Return a month's sessions; their identity is the month and their place in it."""
    return pa.table(
        {
            "session_id": identities(f"S{month}-", np.arange(1, len(rows) + 1)),
            "started_at": instants(rows.started),
            "customer_id": customer_ids(rows.customer),
            "channel": names(CHANNELS, rows.channel),
            "country": names(COUNTRY_NAMES, rows.country),
            "device": names(DEVICES, rows.device),
            "traffic_source": names(SOURCES, rows.source),
            "viewed_at": instants(rows.viewed),
            "added_at": instants(rows.added),
            "checkout_at": instants(rows.checkout),
            "completed_at": instants(rows.completed),
            "order_id": identities(ORDER, rows.order),
            "ended_at": instants(rows.ended),
            "is_bot": pa.array(rows.bot),
        }
    )


def payments_table(rows: Payments) -> pa.Table:
    """Return payments; a payout is named by its method and the Monday of its week."""
    part = identities("-", rows.part).fill_null("")
    weeks, position = np.unique(rows.payout[rows.payout != NONE], return_inverse=True)
    mondays = [f"{date(1970, 1, 1) + timedelta(days=week * 7 - 3):%Y-%m-%d}" for week in weeks.tolist()]
    payouts = [f"{method}-{monday}" for method in PAYMENT_METHODS for monday in mondays]
    payout = np.full(len(rows), NONE)
    settled = rows.payout != NONE
    payout[settled] = rows.method[settled] * len(mondays) + position
    return pa.table(
        {
            "payment_id": identities(names(PREFIX, rows.kind), rows.number, part),
            "order_id": identities(ORDER, rows.number),
            "kind": names(PAYMENT_KINDS, rows.kind),
            "method": names(PAYMENT_METHODS, rows.method),
            "paid_at": instants(rows.at),
            "amount": money(rows.amount),
            "fee_amount": money(rows.fee),
            "payout_id": names(payouts, payout),
        }
    )


def inventory_table(shop: Shop, rows: StockDay, month: int) -> pa.Table:
    """Return a month's evenings."""
    return pa.table(
        {
            "day": days(shop.config.start, rows.day),
            "sku": names(shop.catalogue.sku, rows.sku),
            "on_hand": whole(rows.on_hand),
            "committed": whole(rows.committed),
            "incoming": whole(rows.incoming),
            "unit_cost": money(shop.catalogue.cost[month][rows.sku]),
        }
    )


def suppliers_table() -> pa.Table:
    """Return all suppliers."""
    return pa.table(
        {
            "supplier_id": pa.array(SUPPLIER_IDS),
            "name": pa.array([supplier.name for supplier in SUPPLIERS]),
            "country": pa.array([supplier.country for supplier in SUPPLIERS]),
        }
    )


def purchase_orders_table(shop: Shop) -> pa.Table:
    """Return the purchase orders of the whole history; what is after its end is still open."""
    rows, end = shop.stock.purchases(), shop.calendar.days
    month = np.searchsorted([first for first, _ in shop.calendar.months()], rows.ordered, side="right") - 1
    arrived = rows.received < end
    answered = rows.ordered + 2 < end
    # Some suppliers who are late say so on the day they promised, and name the day that holds.
    moved = (rows.received > rows.confirmed) & (rows.confirmed < end) & (rows.order % TELLS_EVERY == 0)
    start = shop.config.start
    return pa.table(
        {
            "po_id": identities("PO-", rows.order),
            "sku": names(shop.catalogue.sku, rows.sku),
            "supplier_id": names(SUPPLIER_IDS, rows.supplier),
            "ordered_on": days(start, rows.ordered),
            "requested_on": days(start, rows.requested),
            "confirmed_on": days(start, np.where(answered, rows.confirmed, NONE)),
            "last_confirmed_on": days(start, np.where(moved, rows.received, NONE)),
            "received_on": days(start, np.where(arrived, rows.received, NONE)),
            "ordered_qty": whole(rows.ordered_qty),
            "received_qty": whole(
                np.where(arrived, rows.received_qty, 0) + np.where(rows.rest < end, rows.rest_qty, 0)
            ),
            "unit_cost": money(shop.catalogue.cost[month, rows.sku]),
        }
    )


def receipts_table(shop: Shop) -> pa.Table:
    """Return what came of the purchase orders up to the end of the history, and when."""
    rows, end = shop.stock.purchases(), shop.calendar.days
    first = rows.take(rows.received < end)
    rest = rows.take((rows.rest_qty > 0) & (rows.rest < end))
    order, sku = np.concatenate([first.order, rest.order]), np.concatenate([first.sku, rest.sku])
    received = np.concatenate([first.received, rest.rest])
    return pa.table(
        {
            "po_id": identities("PO-", order),
            "sku": names(shop.catalogue.sku, sku),
            "received_on": days(shop.config.start, received),
            "qty": whole(np.concatenate([first.received_qty, rest.rest_qty])),
        }
    )


def shipments_table(rows: Parcels, start: date) -> pa.Table:
    """Return parcels."""
    return pa.table(
        {
            "shipment_id": _parcel_ids(rows),
            "order_id": identities(ORDER, rows.number),
            "carrier": names([carrier.name for carrier in CARRIERS], rows.carrier),
            "country": names(COUNTRY_NAMES, rows.country),
            "shipped_at": instants(rows.at),
            "promised_on": days(start, rows.promised),
            "delivered_at": instants(rows.delivered),
            "ordered_qty": whole(rows.ordered_qty),
            "shipped_qty": whole(rows.shipped_qty),
            "cost_amount": money(rows.cost),
            "is_documented": pa.array(rows.documented),
            "is_undamaged": pa.array(rows.undamaged),
        }
    )


def shipment_lines_table(shop: Shop, rows: ParcelLines) -> pa.Table:
    """Return what parcels hold."""
    return pa.table(
        {
            "shipment_id": _parcel_ids(rows),
            "line_id": identities(rows.line),
            "sku": names(shop.catalogue.sku, rows.sku),
            "qty": whole(rows.qty),
            "shipped_at": instants(rows.at),
        }
    )


def _parcel_ids(rows: Parcels | ParcelLines) -> pa.Array:
    return identities("SH-", rows.number, "-", rows.parcel)


def promises_table(rows: Promises, start: date) -> pa.Table:
    """Return what customers were told when they ordered."""
    return pa.table(
        {
            "order_id": identities(ORDER, rows.number),
            "made_at": instants(rows.at),
            "promised_on": days(start, rows.promised),
        }
    )


def ad_spend_table(rows: AdSpend, start: date) -> pa.Table:
    """Return what campaigns spent."""
    source = integers([campaign.source for campaign in CAMPAIGNS])[rows.campaign]
    return pa.table(
        {
            "day": days(start, rows.day),
            "campaign": names([campaign.name for campaign in CAMPAIGNS], rows.campaign),
            "traffic_source": names(SOURCES, source),
            "spend_amount": money(rows.spend),
            "impressions": whole(rows.impressions),
            "clicks": whole(rows.clicks),
        }
    )
