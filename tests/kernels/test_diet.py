"""What costs a second at import, and is never used, is left out."""

from __future__ import annotations

import json
import subprocess
import sys

GUARDED = """
import json, sys
from ecombi.kernels.diet import without_grammars
with without_grammars():
    import papermill
    with without_grammars():
        import nbformat
broken = nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]})
try:
    nbformat.validate(broken)
    refused = False
except nbformat.ValidationError:
    refused = True
loaded = sorted({"rfc3987_syntax", "lark"} & set(sys.modules))
import rfc3987_syntax
print(json.dumps([refused, loaded, rfc3987_syntax.is_valid_syntax("iri", "http://example.com/é")]))
"""


def test_notebooks_are_checked_without_the_grammar_which_anybody_else_may_still_import() -> None:
    said = subprocess.run([sys.executable, "-c", GUARDED], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [True, [], True]
