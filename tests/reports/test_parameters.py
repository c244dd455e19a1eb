"""Values given for a report: read as their type, or refused in words, before anything runs."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecombi.errors import ParameterError
from ecombi.reports.parameters import Kind, Parameter, Value, bind


def declared(name: str, kind: Kind, default: Value = None, **more: object) -> Parameter:
    """A parameter with a description."""
    return Parameter(
        name=name, kind=kind, default=default, optional=default is None, description=f"The {name}.", **more
    )  # type: ignore[arg-type]


DAY = declared("day", "Day", from_as_of=-1)
TOP = declared("top", "int", 10, minimum=1, maximum=100)
SHARE = declared("share", "float", 0.8, minimum=0, maximum=1)
BASIS = declared("basis", "str", "booked", choices=("booked", "ordered"))
FINAL = declared("final", "bool", True)
COUNTRIES = declared("countries", "list[str]", [])
NOTE = declared("note", "str", "")
ALL = (DAY, TOP, SHARE, BASIS, FINAL, COUNTRIES, NOTE)


def test_defaults_fill_what_is_not_given() -> None:
    assert bind("r", ALL, {}) == {
        "day": None, "top": 10, "share": 0.8, "basis": "booked", "final": True, "countries": [], "note": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("top", "7", 7),
        ("top", "+7", 7),
        ("share", "0.25", 0.25),
        ("share", "1", 1.0),
        ("final", "no", False),
        ("final", "TRUE", True),
        ("day", "2024-02-29", "2024-02-29"),
        ("day", "", None),
        ("basis", "ordered", "ordered"),
        ("countries", "France, United Kingdom,", ["France", "United Kingdom"]),
        ("countries", '["Korea, South", "EIRE"]', ["Korea, South", "EIRE"]),
        ("countries", "", []),
        ("note", "", ""),
        ("note", "7", "7"),
    ],
)
def test_text_from_a_command_line_is_read_as_the_parameters_type(name: str, text: str, value: Value) -> None:
    bound = bind("r", ALL, {name: text})[name]
    assert bound == value
    assert type(bound) is type(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("top", 7), ("share", 0.5), ("share", 1), ("final", False), ("countries", ["EIRE"]), ("day", None)],
)
def test_values_of_python_are_taken_as_they_are(name: str, value: Value) -> None:
    assert bind("r", ALL, {name: value})[name] == value


def test_a_date_becomes_iso_text() -> None:
    assert bind("r", ALL, {"day": date(2011, 11, 30)})["day"] == "2011-11-30"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("top", "seven"), ("top", "7.0"), ("top", "1_0"), ("top", "٧"), ("top", " 7"), ("top", "9" * 5000),
        ("top", "0"), ("top", "101"), ("top", True), ("top", 7.5), ("top", None), ("top", ""),
        ("share", "nan"), ("share", "inf"), ("share", "1e400"), ("share", float("nan")), ("share", "1.01"),
        ("final", "maybe"), ("final", 1),
        ("day", "2023-02-29"), ("day", "30/11/2011"), ("day", "20111130"), ("day", "1322611200"), ("day", 20111130),
        ("day", "2011-11-30T00:00"),
        ("basis", "paid"), ("basis", "Booked"), ("basis", 1),
        ("countries", "[1, 2]"), ("countries", "[unclosed"), ("countries", [1]), ("countries", "[[]]"),
        ("countries", ["\ud800"]),
        ("note", None), ("note", 7), ("note", b"bytes"), ("note", "\ud800"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused_with_what_would(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=rf"^Parameter {name} is .*; it must be \w+"):
        bind("r", ALL, {name: value})


@pytest.mark.parametrize(
    ("given_values", "message"),
    [
        ({"top": "ten"}, "Parameter top is 'ten'; it must be a whole number from 1 to 100."),
        ({"day": "today"}, "Parameter day is 'today'; it must be a day written YYYY-MM-DD, or left empty."),
        ({"basis": "order"}, "Parameter basis is 'order'; it must be one of booked, ordered. Did you mean 'ordered'?"),
        ({"tpo": "3"}, "Report r has no parameter 'tpo'. Did you mean 'top'?"),
        (
            {"top": "0", "final": "?"},
            (
                "Parameter top is '0'; it must be a whole number from 1 to 100. "
                "Parameter final is '?'; it must be true or false."
            ),
        ),
    ],
)
def test_the_message_says_which_value_and_what_would_work(given_values: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError) as caught:
        bind("r", ALL, given_values)
    assert str(caught.value) == message


SINCE = declared("since", "Day", minimum=date(2024, 2, 29), maximum=date(2026, 12, 31))
BEFORE = declared("before", "Day", maximum=date(2026, 12, 31))
SOME = declared("some", "list[str]", ["a"], minimum=1.0, maximum=3.0)
FEW = declared("few", "list[str]", [], choices=("a", "b", "c"), maximum=2.0)
TINY = declared("tiny", "float", 0.0, minimum=-0.5)
HUGE = declared("huge", "int", 0, maximum=123_456_789_012.0)
TOKEN = declared("token", "Secret")
RANGED = (SINCE, BEFORE, SOME, FEW, TINY, HUGE, TOKEN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "2024-02-29"), ("since", "2026-12-31"), ("since", None), ("before", "1900-01-01"),
        ("some", ["a"]), ("some", ["a", "b", "c"]), ("few", []), ("few", ["a", "c"]), ("tiny", -0.5),
        ("huge", 123_456_789_012), ("token", "secret://mail"), ("token", "secret://m-1_x"), ("token", None),
    ],
)  # fmt: skip
def test_the_ends_of_a_range_belong_to_it(name: str, value: Value) -> None:
    assert bind("r", RANGED, {name: value})[name] == value


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("since", "2024-02-28", "a day written YYYY-MM-DD from 2024-02-29 to 2026-12-31, or left empty."),
        ("since", "2027-01-01", "a day written YYYY-MM-DD from 2024-02-29 to 2026-12-31, or left empty."),
        ("before", "2027-01-01", "a day written YYYY-MM-DD, at most 2026-12-31, or left empty."),
        ("some", "", "texts with commas between them, 1 to 3 of them."),
        ("some", "a,b,c,d", "texts with commas between them, 1 to 3 of them."),
        ("few", "a,b,c", "taken from a, b, c, at most 2 of them."),
        ("tiny", "-0.51", "a number, at least -0.5."),
        ("huge", "123456789013", "a whole number, at most 123456789012."),
        ("token", "hunter2", "the name of a secret written secret://NAME, or left empty."),
        ("token", "secret://", "the name of a secret written secret://NAME, or left empty."),
        ("token", "secret://../mail", "the name of a secret written secret://NAME, or left empty."),
        ("token", "secret://mail\n", "the name of a secret written secret://NAME, or left empty."),
    ],
)
def test_what_is_out_of_range_is_refused_with_the_range(name: str, value: str, words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        bind("r", RANGED, {name: value})
    assert str(caught.value).endswith(f"it must be {words}")


@pytest.mark.parametrize("value", ["secret://mail", "SECRET://mail", "secret://"])
@pytest.mark.parametrize("name", ["note", "countries", "basis", "day"])
def test_a_secret_is_taken_by_a_parameter_made_for_it_only(name: str, value: str) -> None:
    with pytest.raises(ParameterError, match="Only a parameter of type Secret takes a secret"):
        bind("r", ALL, {name: value})
    with pytest.raises(ParameterError):
        bind("r", ALL, {"countries": ["France", value]})


def test_a_default_that_follows_the_as_of_day_keeps_to_its_range() -> None:
    dated = declared("day", "Day", from_as_of=-1, minimum=date(2026, 1, 1))
    assert bind("r", (dated,), {}, as_of=date(2026, 1, 2)) == {"day": "2026-01-01"}
    with pytest.raises(ParameterError, match="Parameter day is '2025-12-31'; it must be a day"):
        bind("r", (dated,), {}, as_of=date(2026, 1, 1))


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "3000-01-01", "9999-12-31"])
def test_days_that_have_no_days_to_be_compared_with_are_refused(day: str) -> None:
    with pytest.raises(ParameterError, match="Reports know the days from 1900-01-01 to 2999-12-31"):
        bind("r", ALL, {"day": day})
    with pytest.raises(ParameterError, match="must be a day"):
        bind("r", RANGED, {"before": day})


@pytest.mark.parametrize("as_of", [date.min, date(1900, 1, 1), date.max])
def test_an_as_of_day_at_the_end_of_the_calendar_is_refused_in_words(as_of: date) -> None:
    far = declared("day", "Day", from_as_of=-1 if as_of < date(2000, 1, 1) else 1)
    with pytest.raises(ParameterError, match=r"at the end of the calendar|Reports know the days"):
        bind("r", (far,), {}, as_of=as_of)
    assert bind("r", (far,), {"day": "2026-10-31"}, as_of=as_of) == {"day": "2026-10-31"}


def test_a_required_parameter_must_be_given() -> None:
    required = declared("day", "Day", "2026-01-01", required=True)
    with pytest.raises(ParameterError, match=r"needs parameter day: The day\. Give a day written"):
        bind("r", (required,), {})
    assert bind("r", (required,), {"day": "2026-02-01"}) == {"day": "2026-02-01"}


def test_the_as_of_day_gives_the_default_and_a_given_value_wins() -> None:
    assert bind("r", ALL, {}, as_of=date(2026, 11, 1))["day"] == "2026-10-31"
    assert bind("r", ALL, {"day": "2026-01-05"}, as_of=date(2026, 11, 1))["day"] == "2026-01-05"


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    period = (declared("start", "Day"), declared("end", "Day"))
    with pytest.raises(ParameterError, match="has no day in it"):
        bind("r", period, {"start": "2026-02-01", "end": "2026-02-01"})
    assert bind("r", period, {"start": "2026-02-01"}) == {"start": "2026-02-01", "end": None}


HOSTILE_NAMES = [
    "__import__('os').system('id')", "top = 1; import os", "top\nimport os", "__class__", "__builtins__", "class",
    "import", "lambda", "top ", " top", "Top", "ｔｏｐ", "top\u2028import os", "{top}", "{pm.__init__}", "",
    "top=1\r\n",
    "model_config", "top\x00", "# x", "'", '"""',
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_that_carries_code_is_only_an_unknown_name(name: str) -> None:
    with pytest.raises(ParameterError, match=r"^Report r has no parameter ") as caught:
        bind("r", ALL, {name: "1"})
    assert "\n" not in str(caught.value)


@given(st.text())
def test_no_name_but_a_declared_one_is_ever_taken(name: str) -> None:
    if name in {p.name for p in ALL}:
        return
    with pytest.raises(ParameterError):
        bind("r", ALL, {name: ""})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_taken_unchanged_by_a_text_parameter(text: str) -> None:
    assert bind("r", ALL, {"note": text})["note"] == text


@given(
    st.sampled_from((*ALL, TOKEN)),
    st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.text()), st.binary(), st.dates()
    ),
)
def test_whatever_is_given_comes_out_as_the_declared_type_or_is_refused(parameter: Parameter, value: object) -> None:
    types = {"str": str, "int": int, "float": float, "bool": bool, "Day": str, "Secret": str, "list[str]": list}
    try:
        bound = bind("r", (*ALL, TOKEN), {parameter.name: value})[parameter.name]
    except ParameterError:
        return
    assert (bound is None and parameter.optional) or type(bound) is types[parameter.kind]
    assert set(bind("r", (*ALL, TOKEN), {parameter.name: value})) == {p.name for p in (*ALL, TOKEN)}


def test_refusing_a_value_loads_neither_papermill_nor_a_kernel() -> None:
    code = (
        "import sys\n"
        "from ecombi.reports.parameters import Parameter, bind\n"
        "from ecombi.errors import ParameterError\n"
        "from ecombi.reports import run, find\n"
        "top = Parameter(name='top', kind='int', optional=False, default=1, description='x')\n"
        "try: bind('r', (top,), {'top': 'x'})\n"
        "except ParameterError: pass\n"
        "heavy = {'papermill', 'nbclient', 'jupyter_client', 'nbconvert', 'pandas', 'ibis', 'duckdb'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr == ""


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100_000 + "]" * 100_000, '["a",', "[NaN]", '[["a"]]'])
def test_a_list_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(ParameterError, match="it must be texts with commas between them"):
        bind("some", (COUNTRIES,), {"countries": text})
