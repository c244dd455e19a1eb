"""A shop that can be added up by hand, with its busiest day on Saturday 31 October 2026 in London (UTC by then).

Booked on that day: gross 60.00, discounts 4.00, returns 10.00, net 46.00; 2 orders; 3 units; cost 8 + 25 − 4 = 29.00.
Net sales of the day before 40.00, a week earlier 50.00, 52 weeks earlier 23.00; of September 80.00.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from ecombi.backends.warehouse import open_warehouse
from ecombi.metrics.rollups import TABLES
from ecombi.settings import load_settings
from tests.metrics.conftest import publish
from tests.metrics.tiny_shop import ledger_row

HOSTILE = "<script>alert(1)</script>"
PRODUCTS = {"mug": ("Mug & saucer", "Kitchen"), "lamp": ("Lamp", "Home"), "relic": (HOSTILE, None)}

# order customer ordered-at(UTC) channel country kind sku qty amount cost happened-at(UTC, where later)
EVENTS = """
o9 c9 2025-11-01T12:00 web GB sale relic 1 23.00 -
o8 c1 2026-09-10T12:00 web GB sale mug 8 80.00 32.00
o0 c2 2026-10-24T09:00 web GB sale mug 5 50.00 20.00
o0 c2 2026-10-24T09:00 web GB return mug -1 -10.00 -4.00 2026-10-31T09:00
o3 c3 2026-10-30T15:00 web GB sale mug 4 40.00 16.00
o1 c4 2026-10-31T10:15 web GB sale mug 2 20.00 8.00
o2 c5 2026-10-31T10:45 app FR sale lamp 1 40.00 25.00
o2 c5 2026-10-31T10:45 app FR discount lamp 0 -4.00 0.00
"""


def rows() -> Iterator[dict[str, object]]:
    """Yield the events as rows of the ledger."""
    for number, line in enumerate(EVENTS.strip().splitlines(), 1):
        order, customer, at, channel, country, kind, sku, qty, amount, cost, *later = line.split()
        ordered_at = datetime.fromisoformat(at).replace(tzinfo=UTC)
        yield ledger_row(
            number,
            event_at=datetime.fromisoformat(later[0]).replace(tzinfo=UTC) if later else ordered_at,
            order_at=ordered_at,
            order_id=order,
            customer_id=customer,
            channel=channel,
            country=country,
            kind=kind,
            sku=sku,
            qty=int(qty),
            amount=Decimal(amount),
            cost_amount=None if cost == "-" else Decimal(cost),
        )


def open_shop(folder: Path) -> Path:
    """Publish the shop in a workspace; returns its folder."""
    warehouse = open_warehouse(load_settings(workspace=folder), TABLES)
    publish(warehouse, rows(), PRODUCTS)
    warehouse.close()
    return folder
