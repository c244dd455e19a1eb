"""Secrets of reports: a parameter names one, its kernel reads it, and the runner knows what must not get out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AliasChoices, SecretStr

from ecombi.errors import ReportError, did_you_mean
from ecombi.settings import Settings, load_settings

SCHEME: Final = "secret://"
REFERENCE: Final = re.compile(r"secret://([a-z][a-z0-9_-]{0,62})")
"""What names a secret: small letters, digits, _ and -, so that it can be a file and part of a variable's name."""

SHORTEST: Final = 8
"""A shorter value would be found everywhere by chance, so it cannot be guarded."""

_VARIABLE: Final = "ECOMBI_SECRET_"
_TELLING: Final = re.compile(
    r"password|passwd|pwd|secret|token|credential|(access|account|api|private)[._-]?key", re.IGNORECASE
)


def reveal(reference: str) -> str:
    """Return the value of a secret. Works in a notebook's kernel only.

    The value must not be shown: whoever runs the report looks for it in every output and stores nothing if it is there.

    Args:
        reference: secret://NAME. The value is in the variable ECOMBI_SECRET_NAME, or in the file NAME of the folder
            ECOMBI_SECRETS_FOLDER, whose last line break does not count.

    Raises:
        ReportError: It is not asked for in a kernel, there is no such secret, or its value is too short to be guarded.
    """
    found = REFERENCE.fullmatch(reference)
    if found is None:
        raise ReportError(f"A secret is named as {SCHEME}NAME, with a NAME of small letters, digits, _ and -.")
    if not _in_kernel():
        raise ReportError(f"{reference} can be read in the notebook of a report only.")
    name, known = found[1], _values(load_settings().secrets_folder, os.environ)
    value = known.get(name)
    if value is None:
        raise ReportError(
            f"There is no secret {name}: neither a variable {_variable(name)} nor a file {name} in "
            f"ECOMBI_SECRETS_FOLDER. {did_you_mean(name, known) if known else 'No secret is set.'}"
        )
    if len(value) < SHORTEST:
        raise ReportError(f"The value of {reference} has less than {SHORTEST} characters, so it cannot be guarded.")
    return value


def known_secrets(settings: Settings, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return all that must not get out, by what to call it: secret://NAME, or the setting that holds it.

    These are the secrets that reports can name, and the passwords inside settings. Left out is what is too short to be
    guarded, and a password that is also the user, the host or the database: it would be found everywhere.

    Args:
        settings: Of the workspace.
        environment: Variables that hold secrets; absent: those of this process.
    """
    variables = os.environ if environment is None else environment
    named = {f"{SCHEME}{name}": value for name, value in _values(settings.secrets_folder, variables).items()}
    return {
        label: value for label, value in {**named, **dict(_of_settings(settings))}.items() if len(value) >= SHORTEST
    }


def _in_kernel() -> bool:
    if "IPython" not in sys.modules:
        return False
    import IPython

    return getattr(IPython.get_ipython(), "kernel", None) is not None


def _variable(name: str) -> str:
    return _VARIABLE + name.upper().replace("-", "_")


def _values(folder: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return every secret there is by name; a variable wins over a file."""
    in_files = {path.name: _content(path) for path in _files(folder)}
    names = {_variable(name): name for name in in_files}
    in_variables = {
        names.get(variable, variable.removeprefix(_VARIABLE).lower()): value
        for variable, value in environment.items()
        if variable.startswith(_VARIABLE)
    }
    return {**in_files, **in_variables}


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise ReportError(f"The folder of secrets {folder} cannot be read: {error.strerror}.") from error


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise ReportError(f"The secret {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise ReportError(f"The secret {path} is not a text in UTF-8.") from None


def _of_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the secrets inside settings, each with the name of its variable."""
    for name, value in settings:
        if isinstance(value, SecretStr):
            alias = type(settings).model_fields[name].validation_alias
            label = str(alias.choices[0]) if isinstance(alias, AliasChoices) else name
            text = value.get_secret_value()
            yield from ((label, found) for found in (_of_url(text) if name.endswith("_url") else [text]))
    for key, value in settings.spark_conf.items():
        if _TELLING.search(key):
            yield f"{key} of ECOMBI_SPARK_CONF", value


def _of_url(text: str) -> Iterator[str]:
    """Yield the passwords of a URL; all of it where it cannot be read as one."""
    try:
        url = urlsplit(text)
        password = url.password
    except ValueError:
        yield text
        return
    told = unquote(password or "")
    if told and told not in unquote(text.replace(f":{password}@", "@", 1)):
        yield told
    yield from (value for key, value in parse_qsl(url.query) if _TELLING.search(key))
