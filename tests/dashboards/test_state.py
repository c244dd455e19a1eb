"""State: traits to an address and back, whatever a browser sends."""

from __future__ import annotations

import pytest

from ecombi.dashboards.presets import question_of
from ecombi.dashboards.sales.state import SalesState
from ecombi.schema.periods import Grain, Period

COVERAGE = Period.of("2024-11-01", "2026-11-22")


def asked(state: SalesState) -> str:
    return str(question_of(state, COVERAGE, {}).period)


def test_the_usual_state_has_an_empty_address():
    assert SalesState().query == ""


def test_a_state_survives_the_way_through_an_address():
    state = SalesState()
    state.choose("countries", ["Côte d’Ivoire", "Trinidad & Tobago"])
    state.choose_days("2026-01-05", "2026-02-01")
    state.choose("basis", ["ordered"])
    state.choose("product", ["A&B=C"])
    again = SalesState()
    again.query = state.query
    assert (again.countries, again.first, again.last) == (
        ("Côte d’Ivoire", "Trinidad & Tobago"),
        "2026-01-05",
        "2026-02-01",
    )
    assert (again.preset, again.basis, again.product) == ("custom", "ordered", "A&B=C")


def test_the_unknown_value_survives_too():
    state = SalesState()
    state.choose("channels", [""])
    again = SalesState()
    again.query = state.query
    assert again.channels == ("",)
    assert question_of(again, COVERAGE, {"channel": again.channels}).where == {"channel": (None,)}


@pytest.mark.parametrize(
    "query",
    [
        "period=fortnight",
        "basis=guessed&compare=never",
        "period=custom",
        "period=custom&from=2026-02-30&to=2026-03-01",
        "period=custom&from=2026-03-02&to=2026-03-01",
        "nonsense=1&__class__=x",
        "%ff%fe",
    ],
)
def test_an_impossible_address_is_the_usual_state(query):
    state = SalesState()
    state.query = query
    assert state.query == ""


def test_an_impossible_choice_changes_nothing():
    state = SalesState()
    state.choose("preset", ["fortnight"])
    state.choose("query", ["x"])
    state.choose("_trait_values", ["x"])
    state.choose_days("2026-03-02", "2026-03-01")
    assert state.query == ""


def test_toggling_takes_one_value_alone_and_lets_it_go_again():
    state = SalesState()
    state.choose("countries", ["France", "Germany"])
    state.toggle("countries", "Italy")
    assert state.countries == ("Italy",)
    state.toggle("countries", "Italy")
    assert state.countries == ()
    state.toggle("product", "mug")
    state.toggle("product", "mug")
    assert state.product == ""


def test_a_preset_forgets_the_days_of_a_custom_period():
    state = SalesState()
    state.choose_days("2026-01-05", "2026-02-01")
    state.choose("preset", ["7d"])
    assert state.query == "period=7d"


@pytest.mark.parametrize(
    ("preset", "days"),
    [
        ("7d", "2026-11-15 to 2026-11-21"),
        ("28d", "2026-10-25 to 2026-11-21"),
        ("month", "2026-11-01 to 2026-11-21"),
        ("quarter", "2026-10-01 to 2026-11-21"),
        ("year", "2026-01-01 to 2026-11-21"),
        ("all", "2024-11-01 to 2026-11-21"),
    ],
)
def test_presets_end_with_the_last_day_there_is(preset, days):
    state = SalesState()
    state.choose("preset", [preset])
    assert asked(state) == days


def test_both_ends_of_a_custom_period_count():
    state = SalesState()
    state.choose_days("2026-03-01", "2026-03-01")
    assert asked(state) == "2026-03-01 to 2026-03-01"


@pytest.mark.parametrize(("preset", "grain"), [("28d", Grain.DAY), ("year", Grain.WEEK), ("all", Grain.MONTH)])
def test_a_line_has_a_readable_number_of_points(preset, grain):
    state = SalesState()
    state.choose("preset", [preset])
    assert question_of(state, COVERAGE, {}).grain is grain
