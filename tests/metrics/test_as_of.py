"""What was known on a day stays what it was: late rows and rewritten ones change no old answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd
import pytest

from ecombi.errors import PeriodError
from ecombi.etl.marts import build_marts
from ecombi.metrics.answers import Answers
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.query import MetricQuery, instant
from ecombi.schema import tables
from ecombi.workspace import Workspace, open_workspace
from tests.metrics.conftest import ENGINES, FIRST_LOAD, SECOND_LOAD, WHOLE_SHOP, opened
from tests.metrics.small_shops import SHOP, Rows, arrow_of, event, only, records, sale, visit

NOVEMBER, DECEMBER = datetime(2012, 11, 10, 6, tzinfo=UTC), datetime(2012, 12, 2, 6, tzinfo=UTC)
OCTOBER = {"start": "2012-10-01", "end": "2012-11-01"}
EVERYTHING = list(CATALOGUE)

FIRST: dict[str, Rows] = {
    "ledger": [
        sale("o1", "2012-10-05", "20.00", sku="mug", customer_id="ann", country="GB"),
        sale("o2", "2012-10-20", "30.00", sku="lamp", customer_id="bob", country="FR"),
        sale("o3", "2012-11-08", "40.00", sku="mug", customer_id="ann", country="GB"),
    ],
    "products": [
        {"sku": "mug", "name": "Mug", "category": "Kitchen"},
        {"sku": "lamp", "name": "Lamp", "category": "Home"},
    ],
    "sessions": [visit("s1", "2012-10-05T10:00", steps=(0.1, 0.2, 0.3), country="GB")],
}
SECOND: dict[str, Rows] = {
    "ledger": [
        # A refund of October that came late, an order of bob's from before the one that was known, a day of December.
        event("return", "o1", "2012-10-25", "-20.00", ordered="2012-10-05", sku="mug", qty=-1, country="GB"),
        sale("o0", "2012-10-02", "5.00", sku="mug", customer_id="bob", country="FR"),
        sale("o4", "2012-12-01", "50.00", sku="lamp", customer_id="cid", country="DE"),
    ],
    "products": [{"sku": "mug", "name": "Mug", "category": "Gifts"}],
    "sessions": [
        visit("s1", "2012-10-05T10:00", steps=(0.1, 0.2, 0.3, 0.4), country="GB", order_id="o1"),
        visit("s2", "2012-10-06T10:00", country="FR"),
    ],
}


def load(warehouse: object, rows: dict[str, Rows], number: int, at: datetime) -> None:
    """Load rows on top of those there are; a row of a known key is rewritten, and its twin kept."""
    with warehouse.build() as build:
        run = build.connection.execute
        if number == 1:
            run("INSERT INTO shop VALUES ($1, $2, $3)", [SHOP.name, SHOP.currency, SHOP.time_zone])
        run(
            "INSERT INTO loads BY NAME SELECT $1 AS load_id, 'run' AS run_id, 'test' AS source, 'small' AS delivery, "
            "'print' AS fingerprint, 0 AS rows_in, 0 AS rows_new, 0 AS rows_known, 0 AS rows_quarantined, "
            "0 AS rows_duplicate, $2::TIMESTAMP AS loaded_at, 0 AS settle_hours",
            [number, at.replace(tzinfo=None)],
        )
        for name, given in rows.items():
            table = tables.metadata.tables[name]
            new = arrow_of(table, [{"load_id": number, **row} for row in given])
            build.connection.register("new", new)
            key = ", ".join(tables.key_of(table))
            history = tables.history_of(table)
            if history is not None:
                run(
                    f"INSERT INTO {history.name} BY NAME "
                    f"SELECT *, {number} AS replaced_by FROM {name} SEMI JOIN new USING ({key})"
                )
                run(f"DELETE FROM {name} WHERE ({key}) IN (SELECT {key} FROM new)")
            run(f"INSERT INTO {name} BY NAME SELECT * FROM new")
            build.connection.unregister("new")
        build_marts(build)
        build.publish(at=at)


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: Callable[[], str]
) -> Iterator[Answers]:
    warehouse = opened(tmp_path_factory.mktemp("as_of"), database() if request.param == "postgres" else None)
    load(warehouse, FIRST, 1, NOVEMBER)
    load(warehouse, SECOND, 2, DECEMBER)
    yield Answers(warehouse, SHOP)
    warehouse.close()


def asked(
    answers: Answers, metrics: object, as_of: datetime | None = None, **question: object
) -> list[dict[str, object]]:
    return records(answers.run(MetricQuery.of(metrics, as_of=as_of, **question)))


def test_a_late_refund_and_a_late_order_do_not_change_the_old_answer(answers: Answers) -> None:
    names = ["net_sales", "returns", "orders"]
    assert asked(answers, names, NOVEMBER, **OCTOBER) == [{"net_sales": 50, "returns": 0, "orders": 2}]
    assert asked(answers, names, **OCTOBER) == [{"net_sales": 35, "returns": 20, "orders": 3}]
    assert asked(answers, names, DECEMBER, **OCTOBER) == asked(answers, names, **OCTOBER)


def test_what_is_derived_is_derived_from_what_was_known(answers: Answers) -> None:
    by_type = {"by": "customer_type", "start": "2012-10-01", "end": "2012-12-01"}
    assert asked(answers, "net_sales", NOVEMBER, **by_type) == [
        {"customer_type": "new", "net_sales": 50},
        {"customer_type": "returning", "net_sales": 40},
    ]
    # Bob's order of the 20th was not his first, as is known since.
    assert asked(answers, "net_sales", **by_type) == [
        {"customer_type": "new", "net_sales": 5},
        {"customer_type": "returning", "net_sales": 70},
    ]
    assert asked(answers, "new_customers", NOVEMBER, **OCTOBER) == [{"new_customers": 2}]
    assert asked(answers, "customers", NOVEMBER, by="cohort") == [{"cohort": "2012-10", "customers": 2}]


def test_a_rewritten_row_is_read_as_it_was(answers: Answers) -> None:
    names = ["sessions", "sessions_completed", "conversion_rate"]
    assert asked(answers, names, NOVEMBER, **OCTOBER) == [
        {"sessions": 1, "sessions_completed": 0, "conversion_rate": 0}
    ]
    assert asked(answers, names, **OCTOBER) == [{"sessions": 2, "sessions_completed": 1, "conversion_rate": 0.5}]
    by = {"by": "category", **OCTOBER}
    assert asked(answers, "gross_sales", NOVEMBER, **by) == [
        {"category": "Home", "gross_sales": 30},
        {"category": "Kitchen", "gross_sales": 20},
    ]
    assert [row["category"] for row in asked(answers, "gross_sales", **by)] == ["Gifts", "Home"]


def test_before_the_first_load_nothing_was_known(answers: Answers) -> None:
    before = datetime(2012, 11, 10, 5, 59, tzinfo=UTC)
    found = answers.run(MetricQuery.of(EVERYTHING, as_of=before))
    assert (found.isna() | (found == 0)).all(axis=None)
    assert asked(answers, "net_sales", before, by="country") == []


def test_the_rows_behind_an_old_figure_are_the_old_ones(answers: Answers) -> None:
    result = answers.run(MetricQuery.of("net_sales", as_of=NOVEMBER, **OCTOBER))
    assert result.rows()["order_id"].tolist() == ["o1", "o2"]
    assert "10 Nov 2012" in dict(result.passport.lines())["As known"]


def test_what_had_matured_then_is_what_counts(answers: Answers) -> None:
    # On 10 November days up to the 8th were final; eight days earlier the 31st of October was not settled.
    rate = {"start": "2012-10-01", "end": "2012-11-09"}
    bound = answers.plan(MetricQuery.of("checkout_abandonment_rate", as_of=NOVEMBER, **rate)).params
    assert bound["matured_8"] == date(2012, 11, 1)
    assert answers.plan(MetricQuery.of("checkout_abandonment_rate", **rate)).params["matured_8"] == date(2012, 11, 24)
    assert asked(answers, "checkout_abandonment_rate", NOVEMBER, **rate) == [{"checkout_abandonment_rate": 1.0}]
    assert asked(answers, "checkout_abandonment_rate", **rate) == [{"checkout_abandonment_rate": 0.0}]


def test_restated_is_exactly_what_came_late(answers: Answers) -> None:
    result = answers.run(MetricQuery.of(["net_sales", "gross_sales", "orders"], by="country", **OCTOBER))
    found = {(row["country"], row["metric"]): row for row in records(result.restated())}
    assert {key: (row["first"], row["now"], row["difference"]) for key, row in found.items()} == {
        ("GB", "net_sales"): (20, 0, -20),
        ("FR", "net_sales"): (30, 35, 5),
        ("FR", "gross_sales"): (30, 35, 5),
        ("FR", "orders"): (1, 2, 1),
    }
    assert isinstance(found["GB", "net_sales"]["difference"], Decimal)
    assert result.passport.restated_since is not None
    assert "restated() says what changed" in dict(result.passport.lines())["Restated"]
    total = only(answers.run(MetricQuery.of("net_sales", **OCTOBER)).restated())
    assert total == {"metric": "net_sales", "first": 50, "now": 35, "difference": -15}


def test_a_rewritten_visit_restates_its_figures_too(answers: Answers) -> None:
    result = answers.run(MetricQuery.of("conversion_rate", **OCTOBER))
    found = only(result.restated())
    assert result.passport.restated_since is not None
    assert found == {"metric": "conversion_rate", "first": 0.0, "now": 0.5, "difference": 0.5}
    by_category = answers.run(MetricQuery.of("discounts", by="category", **OCTOBER)).restated()
    assert by_category.empty


def test_late_rows_of_the_ledger_do_not_mark_what_does_not_rest_on_them(answers: Answers) -> None:
    for metric, marked in (("new_customers", True), ("aov", True), ("ad_spend", False), ("parcels", False)):
        passport = answers.run(MetricQuery.of(metric, **OCTOBER)).passport
        assert (metric, passport.restated_since is not None) == (metric, marked)


def test_an_open_period_and_an_unchanged_one_are_not_restated(answers: Answers) -> None:
    for days in ({"start": "2012-12-01", "end": "2013-01-01"}, {"start": "2012-11-01", "end": "2012-11-08"}, {}):
        result = answers.run(MetricQuery.of("net_sales", **days))
        assert result.passport.restated_since is None
        found = result.restated()
        assert found.empty
        assert list(found.columns) == ["metric", "first", "now", "difference"]


@pytest.mark.xdist_group("whole_shop")
def test_all_that_is_known_now_is_the_plain_answer(whole_shop: dict[str, Workspace]) -> None:
    for workspace in whole_shop.values():
        for question in ({}, {"start": "2026-02-01", "end": "2026-10-01", "grain": "quarter", "basis": "ordered"}):
            plain, then = (
                workspace.answers.run(MetricQuery.of(EVERYTHING, as_of=at, **question)) for at in (None, SECOND_LOAD)
            )
            pd.testing.assert_frame_equal(pd.DataFrame(then), pd.DataFrame(plain), rtol=1e-9)


@pytest.mark.xdist_group("whole_shop")
def test_every_metric_as_of_the_first_load_is_that_of_a_shop_with_that_load_only(
    whole_shop: dict[str, Workspace], tmp_path_factory: pytest.TempPathFactory
) -> None:
    question = {"start": "2026-02-01", "end": "2026-11-01", "grain": "quarter"}
    with open_workspace(tmp_path_factory.mktemp("first")) as first:
        first.loading.simulated(WHOLE_SHOP, until=date(2026, 10, 16), at=FIRST_LOAD)
        wanted = first.query(EVERYTHING, **question)
    for workspace in whole_shop.values():
        then = workspace.answers.run(MetricQuery.of(EVERYTHING, as_of=FIRST_LOAD, **question))
        pd.testing.assert_frame_equal(pd.DataFrame(then), pd.DataFrame(wanted), rtol=1e-9)


def test_a_day_stands_for_its_end_on_the_shops_clock() -> None:
    assert instant("2012-11-10", "Europe/London") == datetime(2012, 11, 10, 23, 59, 59, 999_999, tzinfo=UTC)
    assert instant("2012-11-10T06:00+00:00", "Europe/London") == NOVEMBER
    with pytest.raises(PeriodError, match="without a time zone"):
        instant("2012-11-10T06:00", "Europe/London")
    with pytest.raises(PeriodError, match="is not a time"):
        instant("2012-11-10T99:00", "Europe/London")
