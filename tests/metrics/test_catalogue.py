"""The catalogue: names, completion, search, descriptions."""

from __future__ import annotations

import copy

import pytest

from ecombi.errors import UnknownDimensionError, UnknownMetricError
from ecombi.metrics import dimensions, sales
from ecombi.metrics.areas import AREAS
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.definitions import Metric


def test_every_public_literal_is_in_it_by_itself() -> None:
    assert CATALOGUE["net_sales"] is CATALOGUE.net_sales is sales.net_sales
    assert CATALOGUE.dimensions["country"] is dimensions.country
    assert "order_value" not in CATALOGUE
    public = [
        value.name
        for area in AREAS.values()
        for name, value in vars(area).items()
        if isinstance(value, Metric) and not name.startswith("_") and name in area.__annotations__
    ]
    assert sorted(CATALOGUE) == sorted(public)
    assert len(CATALOGUE) > 100
    assert [name for name in dir(CATALOGUE) if name in CATALOGUE] == sorted(CATALOGUE)


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(UnknownMetricError, match=r"Unknown metric 'netsales'\. Did you mean 'net_sales'"):
        CATALOGUE["netsales"]
    with pytest.raises(AttributeError, match="Did you mean 'net_sales'"):
        CATALOGUE.netsales  # noqa: B018
    with pytest.raises(UnknownDimensionError, match="Known: campaign, carrier, category, channel, cohort, country"):
        CATALOGUE.dimension("zzz")


def test_it_behaves_in_a_notebook_and_when_copied() -> None:
    assert not hasattr(CATALOGUE, "_ipython_display_")
    assert copy.copy(CATALOGUE).net_sales is sales.net_sales


def test_search_finds_words_in_names_first() -> None:
    assert [metric.name for metric in CATALOGUE.search("return")][:3] == ["returns", "units_returned", "return_rate"]
    assert [metric.name for metric in CATALOGUE.search("known cost")][:3] == [
        "cost_of_goods",
        "gross_margin",
        "cost_coverage",
    ]
    assert CATALOGUE.search("nothing of the kind") == []
    assert {metric.owner for metric in CATALOGUE.search("purchasing")} >= {"Purchasing"}
    assert CATALOGUE["otif"] in CATALOGUE.search("operations rate")


def test_a_description_says_formula_unit_and_null_rule() -> None:
    text = CATALOGUE.describe("aov")
    assert text.splitlines()[0] == "Average order value (aov)"
    assert "Formula: (Gross sales − discounts) ÷ orders, of the original orders only." in text
    assert "Unit: Money, in the shop's currency." in text
    assert "No value: No value where Orders is 0: dividing by zero is no value, not 0." in text


def test_records_are_plain() -> None:
    record = next(record for record in CATALOGUE.records() if record["name"] == "return_rate")
    assert (record["unit"], record["direction"], record["owner"]) == ("rate", "down is good", "Merchandising")


def test_a_notebook_shows_every_metric_and_dimension() -> None:
    shown = CATALOGUE._repr_html_()
    assert all(f"<td>{name}</td>" in shown for name in [*CATALOGUE, *CATALOGUE.dimensions])
    assert (
        "<th>Formula</th><td>(Gross sales − discounts) ÷ orders, of the original orders only.</td>"
        in sales.aov._repr_html_()
    )
