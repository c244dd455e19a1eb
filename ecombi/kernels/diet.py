"""Leaving out, at import, what costs a second and is never used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_GRAMMAR: Final = "rfc3987_syntax"


@contextmanager
def without_grammars() -> Iterator[None]:
    """Import papermill, nbformat or Voila in this block: a second is saved.

    All of them import jsonschema to check the form of a notebook. jsonschema looks for `rfc3987_syntax` while it is
    imported, and that builds a grammar of international addresses at once, which takes the second. A notebook names no
    such address, and jsonschema takes a check that it does not find for one that nobody has asked for.
    """
    if _GRAMMAR in sys.modules:
        yield
        return
    # None is how the import system itself writes down that there is no such module.
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[_GRAMMAR]
