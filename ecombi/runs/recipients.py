"""Readers of a report, gathered by what their roles let them see: one run is for all who may see the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import Field, field_validator

from ecombi.errors import EcombiError, ScheduleError, did_you_mean
from ecombi.metrics.catalogue import CATALOGUE
from ecombi.metrics.policy import OWNER, Identity
from ecombi.runs.declared import Declared, read_declared
from ecombi.schema.tables import metadata

_ATOM: Final = "[A-Za-z0-9_%+'-]+"
_LABEL: Final = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"

ROLES: Final = Path("parameters") / "roles.yml"


class Recipient(Declared):
    """Somebody who is mailed a report.

    Attributes:
        name: As the letter is addressed.
        mail: Where to.
        role: Entry of parameters/roles.yml: what he may see.
    """

    name: str = Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")
    mail: str = Field(max_length=254)
    role: str

    @field_validator("mail")
    @classmethod
    def _is_an_address(cls, mail: str) -> str:
        if re.fullmatch(rf"{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*", mail) is None:
            raise ValueError(f"{mail!r} is no mail address. Write it as zoe@example.com")
        return mail


class _Role(Declared):
    countries: tuple[str | None, ...] | None = None
    channels: tuple[str | None, ...] | None = None
    stores: tuple[str | None, ...] | None = None
    allowed: dict[str, tuple[str | None, ...]] = Field(default={})
    hidden: tuple[str, ...] = ()


class _Roles(Declared):
    roles: dict[str, _Role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Readers who may see the same, so one run is for all of them.

    Attributes:
        identity: What they may see.
        readers: Who they are.
    """

    identity: Identity
    readers: tuple[Recipient, ...]

    def folder(self, reports: Path) -> Path:
        """Return where their documents are, apart from those of other audiences."""
        return reports if self.identity.unlimited else reports / f"policy-{self.identity.policy_hash}"


def read_roles(project: Path) -> dict[str, Identity]:
    """Read what each role may see.

    Raises:
        ScheduleError: The file is missing or wrong; a misspelt limit would be none at all, so every name is checked.
    """
    path = project / ROLES
    found: dict[str, Identity] = {}
    for name, role in read_declared(path, _Roles).roles.items():
        for dimension in role.allowed:
            _check(dimension, CATALOGUE.dimensions, "dimension", f"{path}: roles, {name}, allowed")
        for column in role.hidden:
            _check(column, _columns(), "column", f"{path}: roles, {name}, hidden")
        try:
            found[name] = Identity.of(
                name,
                countries=role.countries,
                channels=role.channels,
                stores=role.stores,
                hidden=role.hidden,
                allowed=role.allowed,
            )
        except EcombiError as error:
            raise ScheduleError(f"{path}: roles, {name}: {error}") from None
    return found


def audiences(recipients: Iterable[Recipient], roles: Mapping[str, Identity]) -> list[Audience]:
    """Gather readers by what they may see; the owner alone where nobody is named."""
    gathered: dict[str, Audience] = {}
    for reader in recipients:
        identity = roles[reader.role]
        earlier = gathered.get(identity.policy_hash)
        if earlier is None:
            gathered[identity.policy_hash] = Audience(
                identity=OWNER if identity.unlimited else identity, readers=(reader,)
            )
        else:
            gathered[identity.policy_hash] = Audience(identity=earlier.identity, readers=(*earlier.readers, reader))
    return list(gathered.values()) or [Audience(identity=OWNER, readers=())]


def _columns() -> set[str]:
    return {column.name for table in metadata.tables.values() for column in table.columns}


def _check(name: str, known: Iterable[str], what: str, place: str) -> None:
    listed = list(known)
    if name not in listed:
        raise ScheduleError(f"{place}: there is no {what} {name!r}. {did_you_mean(name, listed)}")
