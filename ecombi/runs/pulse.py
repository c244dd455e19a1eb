"""Says of the runs of this process that they are alive and where they are, and hears when one is to end."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ecombi.errors import BackendUnavailable, RunConflict
from ecombi.reports.listening import Listener
from ecombi.runs.processes import this_process
from ecombi.runs.record import Run
from ecombi.runs.store import RunStore

logger = logging.getLogger(__name__)

_SECONDS: Final = 1.0
"""How often it is said."""

_MOST_LINES: Final = 1000
"""Lines of output recorded per cell; the notebook has them all."""

_READ_AS_ONE: Final = 16
"""Lines over which the value of a secret may be broken."""

_WITHHELD: Final = "[A line with a part of a secret is not shown.]"


@dataclass(slots=True)
class Active(Listener):
    """A run that is going on in this process.

    Attributes:
        run: As it was claimed.
        redact: Takes the values of secrets out of a text.
        told: Called when a cell is done, with its number and how many there are.
        stop: Set when this process is to end all its runs.
        spans: Seconds that each cell took.
        cancelled: Somebody asked for its end.
        lost: Another process has taken it over.
    """

    run: Run
    redact: Callable[[str], str]
    told: Callable[[int, int], None]
    stop: threading.Event
    spans: dict[int, float] = field(default_factory=dict)
    cancelled: bool = False
    lost: bool = False
    kernel_pid: int | None = None
    cell: int | None = None
    cells: int | None = None
    _lines: list[tuple[int, str]] = field(default_factory=list)
    _count: Counter[int] = field(default_factory=Counter)
    _latest: deque[str] = field(default_factory=lambda: deque(maxlen=_READ_AS_ONE))

    @property
    def to_end(self) -> bool:
        """Whether its kernel is to be killed."""
        return self.cancelled or self.lost or self.stop.is_set()

    def kernel_started(self, pid: int) -> None:
        """Take it down for the next beat."""
        self.kernel_pid = pid

    def cell_started(self, cell: int, cells: int) -> None:
        """Take it down for the next beat."""
        self.cell, self.cells = cell, cells

    def cell_ended(self, cell: int, cells: int, seconds: float) -> None:
        """Take down how long it took."""
        self.spans[cell] = seconds
        self.told(cell, cells)

    def printed(self, cell: int, line: str) -> None:
        """Take it down for the next beat."""
        self._count[cell] += 1
        if self._count[cell] <= _MOST_LINES:
            self._lines.append((cell, self._harmless(self.redact(line))))
        elif self._count[cell] == _MOST_LINES + 1:
            self._lines.append((cell, "… the other lines are in the notebook"))

    def _harmless(self, line: str) -> str:
        """Return a line, or words in its place where it ends the value of a secret that lines before it began."""
        self._latest.append(line)
        if not self._tells(0):
            return line
        first = next(number for number in reversed(range(len(self._latest))) if self._tells(number))
        begun = set(list(self._latest)[first:])
        self._latest.clear()
        self._lines = [(cell, _WITHHELD if said in begun else said) for cell, said in self._lines]
        return _WITHHELD

    def _tells(self, first: int) -> bool:
        whole = "\n".join(list(self._latest)[first:])
        return self.redact(whole) != whole

    def take_lines(self) -> dict[int, list[str]]:
        """Return the lines that no beat has told yet, by cell."""
        lines, self._lines = self._lines, []
        found: dict[int, list[str]] = {}
        for cell, line in lines:
            found.setdefault(cell, []).append(line)
        return found


class Pulse:
    """One thread for all runs of a process."""

    def __init__(self, store: RunStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._active: dict[str, Active] = {}
        self._stop = threading.Event()

    @contextmanager
    def of(self, active: Active) -> Iterator[None]:
        """Keep telling about a run for as long as the block goes."""
        with self._lock:
            if not self._active:
                self._stop = threading.Event()
                threading.Thread(target=self._go_on, args=[self._stop], name="pulse of runs", daemon=True).start()
            self._active[active.run.run_id] = active
        try:
            yield
        finally:
            with self._lock:
                del self._active[active.run.run_id]
                if not self._active:
                    self._stop.set()

    @property
    def runs(self) -> frozenset[str]:
        """The runs that go on in this process."""
        with self._lock:
            return frozenset(self._active)

    def beat(self, active: Active) -> None:
        """Tell about a run now, and hear about it.

        Raises:
            RunConflict: Another process has taken it over.
            BackendUnavailable: The application database cannot be reached.
        """
        at = self._clock()
        try:
            run = self._store.heartbeat(
                active.run.run_id,
                this_process(),
                at=at,
                kernel_pid=active.kernel_pid,
                cell=active.cell,
                cells=active.cells,
            )
        except RunConflict:
            active.lost = True
            raise
        active.cancelled = active.cancelled or run.cancel_requested_at is not None
        for cell, lines in active.take_lines().items():
            self._store.note(active.run.run_id, "output", "\n".join(lines), at=at, cell=cell)

    def _go_on(self, stop: threading.Event) -> None:
        while not stop.wait(_SECONDS):
            with self._lock:
                now = list(self._active.values())
            for active in now:
                self._one(active)

    def _one(self, active: Active) -> None:
        try:
            self.beat(active)
        except RunConflict as error:
            # Its kernel is killed by whoever watches it. A run that has just ended is no conflict worth a word.
            logger.info("run=%s %s", active.run.run_id, error)
        except BackendUnavailable as error:
            logger.warning("run=%s cannot be told to be alive: %s", active.run.run_id, error)
