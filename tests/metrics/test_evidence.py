"""The rows behind a figure: added up again in plain Python, they give the figure."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from ecombi.errors import MetricError
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import (
    Counted,
    DaysMeasure,
    Difference,
    DistinctMeasure,
    Formula,
    Measure,
    Metric,
    QuantileMeasure,
    Ratio,
    Unit,
)
from ecombi.metrics.marts import MARTS
from ecombi.metrics.result import Result
from ecombi.schema.periods import Period
from ecombi.workspace import Workspace
from tests.metrics.conftest import Ask

Figure = Decimal | Fraction | float | None

CELLS = 50
PERIOD = {"start": "2026-07-01", "end": "2026-10-01"}
GRAINS = (None, "day", "week", "month", "quarter")


def of_supply(sold: Fraction, starting: Fraction, received: Fraction) -> Figure:
    return sold / (starting + received) if starting + received else None


def days_left(available: Fraction, sold: Fraction, days: Fraction, out: Fraction, listed: Fraction) -> Figure:
    if not listed or not days * (listed - out):
        return None
    rate = sold / (days * (listed - out) / listed)
    return available / rate if rate else None


def deviation(squares: Fraction, days: Fraction, lines: Fraction) -> Figure:
    return math.sqrt((lines * squares - days * days) / (lines * (lines - 1))) if lines > 1 else None


BY_HAND: dict[str, Callable[..., Figure]] = {
    "days_of_inventory": days_left,
    "sell_through": of_supply,
    "sold_share": lambda sold, ending: of_supply(sold, ending, Fraction(0)),
    "supplier_lead_time_sd": deviation,
}


def counted(measure: Counted, rows: pd.DataFrame) -> Figure:
    """Return a measure from the column of what each row adds to it."""
    added = rows[measure.name].dropna().tolist() if measure.name in rows else []
    if isinstance(measure, DistinctMeasure | DaysMeasure):
        return Fraction(len(set(added)))
    if isinstance(measure, QuantileMeasure):
        return float(np.quantile([float(value) for value in added], measure.share)) if added else None
    assert isinstance(measure, Measure)
    if not added:
        return None if measure.nothing is None else Fraction(0)
    return sum((Fraction(value) for value in added), Fraction(0))


def derived(metric: Metric, rows: pd.DataFrame) -> Figure:
    """Return a metric from the rows behind it, by what its kind says and nothing else."""
    if isinstance(metric, Counted):
        return counted(metric, rows)
    parts = [derived(part, rows) for part in metric.parts]
    if any(part is None for part in parts):
        return None
    if isinstance(metric, Difference):
        return parts[0] - parts[1]
    if isinstance(metric, Ratio):
        return Fraction(parts[0]) / Fraction(parts[1]) if parts[1] else None
    assert isinstance(metric, Formula)
    return BY_HAND[metric.name](*parts)


def same(found: object, wanted: Figure, metric: Metric) -> bool:
    if wanted is None or pd.isna(found):
        return wanted is None and bool(pd.isna(found))
    return Fraction(found) == wanted if metric.exact else math.isclose(found, wanted, rel_tol=1e-9, abs_tol=1e-12)


def questions(draw: random.Random, names: Sequence[str]) -> dict[str, object]:
    """Return any question for a metric of those."""
    name = draw.choice(names)
    marts = {measure.mart for measure in CATALOGUE[name].measures()}
    cuts = [d.name for d in CATALOGUE.dimensions.values() if all(d.fits(mart) for mart in marts)]
    grain = draw.choice([*GRAINS, "hour"] if all(mart.hours for mart in marts) else GRAINS)
    question = {"metrics": name, "by": draw.sample(cuts, min(len(cuts), draw.randint(0, 2))), "grain": grain}
    question["basis"] = draw.choice(["booked", "ordered"])
    question["compare"] = draw.choice([None, "previous"])
    if "country" in cuts and draw.random() < 0.5:
        question["where"] = {"country": ["Germany", "United Kingdom", "France", None]}
    if "weekday" in cuts and "weekday" not in question["by"] and draw.random() < 0.3:
        question["without"] = {"weekday": [6, 7]}
    return {**question, **PERIOD}


@pytest.mark.xdist_group("whole_shop")
@pytest.mark.parametrize("mart", MARTS, ids=lambda mart: mart.table.name)
def test_the_rows_of_any_cell_give_its_figure(whole_shop: dict[str, Workspace], mart: object) -> None:
    draw = random.Random(mart.table.name)
    names = [name for name, metric in CATALOGUE.items() if any(m.mart is mart for m in metric.measures())]
    looked_at = 0
    while looked_at < CELLS // len(MARTS):
        question = questions(draw, names)
        result = whole_shop["duckdb"].query(**question)
        if result.empty:
            continue
        [metric] = result.passport.metrics
        number = draw.randrange(len(result))
        for before in (False, True) if question["compare"] else (False,):
            found = result[metric.name + ("_before" if before else "")].iloc[number]
            wanted = derived(metric, result.rows(number, before=before))
            if question["compare"] and pd.isna(found) and wanted == 0:
                continue  # nothing was recorded in that range, so nothing is known
            assert same(found, wanted, metric), (question, number, before, found, wanted)
        looked_at += 1


def test_rows_are_the_rows_of_the_ledger(ask: Ask) -> None:
    result = ask("net_sales", by="country", start="2012-02-01", end="2012-03-01")
    rows = result.rows({"country": "GB"})
    # o05 sold a mug for 10, and a mug of o01 came back for 10.
    assert rows[["order_id", "kind", "amount"]].to_numpy().tolist() == [
        ["o05", "sale", Decimal("10.0000")],
        ["o01", "return", Decimal("-10.0000")],
    ]
    assert rows["net_sales"].sum() == 0 == result.set_index("country")["net_sales"]["GB"]


def test_rows_of_what_is_unknown_and_of_the_range_before(ask: Ask) -> None:
    result = ask("gross_sales", by="country", start="2012-02-01", end="2012-03-01", compare="previous")
    assert result.rows({"country": None}).empty
    assert result.rows({"country": None}, before=True)["order_id"].tolist() == ["o04"]
    # By position the 20th of February stands beside the 20th of January.
    days = ask("gross_sales", grain="day", start="2012-02-01", end="2012-03-01", compare="previous")
    assert days.rows({"day": "2012-02-20"}, before=True)["order_id"].tolist() == ["o03"]
    year = ask("gross_sales", grain="day", start="2013-02-01", end="2013-03-01", compare="year_ago")
    assert year.rows({"day": "2013-02-10"}, before=True)["order_id"].tolist() == ["o05"]


def test_where_nothing_stands_beside_a_cell_no_row_is_behind_it(ask: Ask) -> None:
    march = ask("gross_sales", grain="day", start="2012-03-01", end="2012-04-01", compare="previous", fill=True)
    assert pd.isna(march.set_index("day")["gross_sales_before"]["2012-03-30"])
    assert march.rows({"day": "2012-03-30"}, before=True).empty
    assert march.rows({"day": "2012-03-29"}, before=True)["order_id"].unique().tolist() == ["o06", "o07"]
    assert march.passport("gross_sales", {"day": "2012-03-30"}).compared is None
    # 20 February 2013 stands beside that of 2012, and no day beside a 29th.
    leap = ask("gross_sales", grain="day", start="2012-02-01", end="2013-03-01", compare="year_ago", fill=True)
    assert leap.rows({"day": "2012-02-29"}, before=True).empty
    assert leap.passport("gross_sales", {"day": "2012-02-29"}).compared is None
    assert leap.passport("gross_sales", {"day": "2013-02-20"}).compared == Period.of("2012-02-20", "2012-02-21")


def test_the_passport_of_a_cell_has_both_of_its_ranges(ask: Ask) -> None:
    result = ask(["gross_sales", "aov"], by="country", start="2012-02-01", end="2012-03-01", compare="previous")
    passport = result.passport("gross_sales", {"country": "GB"})
    lines = dict(passport.lines())
    assert lines["Counted"].startswith("1–29 Feb 2012")
    assert lines["Compared with"] == "1–31 Jan 2012"
    [figures] = result._asked().read(passport.sql, passport.params)[0].to_pylist()
    assert figures == {"gross_sales": 10, "gross_sales_before": 60, "gross_sales_change": pytest.approx(-5 / 6)}
    # The week of Monday 6 February, the second one asked for, stands beside the second one of January.
    weeks = ask("gross_sales", grain="week", start="2012-02-01", end="2012-03-01", compare="previous")
    passport = weeks.passport("gross_sales", {"week": "2012-02-06"})
    assert passport.query.period == Period.of("2012-02-06", "2012-02-13")
    assert passport.compared == Period.of("2012-01-02", "2012-01-09")
    # The first ones are cut off where the ranges begin, on a Wednesday and on a Sunday.
    cut = ask("orders", grain="week", start="2012-02-29", end="2012-04-01", compare=("2012-01-29", "2012-03-01"))
    first = cut.passport("orders", 0)
    assert (first.query.period, first.compared) == (
        Period.of("2012-02-29", "2012-03-05"),
        Period.of("2012-01-29", "2012-01-30"),
    )


def test_a_ratio_shows_both_of_its_sums(ask: Ask) -> None:
    rows = ask("aov", start="2012-02-01", end="2012-03-01").rows()
    assert rows["order_value"].sum() == 77
    assert set(rows["orders"].dropna()) == {"o05", "o06", "o07"}


def test_a_cell_is_named_by_all_of_its_keys(ask: Ask) -> None:
    result = ask(["net_sales", "orders"], by="country", grain="month")
    with pytest.raises(MetricError, match="Say which figure: metric is one of net_sales, orders"):
        result.rows(0)
    with pytest.raises(MetricError, match="Say which month"):
        result.rows({"country": "GB"}, metric="orders")
    with pytest.raises(MetricError, match=r"'contry' is no key of this result\. Did you mean 'country'"):
        result.rows({"contry": "GB", "month": "2012-01-01"}, metric="orders")
    with pytest.raises(MetricError, match="has no row with"):
        result.rows({"country": "US", "month": "2012-01-01"}, metric="orders")
    with pytest.raises(MetricError, match="has no row 99"):
        result.rows(99, metric="orders")
    with pytest.raises(MetricError, match="not compared"):
        result.rows(0, metric="orders", before=True)
    with pytest.raises(MetricError, match="taken out of its session"):
        Result.rows(_lost(result), 0, metric="orders")


def _lost(result: Result) -> Result:
    made, arguments = result.__reduce__()
    lost: Result = made(*arguments)
    return lost


def test_the_passport_of_a_cell_is_narrowed_to_it(ask: Ask) -> None:
    result = ask(["net_sales", "aov"], by="country", grain="month", where={"channel": ["web"]})
    passport = result.passport("aov", {"country": "GB", "month": "2012-02-01"})
    lines = dict(passport.lines())
    assert [metric.name for metric in passport.metrics] == ["aov"]
    assert (str(passport.start), str(passport.end)) == ("2012-02-01", "2012-03-01")
    assert (lines["Only country"], lines["Only channel"]) == ("GB", "web")
    formula = "(Gross sales − discounts) ÷ orders, of the original orders only. Unit: money."
    assert lines["Average order value"].startswith(formula)
    assert "Definition version 3, owner Finance" in lines["Average order value"]
    assert {"Snapshot", "Freshness", "Engine", "Read from"} <= set(lines)
    # Its own SQL answers it.
    assert CATALOGUE["aov"].unit is Unit.MONEY
    again = result._asked().read(passport.sql, passport.params)[0].to_pylist()
    assert again == [{"aov": 10.0}]
