"""Options several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer


class Format(StrEnum):
    """How a result is written to stdout."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


WorkspaceOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads this at run time
    typer.Option("--workspace", metavar="DIR", help="The shop's folder [default: ECOMBI_WORKSPACE, or ./workspace]"),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write the result.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Write no result, only progress and errors.")]
