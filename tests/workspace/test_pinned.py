"""What a run of a report is given through the environment: a snapshot, a time, somebody else's eyes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import ecombi
from ecombi.errors import AccessDenied, BackendError, ConfigurationError
from ecombi.metrics.policy import NOBODY, OWNER, Identity
from ecombi.sources.simulated.config import ShopConfig
from ecombi.workspace import Workspace

SHOP = ShopConfig(orders=400, years=1, seed=5)
DAYS = [date(2026, 9, 1), date(2026, 10, 1), None]
LOADED = [datetime(2026, 11, day, 6, tzinfo=UTC) for day in (1, 2, 3)]
ASKED = ["net_sales", "orders", "sessions", "new_customers", "otif", "on_hand"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that was loaded three times, a month more each time."""
    folder = tmp_path_factory.mktemp("pinned")
    with ecombi.open_workspace(folder) as ws:
        for until, at in zip(DAYS, LOADED, strict=True):
            ws.loading.simulated(SHOP, until=until, at=at)
    return folder


def figures(ws: Workspace) -> Sequence[object]:
    """Some of what the workspace says, of every kind of question."""
    asked = ws.query(ASKED, grain="month", start="2026-07-01", end="2026-11-01", fill=True)
    cut = ws.query(["net_sales", "customers"], by=["country", "channel"])
    scores = ws.customers.rfm(as_of="2026-09-01", top=20)
    return [
        asked.to_dict("records"),
        cut.to_dict("records"),
        scores.to_dict("records"),
        ws.coverage,
        ws.values("country"),
    ]


def test_a_pinned_snapshot_answers_as_it_did_when_it_was_the_newest(shop: Path) -> None:
    said = []
    for number in (1, 2, 3):
        with ecombi.open_workspace(shop, snapshot=number) as ws:
            assert ws.snapshot is not None
            assert (ws.snapshot.number, ws.snapshot.published_at) == (number, LOADED[number - 1])
            said.append(str(figures(ws)))
    with ecombi.open_workspace(shop) as ws:
        assert str(figures(ws)) == said[-1]
    assert len(set(said)) == 3


def test_what_was_known_at_a_time_is_what_the_snapshot_of_that_time_says(shop: Path) -> None:
    for number, at in enumerate(LOADED, 1):
        with ecombi.open_workspace(shop, snapshot=number) as then, ecombi.open_workspace(shop, known_at=at) as now:
            assert str(figures(now)) == str(figures(then)), number


def test_a_snapshot_that_is_not_kept_is_said_so(shop: Path) -> None:
    with (
        ecombi.open_workspace(shop, snapshot=7) as ws,
        pytest.raises(BackendError, match=r"Snapshot 7 is not kept.*3, 2, 1"),
    ):
        ws.query("orders")


def test_a_build_goes_on_from_the_newest_snapshot_whatever_is_read(tmp_path: Path) -> None:
    with ecombi.open_workspace(tmp_path) as ws:
        ws.loading.simulated(SHOP, until=DAYS[0], at=LOADED[0])
        ws.loading.simulated(SHOP, until=DAYS[1], at=LOADED[1])
    with ecombi.open_workspace(tmp_path, snapshot=1) as ws:
        ws.loading.simulated(SHOP, at=LOADED[2])
    with ecombi.open_workspace(tmp_path) as ws:
        assert ws.snapshot is not None
        assert ws.snapshot.number == 3


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "spark:local[1]"])
def test_only_the_embedded_warehouse_keeps_snapshots(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="only the DuckDB warehouse keeps"):
        ecombi.open_workspace(tmp_path, snapshot=1, database_url=url)


def test_an_identity_of_the_environment_sees_its_own_rows_only(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ecombi.open_workspace(shop) as ws:
        [irish] = ws.query("net_sales", where={"country": "Ireland"})["net_sales"]
    monkeypatch.setenv("ECOMBI_IDENTITY", '{"name": "ireland", "countries": ["Ireland"], "hidden": ["cost_amount"]}')
    with ecombi.open_workspace(shop) as ws:
        assert list(ws.query("net_sales")["net_sales"]) == [irish]
        assert ws.values("country") == ["Ireland"]
        with pytest.raises(AccessDenied):
            ws.query("gross_margin")
        for whole in (lambda: ws.ledger(), lambda: ws.quarantine, lambda: ws.loading):
            with pytest.raises(AccessDenied, match="ireland may see only country Ireland"):
                whole()


IDENTITIES = [
    OWNER,
    NOBODY,
    Identity.of("a", countries=["FR", None], channels=["web"], hidden=["cost_amount"], roles=["buyer", "analyst"]),
]


@pytest.mark.parametrize("identity", IDENTITIES, ids=lambda identity: identity.name)
def test_an_identity_is_the_same_after_it_was_written_and_read(identity: Identity) -> None:
    assert Identity.from_json(identity.to_json()) == identity


def test_identities_that_see_different_rows_are_written_differently() -> None:
    for one, other in itertools.combinations(IDENTITIES, 2):
        assert one.to_json() != other.to_json()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"name": "x", "country": ["Ireland"]}', '{"name": "x", "countries": []}']
)
def test_an_identity_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError):
        Identity.from_json(text)
