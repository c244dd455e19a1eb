"""The payments of a report: from what was captured to what arrives, payout by payout, and where orders differ."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from ecombi.metrics import format as fmt
from ecombi.metrics.definitions import Unit
from ecombi.metrics.result import AnalysisResult, Result
from ecombi.reports import figures
from ecombi.reports.blocks import Block, framed, state
from ecombi.reports.figures import Row
from ecombi.reports.grid import Column, finding, table
from ecombi.reports.listings import Columns, listing, shown_of
from ecombi.reports.recorded import Unrecorded
from ecombi.schema.periods import Grain

STATEMENT: Final = (
    "payments_captured",
    "payments_refunded",
    "chargeback_amount",
    "unsettled_amount",
    "settled_amount",
    "payment_fees",
    "net_payout",
)
"""The metrics that a statement is made of."""

_MONEY: Final = ("captured_amount", "refunded_amount", "chargeback_amount", "fee_amount", "net_amount")


def statement(total: Result, title: str) -> Block:
    """Lead from what was captured to what arrives at the bank, to the cent, and say whether it adds up.

    Args:
        total: One row with the metrics of `STATEMENT`.
        title: Heading.
    """
    if why := _missing(total):
        return Block(state(f"{title}: not known. {why}"))
    amounts = _amounts(total)
    lines = [
        ("Captured", amounts["payments_captured"]),
        ("Refunded", -amounts["payments_refunded"]),
        ("Chargebacks", -amounts["chargeback_amount"]),
        ("Not settled yet", -amounts["unsettled_amount"]),
        ("<b>Settled</b>", amounts["settled_amount"]),
        ("Fees of what was settled", -fees_of_settled(total)),
        ("Net payout", amounts["net_payout"]),
    ]
    # Nothing taken away is 0, not minus 0.
    cells = [figures.data(_exact(total, amount or Decimal(0)), amount) for _, amount in lines]
    written = table([Column("", [name for name, _ in lines], ""), Column("Amount", cells)], total=True)
    return Block(framed(title, total, written) + finding(_adds_up(total)))


def gap(total: Result) -> Decimal | None:
    """Return captured − refunded − chargebacks − settled − unsettled: 0 where every payment is in one of them."""
    if _missing(total):
        return None
    amounts = _amounts(total)
    balance = amounts["payments_captured"] - amounts["payments_refunded"] - amounts["chargeback_amount"]
    return balance - amounts["settled_amount"] - amounts["unsettled_amount"]


def fees_of_settled(total: Result) -> Decimal:
    """Return the fees that were kept of what was settled: settled − net payout."""
    amounts = _amounts(total)
    return amounts["settled_amount"] - amounts["net_payout"]


def payouts(found: AnalysisResult, title: str, *, top: int) -> Block:
    """Show what each payout consists of, the last one first, and whether each adds up to the cent.

    Args:
        found: The answer of `ws.payouts`.
        title: Heading.
        top: How many payouts at most.
    """
    rows = figures.rows(found)[::-1]
    if not rows:
        return Block(state(f"{title}: none. No payment of a payout is recorded for these days."))
    columns: Columns = {
        "Payout": "payout_id",
        "Last payment": "last_on",
        "Payments": "payments",
        "Captured": "captured_amount",
        "Refunded": "refunded_amount",
        "Chargebacks": "chargeback_amount",
        "Fees": "fee_amount",
        "Net": "net_amount",
    }
    low = ("Last payment", "Payments", "Refunded", "Chargebacks", "Fees")
    wrong = [row for row in rows if not _ties(row)]
    all_of = "this one" if len(rows) == 1 else f"all {len(rows):,}"
    said = (
        f"In {len(wrong):,} of {len(rows):,} captured − refunded − chargebacks − fees is not the net amount."
        if wrong
        else f"In {all_of} captured − refunded − chargebacks − fees is the net amount, to the cent."
    )
    shown = listing(found, title, rows[:top], columns, low=low, exact=True)
    return Block(shown + finding(said, shown_of(min(top, len(rows)), len(rows))))


def owed(by_month: Result, title: str) -> Block:
    """Show what is not part of a payout yet, by the month it was paid in, the oldest first.

    Args:
        by_month: unsettled_amount by month.
        title: Heading.
    """
    if why := _missing(by_month, "unsettled_amount"):
        return Block(state(f"{title}: not known. {why}"))
    rows = [row for row in figures.rows(by_month) if row["unsettled_amount"]]
    if not rows:
        return Block(state(f"{title}: nothing. Every payment is part of a payout."))
    columns = [
        Column(
            "Month of payment",
            [fmt.bucket(day, Grain.MONTH) for row in rows if isinstance(day := row["month"], date)],
            "",
        ),
        Column(
            "Not settled",
            [figures.data(_exact(by_month, row["unsettled_amount"]), row["unsettled_amount"]) for row in rows],
        ),
    ]
    said = "" if len(rows) == 1 else "Money of more than one month is open: ask the provider about the oldest."
    return Block(framed(title, by_month, table(columns)) + finding(said))


def differences(found: AnalysisResult | None, title: str, *, top: int) -> Block:
    """Show the orders whose payments differ from what the ledger says they were charged, the largest first.

    Args:
        found: The answer of `ws.payment_differences`; None where no payments are recorded.
        title: Heading.
        top: How many orders at most.
    """
    if found is None:
        return Block(state(f"{title}: not known. The records hold no payments of these days."))
    rows = sorted(
        figures.rows(found),
        key=lambda row: (-abs(_amount(row, "difference")), str(row["last_on"]), str(row["order_id"])),
    )
    if not rows:
        return Block(state(f"{title}: none. Every order was paid to the cent, as far as it was charged."))
    rows = [{**row, "what": _what(row), "order_id": row["order_id"] or "no order named"} for row in rows]
    columns: Columns = {
        "Order": "order_id",
        "Last event": "last_on",
        "Charged": "charged_amount",
        "Captured": "captured_amount",
        "Refunded": "refunded_amount",
        "Difference": "difference",
        "What it looks like": "what",
    }
    low = ("Last event", "Captured", "Refunded", "What it looks like")
    short = len([row for row in rows if _amount(row, "difference") < 0])
    said = (
        f"<b>{len(rows):,}</b> {'order differs' if len(rows) == 1 else 'orders differ'}: too little came in for "
        f"{short:,}, too much for {len(rows) - short:,}."
    )
    shown = listing(found, title, rows[:top], columns, low=low, exact=True)
    return Block(shown + finding(said, shown_of(min(top, len(rows)), len(rows))))


def if_recorded(found: AnalysisResult, total: Result) -> AnalysisResult | None:
    """Return what was found, or None where no payments are recorded: then every order would differ, for no reason."""
    return None if _missing(total) else found


def how_many(found: AnalysisResult | None) -> int | None:
    """Return how many rows there are, to be published; None where they are not known."""
    return None if found is None else len(found)


def _missing(total: Result, name: str = "payments_captured") -> str:
    of = figures.metric(total, name)
    return of.why if isinstance(of, Unrecorded) else ""


def _amounts(total: Result) -> dict[str, Decimal]:
    row = figures.only(total)
    return {name: _amount(row, name) for name in STATEMENT}


def _adds_up(total: Result) -> str:
    left = gap(total)
    if left:
        return f"<b>It does not add up</b>: {_exact(total, left)} is in neither settled nor unsettled payments."
    return "It adds up to the cent: captured − refunded − chargebacks = settled + not settled."


def _ties(row: Row) -> bool:
    captured, refunded, back, fee, net = (_amount(row, name) for name in _MONEY)
    return captured - refunded - back - fee == net


def _what(row: Row) -> str:
    if not row["captured_amount"] and _amount(row, "charged_amount") > 0:
        return "nothing collected"
    if not row["charged_amount"] and _amount(row, "difference") > 0:
        return "collected, nothing charged"
    if _amount(row, "difference") > 0:
        return "too much collected, or too little given back"
    return "too little collected" if not row["refunded_amount"] else "too little collected, or too much given back"


def _amount(row: Row, name: str) -> Decimal:
    return figures.number(row[name]) or Decimal(0)


def _exact(total: Result, value: object) -> str:
    return fmt.full(value, Unit.MONEY, total.passport.shop.currency)
