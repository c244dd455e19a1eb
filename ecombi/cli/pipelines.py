"""Finding the pipelines of the project."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from ecombi.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from ecombi.cli.progress import Progress
    from ecombi.workspace import Workspace


class Pipeline(Protocol):
    """The function `run` of a file in pipelines/: does its steps, returns one record per step."""

    def __call__(
        self, ws: Workspace, *, as_of: date | None, at: datetime, progress: Progress
    ) -> Sequence[Mapping[str, object]]:
        """Run every step, or raise."""


def find(name: str, project: Path) -> Pipeline:
    """Load the pipeline of that name from the project.

    Raises:
        ConfigurationError: No such pipeline; the message names those there are.
    """
    known = {file.stem: file for file in (project / "pipelines").glob("*.py") if not file.stem.startswith("_")}
    if name not in known:
        raise ConfigurationError(f"Unknown pipeline {name!r}. {did_you_mean(name, known)}")
    spec = importlib.util.spec_from_file_location(f"pipelines.{name}", known[name])
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{known[name]} cannot be read as Python.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Pipeline", module.run)
