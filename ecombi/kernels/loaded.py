"""What has been imported, as it lay on disk: when a file of it changes, nothing may be forked from it any more."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loaded:
    """The files of all modules that are imported.

    Attributes:
        files: Path -> when it was changed, in nanoseconds, and its size.
    """

    files: Mapping[str, tuple[int, int] | None]

    @classmethod
    def since(cls, began: int) -> Loaded:
        """Look at them now.

        Args:
            began: When the first of them was read, in nanoseconds of the clock; what was changed later does not count,
                as it may have been read before.
        """
        paths = {getattr(module, "__file__", None) for module in list(sys.modules.values())} - {None}
        found = {str(path): _state(str(path)) for path in paths}
        return cls({path: state if state is not None and state[0] < began else None for path, state in found.items()})

    def changed(self) -> str | None:
        """Return a file that is not as it was; None where all are."""
        return next((path for path, state in self.files.items() if state is None or _state(path) != state), None)


def _state(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - thousands of them
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
