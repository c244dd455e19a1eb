"""Which code and packages a run was made by; the code is kept, so that it can be run again."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Final, TypeAlias

from ecombi.errors import ReportError

Files: TypeAlias = Mapping[str, Path | bytes]
"""What an archive holds: path inside it -> file or content."""

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_PROJECT: Final = "project"
_BASE: Final = "package"
_FOLDERS: Final = ("notebooks/reports", "parameters/reports", "dashboards", "pipelines")


@dataclass(frozen=True, slots=True)
class CodeStore:
    """The code of past runs: an archive per version of ecombi, and a small one per version of a report.

    Attributes:
        folder: Holds the archives; each is written once.
    """

    folder: Path

    def keep(self, project: Path, report: str) -> str:
        """Keep the code that runs a report now.

        Returns:
            Its version: the hash of ecombi's files, the notebook and its YAML.
        """
        package = package_files()
        base = _hash_of(tuple((name, path, *_stamp(path)) for name, path in package.items()))
        files: Files = {_BASE: base.encode(), **report_files(project, report)}
        version = _hash((name, _content(of)) for name, of in files.items())
        self._write(f"{_BASE}-{base}", package)
        self._write(version, files)
        return version

    def has(self, version: str) -> bool:
        """Whether that version can be unpacked."""
        return self._path(version).exists() and self._path(self._base(version)).exists()

    def unpack(self, version: str, target: Path) -> Path:
        """Unpack a version: `target` can then come first among the places where Python looks for packages.

        Returns:
            The folder of its project.

        Raises:
            ReportError: It was not kept.
        """
        if not self.has(version):
            raise ReportError(f"The code of version {version[:12]} is not in {self.folder} any more.")
        for name in (self._base(version), version):
            with zipfile.ZipFile(self._path(name)) as archive:
                archive.extractall(target)
        for folder in _FOLDERS:
            (target / _PROJECT / folder).mkdir(parents=True, exist_ok=True)
        return target / _PROJECT

    def prune(self, used: Iterable[str]) -> None:
        """Remove all versions but these."""
        kept = {version for version in used if self.has(version)}
        kept |= {self._base(version) for version in kept}
        for path in self.folder.glob("*.zip"):
            if path.stem not in kept:
                path.unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.zip"

    def _base(self, version: str) -> str:
        with zipfile.ZipFile(self._path(version)) as archive:
            return f"{_BASE}-{archive.read(_BASE).decode()}"

    def _write(self, name: str, files: Files) -> None:
        if self._path(name).exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for inside, of in files.items():
                    archive.writestr(inside, _content(of))
            Path(temporary).replace(self._path(name))
        finally:
            Path(temporary).unlink(missing_ok=True)


def package_files() -> dict[str, Path]:
    """Return the files of ecombi itself by their path in an archive, without the project that comes with it."""
    found = {}
    for folder, folders, names in os.walk(_PACKAGE):
        folders[:] = sorted(set(folders) - {"__pycache__", _PROJECT})
        inside = os.path.relpath(folder, _PACKAGE.parent)
        found.update({f"{inside}/{name}": Path(folder, name) for name in sorted(names)})
    return found


def report_files(project: Path, report: str) -> dict[str, Path]:
    """Return the files that make a report, by their path in an archive."""
    names = (f"notebooks/reports/{report}.ipynb", f"parameters/reports/{report}.yml")
    return {f"{_PROJECT}/{name}": project / name for name in names}


@cache
def packages() -> Mapping[str, str]:
    """Return the installed packages and their versions."""
    return {found.name: found.version for found in sorted(distributions(), key=lambda found: found.name.lower())}


@cache
def lock_hash() -> str:
    """Return a hash that differs where an installed package or its version does."""
    return hashlib.sha256("\n".join(f"{name}=={version}" for name, version in packages().items()).encode()).hexdigest()


def _content(of: Path | bytes) -> bytes:
    return of.read_bytes() if isinstance(of, Path) else of


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4)
def _hash_of(files: tuple[tuple[str, Path, int, int], ...]) -> str:
    """Hash files that were not touched since they were hashed before without reading them again."""
    return _hash((name, path.read_bytes()) for name, path, *_ in files)


def _hash(contents: Iterable[tuple[str, bytes]]) -> str:
    found = hashlib.sha256()
    for name, content in contents:
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()
