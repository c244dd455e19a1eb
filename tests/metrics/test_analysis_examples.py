"""The worked examples of the analyses: each sum that is written out is right."""

from __future__ import annotations

import contextlib
import math
import re

import pytest

from ecombi.workspace.questions import analyses

_SUM = re.compile(r"([(√\d][^:;=]*?) = (−?[\d,]+(?:\.\d+)?%?)(?![\d.]*\d)")
_PYTHON = (
    (r"(\d),(\d{3})", r"\1\2"),
    (r"(\d+(?:\.\d+)?)%", r"(\1/100)"),
    ("×", "*"),
    ("÷", "/"),
    ("−", "-"),
    ("²", "**2"),
    ("√", "sqrt"),
    (r"(\d) \(", r"\1 * ("),
)
EXAMPLES = {name: analysis.example for name, analysis in analyses().items() if analysis.example}


def sums(example: str) -> list[tuple[str, str]]:
    """Return what is worked out, and what is said to come out."""
    return [(left.rpartition(" is ")[2].rpartition(": ")[2], right) for left, right in _SUM.findall(example)]


def worked_out(text: str) -> float:
    for pattern, written in _PYTHON:
        text = re.sub(pattern, written, text)
    # The end of the sentence that is arithmetic, as long as can be.
    for start in re.finditer(r"(?<![\w.])(?:\d|sqrt|floor|\()", text):
        end = text[start.start() :]
        if re.fullmatch(r"(?:[\d\s.()*/+\-]|sqrt|floor)+", end):
            with contextlib.suppress(SyntaxError):
                return float(eval(end, {"sqrt": math.sqrt, "floor": math.floor}))
    raise AssertionError(f"no arithmetic in {text!r}")


def test_most_analyses_have_one() -> None:
    assert {"cohorts", "rfm", "reorder", "suppliers", "bridge", "payouts", "classes"} <= set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_sums_of_an_example_are_right(name: str) -> None:
    found = sums(EXAMPLES[name])
    if name in ("purchase_history", "classes"):
        # They count and compare, and add nothing up.
        return
    assert found, EXAMPLES[name]
    for left, right in found:
        said = float(right.rstrip("%").replace(",", "").replace("−", "-"))
        decimals = len(right.rstrip("%").partition(".")[2])
        value = worked_out(left) * (100 if right.endswith("%") else 1)
        assert round(value, decimals) == pytest.approx(said), f"{left} = {right}"
