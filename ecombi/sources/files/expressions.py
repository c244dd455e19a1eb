"""Expressions, conditions and values of a mapping, compiled to DuckDB SQL over typed columns."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.types import TypeEngine

from ecombi.errors import MappingError, did_you_mean
from ecombi.sources.columns import duckdb_type
from ecombi.sources.files import sql
from ecombi.sources.files.mapping import Comparison, Comparisons, Type, Value

_NUMBERS: tuple[Type, ...] = ("integer", "decimal", "rate")
_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of SQL and the type it has.

    Attributes:
        sql: The expression.
        type: Its type in the mapping's words.
        inputs: Columns a calculation is made of; empty where the value is taken over as it is.
    """

    sql: str
    type: Type
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns that can be named at one place of a mapping.

    Attributes:
        terms: Name -> term; columns of a lookup are named `orders.ordered_at`.
        zone: The shop's time zone.
        place: Where in the mapping this is, to begin messages with.
    """

    terms: Mapping[str, Term]
    zone: str
    place: str

    def column(self, name: str) -> Term:
        """Return the column of that name.

        Raises:
            MappingError: There is none; the message lists the nearest.
        """
        if name not in self.terms:
            raise MappingError(f"{self.place}: there is no column {name!r}. {did_you_mean(name, self.terms)}")
        return self.terms[name]

    def expression(self, text: str) -> Term:
        """Compile a column, a number, or a calculation with + - * and parentheses.

        Raises:
            MappingError: Not such an expression, or one of its columns does not exist or is no number.
        """
        try:
            node = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise self._unreadable(text) from None
        return self._compiled(node, text)

    def _compiled(self, node: ast.expr, text: str) -> Term:
        match node:
            case ast.Name(id=name):
                return self.column(name)
            case ast.Attribute(value=ast.Name(id=lookup), attr=name):
                return self.column(f"{lookup}.{name}")
            case ast.Constant(value=int() as number) if not isinstance(number, bool):
                return Term(str(number), "integer")
            case ast.Constant(value=float()):
                return Term(f"CAST({ast.get_source_segment(text.strip(), node)} AS DECIMAL(18,4))", "decimal")
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                term = self._number(inner, text)
                return Term(f"(-{term.sql})", term.type, term.inputs or (term.sql,))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                one, two = self._number(left, text), self._number(right, text)
                kind: Type = "integer" if one.type == two.type == "integer" else "decimal"
                inputs = (one.inputs or (one.sql,)) + (two.inputs or (two.sql,))
                return Term(f"({one.sql} {_OPERATORS[type(operator)]} {two.sql})", kind, inputs)
        raise self._unreadable(text)

    def _number(self, node: ast.expr, text: str) -> Term:
        term = self._compiled(node, text)
        if term.type not in _NUMBERS:
            raise MappingError(
                f"{self.place}: {text!r} calculates with a value of type {term.type}. Declare it as integer or decimal."
            )
        return term

    def _unreadable(self, text: str) -> MappingError:
        return MappingError(
            f"{self.place}: {text!r} is not an expression. Name a column, or calculate with + - * and parentheses; "
            f"a constant text is written {{value: {text}}}."
        )

    def value(self, value: Value, target: TypeEngine[object]) -> Term:
        """Compile what a mapping sets a column to, as SQL of the column's own type, null where it does not fit.

        Raises:
            MappingError: The value cannot be of that type.
        """
        if value.value is not None:
            return Term(sql.text(str(value.value)), "text")
        if value.join is not None:
            parts = ", ".join(f"CAST({self.column(name).sql} AS VARCHAR)" for name in value.join)
            joined = f"concat_ws({sql.text(value.with_)}, {parts})"
            # Of nothing a prefix makes nothing.
            return Term(f"{sql.text(value.prefix)} || nullif({joined}, '')" if value.prefix else joined, "text")
        if value.first_of is not None:
            terms = [self._converted(self.expression(name), target) for name in value.first_of]
            return Term(f"coalesce({', '.join(term.sql for term in terms)})", terms[0].type)
        if value.most_frequent is not None:
            return self.column(value.most_frequent)
        return self._converted(self.expression(str(value.expression)), target)

    def _converted(self, term: Term, target: TypeEngine[object]) -> Term:
        sql_type = duckdb_type(target)
        accepted, convert = _CONVERSIONS[sql_type]
        if term.type not in accepted:
            raise MappingError(
                f"{self.place}: a value of type {term.type} cannot be put here; it takes {' or '.join(accepted)}."
            )
        source = f"TRY({term.sql})" if term.inputs else term.sql
        given = "a calculation" if term.inputs else SQL_TYPES[term.type]
        return Term(convert(source, given, sql_type, self.zone), term.type, term.inputs)

    def condition(self, tests: Comparisons) -> str:
        """Compile tests that must all hold; without any, TRUE. An empty value passes only negative ones."""
        parts = [part for name, test in tests.items() for part in self._tests(self.column(name), name, test)]
        return " AND ".join(parts) if parts else "TRUE"

    def _tests(self, term: Term, name: str, test: Comparison) -> list[str]:
        found = []
        for operator, given in test.model_dump(exclude_none=True).items():
            negative = operator.startswith("not_")
            compiled = self._test(term, name, operator.removeprefix("not_").rstrip("_"), given)
            found.append(f"NOT coalesce({compiled}, FALSE)" if negative else f"coalesce({compiled}, FALSE)")
        if not found:
            raise MappingError(f"{self.place}: the test of {name} is empty.")
        return found

    def _test(self, term: Term, name: str, operator: str, given: object) -> str:
        if operator == "empty":
            return f"{term.sql} IS {'' if given else 'NOT '}NULL"
        left = term.sql if term.type in _NUMBERS else f"lower(CAST({term.sql} AS VARCHAR))"
        if operator == "equals":
            return f"{left} = {self._literal(term, name, given)}"
        if operator == "in":
            assert isinstance(given, tuple | list)  # noqa: S101 - the model's own type
            return f"{left} IN ({', '.join(self._literal(term, name, one) for one in given)})"
        if operator in ("starts_with", "matches"):
            if term.type in _NUMBERS:
                raise MappingError(f"{self.place}: {operator} is for texts, but {name} is {term.type}.")
            pattern = sql.text(str(given).lower())
            return f"starts_with({left}, {pattern})" if operator == "starts_with" else f"{left} GLOB {pattern}"
        if term.type not in _NUMBERS:
            raise MappingError(f"{self.place}: {operator} is for numbers, but {name} is {term.type}.")
        return f"{left} {'<' if operator == 'below' else '>'} {self._literal(term, name, given)}"

    def _literal(self, term: Term, name: str, given: object) -> str:
        if term.type not in _NUMBERS:
            return sql.text(str(given).lower())
        if isinstance(given, str):
            raise MappingError(f"{self.place}: {name} is {term.type} and cannot be compared with the text {given!r}.")
        return str(given)


def local_to_utc(source: str, zone: str) -> str:
    """Turn a naive time on a zone's clock into naive UTC.

    A time that the clocks skip is read with the offset before the gap; one that happens twice, as the second.
    """
    return source if zone == "UTC" else f"timezone('UTC', timezone({sql.text(zone)}, {source}))"


def _exactly(source: str, given: str, target: str, _zone: str) -> str:
    # A product has more decimals than its column: what does not fit exactly becomes null, and is held back for it.
    return (
        source
        if given == target
        else f"CASE WHEN TRY_CAST({source} AS {target}) = {source} THEN TRY_CAST({source} AS {target}) END"
    )


def _same(source: str, _given: str, _target: str, _zone: str) -> str:
    return source


def _text(source: str, given: str, target: str, _zone: str) -> str:
    return source if given == target else f"CAST({source} AS VARCHAR)"


def _moment(source: str, given: str, target: str, zone: str) -> str:
    return source if given == target else local_to_utc(f"CAST({source} AS TIMESTAMP)", zone)


def _day(source: str, given: str, target: str, zone: str) -> str:
    return source if given == target else f"CAST(timezone({sql.text(zone)}, timezone('UTC', {source})) AS DATE)"


SQL_TYPES: Mapping[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(18,4)",
    "rate": "DECIMAL(18,8)",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "email": "VARCHAR",
}
"""What each type of a mapping is in DuckDB."""

_Conversion = Callable[[str, str, str, str], str]

_CONVERSIONS: Mapping[str, tuple[Sequence[Type], _Conversion]] = {
    "SMALLINT": (("integer",), _exactly),
    "INTEGER": (("integer",), _exactly),
    "BIGINT": (("integer",), _exactly),
    "DECIMAL(18,4)": (_NUMBERS, _exactly),
    "DECIMAL(18,8)": (_NUMBERS, _exactly),
    "TIMESTAMP": (("datetime", "date"), _moment),
    "DATE": (("date", "datetime"), _day),
    "BOOLEAN": (("boolean",), _same),
    "VARCHAR": (tuple(SQL_TYPES), _text),
}
"""Type of the target column -> types of a mapping that fit it, and how they are turned into it."""
