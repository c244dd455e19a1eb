"""A merchant's files as a source: which mapping entry fits which file, and how each is staged."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ecombi.errors import SourceError, SourceSchemaError, did_you_mean
from ecombi.sources import UNREADABLE_LINE, Delivery, Shop, Staged
from ecombi.sources.files import outputs, parsing, reading, sql
from ecombi.sources.files.mapping import FileKind, Mapping

if TYPE_CHECKING:
    import duckdb

_SHEET = " › "


class FileSource:
    """Files of one export, read by one mapping.

    Args:
        mapping: The mapping.
        paths: The files, in any order; they are loaded in the order the mapping lists their kinds.
    """

    def __init__(self, mapping: Mapping, paths: Sequence[Path] = ()) -> None:
        self.mapping = mapping
        self._paths = tuple(paths)
        for kind in mapping.files:
            # A mistake in an expression is found before any file is opened.
            outputs.compile_rows(parsing.Parser(mapping, kind, ()))

    @property
    def name(self) -> str:
        """The mapping's name."""
        return self.mapping.name

    @property
    def shop(self) -> Shop:
        """The shop the mapping names."""
        return Shop(**self.mapping.shop.model_dump())

    @property
    def settle_hours(self) -> int:
        """As the mapping says."""
        return self.mapping.settle_hours

    def deliveries(self) -> Sequence[Delivery]:
        """Return one delivery per file, in the order of the mapping.

        Raises:
            SourceError: A file is missing, or no entry of the mapping fits it.
        """
        found = [one for path in self._paths for one in self._of_file(path)]
        return sorted(found, key=lambda one: (self.mapping.files.index(one.parser.kind), one.name))

    def held_back(self, delivery: str, fingerprint: str, relation: str) -> Delivery:
        """Return quarantined rows as a delivery."""
        return HeldBack(self.mapping, delivery, fingerprint, relation)

    def _of_file(self, path: Path) -> list[FileDelivery]:
        """Return what one file delivers: itself, or every sheet of a workbook that has the columns of its first one."""
        first = self._delivery(path)
        if first.file.type != "excel" or first.parser.kind.format.sheet:
            return [first]
        kind = first.parser.kind
        others = []
        for sheet in reading.sheets(path)[1:]:
            file = reading.look_at(path, kind.format.model_copy(update={"sheet": sheet}))
            if not missing_columns(kind, file.columns):
                others.append(FileDelivery(file, parsing.Parser(self.mapping, kind, file.columns)))
        return [first, *others]

    def _delivery(self, path: Path) -> FileDelivery:
        if path.is_dir():
            raise SourceError(f"{path} is a folder. Name the files in it.")
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise SourceError(f"The file {path} cannot be opened: {error.strerror}.") from error
        candidates = [kind for kind in self.mapping.files if _name_fits(kind, path.name)]
        if not candidates:
            patterns = " or ".join(str(kind.match) for kind in self.mapping.files)
            raise SourceSchemaError(
                f"{path.name} is none of the files {self.name} knows. Their names are like {patterns}."
            )
        misfits = []
        for kind in candidates:
            file = reading.look_at(path, kind.format)
            missing = missing_columns(kind, file.columns)
            if not missing:
                return FileDelivery(file, parsing.Parser(self.mapping, kind, file.columns))
            misfits.append((len(missing), _misfit(kind, file, missing[0])))
        raise SourceSchemaError(
            f"{path.name} does not fit the mapping {self.name}: {min(misfits, key=itemgetter(0))[1]}"
        )


def _name_fits(kind: FileKind, name: str) -> bool:
    return kind.match is None or fnmatch.fnmatchcase(name.lower(), kind.match.lower())


def missing_columns(kind: FileKind, columns: Sequence[str]) -> list[str]:
    """Return the columns a kind of file needs and these are not, in the mapping's order."""
    return [column.from_ for column in kind.columns.values() if not column.optional and column.from_ not in columns]


def _misfit(kind: FileKind, file: reading.File, missing: str) -> str:
    if kind.format.names and not kind.format.header:
        return f"it has {len(file.columns)} columns, and {kind.name!r} names {len(kind.format.names)}."
    return f"it has no column {missing!r}. {did_you_mean(missing, file.columns)}"


@dataclass(frozen=True)
class FileDelivery:
    """One file.

    Attributes:
        file: Where it is and how it is written.
        parser: What reads it.
    """

    file: reading.File
    parser: parsing.Parser

    @property
    def name(self) -> str:
        """The file's name, and that of the sheet where it is not the only one meant."""
        sheet = self.file.format.sheet
        return (
            self.file.path.name if sheet == self.parser.kind.format.sheet else f"{self.file.path.name}{_SHEET}{sheet}"
        )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the mapping, the sheet and the file's bytes."""
        meaning = json.dumps([self.parser.mapping.canonical(), self.file.format.sheet], sort_keys=True).encode()
        digest = hashlib.sha256(hashlib.sha256(meaning).digest())
        with self.file.path.open("rb") as handle:
            while chunk := handle.read(1 << 20):
                digest.update(chunk)
        return digest.hexdigest()

    def stage(self, connection: duckdb.DuckDBPyConnection) -> Staged:
        """Read the file and lay its rows out."""
        rows_in = reading.read(connection, self.file)
        staged = _stage(connection, self.parser, reading.RAW, rows_in)
        connection.execute(
            f"INSERT INTO {outputs.REJECTED} SELECT source_row, '{UNREADABLE_LINE}', NULL, NULL, "
            f"'This line is no row of the file: ' || reason FROM {reading.UNREADABLE}"
        )
        members = ", ".join(
            f"{sql.text(name)}, {self.parser.kept(position)}" for position, name in enumerate(self.file.columns)
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW file_raw AS "
            f"SELECT source_row, CAST(json_object({members}) AS VARCHAR) AS raw FROM {reading.RAW} UNION ALL BY NAME "
            f"SELECT source_row, CAST(json_object('line', {self.parser.kept_line()}) AS VARCHAR) AS raw "
            f"FROM {reading.UNREADABLE}"
        )
        return staged


@dataclass(frozen=True)
class HeldBack:
    """Rows of an earlier delivery that were quarantined."""

    mapping: Mapping
    name: str
    fingerprint: str
    relation: str

    def stage(self, connection: duckdb.DuckDBPyConnection) -> Staged:
        """Lay the rows out again, from their JSON."""
        rows = connection.execute(
            f"SELECT DISTINCT unnest(json_keys(raw)) FROM {self.relation} ORDER BY ALL"
        ).fetchall()
        columns = tuple(str(row[0]) for row in rows)
        fitting = [
            kind
            for kind in self.mapping.files
            if _name_fits(kind, self.name.split(_SHEET)[0]) and not missing_columns(kind, columns)
        ]
        if not fitting:
            raise SourceSchemaError(
                f"The rows held back from {self.name} cannot be tried again: "
                f"{self.mapping.name} has no entry for their columns."
            )
        parser = parsing.Parser(self.mapping, fitting[0], columns)
        texts = ", ".join(
            f"raw ->> {sql.text(_json_path(name))} AS c{position}" for position, name in enumerate(columns)
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {reading.RAW} AS SELECT source_row, {texts} FROM {self.relation}"
        )
        connection.execute(f"CREATE OR REPLACE TEMP VIEW file_raw AS SELECT source_row, raw FROM {self.relation}")
        (count,) = connection.execute(f"SELECT count(*) FROM {self.relation}").fetchall()[0]
        return _stage(connection, parser, reading.RAW, int(count))


def _json_path(name: str) -> str:
    return '$."' + name.replace('"', '\\"') + '"'


def _stage(connection: duckdb.DuckDBPyConnection, parser: parsing.Parser, raw: str, rows_in: int) -> Staged:
    parser.run(connection, raw)
    laid_out = outputs.lay_out(connection, parser, outputs.compile_rows(parser))
    return Staged(
        rows_in=rows_in, outputs=laid_out, rejected=outputs.REJECTED, raw="file_raw", duplicates=outputs.DUPLICATES
    )
