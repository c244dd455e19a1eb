"""What a workspace answers beside metrics: analyses by area, causes, definitions, own metrics, other people's eyes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import ecombi
from ecombi.errors import AccessDenied, ConfigurationError, MetricError, UnknownDimensionError, UnknownMetricError
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Direction, Measure, Unit
from ecombi.metrics.marts import ORDERS
from ecombi.metrics.policy import Identity
from ecombi.sources.simulated.config import ShopConfig
from ecombi.workspace import Workspace
from ecombi.workspace.questions import analyses

SEPTEMBER = {"start": "2026-09-01", "end": "2026-10-01"}

pytestmark = pytest.mark.xdist_group("questions")


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with ecombi.open_workspace(tmp_path_factory.mktemp("questions")) as workspace:
        workspace.loading.simulated(
            ShopConfig(orders=1_500, years=1.5, seed=3), at=datetime(2026, 11, 1, 6, tzinfo=UTC)
        )
        yield workspace


def test_the_causes_of_a_change_sum_to_it(ws: Workspace) -> None:
    compared = ws.query("net_sales", compare="previous", **SEPTEMBER)
    [change] = compared["net_sales"] - compared["net_sales_before"]
    moved = ws.why(by=["country", "channel"], **SEPTEMBER)
    assert moved.change == change
    assert sum(effect.amount for effect in moved.effects) == change
    for parts in moved.parts.values():
        assert sum(part.change for part in parts) == change
    assert moved.sentences()[0].startswith("Net sales ")
    with pytest.raises(MetricError, match="Only net_sales can be taken apart"):
        ws.why("orders", **SEPTEMBER)


def test_the_bridge_leads_from_the_one_basis_to_the_other(ws: Workspace) -> None:
    bridge = ws.bridge(**SEPTEMBER)
    first, last = bridge.iloc[0], bridge.iloc[-1]
    assert [first["amount"]] == list(ws.query("net_sales", basis="ordered", **SEPTEMBER)["net_sales"])
    assert [last["amount"]] == list(ws.query("net_sales", basis="booked", **SEPTEMBER)["net_sales"])
    assert bridge["amount"].iloc[:-1].sum() == last["amount"]


def test_the_areas_answer_from_the_same_figures(ws: Workspace) -> None:
    segments = ws.customers.segments()
    scores = ws.customers.rfm()
    best = scores.sort_values(["monetary_value", "customer_id"], ascending=[False, True]).head(5)
    assert ws.customers.rfm(top=5)["customer_id"].tolist() == sorted(best["customer_id"])
    with pytest.raises(MetricError, match="top is 0"):
        ws.customers.rfm(top=0)
    assert segments["customers"].sum() == len(ws.customers.rfm())
    cohorts = ws.customers.cohorts()
    newcomers = ws.query("new_customers", grain="month")
    assert cohorts[cohorts["age"] == 0]["size"].tolist() == newcomers["new_customers"].tolist()
    stock = ws.query("stock_value")["stock_value"].iloc[0]
    assert ws.inventory.reorder()["stock_value"].sum() == stock
    assert set(ws.inventory.suppliers(basis="requested")["supplier"]) == set(ws.values("supplier"))


def test_payouts_sum_to_the_net_payout(ws: Workspace) -> None:
    payouts = ws.payouts("2026-01-01", "2026-11-01")
    settled = ws.query(["settled_amount", "net_payout"], start="2026-01-01", end="2026-11-01")
    assert payouts["net_amount"].sum() > Decimal(0)
    assert settled["net_payout"].iloc[0] != 0
    assert len(ws.payment_differences("2026-01-01", "2026-10-01")) == 0


def test_a_definition_is_found_by_name(ws: Workspace) -> None:
    assert ws.explain("net_sales") is CATALOGUE["net_sales"]
    assert ws.explain("rfm") is ws.analyses["rfm"]
    with pytest.raises(UnknownMetricError, match="Did you mean 'net_sales'"):
        ws.explain("net_sale")


def test_it_says_where_a_definition_is_used(ws: Workspace) -> None:
    used = ws.where_used("net_sales")
    assert {"metric gross_margin", "report daily_sales", "dashboard sales"} <= set(used)
    assert "metric net_sales" not in used
    assert ws.where_used("bridge") == ["guide two_bases"]
    assert ws.where_used("purchase_history") == []


def test_a_metric_of_ones_own_is_asked_for_like_any_other(ws: Workspace) -> None:
    pairs = Measure(
        name="pairs",
        label="Orders of two units",
        unit=Unit.COUNT,
        direction=Direction.NEUTRAL,
        formula="Number of orders of two units.",
        description="All orders.",
        example="",
        source="Ours.",
        mart=ORDERS,
        where=lambda order: order["units"] == 2,
        value=None,
    )
    mine = ws.with_metrics(pairs)
    found = mine.query("pairs", by="channel", start="2026-01-01", compare=None)
    [[counted]] = (
        ws.warehouse.arrow("SELECT count(*) AS n FROM orders WHERE units = 2 AND booked_on >= DATE '2026-01-01'")
        .to_pydict()
        .values()
    )
    assert found["pairs"].sum() == counted > 0
    assert len(mine.query("pairs").rows()) == mine.query("pairs")["pairs"].iloc[0]
    assert "pairs" not in ws.metrics
    with pytest.raises(MetricError, match="There is a net_sales already"):
        ws.with_metrics(CATALOGUE["net_sales"])


def test_others_see_their_rows_only(ws: Workspace) -> None:
    ann = ws.seen_by(Identity.of("Ann", countries=["Germany", "France"]))
    everything = ws.query("net_sales", by="country")
    allowed = everything[everything["country"].isin(["Germany", "France"])]
    assert ann.query("net_sales", by="country")["net_sales"].tolist() == allowed["net_sales"].tolist()
    assert ann.query("net_sales")["net_sales"].iloc[0] == allowed["net_sales"].sum()
    assert ann.values("country") == ["France", "Germany"]
    assert ann.customers.segments()["customers"].sum() < ws.customers.segments()["customers"].sum()
    with pytest.raises(AccessDenied, match="may see some values of country only"):
        ann.inventory.reorder()
    assert ws.query("net_sales", by="country").equals(everything)


def test_nobody_sees_no_rows(ws: Workspace) -> None:
    nobody = ws.seen_by(None)
    assert len(nobody.query("net_sales", by="country")) == 0
    assert nobody.query("net_sales")["net_sales"].tolist() == [Decimal(0)]
    assert nobody.values("country") == []
    assert len(nobody.customers.rfm()) == 0


@pytest.mark.parametrize("name", analyses())
def test_nobody_sees_nothing_in_an_analysis(ws: Workspace, name: str) -> None:
    analysis = analyses()[name]
    given = {"date": date(2026, 9, 1), "int64": 7, "float64": 0.5, "string": "App"}
    values = {bound: given[kind] for bound, kind in analysis.bound.items() if bound != "final_until"}
    found = ws.seen_by(None).answers.analyse(analysis, values=values)
    figures = found.drop(columns=[key for key in analysis.keys if key in found.columns])
    numbers = figures.select_dtypes(["number"]).fillna(0)
    assert (numbers == 0).to_numpy().all()
    assert len(found) <= 14
    for column in ("product", "sku", "customer_id", "order_id", "supplier", "payout_id"):
        assert column not in found.columns or found.empty


def test_an_identity_is_checked(ws: Workspace) -> None:
    with pytest.raises(ConfigurationError, match="may see no country at all"):
        Identity.of("Ann", countries=[])
    with pytest.raises(UnknownDimensionError, match="Did you mean 'country'"):
        ws.seen_by(Identity.of("Ann", allowed={"contry": ["France"]})).query("net_sales")
    with pytest.raises(AccessDenied, match="cost_amount, which you may not see"):
        ws.seen_by(Identity.of("Bob", hidden=["cost_amount"])).query("gross_margin")
