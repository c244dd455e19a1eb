"""Loading into a workspace: stage, load, build, check, publish; all of it or nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ecombi.errors import ConfigurationError, EmptyWarehouse
from ecombi.schema.periods import parse_day
from ecombi.workspace import registry
from ecombi.workspace.registry import Entry

if TYPE_CHECKING:
    from ecombi.backends.warehouse import Warehouse
    from ecombi.etl import LoadReport
    from ecombi.sources import Source
    from ecombi.sources.files import Mapping
    from ecombi.sources.simulated import ShopConfig

Progress = Callable[[str, float], None]
"""Told the name of a step and how much of it is done, 0 to 1."""

SIMULATED = "simulated"
"""Name of the simulated shop as a source."""

_WAIT_SECONDS = 60
"""A build that runs already is given this long to end."""


def run_id(at: datetime) -> str:
    """Return a new identity for a run that started at `at`."""
    return f"{at:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


class Loading:
    """Everything that changes a workspace's tables. Sources are remembered, so that `again` can load them once more."""

    def __init__(self, folder: Path, project: Path, warehouse: Warehouse) -> None:
        self._folder = folder
        self._project = project
        self._warehouse = warehouse

    def files(
        self, mapping: str | Path, files: Sequence[Path], *, at: datetime, progress: Progress | None = None
    ) -> list[LoadReport]:
        """Load a merchant's files.

        Args:
            mapping: Name of a mapping of the project, or the path of a mapping file.
            files: The exports.
            at: Aware; becomes loaded_at.
            progress: Told how far each step is.

        Raises:
            ConfigurationError: No file was named.
            SourceError: A file or the mapping cannot be read; nothing was loaded.
            DataQualityError: A check failed; nothing was published.
        """
        if not files:
            raise ConfigurationError("No file was named. Name the export to load after the source.")
        stored = str(mapping.absolute()) if isinstance(mapping, Path) else mapping
        paths = tuple(str(path.absolute()) for path in files)
        entry = Entry(name=self._mapping(stored).name, mapping=stored, files=paths)
        return self._load([entry], at=at, progress=progress)

    def simulated(
        self, config: ShopConfig, *, until: date | None = None, at: datetime, progress: Progress | None = None
    ) -> list[LoadReport]:
        """Simulate a shop, or find it simulated already, and load it.

        Args:
            config: What to simulate.
            until: Events of this day and later are left for a later load.
            at: Aware; becomes loaded_at.
            progress: Told how far each step is.

        Raises:
            ConfigurationError: The workspace holds another simulated shop.
            DataQualityError: A check failed; nothing was published.
        """
        entry = Entry(name=SIMULATED, options=_options(config), until=_iso(until))
        for known in registry.read(self._folder):
            if known.name == SIMULATED and known.options != entry.options:
                raise ConfigurationError(
                    f"{self._folder} holds another simulated shop ({_shown(known)}). Two shops in one ledger mean "
                    "nothing. Load this one into a workspace of its own: --workspace another-folder."
                )
            if known.name == SIMULATED:
                entry = _reaching(known, until)
        return self._load([entry], at=at, progress=progress)

    def again(self, *, until: date | None = None, at: datetime, progress: Progress | None = None) -> list[LoadReport]:
        """Load every remembered source once more: what is new is added.

        Args:
            until: Events of this day and later are left for a later load, where the source can tell.
            at: Aware; becomes loaded_at.
            progress: Told how far each step is.

        Raises:
            EmptyWarehouse: Nothing was ever loaded into this workspace.
            SourceError: A file that was loaded before is gone or cannot be read.
            DataQualityError: A check failed; nothing was published.
        """
        entries = registry.read(self._folder)
        if not entries:
            raise EmptyWarehouse(
                f"Nothing has been loaded into {self._folder} yet, so there is nothing to load again. "
                "Start with: ecombi load simulated, or ecombi load online-retail FILE"
            )
        return self._load([_reaching(entry, until) for entry in entries], at=at, progress=progress)

    def replay(self, *, source: str | None = None, at: datetime) -> list[LoadReport]:
        """Put rows that were held back through their mapping again; see `Quarantine.replay`."""
        from ecombi import etl
        from ecombi.backends.warehouse.builder import translated

        with self._warehouse.build(wait=_WAIT_SECONDS) as build, translated("Trying the rows again"):
            reports = etl.replay(build, self._remembered, run_id=run_id(at), at=at, source=source)
            if any(report.rows_new for report in reports):
                etl.build_marts(build)
                build.publish(at=at)
        return reports

    @property
    def sources(self) -> set[str]:
        """The names of sources that can be loaded from here, or have been."""
        from ecombi.sources.files import mapping_names

        remembered = {entry.name for entry in registry.read(self._folder)}
        return {SIMULATED, *remembered, *mapping_names(self._project / "parameters" / "sources")}

    def _remembered(self, name: str) -> Source:
        for entry in registry.read(self._folder):
            if entry.name == name:
                return self._source(entry)
        from ecombi.sources.files import FileSource, find_mapping, mapping_names

        mappings = self._project / "parameters" / "sources"
        if name in mapping_names(mappings):
            # Another machine loaded it into the same warehouse.
            return FileSource(find_mapping(name, mappings))
        raise ConfigurationError(
            f"Rows of {name!r} are held back, but {name!r} was not loaded from this folder, so its mapping is not "
            "known. Load one of its files here first."
        )

    def _source(self, entry: Entry, progress: Progress | None = None) -> Source:
        if entry.mapping is None:
            return self._simulated_source(entry, progress)
        from ecombi.sources.files import FileSource

        return FileSource(self._mapping(entry.mapping), [Path(file) for file in entry.files])

    def _mapping(self, name: str) -> Mapping:
        from ecombi.sources.files import find_mapping, read_mapping

        path = Path(name)
        return (
            read_mapping(path) if path.is_absolute() else find_mapping(name, self._project / "parameters" / "sources")
        )

    def _simulated_source(self, entry: Entry, progress: Progress | None) -> Source:
        from ecombi.sources.canonical import CanonicalSource
        from ecombi.sources.simulated import simulate

        folder = self._folder / "raw" / SIMULATED
        simulate(_config(entry), folder, progress=_as_step("Simulating a shop", progress))
        return CanonicalSource(SIMULATED, folder, until=parse_day(entry.until) if entry.until else None)

    def _load(self, entries: Sequence[Entry], *, at: datetime, progress: Progress | None) -> list[LoadReport]:
        from ecombi import etl
        from ecombi.backends.warehouse.builder import translated

        sources = [self._source(entry, progress) for entry in entries]

        def tell(step: str, done: float) -> None:
            if progress:
                progress(step, done)

        run = run_id(at)
        reports: list[LoadReport] = []
        with self._warehouse.build(wait=_WAIT_SECONDS) as build, translated("The load"):
            for source in sources:
                reports += etl.load(
                    build, source, run_id=run, at=at, progress=lambda _, done, of: tell("Loading", done / of)
                )
            as_before = all(report.skipped for report in reports) and etl.is_current(build)
            if self._warehouse.snapshot() is None or not as_before:
                tell("Building and checking", 0)
                etl.build_marts(build)
                tell("Building and checking", 1)
                tell("Publishing", 0)
                build.publish(at=at)
                tell("Publishing", 1)
            # Still inside, so that two loads do not overwrite each other's entries.
            for entry in entries:
                registry.remember(self._folder, entry)
        return reports


def _as_step(name: str, progress: Progress | None) -> Progress:
    """Report every step of a part as one step called `name`."""
    return lambda _, done: progress(name, done) if progress else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _reaching(entry: Entry, until: date | None) -> Entry:
    """Return an entry that reaches at least as far as it did: what has been loaded once stays known."""
    if entry.until is None or (until is not None and until.isoformat() < entry.until):
        return entry
    return replace(entry, until=_iso(until))


def _options(config: ShopConfig) -> tuple[tuple[str, str | int | float], ...]:
    return tuple(
        (name, value.isoformat() if isinstance(value, date) else value) for name, value in asdict(config).items()
    )


def _shown(entry: Entry) -> str:
    return ", ".join(f"{name} {value}" for name, value in entry.options)


def _config(entry: Entry) -> ShopConfig:
    from ecombi.sources.simulated import ShopConfig

    options = dict(entry.options)
    try:
        return ShopConfig(**{**options, "end": parse_day(str(options["end"]))})  # type: ignore[arg-type]  # checked by it
    except (KeyError, TypeError) as error:
        raise ConfigurationError(
            "The remembered simulated shop cannot be read. Load it again: ecombi load simulated"
        ) from error
