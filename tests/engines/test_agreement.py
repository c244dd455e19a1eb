"""Three engines, one answer: every metric and every analysis on Spark, and on PostgreSQL, is what DuckDB says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

import ecombi
from ecombi.metrics.areas import AREAS
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Metric
from ecombi.metrics.marts import LEDGER, ORDERS
from ecombi.settings import Settings
from ecombi.sources.simulated.config import ShopConfig
from ecombi.workspace import Workspace
from ecombi.workspace.questions import analyses
from tests.conftest import empty_database
from tests.metrics.asked import ASKED, VALUES

SHOP = ShopConfig(orders=1_200, years=1.2, seed=5)
LOADED = datetime(2026, 11, 1, 6, tzinfo=UTC)
YEAR = {"start": "2026-01-01", "end": "2026-11-01"}
NOTHING_WRONG = {"payment_differences", "held_back"}
"""Analyses that find nothing in a shop whose records are all in order."""

pytestmark = pytest.mark.xdist_group("agreement")

ENGINES = ("postgres", pytest.param("spark", marks=pytest.mark.spark))


def equal(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Money and whole numbers exactly, ratios to nine digits."""
    for name in expected.columns:
        if pd.api.types.is_float_dtype(expected[name]) and "decimal" not in str(expected[name].dtype):
            continue
        pd.testing.assert_series_equal(pd.Series(found[name]), pd.Series(expected[name]))
    pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected), check_exact=False, rtol=1e-9, atol=1e-12)


def cuts(metrics: list[Metric]) -> list[str]:
    marts = {measure.mart for metric in metrics for measure in metric.measures()}
    return [d.name for d in CATALOGUE.dimensions.values() if all(d.fits(mart) for mart in marts)]


def questions() -> Iterator[tuple[str, tuple[str, ...], dict[str, object]]]:
    """Yield, for each area, all of its metrics at once in several cuts."""
    for area, module in AREAS.items():
        metrics = [metric for name, metric in CATALOGUE.items() if getattr(module, name, None) is metric]
        names = tuple(metric.name for metric in metrics)
        yield f"{area}-all", names, {}
        yield f"{area}-months", names, {**YEAR, "grain": "month", "compare": "previous", "fill": True}
        yield f"{area}-weeks-ordered", names, {**YEAR, "grain": "week", "basis": "ordered"}
        common = cuts(metrics)
        for cut in common[::4]:
            yield f"{area}-{cut}", names, {**YEAR, "by": cut}
        if "channel" in common:
            yield f"{area}-filtered", names, {**YEAR, "by": "weekday", "without": {"channel": ["App"]}}


QUESTIONS = list(questions())


@contextmanager
def opened(engine: str, request: pytest.FixtureRequest, folders: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = folders.mktemp(f"agreement_{engine}")
    with ExitStack() as held:
        url = None
        if engine == "postgres":
            url = held.enter_context(empty_database(request.getfixturevalue("postgres_server")))
        if engine == "spark":
            settings: Settings = request.getfixturevalue("spark_settings")
            workspace = Workspace(settings.model_copy(update={"workspace": folder}))
        else:
            workspace = ecombi.open_workspace(folder, database_url=url)
        yield held.enter_context(workspace)


@pytest.fixture(scope="module")
def on_duckdb(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with opened("duckdb", request, tmp_path_factory) as workspace:
        workspace.loading.simulated(SHOP, at=LOADED)
        yield workspace


@pytest.fixture(scope="module", params=ENGINES)
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The same shop on another engine."""
    with opened(request.param, request, tmp_path_factory) as workspace:
        workspace.loading.simulated(SHOP, at=LOADED)
        yield workspace


@pytest.mark.parametrize(("metrics", "question"), [q[1:] for q in QUESTIONS], ids=[q[0] for q in QUESTIONS])
def test_metrics(on_duckdb: Workspace, other: Workspace, metrics: tuple[str, ...], question: dict[str, object]) -> None:
    equal(other.query(metrics, **question), on_duckdb.query(metrics, **question))


@pytest.mark.parametrize(("name", "options"), ASKED, ids=[f"{name}-{options}" for name, options in ASKED])
def test_analyses(on_duckdb: Workspace, other: Workspace, name: str, options: dict[str, object]) -> None:
    analysis = analyses()[name]
    values = {bound: VALUES[bound] for bound in analysis.bound if bound != "final_until"}
    expected = on_duckdb.answers.analyse(analysis, values=values, options=options)
    assert len(expected) > 0 or name in NOTHING_WRONG
    equal(other.answers.analyse(analysis, values=values, options=options), expected)


@pytest.mark.parametrize(
    ("metrics", "by"),
    [
        (("net_sales", "orders", "cost_of_goods"), "customer_type"),
        (("aov", "average_order_total"), "country"),
        (("receipts", "supplier_lead_time", "supplier_lead_time_full", "supplier_otif_confirmed"), "supplier"),
    ],
)
def test_as_it_was_known(on_duckdb: Workspace, other: Workspace, metrics: tuple[str, ...], by: str) -> None:
    found = other.query(metrics, by=by, as_of="2026-11-02", **YEAR)
    equal(found, on_duckdb.query(metrics, by=by, as_of="2026-11-02", **YEAR))
    equal(found, on_duckdb.query(metrics, by=by, **YEAR))


@pytest.fixture(scope="module")
def retail_on_duckdb(
    real_data: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    with opened("duckdb", request, tmp_path_factory) as workspace:
        workspace.loading.files("online-retail", [_retail(real_data)], at=LOADED)
        yield workspace


@pytest.fixture(scope="module", params=ENGINES)
def retail_on_other(
    real_data: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workspace]:
    with opened(request.param, request, tmp_path_factory) as workspace:
        workspace.loading.files("online-retail", [_retail(real_data)], at=LOADED)
        yield workspace


def _retail(real_data: Path) -> Path:
    return real_data / "online-retail" / "online_retail_all.csv.gz"


OF_ORDERS = tuple(name for name, metric in CATALOGUE.items() if {m.mart for m in metric.measures()} <= {LEDGER, ORDERS})
OF_RETAIL = {
    **VALUES,
    "start": date(2011, 3, 1),
    "end": date(2011, 9, 1),
    "as_of": date(2011, 12, 10),
    "until": date(2011, 12, 10),
    "min_support": 0.02,
    "min_customers": 20,
    "country": "",
    "channel": "",
}
RECORDED_IN_RETAIL = {
    *("rfm", "customer_segments", "cohorts", "order_intervals", "bridge", "customer_value", "basket_pairs"),
    *("next_products", "purchase_history", "deliveries"),
}
"""Analyses of what the file tells; of the rest, all engines must say that nothing is known."""


def test_every_metric_is_asked_for() -> None:
    assert {name for _, names, _ in QUESTIONS for name in names} == set(CATALOGUE)
    assert {name for name, _ in ASKED} == set(analyses())


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("metrics", "question"),
    [
        (tuple(CATALOGUE), {}),
        (tuple(CATALOGUE), {"grain": "month", "start": "2011-01-01", "end": "2011-12-01", "compare": "previous"}),
        (OF_ORDERS, {"by": "country"}),
        (OF_ORDERS, {"by": "customer_type", "grain": "month"}),
    ],
    ids=["everything", "compared", "countries", "months"],
)
def test_metrics_of_online_retail(
    retail_on_duckdb: Workspace, retail_on_other: Workspace, metrics: tuple[str, ...], question: dict[str, object]
) -> None:
    equal(retail_on_other.query(metrics, **question), retail_on_duckdb.query(metrics, **question))


@pytest.mark.real_data
@pytest.mark.parametrize("name", analyses())
def test_analyses_of_online_retail(retail_on_duckdb: Workspace, retail_on_other: Workspace, name: str) -> None:
    analysis = analyses()[name]
    values = {bound: OF_RETAIL[bound] for bound in analysis.bound if bound != "final_until"}
    expected = retail_on_duckdb.answers.analyse(analysis, values=values)
    assert len(expected) > 0 or name not in RECORDED_IN_RETAIL
    equal(retail_on_other.answers.analyse(analysis, values=values), expected)
