"""What a definition computes cannot change without a new version and a line in the changelog."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import replace

import ibis
import pytest

from docs.definitions import check, definitions
from ecombi.errors import MetricError
from ecombi.metrics import customers, inventory, marketing, sales, visits
from ecombi.metrics.analysis import Analysis, Field
from ecombi.metrics.bridge import bridge
from ecombi.metrics.definitions import Unit
from ecombi.metrics.versions import EMPTY, Definition, Lock, computed, fingerprint, problems, renewed
from ecombi.schema.kinds import Kind

SALES: list[Definition] = [
    sales.net_sales,
    sales.returns,
    replace(sales.orders, definition_version=1),
    replace(sales.aov, definition_version=1),
    bridge,
]
WRITTEN = renewed(SALES, EMPTY)


def changed(**fields: object) -> list[Definition]:
    """The definitions with another net_sales."""
    return [replace(sales.net_sales, **fields), *SALES[1:]]


def test_every_definition_is_locked_and_every_change_is_told() -> None:
    assert check() == []


@pytest.mark.parametrize("package", ["ecombi.metrics", "ecombi.customers", "ecombi.inventory"])
def test_every_analysis_there_is_has_its_version_kept(package: str) -> None:
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}.")
    literals = [value for found in modules for value in vars(importlib.import_module(found.name)).values()]
    declared = {value.name for value in literals if isinstance(value, Analysis)}
    assert declared
    assert declared <= {definition.name for definition in definitions()}


def test_a_definition_that_changes_without_a_new_version_is_a_problem() -> None:
    assert problems(SALES, WRITTEN, "") == []
    [problem] = problems(changed(kinds=(Kind.SALE, Kind.DISCOUNT)), WRITTEN, "")
    assert problem == (
        "net_sales computes something else than definition 1 did. Give it definition_version=2 and CHANGELOG.md a "
        "line: - `net_sales` definition 2: ..."
    )


def test_a_new_version_without_a_line_in_the_changelog_is_a_problem() -> None:
    second = changed(kinds=(Kind.SALE, Kind.DISCOUNT), definition_version=2)
    lock = renewed(second, WRITTEN)
    unsaid = "CHANGELOG.md does not say what is new in net_sales. Add a line: - `net_sales` definition 2: ..."
    for changelog in (
        "",
        "- `net_sales` definition 1: first",
        "- `net_sales` definition 2:",
        "- net_sales definition 2: no",
    ):
        assert problems(second, lock, changelog) == [unsaid]
    assert problems(second, lock, "# Changelog\n\n- `net_sales` definition 2: returns count on their own.\n") == []


def test_a_new_version_that_is_not_locked_yet_is_a_problem() -> None:
    second = changed(definition_version=2)
    said = "- `net_sales` definition 2: said"
    assert problems(second, WRITTEN, said) == ["net_sales is not in the lock as definition 2. Renew it."]
    assert problems(second, renewed(second, WRITTEN), said) == []


def test_what_came_or_went_is_a_problem_until_the_lock_is_renewed() -> None:
    fewer = SALES[1:]
    assert problems(fewer, WRITTEN, "") == ["Definition net_sales is in the lock and nowhere else. Renew it."]
    assert problems(SALES, renewed(fewer, WRITTEN), "") == ["net_sales is not in the lock as definition 1. Renew it."]
    assert problems(fewer, renewed(fewer, WRITTEN), "") == []


def test_a_version_never_counts_down() -> None:
    lock = renewed(changed(definition_version=2), WRITTEN)
    back = "net_sales went back from definition 2 to 1. Versions only count up."
    assert problems(SALES, lock, "") == [back]
    with pytest.raises(MetricError, match=re.escape(back)):
        renewed(SALES, lock)


def test_the_lock_is_not_renewed_over_a_change_without_a_version() -> None:
    with pytest.raises(MetricError, match="net_sales computes something else than definition 1 did"):
        renewed(changed(sign=-1), WRITTEN)


def test_a_definition_changes_with_any_part_of_it() -> None:
    aov = SALES[3]
    given = replace(aov, numerator=replace(aov.numerator, kinds=(Kind.SALE,)))
    assert fingerprint(given) != fingerprint(aov)
    with pytest.raises(MetricError, match=r"^aov computes something else"):
        renewed([*SALES[:3], given], WRITTEN)


def test_two_compilers_are_not_compared() -> None:
    older = replace(WRITTEN, compiler="ibis-framework 11.0.0, sqlglot 29.0.0")
    [problem] = problems(changed(sign=-1), older, "")
    assert problem.startswith("The lock was written with ibis-framework 11.0.0, sqlglot 29.0.0, and this is ibis-fr")
    assert renewed(SALES, older) == WRITTEN


def test_a_lock_is_read_as_it_was_written() -> None:
    assert Lock.read(WRITTEN.text()) == WRITTEN
    assert f'  "aov": "1 {fingerprint(sales.aov)}",' in WRITTEN.text().splitlines()


def test_two_definitions_of_one_name_are_refused() -> None:
    with pytest.raises(MetricError, match="two definitions named returns"):
        problems([sales.returns, replace(sales.net_sales, name="returns")], EMPTY, "")


def _late(row: ibis.Table) -> ibis.Value:
    return row["event_on"] > row["order_on"]


def _later(row: ibis.Table) -> ibis.Value:
    return row["event_on"] >= row["order_on"]


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": (Kind.SALE, Kind.DISCOUNT)},
        {"sign": -1},
        {"value": "qty"},
        {"value": None},
        {"value": lambda row: row["amount"] * 2},
        {"where": _late},
        {"nothing": None},
        {"dated": "booked"},
        {"matures_days": 30},
        {"unit": Unit.COUNT},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_moves_the_figure_changes_the_fingerprint(change: dict[str, object]) -> None:
    assert fingerprint(replace(sales.net_sales, **change)) != fingerprint(sales.net_sales)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (replace(sales.net_sales, where=_late), replace(sales.net_sales, where=_later)),
        (sales.orders, replace(sales.orders, value="customer_id")),
        (sales.orders, replace(sales.orders, splits=None)),
        (sales.aov, replace(sales.aov, numerator=sales.aov.denominator, denominator=sales.aov.numerator)),
        (inventory.on_hand, replace(inventory.on_hand, at="opening")),
        (customers.new_customers, replace(customers.new_customers, where=None)),
        (bridge, replace(bridge, build=lambda t, start, end: bridge.build(t, start=end, end=start))),
        (bridge, replace(bridge, fields={**bridge.fields, "amount": Field(meaning="", unit=Unit.COUNT)})),
        (bridge, replace(bridge, order=("-amount",))),
    ],
)
def test_different_definitions_have_different_fingerprints(one: Definition, other: Definition) -> None:
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("metric", [sales.net_sales, sales.aov, visits.conversion_rate, bridge])
def test_words_do_not_change_the_fingerprint(metric: Definition) -> None:
    words = {"label": "Something", "formula": "x", "source": "y", "definition_version": 7, "owner": "Nobody"}
    assert fingerprint(replace(metric, name="other", **words)) == fingerprint(metric)


def test_kinds_in_another_order_are_the_same_definition() -> None:
    turned = replace(sales.net_sales, kinds=tuple(reversed(sales.net_sales.kinds)))
    assert fingerprint(turned) == fingerprint(sales.net_sales)


def test_a_derived_table_is_written_out_from_the_loaded_ones_without_what_nothing_reads() -> None:
    # The first order of a customer is found in the ledger; the visit that ended in it changes nothing.
    text = computed(customers.new_customers)
    assert '\\"ledger\\"' in text
    assert "ROW_NUMBER" in text
    assert "traffic_source" not in text
    assert "traffic_source" in computed(marketing.attributed_sales)
