"""What a report may be asked for: typed parameters, and the one place where values given from outside are read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from ecombi.errors import ParameterError, did_you_mean
from ecombi.reports.secrets import REFERENCE, SCHEME
from ecombi.schema.periods import Period, parse_day

Value: TypeAlias = str | int | float | bool | list[str] | None
"""What a parameter can hold: nothing but plain data reaches a notebook."""

Kind: TypeAlias = Literal["str", "int", "float", "bool", "Day", "Secret", "list[str]"]

Bound: TypeAlias = float | date
"""End of a range: of numbers, of days, or of how many texts there are."""

Day: TypeAlias = Annotated[str, AfterValidator(lambda text: parse_day(text).isoformat())]
"""A day as ISO text, YYYY-MM-DD: the annotation of a day in a notebook's parameters cell."""


Secret: TypeAlias = str
"""A reference to a secret, secret://NAME: its annotation in a notebook's parameters cell. `reveal` gives its value."""


def _text(text: str) -> str:
    # Half of a surrogate pair, as an undecodable byte of a command line becomes, cannot be written to a file.
    text.encode("utf-8")
    if text.lower().startswith(SCHEME):
        raise ValueError(text)
    return text


def _reference(text: str) -> str:
    if not REFERENCE.fullmatch(text):
        raise ValueError(text)
    return text


_Text: TypeAlias = Annotated[str, AfterValidator(_text)]
_TYPES: dict[Kind, Any] = {
    "str": _Text,
    "int": int,
    "float": float,
    "bool": bool,
    "Day": Day,
    "Secret": Annotated[str, AfterValidator(_reference)],
    "list[str]": list[_Text],
}
_WORDS: dict[Kind, str] = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "Day": "a day written YYYY-MM-DD",
    "Secret": "the name of a secret written secret://NAME",
    "list[str]": "texts with commas between them",
}
_FIRST, _LAST = "1900-01-01", "2999-12-31"
"""Days of a report: earlier and later days, that it compares with, are days of the calendar too."""

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a report: its type and default from the notebook, its meaning and bounds from the YAML.

    Attributes:
        name: Name of the variable in the notebook.
        kind: Type of the value.
        optional: Whether null is a value; an empty text means null then.
        default: Used where no value is given and none is required.
        description: What it means, in one sentence.
        choices: The only values, where not empty.
        minimum: Smallest number, first day, or fewest texts of a list; None for no limit.
        maximum: Largest number, last day, or most texts of a list; None for no limit.
        required: Whether a run must name it.
        from_as_of: Where no value is given, the as-of day plus this many days.
    """

    name: str
    kind: Kind
    optional: bool
    default: Value
    description: str
    choices: tuple[str, ...] = ()
    minimum: Bound | None = None
    maximum: Bound | None = None
    required: bool = False
    from_as_of: int | None = None

    @property
    def expects(self) -> str:
        """The values that would work, in words."""
        if self.choices:
            words = (
                f"one of {', '.join(self.choices)}" if self.kind == "str" else f"taken from {', '.join(self.choices)}"
            )
        else:
            words = _WORDS[self.kind]
        words += self._range
        return f"{words}, or left empty" if self.optional else words

    @property
    def _range(self) -> str:
        least, most = (
            bound.isoformat() if isinstance(bound, date) else f"{bound:.15g}" if bound is not None else None
            for bound in (self.minimum, self.maximum)
        )
        of_list = " of them" if self.kind == "list[str]" else ""
        if least and most:
            return f", {least} to {most}{of_list}" if of_list else f" from {least} to {most}"
        if least:
            return f", at least {least}{of_list}"
        return f", at most {most}{of_list}" if most else ""

    def read(self, value: object) -> object:
        """Turn text, as a command line gives it, into the parameter's own type; anything else stays as it is.

        Raises:
            ValueError: The text is not of that type.
        """
        if value == "" and self.optional:
            return None
        if self.kind == "Day" and isinstance(value, date):
            return value.isoformat()[:10]
        if self.kind == "list[str]" and isinstance(value, tuple):
            return list(value)
        return self._parse(value) if isinstance(value, str) else value

    def _parse(self, text: str) -> object:
        match self.kind:
            case "int":
                if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
                    raise ValueError(text)
                return int(text)
            case "float":
                if not re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?", text):
                    raise ValueError(text)
                return float(text)
            case "bool":
                if text.lower() not in _BOOLEANS:
                    raise ValueError(text)
                return _BOOLEANS[text.lower()]
            case "list[str]":
                if text.startswith("["):
                    try:
                        return json.loads(text)
                    except RecursionError:
                        raise ValueError(text) from None
                return [part.strip() for part in text.split(",") if part.strip()]
            case _:
                return text

    def field(self) -> Any:
        """Return the pydantic annotation that checks this parameter."""
        kind: Any = _TYPES[self.kind]
        if self.choices:
            choice: Any = Literal.__getitem__(self.choices)
            kind = list[choice] if self.kind == "list[str]" else choice
        if self.kind == "list[str]":
            kind = Annotated[kind, Field(min_length=_count(self.minimum), max_length=_count(self.maximum))]
        elif self.kind in {"int", "float"}:
            kind = Annotated[kind, Field(ge=self.minimum, le=self.maximum, allow_inf_nan=False)]
        elif self.kind == "Day":
            kind = Annotated[kind, AfterValidator(self._within)]
        if self.optional:
            kind = kind | None
        return Annotated[kind, BeforeValidator(self.read), Field(description=self.description)]

    def _within(self, day: str) -> str:
        # ISO texts of days compare as the days do.
        least, most = str(self.minimum or _FIRST), str(self.maximum or _LAST)
        if not (least <= day <= most and _FIRST <= day <= _LAST):
            raise ValueError(day)
        return day


def _count(bound: Bound | None) -> int | None:
    return None if bound is None or isinstance(bound, date) else int(bound)


def model_of(report: str, parameters: tuple[Parameter, ...]) -> type[BaseModel]:
    """Derive the pydantic model of a report's parameters; its defaults are the notebook's own."""
    fields = {p.name: (p.field(), ... if p.required else p.default) for p in parameters}
    config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_default=True, protected_namespaces=())
    return create_model(report, __config__=config, **fields)  # type: ignore[call-overload, no-any-return]


def bind(
    report: str, parameters: tuple[Parameter, ...], given: Mapping[str, object], *, as_of: date | None = None
) -> dict[str, Value]:
    """Check the values given for a report and complete them.

    Args:
        report: Name of the report, for messages.
        parameters: What it declares.
        given: By name; texts are read as the parameter's type.
        as_of: The day up to which, and not including it, things are known.

    Returns:
        A value for every declared parameter: plain data only, days as ISO text.

    Raises:
        ParameterError: A name is unknown, a required one is missing, or a value does not fit.
    """
    by_name = {p.name: p for p in parameters}
    for name in given:
        if name not in by_name:
            raise ParameterError(
                f"Report {report} has no parameter {shown(name)}. {did_you_mean(str(name)[:80], by_name)}"
            )
    values = _from_as_of(parameters, given, as_of)
    for parameter in parameters:
        if parameter.required and parameter.name not in values:
            raise ParameterError(
                f"Report {report} needs parameter {parameter.name}: {parameter.description} Give {parameter.expects}."
            )
    try:
        bound: dict[str, Value] = model_of(report, parameters).model_validate(values).model_dump()
    except ValidationError as error:
        at_fault = dict.fromkeys(str(e["loc"][0]) for e in error.errors(include_url=False, include_context=False))
        raise ParameterError(" ".join(_does_not_fit(by_name[name], values) for name in at_fault)) from None
    _check_period(bound)
    return bound


def shown(value: object, width: int = 60) -> str:
    """Quote a value for a message: one line, no control characters, not too long."""
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _from_as_of(
    parameters: tuple[Parameter, ...], given: Mapping[str, object], as_of: date | None
) -> dict[str, object]:
    if as_of is None:
        return dict(given)
    asked = [(p.name, p.from_as_of) for p in parameters if p.from_as_of is not None and p.name not in given]
    try:
        dated = {name: (as_of + timedelta(days=days)).isoformat() for name, days in asked}
    except OverflowError:
        raise ParameterError(f"The as-of day {as_of} is at the end of the calendar. Choose another one.") from None
    return {**dated, **given}


def _does_not_fit(parameter: Parameter, values: Mapping[str, object]) -> str:
    value = values.get(parameter.name, parameter.default)
    words = f"Parameter {parameter.name} is {shown(value)}; it must be {parameter.expects}."
    if _names_a_secret(parameter, value):
        return f"{words} Only a parameter of type Secret takes a secret."
    if parameter.kind == "Day" and re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) and not _FIRST <= str(value) <= _LAST:
        return f"{words} Reports know the days from {_FIRST} to {_LAST}."
    if parameter.choices and isinstance(value, str):
        near = did_you_mean(value[:80], parameter.choices)
        return f"{words} {near}" if near.startswith("Did") else words
    return words


def _names_a_secret(parameter: Parameter, value: object) -> bool:
    texts = value if isinstance(value, list | tuple) else str(value).strip('["').split(",")
    return parameter.kind != "Secret" and any(str(text).strip(' "').lower().startswith(SCHEME) for text in texts)


def _check_period(bound: Mapping[str, Value]) -> None:
    start, end = bound.get("start"), bound.get("end")
    if isinstance(start, str) and isinstance(end, str):
        try:
            Period.of(start, end)
        except ValueError as error:
            raise ParameterError(f"Parameters start and end: {error}") from None
