"""Why net sales moved: a change between two periods is taken apart so that the parts sum to it exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from numbers import Integral
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from ecombi.errors import MetricError, PeriodError
from ecombi.metrics import format as fmt
from ecombi.metrics.movement import Cause, Effect, Movement, Part, ProductPart, Value
from ecombi.metrics.query import MetricQuery

if TYPE_CHECKING:
    import pandas as pd

    from ecombi.metrics.result import Result

FIGURES: Final = ("units", "gross_sales", "discounts", "returns")
"""The metrics that `decompose` needs of each product, each with its `_before`."""

_DIGITS: Final = 80
"""Enough for products and quotients of any figures: nothing is rounded before the end but a quotient's 80th digit."""

_P = TypeVar("_P", bound=Part)


def explain(query: MetricQuery, ask: Callable[[MetricQuery], Result], *, decimals: int | None = None) -> Movement:
    """Ask for what it takes to explain a comparison of net sales, and take the change apart.

    Args:
        query: net_sales over a period, compared; each dimension of `by` is looked at on its own.
        ask: Answers a question.
        decimals: Of the amounts; None: those of the shop's currency, 4 for those of the ledger.

    Raises:
        MetricError: Another metric, or an earlier period of which nothing is recorded.
        PeriodError: Nothing to compare with.
    """
    if query.metrics != ("net_sales",):
        raise MetricError(f"Only net_sales can be taken apart by cause, not {', '.join(query.metrics)}. Ask for that.")
    if query.compare is None:
        raise PeriodError("Nothing moves without an earlier period. Give a comparison, for example previous.")
    total = query.total()
    products = ask(replace(total, metrics=FIGURES, by=("product", "product_name")))
    parts = {name: ask(replace(total, by=(name,))) for name in query.by}
    currency = products.passport.shop.currency
    places = fmt.decimals_of(currency) if decimals is None else decimals
    return decompose(products, parts, decimals=places, currency=currency)


def decompose(
    products: pd.DataFrame,
    parts: Mapping[str, pd.DataFrame] | None = None,
    *,
    decimals: int = 2,
    currency: str = "",
) -> Movement:
    """Take a change of net sales apart by cause, by product and by any dimension.

    With u the units of a product, g its gross sales and p = g ÷ u their price, 0 before and 1 now, U the units of all
    products and P0 the average of p0 weighted by u0:

    - volume = (U1 − U0) × P0: more or fewer units of what was sold before;
    - mix = Σ (u1 − u0) × p0 − volume = Σ (u1 − u0 × U1 ÷ U0) × p0: units moved to dearer or cheaper products;
    - price = Σ g1 − g0 − (u1 − u0) × p0, which is Σ (p1 − p0) × u1;
    - discounts and returns: less of them now than before.

    These are the sales quantity, sales mix and sales price variances of management accounting, with the earlier period
    in the place of the budget (https://kfknowledgebank.kaplan.co.uk/sales-mix-and-quantity-variances-). They sum to
    the change whatever the figures are:

    - a product without units before has no p0: its units count at p1, so it has volume and mix but no price effect;
    - money without units, for example a correction, is a price effect, and is left out of P0;
    - without units before, or with as many negative ones, there is no P0, and all of it is volume.

    Amounts are rounded at the end, by largest remainder, the first in the order of values among equal ones, so every
    set of parts sums to the rounded change. What rounding leaves of a product is in its units.

    Args:
        products: One row per product: `product`, perhaps `product_name`, and each of `FIGURES` with its `_before`.
        parts: Dimension -> one row per value: a column of that name, `net_sales` and `net_sales_before`.
        decimals: Of the amounts.
        currency: ISO 4217 code.

    Raises:
        MetricError: The earlier period has no figures because nothing is recorded of it; or a dimension's values do
            not sum to what the products do.
    """
    with localcontext(prec=_DIGITS):
        rows = [_Product.read(record) for record in _records(products, "product", FIGURES)]
        before, now = _total(row.before for row in rows), _total(row.now for row in rows)
        causes = _causes(rows)
        amounts = dict(zip(causes, _rounded(list(causes.values()), now - before, decimals), strict=True))

        def shared(cause: Literal["price", "discounts", "returns"]) -> list[Decimal]:
            return _rounded([getattr(row, cause) for row in rows], amounts[cause], decimals)

        changes = _rounded([row.now - row.before for row in rows], now - before, decimals)
        columns = zip(rows, changes, shared("price"), shared("discounts"), shared("returns"), strict=True)
        return Movement(
            before=before,
            now=now,
            change=_total(changes),
            effects=tuple(Effect(cause=cause, amount=amount) for cause, amount in amounts.items()),
            products=_largest_first(row.part(*shares) for row, *shares in columns),
            parts={name: _parts(name, frame, now - before, decimals) for name, frame in (parts or {}).items()},
            currency=currency,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Product:
    """The figures of one product, and what each cause did to its net sales.

    Attributes:
        units: Units sold more or fewer, at the earlier price, or at the later one where there is none.
    """

    value: Value
    label: str
    units_before: Decimal
    units_now: Decimal
    gross_before: Decimal
    before: Decimal
    now: Decimal
    units: Decimal
    price: Decimal
    discounts: Decimal
    returns: Decimal

    @classmethod
    def read(cls, record: Mapping[str, object]) -> _Product:
        """Read a row of the frame."""
        u0, g0, d0, r0 = (_figure(record, f"{name}_before") for name in FIGURES)
        u1, g1, d1, r1 = (_figure(record, name) for name in FIGURES)
        units = (u1 - u0) * g0 / u0 if u0 else g1 if u1 else Decimal(0)
        value = _value(record, "product")
        name = _value(record, "product_name") if "product_name" in record else None
        return cls(
            value=value,
            label="without a product" if value is None else str(name or value),
            units_before=u0,
            units_now=u1,
            gross_before=g0,
            before=g0 - d0 - r0,
            now=g1 - d1 - r1,
            units=units,
            price=g1 - g0 - units,
            discounts=d0 - d1,
            returns=r0 - r1,
        )

    def part(self, change: Decimal, price: Decimal, discounts: Decimal, returns: Decimal) -> ProductPart:
        """Return it with its rounded amounts."""
        return ProductPart(
            value=self.value,
            label=self.label,
            before=self.before,
            now=self.now,
            change=change,
            found=_found(before=bool(self.units_before or self.before), now=bool(self.units_now or self.now)),
            units=change - price - discounts - returns,
            price=price,
            discounts=discounts,
            returns=returns,
        )


def _causes(rows: Sequence[_Product]) -> dict[Cause, Decimal]:
    u0, u1 = _total(row.units_before for row in rows), _total(row.units_now for row in rows)
    units = _total(row.units for row in rows)
    volume = (u1 - u0) * _total(row.gross_before for row in rows if row.units_before) / u0 if u0 else units
    return {
        "volume": volume,
        "mix": units - volume,
        "price": _total(row.price for row in rows),
        "discounts": _total(row.discounts for row in rows),
        "returns": _total(row.returns for row in rows),
    }


def _parts(name: str, frame: pd.DataFrame, change: Decimal, decimals: int) -> tuple[Part, ...]:
    rows = [
        (_value(record, name), _figure(record, "net_sales_before"), _figure(record, "net_sales"))
        for record in _records(frame, name, ("net_sales",))
    ]
    moved = [now - before for _, before, now in rows]
    if _total(moved) != change:
        raise MetricError(
            f"The values of {name} changed by {_total(moved)} and the products by {change}: they are not of the same "
            "events. Ask for both of one snapshot, with the same filters."
        )
    return _largest_first(
        Part(
            value=value,
            label="unknown" if value is None else str(value),
            before=before,
            now=now,
            change=rounded,
            found=_found(before=bool(before), now=bool(now)),
        )
        for (value, before, now), rounded in zip(rows, _rounded(moved, change, decimals), strict=True)
    )


def _records(frame: pd.DataFrame, key: str, figures: Iterable[str]) -> list[dict[str, object]]:
    """Return the rows in the order of their values, unknown last, whatever order they came in."""
    needed = [key, *figures, *(f"{name}_before" for name in figures)]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise MetricError(f"The figures by {key} have no {', '.join(missing)}. Ask for them with a comparison.")
    records = [{str(name): value for name, value in record.items()} for record in frame.to_dict("records")]
    return sorted(records, key=lambda r: (_value(r, key) is None, str(r[key]), str(r.get("product_name"))))


def _value(record: Mapping[str, object], name: str) -> Value:
    value = record[name]
    if isinstance(value, str):
        return value
    return int(value) if isinstance(value, Integral) else None


def _figure(record: Mapping[str, object], name: str) -> Decimal:
    value = record[name]
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Integral):
        return Decimal(int(value))
    raise MetricError(
        f"{name} is {value}, no exact figure. Either nothing is recorded of that period, so choose another; or the "
        "figures were computed with, so take them as they were answered."
    )


def _rounded(values: Sequence[Decimal], total: Decimal, decimals: int) -> list[Decimal]:
    """Round each value down, then as many up as it takes to reach the rounded total, the largest remainders first."""
    scaled = [value.scaleb(decimals) for value in values]
    floors = [value.to_integral_value(ROUND_FLOOR) for value in scaled]
    missing = int(total.scaleb(decimals).to_integral_value(ROUND_HALF_UP) - _total(floors))
    by_remainder = sorted(range(len(scaled)), key=lambda place: floors[place] - scaled[place])
    raised = set(by_remainder[:missing])
    return [(value + (place in raised)).scaleb(-decimals) for place, value in enumerate(floors)]


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _found(*, before: bool, now: bool) -> Literal["new", "gone", "both"]:
    if before == now:
        return "both"
    return "new" if now else "gone"


def _largest_first(parts: Iterable[_P]) -> tuple[_P, ...]:
    return tuple(sorted(parts, key=lambda part: -abs(part.change)))
