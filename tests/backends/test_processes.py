"""Several real processes on one warehouse: one builds, others read, some are killed."""

from __future__ import annotations

import json
import random
import time

import pytest

from ecombi.backends.warehouse import Warehouse
from ecombi.errors import WarehouseBusy
from ecombi.settings import Settings
from tests.backends import shop


def test_a_second_build_is_refused_while_another_process_builds(settings: Settings, warehouse: Warehouse) -> None:
    (holder,) = shop.start("hold", settings)
    with holder:
        with pytest.raises(WarehouseBusy, match="Another process is building"), warehouse.build():
            pass
        holder.communicate("")
    assert holder.returncode == 0
    assert shop.publish(warehouse).number == 1


def test_a_build_can_wait_for_another_to_end(settings: Settings, warehouse: Warehouse) -> None:
    (holder,) = shop.start("hold", settings)
    with holder:
        assert holder.stdin is not None
        holder.stdin.close()
        with warehouse.build(wait=30) as build:
            shop.load(build)
            assert build.publish(at=shop.NOON).number == 1


# On Spark, threads of one process do the same in test_spark.py: a Spark for each process would take the whole machine.
@pytest.mark.parametrize("settings", ["duckdb", "postgresql"], indirect=True)
def test_readers_see_only_whole_snapshots_while_a_writer_publishes(settings: Settings, warehouse: Warehouse) -> None:
    readers = shop.start("read", settings, processes=3)
    for _ in range(10):
        shop.publish(warehouse)
        time.sleep(0.1)
    seen = [json.loads(reader.communicate("")[0]) for reader in readers]
    for reader in seen:
        assert reader["errors"] == []
        assert reader["torn"] == 0
        assert reader["queries"] > 20
        assert reader["versions"] > 5


def test_a_killed_build_loses_and_doubles_nothing(settings: Settings, warehouse: Warehouse) -> None:
    shop.publish(warehouse)
    moments = random.Random(7)
    for _ in range(5):
        (builder,) = shop.start("build", settings)
        time.sleep(moments.uniform(0, 0.5))
        builder.kill()
        said = builder.communicate()[0].split()
        seen = shop.state(warehouse)
        assert shop.agrees(seen)
        before = warehouse.snapshot()
        assert before is not None
        assert not said or before.number >= int(said[-1])
        after = shop.publish(warehouse)
        assert after.number > before.number
        seen = shop.state(warehouse)
        assert shop.agrees(seen)
        # One load per publication, whether a killed process got to announce it or not.
        assert seen["loads"] == after.number
