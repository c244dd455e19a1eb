"""The filter bar of the sales dashboard."""

from __future__ import annotations

from markupsafe import Markup

from ecombi.dashboards.desk import Desk
from ecombi.dashboards.question import Question
from ecombi.dashboards.sales.state import DIMENSIONS, SalesState
from ecombi.dashboards.words import UNKNOWN, in_short
from ecombi.metrics import format as fmt
from ecombi.schema.periods import Period
from ecombi.widgets.filters import Bar, Chip, Choice, Option, filter_bar

_PRESETS = {"7d": "7 days", "28d": "28 days", "month": "Month", "quarter": "Quarter", "year": "Year", "all": "All"}
_HINTS = {
    "7d": "The last 7 days there are",
    "28d": "The last 28 days there are",
    "month": "The last month there is, to its last day",
    "quarter": "The last quarter there is, to its last day",
    "year": "The last year there is, to its last day",
    "all": "Every day there is",
}
_LABELS = {"countries": "Country", "channels": "Channel", "categories": "Category"}
_BASES = (("booked", "Booked", "By the date of each event"), ("ordered", "Ordered", "By the date of the order"))
_STATUS = "Net of discounts and returns, without tax and shipping."


def bar(desk: Desk, state: SalesState, question: Question) -> Markup:
    """Build the filter bar."""
    period, coverage = question.period, desk.coverage
    chips = [
        Chip(label=value or UNKNOWN, name=name, value=value) for name in DIMENSIONS for value in getattr(state, name)
    ]
    if state.product:
        chips.append(Chip(label=f"Detail: {state.product}", name="product", value=state.product))
    return filter_bar(
        Bar(
            presets=[
                Option(label=label, value=value, chosen=state.preset == value, hint=_HINTS[value])
                for value, label in _PRESETS.items()
            ],
            days=fmt.days(period),
            first=period.start.isoformat(),
            last=period.last.isoformat(),
            earliest=coverage.start.isoformat(),
            latest=coverage.last.isoformat(),
            choices=[
                _compare(state, question),
                *(_several(desk, state, name) for name in ("channels", "countries", "categories")),
            ],
            basis=[
                Option(label=label, value=value, chosen=state.basis == value, hint=hint)
                for value, label, hint in _BASES
            ],
            chips=chips,
            changed=state.query != "",
            status=_STATUS,
            printed=_printed(state, question),
        )
    )


def _compare(state: SalesState, question: Question) -> Choice:
    period = question.period
    options = [
        Option(
            label="The period before",
            value="previous",
            chosen=state.compare == "previous",
            hint=in_short(period.previous(), period),
        ),
        Option(
            label="The same days a year earlier",
            value="year_ago",
            chosen=state.compare == "year_ago",
            hint=_year_ago(period),
        ),
        Option(label="Nothing", value="none", chosen=state.compare == "none"),
    ]
    said = in_short(question.compared, period) if question.compared else "Nothing"
    return Choice(name="compare", label="Compare with", said=said, options=options)


def _year_ago(period: Period) -> str:
    return fmt.days(period.year_ago())


def _several(desk: Desk, state: SalesState, name: str) -> Choice:
    values, chosen = desk.values(DIMENSIONS[name]), getattr(state, name)
    # A value from an old bookmark stays visible, so that it can be taken away.
    listed = [*values, *(value for value in chosen if value and value not in values), ""]
    said = "All" if not chosen else f"{len(chosen)} of {len(values)}" if len(chosen) > 1 else chosen[0] or UNKNOWN
    options = [Option(label=value or UNKNOWN, value=value, chosen=value in chosen) for value in listed]
    return Choice(name=name, label=_LABELS[name], said=said, options=options, several=True)


def _printed(state: SalesState, question: Question) -> str:
    narrowed = [
        f"{_LABELS[name]}: {', '.join(v or UNKNOWN for v in getattr(state, name)) or 'all'}." for name in DIMENSIONS
    ]
    compared = f", compared with {fmt.days(question.compared)}" if question.compared else ""
    return f"{fmt.days(question.period)}{compared}. {' '.join(narrowed)} Basis: {state.basis}."
