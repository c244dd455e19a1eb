"""The store against a plain model of it: whatever is done in whatever order, both say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from ecombi.backends.state import State as Database
from ecombi.backends.state import open_state
from ecombi.backends.state.tables import runs
from ecombi.errors import RunConflict, UnknownRunError
from ecombi.runs.record import UNSUCCESSFUL, Owner, Run, State
from ecombi.runs.store import RunStore
from ecombi.settings import Settings
from tests.runs.asked import GONE, HERE, NOON, PINNED, THERE, request

OWNERS = st.sampled_from([HERE, THERE])
LIVE = (State.QUEUED, State.RUNNING)


@dataclass(slots=True)
class Known:
    """What the model knows of a run."""

    stem: str
    key: str | None
    requested_at: datetime
    state: State = State.QUEUED
    attempt: int = 0
    owner: Owner | None = None
    not_before: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    cell: int | None = None

    def says_the_same(self, run: Run) -> bool:
        return all(getattr(run, name) == getattr(self, name) for name in _COMPARED)


_COMPARED = (
    *("requested_at", "state", "attempt", "owner", "not_before"),
    *("started_at", "ended_at", "cancel_requested_at", "cell"),
)


class StoreMachine(RuleBasedStateMachine):
    """Everything a store can be asked to do."""

    database: ClassVar[Database]
    numbers = Bundle("numbers")

    @initialize()
    def begin(self) -> None:
        with self.database.begin() as connection:
            connection.execute(runs.delete())
        self.store = RunStore(self.database)
        self.now = NOON
        self.known: dict[str, Known] = {}

    @rule(target=numbers, stem=st.sampled_from("ab"), key=st.sampled_from([None, None, "key"]))
    def add(self, stem: str, key: str | None) -> object:
        holder = [
            number for number, run in self.known.items() if key and run.key == key and run.state not in UNSUCCESSFUL
        ]
        run, new = self.store.add(request(stem, idempotency_key=key), at=self.now)
        assert new == (not holder)
        if not new:
            assert [run.run_id] == holder
            return multiple()
        self.known[run.run_id] = Known(stem, key, self.now)
        return run.run_id

    @rule(number=numbers, owner=OWNERS)
    def claim(self, number: str, owner: Owner) -> None:
        if number not in self.known:
            self._refused(UnknownRunError, lambda: self.store.claim(number, owner, at=self.now))
        elif self._claimable(number):
            assert self.store.claim(number, owner, at=self.now) is not None
            self._start(number, owner)
        else:
            assert self.store.claim(number, owner, at=self.now) is None

    @rule(owner=OWNERS)
    def claim_next(self, owner: Owner) -> None:
        waiting = sorted((run.requested_at, number) for number, run in self.known.items() if self._claimable(number))
        found = self.store.claim_next(owner, at=self.now)
        if waiting:
            assert found is not None
            assert found.run_id == waiting[0][1]
            self._start(found.run_id, owner)
        else:
            assert found is None

    @precondition(lambda self: self._held())
    @rule(data=st.data(), cell=st.none() | st.integers(1, 3))
    def heartbeat(self, data: st.DataObject, cell: int | None) -> None:
        number, owner = self._one_held(data)
        run = self.store.heartbeat(number, owner, at=self.now, cell=cell)
        self.known[number].cell = cell or self.known[number].cell
        assert self.known[number].says_the_same(run)

    @precondition(lambda self: self._held())
    @rule(data=st.data(), end=st.sampled_from([State.SUCCEEDED, *sorted(UNSUCCESSFUL)]))
    def end(self, data: st.DataObject, end: State) -> None:
        number, owner = self._one_held(data)
        if end is State.SUCCEEDED:
            self.store.succeed(number, owner, at=self.now, outputs={})
        else:
            self.store.fail(number, owner, GONE, at=self.now, state=end)
        self.known[number].state, self.known[number].ended_at = end, self.now

    @precondition(lambda self: self._held())
    @rule(data=st.data(), wait=st.sampled_from([0, 2]))
    def again(self, data: st.DataObject, wait: int) -> None:
        number, owner = self._one_held(data)
        due, run = self.now + timedelta(minutes=wait), self.known[number]
        self.store.again(number, owner, GONE, at=self.now, not_before=due)
        if run.cancel_requested_at:
            run.state, run.ended_at = State.CANCELLED, self.now
        else:
            run.state, run.not_before = State.QUEUED, due

    @rule(number=numbers, owner=OWNERS, move=st.sampled_from(["heartbeat", "pin", "succeed", "fail", "again"]))
    def intrude(self, number: str, owner: Owner, move: str) -> None:
        if (number, owner) in self._held():
            return
        act = {
            "heartbeat": lambda: self.store.heartbeat(number, owner, at=self.now, cell=9),
            "pin": lambda: self.store.pin(number, owner, PINNED),
            "succeed": lambda: self.store.succeed(number, owner, at=self.now, outputs={}),
            "fail": lambda: self.store.fail(number, owner, GONE, at=self.now),
            "again": lambda: self.store.again(number, owner, GONE, at=self.now, not_before=self.now),
        }
        self._refused(RunConflict if number in self.known else UnknownRunError, act[move])

    @rule(number=numbers)
    def cancel(self, number: str) -> None:
        run = self.known.get(number)
        if run is None or run.state not in LIVE:
            error = UnknownRunError if run is None else RunConflict
            self._refused(error, lambda: self.store.cancel(number, at=self.now))
            return
        self.store.cancel(number, at=self.now)
        run.cancel_requested_at = run.cancel_requested_at or self.now
        if run.state is State.QUEUED:
            run.state, run.ended_at = State.CANCELLED, self.now

    @rule(number=numbers, old=OWNERS, new=OWNERS)
    def adopt(self, number: str, old: Owner, new: Owner) -> None:
        if number not in self.known:
            self._refused(UnknownRunError, lambda: self.store.adopt(number, old, new, at=self.now))
            return
        won = self.store.adopt(number, old, new, at=self.now)
        assert (won is not None) == ((number, old) in self._held())
        if won:
            self.known[number].owner = new

    @rule(minutes=st.sampled_from([1, 2]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(minutes=st.integers(0, 2))
    def prune(self, minutes: int) -> None:
        before = self.now - timedelta(minutes=minutes)
        old = sorted(number for number, run in self.known.items() if run.ended_at and run.ended_at < before)
        assert self.store.prune(before=before) == old
        for number in old:
            del self.known[number]

    @invariant()
    def both_say_the_same(self) -> None:
        stored = {run.run_id: run for run in self.store.list(limit=1000)}
        assert stored.keys() == self.known.keys()
        for number, run in stored.items():
            assert self.known[number].says_the_same(run)
        stems = [run.request.stem for run in stored.values() if run.state is State.RUNNING]
        assert len(stems) == len(set(stems))

    def _claimable(self, number: str) -> bool:
        run = self.known[number]
        busy = any(other.state is State.RUNNING and other.stem == run.stem for other in self.known.values())
        return run.state is State.QUEUED and not busy and (run.not_before is None or run.not_before <= self.now)

    def _start(self, number: str, owner: Owner) -> None:
        run = self.known[number]
        run.state, run.owner, run.attempt = State.RUNNING, owner, run.attempt + 1
        run.started_at, run.not_before, run.cell = run.started_at or self.now, None, None

    def _held(self) -> list[tuple[str, Owner]]:
        """Every running run, with the process that runs it."""
        return [(number, run.owner) for number, run in self.known.items() if run.owner and run.state is State.RUNNING]

    def _one_held(self, data: st.DataObject) -> tuple[str, Owner]:
        return data.draw(st.sampled_from(self._held()))

    def _refused(self, error: type[Exception], act: Callable[[], object]) -> None:
        try:
            act()
        except error:
            return
        raise AssertionError(f"{error.__name__} was not raised")


@pytest.fixture(scope="module", autouse=True)
def _database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One database for all of them: making one takes longer than using it."""
    StoreMachine.database = open_state(Settings(workspace=tmp_path_factory.mktemp("machine")))
    yield
    StoreMachine.database.close()


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
