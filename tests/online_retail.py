"""Online Retail read by plain Python: an answer that shares no code with ecombi."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

FILE = Path("online-retail") / "online_retail_all.csv.gz"
NET = {"sale", "discount", "return"}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the export."""

    invoice: str
    code: str
    quantity: int
    price: Decimal
    at: str
    customer: str
    country: str

    @property
    def amount(self) -> Decimal:
        """Quantity times price."""
        return self.quantity * self.price

    @property
    def kind(self) -> str:
        """What the line is: the first rule that fits."""
        code, credit = self.code.upper(), self.invoice.upper().startswith("C")
        if code in {"POST", "DOT", "C2"}:
            return "shipping_refund" if credit else "shipping"
        if code == "D":
            return "discount"
        if code in {"AMAZONFEE", "BANK CHARGES", "CRUK"}:
            return "fee"
        if code.startswith("GIFT_0001_"):
            return "gift_card_issue"
        if code in {"M", "S", "B", "PADS"} or code.startswith("ADJUST"):
            return "adjustment"
        if credit:
            return "return"
        return "stock_write_off" if self.quantity < 0 and self.price == 0 else "sale"


@cache
def lines(folder: Path) -> tuple[Line, ...]:
    """Return every row of the export."""
    with gzip.open(folder / FILE, "rt", encoding="utf-8", newline="") as file:
        return tuple(
            Line(
                row["InvoiceNo"], row["StockCode"], int(row["Quantity"]), Decimal(row["UnitPrice"]),
                row["InvoiceDate"], row["CustomerID"], row["Country"],
            )
            for row in csv.DictReader(file)
        )  # fmt: skip


def net_sales(folder: Path, key: str) -> dict[str, Decimal]:
    """Return net sales per month ("month"), country ("country") or product ("code")."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines(folder):
        if line.kind in NET:
            sums[f"{line.at[:7]}-01" if key == "month" else getattr(line, key)] += line.amount
    return dict(sums)
