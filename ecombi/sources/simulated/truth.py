"""What is true of the simulated shop: the parameters and the hidden facts its data were drawn from."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pyarrow as pa

from ecombi.sources.simulated import customers, orders, parcels, pricing, sessions, stock
from ecombi.sources.simulated.ads import CAMPAIGNS
from ecombi.sources.simulated.arrow import days, money, names, whole
from ecombi.sources.simulated.calendar import WEEKDAY, YEARLY_GROWTH
from ecombi.sources.simulated.catalogue import COST_UNKNOWN, ZIPF_EXPONENT
from ecombi.sources.simulated.columns import NONE, integers
from ecombi.sources.simulated.goods import CATEGORIES
from ecombi.sources.simulated.markets import APP, CARRIERS, COUNTRIES, STORE
from ecombi.sources.simulated.output import Output
from ecombi.sources.simulated.shop import Shop
from ecombi.sources.simulated.stock import StockDay
from ecombi.sources.simulated.suppliers import SUPPLIERS
from ecombi.sources.simulated.tables import COUNTRY_NAMES, SUPPLIER_IDS, customer_ids

_CATEGORY_NAMES = tuple(category.name for category in CATEGORIES)


def write_truth(shop: Shop, output: Output) -> None:
    """Write truth/: customers, calendar, products and prices as tables, everything else in truth.json."""
    output.write_truth("customers", customer_truth(shop))
    output.write_truth("calendar", calendar_truth(shop))
    output.write_truth("products", product_truth(shop))
    output.write_truth("prices", price_truth(shop))
    output.write_json("truth/truth.json", {**parameters(shop), "totals": output.totals()})


def customer_truth(shop: Shop) -> pa.Table:
    """Return one row per customer: rates are per day of the customers' clock; see truth/calendar for its readings."""
    rows, calendar = shop.customers, shop.calendar
    gone = rows.dropped < calendar.clock[calendar.days]
    day = np.searchsorted(calendar.clock, rows.dropped, side="right") - 1
    return pa.table(
        {
            "customer_id": customer_ids(np.arange(len(rows))),
            "country": names(COUNTRY_NAMES, rows.country),
            "segment": names(customers.SEGMENTS, rows.segment),
            "purchase_rate": pa.array(rows.rate),
            "dropout_rate": pa.array(rows.dropout_rate),
            "first_order_clock": pa.array(rows.first),
            "dropped_clock": pa.array(rows.dropped),
            "dropped_on": days(shop.config.start, np.where(gone, day, NONE)),
            "mean_extra_lines": pa.array(rows.lines),
        }
    )


def calendar_truth(shop: Shop) -> pa.Table:
    """Return one row per day: season = week × year × lift over its mean; `clock` is the reading when the day begins."""
    calendar = shop.calendar
    count = calendar.days
    events = [calendar.event_on(day) for day in range(count)]
    expected = calendar.season[:count] * (1 + YEARLY_GROWTH * calendar.clock[:count] / 365.25)
    return pa.table(
        {
            "day": days(shop.config.start, np.arange(count)),
            "week_factor": pa.array(calendar.week[:count]),
            "year_factor": pa.array(calendar.year[:count]),
            "promotion": pa.array([None if event is None else event.name for event in events], pa.string()),
            "lift": pa.array(calendar.lift[:count]),
            "season": pa.array(calendar.season[:count]),
            "clock": pa.array(calendar.clock[:count]),
            "expected_orders": pa.array(expected / expected.sum() * shop.config.total_orders),
        }
    )


def product_truth(shop: Shop) -> pa.Table:
    """Return one row per product, the most popular first."""
    catalogue = shop.catalogue
    return pa.table(
        {
            "sku": pa.array(catalogue.sku),
            "category": names(_CATEGORY_NAMES, catalogue.category),
            "supplier_id": names(SUPPLIER_IDS, catalogue.supplier),
            "popularity": pa.array(catalogue.popularity),
            "cost_known": pa.array(catalogue.cost_known),
            "opening_qty": whole(shop.stock.opening),
        }
    )


def price_truth(shop: Shop) -> pa.Table:
    """Return one row per month and product: retail price before tax, and what a unit costs the shop."""
    months, products = shop.catalogue.price.shape
    firsts = integers([first for first, _ in shop.calendar.months()])
    return pa.table(
        {
            "month": days(shop.config.start, np.repeat(firsts, products)),
            "sku": names(shop.catalogue.sku, np.tile(np.arange(products), months)),
            "price": money(shop.catalogue.price.ravel()),
            "cost": money(shop.catalogue.cost.ravel()),
        }
    )


def stock_flows(shop: Shop, rows: StockDay) -> pa.Table:
    """Return one row per product and day: what moved the stock, and the lines lost because it was not offered."""
    return pa.table(
        {
            "day": days(shop.config.start, rows.day),
            "sku": names(shop.catalogue.sku, rows.sku),
            "received": whole(rows.received),
            "restocked": whole(rows.restocked),
            "shipped": whole(rows.shipped),
            "written_off": whole(rows.written_off),
            "lost_lines": pa.array(rows.lost),
        }
    )


def parameters(shop: Shop) -> dict[str, object]:
    """Return the parameters the data were drawn from."""
    rates = {
        name: {
            device: dict(zip(sessions.SOURCES, row, strict=True))
            for device, row in zip(
                sessions.DEVICES, sessions.conversion(shop.config.sessions_per_order, channel).tolist(), strict=True
            )
        }
        for name, channel in (("Online store", STORE), ("App", APP))
    }
    return {
        "customers": {
            "model": "Pareto/NBD on the customers' clock",
            "purchase_rate_gamma": {"shape": customers.RATE_SHAPE, "rate": customers.RATE_SCALE},
            "dropout_rate_gamma": {"shape": customers.DROPOUT_SHAPE, "rate": customers.DROPOUT_SCALE},
            "guest_share": customers.GUEST_SHARE,
            "segments": {
                name: {"share": float(share), "mean_extra_lines": float(lines)}
                for name, share, lines in zip(
                    customers.SEGMENTS, customers.SEGMENT_SHARE, customers.SEGMENT_LINES, strict=True
                )
            },
        },
        "season": {
            "weekday": dict(zip(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), WEEKDAY.tolist(), strict=True)),
            "yearly_growth": YEARLY_GROWTH,
        },
        "promotions": [asdict(event) for event in shop.calendar.events if event.start < shop.config.end],
        "countries": [asdict(country) for country in COUNTRIES],
        "categories": [{key: value for key, value in asdict(c).items() if key != "items"} for c in CATEGORIES],
        "products": {"zipf_exponent": ZIPF_EXPONENT, "cost_unknown_share": COST_UNKNOWN},
        "orders": {
            "marketplace_share": orders.MARKETPLACE_SHARE,
            "app_share_first_and_last_day": orders.APP_SHARE,
            "fraud_share": orders.FRAUD_SHARE,
            "code_percent": pricing.CODE_PERCENT,
            "code_share_later_and_first_orders": pricing.CODE_SHARE,
            "gift_card_share": pricing.GIFT_CARD_SHARE,
        },
        "returns": {"resaleable_share": stock.RESTOCKED, "second_parcel_share": stock.SECOND_PARCEL},
        "conversion": rates,
        "sessions_not_counted": {"bot_share": sessions.BOTS, "bounce_share": sessions.BOUNCES},
        "parcels": {"undocumented_share": parcels.PAPERS_WRONG / 1_009, "damaged_share": parcels.DAMAGED / 1_013},
        "funnel_of_sessions_without_order": dict(
            zip(("no product", *sessions.STEPS[:3]), sessions.LAST_STEP.tolist(), strict=True)
        ),
        "suppliers": [{"supplier_id": i, **asdict(s)} for i, s in zip(SUPPLIER_IDS, SUPPLIERS, strict=True)],
        "carriers": [asdict(carrier) for carrier in CARRIERS],
        "campaigns": [asdict(campaign) for campaign in CAMPAIGNS],
    }
