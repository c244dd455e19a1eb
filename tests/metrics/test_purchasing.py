"""Lead times and supplier OTIF, worked out by hand from seven lines of purchase orders."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator
from datetime import date

import duckdb
import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.metrics.answers import Answers
from ecombi.metrics.purchasing import supplier_lead_time_sd
from ecombi.schema.periods import Period
from tests.metrics.loaded import ENGINES, Database, answers_on, figure, figures, sheet
from tests.metrics.small_shops import Rows, sale

# q1 comes early, q2 after a new promise, q3 one short, q4 after a promise that was moved forward, q5 is open and never
# confirmed, q6 is not due yet, q7 is open and late.
LINES = sheet(
    "purchase_orders",
    """
po_id sku supplier_id ordered_on requested_on confirmed_on last_confirmed_on received_on ordered_qty received_qty unit_cost
q1    a   s1          10-01      10-20        10-20        -                 10-19       10          10           2.00
q2    b   s1          10-05      10-20        10-21        10-25             10-24       10          10           2.00
q3    a   s1          10-10      10-22        10-22        -                 10-22       10          9            2.00
q4    c   s2          10-12      10-25        10-26        10-24             10-26       5           5            2.00
q5    c   s2          10-15      10-28        -            -                 -           5           0            2.00
q6    a   s2          11-20      12-05        12-01        -                 -           5           0            2.00
q7    b   s2          10-20      10-27        10-28        -                 -           4           0            2.00
""",  # noqa: E501 - a table is as wide as it is
)
AUTUMN = Period(date(2026, 10, 1), date(2027, 1, 1))


@pytest.fixture(scope="module", params=ENGINES)
def answers(
    request: pytest.FixtureRequest, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Answers]:
    rows: dict[str, Rows] = {"purchase_orders": LINES, "ledger": [sale("o1", "2026-11-30", "10.00")]}
    with answers_on(request.param, database, tmp_path_factory.mktemp("purchasing"), rows) as opened:
        yield opened


def test_lead_times_are_those_of_lines_received(answers: Answers) -> None:
    # 18, 19, 12 and 14 days.
    assert figure(answers, "receipts", AUTUMN) == 4
    assert figure(answers, "receipts", None) == 4
    assert figure(answers, "units_received", None) == 34
    assert figure(answers, "supplier_lead_time", None) == pytest.approx(63 / 4)
    assert figures(answers, "supplier_lead_time", None, by="supplier") == {
        "s1": pytest.approx(49 / 3),
        "s2": pytest.approx(14.0),
    }
    # (18 × 10 + 19 × 10 + 12 × 9 + 14 × 5) ÷ 34
    assert figure(answers, "supplier_lead_time_by_unit", None) == pytest.approx(548 / 34)


def test_lead_times_count_on_the_day_of_the_receipt(answers: Answers) -> None:
    assert figure(answers, "supplier_lead_time", Period(date(2026, 10, 19), date(2026, 10, 23))) == pytest.approx(15.0)
    assert figure(answers, "supplier_lead_time", Period(date(2026, 11, 1), date(2026, 12, 1))) is None


def test_open_lines_are_counted_apart(answers: Answers) -> None:
    assert figure(answers, "open_purchase_lines", None) == 3
    # q5 and q7 were ordered in October, q6 in November.
    assert list(figures(answers, "open_purchase_lines", AUTUMN, grain="month").values()) == [2, 1]


def test_variability_is_the_samples(answers: Answers) -> None:
    # Squares sum to 324 + 361 + 144 + 196 = 1,025; (4 × 1,025 − 63²) ÷ (4 × 3) = 131 ÷ 12.
    assert figure(answers, "supplier_lead_time_sd", None) == pytest.approx(math.sqrt(131 / 12))
    assert figure(answers, "supplier_lead_time_cv", None) == pytest.approx(math.sqrt(131 / 12) / 15.75)
    # One receipt has no deviation.
    assert figures(answers, "supplier_lead_time_sd", None, by="supplier")["s2"] is None
    # In order 12, 14, 18, 19: seven tenths of the way from 18 to 19.
    assert figure(answers, "supplier_lead_time_p90", None) == pytest.approx(18.7)


def test_each_basis_of_supplier_otif_has_its_own_lines(answers: Answers) -> None:
    # Due: all but q6. In full by the day asked for: q1.
    assert figure(answers, "supplier_otif_requested", None) == pytest.approx(1 / 6)
    # Without q5, which was never confirmed: q1 and q4.
    assert figure(answers, "supplier_otif_confirmed", None) == pytest.approx(2 / 5)
    assert figures(answers, "supplier_otif_confirmed", None, by="supplier") == {
        "s1": pytest.approx(1 / 3),
        "s2": pytest.approx(1 / 2),
    }


def test_the_last_confirmation_replaces_the_first(answers: Answers) -> None:
    # q2 keeps its new promise; q4 breaks the one that was moved forward.
    assert figures(answers, "supplier_otif_last_confirmed", None, by="supplier") == {
        "s1": pytest.approx(2 / 3),
        "s2": 0.0,
    }
    # By the new day: q4 on the 24th, q2 on the 25th.
    late_october = Period(date(2026, 10, 24), date(2026, 10, 26))
    assert figure(answers, "supplier_otif_last_confirmed", late_october) == pytest.approx(1 / 2)


def test_suppliers_are_on_time_by_the_day_confirmed(answers: Answers) -> None:
    # q1 is early, q3 is one short, q4 comes on its day; q2 and the open q7 are late.
    assert figure(answers, "supplier_on_time_rate", None) == pytest.approx(3 / 5)


def test_nothing_due_has_no_rate(answers: Answers) -> None:
    december = Period(date(2026, 12, 1), date(2027, 1, 1))
    for basis in ("requested", "confirmed", "last_confirmed"):
        assert figure(answers, f"supplier_otif_{basis}", december) is None
    assert figure(answers, "supplier_on_time_rate", december) is None


@pytest.fixture(scope="module")
def deviation() -> Iterator[Callable[[list[int]], float | None]]:
    """Computes the metric from the sums of given lead times, as an engine does."""
    sums = ibis.table({"squares": "float64", "days": "float64", "lines": "float64"}, name="sums")
    computed = supplier_lead_time_sd.compute(*(sums[name] for name in sums.columns))
    sql = str(ibis.to_sql(sums.select(sd=computed), "duckdb"))
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE sums (squares DOUBLE, days DOUBLE, lines DOUBLE)")

        def of(days: list[int]) -> float | None:
            connection.execute("DELETE FROM sums")
            connection.execute("INSERT INTO sums VALUES (?, ?, ?)", (sum(d * d for d in days), sum(days), len(days)))
            [(found,)] = connection.execute(sql).fetchall()
            return float(found) if found is not None else None

        yield of


@settings(deadline=None)
@given(days=st.lists(st.integers(0, 500), max_size=30))
def test_the_deviation_from_sums_is_that_of_the_sample(
    deviation: Callable[[list[int]], float | None], days: list[int]
) -> None:
    assert deviation(days) == (pytest.approx(statistics.stdev(days)) if len(days) > 1 else None)
