"""What is asked on the command line, answered with figures of a shop that can be added up by hand: see tiny_shop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ecombi.cli import main
from tests.metrics import tiny_shop
from tests.metrics.conftest import opened, publish

Said = Callable[..., tuple[int, str, str]]

JANUARY = ("--from", "2012-01-01", "--to", "2012-02-01")
FEBRUARY = ("--from", "2012-02-01", "--to", "2012-03-01")
NOTHING_FINAL = ("--from", "2013-02-23", "--to", "2013-03-01")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace of the tiny shop, loaded on 1 March 2013 with events up to 22 February."""
    folder = tmp_path_factory.mktemp("tiny")
    warehouse = opened(folder)
    publish(warehouse, tiny_shop.ledger_rows(), tiny_shop.PRODUCTS)
    warehouse.close()
    return folder


@pytest.fixture
def said(tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs a command; returns its exit code and what it wrote to stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ecombi", *arguments, "--workspace", str(tiny)])
        with pytest.raises(SystemExit) as ended:
            main()
        written = capsys.readouterr()
        return int(ended.value.code or 0), written.out, written.err

    return run


def answered(said: Said, *arguments: str) -> list[dict[str, object]]:
    code, out, err = said("query", *arguments, "--format", "json")
    assert (code, err) == (0, "")
    rows: list[dict[str, object]] = json.loads(out)
    return rows


def test_any_range_can_be_compared_with(said: Said) -> None:
    [row] = answered(said, "net_sales", *FEBRUARY, "--compare", "2012-01-01:2012-02-01")
    assert (row["net_sales"], row["net_sales_before"]) == ("67.00", "76.00")
    assert row["net_sales_change"] == pytest.approx(-9 / 76)


def test_the_same_weekdays_are_364_days_earlier(said: Said) -> None:
    # 30 December 2012 to 1 January 2013: 10 + 10 + 50. 364 days before the 30th is 1 January 2012: 20 on the 2nd.
    [row] = answered(said, "net_sales", "--from", "2012-12-30", "--to", "2013-01-02", "--compare", "same_weekdays")
    assert row == {"net_sales": "70.00", "net_sales_before": "20.00", "net_sales_change": 2.5}


def test_elapsed_compares_the_final_days_with_as_many_of_the_other_range(said: Said) -> None:
    # Final up to 22 February 2013. In the first 22 days of January 2012: 20 + 36 + 10; 10 more on the 31st.
    asked = ("net_sales", "--from", "2013-02-01", "--to", "2013-03-01", "--compare", "2012-01-01:2012-02-01")
    assert [row["net_sales_before"] for row in answered(said, *asked)] == ["76.00"]
    [row] = answered(said, *asked, "--elapsed")
    assert (row["net_sales"], row["net_sales_before"]) == ("220.00", "66.00")


def test_all_but_some_values(said: Said) -> None:
    by_country = ("net_sales", "--by", "country", *JANUARY)
    france, unknown = {"country": "FR", "net_sales": "10.00"}, {"country": None, "net_sales": "10.00"}
    assert answered(said, *by_country, "--without", "country=GB") == [france, unknown]
    assert answered(said, *by_country, "--without", "country=GB", "--without", "country=") == [france]


def test_filled_the_months_without_an_order_have_a_row(said: Said) -> None:
    half_a_year = ("orders", "--grain", "month", "--from", "2012-01-01", "--to", "2012-07-01")
    assert [row["orders"] for row in answered(said, *half_a_year, "--fill")] == [4, 3, 4, 1, 0, 0]
    assert "2012-06-01" not in [row["month"] for row in answered(said, *half_a_year)]


@pytest.mark.parametrize(
    ("as_of", "net_sales"),
    [
        ("2013-02-28", "0.00"),
        ("2013-03-01", "500.50"),
        ("2013-03-01T06:29+00:00", "0.00"),
        ("2013-03-01T06:30+00:00", "500.50"),
    ],
)
def test_what_was_not_loaded_yet_was_not_known(said: Said, as_of: str, net_sales: str) -> None:
    assert answered(said, "net_sales", "--as-of", as_of) == [{"net_sales": net_sales}]


def test_why_names_the_causes_and_the_parts(said: Said) -> None:
    # January by country: GB 56, FR 10, unknown 10. February: DE 40 + 27, GB 10 − 10.
    code, out, err = said("why", *FEBRUARY, "--by", "country")
    headline, causes, countries, *_ = out.splitlines()
    assert (code, err) == (0, "")
    assert headline == "Net sales fell by £9.00 (▼ 11.8%), from £76.00 to £67.00."
    assert causes.startswith("By cause: ")
    assert countries.startswith("By country: DE +£67.00, GB −£56.00, ")


def test_why_compares_with_any_range(said: Said) -> None:
    code, out, _ = said("why", *FEBRUARY, "--compare", "2012-12-01:2013-01-01", "--where", "country=GB")
    assert code == 0
    assert out.splitlines()[0] == "Net sales fell by £20.00 (▼ 100.0%), from £20.00 to £0.00."


def test_explain_says_all_about_a_metric_or_an_analysis(said: Said) -> None:
    code, out, _ = said("explain", "net_sales")
    assert code == 0
    assert out.startswith("Net sales (net_sales)\n")
    for part in ("Gross sales − discounts − returns.", "No value: ", "Adds up: ", "Owner: "):
        assert part in out
    code, out, _ = said("explain", "reorder")
    assert code == 0
    assert out.splitlines()[0].endswith("(reorder)")
    assert "Formula: " in out


def test_metrics_are_found_by_what_they_speak_of(said: Said) -> None:
    code, out, _ = said("metrics", "--search", "return rate", "--format", "json")
    names = [row["name"] for row in json.loads(out)]
    assert code == 0
    assert "return_rate" in names
    assert "sessions" not in names
    assert said("metrics", "--search", "zeppelin")[:2] == (0, "No rows.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("query", "net_sales", *FEBRUARY, "--compare", "2012-01-01:"), ["''", "YYYY-MM-DD"]),
        (("query", "net_sales", *FEBRUARY, "--compare", "2012-02-01:2012-01-01"), ["has no day in it"]),
        (("query", "net_sales", *FEBRUARY, "--compare", "same_weekday"), ["Did you mean 'same_weekdays'"]),
        (("query", "net_sales", "--compare", "previous"), ["A comparison needs a period"]),
        (("query", "net_sales", "--elapsed"), ["needs a period", "both a start and an end"]),
        (("query", "net_sales", *NOTHING_FINAL, "--elapsed"), ["2013-02-23", "the last final one is 2013-02-22"]),
        (("query", "net_sales", "--without", "country"), ["--without 'country' is not a filter", "dimension=value"]),
        (("query", "net_sales", "--without", "contry=GB"), ["contry", "Did you mean 'country'"]),
        (("query", "net_sales", "--fill"), ["Only a series can be filled", "grain"]),
        (("query", "net_sales", "--as-of", "yesterday"), ["yesterday", "YYYY-MM-DD"]),
        (("query", "net_sales", "--as-of", "2013-03-01T25:00+00:00"), ["2013-03-01T25:00+00:00", "is not a time"]),
        (("query", "net_sales", "--as-of", "2013-03-01T06:30"), ["without a time zone"]),
        (("why", "--from", "2012-02-01", "--to", "2012-02-01"), ["has no day in it"]),
        (("why", *FEBRUARY, "--by", "contry"), ["contry", "Did you mean 'country'"]),
        (("why", *FEBRUARY, "--compare", "last_year"), ["last_year", "year_ago"]),
        (("why", *FEBRUARY, "--where", "country"), ["--where 'country' is not a filter"]),
        (("why", "--to", "2012-02-01"), ["--from"]),
        (("explain", "net_sale"), ["net_sale", "Did you mean 'net_sales'"]),
        (("explain", "reordr"), ["reordr", "Did you mean 'reorder'"]),
    ],
)
def test_the_message_says_what_is_wrong_and_what_would_work(
    said: Said, arguments: tuple[str, ...], words: list[str]
) -> None:
    code, out, err = said(*arguments)
    assert (code, out) == (2, "")
    for word in words:
        assert word in err
    assert "Traceback" not in err
