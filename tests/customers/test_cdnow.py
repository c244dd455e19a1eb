"""Published figures of the CDNOW data: Fader, Hardie & Lee 2005, and Fader & Hardie 2013."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from ecombi.customers import prediction
from ecombi.errors import MetricError
from tests.customers.conftest import Shop, records, sale

CALIBRATED = date(1997, 10, 1)
"""The calibration ends with 30 September 1997."""

pytestmark = pytest.mark.real_data


def _ledger(rows: Iterable[list[str]]) -> Iterator[dict[str, object]]:
    """Yield a sale per transaction, its cost 40 cents of each dollar."""
    template = sale("", "", "1997-01-01")
    for number, (customer, day, cds, dollars) in enumerate(rows):
        at = datetime.strptime(day, "%Y%m%d").replace(hour=12)  # noqa: DTZ007 - UTC without saying so, as in the ledger
        yield template | {
            "source_id": str(number),
            "order_id": f"o{number:06d}",
            "customer_id": customer,
            "event_at": at,
            "order_at": at,
            "event_on": at.date(),
            "order_on": at.date(),
            "qty": int(cds),
            "amount": Decimal(dollars),
            "cost_amount": Decimal(dollars) * Decimal("0.4"),
        }


@pytest.fixture(scope="module")
def sample(engine: Callable[[], Shop], real_data: Path) -> Shop:
    """The published sample of 2,357 customers."""
    lines = (real_data / "cdnow" / "CDNOW_sample.txt").read_text().splitlines()
    made = engine()
    made.load("ledger", _ledger(line.split()[1:] for line in lines))
    made.derive()
    return made


@pytest.fixture(scope="module")
def history(sample: Shop) -> pd.DataFrame:
    """What was known of the sample at the end of the calibration."""
    return sample.customers.purchase_history(CALIBRATED)


def test_history_is_the_published_summary(history: pd.DataFrame, real_data: Path) -> None:
    with (real_data / "cdnow" / "cdnow_customers_summary_with_transactions.csv").open() as file:
        published = list(csv.DictReader(file))
    assert len(history) == len(published) == 2357
    assert (history["frequency"] > 0).sum() == 946
    assert history["frequency"].sum() == 2457
    for row, (x, recency, age, worth) in zip(
        published,
        records(history, "frequency", "recency_days", "age_days", "net_sales_per_purchase"),
        strict=True,
    ):
        assert x == int(row["x"])
        assert (recency / 7, age / 7) == (
            pytest.approx(float(row["t_x"]), abs=0.006),
            pytest.approx(float(row["T"]), abs=0.006),
        )
        assert (worth or 0.0) == pytest.approx(float(row["zbar"]), abs=0.006)


def test_order_model_has_the_published_parameters(sample: Shop) -> None:
    model = sample.customers.purchase_model("1997-10-01")
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.243, 4.414, 0.793, 2.426), abs=0.0006)
    assert model.log_likelihood == pytest.approx(-9582.4, abs=0.05)


def test_spend_model_has_the_published_parameters(sample: Shop) -> None:
    model = sample.customers.worth_model(CALIBRATED, worth="net_sales")
    assert (model.p, model.q, model.v) == pytest.approx((6.25, 3.74, 15.44), abs=0.006)
    assert model.log_likelihood == pytest.approx(-4055.92, abs=0.01)
    assert model.correlation == pytest.approx(0.1139, abs=0.0001)
    assert model.mean == pytest.approx(35.17, abs=0.02)


def test_a_known_customer_has_the_published_expectation(history: pd.DataFrame) -> None:
    # Fader, Hardie & Lee's spreadsheet: customer 1, x = 2, t_x = 30.43, T = 38.86, is expected to order 1.226 times in
    # the next 39 weeks.
    model = prediction.fit_purchases(history)
    one = (np.array([2.0]), np.array([30.43]), np.array([38.86]))
    assert model.expected_purchases(*one, 39.0)[0] == pytest.approx(1.226, abs=0.001)


def test_holdout_is_predicted_better_than_by_going_on_as_before(history: pd.DataFrame) -> None:
    # 1,882 purchase days from October 1997 to June 1998, 273 days. The model stays below them, as published: it knows
    # nothing of Christmas.
    values = prediction.lifetime_values(history, horizon_days=273, discount_rate=0.0, worth="net_sales")
    expected = values["expected_purchases"].sum()
    assert 0.85 * 1882 < expected < 1882
    same_rate = (history["frequency"] / history["age_days"]).sum() * 273
    assert abs(expected - 1882) < abs(same_rate - 1882) / 4
    worth = values["expected_purchases"] * values["expected_worth"]
    assert values["lifetime_value"].to_numpy() == pytest.approx(worth.to_numpy(), rel=1e-12)


def test_churn_risk_agrees_with_what_happened(sample: Shop) -> None:
    sample.final_until = date(1998, 7, 1)
    table = sample.customers.reliability(CALIBRATED, horizon_days=90)
    assert table["customers"].sum() == 2357
    assert (table["predicted"] - table["happened"]).abs().max() < 0.1
    assert table["predicted"].is_monotonic_increasing


def test_risk_beats_the_same_risk_for_everybody(sample: Shop) -> None:
    from ecombi.customers.lifetime import PURCHASES_AFTER

    values = {"as_of": CALIBRATED, "until": CALIBRATED + timedelta(days=90), "final_until": date(1998, 7, 1)}
    after = sample.analyse(PURCHASES_AFTER, values=values, options={})
    silent = (after["purchases"] == 0).to_numpy(dtype="float64")
    risk = sample.customers.churn_risk(CALIBRATED, horizon_days=90)["churn_risk"].to_numpy()
    assert np.square(risk - silent).mean() < 0.9 * np.square(silent.mean() - silent).mean()


def test_value_grows_with_the_horizon_and_shrinks_with_the_rate(history: pd.DataFrame) -> None:
    def total(days: int, rate: float) -> float:
        found = prediction.lifetime_values(history, horizon_days=days, discount_rate=rate)
        assert (found["lifetime_value"] > 0).all()
        return float(found["lifetime_value"].sum())

    assert total(30, 0.1) < total(90, 0.1) < total(365, 0.1)
    assert total(365, 0.3) < total(365, 0.1) < total(365, 0.0)


def test_margin_is_the_share_of_net_sales_that_cost_leaves(history: pd.DataFrame) -> None:
    margin, revenue = (
        prediction.lifetime_values(history, horizon_days=365, discount_rate=0.1, worth=worth)["lifetime_value"]
        for worth in ("margin", "net_sales")
    )
    assert (margin / revenue).to_numpy() == pytest.approx(0.6, rel=1e-4)


def test_impossible_predictions_are_refused(sample: Shop) -> None:
    with pytest.raises(MetricError, match=r"horizon_days is 0. Give a whole number from 1 to 3650"):
        sample.customers.churn_risk(CALIBRATED, horizon_days=0)
    with pytest.raises(MetricError, match=r"discount_rate is -1"):
        sample.customers.lifetime_value(CALIBRATED, discount_rate=-1)
    with pytest.raises(MetricError, match=r"worth cannot be 'profit'"):
        sample.customers.lifetime_value(CALIBRATED, worth="profit")  # type: ignore[arg-type]


def test_whole_data_set(real_data: Path) -> None:
    with gzip.open(real_data / "cdnow" / "CDNOW_master.txt.gz", "rt") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    made = Shop(duckdb.connect(), "duckdb")
    made.load("ledger", _ledger(rows))
    made.derive()
    scored = made.customers.rfm()
    assert len(scored) == 23_570
    assert scored["frequency"].sum() == 69_659
    assert scored["monetary_value"].sum() == Decimal("2500315.63")
    worth = pd.DataFrame(rows, columns=["customer", "day", "cds", "dollars"])
    once = (worth.groupby("customer").size() == 1).sum()
    assert (scored["f"] == 1).sum() == once
    cohorts = made.customers.cohorts()
    starts = cohorts[cohorts["age"] == 0]
    first = worth.groupby("customer")["day"].min().str[:6].value_counts().sort_index()
    assert list(starts["size"]) == list(first)
    assert starts["size"].sum() == 23_570
