"""Reads what a project declares in a YAML file; a mistake is named with file, entry, place and what would work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ecombi.errors import ScheduleError, did_you_mean

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound="Declared")


class Declared(BaseModel):
    """Something declared: no unknown keys, no value of another type than the one meant."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def read_declared(path: Path, model: type[Model]) -> Model:
    """Read a file.

    Raises:
        ScheduleError: It is missing or wrong.
    """
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _OneOfEach)  # noqa: S506 - a SafeLoader
    except FileNotFoundError:
        raise ScheduleError(f"There is no file {path}.") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # A day that does not exist, a list as a key, and lists in lists without end are no errors of YAML's own.
        raise ScheduleError(f"{path} is not readable as YAML: {error}") from error
    try:
        # Lists become tuples, so that what was read cannot change; YAML reads days where a text is meant.
        return model.model_validate(_fixed(raw))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = _place(first["loc"], raw)
        raise ScheduleError(f"{path}: {place}: {_words(first, model)}") from None


class _OneOfEach(yaml.SafeLoader):
    """YAML lets the same key come twice and keeps the last; nobody means that."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} stands there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _fixed(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return tuple(_fixed(one) for one in value)
    return {key: _fixed(one) for key, one in value.items()} if isinstance(value, dict) else value


def _place(loc: Iterable[int | str], raw: object) -> str:
    """Say where a mistake is, with an entry of a list by its name."""
    words: list[str] = []
    for part in loc:
        if isinstance(raw, list) and isinstance(part, int):
            raw = raw[part]
            named = raw.get("name") if isinstance(raw, dict) else None
            words.append(f"entry {part + 1}" + (f" ({named})" if named else ""))
        else:
            raw = raw.get(part) if isinstance(raw, dict) else None
            words.append(str(part))
    return ", ".join(words) or "the file"


_KINDS: Final = {
    # YAML 1.1 takes NO, the code of Norway, for false, and 05 for a number.
    "string_type": "it must be a text. Put it in quotes",
    "bool_type": "it must be true or false",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "tuple_type": "it must be a list",
    "dict_type": "it must be keys with values",
    "model_type": "it must be keys with values",
}


def _words(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, loc, value = error["type"], error["loc"], error["input"]
    if kind == "extra_forbidden":
        return f"there is no such key. {did_you_mean(str(loc[-1]), _keys(model, loc[:-1]))}"
    if kind == "string_pattern_mismatch":
        return f"{value!r} does not match the pattern {error['ctx']['pattern']}."
    said = _KINDS.get(kind, error["msg"].removeprefix("Value error, ").rstrip("."))
    return f"{said}; it is {value!r}." if kind in _KINDS and not isinstance(value, dict | tuple) else f"{said}."


def _keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys allowed at a place, found by following the fields to the model that stands there."""
    for part in loc:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        inner = [one for one in _types(field.annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
        model = inner[0] if inner else model
    return list(model.model_fields)


def _types(annotation: object) -> list[object]:
    arguments = getattr(annotation, "__args__", ())
    return [annotation, *(inner for one in arguments for inner in _types(one))]
