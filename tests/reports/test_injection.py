"""Whatever is given, papermill's own injected cell holds plain values of declared names and nothing else."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill.parameterize import parameterize_notebook

from ecombi.errors import ParameterError
from ecombi.reports.parameters import Value, bind
from tests.reports.test_parameters import ALL, HOSTILE_NAMES, TOKEN
from tests.reports.test_run import HOSTILE_TEXTS

DECLARED = (*ALL, TOKEN)
NAMES = [parameter.name for parameter in DECLARED]


def injected(values: Mapping[str, Value]) -> dict[str, object]:
    """The assignments of the cell papermill puts in, which must be of the form NAME = LITERAL, each name once."""
    source = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("day = None", metadata={"tags": ["parameters"]})],
        metadata={"papermill": {}},
    )
    made = parameterize_notebook(source, dict(values), kernel_name="python3", language="python")
    (cell,) = [cell for cell in made.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    found: dict[str, object] = {}
    for statement in ast.parse(cell.source).body:
        assert isinstance(statement, ast.Assign), ast.unparse(statement)
        (target,) = statement.targets
        assert isinstance(target, ast.Name)
        assert target.id not in found
        found[target.id] = ast.literal_eval(statement.value)
    return found


def reaches(given_values: Mapping[str, object]) -> None:
    """Check that what is given is refused, or arrives unchanged under the declared names."""
    try:
        bound = bind("r", DECLARED, given_values)
    except ParameterError:
        return
    found = injected(bound)
    assert list(found) == NAMES
    assert found == bound
    assert all(type(found[name]) is type(bound[name]) for name in NAMES)


MORE_NAMES = [
    "day = 1\ntop", "day\n", "day;import os", "day=0#", "__builtins__", "day.real", "day[0]", "day, top", "*day",
    "(day)", "dаy", "day\u200b", "day\ufe0f", "ᵈay", "exec", "get_ipython", "\N{NULL}", "day: int", "day := 1", "%day",
    "!day", "from os import system as day", "\\", "day\\\n", "\ud800", "𝒹ay", "import os\nday", "'''",
    "day\u2029import os",
]  # fmt: skip


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, *MORE_NAMES])
def test_a_hostile_name_never_reaches_the_cell(name: str) -> None:
    for given_values in ({name: "1"}, {"top": "1", name: "2026-10-31"}, {name: "true", "note": name}):
        with pytest.raises(ParameterError, match="has no parameter"):
            bind("r", DECLARED, given_values)


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS, "\ufeff", "\u202e", "\x1a", "\\u000aimport os", "'\\", "a" * 100_000])
def test_a_hostile_text_arrives_as_it_is(text: str) -> None:
    assert injected(bind("r", DECLARED, {"note": text}))["note"] == text
    assert injected(bind("r", DECLARED, {"countries": ["x", text]}))["countries"] == ["x", text]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_value_is_refused_or_arrives_as_it_is(name: str) -> None:
    for value in [*HOSTILE_TEXTS, "1e9", "-0.0", "__import__('os')", {"a": 1}, [["x"]], ("a",), 1 + 2j]:
        reaches({name: value})


PLAIN = st.text() | st.integers() | st.floats() | st.booleans() | st.none() | st.binary() | st.dates()


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(NAMES) | st.text() | st.sampled_from(NAMES).map(lambda name: name + "\n"),
        PLAIN | st.lists(PLAIN) | st.dictionaries(st.text(), PLAIN),
    )
)
def test_whatever_is_given_is_refused_or_arrives_as_it_is(given_values: dict[str, object]) -> None:
    reaches(given_values)


@settings(deadline=None)
@given(
    note=st.text(st.characters(exclude_categories=["Cs"])),
    countries=st.lists(st.text(st.characters(exclude_categories=["Cs"]))),
    share=st.floats(0, 1),
    top=st.integers(1, 100),
)
def test_every_value_that_fits_arrives_exactly(note: str, countries: list[str], share: float, top: int) -> None:
    found = injected(bind("r", DECLARED, {"note": note, "countries": countries, "share": share, "top": top}))
    assert (found["note"], found["countries"], found["top"]) == (note, countries, top)
    assert math.copysign(1, share) == math.copysign(1, found["share"])  # type: ignore[arg-type]
    assert found["share"] == share
