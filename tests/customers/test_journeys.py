"""Customer journeys and transitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from ecombi.errors import MetricError
from tests.customers.conftest import Shop, records, sale


def _visit(number: int, customer: str | None, at: str, source: str | None, **rest: object) -> dict[str, object]:
    started = datetime.fromisoformat(at)
    return {
        "session_id": f"s{number}",
        "started_at": started,
        "started_on": started.date(),
        "customer_id": customer,
        "channel": "web",
        "traffic_source": source,
        "completed_at": None,
        "order_id": None,
        "is_bot": None,
        "load_id": 1,
    } | rest


@pytest.fixture(scope="module")
def shop(engine: Callable[[], Shop]) -> Shop:
    """Orders: ann web, app, web, web; ben web, app; cid store. Sessions: see each line."""
    made = engine()
    made.load(
        "ledger",
        [
            sale("a1", "ann", "2020-01-01"),
            sale("a2", "ann", "2020-01-02", channel="app"),
            sale("a3", "ann", "2020-01-03"),
            sale("a4", "ann", "2020-03-04"),
            sale("b1", "ben", "2020-02-01"),
            sale("b2", "ben", "2020-02-02", channel="app"),
            sale("c1", "cid", "2020-02-01", channel=None),
            sale("g1", None, "2020-02-01", channel="app"),
        ],
    )
    bought = {"completed_at": datetime.fromisoformat("2020-01-01T12:00")}
    made.load(
        "sessions",
        [
            _visit(1, "ann", "2020-01-01T09:00", "email"),
            _visit(2, "ann", "2020-01-01T11:00", "ads", order_id="a1", **bought),
            # At one instant, the identity decides.
            _visit(4, "ben", "2020-02-01T09:00", "ads"),
            _visit(3, "ben", "2020-02-01T09:00", "email"),
            _visit(5, "cid", "2020-02-01T10:00", None, **bought),
            _visit(6, "cid", "2020-02-01T09:00", "ads", is_bot=True),
            _visit(7, None, "2020-02-01T09:00", "ads", **bought),
        ],
    )
    made.derive()
    return made


def test_paths_of_orders(shop: Shop) -> None:
    columns = ("path", "steps", "customers", "share", "conversions", "conversion_rate")
    assert records(shop.customers.journeys(), *columns) == [
        ("unknown", 1, 1, pytest.approx(1 / 3), 1, 1.0),
        ("web > app", 2, 1, pytest.approx(1 / 3), 1, 1.0),
        ("web > app > web", 3, 1, pytest.approx(1 / 3), 1, 1.0),
    ]
    two = shop.customers.journeys(steps=2)
    assert records(two, "path", "customers") == [("unknown", 1), ("web > app", 2)]


def test_paths_of_customers_who_began_in_the_period(shop: Shop) -> None:
    found = shop.customers.journeys(steps=10, start="2020-01-01", end=date(2020, 2, 1))
    # What came later still belongs to the path.
    assert records(found, "path", "steps", "share") == [("web > app > web > web", 4, 1.0)]


def test_paths_of_sessions_say_which_ended_in_an_order(shop: Shop) -> None:
    found = shop.customers.journeys(of="sessions", by="traffic_source")
    assert records(found, "path", "customers", "conversions", "conversion_rate") == [
        ("email > ads", 2, 1, 0.5),
        ("unknown", 1, 1, 1.0),
    ]


def test_transitions(shop: Shop) -> None:
    columns = ("from_step", "to_step", "transitions", "share")
    assert records(shop.customers.transitions(), *columns) == [
        ("app", "web", 1, 1.0),
        ("web", "app", 2, pytest.approx(2 / 3)),
        ("web", "web", 1, pytest.approx(1 / 3)),
    ]
    sources = shop.customers.transitions(of="sessions", by="traffic_source")
    assert records(sources, *columns) == [("email", "ads", 2, 1.0)]
    # The day is that of the later one.
    assert records(shop.customers.transitions(start="2020-03-01"), *columns) == [("web", "web", 1, 1.0)]


def test_impossible_paths_are_refused(shop: Shop) -> None:
    with pytest.raises(MetricError, match=r"steps is 11. Give a whole number from 1 to 10"):
        shop.customers.journeys(steps=11)
    with pytest.raises(MetricError, match=r"of cannot be 'visits'. Known: orders, sessions"):
        shop.customers.journeys(of="visits")  # type: ignore[arg-type]
