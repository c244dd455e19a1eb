"""A plain kernel that takes in what its processes leave: `python -m ecombi.kernels.plain`, for ipykernel's launcher."""

from __future__ import annotations

import sys

from ecombi.kernels.keeper import take_in_orphans


def main() -> None:
    """Be a kernel, as the arguments say."""
    if not sys.flags.safe_path:
        # The current folder; a kernel puts it back once it has imported what it needs.
        del sys.path[0]
    take_in_orphans()
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


if __name__ == "__main__":
    main()
