"""The worked example of every metric: what its page says is what the engine answers for the example shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics import example
from ecombi.metrics.answers import Answers
from ecombi.metrics.areas import METRICS
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.definitions import Metric
from ecombi.metrics.format import full
from ecombi.metrics.query import MetricQuery
from ecombi.metrics.rollups import TABLES
from ecombi.settings import load_settings
from tests.metrics.small_shops import publish_rows


def _with_parts() -> dict[str, Metric]:
    """Every metric, and those that only help to compute one."""

    def parts(metric: Metric) -> Iterator[Metric]:
        yield metric
        for part in metric.parts:
            yield from parts(part)

    return {part.name: part for metric in METRICS.values() for part in parts(metric)}


EVERY = _with_parts()


@pytest.fixture(scope="module")
def figure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], object]]:
    """The example shop; gives the figure of a metric for the days of the examples."""
    workspace = tmp_path_factory.mktemp("example")
    warehouse = open_warehouse(load_settings(workspace=workspace, database_url=None), TABLES)
    publish_rows(
        warehouse,
        {name: example.rows(name) for name in example.SHEETS},
        shop=example.SHOP,
        loaded_at=example.LOADED_AT,
    )
    answers = Answers(warehouse, example.SHOP, catalogue=Catalogue(EVERY, CATALOGUE.dimensions))
    days = {"start": example.PERIOD.start, "end": example.PERIOD.end}
    yield lambda metric: answers.run(MetricQuery.of(metric, **days))[metric].iloc[0]
    warehouse.close()


@pytest.mark.parametrize("metric", EVERY.values(), ids=EVERY.keys())
def test_the_worked_example_is_what_the_engine_answers(figure: Callable[[str], object], metric: Metric) -> None:
    said = metric.example.rsplit("= ", 1)[1]
    assert full(figure(metric.name), metric.unit) == said
