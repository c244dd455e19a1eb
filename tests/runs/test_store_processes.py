"""Several real processes on one store: each run is claimed once, and a killed process leaves nothing half done."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from ecombi.settings import Settings
from tests.conftest import ROOT, empty_database


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the processes of `racing.py` saw."""
    workspace = tmp_path_factory.mktemp("races")
    with ExitStack() as stack:
        url = []
        if request.param == "postgresql":
            url.append(stack.enter_context(empty_database(request.getfixturevalue("postgres_server"))))
        done = subprocess.run(
            [sys.executable, "-m", "tests.runs.racing", str(workspace), *url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        yield {**json.loads(done.stdout), "workspace": workspace}


def test_processes_that_open_a_new_database_at_once_all_do(seen: dict[str, Any]) -> None:
    assert len(set(seen["opening"])) == 8


def test_processes_that_ask_for_the_same_get_one_run(seen: dict[str, Any]) -> None:
    for answers in zip(*seen["adding"], strict=True):
        assert len({run_id for run_id, _ in answers}) == 1
        assert sum(new for _, new in answers) == 1


def test_each_run_is_claimed_once_and_never_two_of_one_output(seen: dict[str, Any]) -> None:
    claimed = Counter(run_id for process in seen["claiming"] for run_id in process["claimed"])
    assert len(claimed) == 24
    assert set(claimed.values()) == {1}
    assert [process["doubled"] for process in seen["claiming"]] == [0] * 8


def test_a_run_of_a_dead_process_is_taken_over_once(seen: dict[str, Any]) -> None:
    won = [run_id for process in seen["adopting"] for run_id in process]
    assert len(won) == len(set(won)) == 5


def test_a_killed_process_loses_nothing_it_was_told_and_leaves_nothing_half_done(seen: dict[str, Any]) -> None:
    assert seen["killing"]["said"] > 20
    assert seen["killing"]["written"] > 5
    for path in seen["workspace"].glob("state.sqlite"):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_forked_process_does_not_disturb_its_parent(seen: dict[str, Any]) -> None:
    assert seen["forking"]["ended"] == [0, 0, 0, 0]
    assert seen["forking"]["told"] == {"queued": 1, "parent": 11, **{f"child {n}": 10 for n in range(4)}}


def test_the_record_of_a_run_is_light() -> None:
    code = (
        "import sys, ecombi.runs.record; print([m for m in ('sqlalchemy', 'alembic', 'psycopg') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_database_that_is_up_to_date_is_opened_without_alembic(state_settings: Settings) -> None:
    code = (
        "import sys; from ecombi.backends.state import open_state; from ecombi.settings import load_settings;"
        "open_state(load_settings()).close(); print('alembic' in sys.modules)"
    )
    environment = state_settings.environment()
    for said in ("True\n", "False\n"):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout == said
