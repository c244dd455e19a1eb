"""Finding and reading mapping files, with messages that name the file, the place and what would work."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ecombi.errors import MappingError, did_you_mean
from ecombi.sources.files.mapping import Mapping


class _Loader(yaml.SafeLoader):
    """YAML in which a key given twice is an error and not the last one silently."""


def _once(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be a name", key.start_mark)
        if key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} is given twice", key.start_mark)
        seen.add(key.value)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


# Only true and false are truth values, as in YAML 1.2: a country code NO and a key `on` are texts.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), ["t", "f"])
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _once)


def mapping_names(folder: Path) -> list[str]:
    """Return the names of the mappings in a folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.yml"))


def find_mapping(name: str, folder: Path) -> Mapping:
    """Read the mapping of that name in a folder of mappings.

    Raises:
        MappingError: There is none; the message lists the nearest. Or it is wrong.
    """
    if name not in mapping_names(folder):
        raise MappingError(f"There is no mapping {name!r} in {folder}. {did_you_mean(name, mapping_names(folder))}")
    return read_mapping(folder / f"{name}.yml")


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingError: It is missing or wrong; the message names the place and what would work.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise MappingError(f"The mapping {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise MappingError(f"The mapping {path} is not a text in UTF-8.") from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, origin: str) -> Mapping:
    """Read a mapping from its text; `origin` is what messages call it.

    Raises:
        MappingError: It is wrong.
    """
    try:
        content = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise MappingError(f"{origin}{place}: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A letter that YAML does not take, a day that does not exist, a number or a nesting without end.
        raise MappingError(f"{origin} cannot be read: {str(error).splitlines()[0]}.") from error
    if not isinstance(content, dict):
        raise MappingError(f"{origin} is not a mapping: it needs name, shop and files.")
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False)
        start = found[0]["loc"][:-1]
        # Of the forms a value can have, the one that was followed furthest is the one that was meant.
        first = max((one for one in found if one["loc"][: len(start)] == start), key=lambda one: len(one["loc"]))
        raise MappingError(f"{origin}, {_place(first['loc'], content)}: {_said(first)}") from None


def _place(location: tuple[int | str, ...], content: Any) -> str:
    parts: list[str] = []
    for step in location:
        # Pydantic also names the branches of a union, which stand nowhere in the file.
        if isinstance(content, dict) and step in content:
            content = content[step]
            parts.append(str(step))
        elif isinstance(content, list) and isinstance(step, int) and step < len(content):
            content = content[step]
            named = content.get("name") or content.get("table") if isinstance(content, dict) else None
            parts.append(f"{step + 1} ({named})" if named else str(step + 1))
        elif not isinstance(content, dict | list) or location.index(step) == len(location) - 1:
            parts.append(str(step))
            break
    return " › ".join(parts) or "top level"


def _said(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return "This key is missing."
    if error["type"].startswith("string") and not isinstance(error["input"], str):
        return f"{error['input']!r} is not read as a text. Write it in quotes."
    return message if message.endswith((".", "?")) else f"{message}."
