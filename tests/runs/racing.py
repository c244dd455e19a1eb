"""Real processes that want the same runs at the same moment; some of them are killed.

Run as a program, `racing.py WORKSPACE [URL]` runs every race on one new database, and prints what was seen as JSON.
It forks its processes: so each begins with the imports done, and all at once.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ecombi.backends.state import open_state
from ecombi.runs.record import Owner, State
from ecombi.runs.store import RunStore
from ecombi.settings import Settings
from tests.runs.asked import GONE, HERE, NOON, after, request

FORK = multiprocessing.get_context("fork")
PROCESSES = 8

_WAY = [State.QUEUED, State.RUNNING, State.SUCCEEDED]


def race(work: Callable[[int], Any]) -> list[Any]:
    """Call `work` with its number in every process at once; a process that fails makes this fail."""
    start = FORK.Barrier(PROCESSES)

    def run(number: int, results: Any) -> None:
        start.wait(60)
        results.send(work(number))

    pipes = [FORK.Pipe(duplex=False) for _ in range(PROCESSES)]
    processes = [FORK.Process(target=run, args=(n, sender)) for n, (_, sender) in enumerate(pipes)]
    for process in processes:
        process.start()
    for _, sender in pipes:
        sender.close()
    results = [receiver.recv() for receiver, _ in pipes]
    for process in processes:
        process.join()
    return results


def me() -> Owner:
    return Owner(host="here", pid=os.getpid(), started="1.0")


def opening(settings: Settings) -> Any:
    """Each opens a database that is not there yet, and records a run."""

    def work(number: int) -> str:
        state = open_state(settings)
        run, _ = RunStore(state).add(request(str(number)), at=NOON)
        state.close()
        return run.run_id

    return race(work)


def adding(settings: Settings) -> Any:
    """Each asks for the same five things."""
    open_state(settings).close()

    def work(number: int) -> list[tuple[str, bool]]:
        store = RunStore(open_state(settings))
        asked = (store.add(request(f"{number}", idempotency_key=f"key {n}"), at=after(number)) for n in range(5))
        return [(run.run_id, new) for run, new in asked]

    return race(work)


def claiming(settings: Settings) -> Any:
    """Each claims whatever it can until all is done, and looks for two running runs of one output."""
    store = RunStore(open_state(settings))
    ids = [store.add(request(f"output {n % 6}"), at=after(n))[0].run_id for n in range(24)]

    def work(_number: int) -> dict[str, Any]:
        mine = RunStore(open_state(settings))
        claimed, doubled = [], 0
        while any(not mine.get(run_id).state.ended for run_id in ids):
            run = mine.claim_next(me(), at=after(60), only=ids)
            if run:
                claimed.append(run.run_id)
                outputs = Counter(other.request.exclusive for other in mine.running())
                doubled += max(outputs.values()) > 1
                mine.succeed(run.run_id, me(), at=after(61), outputs={})
        return {"claimed": claimed, "doubled": doubled}

    return race(work)


def adopting(settings: Settings) -> Any:
    """Each takes over the same five runs of a dead process, and ends those it got."""
    store = RunStore(open_state(settings))
    ids = [store.add(request(str(n)), at=after(n))[0].run_id for n in range(5)]
    for run_id in ids:
        store.claim(run_id, HERE, at=NOON)

    def work(number: int) -> list[str]:
        mine = RunStore(open_state(settings))
        won = []
        for run_id in ids:
            if mine.adopt(run_id, HERE, me(), at=after(9)):
                mine.fail(run_id, me(), GONE, at=after(10))
                won.append(run_id)
        return won

    return race(work)


def killing(settings: Settings) -> Any:
    """One records runs until it is killed, ten times; what it said to be done must be there, and nothing half done."""
    store = RunStore(open_state(settings))
    moments, said = random.Random(5), 0
    for _ in range(10):
        receiver, sender = FORK.Pipe(duplex=False)
        writer = FORK.Process(target=_write_for_ever, args=(settings, sender))
        writer.start()
        sender.close()
        time.sleep(moments.uniform(0.05, 0.3))
        os.kill(writer.pid or 0, signal.SIGKILL)
        writer.join()
        with suppress(EOFError):
            while True:
                run_id, state = receiver.recv()
                said += 1
                assert _WAY.index(store.get(run_id).state) >= _WAY.index(state)
    written = store.list(report="killed", limit=100_000)
    for run in written:
        told = [event.text.split(":")[0] for _, event in store.events(run.run_id)]
        assert told == _WAY[: _WAY.index(run.state) + 1]
    return {"said": said, "written": len(written)}


def _write_for_ever(settings: Settings, sender: Any) -> None:
    store = RunStore(open_state(settings))
    while True:
        run, _ = store.add(request(f"{os.getpid()}", report="killed"), at=NOON)
        sender.send((run.run_id, run.state))
        claimed = store.claim(run.run_id, me(), at=NOON)
        if claimed:
            sender.send((run.run_id, claimed.state))
            store.heartbeat(run.run_id, me(), at=NOON, cell=1, cells=2)
            sender.send((run.run_id, store.succeed(run.run_id, me(), at=NOON, outputs={}).state))


def forking(settings: Settings) -> Any:
    """Each uses what its parent had open, while the parent does; then it ends as a program does."""
    state = open_state(settings)
    store = RunStore(state)
    run, _ = store.add(request(), at=NOON)
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            for _ in range(10):
                store.note(run.run_id, "note", f"child {number}", at=NOON)
            sys.exit(0)
        children.append(child)
    for _ in range(10):
        store.note(run.run_id, "note", "parent", at=NOON)
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    store.note(run.run_id, "note", "parent", at=NOON)
    told = Counter(event.text for _, event in store.events(run.run_id))
    state.close()
    return {"ended": ended, "told": told}


if __name__ == "__main__":
    workspace, *url = sys.argv[1:]
    given = Settings(workspace=Path(workspace), state_url=url[0] if url else None)
    seen = {run.__name__: run(given) for run in (opening, adding, claiming, adopting, killing, forking)}
    print(json.dumps(seen))  # noqa: T201
