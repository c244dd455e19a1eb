"""Lines of purchase orders that came on several days, by hand: first, in full, by unit, on time, as of a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.answers import Answers
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import TABLES
from ecombi.schema.periods import Period
from ecombi.settings import load_settings
from tests.metrics.loaded import ENGINES, Database, answers_on, figure, figures, sheet
from tests.metrics.small_shops import SHOP, Rows, records, sale
from tests.metrics.test_as_of import load

# r1 comes in three receipts, whole with the third and one unit too many with a fourth; r2 has units missing after two;
# r3 came on one day, which only its order says; r4 is open; r5 has more receipts than its order knows of, the last of
# which makes it whole in time. Nobody ordered r9.
LINES = sheet(
    "purchase_orders",
    """
po_id sku supplier_id ordered_on requested_on confirmed_on last_confirmed_on received_on ordered_qty received_qty unit_cost
r1    a   s1          10-01      10-20        10-14        -                 10-11       10          10           2.00
r2    b   s1          10-02      10-20        10-20        -                 10-12       10          6            2.00
r3    c   s1          10-03      10-20        10-20        -                 10-13       5           5            2.00
r4    a   s2          10-04      10-20        10-20        -                 -           5           0            2.00
r5    b   s2          10-05      10-20        10-20        -                 -           8           0            2.00
""",  # noqa: E501 - a table is as wide as it is
)
RECEIPTS = sheet(
    "receipts",
    """
po_id sku received_on qty
r1    a   10-11       4
r1    a   10-13       2
r1    a   10-16       4
r1    a   10-25       1
r2    b   10-12       5
r2    b   10-22       1
r5    b   10-15       3
r5    b   10-19       5
r9    b   10-11       99
""",
)
AUTUMN = Period(date(2026, 10, 1), date(2027, 1, 1))


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    rows: dict[str, Rows] = {
        "purchase_orders": LINES,
        "receipts": RECEIPTS,
        "ledger": [sale("o1", "2026-11-30", "10.00")],
    }
    with answers_on(request.param, database, tmp_path_factory.mktemp("receipts"), rows) as opened:
        yield opened


def test_each_receipt_counts_on_its_day(answers: Answers) -> None:
    assert figure(answers, "receipts", AUTUMN) == 9  # 4 of r1, 2 of r2, 1 of r3, 2 of r5
    assert figure(answers, "units_received", AUTUMN) == 11 + 6 + 5 + 8
    by_day = figures(answers, "units_received", AUTUMN, grain="day")
    assert {str(day)[8:10]: units for day, units in by_day.items() if units} == {
        "11": 4, "12": 5, "13": 7, "15": 3, "16": 4, "19": 5, "22": 1, "25": 1,
    }  # fmt: skip
    assert figures(answers, "receipts", AUTUMN, by="supplier") == {"s1": 7, "s2": 2}
    assert figures(answers, "units_received", AUTUMN, by="store") == {"test": 30}


def test_a_lead_time_ends_with_the_first_receipt_or_with_the_last_unit_ordered(answers: Answers) -> None:
    # First: 10, 10, 10 and 10 days. In full: r1 15, r3 10, r5 14; r2 never was.
    assert figure(answers, "supplier_lead_time", AUTUMN) == 10
    assert figure(answers, "supplier_lead_time_full", AUTUMN) == 13
    assert figures(answers, "supplier_lead_time_full", AUTUMN, by="supplier") == {"s1": 12.5, "s2": 14}
    # Each counts on the day it ends.
    on_16 = Period(date(2026, 10, 16), date(2026, 10, 17))
    assert figure(answers, "supplier_lead_time", on_16) is None
    assert figure(answers, "supplier_lead_time_full", on_16) == 15


def test_units_wait_for_their_own_receipt(answers: Answers) -> None:
    # r1 4 × 10 + 2 × 12 + 4 × 15 + 1 × 24, r2 5 × 10 + 1 × 20, r3 5 × 10, r5 3 × 10 + 5 × 14.
    assert figure(answers, "supplier_lead_time_by_unit", AUTUMN) == pytest.approx((148 + 70 + 50 + 100) / 30)


def test_each_line_is_in_the_spread_once(answers: Answers) -> None:
    assert figure(answers, "supplier_lead_time_sd", AUTUMN) == 0
    assert figure(answers, "supplier_lead_time_p90", AUTUMN) == 10


def test_a_line_is_open_until_something_came(answers: Answers) -> None:
    assert figure(answers, "open_purchase_lines", AUTUMN) == 1


def test_on_time_is_when_all_that_came_did(answers: Answers) -> None:
    # Confirmed for the 14th: r1, whole on the 16th. For the 20th: r3 and r5 on time; r2 had a unit come later; r4 open.
    assert figure(answers, "supplier_on_time_rate", AUTUMN) == pytest.approx(2 / 5)
    assert figure(answers, "supplier_otif_confirmed", AUTUMN) == pytest.approx(2 / 5)
    # Asked for by the 20th: the unit too many came later, but r1 was whole by then.
    assert figure(answers, "supplier_otif_requested", AUTUMN) == pytest.approx(3 / 5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_line_stays_as_it_was_known(engine: str, database: Database, tmp_path: Path) -> None:
    url = database() if engine == "postgres" else None
    warehouse = open_warehouse(load_settings(workspace=tmp_path, database_url=url), TABLES)
    before, after = datetime(2026, 10, 12, 6, tzinfo=UTC), datetime(2026, 11, 30, 6, tzinfo=UTC)
    first = {"ledger": [sale("o1", "2026-10-11", "1.00")], "purchase_orders": LINES[:2], "receipts": RECEIPTS[:1]}
    load(warehouse, first, 1, before)
    load(warehouse, {"ledger": [sale("o2", "2026-11-29", "1.00")], "receipts": RECEIPTS[1:6]}, 2, after)
    answers = Answers(warehouse, SHOP)
    names = ("receipts", "units_received", "supplier_lead_time_full", "open_purchase_lines")

    def known(as_of: datetime | None) -> list[object]:
        return list(records(answers.run(MetricQuery.of(names, as_of=as_of)))[0].values())

    # Of r1 four units had come, and r2 is known by its order alone, which says six.
    assert known(before) == [2, 10, None, 0]
    assert known(after) == known(None) == [6, 17, 15, 0]
    warehouse.close()
