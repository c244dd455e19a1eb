"""The mapping file: how a merchant's export becomes rows of the warehouse, declared in YAML and checked strictly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ecombi.errors import EcombiError, did_you_mean
from ecombi.schema import tables
from ecombi.schema.kinds import Kind
from ecombi.schema.periods import time_zone
from ecombi.sources import LONGEST_SETTLING
from ecombi.sources.columns import delivered

Type = Literal["text", "integer", "decimal", "rate", "date", "datetime", "boolean", "email"]

OTHERWISE = "otherwise"
ROW_ID = "row_id"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CODES = re.compile("%-?[aAbBcdfgGHIjmMnpSuUVwWxXyYzZ%]")
_TARGETS = {table.name: table for table in tables.LOADED}


def _known(value: str, known: Sequence[str], what: str) -> str:
    if value not in known:
        raise ValueError(f"There is no {what} {value!r}. {did_you_mean(value, known)}")
    return value


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=False, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, value: object) -> object:
        if isinstance(value, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in known:
                    raise ValueError(f"Unknown key {key!r}. {did_you_mean(str(key), known)}")
        return value


class ShopModel(_Strict):
    """The shop the export belongs to."""

    name: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    time_zone: str

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        return _zone(value)


def _zone(value: str) -> str:
    try:
        time_zone(value)
    except EcombiError as error:
        raise ValueError(str(error)) from None
    return value


class Format(_Strict):
    """How a file is written. `type` may be left out: the file's first bytes tell."""

    type: Literal["csv", "whitespace", "parquet", "excel"] | None = None
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1)
    encoding: Texts = Field(default=("utf-8",), min_length=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal[".", ",", " ", "'"] | None = None
    header: bool = True
    names: tuple[str, ...] | None = None
    skip: int = Field(default=0, ge=0)
    sheet: str | None = None

    @field_validator("encoding")
    @classmethod
    def _encodings_exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                "".encode(one)
            except LookupError:
                raise ValueError(
                    f"Unknown encoding {one!r}. Often used: utf-8, latin-1, windows-1252, utf-16."
                ) from None
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Format:
        if not self.header and not self.names:
            raise ValueError("A file without a header needs names: the columns from left to right.")
        if self.thousands == self.decimal:
            raise ValueError(f"decimal and thousands cannot both be {self.decimal!r}.")
        return self


class Column(_Strict):
    """One column of the file: where it is found and what it holds."""

    from_: str = Field(alias="from")
    type: Type = "text"
    formats: Texts = ()
    time_zone: str | None = None
    required: bool = False
    optional: bool = False
    nulls: Texts = ()
    strip: bool = True
    when_true: Texts = ("true", "yes", "1")
    when_false: Texts = ("false", "no", "0")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"from": value} if isinstance(value, str) else value

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        return None if value is None else _zone(value)

    @model_validator(mode="after")
    def _fits_together(self) -> Column:
        if self.formats and self.type not in ("date", "datetime"):
            raise ValueError(f"formats are for dates; this column is {self.type}.")
        for one in self.formats:
            if not one or "%" in _CODES.sub("", one):
                raise ValueError(f"{one!r} is not the format of a date. Write it like '%d.%m.%Y %H:%M'.")
        if len({"%z" in one for one in self.formats}) > 1:
            raise ValueError("Either all formats have %z (the offset is in the text) or none.")
        return self


class Comparison(_Strict):
    """What a column's value must be. Texts are compared without case."""

    equals: str | int | float | None = None
    not_equals: str | int | float | None = None
    in_: tuple[str | int | float, ...] | None = Field(default=None, alias="in")
    not_in: tuple[str | int | float, ...] | None = None
    starts_with: str | None = None
    matches: str | None = None
    below: int | float | None = None
    above: int | float | None = None
    empty: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return value if isinstance(value, dict) else {"equals": value}


Comparisons = dict[str, Comparison]


class KindRule(_Strict):
    """A kind, and what a row must look like to be it."""

    kind: str
    when: Comparisons

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError("A kind rule is one line such as 'shipping: {code: POST}', or 'sale: otherwise'.")
        kind, when = next(iter(value.items()))
        return {"kind": kind, "when": {} if when == OTHERWISE else when}

    @field_validator("kind")
    @classmethod
    def _kind_exists(cls, value: str) -> str:
        return _known(value, [kind.value for kind in Kind], "kind")


class Value(_Strict):
    """What goes into a column: an expression, a constant, or a few named ways to combine columns."""

    expression: str | None = None
    value: str | int | None = Field(default=None)
    join: tuple[str, ...] | None = None
    with_: str = Field(default="-", alias="with")
    prefix: str = ""
    first_of: tuple[str, ...] | None = None
    most_frequent: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError(f"{'yes' if value else 'no'} is read as a truth value. Write it in quotes.")
        return {"expression": str(value)} if isinstance(value, str | int) else value

    @model_validator(mode="after")
    def _exactly_one(self) -> Value:
        forms = (self.expression, self.value, self.join, self.first_of, self.most_frequent)
        if sum(form is not None for form in forms) != 1:
            raise ValueError("Give exactly one of: an expression, value, join, first_of, most_frequent.")
        if self.prefix and self.join is None:
            raise ValueError("A prefix goes with join, for example {join: [order], prefix: EU-}.")
        return self


class Steps(_Strict):
    """The steps of a visit, in their order: what an event must be to be one."""

    viewed_at: Comparisons
    added_at: Comparisons
    checkout_at: Comparisons
    completed_at: Comparisons


class Rows(_Strict):
    """Rows for one table. Every input row gives one, unless `when` says otherwise or `one_per` sums them up.

    With `steps` they are sessions: every input row is an event of one, at the time `at`.
    """

    table: str
    name: str | None = None
    when: Comparisons = {}
    kind: str | tuple[KindRule, ...] | None = None
    one_per: str | None = None
    at: str | None = None
    steps: Steps | None = None
    set: dict[str, Value]

    @property
    def accounts(self) -> bool:
        """Whether an input row it takes is accounted for by it: loaded, known or held back."""
        return self.one_per is None or self.steps is not None

    @field_validator("table")
    @classmethod
    def _table_exists(cls, value: str) -> str:
        return _known(value, list(_TARGETS), "table")

    @field_validator("kind")
    @classmethod
    def _kind_fits(cls, value: str | tuple[KindRule, ...] | None) -> str | tuple[KindRule, ...] | None:
        if isinstance(value, str):
            return _known(value, [kind.value for kind in Kind], "kind")
        if value == ():
            raise ValueError("The list of kinds is empty. Give at least one, such as 'sale: otherwise'.")
        for rule in (value or ())[:-1]:
            if not rule.when:
                raise ValueError(
                    f"'{rule.kind}: {OTHERWISE}' fits every row, so the rules after it never apply. Put it last."
                )
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Rows:
        for column in self.set:
            _known(column, settable(self.table), f"column of {self.table} to set:")
        if self.table == "ledger":
            if self.kind is None:
                raise ValueError("Rows of the ledger need a kind: one name, or a list of rules.")
        elif self.kind is not None:
            raise ValueError(f"kind is for rows of the ledger; set {self.table}'s own column kind under set.")
        if self.one_per is None and any(value.most_frequent for value in self.set.values()):
            raise ValueError("most_frequent sums several rows up: say which with one_per.")
        self._check_steps()
        return self

    def _check_steps(self) -> None:
        if self.steps is None:
            if self.at:
                raise ValueError("at is for sessions made of events: give their steps too.")
            return
        if self.table != "sessions" or self.one_per is None or self.at is None:
            raise ValueError("steps are for the table sessions, with one_per: the session, and at: the event's time.")
        own = ("session_id", "started_at", "ended_at", *Steps.model_fields)
        for column, value in self.set.items():
            if column in own:
                raise ValueError(f"{column} is worked out from the events; do not set it.")
            if value.most_frequent:
                raise ValueError("Of a session's events the first value counts; most_frequent is for one_per alone.")


class Lookup(_Strict):
    """Values another file gave, found by key and usable as `<from>.<column>`."""

    from_: str = Field(alias="from")
    on: str
    required: bool = False


class Keep(_Strict):
    """Columns of this file that rows of other files look up, also those of later deliveries."""

    as_: str = Field(alias="as")
    key: str
    columns: tuple[str, ...]


class FileKind(_Strict):
    """One kind of file of the export."""

    name: str
    match: str | None = None
    format: Format = Format()
    columns: dict[str, Column]
    key: Texts | None = None
    lookups: tuple[Lookup, ...] = ()
    keep: Keep | None = None
    rows: tuple[Rows, ...] = ()

    @field_validator("columns")
    @classmethod
    def _column_names(cls, value: dict[str, Column]) -> dict[str, Column]:
        for name in value:
            if not _NAME.fullmatch(name) or name == ROW_ID:
                raise ValueError(
                    f"{name!r} cannot be a column's name: use small letters, digits and _, and not {ROW_ID!r}."
                )
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> FileKind:
        for column in self.key or ():
            _known(column, list(self.columns), "column")
        if self.keep:
            for column in (self.keep.key, *self.keep.columns):
                _known(column, list(self.columns), "column")
        if not self.keep and not any(rows.accounts for rows in self.rows):
            raise ValueError("Nothing is done with the rows of this file: give rows, or keep.")
        names = [row_name(rows) for rows in self.rows if rows.table == "ledger"][1:]
        if None in names or len(set(names)) < len(names):
            raise ValueError(
                "From the second on, rows of the ledger need a kind or name of their own: it is part of their identity."
            )
        return self


def row_name(rows: Rows) -> str | None:
    """Return what tells these ledger rows from others of the same input row: their name, or their one kind."""
    return rows.name or (rows.kind if isinstance(rows.kind, str) else None)


def settable(table: str) -> tuple[str, ...]:
    """Return the columns of a table that a mapping may set; kind and identity of ledger rows have their own places."""
    own = ("kind", "source_id", "source_row") if table == "ledger" else ()
    return tuple(name for name in delivered(_TARGETS[table]) if name not in own)


class Mapping(_Strict):
    """A whole mapping file."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    shop: ShopModel
    settle_hours: int = Field(default=0, ge=0, le=LONGEST_SETTLING)
    files: tuple[FileKind, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Mapping:
        kept = {file.keep.as_ for file in self.files if file.keep}
        for file in self.files:
            for lookup in file.lookups:
                _known(lookup.from_, sorted(kept), "kept file")
        return self

    def kept(self, name: str) -> list[tuple[str, Column]]:
        """Return name and declaration of the columns kept under `name`."""
        for file in self.files:
            if file.keep and file.keep.as_ == name:
                return [(column, file.columns[column]) for column in file.keep.columns]
        return []

    def canonical(self) -> dict[str, Any]:
        """Return how rows are read, without comments, layout and what is left at its default: for the fingerprint."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"settle_hours"})
