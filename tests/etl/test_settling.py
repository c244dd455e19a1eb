"""How long a source's days take to settle is noted with everything it loads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecombi.errors import MappingError, SourceError
from ecombi.sources.canonical import CanonicalSource
from ecombi.sources.files import FileSource, parse_mapping
from tests.etl.workbench import HEADER, SALES, Workbench

SLOW = SALES.replace("name: shop\n", "name: shop\nsettle_hours: 48\n")
ROW = "1001,2026-03-01 10:00:00,C1,A,2,9.95\n"
NOTED = "SELECT rows_in, settle_hours FROM loads ORDER BY load_id"


def test_a_mapping_says_how_long_its_days_take(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + ROW)
    bench.load_texts(SLOW, HEADER + ROW.replace("1001", "1002") + "1003,soon,C1,A,1,1\n")
    bench.replay(FileSource(parse_mapping(SLOW, "shop.yml")))
    assert bench.rows(NOTED) == [(1, 0), (2, 48), (1, 48)]


def test_it_changes_nothing_about_how_rows_are_read(bench: Workbench) -> None:
    bench.load_texts(SALES, HEADER + ROW)
    (again,) = bench.load_texts(SLOW, HEADER + ROW)
    assert again.skipped
    assert bench.rows(NOTED) == [(1, 0)]


@pytest.mark.parametrize("hours", ["-1", "1.5", "8785", "two"])
def test_what_is_no_number_of_hours_is_refused(hours: str) -> None:
    with pytest.raises(MappingError, match=r"shop\.yml, settle_hours: Input should be"):
        parse_mapping(SLOW.replace("48", hours), "shop.yml")


@pytest.mark.parametrize(("said", "hours"), [({}, 0), ({"settle_hours": 6}, 6)])
def test_a_folder_of_tables_says_it_in_its_shop_json(tmp_path: Path, said: dict[str, int], hours: int) -> None:
    shop = {"name": "Shop", "currency": "EUR", "time_zone": "Europe/Berlin", **said}
    (tmp_path / "shop.json").write_text(json.dumps(shop), encoding="utf-8")
    assert CanonicalSource("shop", tmp_path).settle_hours == hours


@pytest.mark.parametrize("said", [-1, 1.5, True, "6", 8785])
def test_a_shop_json_with_other_hours_is_refused(tmp_path: Path, said: object) -> None:
    shop = {"name": "Shop", "currency": "EUR", "time_zone": "Europe/Berlin", "settle_hours": said}
    (tmp_path / "shop.json").write_text(json.dumps(shop), encoding="utf-8")
    with pytest.raises(SourceError, match=r"must be a whole number of hours from 0 to 8784"):
        CanonicalSource("shop", tmp_path)
