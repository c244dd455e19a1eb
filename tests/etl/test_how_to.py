"""The page on loading an export: its example is run as it stands there."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

from ecombi.etl import ledger_totals
from ecombi.etl.quarantine import show
from ecombi.schema.kinds import Kind
from ecombi.sources.files import FileSource, read_mapping
from ecombi.sources.files.mapping import Column, Comparison, Format, Type
from tests.etl.workbench import Workbench, counts

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "load-your-own-export.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


def test_the_example_gives_what_the_page_shows(bench: Workbench) -> None:
    (mapping, _), (export, _), (ledger, held) = blocks("yaml"), blocks("csv"), blocks("text")
    path = bench.file("my-shop.yml", mapping)
    reports = bench.load(FileSource(read_mapping(path), [bench.file("sales-march.csv", export)]))
    assert counts(reports) == [(5, 4, 0, 1)]
    assert "5 rows came in, 4 were loaded and 1 was held back" in PAGE

    shown = [line.split() for line in ledger.splitlines()[1:]]
    found = ledger_totals(bench.warehouse, by=["kind"])
    assert [[row["kind"], row["rows"], row["qty"], row["amount"]] for row in found] == [
        [kind, int(rows), int(qty), Decimal(amount)] for kind, rows, qty, amount in shown
    ]
    (row,) = show(bench.warehouse).to_pylist()
    assert f"row {row['source_row']}: {row['reason']}\n" == held


def test_the_visits_are_what_the_page_says(bench: Workbench) -> None:
    (_, mapping), (_, events) = blocks("yaml"), blocks("csv")
    assert counts(bench.load_texts(mapping, events)) == [(7, 7, 0, 0)]
    times = ", ".join(
        f"strftime({step}, '%H:%M:%S')"
        for step in ("started_at", "viewed_at", "added_at", "checkout_at", "completed_at", "ended_at")
    )
    # Vienna is an hour ahead of UTC in March.
    assert bench.rows(f"SELECT session_id, {times} FROM sessions ORDER BY 1") == [
        ("v1", "08:00:00", "08:00:20", "08:01:00", None, None, "08:02:00"),
        ("v2", "09:00:00", "09:00:00", None, None, None, "09:05:00"),
    ]


def test_the_page_names_every_type() -> None:
    for kind in get_args(Type):
        assert f"`{kind}`" in PAGE, kind


def test_the_page_names_every_kind_and_every_key() -> None:
    for model in (Column, Format, Comparison):
        for name, field in model.model_fields.items():
            key = field.alias or name
            if key not in ("from", "strip", "when_true", "when_false"):
                assert f"`{key}" in PAGE or f"{key}:" in PAGE, key
    for kind in Kind:
        assert f"`{kind}`" in PAGE, kind
