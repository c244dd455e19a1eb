"""A plain kernel that takes in what its processes leave: run by its path, in place of ipykernel's own launcher.

It imports nothing of ecombi: a replay runs the code of then, in which there may be no such module.
"""

from __future__ import annotations

import sys

_CHILD_SUBREAPER = 36


def main() -> None:
    """Be a kernel, as the arguments say."""
    if not sys.flags.safe_path:
        # The folder of this file.
        del sys.path[0]
    import ctypes
    from contextlib import suppress

    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
