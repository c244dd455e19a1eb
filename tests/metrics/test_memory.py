"""Answers are kept while their snapshot lasts, within bounds, and nobody can change a kept one."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from ecombi.backends.warehouse import Warehouse
from ecombi.metrics.answers import Answers
from ecombi.metrics.memory import Memory
from ecombi.metrics.policy import Identity
from ecombi.metrics.query import MetricQuery
from tests.metrics.conftest import PUBLISHED, opened, publish
from tests.metrics.tiny_shop import PRODUCTS, SHOP, ledger_rows

BY_COUNTRY = MetricQuery.of(["net_sales", "orders", "aov"], by="country")


def table(size: int) -> pa.Table:
    """A table of that many bytes."""
    return pa.table({"n": pa.array([0] * (size // 8), pa.int64())})


class Counting:
    """The warehouse, counting what is asked of it."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._warehouse, name)

    def arrow(self, sql: str, params: dict[str, object] | None = None) -> pa.Table:
        self.asked.append(sql)
        return self._warehouse.arrow(sql, params or {})


def test_what_was_unused_longest_is_dropped_first() -> None:
    memory = Memory(size=1_000)
    for name in "abcde":
        memory.keep(name, table(240))
    assert memory.get("a") is None
    assert memory.get("b") is not None
    memory.keep("f", table(240))
    assert [name for name in "bcdef" if memory.get(name) is None] == ["c"]
    assert len(memory) == 4


def test_an_answer_too_large_for_the_room_is_not_kept() -> None:
    memory = Memory(size=1_000)
    memory.keep("small", table(248))
    memory.keep("large", table(256))
    assert (memory.get("small") is not None, memory.get("large")) == (True, None)
    nothing = Memory(size=0)
    nothing.keep("a", table(8))
    assert nothing.get("a") is None


def test_keeping_the_same_twice_takes_its_room_once() -> None:
    memory = Memory(size=1_000)
    for _ in range(20):
        memory.keep("a", table(240))
        memory.keep("b", table(240))
    assert len(memory) == 2


def test_several_threads_never_hold_more_than_there_is_room_for() -> None:
    memory = Memory(size=10_000)
    failures: list[object] = []

    def work(number: int) -> None:
        for n in range(300):
            key = (number * n) % 97
            found = memory.get(key)
            if found is not None and found.num_rows != key:
                failures.append(key)
            memory.keep(key, table(8 * key))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    held = sum(found.nbytes for key in range(97) if (found := memory.get(key)) is not None)
    assert 0 < held <= 10_000


def test_asking_again_reads_nothing_and_says_the_same(warehouse: Warehouse) -> None:
    counting = Counting(warehouse)
    answers = Answers(counting, SHOP)
    first = answers.run(BY_COUNTRY)
    asked = len(counting.asked)
    again = answers.run(BY_COUNTRY)
    assert len(counting.asked) == asked
    assert again.equals(first)
    assert again.passport == first.passport
    answers.run(MetricQuery.of(["net_sales", "orders", "aov"], by="country", start="2012-02-01"))
    assert len(counting.asked) == asked + 1


def test_changing_an_answer_does_not_change_the_kept_one(warehouse: Warehouse) -> None:
    answers = Answers(warehouse, SHOP)
    first = answers.run(BY_COUNTRY)
    wanted = first.to_dict("list")
    first["orders"] = 0
    first.loc[0, "net_sales"] = Decimal(-1)
    first["aov"] *= 2
    again = answers.run(BY_COUNTRY)
    assert str(again.to_dict("list")) == str(wanted)


def test_another_snapshot_is_asked_anew(tmp_path: Path) -> None:
    warehouse = opened(tmp_path)
    rows = list(ledger_rows())
    publish(warehouse, rows, PRODUCTS)
    answers = Answers(warehouse, SHOP)
    assert answers.run(MetricQuery.of("orders"))["orders"].tolist() == [40]
    with warehouse.build() as build:
        for name in ("ledger", "products", "loads", "shop", "facts"):
            build.connection.execute(f"DELETE FROM {name}")
        build.publish(at=PUBLISHED)
    publish(warehouse, rows[:3], PRODUCTS)
    found = answers.run(MetricQuery.of("orders"))
    assert (found["orders"].tolist(), found.passport.snapshot) == ([1], 3)
    warehouse.close()


def test_two_identities_never_share_an_answer(warehouse: Warehouse) -> None:
    counting = Counting(warehouse)
    owner = Answers(counting, SHOP)
    people = {
        "all": owner,
        "gb": owner.seen_by(Identity.of("gb", countries=["GB"])),
        "fr": owner.seen_by(Identity.of("fr", countries=["FR"])),
        "web": owner.seen_by(Identity.of("web", channels=["web"])),
    }
    for _ in range(2):
        found = {name: answers.run(MetricQuery.of("gross_sales"))["gross_sales"][0] for name, answers in people.items()}
        # By hand: 557.50 in all; FR 30 (o03, o13, o14), GB 447.50, none 10 (o04), DE 70; app 10 + 10 + 30 + 20.
        assert found == {"all": Decimal("557.5"), "gb": Decimal("447.5"), "fr": 30, "web": Decimal("487.5")}
    # The same SQL with the same values, for other rights: only the policy tells the two apart.
    twins = [Identity.of("a", countries=["GB"]), Identity.of("b", countries=["GB"], hidden=["fee_amount"])]
    keys = [identity.policy_hash for identity in twins]
    assert len(set(keys)) == 2
    assert Identity.of("c", countries=["GB"]).policy_hash == keys[0]


def test_people_with_the_same_rights_share_answers(warehouse: Warehouse) -> None:
    counting = Counting(warehouse)
    owner = Answers(counting, SHOP)
    owner.seen_by(Identity.of("a", countries=["GB", "FR"])).run(BY_COUNTRY)
    figures = [sql for sql in counting.asked if "net_sales" in sql]
    assert figures
    owner.seen_by(Identity.of("b", countries=["FR", "GB"])).run(BY_COUNTRY)
    assert [sql for sql in counting.asked if "net_sales" in sql] == figures


@pytest.mark.parametrize("identity", [Identity(name="x"), Identity(name="y", roles=frozenset({"analyst"}))])
def test_roles_alone_change_no_answer(identity: Identity) -> None:
    assert identity.unlimited
    assert identity.policy_hash == Identity(name="z").policy_hash
