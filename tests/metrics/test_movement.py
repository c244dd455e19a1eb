"""A change of net sales is taken apart without a remainder: by cause, by product and by any dimension."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.backends.warehouse import Warehouse
from ecombi.errors import MetricError, PeriodError
from ecombi.metrics.decomposition import FIGURES, decompose, explain
from ecombi.metrics.movement import Movement, Part
from ecombi.metrics.query import MetricQuery
from tests.metrics.asking import run
from tests.metrics.tiny_shop import SHOP

Figures = tuple[int, str, str, str]
"""Units, gross sales, discounts, returns."""

NOTHING: Figures = (0, "0", "0", "0")


def products(rows: dict[str | None, tuple[Figures, Figures]]) -> pd.DataFrame:
    """Product -> its figures before and now."""
    records = []
    for product, (before, now) in rows.items():
        record: dict[str, object] = {"product": product}
        for side, figures in (("", now), ("_before", before)):
            values = (figures[0], *map(Decimal, figures[1:]))
            record |= {name + side: value for name, value in zip(FIGURES, values, strict=True)}
        records.append(record)
    columns = ["product", *FIGURES, *(f"{name}_before" for name in FIGURES)]
    return pd.DataFrame(records, columns=columns, dtype=object)


def read(text: str) -> tuple[Figures, Figures]:
    """Units, gross sales, discounts and returns before > now; - for nothing."""
    before, now = (NOTHING if side == "-" else (int(side.split()[0]), *side.split()[1:]) for side in text.split(" > "))
    return before, now


def by(name: str, rows: dict[str | None, tuple[str, str]]) -> dict[str, pd.DataFrame]:
    records = [(value, Decimal(before), Decimal(now)) for value, (before, now) in rows.items()]
    return {name: pd.DataFrame(records, columns=[name, "net_sales_before", "net_sales"], dtype=object)}


def effects(movement: Movement) -> dict[str, Decimal]:
    return {effect.cause: effect.amount for effect in movement.effects}


def changes(parts: tuple[Part, ...]) -> dict[object, Decimal]:
    return {part.value: part.change for part in parts}


# Units 20 and 24, average price before 350 ÷ 20 = 17.50.
#   volume   (24 − 20) × 17.50 = 70
#   mix      mug 2 × 10 − lamp 1 × 40 − relic 5 × 10 + vase 8 × 30 = 170; 170 − 70 = 100
#   price    mug 12 × (11 − 10) = 12
SHELF = products(
    {
        "mug": read("10 100 20 0 > 12 132 12 0"),
        "lamp": read("5 200 0 0 > 4 160 0 40"),
        "relic": read("5 50 0 0 > -"),
        "vase": read("- > 8 240 0 0"),
    }
)
COUNTRIES = by("country", {"GB": ("330", "380"), None: ("0", "100")})


def test_causes_are_those_worked_out_by_hand() -> None:
    movement = decompose(SHELF)
    assert (movement.before, movement.now, movement.change) == (330, 480, 150)
    assert effects(movement) == {"volume": 70, "mix": 100, "price": 12, "discounts": 8, "returns": -40}


def test_products_and_what_moved_each() -> None:
    movement = decompose(SHELF)
    told = {p.value: (p.found, p.change, p.units, p.price, p.discounts, p.returns) for p in movement.products}
    assert told == {
        "vase": ("new", 240, 240, 0, 0, 0),
        "lamp": ("both", -80, -40, 0, 0, -40),
        "relic": ("gone", -50, -50, 0, 0, 0),
        "mug": ("both", 40, 20, 12, 8, 0),
    }
    assert list(told) == ["vase", "lamp", "relic", "mug"]


def test_mix_is_the_published_sales_mix_variance() -> None:
    # https://www.investopedia.com/terms/s/sales-mix-variance.asp: 600 A at $12 and 900 B at $18 expected, 1,000 A and
    # 2,000 B sold: a mix variance of −$2,400 + $3,600 = $1,200. The quantity variance is 1,500 × $15.60 = $23,400.
    sold = {"A": read("600 7200 0 0 > 1000 12000 0 0"), "B": read("900 16200 0 0 > 2000 36000 0 0")}
    assert effects(decompose(products(sold))) == {
        "volume": 23400,
        "mix": 1200,
        "price": 0,
        "discounts": 0,
        "returns": 0,
    }


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({}, {}),
        # Nothing sold before: no earlier price, no mix.
        ({"a": "- > 2 10 0 0", "b": "- > 1 90 0 0"}, {"volume": 100}),
        # Nothing sold now: the discount of 1 is gone too.
        ({"a": "2 10 1 0 > -", "b": "1 90 0 0 > -"}, {"volume": -100, "discounts": 1}),
        # As many units: mix alone, 1 × 90 − 1 × 5.
        ({"a": "2 10 0 0 > 1 5 0 0", "b": "1 90 0 0 > 2 180 0 0"}, {"mix": 85}),
        # Money without units is a price effect, and moves no average: 1 more unit at 10, a correction of 7.
        ({"a": "1 10 0 0 > 2 20 0 0", "b": "- > 0 7 0 0"}, {"volume": 10, "price": 7}),
        ({"a": "1 10 0 0 > 2 20 0 0", "b": "0 7 0 0 > -"}, {"volume": 10, "price": -7}),
        ({"a": "2 10 0 0 > 0 3 0 0"}, {"volume": -10, "price": 3}),
        # A discount given later, and a refund without goods, belong to no product.
        ({None: "0 0 0 4 > 0 0 3 0"}, {"discounts": -3, "returns": 4}),
        # +1 and −1 leave no average, so all of it is volume.
        ({"a": "1 10 0 0 > -", "b": "-1 -4 0 0 > -"}, {"volume": -6}),
    ],
    ids=["nothing", "all new", "all gone", "mix", "money now", "money before", "only money", "no product", "no units"],
)
def test_every_corner_adds_up(rows: dict[str | None, str], expected: dict[str, int]) -> None:
    movement = decompose(products({product: read(text) for product, text in rows.items()}))
    assert {cause: amount for cause, amount in effects(movement).items() if amount} == expected
    assert movement.change == sum(expected.values())


def test_parts_are_rounded_so_that_they_still_sum() -> None:
    # A third of a unit's price each way: −2 × 1/3 and +2/3, not −0.67 and +0.66.
    thirds = decompose(products({"a": read("3 1 0 0 > 1 1 0 0")}))
    assert effects(thirds) == {
        "volume": Decimal("-0.67"), "mix": 0, "price": Decimal("0.67"), "discounts": 0, "returns": 0
    }  # fmt: skip
    # Three countries with half a cent each are 1.5 cents, so 2 cents: the first two get one.
    rows = products({"a": read("- > 1 0.0150 0 0")})
    movement = decompose(rows, by("country", dict.fromkeys("CAB", ("0", "0.0050"))))
    assert movement.change == Decimal("0.02")
    assert changes(movement.parts["country"]) == {"A": Decimal("0.01"), "B": Decimal("0.01"), "C": 0}
    assert decompose(rows, decimals=4).change == Decimal("0.0150")


def test_a_product_whose_units_did_not_change_is_all_price() -> None:
    rows = products({"a": read("7 1 0 0 > 7 2 0 0"), "b": read("7 1 0 0 > 3 1 0 0")})
    found = {part.value: part for part in decompose(rows).products}
    assert (found["a"].units, found["a"].price) == (0, 1)


def test_sentences_say_it_exactly() -> None:
    assert decompose(SHELF, COUNTRIES, currency="GBP").sentences() == [
        "Net sales rose by £150.00 (▲ 45.5%), from £330.00 to £480.00.",
        (
            "By cause: +£100.00 from a dearer mix of products, +£70.00 from more units, −£40.00 from more returns, "
            "+£12.00 from higher prices, +£8.00 from smaller discounts."
        ),
        "By country: unknown +£100.00, GB +£50.00.",
        "By product: vase +£240.00, lamp −£80.00, relic −£50.00, 1 more +£40.00.",
        "1 product sold in the later period only: +£240.00.",
        "1 product sold in the earlier period only: −£50.00.",
    ]


def test_sentences_without_a_change_or_an_earlier_figure() -> None:
    assert decompose(products({})).sentences() == ["Net sales did not change: 0.00."]
    fresh = decompose(products({"a": read("- > 1 2 0 0")}), currency="EUR")
    assert fresh.sentences()[0] == "Net sales rose by €2.00, from €0.00 to €2.00."
    fell = decompose(products({"a": read("1 2 0 0 > 1 1 0 0")}), currency="EUR")
    assert str(fell).startswith("Net sales fell by €1.00 (▼ 50.0%), from €2.00 to €1.00.\nBy cause: −€1.00 from lower ")
    assert "<td>Net sales fell by" in fell._repr_html_()


money = st.decimals(-(10**9), 10**9, places=4).map(str)
figures = st.tuples(st.integers(-3, 50), money, money, money) | st.just(NOTHING)
shops = st.dictionaries(st.none() | st.text("abcdefg", max_size=1), st.tuples(figures, figures), max_size=7)


@settings(max_examples=150, deadline=None)
@given(rows=shops, decimals=st.sampled_from([0, 2, 4]))
def test_parts_of_anything_sum_to_the_change(rows: dict[str | None, tuple[Figures, Figures]], decimals: int) -> None:
    net = {key: tuple(Decimal(f[1]) - Decimal(f[2]) - Decimal(f[3]) for f in sides) for key, sides in rows.items()}
    dimension = by("channel", {key: (str(before), str(now)) for key, (before, now) in net.items()})
    movement = decompose(products(rows), dimension, decimals=decimals)
    exact = sum((now - before for before, now in net.values()), Decimal(0))
    cent = Decimal(1).scaleb(-decimals)
    assert abs(movement.change - exact) <= cent / 2
    assert movement.now - movement.before == exact
    found = effects(movement)
    assert sum(found.values()) == movement.change
    for parts in (movement.products, movement.parts["channel"]):
        assert sum(part.change for part in parts) == movement.change
        assert all(abs(part.change - (net[part.value][1] - net[part.value][0])) < cent for part in parts)
    for part in movement.products:
        assert part.units + part.price + part.discounts + part.returns == part.change
    columns = {c: sum(getattr(p, c) for p in movement.products) for c in ("units", "price", "discounts", "returns")}
    assert columns == {"units": found["volume"] + found["mix"], **{c: found[c] for c in list(columns)[1:]}}
    backwards = decompose(products(dict(reversed(rows.items()))), dimension, decimals=decimals)
    assert backwards == movement


sold = st.tuples(st.integers(1, 60), st.decimals(0, 10**6, places=4).map(str), st.just("0"), st.just("0"))


@settings(max_examples=60, deadline=None)
@given(rows=st.dictionaries(st.sampled_from("abcde"), st.tuples(sold, sold), min_size=1))
def test_causes_follow_the_textbook_where_every_product_is_sold_in_both_periods(
    rows: dict[str, tuple[Figures, Figures]],
) -> None:
    sides = [[(Fraction(f[0]), Fraction(f[1])) for f in both] for both in rows.values()]
    u0, u1 = (sum(side[n][0] for side in sides) for n in (0, 1))
    average = sum(before[1] for before, _ in sides) / u0
    textbook = {
        "volume": (u1 - u0) * average,
        "mix": sum((now[0] - before[0] * u1 / u0) * before[1] / before[0] for before, now in sides),
        "price": sum((now[1] / now[0] - before[1] / before[0]) * now[0] for before, now in sides),
    }
    found = effects(decompose(products(dict(rows)), decimals=4))
    for cause, amount in textbook.items():
        assert abs(Fraction(found[cause]) - amount) < Fraction(1, 10**4)


def test_figures_that_are_not_there_or_do_not_belong_together_are_refused() -> None:
    unrecorded = SHELF.assign(units_before=None)
    with pytest.raises(MetricError, match="units_before is None, no exact figure"):
        decompose(unrecorded)
    with pytest.raises(MetricError, match=r"gross_sales is 1\.5, no exact figure"):
        decompose(SHELF.assign(gross_sales=1.5))
    with pytest.raises(MetricError, match="have no units_before, returns_before"):
        decompose(SHELF.drop(columns=["units_before", "returns_before"]))
    with pytest.raises(MetricError, match="values of country changed by 149 and the products by 150"):
        decompose(SHELF, by("country", {"GB": ("331", "480")}))


def test_only_a_comparison_of_net_sales_can_be_explained(warehouse: Warehouse) -> None:
    period = {"start": "2012-02-01", "end": "2012-03-01"}
    with pytest.raises(MetricError, match="Only net_sales can be taken apart by cause, not orders"):
        explain(MetricQuery.of("orders", compare="previous", **period), lambda query: run(query, warehouse, SHOP))
    with pytest.raises(PeriodError, match="Give a comparison, for example previous"):
        explain(MetricQuery.of("net_sales", **period), lambda query: run(query, warehouse, SHOP))


def test_february_of_the_tiny_shop(warehouse: Warehouse) -> None:
    # January: mug 3 for 30, lamp 1 for 40, card 4 for 10, discounts 4. February: mug 4 for 40, lamp 1 for 40,
    # discounts 3, returns 10. Volume (5 − 8) × 80 ÷ 8 = −30; mix 10 − 4 × 2.50 + 30 = 30.
    query = MetricQuery.of(
        "net_sales", by=["country", "weekday"], start="2012-02-01", end="2012-03-01", compare="previous"
    )
    movement = explain(query, lambda asked: run(asked, warehouse, SHOP))
    assert (movement.before, movement.now, movement.change) == (76, 67, -9)
    assert effects(movement) == {"volume": -30, "mix": 30, "price": 0, "discounts": 1, "returns": -10}
    assert changes(movement.parts["country"]) == {"DE": 67, "GB": -56, "FR": -10, None: -10}
    # o01 on a Monday 20, o04 Tuesday 10, o02 Sunday 36; o06 and o07 Wednesday 67; Friday 10, then −10 + 10.
    assert changes(movement.parts["weekday"]) == {3: 67, 7: -36, 1: -20, 2: -10, 5: -10}
    assert movement.sentences()[-1] == "1 product sold in the earlier period only: −£10.00."
    assert [part.label for part in movement.products] == ["Greeting card", "Lamp", "Mug"]
