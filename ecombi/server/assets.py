"""Files a page needs: found in a few folders, compressed once, and kept by the browser until they change."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from tornado.web import HTTPError, RequestHandler

_YEAR = 31_536_000
_SMALL = 1024


class Assets:
    """Groups of folders, under addresses that change with their contents.

    Args:
        groups: For each group the folders to look in; the first that has a file wins.
    """

    def __init__(self, groups: Mapping[str, Sequence[Path]]) -> None:
        self._groups = {
            name: tuple(folder.resolve() for folder in folders if folder.is_dir()) for name, folders in groups.items()
        }
        self._key = _key(folder for folders in self._groups.values() for folder in folders)

    def url(self, group: str) -> str:
        """Return the address of a group, without a slash at its end."""
        return f"/assets/{self._key}/{group}"

    def find(self, group: str, name: str) -> Path | None:
        """Return the file of that name, or None; never one outside the group's folders."""
        for folder in self._groups.get(group, ()):
            path = (folder / name).resolve()
            # An extension may be installed as a link to elsewhere: what counts is the name, not where it leads.
            if ".." not in Path(name).parts and path.is_file():
                return path
        return None


class AssetHandler(RequestHandler):
    """Answers with one file."""

    def initialize(self, *, assets: Assets) -> None:
        """Take where to look."""
        self.assets = assets

    def compute_etag(self) -> None:
        """Send none: the address already names the version."""

    def get(self, key: str, group: str, name: str) -> None:  # noqa: ARG002 - an old key means an old page: give it what is there
        """Send the file, compressed where the browser takes that."""
        path = self.assets.find(group, name)
        if path is None:
            raise HTTPError(404)
        kind, _ = mimetypes.guess_type(path.name)
        self.set_header("Content-Type", kind or "application/octet-stream")
        self.set_header("Cache-Control", f"public, max-age={_YEAR}, immutable")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Vary", "Accept-Encoding")
        packed = "gzip" in self.request.headers.get("Accept-Encoding", "") and path.suffix in {
            ".js",
            ".css",
            ".svg",
            ".json",
        }
        # Also where it is not packed: else Tornado would compress it again for every browser.
        self.set_header("Content-Encoding", "gzip" if packed else "identity")
        self.finish(_contents(path, path.stat().st_mtime_ns, packed=packed))


@lru_cache(maxsize=512)
def _contents(path: Path, changed: int, *, packed: bool) -> bytes:  # noqa: ARG001 - part of the cache's key
    contents = path.read_bytes()
    return gzip.compress(contents, compresslevel=6, mtime=0) if packed else contents


def _key(folders: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(f"{path}:{path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:12]
