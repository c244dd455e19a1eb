"""The reference pages of the metrics, written from the registry."""

from __future__ import annotations

from typing import Final

from ecombi.metrics.catalogue import CATALOGUE, Catalogue
from ecombi.metrics.definitions import Metric
from ecombi.schema.kinds import Kind
from ecombi.schema.periods import Grain

EXAMPLE: Final[tuple[tuple[str, Kind, int, str, str | None], ...]] = (
    ("A1", Kind.SALE, 2, "20.00", "8.00"),
    ("A1", Kind.DISCOUNT, 0, "-2.00", "0.00"),
    ("A1", Kind.TAX, 0, "3.60", None),
    ("A1", Kind.SHIPPING, 0, "5.00", None),
    ("A2", Kind.SALE, 1, "40.00", "25.00"),
    ("A2", Kind.TAX, 0, "8.00", None),
    ("A2", Kind.SHIPPING, 0, "5.00", None),
    ("A2", Kind.SHIPPING_DISCOUNT, 0, "-5.00", None),
    ("A2", Kind.DUTY, 0, "1.50", None),
    ("A3", Kind.GIFT_CARD_ISSUE, 1, "50.00", None),
    ("A4", Kind.SALE, 1, "10.00", None),
    ("A1", Kind.RETURN, -1, "-9.00", "-4.00"),
    ("A1", Kind.TAX_REFUND, 0, "-1.80", None),
)
"""The example shop: order, kind, units, amount, cost where it is known."""

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
`year_ago` compares with the same dates one year earlier. Each metric `m` then comes with `m_before` and `m_change`.

- `m_change` is the change relative to the size of `m_before`, 0.1 for 10% more; no value where `m_before` is 0 or has
  none. For a rate it is the difference, shown in percentage points.
- Time buckets are compared by position: the first with the first. Buckets of the earlier range that lie past the end of
  the later one have no counterpart and are left out. With `year_ago`, days and hours are compared by date instead, 25
  December with 25 December; a 29 February has no counterpart.
- What is in only one of the two ranges is kept: the other one's sums and counts are 0.
- Where the earlier range lies before the first recorded day, it has no values; nor has the later one after the last.

## Totals

A total is asked for, never summed from a table: an order with goods in two categories is one order, and an average of
averages is not an average.
"""


def pages(catalogue: Catalogue = CATALOGUE) -> dict[str, str]:
    """Return every page of docs/metrics, file name -> text in Markdown."""
    texts = {"index.md": _index(catalogue)}
    return texts | {f"{metric.name}.md": _page(metric, catalogue) for metric in catalogue.values()}


def _index(catalogue: Catalogue) -> str:
    metrics = [[f"[{m.label}]({m.name}.md)", f"`{m.name}`", m.unit.value, m.formula] for m in catalogue.values()]
    dimensions = [[d.label, f"`{d.name}`", d.description] for d in catalogue.dimensions.values()]
    events = [
        [order, kind.value, _units(units), _amount(amount), _amount(cost)]
        for order, kind, units, amount, cost in EXAMPLE
    ]
    return "\n".join(
        [
            _GENERATED,
            "# Metrics\n",
            "Every figure is a sum over the ledger: one row per money or quantity event.\n",
            _table(["metric", "name", "unit", "formula"], metrics),
            "## Dimensions\n",
            "A metric can be cut and filtered by any of these. Unknown values are kept, as a group of their own.\n",
            _table(["dimension", "name", "values"], dimensions),
            _RULES,
            "## The example shop\n",
            "Each metric's page works its figure out for these events.\n",
            _table(["order", "event", "units", "amount", "cost"], events),
        ]
    )


def _page(metric: Metric, catalogue: Catalogue) -> str:
    marts = {measure.mart for measure in metric.measures()}
    fitting = [f"`{d.name}`" for d in catalogue.dimensions.values() if all(d.fits(mart) for mart in marts)]
    return "\n".join(
        [
            _GENERATED,
            f"# {metric.label}\n",
            f"`{metric.name}`\n",
            "\n".join(f"- **{heading}**: {text}" for heading, text in metric.facts()) + "\n",
            f"Can be cut by {', '.join(fitting)}, and by {', '.join(Grain)}, booked or ordered.\n",
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


def _units(units: int) -> str:
    return str(units).replace("-", "−") if units else ""


def _amount(amount: str | None) -> str:
    return "" if amount is None else amount.replace("-", "−")
