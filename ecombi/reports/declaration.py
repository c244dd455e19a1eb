"""Reads what a report declares: the parameters cell of its notebook, and the YAML of the same stem."""

from __future__ import annotations

import ast
import builtins
import json
import keyword
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ecombi.errors import ReportError
from ecombi.reports.parameters import Kind, Parameter, Value, model_of

_KINDS: dict[str, Kind] = {
    "str": "str", "int": "int", "float": "float", "bool": "bool", "Day": "Day", "Secret": "Secret",
}  # fmt: skip
_ANNOTATIONS = "str, int, float, bool, Day, Secret, list[str], Literal['a', 'b'], or one of them with '| None'"

_RANGES = ("int", "float", "Day", "list[str]")
_Bound = Annotated[Annotated[float, Field(allow_inf_nan=False)] | date, Field(union_mode="left_to_right")]
_OF_IPYTHON = frozenset({"In", "Out", "display", "get_ipython"})


class ParameterNotes(BaseModel):
    """What the YAML says of one parameter; the notebook says its type and default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = Field(min_length=1)
    choices: tuple[str, ...] = ()
    minimum: _Bound | None = None
    maximum: _Bound | None = None
    required: bool = False
    from_as_of: int | None = None


class ReportNotes(BaseModel):
    """A file in parameters/reports: the title, what the report answers, and its parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    key: tuple[str, ...] = ()
    parameters: dict[str, ParameterNotes] = {}


def read_notes(path: Path) -> ReportNotes:
    """Read the YAML of a report.

    Raises:
        ReportError: The file is missing or wrong; the message names the place.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReportError(
            f"The report has no file {path}. It needs one with its title, description and parameters."
        ) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # A day that does not exist, a list as a key, and lists in lists without end are no errors of YAML's own.
        raise ReportError(f"{path} is not readable as YAML: {error}") from error
    try:
        return ReportNotes.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ReportError(f"{path}: {place}: {first['msg']}.") from None


def read_parameters(notebook: Path, notes: ReportNotes) -> tuple[Parameter, ...]:
    """Read the parameters of a report without running anything, in the order of its notebook.

    Raises:
        ReportError: The parameters cell breaks a rule, or differs from the YAML.
    """
    declared = _assignments(notebook)
    if set(declared) != set(notes.parameters):
        differ = ", ".join(sorted(set(declared) ^ set(notes.parameters)))
        raise ReportError(f"{notebook}: the parameters cell and the YAML of the same name do not agree on {differ}.")
    parameters = tuple(
        _parameter(notebook, name, annotation, default, notes.parameters[name])
        for name, (annotation, default) in declared.items()
    )
    for parameter in parameters:
        if wrong := _wrong_notes(parameter):
            raise ReportError(f"{notebook}: parameter {parameter.name} {wrong}")
    _check_defaults(notebook, parameters)
    return parameters


def _assignments(notebook: Path) -> dict[str, tuple[ast.expr, Value]]:
    found: dict[str, tuple[ast.expr, Value]] = {}
    source, others = _cells(notebook)
    taken = {name for other in others for name in _bound(other)}
    for statement in _parse(notebook, source).body:
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value):
            raise ReportError(
                f"{notebook}: line {statement.lineno} of the parameters cell is not of the form 'name: type = default'."
            )
        name = statement.target.id
        if not name.isascii() or name.startswith("_") or keyword.iskeyword(name) or hasattr(BaseModel, name):
            raise ReportError(f"{notebook}: a parameter cannot be called {name!r}. Choose another name.")
        if hasattr(builtins, name) or name in _OF_IPYTHON:
            raise ReportError(
                f"{notebook}: a parameter cannot be called {name!r}, as Python calls something of its own."
            )
        if name in taken:
            raise ReportError(f"{notebook}: a parameter cannot be called {name!r}: another cell uses that name.")
        if name in found:
            raise ReportError(f"{notebook}: parameter {name} is declared twice.")
        try:
            found[name] = statement.annotation, ast.literal_eval(statement.value)
        except (ValueError, TypeError, MemoryError, RecursionError):
            raise ReportError(
                f"{notebook}: the default of parameter {name} must be a plain value, not a calculation."
            ) from None
    return found


def _cells(notebook: Path) -> tuple[str, list[str]]:
    """Return the code of the parameters cell, and that of all others."""
    try:
        cells: list[dict[str, Any]] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        code = [
            ("parameters" in c.get("metadata", {}).get("tags", ()), "".join(c["source"]))
            for c in cells
            if c["cell_type"] == "code"
        ]
    except FileNotFoundError:
        raise ReportError(f"There is no notebook {notebook}.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{notebook} is not a notebook in Jupyter's format 4.") from error
    sources = [source for tagged, source in code if tagged]
    if len(sources) != 1:
        raise ReportError(f"{notebook}: exactly one cell must have the tag 'parameters'; {len(sources)} have it.")
    return sources[0], [source for tagged, source in code if not tagged]


def _bound(source: str) -> Iterator[str]:
    """Yield the names that a cell imports or gives a value to; none where it is no plain Python."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _parse(notebook: Path, source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise ReportError(
            f"{notebook}: line {error.lineno} of the parameters cell is not Python: {error.msg}."
        ) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise ReportError(f"{notebook}: the parameters cell is not Python: {error}.") from error


def _parameter(notebook: Path, name: str, annotation: ast.expr, default: Value, notes: ParameterNotes) -> Parameter:
    optional = (
        isinstance(annotation, ast.BinOp)
        and isinstance(annotation.op, ast.BitOr)
        and ast.unparse(annotation.right) == "None"
    )
    inner = annotation.left if optional and isinstance(annotation, ast.BinOp) else annotation
    kind, choices = _kind_of(inner)
    if kind is None or (choices and notes.choices):
        raise ReportError(f"{notebook}: parameter {name} has type {ast.unparse(annotation)}. Types: {_ANNOTATIONS}.")
    said = notes.model_dump()
    return Parameter(
        name=name, kind=kind, optional=optional, default=default, **{**said, "choices": choices or notes.choices}
    )


def _kind_of(annotation: ast.expr) -> tuple[Kind | None, tuple[str, ...]]:
    if isinstance(annotation, ast.Name):
        return _KINDS.get(annotation.id), ()
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Literal":
        items = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        choices = tuple(i.value for i in items if isinstance(i, ast.Constant) and isinstance(i.value, str))
        return ("str", choices) if len(choices) == len(items) else (None, ())
    return ("list[str]", ()) if ast.unparse(annotation) == "list[str]" else (None, ())


def _wrong_notes(parameter: Parameter) -> str | None:
    """Say what the YAML says of a parameter that its type has no use for."""
    bounds = [bound for bound in (parameter.minimum, parameter.maximum) if bound is not None]
    of_days = [isinstance(bound, date) for bound in bounds]
    if parameter.kind not in _RANGES and bounds:
        return (
            f"is of type {parameter.kind}, which has no minimum or maximum. Types with a range: {', '.join(_RANGES)}."
        )
    if parameter.kind == "Day" and not all(of_days):
        return "is a day, so its minimum and maximum are days, written YYYY-MM-DD."
    if parameter.kind != "Day" and any(of_days):
        return "is no day, so its minimum and maximum are numbers."
    if len(bounds) == 2 and bounds[0] > bounds[1]:  # type: ignore[operator]  # both are days, or both numbers
        return f"has a minimum of {bounds[0]}, above its maximum of {bounds[1]}."
    if parameter.choices and parameter.kind not in ("str", "list[str]"):
        return f"is of type {parameter.kind}; only texts have choices."
    if parameter.from_as_of is not None and parameter.kind != "Day":
        return f"is of type {parameter.kind}; only a day follows the as-of day."
    return None


def _check_defaults(notebook: Path, parameters: tuple[Parameter, ...]) -> None:
    for parameter in parameters:
        try:
            model_of("report", (parameter,)).model_validate({parameter.name: parameter.default})
        except (ValidationError, TypeError) as error:
            what = (
                f"the default of parameter {parameter.name} is {parameter.default!r}; it must be {parameter.expects}."
            )
            raise ReportError(f"{notebook}: {what}") from error
