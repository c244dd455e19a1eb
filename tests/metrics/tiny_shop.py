"""A shop small enough to add up by hand: 12 customers, 40 orders with a sale, London time.

Gross sales, net sales and orders per month, booked, by hand:
    2012-01 80.00 76.00 4    2012-02 80.00 67.00 3    2012-03 40.00 0.00 4    2012-04 40.00 40.00 1
    2012-10 20.00 20.00 2    2012-12 20.00 20.00 2    2013-01 57.50 57.50 2   2013-02 220.00 220.00 22
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ecombi.schema.shop import Shop

SHOP = Shop(name="Tiny <shop>", currency="GBP", time_zone="Europe/London")
PRODUCTS = {"mug": ("Mug", "Kitchen"), "lamp": ("Lamp", "Home"), "card": ("Greeting card", None)}

# order customer ordered-at(UTC) channel country kind sku qty amount cost happened-at(UTC, where later)
_EVENTS = """
o01 c01 2012-01-02T10:00 web GB sale mug 2 20.00 8.00
o01 c01 2012-01-02T10:00 web GB tax mug 0 4.00 -
o01 c01 2012-01-02T10:00 web GB shipping - 0 3.00 -
o01 c01 2012-01-02T10:00 web GB return mug -1 -10.00 -4.00 2012-02-03T09:00
o01 c01 2012-01-02T10:00 web GB tax_refund mug 0 -2.00 - 2012-02-03T09:00
o01 c01 2012-01-02T10:00 web GB shipping_refund - 0 -3.00 - 2012-05-07T09:00
o02 c02 2012-01-15T12:00 web GB sale lamp 1 40.00 25.00
o02 c02 2012-01-15T12:00 web GB discount lamp 0 -4.00 0.00
o02 c02 2012-01-15T12:00 web GB tax lamp 0 7.20 -
o03 c03 2012-01-20T18:00 app FR sale mug 1 10.00 4.00
o03 c03 2012-01-20T18:00 app FR shipping - 0 5.00 -
o03 c03 2012-01-20T18:00 app FR shipping_discount - 0 -5.00 -
o03 c03 2012-01-20T18:00 app FR duty mug 0 1.50 -
o04 - 2012-01-31T23:30 app - sale card 4 10.00 -
o04 - 2012-01-31T23:30 app - tax card 0 2.00 -
o05 c01 2012-02-10T09:00 web GB sale mug 1 10.00 4.00
o05 c01 2012-02-10T09:00 web GB tax mug 0 2.00 -
g01 c02 2012-02-14T09:00 web GB gift_card_issue - 1 50.00 -
o06 c04 2012-02-29T20:00 web DE sale lamp 1 40.00 25.00
o06 c04 2012-02-29T20:00 web DE tax lamp 0 8.00 -
o06 c04 2012-02-29T20:00 web DE return lamp -1 -40.00 0.00 2012-03-05T09:00
o06 c04 2012-02-29T20:00 web DE tax_refund lamp 0 -8.00 - 2012-03-05T09:00
o07 c05 2012-02-29T21:00 app DE sale mug 3 30.00 12.00
o07 c05 2012-02-29T21:00 app DE discount mug 0 -3.00 0.00
o07 c05 2012-02-29T21:00 app DE tax mug 0 5.40 -
o08 c06 2012-03-24T23:30 web GB sale mug 1 10.00 4.00
o09 c07 2012-03-25T00:30 web GB sale mug 1 10.00 4.00
o10 c08 2012-03-25T01:30 web GB sale mug 1 10.00 4.00
o11 c09 2012-03-25T23:30 web GB sale mug 1 10.00 4.00
o12 c01 2012-03-31T23:30 web GB sale lamp 1 40.00 25.00
o13 c10 2012-10-28T00:30 app FR sale mug 1 10.00 4.00
o14 c11 2012-10-28T01:30 app FR sale mug 1 10.00 4.00
o15 c12 2012-12-30T12:00 web GB sale mug 1 10.00 4.00
o16 c12 2012-12-31T12:00 web GB sale mug 1 10.00 4.00
o17 c12 2013-01-01T12:00 web GB sale lamp 1 40.00 25.00
o17 c12 2013-01-01T12:00 web GB sale mug 1 10.00 4.00
o18 c12 2013-01-06T12:00 web GB sale relic 1 7.50 -
- - 2013-01-10T12:00 - - fee - 0 -1.25 -
- - 2013-01-10T12:00 - - adjustment - 0 0.50 -
- - 2013-01-11T12:00 - - stock_write_off mug -3 0.00 -
o17 c12 2013-01-01T12:00 web GB chargeback - 0 -40.00 - 2013-01-20T12:00
"""


def ledger_rows() -> Iterator[dict[str, object]]:
    """Yield the events as rows of the ledger. o19 to o40: a mug each, one a day from 1 to 22 February 2013."""
    lines = [line.split() for line in _EVENTS.strip().splitlines()]
    lines += [
        [
            f"o{19 + n}",
            f"c{n % 11 + 1:02d}",
            f"2013-02-{n + 1:02d}T12:00",
            "web",
            "GB",
            "sale",
            "mug",
            "1",
            "10.00",
            "4.00",
        ]
        for n in range(22)
    ]
    for number, line in enumerate(lines, 1):
        order, customer, at, channel, country, kind, sku, qty, amount, cost, *later = (
            None if c == "-" else c for c in line
        )
        ordered_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
        event_at = datetime.fromisoformat(later[0]).replace(tzinfo=UTC) if later else ordered_at
        yield ledger_row(
            number,
            event_at=event_at,
            order_at=ordered_at,
            order_id=order,
            customer_id=customer,
            channel=channel,
            country=country,
            kind=kind,
            sku=sku,
            qty=int(qty),
            amount=Decimal(amount),
            cost_amount=None if cost is None else Decimal(cost),
        )


def ledger_row(number: int, *, event_at: datetime, order_at: datetime, **rest: object) -> dict[str, object]:
    """Return a full row of the ledger: identity, dates on the shop's clock, currency and load."""
    zone = ZoneInfo(SHOP.time_zone)
    return {
        "source": "test",
        "source_id": str(number),
        "event_at": event_at.replace(tzinfo=None),
        "order_at": order_at.replace(tzinfo=None),
        "event_on": event_at.astimezone(zone).date(),
        "order_on": order_at.astimezone(zone).date(),
        "event_hour": event_at.astimezone(zone).hour,
        "order_hour": order_at.astimezone(zone).hour,
        "currency": SHOP.currency,
        "fx_to_shop": Decimal(1),
        "loaded_at": datetime.fromisoformat("2013-03-01"),
        "load_id": 1,
        **rest,
    }
