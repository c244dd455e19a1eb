"""What somebody may not see is in no figure, no list and no row: as if the shop had none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd
import pytest

from ecombi.backends.warehouse import Warehouse
from ecombi.errors import AccessDenied, ConfigurationError, EmptyWarehouse, MetricError, UnknownDimensionError
from ecombi.metrics.answers import Answers
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.marts import AD_SPEND, GOODS_RECEIPTS, INVENTORY, PURCHASES
from ecombi.metrics.planner import plan
from ecombi.metrics.policy import NOBODY, OWNER, Identity
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import ROLLUPS
from ecombi.workspace import Workspace
from tests.metrics.copies import copied
from tests.metrics.tiny_shop import SHOP

WHOLE = pytest.mark.xdist_group("whole_shop")
PERIOD = {"start": "2026-03-01", "end": "2026-10-01"}
NOT_DIVIDED = {INVENTORY, PURCHASES, GOODS_RECEIPTS, AD_SPEND}
"""Marts whose rows belong to no country and no channel."""
GERMANY_AND_FRANCE = Identity.of("regional", countries=["Germany", "France"])
ORDERS_OF = "order_id IN (SELECT order_id FROM orders WHERE {})"


def divided(name: str) -> bool:
    """Whether every row a metric counts belongs to a country and a channel."""
    return not {measure.mart for measure in CATALOGUE[name].measures()} & NOT_DIVIDED


DIVIDED = [name for name in CATALOGUE if divided(name)]


def numbered(name: str) -> bool:
    """Whether a metric looks at which order of its customer an order is."""
    return "customer_order_number" in plan(MetricQuery.of(name), "duckdb").sql


@pytest.fixture(scope="module")
def regional(whole_shop: dict[str, Workspace], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """A shop that only ever sold to Germany and France."""
    there = "country IN ('Germany', 'France')"
    orders = ORDERS_OF.format(there)
    rows = {"ledger": there, "sessions": there, "shipments": there, "payments": orders, "reviews": orders}
    rows |= {"sessions_history": there, "shipments_history": there}
    answers = whole_shop["duckdb"].answers
    warehouse = copied(answers.warehouse, tmp_path_factory.mktemp("regional"), rows)
    yield Answers(warehouse, answers.shop)
    warehouse.close()


@WHOLE
@pytest.mark.parametrize(
    "question",
    [
        {},
        {"grain": "month", "compare": "previous"},
        {"by": "channel", "basis": "ordered"},
        {"by": "country", "grain": "quarter", "fill": True},
        {"where": {"country": ["Germany", "Spain"]}},
    ],
)
def test_every_metric_is_that_of_a_shop_that_holds_the_allowed_rows_only(
    whole_shop: dict[str, Workspace], regional: Answers, question: dict[str, object]
) -> None:
    query = MetricQuery.of(DIVIDED, **PERIOD, **question)
    wanted = regional.run(query)
    assert len(wanted)
    for workspace in whole_shop.values():
        found = workspace.answers.seen_by(GERMANY_AND_FRANCE).run(query)
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(wanted), rtol=1e-9)


@WHOLE
def test_rows_behind_a_figure_are_allowed_ones_only(whole_shop: dict[str, Workspace], regional: Answers) -> None:
    seen = whole_shop["duckdb"].answers.seen_by(GERMANY_AND_FRANCE)
    query = MetricQuery.of(["net_sales", "sessions", "parcels", "customers"], **PERIOD)
    for name in query.metrics:
        rows = seen.run(query).rows(metric=name)
        assert len(rows) == len(regional.run(query).rows(metric=name)) > 0
        assert set(rows["country"]) == {"Germany", "France"}


@WHOLE
def test_what_belongs_to_no_country_is_refused(whole_shop: dict[str, Workspace]) -> None:
    seen = whole_shop["duckdb"].answers.seen_by(GERMANY_AND_FRANCE)
    for name in set(CATALOGUE) - set(DIVIDED):
        with pytest.raises(AccessDenied, match="does not say which rows are theirs"):
            seen.plan(MetricQuery.of(name))


@WHOLE
def test_lists_hold_what_may_be_seen(whole_shop: dict[str, Workspace], regional: Answers) -> None:
    seen = whole_shop["duckdb"].answers.seen_by(GERMANY_AND_FRANCE)
    assert seen.values("country") == ["France", "Germany"]
    assert seen.coverage() == regional.coverage()
    for dimension in (
        "product",
        "channel",
        "carrier",
        "payment_method",
        "device",
        "cohort",
        "category",
        "product_name",
    ):
        assert seen.values(dimension) == regional.values(dimension)
    found = seen.run(MetricQuery.of("net_sales", where={"country": ["Spain"]}, **PERIOD))
    assert found["net_sales"].tolist() == [0]
    # What may not be seen is not confirmed to exist either.
    assert found.passport.notes[0].startswith("Nothing is recorded with the country 'Spain'")
    assert "Seen by" in dict(found.passport.lines())


@WHOLE
def test_somebody_of_one_channel_sees_its_rows_and_customers_keep_their_history(
    whole_shop: dict[str, Workspace], tmp_path_factory: pytest.TempPathFactory
) -> None:
    workspace = whole_shop["duckdb"]
    answers = workspace.answers
    orders = ORDERS_OF.format("channel = 'App'")
    rows = {"ledger": "channel = 'App'", "sessions": "channel = 'App'"}
    rows |= dict.fromkeys(("shipments", "payments", "reviews"), orders)
    seen = answers.seen_by(Identity.of("web", channels=["App"]))
    names = [name for name in DIVIDED if not numbered(name)]
    alone = copied(answers.warehouse, tmp_path_factory.mktemp("channel"), rows)
    query = MetricQuery.of(names, **PERIOD)
    found, wanted = seen.run(query), Answers(alone, answers.shop).run(query)
    alone.close()
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(wanted), rtol=1e-9)
    # A customer's first order is the first of all, not the first that may be seen.
    firsts = answers.run(MetricQuery.of("new_customers", by="channel", **PERIOD))
    assert seen.run(MetricQuery.of("new_customers", **PERIOD))["new_customers"].tolist() == [
        firsts.set_index("channel")["new_customers"]["App"]
    ]


@WHOLE
def test_somebody_of_one_store_sees_what_it_delivered(
    whole_shop: dict[str, Workspace], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The shop twice: under one name, and the even orders, visits and so on delivered by another."""
    answers = whole_shop["duckdb"].answers
    two = {"loads": "SELECT * REPLACE (CASE load_id % 2 WHEN 0 THEN 'other' ELSE source END AS source) FROM loads"}
    for name in ("sessions", "shipments", "payments", "inventory_daily", "purchase_orders", "ad_spend"):
        key = {"inventory_daily": "sku", "purchase_orders": "po_id", "ad_spend": "campaign"}.get(name, "order_id")
        two[name] = f"SELECT * REPLACE (1 + CAST(hash({key}) % 2 AS INTEGER) AS load_id) FROM {name}"
    source = "CASE CAST(hash(order_id) % 2 AS INTEGER) WHEN 0 THEN 'simulated' ELSE 'other' END"
    two["ledger"] = f"SELECT * REPLACE ({source} AS source) FROM ledger"
    stores = copied(answers.warehouse, tmp_path_factory.mktemp("stores"), two)
    loaded = "load_id IN (SELECT load_id FROM loads WHERE source = 'other')"
    rows = {name: loaded for name in two if name not in ("ledger", "loads")}
    one = copied(stores, tmp_path_factory.mktemp("store"), {**rows, "ledger": "source = 'other'"})
    whole, alone = Answers(stores, answers.shop), Answers(one, answers.shop)
    seen = whole.seen_by(Identity.of("clerk", stores=["other"]))
    query = MetricQuery.of([name for name in CATALOGUE if not numbered(name)], **PERIOD)
    found, wanted = seen.run(query), alone.run(query)
    assert 0 < found["net_sales"][0] < whole.run(query)["net_sales"][0]
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(wanted), rtol=1e-9)
    stores.close()
    one.close()


@WHOLE
@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_nobody_sees_no_row_anywhere(whole_shop: dict[str, Workspace], engine: str) -> None:
    workspace = whole_shop[engine].seen_by(None)
    nobody = workspace.answers
    found = nobody.run(MetricQuery.of(list(CATALOGUE), **PERIOD))
    assert (found.isna() | (found == 0)).all(axis=None)
    assert found.passport.identity == NOBODY
    for name in ("net_sales", "sessions", "parcels", "on_hand", "ad_spend", "units_received", "customers"):
        assert nobody.run(MetricQuery.of(name, **PERIOD)).rows(metric=name).empty
    for by in ("country", "product", "category"):
        assert nobody.run(MetricQuery.of("net_sales", by=by, grain="month", fill=True)).empty
    for dimension in CATALOGUE.dimensions:
        assert nobody.values(dimension) == []
    with pytest.raises(EmptyWarehouse):
        nobody.coverage()
    with pytest.raises(EmptyWarehouse, match="loaded that atlantis may see"):
        nobody.seen_by(Identity.of("atlantis", countries=["Atlantis"])).coverage()


REFUSED = {
    "fee_amount": {"payment_fees", "fee_rate", "net_payout"},
    "unit_cost": {"stock_value", "average_stock_value", "inventory_turnover", "days_in_inventory"},
    "clicks": {"clicks", "cost_per_click", "click_through_rate"},
    "customer_order_number": {"customers", "blended_cac", "new_customers", "returning_customers",
                              "returning_customer_rate", "cac", "paid_cac"},
    "name": set(),
}  # fmt: skip
"""Hidden column -> every metric that rests on it."""


@WHOLE
@pytest.mark.parametrize("column", [*REFUSED, "cost_amount", "amount", "country", "customer_id"])
def test_a_hidden_column_is_in_no_sql_and_refuses_what_rests_on_it(
    whole_shop: dict[str, Workspace], column: str
) -> None:
    seen = whole_shop["duckdb"].answers.seen_by(Identity.of("x", hidden=[column]))
    refused = set()
    for name in CATALOGUE:
        try:
            planned = seen.plan(MetricQuery.of(name))
        except AccessDenied as error:
            assert f"it rests on {column}, which you may not see" in str(error)  # noqa: PT017 - some are refused
            refused.add(name)
        else:
            assert f'"{column}"' not in re.sub(r"EXCLUDE \([^)]*\)", "", planned.sql)
            assert set(planned.tables).isdisjoint(ROLLUPS)
    assert refused == REFUSED.get(column, refused)
    assert bool(refused) == (column not in ("name", "country"))


@WHOLE
def test_rows_never_show_a_hidden_column(whole_shop: dict[str, Workspace]) -> None:
    seen = whole_shop["duckdb"].answers.seen_by(Identity.of("x", hidden=["customer_id", "cost_amount"]))
    rows = seen.run(MetricQuery.of("net_sales", by="country", **PERIOD)).rows({"country": "France"})
    assert len(rows)
    assert not {"customer_id", "cost_amount"} & set(rows.columns)
    assert (
        rows["net_sales"].sum()
        == seen.run(MetricQuery.of("net_sales", where={"country": ["France"]}, **PERIOD))["net_sales"].iloc[0]
    )


@pytest.mark.parametrize("cut", [{"by": "category"}, {"where": {"category": ["Home"]}}, {"by": "product_name"}])
def test_a_hidden_name_cannot_be_looked_up(warehouse: Warehouse, cut: dict[str, object]) -> None:
    seen = Answers(warehouse, SHOP, identity=Identity.of("x", hidden=["category", "name"]))
    with pytest.raises(AccessDenied, match="it rests on category, name, which you may not see"):
        seen.run(MetricQuery.of("net_sales", **cut))


def test_values_and_days_of_a_hidden_column_are_refused_in_words(warehouse: Warehouse) -> None:
    seen = Answers(warehouse, SHOP, identity=Identity.of("x", hidden=["country"]))
    with pytest.raises(AccessDenied, match="Country cannot be shown: it rests on country, which you may not see"):
        seen.values("country")
    assert seen.values("channel") == ["app", "web"]
    with pytest.raises(AccessDenied, match="The days there are cannot be shown: it rests on event_on"):
        seen.seen_by(Identity.of("x", hidden=["event_on"])).coverage()


def test_a_policy_is_a_value_and_never_sql(warehouse: Warehouse) -> None:
    evil = "GB') OR ('1' = '1"
    seen = Answers(warehouse, SHOP, identity=Identity.of("x", countries=[evil, "'; DROP TABLE ledger; --"]))
    planned = seen.plan(MetricQuery.of("net_sales", by="country"))
    assert evil not in planned.sql
    assert evil in planned.params.values()
    assert seen.run(MetricQuery.of("net_sales"))["net_sales"].tolist() == [0]
    assert seen.values("country") == []
    assert Answers(warehouse, SHOP).run(MetricQuery.of("orders"))["orders"].tolist() == [40]


def test_filters_cannot_widen_what_may_be_seen(warehouse: Warehouse) -> None:
    seen = Answers(warehouse, SHOP, identity=Identity.of("x", countries=["GB", None]))
    for question in ({}, {"where": {"country": ["GB", "FR", "DE", None]}}, {"without": {"country": ["US"]}}):
        # 40 orders, of which DE has two and FR three.
        assert seen.run(MetricQuery.of("orders", **question))["orders"].tolist() == [35]
    assert seen.run(MetricQuery.of("orders", by="country"))["orders"].tolist() == [34, 1]


def test_a_policy_on_what_does_not_exist_is_refused(warehouse: Warehouse) -> None:
    seen = Answers(warehouse, SHOP, identity=Identity.of("x", allowed={"contry": ["GB"]}))
    for ask in (lambda: seen.run(MetricQuery.of("orders")), lambda: seen.values("country"), seen.coverage):
        with pytest.raises(UnknownDimensionError, match="Did you mean 'country'"):
            ask()
    with pytest.raises(ConfigurationError, match="may see no country at all"):
        Identity.of("x", countries=[])
    with pytest.raises(MetricError, match="weekday"):
        Answers(warehouse, SHOP, identity=Identity.of("x", allowed={"weekday": ["Monday"]})).coverage()


def test_rights_are_written_out(warehouse: Warehouse) -> None:
    identity = Identity.of("Ana", countries=["GB", None], hidden=["cost_amount"])
    lines = dict(Answers(warehouse, SHOP, identity=identity).run(MetricQuery.of("orders")).passport.lines())
    assert lines["Seen by"] == f"Ana: only country GB, unknown; without cost_amount (policy {identity.policy_hash})"
    assert "Seen by" not in dict(Answers(warehouse, SHOP).run(MetricQuery.of("orders")).passport.lines())
    assert NOBODY.words == "no rows: nobody is signed in"
    assert OWNER.unlimited


def test_the_hash_tells_rights_apart() -> None:
    people = [
        OWNER,
        NOBODY,
        Identity.of("a", countries=["GB"]),
        Identity.of("a", channels=["GB"]),
        Identity.of("a", countries=["GB", None]),
        Identity.of("a", countries=["GB"], hidden=["cost_amount"]),
        Identity.of("a", hidden=["cost_amount"]),
    ]
    assert len({identity.policy_hash for identity in people}) == len(people)
