"""Hearing what happens in a run while it goes."""

from __future__ import annotations

from collections.abc import Callable


class Listener:
    """Hears what happens in a run, in a thread of the run; a subclass takes up what it wants to know.

    Cells are counted as the author sees them, from 1.
    """

    def kernel_started(self, pid: int) -> None:
        """A kernel is there, under this process number."""

    def cell_started(self, cell: int, cells: int) -> None:
        """A code cell begins; there are `cells` in all."""

    def cell_ended(self, cell: int, cells: int, seconds: float) -> None:
        """A code cell is done, or has failed."""

    def printed(self, cell: int, line: str) -> None:
        """A cell wrote a line to its standard output."""


class Told(Listener):
    """Tells how much is done, 0 to 1."""

    def __init__(self, step: str, progress: Callable[[str, float], None] | None) -> None:
        self._step = step
        self._progress = progress

    def cell_ended(self, cell: int, cells: int, seconds: float) -> None:  # noqa: ARG002
        """Count it as done."""
        if self._progress:
            self._progress(self._step, cell / cells)
