"""The few variables that what kernels are forked from may know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_READ_AT_IMPORT: Final = re.compile(
    r"LANG|LANGUAGE|LC_\w+|TZ|LD_LIBRARY_PATH|LD_PRELOAD|MALLOC_\w+|MIMALLOC_\w+|MPLBACKEND"
    r"|(OMP|OPENBLAS|GOTO|MKL|NUMEXPR|ARROW|KMP)_\w+"
    r"|PYTHON(PATH|HOME|HASHSEED|UTF8|IOENCODING|OPTIMIZE|WARNINGS|NOUSERSITE|PYCACHEPREFIX|MALLOC|DEVMODE)"
)


def read_at_import(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that an interpreter or a library reads once, when it starts; none of them is a secret.

    A kernel cannot be given others later, so kernels that differ in one of them do not come from the same process.
    """
    return {name: value for name, value in sorted(environment.items()) if _READ_AT_IMPORT.fullmatch(name)}
