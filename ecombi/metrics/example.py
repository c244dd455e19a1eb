"""The example shop: three days small enough to add up by hand, which the worked example of every metric is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, Date, DateTime, Integer, Numeric, Table

from ecombi.schema import tables
from ecombi.schema.periods import Period
from ecombi.schema.shop import Shop

SHOP: Final = Shop(name="The example shop", currency="GBP", time_zone="Europe/London")

PERIOD: Final = Period(date(2025, 11, 3), date(2025, 11, 6))
"""The days the examples are worked out for, Monday to Wednesday; what else is recorded lies before or after them."""

LOADED_AT: Final = datetime(2026, 12, 1, 6, tzinfo=UTC)
"""When everything was loaded: the three days are more than a year past, so no figure of theirs can still move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The rows of one table as people read them.

    Attributes:
        table: The table they are loaded into.
        title: What they are.
        columns: Names of its columns; those left out follow from them or say nothing here.
        lines: One text per column; None for no value.
    """

    table: Table
    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str | None, ...], ...]


def _sheet(table: Table, title: str, text: str) -> Sheet:
    head, *lines = (line.split() for line in text.strip().splitlines())
    return Sheet(
        table=table,
        title=title,
        columns=tuple(head),
        lines=tuple(tuple(None if cell == "-" else cell for cell in line) for line in lines),
    )


_ALL: Final = (
    _sheet(
        tables.ledger,
        "Sales ledger",
        """
order_id customer_id channel     country event_at         kind              sku  qty amount cost_amount
A0       Ann         web         GB      10-10T15:00      sale              mug  1   10.00  4.00
A1       Ann         web         GB      11-03T09:12      sale              mug  2   20.00  8.00
A1       Ann         web         GB      11-03T09:12      discount          mug  0   -2.00  0.00
A1       Ann         web         GB      11-03T09:12      tax               mug  0   3.60   -
A1       Ann         web         GB      11-03T09:12      shipping          -    0   5.00   -
A1       Ann         web         GB      11-03T09:12      fee               -    0   -0.80  -
A2       Ben         web         DE      11-04T00:10      sale              lamp 1   40.00  25.00
A2       Ben         web         DE      11-04T00:10      tax               lamp 0   8.00   -
A2       Ben         web         DE      11-04T00:10      shipping          -    0   5.00   -
A2       Ben         web         DE      11-04T00:10      shipping_discount -    0   -5.00  -
A2       Ben         web         DE      11-04T00:10      duty              lamp 0   1.50   -
A2       Ben         web         DE      11-04T00:10      fee               -    0   -1.70  -
A3       Ben         web         DE      11-04T10:00      gift_card_issue   -    1   50.00  -
A3       Ben         web         DE      11-04T10:00      fee               -    0   -1.50  -
A4       Cleo        app         FR      11-05T09:00      sale              card 1   10.00  -
A4       Cleo        app         FR      11-05T09:00      fee               -    0   -0.40  -
A5       -           marketplace GB      11-05T12:00      sale              mug  1   10.00  4.00
A5       -           marketplace GB      11-05T12:00      tip               -    0   0.50   -
A5       -           marketplace GB      11-05T12:00      fee               -    0   -0.60  -
A1       Ann         web         GB      11-05T16:00      return            mug  -1  -9.00  -4.00
A1       Ann         web         GB      11-05T16:00      tax_refund        mug  0   -1.80  -
A0       Ann         web         GB      11-05T17:00      chargeback        -    0   -10.00 -
A0       Ann         web         GB      11-05T17:00      fee               -    0   -1.00  -
A4       Cleo        app         FR      11-20T11:00      return            card -1  -10.00 -
A6       Ben         web         DE      11-24T18:00      sale              mug  1   10.00  4.00
A7       Cleo        web         FR      2026-03-01T14:00 sale              mug  1   10.00  4.00
A8       Ann         web         GB      2026-11-20T10:00 sale              mug  1   10.00  4.00
""",
    ),
    _sheet(
        tables.products,
        "Products",
        """
sku  name category
mug  Mug  Kitchen
lamp Lamp Home
card Card -
""",
    ),
    _sheet(
        tables.sessions,
        "Sessions",
        """
session_id started_at  traffic_source viewed_at   added_at    checkout_at completed_at order_id ended_at         is_bot
S1         11-03T09:00 paid_search    11-03T09:02 11-03T09:05 11-03T09:10 11-03T09:12  A1       11-03T09:13      false
S2         11-03T23:50 paid_search    11-03T23:55 11-04T00:05 11-04T00:08 11-04T00:10  A2       11-04T00:10      false
S3         11-03T20:00 email          11-03T20:01 11-03T20:05 11-03T20:10 11-05T09:00  A4       11-05T09:00      false
S4         11-04T12:00 paid_search    11-04T12:01 11-04T12:03 11-04T12:05 -            -        11-04T12:06      false
S5         11-04T13:00 social         11-04T13:01 11-04T13:04 -           -            -        11-04T13:05      -
S6         11-05T10:00 direct         11-05T10:01 -           -           -            -        11-05T10:02      -
S7         11-05T11:00 direct         -           -           -           -            -        11-05T11:01      -
S8         11-05T11:30 direct         -           -           -           -            -        11-05T11:30:00.4 -
S9         11-05T12:00 organic_search 11-05T12:00 -           -           -            -        11-05T12:01      true
""",
    ),
    _sheet(
        tables.payments,
        "Payments",
        """
payment_id order_id kind       method paid_at     amount fee_amount payout_id
M1         A1       capture    card   11-03T09:12 26.60  0.80       T1
M2         A2       capture    paypal 11-04T00:10 49.50  1.70       T2
M3         A3       capture    card   11-04T10:00 50.00  1.50       T1
M4         A4       capture    card   11-05T09:00 10.00  0.40       -
M5         A5       capture    card   11-05T12:00 10.50  0.60       -
M6         A1       refund     card   11-05T16:00 -10.80 0.00       -
M7         A0       chargeback card   11-05T17:00 -10.00 1.00       -
""",
    ),
    _sheet(
        tables.inventory_daily,
        "Stock at the end of each day",
        """
day   sku  on_hand committed incoming unit_cost
11-02 mug  1       0         10       4.00
11-02 lamp 2       0         5        25.00
11-03 mug  0       1         10       4.00
11-03 lamp 2       0         5        25.00
11-04 mug  9       0         10       4.00
11-04 lamp 1       0         5        25.00
11-05 mug  10      1         10       4.00
11-05 lamp 5       0         1        25.00
""",
    ),
    _sheet(
        tables.suppliers,
        "Suppliers",
        """
supplier_id name    country
potters     Potters GB
lumen       Lumen   DE
""",
    ),
    _sheet(
        tables.purchase_orders,
        "Purchase orders",
        """
po_id sku  supplier_id ordered_on requested_on confirmed_on last_confirmed_on received_on ordered_qty received_qty unit_cost
Q1    mug  potters     10-20      11-03        11-04        -                 11-04       10          10           4.00
Q2    lamp lumen       10-26      11-05        11-03        11-05             11-05       5           5            25.00
Q3    mug  potters     11-04      11-18        -            -                 -           10          0            4.00
""",  # noqa: E501 - a table is as wide as it is
    ),
    _sheet(
        tables.receipts,
        "What came of the purchase orders on several days",
        """
po_id sku  received_on qty
Q2    lamp 11-05       4
Q2    lamp 11-20       1
""",
    ),
    _sheet(
        tables.shipments,
        "Parcels",
        """
shipment_id order_id carrier  country shipped_at  promised_on delivered_at ordered_qty shipped_qty cost_amount is_undamaged
K1          A1       Swiftway GB      11-03T15:00 11-05       11-04T11:00  2           1           4.00        true
K2          A1       Swiftway GB      11-04T15:00 11-05       11-05T10:00  2           1           4.00        true
K3          A2       Postline DE      11-04T16:00 11-05       11-06T12:00  1           1           6.00        true
K4          A4       Postline FR      11-05T15:00 11-07       11-07T09:00  1           1           2.00        false
""",  # noqa: E501 - a table is as wide as it is
    ),
    _sheet(
        tables.shipment_lines,
        "What the parcels hold",
        """
shipment_id line_id sku  qty shipped_at
K1          mug     mug  1   11-03T15:00
K2          mug     mug  1   11-04T15:00
K3          lamp    lamp 1   11-04T16:00
K4          card    card 1   11-05T15:00
""",
    ),
    _sheet(
        tables.promises,
        "Days promised with the orders",
        """
order_id made_at     promised_on
A1       11-03T09:12 11-05
A2       11-04T00:10 11-05
A4       11-05T09:00 11-07
A5       11-05T12:00 11-05
""",
    ),
    _sheet(
        tables.ad_spend,
        "Advertising",
        """
day   campaign traffic_source spend_amount impressions clicks
11-03 Brand    paid_search    5.00         400         10
11-04 Brand    paid_search    3.00         300         6
11-04 Gifts    social         2.00         300         4
""",
    ),
)

SHEETS: Final[Mapping[str, Sheet]] = {sheet.table.name: sheet for sheet in _ALL}
"""Table -> its rows as people read them."""


def rows(name: str) -> list[dict[str, object]]:
    """Return the rows of a table with every column it has, typed, ready to be loaded.

    Args:
        name: Name of a table of `SHEETS`.
    """
    sheet = SHEETS[name]
    return [_row(sheet, number, line) for number, line in enumerate(sheet.lines, 1)]


def _row(sheet: Sheet, number: int, line: tuple[str | None, ...]) -> dict[str, object]:
    table = sheet.table
    given = dict(zip(sheet.columns, line, strict=True))
    row: dict[str, object] = dict.fromkeys(column.name for column in table.columns)
    row |= {column: _typed(table, column, text) for column, text in given.items()}
    row["load_id"] = 1
    if table is tables.ledger:
        row |= {
            "source": "example",
            "source_id": str(number),
            "order_at": _placed_at(given["order_id"]),
            "currency": SHOP.currency,
            "fx_to_shop": Decimal(1),
            "loaded_at": LOADED_AT.replace(tzinfo=None),
        }
    for column, (moment, part) in tables.COMPUTED.get(table.name, {}).items():
        row[column] = _on_the_clock(row[moment], part)
    return row


def _placed_at(order_id: str | None) -> datetime:
    """An order is placed when the first thing happens to it."""
    ledger = SHEETS["ledger"]
    order, at = ledger.columns.index("order_id"), ledger.columns.index("event_at")
    return min(_moment(str(line[at])) for line in ledger.lines if line[order] == order_id)


def _typed(table: Table, column: str, text: str | None) -> object:
    if text is None:
        return None
    kind = table.columns[column].type
    if isinstance(kind, Boolean):
        return text == "true"
    if isinstance(kind, Integer):
        return int(text)
    if isinstance(kind, Numeric):
        return Decimal(text)
    if isinstance(kind, DateTime):
        return _moment(text)
    return _moment(text).date() if isinstance(kind, Date) else text


def _moment(text: str) -> datetime:
    """Read a day or a moment; it is of the year of the examples where it does not say."""
    return datetime.fromisoformat(text if text[:2] == "20" else f"{PERIOD.start.year}-{text}")


def _on_the_clock(moment: object, part: str) -> object:
    """Return the day or the hour, on the shop's clock, of a moment of UTC."""
    if not isinstance(moment, datetime):
        return None
    local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(SHOP.time_zone))
    return local.date() if part == "day" else local.hour
