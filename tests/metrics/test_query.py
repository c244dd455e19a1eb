"""Questions are checked when they are asked, in words."""

from __future__ import annotations

from datetime import date

import pytest

from ecombi.errors import MetricError, PeriodError
from ecombi.metrics.marts import Basis
from ecombi.metrics.query import MetricQuery
from ecombi.schema.periods import Grain


def test_a_question_is_written_as_people_write() -> None:
    query = MetricQuery.of(
        "net_sales", by="country", grain="week", start="2012-02-29", basis="ordered", where={"channel": "web"}
    )
    assert query == MetricQuery(
        metrics=("net_sales",),
        by=("country",),
        grain=Grain.WEEK,
        start=date(2012, 2, 29),
        basis=Basis.ORDERED,
        where=(("channel", ("web",)),),
    )


def test_equal_questions_are_equal() -> None:
    one = MetricQuery.of(["net_sales"], where={"country": ["GB", None, "FR", "GB"], "channel": {"web"}})
    other = MetricQuery.of(("net_sales",), where={"channel": ["web"], "country": ("FR", "GB", None)})
    assert one == other
    assert hash(one) == hash(other)


def test_a_total_has_no_keys_and_keeps_the_rest() -> None:
    query = MetricQuery.of(
        "orders", by="country", grain="day", start="2012-01-01", end="2012-02-01", compare="previous", fill=True
    )
    assert query.total() == MetricQuery.of("orders", start="2012-01-01", end="2012-02-01", compare="previous")


@pytest.mark.parametrize(
    ("question", "error", "words"),
    [
        ({"metrics": []}, MetricError, "Name at least one, for example net_sales"),
        ({"metrics": ["aov", "aov"]}, MetricError, "metric aov was asked for twice"),
        ({"metrics": "aov", "by": ["country", "country"]}, MetricError, "dimension country was asked for twice"),
        ({"metrics": "aov", "where": {"country": []}}, MetricError, "filter on country has no values"),
        ({"metrics": "aov", "where": {"country": 1.5}}, MetricError, "filter on country is 1.5"),
        ({"metrics": "aov", "where": {"country": [1.5]}}, MetricError, "Give a list of texts"),
        ({"metrics": "aov", "where": {"country": ["F\0R"]}}, MetricError, "no text in a table can be"),
        ({"metrics": "aov", "without": {"country": ["\ud800"]}}, MetricError, "no text in a table can be"),
        ({"metrics": "aov", "grain": "fortnight"}, PeriodError, "Unknown grain 'fortnight'"),
        ({"metrics": "aov", "basis": "order"}, PeriodError, "Unknown basis 'order'. Did you mean 'ordered'"),
        ({"metrics": "aov", "start": "2012-02-30"}, PeriodError, "not a day that exists"),
        ({"metrics": "aov", "start": "2012-02-02", "end": "2012-02-02"}, PeriodError, "no day in it"),
        ({"metrics": "aov", "fill": True}, MetricError, "give a grain, for example day"),
    ],
)
def test_an_impossible_question_is_refused_in_words(
    question: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        MetricQuery.of(**question)


@pytest.mark.parametrize("compare", ["previous", "year_ago", "same_weekdays"])
def test_a_comparison_with_days_before_all_days_is_refused_in_words(compare: str) -> None:
    question = MetricQuery.of("orders", start="0001-01-01", end="0001-01-15", compare=compare)
    with pytest.raises(PeriodError, match=r"There is no day (14 days|12 months|364 days) before 0001-01-01"):
        _ = question.compared
