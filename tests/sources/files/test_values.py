"""A text becomes exactly the value it writes, or is held back: never rounded, never guessed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecombi.sources.files.mapping import Column, Format
from ecombi.sources.files.types import cleaned, expected, typed

ENGLISH = Format()
GERMAN = Format(decimal=",", thousands=".")
SWISS = Format(thousands="'")


def read(text: str, *, form: Format = ENGLISH, zone: str = "UTC", **column: object) -> object:
    declared = Column.model_validate({"from": "x", **column})
    sql = typed(cleaned("t", declared), declared, form, zone)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(f"SELECT {sql} FROM (SELECT $text AS t)", {"text": text}).fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("2.55", ENGLISH, "2.55"),
        (" -11062.06 ", ENGLISH, "-11062.06"),
        ("0.0010", ENGLISH, "0.001"),
        ("0.12345", ENGLISH, None),
        ("0.12340000000", ENGLISH, "0.1234"),
        ("1e3", ENGLISH, None),
        ("1,234.50", ENGLISH, None),
        ("NaN", ENGLISH, None),
        ("", ENGLISH, None),
        ("99999999999999.9999", ENGLISH, "99999999999999.9999"),
        ("100000000000000", ENGLISH, None),
        ("1.234,50", GERMAN, "1234.50"),
        ("1234,5", GERMAN, "1234.5"),
        ("1.23", GERMAN, None),
        ("12.34,5", GERMAN, None),
        ("1'234'567.25", SWISS, "1234567.25"),
        ("1,234.5", Format(thousands=","), "1234.5"),
    ],
)
def test_decimals(text: str, form: Format, value: str | None) -> None:
    assert read(text, form=form, type="decimal") == (Decimal(value) if value else None)


@settings(deadline=None)
@given(st.decimals(min_value=-(10**13), max_value=10**13, places=4))
def test_every_amount_of_four_decimals_is_read_exactly(amount: Decimal) -> None:
    assert read(f"{amount:f}", type="decimal") == amount


@pytest.mark.parametrize(
    ("text", "value"), [("17850.0", 17850), ("-80995", -80995), ("+3", 3), ("2.5", None), ("12 ", 12), ("1" * 19, None)]
)
def test_integers_may_end_in_point_zero(text: str, value: int | None) -> None:
    assert read(text, type="integer") == value


@pytest.mark.parametrize(
    ("text", "column", "zone", "value"),
    [
        ("2010-12-01 08:26:00", {}, "Europe/London", "2010-12-01 08:26"),
        ("2011-07-01 08:26:00", {}, "Europe/London", "2011-07-01 07:26"),
        ("01.12.2010 08:26", {"formats": "%d.%m.%Y %H:%M"}, "Europe/Berlin", "2010-12-01 07:26"),
        ("2010-12-01T08:26:00-0500", {"formats": "%Y-%m-%dT%H:%M:%S%z"}, "Europe/Berlin", "2010-12-01 13:26"),
        ("2010-12-01 08:26:00", {"time_zone": "UTC"}, "America/New_York", "2010-12-01 08:26"),
        # 02:30 does not exist on 27 March 2011 in Berlin: the clocks went from 02:00 to 03:00.
        ("2011-03-27 02:30:00", {}, "Europe/Berlin", "2011-03-27 01:30"),
        # 02:30 happened twice on 30 October 2011: the second is UTC+1.
        ("2011-10-30 02:30:00", {}, "Europe/Berlin", "2011-10-30 01:30"),
        ("31.12.2010", {}, "UTC", None),
        ("2010-02-30 00:00:00", {}, "UTC", None),
        ("0011-12-01 00:00:00", {}, "UTC", None),
    ],
)
def test_times_become_utc(text: str, column: dict[str, str], zone: str, value: str | None) -> None:
    assert read(text, zone=zone, type="datetime", **column) == (datetime.fromisoformat(value) if value else None)


def test_truth_values_have_the_words_of_the_mapping() -> None:
    words = {"type": "boolean", "when_true": ["ja"], "when_false": ["nein"]}
    assert [read(text, **words) for text in ("Ja", "nein", "yes")] == [True, False, None]


def test_markers_and_blanks_stand_for_nothing() -> None:
    assert [read(text, nulls=["n/a", "-"]) for text in ("N/A", " - ", "\u00a0", "x")] == [None, None, None, "x"]


def test_words_for_a_value_that_cannot_be_read_show_how_it_is_written() -> None:
    column = Column.model_validate({"from": "x", "type": "datetime", "formats": ["%d.%m.%Y %H:%M"]})
    assert expected(column, Format()) == "is not a date from 1970 to 2199 written like 30.11.2011 16:05"
    assert expected(Column.model_validate({"from": "x", "type": "decimal"}), GERMAN).endswith("written like 12,5")


def test_no_value_is_lost_between_two_ways_of_writing() -> None:
    assert read("1.234.567,89", form=GERMAN, type="decimal") == read("1234567.89", type="decimal")
