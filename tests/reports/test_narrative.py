"""The narrative of a change: its amounts are those of the decomposition, and every text is escaped."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.metrics.decomposition import decompose
from ecombi.metrics.movement import Movement
from ecombi.reports import narrative
from ecombi.schema.periods import Period
from tests.reports.document import words

FIGURES = ("units", "gross_sales", "discounts", "returns")
HOSTILE = "<script>alert(1)</script>"
DAYS, BEFORE = Period.of("2012-05-14", "2012-05-21"), Period.of("2012-05-07", "2012-05-14")


def moved(*products: tuple[str, tuple[int, ...], tuple[int, ...]], by: str = "country") -> Movement:
    """Take a change apart: each product with its units, gross sales, discounts and returns, before and now.

    Every product is sold in a country of its own name.
    """
    rows, parts = [], []
    for name, before, now in products:
        figures = {f"{figure}_before": _exact(figure, value) for figure, value in zip(FIGURES, before, strict=True)}
        figures |= {figure: _exact(figure, value) for figure, value in zip(FIGURES, now, strict=True)}
        rows.append({"product": name, **figures})
        nets = [Decimal(side[1] - side[2] - side[3]) for side in (before, now)]
        parts.append({by: name, "net_sales_before": nets[0], "net_sales": nets[1]})
    return decompose(pd.DataFrame(rows), {by: pd.DataFrame(parts)}, currency="GBP")


def _exact(figure: str, value: int) -> int | Decimal:
    return value if figure == "units" else Decimal(value)


def said(movement: Movement) -> str:
    """The narrative in plain words."""
    html = narrative.story({"the week before": movement}, "the week before").html
    return words(BeautifulSoup(f"<main>{html}</main>", "html.parser").main)


def test_no_change_is_said_in_one_sentence() -> None:
    same = moved(("mug", (2, 20, 0, 0), (2, 20, 0, 0)))
    assert said(same) == "Net sales were £20.00 , the same as the week before."
    assert narrative.waterfall({"x": same}, "x", days=DAYS, before=BEFORE).html == ""


def test_a_change_from_nothing_has_no_percent() -> None:
    assert said(moved(("mug", (0, 0, 0, 0), (2, 20, 0, 0)))).startswith(
        "Net sales rose by £20.00 against the week before, from £0.00 to £20.00 . It came from more units ( +£20.00 )."
    )


def test_causes_that_cancel_out_are_told_although_nothing_changed() -> None:
    # One mug more at 10, and 10 of returns.
    text = said(moved(("mug", (2, 20, 0, 0), (3, 30, 0, 10))))
    assert "Net sales were £20.00 , the same as the week before." in text
    assert "That is because more units ( +£10.00 ) and more returns ( −£10.00 ) cancel each other out." in text


def test_an_earlier_period_without_records_gives_words() -> None:
    assert "no complete records of a year ago" in narrative.story({}, "a year ago").html
    assert narrative.parts({}, "a year ago", "country", "x", top=3).html == ""
    assert narrative.added({}, "a year ago").empty


def test_what_the_shop_calls_things_is_shown_as_text() -> None:
    movement = moved((HOSTILE, (1, 10, 0, 0), (2, 20, 0, 0)))
    table = narrative.parts({"x": movement}, "x", "country", HOSTILE, top=3).html
    assert "<script" not in said(movement).replace(HOSTILE, "") + table
    assert HOSTILE in said(movement)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 900), st.integers(0, 90), st.integers(0, 90), st.integers(0, 900)),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_declared_sums_to_the_change_whatever_the_figures(rows: list[tuple[int, ...]]) -> None:
    movement = moved(
        *((f"p{n}", (units, gross, less, back), (back, now, back, less)) for n, (units, gross, less, back, now)
          in enumerate(rows))
    )  # fmt: skip
    found = {"x": movement}
    [(_, before, now, change)] = narrative.changes(found).itertuples(index=False)
    assert now - before == change
    assert narrative.causes(found)["amount"].sum() == change
    assert narrative.added(found, "x")["added"].sum() == change
