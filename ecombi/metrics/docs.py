"""The reference pages of the metrics, written from the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from ecombi.metrics import example
from ecombi.metrics import format as fmt
from ecombi.metrics.analysis import Analysis
from ecombi.metrics.areas import AREAS
from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.definitions import Metric
from ecombi.schema.periods import Grain

_GENERATED = "<!-- Written by `make docs` from ecombi/metrics. Change the registry, not this page. -->\n"

_RULES: Final = """\
## Dates

Days and hours are those of the shop's time zone. Weeks start on Monday (ISO 8601). A period has a first day, and an end
that is not in it.

- **booked**: each event counts on the day it happened. This ties to the books.
- **ordered**: each event counts on the day its order was placed: a return lowers the sales of the day of the order.

## No value

- A sum or a count of nothing is 0. The cost of goods is the exception: unknown is not 0.
- A ratio with a denominator of 0 has no value.
- A time bucket in which nothing happened is left out. With `fill` it is there, with 0 for sums and counts and no value
  for ratios. A series is never filled past the first or the last recorded day: what nobody recorded is not 0.

## Comparison

`previous` compares with the period just before: whole months with whole months, else the same number of days.
`year_ago` compares with the same dates one year earlier, `same_weekdays` with the days 52 weeks earlier, and any other
range can be given by its first day and its end. Each metric `m` then comes with `m_before` and `m_change`.
`elapsed` asks for the days that are final only, and compares with the same part of the other range.

- `m_change` is the change relative to the size of `m_before`, 0.1 for 10% more; no value where `m_before` is 0 or has
  none. For a rate it is the difference, shown in percentage points.
- Time buckets are compared by position: the first with the first. Buckets of the earlier range that lie past the end of
  the later one have no counterpart and are left out. With `year_ago`, days and hours are compared by date instead, 25
  December with 25 December; a 29 February has no counterpart.
- What is in only one of the two ranges is kept: the other one's sums and counts are 0.
- Where the earlier range lies before the first recorded day, it has no values; nor has the later one after the last.

## Final, as known, restated

- A day is **final** once every source was loaded after its end and the hours its rows take to settle. Days after the
  last recorded one are not known, so they are not final. A result says from which day on it is unfinished.
- `as_of` answers with what had been loaded by the end of a day: a refund that came later does not change an old
  answer.
- A period is closed by the first load with events on or after its end. `result.restated()` lists what has changed
  since.

## Totals

A total is asked for, never summed from a table: an order with goods in two categories is one order, and an average of
averages is not an average.
"""


def pages(catalogue: Catalogue = CATALOGUE) -> dict[str, str]:
    """Return every page of docs/metrics, file name -> text in Markdown."""
    texts = {"index.md": _index(catalogue)}
    return texts | {f"{metric.name}.md": _page(metric, catalogue) for metric in catalogue.values()}


def analysis_pages(analyses: Mapping[str, Analysis]) -> dict[str, str]:
    """Return every page of docs/analyses, file name -> text in Markdown."""
    rows = [[f"[{a.label}]({a.name}.md)", f"`{a.name}`", a.question, a.grain] for a in analyses.values()]
    index = [
        _GENERATED,
        "# Analyses\n",
        "Tables that answer what no single metric can, each computed by one query on every engine.\n",
        _table(["analysis", "name", "question", "one row"], rows),
    ]
    return {"index.md": "\n".join(index)} | {f"{a.name}.md": _analysis(a) for a in analyses.values()}


def _analysis(analysis: Analysis) -> str:
    said = [("Question", analysis.question), ("One row", analysis.grain), ("Formula", analysis.formula)]
    said += [("Example", analysis.example)] if analysis.example else []
    version = f"Version {analysis.definition_version}. Owner: {analysis.owner}. Source: {analysis.source}"
    fields = [[f"`{name}`", f.unit.value if f.unit else "", f.meaning] for name, f in analysis.fields.items()]
    takes = [[f"`{name}`", kind, ""] for name, kind in analysis.bound.items() if name != "final_until"]
    takes += [[f"`{name}`", type(value).__name__, str(value)] for name, value in analysis.options.items()]
    parts = [
        _GENERATED,
        f"# {analysis.label}\n",
        f"`{analysis.name}`\n",
        "\n".join(f"- **{heading}**: {text}" for heading, text in [*said, ("Definition", version)]) + "\n",
        _table(["column", "unit", "meaning"], fields),
    ]
    return "\n".join([*parts, *(["## Takes\n", _table(["value", "type", "usually"], takes)] if takes else [])])


def _index(catalogue: Catalogue) -> str:
    dimensions = [[d.label, f"`{d.name}`", d.description] for d in catalogue.dimensions.values()]
    return "\n".join(
        [
            _GENERATED,
            "# Metrics\n",
            "Every figure is taken from the rows of one table, or composed of such figures.\n",
            *_areas(catalogue),
            "## Dimensions\n",
            "A metric can be cut and filtered by those its records know. Unknown values are a group of their own.\n",
            _table(["dimension", "name", "values"], dimensions),
            _RULES,
            *_example(),
        ]
    )


def _areas(catalogue: Catalogue) -> Iterator[str]:
    for area, module in AREAS.items():
        own = [metric for name, metric in catalogue.items() if getattr(module, name, None) is metric]
        yield f"## {area}\n"
        rows = [[f"[{m.label}]({m.name}.md)", f"`{m.name}`", m.unit.value, m.formula] for m in own]
        yield _table(["metric", "name", "unit", "formula"], rows)


def _example() -> Iterator[str]:
    """Yield the sheets of the example shop."""
    yield "## The example shop\n"
    yield (
        f"Each metric's page works its figure out for {fmt.days(example.PERIOD)}, booked. What lies before or after "
        "these days is there because some figures look back or ahead. Everything was loaded on "
        f"{fmt.day(example.LOADED_AT)}. Times are UTC.\n"
    )
    for name, sheet in example.SHEETS.items():
        yield f"### {sheet.title}\n"
        yield _table(
            list(sheet.columns), [[_cell(row[column]) for column in sheet.columns] for row in example.rows(name)]
        )


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat(" ", "milliseconds" if value.microsecond else "minutes")
        case int() | Decimal():
            return str(value).replace("-", "−")
    return str(value)


def _page(metric: Metric, catalogue: Catalogue) -> str:
    marts = {measure.mart for measure in metric.measures()}
    fitting = [f"`{d.name}`" for d in catalogue.dimensions.values() if all(d.fits(mart) for mart in marts)]
    grains = [grain for grain in Grain if grain is not Grain.HOUR or all(mart.hours for mart in marts)]
    basis = ", booked or ordered" if any(mart.bases for mart in marts) else ""
    above = [f"[{m.label}]({m.name}.md)" for m in catalogue.built_on(metric.name)]
    return "\n".join(
        [
            _GENERATED,
            f"# {metric.label}\n",
            f"`{metric.name}`\n",
            "\n".join(f"- **{heading}**: {text}" for heading, text in metric.facts()) + "\n",
            f"Can be cut by {', '.join(fitting)}, and by {', '.join(grains)}{basis}.\n",
            *([f"Built on it: {', '.join(above)}.\n"] if above else []),
            "## Example\n",
            f"In [the example shop](index.md#the-example-shop): {metric.example}\n",
            "```python",
            f'ws.query("{metric.name}", grain="month")',
            "```\n",
        ]
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"
