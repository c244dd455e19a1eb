"""Whether the snapshot is far enough for a run."""

from __future__ import annotations

from datetime import date

import pytest

from ecombi import open_workspace
from ecombi.metrics.state import known_of
from ecombi.scheduling.readiness import data_ready
from ecombi.settings import load_settings


@pytest.fixture
def shop(hand_shop):
    return load_settings(workspace=hand_shop)


def test_a_day_is_ready_once_the_records_reach_it(shop):
    assert data_ready(shop, date(2026, 10, 31), "day")
    assert not data_ready(shop, date(2026, 11, 1), "day")


def test_a_day_is_final_once_it_was_loaded_and_had_its_hours_to_settle(shop):
    with open_workspace(shop.workspace) as ws:
        until = known_of(ws.warehouse, ws.shop).final_until
    assert data_ready(shop, date.fromordinal(until.toordinal() - 1), "final")
    assert not data_ready(shop, until, "final")


def test_before_the_first_load_no_day_is_ready(tmp_path):
    empty = load_settings(workspace=tmp_path / "empty")
    assert not data_ready(empty, date(2026, 10, 1), "day")
    assert not data_ready(empty, date(2026, 10, 1), "final")
