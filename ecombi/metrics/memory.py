"""The answers that were given, so that asking again costs nothing: bounded, and forgotten with their snapshot."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class Memory:
    """Keeps answers under keys that name the snapshot, the policy, the SQL and its values.

    The longest unused go first. Safe for several threads.

    Args:
        size: Bytes it may hold; 0 keeps nothing.
    """

    def __init__(self, size: int = 64 * 2**20) -> None:
        self._size = size
        self._held = 0
        self._answers: OrderedDict[Hashable, pa.Table] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> pa.Table | None:
        """Return an answer, or None."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def keep(self, key: Hashable, answer: pa.Table) -> None:
        """Keep an answer, unless it is a large part of all there is room for."""
        if answer.nbytes > self._size // 4:
            return
        with self._lock:
            if key in self._answers:
                return
            self._answers[key] = answer
            self._held += answer.nbytes
            while self._held > self._size:
                _, dropped = self._answers.popitem(last=False)
                self._held -= dropped.nbytes

    def __len__(self) -> int:
        with self._lock:
            return len(self._answers)
