"""Rollups that are kept load after load are, row for row, those that are summed anew."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecombi.backends.warehouse import Warehouse, open_warehouse
from ecombi.etl.marts import build_marts
from ecombi.etl.rollups import LAST_LOAD
from ecombi.metrics.answers import Answers
from ecombi.metrics.conditions import EVERY_ORDER_SOLD, UNAMENDED_ORDERS
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import ROLLUPS, TABLES
from ecombi.metrics.shapes import UNIFORM_ORDERS
from ecombi.schema import tables
from ecombi.settings import load_settings
from tests.metrics.small_shops import SHOP, Rows, arrow_of, event, sale, visit

AT = datetime(2012, 12, 1, 6, tzinfo=UTC)
Loads = list[dict[str, Rows]]


@contextmanager
def empty() -> Iterator[Warehouse]:
    with tempfile.TemporaryDirectory() as folder:
        warehouse = open_warehouse(load_settings(workspace=Path(folder), database_url=None), TABLES)
        yield warehouse
        warehouse.close()


def load(warehouse: Warehouse, rows: dict[str, Rows], number: int) -> None:
    """Load rows on top of those there are; a row of a known key is rewritten, and its twin kept."""
    with warehouse.build() as build:
        run = build.connection.execute
        if number == 1:
            run("INSERT INTO shop VALUES ($1, $2, $3)", [SHOP.name, SHOP.currency, SHOP.time_zone])
        run(
            "INSERT INTO loads BY NAME SELECT $1 AS load_id, 'run' AS run_id, 'test' AS source, 'small' AS delivery, "
            "'print' AS fingerprint, 0 AS rows_in, 0 AS rows_new, 0 AS rows_known, 0 AS rows_quarantined, "
            "0 AS rows_duplicate, $2::TIMESTAMP AS loaded_at, 0 AS settle_hours",
            [number, AT.replace(tzinfo=None)],
        )
        for name, given_rows in rows.items():
            table = tables.metadata.tables[name]
            key = tables.key_of(table)
            latest = {tuple(row[part] for part in key): {"load_id": number, **row} for row in given_rows}
            build.connection.register("new", arrow_of(table, list(latest.values())))
            history = tables.history_of(table)
            if history is not None:
                named = ", ".join(key)
                run(
                    f"INSERT INTO {history.name} BY NAME "
                    f"SELECT *, {number} AS replaced_by FROM {name} SEMI JOIN new USING ({named})"
                )
                run(f"DELETE FROM {name} WHERE ({named}) IN (SELECT ({named}) FROM new)")
            run(f"INSERT INTO {name} BY NAME SELECT * FROM new")
            build.connection.unregister("new")
        build_marts(build)
        build.publish(at=AT)


def kept(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return the rows of every rollup, in one order."""
    return {
        name: sorted(repr(tuple(row.values())) for row in warehouse.arrow(f"SELECT * FROM {name}").to_pylist())
        for name in ROLLUPS
    }


def rebuilt(warehouse: Warehouse) -> dict[str, list[str]]:
    """Forget what was built, and sum everything anew."""
    with warehouse.build() as build:
        build.connection.execute("DELETE FROM facts")
        build_marts(build)
        build.publish(at=AT)
    return kept(warehouse)


def incrementally(loads: Loads) -> None:
    with empty() as warehouse:
        for number, rows in enumerate(loads, 1):
            load(warehouse, rows, number)
        before = kept(warehouse)
        assert before == rebuilt(warehouse)


FIRST: dict[str, Rows] = {
    "ledger": [
        sale("o1", "2012-10-05", "20.00", sku="mug", customer_id="ann", country="GB", source_id="1"),
        sale("o2", "2012-10-20", "30.00", sku="lamp", customer_id="bob", country="FR", source_id="2"),
    ],
    "products": [{"sku": "mug", "name": "Mug", "category": "Kitchen"}],
    "sessions": [visit("s1", "2012-10-05T10:00", steps=(0.1, 0.2, 0.3), country="GB")],
}
LATER: dict[str, dict[str, Rows]] = {
    "one more day": {"ledger": [sale("o3", "2012-10-21", "5.00", sku="mug", country="DE", source_id="3")]},
    "a late refund": {
        "ledger": [event("return", "o1", "2012-10-06", "-20.00", ordered="2012-10-05", sku="mug", source_id="4")]
    },
    "a category that changed": {"products": [{"sku": "mug", "name": "Mug", "category": "Gifts"}]},
    "a product named late": {"products": [{"sku": "lamp", "name": "Lamp", "category": "Home"}]},
    "an earlier order of a known customer": {
        "ledger": [sale("o0", "2012-09-30", "7.00", sku="mug", customer_id="bob", country="FR", source_id="5")]
    },
    "an exchange for an order": {
        "ledger": [
            event("return", "o1", "2012-10-09", "-20.00", ordered="2012-10-05", sku="mug", source_id="6"),
            sale("o1", "2012-10-09", "45.00", ordered="2012-10-05", sku="lamp", country="GB", source_id="7"),
            event("tax", "o1", "2012-10-09", "9.00", ordered="2012-10-05", sku="lamp", country="GB", source_id="8"),
        ]
    },
    "a discount given later": {
        "ledger": [event("discount", "o1", "2012-10-08", "-2.00", ordered="2012-10-05", sku="mug", source_id="9")]
    },
    "an earlier first sale of a known order": {
        "ledger": [sale("o1", "2012-10-02", "15.00", ordered="2012-10-05", sku="lamp", country="GB", source_id="10")]
    },
    "a visit that ended in an order after all": {
        "sessions": [visit("s1", "2012-10-05T10:00", steps=(0.1, 0.2, 0.3, 0.4), order_id="o1", traffic_source="ads")]
    },
    "a visit of another day": {"sessions": [visit("s1", "2012-10-07T10:00", country="GB")]},
    "nothing": {},
}  # fmt: skip


@pytest.mark.parametrize("late", LATER)
def test_what_comes_later_leaves_the_rollups_that_would_be_summed_anew(late: str) -> None:
    incrementally([FIRST, LATER[late]])


days = st.integers(0, 12).map(lambda n: (dt.date(2012, 10, 1) + timedelta(days=n)).isoformat())
orders = st.sampled_from(["o1", "o2", "o3", "o4"])
skus = st.sampled_from(["mug", "lamp", "card", None])
places = st.sampled_from(["GB", "FR", None])
money = st.integers(-500, 2_000).map(lambda cents: str(Decimal(cents) / 100))
entries = st.builds(
    lambda kind, order, on, amount, sku, country, customer: event(
        kind, order, on, amount, sku=sku, country=country, customer_id=customer, qty=1 if kind == "sale" else 0
    ),
    st.sampled_from(["sale", "sale", "return", "discount", "tax"]), orders, days, money, skus, places,
    st.sampled_from(["ann", "bob", None]),
)  # fmt: skip
visits = st.builds(
    lambda name, on, steps, country, order: visit(name, on, steps=steps, country=country, order_id=order),
    st.sampled_from(["s1", "s2", "s3"]), days, st.sampled_from([(), (0.1,), (0.1, 0.2, 0.3), (0.1, 0.2, 0.3, 0.4)]),
    places, orders | st.none(),
)  # fmt: skip
goods = st.builds(
    lambda sku, category: {"sku": sku, "name": sku.title(), "category": category},
    st.sampled_from(["mug", "lamp", "card"]), st.sampled_from(["Home", "Gifts", None]),
)  # fmt: skip
parcels = st.builds(
    lambda name, order, on, country, arrived, qty: {
        "shipment_id": name, "order_id": order, "carrier": "swift", "country": country,
        "shipped_at": datetime.fromisoformat(f"{on}T12:00"), "promised_on": dt.date(2012, 10, 9),
        "delivered_at": datetime.fromisoformat(f"{on}T18:00") if arrived else None,
        "ordered_qty": 1, "shipped_qty": qty, "cost_amount": Decimal("4.20"),
    },
    st.sampled_from(["p1", "p2"]), orders, days, places, st.booleans(), st.integers(0, 2),
)  # fmt: skip
paid = st.builds(
    lambda name, order, on, kind, cents: {
        "payment_id": name, "order_id": order, "kind": kind, "method": "card",
        "paid_at": datetime.fromisoformat(f"{on}T12:00"), "amount": Decimal(cents) / 100, "fee_amount": Decimal("0.30"),
    },
    st.sampled_from(["x1", "x2"]), orders, days, st.sampled_from(["capture", "refund", "chargeback"]),
    st.integers(-500, 2_000),
)  # fmt: skip
stock = st.builds(
    lambda on, sku, units: {
        "day": dt.date.fromisoformat(on), "sku": sku, "on_hand": units, "committed": 1, "incoming": 0,
        "unit_cost": Decimal("2.50"),
    },
    days, st.sampled_from(["mug", "lamp"]), st.integers(-1, 9),
)  # fmt: skip
deliveries = st.fixed_dictionaries(
    {},
    optional={
        "ledger": st.lists(entries, min_size=1, max_size=5),
        "sessions": st.lists(visits, min_size=1, max_size=2),
        "products": st.lists(goods, min_size=1, max_size=2),
        "shipments": st.lists(parcels, min_size=1, max_size=2),
        "payments": st.lists(paid, min_size=1, max_size=2),
        "inventory_daily": st.lists(stock, min_size=1, max_size=3),
    },
)


@settings(max_examples=6, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(loads=st.lists(deliveries, min_size=2, max_size=4))
def test_any_sequence_of_loads_leaves_the_rollups_that_would_be_summed_anew(loads: Loads) -> None:
    # Each example draws its own events: the same one twice would break the ledger's key.
    for number, rows in enumerate(loads):
        if "ledger" in rows:
            rows["ledger"] = [{**row, "source_id": f"{number}-{n}"} for n, row in enumerate(rows["ledger"])]
    incrementally(loads)


def test_a_rollup_of_another_definition_is_not_used_and_built_anew() -> None:
    with empty() as warehouse:
        load(warehouse, FIRST, 1)
        query = MetricQuery.of("net_sales", by="country")
        answers = Answers(warehouse, SHOP)
        found = answers.run(query)
        [used] = found.passport.tables
        assert used in ROLLUPS
        with warehouse.build() as build:
            build.connection.execute(
                "UPDATE facts SET value = '0123456789abcdef 2' WHERE name = $1", [f"rollup:{used}"]
            )
            build.connection.execute(f"UPDATE {used} SET net_sales = 999")
            build.publish(at=AT)
        again = answers.run(query)
        [other] = again.passport.tables
        assert other in set(ROLLUPS) - {used}
        assert again["net_sales"].tolist() == found["net_sales"].tolist() == [30, 20]
        load(warehouse, {}, 2)
        renewed = answers.run(query)
        assert renewed.passport.tables == (used,)
        assert renewed["net_sales"].tolist() == [30, 20]


EXCHANGE: dict[str, Rows] = {
    "ledger": [sale("o1", "2012-10-09", "10.00", ordered="2012-10-05", sku="lamp", country="GB", source_id="9")]
}


def test_an_order_that_is_added_to_stays_what_it_was() -> None:
    with empty() as warehouse:
        load(warehouse, FIRST, 1)
        answers = Answers(warehouse, SHOP)
        query = MetricQuery.of(["gross_sales", "orders", "aov"], by="country", grain="day")
        assert {UNIFORM_ORDERS, UNAMENDED_ORDERS} <= set(answers.known().built)
        load(warehouse, EXCHANGE, 2)
        assert UNIFORM_ORDERS in answers.known().built
        assert UNAMENDED_ORDERS not in answers.known().built
        found = answers.run(query)
        assert set(found.passport.tables) <= set(ROLLUPS)
        assert found.drop(columns="day").fillna(-1).to_numpy().tolist() == [
            ["FR", 30, 1, 30.0],
            ["GB", 20, 1, 20.0],
            ["GB", 10, 0, -1],
        ]


def test_the_days_of_an_order_that_is_added_to_are_summed_anew() -> None:
    late_tax = event("tax", "o1", "2012-10-07", "4.00", ordered="2012-10-05", country="GB", source_id="8")
    first = {**FIRST, "ledger": [*FIRST["ledger"], late_tax]}
    with empty() as warehouse:
        load(warehouse, first, 1)
        total = MetricQuery.of("average_order_total", where={"country": ["GB"]})
        answers = Answers(warehouse, SHOP)
        assert answers.run(total)["average_order_total"].tolist() == [24.0]
        # Now the tax of the 7th is of a day after the first sale of an order that was added to.
        load(warehouse, EXCHANGE, 2)
        found = answers.run(total)
        assert set(found.passport.tables) <= set(ROLLUPS)
        assert found["average_order_total"].tolist() == [20.0]
        before = kept(warehouse)
        assert before == rebuilt(warehouse)


def test_the_days_of_what_was_charged_before_its_sale_are_summed_anew() -> None:
    charged = event("shipping", "o9", "2012-10-06", "4.00", country="GB", source_id="7")
    with empty() as warehouse:
        load(warehouse, {**FIRST, "ledger": [*FIRST["ledger"], charged]}, 1)
        total = MetricQuery.of("average_order_total", where={"country": ["GB"]})
        answers = Answers(warehouse, SHOP)
        assert answers.run(total)["average_order_total"].tolist() == [20.0]
        assert EVERY_ORDER_SOLD not in answers.known().built
        assert set(answers.run(total).passport.tables) <= set(ROLLUPS)
        sold = sale("o9", "2012-10-08", "10.00", ordered="2012-10-06", sku="lamp", country="GB", source_id="6")
        load(warehouse, {"ledger": [sold]}, 2)
        assert EVERY_ORDER_SOLD in answers.known().built
        found = answers.run(total)
        assert set(found.passport.tables) <= set(ROLLUPS)
        assert found["average_order_total"].tolist() == [17.0]
        before = kept(warehouse)
        assert before == rebuilt(warehouse)


def test_an_order_of_two_countries_is_counted_in_the_ledger() -> None:
    with empty() as warehouse:
        load(warehouse, FIRST, 1)
        answers = Answers(warehouse, SHOP)
        query = MetricQuery.of(["orders", "aov"])
        assert set(answers.run(query).passport.tables) <= set(ROLLUPS)
        load(warehouse, {"ledger": [sale("o1", "2012-10-05", "10.00", country="FR", source_id="9")]}, 2)
        assert UNIFORM_ORDERS not in answers.known().built
        found = answers.run(query)
        assert (found.passport.tables, found["orders"].tolist(), found["aov"].tolist()) == (("ledger",), [2], [30.0])
        assert set(answers.run(MetricQuery.of("net_sales")).passport.tables) <= set(ROLLUPS)


def test_a_mart_without_rows_has_an_empty_rollup() -> None:
    with empty() as warehouse:
        load(warehouse, {}, 1)
        assert kept(warehouse) == {name: [] for name in ROLLUPS}
        found = Answers(warehouse, SHOP).run(MetricQuery.of(["net_sales", "sessions", "on_hand", "otif"]))
        assert found[["net_sales", "sessions"]].to_numpy().tolist() == [[0, 0]]
        assert found[["on_hand", "otif"]].isna().all(axis=None)
        [noted] = warehouse.arrow(f"SELECT value FROM facts WHERE name = '{LAST_LOAD}'")["value"].to_pylist()
        assert noted == "1"
